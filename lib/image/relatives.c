/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/relatives.h"

#include <stdlib.h>
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/stream.h"
#include "image/blob.h"
#include "image/catalog.h"
#include "image/imageconfig.h"
#include "image/inflate.h"
#include "image/ref.h"
#include "image/seen.h"

struct reader {
	struct store *store;
	struct relatives *relatives;
	const struct ref *name; /* NULL: the image has none */
	struct seen seen;       /* of the entry at hand */
};

static void reader_release(struct reader *reader)
{
	seen_release(&reader->seen);
}

void relatives_release(struct relatives *relatives)
{
	for (size_t i = 0; i < relatives->n; i++) {
		struct relative *relative = &relatives->v[i];

		free(relative->host);
		free(relative->path);
		free(relative->diff_id);
	}
	free(relatives->v);
	*relatives = (struct relatives){ 0 };
}

static void add(struct reader *reader, const struct descriptor *d, const char *diff_id)
{
	struct relative *relative = VEC_PUSH(reader->relatives);

	if (reader->name != NULL) {
		relative->host = xstrdup(reader->name->host);
		relative->path = xstrdup(reader->name->path);
	}
	memcpy(relative->digest, d->digest, DIGEST_TEXT_SIZE);
	relative->size = d->size;
	relative->diff_id = xstrdup_null(diff_id);
}

/* Which layer is which blob stands in the configuration. */
static int add_image(struct reader *reader, const struct manifest *m)
{
	struct image_config config = { 0 };
	AUTO(buf) text = BUF_INIT;
	int rc = blob_read(reader->store, m->config.digest, MAX_CONFIG, &text);

	if (rc >= 0)
		rc = imageconfig_parse(text.data, text.len, m->config.digest, &config);
	if (rc >= 0) {
		add(reader, &m->config, NULL);
		for (size_t i = 0; i < m->layers.n && i < config.diff_ids.n; i++)
			add(reader, &m->layers.v[i], config.diff_ids.v[i]);
	}
	image_config_release(&config);
	return rc;
}

static int add_document(struct reader *reader, const struct descriptor *d, int depth)
{
	AUTO(manifest) m = { 0 };
	AUTO(buf) text = BUF_INIT;

	if (depth > MAX_INDEX_NESTING || d->attestation ||
	    seen_has(&reader->seen, d->digest, depth))
		return 0;
	seen_add(&reader->seen, d->digest, depth);
	TRY(blob_read(reader->store, d->digest, MAX_MANIFEST, &text));
	TRY(manifest_parse(text.data, text.len, d->digest, &m));
	if (!m.is_index)
		return add_image(reader, &m);
	for (size_t i = 0; i < m.manifests.n; i++)
		/* Members that are not here are no relatives. */
		if (add_document(reader, &m.manifests.v[i], depth + 1) < 0)
			err_clear();
	return 0;
}

int relatives_read(struct store *store, const char *host, struct relatives *ret_relatives)
{
	AUTO(relatives) relatives = { 0 };
	AUTO(catalog) catalog = CATALOG_INIT;

	TRY(catalog_open(store, &catalog));
	for (size_t i = 0; i < catalog.n; i++) {
		AUTO(reader) reader = { .store = store, .relatives = &relatives };
		AUTO(ref) ref = { 0 };

		if (catalog.v[i].name != NULL && ref_parse(catalog.v[i].name, &ref) == 0)
			reader.name = &ref;
		if (host != NULL && (reader.name == NULL || strcmp(ref.host, host) != 0))
			continue;
		(void)add_document(&reader, &catalog.v[i].descriptor, 0);
		err_clear();
	}
	*ret_relatives = relatives;
	relatives = (struct relatives){ 0 };
	return 0;
}

const struct relative *relatives_find(const struct store *store, const struct relatives *relatives,
				      const char *diff_id)
{
	for (size_t i = 0; i < relatives->n; i++) {
		const struct relative *relative = &relatives->v[i];

		if (relative->diff_id != NULL && strcmp(relative->diff_id, diff_id) == 0 &&
		    blob_exists(store, relative->digest, relative->size))
			return relative;
	}
	return NULL;
}

int relatives_verify(struct store *store, const struct relative *relative, const char *diff_id)
{
	autofree unsigned char *bytes = xalloc(STREAM_CHUNK);
	AUTO(inflate) inflate = INFLATE_INIT;
	AUTO(digest) digest = { 0 };
	autoclose int fd = blob_open(store, relative->digest);
	char found[DIGEST_TEXT_SIZE];
	ssize_t n;

	TRY(fd);
	TRY(digest_init(&digest));
	TRY(inflate_open(store, fd, NULL, &inflate));
	while ((n = inflate_read(&inflate, bytes, STREAM_CHUNK)) > 0)
		digest_update(&digest, bytes, (size_t)n);
	TRY(n);
	digest_final(&digest, found);
	if (strcmp(found, diff_id) == 0)
		return 0;
	return refuse_with(EBADMSG,
			   "the archive in the blob %s has the digest %s, and not that of the "
			   "layer, %s",
			   relative->digest, found, diff_id);
}

void relatives_repositories(const struct relatives *relatives, const char *digest, const char *host,
			    const char *path, size_t max, struct strvec *ret_paths)
{
	for (size_t i = 0; i < relatives->n && ret_paths->n < max; i++) {
		const struct relative *relative = &relatives->v[i];

		if (relative->host != NULL && strcmp(relative->digest, digest) == 0 &&
		    strcmp(relative->host, host) == 0 && strcmp(relative->path, path) != 0 &&
		    !strvec_has(ret_paths, relative->path))
			strvec_push(ret_paths, relative->path);
	}
}
