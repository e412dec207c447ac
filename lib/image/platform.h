/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_PLATFORM_H
#define BERTH_IMAGE_PLATFORM_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * Operating system, architecture and variant in the words of the OCI image-spec (Go's GOOS and
 * GOARCH). Variants form ladders: what is built for a lower rung runs on a higher one (arm v7 runs
 * v6 and v5; amd64 v3 runs v2 and v1), and where an index offers several the highest that runs is
 * taken.
 */
struct platform {
	char *os, *architecture, *variant; /* variant NULL: any that runs here */
};

/* "linux/arm64/v8", "arm64", NULL or "": this machine. */
int platform_parse(const char *text, struct platform *ret_platform);
void platform_release(struct platform *platform);
/* This machine. */
void platform_host(struct platform *ret_platform);
/*
 * How well what is built for os, architecture and variant (NULL: not said) serves `wanted`:
 * negative not at all, otherwise the higher the better.
 */
int platform_rank(const struct platform *wanted, const char *os, const char *architecture,
		  const char *variant);
/* "linux/arm64/v8" */
void platform_print(struct buf *out, const char *os, const char *architecture, const char *variant);

#endif
