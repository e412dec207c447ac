/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/outfile.h"
#include "image/flatten.h"
#include "image/image.h"

struct export_request {
	char *output, *platform;
};

static const struct opt options_export[] = {
	{ "output", 'o', OPT_STRING, offsetof(struct export_request, output), "FILE",
	  "write to FILE instead of stdout", .values = VALUES_FILE },
	{ "platform", 0, OPT_STRING, offsetof(struct export_request, platform), "OS/ARCH[/VARIANT]",
	  "the image for this platform instead of this machine's" },
	OPT_END,
};

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct export_request *request = data;
	AUTO(outfile) file = OUTFILE_INIT;
	AUTO(platform) platform = { 0 };
	AUTO(image) image = IMAGE_INIT;
	AUTO(store) store = STORE_INIT;

	if (request->platform != NULL)
		TRY(platform_parse(request->platform, &platform));
	TRY(store_open(host, &store));
	/* Holds the image, so that its layers stay. */
	TRY(image_open(&store, operands->v[0], request->platform != NULL ? &platform : NULL,
		       &image));
	TRY(outfile_open(request->output, "an archive", &file));
	TRY(flatten(&store, &image.layers, NULL, file.fd, file.name));
	return outfile_commit(&file);
}

const struct command command_image_export = {
	.name = "image export",
	.synopsis = "[OPTIONS] IMAGE",
	.summary = "Write the file system of an image as a tar archive",
	.options = (const struct opt *const[]){ options_export, NULL },
	.request_size = sizeof(struct export_request),
	.operands_min = 1,
	.operands_max = 1,
	.operand_values = VALUES_IMAGE,
	.run = run,
};
