/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/signals.h"

#include <signal.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "container/upkeep.h"

/* So many ^C end a container that does not react, as with docker. */
#define INTERRUPTS_MAX 3

int signals_block(struct signals *signals)
{
	sigset_t set;

	sigfillset(&set);
	if (sigprocmask(SIG_SETMASK, &set, NULL) < 0)
		return fail("cannot block signals");
	/* Waited for by descriptor; and a reader of our output that goes away is no reason to die
	 * before the container is cleaned up. */
	sigdelset(&set, SIGCHLD);
	sigdelset(&set, SIGPIPE);
	signals->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals->fd < 0)
		return fail("cannot open a descriptor for signals");
	return 0;
}

int signals_next(struct signals *signals, struct signalfd_siginfo *ret_info)
{
	return read(signals->fd, ret_info, sizeof(*ret_info)) == sizeof(*ret_info);
}

static bool is_deadly(uint32_t signal)
{
	return signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT;
}

enum signals_action signals_judge(struct signals *signals, const struct signalfd_siginfo *info,
				  bool proxy, bool terminal)
{
	/* By the kernel, for a key: not by kill(2). */
	bool typed = info->ssi_signo == SIGINT && info->ssi_code == SI_KERNEL;

	if (typed && ++signals->interrupts >= INTERRUPTS_MAX)
		return SIGNALS_KILL;
	if (terminal && info->ssi_signo == SIGWINCH)
		return SIGNALS_RESIZE;
	if (info->ssi_signo == UPKEEP_SIGNAL && info->ssi_code == SI_QUEUE &&
	    info->ssi_int == UPKEEP_VALUE)
		return SIGNALS_UPKEEP;
	if (info->ssi_signo == SIGURG || info->ssi_signo == SIGTTIN || info->ssi_signo == SIGTTOU)
		return SIGNALS_IGNORE;
	if (!proxy)
		return is_deadly(info->ssi_signo) ? SIGNALS_KILL : SIGNALS_IGNORE;
	return info->ssi_signo == SIGCONT ? SIGNALS_CONTINUE : SIGNALS_FORWARD;
}

void signals_release(struct signals *signals)
{
	cleanup_close(&signals->fd);
	signals->fd = -1;
}
