/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/cgself.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#include "base/bounds.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "box/cgdriver.h"

enum cgroup_version cgself_version(void)
{
	struct statfs fs;

	if (statfs(CGROUP_ROOT, &fs) < 0)
		return CGROUP_V0;
	if (fs.f_type == CGROUP2_SUPER_MAGIC)
		return CGROUP_V2;
	/* A tmpfs with a directory for each hierarchy; the pids controller is in every kernel. */
	if (statfs(CGROUP_ROOT "/pids", &fs) == 0 && fs.f_type == CGROUP_SUPER_MAGIC)
		return CGROUP_V1;
	return CGROUP_V0;
}

bool cgself_hybrid(void)
{
	struct statfs fs;

	return statfs(CGROUP_ROOT "/unified", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* Is `name` in the comma-separated list that ends at end? */
static bool list_has(const char *list, const char *end, const char *name)
{
	size_t len = strlen(name);

	while (list < end) {
		const char *comma = memchr(list, ',', (size_t)(end - list));
		const char *stop = comma != NULL ? comma : end;

		if ((size_t)(stop - list) == len && strncmp(list, name, len) == 0)
			return true;
		list = stop + 1;
	}
	return false;
}

int cgself_path(pid_t pid, const char *controller, char **ret_path)
{
	AUTO(buf) text = BUF_INIT;
	char file[32] = "/proc/self/cgroup";

	if (pid != 0)
		snprintf(file, sizeof(file), "/proc/%d/cgroup", (int)pid);
	TRY(fs_read_file(AT_FDCWD, file, MAX_STATE_FILE, &text));
	/* "0::/path", "4:memory:/path" */
	for (char *line = text.data, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		char *names = strchr(line, ':'), *path;

		*end = '\0';
		path = names != NULL ? strchr(names + 1, ':') : NULL;
		if (path == NULL)
			continue;
		names++;
		if (controller == NULL ? names == path && line[0] == '0' && line[1] == ':'
				       : list_has(names, path, controller)) {
			*ret_path = xstrdup(path + 1);
			return 0;
		}
	}
	return -ENOENT;
}

int cgself_own(char **ret_own)
{
	autofree char *own = NULL;
	char *slash;

	TRY(cgself_path(0, NULL, &own));
	slash = strrchr(own, '/');
	if (slash != NULL && (strcmp(slash, "/" CGROUP_LEAF) == 0 || slash[1] == '\0'))
		*slash = '\0';
	*ret_own = steal(own);
	return 0;
}

bool cgself_is_delegated(int dirfd)
{
	char value[2];

	return (fgetxattr(dirfd, "user.delegate", value, sizeof(value)) == 1 && value[0] == '1') ||
	       (fgetxattr(dirfd, "trusted.delegate", value, sizeof(value)) == 1 && value[0] == '1');
}

int cgself_slice_path(const char *slice, char **ret_path)
{
	static const char suffix[] = ".slice";
	size_t len = strlen(slice), stem = len - strlen(suffix);
	AUTO(buf) path = BUF_INIT;

	if (len <= strlen(suffix) || strcmp(slice + stem, suffix) != 0 ||
	    strchr(slice, '/') != NULL)
		return refuse("'%s' is not the name of a slice", slice);
	if (strcmp(slice, "-.slice") == 0) {
		*ret_path = xstrdup("/");
		return 0;
	}
	if (slice[0] == '-' || slice[stem - 1] == '-' || strstr(slice, "--") != NULL)
		return refuse("'%s' is not the name of a slice", slice);
	/* Every dash is a level. */
	for (size_t i = 1; i <= stem; i++)
		if (slice[i] == '-' || i == stem) {
			buf_add_char(&path, '/');
			buf_add(&path, slice, i);
			buf_add_str(&path, suffix);
		}
	*ret_path = buf_steal(&path);
	return 0;
}
