/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/imageselect.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/units.h"
#include "image/lookup.h"
#include "image/ref.h"

struct image_rule {
	const struct image_key *key;
	bool negated;
	char *value;
	bool truth;
	int64_t moment;
};

struct image_key {
	const char *name, *alias;
	int (*prepare)(const struct catalog *catalog, struct image_rule *rule);
	bool (*matches)(const struct image_rule *rule, const struct image_facts *facts);
};

/* --- keys ------------------------------------------------------------------------------------- */

static bool glob(const char *pattern, const char *text)
{
	return fnmatch(pattern, text, FNM_PATHNAME) == 0;
}

bool imageselect_reference(const char *name, const char *pattern)
{
	autofree char *repository = NULL;
	autofree char *familiar = NULL;
	AUTO(ref) ref = { 0 };

	if (glob(pattern, name))
		return true;
	if (ref_parse(name, &ref) < 0) {
		err_clear();
		return false;
	}
	repository = ref_repository(&ref);
	familiar = ref_familiar(&ref);
	if (glob(pattern, repository) || glob(pattern, familiar))
		return true;
	if (ref.tag == NULL || ref.digest != NULL)
		return false;
	/* As people write it, without the tag. */
	familiar[strlen(familiar) - strlen(ref.tag) - 1] = '\0';
	return glob(pattern, familiar);
}

static bool match_reference(const struct image_rule *rule, const struct image_facts *facts)
{
	return facts->name != NULL && imageselect_reference(facts->name, rule->value);
}

static int prepare_truth(const struct catalog *catalog, struct image_rule *rule)
{
	if (strcmp(rule->value, "true") != 0 && strcmp(rule->value, "1") != 0 &&
	    strcmp(rule->value, "false") != 0 && strcmp(rule->value, "0") != 0)
		return refuse("the value is neither true nor false");
	rule->truth = rule->value[0] == 't' || rule->value[0] == '1';
	return 0;
}

static bool match_dangling(const struct image_rule *rule, const struct image_facts *facts)
{
	return rule->truth == (facts->name == NULL);
}

static bool match_containers(const struct image_rule *rule, const struct image_facts *facts)
{
	return rule->truth == facts->used;
}

static bool match_manifest(const struct image_rule *rule, const struct image_facts *facts)
{
	return rule->truth == facts->list;
}

/* What no image is. */
static bool match_none(const struct image_rule *rule, const struct image_facts *facts)
{
	return !rule->truth;
}

static bool match_label(const struct image_rule *rule, const struct image_facts *facts)
{
	size_t len = strlen(rule->value);

	for (size_t i = 0; i < facts->summary->labels.n; i++) {
		const char *label = facts->summary->labels.v[i];

		if (strcmp(label, rule->value) == 0 ||
		    (strchr(rule->value, '=') == NULL && strncmp(label, rule->value, len) == 0 &&
		     label[len] == '='))
			return true;
	}
	return false;
}

static int prepare_image(const struct catalog *catalog, struct image_rule *rule)
{
	AUTO(image_item) item = { 0 };
	AUTO(summary) summary = { 0 };
	bool by_name;

	TRY(lookup(catalog, rule->value, &item, &by_name));
	if (summary_read(catalog->store, item.id, &summary) == 0 || summary.created == 0)
		return refuse("when the image '%s' was made is not known", rule->value);
	rule->moment = summary.created;
	return 0;
}

static bool match_before(const struct image_rule *rule, const struct image_facts *facts)
{
	return facts->summary->created < rule->moment;
}

static bool match_since(const struct image_rule *rule, const struct image_facts *facts)
{
	return facts->summary->created > rule->moment;
}

static int prepare_until(const struct catalog *catalog, struct image_rule *rule)
{
	return units_parse_moment(rule->value, (int64_t)time(NULL), &rule->moment);
}

static bool match_id(const struct image_rule *rule, const struct image_facts *facts)
{
	const char *digits =
		strncmp(rule->value, "sha256:", 7) == 0 ? rule->value + 7 : rule->value;

	return facts->id[0] != '\0' && strncmp(digest_hex(facts->id), digits, strlen(digits)) == 0;
}

static const struct image_key keys[] = {
	{ "reference", .matches = match_reference },
	{ "dangling", .prepare = prepare_truth, .matches = match_dangling },
	{ "label", .matches = match_label },
	{ "before", .prepare = prepare_image, .matches = match_before },
	{ "since", "after", .prepare = prepare_image, .matches = match_since },
	{ "until", .prepare = prepare_until, .matches = match_before },
	{ "containers", .prepare = prepare_truth, .matches = match_containers },
	{ "readonly", .prepare = prepare_truth, .matches = match_none },
	{ "id", .matches = match_id },
	{ "manifest", .prepare = prepare_truth, .matches = match_manifest },
	{ "intermediate", .prepare = prepare_truth, .matches = match_none },
};

/* --- rules ------------------------------------------------------------------------------------ */

static const struct image_key *find_key(const char *text, size_t len, const char *allowed)
{
	autofree char *name = xstrndup(text, len);
	AUTO(strvec) words = STRVEC_INIT;

	strvec_split(&words, allowed, '|');
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if ((strcmp(keys[i].name, name) == 0 ||
		     (keys[i].alias != NULL && strcmp(keys[i].alias, name) == 0)) &&
		    strvec_has(&words, keys[i].name))
			return &keys[i];
	return NULL;
}

static int refuse_filter(const char *text, const char *allowed)
{
	AUTO(buf) list = BUF_INIT;

	for (const char *c = allowed; *c != '\0'; c++) {
		if (*c != '|')
			buf_add_char(&list, *c);
		else
			buf_add_str(&list, strchr(c + 1, '|') != NULL ? ", " : " and ");
	}
	refuse("'%s' is not a filter: KEY=VALUE", text);
	hint("keys are %s", list.data);
	return -EINVAL;
}

static int add_rule(const char *text, const char *allowed, const struct catalog *catalog,
		    struct image_selection *selection)
{
	const char *equals = strchr(text, '=');
	bool negated = equals != NULL && equals != text && equals[-1] == '!';
	size_t len = equals == NULL ? 0 : (size_t)(equals - text) - (negated ? 1 : 0);
	const struct image_key *key = find_key(text, len, allowed);
	struct image_rule *rule;

	if (key == NULL)
		return refuse_filter(text, allowed);
	rule = VEC_PUSH(&selection->rules);
	rule->key = key;
	rule->negated = negated;
	rule->value = xstrdup(equals + 1);
	selection->asks_used |= key->matches == match_containers;
	return key->prepare == NULL ? 0 : fail_in(key->prepare(catalog, rule), "--filter %s", text);
}

int imageselect_parse(const struct strvec *filters, const char *allowed,
		      const struct catalog *catalog, struct image_selection *ret_selection)
{
	AUTO(image_selection) selection = { 0 };

	for (size_t i = 0; i < filters->n; i++)
		TRY(add_rule(filters->v[i], allowed, catalog, &selection));
	*ret_selection = selection;
	selection = (struct image_selection){ 0 };
	return 0;
}

/* Alternatives are the rules of one key, if they are not negated and not about labels. */
static bool is_alternative(const struct image_rule *rule)
{
	return !rule->negated && rule->key->matches != match_label;
}

static bool holds(const struct image_selection *selection, const struct image_rule *rule,
		  const struct image_facts *facts)
{
	if (!is_alternative(rule))
		return rule->key->matches(rule, facts) != rule->negated;
	for (size_t i = 0; i < selection->rules.n; i++) {
		const struct image_rule *other = &selection->rules.v[i];

		if (other->key == rule->key && is_alternative(other) &&
		    other->key->matches(other, facts))
			return true;
	}
	return false;
}

bool imageselect_matches(const struct image_selection *selection, const struct image_facts *facts)
{
	for (size_t i = 0; i < selection->rules.n; i++)
		if (!holds(selection, &selection->rules.v[i], facts))
			return false;
	return true;
}

void image_selection_release(struct image_selection *selection)
{
	for (size_t i = 0; i < selection->rules.n; i++)
		free(selection->rules.v[i].value);
	free(selection->rules.v);
	*selection = (struct image_selection){ 0 };
}
