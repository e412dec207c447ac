/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/destination.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/outfile.h"
#include "image/ref.h"
#include "image/save.h"

static const struct {
	const char *prefix;
	enum destination_kind kind;
} transports[] = {
	{ "docker://", DESTINATION_REGISTRY },
	{ "oci:", DESTINATION_OCI },
	{ "oci-archive:", DESTINATION_OCI_ARCHIVE },
	{ "docker-archive:", DESTINATION_DOCKER_ARCHIVE },
};

/* Known elsewhere, with what to do here instead. */
static const struct {
	const char *prefix, *fix;
} refused[] = {
	{ "dir:", "oci:DIR makes a directory that podman, skopeo and others read" },
	{ "containers-storage:",
	  "push to oci-archive:FILE, and podman load -i FILE brings it into podman's store" },
	{ "docker-daemon:",
	  "push to docker-archive:FILE, and docker load -i FILE brings it into docker's store" },
	{ "ostree:", "oci:DIR makes a directory that podman, skopeo and others read" },
};

void destination_release(struct destination *destination)
{
	free(destination->name);
	free(destination->path);
	free(destination->ref);
	*destination = (struct destination){ 0 };
}

/* PATH[:REF]; the path has no colon. */
static int parse_path(const char *text, struct destination *destination)
{
	const char *colon = strchr(text, ':');

	destination->path = colon != NULL ? xstrndup(text, (size_t)(colon - text)) : xstrdup(text);
	destination->ref = xstrdup_null(colon != NULL && colon[1] != '\0' ? colon + 1 : NULL);
	return destination->path[0] != '\0' ? 0 : refuse("the name of the file is missing");
}

static int parse(const char *text, struct destination *destination)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		if (strncmp(text, refused[i].prefix, strlen(refused[i].prefix)) != 0)
			continue;
		refuse("images are not pushed to %s", refused[i].prefix);
		hint("%s", refused[i].fix);
		return -EINVAL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
		const char *rest = text + strlen(transports[i].prefix);

		if (strncmp(text, transports[i].prefix, strlen(transports[i].prefix)) != 0)
			continue;
		destination->kind = transports[i].kind;
		if (transports[i].kind != DESTINATION_REGISTRY)
			return parse_path(rest, destination);
		text = rest;
		break;
	}
	destination->name = xstrdup(text);
	return 0;
}

int destination_parse(const char *text, struct destination *ret_destination)
{
	struct destination destination = { 0 };
	int rc = text != NULL ? parse(text, &destination) : 0;

	if (rc < 0) {
		destination_release(&destination);
		return fail_in(rc, "destination '%s'", text);
	}
	*ret_destination = destination;
	return 0;
}

static int check_options(const struct push_options *options)
{
	if (options->all_platforms)
		return refuse("--all is for registries: a file gets the image for one platform");
	if (!options->format.given && options->format.level == 0 && options->family == FAMILY_ANY)
		return 0;
	refuse("what is pushed to a file stays as it is: --compression-format, "
	       "--compression-level and --format are for registries");
	return -EINVAL;
}

static int write_archive(const struct save *save, const struct destination *destination)
{
	AUTO(outfile) file = OUTFILE_INIT;

	TRY(outfile_open(destination->path, "an archive", &file));
	TRY(save_archive(save, destination->kind == DESTINATION_DOCKER_ARCHIVE, file.fd,
			 file.name));
	return outfile_commit(&file);
}

/* An archive of docker has complete names; a layout, whatever stands there. */
static int name_image(struct saved_image *image, const struct destination *destination)
{
	char *name;

	if (destination->ref == NULL)
		return 0;
	if (destination->kind == DESTINATION_DOCKER_ARCHIVE)
		TRY(ref_normalize(destination->ref, &name));
	else
		name = xstrdup(destination->ref);
	strvec_release(&image->names);
	strvec_push_owned(&image->names, name);
	return 0;
}

static int write_file(const struct destination *destination, struct store *store, const char *image,
		      const struct platform *platform, struct push_result *result)
{
	AUTO(save) save = SAVE_INIT;
	AUTO(strvec) names = STRVEC_INIT;

	strvec_push(&names, image);
	TRY(save_open(&save, store, &names, platform));
	TRY(name_image(&save.v[0], destination));
	TRY(destination->kind == DESTINATION_OCI ? save_directory(&save, destination->path)
						 : write_archive(&save, destination));
	result->name = xstrdup(destination->path);
	memcpy(result->digest, save.v[0].bundle.digest, DIGEST_TEXT_SIZE);
	return 0;
}

int destination_push(const struct destination *destination, struct store *store, const char *image,
		     const struct push_options *options, struct push_result *ret_result)
{
	if (destination->kind == DESTINATION_REGISTRY)
		return push_image(store, image, destination->name, options, ret_result);
	TRY(check_options(options));
	return write_file(destination, store, image, options->platform, ret_result);
}
