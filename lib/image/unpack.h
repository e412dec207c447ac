/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_UNPACK_H
#define BERTH_IMAGE_UNPACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/idmap.h"

/*
 * The part of unpacking that touches untrusted bytes; it runs in a cell (cell.h). Three threads:
 * one reads and decompresses into a ring of buffers, one hashes them, and this one parses the
 * archive and makes the files.
 */
struct unpack {
	int in;   /* the bytes as they come */
	int root; /* the directory of the layer, open for reading */
	enum tier tier;
	const struct idmaps *maps;
	bool hash;          /* find the digest of the archive */
	int (*enter)(void); /* called in each thread before it touches the bytes; or NULL */
};

/* What comes of it; it crosses from the cell to its maker as it is. */
struct unpack_report {
	int32_t rc; /* 0, or a negative errno with these texts */
	char text[ERR_TEXT_MAX];
	char hint[ERR_HINT_MAX];
	char diff_id[DIGEST_TEXT_SIZE]; /* "" where it was not asked for */
	uint64_t size;                  /* of the archive */
	uint64_t entries, devices, xattrs;
	uint32_t ended; /* 1: the archive has its end mark */
};

void unpack_run(const struct unpack *unpack, struct unpack_report *ret_report);

#endif
