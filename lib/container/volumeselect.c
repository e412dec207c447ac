/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/volumeselect.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/units.h"

struct volume_rule {
	const struct volume_key *key;
	bool negated, compiled;
	char *value;
	regex_t regex;
	bool truth;
	int64_t moment;
	uint32_t nsec;
};

struct volume_key {
	const char *name, *alias;
	bool all; /* all of several must hold */
	int (*prepare)(const struct store *store, struct volume_rule *rule);
	bool (*matches)(const struct volume_rule *rule, const struct volume *volume, size_t users);
};

static int prepare_regex(const struct store *store, struct volume_rule *rule)
{
	if (regcomp(&rule->regex, rule->value, REG_EXTENDED | REG_NOSUB) != 0)
		return refuse("'%s' is not a regular expression", rule->value);
	rule->compiled = true;
	return 0;
}

static bool match_name(const struct volume_rule *rule, const struct volume *volume, size_t users)
{
	return regexec(&rule->regex, volume->name, 0, NULL, 0) == 0;
}

/* KEY, or KEY=VALUE. */
static bool has_pair(const struct strvec *list, const char *wanted)
{
	const char *equals = strchr(wanted, '=');
	autofree char *key = xstrndup(wanted, strcspn(wanted, "="));
	const char *value = env_get(list, key);

	return value != NULL && (equals == NULL || strcmp(value, equals + 1) == 0);
}

static bool match_label(const struct volume_rule *rule, const struct volume *volume, size_t users)
{
	return has_pair(&volume->labels, rule->value);
}

static bool match_option(const struct volume_rule *rule, const struct volume *volume, size_t users)
{
	return has_pair(&volume->options, rule->value);
}

static bool match_local(const struct volume_rule *rule, const struct volume *volume, size_t users)
{
	return strcmp(rule->value, "local") == 0;
}

static int prepare_truth(const struct store *store, struct volume_rule *rule)
{
	rule->truth = strcmp(rule->value, "true") == 0 || strcmp(rule->value, "1") == 0;
	if (rule->truth || strcmp(rule->value, "false") == 0 || strcmp(rule->value, "0") == 0)
		return 0;
	return refuse("'%s' is none of true, false, 1, 0", rule->value);
}

static bool match_dangling(const struct volume_rule *rule, const struct volume *volume,
			   size_t users)
{
	return (users == 0) == rule->truth;
}

static bool match_anonymous(const struct volume_rule *rule, const struct volume *volume,
			    size_t users)
{
	return volume->anonymous == rule->truth;
}

static int prepare_until(const struct store *store, struct volume_rule *rule)
{
	return units_parse_moment(rule->value, (int64_t)time(NULL), &rule->moment);
}

static bool match_until(const struct volume_rule *rule, const struct volume *volume, size_t users)
{
	return volume->created < rule->moment;
}

static int prepare_since(const struct store *store, struct volume_rule *rule)
{
	AUTO(volume) volume = VOLUME_INIT;

	TRY(volume_open(store, rule->value, false, &volume));
	rule->moment = volume.created;
	rule->nsec = volume.created_nsec;
	return 0;
}

static bool match_since(const struct volume_rule *rule, const struct volume *volume, size_t users)
{
	return volume->created != rule->moment ? volume->created > rule->moment
					       : volume->created_nsec > rule->nsec;
}

static const struct volume_key keys[] = {
	{ "name", .prepare = prepare_regex, .matches = match_name },
	{ "label", .all = true, .matches = match_label },
	{ "opt", .all = true, .matches = match_option },
	{ "driver", .matches = match_local },
	{ "scope", .matches = match_local },
	{ "dangling", .prepare = prepare_truth, .matches = match_dangling },
	{ "anonymous", .prepare = prepare_truth, .matches = match_anonymous },
	{ "until", .prepare = prepare_until, .matches = match_until },
	{ "since", .alias = "after", .prepare = prepare_since, .matches = match_since },
};

static const struct volume_key *find_key(const char *text, size_t len)
{
	autofree char *name = xstrndup(text, len);

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcmp(keys[i].name, name) == 0 ||
		    (keys[i].alias != NULL && strcmp(keys[i].alias, name) == 0))
			return &keys[i];
	return NULL;
}

static int add_rule(const struct store *store, const char *text, struct volume_selection *selection)
{
	const char *equals = strchr(text, '=');
	bool negated = equals != NULL && equals != text && equals[-1] == '!';
	size_t len = equals == NULL ? 0 : (size_t)(equals - text) - (negated ? 1 : 0);
	const struct volume_key *key = find_key(text, len);
	struct volume_rule *rule;

	if (key == NULL) {
		refuse("'%s' is not a filter: KEY=VALUE", text);
		hint("keys are name, label, opt, driver, scope, dangling, anonymous, until and "
		     "since");
		return -EINVAL;
	}
	rule = VEC_PUSH(&selection->rules);
	rule->key = key;
	rule->negated = negated;
	rule->value = xstrdup(equals + 1);
	return key->prepare != NULL ? key->prepare(store, rule) : 0;
}

int volumeselect_parse(const struct store *store, const struct strvec *filters,
		       struct volume_selection *ret_selection)
{
	AUTO(volume_selection) selection = { 0 };

	for (size_t i = 0; i < filters->n; i++)
		TRY(fail_in(add_rule(store, filters->v[i], &selection), "--filter"));
	*ret_selection = selection;
	selection = (struct volume_selection){ 0 };
	return 0;
}

static bool is_alternative(const struct volume_rule *rule)
{
	return !rule->negated && !rule->key->all;
}

static bool holds(const struct volume_selection *selection, const struct volume_rule *rule,
		  const struct volume *volume, size_t users)
{
	if (!is_alternative(rule))
		return rule->key->matches(rule, volume, users) != rule->negated;
	for (size_t i = 0; i < selection->rules.n; i++) {
		const struct volume_rule *other = &selection->rules.v[i];

		if (other->key == rule->key && is_alternative(other) &&
		    other->key->matches(other, volume, users))
			return true;
	}
	return false;
}

bool volumeselect_matches(const struct volume_selection *selection, const struct volume *volume,
			  size_t users)
{
	for (size_t i = 0; i < selection->rules.n; i++)
		if (!holds(selection, &selection->rules.v[i], volume, users))
			return false;
	return true;
}

void volume_selection_release(struct volume_selection *selection)
{
	for (size_t i = 0; i < selection->rules.n; i++) {
		if (selection->rules.v[i].compiled)
			regfree(&selection->rules.v[i].regex);
		free(selection->rules.v[i].value);
	}
	free(selection->rules.v);
	*selection = (struct volume_selection){ 0 };
}
