/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/out.h"
#include "base/units.h"
#include "command/choice.h"

struct port_request {
	bool all, latest;
};

static const struct opt options_port[] = {
	{ "all", 'a', OPT_FLAG, offsetof(struct port_request, all), NULL,
	  "Those of all containers that run" },
	{ "latest", 'l', OPT_FLAG, offsetof(struct port_request, latest), NULL,
	  "Those of the container that was made last" },
	OPT_END,
};

struct wanted {
	uint64_t port; /* 0: all */
	const char *protocol;
	size_t found;
};

static int parse_wanted(const char *text, struct wanted *wanted)
{
	autofree char *number = xstrndup(text, strcspn(text, "/"));
	const char *slash = strchr(text, '/');

	TRY(units_parse_u64(number, UINT16_MAX, &wanted->port));
	wanted->protocol = slash != NULL ? slash + 1 : "tcp";
	if (wanted->port == 0)
		return refuse("0 is not a port: PORT[/PROTO] with 1 to 65535 is");
	if (strcmp(wanted->protocol, "tcp") != 0 && strcmp(wanted->protocol, "udp") != 0 &&
	    strcmp(wanted->protocol, "sctp") != 0)
		return refuse("'%s' is not a protocol: tcp, udp or sctp", wanted->protocol);
	return 0;
}

/* "IP:FIRST[-LAST]->PORT[-LAST]/PROTO", one line for each port. */
static int print_range(const char *text, const char *shown, struct wanted *wanted)
{
	const char *arrow = strstr(text, "->"), *slash = strrchr(text, '/'), *colon = arrow;
	unsigned long from, to, last;
	char *end;

	while (colon != NULL && colon > text && *colon != ':')
		colon--;
	if (arrow == NULL || slash == NULL || *colon != ':')
		return refuse("the record has '%s', which is no port", text);
	from = strtoul(colon + 1, NULL, 10);
	last = to = strtoul(arrow + 2, &end, 10);
	if (*end == '-')
		last = strtoul(end + 1, NULL, 10);
	for (; to <= last; to++, from++) {
		if (wanted->port != 0 &&
		    (wanted->port != to || strcmp(slash + 1, wanted->protocol) != 0))
			continue;
		wanted->found++;
		if (wanted->port != 0)
			TRY(out_line("%.*s:%lu", (int)(colon - text), text, from));
		else
			TRY(out_line("%s%lu/%s -> %.*s:%lu", shown, to, slash + 1,
				     (int)(colon - text), text, from));
	}
	return 0;
}

static int print_ports(const struct record *record, const char *shown, struct wanted *wanted)
{
	for (size_t i = 0; i < record->ports.n; i++)
		TRY(print_range(record->ports.v[i], shown, wanted));
	if (wanted->port == 0 || wanted->found > 0)
		return 0;
	refuse_with(ENOENT, "the port %llu/%s of the container '%s' is not published",
		    (unsigned long long)wanted->port, wanted->protocol, record->name);
	if (record->ports.n > 0)
		hint("published is %s", record->ports.v[0]);
	return -ENOENT;
}

static bool runs(const struct record *record)
{
	return record->status == RECORD_RUNNING;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct port_request *request = data;
	const struct choice choice = { .all = request->all, .latest = request->latest };
	bool named = !request->all && !request->latest && operands->n > 0;
	struct strvec names = { .v = operands->v, .n = named ? 1 : 0 };
	struct wanted wanted = { 0 };
	AUTO(chosen_list) list = { 0 };

	if (!named && request->all && operands->n > 0)
		return refuse("--all and a port exclude each other");
	if (operands->n > names.n + 1)
		return refuse("one port is shown at a time");
	if (operands->n > names.n)
		TRY(parse_wanted(operands->v[names.n], &wanted));
	if (!named && !request->all && !request->latest)
		return refuse("name a container, or give --all or --latest");
	TRY(choice_find(host, "port", &choice, &names, runs, &list));
	for (size_t i = 0; i < list.n; i++) {
		autofree char *shown =
			request->all ? xasprintf("%.12s\t", list.v[i].name) : xstrdup("");

		if (!list.v[i].failed)
			TRY(print_ports(&list.v[i].record, shown, &wanted));
	}
	return list.status;
}

const struct command command_port = {
	.name = "port",
	.alias = "container port",
	.synopsis = "[OPTIONS] CONTAINER [PORT[/PROTO]]",
	.summary = "Show which ports of the host lead to a container",
	.options = (const struct opt *const[]){ options_port, NULL },
	.request_size = sizeof(struct port_request),
	.operands_max = 2,
	.operand_values = VALUES_CONTAINER,
	.run = run,
};
