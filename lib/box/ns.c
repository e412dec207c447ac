/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/ns.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <net/if.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "box/clocks.h"
#include "box/nsfile.h"
#include "box/usher.h"
#include "spec/names.h"

/* From sched.h, which does not go with linux/sched.h. */
int setns(int fd, int nstype);
int unshare(int flags);

int ns_check(const struct spec *spec)
{
	/* In one that exists it would cover what others see there. */
	if (spec->ns[NS_MOUNT].mode == NS_JOIN)
		return refuse("linux.namespaces: a container has a new mount namespace, and not "
			      "that of '%s'",
			      spec->ns[NS_MOUNT].path);
	if (spec->ns[NS_MOUNT].mode != NS_NEW)
		return refuse("linux.namespaces: a container needs a mount namespace of its own");
	if (spec->hostname != NULL && nsfile_is_callers(spec, NS_UTS))
		return refuse("a host name needs a uts namespace: it would rename this host");
	if (spec->domainname != NULL && nsfile_is_callers(spec, NS_UTS))
		return refuse("a domain name needs a uts namespace: it would be this host's");
	if (spec->net_devices.n > 0 && nsfile_is_callers(spec, NS_NET))
		return refuse("linux.netDevices: the container is in the network namespace that "
			      "they are in");
	return 0;
}

bool ns_is_foreign(const struct spec *spec)
{
	if (spec->ns[NS_USER].mode == NS_JOIN)
		return geteuid() == 0;
	return spec->ns[NS_USER].mode == NS_NEW && spec->idmaps.uid.n > 0 &&
	       idmap_to_inside(&spec->idmaps.uid, geteuid()) < 0;
}

/* A pid namespace is joined by the children of who joins it, so the parent has to, and to return.
 */
static int join_pid(const struct spec *spec, int *ret_home)
{
	*ret_home = -1;
	if (spec->ns[NS_PID].mode != NS_JOIN)
		return 0;
	*ret_home = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	if (*ret_home < 0)
		return fail("cannot open '/proc/self/ns/pid'");
	return nsfile_join(spec, NS_PID, false);
}

uint64_t ns_clone_flags(const struct spec *spec, const struct ns_birth *birth)
{
	uint64_t flags = 0;

	for (int kind = 0; kind < NS_MAX; kind++) {
		if (spec->ns[kind].mode != NS_NEW || (kind == NS_CGROUP && birth->late_cgroup_ns) ||
		    (kind == NS_TIME && clocks_are_set(spec)))
			continue;
		flags |= ns_table[kind].clone_flag;
	}
	return flags;
}

int ns_clone_failed(const struct spec *spec)
{
	int err = errno;

	fail_with(err, "cannot make the namespaces of the container");
	if (err == ENOSPC)
		hint("a limit below /proc/sys/user (max_user_namespaces, ...) is reached");
	else if (err == EPERM && spec->ns[NS_USER].mode == NS_NEW)
		hint("user namespaces are forbidden here; 'berth doctor' names the setting");
	return -err;
}

pid_t ns_clone(const struct spec *spec, struct ns_birth *birth)
{
	autoclose int home = -1;
	struct clone_args args = {
		.flags = ns_clone_flags(spec, birth) | CLONE_PIDFD,
		.pidfd = (uintptr_t)&birth->pidfd,
		.exit_signal = SIGCHLD,
	};
	pid_t pid;

	if (usher_is_needed(spec))
		return usher_clone(spec, birth);
	if (birth->cgroup->fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned int)birth->cgroup->fd;
	}
	TRY(join_pid(spec, &home));
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		pid = ns_clone_failed(spec);
	if (pid != 0 && home >= 0 && setns(home, (int)ns_table[NS_PID].clone_flag) < 0)
		return fail("cannot return from the pid namespace '%s'", spec->ns[NS_PID].path);
	return pid;
}

int ns_enter_cgroup(const struct spec *spec)
{
	if (spec->ns[NS_CGROUP].mode == NS_NEW && unshare((int)ns_table[NS_CGROUP].clone_flag) < 0)
		return fail("cannot make the cgroup namespace");
	return 0;
}

int ns_join(const struct spec *spec, unsigned int joined)
{
	for (int kind = 0; kind < NS_MAX; kind++)
		if (spec->ns[kind].mode == NS_JOIN && kind != NS_USER && kind != NS_PID &&
		    (joined >> kind & 1) == 0)
			TRY(nsfile_join(spec, (enum ns_kind)kind, false));
	return 0;
}

/* Of a user namespace that was joined only the kernel knows whether it has a root. */
static int become_its_root(const struct spec *spec)
{
	/* Not where they are fixed, and not where the caller is in it already. */
	(void)!setgroups(0, NULL);
	if ((setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) && errno != EINVAL)
		return fail("cannot become root of the user namespace '%s'",
			    spec->ns[NS_USER].path);
	return 0;
}

int ns_become_root(const struct spec *spec)
{
	if (spec->ns[NS_USER].mode == NS_JOIN)
		return become_its_root(spec);
	/* Who maps only his own id, and not to root, has all capabilities in there nevertheless. */
	if (spec->ns[NS_USER].mode != NS_NEW || idmap_to_outside(&spec->idmaps.uid, 0) < 0 ||
	    idmap_to_outside(&spec->idmaps.gid, 0) < 0)
		return 0;
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return fail("cannot become root of the user namespace");
	return 0;
}

static bool has_range(const struct idmap *map, const struct idmap_range *range)
{
	for (size_t i = 0; i < map->n; i++)
		if (map->v[i].inside == range->inside && map->v[i].outside == range->outside &&
		    map->v[i].count == range->count)
			return true;
	return false;
}

static int check_map(const struct idmap *want, pid_t pid, const char *file, const char *property)
{
	AUTO(idmap) have = { 0 };
	bool same;

	if (want->n == 0)
		return 0;
	TRY(idmap_of_process(pid, file, &have));
	same = have.n == want->n;
	for (size_t i = 0; same && i < want->n; i++)
		same = has_range(&have, &want->v[i]);
	return same ? 0
		    : refuse("linux.%s: the user namespace that is joined has other ones",
			     property);
}

int ns_check_maps(const struct spec *spec, pid_t pid)
{
	if (spec->ns[NS_USER].mode != NS_JOIN)
		return 0;
	TRY(check_map(&spec->idmaps.uid, pid, "uid_map", "uidMappings"));
	return check_map(&spec->idmaps.gid, pid, "gid_map", "gidMappings");
}

int ns_differing(pid_t pid, int pidfd, int *ret_flags)
{
	int flags = 0;

	for (int kind = 0; kind < NS_MAX; kind++) {
		autofree char *path =
			xasprintf("/proc/%d/ns/%s", (int)pid, ns_table[kind].proc_name);
		autofree char *own = xasprintf("/proc/self/ns/%s", ns_table[kind].proc_name);
		struct stat theirs, ours;

		if (stat(own, &ours) < 0) /* this kernel has none of that kind */
			continue;
		if (stat(path, &theirs) < 0 && errno == ENOENT)
			return refuse_with(ESRCH, "the container has ended");
		if (stat(path, &theirs) < 0)
			return fail("cannot look at the %s namespace of process %d",
				    ns_table[kind].type, (int)pid);
		if (ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino)
			flags |= (int)ns_table[kind].clone_flag;
	}
	if (syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0) < 0)
		return refuse_with(ESRCH, "the container has ended");
	*ret_flags = flags;
	return 0;
}

/* The user namespace last: for some that are not its own, which its root may not join. */
static bool join_from_outside(int pidfd, int flags)
{
	int user = flags & (int)ns_table[NS_USER].clone_flag, others = flags & ~user;

	return user != 0 && others != 0 && setns(pidfd, others) == 0 && setns(pidfd, user) == 0;
}

int ns_join_process(int pidfd, int flags)
{
	if (flags == 0 || setns(pidfd, flags) == 0)
		return 0;
	if (errno == EPERM && join_from_outside(pidfd, flags))
		return 0;
	if (errno == ESRCH)
		return refuse_with(ESRCH, "the container has ended");
	fail("cannot join the namespaces of the container");
	if (errno == EPERM)
		hint("it is joined by who started it, or by root");
	return -errno;
}

static int loopback_up(void)
{
	autoclose int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

	if (sock < 0 || ioctl(sock, SIOCSIFFLAGS, &request) < 0)
		return fail("cannot bring the loopback interface up");
	return 0;
}

int ns_setup(const struct spec *spec)
{
	if (spec->hostname != NULL && sethostname(spec->hostname, strlen(spec->hostname)) < 0)
		return fail("cannot set the host name '%s'", spec->hostname);
	if (spec->domainname != NULL &&
	    setdomainname(spec->domainname, strlen(spec->domainname)) < 0)
		return fail("cannot set the domain name '%s'", spec->domainname);
	if (spec->ns[NS_NET].mode == NS_NEW)
		return loopback_up();
	return 0;
}
