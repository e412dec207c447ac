/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "image/cell.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#else
#error "no seccomp architecture for this machine"
#endif

/* The most frequent ones first. */
static const int allowed[] = {
	SYS_write,          SYS_openat,       SYS_close,           SYS_utimensat,
	SYS_futex,          SYS_read,         SYS_fchown,          SYS_fchmod,
	SYS_newfstatat,     SYS_fstat,        SYS_mkdirat,         SYS_symlinkat,
	SYS_linkat,         SYS_unlinkat,     SYS_mknodat,         SYS_fchownat,
	SYS_fsetxattr,      SYS_openat2,      SYS_readlinkat,      SYS_lseek,
	SYS_ftruncate,      SYS_fallocate,    SYS_fstatfs,         SYS_statx,
	SYS_getdents64,     SYS_fcntl,        SYS_umask,           SYS_pread64,
	SYS_pwrite64,       SYS_brk,          SYS_munmap,          SYS_mremap,
	SYS_madvise,        SYS_getrandom,    SYS_clock_gettime,   SYS_gettimeofday,
	SYS_getpid,         SYS_gettid,       SYS_sched_yield,     SYS_sched_getaffinity,
	SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_restart_syscall, SYS_exit,
	SYS_exit_group,
};

/* These for memory that is not executable. */
static const int allowed_without_exec[] = { SYS_mmap, SYS_mprotect };

#define HEAD 3 /* instructions before the table */
#define TAIL 8 /* and after it */
#define LENGTH (HEAD + ARRAY_SIZE(allowed) + ARRAY_SIZE(allowed_without_exec) + 1 + TAIL)

static struct sock_filter load(size_t offset)
{
	return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);
}

/* Jump from instruction `at` to `yes` where the value equals, else go on. */
static struct sock_filter jump_equal(uint32_t value, size_t at, size_t yes)
{
	return (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value,
					    (unsigned char)(yes - at - 1), 0);
}

/* One comparison after the other: it is installed once for many thousand calls, and the kernel
 * remembers which calls are always allowed. */
static void compile(struct sock_filter *code)
{
	const size_t kill = LENGTH - TAIL, exec = kill + 1, own = exec + 3, allow = LENGTH - 1;
	size_t at = 0;

	code[at++] = load(offsetof(struct seccomp_data, arch));
	code[at] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 0,
						(unsigned char)(kill - at - 1));
	at++;
	code[at++] = load(offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++, at++)
		code[at] = jump_equal((uint32_t)allowed[i], at, allow);
	for (size_t i = 0; i < ARRAY_SIZE(allowed_without_exec); i++, at++)
		code[at] = jump_equal((uint32_t)allowed_without_exec[i], at, exec);
	/* abort(3); no other process is signalled. */
	code[at] = jump_equal(SYS_tgkill, at, own);
	at++;
	code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	/* The protection is the third argument; its low word, all of them are little-endian. */
	code[at++] = load(offsetof(struct seccomp_data, args[2]));
	code[at] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0,
						(unsigned char)(allow - at - 1));
	at++;
	code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	code[at++] = load(offsetof(struct seccomp_data, args[0]));
	code[at] = jump_equal((uint32_t)getpid(), at, allow);
	at++;
	code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	code[at] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
}

int cell_filter(void)
{
	struct sock_filter code[LENGTH];
	const struct sock_fprog program = { .len = LENGTH, .filter = code };

	compile(code);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
		return fail("cannot install the system call filter of the unpacker");
	return 0;
}
