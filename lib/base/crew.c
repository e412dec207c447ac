/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/crew.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/proc.h"

#define WIDTH_MIN 3
#define WIDTH_MAX 8
#define TICK_MS 100

struct member {
	pid_t pid; /* 0: not started, or reaped */
	int report;
};

struct crew_state {
	const struct crew *crew;
	struct member *members; /* as many as pieces */
	struct pollfd *polls;   /* likewise */
	size_t next;            /* to be started */
	size_t running;
};

size_t crew_width(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (processors < WIDTH_MIN)
		return WIDTH_MIN;
	return processors > WIDTH_MAX ? WIDTH_MAX : (size_t)processors;
}

/* A datagram: all or nothing, whoever is killed meanwhile. */
static int start_member(struct crew_state *state)
{
	struct member *member = &state->members[state->next];
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return fail("cannot make a socket");
	member->pid = proc_fork();
	if (member->pid == 0) {
		int rc = state->crew->work(state->crew->arg, state->next);

		if (rc < 0)
			(void)err_send(pair[1], rc, STAGE_SETUP);
		_exit(rc < 0);
	}
	close(pair[1]);
	if (member->pid < 0) {
		close(pair[0]);
		member->pid = 0;
		return fail("cannot start a process");
	}
	member->report = pair[0];
	state->next++;
	state->running++;
	return 0;
}

static int finish_member(struct crew_state *state, struct member *member)
{
	enum err_stage stage;
	int code = 0, status = 0;
	int rc = err_receive(member->report, &code, &stage);

	close(steal_fd(&member->report));
	TRY(proc_reap(member->pid, &status));
	member->pid = 0;
	state->running--;
	TRY(rc);
	if (rc == 1)
		return code;
	if (WIFSIGNALED(status))
		return refuse_with(ECHILD, "a process of ours was killed by signal %d",
				   WTERMSIG(status));
	return WEXITSTATUS(status) == 0 ? 0 : refuse_with(ECHILD, "a process of ours failed");
}

static int run_some(struct crew_state *state)
{
	const struct crew *crew = state->crew;
	size_t width = crew->at_once != 0 ? crew->at_once : crew_width();

	while (state->running < width && state->next < crew->n)
		TRY(start_member(state));
	for (size_t i = 0; i < crew->n; i++)
		state->polls[i] =
			(struct pollfd){ .fd = state->members[i].report, .events = POLLIN };
	if (poll(state->polls, state->next, crew->tick != NULL ? TICK_MS : -1) < 0 &&
	    errno != EINTR)
		return fail("cannot wait for a process");
	if (crew->tick != NULL)
		crew->tick(crew->arg);
	for (size_t i = 0; i < state->next; i++)
		if (state->members[i].report >= 0 && state->polls[i].revents != 0)
			TRY(finish_member(state, &state->members[i]));
	return 0;
}

static void crew_state_release(struct crew_state *state)
{
	int status;

	for (size_t i = 0; i < state->next; i++) {
		if (state->members[i].pid <= 0)
			continue;
		kill(state->members[i].pid, SIGKILL);
		waitpid(state->members[i].pid, &status, 0);
		cleanup_close(&state->members[i].report);
	}
	free(state->members);
	free(state->polls);
}

int crew_run(const struct crew *crew)
{
	AUTO(crew_state)
	state = {
		.crew = crew,
		.members = xcalloc(crew->n, sizeof(struct member)),
		.polls = xcalloc(crew->n, sizeof(struct pollfd)),
	};

	for (size_t i = 0; i < crew->n; i++)
		state.members[i].report = -1;
	while (state.next < crew->n || state.running > 0)
		TRY(run_some(&state));
	return 0;
}
