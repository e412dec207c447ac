/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/registries_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/toml.h"

static void rule_release(struct registry_rule *rule)
{
	for (size_t i = 0; i < rule->mirrors.n; i++)
		free(rule->mirrors.v[i].location);
	free(rule->mirrors.v);
	free(rule->prefix);
	free(rule->location);
	free(rule->file);
	*rule = (struct registry_rule){ 0 };
}

/* For AUTO(). */
static void registry_rule_release(struct registry_rule *rule)
{
	rule_release(rule);
}

void registries_free(struct registries *registries)
{
	if (registries == NULL)
		return;
	for (size_t i = 0; i < registries->rules.n; i++)
		rule_release(&registries->rules.v[i]);
	free(registries->rules.v);
	rule_release(&registries->hub);
	strvec_release(&registries->aliases);
	strvec_release(&registries->search);
	strvec_release(&registries->helpers);
	strvec_release(&registries->insecure);
	free(registries->ranges.v);
	free(registries);
}

/* HOST[:PORT][/PATH[:TAG|@DIGEST]] in *ret_place, to be freed. */
static int take_place(const char *text, char **ret_place)
{
	const char *name = text[0] == '*' && text[1] == '.' ? text + 2 : text;
	autofree char *place = xstrdup(text);
	autofree char *probe = NULL;
	AUTO(ref) ref = { 0 };
	size_t len = strlen(place);

	if (strstr(text, "://") != NULL) {
		refuse("'%s' is a URL", text);
		hint("write HOST[:PORT][/PATH]");
		return -EINVAL;
	}
	while (len > 0 && place[len - 1] == '/')
		place[--len] = '\0';
	/* Parsed as what an image there would be called: "*.example.com" as "x.example.com". */
	probe = xasprintf("%s%s%s", name != text ? "x." : "", place + (name - text),
			  strchr(place, '/') == NULL ? "/x" : "");
	if (ref_parse(probe, &ref) < 0 || !ref.host_given)
		return refuse("'%s' is not HOST[:PORT][/PATH]", text);
	ref_fold_host(place);
	*ret_place = steal(place);
	return 0;
}

static int read_use(const cJSON *table, enum mirror_use *ret_use)
{
	static const char *const words[] = { "all", "digest-only", "tag-only" };
	const char *word = "";

	TRY(json_get_string(table, "pull-from-mirror", &word));
	if (word[0] == '\0')
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(word, words[i]) == 0) {
			*ret_use = (enum mirror_use)i;
			return 1;
		}
	return refuse("pull-from-mirror '%s' is none of all, digest-only and tag-only", word);
}

static int read_mirror(const cJSON *table, bool digest_only, struct registry_rule *rule)
{
	struct registry_mirror *mirror;
	const char *location = "";
	int rc;

	if (!cJSON_IsObject(table))
		return refuse("a mirror is not a table");
	TRY(json_get_string(table, "location", &location));
	if (location[0] == '\0')
		return refuse("a mirror has no location");
	mirror = VEC_PUSH(&rule->mirrors);
	TRY(take_place(location, &mirror->location));
	TRY(json_get_bool(table, "insecure", &mirror->insecure));
	rc = read_use(table, &mirror->use);
	if (rc > 0 && digest_only)
		return refuse("mirror-by-digest-only and pull-from-mirror exclude each other");
	if (digest_only)
		mirror->use = MIRROR_DIGEST_ONLY;
	return rc;
}

static int read_places(const cJSON *table, struct registry_rule *rule)
{
	const char *prefix = "", *location = "";

	TRY(json_get_string(table, "prefix", &prefix));
	TRY(json_get_string(table, "location", &location));
	if (prefix[0] == '\0' && location[0] == '\0')
		return refuse("a registry has neither a prefix nor a location");
	if (location[0] == '*')
		return refuse("the location '%s' begins with '*'", location);
	TRY(take_place(prefix[0] != '\0' ? prefix : location, &rule->prefix));
	return prefix[0] != '\0' && location[0] != '\0' ? take_place(location, &rule->location) : 0;
}

static int read_rule(const cJSON *table, struct registry_rule *rule)
{
	const cJSON *mirrors = NULL, *mirror;
	bool digest_only = false;

	if (!cJSON_IsObject(table))
		return refuse("a registry is not a table");
	TRY(read_places(table, rule));
	TRY(json_get_bool(table, "insecure", &rule->insecure));
	TRY(json_get_bool(table, "blocked", &rule->blocked));
	TRY(json_get_bool(table, "mirror-by-digest-only", &digest_only));
	TRY(json_get_array(table, "mirror", &mirrors));
	cJSON_ArrayForEach(mirror, mirrors)
	{
		int rc = read_mirror(mirror, digest_only, rule);

		if (rc < 0)
			return fail_in(rc, "registry '%s'", rule->prefix);
	}
	return 0;
}

static void put_rule(struct registries *registries, struct registry_rule *rule)
{
	for (size_t i = 0; i < registries->rules.n; i++)
		if (strcmp(registries->rules.v[i].prefix, rule->prefix) == 0) {
			rule_release(&registries->rules.v[i]);
			registries->rules.v[i] = *rule;
			*rule = (struct registry_rule){ 0 };
			return;
		}
	*VEC_PUSH(&registries->rules) = *rule;
	*rule = (struct registry_rule){ 0 };
}

static int read_rules(struct registries *registries, const cJSON *root, const char *file)
{
	const cJSON *tables = NULL, *table;

	TRY(json_get_array(root, "registry", &tables));
	cJSON_ArrayForEach(table, tables)
	{
		AUTO(registry_rule) rule = { .file = xstrdup(file) };

		TRY(read_rule(table, &rule));
		put_rule(registries, &rule);
	}
	return 0;
}

/* An alias is for a name without a host; "" takes an earlier one away. */
static int read_aliases(struct registries *registries, const cJSON *root)
{
	const cJSON *aliases = NULL, *alias;

	TRY(json_get_object(root, "aliases", &aliases));
	cJSON_ArrayForEach(alias, aliases)
	{
		const char *value;

		TRY(json_string(alias, alias->string, &value));
		if (alias->string[0] == '\0' || strchr(alias->string, '=') != NULL)
			return refuse("'%s' cannot be an alias", alias->string);
		if (value[0] == '\0')
			env_unset(&registries->aliases, alias->string);
		else
			env_set(&registries->aliases, alias->string, value);
	}
	return 0;
}

static int read_mode(struct registries *registries, const cJSON *root)
{
	const char *mode = "";

	TRY(json_get_string(root, "short-name-mode", &mode));
	if (strcmp(mode, "enforcing") == 0)
		registries->mode = SHORT_NAME_ENFORCING;
	else if (strcmp(mode, "permissive") == 0 || strcmp(mode, "disabled") == 0)
		registries->mode = SHORT_NAME_PERMISSIVE;
	else if (mode[0] != '\0')
		return refuse("short-name-mode '%s' is none of enforcing, permissive and disabled",
			      mode);
	return 0;
}

static int read_search(struct registries *registries, const cJSON *root)
{
	AUTO(strvec) hosts = STRVEC_INIT;

	if (cJSON_GetObjectItemCaseSensitive(root, "unqualified-search-registries") == NULL)
		return 0;
	TRY(json_get_strings(root, "unqualified-search-registries", &hosts));
	strvec_release(&registries->search);
	for (size_t i = 0; i < hosts.n; i++) {
		char *place = NULL;

		if (hosts.v[i][0] == '*')
			return refuse("'%s' is not a registry to search", hosts.v[i]);
		TRY(take_place(hosts.v[i], &place));
		strvec_push_owned(&registries->search, place);
	}
	return 0;
}

static int read_root(struct registries *registries, const cJSON *root, const char *file)
{
	if (cJSON_GetObjectItemCaseSensitive(root, "registries") != NULL) {
		refuse("it is of version 1, with a table [registries]");
		hint("write unqualified-search-registries and [[registry]] tables, as in "
		     "containers-registries.conf(5)");
		return -EINVAL;
	}
	TRY(read_rules(registries, root, file));
	TRY(read_aliases(registries, root));
	TRY(read_search(registries, root));
	TRY(json_get_strings(root, "credential-helpers", &registries->helpers));
	return read_mode(registries, root);
}

int registries_add(struct registries *registries, const struct buf *text, const char *file)
{
	autojson cJSON *root = NULL;
	int rc;

	TRY(toml_parse(text->data, text->len, file, &root));
	rc = read_root(registries, root, file);
	return rc < 0 ? fail_in(rc, "'%s'", file) : 0;
}
