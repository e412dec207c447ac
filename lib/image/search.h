/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_SEARCH_H
#define BERTH_IMAGE_SEARCH_H

#include "image/registry.h"

/*
 * Repositories of a registry whose names or descriptions match a term: by docker's search API, or,
 * where a registry has none, by its catalog.
 */
struct search_result {
	char *index;       /* the registry: "docker.io" */
	char *name;        /* complete: "docker.io/library/debian" */
	char *description; /* ""; may be in several lines */
	int64_t stars;
	bool official, automated;
};

struct search_results {
	struct search_result *v;
	size_t n;
};

void search_results_release(struct search_results *results);
/* Ask the registry `host` as users write it, which docker.io's search server stands for; at most
 * `limit` results are appended. */
int search_registry(const struct registry_options *options, const struct registries *registries,
		    const char *host, const char *term, unsigned int limit,
		    struct search_results *results);

#endif
