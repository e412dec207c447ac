/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_REGISTRIES_FILE_H
#define BERTH_IMAGE_REGISTRIES_FILE_H

#include <stdbool.h>

#include "base/buf.h"
#include "image/registries.h"

/*
 * What the files of image/registries.h say, one after the other. A later file replaces the rule for
 * a prefix, an alias, and each list as a whole.
 */
enum mirror_use {
	MIRROR_ALL,
	MIRROR_DIGEST_ONLY,
	MIRROR_TAG_ONLY,
};

struct registry_mirror {
	char *location;
	bool insecure;
	enum mirror_use use;
};

/* A [[registry]] table. */
struct registry_rule {
	char *prefix;   /* "example.com/foo", "*.example.com" */
	char *location; /* what takes the place of the prefix; NULL: nothing does */
	char *file;     /* that says it */
	bool insecure, blocked;
	struct {
		struct registry_mirror *v;
		size_t n;
	} mirrors;
};

enum short_name_mode {
	SHORT_NAME_PERMISSIVE, /* and disabled: it prompts nowhere */
	SHORT_NAME_ENFORCING,
};

/* A range of addresses: "10.0.0.0/8". */
struct address_range {
	int family;
	unsigned char bytes[16];
	unsigned int bits;
};

struct registries {
	struct {
		struct registry_rule *v;
		size_t n;
	} rules;
	struct strvec aliases; /* "NAME=HOST/PATH", as an environment */
	struct strvec search;  /* unqualified-search-registries */
	struct strvec helpers; /* credential-helpers */
	enum short_name_mode mode;
	/* Of docker, for what no rule is there: */
	struct registry_rule hub; /* mirrors of docker.io */
	struct strvec insecure;   /* HOST[:PORT] */
	struct {
		struct address_range *v;
		size_t n;
	} ranges;
};

/* Take a registries.conf in, whose name is `file`. */
int registries_add(struct registries *registries, const struct buf *text, const char *file);
/* Take docker's daemon.json in. */
int registries_add_docker(struct registries *registries, const struct buf *text, const char *file);
/* "10.0.0.0/8" or "2001:db8::/32". */
bool address_range_parse(const char *text, struct address_range *ret_range);
/* Is text an address, and in the range? */
bool address_range_has(const struct address_range *range, const char *text);

#endif
