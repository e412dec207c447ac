/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <fcntl.h>
#include <string.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/out.h"
#include "container/commit.h"
#include "container/event.h"
#include "image/ref.h"

enum commit_format {
	COMMIT_OCI,
	COMMIT_DOCKER,
};

struct commit_request {
	char *author, *iidfile, *message;
	struct strvec changes;
	enum commit_format format;
	bool pause, quiet, squash;
};

static const struct opt options_commit[] = {
	{ "author", 'a', OPT_STRING, offsetof(struct commit_request, author), "TEXT",
	  "say in the image who made it" },
	{ "change", 'c', OPT_STRINGS, offsetof(struct commit_request, changes), "INSTRUCTION",
	  "set CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME or WORKDIR" },
	{ "format", 'f', OPT_CHOICE, offsetof(struct commit_request, format), "FORMAT",
	  "the types of the image's documents: oci (the default) or docker", .words = "oci|docker",
	  .values = VALUES_WORDS },
	{ "iidfile", 0, OPT_STRING, offsetof(struct commit_request, iidfile), "FILE",
	  "write the image's ID to FILE instead of printing it", .values = VALUES_FILE },
	{ "include-volumes", 0, OPT_REFUSED,
	  .help = "what is in volumes does not become a part of images",
	  .fix = "copy it to another place in the container first" },
	{ "message", 'm', OPT_STRING, offsetof(struct commit_request, message), "TEXT",
	  "say TEXT in the image's history" },
	{ "pause", 'p', OPT_FLAG, offsetof(struct commit_request, pause),
	  .help = "let the container stand still meanwhile, which is the default" },
	{ "quiet", 'q', OPT_FLAG, offsetof(struct commit_request, quiet),
	  .help = "print no remarks" },
	{ "squash", 's', OPT_FLAG, offsetof(struct commit_request, squash),
	  .help = "make one layer of all files, without those of the container's image" },
	OPT_END,
};

static void remark(const char *text)
{
	out_note("%s", text);
}

static void ignore(const char *text)
{
	(void)text;
}

static int commit(const struct host *host, const struct commit_request *request,
		  const struct strvec *operands, char *ret_id)
{
	AUTO(contents) contents = CONTENTS_INIT;
	AUTO(strvec) names = STRVEC_INIT;
	const struct commit commit = {
		.author = request->author,
		.comment = request->message,
		.changes = &request->changes,
		.names = &names,
		.pause = request->pause,
		.squash = request->squash,
		.docker = request->format == COMMIT_DOCKER,
		.remark = request->quiet ? ignore : remark,
	};
	autofree char *attribute = NULL;
	char *name;

	if (operands->n > 1) {
		TRY(ref_normalize(operands->v[1], &name));
		strvec_push_owned(&names, name);
		if (strchr(name, '@') != NULL)
			return refuse("'%s': an image is not named by a digest", operands->v[1]);
	}
	TRY(contents_open(host, operands->v[0], &contents));
	TRY(store_sweep(&contents.store));
	TRY(fail_in(commit_make(&contents, &commit, ret_id), "container '%s'",
		    contents.record.name));
	attribute = xasprintf("imageID=%s", ret_id);
	event_add_container(host, &contents.record, "commit", attribute);
	return store_sweep(&contents.store);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct commit_request *request = data;
	char id[DIGEST_TEXT_SIZE];

	TRY(commit(host, request, operands, id));
	if (request->iidfile == NULL)
		return out_line("%s", id);
	return fs_replace_file(AT_FDCWD, request->iidfile, id, strlen(id), 0644, false);
}

static void init(void *data)
{
	struct commit_request *request = data;

	request->pause = true;
}

const struct command command_commit = {
	.name = "commit",
	.alias = "container commit",
	.synopsis = "[OPTIONS] CONTAINER [NAME[:TAG]]",
	.summary = "Make an image of a container",
	.remarks = "The image has the layers of the container's image, and one of what the "
		   "container changed;\n"
		   "its ID is printed.\n",
	.options = (const struct opt *const[]){ options_commit, NULL },
	.request_size = sizeof(struct commit_request),
	.init = init,
	.operands_min = 1,
	.operands_max = 2,
	.operand_values = VALUES_CONTAINER,
	.run = run,
};
