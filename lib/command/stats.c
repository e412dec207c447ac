/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/stats.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/exit.h"
#include "base/out.h"
#include "base/units.h"
#include "command/choice.h"
#include "command/command.h"

#define SHORT_ID 12
/* Between the two looks of which the difference is the load. */
#define GLANCE_USEC 200000
#define USEC_PER_SEC 1000000
#define NSEC_PER_USEC 1000
#define UNKNOWN "--"
#define CLEAR_SCREEN "\033[H\033[J"

struct stats_request {
	struct choice choice; /* all: those that have ended as well */
	bool no_stream, no_trunc, no_reset;
	uint64_t interval;
	char *format;
};

static const struct opt options_stats[] = {
	{ "all", 'a', OPT_FLAG, offsetof(struct stats_request, choice.all), NULL,
	  "Show those that do not run as well" },
	{ "format", 0, OPT_STRING, offsetof(struct stats_request, format), "FORMAT",
	  "table, json, jsonl, or a Go template" },
	{ "interval", 'i', OPT_DURATION, offsetof(struct stats_request, interval), "TIME",
	  "Look so often; 1s if not given" },
	{ "latest", 'l', OPT_FLAG, offsetof(struct stats_request, choice.latest), NULL,
	  "Show the container that was made last" },
	{ "no-reset", 0, OPT_FLAG, offsetof(struct stats_request, no_reset), NULL,
	  "Do not clear the screen" },
	{ "no-stream", 0, OPT_FLAG, offsetof(struct stats_request, no_stream), NULL,
	  "Show it once" },
	{ "no-trunc", 0, OPT_FLAG, offsetof(struct stats_request, no_trunc), NULL,
	  "Do not shorten IDs" },
	OPT_END,
};

struct sample {
	char id[65];
	char *name, *given;
	bool known; /* it runs */
	struct stats stats;
};

struct samples {
	struct sample *v;
	size_t n;
};

static void samples_release(struct samples *samples)
{
	for (size_t i = 0; i < samples->n; i++) {
		free(samples->v[i].name);
		free(samples->v[i].given);
	}
	free(samples->v);
	*samples = (struct samples){ 0 };
}

struct row {
	const struct stats_request *request;
	const struct sample *sample, *before; /* before: NULL, or the look before */
};

/* --- columns ---------------------------------------------------------------------------------- */

static void print_id(struct buf *out, const void *data)
{
	const struct row *row = data;

	buf_addf(out, "%.*s", row->request->no_trunc ? 64 : SHORT_ID, row->sample->id);
}

static void print_container(struct buf *out, const void *data)
{
	const struct row *row = data;

	buf_add_str(out, row->sample->given);
}

static void print_name(struct buf *out, const void *data)
{
	const struct row *row = data;

	buf_add_str(out, row->sample->name);
}

/* Hundredths of a per cent, as docker has them. */
static void print_percent(struct buf *out, double percent)
{
	buf_addf(out, "%.2f%%", percent);
}

static void print_cpu(struct buf *out, const void *data)
{
	const struct row *row = data;
	const struct stats *now = &row->sample->stats;
	const struct stats *then = row->before != NULL ? &row->before->stats : NULL;

	if (!row->sample->known || then == NULL || !row->before->known ||
	    now->usage.cpu_usec >= CGUSAGE_NONE || then->usage.cpu_usec >= CGUSAGE_NONE ||
	    now->taken <= then->taken || now->usage.cpu_usec < then->usage.cpu_usec) {
		buf_add_str(out, UNKNOWN);
		return;
	}
	print_percent(out, (double)(now->usage.cpu_usec - then->usage.cpu_usec) * 100 /
				   (double)(now->taken - then->taken));
}

/* The limit, or all that the machine has. */
static uint64_t memory_limit(const struct stats *stats)
{
	uint64_t total = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

	return stats->usage.memory_limit < total ? stats->usage.memory_limit : total;
}

static void print_memory(struct buf *out, const void *data)
{
	const struct row *row = data;
	const struct stats *stats = &row->sample->stats;

	if (!row->sample->known || stats->usage.memory >= CGUSAGE_NONE) {
		buf_add_str(out, UNKNOWN " / " UNKNOWN);
		return;
	}
	units_print_binary(out, stats->usage.memory);
	buf_add_str(out, " / ");
	units_print_binary(out, memory_limit(stats));
}

static void print_memory_percent(struct buf *out, const void *data)
{
	const struct row *row = data;
	const struct stats *stats = &row->sample->stats;
	uint64_t limit = memory_limit(stats);

	if (!row->sample->known || stats->usage.memory >= CGUSAGE_NONE || limit == 0)
		buf_add_str(out, UNKNOWN);
	else
		print_percent(out, (double)stats->usage.memory * 100 / (double)limit);
}

static void print_two(struct buf *out, const struct row *row, uint64_t first, uint64_t second)
{
	if (!row->sample->known || first >= CGUSAGE_NONE || second >= CGUSAGE_NONE) {
		buf_add_str(out, UNKNOWN " / " UNKNOWN);
		return;
	}
	units_print_size(out, first);
	buf_add_str(out, " / ");
	units_print_size(out, second);
}

static void print_network(struct buf *out, const void *data)
{
	const struct row *row = data;

	print_two(out, row, row->sample->stats.received, row->sample->stats.sent);
}

static void print_block(struct buf *out, const void *data)
{
	const struct row *row = data;

	print_two(out, row, row->sample->stats.usage.read_bytes,
		  row->sample->stats.usage.write_bytes);
}

static void print_pids(struct buf *out, const void *data)
{
	const struct row *row = data;

	if (!row->sample->known || row->sample->stats.usage.pids >= CGUSAGE_NONE)
		buf_add_str(out, UNKNOWN);
	else
		buf_addf(out, "%llu", (unsigned long long)row->sample->stats.usage.pids);
}

static const struct out_field fields[] = {
	{ "ID", "CONTAINER ID", true, print_id },
	{ "Name", "NAME", true, print_name },
	{ "CPUPerc", "CPU %", true, print_cpu },
	{ "MemUsage", "MEM USAGE / LIMIT", true, print_memory },
	{ "MemPerc", "MEM %", true, print_memory_percent },
	{ "NetIO", "NET I/O", true, print_network },
	{ "BlockIO", "BLOCK I/O", true, print_block },
	{ "PIDs", "PIDS", true, print_pids },
	{ "Container", "CONTAINER", false, print_container },
	{ 0 },
};

/* --- looking ---------------------------------------------------------------------------------- */

static bool runs(const struct record *record)
{
	return record->status == RECORD_RUNNING;
}

static int take_one(struct chosen *chosen, struct sample *sample)
{
	struct target target = TARGET_INIT;
	int rc;

	memcpy(sample->id, chosen->record.id, sizeof(sample->id));
	sample->name = xstrdup(chosen->record.name != NULL ? chosen->record.name : "");
	sample->given = xstrdup(chosen->name);
	if (!runs(&chosen->record))
		return 0;
	rc = target_take(&chosen->record, &target);
	if (rc >= 0) {
		rc = stats_take(&target, &sample->stats);
		sample->known = rc >= 0;
	} else if (rc == -ESRCH) { /* it has just ended */
		err_clear();
		rc = 0;
	}
	target_release(&target);
	return rc;
}

/* All that are asked for, as they are now. Returns the status, or a negative errno. */
static int look(const struct host *host, const struct stats_request *request,
		const struct strvec *operands, struct samples *ret_samples)
{
	struct choice choice = request->choice;
	AUTO(chosen_list) list = { 0 };
	bool all = choice.all;
	size_t without = 0;

	/* With no name it is all that run. */
	choice.all = operands->n == 0 && !choice.latest;
	TRY(choice_find(host, "stats", &choice, operands, all ? NULL : runs, &list));
	for (size_t i = 0; i < list.n; i++) {
		struct sample sample = { 0 };
		int rc;

		if (list.v[i].failed)
			continue;
		rc = take_one(&list.v[i], &sample);
		*VEC_PUSH(ret_samples) = sample;
		without += rc == -EOPNOTSUPP;
		/* Nobody asked for this one: it has a line with nothing known. */
		if (rc == -EOPNOTSUPP && !list.v[i].given && without < list.n)
			continue;
		choice_check(&list, &list.v[i], rc);
	}
	err_clear();
	return list.status;
}

static const struct sample *find_before(const struct samples *samples, const char *id)
{
	for (size_t i = 0; i < samples->n; i++)
		if (strcmp(samples->v[i].id, id) == 0)
			return &samples->v[i];
	return NULL;
}

static int show(const struct stats_request *request, const struct samples *now,
		const struct samples *before)
{
	struct out_list list = { 0 };
	int rc = out_list_begin(&list, fields, request->format);

	for (size_t i = 0; i < now->n && rc >= 0; i++) {
		const struct row row = { request, &now->v[i], find_before(before, now->v[i].id) };

		rc = out_list_row(&list, &row);
	}
	if (rc >= 0 && !request->no_stream && !request->no_reset && request->format == NULL &&
	    isatty(STDOUT_FILENO))
		rc = out_raw(CLEAR_SCREEN, strlen(CLEAR_SCREEN));
	if (rc >= 0)
		rc = out_list_end(&list);
	out_list_release(&list);
	return rc;
}

static void pause_for(uint64_t usec)
{
	struct timespec pause = { .tv_sec = (time_t)(usec / USEC_PER_SEC),
				  .tv_nsec = (long)(usec % USEC_PER_SEC) * NSEC_PER_USEC };

	nanosleep(&pause, NULL);
}

static int check_format(const struct stats_request *request)
{
	struct out_list list = { 0 };
	int rc = out_list_begin(&list, fields, request->format);

	out_list_release(&list);
	return rc;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct stats_request *request = data;
	AUTO(samples) before = { 0 };
	int status;

	if (request->choice.all && (request->choice.latest || operands->n > 0))
		return refuse("--all, --latest and names of containers exclude each other");
	TRY(check_format(request));
	status = look(host, request, operands, &before);
	TRY(status);
	pause_for(GLANCE_USEC);
	for (;;) {
		struct samples now = { 0 };
		int rc = status == EXIT_OK ? look(host, request, operands, &now) : 0;

		if (status != EXIT_OK) /* it was told once, and would be again */
			return status;
		if (rc == EXIT_OK)
			rc = show(request, &now, &before);
		samples_release(&before);
		before = now;
		if (rc != 0 || request->no_stream)
			return rc;
		pause_for(request->interval);
	}
}

static void init(void *data)
{
	struct stats_request *request = data;

	request->interval = USEC_PER_SEC;
}

const struct command command_stats = {
	.name = "stats",
	.alias = "container stats",
	.synopsis = "[OPTIONS] [CONTAINER...]",
	.summary = "Show what containers use of processors, memory, network and disks",
	.options = (const struct opt *const[]){ options_stats, NULL },
	.request_size = sizeof(struct stats_request),
	.init = init,
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_CONTAINER,
	.run = run,
};
