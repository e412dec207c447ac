/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/buf.h"
#include "base/out.h"
#include "command/ociverb.h"
#include "spec/config.h"

struct group_request {
	struct ociverb verb;
	bool version;
};

static const struct opt options[] = {
	/* Not one of the verbs': `spec` has another of that name. */
	{ "rootless", 0, OPT_STRING, offsetof(struct group_request, verb.rootless), "WORD",
	  "accepted for the sake of engines", OPT_HIDDEN },
	{ "version", 'v', OPT_FLAG, offsetof(struct group_request, version),
	  .help = "print the version of berth and of the specification" },
	OPT_END,
};

#define EXIT_RUNTIME 1 /* an error, as runc's */

static void write_log(const struct ociverb *verb)
{
	AUTO(buf) text = BUF_INIT;

	if (err_text()[0] == '\0')
		return;
	buf_add_str(&text, err_text());
	if (err_hint()[0] != '\0')
		buf_addf(&text, " (%s)", err_hint());
	ociverb_log(verb, "error", text.data);
}

/* The options before the verb go behind it. */
static void hand_on(const struct ociverb *verb, const struct strvec *operands, struct strvec *argv)
{
	if (verb->root != NULL)
		strvec_pushf(argv, "--root=%s", verb->root);
	if (verb->log != NULL)
		strvec_pushf(argv, "--log=%s", verb->log);
	if (verb->log_format == OCIVERB_JSON)
		strvec_push(argv, "--log-format=json");
	if (verb->systemd_cgroup)
		strvec_push(argv, "--systemd-cgroup");
	for (size_t i = 1; i < operands->n; i++)
		strvec_push(argv, operands->v[i]);
}

/* Engines read the name, the version, and which specification it is. */
static int print_version(void)
{
	TRY(out_line("berth-oci version %s", BERTH_VERSION));
	return out_line("spec: %s", CONFIG_VERSION);
}

static int dispatch(const struct host *host, void *data, const struct strvec *operands)
{
	static char *const no_words[] = { NULL };
	const struct group_request *request = data;
	const struct command *command = command_member(&command_group_oci, operands);
	AUTO(strvec) argv = STRVEC_INIT;
	int rc = -EINVAL;

	if (request->version)
		return print_version();
	if (operands->n == 0)
		return help_command(&command_group_oci);
	hand_on(&request->verb, operands, &argv);
	if (command != NULL)
		rc = command_execute(command, argv.n > 0 ? argv.v : no_words, host->root,
				     host->runroot);
	if (rc < 0)
		write_log(&request->verb);
	return rc;
}

const struct command command_group_oci = {
	.name = "oci",
	.synopsis = "[OPTIONS] COMMAND [ARG...]",
	.summary = "Be an OCI runtime for podman, docker, containerd and others",
	.remarks = "berth-oci is the same by its other name.\n",
	.group = true,
	.options = (const struct opt *const[]){ ociverb_options, options, NULL },
	.mode = OPT_STOP_AT_OPERAND,
	.request_size = sizeof(struct group_request),
	.operands_max = OPERANDS_ANY,
	.run = dispatch,
	.failure = EXIT_RUNTIME,
};
