/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/err.h"
#include "base/exit.h"
#include "base/proc.h"
#include "image/store.h"

#define DEFAULT_SHELL "/bin/sh"
#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"

/* --- the namespaces --------------------------------------------------------------------------- */

/*
 * The command is to be this very process, so that its signals and its exit status are its own. Who
 * may write the maps is outside: a child that stays there writes those of its parent.
 */
static int write_maps(int sync, const struct idmaps *maps)
{
	pid_t parent = getppid();
	char byte;

	if (read(sync, &byte, 1) != 1)
		return refuse_with(ECANCELED, "the parent ended");
	return idmap_write(parent, maps);
}

static int enter(int sync, int report)
{
	enum err_stage stage;
	int code = 0;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return idmap_explain(errno);
	if (write(sync, "", 1) != 1)
		return fail("cannot talk to a child");
	TRY(err_receive(report, &code, &stage) > 0 ? code : 0);
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return fail("cannot become root in the user namespace");
	return 0;
}

static int enter_with(const struct idmaps *maps)
{
	autoclose int sync_in = -1, sync_out = -1, report_in = -1;
	int sync[2], report[2], rc;
	pid_t pid;

	if (pipe2(sync, O_CLOEXEC) < 0)
		return fail("cannot talk to a child");
	sync_in = sync[0];
	sync_out = sync[1];
	if (pipe2(report, O_CLOEXEC) < 0)
		return fail("cannot talk to a child");
	report_in = report[0];
	pid = proc_fork();
	if (pid == 0) {
		close(sync_out);
		rc = write_maps(sync_in, maps);
		if (rc < 0)
			err_send(report[1], rc, STAGE_SETUP);
		_exit(rc < 0);
	}
	close(report[1]);
	TRY(pid < 0 ? fail("cannot start a child") : 0);
	rc = enter(sync_out, report_in);
	close(steal_fd(&sync_out));
	(void)proc_reap(pid, &(int){ 0 });
	return rc;
}

/* --- the command ------------------------------------------------------------------------------ */

/* As a shell finds it. Returns the errno of the last that could not be executed. */
static int execute(char *const *argv)
{
	extern char **environ;
	const char *path = getenv("PATH");
	AUTO(strvec) dirs = STRVEC_INIT;
	int err = ENOENT;

	if (strchr(argv[0], '/') != NULL) {
		execve(argv[0], argv, environ);
		return errno;
	}
	strvec_split(&dirs, path != NULL ? path : DEFAULT_PATH, ':');
	for (size_t i = 0; i < dirs.n; i++) {
		const char *dir = dirs.v[i];
		autofree char *file = xasprintf("%s/%s", *dir != '\0' ? dir : ".", argv[0]);

		execve(file, argv, environ);
		/* A directory that may not be searched has none. */
		if (errno != ENOENT && access(file, F_OK) == 0)
			err = EACCES;
	}
	return err;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const char *shell = getenv("SHELL");
	AUTO(strvec) command = STRVEC_INIT;
	AUTO(store) store = STORE_INIT;
	int err;

	(void)data;
	if (!host->rootless) {
		refuse_with(EPERM,
			    "it is for ordinary users: root has all files of the store anyway");
		hint("run the command without it");
		return -EPERM;
	}
	TRY(store_open(host, &store));
	if (store.maps.uid.n == 0)
		return refuse("the store is used without a user namespace here");
	strvec_push_all(&command, operands);
	if (command.n == 0)
		strvec_push(&command, shell != NULL && *shell != '\0' ? shell : DEFAULT_SHELL);
	TRY(enter_with(&store.maps));
	err = execute(command.v);
	fail_with(err, "cannot execute '%s'", command.v[0]);
	return err == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE;
}

const struct command command_unshare = {
	.name = "unshare",
	.synopsis = "[COMMAND [ARG...]]",
	.summary = "Run a command in the user namespace that the store's files belong to",
	.mode = OPT_STOP_AT_OPERAND,
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_FILE,
	.run = run,
};
