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
#include "spec/names.h"

/* From sched.h, which does not go with linux/sched.h. */
int setns(int fd, int nstype);
int unshare(int flags);

int ns_check(const struct spec *spec)
{
	if (spec->ns[NS_MOUNT].mode != NS_NEW)
		return refuse("a container needs a mount namespace of its own");
	if (spec->ns[NS_USER].mode == NS_JOIN)
		return refuse("joining the user namespace '%s' is not supported",
			      spec->ns[NS_USER].path);
	if (spec->ns[NS_TIME].mode == NS_JOIN)
		return refuse("joining the time namespace '%s' is not supported",
			      spec->ns[NS_TIME].path);
	if (spec->hostname != NULL && spec->ns[NS_UTS].mode == NS_HOST)
		return refuse("a host name needs a uts namespace: it would rename this host");
	return 0;
}

bool ns_is_foreign(const struct spec *spec)
{
	return spec->ns[NS_USER].mode == NS_NEW && spec->idmaps.uid.n > 0 &&
	       idmap_to_inside(&spec->idmaps.uid, geteuid()) < 0;
}

static int join_one(enum ns_kind kind, const char *path)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return fail("cannot open the %s namespace '%s'", ns_table[kind].type, path);
	if (setns(fd, (int)ns_table[kind].clone_flag) < 0)
		return fail("cannot join the %s namespace '%s'", ns_table[kind].type, path);
	return 0;
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
	return join_one(NS_PID, spec->ns[NS_PID].path);
}

static uint64_t clone_flags(const struct spec *spec, bool late_cgroup_ns)
{
	uint64_t flags = CLONE_PIDFD;

	for (int kind = 0; kind < NS_MAX; kind++)
		if (spec->ns[kind].mode == NS_NEW && !(kind == NS_CGROUP && late_cgroup_ns))
			flags |= ns_table[kind].clone_flag;
	return flags;
}

static int clone_failed(const struct spec *spec)
{
	int err = errno;

	fail_with(err, "cannot make the namespaces of the container");
	if (err == ENOSPC)
		hint("a limit below /proc/sys/user (max_user_namespaces, ...) is reached");
	else if (err == EPERM && spec->ns[NS_USER].mode == NS_NEW)
		hint("user namespaces are forbidden here; 'berth doctor' names the setting");
	return -err;
}

pid_t ns_clone(const struct spec *spec, int cgroup_fd, bool late_cgroup_ns, int *ret_pidfd)
{
	autoclose int home = -1;
	struct clone_args args = {
		.flags = clone_flags(spec, late_cgroup_ns),
		.pidfd = (uintptr_t)ret_pidfd,
		.exit_signal = SIGCHLD,
	};
	pid_t pid;

	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned int)cgroup_fd;
	}
	TRY(join_pid(spec, &home));
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		pid = clone_failed(spec);
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

int ns_join(const struct spec *spec)
{
	for (int kind = 0; kind < NS_MAX; kind++)
		if (spec->ns[kind].mode == NS_JOIN && kind != NS_PID)
			TRY(join_one((enum ns_kind)kind, spec->ns[kind].path));
	return 0;
}

int ns_become_root(const struct spec *spec)
{
	/* Who maps only his own id, and not to root, has all capabilities in there nevertheless. */
	if (spec->ns[NS_USER].mode != NS_NEW || idmap_to_outside(&spec->idmaps.uid, 0) < 0 ||
	    idmap_to_outside(&spec->idmaps.gid, 0) < 0)
		return 0;
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return fail("cannot become root of the user namespace");
	return 0;
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

int ns_join_process(int pidfd, int flags)
{
	if (flags == 0 || setns(pidfd, flags) == 0)
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
