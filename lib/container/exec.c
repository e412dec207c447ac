/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/exec.h"

#include <linux/close_range.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/exit.h"
#include "base/fs.h"
#include "base/path.h"
#include "base/term.h"
#include "base/units.h"
#include "box/join.h"
#include "box/limits.h"
#include "box/seccomp.h"
#include "container/attend.h"
#include "container/environment.h"
#include "container/event.h"
#include "container/process.h"
#include "container/secretopt.h"
#include "container/target.h"
#include "container/terms.h"
#include "spec/names.h"

/* A start that takes so long waits for something itself: a hook, an image on a slow disk. */
#define OPEN_POLLS 5000
#define OPEN_NSEC 1000000L

/* Its first process may not be the payload yet, and see the host's files. */
static int open_started(const struct host *host, const char *name, struct target *target)
{
	const struct timespec pause = { .tv_nsec = OPEN_NSEC };

	for (int i = 0; i < OPEN_POLLS; i++) {
		TRY(target_open(host, name, target));
		if (target->record.executed == target->record.pid_start)
			return 0;
		if (i + 1 < OPEN_POLLS)
			target_release(target);
		nanosleep(&pause, NULL);
	}
	return refuse_with(ESRCH, "the container '%s' is just being started", target->record.name);
}

static int refuse_paused(const struct target *target)
{
	if (!cgroup_is_frozen(&target->cgroup))
		return 0;
	refuse_with(EBUSY, "the container '%s' is paused", target->record.name);
	hint("'berth unpause %s' lets it go on", target->record.name);
	return -EBUSY;
}

/* All that there are; which system calls that opens stays as it is for the container. */
static void give_all(struct spec *spec)
{
	struct spec_process *process = &spec->process;
	struct spec_seccomp *seccomp = &spec->seccomp;
	struct sock_filter filter[SECCOMP_DEFAULT_MAX];

	if (seccomp->mode == SECCOMP_DEFAULT) {
		seccomp->filter_len = seccomp_default(process->caps.bounding, filter);
		seccomp->filter = xcalloc(seccomp->filter_len, sizeof(*filter));
		memcpy(seccomp->filter, filter, seccomp->filter_len * sizeof(*filter));
		seccomp->mode = SECCOMP_PROFILE;
	}
	process->caps.bounding = process->caps.permitted = process->caps.effective = CAP_ALL_MASK;
	xreplace(&process->apparmor_profile, NULL);
}

static int read_oom_score(pid_t pid, int64_t *ret_score)
{
	autofree char *path = xasprintf("/proc/%d/oom_score_adj", (int)pid);
	AUTO(buf) text = BUF_INIT;

	TRY(fs_read_file(AT_FDCWD, path, MAX_STATE_FILE, &text));
	text.data[strcspn(text.data, "\n")] = '\0';
	return units_parse_i64(text.data, -1000, 1000, ret_score);
}

/* Where none was asked for, the payload has that of who started it, and we that of who calls us:
 * a command in the container is not to outlive the payload. */
static void follow_oom_score(pid_t payload, struct spec_process *process)
{
	int64_t ours, theirs;

	if (process->set_oom_score_adj || read_oom_score(getpid(), &ours) < 0 ||
	    read_oom_score(payload, &theirs) < 0) {
		err_clear();
		return;
	}
	process->set_oom_score_adj = theirs > ours;
	process->oom_score_adj = (int)theirs;
}

/* The sockets of systemd went to the payload. */
static const char *const not_inherited[] = { "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES" };

static int make_process(const struct request *request, struct spec *spec)
{
	struct spec_process *process = &spec->process;
	AUTO(strvec) env = STRVEC_INIT;

	TRY(environment_make(request, &process->env, NULL, &env));
	strvec_release(&process->env);
	process->env = env;
	env = (struct strvec)STRVEC_INIT;
	strvec_push_all(&process->args, &request->command);
	if (request->workdir != NULL) {
		free(process->cwd);
		process->cwd = path_clean(request->workdir);
	}
	if (request->user != NULL)
		xreplace(&process->user.text, request->user);
	if (request->privileged)
		give_all(spec);
	TRY(process_descriptors(request, process));
	if (request->detach) {
		process->stdin_null = true;
		process->stdin_keep = false;
	}
	return 0;
}

int exec_terms(const struct host *host, const struct record *record, struct spec *ret_spec)
{
	TRY(fail_in(terms_load(record, ret_spec), "container '%s'", record->name));
	for (size_t i = 0; i < ARRAY_SIZE(not_inherited); i++)
		env_unset(&ret_spec->process.env, not_inherited[i]);
	TRY(secretopt_apply_env(host, &record->secrets, &ret_spec->process.env));
	limits_cut(&ret_spec->process);
	follow_oom_score(record->pid, &ret_spec->process);
	return 0;
}

static int exec_status(int rc)
{
	return rc == -ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE;
}

/* Up to its first instruction. Until then signals act on us, and take it with us: nothing in the
 * container can make us wait for longer than the user likes. */
static int begin(const struct spec *spec, const struct join *join, struct box *box)
{
	int rc;

	TRY(box_join(spec, join, box));
	TRY(box_created(box));
	if (box->console >= 0)
		term_copy_size(isatty(STDIN_FILENO) ? STDIN_FILENO : STDOUT_FILENO, box->console);
	rc = box_go(box);
	return rc < 0 && box->exec_failed ? exec_status(rc) : rc;
}

/* A terminal that is not read from stops who writes to it, and one that is closed ends him. */
static void __attribute__((noreturn)) read_to_end(int console)
{
	char bytes[4096];

	setsid();
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		dup2(console, fd);
	close_range(STDERR_FILENO + 1, ~0U, 0);
	/* Its store may go. */
	(void)!chdir("/");
	while (read(STDIN_FILENO, bytes, sizeof(bytes)) > 0)
		continue;
	_exit(EXIT_OK);
}

/* The command is not ours any more. */
static int let_go(struct box *box)
{
	pid_t reader = box->console >= 0 ? fork() : 0;

	if (reader < 0)
		return fail("cannot start a process that reads the command's terminal");
	if (reader == 0 && box->console >= 0)
		read_to_end(box->console);
	err_clear();
	box->phase = BOX_NONE;
	return 0;
}

/* Of one in the background nobody learns how it ended. */
static void tell_died(const struct host *host, const struct target *target, int status)
{
	autofree char *attribute = status >= 0 ? xasprintf("exitCode=%d", status) : NULL;

	event_add_container(host, &target->record, "exec_died", attribute);
}

static int run(const struct host *host, const struct request *request, struct target *target,
	       const struct spec *spec)
{
	const struct join join = {
		.pid = target->record.pid,
		.pidfd = target->pidfd,
		.cgroup = &target->cgroup,
		.detached = request->detach,
	};
	struct attend attend = ATTEND_INIT;
	struct box box = BOX_INIT;
	int rc = begin(spec, &join, &box);

	if (rc == 0)
		event_add_container(host, &target->record, "exec", NULL);
	if (rc == 0 && request->detach) {
		rc = let_go(&box);
	} else if (rc == 0) {
		attend.other = spec->ns[NS_PID].mode == NS_NEW ? -1 : target->pidfd;
		err_clear(); /* what was overcome on the way is no news */
		rc = attend_begin(&attend, request, &box);
		rc = rc < 0 ? rc : attend_run(&attend);
		tell_died(host, target, rc);
	}
	(void)box_release(&box);
	attend_release(&attend);
	return rc;
}

int exec_in_container(const struct host *host, const struct request *request, const char *name)
{
	AUTO(target) target = TARGET_INIT;
	AUTO(spec) spec;

	spec_init(&spec);
	TRY(open_started(host, name, &target));
	TRY(refuse_paused(&target));
	TRY(exec_terms(host, &target.record, &spec));
	TRY(make_process(request, &spec));
	return run(host, request, &target, &spec);
}
