/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/json.h"
#include "image/exchange.h"
#include "image/manifest.h"

#define PAGE_ITEMS 1000

/* RFC 8288: the target of `<URL>; rel="next"`; NULL where there is none. */
static char *next_page(const struct http *http)
{
	const char *link = http_header(http, "link");
	const char *end;
	autofree char *target = NULL;

	if (link == NULL || link[0] != '<' || (end = strchr(link, '>')) == NULL)
		return NULL;
	if (strstr(end, "rel=\"next\"") == NULL && strstr(end, "rel=next") == NULL)
		return NULL;
	target = xstrndup(link + 1, (size_t)(end - link - 1));
	return http_resolve(http->url, target);
}

static int read_page(const struct buf *text, const char *name, const char *key, struct strvec *list)
{
	autojson cJSON *json = NULL;
	const cJSON *items = NULL, *item;
	const char *word;

	TRY(json_parse(text->data, text->len, name, &json));
	if (!cJSON_IsObject(json))
		return refuse_with(EPROTO, "%s: the list is no object", name);
	TRY(fail_in(json_get_array(json, key, &items), "%s", name));
	cJSON_ArrayForEach(item, items)
	{
		TRY(fail_in(json_string(item, "a name", &word), "%s", name));
		if (list->n >= MAX_TAGS)
			return refuse_with(EFBIG, "%s: the list is longer than %d", name, MAX_TAGS);
		strvec_push(list, word);
	}
	return 0;
}

/* All pages of a list of strings that stands under `key`. */
static int read_pages(struct registry *registry, const char *path, const char *key,
		      struct strvec *list)
{
	AUTO(strvec) seen = STRVEC_INIT;
	autofree char *at = xstrdup(path);
	size_t bytes = 0;

	while (at != NULL) {
		AUTO(http) http = HTTP_INIT;
		AUTO(buf) text = BUF_INIT;
		autofree char *name = NULL;

		TRY(exchange_read(registry, at, NULL, MAX_PAGE, &text, &http));
		name = http_presentable(http.url);
		bytes += text.len;
		if (bytes > MAX_LIST)
			return refuse_with(EFBIG, "%s: the list is larger than %lu bytes", name,
					   MAX_LIST);
		TRY(read_page(&text, name, key, list));
		strvec_push_owned(&seen, steal(at));
		at = next_page(&http);
		if (at == NULL)
			break;
		if (strvec_has(&seen, at) || seen.n >= MAX_PAGES)
			return refuse_with(EPROTO, "%s: the pages of the list have no end", name);
		if (!http_same_origin(at, registry->base))
			return refuse_with(EPROTO, "%s: the list goes on at another host", name);
	}
	return 0;
}

int registry_list_tags(struct registry *registry, struct strvec *ret_tags)
{
	autofree char *path = exchange_path(registry, "tags/list?n=%d", PAGE_ITEMS);

	return read_pages(registry, path, "tags", ret_tags);
}

int registry_list_repositories(struct registry *registry, struct strvec *ret_names)
{
	autofree char *path = xasprintf("/v2/_catalog?n=%d", PAGE_ITEMS);

	return read_pages(registry, path, "repositories", ret_names);
}

/* -ENOENT for an index of nothing. */
static int check_any(const struct buf *text)
{
	AUTO(manifest) manifest = { 0 };

	TRY(manifest_parse(text->data, text->len, "the list of referrers", &manifest));
	return manifest.is_index && manifest.manifests.n > 0
		       ? 0
		       : refuse_with(ENOENT, "nothing refers to the manifest");
}

int registry_get_referrers(struct registry *registry, const char *digest, struct buf *ret_text)
{
	autofree char *path = exchange_path(registry, "referrers/%s", digest);
	AUTO(strvec) headers = STRVEC_INIT;
	AUTO(buf) text = BUF_INIT;
	autofree char *tag = NULL, *type = NULL;
	char found[DIGEST_TEXT_SIZE];
	int rc;

	if (!digest_is_valid(digest))
		return refuse("'%s' is no digest", digest);
	strvec_push(&headers, "Accept: " MEDIA_OCI_INDEX);
	rc = exchange_read(registry, path, &headers, MAX_MANIFEST, &text, NULL);
	if (rc == -ENOENT) {
		err_clear();
		tag = xasprintf("sha256-%s", digest_hex(digest));
		rc = registry_get_manifest(registry, tag, &text, &type, found);
	}
	TRY(rc);
	TRY(check_any(&text));
	buf_add(ret_text, text.data, text.len);
	return 0;
}

int registry_search(struct registry *registry, const char *term, unsigned int limit,
		    struct buf *ret_text)
{
	AUTO(buf) path = BUF_INIT;

	buf_add_str(&path, "/v1/search?q=");
	http_encode(&path, term);
	buf_addf(&path, "&n=%u", limit);
	return exchange_read(registry, path.data, NULL, MAX_PAGE, ret_text, NULL);
}
