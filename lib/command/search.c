/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/out.h"
#include "base/units.h"
#include "command/registryoptions.h"
#include "image/search.h"

/* docker's: so much of a description is shown. */
#define SHORT_DESCRIPTION 45
#define LIMIT_DEFAULT 25
#define LIMIT_MAX 100
#define TRANSPORT "docker://" /* may stand before it, as before other names */

struct search_request {
	struct registry_request registry;
	bool list_tags, no_trunc, compatible;
	int64_t limit;
	char *format;
	struct strvec filters;
};

#define AT(field) offsetof(struct search_request, field)
#define REGISTRY_AT(field) offsetof(struct search_request, registry.field)

static const struct opt options_search[] = {
	{ "compatible", 0, OPT_FLAG, AT(compatible),
	  .help = "accepted: the columns are those of docker", .flags = OPT_HIDDEN },
	{ "filter", 'f', OPT_STRINGS, AT(filters), "KEY=VALUE",
	  "list only what matches: stars=N, is-official=BOOL, is-automated=BOOL" },
	{ "format", 0, OPT_STRING, AT(format), "FORMAT", "table, json, jsonl, or a Go template" },
	{ "limit", 0, OPT_INT, AT(limit), "N", "list at most so many of each registry (25)",
	  .min = 1, .max = LIMIT_MAX },
	{ "list-tags", 0, OPT_FLAG, AT(list_tags), .help = "list the tags of the repository TERM" },
	{ "no-trunc", 0, OPT_FLAG, AT(no_trunc), .help = "show descriptions whole" },
	REGISTRY_OPTIONS(REGISTRY_AT),
	OPT_END,
};

/* --- columns ---------------------------------------------------------------------------------- */

struct row {
	const struct search_result *result;
	const char *name, *tag; /* of --list-tags */
	bool no_trunc;
};

static void print_index(struct buf *out, const void *data)
{
	buf_add_str(out, ((const struct row *)data)->result->index);
}

static void print_name(struct buf *out, const void *data)
{
	const struct row *row = data;

	buf_add_str(out, row->result != NULL ? row->result->name : row->name);
}

static void print_description(struct buf *out, const void *data)
{
	const struct row *row = data;

	out_cut(out, row->result->description, row->no_trunc ? 0 : SHORT_DESCRIPTION);
}

static void print_stars(struct buf *out, const void *data)
{
	buf_addf(out, "%lld", (long long)((const struct row *)data)->result->stars);
}

static void print_official(struct buf *out, const void *data)
{
	buf_add_str(out, ((const struct row *)data)->result->official ? "[OK]" : "");
}

static void print_is_official(struct buf *out, const void *data)
{
	buf_add_str(out, ((const struct row *)data)->result->official ? "true" : "false");
}

static void print_automated(struct buf *out, const void *data)
{
	buf_add_str(out, ((const struct row *)data)->result->automated ? "[OK]" : "");
}

static void print_is_automated(struct buf *out, const void *data)
{
	buf_add_str(out, ((const struct row *)data)->result->automated ? "true" : "false");
}

static void print_tag(struct buf *out, const void *data)
{
	buf_add_str(out, ((const struct row *)data)->tag);
}

/* docker's and podman's names for the same. */
static const struct out_field fields[] = {
	{ "Index", "INDEX", false, print_index },
	{ "Name", "NAME", true, print_name },
	{ "Description", "DESCRIPTION", true, print_description },
	{ "Stars", "STARS", true, print_stars },
	{ "StarCount", "STARS", false, print_stars },
	{ "Official", "OFFICIAL", true, print_official },
	{ "IsOfficial", "OFFICIAL", false, print_is_official },
	{ "Automated", "AUTOMATED", false, print_automated },
	{ "IsAutomated", "AUTOMATED", false, print_is_automated },
	{ .name = NULL },
};

static const struct out_field tag_fields[] = {
	{ "Name", "NAME", true, print_name },
	{ "Tag", "TAG", true, print_tag },
	{ .name = NULL },
};

/* --- filters ---------------------------------------------------------------------------------- */

struct filter {
	int64_t stars;           /* at least */
	int official, automated; /* -1: whatever */
};

static int parse_bool(const char *value, int *ret)
{
	if (strcmp(value, "true") == 0 || strcmp(value, "1") == 0)
		*ret = 1;
	else if (strcmp(value, "false") == 0 || strcmp(value, "0") == 0)
		*ret = 0;
	else
		return refuse("'%s' is neither true nor false", value);
	return 0;
}

static int parse_filter(const char *text, struct filter *filter)
{
	if (strncmp(text, "stars=", 6) == 0)
		return units_parse_i64(text + 6, 0, INT32_MAX, &filter->stars);
	if (strncmp(text, "is-official=", 12) == 0)
		return parse_bool(text + 12, &filter->official);
	if (strncmp(text, "is-automated=", 13) == 0)
		return parse_bool(text + 13, &filter->automated);
	refuse("it is no filter");
	hint("there are stars=N, is-official=BOOL and is-automated=BOOL");
	return -EINVAL;
}

static int parse_filters(const struct strvec *texts, struct filter *ret_filter)
{
	*ret_filter = (struct filter){ .official = -1, .automated = -1 };
	for (size_t i = 0; i < texts->n; i++)
		TRY(fail_in(parse_filter(texts->v[i], ret_filter), "--filter %s", texts->v[i]));
	return 0;
}

static bool is_wanted(const struct filter *filter, const struct search_result *result)
{
	return result->stars >= filter->stars &&
	       (filter->official < 0 || result->official == (filter->official == 1)) &&
	       (filter->automated < 0 || result->automated == (filter->automated == 1));
}

/* --- the command ------------------------------------------------------------------------------ */

struct search {
	const struct search_request *request;
	struct registry_options options;
	struct registries *registries;
};

/* "HOST/TERM" asks one registry, "TERM" those of registries.conf. */
static const char *cut_host(const char *term, const struct registries *registries,
			    struct strvec *hosts)
{
	size_t len = strcspn(term, "/");
	autofree char *first = xstrndup(term, len);

	if (term[len] == '/' && (strpbrk(first, ".:") != NULL || strcmp(first, "localhost") == 0)) {
		strvec_push(hosts, first);
		return term + len + 1;
	}
	registries_search(registries, hosts);
	return term;
}

/* One registry that fails is no reason to keep back what the others said. */
static int ask_all(const struct search *search, const char *term, struct search_results *results)
{
	AUTO(strvec) hosts = STRVEC_INIT;
	size_t failed = 0;
	int rc = 0;

	term = cut_host(term, search->registries, &hosts);
	TRY(registry_options_check(&search->options, &hosts));
	for (size_t i = 0; i < hosts.n; i++) {
		rc = search_registry(&search->options, search->registries, hosts.v[i], term,
				     (unsigned int)search->request->limit, results);
		if (rc < 0 && ++failed < hosts.n) {
			out_note("%s", err_text());
			err_clear();
		}
	}
	return failed == hosts.n ? rc : 0;
}

static int print_results(const struct search_request *request, const struct filter *filter,
			 const struct search_results *results)
{
	AUTO(out_list) list = { 0 };

	TRY(out_list_begin(&list, fields, request->format));
	for (size_t i = 0; i < results->n; i++) {
		const struct row row = { .result = &results->v[i], .no_trunc = request->no_trunc };

		if (is_wanted(filter, row.result))
			TRY(out_list_row(&list, &row));
	}
	return out_list_end(&list);
}

static int fetch_tags(const struct search *search, const struct ref *ref, struct strvec *tags)
{
	AUTO(endpoints) endpoints = { 0 };
	struct registry *registry;
	int rc;

	TRY(registries_push(search->registries, ref, &endpoints));
	TRY(registry_open(&search->options, &endpoints.v[0], REGISTRY_PULL, &registry));
	rc = registry_list_tags(registry, tags);
	registry_close(registry);
	return rc;
}

/* What the name stands for first, where it names no registry. */
static int find_repository(const struct search *search, const char *text, struct ref *ret_ref)
{
	AUTO(strvec) names = STRVEC_INIT;
	AUTO(ref) given = { 0 };

	TRY(ref_parse(text, &given));
	if (given.tag != NULL || given.digest != NULL)
		return refuse("'%s': a repository is wanted, without a tag or a digest", text);
	TRY(registries_complete(search->registries, text, &names));
	TRY(registry_options_check(&search->options, &names));
	return ref_parse(names.v[0], ret_ref);
}

static int list_tags(const struct search *search, const char *text)
{
	AUTO(strvec) tags = STRVEC_INIT;
	AUTO(out_list) list = { 0 };
	AUTO(ref) ref = { 0 };
	autofree char *repository = NULL;

	if (search->request->filters.n > 0)
		return refuse("--filter does not go with --list-tags");
	TRY(find_repository(search, text, &ref));
	TRY(fetch_tags(search, &ref, &tags));
	repository = ref_repository(&ref);
	TRY(out_list_begin(&list, tag_fields, search->request->format));
	for (size_t i = 0; i < tags.n && i < (size_t)search->request->limit; i++) {
		const struct row row = { .name = repository, .tag = tags.v[i] };

		TRY(out_list_row(&list, &row));
	}
	return out_list_end(&list);
}

static int search_term(const struct search *search, const char *term)
{
	AUTO(search_results) results = { 0 };
	struct filter filter;

	TRY(parse_filters(&search->request->filters, &filter));
	TRY(ask_all(search, term, &results));
	return print_results(search->request, &filter, &results);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct search_request *request = data;
	struct search search = { .request = request };
	const char *term = operands->v[0];
	int rc;

	if (strncmp(term, TRANSPORT, strlen(TRANSPORT)) == 0)
		term += strlen(TRANSPORT);
	if (term[0] == '\0')
		return refuse("an empty term matches nothing");
	registry_request_options(&request->registry, host, &search.options);
	TRY(registries_read(host, &search.registries));
	rc = request->list_tags ? list_tags(&search, term) : search_term(&search, term);
	registries_free(search.registries);
	return rc;
}

static void init(void *data)
{
	struct search_request *request = data;

	registry_request_init(&request->registry);
	request->limit = LIMIT_DEFAULT;
}

const struct command command_search = {
	.name = "search",
	.alias = "image search",
	.synopsis = "[OPTIONS] TERM",
	.summary = "Search registries for repositories",
	.remarks = "TERM may begin with the registry to ask: quay.io/TERM.",
	.options = (const struct opt *const[]){ options_search, NULL },
	.request_size = sizeof(struct search_request),
	.init = init,
	.operands_min = 1,
	.operands_max = 1,
	.run = run,
};
