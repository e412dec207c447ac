/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/mounts.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/path.h"
#include "container/imagemount.h"
#include "container/mountopt.h"
#include "container/scratch.h"
#include "container/volumemount.h"
#include "container/volumesfrom.h"

struct options {
	struct mountopt *v;
	size_t n;
};

static void options_release(struct options *options)
{
	for (size_t i = 0; i < options->n; i++)
		mountopt_release(&options->v[i]);
	free(options->v);
}

static const struct mountopt *find_option(const struct options *options, const char *destination)
{
	for (size_t i = 0; i < options->n; i++)
		if (strcmp(options->v[i].mount.destination, destination) == 0)
			return &options->v[i];
	return NULL;
}

/* Takes the option over. */
static int add_option(struct options *options, struct mountopt *opt)
{
	if (find_option(options, opt->mount.destination) != NULL) {
		refuse("two mounts have the target '%s'", opt->mount.destination);
		mountopt_release(opt);
		return -EINVAL;
	}
	*VEC_PUSH(options) = *opt;
	return 0;
}

static int parse_all(const struct request *request, struct options *options)
{
	const struct {
		const struct strvec *texts;
		int (*parse)(const char *text, struct mountopt *ret_opt);
	} rows[] = {
		{ &request->volumes, mountopt_parse_volume },
		{ &request->mounts, mountopt_parse_mount },
		{ &request->tmpfs, mountopt_parse_tmpfs },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t j = 0; j < rows[i].texts->n; j++) {
			struct mountopt opt;

			TRY(rows[i].parse(rows[i].texts->v[j], &opt));
			TRY(add_option(options, &opt));
		}
	return 0;
}

/* What was said of a place counts more than what another container has there. */
static int add_volumes_from(const struct host *host, const struct request *request,
			    struct options *options)
{
	AUTO(volumesfrom) from = { 0 };

	for (size_t i = 0; i < request->volumes_from.n; i++)
		TRY(volumesfrom_read(host, request->volumes_from.v[i], &from));
	for (size_t i = 0; i < from.n; i++) {
		if (find_option(options, from.v[i].mount.destination) != NULL)
			continue;
		*VEC_PUSH(options) = from.v[i];
		from.v[i] = (struct mountopt){ 0 };
	}
	return 0;
}

/* With --read-only the places that every program wants to write to are in memory. What an image has
 * there is copied; what this host has there may be anything. */
static int add_read_only_tmpfs(const struct request *request, const struct spec *spec,
			       struct options *options)
{
	static const char *const places[] = { "/run:exec", "/tmp:exec", "/var/tmp:exec" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct mountopt opt;

		TRY(mountopt_parse_tmpfs(places[i], &opt));
		opt.mount.tmpcopyup = spec->root.kind != ROOT_HOST;
		if (request->read_only && request->read_only_tmpfs &&
		    find_option(options, opt.mount.destination) == NULL)
			*VEC_PUSH(options) = opt;
		else
			mountopt_release(&opt);
	}
	return 0;
}

/* Places that belong to the confinement: no text of an image may put something over them. */
static bool is_reserved(const char *path)
{
	static const char *const reserved[] = { "/proc", "/sys", "/dev" };

	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (path_is_within(path, reserved[i]))
			return true;
	return strcmp(path, "/") == 0;
}

/* A VOLUME of the image is a volume that the user did not have to ask for. */
static int add_image_volumes(const struct image_config *image, struct options *options)
{
	for (size_t i = 0; i < image->volumes.n; i++) {
		autofree char *path = path_clean(image->volumes.v[i]);
		struct mountopt opt;

		if (image->volumes.v[i][0] != '/' || strchr(path, ':') != NULL || is_reserved(path))
			return refuse("the image declares a volume at '%s'", image->volumes.v[i]);
		if (find_option(options, path) != NULL)
			continue;
		TRY(mountopt_parse_volume(path, &opt));
		opt.mount.from_image = true;
		*VEC_PUSH(options) = opt;
	}
	return 0;
}

static int check_source(const struct mountopt *opt)
{
	const char *source = opt->mount.source;
	struct stat st;

	if (stat(source, &st) < 0) {
		int rc = fail("cannot mount '%s'", source);

		if (rc == -ENOENT)
			hint("a source that is missing is not made: mkdir -p %s", source);
		return rc;
	}
	if (opt->keep_link && lstat(source, &st) == 0 && S_ISLNK(st.st_mode))
		return refuse("cannot mount '%s': it is a symbolic link, and no-dereference was "
			      "given",
			      source);
	return 0;
}

static int check_relabel(const struct mountopt *opt)
{
	if (!opt->relabel || fs_exists(AT_FDCWD, "/sys/fs/selinux/enforce") <= 0)
		return 0;
	refuse("cannot relabel '%s': SELinux labels are not changed by this version",
	       opt->mount.source);
	hint("label it with chcon -Rt container_file_t, or give --security-opt label=disable and "
	     "leave z and Z out");
	return -EINVAL;
}

/* The directories that an overlay writes to, numbered. */
static int make_overlay_dirs(const struct host *host, struct container *container, size_t number,
			     struct spec_mount *mount)
{
	autofree char *upper = xasprintf("%zu-upper", number);
	autofree char *work = xasprintf("%zu-work", number);

	if (mount->upper != NULL || container->record.dirfd < 0)
		return 0;
	TRY(scratch_make_volume(host, &container->record, &container->spec.idmaps, upper,
				&mount->upper));
	return scratch_make_volume(host, &container->record, &container->spec.idmaps, work,
				   &mount->work);
}

/* ":U" of a directory that belongs to the system is a slip that is hard to undo. */
static int check_chown(const struct mountopt *opt)
{
	static const char *const places[] = {
		"/",      "/bin", "/boot", "/dev",  "/etc",     "/home",    "/lib",     "/lib64",
		"/media", "/mnt", "/opt",  "/proc", "/root",    "/run",     "/sbin",    "/srv",
		"/sys",   "/tmp", "/usr",  "/var",  "/var/lib", "/var/log", "/var/tmp",
	};

	for (size_t i = 0; opt->mount.chown && i < ARRAY_SIZE(places); i++)
		if (strcmp(opt->mount.source, places[i]) == 0) {
			refuse("cannot change the owner of all files in '%s'", places[i]);
			hint("'U' is for a directory that belongs to the container");
			return -EINVAL;
		}
	return 0;
}

/* A directory of the host, or of ours. */
static int plan_directory(const struct host *host, struct container *container, size_t number,
			  struct mountopt *opt)
{
	struct spec_mount *mount = &opt->mount;

	TRY(check_relabel(opt));
	if (!opt->overlay)
		return 0;
	xreplace(&mount->type, "overlay");
	strvec_push(&mount->lower, mount->source);
	xreplace(&mount->source, NULL);
	mount->recursive = false;
	mount->attr_recursive = 0;
	return make_overlay_dirs(host, container, number, mount);
}

static int plan_bind(const struct host *host, struct container *container, size_t number,
		     struct mountopt *opt)
{
	TRY(check_source(opt));
	TRY(check_chown(opt));
	return plan_directory(host, container, number, opt);
}

static int plan_volume(const struct host *host, struct container *container, size_t number,
		       struct mountopt *opt)
{
	int foreign = volumemount_plan(container, number, opt);

	TRY(foreign);
	if (strcmp(opt->mount.type, "bind") != 0 || container->record.dirfd < 0)
		return 0;
	return foreign ? plan_bind(host, container, number, opt)
		       : plan_directory(host, container, number, opt);
}

static int plan(const struct host *host, const struct request *request, struct container *container,
		size_t number, struct mountopt *opt)
{
	switch (opt->kind) {
	case MOUNTOPT_BIND:
		return plan_bind(host, container, number, opt);
	case MOUNTOPT_ANONYMOUS:
	case MOUNTOPT_VOLUME:
		return plan_volume(host, container, number, opt);
	case MOUNTOPT_IMAGE:
		TRY(imagemount_plan(host, request, container, opt));
		return opt->writable ? make_overlay_dirs(host, container, number, &opt->mount) : 0;
	case MOUNTOPT_FROM:
		TRY(volumemount_adopt(container, opt));
		return check_relabel(opt);
	case MOUNTOPT_TMPFS:
	case MOUNTOPT_DEVPTS:
		return 0;
	}
	return 0;
}

/* What the user put at or above a default mount replaces it. */
static void remove_covered(struct spec *spec, const char *destination)
{
	size_t kept = 0;

	for (size_t i = 0; i < spec->mounts.n; i++)
		if (path_is_within(spec->mounts.v[i].destination, destination))
			spec_mount_release(&spec->mounts.v[i]);
		else
			spec->mounts.v[kept++] = spec->mounts.v[i];
	spec->mounts.n = kept;
}

/* Of the default mounts, those that are the host's own (--ipc host): what it does not have, the
 * container does without. */
static void remove_missing(struct spec *spec)
{
	size_t kept = 0;

	for (size_t i = 0; i < spec->mounts.n; i++)
		if (strcmp(spec->mounts.v[i].type, "bind") == 0 &&
		    fs_exists(AT_FDCWD, spec->mounts.v[i].source) == 0)
			spec_mount_release(&spec->mounts.v[i]);
		else
			spec->mounts.v[kept++] = spec->mounts.v[i];
	spec->mounts.n = kept;
}

static size_t depth(const char *path)
{
	size_t n = 0;

	for (; *path != '\0'; path++)
		n += *path == '/';
	return n;
}

static int compare_depth(const void *left, const void *right)
{
	const struct mountopt *a = left, *b = right;
	size_t depth_a = depth(a->mount.destination), depth_b = depth(b->mount.destination);

	if (depth_a != depth_b)
		return depth_a < depth_b ? -1 : 1;
	return strcmp(a->mount.destination, b->mount.destination);
}

static void note_mount(struct container *container, const struct mountopt *opt)
{
	if (opt->volume != NULL)
		strvec_push(&container->record.mounts, opt->volume);
	else if (opt->kind == MOUNTOPT_BIND || opt->kind == MOUNTOPT_FROM ||
		 opt->kind == MOUNTOPT_ANONYMOUS)
		strvec_push(&container->record.mounts, opt->mount.source != NULL ? opt->mount.source
						       : opt->mount.lower.n != 0
							       ? opt->mount.lower.v[0]
							       : opt->mount.destination);
}

int mounts_make(const struct host *host, const struct request *request, struct container *container)
{
	AUTO(options) options = { 0 };

	remove_missing(&container->spec);
	TRY(parse_all(request, &options));
	TRY(add_volumes_from(host, request, &options));
	TRY(add_read_only_tmpfs(request, &container->spec, &options));
	TRY(add_image_volumes(&container->image.config, &options));
	if (options.n != 0)
		qsort(options.v, options.n, sizeof(*options.v), compare_depth);
	for (size_t i = 0; i < options.n; i++)
		remove_covered(&container->spec, options.v[i].mount.destination);
	for (size_t i = 0; i < options.n; i++) {
		struct mountopt *opt = &options.v[i];

		TRY(plan(host, request, container, i, opt));
		note_mount(container, opt);
		*VEC_PUSH(&container->spec.mounts) = opt->mount;
		opt->mount = (struct spec_mount){ 0 };
	}
	return 0;
}

const struct spec_mount *mounts_find(const struct spec *spec, const char *destination)
{
	for (size_t i = 0; i < spec->mounts.n; i++)
		if (strcmp(spec->mounts.v[i].destination, destination) == 0)
			return &spec->mounts.v[i];
	return NULL;
}
