/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"

/* Every media type that is understood. What a layer's type says of its compression is not
 * believed: registries lie, and the first bytes tell. */
static const struct {
	const char *name;
	enum media kind;
} media_types[] = {
	{ MEDIA_OCI_MANIFEST, MEDIA_MANIFEST },
	{ MEDIA_DOCKER_MANIFEST, MEDIA_MANIFEST },
	{ MEDIA_OCI_INDEX, MEDIA_INDEX },
	{ MEDIA_DOCKER_INDEX, MEDIA_INDEX },
	{ MEDIA_OCI_CONFIG, MEDIA_CONFIG },
	{ MEDIA_DOCKER_CONFIG, MEDIA_CONFIG },
	{ MEDIA_OCI_LAYER, MEDIA_LAYER },
	{ MEDIA_OCI_LAYER "+gzip", MEDIA_LAYER },
	{ MEDIA_OCI_LAYER "+zstd", MEDIA_LAYER },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar", MEDIA_LAYER },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", MEDIA_LAYER },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", MEDIA_LAYER },
	{ "application/vnd.docker.image.rootfs.diff.tar", MEDIA_LAYER },
	{ "application/vnd.docker.image.rootfs.diff.tar.gzip", MEDIA_LAYER },
	{ "application/vnd.docker.image.rootfs.diff.tar.zstd", MEDIA_LAYER },
	{ "application/vnd.docker.image.rootfs.foreign.diff.tar", MEDIA_LAYER },
	{ "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", MEDIA_LAYER },
	{ "application/octet-stream", MEDIA_LAYER },
};

enum media media_kind(const char *media_type)
{
	for (size_t i = 0; i < ARRAY_SIZE(media_types); i++)
		if (strcmp(media_types[i].name, media_type) == 0)
			return media_types[i].kind;
	return MEDIA_UNKNOWN;
}

void descriptor_release(struct descriptor *descriptor)
{
	free(descriptor->media_type);
	free(descriptor->ref_name);
	free(descriptor->image_name);
	platform_release(&descriptor->platform);
	*descriptor = (struct descriptor){ 0 };
}

void descriptor_copy(const struct descriptor *from, struct descriptor *to)
{
	*to = *from;
	to->media_type = xstrdup_null(from->media_type);
	to->ref_name = xstrdup_null(from->ref_name);
	to->image_name = xstrdup_null(from->image_name);
	to->platform.os = xstrdup_null(from->platform.os);
	to->platform.architecture = xstrdup_null(from->platform.architecture);
	to->platform.variant = xstrdup_null(from->platform.variant);
}

/* Take a copy of an optional string. */
static int take_string(const cJSON *object, const char *key, char **slot)
{
	const char *text = NULL;

	TRY(json_get_string(object, key, &text));
	*slot = xstrdup_null(text);
	return 0;
}

static int read_platform(const cJSON *json, struct platform *platform)
{
	const cJSON *object = NULL;

	TRY(json_get_object(json, "platform", &object));
	if (object == NULL)
		return 0;
	TRY(take_string(object, "os", &platform->os));
	TRY(take_string(object, "architecture", &platform->architecture));
	return take_string(object, "variant", &platform->variant);
}

static int read_annotations(const cJSON *json, struct descriptor *d)
{
	const char *type = NULL, *checksum = NULL;
	const cJSON *object = NULL;

	TRY(json_get_object(json, "annotations", &object));
	if (object == NULL)
		return 0;
	TRY(take_string(object, ANNOTATION_REF_NAME, &d->ref_name));
	TRY(take_string(object, ANNOTATION_IMAGE_NAME, &d->image_name));
	TRY(json_get_string(object, "vnd.docker.reference.type", &type));
	TRY(json_get_string(object, CHUNKED_CHECKSUM, &checksum));
	d->chunked = checksum != NULL;
	d->attestation = type != NULL && strcmp(type, "attestation-manifest") == 0;
	return 0;
}

static int read_descriptor(const cJSON *json, struct descriptor *d)
{
	const char *digest = NULL;
	int64_t size = -1;

	if (!cJSON_IsObject(json))
		return refuse("it is not an object");
	TRY(take_string(json, "mediaType", &d->media_type));
	TRY(json_get_string(json, "digest", &digest));
	if (digest == NULL)
		return refuse("it has no digest");
	if (!digest_is_valid(digest))
		return refuse("'%.100s' is not a digest (sha256: and 64 lower-case hex digits)",
			      digest);
	memcpy(d->digest, digest, DIGEST_TEXT_SIZE);
	TRY(json_get_int(json, "size", 0, INT64_MAX, &size));
	if (size < 0)
		return refuse("it has no size");
	d->size = (uint64_t)size;
	TRY(read_platform(json, &d->platform));
	return read_annotations(json, d);
}

int descriptor_read(const cJSON *json, const char *what, struct descriptor *ret_descriptor)
{
	struct descriptor d = { 0 };
	int rc = read_descriptor(json, &d);

	if (rc < 0) {
		descriptor_release(&d);
		return fail_in(rc, "%s", what);
	}
	*ret_descriptor = d;
	return 0;
}

void descriptors_release(struct descriptors *list)
{
	for (size_t i = 0; i < list->n; i++)
		descriptor_release(&list->v[i]);
	free(list->v);
	*list = (struct descriptors){ 0 };
}

static int read_list(const cJSON *array, const char *what, size_t max, struct descriptors *list)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, array)
	{
		autofree char *where = xasprintf("%s[%zu]", what, list->n);
		struct descriptor d;

		if (list->n >= max)
			return refuse("it has more than %zu %s", max, what);
		TRY(descriptor_read(item, where, &d));
		*VEC_PUSH(list) = d;
	}
	return 0;
}

static int read_image(const cJSON *json, const cJSON *layers, struct manifest *m)
{
	const cJSON *config = NULL;

	TRY(json_get_object(json, "config", &config));
	if (config == NULL)
		return refuse("it has no config");
	TRY(descriptor_read(config, "config", &m->config));
	if (m->config.media_type == NULL || media_kind(m->config.media_type) != MEDIA_CONFIG)
		return refuse(
			"it is not a container image: the media type of its configuration is '%s'",
			m->config.media_type != NULL ? m->config.media_type : "");
	if (m->config.size > MAX_CONFIG)
		return refuse("its configuration has %llu bytes, more than %lu",
			      (unsigned long long)m->config.size, MAX_CONFIG);
	TRY(read_list(layers, "layers", MAX_LAYERS, &m->layers));
	for (size_t i = 0; i < m->layers.n; i++) {
		const char *type = m->layers.v[i].media_type;

		if (type == NULL || media_kind(type) != MEDIA_LAYER)
			return refuse("layers[%zu]: media type '%s' is not known", i,
				      type != NULL ? type : "");
	}
	return 0;
}

static int check_entries(const struct descriptors *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const char *type = list->v[i].media_type;

		if (list->v[i].size > MAX_MANIFEST)
			return refuse("manifests[%zu] has %llu bytes, more than %lu", i,
				      (unsigned long long)list->v[i].size, MAX_MANIFEST);
		if (type == NULL)
			return refuse("manifests[%zu] has no media type", i);
	}
	return 0;
}

static int read_document(const cJSON *json, struct manifest *m)
{
	const cJSON *layers = NULL, *manifests = NULL, *config = NULL;
	const char *media_type = NULL;
	int64_t version = 0;

	if (!cJSON_IsObject(json))
		return refuse("it is not an object");
	TRY(json_get_int(json, "schemaVersion", 0, INT64_MAX, &version));
	if (version == 1)
		return refuse("it has the old schema version 1, which is not supported");
	if (version != 2)
		return refuse("schemaVersion is not 2");
	TRY(json_get_string(json, "mediaType", &media_type));
	TRY(json_get_array(json, "layers", &layers));
	TRY(json_get_array(json, "manifests", &manifests));
	TRY(json_get_object(json, "config", &config));
	if (manifests != NULL && (layers != NULL || config != NULL))
		return refuse("it is both a manifest and an index");
	if (manifests == NULL && layers == NULL)
		return refuse("it has neither layers nor manifests");
	m->is_index = manifests != NULL;
	if (media_type != NULL &&
	    media_kind(media_type) != (m->is_index ? MEDIA_INDEX : MEDIA_MANIFEST))
		return refuse("its media type is '%s', but it is %s", media_type,
			      m->is_index ? "an index" : "a manifest");
	if (!m->is_index)
		return read_image(json, layers, m);
	TRY(read_list(manifests, "manifests", MAX_INDEX_ENTRIES, &m->manifests));
	return check_entries(&m->manifests);
}

int manifest_parse(const char *bytes, size_t len, const char *name, struct manifest *ret_manifest)
{
	struct manifest m = { 0 };
	autojson cJSON *json = NULL;
	int rc;

	if (len > MAX_MANIFEST)
		return refuse("%s has %zu bytes, more than %lu", name, len, MAX_MANIFEST);
	TRY(json_parse(bytes, len, name, &json));
	rc = read_document(json, &m);
	if (rc < 0) {
		manifest_release(&m);
		return fail_in(rc, "%s", name);
	}
	*ret_manifest = m;
	return 0;
}

void manifest_release(struct manifest *manifest)
{
	descriptor_release(&manifest->config);
	descriptors_release(&manifest->layers);
	descriptors_release(&manifest->manifests);
}

static int no_platform(const struct descriptors *entries, const struct platform *wanted)
{
	AUTO(buf) want = BUF_INIT, have = BUF_INIT;

	platform_print(&want, wanted->os, wanted->architecture, wanted->variant);
	for (size_t i = 0; i < entries->n; i++) {
		const struct platform *p = &entries->v[i].platform;

		if (entries->v[i].attestation || p->architecture == NULL ||
		    strcmp(p->architecture, "unknown") == 0)
			continue;
		if (have.len != 0)
			buf_add_str(&have, ", ");
		platform_print(&have, p->os, p->architecture, p->variant);
	}
	refuse_with(ENOENT, "there is none for %s, but for %s", want.data,
		    have.len != 0 ? have.data : "no other platform either");
	if (have.len != 0)
		hint("choose one of these with --platform");
	return -ENOENT;
}

int manifest_choose(const struct descriptors *entries, const struct platform *wanted,
		    const struct descriptor **ret_entry)
{
	const struct descriptor *best = NULL, *silent = NULL;
	int best_rank = -1;

	for (size_t i = 0; i < entries->n; i++) {
		const struct descriptor *d = &entries->v[i];
		enum media kind = media_kind(d->media_type);
		int rank = platform_rank(wanted, d->platform.os, d->platform.architecture,
					 d->platform.variant);

		if (d->attestation || (kind != MEDIA_MANIFEST && kind != MEDIA_INDEX))
			continue;
		if (rank > best_rank) {
			best = d;
			best_rank = rank;
		}
		/* An entry that says nothing of its platform: its own configuration will. */
		if (d->platform.architecture == NULL && silent == NULL)
			silent = d;
	}
	if (best == NULL)
		best = silent;
	if (best == NULL)
		return no_platform(entries, wanted);
	*ret_entry = best;
	return 0;
}

static void print_descriptor(cJSON *object, const struct descriptor *d)
{
	json_add_string(object, "mediaType", d->media_type);
	json_add_string(object, "digest", d->digest);
	json_add_int(object, "size", (int64_t)d->size);
}

void manifest_print(const struct descriptor *config, const struct descriptors *layers,
		    struct buf *out)
{
	autojson cJSON *json = json_object();
	cJSON *array;

	json_add_int(json, "schemaVersion", 2);
	json_add_string(json, "mediaType", MEDIA_OCI_MANIFEST);
	print_descriptor(json_add_object(json, "config"), config);
	array = json_add_array(json, "layers");
	for (size_t i = 0; i < layers->n; i++) {
		cJSON *item = json_object();

		print_descriptor(item, &layers->v[i]);
		json_push(array, item);
	}
	json_print(json, false, out);
}
