/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/out.h"
#include "command/pruning.h"
#include "container/event.h"
#include "image/change.h"
#include "image/ingest.h"
#include "image/ref.h"

struct import_request {
	struct strvec changes;
	char *message, *platform;
	int64_t max;
	bool quiet;
};

static const struct opt options_import[] = {
	{ "change", 'c', OPT_STRINGS, offsetof(struct import_request, changes), "INSTRUCTION",
	  "set CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME or WORKDIR" },
	{ "max", 0, OPT_SIZE, offsetof(struct import_request, max), "SIZE",
	  "remove the least recently used images where the store takes more than SIZE then" },
	{ "message", 'm', OPT_STRING, offsetof(struct import_request, message), "TEXT",
	  "say TEXT in the image's history" },
	{ "platform", 0, OPT_STRING, offsetof(struct import_request, platform), "OS/ARCH[/VARIANT]",
	  "what the image is for; this machine's platform by default" },
	{ "quiet", 'q', OPT_FLAG, offsetof(struct import_request, quiet),
	  .help = "print no progress" },
	OPT_END,
};

static int make_config(const struct import_request *request, struct image_config *config)
{
	AUTO(platform) platform = { 0 };

	if (request->platform != NULL)
		TRY(platform_parse(request->platform, &platform));
	else
		platform_host(&platform);
	config->os = steal(platform.os);
	config->architecture = steal(platform.architecture);
	/* Which amd64 it was built for nobody knows. */
	if (request->platform != NULL && strchr(request->platform, '/') != NULL &&
	    strcmp(config->architecture, "amd64") != 0)
		config->variant = steal(platform.variant);
	TRY(imageconfig_set_created(config));
	for (size_t i = 0; i < request->changes.n; i++)
		TRY(change_apply(request->changes.v[i], config));
	return 0;
}

/* The archive: stdin for "-". */
static int open_input(const char *path)
{
	if (strcmp(path, "-") != 0) {
		if (strstr(path, "://") != NULL)
			return refuse("'%s' is a URL, and import reads files", path);
		return fs_open(AT_FDCWD, path, O_RDONLY | O_NOCTTY, 0);
	}
	if (isatty(STDIN_FILENO)) {
		refuse("standard input is a terminal, not an archive");
		hint("give a file, or pipe an archive in");
		return -EINVAL;
	}
	return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
}

static int import(const struct host *host, const struct import_request *request,
		  const struct strvec *operands, struct image_config *config)
{
	autoclose int fd = open_input(operands->v[0]);
	struct layer_source source = LAYER_SOURCE_INIT;
	AUTO(strvec) names = STRVEC_INIT, kept = STRVEC_INIT;
	AUTO(store) store = STORE_INIT;
	char id[DIGEST_TEXT_SIZE];
	char *name;

	TRY(fd);
	if (operands->n > 1) {
		TRY(ref_normalize(operands->v[1], &name));
		strvec_push_owned(&names, name);
		if (strchr(name, '@') != NULL)
			return refuse("'%s': an image is not named by a digest", operands->v[1]);
	}
	TRY(make_config(request, config));
	TRY(store_open(host, &store));
	TRY(store_sweep(&store));
	source.name = strcmp(operands->v[0], "-") != 0 ? operands->v[0] : "standard input";
	source.fd = fd;
	TRY(ingest_rootfs(&store, &source, config, request->message, &names, id));
	event_add_image(host, "import", id, names.n > 0 ? names.v[0] : NULL);
	TRY(out_line("%s", id));
	strvec_push(&kept, id);
	TRY(pruning_after(host, &store, request->max, &kept));
	return store_sweep(&store);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	struct image_config config = { 0 };
	int rc = import(host, data, operands, &config);

	image_config_release(&config);
	return rc;
}

const struct command command_import = {
	.name = "import",
	.alias = "image import",
	.synopsis = "[OPTIONS] FILE|- [NAME[:TAG]]",
	.summary = "Make an image of the archive of a root file system",
	.remarks = "The archive is a tar archive, plain or compressed with gzip or zstd. The image "
		   "has one\n"
		   "layer; its ID is printed.\n",
	.options = (const struct opt *const[]){ options_import, NULL },
	.request_size = sizeof(struct import_request),
	.operands_min = 1,
	.operands_max = 2,
	.operand_values = VALUES_FILE,
	.run = run,
};
