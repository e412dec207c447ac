/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/source.h"

#include <stdlib.h>
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/units.h"
#include "image/policy.h"
#include "image/ref.h"

static void source_image_release(struct source_image *image)
{
	strvec_release(&image->names);
	free(image->raw_name);
	descriptors_release(&image->manifests);
	free(image->config_file);
	strvec_release(&image->layer_files);
}

void source_release(struct source *source)
{
	for (size_t i = 0; i < source->n; i++)
		source_image_release(&source->v[i]);
	free(source->v);
	archive_release(&source->archive);
	*source = (struct source)SOURCE_INIT;
}

/* --- docker's archives ----------------------------------------------------------------------- */

static int read_docker_image(const cJSON *json, struct source_image *image)
{
	AUTO(strvec) tags = STRVEC_INIT;
	const char *config = NULL;

	if (!cJSON_IsObject(json))
		return refuse("it is not an object");
	TRY(json_get_string(json, "Config", &config));
	if (config == NULL)
		return refuse("it has no Config");
	image->config_file = xstrdup(config);
	TRY(json_get_strings(json, "RepoTags", &tags));
	for (size_t i = 0; i < tags.n; i++) {
		char *name;

		TRY(ref_normalize(tags.v[i], &name));
		if (strvec_has(&image->names, name))
			free(name);
		else
			strvec_push_owned(&image->names, name);
	}
	TRY(json_get_strings(json, "Layers", &image->layer_files));
	if (image->layer_files.n > MAX_LAYERS)
		return refuse("it has more than %d layers", MAX_LAYERS);
	return 0;
}

static int read_docker(struct source *source)
{
	AUTO(buf) text = BUF_INIT;
	autojson cJSON *json = NULL;
	const cJSON *item;

	TRY(archive_read(&source->archive, "manifest.json", MAX_MANIFEST, &text));
	TRY(json_parse(text.data, text.len, "manifest.json", &json));
	if (!cJSON_IsArray(json))
		return refuse("manifest.json is not an array");
	cJSON_ArrayForEach(item, json)
	{
		int rc;

		if (source->n >= MAX_INDEX_ENTRIES)
			return refuse("manifest.json has more than %d images", MAX_INDEX_ENTRIES);
		rc = read_docker_image(item, VEC_PUSH(source));
		if (rc < 0)
			return fail_in(rc, "manifest.json: image %zu", source->n - 1);
	}
	return 0;
}

/* --- OCI layouts ----------------------------------------------------------------------------- */

static int check_layout(const struct archive *archive)
{
	AUTO(buf) text = BUF_INIT;
	autojson cJSON *json = NULL;
	const char *version = NULL;

	TRY(archive_read(archive, "oci-layout", MAX_MANIFEST, &text));
	TRY(json_parse(text.data, text.len, "oci-layout", &json));
	if (!cJSON_IsObject(json))
		return refuse("oci-layout is not an object");
	TRY(json_get_string(json, "imageLayoutVersion", &version));
	if (version == NULL || strncmp(version, "1.", 2) != 0)
		return refuse("oci-layout has the version '%s'; 1.0.0 is known",
			      version != NULL ? version : "");
	return 0;
}

/* The image that an entry of index.json belongs to: entries with one name are one image for several
 * platforms, and so are entries without a name that say which platform they are for. */
static struct source_image *image_of(struct source *source, const char *name,
				     const struct descriptor *d)
{
	for (size_t i = 0; i < source->n; i++) {
		struct source_image *image = &source->v[i];

		if (name != NULL ? image->raw_name != NULL && strcmp(image->raw_name, name) == 0
				 : image->raw_name == NULL && d->platform.architecture != NULL &&
					   image->manifests.v[0].platform.architecture != NULL)
			return image;
	}
	return VEC_PUSH(source);
}

static void add_layout_entry(struct source *source, const struct descriptor *d)
{
	const char *name = d->image_name != NULL ? d->image_name : d->ref_name;
	struct source_image *image;
	char *complete;

	if (d->attestation)
		return;
	if (name != NULL && name[0] == '\0')
		name = NULL;
	image = image_of(source, name, d);
	if (image->manifests.n == 0) {
		image->raw_name = xstrdup_null(name);
		/* The annotation may be anything; where it is no reference the image has no name.
		 */
		if (name != NULL && ref_normalize(name, &complete) == 0)
			strvec_push_owned(&image->names, complete);
		err_clear();
	}
	descriptor_copy(d, VEC_PUSH(&image->manifests));
}

static int read_layout(struct source *source)
{
	AUTO(manifest) index = { 0 };
	AUTO(buf) text = BUF_INIT;

	TRY(check_layout(&source->archive));
	TRY(archive_read(&source->archive, "index.json", MAX_MANIFEST, &text));
	TRY(manifest_parse(text.data, text.len, "index.json", &index));
	if (!index.is_index)
		return refuse("index.json is not an index");
	for (size_t i = 0; i < index.manifests.n; i++)
		add_layout_entry(source, &index.manifests.v[i]);
	return 0;
}

/* --- both ------------------------------------------------------------------------------------ */

static int not_images(const struct archive *archive)
{
	refuse("it holds no images: there is neither manifest.json nor index.json in it");
	if (archive_has(archive, "repositories") == 1)
		hint("this is an archive of docker before 1.10; save the image anew with a later "
		     "one");
	else if (archive->n > 0)
		hint("berth import makes an image of the archive of a root file system");
	return -EINVAL;
}

static int read_source(struct source *source)
{
	int docker = archive_has(&source->archive, "manifest.json");
	int layout = archive_has(&source->archive, "index.json");

	TRY(docker);
	TRY(layout);
	if (docker == 0 && layout == 0)
		return not_images(&source->archive);
	if (source->kind == SOURCE_DOCKER && docker == 0)
		return refuse("it is not an archive of docker: there is no manifest.json in it");
	if (source->kind == SOURCE_OCI && layout == 0)
		return refuse("it is not an OCI layout: there is no index.json in it");
	if (source->kind == SOURCE_ANY)
		source->kind = docker == 1 ? SOURCE_DOCKER : SOURCE_OCI;
	TRY(source->kind == SOURCE_DOCKER ? read_docker(source) : read_layout(source));
	return source->n > 0 ? 0 : refuse("there is no image in it");
}

/* As containers-transports(5) calls it. */
static const char *transport_of(const struct source *source)
{
	if (source->kind == SOURCE_DOCKER)
		return "docker-archive";
	return source->archive.dirfd >= 0 ? "oci" : "oci-archive";
}

int source_open(struct store *store, enum source_kind kind, const char *path,
		struct source *ret_source)
{
	struct source source = SOURCE_INIT;
	int rc;

	source.kind = kind;
	TRY(archive_open(store, path, &source.archive));
	rc = read_source(&source);
	if (rc >= 0)
		rc = policy_check(store->host, transport_of(&source), NULL);
	if (rc < 0) {
		fail_in(rc, "'%s'", source.archive.name);
		source_release(&source);
		return rc;
	}
	*ret_source = source;
	return 0;
}

static int fail_choice(const struct source *source, const char *ref)
{
	AUTO(buf) names = BUF_INIT;

	for (size_t i = 0; i < source->n && i < 10; i++) {
		const struct strvec *list = &source->v[i].names;

		buf_addf(&names, "%s%s", i > 0 ? ", " : "", list->n > 0 ? list->v[0] : "");
		if (list->n == 0)
			buf_addf(&names, "@%zu", i);
	}
	if (source->n > 10)
		buf_add_str(&names, ", ...");
	if (ref != NULL)
		refuse_with(ENOENT, "'%s' has no image '%s'", source->archive.name, ref);
	else
		refuse("'%s' has %zu images: say which one, as in %s:REF", source->archive.name,
		       source->n, source->archive.name);
	hint("there are: %s", names.data);
	return ref != NULL ? -ENOENT : -EINVAL;
}

int source_find(const struct source *source, const char *ref, const struct source_image **ret_image)
{
	autofree char *name = NULL;
	uint64_t number;

	if (ref == NULL && source->n != 1)
		return fail_choice(source, ref);
	if (ref == NULL) {
		*ret_image = &source->v[0];
		return 0;
	}
	if (ref[0] == '@') {
		TRY(units_parse_u64(ref + 1, UINT32_MAX, &number));
		if (number >= source->n)
			return fail_choice(source, ref);
		*ret_image = &source->v[number];
		return 0;
	}
	if (ref_normalize(ref, &name) < 0)
		err_clear();
	for (size_t i = 0; i < source->n; i++) {
		const struct source_image *image = &source->v[i];

		if ((image->raw_name != NULL && strcmp(image->raw_name, ref) == 0) ||
		    (name != NULL && strvec_has(&image->names, name))) {
			*ret_image = image;
			return 0;
		}
	}
	return fail_choice(source, ref);
}
