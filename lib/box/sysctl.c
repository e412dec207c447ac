/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/sysctl.h"

#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/path.h"
#include "box/nsfile.h"
#include "spec/names.h"

/*
 * The sysctls that namespaces have copies of. Everything else is the host's and never written.
 * Exact names, or all below a name that ends in a dot.
 */
static const struct sysctl_info {
	const char *name;
	enum ns_kind ns;
} sysctls[] = {
	{ "fs.mqueue.", NS_IPC },         { "kernel.auto_msgmni", NS_IPC },
	{ "kernel.domainname", NS_UTS },  { "kernel.hostname", NS_UTS },
	{ "kernel.msg_next_id", NS_IPC }, { "kernel.msgmax", NS_IPC },
	{ "kernel.msgmnb", NS_IPC },      { "kernel.msgmni", NS_IPC },
	{ "kernel.sem", NS_IPC },         { "kernel.sem_next_id", NS_IPC },
	{ "kernel.shm_next_id", NS_IPC }, { "kernel.shm_rmid_forced", NS_IPC },
	{ "kernel.shmall", NS_IPC },      { "kernel.shmmax", NS_IPC },
	{ "kernel.shmmni", NS_IPC },      { "net.", NS_NET },
};

static const struct sysctl_info *sysctl_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(sysctls); i++) {
		size_t len = strlen(sysctls[i].name);

		if (sysctls[i].name[len - 1] == '.' ? strncmp(name, sysctls[i].name, len) == 0
						    : strcmp(name, sysctls[i].name) == 0)
			return &sysctls[i];
	}
	return NULL;
}

/*
 * "net.ipv4.ip_forward" or "net/ipv4/ip_forward" -> the path below /proc/sys. As in sysctl(8), the
 * separator that comes first in the name is the one that becomes a slash and the other one is
 * exchanged, so that "net.ipv4.conf.eth0/1.rp_filter" names the interface eth0.1.
 */
static char *sysctl_path(const char *name)
{
	char *path = xasprintf("sys/%s", name);
	const char *first = strpbrk(name, "./");

	if (first == NULL || *first == '/')
		return path;
	for (char *p = path + strlen("sys/"); *p != '\0'; p++) {
		if (*p == '.')
			*p = '/';
		else if (*p == '/')
			*p = '.';
	}
	return path;
}

/* The dotted form, for the table. */
static char *sysctl_dotted(const char *name)
{
	char *dotted = xstrdup(name);
	const char *first = strpbrk(name, "./");

	if (first == NULL || *first == '.')
		return dotted;
	for (char *p = dotted; *p != '\0'; p++) {
		if (*p == '.')
			*p = '/';
		else if (*p == '/')
			*p = '.';
	}
	return dotted;
}

static bool sysctl_name_is_sane(const char *dotted)
{
	return dotted[0] != '.' && strstr(dotted, "..") == NULL && strstr(dotted, "//") == NULL &&
	       strlen(dotted) < 256;
}

static int check(const struct spec *spec, bool outside)
{
	for (size_t i = 0; i < spec->sysctl.n; i++) {
		autofree char *name = sysctl_dotted(spec->sysctl.v[i].key);
		const struct sysctl_info *info = sysctl_find(name);

		if (info == NULL || !sysctl_name_is_sane(name)) {
			refuse("sysctl '%s' does not belong to a namespace: it would change the "
			       "host",
			       name);
			hint("a container has its own net.*, fs.mqueue.*, kernel.msg*, kernel.sem, "
			     "kernel.shm*, kernel.domainname; set others on the host with "
			     "sysctl(8)");
			return -EINVAL;
		}
		if (outside ? nsfile_is_callers(spec, info->ns)
			    : spec->ns[info->ns].mode == NS_HOST) {
			refuse("sysctl '%s' would change the host: the container shares its %s "
			       "namespace",
			       name, ns_table[info->ns].type);
			hint("give the container a %s namespace of its own",
			     ns_table[info->ns].type);
			return -EINVAL;
		}
	}
	return 0;
}

int sysctl_check(const struct spec *spec)
{
	return check(spec, true);
}

int sysctl_apply(const struct spec *spec, int procfd)
{
	TRY(check(spec, false));
	for (size_t i = 0; i < spec->sysctl.n; i++) {
		const struct spec_keyvalue *pair = &spec->sysctl.v[i];
		autofree char *path = sysctl_path(pair->key);
		autoclose int fd = path_open_beneath(procfd, path, O_WRONLY, 0);

		if (fd < 0)
			return fail_in(fd, "linux.sysctl: '%s'", pair->key);
		if (write(fd, pair->value, strlen(pair->value)) < 0)
			return fail("linux.sysctl: cannot set '%s' to '%s'", pair->key,
				    pair->value);
	}
	return 0;
}
