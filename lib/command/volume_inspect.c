/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/inspect.h"

#include "base/err.h"
#include "command/command.h"
#include "command/inspection.h"

struct inspect_request {
	bool all;
	char *format;
};

static const struct opt options_inspect[] = {
	{ "all", 'a', OPT_FLAG, offsetof(struct inspect_request, all), .help = "all volumes" },
	{ "format", 'f', OPT_STRING, offsetof(struct inspect_request, format), "FORMAT",
	  "json, or a Go template of the fields of the JSON form" },
	OPT_END,
};

static int add_name(struct volume *volume, void *arg)
{
	strvec_push(arg, volume->name);
	return 0;
}

static int list_all(const struct host *host, struct strvec *names)
{
	AUTO(store) store = STORE_INIT;

	TRY(store_open(host, &store));
	return volume_each(&store, add_name, names);
}

static int find(const struct host *host, const char *name, void *arg, cJSON **ret_json)
{
	return inspect_volume(host, name, ret_json);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct inspect_request *request = data;
	AUTO(strvec) names = STRVEC_INIT;
	const struct inspection inspection = {
		.command = "volume inspect",
		.format = request->format,
		.find = find,
	};

	if (request->all == (operands->n > 0))
		return refuse(request->all ? "--all and the name of a volume exclude each other"
					   : "name a volume, or give --all");
	if (request->all)
		TRY(list_all(host, &names));
	strvec_push_all(&names, operands);
	return inspection_run(host, &inspection, &names);
}

const struct command command_volume_inspect = {
	.name = "volume inspect",
	.synopsis = "[OPTIONS] VOLUME...",
	.summary = "Show all that is known of volumes",
	.options = (const struct opt *const[]){ options_inspect, NULL },
	.request_size = sizeof(struct inspect_request),
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_VOLUME,
	.run = run,
};
