/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include "base/err.h"
#include "base/outfile.h"
#include "container/contents.h"
#include "container/event.h"
#include "image/flatten.h"

struct export_request {
	char *output;
};

static const struct opt options_export[] = {
	{ "output", 'o', OPT_STRING, offsetof(struct export_request, output), "FILE",
	  "write to FILE instead of stdout", .values = VALUES_FILE },
	OPT_END,
};

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct export_request *request = data;
	AUTO(contents) contents = CONTENTS_INIT;
	AUTO(outfile) file = OUTFILE_INIT;

	TRY(contents_open(host, operands->v[0], &contents));
	TRY(outfile_open(request->output, "an archive", &file));
	TRY(flatten(&contents.store, &contents.layers, &contents.owners, file.fd, file.name));
	TRY(outfile_commit(&file));
	event_add_container(host, &contents.record, "export", NULL);
	return 0;
}

const struct command command_export = {
	.name = "export",
	.alias = "container export",
	.synopsis = "[OPTIONS] CONTAINER",
	.summary = "Write the file system of a container as a tar archive",
	.options = (const struct opt *const[]){ options_export, NULL },
	.request_size = sizeof(struct export_request),
	.operands_min = 1,
	.operands_max = 1,
	.operand_values = VALUES_CONTAINER,
	.run = run,
};
