/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/outfile.h"
#include "container/event.h"
#include "image/save.h"

enum save_format {
	SAVE_DOCKER_ARCHIVE,
	SAVE_OCI_ARCHIVE,
	SAVE_OCI_DIRECTORY,
	SAVE_DOCKER_DIRECTORY,
};

struct save_request {
	char *output, *platform;
	int format;
	bool many, quiet;
};

static const struct opt options_save[] = {
	{ "format", 0, OPT_CHOICE, offsetof(struct save_request, format), "FORMAT",
	  "docker-archive, which is an OCI archive as well, oci-archive or oci-dir",
	  .values = VALUES_WORDS, .words = "docker-archive|oci-archive|oci-dir|docker-dir" },
	{ "multi-image-archive", 'm', OPT_FLAG, offsetof(struct save_request, many),
	  .help = "accepted for the sake of scripts: several images may be named in any case" },
	{ "output", 'o', OPT_STRING, offsetof(struct save_request, output), "FILE",
	  "write to FILE, a directory with oci-dir, instead of stdout", .values = VALUES_FILE },
	{ "platform", 0, OPT_STRING, offsetof(struct save_request, platform), "OS/ARCH[/VARIANT]",
	  "save the image for this platform where a name means several" },
	{ "quiet", 'q', OPT_FLAG, offsetof(struct save_request, quiet),
	  .help = "print no progress" },
	OPT_END,
};

static int check(const struct save_request *request)
{
	if (request->format == SAVE_DOCKER_DIRECTORY) {
		refuse("docker-dir is a form of podman's own that docker does not read");
		hint("--format oci-dir makes a directory that podman, skopeo and others read");
		return -EINVAL;
	}
	if (request->format == SAVE_OCI_DIRECTORY &&
	    (request->output == NULL || strcmp(request->output, "-") == 0))
		return refuse("--format oci-dir needs a directory: -o DIR");
	return 0;
}

static int write_archive(const struct save *save, const struct save_request *request)
{
	AUTO(outfile) file = OUTFILE_INIT;

	TRY(outfile_open(request->output, "an archive", &file));
	TRY(save_archive(save, request->format == SAVE_DOCKER_ARCHIVE, file.fd, file.name));
	return outfile_commit(&file);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct save_request *request = data;
	AUTO(store) store = STORE_INIT;
	AUTO(save) save = SAVE_INIT;
	AUTO(platform) platform = { 0 };

	TRY(check(request));
	if (request->platform != NULL)
		TRY(platform_parse(request->platform, &platform));
	TRY(store_open(host, &store));
	TRY(save_open(&save, &store, operands, request->platform != NULL ? &platform : NULL));
	TRY(request->format == SAVE_OCI_DIRECTORY ? save_directory(&save, request->output)
						  : write_archive(&save, request));
	for (size_t i = 0; i < operands->n; i++)
		event_add_image(host, "save", NULL, operands->v[i]);
	return 0;
}

const struct command command_save = {
	.name = "save",
	.alias = "image save",
	.synopsis = "[OPTIONS] IMAGE...",
	.summary = "Save images to an archive or an OCI layout",
	.remarks = "The archive is an OCI image layout that docker, podman and skopeo read. Its "
		   "blobs are\n"
		   "those of the store, byte for byte.",
	.options = (const struct opt *const[]){ options_save, NULL },
	.request_size = sizeof(struct save_request),
	.operands_min = 1,
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_IMAGE,
	.run = run,
};
