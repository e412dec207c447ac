/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/path.h"
#include "base/units.h"
#include "spec/names.h"

#define NOFILE_SOFT 1024
#define NOFILE_HARD 524288

static struct spec_rlimit *limit_find(struct spec_process *process, int resource)
{
	for (size_t i = 0; i < process->rlimits.n; i++)
		if (process->rlimits.v[i].resource == resource)
			return &process->rlimits.v[i];
	return NULL;
}

static void limit_set(struct spec_process *process, int resource, rlim_t soft, rlim_t hard)
{
	struct spec_rlimit *limit = limit_find(process, resource);

	if (limit == NULL)
		limit = VEC_PUSH(&process->rlimits);
	*limit = (struct spec_rlimit){ .resource = resource, .soft = soft, .hard = hard };
}

/* RLIM_INFINITY is how the kernel prints none; "-1" is how people type it. */
static int limit_value(const char *name, const char *text, rlim_t *ret_value)
{
	uint64_t value;

	if (strcmp(text, "-1") == 0 || strcmp(text, "unlimited") == 0) {
		*ret_value = RLIM_INFINITY;
		return 0;
	}
	if (units_parse_u64(text, RLIM_INFINITY - 1, &value) < 0)
		return refuse("'%s' is not a value for the limit '%s': a number, or -1 for none",
			      text, name);
	*ret_value = value;
	return 0;
}

static void limits_copy(struct spec_process *process)
{
	for (int resource = 0; resource < RLIMIT_NLIMITS; resource++) {
		struct rlimit limit;

		if (getrlimit((__rlimit_resource_t)resource, &limit) == 0)
			limit_set(process, resource, limit.rlim_cur, limit.rlim_max);
	}
}

int limits_parse(struct spec_process *process, const char *text)
{
	const char *equals = strchr(text, '='), *colon;
	autofree char *name = NULL, *soft_text = NULL;
	rlim_t soft, hard;
	int resource;

	if (strcmp(text, "host") == 0) {
		limits_copy(process);
		return 0;
	}
	if (equals == NULL)
		return refuse("'%s' is not a limit: NAME=SOFT[:HARD], or host", text);
	name = xstrndup(text, (size_t)(equals - text));
	TRY(rlimit_number(name, &resource));
	colon = strchr(equals + 1, ':');
	soft_text = colon != NULL ? xstrndup(equals + 1, (size_t)(colon - equals - 1))
				  : xstrdup(equals + 1);
	TRY(limit_value(name, soft_text, &soft));
	hard = soft;
	if (colon != NULL)
		TRY(limit_value(name, colon + 1, &hard));
	if (soft > hard)
		return refuse("limit '%s': the soft limit is above the hard limit", text);
	limit_set(process, resource, soft, hard);
	return 0;
}

void limits_defaults(struct spec_process *process)
{
	struct rlimit have;

	if (limit_find(process, RLIMIT_CORE) == NULL)
		limit_set(process, RLIMIT_CORE, 0, 0);
	if (limit_find(process, RLIMIT_NOFILE) == NULL && getrlimit(RLIMIT_NOFILE, &have) == 0) {
		rlim_t hard = have.rlim_max < NOFILE_HARD ? have.rlim_max : NOFILE_HARD;

		limit_set(process, RLIMIT_NOFILE, hard < NOFILE_SOFT ? hard : NOFILE_SOFT, hard);
	}
}

static void limit_print(char *out, size_t size, rlim_t value)
{
	if (value == RLIM_INFINITY)
		snprintf(out, size, "unlimited");
	else
		snprintf(out, size, "%ju", (uintmax_t)value);
}

int limits_check(const struct spec_process *process)
{
	for (size_t i = 0; i < process->rlimits.n; i++) {
		const struct spec_rlimit *limit = &process->rlimits.v[i];
		const char *name = rlimit_name(limit->resource);
		char want[24], have_text[24];
		struct rlimit have;

		if (getrlimit((__rlimit_resource_t)limit->resource, &have) < 0)
			return fail("cannot read the limit '%s'", name);
		if (limit->hard <= have.rlim_max)
			continue;
		limit_print(want, sizeof(want), limit->hard);
		limit_print(have_text, sizeof(have_text), have.rlim_max);
		refuse_with(EPERM, "cannot raise the limit %s to %s: the hard limit is %s", name,
			    want, have_text);
		hint("ask for at most %s, or raise the hard limit of this session first "
		     "(/etc/security/limits.conf, or Limit%s= of the systemd unit)",
		     have_text, name + strlen("RLIMIT_"));
		return -EPERM;
	}
	return 0;
}

void limits_cut(struct spec_process *process)
{
	for (size_t i = 0; i < process->rlimits.n; i++) {
		struct spec_rlimit *limit = &process->rlimits.v[i];
		struct rlimit have;

		if (getrlimit((__rlimit_resource_t)limit->resource, &have) < 0)
			continue;
		if (limit->hard > have.rlim_max)
			limit->hard = have.rlim_max;
		if (limit->soft > limit->hard)
			limit->soft = limit->hard;
	}
}

static int write_oom(const struct spec_process *process, int procfd, pid_t pid)
{
	/* By number: "self" is a symbolic link, and none is followed. */
	autofree char *path = xasprintf("%d/oom_score_adj", (int)pid);
	autoclose int fd = -1;
	char text[16];

	if (!process->set_oom_score_adj)
		return 0;
	fd = path_open_beneath(procfd, path, O_WRONLY, 0);
	if (fd < 0)
		return fail_in(fd, "OOM score");
	snprintf(text, sizeof(text), "%d", process->oom_score_adj);
	if (write(fd, text, strlen(text)) >= 0)
		return 0;
	if (errno != EACCES)
		return fail("cannot set the OOM score to %d", process->oom_score_adj);
	fail("cannot lower the OOM score to %d", process->oom_score_adj);
	hint("only root may go below the score of the caller (cat /proc/self/oom_score_adj); ask "
	     "for a higher value");
	return -EACCES;
}

int limits_apply_oom(const struct spec_process *process, int procfd)
{
	return write_oom(process, procfd, getpid());
}

int limits_give_oom(const struct spec_process *process, pid_t pid)
{
	autoclose int proc = -1;

	if (!process->set_oom_score_adj)
		return 0;
	proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		return fail("cannot open '/proc'");
	return write_oom(process, proc, pid);
}

void limits_raise(const struct spec_process *process, pid_t pid)
{
	for (size_t i = 0; i < process->rlimits.n; i++) {
		const struct spec_rlimit *want = &process->rlimits.v[i];
		__rlimit_resource_t resource = (__rlimit_resource_t)want->resource;
		struct rlimit limit;

		if (prlimit(pid, resource, NULL, &limit) < 0 || want->hard <= limit.rlim_max)
			continue;
		limit.rlim_max = want->hard;
		(void)!prlimit(pid, resource, &limit, NULL);
	}
}

int limits_apply(const struct spec *spec, int procfd)
{
	const struct spec_process *process = &spec->process;

	TRY(spec->ns[NS_USER].mode == NS_HOST ? limits_apply_oom(process, procfd) : 0);
	return limits_apply_rest(process);
}

static int fail_limit(const struct spec_rlimit *want)
{
	const char *name = rlimit_name(want->resource);
	struct rlimit have;
	char text[24];

	fail("process.rlimits: cannot set the limit %s", name);
	if (errno != EPERM || getrlimit((__rlimit_resource_t)want->resource, &have) < 0)
		return -EINVAL;
	limit_print(text, sizeof(text), have.rlim_max);
	if (want->resource == RLIMIT_NOFILE && want->hard <= have.rlim_max)
		hint("no process may have more than /proc/sys/fs/nr_open");
	else
		hint("the hard limit is %s here, and to raise it needs CAP_SYS_RESOURCE in the "
		     "host's user namespace",
		     text);
	return -EPERM;
}

int limits_apply_rest(const struct spec_process *process)
{
	for (size_t i = 0; i < process->rlimits.n; i++) {
		const struct spec_rlimit *want = &process->rlimits.v[i];
		const struct rlimit limit = { .rlim_cur = want->soft, .rlim_max = want->hard };

		if (setrlimit((__rlimit_resource_t)want->resource, &limit) < 0)
			return fail_limit(want);
	}
	if (process->user.umask != UMASK_CALLER)
		umask((mode_t)process->user.umask);
	return 0;
}
