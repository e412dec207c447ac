/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "box/cgroup.h"
#include "box/rdt.h"
#include "oci/ocibundle.h"
#include "oci/ocihook.h"
#include "oci/runtime.h"

#define END_MS 10000 /* a process that SIGKILL has not ended by then hangs in the kernel */

/* --- kill ------------------------------------------------------------------------------------- */

/* What is in its cgroup, as far as that is its own. */
static int kill_cgroup(const struct cgroup *cgroup, int signal)
{
	size_t n = 0;
	pid_t *pids = NULL;
	int rc = signal == SIGKILL ? cgroup_kill(cgroup) : cgroup_procs(cgroup, &pids, &n);

	for (size_t i = 0; i < n; i++)
		kill(pids[i], signal);
	free(pids);
	return rc;
}

static int kill_first(const struct ocistate *state, int signal)
{
	autoclose int pidfd = ocistate_pidfd(state);

	if (pidfd < 0 ||
	    (syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 && errno == ESRCH))
		return refuse_with(ESRCH, "container not running");
	return 0;
}

/* Without a cgroup of its own only the kernel knows them all: it ends them with their first. */
static int kill_all(const struct ocistate *state, int signal)
{
	struct cgroup cgroup;
	int rc;

	TRY(cgroup_find(state->cgroup, &cgroup));
	if (cgroup.path != NULL && !cgroup.shared)
		rc = kill_cgroup(&cgroup, signal);
	else if (signal == SIGKILL && state->own_pids)
		rc = kill_first(state, signal);
	else if (cgroup.path == NULL)
		rc = cgroup_refuse_none("kill --all");
	else
		rc = kill_cgroup(&cgroup, 0);
	cgroup_release(&cgroup);
	return rc;
}

int runtime_kill(const struct runtime *runtime, const char *id, int signal, bool all)
{
	AUTO(ocistate) state = OCISTATE_INIT;

	TRY(ocistate_open(runtime->root, id, &state));
	if (all)
		return kill_all(&state, signal);
	return kill_first(&state, signal);
}

/* --- delete ----------------------------------------------------------------------------------- */

static int end_process(const struct ocistate *state)
{
	autoclose int pidfd = ocistate_pidfd(state);
	struct pollfd poll_end = { .fd = pidfd, .events = POLLIN };
	struct cgroup cgroup;
	int rc;

	if (pidfd < 0)
		return 0;
	if (syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
		return fail("cannot kill the container's first process");
	/* A paused one ends with the rest of its cgroup. */
	TRY(cgroup_find(state->cgroup, &cgroup));
	rc = kill_cgroup(&cgroup, SIGKILL);
	cgroup_release(&cgroup);
	TRY(rc);
	if (poll(&poll_end, 1, END_MS) == 0)
		return refuse_with(EBUSY, "the container's first process does not end");
	return 0;
}

static int delete (const struct runtime *runtime, struct ocistate *state, bool force)
{
	enum oci_status status = ocistate_status(state);

	if (!force && (status == OCI_RUNNING || status == OCI_PAUSED))
		return refuse_with(EBUSY, "cannot delete container '%s' that is not stopped: %s",
				   state->id, oci_status_name(status));
	TRY(end_process(state));
	TRY(cgroup_discard(state->cgroup));
	if (state->poststop || rdt_exists()) {
		struct ocibundle bundle;

		/* Its files are to go, whatever has become of the configuration. */
		if (ocibundle_of(runtime, state, &bundle) == 0) {
			rdt_leave(&bundle.spec);
			(void)ocihook_run(state, &bundle.spec, HOOK_POSTSTOP, OCI_STOPPED);
			ocibundle_release(&bundle);
		}
		err_clear();
	}
	return ocistate_remove(runtime->root, state->id);
}

/* Who was to be in it has died with its creator. What others are in is left. */
static void remove_cgroup(const struct spec *spec)
{
	AUTO(buf) name = BUF_INIT;
	struct cgroup cgroup;

	if (cgroup_guess_of(spec, &name) < 0 || cgroup_find(name.data, &cgroup) < 0)
		return;
	(void)cgroup_remove(&cgroup);
	cgroup_release(&cgroup);
}

/* Garbage of a create that was killed, or nothing at all. */
static int delete_rest(const struct runtime *runtime, const char *id)
{
	AUTO(ocistate) state = OCISTATE_INIT;
	struct ocibundle bundle;
	int rc = ocistate_make(runtime->root, id, &state);

	if (rc == -EEXIST)
		return rc;
	TRY(rc);
	state.bundle = xstrdup("/");
	if (ocibundle_of(runtime, &state, &bundle) == 0) {
		remove_cgroup(&bundle.spec);
		rdt_leave(&bundle.spec);
		ocibundle_release(&bundle);
	}
	err_clear();
	return ocistate_remove(runtime->root, id);
}

int runtime_delete(const struct runtime *runtime, const char *id, bool force)
{
	AUTO(ocistate) state = OCISTATE_INIT;
	int rc = ocistate_open(runtime->root, id, &state);

	/* Whoever has just run it may be deleting it himself. */
	rc = rc < 0 ? rc : ocistate_lock(&state);
	if (rc == -ENOENT && force)
		return delete_rest(runtime, id);
	TRY(rc);
	return delete (runtime, &state, force);
}

int runtime_pause(const struct runtime *runtime, const char *id, bool paused)
{
	AUTO(ocistate) state = OCISTATE_INIT;
	enum oci_status status;
	struct cgroup cgroup;
	int rc;

	TRY(ocistate_open(runtime->root, id, &state));
	TRY(ocistate_lock(&state));
	status = ocistate_status(&state);
	if (paused && status != OCI_RUNNING && status != OCI_CREATED)
		return refuse_with(EINVAL, "container not running: '%s' is %s", id,
				   oci_status_name(status));
	if (!paused && status != OCI_PAUSED)
		return refuse_with(EINVAL, "container not paused: '%s' is %s", id,
				   oci_status_name(status));
	TRY(cgroup_find(state.cgroup, &cgroup));
	rc = cgroup_freeze(&cgroup, paused);
	cgroup_release(&cgroup);
	return rc;
}
