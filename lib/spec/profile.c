/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/profile.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/mount.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/path.h"
#include "spec/names.h"

#define CAP_BIT(cap) (UINT64_C(1) << (cap))

const uint64_t profile_default_caps =
	CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_DAC_OVERRIDE) | CAP_BIT(CAP_FOWNER) | CAP_BIT(CAP_FSETID) |
	CAP_BIT(CAP_KILL) | CAP_BIT(CAP_NET_BIND_SERVICE) | CAP_BIT(CAP_SETFCAP) |
	CAP_BIT(CAP_SETGID) | CAP_BIT(CAP_SETPCAP) | CAP_BIT(CAP_SETUID) | CAP_BIT(CAP_SYS_CHROOT);

/* What docker and podman mask, and more of what tells of the host or of other containers; paths
 * that are not there are passed over. */
const char *const profile_masked_paths[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/interrupts",
	"/proc/kallsyms",
	"/proc/kcore",
	"/proc/keys",
	"/proc/kpagecgroup",
	"/proc/kpagecount",
	"/proc/kpageflags",
	"/proc/latency_stats",
	"/proc/sched_debug",
	"/proc/scsi",
	"/proc/slabinfo",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/proc/vmallocinfo",
	"/sys/dev/block",
	"/sys/devices/virtual/powercap",
	"/sys/firmware",
	"/sys/fs/bpf",
	"/sys/fs/selinux",
	"/sys/kernel/debug",
	"/sys/kernel/security",
	"/sys/kernel/tracing",
	"/sys/kernel/vmcoreinfo",
	NULL,
};

const char *const profile_readonly_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

/* The nodes of /dev, and the pts that are made while the container runs. Nothing else, not even by
 * mknod. */
const struct spec_device_rule profile_device_rules[] = {
	{ true, 'c', 1, 3, "rwm" },    /* null */
	{ true, 'c', 1, 5, "rwm" },    /* zero */
	{ true, 'c', 1, 7, "rwm" },    /* full */
	{ true, 'c', 1, 8, "rwm" },    /* random */
	{ true, 'c', 1, 9, "rwm" },    /* urandom */
	{ true, 'c', 5, 0, "rwm" },    /* tty */
	{ true, 'c', 5, 2, "rwm" },    /* ptmx */
	{ true, 'c', 136, -1, "rwm" }, /* pts */
	{ .type = 0 },
};

/* The default mounts, in the order they are made: a row for each. */
struct default_mount {
	const char *type, *source, *destination;
	uint64_t attr;
	const char *data[5];
};

#define SAFE (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

static const struct default_mount default_mounts[] = {
	{ "proc", "proc", "/proc", SAFE, { NULL } },
	{ "tmpfs",
	  "tmpfs",
	  "/dev",
	  MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME,
	  { "mode=755", "size=65536k", "nr_inodes=1024" } },
	{ "devpts",
	  "devpts",
	  "/dev/pts",
	  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
	  { "newinstance", "ptmxmode=0666", "mode=0620", "max=1024" } },
	{ "tmpfs", "shm", "/dev/shm", SAFE, { "mode=1777" } },
	{ "mqueue", "mqueue", "/dev/mqueue", SAFE, { NULL } },
	{ "sysfs", "sysfs", "/sys", SAFE | MOUNT_ATTR_RDONLY, { NULL } },
	{ "cgroup", "cgroup", "/sys/fs/cgroup", SAFE | MOUNT_ATTR_RDONLY, { NULL } },
};

/* gid 5 is tty in every distribution; a devpts with a gid that has no mapping is refused by the
 * kernel. */
static void add_tty_group(struct spec_mount *mount, const struct spec *spec)
{
	if (spec->ns[NS_USER].mode != NS_NEW || idmap_to_outside(&spec->idmaps.gid, 5) >= 0)
		strvec_push(&mount->data, "gid=5");
}

/* A namespace's own instance can be mounted only by who owns that namespace. Where it is the
 * host's, a bind of what the host has there takes its place. */
static void use_host_instance(struct spec_mount *mount, const struct spec *spec)
{
	bool host_net = spec->ns[NS_NET].mode != NS_NEW && spec->ns[NS_USER].mode == NS_NEW;
	bool host_ipc = spec->ns[NS_IPC].mode != NS_NEW && spec->ns[NS_USER].mode == NS_NEW;
	bool host_pid = spec->ns[NS_PID].mode == NS_HOST && spec->ns[NS_USER].mode == NS_NEW;
	const struct {
		const char *destination;
		bool wanted;
	} rows[] = {
		{ "/sys", host_net },
		{ "/dev/mqueue", host_ipc },
		{ "/dev/shm", spec->ns[NS_IPC].mode == NS_HOST },
		{ "/proc", host_pid },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!rows[i].wanted || strcmp(rows[i].destination, mount->destination) != 0)
			continue;
		xreplace(&mount->type, "bind");
		xreplace(&mount->source, mount->destination);
		strvec_release(&mount->data);
		mount->recursive = true;
		mount->attr_recursive = MOUNT_ATTR_ALL;
		mount->propagation = MS_PRIVATE | MS_REC;
	}
}

static void add_default_mount(struct spec *spec, const struct default_mount *row, uint64_t shm_size)
{
	struct spec_mount *mount = spec_add_mount(spec, row->type, row->source, row->destination);

	mount->attr_set = row->attr;
	if ((row->attr & MOUNT_ATTR__ATIME) != 0)
		mount->attr_clear = MOUNT_ATTR__ATIME;
	for (size_t i = 0; row->data[i] != NULL; i++)
		strvec_push(&mount->data, row->data[i]);
	if (strcmp(row->destination, "/dev/shm") == 0)
		strvec_pushf(&mount->data, "size=%llu", (unsigned long long)shm_size);
	if (strcmp(row->type, "devpts") == 0)
		add_tty_group(mount, spec);
	use_host_instance(mount, spec);
	/* Privileged containers manage the host's devices and cgroups: these two are theirs to
	 * write. */
	if (spec->privileged && strncmp(row->destination, "/sys", 4) == 0) {
		mount->attr_set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
		mount->attr_recursive = 0;
	}
}

static void set_caps(struct spec_caps *caps, uint64_t set)
{
	caps->bounding = caps->permitted = caps->effective = set;
	caps->inheritable = caps->ambient = 0;
}

static void add_device_rules(struct spec *spec)
{
	struct spec_device_rule *rule = VEC_PUSH(&spec->cgroup.resources.devices);

	*rule = (struct spec_device_rule){ spec->privileged, 'a', -1, -1, "rwm" };
	for (const struct spec_device_rule *row = profile_device_rules; row->type != 0; row++)
		if (!spec->privileged)
			*VEC_PUSH(&spec->cgroup.resources.devices) = *row;
}

void profile_mask_cpus(struct spec *spec, const char *cpus)
{
	autofree char *first = path_join(cpus, "cpu0/thermal_throttle");
	autodir DIR *dir = fs_exists(AT_FDCWD, first) > 0 ? opendir(cpus) : NULL;
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (strncmp(entry->d_name, "cpu", 3) == 0 &&
		    isdigit((unsigned char)entry->d_name[3]))
			strvec_pushf(&spec->masked_paths, "%s/%s/thermal_throttle", cpus,
				     entry->d_name);
}

void profile_apply(struct spec *spec, uint64_t shm_size)
{
	for (size_t i = 0; i < ARRAY_SIZE(default_mounts); i++)
		add_default_mount(spec, &default_mounts[i], shm_size);
	set_caps(&spec->process.caps, spec->privileged ? CAP_ALL_MASK : profile_default_caps);
	add_device_rules(spec);
	if (spec->privileged) {
		spec->seccomp.mode = SECCOMP_UNCONFINED;
		return;
	}
	spec->seccomp.mode = SECCOMP_DEFAULT;
	for (const char *const *path = profile_masked_paths; *path != NULL; path++)
		strvec_push(&spec->masked_paths, *path);
	profile_mask_cpus(spec, "/sys/devices/system/cpu");
	for (const char *const *path = profile_readonly_paths; *path != NULL; path++)
		strvec_push(&spec->readonly_paths, *path);
}
