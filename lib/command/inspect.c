/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/inspect.h"

#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "command/command.h"
#include "command/inspection.h"

enum object_type {
	TYPE_ANY,
	TYPE_CONTAINER,
	TYPE_IMAGE,
	TYPE_VOLUME,
};

struct inspect_request {
	char *format;
	int type;
	struct inspect_extras extras;
};

static const struct opt options_inspect[] = {
	{ "format", 'f', OPT_STRING, offsetof(struct inspect_request, format), "FORMAT",
	  "json, or a Go template of the fields of the JSON form" },
	OPT_END,
};

static const struct opt options_extras[] = {
	{ "security", 0, OPT_FLAG, offsetof(struct inspect_request, extras.security), NULL,
	  "of containers that run: the confinement, as the kernel has it" },
	{ "size", 's', OPT_FLAG, offsetof(struct inspect_request, extras.size), NULL,
	  "of containers: what the writable layer takes on disk" },
	OPT_END,
};

static const struct opt options_type[] = {
	{ "type", 't', OPT_CHOICE, offsetof(struct inspect_request, type), "TYPE",
	  "what to look for: any (containers, then images), container, image or volume",
	  .values = VALUES_WORDS, .words = "any|container|image|volume" },
	OPT_END,
};

/* What cannot be the name of a volume is none. */
static int find_volume(const struct host *host, const char *name, cJSON **ret_json)
{
	int rc = inspect_volume(host, name, ret_json);

	return rc == -EINVAL && volume_check_name(name) < 0 ? -ENOENT : rc;
}

static int find_object(const struct host *host, const char *name, void *arg, cJSON **ret_json)
{
	const struct inspect_request *request = arg;
	enum object_type type = (enum object_type)request->type;
	int rc;

	if (type == TYPE_IMAGE)
		return inspect_image(host, name, ret_json);
	if (type == TYPE_VOLUME)
		return inspect_volume(host, name, ret_json);
	rc = inspect_container(host, name, &request->extras, ret_json);
	if (rc != -ENOENT || type == TYPE_CONTAINER)
		return rc;
	rc = inspect_image(host, name, ret_json);
	if (rc != -ENOENT)
		return rc;
	rc = find_volume(host, name, ret_json);
	return rc == -ENOENT
		       ? refuse_with(ENOENT, "there is no container, no image and no volume '%s'",
				     name)
		       : rc;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct inspect_request *request = data;
	const struct inspection inspection = {
		.command = "inspect",
		.format = request->format,
		.find = find_object,
		.arg = data,
	};

	return inspection_run(host, &inspection, operands);
}

static void init_image(void *request)
{
	((struct inspect_request *)request)->type = TYPE_IMAGE;
}

static void init_container(void *request)
{
	((struct inspect_request *)request)->type = TYPE_CONTAINER;
}

#define INSPECT(words, what, text, start, ...) \
	{ \
		.name = (words), .synopsis = "[OPTIONS] " what "...", .summary = (text), \
		.options = (const struct opt *const[]){ options_inspect, __VA_ARGS__ }, \
		.request_size = sizeof(struct inspect_request), .init = (start), \
		.operands_min = 1, .operands_max = OPERANDS_ANY, .operand_values = VALUES_IMAGE, \
		.run = run, \
	}

const struct command command_inspect =
	INSPECT("inspect", "NAME", "Show all that is known of containers and images", NULL,
		options_extras, options_type, NULL);
const struct command command_image_inspect =
	INSPECT("image inspect", "IMAGE", "Show all that is known of images", init_image, NULL);
const struct command command_container_inspect =
	INSPECT("container inspect", "CONTAINER", "Show all that is known of containers",
		init_container, options_extras, NULL);
