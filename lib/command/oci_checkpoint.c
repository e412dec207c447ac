/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <errno.h>

#include "base/err.h"
#include "command/ociverb.h"

static int drop(void *request, const char *value)
{
	return 0;
}

#define FLAG(name) \
	{ \
		name, 0, OPT_CALL, .help = "part of what is refused", .flags = OPT_HIDDEN, \
				   .parse = drop \
	}
#define VALUE(name) \
	{ \
		name, 0, OPT_CALL, 0, "VALUE", "part of what is refused", OPT_HIDDEN, \
			.parse = drop \
	}

/* Whatever options engines give, the answer is the same. */
static const struct opt options[] = {
	VALUE("image-path"),
	VALUE("work-path"),
	VALUE("parent-path"),
	VALUE("bundle"),
	VALUE("page-server"),
	VALUE("status-fd"),
	VALUE("manage-cgroups-mode"),
	VALUE("empty-ns"),
	VALUE("pid-file"),
	VALUE("console-socket"),
	VALUE("lsm-profile"),
	VALUE("lsm-mount-context"),
	VALUE("network-lock"),
	FLAG("leave-running"),
	FLAG("tcp-established"),
	FLAG("ext-unix-sk"),
	FLAG("shell-job"),
	FLAG("file-locks"),
	FLAG("pre-dump"),
	FLAG("auto-dedup"),
	FLAG("lazy-pages"),
	FLAG("detach"),
	FLAG("no-subreaper"),
	FLAG("no-pivot"),
	FLAG("tcp-skip-in-flight"),
	FLAG("link-remap"),
	FLAG("tcp-close"),
	OPT_END,
};

static int refuse_checkpoint(const struct host *host, void *data, const struct strvec *operands)
{
	refuse_with(EOPNOTSUPP, "berth does not save or restore running processes");
	hint("use a runtime with CRIU for this container: crun and runc are such");
	return -EOPNOTSUPP;
}

const struct command command_oci_checkpoint = {
	.name = "oci checkpoint",
	.synopsis = "CONTAINER",
	.summary = "Refused: processes cannot be saved",
	.mode = OPT_STOP_AT_OPERAND,
	.options = (const struct opt *const[]){ options, ociverb_hidden, NULL },
	.request_size = sizeof(struct ociverb),
	.operands_max = OPERANDS_ANY,
	.run = refuse_checkpoint,
};

const struct command command_oci_restore = {
	.name = "oci restore",
	.synopsis = "CONTAINER",
	.summary = "Refused: processes cannot be restored",
	.mode = OPT_STOP_AT_OPERAND,
	.options = (const struct opt *const[]){ options, ociverb_hidden, NULL },
	.request_size = sizeof(struct ociverb),
	.operands_max = OPERANDS_ANY,
	.run = refuse_checkpoint,
};
