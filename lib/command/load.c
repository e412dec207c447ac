/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/out.h"
#include "command/pruning.h"
#include "container/event.h"
#include "image/ingest.h"

struct load_request {
	char *input, *platform;
	int64_t max;
	bool quiet;
};

static const struct opt options_load[] = {
	{ "input", 'i', OPT_STRING, offsetof(struct load_request, input), "FILE",
	  "read FILE, an archive or an OCI layout directory, instead of stdin",
	  .values = VALUES_FILE },
	{ "max", 0, OPT_SIZE, offsetof(struct load_request, max), "SIZE",
	  "remove the least recently used images where the store takes more than SIZE then" },
	{ "platform", 0, OPT_STRING, offsetof(struct load_request, platform), "OS/ARCH[/VARIANT]",
	  "take the image for this platform instead of this machine's" },
	{ "quiet", 'q', OPT_FLAG, offsetof(struct load_request, quiet),
	  .help = "print no progress" },
	OPT_END,
};

static int load_one(struct store *store, const struct source *source,
		    const struct source_image *image, const struct platform *platform,
		    struct strvec *ids)
{
	AUTO(bundle) bundle = BUNDLE_INIT;

	TRY(bundle_read(source, image, platform, &bundle));
	TRY(ingest_image(store, &bundle, &image->names));
	strvec_push(ids, bundle.id);
	event_add_image(store->host, "load", bundle.id,
			image->names.n > 0 ? image->names.v[0] : NULL);
	for (size_t i = 0; i < image->names.n; i++)
		TRY(out_line("Loaded image: %s", image->names.v[i]));
	return image->names.n > 0 ? 0 : out_line("Loaded image ID: %s", bundle.id);
}

/* "docker-archive:FILE" is what the other commands take. */
static const char *cut_transport(const char *input, enum source_kind *ret_kind)
{
	static const struct {
		const char *prefix;
		enum source_kind kind;
	} transports[] = {
		{ "docker-archive:", SOURCE_DOCKER },
		{ "oci-archive:", SOURCE_OCI },
		{ "oci:", SOURCE_OCI },
	};

	*ret_kind = SOURCE_ANY;
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
		size_t len = strlen(transports[i].prefix);

		if (strncmp(input, transports[i].prefix, len) != 0 || access(input, F_OK) == 0)
			continue;
		*ret_kind = transports[i].kind;
		return input + len;
	}
	return input;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct load_request *request = data;
	AUTO(store) store = STORE_INIT;
	AUTO(source) source = SOURCE_INIT;
	AUTO(platform) platform = { 0 };
	AUTO(strvec) ids = STRVEC_INIT;
	enum source_kind kind;
	const char *input = cut_transport(request->input != NULL ? request->input : "-", &kind);

	if (request->platform != NULL)
		TRY(platform_parse(request->platform, &platform));
	TRY(store_open(host, &store));
	TRY(store_sweep(&store));
	TRY(source_open(&store, kind, input, &source));
	for (size_t i = 0; i < source.n; i++)
		TRY(load_one(&store, &source, &source.v[i],
			     request->platform != NULL ? &platform : NULL, &ids));
	TRY(pruning_after(host, &store, request->max, &ids));
	return store_sweep(&store);
}

const struct command command_load = {
	.name = "load",
	.alias = "image load",
	.synopsis = "[OPTIONS]",
	.summary = "Load images from an archive or an OCI layout",
	.remarks =
		"Archives of docker and podman save and OCI archives are read from stdin or a "
		"file,\n"
		"plain or compressed with gzip or zstd. What is loaded is printed line by line.\n",
	.options = (const struct opt *const[]){ options_load, NULL },
	.request_size = sizeof(struct load_request),
	.run = run,
};
