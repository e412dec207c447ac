/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/passwd.h"
#include "base/path.h"

/* What podman writes for keep-id. */
#define TEMPLATE "$USERNAME:*:$UID:$GID:$NAME:$HOME:/bin/sh"

/* Is it the caller himself who runs, with an id of his own? A name is not resolved yet; what it is
 * looked up in has its line. */
static bool is_caller(const struct spec *spec, uid_t caller)
{
	const struct spec_user *user = &spec->process.user;
	int64_t inside = idmap_to_inside(&spec->idmaps.uid, caller);

	if (spec->ns[NS_USER].mode != NS_NEW || inside <= 0 || caller == 0)
		return false;
	return user->text == NULL ? user->uid == inside
				  : strtoull(user->text, NULL, 10) == (unsigned long long)inside;
}

static void replace(char **text, const char *name, const char *value)
{
	AUTO(buf) out = BUF_INIT;
	const char *at = *text, *found;

	while ((found = strstr(at, name)) != NULL) {
		buf_add(&out, at, (size_t)(found - at));
		buf_add_str(&out, value);
		at = found + strlen(name);
	}
	buf_add_str(&out, at);
	free(*text);
	*text = buf_steal(&out);
}

int entry_make(const struct spec *spec, uid_t caller, char **ret_template)
{
	const char *wanted = spec->process.user.passwd_entry;
	autofree char *template = NULL, *name = NULL;
	int rc;

	*ret_template = NULL;
	if (spec->root.kind == ROOT_DIRECTORY && spec->root.upper == NULL)
		return 0;
	if (wanted == NULL && !is_caller(spec, caller))
		return 0;
	template = xstrdup(wanted != NULL ? wanted : TEMPLATE);
	if (!is_caller(spec, caller)) {
		*ret_template = steal(template);
		return 0;
	}
	rc = passwd_name(caller, &name);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	replace(&template, "$USERNAME", name != NULL ? name : "user");
	replace(&template, "$NAME", name != NULL ? name : "user");
	*ret_template = steal(template);
	return 0;
}

/* The file of the root itself, to append to; made where /etc has none. -ENOENT: not to be touched.
 */
static int open_passwd(int rootfd, struct stat *ret_st)
{
	int flags = O_RDWR | O_APPEND | O_NONBLOCK | O_NOCTTY;
	autoclose int fd = path_try_open_in_root(rootfd, "/etc/passwd", flags);

	if (fd == -ENOENT)
		fd = path_open_in_root(rootfd, "/etc/passwd", flags | O_CREAT, 0644);
	if (fd < 0)
		return -ENOENT;
	if (fstat(fd, ret_st) < 0 || !S_ISREG(ret_st->st_mode) || !path_is_same_mount(fd, rootfd))
		return -ENOENT;
	return steal_fd(&fd);
}

static int append_line(int rootfd, const char *line)
{
	struct stat st;
	autoclose int fd = open_passwd(rootfd, &st);
	AUTO(buf) text = BUF_INIT;
	char last = '\n';

	if (fd == -ENOENT)
		return 0;
	TRY(fd);
	if (st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) < 0)
		return fail("cannot read '/etc/passwd' of the image");
	buf_addf(&text, "%s%s\n", last == '\n' ? "" : "\n", line);
	return fs_write_all(fd, text.data, text.len, "/etc/passwd of the image");
}

int entry_add(int rootfd, const struct spec *spec, const char *template, struct user *user)
{
	const char *home = env_get(&spec->process.env, "HOME");
	autofree char *line = NULL, *uid = NULL, *gid = NULL;

	if (template == NULL || user->name != NULL)
		return 0;
	if (home == NULL)
		home = spec->process.cwd != NULL ? spec->process.cwd : "/";
	if (home[0] != '/' || strpbrk(home, ":\n") != NULL)
		return refuse("'%s' cannot be a home directory in '/etc/passwd'", home);
	line = xstrdup(template);
	uid = xasprintf("%u", user->uid);
	gid = xasprintf("%u", user->gid);
	/* Somebody else than the caller has no other name than his number, as with podman. */
	replace(&line, "$USERNAME", uid);
	replace(&line, "$NAME", "container user");
	replace(&line, "$UID", uid);
	replace(&line, "$GID", gid);
	replace(&line, "$HOME", home);
	if (strchr(line, '\n') != NULL)
		return refuse("an entry of '/etc/passwd' is a single line");
	xreplace(&user->home, home);
	return append_line(rootfd, line);
}
