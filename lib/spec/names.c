/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/names.h"

#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/mount.h>

#include "base/err.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80 /* linux/sched.h, which does not go with sched.h */
#endif

/* linux/capability.h: the index is the capability's number. */
static const char *const cap_names[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};

_Static_assert(ARRAY_SIZE(cap_names) == CAP_COUNT, "one name for each capability");

int cap_number(const char *name, int *ret_cap)
{
	const char *bare = strncasecmp(name, "CAP_", 4) == 0 ? name + 4 : name;

	for (size_t i = 0; i < ARRAY_SIZE(cap_names); i++)
		if (strcasecmp(bare, cap_names[i] + 4) == 0) {
			*ret_cap = (int)i;
			return 0;
		}
	return refuse("'%s' is not a capability", name);
}

const char *cap_name(int cap)
{
	return cap >= 0 && (size_t)cap < ARRAY_SIZE(cap_names) ? cap_names[cap] : NULL;
}

static const struct {
	const char *name;
	int resource;
} rlimit_names[] = {
	{ "RLIMIT_AS", RLIMIT_AS },
	{ "RLIMIT_CORE", RLIMIT_CORE },
	{ "RLIMIT_CPU", RLIMIT_CPU },
	{ "RLIMIT_DATA", RLIMIT_DATA },
	{ "RLIMIT_FSIZE", RLIMIT_FSIZE },
	{ "RLIMIT_LOCKS", RLIMIT_LOCKS },
	{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
	{ "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
	{ "RLIMIT_NICE", RLIMIT_NICE },
	{ "RLIMIT_NOFILE", RLIMIT_NOFILE },
	{ "RLIMIT_NPROC", RLIMIT_NPROC },
	{ "RLIMIT_RSS", RLIMIT_RSS },
	{ "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
	{ "RLIMIT_RTTIME", RLIMIT_RTTIME },
	{ "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
	{ "RLIMIT_STACK", RLIMIT_STACK },
};

int rlimit_number(const char *name, int *ret_resource)
{
	const char *bare = strncasecmp(name, "RLIMIT_", 7) == 0 ? name + 7 : name;

	for (size_t i = 0; i < ARRAY_SIZE(rlimit_names); i++)
		if (strcasecmp(bare, rlimit_names[i].name + 7) == 0) {
			*ret_resource = rlimit_names[i].resource;
			return 0;
		}
	return refuse("'%s' is not a resource limit", name);
}

const char *rlimit_name(int resource)
{
	for (size_t i = 0; i < ARRAY_SIZE(rlimit_names); i++)
		if (rlimit_names[i].resource == resource)
			return rlimit_names[i].name;
	return NULL;
}

const struct ns_info ns_table[NS_MAX] = {
	[NS_USER] = { "user", "user", CLONE_NEWUSER },
	[NS_MOUNT] = { "mount", "mnt", CLONE_NEWNS },
	[NS_PID] = { "pid", "pid", CLONE_NEWPID },
	[NS_IPC] = { "ipc", "ipc", CLONE_NEWIPC },
	[NS_UTS] = { "uts", "uts", CLONE_NEWUTS },
	[NS_NET] = { "network", "net", CLONE_NEWNET },
	[NS_CGROUP] = { "cgroup", "cgroup", CLONE_NEWCGROUP },
	[NS_TIME] = { "time", "time", CLONE_NEWTIME },
};

/*
 * The options of the runtime-spec, config.md "Linux mount options". The access-time values are one
 * field of several bits (MOUNT_ATTR__ATIME): to set one is to clear the others.
 */
struct mount_option {
	const char *name;
	uint64_t set, clear;
	unsigned long propagation;
	bool recursive_attr; /* the r-form: the mounts below as well */
	bool bind;           /* recursive bind */
	bool *(*flag)(struct spec_mount *mount);
};

#define ATTR(name, bit) \
	{ name, .set = (bit), .clear = 0 }, \
	{ \
		"r" name, .set = (bit), .recursive_attr = true \
	}
#define NO_ATTR(name, bit) \
	{ name, .clear = (bit) }, \
	{ \
		"r" name, .clear = (bit), .recursive_attr = true \
	}
#define ATIME(name, bit) \
	{ name, .set = (bit), .clear = MOUNT_ATTR__ATIME }, \
	{ \
		"r" name, .set = (bit), .clear = MOUNT_ATTR__ATIME, .recursive_attr = true \
	}

static bool *copyup_flag(struct spec_mount *mount)
{
	return &mount->tmpcopyup;
}

static bool *idmap_flag(struct spec_mount *mount)
{
	return &mount->idmap;
}

static const struct mount_option mount_options[] = {
	ATTR("ro", MOUNT_ATTR_RDONLY),
	NO_ATTR("rw", MOUNT_ATTR_RDONLY),
	ATTR("nosuid", MOUNT_ATTR_NOSUID),
	NO_ATTR("suid", MOUNT_ATTR_NOSUID),
	ATTR("nodev", MOUNT_ATTR_NODEV),
	NO_ATTR("dev", MOUNT_ATTR_NODEV),
	ATTR("noexec", MOUNT_ATTR_NOEXEC),
	NO_ATTR("exec", MOUNT_ATTR_NOEXEC),
	ATTR("nodiratime", MOUNT_ATTR_NODIRATIME),
	NO_ATTR("diratime", MOUNT_ATTR_NODIRATIME),
	ATTR("nosymfollow", MOUNT_ATTR_NOSYMFOLLOW),
	NO_ATTR("symfollow", MOUNT_ATTR_NOSYMFOLLOW),
	ATIME("relatime", MOUNT_ATTR_RELATIME),
	ATIME("noatime", MOUNT_ATTR_NOATIME),
	ATIME("strictatime", MOUNT_ATTR_STRICTATIME),
	ATIME("atime", MOUNT_ATTR_RELATIME),
	ATIME("norelatime", MOUNT_ATTR_STRICTATIME),
	ATIME("nostrictatime", MOUNT_ATTR_RELATIME),
	{ "private", .propagation = MS_PRIVATE },
	{ "rprivate", .propagation = MS_PRIVATE | MS_REC },
	{ "slave", .propagation = MS_SLAVE },
	{ "rslave", .propagation = MS_SLAVE | MS_REC },
	{ "shared", .propagation = MS_SHARED },
	{ "rshared", .propagation = MS_SHARED | MS_REC },
	{ "unbindable", .propagation = MS_UNBINDABLE },
	{ "runbindable", .propagation = MS_UNBINDABLE | MS_REC },
	{ "bind" },
	{ "rbind", .bind = true },
	{ "defaults" },
	{ "tmpcopyup", .flag = copyup_flag },
	{ "idmap", .flag = idmap_flag },
};

/*
 * Those of the specification that are no business of a mount. Messages of the kernel come with the
 * error, so that there is nothing to keep silent; and whether it counts changes of inodes is the
 * file system's own decision since Linux 6.6.
 */
static const struct {
	const char *name;
	enum mount_word word;
} mount_words[] = {
	{ "sync", MOUNT_WORD_FS },
	{ "async", MOUNT_WORD_FS },
	{ "dirsync", MOUNT_WORD_FS },
	{ "lazytime", MOUNT_WORD_FS },
	{ "nolazytime", MOUNT_WORD_FS },
	{ "mand", MOUNT_WORD_FS },
	{ "nomand", MOUNT_WORD_FS },
	{ "silent", MOUNT_WORD_NOTHING },
	{ "loud", MOUNT_WORD_NOTHING },
	{ "iversion", MOUNT_WORD_NOTHING },
	{ "noiversion", MOUNT_WORD_NOTHING },
	{ "remount", MOUNT_WORD_REMOUNT },
	{ "ridmap", MOUNT_WORD_OTHER },
};

enum mount_word mount_word(const char *option)
{
	for (size_t i = 0; i < ARRAY_SIZE(mount_words); i++)
		if (strcmp(option, mount_words[i].name) == 0)
			return mount_words[i].word;
	return MOUNT_WORD_OTHER;
}

const char *mount_option_name(size_t i)
{
	if (i < ARRAY_SIZE(mount_options))
		return mount_options[i].name;
	i -= ARRAY_SIZE(mount_options);
	return i < ARRAY_SIZE(mount_words) ? mount_words[i].name : NULL;
}

bool mount_option_apply(struct spec_mount *mount, const char *option)
{
	for (size_t i = 0; i < ARRAY_SIZE(mount_options); i++) {
		const struct mount_option *row = &mount_options[i];

		if (strcmp(option, row->name) != 0)
			continue;
		mount->attr_set = (mount->attr_set & ~row->clear) | row->set;
		mount->attr_clear = (mount->attr_clear & ~row->set) | row->clear;
		if (row->recursive_attr)
			mount->attr_recursive |= row->set | row->clear;
		mount->recursive |= row->bind;
		if (row->propagation != 0)
			mount->propagation = row->propagation;
		if (row->flag != NULL)
			*row->flag(mount) = true;
		return true;
	}
	return false;
}

/* Do the mounts below get what this row says? */
static bool holds_below(const struct mount_option *row, const struct spec_mount *mount)
{
	return row->recursive_attr == ((mount->attr_recursive & (row->set | row->clear)) != 0);
}

/* Does the mount have what this row says? Rows that only clear are the default and not worth a
 * word, but for atime. */
static bool row_holds(const struct mount_option *row, const struct spec_mount *mount)
{
	uint64_t atime = mount->attr_set & MOUNT_ATTR__ATIME;

	if (row->propagation != 0)
		return mount->propagation == row->propagation;
	if (row->clear == MOUNT_ATTR__ATIME)
		return holds_below(row, mount) && row->set == atime &&
		       (mount->attr_clear & MOUNT_ATTR__ATIME) != 0 && row->name[0] != 'a';
	if (row->set == 0)
		return false;
	return holds_below(row, mount) && (mount->attr_set & row->set) == row->set;
}

void mount_options_list(const struct spec_mount *mount, struct strvec *out)
{
	bool bind = strcmp(mount->type, "bind") == 0;
	uint64_t said_atime = 0;

	if (bind)
		strvec_push(out, mount->recursive ? "rbind" : "bind");
	for (size_t i = 0; i < ARRAY_SIZE(mount_options); i++) {
		const struct mount_option *row = &mount_options[i];

		if (!row_holds(row, mount) || (row->clear != 0 && said_atime != 0))
			continue;
		said_atime |= row->clear;
		strvec_push(out, row->name);
	}
	if (mount->tmpcopyup)
		strvec_push(out, "tmpcopyup");
	if (mount->idmap)
		strvec_push(out, "idmap");
	strvec_push_all(out, &mount->data);
}
