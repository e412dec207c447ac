/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/exit.h"
#include "base/fs.h"
#include "base/passwd.h"
#include "base/proc.h"
#include "base/units.h"
#include "box/box.h"
#include "box/caps.h"
#include "box/hook.h"
#include "box/rdt.h"
#include "box/stay.h"
#include "container/process.h"
#include "oci/execfail.h"
#include "oci/foreground.h"
#include "oci/handover.h"
#include "oci/ocibundle.h"
#include "oci/ocihook.h"
#include "oci/ocistate.h"
#include "spec/names.h"

/* A container that is being made, and what has to go if that fails. */
struct making {
	const struct runtime *runtime;
	const struct runtime_create *request;
	struct ocibundle bundle;
	struct ocistate state;
	struct box box;
};

static void describe(struct making *making)
{
	struct ocistate *state = &making->state;
	const struct spec *spec = &making->bundle.spec;
	AUTO(buf) created = BUF_INIT;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	units_print_time(&created, now.tv_sec, (uint32_t)now.tv_nsec);
	state->created = buf_steal(&created);
	state->bundle = xstrdup(making->bundle.dir);
	state->rootfs = xstrdup(spec->root.path);
	if (passwd_name(making->runtime->host->uid, &state->owner) < 0)
		err_clear();
	state->no_new_keyring = making->request->no_new_keyring;
	state->own_pids = spec->ns[NS_PID].mode == NS_NEW;
	state->notifies = spec->seccomp.notifies;
	state->poststart = spec->hooks.of[HOOK_POSTSTART].n > 0;
	state->poststop = spec->hooks.of[HOOK_POSTSTOP].n > 0;
	for (size_t i = 0; i < spec->annotations.n; i++)
		keyvalues_add(&state->annotations, spec->annotations.v[i].key,
			      spec->annotations.v[i].value);
}

/* To both sides: the hooks in the container read what this wrote last. */
static int tell_state(struct making *making, enum oci_status status, struct buf *ret_text)
{
	ocistate_print(&making->state, status, false, ret_text);
	return making->box.state >= 0 ? hook_tell(making->box.state, ret_text) : 0;
}

static int run_hooks(struct making *making)
{
	const struct spec_hooks *hooks = &making->bundle.spec.hooks;
	AUTO(buf) text = BUF_INIT;

	if (!spec_hooks_before_pivot(hooks))
		return 0;
	TRY(box_mounted(&making->box));
	TRY(tell_state(making, OCI_CREATING, &text));
	TRY(hook_run(hooks, HOOK_PRESTART, &text));
	TRY(hook_run(hooks, HOOK_CREATE_RUNTIME, &text));
	return box_hooked(&making->box);
}

static int explain_command(const struct making *making, int rc)
{
	return execfail_explain(&making->box, &making->bundle.spec.process.args, rc);
}

/* Up to where nothing but the start is left. */
static int build(struct making *making)
{
	struct spec *spec = &making->bundle.spec;
	struct ocistate *state = &making->state;
	struct box *box = &making->box;
	AUTO(buf) cgroup = BUF_INIT, text = BUF_INIT;

	if (making->request->no_new_keyring)
		spec->process.new_keyring = false;
	TRY(process_listen_fds(spec));
	spec->process.preserve_fds += (int)making->request->stdio.preserve_fds;
	TRY(box_spawn(spec, box));
	TRY(rdt_enter(spec, box->pid));
	state->pid = box->pid;
	TRY(run_hooks(making));
	cgroup_name(&box->cgroup, &cgroup);
	state->cgroup = buf_steal(&cgroup);
	TRY(proc_start_time(box->pid, &state->pid_start));
	TRY(explain_command(making, box_created(box)));
	TRY(handover_console(&making->request->stdio, box));
	return tell_state(making, OCI_CREATED, &text);
}

/* From here on it is a container that others find. */
static int publish(struct making *making)
{
	TRY(ocistate_save(&making->state));
	TRY(handover_process(&making->request->stdio, &making->box));
	/* It is anybody's to delete from now on. */
	close(steal_fd(&making->state.lock));
	return 0;
}

/* The specification wants a warning, and no error. In a user namespace of its own there are all. */
static void check_caps(struct spec *spec)
{
	const struct spec_caps *caps = &spec->process.caps;
	uint64_t asked = caps->bounding | caps->effective | caps->permitted | caps->inheritable |
			 caps->ambient;
	uint64_t missing = spec->ns[NS_USER].mode == NS_HOST ? asked & ~caps_available() : 0;

	for (; missing != 0; missing &= missing - 1)
		strvec_pushf(&spec->warnings,
			     "process.capabilities: %s cannot be granted: berth does not have it "
			     "itself",
			     cap_name(__builtin_ctzll(missing)));
}

static int begin(struct making *making, const char *id)
{
	TRY(ocistate_check_id(id));
	TRY(ocibundle_load(making->runtime, making->request, id, &making->bundle));
	check_caps(&making->bundle.spec);
	runtime_warn(making->runtime, &making->bundle.spec.warnings);
	TRY(ocibundle_compile(making->runtime, &making->bundle.spec));
	TRY(handover_check(&making->request->stdio, making->bundle.spec.process.terminal,
			   making->request->detach == false));
	TRY(ocistate_make(making->runtime->root, id, &making->state));
	describe(making);
	/* Before anything is made: what a killed create leaves is found by it. */
	return fs_replace_file(making->state.dir, OCISTATE_CONFIG, making->bundle.config.data,
			       making->bundle.config.len, 0600, false);
}

/* Its directory, and what is run at its end. Once it is published others may delete it, and make
 * another of its name: then this one is gone. */
static void delete_state(struct making *making)
{
	struct ocistate *state = &making->state;

	if (state->created == NULL || ocistate_lock(state) < 0)
		return;
	(void)ocihook_run(state, &making->bundle.spec, HOOK_POSTSTOP, OCI_STOPPED);
	(void)ocistate_remove(making->runtime->root, state->id);
}

/* Nothing of it stays. */
static int undo(struct making *making, int rc)
{
	AUTO(err_kept) kept = err_keep();

	(void)box_release(&making->box);
	rdt_leave(&making->bundle.spec);
	delete_state(making);
	err_restore(&kept);
	return rc;
}

static void release(struct making *making)
{
	(void)box_release(&making->box);
	ocistate_release(&making->state);
	ocibundle_release(&making->bundle);
}

#define MAKING(runtime_, request_) \
	{ \
		.runtime = (runtime_), .request = (request_), .bundle = { .config = BUF_INIT }, \
		.state = OCISTATE_INIT, .box = BOX_INIT \
	}

static int create(struct making *making, const char *id)
{
	autoclose int listener = -1;

	TRY(begin(making, id));
	listener = stay_listen(making->state.dir, OCISTATE_SOCKET);
	TRY(listener);
	TRY(build(making));
	TRY(publish(making));
	return box_leave(&making->box, listener);
}

int runtime_create(const struct runtime *runtime, const struct runtime_create *request,
		   const char *id)
{
	struct making making = MAKING(runtime, request);
	int rc;

	spec_init(&making.bundle.spec);
	rc = create(&making, id);
	if (rc < 0)
		rc = undo(&making, rc);
	release(&making);
	return rc;
}

/* --- run -------------------------------------------------------------------------------------- */

static int run(struct making *making, const char *id)
{
	TRY(begin(making, id));
	TRY(build(making));
	TRY(publish(making));
	TRY(explain_command(making, box_go(&making->box)));
	TRY(ocihook_run(&making->state, &making->bundle.spec, HOOK_POSTSTART, OCI_RUNNING));
	return foreground_attend(&making->bundle.spec, &making->box, -1);
}

/* Its end is what is reported, whatever is left of it. */
static int finish(struct making *making, int status)
{
	if (making->request->keep && status >= 0) {
		(void)cgroup_kill(&making->box.cgroup);
		return status;
	}
	return undo(making, status);
}

static int run_foreground(const struct runtime *runtime, const struct runtime_create *request,
			  const char *id)
{
	struct making making = MAKING(runtime, request);
	int rc;

	spec_init(&making.bundle.spec);
	rc = finish(&making, run(&making, id));
	release(&making);
	return rc;
}

int runtime_run(const struct runtime *runtime, const struct runtime_create *request, const char *id)
{
	int rc;

	if (!request->detach)
		return run_foreground(runtime, request, id);
	TRY(runtime_create(runtime, request, id));
	rc = runtime_start(runtime, id);
	if (rc < 0) {
		AUTO(err_kept) kept = err_keep();

		(void)runtime_delete(runtime, id, true);
		err_restore(&kept);
	}
	return rc;
}
