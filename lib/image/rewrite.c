/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/rewrite.h"

#include <string.h>

#include "base/err.h"

#define DOCKER_LAYER "application/vnd.docker.image.rootfs.diff.tar"
#define DOCKER_FOREIGN_LAYER "application/vnd.docker.image.rootfs.foreign.diff.tar"
#define OCI_FOREIGN_LAYER "application/vnd.oci.image.layer.nondistributable.v1.tar"

/* Media types of layers. */
static const struct {
	enum manifest_family family;
	bool foreign; /* may not be passed on */
	enum compression compression;
	const char *name;
} layer_types[] = {
	{ FAMILY_OCI, false, COMPRESSION_NONE, MEDIA_OCI_LAYER },
	{ FAMILY_OCI, false, COMPRESSION_GZIP, MEDIA_OCI_LAYER "+gzip" },
	{ FAMILY_OCI, false, COMPRESSION_ZSTD, MEDIA_OCI_LAYER "+zstd" },
	{ FAMILY_OCI, true, COMPRESSION_NONE, OCI_FOREIGN_LAYER },
	{ FAMILY_OCI, true, COMPRESSION_GZIP, OCI_FOREIGN_LAYER "+gzip" },
	{ FAMILY_OCI, true, COMPRESSION_ZSTD, OCI_FOREIGN_LAYER "+zstd" },
	{ FAMILY_DOCKER, false, COMPRESSION_NONE, DOCKER_LAYER },
	{ FAMILY_DOCKER, false, COMPRESSION_GZIP, DOCKER_LAYER ".gzip" },
	{ FAMILY_DOCKER, true, COMPRESSION_NONE, DOCKER_FOREIGN_LAYER },
	{ FAMILY_DOCKER, true, COMPRESSION_GZIP, DOCKER_FOREIGN_LAYER ".gzip" },
};

/* Annotations that describe how a blob is made. */
static const char *const blob_annotations[] = {
	CHUNKED_ANNOTATION,
	"io.containers.zstd-chunked.", /* before 2023 */
	"io.containers.estargz.",
	"containerd.io/snapshot/stargz/",
};

enum compression rewrite_media_compression(const char *media_type)
{
	size_t len = strlen(media_type);

	if (len >= 4 && strcmp(media_type + len - 4, "gzip") == 0)
		return COMPRESSION_GZIP;
	if (len >= 4 && strcmp(media_type + len - 4, "zstd") == 0)
		return COMPRESSION_ZSTD;
	return COMPRESSION_NONE;
}

static bool is_foreign(const char *media_type)
{
	return strstr(media_type, ".foreign.") != NULL ||
	       strstr(media_type, ".nondistributable.") != NULL;
}

static const char *layer_type(enum manifest_family family, bool foreign,
			      enum compression compression)
{
	for (size_t i = 0; i < ARRAY_SIZE(layer_types); i++)
		if (layer_types[i].family == family && layer_types[i].foreign == foreign &&
		    layer_types[i].compression == compression)
			return layer_types[i].name;
	return NULL;
}

static void set_string(cJSON *object, const char *key, const char *text)
{
	cJSON_DeleteItemFromObjectCaseSensitive(object, key);
	json_add_string(object, key, text);
}

static void set_blob(cJSON *object, const char *digest, uint64_t size)
{
	set_string(object, "digest", digest);
	cJSON_DeleteItemFromObjectCaseSensitive(object, "size");
	json_add_int(object, "size", (int64_t)size);
	cJSON_DeleteItemFromObjectCaseSensitive(object, "data");
	cJSON_DeleteItemFromObjectCaseSensitive(object, "urls");
}

static bool describes_blob(const char *annotation)
{
	for (size_t i = 0; i < ARRAY_SIZE(blob_annotations); i++)
		if (strncmp(annotation, blob_annotations[i], strlen(blob_annotations[i])) == 0)
			return true;
	return false;
}

static void drop_blob_annotations(cJSON *layer)
{
	cJSON *annotations = cJSON_GetObjectItemCaseSensitive(layer, "annotations");
	cJSON *item = annotations != NULL ? annotations->child : NULL;

	while (item != NULL) {
		cJSON *next = item->next;

		if (describes_blob(item->string))
			cJSON_Delete(cJSON_DetachItemViaPointer(annotations, item));
		item = next;
	}
	if (annotations != NULL && annotations->child == NULL)
		cJSON_DeleteItemFromObjectCaseSensitive(layer, "annotations");
}

static void add_annotation(cJSON *layer, const char *name, const struct chunked_place *place,
			   const char *more)
{
	cJSON *annotations = cJSON_GetObjectItemCaseSensitive(layer, "annotations");
	AUTO(buf) text = BUF_INIT;

	if (annotations == NULL)
		annotations = json_add_object(layer, "annotations");
	if (place != NULL)
		chunked_print_place(&text, place);
	buf_add_str(&text, more);
	set_string(annotations, name, text.data);
}

static void add_toc_annotations(cJSON *layer, const struct chunked_toc *toc)
{
	if (toc->digest[0] == '\0')
		return;
	add_annotation(layer, CHUNKED_CHECKSUM, NULL, toc->digest);
	add_annotation(layer, CHUNKED_ANNOTATION "manifest-position", &toc->table, ":1");
	add_annotation(layer, CHUNKED_ANNOTATION "tarsplit-position", &toc->split, "");
}

static bool is_docker(const char *type)
{
	return strcmp(type, MEDIA_DOCKER_MANIFEST) == 0 || strcmp(type, MEDIA_DOCKER_INDEX) == 0;
}

static int rewrite_one_layer(cJSON *item, enum manifest_family family, bool other_family,
			     const struct rewrite_layer *layer)
{
	const char *type = NULL;

	TRY(json_get_string(item, "mediaType", &type));
	if (type == NULL)
		return refuse("a layer has no media type");
	if (layer->changed || other_family) {
		const char *name = layer_type(family, is_foreign(type), layer->compression);

		if (name == NULL) {
			refuse("docker's manifests know no layers with %s",
			       compression_name(layer->compression));
			hint("leave --format out, or use --format oci");
			return -EINVAL;
		}
		set_string(item, "mediaType", name);
	}
	if (layer->changed) {
		set_blob(item, layer->digest, layer->size);
		drop_blob_annotations(item);
		add_toc_annotations(item, &layer->toc);
	}
	if (family == FAMILY_DOCKER)
		cJSON_DeleteItemFromObjectCaseSensitive(item, "annotations");
	return 0;
}

/* What docker's documents do not have. */
static void drop_oci_fields(cJSON *json)
{
	static const char *const fields[] = { "annotations", "subject", "artifactType" };

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		cJSON_DeleteItemFromObjectCaseSensitive(json, fields[i]);
}

/* The family that it is to be; layers of zstd are OCI's alone. */
static enum manifest_family choose_family(const char *type, enum manifest_family family,
					  const struct rewrite_layer *layers, size_t n)
{
	if (family != FAMILY_ANY)
		return family;
	for (size_t i = 0; i < n; i++)
		if (layers[i].changed && layers[i].compression == COMPRESSION_ZSTD)
			return FAMILY_OCI;
	return is_docker(type) ? FAMILY_DOCKER : FAMILY_OCI;
}

static bool any_changed(const struct rewrite_layer *layers, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (layers[i].changed)
			return true;
	return false;
}

static void keep_text(const struct buf *text, const char *type, struct buf *out,
		      const char **ret_type)
{
	buf_add(out, text->data, text->len);
	*ret_type = strcmp(type, MEDIA_DOCKER_MANIFEST) == 0 ? MEDIA_DOCKER_MANIFEST
		    : strcmp(type, MEDIA_DOCKER_INDEX) == 0  ? MEDIA_DOCKER_INDEX
		    : strcmp(type, MEDIA_OCI_INDEX) == 0     ? MEDIA_OCI_INDEX
							     : MEDIA_OCI_MANIFEST;
}

int rewrite_manifest(const struct buf *text, const char *type, enum manifest_family family,
		     const struct rewrite_layer *layers, struct buf *out, const char **ret_type)
{
	autojson cJSON *json = NULL;
	const cJSON *array = NULL, *config = NULL;
	bool other_family;
	size_t i = 0;
	cJSON *item;

	TRY(json_parse(text->data, text->len, "the manifest", &json));
	TRY(json_get_array(json, "layers", &array));
	TRY(json_get_object(json, "config", &config));
	family = choose_family(type, family, layers, (size_t)cJSON_GetArraySize(array));
	other_family = (family == FAMILY_DOCKER) != is_docker(type);
	if (!other_family && !any_changed(layers, (size_t)cJSON_GetArraySize(array))) {
		keep_text(text, type, out, ret_type);
		return 0;
	}
	cJSON_ArrayForEach(item, array)
		TRY(rewrite_one_layer(item, family, other_family, &layers[i++]));
	*ret_type = family == FAMILY_DOCKER ? MEDIA_DOCKER_MANIFEST : MEDIA_OCI_MANIFEST;
	set_string(json, "mediaType", *ret_type);
	set_string((cJSON *)config, "mediaType",
		   family == FAMILY_DOCKER ? MEDIA_DOCKER_CONFIG : MEDIA_OCI_CONFIG);
	if (family == FAMILY_DOCKER) {
		drop_oci_fields(json);
		drop_oci_fields((cJSON *)config);
	}
	json_print(json, false, out);
	return 1;
}

int rewrite_index(const struct buf *text, const char *type, enum manifest_family family,
		  const struct descriptors *members, struct buf *out, const char **ret_type)
{
	autojson cJSON *json = NULL;
	const cJSON *array = NULL;
	bool changed = false;
	size_t i = 0;
	cJSON *item;

	TRY(json_parse(text->data, text->len, "the index", &json));
	TRY(json_get_array(json, "manifests", &array));
	family = choose_family(type, family, NULL, 0);
	cJSON_ArrayForEach(item, array)
	{
		const struct descriptor *d = &members->v[i++];
		const char *before = NULL;

		TRY(json_get_string(item, "digest", &before));
		if (before == NULL || strcmp(before, d->digest) != 0) {
			set_blob(item, d->digest, d->size);
			set_string(item, "mediaType", d->media_type);
			changed = true;
		}
		if (family == FAMILY_DOCKER && !is_docker(type))
			drop_oci_fields(item);
	}
	if (!changed && (family == FAMILY_DOCKER) == is_docker(type)) {
		keep_text(text, type, out, ret_type);
		return 0;
	}
	*ret_type = family == FAMILY_DOCKER ? MEDIA_DOCKER_INDEX : MEDIA_OCI_INDEX;
	set_string(json, "mediaType", *ret_type);
	if (family == FAMILY_DOCKER)
		drop_oci_fields(json);
	json_print(json, false, out);
	return 1;
}
