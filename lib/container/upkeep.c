/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/upkeep.h"

#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/proc.h"

#define FILE_NAME "upkeep.json"

int upkeep_save(const struct record *record, const struct upkeep *upkeep)
{
	autojson cJSON *json = json_object();
	AUTO(buf) text = BUF_INIT;

	json_add_string(json, "restart", upkeep->restart);
	if (health_is_on(&upkeep->health))
		health_print(&upkeep->health, json_add_object(json, "health"));
	if (cJSON_GetArraySize(json) == 0) {
		if (unlinkat(record->dirfd, FILE_NAME, 0) < 0 && errno != ENOENT)
			return fail("cannot remove '%s/" FILE_NAME "'", record->dir);
		return 0;
	}
	json_print(json, false, &text);
	buf_add_char(&text, '\n');
	return fs_replace_file(record->dirfd, FILE_NAME, text.data, text.len, 0600, false);
}

static int parse(const cJSON *json, struct upkeep *upkeep)
{
	const char *restart = NULL;
	const cJSON *health = NULL;

	TRY(json_get_string(json, "restart", &restart));
	TRY(json_get_object(json, "health", &health));
	if (health != NULL)
		TRY(health_parse(health, &upkeep->health));
	upkeep->restart = xstrdup_null(restart);
	return 0;
}

int upkeep_load(const struct record *record, struct upkeep *ret_upkeep)
{
	struct upkeep upkeep = UPKEEP_INIT;
	autojson cJSON *json = NULL;
	AUTO(buf) text = BUF_INIT;
	int there = fs_exists(record->dirfd, FILE_NAME);

	TRY(there);
	if (there > 0) {
		TRY(fs_read_file(record->dirfd, FILE_NAME, MAX_STATE_FILE, &text));
		TRY(json_parse(text.data, text.len, FILE_NAME, &json));
		TRY(fail_in(parse(json, &upkeep), "'%s/" FILE_NAME "'", record->dir));
	}
	*ret_upkeep = upkeep;
	return 0;
}

/* Its supervisor is the parent of its first process. */
static pid_t parent_of(pid_t pid)
{
	autofree char *path = xasprintf("/proc/%d/status", (int)pid);
	AUTO(buf) text = BUF_INIT;
	const char *line;

	if (fs_read_file(AT_FDCWD, path, MAX_STATE_FILE, &text) < 0) {
		err_clear();
		return -1;
	}
	line = strstr(text.data, "\nPPid:");
	return line != NULL ? (pid_t)strtol(line + strlen("\nPPid:"), NULL, 10) : -1;
}

int upkeep_tell(const struct record *record)
{
	pid_t supervisor = record->pid > 0 ? parent_of(record->pid) : -1;
	autoclose int pidfd = -1;
	siginfo_t info = { 0 };

	if (supervisor <= 1)
		return 0;
	pidfd = (int)syscall(SYS_pidfd_open, supervisor, 0);
	/* It is the one that was meant only if the container, as it was recorded, still is its. */
	if (pidfd < 0 || parent_of(record->pid) != supervisor ||
	    !proc_is_alive(record->pid, record->pid_start))
		return 0;
	info.si_signo = UPKEEP_SIGNAL;
	info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value.sival_int = UPKEEP_VALUE;
	if (syscall(SYS_pidfd_send_signal, pidfd, UPKEEP_SIGNAL, &info, 0) < 0 && errno != ESRCH)
		return fail("cannot tell the supervisor of '%s'", record->name);
	return 0;
}

void upkeep_release(struct upkeep *upkeep)
{
	free(upkeep->restart);
	health_config_release(&upkeep->health);
	*upkeep = (struct upkeep)UPKEEP_INIT;
}
