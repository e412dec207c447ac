/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The floor: the system calls of the start of a default container, and nothing else. No argument is
 * checked, no file parsed, no decision taken; the time of `berth run` divided by the time of this
 * program says how near it is to what the kernel allows on the machine at hand.
 *
 *	floor [-n] [-u] [-c CGROUP] ROOT STATE COMMAND [ARG...]
 *
 * ROOT is the lower directory, STATE an empty one that upper and work are made in, COMMAND is
 * executed in the container. -n: with a network namespace (loopback up); -u: with a user namespace
 * that maps one id; -c: in a new cgroup below this directory of a v2 hierarchy.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sched.h>

#include "floor_filter.h"

/* docker's default set of capabilities. */
#define CAPS 0xa80425fbULL

struct floor {
	bool network, user;
	const char *cgroup, *lower, *state;
	char **argv;
	char **envp;
	int sync[2];
};

static void check(long rc, const char *what)
{
	if (rc < 0) {
		dprintf(2, "floor: %s: %s\n", what, strerror(errno));
		_exit(125);
	}
}

#define CALL(expr) \
	({ \
		long rc_ = (long)(expr); \
		check(rc_, #expr); \
		(int)rc_; \
	})

static int new_mount(const char *type, const char *const *options, unsigned int attr)
{
	int fs = CALL(syscall(SYS_fsopen, type, FSOPEN_CLOEXEC)), mount;

	for (; options != NULL && options[0] != NULL; options += 2)
		CALL(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, options[0], options[1], 0));
	CALL(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	mount = CALL(syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attr));
	close(fs);
	return mount;
}

static void attach(int mount, int dir, const char *path)
{
	CALL(syscall(SYS_move_mount, mount, "", dir, path, MOVE_MOUNT_F_EMPTY_PATH));
}

static int clone_mount(int dir, const char *path)
{
	return CALL(syscall(SYS_open_tree, dir, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
}

static void bind_mount(int from, const char *source, int to, const char *target)
{
	int tree = clone_mount(from, source);

	attach(tree, to, target);
	close(tree);
}

static int overlay(const struct floor *f)
{
	int fs = CALL(syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC)), mount;
	char upper[512], work[512];

	snprintf(upper, sizeof(upper), "%s/upper", f->state);
	snprintf(work, sizeof(work), "%s/work", f->state);
	CALL(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "lowerdir", f->lower, 0));
	CALL(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "upperdir", upper, 0));
	CALL(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "workdir", work, 0));
	if (f->user)
		CALL(syscall(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, "userxattr", NULL, 0));
	CALL(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	mount = CALL(syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0));
	close(fs);
	return mount;
}

static void make_dev(const struct floor *f, int root)
{
	static const char *const dev_options[] = { "mode", "755", "size", "64k", NULL };
	static const char *const pts_options[] = { "mode", "620", "ptmxmode", "666", NULL };
	static const char *const shm_options[] = { "mode", "1777", "size", "64m", NULL };
	static const struct {
		const char *name;
		unsigned int major, minor;
	} nodes[] = {
		{ "null", 1, 3 },   { "zero", 1, 5 },    { "full", 1, 7 },
		{ "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 },
	};
	static const char *const links[] = {
		"fd",     "/proc/self/fd",   "stdin",  "/proc/self/fd/0",
		"stdout", "/proc/self/fd/1", "stderr", "/proc/self/fd/2",
		"ptmx",   "pts/ptmx",
	};
	unsigned int attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
	int dev = new_mount("tmpfs", dev_options, attr), sub;
	char host[32];

	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		dev_t number = makedev(nodes[i].major, nodes[i].minor);

		if (!f->user) {
			CALL(mknodat(dev, nodes[i].name, S_IFCHR | 0666, number));
			continue;
		}
		CALL(mknodat(dev, nodes[i].name, S_IFREG | 0644, 0));
	}
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i += 2)
		CALL(symlinkat(links[i + 1], dev, links[i]));
	CALL(mkdirat(dev, "pts", 0755));
	CALL(mkdirat(dev, "shm", 0755));
	CALL(mkdirat(dev, "mqueue", 0755));
	attach(dev, root, "dev");
	for (size_t i = 0; f->user && i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		snprintf(host, sizeof(host), "/dev/%s", nodes[i].name);
		bind_mount(AT_FDCWD, host, dev, nodes[i].name);
	}
	attach(sub = new_mount("devpts", pts_options, attr), dev, "pts");
	close(sub);
	attach(sub = new_mount("tmpfs", shm_options, attr | MOUNT_ATTR_NODEV), dev, "shm");
	close(sub);
	attach(sub = new_mount("mqueue", NULL, attr | MOUNT_ATTR_NODEV), dev, "mqueue");
	close(sub);
	close(dev);
}

static void hide(int root)
{
	static const char *const empty_options[] = { "size", "4k", "mode", "555", NULL };
	static const char *const files[] = { "proc/kcore", "proc/keys", "proc/timer_list" };
	static const char *const dirs[] = { "proc/scsi", "sys/firmware" };
	static const char *const read_only[] = { "proc/bus", "proc/fs", "proc/irq", "proc/sys",
						 "proc/sysrq-trigger" };
	struct mount_attr ro = { .attr_set = MOUNT_ATTR_RDONLY };
	int empty;

	for (size_t i = 0; i < sizeof(read_only) / sizeof(read_only[0]); i++) {
		int tree;

		if (faccessat(root, read_only[i], F_OK, 0) < 0)
			continue;
		tree = clone_mount(root, read_only[i]);
		CALL(syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &ro, sizeof(ro)));
		attach(tree, root, read_only[i]);
		close(tree);
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (faccessat(root, files[i], F_OK, 0) == 0)
			bind_mount(AT_FDCWD, "/dev/null", root, files[i]);
	empty = new_mount("tmpfs", empty_options, MOUNT_ATTR_RDONLY);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (faccessat(root, dirs[i], F_OK, 0) == 0) {
			int tree = i == 0 ? empty
					  : CALL(syscall(SYS_open_tree, empty, "",
							 AT_EMPTY_PATH | OPEN_TREE_CLONE |
								 OPEN_TREE_CLOEXEC));
			attach(tree, root, dirs[i]);
		}
	close(empty);
}

/* resolv.conf, hosts and hostname: a bind each, from the directory below the new root's mount. */
static void provide_files(int root)
{
	static const char *const names[] = { "etc/resolv.conf", "etc/hosts", "etc/hostname" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int fd = openat(root, names[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

		if (fd < 0)
			continue;
		close(fd);
		bind_mount(AT_FDCWD, names[i] + 4, root, names[i]);
	}
}

static void loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = CALL(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	CALL(ioctl(fd, SIOCSIFFLAGS, &request));
	close(fd);
}

static void confine(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = (uint32_t)CAPS, .permitted = (uint32_t)CAPS, .inheritable = 0 },
	};
	struct sock_fprog program = { .len = sizeof(floor_filter) / sizeof(floor_filter[0]),
				      .filter = (struct sock_filter *)(uintptr_t)floor_filter };

	for (int cap = 0; cap <= 40; cap++)
		if ((CAPS >> cap & 1) == 0)
			CALL(prctl(PR_CAPBSET_DROP, cap, 0, 0, 0));
	CALL(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program));
	CALL(syscall(SYS_capset, &header, data));
}

static void become_root_of_namespace(const struct floor *f)
{
	char byte;

	CALL(read(f->sync[0], &byte, 1));
	CALL(setresgid(0, 0, 0));
	CALL(setresuid(0, 0, 0));
}

static void child(const struct floor *f)
{
	struct mount_attr private = { .propagation = MS_PRIVATE };
	unsigned int attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	int root, sub;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (f->user)
		become_root_of_namespace(f);
	CALL(syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &private, sizeof(private)));
	root = overlay(f);
	CALL(syscall(SYS_move_mount, root, "", AT_FDCWD, f->state, MOVE_MOUNT_F_EMPTY_PATH));
	attach(sub = new_mount("proc", NULL, attr), root, "proc");
	close(sub);
	make_dev(f, root);
	if (f->network) {
		attach(sub = new_mount("sysfs", NULL, attr | MOUNT_ATTR_RDONLY), root, "sys");
		close(sub);
		loopback_up();
	}
	if (f->cgroup != NULL) {
		sub = new_mount("cgroup2", NULL, attr | MOUNT_ATTR_RDONLY);
		attach(sub, root, f->network ? "sys/fs/cgroup" : "sys");
		close(sub);
	}
	hide(root);
	provide_files(root);
	CALL(sethostname("floor", 5));
	CALL(fchdir(root));
	CALL(syscall(SYS_pivot_root, ".", "."));
	CALL(umount2(".", MNT_DETACH));
	confine();
	CALL(syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC));
	execve(f->argv[0], f->argv, f->envp);
	check(-1, f->argv[0]);
}

static void write_file(const char *path, const char *text)
{
	int fd = CALL(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));

	CALL(write(fd, text, strlen(text)));
	close(fd);
}

static void write_maps(const struct floor *f, pid_t pid)
{
	char path[64], map[64];

	snprintf(path, sizeof(path), "/proc/%d/setgroups", pid);
	write_file(path, "deny");
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	snprintf(map, sizeof(map), "0 %u 1", getuid());
	write_file(path, map);
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	snprintf(map, sizeof(map), "0 %u 1", getgid());
	write_file(path, map);
	CALL(write(f->sync[1], "x", 1));
}

static void make_state(const struct floor *f)
{
	CALL(chdir(f->state));
	CALL(mkdir("upper", 0755));
	CALL(mkdir("work", 0755));
	write_file("resolv.conf", "nameserver 127.0.0.1\n");
	write_file("hosts", "127.0.0.1 localhost\n");
	write_file("hostname", "floor\n");
}

static void remove_state(const struct floor *f, const char *cgroup)
{
	CALL(rmdir("work/work"));
	CALL(rmdir("work"));
	for (const char *const *name =
		     (const char *const[]){ "resolv.conf", "hosts", "hostname", NULL };
	     *name != NULL; name++)
		CALL(unlink(*name));
	/* The mount points of files that the image lacks are in there. */
	if (rmdir("upper") < 0) {
		unlink("upper/etc/resolv.conf");
		unlink("upper/etc/hosts");
		unlink("upper/etc/hostname");
		rmdir("upper/etc");
		CALL(rmdir("upper"));
	}
	if (f->cgroup != NULL)
		CALL(rmdir(cgroup));
}

static int run(struct floor *f)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	char cgroup[512] = "";
	int pidfd = -1, status;
	long pid;

	make_state(f);
	args.flags = CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWCGROUP |
		     CLONE_PIDFD;
	args.flags |= (f->network ? CLONE_NEWNET : 0) | (f->user ? CLONE_NEWUSER : 0);
	args.pidfd = (uint64_t)(uintptr_t)&pidfd;
	if (f->cgroup != NULL) {
		snprintf(cgroup, sizeof(cgroup), "%s/floor-%d", f->cgroup, getpid());
		CALL(mkdir(cgroup, 0755));
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned int)CALL(open(cgroup, O_PATH | O_DIRECTORY | O_CLOEXEC));
	}
	if (f->user)
		CALL(pipe2(f->sync, O_CLOEXEC));
	pid = syscall(SYS_clone3, &args, sizeof(args));
	check(pid, "clone3");
	if (pid == 0) {
		child(f);
		_exit(125);
	}
	if (f->user)
		write_maps(f, (pid_t)pid);
	CALL(waitpid((pid_t)pid, &status, 0));
	remove_state(f, cgroup);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv, char **envp)
{
	struct floor f = { .envp = envp };
	int option;

	while ((option = getopt(argc, argv, "+nuc:")) != -1) {
		f.network |= option == 'n';
		f.user |= option == 'u';
		if (option == 'c')
			f.cgroup = optarg;
	}
	if (argc - optind < 3) {
		dprintf(2, "usage: floor [-n] [-u] [-c CGROUP] ROOT STATE COMMAND [ARG...]\n");
		return 125;
	}
	f.lower = argv[optind];
	f.state = argv[optind + 1];
	f.argv = argv + optind + 2;
	return run(&f);
}
