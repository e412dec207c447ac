/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "box/box.h"
#include "oci/ocibundle.h"
#include "oci/ocihook.h"
#include "oci/ocistate.h"
#include "oci/runtime.h"

static int refuse_status(const struct ocistate *state)
{
	enum oci_status status = ocistate_status(state);

	if (status == OCI_STOPPED)
		return refuse_with(EINVAL, "cannot start a container that has stopped");
	return refuse_with(EINVAL, "cannot start an already running container");
}

static int run_poststart(const struct runtime *runtime, const struct ocistate *state)
{
	AUTO(ocibundle) bundle = { .config = BUF_INIT };

	spec_init(&bundle.spec);
	TRY(ocibundle_of(runtime, state, &bundle));
	return ocihook_run(state, &bundle.spec, HOOK_POSTSTART, OCI_RUNNING);
}

/* A container whose hook has failed is not to run. */
static void stop(const struct runtime *runtime, const char *id)
{
	AUTO(err_kept) kept = err_keep();

	(void)runtime_kill(runtime, id, SIGKILL, false);
	err_restore(&kept);
}

static int go(const struct runtime *runtime, const struct ocistate *state, struct box *box)
{
	AUTO(ocibundle) bundle = { .config = BUF_INIT };

	spec_init(&bundle.spec);
	if (state->notifies) {
		TRY(ocibundle_of(runtime, state, &bundle));
		box->listener =
			(struct listener){ &bundle.spec, state->pid, oci_status_name(OCI_CREATED) };
	}
	return box_go(box);
}

int runtime_start(const struct runtime *runtime, const char *id)
{
	AUTO(ocistate) state = OCISTATE_INIT;
	struct box box = BOX_INIT;
	int rc;

	TRY(ocistate_open(runtime->root, id, &state));
	if (ocistate_status(&state) != OCI_CREATED)
		return refuse_status(&state);
	rc = box_called(state.dir, OCISTATE_SOCKET, &box);
	if (rc == -ECONNREFUSED)
		return refuse_status(&state);
	TRY(rc);
	rc = go(runtime, &state, &box);
	if (rc == -ECONNREFUSED) {
		(void)box_release(&box);
		return refuse_status(&state);
	}
	/* Its socket goes with the state "created"; where the start has failed, its process has
	 * ended. */
	if (unlinkat(state.dir, OCISTATE_SOCKET, 0) < 0 && errno != ENOENT && rc >= 0)
		rc = fail("cannot remove the socket of container '%s'", id);
	if (rc >= 0 && state.poststart) {
		rc = run_poststart(runtime, &state);
		if (rc < 0)
			stop(runtime, id);
	}
	(void)box_release(&box);
	return rc;
}
