/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/json.h"
#include "base/out.h"
#include "base/template.h"
#include "base/units.h"
#include "container/eventreader.h"
#include "container/eventselect.h"

#define SHORT_ID 12
#define NSEC_PER_SEC INT64_C(1000000000)
#define NSEC_PER_MSEC 1000000
#define WAIT_MSEC 1000

struct events_request {
	char *since, *until, *format;
	struct strvec filters;
	bool stream, no_trunc;
};

static const struct opt options_events[] = {
	{ "filter", 'f', OPT_STRINGS, offsetof(struct events_request, filters), "KEY=VALUE",
	  "Show only those that match" },
	{ "format", 0, OPT_STRING, offsetof(struct events_request, format), "FORMAT",
	  "json, or a Go template of the fields of that" },
	{ "no-trunc", 0, OPT_FLAG, offsetof(struct events_request, no_trunc), NULL,
	  "Show whole IDs (true)" },
	{ "since", 0, OPT_STRING, offsetof(struct events_request, since), "TIME",
	  "Begin with those of TIME: 2026-01-31T23:59:59Z, or 10m for so long ago" },
	{ "stream", 0, OPT_FLAG, offsetof(struct events_request, stream), NULL,
	  "Go on with those that happen from now on (true)" },
	{ "until", 0, OPT_STRING, offsetof(struct events_request, until), "TIME",
	  "End with those of TIME" },
	OPT_END,
};

/* --- one of them ------------------------------------------------------------------------------ */

static const char *attribute_of(const struct event *event, const char *key)
{
	const char *value = env_get(event->attributes, key);

	return value != NULL ? value : "";
}

/* "KEY=VALUE" into an object that may have the key already. */
static void add_pairs(cJSON *object, const struct strvec *pairs)
{
	for (size_t i = 0; i < pairs->n; i++) {
		const char *equals = strchr(pairs->v[i], '=');
		autofree char *key = xstrndup(pairs->v[i], strcspn(pairs->v[i], "="));

		if (cJSON_GetObjectItemCaseSensitive(object, key) == NULL)
			json_add_string(object, key, equals != NULL ? equals + 1 : "");
	}
}

/* As podman shows it, with docker's Actor and Action. */
static cJSON *describe(const struct event *event, const char *time_text, const char *id)
{
	const char *code = attribute_of(event, "exitCode");
	cJSON *json = json_object(), *attributes, *actor;

	json_add_string(json, "ID", id);
	json_add_string(json, "Name", event->name != NULL ? event->name : "");
	json_add_string(json, "Image", event->image != NULL ? event->image : "");
	json_add_string(json, "Type", event->type);
	json_add_string(json, "Status", event->action);
	json_add_string(json, "Action", event->action);
	json_add_string(json, "Time", time_text);
	json_add_int(json, "TimeNano", event->time);
	json_add_int(json, "ContainerExitCode", strtol(code, NULL, 10));
	json_add_string(json, "HealthStatus", attribute_of(event, "healthStatus"));
	attributes = json_add_object(json, "Attributes");
	add_pairs(attributes, event->attributes);
	add_pairs(attributes, event->labels);
	actor = json_add_object(json, "Actor");
	json_add_string(actor, "ID", id);
	attributes = json_add_object(actor, "Attributes");
	json_add_string(attributes, "image", event->image);
	json_add_string(attributes, "name", event->name);
	add_pairs(attributes, event->attributes);
	add_pairs(attributes, event->labels);
	return json;
}

static void print_pair(struct buf *line, const char *key, const char *text)
{
	buf_addf(line, "%s%s%s%s", line->len > 0 ? ", " : "", key, *key != '\0' ? "=" : "", text);
}

/* docker's line. */
static int print_line(const struct event *event, const char *time_text, const char *id)
{
	AUTO(buf) pairs = BUF_INIT;

	if (event->image != NULL)
		print_pair(&pairs, "image", event->image);
	if (event->name != NULL)
		print_pair(&pairs, "name", event->name);
	for (size_t i = 0; i < event->attributes->n; i++)
		print_pair(&pairs, "", event->attributes->v[i]);
	for (size_t i = 0; i < event->labels->n; i++)
		print_pair(&pairs, "", event->labels->v[i]);
	return out_line("%s %s %s%s%s%s%s%s", time_text, event->type, event->action,
			*id != '\0' ? " " : "", id, pairs.len > 0 ? " (" : "", pairs.data,
			pairs.len > 0 ? ")" : "");
}

static int print(const struct events_request *request, const struct event *event)
{
	const char *format = request->format;
	bool plain =
		format != NULL && (strcmp(format, "json") == 0 || strcmp(format, "jsonl") == 0);
	AUTO(buf) text = BUF_INIT, time_text = BUF_INIT;
	autofree char *id = xstrdup(event->id != NULL ? event->id : "");
	autojson cJSON *json = NULL;

	if (!request->no_trunc && strlen(id) > SHORT_ID && strchr(id, ':') == NULL)
		id[SHORT_ID] = '\0';
	units_print_time(&time_text, event->time / NSEC_PER_SEC,
			 (uint32_t)(event->time % NSEC_PER_SEC));
	if (format == NULL)
		return print_line(event, time_text.data, id);
	json = describe(event, time_text.data, id);
	if (plain)
		json_print(json, false, &text);
	else
		TRY(fail_in(template_render(format, json, &text), "--format"));
	buf_add_char(&text, '\n');
	return out_raw(text.data, text.len);
}

/* --- all of them ------------------------------------------------------------------------------ */

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

/* The whole of a second belongs to a time that names no smaller part of it. */
static int parse_moment(const char *option, const char *text, bool end, int64_t *ret_time)
{
	uint32_t nsec = 0;
	int64_t sec;

	if (text == NULL)
		return 0;
	if (units_parse_time(text, &sec, &nsec) < 0) {
		err_clear();
		nsec = end ? NSEC_PER_SEC - 1 : 0;
		TRY(fail_in(units_parse_moment(text, time(NULL), &sec), "%s", option));
	}
	if (sec > INT64_MAX / NSEC_PER_SEC - 1)
		return refuse("%s '%s' is too far away", option, text);
	*ret_time = sec * NSEC_PER_SEC + nsec;
	return 0;
}

struct span {
	int64_t since, until;
};

/* All that there are now. */
static int print_there(const struct events_request *request,
		       const struct event_selection *selection, const struct span *span,
		       struct eventreader *reader)
{
	const struct event *event;
	int rc;

	while ((rc = eventreader_next(reader, &event)) > 0)
		if (event->time >= span->since && event->time <= span->until &&
		    event_select_matches(selection, event))
			TRY(print(request, event));
	return rc;
}

static int follow(const struct events_request *request, const struct event_selection *selection,
		  const struct span *span, struct eventreader *reader)
{
	int64_t left;

	do {
		/* Asked before the rest is read: what happened until then is there. */
		left = request->stream ? span->until - now() : 0;
		TRY(print_there(request, selection, span, reader));
		if (left > 0 && left / NSEC_PER_MSEC < WAIT_MSEC)
			TRY(eventreader_wait(reader, (int)(left / NSEC_PER_MSEC) + 1));
		else if (left > 0)
			TRY(eventreader_wait(reader, WAIT_MSEC));
	} while (left > 0);
	return 0;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct events_request *request = data;
	bool past = request->since != NULL || request->until != NULL || !request->stream;
	struct span span = { .since = 0, .until = INT64_MAX };
	AUTO(event_selection) selection = { 0 };
	AUTO(eventreader) reader = EVENTREADER_INIT;

	TRY(parse_moment("--since", request->since, false, &span.since));
	TRY(parse_moment("--until", request->until, true, &span.until));
	TRY(event_select_parse(&request->filters, &selection));
	TRY(eventreader_open(host, past, &reader));
	return follow(request, &selection, &span, &reader);
}

static void init(void *data)
{
	struct events_request *request = data;

	request->stream = true;
	request->no_trunc = true;
}

const struct command command_events = {
	.name = "events",
	.alias = "system events",
	.synopsis = "[OPTIONS]",
	.summary = "Show what happens to containers, images and volumes",
	.options = (const struct opt *const[]){ options_events, NULL },
	.request_size = sizeof(struct events_request),
	.init = init,
	.run = run,
};
