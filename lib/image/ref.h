/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_REF_H
#define BERTH_IMAGE_REF_H

#include <stdbool.h>

/*
 * Image references, in the grammar that docker and podman share:
 *
 *	[HOST[:PORT]/]PATH[:TAG][@sha256:HEX]
 *
 * The first component is a host where it contains '.' or ':', is "localhost", or has a capital
 * letter; otherwise the host is docker.io, and there a path of one component is below library/.
 * A host has one spelling, in lower case, so that what a policy rejects is rejected in capitals as
 * well; only one that nothing but its capitals tells from a path keeps them.
 * Components of the path are [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*; tags
 * [A-Za-z0-9_][A-Za-z0-9_.-]{0,127}; host and path together have at most 255 bytes.
 */
struct ref {
	char *host;   /* "docker.io", "localhost:5000" */
	char *path;   /* "library/busybox" */
	char *tag;    /* NULL: none given */
	char *digest; /* "sha256:HEX"; NULL: none given. Where both are given, the digest decides */
	bool host_given;
};

/* Parse and complete; a tag is not made up. A refusal says which rule text breaks. */
int ref_parse(const char *text, struct ref *ret_ref);
void ref_release(struct ref *ref);

/* The full name: HOST/PATH[:TAG][@DIGEST]. With neither tag nor digest, ":latest" is added. To be
 * freed. */
char *ref_name(const struct ref *ref);
/* HOST/PATH. To be freed. */
char *ref_repository(const struct ref *ref);
/* As short as it can be written: without docker.io/ and library/. To be freed. */
char *ref_familiar(const struct ref *ref);

/* Put the HOST[:PORT] that a name begins with into that spelling. */
void ref_fold_host(char *name);

/* Shortcut: parse text and return the full name in *ret_name, to be freed. */
int ref_normalize(const char *text, char **ret_name);

#endif
