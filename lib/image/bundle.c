/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/stream.h"
#include "image/source.h"

void bundle_release(struct bundle *bundle)
{
	buf_release(&bundle->manifest);
	buf_release(&bundle->config);
	free(bundle->manifest_type);
	free(bundle->config_type);
	image_config_release(&bundle->parsed);
	descriptors_release(&bundle->layers);
	strvec_release(&bundle->layer_files);
	*bundle = (struct bundle)BUNDLE_INIT;
}

static char *blob_path(const char *digest)
{
	return xasprintf("blobs/sha256/%s", digest_hex(digest));
}

/* Read a document by its descriptor: size and digest must be what that says. */
static int read_blob(const struct archive *layout, const struct descriptor *d, size_t max,
		     struct buf *out)
{
	autofree char *path = blob_path(d->digest);
	char digest[DIGEST_TEXT_SIZE];

	TRY(archive_read(layout, path, max, out));
	if (out->len != d->size)
		return refuse("the blob %s has %zu bytes, and should have %llu", d->digest,
			      out->len, (unsigned long long)d->size);
	TRY(digest_of(out->data, out->len, digest));
	if (strcmp(digest, d->digest) != 0)
		return refuse("the blob %s is corrupt: its digest is %s", d->digest, digest);
	return 0;
}

static int check_layers(struct bundle *bundle)
{
	if (bundle->layer_files.n != bundle->parsed.diff_ids.n)
		return refuse("it has %zu layers, but its configuration names %zu",
			      bundle->layer_files.n, bundle->parsed.diff_ids.n);
	return 0;
}

int bundle_take_config(struct bundle *bundle)
{
	TRY(digest_of(bundle->config.data, bundle->config.len, bundle->id));
	TRY(imageconfig_parse(bundle->config.data, bundle->config.len, "its configuration",
			      &bundle->parsed));
	return check_layers(bundle);
}

/* --- layouts --------------------------------------------------------------------------------- */

static int read_manifest(const struct archive *layout, const struct descriptor *d,
			 struct bundle *bundle, struct manifest *m)
{
	buf_clear(&bundle->manifest);
	if (d->size > MAX_MANIFEST)
		return refuse("the manifest %s has %llu bytes, more than %lu", d->digest,
			      (unsigned long long)d->size, MAX_MANIFEST);
	TRY(read_blob(layout, d, MAX_MANIFEST, &bundle->manifest));
	TRY(manifest_parse(bundle->manifest.data, bundle->manifest.len, d->digest, m));
	if (d->media_type != NULL &&
	    media_kind(d->media_type) != (m->is_index ? MEDIA_INDEX : MEDIA_MANIFEST))
		return refuse("%s is listed as '%s', which it is not", d->digest, d->media_type);
	memcpy(bundle->digest, d->digest, DIGEST_TEXT_SIZE);
	xreplace(&bundle->manifest_type,
		 d->media_type != NULL ? d->media_type : MEDIA_OCI_MANIFEST);
	return 0;
}

/* Of an index some of the images may have been left where it came from. */
static int lacks_image(const struct descriptor *d)
{
	AUTO(buf) platform = BUF_INIT;

	if (d->platform.os == NULL || d->platform.architecture == NULL)
		return refuse_with(ENOENT, "its image %s is not here", d->digest);
	platform_print(&platform, d->platform.os, d->platform.architecture, d->platform.variant);
	refuse_with(ENOENT, "its image for %s is not here", platform.data);
	hint("berth pull --platform %s fetches it from a registry", platform.data);
	return -ENOENT;
}

/* From a list of entries down to the manifest of one image. */
static int descend(const struct archive *layout, const struct descriptors *entries,
		   const struct platform *platform, struct bundle *bundle,
		   struct manifest *ret_manifest)
{
	AUTO(manifest) m = { 0 };

	for (int depth = 0; depth <= MAX_INDEX_NESTING; depth++) {
		const struct descriptor *entry = NULL;
		struct manifest next = { 0 };
		int rc = 0;

		/* A single one is taken as it is: nobody can mean another. */
		if (depth == 0 && entries->n == 1)
			entry = &entries->v[0];
		else
			rc = manifest_choose(entries, platform, &entry);
		if (rc >= 0)
			rc = read_manifest(layout, entry, bundle, &next);
		if (rc == -ENOENT && entry != NULL && depth > 0)
			rc = lacks_image(entry);
		TRY(rc);
		manifest_release(&m);
		m = next;
		if (!m.is_index) {
			*ret_manifest = m;
			m = (struct manifest){ 0 };
			return 0;
		}
		entries = &m.manifests;
	}
	return refuse("indexes are nested more than %d deep", MAX_INDEX_NESTING);
}

static int read_layout_bundle(const struct descriptors *entries, const struct platform *platform,
			      struct bundle *bundle)
{
	AUTO(manifest) m = { 0 };

	TRY(descend(bundle->archive, entries, platform, bundle, &m));
	TRY(read_blob(bundle->archive, &m.config, MAX_CONFIG, &bundle->config));
	bundle->config_type = xstrdup(m.config.media_type);
	for (size_t i = 0; i < m.layers.n; i++)
		strvec_push_owned(&bundle->layer_files, blob_path(m.layers.v[i].digest));
	bundle->layers = m.layers;
	m.layers = (struct descriptors){ 0 };
	return bundle_take_config(bundle);
}

/* A manifest that was not chosen among several may be for any platform; where one was asked for, it
 * must be that. */
int bundle_check_platform(const struct bundle *bundle, const struct platform *platform)
{
	const struct image_config *c = &bundle->parsed;
	AUTO(buf) want = BUF_INIT, have = BUF_INIT;

	if (platform == NULL || platform_rank(platform, c->os, c->architecture, c->variant) >= 0)
		return 0;
	platform_print(&want, platform->os, platform->architecture, platform->variant);
	platform_print(&have, c->os, c->architecture, c->variant);
	return refuse_with(ENOENT, "it is not for %s, but for %s", want.data, have.data);
}

static int read_for(const struct descriptors *entries, const struct platform *platform,
		    struct bundle *bundle)
{
	AUTO(platform) host = { 0 };

	platform_host(&host);
	return read_layout_bundle(entries, platform != NULL ? platform : &host, bundle);
}

int bundle_read_layout(const struct archive *layout, const struct descriptors *entries,
		       const struct platform *platform, const char *what, struct bundle *ret_bundle)
{
	struct bundle bundle = BUNDLE_INIT;
	int rc;

	bundle.archive = layout;
	rc = read_for(entries, platform, &bundle);
	if (rc >= 0)
		rc = bundle_check_platform(&bundle, platform);
	if (rc < 0) {
		bundle_release(&bundle);
		return fail_in(rc, "%s", what);
	}
	*ret_bundle = bundle;
	return 0;
}

int bundle_identify(const struct archive *layout, const struct descriptors *entries,
		    const struct platform *platform, char *ret_id, char *ret_digest)
{
	AUTO(bundle) bundle = BUNDLE_INIT;
	AUTO(platform) host = { 0 };
	AUTO(manifest) m = { 0 };

	platform_host(&host);
	TRY(descend(layout, entries, platform != NULL ? platform : &host, &bundle, &m));
	memcpy(ret_id, m.config.digest, DIGEST_TEXT_SIZE);
	memcpy(ret_digest, bundle.digest, DIGEST_TEXT_SIZE);
	return 0;
}

/* --- docker's archives ----------------------------------------------------------------------- */

/* What is known of a layer without reading it: a plain tar archive is its own diff ID. */
static int describe_layer(struct bundle *bundle, size_t i, struct descriptor *d)
{
	AUTO(archive_part) part = ARCHIVE_PART_INIT;
	unsigned char magic[STREAM_MAGIC_LEN];
	ssize_t n;

	TRY(archive_part_open(bundle->archive, bundle->layer_files.v[i], &part));
	d->size = part.end - part.at;
	n = archive_part_read(&part, magic, sizeof(magic));
	TRY(n);
	switch (stream_sniff(magic, (size_t)n)) {
	case COMPRESSION_NONE:
		d->media_type = xstrdup(MEDIA_OCI_LAYER);
		memcpy(d->digest, bundle->parsed.diff_ids.v[i], DIGEST_TEXT_SIZE);
		break;
	case COMPRESSION_GZIP:
		d->media_type = xstrdup(MEDIA_OCI_LAYER "+gzip");
		break;
	case COMPRESSION_ZSTD:
		d->media_type = xstrdup(MEDIA_OCI_LAYER "+zstd");
		break;
	}
	return 0;
}

static int read_docker_bundle(const struct source_image *image, struct bundle *bundle)
{
	TRY(archive_read(bundle->archive, image->config_file, MAX_CONFIG, &bundle->config));
	bundle->config_type = xstrdup(MEDIA_OCI_CONFIG);
	bundle->manifest_type = xstrdup(MEDIA_OCI_MANIFEST);
	strvec_push_all(&bundle->layer_files, &image->layer_files);
	TRY(bundle_take_config(bundle));
	for (size_t i = 0; i < bundle->layer_files.n; i++)
		TRY(describe_layer(bundle, i, VEC_PUSH(&bundle->layers)));
	return 0;
}

int bundle_read(const struct source *source, const struct source_image *image,
		const struct platform *platform, struct bundle *ret_bundle)
{
	autofree char *what = xasprintf("'%s'", source->archive.name);
	struct bundle bundle = BUNDLE_INIT;
	int rc;

	if (source->kind == SOURCE_OCI)
		return bundle_read_layout(&source->archive, &image->manifests, platform, what,
					  ret_bundle);
	bundle.archive = &source->archive;
	rc = read_docker_bundle(image, &bundle);
	if (rc >= 0)
		rc = bundle_check_platform(&bundle, platform);
	if (rc < 0) {
		bundle_release(&bundle);
		return fail_in(rc, "%s", what);
	}
	*ret_bundle = bundle;
	return 0;
}
