/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/json.h"
#include "image/retry.h"

char *exchange_path(const struct registry *registry, const char *fmt, ...)
{
	AUTO(buf) path = BUF_INIT;
	va_list args;

	buf_addf(&path, "/v2/%s/", registry->endpoint->repository);
	va_start(args, fmt);
	buf_vaddf(&path, fmt, args);
	va_end(args);
	return buf_steal(&path);
}

/* --- errors ----------------------------------------------------------------------------------- */

static const struct meaning {
	int status; /* 0: all others */
	int err;
	const char *text;
} meanings[] = {
	{ 401, EACCES, "the registry wants to know who asks" },
	{ 403, EACCES, "access is denied" },
	{ 404, ENOENT, "not found" },
	{ 405, EOPNOTSUPP, "the registry does not allow that" },
	{ 413, EFBIG, "too large for the registry" },
	{ 429, EAGAIN, "too many requests" },
	{ 500, EIO, "the registry failed" },
	{ 502, EIO, "the registry's proxy failed" },
	{ 503, EIO, "the registry is not available" },
	{ 504, EIO, "the registry's proxy failed" },
	{ 0, EPROTO, "the registry refuses" },
};

/* {"errors": [{"code": "...", "message": "..."}]}, as distribution-spec has it. */
static int read_errors(const struct buf *body, struct buf *out)
{
	autojson cJSON *json = NULL;
	const cJSON *errors = NULL, *item;

	TRY(json_parse(body->data, body->len, "the answer", &json));
	TRY(json_get_array(json, "errors", &errors));
	cJSON_ArrayForEach(item, errors)
	{
		const char *code = NULL, *message = NULL;

		TRY(json_get_string(item, "code", &code));
		TRY(json_get_string(item, "message", &message));
		buf_addf(out, "%s%s%s%s", out->len > 0 ? "; " : "", code != NULL ? code : "",
			 code != NULL && message != NULL ? ": " : "",
			 message != NULL ? message : "");
	}
	return 0;
}

/* What the server says about it: JSON, or the beginning of a text. */
static void read_detail(const struct registry *registry, struct http *http, struct buf *out)
{
	const char *type = http_header(http, "content-type");
	AUTO(buf) body = BUF_INIT;

	if (http_read_all(http, MAX_ERROR_BODY, &body) < 0)
		return;
	if (read_errors(&body, out) < 0 || out->len == 0) {
		buf_clear(out);
		/* A page for browsers says nothing in its first lines. */
		if (type == NULL || strstr(type, "html") == NULL)
			buf_add_str(out, body.data);
	}
	while (out->len > 0 && strchr("\r\n \t", out->data[out->len - 1]) != NULL)
		buf_truncate(out, out->len - 1);
	if (out->len > MAX_ERROR_SHOWN) {
		buf_truncate(out, MAX_ERROR_SHOWN);
		buf_add_str(out, "...");
	}
	if (authorizer_knows(&registry->authorizer, out->data))
		buf_clear(out);
}

static void hint_login(const struct registry *registry)
{
	const char *key = registry->endpoint->auth_key;

	hint("berth login %.*s", (int)strcspn(key, "/"), key);
}

int exchange_refuse(struct registry *registry, struct http *http)
{
	autofree char *url = http_presentable(http->url);
	const struct meaning *meaning = meanings;
	AUTO(buf) detail = BUF_INIT;

	while (meaning->status != 0 && meaning->status != http->status)
		meaning++;
	read_detail(registry, http, &detail);
	refuse_with(meaning->err, "%s: %s (%d)%s%s", url, meaning->text, http->status,
		    detail.len > 0 ? ": " : "", detail.data);
	if (meaning->err == EACCES)
		hint_login(registry);
	return -meaning->err;
}

/* What to do about an error that no status tells. */
static void hint_at(const struct registry *registry, int rc)
{
	if (rc == -EACCES)
		hint_login(registry);
	else if (rc == -EKEYREJECTED)
		hint("put its authority's certificate into /etc/containers/certs.d/%s/ca.crt, or "
		     "do "
		     "not insist with --tls-verify=false",
		     registry->endpoint->host);
	else if (rc == -EPROTO && !registry->settled && !registry->insecure)
		hint("if the registry has no HTTPS: --tls-verify=false");
}

/* --- one try ---------------------------------------------------------------------------------- */

static bool is_path(const char *path)
{
	return path[0] == '/';
}

static int send_to(struct registry *registry, const struct exchange *exchange, const char *url,
		   bool trusted, struct http *ret_http)
{
	struct http_tls tls = registry->tls;
	struct http_request request = {
		.method = exchange->method,
		.url = url,
		.headers = exchange->headers,
		.tls = &tls,
		.body = exchange->body,
		.source = exchange->source,
		.arg = exchange->arg,
		.body_size = exchange->body_size,
		.session = &registry->session,
	};

	if (trusted)
		TRY(authorizer_header(&registry->authorizer, registry->base,
				      &request.authorization));
	else
		tls.cert = tls.key = NULL;
	return http_open(&request, ret_http);
}

/* Where plain HTTP will do it is tried when there is no TLS, once; what answered is kept to. */
static int send_first(struct registry *registry, const struct exchange *exchange,
		      struct http *ret_http)
{
	autofree char *url = xasprintf("%s%s", registry->base, exchange->path);
	autofree char *plain = xasprintf("http://%s", registry->endpoint->host);
	autofree char *plain_url = xasprintf("%s%s", plain, exchange->path);
	int rc = send_to(registry, exchange, url, true, ret_http);
	int plain_rc;

	if (!registry->insecure || (rc != -EPROTO && rc != -ECONNREFUSED && rc != -ECONNRESET)) {
		registry->settled = rc >= 0;
		return rc;
	}
	err_clear();
	plain_rc = send_to(registry, exchange, plain_url, false, ret_http);
	if (plain_rc < 0)
		return plain_rc;
	free(registry->base);
	registry->base = steal(plain);
	registry->settled = true;
	return 0;
}

static int send_request(struct registry *registry, const struct exchange *exchange,
			struct http *ret_http)
{
	autofree char *url = NULL;

	if (!is_path(exchange->path))
		return send_to(registry, exchange, exchange->path,
			       http_same_origin(exchange->path, registry->base), ret_http);
	if (!registry->settled)
		return send_first(registry, exchange, ret_http);
	url = xasprintf("%s%s", registry->base, exchange->path);
	return send_to(registry, exchange, url, true, ret_http);
}

/* A body that is short is read, so that the connection can be used again. */
static void drain(struct http *http)
{
	AUTO(buf) body = BUF_INIT;

	if (http->length <= 65536 && http_read_all(http, 65536, &body) < 0)
		err_clear();
}

/* Until it is no 401 any more, or nothing more can be done about that. */
static int try_once(struct registry *registry, const struct exchange *exchange,
		    struct http *ret_http)
{
	for (int i = 0;; i++) {
		AUTO(http) http = HTTP_INIT;
		int more = 0;

		TRY(send_request(registry, exchange, &http));
		/* A redirect that ended elsewhere is not the registry's word. */
		if (http.status == 401 && i < MAX_CHALLENGES && exchange->source == NULL &&
		    http_same_origin(http.url, registry->base))
			more = authorizer_answer(&registry->authorizer, registry->base, &http);
		TRY(more);
		if (http.status != 401)
			authorizer_accepted(&registry->authorizer);
		if (more == 0) {
			*ret_http = http;
			http = (struct http)HTTP_INIT;
			return 0;
		}
		drain(&http);
	}
}

int exchange_open(struct registry *registry, const struct exchange *exchange, struct http *ret_http)
{
	struct retry retry;
	int rc;

	registry_retry(registry, &retry);
	if (exchange->source != NULL)
		retry.left = 0;
	for (;;) {
		AUTO(http) http = HTTP_INIT;

		rc = try_once(registry, exchange, &http);
		if (retry_wait(&retry, rc, &http))
			continue;
		if (rc < 0)
			break;
		*ret_http = http;
		http = (struct http)HTTP_INIT;
		return 0;
	}
	hint_at(registry, rc);
	return rc;
}

int exchange_get(struct registry *registry, const struct exchange *exchange, struct http *ret_http)
{
	AUTO(http) http = HTTP_INIT;

	TRY(exchange_open(registry, exchange, &http));
	if (http.status != 200)
		return exchange_refuse(registry, &http);
	*ret_http = http;
	http = (struct http)HTTP_INIT;
	return 0;
}

int exchange_read(struct registry *registry, const char *path, const struct strvec *headers,
		  size_t max, struct buf *out, struct http *ret_http)
{
	const struct exchange exchange = { .method = "GET", .path = path, .headers = headers };
	struct retry retry;
	int rc;

	registry_retry(registry, &retry);
	for (;;) {
		AUTO(http) http = HTTP_INIT;

		TRY(exchange_get(registry, &exchange, &http));
		rc = http_read_all(&http, max, out);
		if (retry_wait(&retry, rc, &http))
			continue;
		TRY(rc);
		if (ret_http != NULL) {
			*ret_http = http;
			http = (struct http)HTTP_INIT;
		}
		return 0;
	}
}
