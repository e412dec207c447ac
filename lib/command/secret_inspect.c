/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <string.h>

#include "base/err.h"
#include "base/escape.h"
#include "base/json.h"
#include "base/units.h"
#include "command/inspection.h"
#include "container/secret.h"

struct inspect_request {
	bool show;
	char *format;
};

static const struct opt options_inspect[] = {
	{ "format", 'f', OPT_STRING, offsetof(struct inspect_request, format), "FORMAT",
	  "json, or a Go template of the fields of the JSON form" },
	{ "showsecret", 0, OPT_FLAG, offsetof(struct inspect_request, show),
	  .help = "show the secret itself" },
	OPT_END,
};

static void add_time(cJSON *json, const char *key, int64_t sec, uint32_t nsec)
{
	AUTO(buf) text = BUF_INIT;

	units_print_time(&text, sec, nsec);
	json_add_string(json, key, text.data);
}

static bool is_text(const struct buf *data)
{
	uint32_t rune;

	for (size_t at = 0, n; at < data->len; at += n) {
		n = escape_decode(data->data + at, data->len - at, &rune);
		if (n == 0 || rune == 0)
			return false;
	}
	return true;
}

static int describe(const struct secret *secret, bool show, cJSON *json)
{
	cJSON *spec, *driver, *labels;

	json_add_string(json, "ID", secret->id);
	add_time(json, "CreatedAt", secret->created, secret->created_nsec);
	add_time(json, "UpdatedAt", secret->updated, secret->updated_nsec);
	spec = json_add_object(json, "Spec");
	json_add_string(spec, "Name", secret->name);
	driver = json_add_object(spec, "Driver");
	json_add_string(driver, "Name", "file");
	(void)json_add_object(driver, "Options");
	labels = json_add_object(spec, "Labels");
	for (size_t i = 0; i < secret->labels.n; i++) {
		size_t len = strcspn(secret->labels.v[i], "=");
		autofree char *key = xstrndup(secret->labels.v[i], len);

		json_add_string(labels, key, secret->labels.v[i] + len + 1);
	}
	if (!show)
		return 0;
	if (!is_text(&secret->data))
		return refuse("--showsecret: the secret '%s' is no text", secret->name);
	json_add_string(json, "SecretData", secret->data.data);
	return 0;
}

static int find(const struct host *host, const char *name, void *arg, cJSON **ret_json)
{
	const struct inspect_request *request = arg;
	AUTO(secret) secret = SECRET_INIT;
	autojson cJSON *json = json_object();

	TRY(secret_find(host, name, request->show, &secret));
	TRY(describe(&secret, request->show, json));
	*ret_json = steal(json);
	return 0;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct inspect_request *request = data;
	const struct inspection inspection = {
		.command = "secret inspect",
		.format = request->format,
		.find = find,
		.arg = data,
		.secret = request->show,
	};

	return inspection_run(host, &inspection, operands);
}

const struct command command_secret_inspect = {
	.name = "secret inspect",
	.synopsis = "[OPTIONS] SECRET...",
	.summary = "Show all that is known of secrets",
	.options = (const struct opt *const[]){ options_inspect, NULL },
	.request_size = sizeof(struct inspect_request),
	.operands_min = 1,
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_SECRET,
	.run = run,
};
