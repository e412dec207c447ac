/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/registries.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "image/registries_file.h"

#define HUB "docker.io"
#define HUB_SERVER "registry-1.docker.io"

typedef int (*add_function)(struct registries *registries, const struct buf *text,
			    const char *file);

/* 1: taken in; 0: it is not there. */
static int read_file(struct registries *registries, const char *path, add_function add)
{
	AUTO(buf) text = BUF_INIT;
	int rc = fs_read_file(AT_FDCWD, path, MAX_TOML, &text);

	if (rc == -ENOENT || rc == -ENOTDIR) {
		err_clear();
		return 0;
	}
	TRY(rc);
	TRY(add(registries, &text, path));
	return 1;
}

static int is_conf(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".conf") == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_dropins(struct registries *registries, const char *dir)
{
	struct dirent **entries = NULL;
	int n = scandir(dir, &entries, is_conf, by_bytes);
	int rc = 0;

	if (n < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : fail("cannot list '%s'", dir);
	if (n > MAX_REGISTRIES_FILES)
		rc = refuse_with(EFBIG, "'%s' has more than %d files", dir, MAX_REGISTRIES_FILES);
	for (int i = 0; i < n; i++) {
		autofree char *path = xasprintf("%s/%s", dir, entries[i]->d_name);

		if (rc >= 0)
			rc = read_file(registries, path, registries_add);
		free(entries[i]);
	}
	free(entries);
	return rc < 0 ? rc : 0;
}

/* Who may not read it has no part in docker. */
static int read_docker(struct registries *registries)
{
	int rc = read_file(registries, "/etc/docker/daemon.json", registries_add_docker);

	if (rc != -EACCES)
		return rc;
	err_clear();
	return 0;
}

static int read_all(struct registries *registries, const struct host *host)
{
	autofree char *own = host_config_path(host, "containers/registries.conf");
	const char *given = getenv("CONTAINERS_REGISTRIES_CONF");
	const char *const files[] = {
		host->rootless ? own : NULL,
		"/etc/containers/registries.conf",
		"/usr/share/containers/registries.conf",
	};
	int found = 0;

	if (given != NULL && given[0] != '\0') {
		found = read_file(registries, given, registries_add);
		return found != 0 ? found
				  : fail_with(ENOENT, "CONTAINERS_REGISTRIES_CONF '%s'", given);
	}
	TRY(read_docker(registries));
	for (size_t i = 0; i < ARRAY_SIZE(files) && found == 0; i++)
		if (files[i] != NULL) {
			found = read_file(registries, files[i], registries_add);
			TRY(found);
		}
	TRY(read_dropins(registries, "/usr/share/containers/registries.conf.d"));
	TRY(read_dropins(registries, "/etc/containers/registries.conf.d"));
	if (host->rootless && own != NULL) {
		autofree char *dir = xasprintf("%s.d", own);

		TRY(read_dropins(registries, dir));
	}
	return 0;
}

int registries_read(const struct host *host, struct registries **ret_registries)
{
	struct registries *registries = xcalloc(1, sizeof(*registries));
	int rc = read_all(registries, host);

	if (rc < 0) {
		registries_free(registries);
		return rc;
	}
	*ret_registries = registries;
	return 0;
}

void endpoints_release(struct endpoints *endpoints)
{
	for (size_t i = 0; i < endpoints->n; i++) {
		free(endpoints->v[i].host);
		free(endpoints->v[i].repository);
		free(endpoints->v[i].auth_key);
	}
	free(endpoints->v);
	*endpoints = (struct endpoints){ 0 };
}

static bool ends_here(const char *rest)
{
	return rest[0] == '\0' || strchr(":@/", rest[0]) != NULL;
}

/* How much of a name a prefix covers; 0 where it is not one of it. A wildcard covers any number of
 * labels of the host. */
static size_t match_len(const char *name, const char *prefix)
{
	size_t len = strlen(prefix), host = strcspn(name, "/");

	if (prefix[0] != '*')
		return strncmp(name, prefix, len) == 0 && ends_here(name + len) ? len : 0;
	len--;
	for (size_t at = 1; at < host; at++)
		if (strncmp(name + at, prefix + 1, len) == 0 && ends_here(name + at + len))
			return at + len;
	return 0;
}

/* Is the first the rule to be taken, where both are for a name? */
static bool is_closer(const struct registry_rule *rule, const struct registry_rule *other)
{
	size_t a = strlen(rule->prefix), b = strlen(other->prefix);

	return a != b ? a > b : other->prefix[0] == '*';
}

static const struct registry_rule *find_rule(const struct registries *registries, const char *name)
{
	const struct registry_rule *found = NULL;

	for (size_t i = 0; i < registries->rules.n; i++) {
		const struct registry_rule *rule = &registries->rules.v[i];

		if (match_len(name, rule->prefix) > 0 && (found == NULL || is_closer(rule, found)))
			found = rule;
	}
	return found;
}

/* "[::1]:5000" -> "::1", "localhost:5000" -> "localhost". To be freed. */
static char *without_port(const char *host)
{
	if (host[0] == '[')
		return xstrndup(host + 1, strcspn(host + 1, "]"));
	return xstrndup(host, strcspn(host, ":"));
}

static bool is_this_machine(const char *address)
{
	static const char *const ranges[] = { "127.0.0.0/8", "::1/128" };
	struct address_range range;

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (address_range_parse(ranges[i], &range) && address_range_has(&range, address))
			return true;
	return strcmp(address, "localhost") == 0;
}

static bool docker_allows(const struct registries *registries, const char *host,
			  const char *address)
{
	for (size_t i = 0; i < registries->ranges.n; i++)
		if (address_range_has(&registries->ranges.v[i], address))
			return true;
	return strvec_has(&registries->insecure, host);
}

/* Add the endpoint that a rewritten name means. A rule for that name counts as well: a mirror that
 * is blocked is left out. */
static int add_endpoint(const struct registries *registries, const struct ref *ref,
			const char *name, bool insecure, bool mirror, struct endpoints *endpoints)
{
	const struct registry_rule *rule = find_rule(registries, name);
	autofree char *address = NULL;
	struct endpoint *endpoint;
	AUTO(ref) to = { 0 };

	TRY(ref_parse(name, &to));
	if ((ref->digest != NULL && (to.digest == NULL || strcmp(to.digest, ref->digest) != 0)) ||
	    (ref->tag != NULL && (to.tag == NULL || strcmp(to.tag, ref->tag) != 0)))
		return refuse("'%s' is in place of another tag or digest, which cannot be", name);
	if (rule != NULL && rule->blocked && mirror)
		return 0;
	if (rule != NULL && rule->blocked)
		return refuse_with(EPERM, "'%s' is blocked in '%s'", name, rule->file);
	address = without_port(to.host);
	endpoint = VEC_PUSH(endpoints);
	endpoint->host = xstrdup(strcmp(to.host, HUB) == 0 ? HUB_SERVER : to.host);
	endpoint->repository = xstrdup(to.path);
	endpoint->auth_key = ref_repository(&to);
	endpoint->mirror = mirror;
	endpoint->insecure = insecure || is_this_machine(address);
	if (rule != NULL)
		endpoint->insecure = endpoint->insecure || rule->insecure;
	else if (docker_allows(registries, to.host, address))
		endpoint->insecure = true;
	return 0;
}

static bool is_used_for(const struct registry_mirror *mirror, const struct ref *ref)
{
	if (mirror->use == MIRROR_ALL)
		return true;
	return (mirror->use == MIRROR_DIGEST_ONLY) == (ref->digest != NULL);
}

static int add_all(const struct registries *registries, const struct registry_rule *rule,
		   const struct ref *ref, struct endpoints *endpoints)
{
	autofree char *name = ref_name(ref);
	autofree char *primary = NULL;
	size_t len;

	if (rule == NULL && strcmp(ref->host, HUB) == 0)
		rule = &registries->hub;
	if (rule == NULL)
		return add_endpoint(registries, ref, name, false, false, endpoints);
	len = match_len(name, rule->prefix != NULL ? rule->prefix : HUB);
	for (size_t i = 0; i < rule->mirrors.n; i++) {
		const struct registry_mirror *mirror = &rule->mirrors.v[i];
		autofree char *other = xasprintf("%s%s", mirror->location, name + len);

		if (is_used_for(mirror, ref))
			TRY(add_endpoint(registries, ref, other, mirror->insecure, true,
					 endpoints));
	}
	if (rule->location == NULL)
		return add_endpoint(registries, ref, name, rule->insecure, false, endpoints);
	primary = xasprintf("%s%s", rule->location, name + len);
	return add_endpoint(registries, ref, primary, rule->insecure, false, endpoints);
}

static int check_blocked(const struct registry_rule *rule, const struct ref *ref)
{
	autofree char *name = NULL;

	if (rule == NULL || !rule->blocked)
		return 0;
	name = ref_name(ref);
	return refuse_with(EPERM, "'%s' is blocked in '%s'", name, rule->file);
}

int registries_pull(const struct registries *registries, const struct ref *ref,
		    struct endpoints *ret_endpoints)
{
	AUTO(endpoints) found = { 0 };
	autofree char *name = ref_name(ref);
	const struct registry_rule *rule = find_rule(registries, name);
	int rc;

	TRY(check_blocked(rule, ref));
	rc = add_all(registries, rule, ref, &found);
	if (rc < 0)
		return rule != NULL && rc != -EPERM ? fail_in(rc, "'%s'", rule->file) : rc;
	*ret_endpoints = found;
	found = (struct endpoints){ 0 };
	return 0;
}

int registries_push(const struct registries *registries, const struct ref *ref,
		    struct endpoints *ret_endpoints)
{
	AUTO(endpoints) found = { 0 };
	autofree char *name = ref_name(ref);

	TRY(add_endpoint(registries, ref, name, false, false, &found));
	*ret_endpoints = found;
	found = (struct endpoints){ 0 };
	return 0;
}

/* Push the complete name of two parts of one. */
static int push_name(const char *place, const char *rest, struct strvec *names)
{
	autofree char *text = xasprintf("%s%s", place, rest);
	char *name;

	TRY(ref_normalize(text, &name));
	strvec_push_owned(names, name);
	return 0;
}

static int push_alias(const char *short_name, const char *alias, const char *rest,
		      struct strvec *names)
{
	AUTO(ref) ref = { 0 };
	int rc = ref_parse(alias, &ref);

	if (rc >= 0 && (!ref.host_given || ref.tag != NULL || ref.digest != NULL))
		rc = refuse("'%s' is not HOST/PATH", alias);
	if (rc < 0)
		return fail_in(rc, "the alias '%s' of registries.conf", short_name);
	return push_name(alias, rest, names);
}

static int refuse_ambiguous(const struct registries *registries, const char *text)
{
	refuse("'%s' may be on any of %zu registries, and short-name-mode is enforcing", text,
	       registries->search.n);
	hint("give the name with its host, as in %s/%s", registries->search.v[0], text);
	return -EINVAL;
}

static int complete(const struct registries *registries, const char *text, struct strvec *names)
{
	size_t len = strcspn(text, ":@");
	autofree char *short_name = xstrndup(text, len);
	autofree char *rest = xasprintf("/%s", text);
	const char *alias = env_get(&registries->aliases, short_name);

	if (alias != NULL)
		return push_alias(short_name, alias, text + len, names);
	if (registries->search.n == 0)
		return push_name(HUB, rest, names);
	if (registries->search.n > 1 && registries->mode == SHORT_NAME_ENFORCING)
		return refuse_ambiguous(registries, text);
	for (size_t i = 0; i < registries->search.n; i++)
		TRY(push_name(registries->search.v[i], rest, names));
	return 0;
}

int registries_complete(const struct registries *registries, const char *text,
			struct strvec *ret_names)
{
	AUTO(strvec) names = STRVEC_INIT;
	AUTO(ref) ref = { 0 };

	TRY(ref_parse(text, &ref));
	if (ref.host_given)
		strvec_push_owned(&names, ref_name(&ref));
	else
		TRY(complete(registries, text, &names));
	strvec_release(ret_names);
	*ret_names = names;
	names = (struct strvec)STRVEC_INIT;
	return 0;
}

void registries_search(const struct registries *registries, struct strvec *ret_hosts)
{
	strvec_release(ret_hosts);
	strvec_push_all(ret_hosts, &registries->search);
	if (ret_hosts->n == 0)
		strvec_push(ret_hosts, HUB);
}

void registries_helpers(const struct registries *registries, struct strvec *ret_helpers)
{
	strvec_release(ret_helpers);
	strvec_push_all(ret_helpers, &registries->helpers);
}
