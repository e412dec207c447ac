/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/http.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/transfer.h"
#include "base/units.h"

/* A wait that is longer is none that anybody means. */
#define WAIT_MAX_SECONDS (366ULL * 24 * 3600)

int http_load(void)
{
	TRY(curl_load());
	/* What it brings along, too; a handle that is made later finds it done. */
	if (curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return refuse_with(ENOSYS, "libcurl cannot be initialized");
	return 0;
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static bool is_https(const char *url)
{
	return strncmp(url, "https:", 6) == 0;
}

static const char *find_header(const struct strvec *headers, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < headers->n; i++)
		if (strncmp(headers->v[i], name, len) == 0 &&
		    strncmp(headers->v[i] + len, ": ", 2) == 0)
			return headers->v[i] + len + 2;
	return NULL;
}

/* 1: *ret_url is to be asked instead; 0: this is the answer. */
static int next_url(const struct http_request *request, const struct transfer *transfer,
		    const char *url, char **ret_url)
{
	const char *location = find_header(&transfer->headers, "location");
	autofree char *next = NULL, *shown = NULL;

	if (!is_redirect(transfer->status) || location == NULL ||
	    (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0))
		return 0;
	next = http_resolve(url, location);
	if (next == NULL) {
		shown = http_presentable(location);
		return refuse_with(EPROTO,
				   "%s: redirects to '%s': only http and https are followed, and "
				   "no user is named by a server",
				   transfer->name, shown);
	}
	if (is_https(url) && !is_https(next))
		return refuse_with(EPROTO, "%s: redirects from https to http", transfer->name);
	*ret_url = steal(next);
	return 1;
}

static void publish(struct transfer *transfer, char *url, struct http *ret_http)
{
	*ret_http = (struct http){
		.state = transfer,
		.status = transfer->status,
		.headers = transfer->headers,
		.url = url,
		.length = transfer_length(transfer),
	};
	transfer->headers = (struct strvec)STRVEC_INIT;
}

int http_open(const struct http_request *request, struct http *ret_http)
{
	autofree char *url = NULL;
	int more;

	TRY(curl_load());
	/* In the one form that comparisons know. */
	url = http_resolve(request->url, "");
	if (url == NULL)
		return refuse_with(EPROTO, "'%s' is no http or https URL", request->url);
	for (int i = 0; i <= HTTP_REDIRECTS; i++) {
		bool trusted = http_same_origin(request->url, url);
		struct transfer *transfer;
		char *next = NULL;

		TRY(transfer_open(request, url, trusted, &transfer));
		more = next_url(request, transfer, url, &next);
		if (more == 0) {
			publish(transfer, steal(url), ret_http);
			return 0;
		}
		transfer_free(transfer);
		TRY(more);
		free(url);
		url = next;
	}
	free(url);
	url = http_presentable(request->url);
	return refuse_with(EPROTO, "%s: redirects more than %d times", url, HTTP_REDIRECTS);
}

ssize_t http_read(struct http *http, void *bytes, size_t size)
{
	return transfer_read(http->state, bytes, size);
}

int http_read_all(struct http *http, size_t max, struct buf *out)
{
	size_t at = out->len;
	autofree char *url = NULL;

	for (;;) {
		size_t room = max - (out->len - at) + 1; /* a byte more tells that there is more */
		char *end;
		ssize_t n;

		if (room > STREAM_CHUNK)
			room = STREAM_CHUNK;
		end = buf_reserve(out, room);
		n = http_read(http, end, room);
		if (n < 0)
			buf_truncate(out, at);
		TRY(n);
		if (n == 0)
			return 0;
		buf_truncate(out, out->len + (size_t)n);
		if (out->len - at > max)
			break;
	}
	buf_truncate(out, at);
	url = http_presentable(http->url);
	return refuse_with(EFBIG, "%s: the answer is larger than %zu bytes", url, max);
}

const char *http_header(const struct http *http, const char *name)
{
	return find_header(&http->headers, name);
}

void http_release(struct http *http)
{
	transfer_free(http->state);
	http->state = NULL;
	strvec_release(&http->headers);
	free(steal(http->url));
}

bool http_is_transient(int rc, int status)
{
	if (rc < 0)
		return rc == -ETIMEDOUT || rc == -ECONNRESET || rc == -EHOSTUNREACH;
	return status == 408 || status == 429 || status == 500 || (status >= 502 && status <= 504);
}

uint64_t http_retry_after(const struct http *http)
{
	const char *value = http_header(http, "retry-after");
	uint64_t seconds;
	time_t at, now = time(NULL);

	if (value == NULL || curl_load() < 0)
		return 0;
	if (value[0] != '\0' && value[strspn(value, "0123456789")] == '\0') {
		/* More digits than a number has are more than enough, too. */
		if (units_parse_u64(value, WAIT_MAX_SECONDS, &seconds) < 0) {
			err_clear();
			seconds = WAIT_MAX_SECONDS;
		}
		return seconds * 1000000;
	}
	at = curl.getdate(value, NULL);
	if (at <= now)
		return 0;
	seconds = (uint64_t)(at - now);
	return (seconds < WAIT_MAX_SECONDS ? seconds : WAIT_MAX_SECONDS) * 1000000;
}
