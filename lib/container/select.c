/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/select.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/units.h"
#include "container/healthfile.h"
#include "container/pause.h"

struct select_rule {
	const struct select_key *key;
	bool negated;
	char *value;
	regex_t regex; /* keys with `regex` */
	int64_t number, nsec;
	int64_t last; /* of ports, beginning with number */
};

struct select_key {
	const char *name;
	bool regex, all;
	int (*prepare)(const struct host *host, struct select_rule *rule);
	bool (*matches)(const struct select_rule *rule, const struct record *record);
};

static bool match_id(const struct select_rule *rule, const struct record *record)
{
	return regexec(&rule->regex, record->id, 0, NULL, 0) == 0;
}

static bool match_name(const struct select_rule *rule, const struct record *record)
{
	return record->name != NULL && regexec(&rule->regex, record->name, 0, NULL, 0) == 0;
}

static bool match_label(const struct select_rule *rule, const struct record *record)
{
	const char *equals = strchr(rule->value, '=');
	autofree char *key = xstrndup(rule->value, strcspn(rule->value, "="));
	const char *value = env_get(&record->labels, key);

	return value != NULL && (equals == NULL || strcmp(value, equals + 1) == 0);
}

static int prepare_status(const struct host *host, struct select_rule *rule)
{
	static const char *const names[] = { "created", "running", "paused", "restarting",
					     "exited" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(rule->value, names[i]) == 0)
			return 0;
	return refuse("'%s' is not a status: created, running, paused, restarting or exited",
		      rule->value);
}

static bool match_status(const struct select_rule *rule, const struct record *record)
{
	return strcmp(rule->value, pause_status(record)) == 0;
}

static int prepare_exited(const struct host *host, struct select_rule *rule)
{
	return units_parse_i64(rule->value, 0, 255, &rule->number);
}

static bool match_exited(const struct select_rule *rule, const struct record *record)
{
	return record->status == RECORD_EXITED && record->exit_code == rule->number;
}

bool select_is_image(const char *image, const char *wanted)
{
	size_t len = strlen(image), suffix = strlen(wanted);
	const char *colon = strrchr(image, ':'), *slash = strrchr(image, '/');

	if (len >= suffix && strcmp(image + len - suffix, wanted) == 0 &&
	    (len == suffix || image[len - suffix - 1] == '/'))
		return true;
	if (colon == NULL || (slash != NULL && colon < slash))
		return false;
	len = (size_t)(colon - image);
	return len >= suffix && strncmp(image + len - suffix, wanted, suffix) == 0 &&
	       (len == suffix || image[len - suffix - 1] == '/');
}

static bool match_ancestor(const struct select_rule *rule, const struct record *record)
{
	const char *id = record->image_id != NULL ? record->image_id : "";
	const char *hex = strchr(id, ':') != NULL ? strchr(id, ':') + 1 : id;

	if (record->image != NULL && select_is_image(record->image, rule->value))
		return true;
	return strlen(rule->value) >= 4 && (strncmp(id, rule->value, strlen(rule->value)) == 0 ||
					    strncmp(hex, rule->value, strlen(rule->value)) == 0);
}

static int prepare_time(const struct host *host, struct select_rule *rule)
{
	AUTO(record) record = RECORD_INIT;

	TRY(record_find(host, rule->value, &record));
	rule->number = record.created;
	rule->nsec = record.created_nsec;
	return 0;
}

static int64_t compare_time(const struct select_rule *rule, const struct record *record)
{
	if (record->created != rule->number)
		return record->created - rule->number;
	return (int64_t)record->created_nsec - rule->nsec;
}

static bool match_before(const struct select_rule *rule, const struct record *record)
{
	return compare_time(rule, record) < 0;
}

static bool match_since(const struct select_rule *rule, const struct record *record)
{
	return compare_time(rule, record) > 0;
}

static bool match_network(const struct select_rule *rule, const struct record *record)
{
	return record->network != NULL && strcmp(record->network, rule->value) == 0;
}

static bool match_volume(const struct select_rule *rule, const struct record *record)
{
	return strvec_has(&record->mounts, rule->value);
}

/* "80", "80/udp", "8000-8080/tcp" */
static int prepare_ports(const struct host *host, struct select_rule *rule)
{
	autofree char *text = xstrndup(rule->value, strcspn(rule->value, "/"));
	char *dash = strchr(text, '-');
	uint64_t first, last;

	if (dash != NULL)
		*dash = '\0';
	TRY(units_parse_u64(text, UINT16_MAX, &first));
	last = first;
	if (dash != NULL)
		TRY(units_parse_u64(dash + 1, UINT16_MAX, &last));
	rule->number = (int64_t)first;
	rule->last = (int64_t)last;
	return 0;
}

/* Is one of "FIRST[-LAST]" ("/PROTO", "->" and the like may follow) a port of the rule? */
static bool has_port(const struct select_rule *rule, const char *ports)
{
	char *end;
	long first = strtol(ports, &end, 10), last = first;

	if (*end == '-' && end[1] != '>')
		last = strtol(end + 1, NULL, 10);
	return last >= rule->number && first <= rule->last;
}

static bool has_protocol(const struct select_rule *rule, const char *text)
{
	const char *wanted = strchr(rule->value, '/'), *slash = strrchr(text, '/');

	return strcmp(wanted != NULL ? wanted + 1 : "tcp", slash != NULL ? slash + 1 : "tcp") == 0;
}

/* Of "IP:FIRST[-LAST]->PORT[-PORT]/PROTO" the host's port counts, as with docker. */
static bool match_publish(const struct select_rule *rule, const struct record *record)
{
	for (size_t i = 0; i < record->ports.n; i++) {
		const char *text = record->ports.v[i], *at = strstr(text, "->");

		if (at == NULL || !has_protocol(rule, text))
			continue;
		while (at > text && at[-1] != ':')
			at--;
		if (has_port(rule, at))
			return true;
	}
	return false;
}

/* And here that of the container. */
static bool match_expose(const struct select_rule *rule, const struct record *record)
{
	for (size_t i = 0; i < record->exposed.n; i++)
		if (has_protocol(rule, record->exposed.v[i]) &&
		    has_port(rule, record->exposed.v[i]))
			return true;
	for (size_t i = 0; i < record->ports.n; i++) {
		const char *arrow = strstr(record->ports.v[i], "->");

		if (arrow != NULL && has_protocol(rule, arrow) && has_port(rule, arrow + 2))
			return true;
	}
	return false;
}

static bool match_restart(const struct select_rule *rule, const struct record *record)
{
	const char *policy = record->restart != NULL ? record->restart : "no";
	size_t len = strcspn(policy, ":");

	return strlen(rule->value) == len && strncmp(rule->value, policy, len) == 0;
}

static bool match_command(const struct select_rule *rule, const struct record *record)
{
	return record->command.n > 0 &&
	       regexec(&rule->regex, record->command.v[0], 0, NULL, 0) == 0;
}

static int prepare_until(const struct host *host, struct select_rule *rule)
{
	return units_parse_moment(rule->value, (int64_t)time(NULL), &rule->number);
}

static int prepare_health(const struct host *host, struct select_rule *rule)
{
	enum health_status status;

	TRY(health_status_parse(rule->value, &status));
	rule->number = status;
	return 0;
}

static bool match_health(const struct select_rule *rule, const struct record *record)
{
	return healthfile_status(record) == (enum health_status)rule->number;
}

static const struct select_key keys[] = {
	{ "id", .regex = true, .matches = match_id },
	{ "name", .regex = true, .matches = match_name },
	{ "label", .matches = match_label },
	{ "status", .all = true, .prepare = prepare_status, .matches = match_status },
	{ "exited", .all = true, .prepare = prepare_exited, .matches = match_exited },
	{ "ancestor", .matches = match_ancestor },
	{ "before", .all = true, .prepare = prepare_time, .matches = match_before },
	{ "since", .all = true, .prepare = prepare_time, .matches = match_since },
	{ "volume", .matches = match_volume },
	{ "network", .matches = match_network },
	{ "publish", .prepare = prepare_ports, .matches = match_publish },
	{ "expose", .prepare = prepare_ports, .matches = match_expose },
	{ "restart-policy", .matches = match_restart },
	{ "command", .regex = true, .matches = match_command },
	{ "until", .all = true, .prepare = prepare_until, .matches = match_before },
	{ "health", .prepare = prepare_health, .matches = match_health },
};

static const struct select_key *find_key(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strlen(keys[i].name) == len && strncmp(keys[i].name, name, len) == 0)
			return &keys[i];
	return NULL;
}

static int add_rule(const struct host *host, const char *text, struct selection *selection)
{
	const char *equals = strchr(text, '=');
	bool negated = equals != NULL && equals != text && equals[-1] == '!';
	size_t len = equals == NULL ? 0 : (size_t)(equals - text) - (negated ? 1 : 0);
	const struct select_key *key = find_key(text, len);
	struct select_rule *rule;

	if (key == NULL) {
		refuse("'%s' is not a filter: KEY=VALUE", text);
		hint("keys are id, name, label, status, exited, ancestor, before, since, volume, "
		     "network, publish, expose, restart-policy, command, until and health");
		return -EINVAL;
	}
	rule = VEC_PUSH(&selection->rules);
	rule->negated = negated;
	rule->value = xstrdup(equals + 1);
	if (key->regex && regcomp(&rule->regex, rule->value, REG_EXTENDED | REG_NOSUB) != 0)
		return refuse("'%s' is not a regular expression", rule->value);
	rule->key = key; /* from here on the regular expression is to be freed */
	selection->all |= key->all;
	return key->prepare != NULL ? key->prepare(host, rule) : 0;
}

int select_parse(const struct host *host, const struct strvec *filters,
		 struct selection *ret_selection)
{
	AUTO(selection) selection = { 0 };

	for (size_t i = 0; i < filters->n; i++)
		TRY(fail_in(add_rule(host, filters->v[i], &selection), "--filter"));
	*ret_selection = selection;
	selection = (struct selection){ 0 };
	return 0;
}

/* Alternatives are the rules of one key, if they are not negated and not about labels. */
static bool is_alternative(const struct select_rule *rule)
{
	return !rule->negated && rule->key->matches != match_label;
}

static bool holds(const struct selection *selection, const struct select_rule *rule,
		  const struct record *record)
{
	if (!is_alternative(rule))
		return rule->key->matches(rule, record) != rule->negated;
	for (size_t i = 0; i < selection->rules.n; i++) {
		const struct select_rule *other = &selection->rules.v[i];

		if (other->key == rule->key && is_alternative(other) &&
		    other->key->matches(other, record))
			return true;
	}
	return false;
}

bool select_matches(const struct selection *selection, const struct record *record)
{
	for (size_t i = 0; i < selection->rules.n; i++)
		if (!holds(selection, &selection->rules.v[i], record))
			return false;
	return true;
}

void selection_release(struct selection *selection)
{
	for (size_t i = 0; i < selection->rules.n; i++) {
		struct select_rule *rule = &selection->rules.v[i];

		if (rule->key != NULL && rule->key->regex)
			regfree(&rule->regex);
		free(rule->value);
	}
	free(selection->rules.v);
	*selection = (struct selection){ 0 };
}
