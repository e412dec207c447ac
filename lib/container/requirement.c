/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/requirement.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/exit.h"
#include "base/fs.h"
#include "base/proc.h"
#include "container/again.h"

#define REQUIRED "required"
#define REPORT_FD 3
/* Somebody else is just starting it. */
#define START_POLLS 1000
#define START_NSEC 20000000L

static int mark(const struct record *record)
{
	autoclose int fd = fs_open(record->dirfd, REQUIRED, O_WRONLY | O_CREAT | O_NOFOLLOW, 0600);

	return fd;
}

int requirement_note(const struct host *host, const struct strvec *names, struct record *record)
{
	for (size_t i = 0; i < names->n; i++) {
		AUTO(record) other = RECORD_INIT;

		TRY(fail_in(record_find(host, names->v[i], &other), "--requires"));
		if (!strvec_has(&record->requires, other.id))
			strvec_push(&record->requires, other.id);
		if (record->dirfd >= 0)
			TRY(fail_in(mark(&other), "--requires"));
	}
	return 0;
}

/* 1: it runs; 0: somebody is at it. */
static int start_once(const struct host *host, const char *id)
{
	AUTO(record) record = RECORD_INIT;
	autofree char *name = NULL;
	int rc;

	TRY(record_find(host, id, &record));
	if (record.status == RECORD_RUNNING)
		return record.pid > 0;
	name = xstrdup_null(record.name);
	rc = again_background(host, &record);
	if (rc == -EBUSY)
		return 0;
	if (rc == 0)
		return 1;
	return fail_in(rc < 0 ? rc : -ENOEXEC, "'%s' does not start", name != NULL ? name : id);
}

static int start_one(const struct host *host, const char *id)
{
	const struct timespec pause = { .tv_nsec = START_NSEC };
	int rc = 0;

	for (int i = 0; i < START_POLLS && rc == 0; i++) {
		err_clear();
		if (i > 0)
			nanosleep(&pause, NULL);
		rc = start_once(host, id);
	}
	return rc != 0 ? rc : refuse_with(EBUSY, "the container %.12s is not started", id);
}

static int start_all(const struct host *host, const struct record *record)
{
	for (size_t i = 0; i < record->requires.n; i++)
		TRY(fail_in(start_one(host, record->requires.v[i]),
			    "a container that '%s' requires", record->name));
	return 0;
}

/* Its monitors outlive us: they must not get our locks. */
static void __attribute__((noreturn))
start_in_child(const struct host *host, const struct record *record, int report)
{
	int rc;

	if (dup2(report, REPORT_FD) < 0 || close_range(REPORT_FD + 1, ~0U, 0) < 0)
		_exit(EXIT_BERTH);
	err_clear();
	rc = start_all(host, record);
	if (rc < 0)
		(void)!err_send(REPORT_FD, rc, STAGE_SETUP);
	_exit(rc < 0 ? EXIT_BERTH : EXIT_OK);
}

int requirement_start(const struct host *host, const struct record *record)
{
	autoclose int report = -1, other = -1;
	enum err_stage stage;
	int ends[2], status = 0, rc = -ECHILD;
	pid_t pid;

	if (record->requires.n == 0)
		return 0;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail("cannot talk to a child");
	report = ends[0];
	other = ends[1];
	pid = fork();
	if (pid < 0)
		return fail("cannot start a child");
	if (pid == 0)
		start_in_child(host, record, other);
	cleanup_close(&other);
	other = -1;
	TRY(proc_reap(pid, &status));
	if (status == 0)
		return 0;
	if (err_receive(report, &rc, &stage) != 1)
		return refuse_with(ECHILD, "what '%s' requires could not be started", record->name);
	return rc;
}

struct search {
	const char *id;
	struct strvec *names;
};

static int add_dependent(struct record *record, void *arg)
{
	const struct search *search = arg;

	if (strvec_has(&record->requires, search->id))
		strvec_push(search->names, record->name != NULL ? record->name : record->id);
	return 0;
}

int requirement_dependents(const struct host *host, const struct record *record,
			   struct strvec *ret_names)
{
	struct search search = { record->id, ret_names };

	if (faccessat(record->dirfd, REQUIRED, F_OK, 0) < 0)
		return 0;
	return record_each(host, add_dependent, &search);
}

int requirement_check_removal(const struct host *host, const struct record *record)
{
	AUTO(strvec) names = STRVEC_INIT;

	TRY(requirement_dependents(host, record, &names));
	if (names.n == 0)
		return 0;
	refuse_with(EBUSY, "the container '%s' is required by '%s'%s", record->name, names.v[0],
		    names.n > 1 ? " and others" : "");
	hint("'berth rm --depend %s' removes those as well", record->name);
	return -EBUSY;
}
