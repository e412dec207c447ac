/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/device.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/err.h"
#include "base/path.h"
#include "container/cdi.h"

#define DEPTH_MAX 8

static bool is_access(const char *text)
{
	return *text != '\0' && strlen(text) <= 3 && strspn(text, "rwm") == strlen(text);
}

static void add_rule(const struct stat *st, const char *access, struct spec *spec)
{
	struct spec_device_rule *rule = VEC_PUSH(&spec->cgroup.resources.devices);

	rule->allow = true;
	rule->type = S_ISBLK(st->st_mode) ? 'b' : 'c';
	rule->major = major(st->st_rdev);
	rule->minor = minor(st->st_rdev);
	/* The node is made within the container's cgroup, whose rules hold from the first process
	 * on. The payload could make the same one again, with CAP_MKNOD. */
	snprintf(rule->access, sizeof(rule->access), "%s%s", access,
		 strchr(access, 'm') != NULL ? "" : "m");
}

static void add_device(const char *source, const char *path, const struct stat *st,
		       struct spec *spec)
{
	struct spec_device *device = VEC_PUSH(&spec->devices);

	device->path = path_clean(path);
	device->source = xstrdup(source);
	device->type = S_ISBLK(st->st_mode) ? 'b' : 'c';
	device->major = major(st->st_rdev);
	device->minor = minor(st->st_rdev);
	device->mode = st->st_mode & 07777;
	device->uid = st->st_uid;
	device->gid = st->st_gid;
}

int device_add_node(const char *source, const char *path, const char *access, struct spec *spec)
{
	struct stat st;

	if (path[0] != '/')
		return refuse("'%s' is not an absolute path", path);
	if (stat(source, &st) < 0)
		return fail("cannot read '%s'", source);
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return refuse("'%s' is not a device", source);
	add_device(source, path, &st, spec);
	add_rule(&st, access, spec);
	return 0;
}

/* Every device below a directory; what is not one is passed over. */
static int add_directory(const char *source, const char *path, const char *access, int depth,
			 struct spec *spec)
{
	autodir DIR *dir = opendir(source);
	const struct dirent *entry;

	if (dir == NULL)
		return fail("cannot read '%s'", source);
	while ((entry = readdir(dir)) != NULL) {
		autofree char *from = path_join(source, entry->d_name);
		autofree char *to = path_join(path, entry->d_name);
		struct stat st;

		if (entry->d_name[0] == '.' || lstat(from, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
			TRY(add_directory(from, to, access, depth + 1, spec));
		else if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
			TRY(device_add_node(from, to, access, spec));
	}
	return 0;
}

static int add_path(const struct strvec *parts, struct spec *spec)
{
	const char *source = parts->v[0], *path = source, *access = "rwm";
	struct stat st;

	if (parts->n > 3)
		return refuse("more than HOST:CONTAINER:ACCESS");
	for (size_t i = 1; i < parts->n; i++)
		if (parts->v[i][0] == '/' && i == 1)
			path = parts->v[i];
		else if (is_access(parts->v[i]) && i == parts->n - 1)
			access = parts->v[i];
		else
			return refuse("'%s' is neither an absolute path nor an access of r, w and "
				      "m",
				      parts->v[i]);
	if (source[0] != '/')
		return refuse("'%s' is not an absolute path", source);
	if (stat(source, &st) < 0)
		return fail("cannot read '%s'", source);
	if (S_ISDIR(st.st_mode))
		return add_directory(source, path, access, 0, spec);
	return device_add_node(source, path, access, spec);
}

int device_add(const char *text, struct spec *spec)
{
	AUTO(strvec) parts = STRVEC_INIT;

	if (text[0] != '/' && cdi_is_name(text))
		return fail_in(cdi_add(text, spec), "--device '%s'", text);
	strvec_split(&parts, text, ':');
	return fail_in(add_path(&parts, spec), "--device '%s'", text);
}
