/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/units.h"
#include "container/logplace.h"
#include "container/logreader.h"
#include "container/logwatch.h"
#include "container/record.h"

#define OUT_FULL (256UL << 10)

struct logs_request {
	bool follow, timestamps, details;
	char *tail, *since, *until;
};

static const struct opt options_logs[] = {
	{ "details", 0, OPT_FLAG, offsetof(struct logs_request, details), NULL,
	  "Show what --log-opt tag wrote with each line" },
	{ "follow", 'f', OPT_FLAG, offsetof(struct logs_request, follow), NULL,
	  "Go on until the container ends" },
	{ "since", 0, OPT_STRING, offsetof(struct logs_request, since), "TIME",
	  "Show nothing older: 2026-01-31T23:59:59Z, or 10m for so long ago" },
	{ "tail", 'n', OPT_STRING, offsetof(struct logs_request, tail), "N",
	  "Show the last N lines, or all" },
	{ "timestamps", 't', OPT_FLAG, offsetof(struct logs_request, timestamps), NULL,
	  "Show when each line was printed" },
	{ "until", 0, OPT_STRING, offsetof(struct logs_request, until), "TIME",
	  "Show nothing younger" },
	OPT_END,
};

/* Output on its way: of one stream at a time, so that their order is kept. */
struct output {
	const struct logs_request *request;
	char since[LOG_TIME_LEN + 1], until[LOG_TIME_LEN + 1]; /* "": any */
	enum log_kind kind;
	enum log_stream stream;
	bool inside[2]; /* of a line of that stream */
	bool over;      /* past --until */
	struct buf bytes, line, attrs;
};

static int write_out(struct output *output, size_t len)
{
	int fd = output->stream == LOG_STDOUT ? STDOUT_FILENO : STDERR_FILENO;
	int rc = fs_write_all(fd, output->bytes.data, len,
			      fd == STDOUT_FILENO ? "standard output" : "standard error");

	if (rc == -EPIPE) /* who closed the pipe has seen enough */
		err_clear();
	TRY(rc);
	output->bytes.len -= len;
	if (output->bytes.len > 0)
		memmove(output->bytes.data, output->bytes.data + len, output->bytes.len);
	return 0;
}

/* {"tag":"x"} as docker shows it: tag=x */
static void add_details(struct output *output)
{
	autojson cJSON *attrs = NULL;
	const cJSON *item;
	bool first = true;

	if (output->attrs.len == 0 ||
	    json_parse(output->attrs.data, output->attrs.len, "attrs", &attrs) < 0) {
		err_clear();
		return;
	}
	cJSON_ArrayForEach(item, attrs)
	{
		if (!cJSON_IsString(item))
			continue;
		buf_addf(&output->bytes, "%s%s=%s", first ? "" : ",", item->string,
			 item->valuestring);
		first = false;
	}
	buf_add_char(&output->bytes, ' ');
}

/* What --timestamps and --details put before a line. */
static void add_marked(struct output *output, const struct log_entry *entry)
{
	if (!output->inside[entry->stream] && output->request->timestamps) {
		buf_add_str(&output->bytes, entry->time);
		buf_add_char(&output->bytes, ' ');
	}
	if (!output->inside[entry->stream] && output->request->details)
		add_details(output);
	buf_add(&output->bytes, output->line.data, output->line.len);
}

static int print_line(struct output *output, const char *line, size_t len)
{
	const struct logs_request *request = output->request;
	bool marked = request->timestamps || request->details;
	size_t before = output->bytes.len;
	struct log_entry entry;

	buf_clear(&output->line);
	buf_clear(&output->attrs);
	if (!log_scan(output->kind, line, len, &entry, marked ? &output->line : &output->bytes,
		      request->details ? &output->attrs : NULL))
		return 0;
	output->over = output->until[0] != '\0' && strcmp(entry.time, output->until) > 0;
	if (output->over || strcmp(entry.time, output->since) < 0) {
		buf_truncate(&output->bytes, before);
		return 0;
	}
	if (marked)
		add_marked(output, &entry);
	output->inside[entry.stream] = !entry.ends;
	if (entry.stream != output->stream) {
		if (before > 0)
			TRY(write_out(output, before));
		output->stream = entry.stream;
	}
	return output->bytes.len >= OUT_FULL ? write_out(output, output->bytes.len) : 0;
}

/* All that is there now. */
static int print_there(struct output *output, struct logreader *reader)
{
	const char *line;
	size_t len;
	int rc;

	while (!output->over && (rc = logreader_next(reader, &line, &len)) != 0) {
		TRY(rc);
		TRY(print_line(output, line, len));
	}
	return output->bytes.len > 0 ? write_out(output, output->bytes.len) : 0;
}

static int print_log(const struct logs_request *request, struct output *output,
		     struct logreader *reader, struct logwatch *watch)
{
	bool last;

	do {
		/* Asked before the rest is read: what it printed last is there when it has ended.
		 */
		last = !request->follow || logwatch_has_ended(watch);
		TRY(print_there(output, reader));
		if (!last && !output->over)
			TRY(logwatch_wait(watch));
	} while (!last && !output->over);
	return 0;
}

static int parse_moment(const char *option, const char *text, char ret_time[LOG_TIME_LEN + 1])
{
	AUTO(buf) time_text = BUF_INIT;
	uint32_t nsec = 0;
	int64_t sec;

	if (text == NULL)
		return 0;
	if (units_parse_time(text, &sec, &nsec) < 0) {
		err_clear();
		nsec = 0;
		TRY(fail_in(units_parse_moment(text, time(NULL), &sec), "%s", option));
	}
	units_print_time(&time_text, sec, nsec);
	snprintf(ret_time, LOG_TIME_LEN + 1, "%s", time_text.data);
	return 0;
}

static int parse_tail(const char *text, int64_t *ret_tail)
{
	*ret_tail = -1;
	if (text == NULL || strcmp(text, "all") == 0 || strcmp(text, "-1") == 0)
		return 0;
	return fail_in(units_parse_i64(text, 0, INT64_MAX, ret_tail), "--tail");
}

static int refuse_unlogged(const struct record *record)
{
	if (record->log_driver == NULL) {
		refuse("the container '%s' has no log: it ran in the foreground", record->name);
		hint("with 'berth run -d' there is one");
	} else if (strcmp(record->log_driver, "journald") == 0) {
		refuse("the log of the container '%s' is in the journal, which berth does not read",
		       record->name);
		hint("journalctl CONTAINER_ID_FULL=%s", record->id);
	} else {
		refuse("the container '%s' has no log: its driver is %s", record->name,
		       record->log_driver);
	}
	return -EINVAL;
}

static void output_release(struct output *output)
{
	buf_release(&output->bytes);
	buf_release(&output->line);
	buf_release(&output->attrs);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct logs_request *request = data;
	AUTO(output) output = { .request = request };
	AUTO(logreader) reader = LOGREADER_INIT;
	AUTO(logwatch) watch = LOGWATCH_INIT;
	AUTO(record) record = RECORD_INIT;
	autofree char *path = NULL;
	struct log_config config;
	int64_t tail;

	buf_init(&output.bytes);
	buf_init(&output.line);
	buf_init(&output.attrs);
	TRY(parse_tail(request->tail, &tail));
	TRY(parse_moment("--since", request->since, output.since));
	TRY(parse_moment("--until", request->until, output.until));
	TRY(record_find(host, operands->v[0], &record));
	TRY(log_config_parse(record.log_driver, &record.log_options, &config));
	if (record.log_driver == NULL || !log_is_file(config.kind))
		return refuse_unlogged(&record);
	path = logplace_path(host, &record, &config);
	output.kind = config.kind;
	if (request->follow)
		TRY(logwatch_open(&record, path, &watch));
	TRY(logreader_open(&config, path, tail, &reader));
	return print_log(request, &output, &reader, &watch);
}

const struct command command_logs = {
	.name = "logs",
	.alias = "container logs",
	.synopsis = "[OPTIONS] CONTAINER",
	.summary = "Show what a container in the background printed",
	.options = (const struct opt *const[]){ options_logs, NULL },
	.request_size = sizeof(struct logs_request),
	.operands_min = 1,
	.operands_max = 1,
	.operand_values = VALUES_CONTAINER,
	.run = run,
};
