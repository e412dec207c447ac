/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/path.h"
#include "base/units.h"
#include "box/join.h"
#include "box/rdt.h"
#include "oci/execfail.h"
#include "oci/foreground.h"
#include "oci/handover.h"
#include "oci/ocibundle.h"
#include "oci/ocistate.h"
#include "spec/bundleconfig.h"
#include "spec/names.h"

static int read_id(const char *text, const char *what, uint32_t *ret_id)
{
	uint64_t id = 0;

	if (units_parse_u64(text, MAX_ID, &id) < 0)
		return refuse("'%s' is not the number of a %s", text, what);
	*ret_id = (uint32_t)id;
	return 0;
}

static int apply_user(const struct runtime_exec *request, struct spec_user *user)
{
	autofree char *text = xstrdup_null(request->user);
	char *colon = text != NULL ? strchr(text, ':') : NULL;

	if (colon != NULL)
		*colon = '\0';
	if (text != NULL)
		TRY(read_id(text, "user", &user->uid));
	if (colon != NULL)
		TRY(read_id(colon + 1, "group", &user->gid));
	strvec_push_all(&user->groups, &request->groups);
	return 0;
}

static int apply_caps(const struct runtime_exec *request, struct spec_caps *caps)
{
	for (size_t i = 0; i < request->caps.n; i++) {
		uint64_t bit;
		int cap;

		TRY(cap_number(request->caps.v[i], &cap));
		bit = UINT64_C(1) << cap;
		caps->bounding |= bit;
		caps->effective |= bit;
		caps->permitted |= bit;
		caps->ambient |= bit;
	}
	return 0;
}

/* The container's own process, but for what the command line says. */
static int apply_words(const struct runtime_exec *request, struct spec_process *process)
{
	strvec_release(&process->args);
	strvec_push_all(&process->args, &request->args);
	process->terminal = request->terminal;
	if (request->cwd != NULL)
		xreplace(&process->cwd, request->cwd);
	for (size_t i = 0; i < request->env.n; i++)
		env_put(&process->env, request->env.v[i]);
	TRY(apply_user(request, &process->user));
	return apply_caps(request, &process->caps);
}

/* An empty one is none. */
static const char *label_of(const char *text)
{
	return *text != '\0' ? text : NULL;
}

static int make_process(const struct runtime_exec *request, struct spec *spec)
{
	struct spec_process *process = &spec->process;
	AUTO(buf) text = BUF_INIT;

	if (request->process != NULL) {
		TRY(fs_read_file(AT_FDCWD, request->process, MAX_CONFIG, &text));
		TRY(bundleconfig_read_process(text.data, text.len, spec));
	} else {
		TRY(apply_words(request, process));
	}
	if (request->no_new_privileges >= 0)
		process->no_new_privileges = request->no_new_privileges != 0;
	if (request->apparmor != NULL)
		xreplace(&process->apparmor_profile, label_of(request->apparmor));
	if (request->label != NULL)
		xreplace(&process->selinux_label, label_of(request->label));
	if (process->args.n == 0)
		return refuse("process args cannot be empty");
	process->preserve_fds = (int)request->stdio.preserve_fds;
	return handover_check(&request->stdio, process->terminal, !request->detach);
}

static int check_status(const struct runtime_exec *request, const struct ocistate *state)
{
	switch (ocistate_status(state)) {
	case OCI_PAUSED:
		if (request->ignore_paused)
			return 0;
		refuse_with(EBUSY, "cannot exec in a paused container");
		hint("'resume' lets it go on; --ignore-paused does not look");
		return -EBUSY;
	case OCI_RUNNING:
		return 0;
	case OCI_STOPPED:
		return refuse_with(ESRCH, "cannot exec in a stopped container");
	case OCI_CREATING:
	case OCI_CREATED:
		break;
	}
	return refuse_with(EBUSY, "cannot exec in a container that has not been started");
}

static int begin(const struct runtime_exec *request, const struct spec *spec,
		 const struct join *join, struct box *box)
{
	TRY(box_join(spec, join, box));
	TRY(rdt_join(spec, box->pid));
	TRY(box_created(box));
	TRY(handover_console(&request->stdio, box));
	TRY(execfail_explain(box, &spec->process.args, box_go(box)));
	return handover_process(&request->stdio, box);
}

static int run(const struct runtime_exec *request, const struct spec *spec, struct join *join)
{
	struct box box = BOX_INIT;
	int rc = begin(request, spec, join, &box);

	if (rc >= 0 && request->detach) {
		/* Whoever adopts orphans here waits for it. */
		box.phase = BOX_NONE;
		rc = 0;
	} else if (rc >= 0) {
		rc = foreground_attend(spec, &box,
				       spec->ns[NS_PID].mode == NS_NEW ? -1 : join->pidfd);
	}
	(void)box_release(&box);
	return rc;
}

/* A cgroup that the container has made below its own. */
static int choose_cgroup(const struct runtime_exec *request, struct cgroup *cgroup)
{
	autofree char *below = NULL, *path = NULL;

	if (request->cgroup == NULL)
		return 0;
	if (cgroup->path == NULL)
		return cgroup_refuse_none("--cgroup");
	if (strchr(request->cgroup, ':') != NULL)
		return refuse("--cgroup '%s': one path for all controllers is supported",
			      request->cgroup);
	below = path_clean(request->cgroup);
	if (strcmp(below, "/") == 0)
		return 0;
	path = xasprintf("%s%s", cgroup->path, below);
	free(cgroup->path);
	cgroup->path = steal(path);
	return 0;
}

static int with_cgroup(const struct runtime_exec *request, const struct spec *spec,
		       const struct ocistate *state)
{
	autoclose int pidfd = ocistate_pidfd(state);
	struct cgroup cgroup;
	struct join join = { .pid = state->pid, .pidfd = pidfd, .detached = request->detach };
	int rc;

	if (pidfd < 0)
		return refuse_with(ESRCH, "cannot exec in a stopped container");
	TRY(cgroup_find(state->cgroup, &cgroup));
	join.cgroup = &cgroup;
	rc = choose_cgroup(request, &cgroup);
	if (rc >= 0)
		rc = run(request, spec, &join);
	cgroup_release(&cgroup);
	return rc;
}

int runtime_exec(const struct runtime *runtime, const struct runtime_exec *request, const char *id)
{
	AUTO(ocistate) state = OCISTATE_INIT;
	AUTO(ocibundle) bundle = { .config = BUF_INIT };

	spec_init(&bundle.spec);
	TRY(ocistate_open(runtime->root, id, &state));
	TRY(check_status(request, &state));
	TRY(ocibundle_of(runtime, &state, &bundle));
	/* Its creator has heard them. */
	strvec_release(&bundle.spec.warnings);
	TRY(make_process(request, &bundle.spec));
	runtime_warn(runtime, &bundle.spec.warnings);
	if (state.no_new_keyring)
		bundle.spec.process.new_keyring = false;
	TRY(ocibundle_compile(runtime, &bundle.spec));
	return with_cgroup(request, &bundle.spec, &state);
}
