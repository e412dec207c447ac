/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/err.h"
#include "base/exit.h"
#include "base/fs.h"
#include "base/idmap.h"
#include "base/out.h"
#include "base/passwd.h"
#include "base/units.h"
#include "box/cgroup.h"
#include "box/overlay.h"
#include "image/store.h"
#include "network/network.h"

#define LOW_SPACE (1ULL << 30) /* bytes: an image may not fit */
#define NO_SPACE (16ULL << 20) /* bytes: nothing fits */
#define FEW_INODES 10000

/*
 * A check tries the thing itself where it can. It returns 0 with what it found in `out`, or a
 * negative number with the error and the fix recorded.
 */
struct check {
	const char *name;
	bool needed;   /* no container runs without it */
	bool rootless; /* of interest to ordinary users only */
	int (*run)(const struct host *host, struct buf *out);
};

/* ---- the kernel ---- */

static int check_kernel(const struct host *host, struct buf *out)
{
	static const struct {
		long number;
		const char *name, *since;
	} calls[] = {
		{ SYS_clone3, "clone3", "5.3" },
		{ SYS_pidfd_open, "pidfd_open", "5.3" },
		{ SYS_fsopen, "fsopen", "5.2" },
		{ SYS_move_mount, "move_mount", "5.2" },
		{ SYS_openat2, "openat2", "5.6" },
		{ SYS_close_range, "close_range", "5.9" },
		{ SYS_mount_setattr, "mount_setattr", "5.12" },
	};
	struct utsname name;

	if (uname(&name) < 0)
		return fail("cannot ask for the kernel's version");
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		/* Arguments that are wrong everywhere: only a call that is not there is ENOSYS. */
		if (syscall(calls[i].number, -1L, 0L, -1L, 0L, 0L) >= 0 || errno != ENOSYS)
			continue;
		refuse_with(ENOSYS, "Linux %s has no %s(2)", name.release, calls[i].name);
		hint("run a kernel of version %s or later; in a container, one whose seccomp "
		     "filter allows it",
		     calls[i].since);
		return -ENOSYS;
	}
	buf_addf(out, "Linux %s has openat2, clone3 and the mount calls", name.release);
	return 0;
}

static int check_seccomp(const struct host *host, struct buf *out)
{
	uint32_t errno_action = SECCOMP_RET_ERRNO, notify = SECCOMP_RET_USER_NOTIF;

	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &errno_action) < 0) {
		fail("this kernel has no seccomp filters");
		hint("run a kernel with CONFIG_SECCOMP_FILTER");
		return -ENOSYS;
	}
	buf_addf(out, "filters%s",
		 syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &notify) == 0
			 ? " and notifications"
			 : "");
	return 0;
}

/* ---- user namespaces ---- */

static int do_nothing(void *arg)
{
	return 0;
}

static int check_userns(const struct host *host, struct buf *out)
{
	struct idmaps maps = { 0 };
	int rc;

	TRY(idmap_check_userns());
	idmap_add(&maps.uid, 0, host->uid, 1);
	idmap_add(&maps.gid, 0, host->gid, 1);
	rc = idmap_run(&maps, do_nothing, NULL);
	idmaps_release(&maps);
	TRY(rc);
	buf_add_str(out, "this user can make them");
	return 0;
}

/* The part of the ranges that is missing, as usermod(8) wants it. */
static int check_ranges(const struct host *host, struct idmaps *ranges)
{
	autofree char *name = NULL;
	autofree char *fix = NULL;

	if (passwd_name(host->uid, &name) < 0)
		err_clear();
	TRY(idmap_read_subids("/etc/subuid", name, host->uid, &ranges->uid));
	TRY(idmap_read_subids("/etc/subgid", name, host->uid, &ranges->gid));
	if (ranges->uid.n > 0 && ranges->gid.n > 0)
		return 0;
	refuse_with(ENOENT, "%s gives no ids to the user %s: containers have a single one",
		    ranges->uid.n == 0 ? "/etc/subuid" : "/etc/subgid",
		    name != NULL ? name : "of this id");
	fix = idmap_suggest(name, ranges->uid.n == 0, ranges->gid.n == 0);
	hint("as root: %s", fix);
	return -ENOENT;
}

static uint64_t count_ids(const struct idmap *map)
{
	uint64_t n = 0;

	for (size_t i = 0; i < map->n; i++)
		n += map->v[i].count;
	return n;
}

static int check_subids(const struct host *host, struct buf *out)
{
	AUTO(idmaps) ranges = { 0 };
	AUTO(idmaps) maps = { 0 };
	autofree char *newuidmap = NULL;
	autofree char *newgidmap = NULL;

	TRY(check_ranges(host, &ranges));
	TRY(idmap_check_helper("newuidmap", &newuidmap));
	TRY(idmap_check_helper("newgidmap", &newgidmap));
	TRY(idmap_for_store(host, TIER_RANGE, &maps));
	TRY(idmap_run(&maps, do_nothing, NULL));
	buf_addf(out, "%llu uids and %llu gids, and newuidmap can map them",
		 (unsigned long long)count_ids(&ranges.uid),
		 (unsigned long long)count_ids(&ranges.gid));
	return 0;
}

/* ---- the store ---- */

static int check_store(const struct host *host, struct buf *out)
{
	AUTO(store) store = STORE_INIT;

	TRY(store_open(host, &store));
	buf_addf(out, "'%s' can be written", host->root);
	return 0;
}

struct trial {
	int fd; /* an empty directory of the store */
	const char *path;
};

/* What containers do to an overlay: read what is below, write, and remove what is below. */
static int use_overlay(int mount)
{
	AUTO(buf) text = BUF_INIT;

	TRY(fs_read_file(mount, "below", 16, &text));
	if (strcmp(text.data, "below") != 0)
		return refuse_with(EIO, "the overlay shows something else than its lower layer");
	TRY(fs_replace_file(mount, "above", "above", 5, 0644, false));
	if (unlinkat(mount, "below", 0) < 0)
		return fail("cannot remove a file of a lower layer");
	return 0;
}

static int try_overlay(void *arg)
{
	const struct trial *trial = arg;
	AUTO(strvec) lower = STRVEC_INIT;
	autofree char *upper = xasprintf("%s/upper", trial->path);
	autofree char *work = xasprintf("%s/work", trial->path);
	const struct overlay overlay = { .lower = &lower, .upper = upper, .work = work };
	autoclose int mount = -1;

	strvec_pushf(&lower, "%s/lower", trial->path);
	TRY(fs_mkdirs(trial->fd, "lower", 0755));
	TRY(fs_mkdirs(trial->fd, "upper", 0755));
	TRY(fs_mkdirs(trial->fd, "work", 0755));
	TRY(fs_replace_file(trial->fd, "lower/below", "below", 5, 0644, false));
	mount = overlay_new(&overlay);
	TRY(mount);
	return use_overlay(mount);
}

static int check_overlay(const struct host *host, struct buf *out)
{
	AUTO(store) store = STORE_INIT;
	AUTO(store_tmp) tmp = STORE_TMP_INIT;
	autofree char *path = NULL;
	struct trial trial;
	int rc;

	TRY(store_open(host, &store));
	TRY(store_tmp_make(&store, &tmp));
	path = xasprintf("%s/%s", store.path, tmp.name);
	trial = (struct trial){ .fd = tmp.fd, .path = path };
	rc = idmap_run(&store.maps, try_overlay, &trial);
	if (rc < 0) {
		fail_in(rc, "an overlay on the file system of '%s' does not work", host->root);
		if (err_hint()[0] == '\0')
			hint("%s, or choose a directory on ext4, xfs, btrfs or tmpfs with --root",
			     host->rootless ? "run Linux 5.11 or later"
					    : "as root: modprobe overlay");
		return rc;
	}
	buf_addf(out, "works on '%s'%s", host->root,
		 store.maps.uid.n > 0 ? ", in a user namespace" : "");
	return 0;
}

/* Overlays say with them that a directory hides what is below, in layers and in what containers
 * write; who has one id only keeps owners in them. */
static int check_attributes(const struct host *host, struct buf *out)
{
	AUTO(store) store = STORE_INIT;
	AUTO(store_tmp) tmp = STORE_TMP_INIT;

	TRY(store_open(host, &store));
	TRY(store_tmp_make(&store, &tmp));
	if (fsetxattr(tmp.fd, "user.berth.owner", "0:0", 3, 0) < 0) {
		int rc = fail("the file system of '%s' keeps no extended attributes: directories "
			      "of an image cannot be replaced, nor removed in a container",
			      host->root);

		hint("choose a directory on ext4, xfs or btrfs with --root");
		return rc;
	}
	buf_addf(out, "the file system of '%s' keeps them", host->root);
	return 0;
}

/* The directory itself, or the one above it that is there. */
static int find_statvfs(const char *path, struct statvfs *ret_fs)
{
	autofree char *at = xstrdup(path);

	while (statvfs(at, ret_fs) < 0) {
		char *slash = strrchr(at, '/');

		if (errno != ENOENT || slash == NULL || slash == at)
			return fail("cannot ask for the free space of '%s'", path);
		*slash = '\0';
	}
	return 0;
}

static int check_free(const char *path, uint64_t least, struct buf *out)
{
	AUTO(buf) size = BUF_INIT;
	struct statvfs fs;
	uint64_t bytes;

	TRY(find_statvfs(path, &fs));
	/* As ramfs says: it has no limit. */
	if (fs.f_blocks == 0) {
		buf_addf(out, "no limit in '%s'", path);
		return 0;
	}
	bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	units_print_size(&size, bytes);
	if (bytes < least || (fs.f_files > 0 && fs.f_favail < FEW_INODES)) {
		refuse_with(ENOSPC, "only %s and %llu inodes are free in '%s'", size.data,
			    (unsigned long long)fs.f_favail, path);
		hint("make room there, or choose another directory with --%s",
		     least == NO_SPACE ? "runroot" : "root");
		return -ENOSPC;
	}
	buf_addf(out, "%s free in '%s'", size.data, path);
	return 0;
}

static int check_space(const struct host *host, struct buf *out)
{
	return check_free(host->root, LOW_SPACE, out);
}

static int check_runroot(const struct host *host, struct buf *out)
{
	autoclose int fd = fs_mkdirs_open(AT_FDCWD, host->runroot, 0700);

	TRY(fd);
	if (faccessat(fd, ".", R_OK | W_OK | X_OK, AT_EACCESS) < 0) {
		fail("cannot write to '%s'", host->runroot);
		hint("set XDG_RUNTIME_DIR to a directory of this user, or give one with "
		     "--runroot");
		return -EACCES;
	}
	return check_free(host->runroot, NO_SPACE, out);
}

/* ---- cgroups and network ---- */

static int check_cgroup(const struct host *host, struct buf *out)
{
	AUTO(buf) version = BUF_INIT, driver = BUF_INIT, controllers = BUF_INIT;

	TRY(cgroup_describe(host->rootless, &version, &driver, &controllers));
	if (strcmp(driver.data, "none") == 0 || controllers.len == 0) {
		refuse_with(EPERM,
			    "cgroups (%s) are not delegated to this caller: --memory, "
			    "--cpus, --pids-limit and the like cannot be applied",
			    version.data);
		if (!host->rootless)
			hint("mount a cgroup file system at /sys/fs/cgroup");
		else if (strcmp(version.data, "v2") == 0)
			hint("log in through systemd, or as root: loginctl enable-linger, and "
			     "Delegate=yes for user@.service");
		else
			hint("boot with systemd.unified_cgroup_hierarchy=1 and log in through "
			     "systemd");
		return -EPERM;
	}
	buf_addf(out, "%s through %s: %s", version.data, driver.data, controllers.data);
	return 0;
}

static int check_network(const struct host *host, struct buf *out)
{
	AUTO(network) network = NETWORK_INIT;

	TRY(network_parse(host, NULL, &network));
	TRY(network_check(host, &network));
	if (network.kind == NETWORK_PASTA)
		buf_addf(out, "%s and /dev/net/tun are there", network.file);
	else
		buf_addf(out, "%s is the default", network_name(network.kind));
	return 0;
}

static const struct check checks[] = {
	{ "kernel", true, false, check_kernel },
	{ "seccomp", true, false, check_seccomp },
	{ "user namespaces", true, true, check_userns },
	{ "subordinate ids", false, true, check_subids },
	{ "store", true, false, check_store },
	{ "runroot", true, false, check_runroot },
	{ "overlay", true, false, check_overlay },
	{ "attributes", false, false, check_attributes },
	{ "space", false, false, check_space },
	{ "cgroups", false, false, check_cgroup },
	{ "network", false, false, check_network },
};

/* Returns 1 where it is good, 0 where it is not. */
static int run_check(const struct check *check, const struct host *host)
{
	AUTO(buf) found = BUF_INIT;

	err_clear();
	if (check->run(host, &found) >= 0) {
		TRY(out_line("OK   %s: %s", check->name, found.data));
		return 1;
	}
	if (err_hint()[0] != '\0')
		TRY(out_line("FIX  %s: %s; %s", check->name, err_text(), err_hint()));
	else
		TRY(out_line("FIX  %s: %s", check->name, err_text()));
	err_clear();
	return 0;
}

static int run(const struct host *host, void *request, const struct strvec *operands)
{
	bool works = true;

	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		int good;

		if (checks[i].rootless && !host->rootless)
			continue;
		good = run_check(&checks[i], host);
		TRY(good);
		if (good == 0 && checks[i].needed)
			works = false;
	}
	return works ? EXIT_OK : EXIT_BERTH;
}

const struct command command_doctor = {
	.name = "doctor",
	.synopsis = "",
	.summary = "Check whether containers can run here, and say what to type where they cannot",
	.run = run,
};
