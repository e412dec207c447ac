/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/policy.h"

#include <stdlib.h>
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"

#define DOCKER "docker"

static int refuse_file(const char *file, const char *why)
{
	return refuse_with(EPERM, "the policy '%s' forbids it: %s", file, why);
}

/* 1: read; 0: there is none. */
static int read_policy(const struct host *host, char **ret_file, cJSON **ret_json)
{
	autofree char *own = host_config_path(host, "containers/policy.json");
	const char *const files[] = { host->rootless ? own : NULL, "/etc/containers/policy.json" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		AUTO(buf) text = BUF_INIT;
		int rc;

		if (files[i] == NULL)
			continue;
		rc = fs_read_file(AT_FDCWD, files[i], MAX_CONFIG, &text);
		if (rc == -ENOENT || rc == -ENOTDIR) {
			err_clear();
			continue;
		}
		TRY(rc);
		TRY(json_parse(text.data, text.len, files[i], ret_json));
		*ret_file = xstrdup(files[i]);
		return 1;
	}
	return 0;
}

/* One requirement: 0 where it is met. */
static int check_requirement(const cJSON *requirement, const char *file, const char *scope)
{
	const char *type = "";

	if (!cJSON_IsObject(requirement) || json_get_string(requirement, "type", &type) < 0)
		return refuse_file(file, "a requirement has no type");
	if (strcmp(type, "reject") == 0)
		return refuse_with(EPERM, "the policy '%s' rejects %s", file, scope);
	if (strcmp(type, "insecureAcceptAnything") != 0) {
		refuse_with(EPERM,
			    "the policy '%s' requires '%s' for %s, which berth cannot verify", file,
			    type, scope);
		hint("berth knows insecureAcceptAnything and reject; verify the image with another "
		     "program and load it from an archive, or give its repository a scope of its "
		     "own");
		return -EPERM;
	}
	if (cJSON_GetArraySize(requirement) != 1)
		return refuse_file(file, "insecureAcceptAnything has members besides its type");
	return 0;
}

static int check_requirements(const cJSON *requirements, const char *file, const char *scope)
{
	const cJSON *requirement;

	if (!cJSON_IsArray(requirements) || requirements->child == NULL) {
		autofree char *why = xasprintf("there are no requirements for %s", scope);

		return refuse_file(file, why);
	}
	cJSON_ArrayForEach(requirement, requirements)
		TRY(check_requirement(requirement, file, scope));
	return 0;
}

static const cJSON *get(const cJSON *scopes, const char *scope)
{
	return cJSON_GetObjectItemCaseSensitive(scopes, scope);
}

/* The same for a scope that begins with a host, which may be written in capitals. */
static const cJSON *get_named(const cJSON *scopes, const char *name)
{
	const cJSON *scope;

	cJSON_ArrayForEach(scope, scopes)
	{
		autofree char *folded = xstrdup(scope->string);

		ref_fold_host(folded);
		if (strcmp(folded, name) == 0)
			return scope;
	}
	return NULL;
}

/*
 * The most special scope of an image: its name with tag or digest, its repository, each namespace
 * of it, its host; then, without the port, "*.example.com" for each domain above it.
 */
static const cJSON *find_scope(const cJSON *scopes, const struct ref *ref)
{
	autofree char *name = ref_repository(ref);
	autofree char *exact = xasprintf("%s%s%s", name, ref->digest != NULL ? "@" : ":",
					 ref->digest != NULL ? ref->digest
					 : ref->tag != NULL  ? ref->tag
							     : "latest");
	const cJSON *found = get_named(scopes, exact);

	for (char *slash; found == NULL; *slash = '\0') {
		found = get_named(scopes, name);
		slash = strrchr(name, '/');
		if (slash == NULL)
			break;
	}
	name[strcspn(name, ":")] = '\0';
	for (const char *dot = strchr(name, '.'); found == NULL && dot != NULL;
	     dot = strchr(dot + 1, '.')) {
		autofree char *wildcard = xasprintf("*%s", dot);

		found = get_named(scopes, wildcard);
	}
	return found;
}

static bool has_scopes(const cJSON *scopes)
{
	const cJSON *scope;

	cJSON_ArrayForEach(scope, scopes) if (scope->string[0] != '\0') return true;
	return false;
}

static int check(const cJSON *policy, const char *file, const char *transport,
		 const struct ref *ref)
{
	autofree char *what = ref != NULL ? ref_name(ref) : xasprintf("images of %s", transport);
	const cJSON *fallback = get(policy, "default"), *transports = get(policy, "transports");
	const cJSON *scopes, *found = NULL, *member;
	autofree char *scope = NULL;

	if (!cJSON_IsObject(policy) || !cJSON_IsArray(fallback) ||
	    (transports != NULL && !cJSON_IsObject(transports)))
		return refuse_file(file, "it is not a policy, containers-policy.json(5)");
	cJSON_ArrayForEach(member, policy)
	{
		if (member != fallback && member != transports)
			return refuse_file(file, "it has members that are not of a policy");
	}
	scopes = transports != NULL ? get(transports, transport) : NULL;
	if (scopes != NULL && !cJSON_IsObject(scopes))
		return refuse_file(file, "the scopes of a transport are not an object");
	if (scopes != NULL && ref != NULL && strcmp(transport, DOCKER) == 0)
		found = find_scope(scopes, ref);
	else if (scopes != NULL && strcmp(transport, DOCKER) != 0 && has_scopes(scopes))
		return refuse_file(file, "it has scopes of files, which berth does not know");
	if (found == NULL && scopes != NULL)
		found = get(scopes, "");
	if (found == NULL)
		found = fallback;
	scope = found->string[0] != '\0' && found != fallback
			? xasprintf("'%s' (for '%s')", what, found->string)
			: xasprintf("'%s'", what);
	return check_requirements(found, file, scope);
}

int policy_check(const struct host *host, const char *transport, const struct ref *ref)
{
	autojson cJSON *policy = NULL;
	autofree char *file = NULL;
	int rc = read_policy(host, &file, &policy);

	if (rc <= 0)
		return rc;
	return check(policy, file, transport, ref);
}
