/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include "base/err.h"
#include "base/outfile.h"
#include "container/volumearchive.h"

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
	AUTO(volume) volume = VOLUME_INIT;
	AUTO(outfile) file = OUTFILE_INIT;
	AUTO(store) store = STORE_INIT;

	TRY(store_open(host, &store));
	TRY(volume_open(&store, operands->v[0], true, &volume));
	TRY(outfile_open(request->output, "an archive", &file));
	TRY(volumearchive_export(&store, &volume, file.fd, file.name));
	return outfile_commit(&file);
}

const struct command command_volume_export = {
	.name = "volume export",
	.synopsis = "[OPTIONS] VOLUME",
	.summary = "Write what is in a volume as a tar archive",
	.options = (const struct opt *const[]){ options_export, NULL },
	.request_size = sizeof(struct export_request),
	.operands_min = 1,
	.operands_max = 1,
	.operand_values = VALUES_VOLUME,
	.run = run,
};
