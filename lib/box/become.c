/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/become.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "box/caps.h"
#include "box/listener.h"
#include "box/seccomp.h"
#include "box/sync.h"

/* There is no single call for all of them. */
void become_reset_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig <= SIGRTMAX; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Now if it has died already. */
int become_tied(int sync)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return fail("cannot ask to be killed with the supervisor");
	return sync_peer(sync);
}

int become_free(void)
{
	if (prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0)
		return fail("cannot outlive the process that made the container");
	return 0;
}

int become_hidden(void)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return fail("cannot hide the container's first process");
	return 0;
}

static int install_filter(const struct become *become, struct pass *ret_pass)
{
	return become->spec->seccomp.notifies
		       ? listener_install(become->spec, become->sync, ret_pass)
		       : seccomp_install(become->spec, ret_pass);
}

int become_payload(struct become *become)
{
	const struct spec *spec = become->spec;
	bool filter_last = spec->process.no_new_privileges;
	AUTO(strvec) argv = STRVEC_INIT;
	struct exec exec = {
		.process = &spec->process,
		.birth = become->birth,
		.env = become->env,
		.stub = become->stub,
		.sync = become->sync,
		.proc = become->proc,
	};
	autofree char *file = NULL;

	TRY(caps_drop_bounding(&become->caps));
	TRY(caps_keep());
	TRY(user_become(spec, become->user));
	TRY(become->stays ? 0 : become_tied(become->sync));
	TRY(caps_raise());
	TRY(exec_chdir(&spec->process));
	become->stage = STAGE_EXEC;
	TRY(exec_find(&spec->process, become->env, &file));
	become->stage = STAGE_SETUP;
	exec.file = file;
	TRY(exec_prepare(&exec, &argv));
	TRY(become_hidden());
	TRY(filter_last ? 0 : install_filter(become, &exec.pass));
	TRY(caps_apply(&become->caps, become->user->uid));
	if (filter_last && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail("cannot set no_new_privs");
	TRY(filter_last ? install_filter(become, &exec.pass) : 0);
	return exec_stub_now(&exec, &argv);
}
