/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <string.h>

#include "base/err.h"
#include "base/exit.h"
#include "base/json.h"
#include "base/out.h"
#include "container/contents.h"
#include "image/changes.h"

struct diff_request {
	char *format;
};

static const struct opt options_diff[] = {
	{ "format", 0, OPT_STRING, offsetof(struct diff_request, format), "FORMAT",
	  "json: one object with the lists \"changed\", \"added\" and \"deleted\"" },
	OPT_END,
};

/* Each is its kind, its path, and a NUL. */
static const char *next(const char *change)
{
	return change + strlen(change) + 1;
}

static int print_json(const struct buf *changes)
{
	static const struct {
		enum change_kind kind;
		const char *key;
	} lists[] = {
		{ CHANGE_CHANGED, "changed" },
		{ CHANGE_ADDED, "added" },
		{ CHANGE_DELETED, "deleted" },
	};
	const char *end = changes->data + changes->len;
	AUTO(buf) text = BUF_INIT;
	size_t n = 0;

	buf_add_str(&text, "{");
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		size_t found = 0;

		for (const char *change = changes->data; change < end; change = next(change)) {
			if (*change != (char)lists[i].kind)
				continue;
			if (found++ == 0)
				buf_addf(&text, "%s\n    \"%s\": [", n++ > 0 ? "," : "",
					 lists[i].key);
			buf_addf(&text, "%s\n        ", found > 1 ? "," : "");
			json_print_string(&text, change + 1);
		}
		if (found > 0)
			buf_add_str(&text, "\n    ]");
	}
	buf_add_str(&text, n > 0 ? "\n}\n" : "}\n");
	return out_raw(text.data, text.len);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct diff_request *request = data;
	AUTO(contents) contents = CONTENTS_INIT;
	AUTO(buf) changes = BUF_INIT;

	if (request->format != NULL && strcmp(request->format, "json") != 0)
		return refuse("--format '%s': there is json", request->format);
	TRY(contents_open(host, operands->v[0], &contents));
	TRY(contents_changes(&contents, &changes));
	if (request->format != NULL)
		return print_json(&changes);
	for (const char *change = changes.data; change < changes.data + changes.len;
	     change = next(change))
		TRY(out_line("%c %s", *change, change + 1));
	return EXIT_OK;
}

const struct command command_diff = {
	.name = "diff",
	.alias = "container diff",
	.synopsis = "[OPTIONS] CONTAINER",
	.summary = "List what a container changed in its file system",
	.options = (const struct opt *const[]){ options_diff, NULL },
	.request_size = sizeof(struct diff_request),
	.operands_min = 1,
	.operands_max = 1,
	.operand_values = VALUES_CONTAINER,
	.run = run,
};
