/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/exit.h"
#include "base/out.h"
#include "command/command.h"

/* Descriptors 0, 1 and 2 are open from here on: no file of ours may become somebody's stdout. */
static int open_standard(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
		if (fd < 0)
			return fail("cannot open '/dev/null'");
	} while (fd <= STDERR_FILENO);
	close(fd);
	return 0;
}

/* The other name under which engines call the binary stands for the command `oci`. */
static bool is_runtime(const char *name)
{
	const char *slash = name != NULL ? strrchr(name, '/') : NULL;

	return name != NULL && strcmp(slash != NULL ? slash + 1 : name, "berth-oci") == 0;
}

static int run_runtime(char *const *argv)
{
	int rc = command_execute(&command_group_oci, argv, NULL, NULL);

	return rc < 0 ? command_group_oci.failure : rc;
}

static int run(char *const *argv, struct global_request *request)
{
	AUTO(strvec) words = STRVEC_INIT;
	const struct command *command;
	size_t n_words;
	bool help = false;
	int rc;

	TRY(opt_parse(global_options, argv, OPT_STOP_AT_OPERAND, request, &words, &help));
	if (help || (words.n == 0 && !request->version))
		return help_overview();
	if (request->version)
		return version_print();
	command = command_enter(words.v, &n_words);
	if (command == NULL)
		return -EINVAL;
	rc = command_execute(command, words.v + n_words, request->root, request->runroot);
	/* A payload's status may come with a remark as well: that it was not found, or killed. */
	if (rc != 0 && err_text()[0] != '\0')
		fail_in(-EINVAL, "%s", command->name);
	return rc < 0 && command->failure != 0 ? command->failure : rc;
}

int main(int argc, char **argv)
{
	struct global_request request = { 0 };
	int rc = open_standard();

	/* A caller that ignores it hands that down, and nobody could wait for a child. */
	signal(SIGCHLD, SIG_DFL);
	if (rc >= 0)
		rc = argc > 0 && is_runtime(argv[0]) ? run_runtime(argv + 1)
						     : run(argv + (argc > 0), &request);
	opt_release(global_options, &request);
	/* An error without a text is not printed: the reader of our output went away. */
	if (rc != 0)
		err_print(STDERR_FILENO);
	return rc < 0 ? EXIT_BERTH : rc;
}
