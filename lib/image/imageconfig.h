/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_IMAGECONFIG_H
#define BERTH_IMAGE_IMAGECONFIG_H

#include "base/json.h"
#include "base/vec.h"

/*
 * An image's configuration (OCI image-spec, config.md; docker's is the same document): what is
 * needed to run it. Environment entries are checked to be KEY=VALUE, diff IDs to be digests; what
 * else it says is text from outside.
 */
struct image_config {
	char *user, *working_dir, *stop_signal;
	struct strvec env, entrypoint, cmd;
	struct strvec volumes;       /* paths */
	struct strvec exposed_ports; /* "80/tcp" */
	struct strvec labels;        /* "key=value" */
	char *os, *architecture, *variant;
	char *created;          /* RFC 3339; NULL: not said */
	struct strvec diff_ids; /* of the layers, the lowest first */
	char *healthcheck;      /* config.Healthcheck as it stands there, for who runs it; NULL */
};

int imageconfig_parse(const char *bytes, size_t len, const char *name,
		      struct image_config *ret_config);
/* From a document that is parsed already. */
int imageconfig_read(const cJSON *json, struct image_config *ret_config);
/* The document of a configuration, with a line of history that says how it was made. */
void imageconfig_print(const struct image_config *config, const char *created_by,
		       const char *comment, struct buf *out);
/* It is of this moment, or of SOURCE_DATE_EPOCH. */
int imageconfig_set_created(struct image_config *config);
void image_config_release(struct image_config *config);

#endif
