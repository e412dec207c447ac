/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/units.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/err.h"

/* The digits at *text as a number; false where there is none or it does not fit. */
static bool take_u64(const char **text, uint64_t *ret_value)
{
	const char *at = *text;
	uint64_t value = 0;

	if (!isdigit((unsigned char)*at))
		return false;
	for (; isdigit((unsigned char)*at); at++)
		if (__builtin_mul_overflow(value, 10U, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
			return false;
	*text = at;
	*ret_value = value;
	return true;
}

/* ".25" at *text as 0.25; nothing there is 0. */
static bool take_fraction(const char **text, double *ret_value)
{
	const char *at = *text;
	double value = 0, digit = 0.1;

	*ret_value = 0;
	if (*at != '.')
		return true;
	if (!isdigit((unsigned char)*++at))
		return false;
	for (; isdigit((unsigned char)*at); at++) {
		value += (double)(*at - '0') * digit;
		digit /= 10;
	}
	*text = at;
	*ret_value = value;
	return true;
}

int units_parse_u64(const char *text, uint64_t max, uint64_t *ret_value)
{
	const char *at = text;
	uint64_t value;

	if (!isdigit((unsigned char)*at) || text[strspn(text, "0123456789")] != '\0')
		return refuse("'%s' is not a number: only decimal digits are", text);
	if (!take_u64(&at, &value) || value > max)
		return refuse("'%s' is too large: at most %llu is possible", text,
			      (unsigned long long)max);
	*ret_value = value;
	return 0;
}

int units_parse_i64(const char *text, int64_t min, int64_t max, int64_t *ret_value)
{
	bool negative = text[0] == '-';
	const char *at = text + negative;
	uint64_t value = UINT64_MAX;
	int64_t number;

	if (!isdigit((unsigned char)*at) || at[strspn(at, "0123456789")] != '\0')
		return refuse("'%s' is not a number: only decimal digits and '-' are", text);
	if (!take_u64(&at, &value) || value > (uint64_t)INT64_MAX)
		return refuse("'%s' is out of range: %lld to %lld is possible", text,
			      (long long)min, (long long)max);
	number = negative ? -(int64_t)value : (int64_t)value;
	if (number < min || number > max)
		return refuse("'%s' is out of range: %lld to %lld is possible", text,
			      (long long)min, (long long)max);
	*ret_value = number;
	return 0;
}

int units_parse_size(const char *text, uint64_t *ret_bytes)
{
	static const char letters[] = "kmgtp";
	const char *at = text, *letter;
	unsigned int shift = 0;
	uint64_t whole, bytes;
	double fraction, part;

	if (!isdigit((unsigned char)*at))
		return refuse("'%s' is not a size: 512m, 1.5g, 65536 are", text);
	if (!take_u64(&at, &whole))
		return refuse("the size '%s' is too large", text);
	if (!take_fraction(&at, &fraction))
		return refuse("'%s' is not a size: 512m, 1.5g, 65536 are", text);
	letter = *at != '\0' ? strchr(letters, tolower((unsigned char)*at)) : NULL;
	if (letter != NULL) {
		shift = 10 * (unsigned int)(letter - letters + 1);
		at++;
		if (tolower((unsigned char)at[0]) == 'i' && tolower((unsigned char)at[1]) == 'b')
			at++;
	}
	if (tolower((unsigned char)*at) == 'b')
		at++;
	if (*at != '\0')
		return refuse("'%s' is not a size: 512m, 1.5g, 65536 are", text);
	part = fraction * (double)(1ULL << shift);
	if (__builtin_mul_overflow(whole, 1ULL << shift, &bytes) ||
	    __builtin_add_overflow(bytes, (uint64_t)part, &bytes))
		return refuse("the size '%s' is too large", text);
	*ret_bytes = bytes;
	return 0;
}

static const struct {
	const char *name;
	uint64_t nsec;
} duration_units[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "\xc2\xb5s", 1000 }, /* the micro sign */
	{ "\xce\xbcs", 1000 }, /* the letter mu */
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "m", 60ULL * 1000000000 },
	{ "h", 3600ULL * 1000000000 },
};

/* One "1.5h"; nanoseconds. */
static bool take_duration(const char **text, uint64_t *ret_nsec)
{
	uint64_t whole, nsec;
	double fraction;
	size_t len;

	if (!take_u64(text, &whole) || !take_fraction(text, &fraction))
		return false;
	len = strcspn(*text, "0123456789.");
	for (size_t i = 0; i < ARRAY_SIZE(duration_units); i++) {
		uint64_t unit = duration_units[i].nsec;

		if (strlen(duration_units[i].name) != len ||
		    strncmp(*text, duration_units[i].name, len) != 0)
			continue;
		*text += len;
		if (__builtin_mul_overflow(whole, unit, &nsec))
			return false;
		return !__builtin_add_overflow(nsec, (uint64_t)(fraction * (double)unit + 0.5),
					       ret_nsec);
	}
	return false;
}

int units_parse_duration(const char *text, uint64_t *ret_usec)
{
	const char *at = text;
	uint64_t total = 0, part;

	if (take_u64(&at, &part) && *at == '\0') { /* plain seconds */
		if (__builtin_mul_overflow(part, 1000000U, ret_usec))
			return refuse("the duration '%s' is too long", text);
		return 0;
	}
	at = text;
	do {
		if (!take_duration(&at, &part) || __builtin_add_overflow(total, part, &total))
			return refuse("'%s' is not a duration: 90, 1m30s, 500ms are", text);
	} while (*at != '\0');
	*ret_usec = total / 1000;
	return 0;
}

int units_parse_mode(const char *text, uint32_t *ret_mode)
{
	size_t len = strlen(text);
	uint32_t mode = 0;

	if (len == 0 || len > 5 || strspn(text, "01234567") != len)
		return refuse("'%s' is not a mode: octal digits, 0 to 07777, are", text);
	for (; *text != '\0'; text++)
		mode = mode << 3 | (uint32_t)(*text - '0');
	if (mode > 07777)
		return refuse("the mode %o is larger than 07777", mode);
	*ret_mode = mode;
	return 0;
}

void units_print_size(struct buf *out, uint64_t bytes)
{
	static const char *const names[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double value = (double)bytes;
	size_t i = 0;

	for (; value >= 1000.0 && i + 1 < ARRAY_SIZE(names); i++)
		value /= 1000.0;
	buf_addf(out, "%.4g%s", value, names[i]);
}

void units_print_binary(struct buf *out, uint64_t bytes)
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = (double)bytes;
	size_t i = 0;

	for (; value >= 1024.0 && i + 1 < ARRAY_SIZE(names); i++)
		value /= 1024.0;
	buf_addf(out, "%.4g%s", value, names[i]);
}

void units_print_age(struct buf *out, uint64_t seconds)
{
	static const struct {
		uint64_t below, hours; /* hours of one unit */
		const char *name;
	} spans[] = {
		{ 48, 1, "hours" },
		{ 24 * 7 * 2, 24, "days" },
		{ 24 * 30 * 2, 24 * 7, "weeks" },
		{ 24 * 365 * 2, 24 * 30, "months" },
		{ UINT64_MAX, 24 * 365, "years" },
	};
	uint64_t hours = (seconds + 1800) / 3600;
	size_t i = 0;

	if (seconds < 1)
		buf_add_str(out, "Less than a second");
	else if (seconds < 60)
		buf_addf(out, "%d second%s", (int)seconds, seconds == 1 ? "" : "s");
	else if (seconds < 120)
		buf_add_str(out, "About a minute");
	else if (seconds < 3600)
		buf_addf(out, "%d minutes", (int)(seconds / 60));
	else if (hours == 1)
		buf_add_str(out, "About an hour");
	else {
		while (hours >= spans[i].below)
			i++;
		buf_addf(out, "%llu %s", (unsigned long long)(hours / spans[i].hours),
			 spans[i].name);
	}
}

void units_print_time(struct buf *out, int64_t sec, uint32_t nsec)
{
	time_t t = (time_t)sec;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL) {
		buf_add_str(out, "0001-01-01T00:00:00Z");
		return;
	}
	buf_addf(out, "%04d-%02d-%02dT%02d:%02d:%02d.%09uZ", tm.tm_year + 1900, tm.tm_mon + 1,
		 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, nsec);
}

/* Exactly n digits, between least and most. */
static bool take_digits(const char **text, int n, int least, int most, int *ret_value)
{
	int value = 0;

	for (int i = 0; i < n; i++, (*text)++) {
		if (!isdigit((unsigned char)**text))
			return false;
		value = value * 10 + (**text - '0');
	}
	*ret_value = value;
	return value >= least && value <= most;
}

static bool take_char(const char **text, const char *any)
{
	if (**text == '\0' || strchr(any, **text) == NULL)
		return false;
	(*text)++;
	return true;
}

/* "Z" or "+02:00", in seconds east of Greenwich. */
static bool take_zone(const char **text, int *ret_seconds)
{
	char sign = **text;
	int hours, minutes;

	*ret_seconds = 0;
	if (take_char(text, "Zz"))
		return true;
	if (!take_char(text, "+-") || !take_digits(text, 2, 0, 23, &hours) ||
	    !take_char(text, ":") || !take_digits(text, 2, 0, 59, &minutes))
		return false;
	*ret_seconds = (hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
	return true;
}

int units_parse_time(const char *text, int64_t *ret_sec, uint32_t *ret_nsec)
{
	const char *at = text;
	struct tm tm = { 0 };
	uint32_t nsec = 0, unit = 100000000;
	int year, month, zone;
	bool good;

	good = take_digits(&at, 4, 0, 9999, &year) && take_char(&at, "-") &&
	       take_digits(&at, 2, 1, 12, &month) && take_char(&at, "-") &&
	       take_digits(&at, 2, 1, 31, &tm.tm_mday) && take_char(&at, "Tt ") &&
	       take_digits(&at, 2, 0, 23, &tm.tm_hour) && take_char(&at, ":") &&
	       take_digits(&at, 2, 0, 59, &tm.tm_min) && take_char(&at, ":") &&
	       take_digits(&at, 2, 0, 60, &tm.tm_sec);
	if (good && take_char(&at, ".")) {
		good = isdigit((unsigned char)*at);
		for (; isdigit((unsigned char)*at); at++, unit /= 10)
			nsec += (uint32_t)(*at - '0') * unit;
	}
	if (!good || !take_zone(&at, &zone) || *at != '\0')
		return refuse("'%s' is not a time: 2024-05-31T12:00:00Z is", text);
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	*ret_sec = (int64_t)timegm(&tm) - zone;
	*ret_nsec = nsec;
	return 0;
}

int units_parse_moment(const char *text, int64_t now, int64_t *ret_sec)
{
	/* What completes a date, and a date with a time. */
	static const char *const endings[] = { "", "T00:00:00Z", "Z", ":00Z" };
	size_t digits = strspn(text, "0123456789");
	uint64_t usec;
	uint32_t nsec;

	if (digits > 0 && digits <= 18 &&
	    text[digits + strspn(text + digits, ".0123456789")] == '\0') {
		autofree char *whole = xstrndup(text, digits);

		return units_parse_i64(whole, 0, INT64_MAX, ret_sec);
	}
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		autofree char *full = xasprintf("%s%s", text, endings[i]);

		if (units_parse_time(full, ret_sec, &nsec) >= 0) {
			err_clear();
			return 0;
		}
	}
	if (units_parse_duration(text, &usec) < 0) {
		refuse("'%s' is not a time, and no duration", text);
		hint("2024-05-31T12:00:00Z, 2024-05-31, 1717156800 and 24h are");
		return -EINVAL;
	}
	*ret_sec = now - (int64_t)(usec / 1000000);
	err_clear();
	return 0;
}
