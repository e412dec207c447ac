/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "image/exchange.h"
#include "image/retry.h"

/* Where to go on with an upload: a URL, maybe of another host (that gets no credential then). */
static int take_location(const struct http *http, char **ret_url)
{
	const char *location = http_header(http, "location");
	char *next = location != NULL ? http_resolve(http->url, location) : NULL;
	autofree char *url = http_presentable(http->url);

	if (next == NULL)
		return refuse_with(EPROTO, "%s: the registry does not say where to send the blob",
				   url);
	if (strncmp(url, "https:", 6) == 0 && strncmp(next, "https:", 6) != 0) {
		free(next);
		return refuse_with(EPROTO, "%s: the registry wants to have the blob without TLS",
				   url);
	}
	free(*ret_url);
	*ret_url = next;
	return 0;
}

static char *with_digest(const char *url, const char *digest)
{
	AUTO(buf) text = BUF_INIT;

	buf_addf(&text, "%s%cdigest=", url, strchr(url, '?') != NULL ? '&' : '?');
	http_encode(&text, digest);
	return buf_steal(&text);
}

/* Nothing depends on it: registries forget uploads that nobody ends. */
static void cancel(struct registry *registry, const char *url)
{
	const struct exchange exchange = { .method = "DELETE", .path = url };
	unsigned int retry = registry->options.retry;
	AUTO(http) http = HTTP_INIT;

	registry->options.retry = 0;
	if (exchange_open(registry, &exchange, &http) < 0)
		err_clear();
	registry->options.retry = retry;
}

/* Only a clear answer counts. */
static bool is_kept(struct registry *registry, const char *digest)
{
	int rc = registry_has_blob(registry, digest);

	if (rc < 0)
		err_clear();
	return rc != 0;
}

int registry_mount_blob(struct registry *registry, const char *digest, const char *from)
{
	autofree char *scope = xasprintf("repository:%s:pull", from);
	AUTO(buf) query = BUF_INIT;
	autofree char *path = NULL, *url = NULL;
	struct exchange exchange = { .method = "POST" };
	AUTO(http) http = HTTP_INIT;

	if (!digest_is_valid(digest))
		return refuse("'%s' is no digest", digest);
	authorizer_want(&registry->authorizer, scope);
	buf_add_str(&query, "mount=");
	http_encode(&query, digest);
	buf_add_str(&query, "&from=");
	http_encode(&query, from);
	path = exchange_path(registry, "blobs/uploads/?%s", query.data);
	exchange.path = path;
	TRY(exchange_open(registry, &exchange, &http));
	if (http.status == 201)
		return is_kept(registry, digest);
	/* An upload was begun instead; whoever wants one begins it himself. */
	if (http.status == 202 && take_location(&http, &url) == 0)
		cancel(registry, url);
	err_clear();
	return http.status < 500 && http.status != 429 ? 0 : exchange_refuse(registry, &http);
}

/* Begin: *ret_url is where the bytes go. */
static int begin(struct registry *registry, char **ret_url)
{
	autofree char *path = exchange_path(registry, "blobs/uploads/");
	const struct exchange exchange = { .method = "POST", .path = path };
	AUTO(http) http = HTTP_INIT;

	TRY(exchange_open(registry, &exchange, &http));
	if (http.status != 202)
		return exchange_refuse(registry, &http);
	return take_location(&http, ret_url);
}

static int end(struct registry *registry, struct exchange *exchange, const char *url,
	       const char *digest, struct http *http)
{
	autofree char *last = with_digest(url, digest);

	exchange->method = "PUT";
	exchange->path = last;
	TRY(exchange_open(registry, exchange, http));
	return http->status == 201 || http->status == 204 ? 0 : exchange_refuse(registry, http);
}

/* By a registry that said that it has it. Where its storage is far away that may take a moment. */
static int check_kept(struct registry *registry, const char *digest)
{
	struct retry retry;

	registry_retry(registry, &retry);
	do {
		if (is_kept(registry, digest))
			return 0;
	} while (retry_wait(&retry, -ETIMEDOUT, NULL));
	return refuse_with(EPROTO, "%s/v2/%s: the registry took the blob %s, and does not have it",
			   registry->base, registry->endpoint->repository, digest);
}

/* One after the other: begin, all bytes, end. `http` is what the registry said last. */
static int upload_once(struct registry *registry, struct registry_upload *upload, struct http *http)
{
	AUTO(strvec) headers = STRVEC_INIT;
	struct exchange bytes = {
		.method = "PATCH",
		.headers = &headers,
		.source = upload->source,
		.arg = upload->arg,
		.body_size = upload->size,
	};
	struct exchange nothing = { .method = "PUT" };
	AUTO(http) patched = HTTP_INIT;
	autofree char *url = xstrdup("");

	TRY(begin(registry, &url));
	strvec_push(&headers, "Content-Type: application/octet-stream");
	if (upload->digest[0] != '\0')
		return end(registry, &bytes, url, upload->digest, http);
	bytes.path = url;
	TRY(exchange_open(registry, &bytes, &patched));
	if (patched.status != 202 && patched.status != 204) {
		*http = patched;
		patched = (struct http)HTTP_INIT;
		return exchange_refuse(registry, http);
	}
	TRY(take_location(&patched, &url));
	TRY(upload->finish(upload));
	return end(registry, &nothing, url, upload->digest, http);
}

int registry_put_blob(struct registry *registry, struct registry_upload *upload)
{
	struct retry retry = { .left = registry->options.retry,
			       .delay = registry->options.retry_delay };
	bool known = upload->digest[0] != '\0';
	bool again;
	int rc;

	if (known && !digest_is_valid(upload->digest))
		return refuse("'%s' is no digest", upload->digest);
	for (;;) {
		AUTO(http) http = HTTP_INIT;

		rc = upload_once(registry, upload, &http);
		if (rc >= 0)
			return check_kept(registry, upload->digest);
		if (upload->rewind == NULL)
			return rc;
		/* A token that ran out on the way is renewed by the next try. */
		again = http.status == 401 && retry.left > 0;
		if (again)
			retry.left--;
		else if (!retry_wait(&retry, http.status != 0 ? 0 : rc, &http))
			return rc;
		TRY(upload->rewind(upload->arg));
		if (!known)
			upload->digest[0] = '\0';
	}
}
