/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/passwd.h"
#include "base/path.h"

#define INITIAL_USER_NS 0xEFFFFFFDU /* PROC_USER_INIT_INO of the kernel */

/* CAP_SYS_ADMIN, and that in the initial user namespace: only this is "root". */
static bool is_admin(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	struct stat st;

	if (syscall(SYS_capget, &header, data) < 0 ||
	    (data[0].effective & (1U << CAP_SYS_ADMIN)) == 0)
		return false;
	return stat("/proc/self/ns/user", &st) == 0 && st.st_ino == INITIAL_USER_NS;
}

static const char *absolute_env(const char *name)
{
	const char *value = getenv(name);

	/* The XDG base directory specification: relative ones are to be ignored. */
	return value != NULL && value[0] == '/' ? value : NULL;
}

static int make_absolute(const char *path, const char *what, char **ret_path)
{
	if (path[0] == '\0')
		return refuse("%s is empty", what);
	return fail_in(path_absolute(path, ret_path), "%s", what);
}

static int find_root(struct host *host, const char *given)
{
	const char *data;

	if (given != NULL)
		return make_absolute(given, "--root", &host->root);
	if (!host->rootless) {
		host->root = xstrdup("/var/lib/berth");
		return 0;
	}
	data = absolute_env("XDG_DATA_HOME");
	if (data != NULL) {
		host->root = path_join(data, "berth");
		return 0;
	}
	if (host->home == NULL) {
		refuse("cannot tell where to keep images: the user %u has no home directory",
		       host->uid);
		hint("set HOME, or give a directory with --root");
		return -EINVAL;
	}
	host->root = path_join(host->home, ".local/share/berth");
	return 0;
}

static int find_runroot(struct host *host, const char *given)
{
	const char *run = absolute_env("XDG_RUNTIME_DIR");
	struct stat st;

	if (given != NULL)
		return make_absolute(given, "--runroot", &host->runroot);
	if (!host->rootless)
		host->runroot = xstrdup("/run/berth");
	else if (run != NULL && stat(run, &st) == 0 && st.st_uid == host->uid)
		/* After su(1) it may still be that of another user. */
		host->runroot = path_join(run, "berth");
	else
		host->runroot = path_join(host->root, "run");
	return 0;
}

static char *find_home(uid_t uid)
{
	const char *home = absolute_env("HOME");
	char *found = NULL;

	if (home != NULL)
		return xstrdup(home);
	/* Nobody has to have an entry. */
	if (passwd_home(uid, &found) < 0)
		err_clear();
	return found;
}

int host_init(struct host *host, const char *root, const char *runroot)
{
	int rc;

	*host = (struct host){ .uid = geteuid(), .gid = getegid() };
	host->rootless = host->uid != 0 || !is_admin();
	host->home = find_home(host->uid);
	rc = find_root(host, root);
	if (rc >= 0)
		rc = find_runroot(host, runroot);
	if (rc < 0)
		host_release(host);
	return rc;
}

void host_release(struct host *host)
{
	free(host->root);
	free(host->runroot);
	free(host->home);
	*host = (struct host){ 0 };
}

char *host_config_path(const struct host *host, const char *path)
{
	const char *config = absolute_env("XDG_CONFIG_HOME");

	if (config != NULL)
		return path_join(config, path);
	return host->home != NULL ? xasprintf("%s/.config/%s", host->home, path) : NULL;
}
