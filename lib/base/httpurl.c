/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/http.h"

#include <string.h>
#include <strings.h>

#include "base/curl.h"
#include "base/err.h"

/* URLs are read by the same parser that connects: two of them would see two hosts in one text. */

static CURLU *parse(const char *text)
{
	CURLU *url;

	if (curl_load() < 0)
		return NULL;
	url = curl.url();
	if (url == NULL)
		out_of_memory();
	if (curl.url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK)
		return url;
	curl.url_cleanup(url);
	return NULL;
}

/* A part as a string of ours; NULL where there is none. */
static char *part(CURLU *url, CURLUPart which, unsigned int flags)
{
	char *text, *copy;

	if (curl.url_get(url, which, &text, flags) != CURLUE_OK)
		return NULL;
	copy = xstrdup(text);
	curl.free(text);
	return copy;
}

static bool is_http(CURLU *url)
{
	autofree char *scheme = part(url, CURLUPART_SCHEME, 0);

	return scheme != NULL &&
	       (strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0);
}

char *http_resolve(const char *base, const char *reference)
{
	CURLU *url = parse(base);
	char *result = NULL;

	if (url == NULL)
		return NULL;
	/* A server has no business to name a user. What follows '#' is never sent. */
	if ((reference[0] == '\0' ||
	     curl.url_set(url, CURLUPART_URL, reference, CURLU_DISALLOW_USER) == CURLUE_OK) &&
	    is_http(url) && curl.url_set(url, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK)
		result = part(url, CURLUPART_URL, 0);
	curl.url_cleanup(url);
	return result;
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart which)
{
	autofree char *left = part(a, which, CURLU_DEFAULT_PORT);
	autofree char *right = part(b, which, CURLU_DEFAULT_PORT);

	return left != NULL && right != NULL && strcasecmp(left, right) == 0;
}

bool http_same_origin(const char *a, const char *b)
{
	CURLU *left = parse(a), *right = parse(b);
	bool same = left != NULL && right != NULL && same_part(left, right, CURLUPART_SCHEME) &&
		    same_part(left, right, CURLUPART_HOST) &&
		    same_part(left, right, CURLUPART_PORT);

	if (left != NULL)
		curl.url_cleanup(left);
	if (right != NULL)
		curl.url_cleanup(right);
	return same;
}

void http_encode(struct buf *out, const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				    "-._~";

	for (; *text != '\0'; text++)
		if (strchr(plain, *text) != NULL)
			buf_add_char(out, *text);
		else
			buf_addf(out, "%%%02X", (unsigned int)(unsigned char)*text);
}

char *http_presentable(const char *text)
{
	static const CURLUPart hidden[] = { CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS,
					    CURLUPART_QUERY, CURLUPART_FRAGMENT };
	CURLU *url = parse(text);
	char *result;

	if (url == NULL)
		return xstrdup("a URL that cannot be read");
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
		(void)curl.url_set(url, hidden[i], NULL, 0);
	result = part(url, CURLUPART_URL, 0);
	curl.url_cleanup(url);
	return result != NULL ? result : xstrdup("a URL that cannot be read");
}
