/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What becomes of system calls, as seen from inside a container; linked statically.
 *
 *	probe calls ARCH	reads lines "NUMBER NAME ..." and makes each call with arguments
 *				that no call takes (-1 six times), each in a process of its own;
 *				prints "NAME ERRNO", 0 where it succeeded, "ended" where it did not
 *				return. ARCH is native, or x86 for the 32-bit calls of a 64-bit
 *				processor.
 *	probe rules		makes the calls whose arguments the default profile looks at
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* They end, stop or double the caller, or take long. */
static const char *const left_out[] = {
	"exit",      "exit_group",   "fork",   "vfork",  "clone",      "pause", "sync",
	"sigreturn", "rt_sigreturn", "syncfs", "munmap", "sigsuspend", "kill",  "reboot",
};

static long call_x86(long nr)
{
#if defined(__x86_64__)
	long result;

	/* The 32-bit entry takes six registers; all of them are -1. */
	__asm__ volatile("pushq %%rbp\n\tmovq $-1, %%rbp\n\tint $0x80\n\tpopq %%rbp"
			 : "=a"(result)
			 : "a"(nr), "b"(-1L), "c"(-1L), "d"(-1L), "S"(-1L), "D"(-1L)
			 : "memory", "r8", "r9", "r10", "r11");
	if ((int)result < 0 && (int)result > -4096) {
		errno = -(int)result;
		return -1;
	}
	return result;
#else
	errno = ENOSYS;
	return -1;
#endif
}

static void make_call(long nr, bool x86, int *ret)
{
	long rc;

	alarm(2);
	rc = x86 ? call_x86(nr) : syscall(nr, -1L, -1L, -1L, -1L, -1L, -1L);
	*ret = rc == -1 ? errno : 0;
	_exit(0);
}

static bool is_left_out(const char *name)
{
	for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
		if (strcmp(left_out[i], name) == 0)
			return true;
	return false;
}

static int calls(bool x86)
{
	int *result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char line[256], name[64];
	long nr;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		pid_t pid;

		if (sscanf(line, "%ld %63s", &nr, name) != 2 || is_left_out(name))
			continue;
		*result = -1;
		pid = fork();
		if (pid == 0)
			make_call(nr, x86, result);
		waitpid(pid, NULL, 0);
		if (*result < 0)
			printf("%s ended\n", name);
		else
			printf("%s %d\n", name, *result);
	}
	return 0;
}

static void tell(const char *what, long rc)
{
	printf("%s %d\n", what, rc < 0 ? errno : 0);
	if (rc > 2)
		close((int)rc);
}

static void families(void)
{
	static const struct {
		const char *name;
		int family, type, protocol;
	} rows[] = {
		{ "AF_UNIX", 1, SOCK_STREAM, 0 },     { "AF_INET", 2, SOCK_STREAM, 0 },
		{ "AF_INET6", 10, SOCK_DGRAM, 0 },    { "AF_NETLINK", 16, SOCK_RAW, 0 },
		{ "NETLINK_AUDIT", 16, SOCK_RAW, 9 }, { "AF_UNSPEC", 0, SOCK_STREAM, 0 },
		{ "AF_AX25", 3, SOCK_DGRAM, 0 },      { "AF_KEY", 15, SOCK_RAW, 2 },
		{ "AF_PACKET", 17, SOCK_RAW, 0 },     { "AF_RDS", 21, SOCK_SEQPACKET, 0 },
		{ "AF_CAN", 29, SOCK_RAW, 1 },        { "AF_TIPC", 30, SOCK_STREAM, 0 },
		{ "AF_BLUETOOTH", 31, SOCK_RAW, 1 },  { "AF_RXRPC", 33, SOCK_DGRAM, 2 },
		{ "AF_ALG", 38, SOCK_SEQPACKET, 0 },  { "AF_VSOCK", 40, SOCK_STREAM, 0 },
		{ "AF_XDP", 44, SOCK_RAW, 0 },
	};
	char what[64];
	int pair[2];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(what, sizeof(what), "socket %s", rows[i].name);
		tell(what, socket(rows[i].family, rows[i].type, rows[i].protocol));
	}
	/* The upper half of the register is not the kernel's business, and not the filter's. */
	tell("socket AF_ALG|1<<32", syscall(SYS_socket, 1L << 32 | 38, SOCK_SEQPACKET, 0));
	tell("socketpair AF_TIPC", socketpair(30, SOCK_STREAM, 0, pair));
}

static void namespaces(void)
{
	static const struct {
		const char *name;
		unsigned long flag;
	} rows[] = {
		{ "NEWNS", CLONE_NEWNS },         { "NEWUTS", CLONE_NEWUTS },
		{ "NEWIPC", CLONE_NEWIPC },       { "NEWUSER", CLONE_NEWUSER },
		{ "NEWPID", CLONE_NEWPID },       { "NEWNET", CLONE_NEWNET },
		{ "NEWCGROUP", CLONE_NEWCGROUP },
	};
	char what[64];
	long pid;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(what, sizeof(what), "clone %s", rows[i].name);
		pid = syscall(SYS_clone, rows[i].flag | SIGCHLD, 0, 0, 0, 0);
		if (pid == 0)
			_exit(0);
		printf("%s %d\n", what, pid < 0 ? errno : 0);
		snprintf(what, sizeof(what), "unshare %s", rows[i].name);
		printf("%s %d\n", what, unshare((int)rows[i].flag) < 0 ? errno : 0);
	}
	tell("clone3", syscall(SYS_clone3, NULL, 0));
}

static int rules(void)
{
	static const unsigned long personalities[] = { 0,          8,       0x20000,  0x20008,
						       0xffffffff, 0x40000, 0x0400000 };
	char what[64];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setvbuf(stdout, NULL, _IONBF, 0);
	families();
	namespaces();
	tell("ioctl TIOCSTI", ioctl(null, 0x5412, "x"));
	tell("ioctl TIOCLINUX", ioctl(null, 0x541c, "x"));
	tell("ioctl TIOCSTI|1<<32", syscall(SYS_ioctl, null, 1L << 32 | 0x5412, "x"));
	tell("ioctl TCGETS", ioctl(null, 0x5401, what));
	for (size_t i = 0; i < sizeof(personalities) / sizeof(personalities[0]); i++) {
		snprintf(what, sizeof(what), "personality %lx", personalities[i]);
		printf("%s %d\n", what, personality(personalities[i]) < 0 ? errno : 0);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "calls") == 0)
		return calls(strcmp(argv[2], "x86") == 0);
	if (argc == 2 && strcmp(argv[1], "rules") == 0)
		return rules();
	fprintf(stderr, "usage: probe calls native|x86 <LIST | probe rules\n");
	return 2;
}
