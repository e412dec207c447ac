/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/origin.h"

#include <errno.h>

#include "base/err.h"
#include "image/fetch.h"
#include "image/ref.h"

#define PIECE (256UL << 10)

static int receive(struct fetch *fetch, void *arg)
{
	autofree unsigned char *bytes = xalloc(PIECE);
	ssize_t n;

	do
		n = fetch_read(fetch, bytes, PIECE);
	while (n > 0);
	TRY(n);
	return fetch_publish(fetch);
}

static int fetch_blob(struct store *store, struct registry *registry,
		      const struct descriptor *descriptor)
{
	const struct fetch_plan plan = {
		.store = store, .registry = registry, .descriptor = descriptor, .body = receive
	};

	return fetch_run(&plan);
}

static int fetch_from(struct store *store, const struct registry_options *options,
		      const struct endpoints *endpoints, const struct descriptor *descriptor)
{
	int rc = -ENOENT;

	for (size_t i = 0; i < endpoints->n && rc < 0; i++) {
		struct registry *registry = NULL;

		err_clear();
		rc = registry_open(options, &endpoints->v[i], REGISTRY_PULL, &registry);
		if (rc >= 0)
			rc = fetch_blob(store, registry, descriptor);
		registry_close(registry);
	}
	return rc;
}

int origin_fetch(struct store *store, const struct registry_options *options, const char *name,
		 const struct descriptor *descriptor)
{
	struct registry_options own = REGISTRY_OPTIONS_INIT;
	struct registries *registries = NULL;
	AUTO(endpoints) endpoints = { 0 };
	AUTO(ref) ref = { 0 };
	int rc;

	own.host = options->host;
	own.authfile = options->authfile;
	own.retry = options->retry;
	own.retry_delay = options->retry_delay;
	if (ref_parse(name, &ref) < 0) {
		err_clear();
		return refuse_with(ENOENT, "'%s' is not the name of a repository", name);
	}
	TRY(registries_read(options->host, &registries));
	rc = registries_pull(registries, &ref, &endpoints);
	if (rc >= 0)
		rc = fetch_from(store, &own, &endpoints, descriptor);
	registries_free(registries);
	return rc < 0 ? rc : 0;
}
