/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/exit.h"
#include "base/out.h"
#include "command/progress.h"
#include "command/pruning.h"
#include "command/registryoptions.h"
#include "container/event.h"
#include "image/pull.h"

struct pull_request {
	bool all_tags, quiet;
	int64_t max;
	char *platform;
	int policy, progress; /* enum pull_policy, enum progress_style */
	struct registry_request registry;
	struct strvec ignored;
};

#define AT(field) offsetof(struct pull_request, field)
#define REGISTRY_AT(field) offsetof(struct pull_request, registry.field)

/* podman's way to say it in three words. */
#define PULL_PLATFORM(name, value) \
	{ \
		(name), 0, OPT_REFUSED, 0, (value), "the platform is one option", \
			.fix = "give --platform OS/ARCH[/VARIANT]", .flags = OPT_HIDDEN \
	}

static const struct opt options_pull[] = {
	{ "all-tags", 'a', OPT_FLAG, AT(all_tags), .help = "pull every tag of the repository" },
	{ "max", 0, OPT_SIZE, AT(max), "SIZE",
	  "remove the least recently used images where the store takes more than SIZE then" },
	{ "platform", 0, OPT_STRING, AT(platform), "OS/ARCH[/VARIANT]",
	  "pull the image for this platform instead of this machine's" },
	{ "policy", 0, OPT_CHOICE, AT(policy), "WHEN", "always, missing, never or newer (always)",
	  0, VALUES_WORDS, "missing|never|always|newer" },
	{ "progress", 0, OPT_CHOICE, AT(progress), "STYLE",
	  "auto, plain, tty or none; on stderr (auto: tty on a terminal, else none)", 0,
	  VALUES_WORDS, PROGRESS_STYLES },
	{ "quiet", 'q', OPT_FLAG, AT(quiet), .help = "print no progress" },
	REGISTRY_OPTIONS(REGISTRY_AT),
	PULL_PLATFORM("arch", "ARCH"),
	PULL_PLATFORM("os", "OS"),
	PULL_PLATFORM("variant", "VARIANT"),
	{ "disable-content-trust", 0, OPT_IGNORED, AT(ignored), NULL,
	  "--disable-content-trust: there is no content trust to disable", OPT_HIDDEN },
	OPT_END,
};

static void init(void *data)
{
	struct pull_request *request = data;

	request->policy = PULL_ALWAYS;
	registry_request_init(&request->registry);
}

struct pulled {
	const struct host *host;
	struct strvec ids; /* so far */
};

static void pulled_release(struct pulled *pulled)
{
	strvec_release(&pulled->ids);
}

/* As podman does: the ID alone, so that scripts can go on with it. */
static int print_id(const struct pull_result *result, struct pulled *pulled)
{
	strvec_push(&pulled->ids, result->id);
	return out_line("%s", digest_hex(result->id));
}

static int print_result(const struct pull_result *result, void *arg)
{
	const struct pulled *pulled = arg;

	event_add_image(pulled->host, "pull", result->id, result->name);
	return print_id(result, arg);
}

/* The words of other tools for what this command does. */
static int check_text(const char *text, const char **ret_name)
{
	static const char docker[] = "docker://";

	if (strncmp(text, docker, sizeof(docker) - 1) == 0)
		text += sizeof(docker) - 1;
	if (image_is_elsewhere(text)) {
		refuse("'%s' is no image of a registry", text);
		hint("berth load -i FILE takes archives and layouts, and berth run runs them as "
		     "they are");
		return -EINVAL;
	}
	*ret_name = text;
	return 0;
}

static int pull_one(struct store *store, const struct pull_request *request, const char *text,
		    const struct pull_options *options, struct pulled *pulled)
{
	AUTO(pull_result) result = { 0 };
	struct pull_options when_missing = *options;
	struct image image = IMAGE_INIT;
	bool fetched = false;
	const char *name;

	TRY(check_text(text, &name));
	if (request->all_tags)
		return pull_all_tags(store, name, options, print_result, pulled);
	if (request->policy == PULL_ALWAYS) {
		TRY(pull_image(store, name, options, &result));
		return print_result(&result, pulled);
	}
	when_missing.pulled = &fetched;
	TRY(pull_open(store, name, (enum pull_policy)request->policy, &when_missing, &image));
	memcpy(result.id, image.id, DIGEST_TEXT_SIZE);
	if (fetched)
		event_add_image(pulled->host, "pull", image.id, name);
	image_release(&image);
	return print_id(&result, pulled);
}

/* Of several, one that fails does not keep the others from being pulled. Returns the status. */
static int pull_each(struct store *store, const struct pull_request *request,
		     const struct pull_options *options, const struct strvec *names,
		     struct pulled *pulled)
{
	int status = EXIT_OK;

	for (size_t i = 0; i < names->n; i++) {
		int rc = pull_one(store, request, names->v[i], options, pulled);

		if (rc >= 0)
			continue;
		/* Nobody reads what is printed. */
		if (names->n == 1 || rc == -EPIPE)
			return rc;
		fail_in(rc, "pull");
		err_print(STDERR_FILENO);
		err_clear();
		status = EXIT_BERTH;
	}
	return status;
}

static int pull_all(const struct host *host, struct store *store,
		    const struct pull_request *request, const struct pull_options *options,
		    const struct strvec *names)
{
	AUTO(pulled) pulled = { .host = host };
	int status = pull_each(store, request, options, names, &pulled);

	TRY(status);
	TRY(pruning_after(host, store, request->max, &pulled.ids));
	TRY(store_sweep(store));
	return status;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct pull_request *request = data;
	struct pull_options options = { 0 };
	AUTO(progress_view) view = { 0 };
	AUTO(platform) platform = { 0 };
	AUTO(store) store = STORE_INIT;

	for (size_t i = 0; i < request->ignored.n; i++)
		out_note("%s", request->ignored.v[i]);
	TRY(platform_parse(request->platform, &platform));
	options.platform = &platform;
	registry_request_options(&request->registry, host, &options.registry);
	progress_view_init(&view, (enum progress_style)request->progress, request->quiet);
	options.progress = progress_view_sink(&view);
	TRY(store_open(host, &store));
	return pull_all(host, &store, request, &options, operands);
}

const struct command command_pull = {
	.name = "pull",
	.alias = "image pull",
	.synopsis = "[OPTIONS] NAME[:TAG|@DIGEST]...",
	.summary = "Fetch images from a registry",
	.remarks = "The ID of each image is printed to stdout, its progress to stderr.\n",
	.options = (const struct opt *const[]){ options_pull, NULL },
	.request_size = sizeof(struct pull_request),
	.init = init,
	.operands_min = 1,
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_IMAGE,
	.run = run,
};
