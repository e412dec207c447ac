/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/origin.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "image/fetch.h"
#include "image/ref.h"

#define PIECE (256UL << 10)

/* All of it, for a blob that nobody unpacks. */
static int take(struct fetch *fetch, void *arg)
{
	const char *digest = fetch->descriptor->digest;
	autofree unsigned char *bytes = xalloc(PIECE);
	char found[DIGEST_TEXT_SIZE];
	AUTO(digest) sum = { 0 };
	ssize_t n;

	(void)arg;
	TRY(digest_init(&sum));
	while ((n = fetch_read(fetch, bytes, PIECE)) > 0)
		digest_update(&sum, bytes, (size_t)n);
	TRY(n);
	digest_final(&sum, found);
	if (strcmp(found, digest) == 0)
		return fetch_publish(fetch);
	return refuse_with(EBADMSG, "what came for the blob %s has the digest %s", digest, found);
}

static int fetch_blob(struct store *store, struct registry *registry,
		      const struct descriptor *descriptor)
{
	const struct fetch_plan plan = {
		.store = store, .registry = registry, .descriptor = descriptor, .body = take
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
