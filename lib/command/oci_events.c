/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include "base/err.h"
#include "base/out.h"
#include "command/ociverb.h"
#include "oci/events.h"

#define INTERVAL_USEC 5000000

struct events_request {
	struct ociverb verb;
	uint64_t interval;
	bool stats;
};

#define AT(field) offsetof(struct events_request, field)

static const struct opt options[] = {
	{ "interval", 0, OPT_DURATION, AT(interval), "DURATION",
	  "time between two statistics (default 5s)" },
	{ "stats", 0, OPT_FLAG, AT(stats), .help = "print the statistics once" },
	OPT_END,
};

static void init(void *data)
{
	((struct events_request *)data)->interval = INTERVAL_USEC;
}

static int print(const struct buf *line, void *arg)
{
	return out_raw(line->data, line->len);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct events_request *request = data;
	AUTO(runtime) runtime = { 0 };
	AUTO(buf) line = BUF_INIT;

	TRY(ociverb_runtime(host, &request->verb, &runtime));
	if (!request->stats)
		return runtime_events(&runtime, operands->v[0], request->interval, print, NULL);
	TRY(runtime_stats(&runtime, operands->v[0], &line));
	return print(&line, NULL);
}

const struct command command_oci_events = {
	.name = "oci events",
	.synopsis = "[OPTIONS] CONTAINER",
	.summary = "Print what a container uses, and when it runs out of memory, as JSON",
	.options = (const struct opt *const[]){ options, ociverb_hidden, NULL },
	.request_size = sizeof(struct events_request),
	.init = init,
	.operands_min = 1,
	.operands_max = 1,
	.run = run,
};
