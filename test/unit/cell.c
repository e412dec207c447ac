/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/cell.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"
#include "unit.h"

/* A cell tries things and reports what it could do. */
struct finding {
	int rc;
	char what[200]; /* "" where everything is as it should be */
};

struct trial {
	void (*try)(struct finding *finding, int in, int root);
	long number; /* of the system call that `forbidden` makes */
};

#define EXPECT(condition) \
	do { \
		if (!(condition)) { \
			snprintf(finding->what, sizeof(finding->what), "%s (errno %d)", \
				 #condition, errno); \
			return; \
		} \
	} while (0)

static void run_trial(void *arg, int rc, int in, int root, int report)
{
	const struct trial *trial = arg;
	struct finding finding = { .rc = rc };

	if (rc < 0)
		snprintf(finding.what, sizeof(finding.what), "%s", err_text());
	else
		trial->try(&finding, in, root);
	(void)fs_write_all(report, &finding, sizeof(finding), "report");
}

static char directory[] = "/tmp/unit-cell.XXXXXX";

/* Without a user namespace where we are root, and in one in any case. */
static struct idmaps maps_of(bool user_namespace)
{
	struct idmaps maps = { 0 };

	if (user_namespace) {
		idmap_add(&maps.uid, 0, geteuid(), 1);
		idmap_add(&maps.gid, 0, getegid(), 1);
	}
	return maps;
}

/* cell_finish()'s value. */
static int in_cell(bool user_namespace, struct trial *trial, struct finding *finding)
{
	AUTO(idmaps) maps = maps_of(user_namespace);
	autoclose int in = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	const struct cell_plan plan = {
		.maps = &maps, .path = directory, .in = in, .body = run_trial, .arg = trial
	};
	AUTO(cell) cell = CELL_INIT;

	*finding = (struct finding){ 0 };
	assert_int_equal(cell_start(&plan, &cell), 0);
	return cell_finish(&cell, finding, sizeof(*finding));
}

static void try_everywhere(void (*try)(struct finding *finding, int in, int root))
{
	for (int user = geteuid() == 0 ? 0 : 1; user < 2; user++) {
		struct trial trial = { .try = try };
		struct finding finding;
		int rc = in_cell(user != 0, &trial, &finding);

		if (rc < 0)
			fail_msg("the cell: %s", err_text());
		assert_string_equal(finding.what, "");
		assert_int_equal(finding.rc, 0);
	}
}

static void try_files(struct finding *finding, int in, int root)
{
	struct stat st, top;
	struct statvfs fs;
	char byte = 1;

	EXPECT(read(in, &byte, 1) == 1 && byte == 0);
	EXPECT(stat("/", &st) == 0 && fstat(root, &top) == 0);
	EXPECT(st.st_ino == top.st_ino && st.st_dev == top.st_dev);
	EXPECT(faccessat(root, "mark", F_OK, 0) == 0);
	/* No way up, and nothing else mounted. */
	EXPECT(stat("/..", &top) == 0 && st.st_ino == top.st_ino);
	EXPECT(openat(root, "../../../etc/passwd", O_RDONLY) < 0 && errno == ENOENT);
	EXPECT(open("/proc/self/status", O_RDONLY) < 0 && errno == ENOENT);
	EXPECT(open("/dev/null", O_RDONLY) < 0 && errno == ENOENT);
	EXPECT(fstatvfs(root, &fs) == 0);
	EXPECT((fs.f_flag & (ST_NOSUID | ST_NODEV | ST_NOEXEC)) ==
	       (ST_NOSUID | ST_NODEV | ST_NOEXEC));
	EXPECT(mkdirat(root, "made", 0755) == 0 && unlinkat(root, "made", AT_REMOVEDIR) == 0);
}

static void try_descriptors(struct finding *finding, int in, int root)
{
	struct stat st;

	(void)in;
	(void)root;
	/* 0 to 2, the input, the report, the root. */
	for (int fd = 6; fd < 2048; fd++)
		EXPECT(fcntl(fd, F_GETFD) < 0 && errno == EBADF);
	for (int fd = 0; fd < 3; fd++)
		EXPECT(fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == 0x103);
}

static void try_processes(struct finding *finding, int in, int root)
{
	(void)in;
	(void)root;
	EXPECT(getpid() == 1 && getppid() == 0);
	EXPECT(kill(2, 0) < 0 && errno == ESRCH);
	EXPECT(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	EXPECT(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	EXPECT(getuid() == 0 && geteuid() == 0 && getgid() == 0);
}

static void try_capabilities(struct finding *finding, int in, int root)
{
	static const cap_value_t kept[] = { CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID,
					    CAP_SETFCAP };
	cap_t caps = cap_get_proc();

	(void)in;
	(void)root;
	for (cap_value_t cap = 0; cap_get_bound(cap) >= 0; cap++) {
		bool keep = false;

		for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
			keep = keep || kept[i] == cap;
		for (cap_flag_t set = CAP_EFFECTIVE; set <= CAP_INHERITABLE; set++) {
			cap_flag_value_t value = CAP_CLEAR;

			EXPECT(cap_get_flag(caps, cap, set, &value) == 0);
			EXPECT((value == CAP_SET) == (keep && set != CAP_INHERITABLE));
		}
		EXPECT((cap_get_bound(cap) == 1) == keep);
		EXPECT(cap_get_ambient(cap) == 0);
	}
	cap_free(caps);
}

static void try_network(struct finding *finding, int in, int root)
{
	struct sockaddr unix_address = { .sa_family = AF_UNIX, .sa_data = "\0dbus" };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)in;
	(void)root;
	EXPECT(fd >= 0);
	EXPECT(connect(fd, &unix_address, sizeof(unix_address)) < 0);
	EXPECT(socket(AF_INET, SOCK_RAW, 1) < 0);
}

static void try_limits(struct finding *finding, int in, int root)
{
	struct rlimit limit;

	(void)in;
	(void)root;
	EXPECT(getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_max < 4ULL << 30);
	EXPECT(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max <= 256);
	EXPECT(getrlimit(RLIMIT_CPU, &limit) == 0 && limit.rlim_max <= 7200);
	EXPECT(getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0);
	EXPECT(mmap(NULL, 1ULL << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	       MAP_FAILED);
}

static void holds_nothing(void **state)
{
	(void)state;
	try_everywhere(try_files);
	try_everywhere(try_descriptors);
	try_everywhere(try_processes);
	try_everywhere(try_capabilities);
	try_everywhere(try_network);
	try_everywhere(try_limits);
}

/* --- the filter --- */

static void try_filter(struct finding *finding, int in, int root)
{
	char *memory;

	EXPECT(cell_filter() == 0);
	EXPECT(openat(root, "mark", O_RDONLY | O_CLOEXEC) >= 0);
	EXPECT(read(in, finding->what, 4) == 4);
	memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	EXPECT(memory != MAP_FAILED);
	EXPECT(munmap(memory, 4096) == 0);
	free(xalloc(10 << 20));
}

static void lets_files_be_made(void **state)
{
	(void)state;
	try_everywhere(try_filter);
}

/* Numbers above that of any call are x32's. */
#define X32 0x40000000L

static const struct trial *current;

static void try_forbidden(struct finding *finding, int in, int root)
{
	(void)in;
	(void)root;
	EXPECT(cell_filter() == 0);
	syscall(current->number, 0, 0, 0, 0, 0, 0);
}

static void try_executable_memory(struct finding *finding, int in, int root)
{
	(void)in;
	(void)root;
	EXPECT(cell_filter() == 0);
	mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void try_to_make_executable(struct finding *finding, int in, int root)
{
	void *memory;

	(void)in;
	(void)root;
	memory = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	EXPECT(cell_filter() == 0);
	mprotect(memory, 4096, PROT_READ | PROT_EXEC);
}

static void is_killed(struct trial *trial)
{
	struct finding finding;

	current = trial;
	assert_int_equal(in_cell(true, trial, &finding), -EPERM);
	assert_non_null(strstr(err_text(), "system call"));
}

static void kills_for_any_other_call(void **state)
{
	static const long forbidden[] = {
		SYS_socket,
		SYS_connect,
		SYS_clone,
		SYS_clone3,
		SYS_execve,
		SYS_execveat,
		SYS_mount,
		SYS_move_mount,
		SYS_open_tree,
		SYS_fsopen,
		SYS_pivot_root,
		SYS_chroot,
		SYS_unshare,
		SYS_setns,
		SYS_ptrace,
		SYS_process_vm_readv,
		SYS_kill,
		SYS_prctl,
		SYS_bpf,
		SYS_io_uring_setup,
		SYS_userfaultfd,
		SYS_perf_event_open,
		SYS_keyctl,
		SYS_seccomp,
		SYS_setuid,
		SYS_capset,
		SYS_open_by_handle_at,
		SYS_name_to_handle_at,
		SYS_memfd_create,
		SYS_ioctl,
		SYS_sendmsg,
		SYS_write | X32,
		4000,
	};
	struct trial trials[] = { { .try = try_executable_memory },
				  { .try = try_to_make_executable } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++) {
		struct trial trial = { .try = try_forbidden, .number = forbidden[i] };

		is_killed(&trial);
	}
	for (size_t i = 0; i < ARRAY_SIZE(trials); i++)
		is_killed(&trials[i]);
}

static void try_to_die(struct finding *finding, int in, int root)
{
	(void)finding;
	(void)in;
	(void)root;
	raise(SIGKILL);
	_exit(3);
}

static void try_too_much_memory(struct finding *finding, int in, int root)
{
	(void)finding;
	(void)in;
	(void)root;
	memset(xalloc(1 << 30), 1, 1 << 30);
}

static void try_too_much_time(struct finding *finding, int in, int root)
{
	const struct rlimit limit = { .rlim_cur = 1, .rlim_max = 1 };

	(void)in;
	(void)root;
	EXPECT(setrlimit(RLIMIT_CPU, &limit) == 0);
	for (volatile uint64_t i = 0;; i++)
		;
}

static void says_how_a_cell_ended(void **state)
{
	struct trial hurries_not = { .try = try_too_much_time };
	struct trial dies = { .try = try_to_die }, eats = { .try = try_too_much_memory };
	struct finding finding;

	(void)state;
	/* The first process of a pid namespace is not ended by its own signal. */
	assert_int_equal(in_cell(true, &dies, &finding), -EIO);
	assert_non_null(strstr(err_text(), "status 3"));
	assert_int_equal(in_cell(true, &eats, &finding), -ENOMEM);
	assert_int_equal(in_cell(true, &hurries_not, &finding), -EIO);
	assert_non_null(strstr(err_text(), "signal 9"));
}

static void reports_a_cell_that_cannot_be_made(void **state)
{
	AUTO(idmaps) maps = maps_of(true);
	struct trial trial = { .try = try_files };
	const struct cell_plan plan = {
		.maps = &maps, .path = "/nowhere/at/all", .in = 0, .body = run_trial, .arg = &trial
	};
	AUTO(cell) cell = CELL_INIT;
	struct finding finding;

	(void)state;
	assert_int_equal(cell_start(&plan, &cell), 0);
	assert_int_equal(cell_finish(&cell, &finding, sizeof(finding)), 0);
	assert_int_equal(finding.rc, -ENOENT);
	assert_non_null(strstr(finding.what, "/nowhere/at/all"));
}

static int make_directory(void **state)
{
	autoclose int fd = -1;
	char path[64];

	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/mark", directory);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	return fd < 0 ? -1 : 0;
}

static int remove_directory(void **state)
{
	(void)state;
	return fs_remove_tree(AT_FDCWD, directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_nothing),
		cmocka_unit_test(lets_files_be_made),
		cmocka_unit_test(kills_for_any_other_call),
		cmocka_unit_test(says_how_a_cell_ended),
		cmocka_unit_test(reports_a_cell_that_cannot_be_made),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
