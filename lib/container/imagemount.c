/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/imagemount.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"

enum found {
	FOUND_NOTHING, /* the layer says nothing about it */
	FOUND_PART,    /* a directory that is merged with those below */
	FOUND_ALL,     /* an opaque directory, or one below an opaque one */
	FOUND_HIDDEN,  /* removed, or not a directory */
};

static bool is_opaque(int fd)
{
	static const char *const names[] = { "trusted.overlay.opaque", "user.overlay.opaque" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char value;

		if (fgetxattr(fd, names[i], &value, 1) == 1 && value == 'y')
			return true;
	}
	return false;
}

/* Walk one layer, component by component; no symbolic link is followed. */
static int look(const char *layer, const struct strvec *components, enum found *ret_found)
{
	autoclose int fd = fs_open(AT_FDCWD, layer, O_RDONLY | O_DIRECTORY, 0);
	bool opaque = false;

	TRY(fd);
	for (size_t i = 0; i < components->n; i++) {
		int next;

		if (*components->v[i] == '\0')
			continue;
		next = openat(fd, components->v[i],
			      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
			return fail("cannot open '%s' of the image", components->v[i]);
		if (next < 0) {
			*ret_found = errno != ENOENT || opaque ? FOUND_HIDDEN : FOUND_NOTHING;
			return 0;
		}
		close(fd);
		fd = next;
		opaque |= is_opaque(fd);
	}
	*ret_found = opaque ? FOUND_ALL : FOUND_PART;
	return 0;
}

int imagemount_subpath(const struct strvec *layers, const char *path, struct strvec *ret_lower)
{
	AUTO(strvec) components = STRVEC_INIT;
	enum found found = FOUND_NOTHING;

	strvec_split(&components, path, '/');
	for (size_t i = 0; i < layers->n && found != FOUND_ALL && found != FOUND_HIDDEN; i++) {
		TRY(look(layers->v[i], &components, &found));
		if (found == FOUND_PART || found == FOUND_ALL)
			strvec_pushf(ret_lower, "%s%s", layers->v[i], path);
	}
	if (ret_lower->n == 0)
		return refuse("the image has no directory '%s'", path);
	return 0;
}

int imagemount_plan(const struct host *host, const struct request *request,
		    struct container *container, struct mountopt *opt)
{
	struct image *image = VEC_PUSH(&container->images);
	struct platform platform = { 0 };
	int rc;

	*image = (struct image)IMAGE_INIT;
	TRY(container_open_store(host, container));
	TRY(platform_parse(request->platform, &platform));
	rc = make_open_image(request, container, opt->mount.source, &platform, image);
	platform_release(&platform);
	TRY(fail_in(rc, "--mount type=image"));
	xreplace(&opt->mount.source, NULL);
	/* The owners of root's layers are those of the host. */
	opt->mount.idmap = container->userns.new && !host->rootless;
	if (opt->subpath != NULL && strcmp(opt->subpath, "/") != 0)
		return fail_in(imagemount_subpath(&image->layers, opt->subpath, &opt->mount.lower),
			       "--mount type=image,src=%s", image->name);
	strvec_push_all(&opt->mount.lower, &image->layers);
	return 0;
}
