/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/attend.h"

#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/exit.h"

/* What is polled; the relay has the first three. */
enum {
	POLL_SIGNALS = 3,
	POLL_PROCESS,
	POLL_OTHER,
	POLL_MAX,
};

int attend_begin(struct attend *attend, const struct request *request, struct box *box)
{
	attend->box = box;
	attend->terminal = request->tty;
	attend->proxy = request->sig_proxy;
	TRY(signals_block(&attend->signals));
	return relay_start(&attend->relay, request, steal_fd(&box->console));
}

static void send_signal(const struct attend *attend, int signal)
{
	syscall(SYS_pidfd_send_signal, attend->box->pidfd, signal, NULL, 0);
}

static void handle_signals(struct attend *attend)
{
	struct signalfd_siginfo info;

	while (signals_next(&attend->signals, &info)) {
		switch (signals_judge(&attend->signals, &info, attend->proxy, attend->terminal)) {
		case SIGNALS_IGNORE:
		case SIGNALS_UPKEEP:
			break;
		case SIGNALS_RESIZE:
			relay_resize(&attend->relay);
			break;
		case SIGNALS_KILL:
			send_signal(attend, SIGKILL);
			break;
		case SIGNALS_CONTINUE:
			relay_continue(&attend->relay);
			send_signal(attend, SIGCONT);
			break;
		case SIGNALS_FORWARD:
			send_signal(attend, (int)info.ssi_signo);
			break;
		}
	}
}

static int wait_for_end(struct attend *attend)
{
	struct pollfd polls[POLL_MAX] = {
		[POLL_SIGNALS] = { .fd = attend->signals.fd, .events = POLLIN },
		[POLL_PROCESS] = { .fd = attend->box->pidfd, .events = POLLIN },
		[POLL_OTHER] = { .fd = attend->other, .events = POLLIN },
	};

	do {
		relay_poll(&attend->relay, polls);
		if (poll(polls, POLL_MAX, -1) < 0 && errno != EINTR)
			return fail("cannot wait for the process");
		if (polls[POLL_SIGNALS].revents != 0)
			handle_signals(attend);
		relay_run(&attend->relay, polls);
		if (polls[POLL_OTHER].revents != 0) {
			send_signal(attend, SIGKILL);
			polls[POLL_OTHER].fd = -1;
		}
	} while (polls[POLL_PROCESS].revents == 0);
	return 0;
}

int attend_run(struct attend *attend)
{
	int status, code;

	TRY(wait_for_end(attend));
	TRY(box_wait(attend->box, &status));
	relay_drain(&attend->relay, &attend->signals);
	code = WIFSIGNALED(status) ? EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
	if (attend->relay.out_error == 0)
		return code;
	fail_with(attend->relay.out_error,
		  "cannot write what the payload's terminal shows to stdout");
	/* Success would be a lie where the output is lost. */
	return code == 0 ? -EIO : code;
}

void attend_release(struct attend *attend)
{
	relay_release(&attend->relay);
	signals_release(&attend->signals);
	*attend = (struct attend)ATTEND_INIT;
}
