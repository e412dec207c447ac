/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/challenge.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HEADER "www-authenticate: "

struct offers {
	struct challenge *v;
	size_t n;
};

static bool is_token_char(char c)
{
	return c != '\0' && (unsigned char)c > ' ' && (unsigned char)c < 0x7f &&
	       strchr("()<>@,;:\\\"/[]?={}", c) == NULL;
}

static size_t token_len(const char *text)
{
	size_t n = 0;

	while (is_token_char(text[n]))
		n++;
	return n;
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* "token" or "\"quoted \\\" string\""; NULL where it is neither. */
static const char *take_value(const char *text, struct buf *out)
{
	size_t len;

	if (*text != '"') {
		/* Realms are URLs, and not everybody quotes them. */
		len = strcspn(text, ", \t");
		buf_add(out, text, len);
		return text + len;
	}
	for (text++; *text != '"'; text++) {
		if (*text == '\\')
			text++;
		if (*text == '\0')
			return NULL;
		buf_add_char(out, *text);
	}
	return text + 1;
}

/* "name=value"; *ret_next is what follows. False where there is none here. */
static bool take_parameter(const char *text, struct challenge *into, const char **ret_next)
{
	const struct {
		const char *name;
		char **slot;
	} known[] = {
		{ "realm", &into->realm },
		{ "service", &into->service },
		{ "scope", &into->scope },
	};
	AUTO(buf) value = BUF_INIT;
	size_t len = token_len(text);
	const char *equals = skip_blanks(text + len);

	if (len == 0 || *equals != '=')
		return false;
	*ret_next = take_value(skip_blanks(equals + 1), &value);
	if (*ret_next == NULL)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		/* What is said twice counts as it was said first. */
		if (strlen(known[i].name) == len && strncasecmp(known[i].name, text, len) == 0 &&
		    *known[i].slot == NULL)
			*known[i].slot = xstrdup(value.data);
	return true;
}

static enum challenge_scheme scheme_of(const char *name, size_t len)
{
	if (len == 5 && strncasecmp(name, "Basic", len) == 0)
		return CHALLENGE_BASIC;
	if (len == 6 && strncasecmp(name, "Bearer", len) == 0)
		return CHALLENGE_BEARER;
	return CHALLENGE_NONE;
}

/* "Scheme name=value, name=value, Scheme ..." */
static void read_line(const char *at, struct offers *offers)
{
	struct challenge *now = VEC_PUSH(offers); /* of what stands before any scheme */

	for (;;) {
		const char *next;
		size_t len;

		at += strspn(at, " \t,");
		if (take_parameter(at, now, &next)) {
			at = next;
			continue;
		}
		len = token_len(at);
		if (len == 0)
			break;
		now = VEC_PUSH(offers);
		now->scheme = scheme_of(at, len);
		at += len;
	}
}

void challenge_read(const struct http *http, struct challenge *ret_challenge)
{
	struct offers offers = { 0 };
	struct challenge *best = NULL;

	for (size_t i = 0; i < http->headers.n; i++)
		if (strncmp(http->headers.v[i], HEADER, strlen(HEADER)) == 0)
			read_line(http->headers.v[i] + strlen(HEADER), &offers);
	for (size_t i = 0; i < offers.n; i++) {
		struct challenge *offer = &offers.v[i];
		/* Without a realm there is nobody to ask for a token. */
		bool usable = offer->scheme != CHALLENGE_BEARER || offer->realm != NULL;

		if (usable && (best == NULL || offer->scheme > best->scheme))
			best = offer;
	}
	*ret_challenge = (struct challenge){ .scheme = CHALLENGE_NONE };
	if (best != NULL) {
		*ret_challenge = *best;
		*best = (struct challenge){ .scheme = CHALLENGE_NONE };
	}
	for (size_t i = 0; i < offers.n; i++)
		challenge_release(&offers.v[i]);
	free(offers.v);
}

void challenge_release(struct challenge *challenge)
{
	free(challenge->realm);
	free(challenge->service);
	free(challenge->scope);
	*challenge = (struct challenge){ .scheme = CHALLENGE_NONE };
}
