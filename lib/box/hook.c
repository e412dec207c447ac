/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/hook.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/exit.h"
#include "base/fs.h"
#include "base/proc.h"
#include "box/become.h"
#include "box/caps.h"
#include "box/exec.h"
#include "box/sync.h"

#define MESSAGES_MAX 65536 /* bytes of a hook's output */

/* A hook that runs: its end, and what it says. */
struct running {
	int pidfd;
	int out; /* read end; not blocking */
	struct buf messages;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Read what there is; the beginning is kept, the rest must not block the hook. */
static void drain(struct running *running)
{
	char bytes[4096];
	ssize_t n;

	while ((n = read(running->out, bytes, sizeof(bytes))) > 0)
		if (running->messages.len < MESSAGES_MAX)
			buf_add(&running->messages, bytes, (size_t)n);
}

/* Until its end; -ETIMEDOUT, with nothing recorded, where that takes longer than `timeout`. */
static int wait_end(struct running *running, int64_t timeout)
{
	const int64_t end = now_ms() + timeout * 1000;
	struct pollfd polls[] = {
		{ .fd = running->pidfd, .events = POLLIN },
		{ .fd = running->out, .events = POLLIN },
	};

	for (;;) {
		int64_t left = timeout == 0 ? -1 : end - now_ms();
		int wait = left > INT_MAX ? INT_MAX : (int)left;

		if (timeout != 0 && left <= 0)
			return -ETIMEDOUT;
		if (poll(polls, ARRAY_SIZE(polls), wait) < 0 && errno != EINTR)
			return fail("cannot wait for the hook");
		drain(running);
		if ((polls[1].revents & (POLLHUP | POLLERR)) != 0)
			polls[1].fd = -1;
		if (polls[0].revents != 0)
			return 0;
	}
}

/* A new file for each: no hook can change what the next one reads. */
static int make_input(const struct buf *state)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	autoclose int fd = memfd_create("state", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return fail("cannot make the input of a hook");
	TRY(fs_write_all(fd, state->data, state->len, "state"));
	if (lseek(fd, 0, SEEK_SET) < 0 || fcntl(fd, F_ADD_SEALS, seals) < 0)
		return fail("cannot make the input of a hook");
	return steal_fd(&fd);
}

static int make_pipe(int *ret_in, int *ret_out)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
		return fail("cannot make a pipe for a hook");
	*ret_out = ends[0];
	*ret_in = ends[1];
	return 0;
}

static int finish(const struct spec_hook *hook, struct proc *proc, struct running *running)
{
	int rc = wait_end(running, hook->timeout), status;

	if (rc == -ETIMEDOUT)
		refuse_with(ETIMEDOUT, "it took longer than its timeout of %lld s",
			    (long long)hook->timeout);
	if (rc < 0) {
		proc_release(proc);
		return rc;
	}
	TRY(proc_wait(proc, &status));
	return proc_check(proc, status, running->messages.data);
}

static int run_outside(const struct spec_hook *hook, const struct buf *state)
{
	extern char **environ;
	static char *const no_args[] = { NULL };
	autoclose int input = make_input(state), in = -1, out = -1;
	struct running running = { .messages = BUF_INIT };
	struct proc proc = PROC_INIT;
	char *alone[] = { hook->path, NULL };
	int rc;

	TRY(input);
	TRY(make_pipe(&in, &out));
	proc.file = hook->path;
	proc.argv = hook->args.n > 0 ? hook->args.v : alone;
	proc.env = hook->env.n > 0 ? hook->env.v : environ != NULL ? environ : no_args;
	proc.in = input;
	proc.out = proc.err = in;
	TRY(proc_start(&proc));
	close(steal_fd(&in));
	running.pidfd = proc.pidfd;
	running.out = out;
	rc = finish(hook, &proc, &running);
	buf_release(&running.messages);
	return rc;
}

int hook_run(const struct spec_hooks *hooks, enum hook_kind kind, const struct buf *state)
{
	int first = 0;

	for (size_t i = 0; i < hooks->of[kind].n; i++) {
		const struct spec_hook *hook = &hooks->of[kind].v[i];
		int rc = fail_in(run_outside(hook, state), "hooks.%s[%zu] '%s'", hook_name(kind), i,
				 hook->path);

		/* What is at its end is not held up. */
		if (rc < 0 && kind != HOOK_POSTSTOP)
			return rc;
		first = first < 0 ? first : rc;
	}
	return first;
}

/* --- inside ----------------------------------------------------------------------------------- */

/* What a hook of the container is started with. */
struct inside {
	const struct spec *spec;
	const struct spec_hook *hook;
	int stub, sync, input, out;
};

static int become_hook(const struct inside *inside)
{
	struct spec_process process = { .args = inside->hook->args };
	struct spec_caps caps = { .bounding = inside->spec->process.caps.bounding };
	char *alone[] = { inside->hook->path, NULL };
	const struct strvec one = { .v = alone, .n = 1 };
	AUTO(strvec) argv = STRVEC_INIT;
	struct exec exec = {
		.process = &process,
		.birth = EXEC_ITSELF,
		.env = inside->hook->env.n > 0 ? &inside->hook->env : &inside->spec->process.env,
		.file = inside->hook->path,
		.stub = inside->stub,
		.sync = inside->sync,
		.proc = -1,
	};

	if (process.args.n == 0)
		process.args = one;
	caps.permitted = caps.effective = caps.bounding;
	if (dup2(inside->input, STDIN_FILENO) < 0 || dup2(inside->out, STDOUT_FILENO) < 0 ||
	    dup2(inside->out, STDERR_FILENO) < 0)
		return fail("cannot place the descriptors of a hook");
	TRY(caps_drop_bounding(&caps));
	TRY(exec_prepare(&exec, &argv));
	TRY(become_hidden());
	TRY(caps_apply(&caps, 0));
	return exec_stub_now(&exec, &argv);
}

static int start_inside(struct inside *inside, struct proc *proc)
{
	int pair[2], rc;
	bool failed;
	pid_t born;

	TRY(sync_pair(pair));
	inside->sync = pair[1];
	proc->pid = proc_fork();
	if (proc->pid == 0) {
		close(pair[0]);
		rc = become_hook(inside);
		(void)!err_send(pair[1], rc, STAGE_SETUP);
		_exit(EXIT_BERTH);
	}
	close(pair[1]);
	rc = proc->pid < 0 ? fail("cannot start a hook") : exec_result(pair[0], &born, &failed);
	close(pair[0]);
	TRY(rc);
	proc->pidfd = (int)syscall(SYS_pidfd_open, proc->pid, 0);
	return proc->pidfd >= 0 ? 0 : fail("cannot wait for the hook");
}

static int run_inside(const struct spec *spec, const struct spec_hook *hook,
		      const struct buf *state, int stub)
{
	autoclose int input = make_input(state), in = -1, out = -1;
	struct running running = { .messages = BUF_INIT };
	struct proc proc = PROC_INIT;
	struct inside inside = { .spec = spec, .hook = hook, .stub = stub, .input = input };
	int rc;

	TRY(input);
	TRY(make_pipe(&in, &out));
	inside.out = in;
	proc.file = hook->path;
	rc = start_inside(&inside, &proc);
	if (rc < 0) {
		proc_release(&proc);
		return rc;
	}
	close(steal_fd(&in));
	running.pidfd = proc.pidfd;
	running.out = out;
	rc = finish(hook, &proc, &running);
	buf_release(&running.messages);
	return rc;
}

int hook_run_inside(const struct spec *spec, enum hook_kind kind, const struct buf *state, int stub)
{
	for (size_t i = 0; i < spec->hooks.of[kind].n; i++) {
		const struct spec_hook *hook = &spec->hooks.of[kind].v[i];

		TRY(fail_in(run_inside(spec, hook, state, stub), "hooks.%s[%zu] '%s'",
			    hook_name(kind), i, hook->path));
	}
	return 0;
}

/* --- the state -------------------------------------------------------------------------------- */

int hook_channel(void)
{
	int fd = memfd_create("state", MFD_CLOEXEC);

	return fd >= 0 ? fd : fail("cannot make a memory file");
}

int hook_tell(int channel, const struct buf *state)
{
	if (ftruncate(channel, 0) < 0 || lseek(channel, 0, SEEK_SET) < 0)
		return fail("cannot write the state for the hooks");
	return fs_write_all(channel, state->data, state->len, "state");
}

int hook_hear(int channel, struct buf *ret_state)
{
	if (lseek(channel, 0, SEEK_SET) < 0)
		return fail("cannot read the state for the hooks");
	return fs_read_fd(channel, "state", MAX_CONFIG, ret_state);
}
