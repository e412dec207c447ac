/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/eventselect.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "container/select.h"

#define ID_MIN 4 /* shorter beginnings are names */

struct event_key {
	const char *name;
	bool (*matches)(const char *value, const struct event *event);
};

struct event_rule {
	const struct event_key *key;
	char *value;
};

static bool is_text(const char *text, const char *wanted)
{
	return text != NULL && strcmp(text, wanted) == 0;
}

/* Digits of an ID, with "sha256:" or without. */
static bool is_id(const char *id, const char *wanted)
{
	const char *colon = id != NULL ? strchr(id, ':') : NULL;
	size_t len = strlen(wanted);

	if (id == NULL || len < ID_MIN)
		return false;
	return strncmp(id, wanted, len) == 0 ||
	       (colon != NULL && strncmp(colon + 1, wanted, len) == 0);
}

static bool match_container(const char *value, const struct event *event)
{
	return is_text(event->type, "container") &&
	       (is_text(event->name, value) || is_id(event->id, value));
}

/* docker has other words for some. */
static bool match_event(const char *value, const struct event *event)
{
	static const char *const words[][2] = {
		{ "die", "died" },
		{ "destroy", "remove" },
		{ "delete", "remove" },
		{ "exec_die", "exec_died" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(value, words[i][0]) == 0 && is_text(event->action, words[i][1]))
			return true;
	return is_text(event->action, value);
}

static bool match_image(const char *value, const struct event *event)
{
	bool image = is_text(event->type, "image");
	const char *name = image ? event->name : event->image;

	return (name != NULL && select_is_image(name, value)) || (image && is_id(event->id, value));
}

static bool match_label(const char *value, const struct event *event)
{
	autofree char *key = xstrndup(value, strcspn(value, "="));
	const char *equals = strchr(value, '=');
	const char *found = event->labels != NULL ? env_get(event->labels, key) : NULL;

	return found != NULL && (equals == NULL || strcmp(found, equals + 1) == 0);
}

static bool match_name(const char *value, const struct event *event)
{
	return is_text(event->name, value);
}

static bool match_type(const char *value, const struct event *event)
{
	return is_text(event->type, value);
}

static bool match_volume(const char *value, const struct event *event)
{
	return is_text(event->type, "volume") &&
	       (is_text(event->name, value) || is_text(event->id, value));
}

static const struct event_key keys[] = {
	{ "container", match_container }, { "event", match_event }, { "image", match_image },
	{ "label", match_label },         { "name", match_name },   { "type", match_type },
	{ "volume", match_volume },
};

static int add_rule(const char *text, struct event_selection *selection)
{
	size_t len = strcspn(text, "=");

	for (size_t i = 0; text[len] == '=' && i < ARRAY_SIZE(keys); i++)
		if (strlen(keys[i].name) == len && strncmp(keys[i].name, text, len) == 0) {
			struct event_rule *rule = VEC_PUSH(&selection->rules);

			rule->key = &keys[i];
			rule->value = xstrdup(text + len + 1);
			return 0;
		}
	refuse("'%s' is not a filter: KEY=VALUE", text);
	hint("keys are container, event, image, label, name, type and volume");
	return -EINVAL;
}

int event_select_parse(const struct strvec *filters, struct event_selection *ret_selection)
{
	AUTO(event_selection) selection = { 0 };

	for (size_t i = 0; i < filters->n; i++)
		TRY(fail_in(add_rule(filters->v[i], &selection), "--filter"));
	*ret_selection = selection;
	selection = (struct event_selection){ 0 };
	return 0;
}

/* Any of those with its key. */
static bool holds(const struct event_selection *selection, const struct event_key *key,
		  const struct event *event)
{
	for (size_t i = 0; i < selection->rules.n; i++)
		if (selection->rules.v[i].key == key &&
		    key->matches(selection->rules.v[i].value, event))
			return true;
	return false;
}

bool event_select_matches(const struct event_selection *selection, const struct event *event)
{
	for (size_t i = 0; i < selection->rules.n; i++)
		if (!holds(selection, selection->rules.v[i].key, event))
			return false;
	return true;
}

void event_selection_release(struct event_selection *selection)
{
	for (size_t i = 0; i < selection->rules.n; i++)
		free(selection->rules.v[i].value);
	free(selection->rules.v);
	*selection = (struct event_selection){ 0 };
}
