/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/search.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"

#define HUB "docker.io"
#define HUB_SERVER "registry-1.docker.io"
#define HUB_SEARCH_SERVER "index.docker.io"

static void result_release(struct search_result *result)
{
	free(result->index);
	free(result->name);
	free(result->description);
}

void search_results_release(struct search_results *results)
{
	for (size_t i = 0; i < results->n; i++)
		result_release(&results->v[i]);
	free(results->v);
	*results = (struct search_results){ 0 };
}

/* docker.io's own images are called without the first component that they have. */
static char *complete_name(const char *host, const char *name)
{
	bool own = strcmp(host, HUB) == 0 && strchr(name, '/') == NULL;

	return xasprintf("%s/%s%s", host, own ? "library/" : "", name);
}

static int read_result(const cJSON *item, const char *host, struct search_results *results)
{
	const char *name = NULL, *description = "";
	int64_t stars = 0;
	bool official = false, automated = false;
	struct search_result *result;

	TRY(json_get_string(item, "name", &name));
	TRY(json_get_string(item, "description", &description));
	TRY(json_get_int(item, "star_count", 0, INT32_MAX, &stars));
	TRY(json_get_bool(item, "is_official", &official));
	TRY(json_get_bool(item, "is_automated", &automated));
	if (name == NULL || name[0] == '\0')
		return refuse("a result has no name");
	result = VEC_PUSH(results);
	*result = (struct search_result){
		.index = xstrdup(host),
		.name = complete_name(host, name),
		.description = xstrdup(description),
		.stars = stars,
		.official = official,
		.automated = automated,
	};
	return 0;
}

static int read_answer(const struct buf *text, const char *host, unsigned int limit,
		       struct search_results *results)
{
	autojson cJSON *json = NULL;
	const cJSON *items = NULL, *item;
	unsigned int n = 0;

	TRY(json_parse(text->data, text->len, "the answer", &json));
	TRY(json_get_array(json, "results", &items));
	if (items == NULL)
		return refuse_with(EPROTO, "the answer has no results");
	cJSON_ArrayForEach(item, items)
	{
		if (n++ == limit)
			break;
		TRY(read_result(item, host, results));
	}
	return 0;
}

static int read_catalog(struct registry *registry, const char *host, const char *term,
			unsigned int limit, struct search_results *results)
{
	AUTO(strvec) names = STRVEC_INIT;
	unsigned int n = 0;

	TRY(registry_list_repositories(registry, &names));
	for (size_t i = 0; i < names.n && n < limit; i++) {
		struct search_result *result;

		if (strstr(names.v[i], term) == NULL)
			continue;
		result = VEC_PUSH(results);
		*result = (struct search_result){
			.index = xstrdup(host),
			.name = complete_name(host, names.v[i]),
			.description = xstrdup(""),
		};
		n++;
	}
	return 0;
}

static int ask(struct registry *registry, const char *host, const char *term, unsigned int limit,
	       struct search_results *results)
{
	AUTO(buf) text = BUF_INIT;
	int rc = registry_search(registry, term, limit, &text);

	if (rc == -ENOENT || rc == -EOPNOTSUPP) {
		err_clear();
		return read_catalog(registry, host, term, limit, results);
	}
	TRY(rc);
	return fail_in(read_answer(&text, host, limit, results), "%s", registry_name(registry));
}

/* Of the host alone; any of its repositories serves to find it. */
static int find_host(const struct registries *registries, const char *host,
		     struct endpoints *ret_endpoints)
{
	const struct ref ref = { .host = xstrdup(host),
				 .path = xstrdup("any"),
				 .host_given = true };
	int rc = registries_push(registries, &ref, ret_endpoints);
	struct endpoint *endpoint;

	free(ref.host);
	free(ref.path);
	TRY(rc);
	endpoint = &ret_endpoints->v[0];
	if (strcmp(endpoint->host, HUB_SERVER) == 0)
		xreplace(&endpoint->host, HUB_SEARCH_SERVER);
	xreplace(&endpoint->repository, "");
	xreplace(&endpoint->auth_key, host);
	return 0;
}

int search_registry(const struct registry_options *options, const struct registries *registries,
		    const char *host, const char *term, unsigned int limit,
		    struct search_results *results)
{
	AUTO(endpoints) endpoints = { 0 };
	struct registry *registry;
	int rc;

	TRY(find_host(registries, host, &endpoints));
	TRY(registry_open(options, &endpoints.v[0], REGISTRY_PULL, &registry));
	rc = ask(registry, host, term, limit, results);
	registry_close(registry);
	return rc;
}
