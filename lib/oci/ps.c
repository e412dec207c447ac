/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "oci/ps.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/proc.h"
#include "box/cgroup.h"
#include "oci/ocistate.h"

#define MAX_OUTPUT (64UL << 20) /* of ps(1) */

struct pids {
	pid_t *v;
	size_t n;
};

static void pids_release(struct pids *pids)
{
	free(pids->v);
}

static int list(const struct runtime *runtime, const char *id, struct pids *pids)
{
	AUTO(ocistate) state = OCISTATE_INIT;
	struct cgroup cgroup;
	int rc;

	TRY(ocistate_open(runtime->root, id, &state));
	if (ocistate_status(&state) == OCI_STOPPED)
		return refuse_with(ESRCH, "container not running");
	TRY(cgroup_find(state.cgroup, &cgroup));
	rc = cgroup.path == NULL ? cgroup_refuse_none("ps")
				 : cgroup_procs(&cgroup, &pids->v, &pids->n);
	cgroup_release(&cgroup);
	return fail_in(rc, "container '%s'", id);
}

static void print_json(const struct pids *pids, struct buf *out)
{
	buf_add_str(out, "[");
	for (size_t i = 0; i < pids->n; i++)
		buf_addf(out, "%s%d", i > 0 ? "," : "", (int)pids->v[i]);
	buf_add_str(out, "]\n");
}

/* --- ps(1) ------------------------------------------------------------------------------------ */

static int run_ps(const struct strvec *arguments, struct buf *text)
{
	autofree char *file = proc_find("ps");
	AUTO(strvec) argv = STRVEC_INIT;
	AUTO(proc) proc = PROC_INIT;
	int status = 0, rc;
	int ends[2];

	if (file == NULL) {
		refuse_with(ENOENT, "there is no program 'ps' on this host");
		hint("install procps, or use --format json");
		return -ENOENT;
	}
	strvec_push(&argv, "ps");
	strvec_push_all(&argv, arguments);
	if (arguments->n == 0)
		strvec_push(&argv, "-ef");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail("cannot make a pipe");
	proc.file = file;
	proc.argv = argv.v;
	proc.out = ends[1];
	rc = proc_start(&proc);
	close(ends[1]);
	if (rc >= 0)
		rc = fs_read_fd(ends[0], "the output of ps", MAX_OUTPUT, text);
	close(ends[0]);
	TRY(rc);
	TRY(proc_wait(&proc, &status));
	return proc_check(&proc, status, "");
}

/* Where the heading "PID" ends, 0: nowhere. Numbers end where their heading does: words before
 * them may have blanks, as those of a command line have. */
static size_t find_column(const char *heading)
{
	for (const char *at = heading; (at = strstr(at, "PID")) != NULL; at += strlen("PID"))
		if ((at == heading || at[-1] == ' ') && (at[3] == '\0' || at[3] == ' '))
			return (size_t)(at - heading) + strlen("PID");
	return 0;
}

static bool is_one_of(const struct pids *pids, const char *line, size_t end)
{
	size_t start = end;
	long pid;

	if (strlen(line) < end)
		return false;
	while (start > 0 && line[start - 1] >= '0' && line[start - 1] <= '9')
		start--;
	pid = strtol(line + start, NULL, 10);
	for (size_t i = 0; i < pids->n; i++)
		if (pids->v[i] == pid)
			return true;
	return false;
}

static int filter(const struct pids *pids, char *text, struct buf *out)
{
	size_t column = 0;

	for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		bool heading = line == text;

		*end = '\0';
		if (heading)
			column = find_column(line);
		if (column == 0)
			return refuse("the output of ps has no column PID");
		if (heading || is_one_of(pids, line, column))
			buf_addf(out, "%s\n", line);
	}
	return 0;
}

int runtime_ps(const struct runtime *runtime, const char *id, bool json,
	       const struct strvec *arguments, struct buf *out)
{
	AUTO(pids) pids = { 0 };
	AUTO(buf) text = BUF_INIT;

	TRY(list(runtime, id, &pids));
	if (json) {
		print_json(&pids, out);
		return 0;
	}
	TRY(run_ps(arguments, &text));
	return filter(&pids, text.data, out);
}
