/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/healthrun.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/exit.h"
#include "base/proc.h"
#include "box/exec.h"
#include "box/join.h"
#include "container/event.h"
#include "container/exec.h"
#include "container/healthfile.h"
#include "container/proclist.h"

#define USEC_PER_MSEC 1000
#define READ_SIZE 4096
#define DRAIN_MAX (64 << 10) /* after its end: children that it left may write for ever */
#define TREE_ROUNDS 20

/* What the runner's exit status says. */
enum {
	STATUS_VERDICT = 0x03, /* enum health_verdict */
	STATUS_PASSED = 0x04,
	STATUS_NOTED = 0x10, /* always, where it has done its work */
};

struct runner {
	const struct host *host;
	struct target target; /* borrows the record */
	const struct health_config *config;
	const struct health_probe *probe;
	struct box box;
	int out; /* what the check prints */
	struct health_result result;
};

/* --- its end by force ------------------------------------------------------------------------- */

static bool is_of_tree(const struct proclist *list, size_t i, pid_t root, const bool *member)
{
	const struct proclist_entry *entry = &list->v[i];

	if (entry->pid == root || entry->session == root)
		return true;
	for (size_t k = 0; k < list->n; k++)
		if (member[k] && list->v[k].pid == entry->parent)
			return true;
	return false;
}

static void signal_entry(const struct proclist_entry *entry, int signal)
{
	autoclose int pidfd = (int)syscall(SYS_pidfd_open, entry->pid, 0);

	if (pidfd >= 0 && proc_is_alive(entry->pid, entry->start))
		syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

/* Send a signal to the check and what descends from it; returns how many there are. A child that
 * has left is known by its session, or as long as its parent is there. */
static size_t signal_tree(const struct target *target, pid_t root, int signal)
{
	struct proclist list = { 0 };
	autofree bool *member = NULL;
	size_t n = 0, before;

	if (proclist_read(target, &list) < 0) {
		err_clear();
		return 0;
	}
	member = xcalloc(list.n + 1, sizeof(*member));
	do {
		before = n;
		for (size_t i = 0; i < list.n; i++)
			if (!member[i] && is_of_tree(&list, i, root, member)) {
				member[i] = true;
				n++;
			}
	} while (n != before);
	for (size_t i = 0; i < list.n; i++)
		if (member[i])
			signal_entry(&list.v[i], signal);
	proclist_release(&list);
	return n;
}

/* Stopped first, until nobody is left who could start another one: a dead parent tells no more. */
static void kill_tree(const struct runner *runner)
{
	const pid_t root = runner->box.pid;
	size_t n = 0, before;

	for (int round = 0; round < TREE_ROUNDS; round++) {
		before = n;
		n = signal_tree(&runner->target, root, SIGSTOP);
		if (n == before)
			break;
	}
	signal_tree(&runner->target, root, SIGKILL);
	kill(root, SIGKILL);
}

/* --- in the runner ---------------------------------------------------------------------------- */

/* Nothing of the caller's is held open by it: who waits for the end of a stream of his need not
 * wait for the check. */
static int leave_caller(struct runner *runner)
{
	const struct spec_process none = { .preserve_fds = 0 };
	int keep[] = { runner->target.record.dirfd, runner->target.pidfd };
	int null, ends[2];

	TRY(exec_close_others(&none, keep, ARRAY_SIZE(keep)));
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0)
		return fail("cannot open '/dev/null'");
	close(null);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail("cannot make a pipe for the health check");
	runner->out = ends[0];
	if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0 || dup2(ends[1], STDOUT_FILENO) < 0 ||
	    dup2(ends[1], STDERR_FILENO) < 0)
		return fail("cannot use a pipe for the health check");
	close(ends[1]);
	return 0;
}

/* Our own descriptors of the pipe's end: its end is to be seen. */
static void close_outputs(void)
{
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
		dup2(STDIN_FILENO, fd);
}

static void make_args(const struct strvec *test, struct spec_process *process)
{
	if (strcmp(test->v[0], "CMD-SHELL") == 0) {
		strvec_push(&process->args, "/bin/sh");
		strvec_push(&process->args, "-c");
	}
	for (size_t i = 1; i < test->n; i++)
		strvec_push(&process->args, test->v[i]);
}

static int start(struct runner *runner)
{
	struct target *target = &runner->target;
	const struct join join = {
		.pid = target->record.pid,
		.pidfd = target->pidfd,
		.cgroup = &target->cgroup,
	};
	AUTO(spec) spec;

	spec_init(&spec);
	TRY(exec_terms(runner->host, &target->record, &spec));
	make_args(&runner->probe->test, &spec.process);
	spec.process.stdin_null = true;
	spec.process.own_stdio = true;
	if (target->record.cgroup != NULL)
		TRY(cgroup_find(target->record.cgroup, &target->cgroup));
	TRY(box_join(&spec, &join, &runner->box));
	TRY(box_created(&runner->box));
	return box_go(&runner->box);
}

/* At most `max` bytes; what is more than is kept is read and forgotten. */
static bool read_output(struct runner *runner, size_t max)
{
	const size_t room =
		runner->config->log_size > 0 ? (size_t)runner->config->log_size : MAX_HEALTH_OUTPUT;
	struct buf *kept = &runner->result.output;
	char bytes[READ_SIZE];

	for (size_t total = 0; total < max;) {
		ssize_t len = read(runner->out, bytes, sizeof(bytes));

		if (len <= 0)
			return len < 0 && (errno == EAGAIN || errno == EINTR);
		total += (size_t)len;
		if (kept->len < room)
			buf_add(kept, bytes,
				kept->len + (size_t)len <= room ? (size_t)len : room - kept->len);
	}
	return true;
}

static int msec_until(uint64_t deadline)
{
	uint64_t now = healthfile_now(), left = deadline > now ? deadline - now : 0;

	return left / USEC_PER_MSEC > INT32_MAX / 2
		       ? INT32_MAX / 2
		       : (int)((left + USEC_PER_MSEC - 1) / USEC_PER_MSEC);
}

/* True: it has ended by itself. */
static bool await(struct runner *runner)
{
	uint64_t deadline = healthfile_now() + runner->probe->timeout;
	struct pollfd polls[] = {
		{ .fd = runner->box.pidfd, .events = POLLIN },
		{ .fd = runner->out, .events = POLLIN },
	};

	for (;;) {
		int n = poll(polls, ARRAY_SIZE(polls), msec_until(deadline));

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0 && polls[1].revents != 0 && !read_output(runner, READ_SIZE))
			polls[1].fd = -1;
		if (n > 0 && polls[0].revents != 0)
			return true;
		if (healthfile_now() < deadline)
			continue;
		if (!cgroup_is_frozen(&runner->target.cgroup))
			return false;
		deadline = healthfile_now() + runner->probe->timeout;
	}
}

static void say_timeout(struct runner *runner)
{
	AUTO(buf) text = BUF_INIT;

	buf_addf(&text, "Health check exceeded timeout (%gs)",
		 (double)runner->probe->timeout / USEC_PER_MSEC / 1000);
	if (runner->result.output.len > 0)
		buf_addf(&text, ": ");
	buf_add(&text, runner->result.output.data, runner->result.output.len);
	buf_release(&runner->result.output);
	runner->result.output = text;
	text = (struct buf)BUF_INIT;
}

static int collect(struct runner *runner)
{
	bool ended = await(runner);
	int status;

	if (!ended)
		kill_tree(runner);
	TRY(box_wait(&runner->box, &status));
	read_output(runner, DRAIN_MAX);
	if (!ended)
		say_timeout(runner);
	runner->result.exit_code = !ended              ? -1
				   : WIFEXITED(status) ? WEXITSTATUS(status)
						       : EXIT_SIGNAL + WTERMSIG(status);
	return 0;
}

static bool container_is_there(const struct runner *runner)
{
	struct pollfd payload = { .fd = runner->target.pidfd, .events = POLLIN };

	return poll(&payload, 1, 0) == 0;
}

/* One that cannot be started has failed, and says why. */
static void check(struct runner *runner)
{
	struct health_result *result = &runner->result;
	int rc;

	clock_gettime(CLOCK_REALTIME, &result->start);
	result->began = healthfile_now();
	rc = start(runner);
	close_outputs();
	if (rc >= 0)
		rc = collect(runner);
	if (rc < 0) {
		result->exit_code = !runner->box.exec_failed ? -1
				    : rc == -ENOENT          ? EXIT_NOT_FOUND
							     : EXIT_CANNOT_EXECUTE;
		buf_add_str(&result->output, err_text());
		err_clear();
	}
	clock_gettime(CLOCK_REALTIME, &result->end);
}

static int run(struct runner *runner)
{
	const struct record *record = &runner->target.record;
	enum health_verdict verdict;
	struct health_state before;
	enum health_status status;

	TRY(leave_caller(runner));
	TRY(healthfile_load(record, &before, NULL));
	runner->probe = health_probe(runner->config, &before);
	check(runner);
	if (!container_is_there(runner))
		return 0;
	TRY(healthfile_note(record, runner->config, &runner->result, &verdict));
	status = healthfile_status(record);
	if (status != before.status)
		event_health(runner->host, record, health_status_name(status));
	return STATUS_NOTED | (int)verdict | (runner->result.exit_code == 0 ? STATUS_PASSED : 0);
}

static void __attribute__((noreturn))
runner_main(const struct host *host, const struct record *record, int pidfd,
	    const struct health_config *config)
{
	struct runner runner = {
		.host = host,
		.target = { .record = *record, .pidfd = pidfd, .cgroup = CGROUP_INIT },
		.config = config,
		.box = BOX_INIT,
		.out = -1,
		.result = { .output = BUF_INIT },
	};
	int rc;

	err_clear();
	rc = run(&runner);
	(void)box_release(&runner.box);
	_exit(rc < 0 ? 0 : rc);
}

/* --- the caller's side ------------------------------------------------------------------------ */

int healthrun_start(const struct host *host, const struct record *record, int pidfd,
		    const struct health_config *config, struct healthrun *run)
{
	pid_t pid = proc_fork();

	if (pid < 0)
		return fail("cannot start a health check");
	if (pid == 0)
		runner_main(host, record, pidfd, config);
	run->pid = pid;
	run->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (run->pidfd < 0) {
		fail("cannot open process %d", (int)pid);
		healthrun_release(run);
		return -EMFILE;
	}
	return 0;
}

int healthrun_finish(struct healthrun *run, struct healthrun_result *ret_result)
{
	int status = 0, rc = proc_reap(run->pid, &status);
	int code = rc >= 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 0;

	cleanup_close(&run->pidfd);
	*run = (struct healthrun)HEALTHRUN_INIT;
	TRY(rc);
	*ret_result = (struct healthrun_result){
		.noted = (code & STATUS_NOTED) != 0,
		.passed = (code & STATUS_PASSED) != 0,
		.verdict = (enum health_verdict)(code & STATUS_VERDICT),
	};
	return 0;
}

void healthrun_release(struct healthrun *run)
{
	int status;

	if (run->pid > 0) {
		kill(run->pid, SIGKILL);
		(void)proc_reap(run->pid, &status);
	}
	cleanup_close(&run->pidfd);
	*run = (struct healthrun)HEALTHRUN_INIT;
}
