/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/tomlscan.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/escape.h"

#define QUOTES 3 /* of them begin and end a string of several lines */

int toml_refuse(const struct toml_scan *s, const char *why)
{
	size_t line = 1;

	for (size_t i = 0; i < s->pos && i < s->len; i++)
		line += s->bytes[i] == '\n';
	return refuse("'%s' is not valid TOML: %s (line %zu)", s->name, why, line);
}

int toml_peek(const struct toml_scan *s, size_t ahead)
{
	return ahead < s->len - s->pos ? (unsigned char)s->bytes[s->pos + ahead] : -1;
}

void toml_skip_blanks(struct toml_scan *s)
{
	while (toml_peek(s, 0) == ' ' || toml_peek(s, 0) == '\t')
		s->pos++;
}

/* The length of the end of a line here; 0 where there is none. */
static size_t newline_len(const struct toml_scan *s)
{
	if (toml_peek(s, 0) == '\n')
		return 1;
	return toml_peek(s, 0) == '\r' && toml_peek(s, 1) == '\n' ? 2 : 0;
}

/* One character that may stand in comments and strings as it is: append it to out, which may be
 * NULL. */
static int take_rune(struct toml_scan *s, struct buf *out)
{
	uint32_t rune;
	size_t n = escape_decode(s->bytes + s->pos, s->len - s->pos, &rune);

	if (n == 0)
		return toml_refuse(s, "invalid UTF-8");
	if ((rune < 0x20 && rune != '\t') || rune == 0x7f)
		return toml_refuse(s, "a control character");
	if (out != NULL)
		buf_add(out, s->bytes + s->pos, n);
	s->pos += n;
	return 0;
}

int toml_skip_space(struct toml_scan *s, bool lines)
{
	for (;;) {
		toml_skip_blanks(s);
		if (toml_peek(s, 0) == '#')
			while (toml_peek(s, 0) >= 0 && newline_len(s) == 0)
				TRY(take_rune(s, NULL));
		if (toml_peek(s, 0) < 0)
			return 0;
		if (newline_len(s) == 0)
			return lines ? 0
				     : toml_refuse(s, "something follows the value on its line");
		s->pos += newline_len(s);
		if (!lines)
			return 0;
	}
}

static void add_rune(struct buf *out, uint32_t rune)
{
	static const unsigned char marks[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = rune < 0x80 ? 1 : rune < 0x800 ? 2 : rune < 0x10000 ? 3 : 4;
	char bytes[4];

	for (size_t i = n; i-- > 1; rune >>= 6)
		bytes[i] = (char)(0x80 | (rune & 0x3f));
	bytes[0] = (char)(n == 1 ? rune : (marks[n] | rune));
	buf_add(out, bytes, n);
}

static int take_unicode(struct toml_scan *s, int digits, struct buf *out)
{
	uint32_t rune = 0;

	for (int i = 0; i < digits; i++, s->pos++) {
		int c = toml_peek(s, 0);

		if (c < 0 || !isxdigit(c))
			return toml_refuse(s, "a \\u escape without its hex digits");
		rune = rune << 4 | (uint32_t)(isdigit(c) ? c - '0' : (tolower(c) - 'a') + 10);
	}
	if (rune == 0)
		return toml_refuse(s, "a NUL in a string");
	if (rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff))
		return toml_refuse(s, "a \\u escape that is no character");
	add_rune(out, rune);
	return 0;
}

/* What follows a backslash. */
static int take_escape(struct toml_scan *s, struct buf *out)
{
	static const char letters[] = "btnfr\"\\";
	static const char values[] = "\b\t\n\f\r\"\\";
	int c = toml_peek(s, 0);
	const char *found = c > 0 ? strchr(letters, c) : NULL;

	if (c == 'u' || c == 'U') {
		s->pos++;
		return take_unicode(s, c == 'u' ? 4 : 8, out);
	}
	if (found == NULL)
		return toml_refuse(s, "an unknown escape in a string");
	s->pos++;
	buf_add_char(out, values[found - letters]);
	return 0;
}

static int take_line_string(struct toml_scan *s, int quote, struct buf *out)
{
	while (toml_peek(s, 0) != quote) {
		if (toml_peek(s, 0) < 0 || newline_len(s) > 0)
			return toml_refuse(s, "a string without an end");
		if (quote == '"' && toml_peek(s, 0) == '\\') {
			s->pos++;
			TRY(take_escape(s, out));
		} else {
			TRY(take_rune(s, out));
		}
	}
	s->pos++;
	return 0;
}

/* A backslash at the end of a line takes it and the blanks and empty lines behind it away. */
static bool take_continuation(struct toml_scan *s)
{
	struct toml_scan probe = *s;

	probe.pos++;
	toml_skip_blanks(&probe);
	if (newline_len(&probe) == 0)
		return false;
	while (newline_len(&probe) > 0) {
		probe.pos += newline_len(&probe);
		toml_skip_blanks(&probe);
	}
	s->pos = probe.pos;
	return true;
}

/* Behind the opening quotes. Up to two quotes may stand before the closing ones. */
static int take_text(struct toml_scan *s, int quote, struct buf *out)
{
	size_t quotes;

	s->pos += newline_len(s);
	for (;;) {
		for (quotes = 0; quotes < 2 * QUOTES - 1 && toml_peek(s, quotes) == quote;)
			quotes++;
		s->pos += quotes;
		for (size_t i = quotes >= QUOTES ? QUOTES : 0; i < quotes; i++)
			buf_add_char(out, (char)quote);
		if (quotes >= QUOTES)
			return 0;
		if (toml_peek(s, 0) < 0)
			return toml_refuse(s, "a string without an end");
		if (newline_len(s) > 0) {
			s->pos += newline_len(s);
			buf_add_char(out, '\n');
		} else if (quote == '"' && toml_peek(s, 0) == '\\') {
			if (take_continuation(s))
				continue;
			s->pos++;
			TRY(take_escape(s, out));
		} else {
			TRY(take_rune(s, out));
		}
	}
}

int toml_scan_string(struct toml_scan *s, bool multiline, struct buf *out)
{
	int quote = toml_peek(s, 0);

	if (multiline && toml_peek(s, 1) == quote && toml_peek(s, 2) == quote) {
		s->pos += QUOTES;
		return take_text(s, quote, out);
	}
	s->pos++;
	return take_line_string(s, quote, out);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits of a base with single underscores between them: append them without to out. The number of
 * bytes; 0 where there are none. */
static size_t take_digits(const char *text, int base, struct buf *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;

	for (;;) {
		const char *found = text[n] != '\0' ? strchr(digits, tolower(text[n])) : NULL;

		if (found == NULL || found - digits >= base)
			return n > 0 && text[n - 1] == '_' ? 0 : n;
		buf_add_char(out, text[n++]);
		if (text[n] == '_')
			n++;
	}
}

static cJSON *make_text(const char *text)
{
	cJSON *item = cJSON_CreateString(text);

	if (item == NULL)
		out_of_memory();
	return item;
}

/* Its text is what counts (base/json.h). */
static cJSON *make_number(double value, const char *text)
{
	cJSON *item = cJSON_CreateNumber(value);

	if (item == NULL)
		out_of_memory();
	item->valuestring = xstrdup(text);
	return item;
}

static int make_integer(const struct toml_scan *s, const char *digits, int base, cJSON **ret_item)
{
	autofree char *text = NULL;
	long long value;

	errno = 0;
	value = strtoll(digits, NULL, base);
	if (errno != 0)
		return toml_refuse(s, "an integer of more than 64 bits");
	text = xasprintf("%lld", value);
	*ret_item = make_number((double)value, text);
	return 0;
}

/* 0xff, 0o17, 0b11. */
static int scan_prefixed(const struct toml_scan *s, const char *word, cJSON **ret_item)
{
	int base = word[1] == 'x' ? 16 : word[1] == 'o' ? 8 : 2;
	AUTO(buf) digits = BUF_INIT;
	size_t n = take_digits(word + 2, base, &digits);

	if (n == 0 || word[2 + n] != '\0')
		return toml_refuse(s, "a number is malformed");
	return make_integer(s, digits.data, base, ret_item);
}

static int scan_number(const struct toml_scan *s, const char *word, cJSON **ret_item)
{
	AUTO(buf) text = BUF_INIT;
	const char *at = word;
	bool is_float = false;
	double value;
	size_t n;

	if (*at == '+' || *at == '-')
		buf_addf(&text, "%s", *at++ == '-' ? "-" : "");
	n = take_digits(at, 10, &text);
	if (n == 0 || (n > 1 && at[0] == '0'))
		return toml_refuse(s, "a value is missing or malformed");
	at += n;
	if (*at == '.') {
		buf_add_char(&text, *at++);
		n = take_digits(at, 10, &text);
		is_float = true;
	}
	at += is_float ? n : 0;
	if (n > 0 && (*at == 'e' || *at == 'E')) {
		buf_add_char(&text, *at++);
		if (*at == '+' || *at == '-')
			buf_add_char(&text, *at++);
		n = take_digits(at, 10, &text);
		at += n;
		is_float = true;
	}
	if (n == 0 || *at != '\0')
		return toml_refuse(s, "a number is malformed");
	if (!is_float)
		return make_integer(s, text.data, 10, ret_item);
	value = strtod(text.data, NULL);
	if (!isfinite(value))
		return toml_refuse(s, "a number that is too large");
	*ret_item = make_number(value, text.data);
	return 0;
}

/* Exactly n digits, of a value from min to max; -1 where they are not. */
static int fixed(const char **at, int n, int min, int max)
{
	int value = 0;

	for (int i = 0; i < n; i++, (*at)++) {
		if (!is_digit(**at))
			return -1;
		value = value * 10 + (**at - '0');
	}
	return value >= min && value <= max ? value : -1;
}

static bool take_date(const char **at)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year = fixed(at, 4, 0, 9999), month, most;

	if (year < 0 || *(*at)++ != '-')
		return false;
	month = fixed(at, 2, 1, 12);
	if (month < 1 || *(*at)++ != '-')
		return false;
	most = days[month - 1];
	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		most++;
	return fixed(at, 2, 1, most) > 0;
}

static bool take_time(const char **at)
{
	if (fixed(at, 2, 0, 23) < 0 || *(*at)++ != ':')
		return false;
	if (fixed(at, 2, 0, 59) < 0 || *(*at)++ != ':')
		return false;
	if (fixed(at, 2, 0, 60) < 0)
		return false;
	if (**at != '.')
		return true;
	(*at)++;
	if (!is_digit(**at))
		return false;
	while (is_digit(**at))
		(*at)++;
	return true;
}

static bool take_offset(const char **at)
{
	if (**at == 'Z' || **at == 'z') {
		(*at)++;
		return true;
	}
	if (**at != '+' && **at != '-')
		return true;
	(*at)++;
	return fixed(at, 2, 0, 23) >= 0 && *(*at)++ == ':' && fixed(at, 2, 0, 59) >= 0;
}

/* A date, a time, or both with or without an offset. */
static int scan_moment(const struct toml_scan *s, const char *word, cJSON **ret_item)
{
	const char *at = word;
	bool good;

	if (word[2] == ':') {
		good = take_time(&at);
	} else {
		good = take_date(&at);
		if (good && *at != '\0') {
			good = strchr("Tt ", *at++) != NULL && take_time(&at) && take_offset(&at);
		}
	}
	if (!good || *at != '\0')
		return toml_refuse(s, "a date or a time is malformed");
	*ret_item = make_text(word);
	return 0;
}

/* The bytes that a number, a date or a name of a value is made of; the T between a date and a time
 * may be a blank. */
static char *take_word(struct toml_scan *s)
{
	size_t start = s->pos;

	for (int c; (c = toml_peek(s, 0)) >= 0; s->pos++) {
		bool blank = c == ' ' && s->pos - start == strlen("1979-05-27") &&
			     s->bytes[start + 4] == '-' && isdigit(toml_peek(s, 1));

		if (!isalnum(c) && strchr("+-_.:", c) == NULL && !blank)
			break;
		if (c == '\0')
			break;
	}
	return xstrndup(s->bytes + start, s->pos - start);
}

int toml_scan_value(struct toml_scan *s, cJSON **ret_item)
{
	AUTO(buf) text = BUF_INIT;
	autofree char *word = NULL;
	const char *bare;

	if (toml_peek(s, 0) == '"' || toml_peek(s, 0) == '\'') {
		TRY(toml_scan_string(s, true, &text));
		*ret_item = make_text(text.data);
		return 0;
	}
	word = take_word(s);
	bare = word + (word[0] == '+' || word[0] == '-');
	if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0) {
		*ret_item = cJSON_CreateBool(word[0] == 't');
		if (*ret_item == NULL)
			out_of_memory();
		return 0;
	}
	if (strcmp(bare, "inf") == 0 || strcmp(bare, "nan") == 0) {
		*ret_item = make_text(word);
		return 0;
	}
	if (word[0] == '0' && word[1] != '\0' && strchr("xob", word[1]) != NULL)
		return scan_prefixed(s, word, ret_item);
	if ((strspn(word, "0123456789") == 4 && word[4] == '-') ||
	    (strspn(word, "0123456789") == 2 && word[2] == ':'))
		return scan_moment(s, word, ret_item);
	return scan_number(s, word, ret_item);
}
