/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/profile/table.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/personality.h>
#include <sys/socket.h>

#define LEN(array) (sizeof(array) / sizeof((array)[0]))
#define CAP(name) (UINT64_C(1) << CAP_##name)

#define ALLOW SECCOMP_RET_ALLOW
#define DENY(err) (SECCOMP_RET_ERRNO | (err))
#define GATE(name) (PROFILE_GATE | GATE_##name)

/* Newer than the headers of some distributions that berth is built on. */
#define CAP_PERFMON_BIT (UINT64_C(1) << 38)
#define CAP_BPF_BIT (UINT64_C(1) << 39)

enum gate {
	GATE_ADMIN,
	GATE_CLONE3,
	GATE_AUDIT,
	GATE_BOOT,
	GATE_BPF,
	GATE_CHROOT,
	GATE_HANDLE,
	GATE_MODULE,
	GATE_NICE,
	GATE_PACCT,
	GATE_PACKET,
	GATE_PERFMON,
	GATE_PTRACE,
	GATE_RAWIO,
	GATE_SYSLOG,
	GATE_TIME,
	GATE_TTY,
};

const struct profile_gate profile_gates[] = {
	[GATE_ADMIN] = { CAP(SYS_ADMIN), ALLOW, DENY(EPERM) },
	/* Its flags lie in memory, where no filter can look; without it, libc takes clone. */
	[GATE_CLONE3] = { CAP(SYS_ADMIN), ALLOW, DENY(ENOSYS) },
	[GATE_AUDIT] = { CAP(AUDIT_WRITE) | CAP(AUDIT_CONTROL) | CAP(AUDIT_READ), ALLOW,
			 DENY(EINVAL) },
	[GATE_BOOT] = { CAP(SYS_BOOT), ALLOW, DENY(EPERM) },
	[GATE_BPF] = { CAP(SYS_ADMIN) | CAP_BPF_BIT, ALLOW, DENY(EPERM) },
	[GATE_CHROOT] = { CAP(SYS_CHROOT), ALLOW, DENY(EPERM) },
	[GATE_HANDLE] = { CAP(DAC_READ_SEARCH), ALLOW, DENY(EPERM) },
	[GATE_MODULE] = { CAP(SYS_MODULE), ALLOW, DENY(EPERM) },
	[GATE_NICE] = { CAP(SYS_NICE), ALLOW, DENY(EPERM) },
	[GATE_PACCT] = { CAP(SYS_PACCT), ALLOW, DENY(EPERM) },
	[GATE_PACKET] = { CAP(NET_RAW), ALLOW, DENY(EAFNOSUPPORT) },
	[GATE_PERFMON] = { CAP(SYS_ADMIN) | CAP_PERFMON_BIT, ALLOW, DENY(EPERM) },
	[GATE_PTRACE] = { CAP(SYS_PTRACE), ALLOW, DENY(EPERM) },
	[GATE_RAWIO] = { CAP(SYS_RAWIO), ALLOW, DENY(EPERM) },
	[GATE_SYSLOG] = { CAP(SYS_ADMIN) | CAP(SYSLOG), ALLOW, DENY(EPERM) },
	[GATE_TIME] = { CAP(SYS_TIME), ALLOW, DENY(EPERM) },
	[GATE_TTY] = { CAP(SYS_TTY_CONFIG), ALLOW, DENY(EPERM) },
};
const size_t profile_gates_len = LEN(profile_gates);

#define EQUAL(n, v) \
	{ \
		.arg = (n), .op = TEST_EQUAL, .value = (uint32_t)(v) \
	}
#define ANY_BIT(n, v) \
	{ \
		.arg = (n), .op = TEST_ANY_BIT, .value = (uint32_t)(v) \
	}

/* New namespaces of every kind; CLONE_NEWTIME lies in the signal bits of clone(2) and is none
 * there. */
static const struct profile_condition on_clone[] = {
	{ { ANY_BIT(0, CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
			       CLONE_NEWNET | CLONE_NEWCGROUP) },
	  GATE(ADMIN) },
};

/* Typing into a terminal that the container shares with its caller, CVE-2017-5226 and
 * CVE-2023-28100. */
static const struct profile_condition on_ioctl[] = {
	{ { EQUAL(1, TIOCSTI) }, DENY(EPERM) },
	{ { EQUAL(1, TIOCLINUX) }, DENY(EPERM) },
};

/* Two bits of no harm, and asking for the present value. */
static const struct profile_condition on_personality[] = {
	{ { EQUAL(0, PER_LINUX) }, ALLOW },  { { EQUAL(0, PER_LINUX32) }, ALLOW },
	{ { EQUAL(0, UNAME26) }, ALLOW },    { { EQUAL(0, UNAME26 | PER_LINUX32) }, ALLOW },
	{ { EQUAL(0, 0xffffffff) }, ALLOW },
};

/* Every other family is code that hardly anybody looks at. A 32-bit program gets around this with
 * socketcall(2), whose arguments lie in memory. */
static const struct profile_condition on_socket[] = {
	{ { EQUAL(0, AF_UNIX) }, ALLOW },
	{ { EQUAL(0, AF_INET) }, ALLOW },
	{ { EQUAL(0, AF_INET6) }, ALLOW },
	{ { EQUAL(0, AF_NETLINK), EQUAL(2, NETLINK_AUDIT) }, GATE(AUDIT) },
	{ { EQUAL(0, AF_NETLINK) }, ALLOW },
	{ { EQUAL(0, AF_PACKET) }, GATE(PACKET) },
};

#define PLAIN(verdict, text) \
	{ \
		(text), NULL, 0, (verdict) \
	}
#define TESTED(conditions, otherwise, text) \
	{ \
		(text), (conditions), LEN(conditions), (otherwise) \
	}

static const struct profile_rule default_rules[] = {
	/* files and directories */
	PLAIN(ALLOW, "access chdir chmod close close_range copy_file_range creat dup dup2 dup3 "
		     "faccessat faccessat2 fadvise64 fadvise64_64 arm_fadvise64_64 fallocate "
		     "fchdir fchmod fchmodat fchmodat2 fcntl fcntl64 fdatasync flock fstat "
		     "fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futimesat "
		     "getcwd getdents getdents64 link linkat listmount _llseek lseek lstat "
		     "lstat64 mkdir mkdirat mknod mknodat name_to_handle_at newfstatat open "
		     "openat openat2 pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev "
		     "pwritev2 read readahead readdir readlink readlinkat readv rename renameat "
		     "renameat2 rmdir sendfile sendfile64 splice stat stat64 statfs statfs64 "
		     "statmount statx symlink symlinkat sync sync_file_range "
		     "arm_sync_file_range sync_file_range2 syncfs tee truncate truncate64 umask "
		     "unlink unlinkat utime utimensat utimensat_time64 utimes write writev "
		     "cachestat"),
	/* owners and extended attributes */
	PLAIN(ALLOW, "chown chown32 fchown fchown32 fchownat lchown lchown32 fgetxattr flistxattr "
		     "fremovexattr fsetxattr getxattr getxattrat lgetxattr listxattr "
		     "listxattrat llistxattr lremovexattr lsetxattr removexattr removexattrat "
		     "setxattr setxattrat file_getattr file_setattr"),
	/* waiting for files */
	PLAIN(ALLOW, "epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 "
		     "epoll_wait epoll_wait_old eventfd eventfd2 fanotify_mark "
		     "inotify_add_watch inotify_init inotify_init1 inotify_rm_watch "
		     "io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 "
		     "io_setup io_submit _newselect poll ppoll ppoll_time64 pselect6 "
		     "pselect6_time64 select signalfd signalfd4 timerfd_create timerfd_gettime "
		     "timerfd_gettime64 timerfd_settime timerfd_settime64"),
	/* memory */
	PLAIN(ALLOW, "brk madvise map_shadow_stack membarrier memfd_create memfd_secret mincore "
		     "mlock mlock2 mlockall mmap mmap2 mprotect mremap mseal msync munlock "
		     "munlockall munmap pkey_alloc pkey_free pkey_mprotect remap_file_pages "
		     "cacheflush"),
	/* processes and threads */
	PLAIN(ALLOW, "arch_prctl breakpoint execve execveat exit exit_group fork futex "
		     "futex_requeue futex_time64 futex_wait futex_waitv futex_wake get_robust_list "
		     "get_thread_area getcpu getpgid getpgrp getpid getppid getpriority "
		     "getrlimit getrusage getsid gettid ioprio_get ioprio_set modify_ldt "
		     "pidfd_open prctl prlimit64 process_mrelease riscv_flush_icache "
		     "riscv_hwprobe rseq sched_get_priority_max sched_get_priority_min "
		     "sched_getaffinity sched_getattr sched_getparam sched_getscheduler "
		     "sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity "
		     "sched_setattr sched_setparam sched_setscheduler sched_yield "
		     "set_robust_list set_thread_area set_tid_address set_tls setpgid "
		     "setpriority setrlimit setsid swapcontext ugetrlimit uprobe uretprobe vfork "
		     "wait4 waitid waitpid"),
	/* who one is, and less of it */
	PLAIN(ALLOW, "capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups "
		     "getgroups32 getresgid getresgid32 getresuid getresuid32 getuid getuid32 "
		     "landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp "
		     "setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups "
		     "setgroups32 setregid setregid32 setresgid setresgid32 setresuid "
		     "setresuid32 setreuid setreuid32 setuid setuid32"),
	/* signals */
	PLAIN(ALLOW, "kill pause pidfd_send_signal restart_syscall rt_sigaction rt_sigpending "
		     "rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait "
		     "rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaction sigaltstack signal "
		     "sigpending sigprocmask sigreturn sigsuspend tgkill tkill"),
	/* time; the kernel wants CAP_SYS_TIME where these change it */
	PLAIN(ALLOW, "adjtimex alarm clock_adjtime clock_adjtime64 clock_getres "
		     "clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep "
		     "clock_nanosleep_time64 getitimer gettimeofday nanosleep setitimer time "
		     "timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 "
		     "timer_settime timer_settime64 times"),
	/* between processes */
	PLAIN(ALLOW, "ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 "
		     "mq_timedsend mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd "
		     "semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget"),
	/* sockets */
	PLAIN(ALLOW, "accept accept4 bind connect getpeername getsockname getsockopt listen recv "
		     "recvfrom recvmmsg recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto "
		     "setsockopt shutdown socketcall"),
	/* the system */
	PLAIN(ALLOW, "getrandom sysinfo uname"),
	/* processes of one's own; the kernel checks the other one's credentials */
	PLAIN(ALLOW, "process_vm_readv process_vm_writev ptrace"),

	TESTED(on_clone, ALLOW, "clone"),
	TESTED(on_ioctl, ALLOW, "ioctl"),
	TESTED(on_personality, DENY(EPERM), "personality"),
	TESTED(on_socket, DENY(EAFNOSUPPORT), "socket socketpair"),

	PLAIN(GATE(ADMIN), "fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie "
			   "lsm_get_self_attr lsm_list_modules lsm_set_self_attr mount "
			   "mount_setattr move_mount open_tree open_tree_attr pivot_root quotactl "
			   "quotactl_fd setdomainname sethostname setns umount umount2 unshare"),
	PLAIN(GATE(CLONE3), "clone3"),
	PLAIN(GATE(BOOT), "reboot"),
	PLAIN(GATE(BPF), "bpf"),
	PLAIN(GATE(CHROOT), "chroot"),
	PLAIN(GATE(HANDLE), "open_by_handle_at"),
	PLAIN(GATE(MODULE), "delete_module finit_module init_module"),
	PLAIN(GATE(NICE), "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"),
	PLAIN(GATE(PACCT), "acct"),
	PLAIN(GATE(PERFMON), "perf_event_open"),
	PLAIN(GATE(PTRACE), "kcmp pidfd_getfd process_madvise"),
	PLAIN(GATE(RAWIO), "ioperm iopl"),
	PLAIN(GATE(SYSLOG), "syslog"),
	PLAIN(GATE(TIME), "clock_settime clock_settime64 settimeofday stime"),
	PLAIN(GATE(TTY), "vhangup"),

	/* Numbers with a name and nothing behind it in any kernel that berth runs on. */
	PLAIN(PROFILE_VACANT, "afs_syscall break create_module ftime get_kernel_syms getpmsg gtty "
			      "idle lock mpx nfsservctl prof profil putpmsg query_module security "
			      "stty tuxcall ulimit vserver"),
};

const struct profile profile_default = {
	.rules = default_rules,
	.rules_len = LEN(default_rules),
	.known = DENY(EPERM),
	.unknown = DENY(ENOSYS),
	.foreign = SECCOMP_RET_KILL_PROCESS,
};

/* Success, without doing anything. */
#define FAKE DENY(0)

/* Neither root, whom the namespace has, nor -1, which leaves things as they are. */
#define FOREIGN(n) \
	{ \
		{ .arg = (n), .op = TEST_ABOVE, .value = 0 }, \
		{ \
			.arg = (n), .op = TEST_BELOW, .value = 0xffffffff \
		} \
	}

static const struct profile_condition on_one[] = { { FOREIGN(0), FAKE } };
static const struct profile_condition on_two[] = { { FOREIGN(0), FAKE }, { FOREIGN(1), FAKE } };
static const struct profile_condition on_three[] = {
	{ FOREIGN(0), FAKE },
	{ FOREIGN(1), FAKE },
	{ FOREIGN(2), FAKE },
};
static const struct profile_condition on_chown[] = { { FOREIGN(1), FAKE }, { FOREIGN(2), FAKE } };
static const struct profile_condition on_chownat[] = { { FOREIGN(2), FAKE }, { FOREIGN(3), FAKE } };

static const struct profile_rule fake_rules[] = {
	TESTED(on_chown, ALLOW, "chown chown32 fchown fchown32 lchown lchown32"),
	TESTED(on_chownat, ALLOW, "fchownat"),
	TESTED(on_one, ALLOW,
	       "setuid setuid32 setgid setgid32 setfsuid setfsuid32 setfsgid "
	       "setfsgid32"),
	TESTED(on_two, ALLOW, "setreuid setreuid32 setregid setregid32"),
	TESTED(on_three, ALLOW, "setresuid setresuid32 setresgid setresgid32"),
	/* The namespace may never set any. */
	PLAIN(FAKE, "setgroups setgroups32"),
};

const struct profile profile_fake = {
	.rules = fake_rules,
	.rules_len = LEN(fake_rules),
	.known = ALLOW,
	.unknown = ALLOW,
	.foreign = ALLOW,
};

const struct profile_number profile_numbers[] = {
	{ "uretprobe", 335, SCMP_ARCH_X86_64 },
	{ "uprobe", 336, SCMP_ARCH_X86_64 },
	{ "riscv_hwprobe", 258, SCMP_ARCH_RISCV64 },
	{ "set_mempolicy_home_node", 450, 0 },
	{ "cachestat", 451, 0 },
	{ "fchmodat2", 452, 0 },
	{ "map_shadow_stack", 453, 0 },
	{ "futex_wake", 454, 0 },
	{ "futex_wait", 455, 0 },
	{ "futex_requeue", 456, 0 },
	{ "statmount", 457, 0 },
	{ "listmount", 458, 0 },
	{ "lsm_get_self_attr", 459, 0 },
	{ "lsm_set_self_attr", 460, 0 },
	{ "lsm_list_modules", 461, 0 },
	{ "mseal", 462, 0 },
	{ "setxattrat", 463, 0 },
	{ "getxattrat", 464, 0 },
	{ "listxattrat", 465, 0 },
	{ "removexattrat", 466, 0 },
	{ "open_tree_attr", 467, 0 },
	{ "file_getattr", 468, 0 },
	{ "file_setattr", 469, 0 },
};
const size_t profile_numbers_len = LEN(profile_numbers);
