/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/box.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/proc.h"
#include "spec/profile.h"
#include "unit.h"

/*
 * Real containers from a specification made by hand, with busybox as their image: as whoever runs
 * this, and where that is root as an ordinary user with one id as well (main() runs all of it
 * twice).
 */
#define BUSYBOX "/usr/bin/busybox"
#define NOBODY 65534

static const char *const applets[] = { "cat", "echo",  "env",  "grep", "id",    "ls",  "pwd",
				       "sh",  "sleep", "stat", "true", "touch", "tty", "wc" };

static char dir[64];
static int top = -1;

static int set_up(void **state)
{
	AUTO(buf) bytes = BUF_INIT;
	int fd;

	snprintf(dir, sizeof(dir), "/tmp/berth-unit-box.XXXXXX");
	if (mkdtemp(dir) == NULL || chmod(dir, 0755) < 0)
		return -1;
	/* Out of the way of the descriptors that tests pass on. */
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	top = fcntl(fd, F_DUPFD_CLOEXEC, 50);
	close(fd);
	assert_int_equal(fs_mkdirs(top, "lower/bin", 0755), 0);
	assert_int_equal(fs_mkdirs(top, "lower/etc", 0755), 0);
	assert_int_equal(fs_read_file(AT_FDCWD, BUSYBOX, 64UL << 20, &bytes), 0);
	assert_int_equal(
		fs_replace_file(top, "lower/bin/busybox", bytes.data, bytes.len, 0755, false), 0);
	for (size_t i = 0; i < ARRAY_SIZE(applets); i++) {
		autofree char *name = xasprintf("lower/bin/%s", applets[i]);

		assert_int_equal(symlinkat("busybox", top, name), 0);
	}
	return 0;
}

static int tear_down(void **state)
{
	close(top);
	return fs_remove_tree(AT_FDCWD, dir);
}

static void put(const char *name, const char *text, mode_t mode)
{
	assert_int_equal(fs_replace_file(top, name, text, strlen(text), mode, false), 0);
	assert_int_equal(fchmodat(top, name, mode, 0), 0);
}

/* The default confinement over a fresh upper directory. */
static void make_spec(struct spec *spec)
{
	spec_init(spec);
	spec->id = xstrdup("unit");
	assert_int_equal(fs_remove_tree(top, "upper"), 0);
	assert_int_equal(fs_remove_tree(top, "work"), 0);
	assert_int_equal(fs_mkdirs(top, "upper", 0755), 0);
	assert_int_equal(fs_mkdirs(top, "work", 0755), 0);
	spec->root.kind = ROOT_OVERLAY;
	strvec_pushf(&spec->root.lower, "%s/lower", dir);
	spec->root.upper = xasprintf("%s/upper", dir);
	spec->root.work = xasprintf("%s/work", dir);
	for (int kind = 0; kind < NS_MAX; kind++)
		spec->ns[kind].mode = kind == NS_USER || kind == NS_TIME ? NS_HOST : NS_NEW;
	if (geteuid() != 0) {
		spec->ns[NS_USER].mode = NS_NEW;
		idmap_add(&spec->idmaps.uid, 0, geteuid(), 1);
		idmap_add(&spec->idmaps.gid, 0, getegid(), 1);
	}
	strvec_push(&spec->process.env, "PATH=/sbin:/bin");
	profile_apply(spec, 1UL << 20);
}

static void command(struct spec *spec, const char *text)
{
	strvec_push(&spec->process.args, "sh");
	strvec_push(&spec->process.args, "-c");
	strvec_push(&spec->process.args, text);
}

static int start(const struct spec *spec, struct box *box)
{
	TRY(box_spawn(spec, box));
	TRY(box_created(box));
	return box_go(box);
}

/* Run it with its output in a pipe. Returns the exit status, 128 + N, or 1000 - rc of our error, as
 * berth would tell 125, 126 and 127 apart. */
static int run_spec(const struct spec *spec, struct buf *out)
{
	struct box box = BOX_INIT;
	int pipe[2], saved = dup(STDOUT_FILENO), status = 0, rc;

	fcntl(saved, F_SETFD, FD_CLOEXEC);
	assert_int_equal(pipe2(pipe, O_CLOEXEC), 0);
	assert_true(dup2(pipe[1], STDOUT_FILENO) >= 0);
	close(pipe[1]);
	rc = start(spec, &box);
	assert_true(dup2(saved, STDOUT_FILENO) >= 0);
	close(saved);
	assert_int_equal(fs_read_fd(pipe[0], "the container", 1UL << 20, out), 0);
	close(pipe[0]);
	if (rc >= 0)
		assert_int_equal(box_wait(&box, &status), 0);
	if (rc < 0)
		rc = !box.exec_failed ? 125 : rc == -ENOENT ? 127 : 126;
	else
		rc = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	box_release(&box);
	return rc;
}

static void check_run(const struct spec *spec, int want_status, const char *want)
{
	AUTO(buf) out = BUF_INIT;
	int status = run_spec(spec, &out);

	if (status != want_status || strcmp(out.data, want) != 0)
		fail_msg("status %d, output '%s', error '%s'", status, out.data, err_text());
}

static void check_shell(const char *text, int want_status, const char *want)
{
	AUTO(spec) spec;

	make_spec(&spec);
	command(&spec, text);
	check_run(&spec, want_status, want);
}

static void check_error(const struct spec *spec, int want_status, const char *want)
{
	AUTO(buf) out = BUF_INIT;
	int status = run_spec(spec, &out);

	if (status != want_status || strstr(err_text(), want) == NULL)
		fail_msg("status %d, error '%s'", status, err_text());
}

static void the_status_is_the_payloads(void **state)
{
	check_shell("exit 0", 0, "");
	check_shell("echo out; exit 7", 7, "out\n");
	check_shell("kill -9 $$; exit 4", 4, "");
}

static void check_args(const char *name, int want_status, const char *want)
{
	AUTO(spec) spec;

	make_spec(&spec);
	strvec_push(&spec.process.args, name);
	check_error(&spec, want_status, want);
}

static void what_does_not_run_says_why(void **state)
{
	put("lower/bin/script", "#!/no/such/interpreter -x\n", 0755);
	put("lower/bin/plain", "echo", 0644);
	put("lower/bin/text", "just text\n", 0755);
	check_args("nothing", 127, "'nothing' is not in the container's PATH (/sbin:/bin)");
	check_args("/nothing", 127, "cannot execute '/nothing': No such file");
	check_args("/bin/true/x", 127, "Not a directory");
	check_args("plain", 126, "not executable");
	check_args("/bin/plain", 126, "Permission denied");
	check_args("/bin", 126, "Permission denied");
	check_args("text", 126, "Exec format error");
	check_args("script", 127, "its interpreter '/no/such/interpreter' is not in the container");
	check_args("", 127, "No such file");
}

/* CVE-2019-5736: what runs before the payload is in a sealed memfd, and takes itself for nobody. */
static void our_own_file_is_out_of_reach(void **state)
{
	AUTO(spec) spec, init;

	put("lower/bin/self", "#!/proc/self/exe\n", 0755);
	make_spec(&spec);
	strvec_push(&spec.process.args, "self");
	check_run(&spec, 126, "");

	make_spec(&init);
	init.process.init = true;
	command(&init, "ls -l /proc/1/exe | grep -o 'memfd:berth-init'; "
		       "echo x 2>/dev/null >>/proc/1/exe || echo sealed");
	check_run(&init, 0, "memfd:berth-init\nsealed\n");
}

static void init_reaps_and_passes_the_status_on(void **state)
{
	AUTO(spec) spec, killed, missing;

	make_spec(&spec);
	spec.process.init = true;
	command(&spec, "echo $$; (sleep 0.1 &); sleep 0.5; set -- /proc/[0-9]*; echo $#; exit 5");
	/* init and the shell: the orphan is gone. */
	check_run(&spec, 5, "2\n2\n");
	make_spec(&killed);
	killed.process.init = true;
	command(&killed, "kill -15 $$");
	check_run(&killed, 128 + SIGTERM, "");
	make_spec(&missing);
	missing.process.init = true;
	strvec_push(&missing.process.args, "nothing");
	check_error(&missing, 127, "PATH");
}

static void the_payload_has_three_descriptors(void **state)
{
	AUTO(spec) spec, lacking;
	int fd = open("/dev/null",
		      O_RDONLY); /* as a careless caller leaves one: not close-on-exec */

	/* ls has one for the directory itself. */
	check_shell("ls /proc/self/fd", 0, "0\n1\n2\n3\n");
	close(fd);
	make_spec(&spec);
	spec.process.preserve_fds = 1;
	command(&spec, "cat <&3");
	assert_int_equal(fcntl(3, F_GETFD), -1);
	put("given", "by descriptor", 0644);
	fd = openat(top, "given", O_RDONLY);
	if (fd != 3) {
		assert_int_equal(dup2(fd, 3), 3);
		close(fd);
	}
	check_run(&spec, 0, "by descriptor");
	close(3);
	make_spec(&lacking);
	lacking.process.preserve_fds = 1;
	command(&lacking, "true");
	check_error(&lacking, 125, "descriptor 3 is to be preserved and is not open");
}

static void signals_are_as_new(void **state)
{
	sigset_t set, old;

	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, &old);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGRTMAX, SIG_IGN);
	check_shell("cat /proc/self/status | grep -E 'Sig(Blk|Ign|Cgt)' | grep -v 0000000000000000",
		    1, "");
	signal(SIGHUP, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGRTMAX, SIG_DFL);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void the_confinement_is_as_planned(void **state)
{
	AUTO(spec) spec;

	make_spec(&spec);
	spec.process.no_new_privileges = true;
	command(&spec, "grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status");
	check_run(&spec, 0,
		  "CapInh:\t0000000000000000\nCapPrm:\t00000000800405fb\n"
		  "CapEff:\t00000000800405fb\nCapBnd:\t00000000800405fb\n"
		  "CapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n");
	check_shell("cat /proc/keys /proc/timer_list 2>/dev/null | wc -c; ls /sys/firmware", 0,
		    "0\n");
	check_shell("touch /proc/sys/kernel/hostname /sys/x 2>&1 | grep -c 'Read-only'", 0, "2\n");
}

static void the_working_directory_is_made_inside(void **state)
{
	AUTO(spec) spec, leaked;

	make_spec(&spec);
	spec.process.cwd = xstrdup("/made/here");
	command(&spec, "pwd; stat -c %a .");
	check_run(&spec, 0, "/made/here\n755\n");

	/* CVE-2024-21626 */
	for (int fd = 3; fd < 16; fd++) {
		AUTO(spec) one;

		make_spec(&one);
		one.process.cwd = xasprintf("/proc/self/fd/%d", fd);
		command(&one, "pwd");
		check_error(&one, 125, "working directory");
	}
	assert_int_equal(symlinkat("/proc/self/fd/5", top, "lower/leak"), 0);
	make_spec(&leaked);
	leaked.process.cwd = xstrdup("/leak");
	command(&leaked, "pwd");
	check_error(&leaked, 125, "working directory");
}

static void bad_targets_are_refused(void **state)
{
	static const struct {
		const char *type, *source, *destination, *want;
		bool from_image;
	} rows[] = {
		{ "bind", dir, "/proc", "nothing but the proc file system", false },
		{ "bind", dir, "/proc/sys", "is a place in /proc", false },
		{ "tmpfs", "tmpfs", "/proc/tty", "is a place in /proc", false },
		{ "bind", dir, "/hidden/tty", "is a place in /proc", false },
		{ "tmpfs", "tmpfs", "/", "nothing can be mounted on '/'", false },
		{ "tmpfs", "tmpfs", "/x/../..", "nothing can be mounted on '/'", false },
		{ "tmpfs", "tmpfs", "/proc", "the image wants a volume on '/proc'", true },
		{ "tmpfs", "tmpfs", "/sys/fs", "the image wants a volume on '/sys/fs'", true },
		{ "tmpfs", "tmpfs", "/dev/../dev", "the image wants a volume on '/dev'", true },
		{ "bind", "/no/such", "/x", "'/no/such': No such file", false },
		{ "nosuchfs", "x", "/x", "'nosuchfs'", false },
	};

	assert_int_equal(symlinkat("/proc", top, "lower/hidden"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(spec) spec;

		make_spec(&spec);
		spec_add_mount(&spec, rows[i].type, rows[i].source, rows[i].destination)
			->from_image = rows[i].from_image;
		command(&spec, "true");
		check_error(&spec, 125, rows[i].want);
	}
}

/* CVE-2023-27561 and the like: where the image has a link for a directory of the kernel's. */
static void kernel_directories_are_no_links(void **state)
{
	static const char *const names[] = { "proc", "sys", "dev" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		autofree char *link = xasprintf("lower/%s", names[i]);
		AUTO(spec) spec;

		make_spec(&spec);
		command(&spec, "true");
		assert_int_equal(symlinkat("/etc", top, link), 0);
		check_error(&spec, 125, "is a link or a file, not a directory");
		assert_int_equal(unlinkat(top, link, 0), 0);
	}
}

/* No machine has this one, and some have no AppArmor at all: it is never run without. */
static void a_label_that_cannot_be_is_an_error(void **state)
{
	for (int init = 0; init <= 1; init++) {
		AUTO(spec) spec;

		make_spec(&spec);
		spec.process.apparmor_profile = xstrdup("berth-no-such-profile");
		spec.process.init = init != 0;
		command(&spec, "echo it ran");
		check_error(&spec, 125, "label 'exec berth-no-such-profile'");
	}
}

static void a_terminal_is_the_containers_own(void **state)
{
	AUTO(spec) spec;
	AUTO(buf) out = BUF_INIT;
	struct box box = BOX_INIT;
	char bytes[256];
	ssize_t len;
	int status;

	make_spec(&spec);
	spec.process.terminal = true;
	command(&spec, "tty; stat -c %t /dev/console; echo to >/dev/tty");
	assert_int_equal(start(&spec, &box), 0);
	assert_true(box.console >= 0);
	while ((len = read(box.console, bytes, sizeof(bytes))) > 0)
		buf_add(&out, bytes, (size_t)len);
	assert_string_equal(out.data, "/dev/pts/0\r\n88\r\nto\r\n");
	assert_int_equal(box_wait(&box, &status), 0);
	box_release(&box);
}

static void it_can_be_ended_at_every_point(void **state)
{
	for (int steps = 0; steps <= 3; steps++) {
		AUTO(spec) spec;
		struct box box = BOX_INIT;
		pid_t pid;

		make_spec(&spec);
		command(&spec, "sleep 60");
		assert_int_equal(steps > 0 ? box_spawn(&spec, &box) : 0, 0);
		pid = box.pid;
		assert_int_equal(steps > 1 ? box_created(&box) : 0, 0);
		assert_int_equal(steps > 2 ? box_go(&box) : 0, 0);
		box_release(&box);
		if (steps > 0)
			assert_int_equal(kill(pid, 0), -1);
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	}
}

/* A supervisor that is killed takes the container with it. */
static void it_dies_with_its_supervisor(void **state)
{
	int pipe[2], status;
	char byte;
	pid_t supervisor;

	assert_int_equal(pipe2(pipe, O_CLOEXEC), 0);
	supervisor = fork();
	if (supervisor == 0) {
		AUTO(spec) spec;
		struct box box = BOX_INIT;

		dup2(pipe[1], STDOUT_FILENO);
		make_spec(&spec);
		command(&spec, "echo; sleep 60");
		if (start(&spec, &box) < 0)
			_exit(1);
		pause();
		_exit(1);
	}
	close(pipe[1]);
	assert_int_equal(read(pipe[0], &byte, 1), 1);
	assert_int_equal(kill(supervisor, SIGKILL), 0);
	assert_int_equal(proc_reap(supervisor, &status), 0);
	/* Its output ends: nobody is left to write. */
	assert_int_equal(poll(&(struct pollfd){ .fd = pipe[0], .events = POLLIN }, 1, 5000), 1);
	assert_int_equal(read(pipe[0], &byte, 1), 0);
	close(pipe[0]);
}

static void the_host_is_a_throw_away_copy(void **state)
{
	autofree char *text = xasprintf("cat %s/canary; rm %s/canary; "
					"echo new >%s/new; cat %s/new",
					dir, dir, dir, dir);
	AUTO(spec) spec;

	put("canary", "singing\n", 0644);
	make_spec(&spec);
	spec.root.kind = ROOT_HOST;
	command(&spec, text);
	env_set(&spec.process.env, "PATH", "/usr/bin:/bin");
	check_run(&spec, 0, "singing\nnew\n");
	assert_int_equal(fs_exists(top, "canary"), 1);
	assert_int_equal(fs_exists(top, "new"), 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(the_status_is_the_payloads),
	cmocka_unit_test(what_does_not_run_says_why),
	cmocka_unit_test(our_own_file_is_out_of_reach),
	cmocka_unit_test(init_reaps_and_passes_the_status_on),
	cmocka_unit_test(the_payload_has_three_descriptors),
	cmocka_unit_test(signals_are_as_new),
	cmocka_unit_test(the_confinement_is_as_planned),
	cmocka_unit_test(the_working_directory_is_made_inside),
	cmocka_unit_test(bad_targets_are_refused),
	cmocka_unit_test(kernel_directories_are_no_links),
	cmocka_unit_test(a_label_that_cannot_be_is_an_error),
	cmocka_unit_test(a_terminal_is_the_containers_own),
	cmocka_unit_test(it_can_be_ended_at_every_point),
	cmocka_unit_test(it_dies_with_its_supervisor),
	cmocka_unit_test(the_host_is_a_throw_away_copy),
};

static int run_as_nobody(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0 ||
		    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
			_exit(1);
		_exit(cmocka_run_group_tests_name("box, as an ordinary user", tests, set_up,
						  tear_down));
	}
	return pid < 0 || proc_reap(pid, &status) < 0 ? 1 : status;
}

int main(void)
{
	if (access(BUSYBOX, X_OK) < 0) {
		print_message("skipped: the package busybox-static is not installed\n");
		return 77;
	}
	if (geteuid() == 0 && run_as_nobody() != 0)
		return 1;
	return cmocka_run_group_tests_name("box", tests, set_up, tear_down);
}
