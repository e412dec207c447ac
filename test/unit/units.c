/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/units.h"

#include "base/err.h"
#include "unit.h"

static void sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes; /* UINT64_MAX: refused */
	} rows[] = {
		{ "0", 0 },
		{ "100", 100 },
		{ "100b", 100 },
		{ "100B", 100 },
		{ "64k", 65536 },
		{ "64KiB", 65536 },
		{ "64kb", 65536 },
		{ "512m", 512ULL << 20 },
		{ "1.5g", 3ULL << 29 },
		{ "0.5k", 512 },
		{ "16p", 16ULL << 50 },
		{ "16383p", 16383ULL << 50 },
		{ "16384p", UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX },
		{ "", UINT64_MAX },
		{ "-1", UINT64_MAX },
		{ "+1", UINT64_MAX },
		{ " 1", UINT64_MAX },
		{ "1 ", UINT64_MAX },
		{ "1x", UINT64_MAX },
		{ "1.g", UINT64_MAX },
		{ ".5g", UINT64_MAX },
		{ "1ki", UINT64_MAX },
		{ "1bb", UINT64_MAX },
		{ "0x10", UINT64_MAX },
		{ "1e3", UINT64_MAX },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t bytes = 4711;
		int rc = units_parse_size(rows[i].text, &bytes);

		if (rows[i].bytes == UINT64_MAX) {
			assert_int_equal(rc, -EINVAL);
			assert_int_equal(bytes, 4711);
		} else {
			assert_int_equal(rc, 0);
			assert_int_equal(bytes, rows[i].bytes);
		}
	}
}

static void durations(void **state)
{
	static const struct {
		const char *text;
		uint64_t usec; /* UINT64_MAX: refused */
	} rows[] = {
		{ "0", 0 },
		{ "90", 90000000 },
		{ "500ms", 500000 },
		{ "1.5s", 1500000 },
		{ "1h30m", 5400000000 },
		{ "1m30.5s", 90500000 },
		{ "10us", 10 },
		{ "10\xc2\xb5s", 10 },
		{ "1500ns", 1 },
		{ "", UINT64_MAX },
		{ "-5", UINT64_MAX },
		{ "5d", UINT64_MAX },
		{ "5s5", UINT64_MAX },
		{ "s", UINT64_MAX },
		{ "1..5s", UINT64_MAX },
		{ "99999999999999999999s", UINT64_MAX },
		{ "9999999999999h", UINT64_MAX },
		{ "18446744073709551615", UINT64_MAX },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t usec = 4711;
		int rc = units_parse_duration(rows[i].text, &usec);

		assert_int_equal(rc, rows[i].usec == UINT64_MAX ? -EINVAL : 0);
		if (rc == 0)
			assert_int_equal(usec, rows[i].usec);
	}
}

static void integers(void **state)
{
	uint64_t u = 0;
	int64_t i = 0;

	assert_int_equal(units_parse_u64("18446744073709551615", UINT64_MAX, &u), 0);
	assert_true(u == UINT64_MAX);
	assert_int_equal(units_parse_u64("18446744073709551616", UINT64_MAX, &u), -EINVAL);
	assert_int_equal(units_parse_u64("4294967295", 4294967294, &u), -EINVAL);
	assert_int_equal(units_parse_u64("4294967294", 4294967294, &u), 0);
	assert_int_equal(units_parse_u64("1\n", 10, &u), -EINVAL);
	assert_int_equal(units_parse_u64("", 10, &u), -EINVAL);
	assert_int_equal(units_parse_i64("-1000", -1000, 1000, &i), 0);
	assert_int_equal(i, -1000);
	assert_int_equal(units_parse_i64("-1001", -1000, 1000, &i), -EINVAL);
	assert_int_equal(units_parse_i64("9223372036854775807", INT64_MIN, INT64_MAX, &i), 0);
	assert_true(i == INT64_MAX);
	assert_int_equal(units_parse_i64("9223372036854775808", INT64_MIN, INT64_MAX, &i), -EINVAL);
	assert_int_equal(units_parse_i64("--1", -5, 5, &i), -EINVAL);
	assert_int_equal(units_parse_i64("-", -5, 5, &i), -EINVAL);
}

static void modes(void **state)
{
	uint32_t mode = 0;

	assert_int_equal(units_parse_mode("0755", &mode), 0);
	assert_int_equal(mode, 0755);
	assert_int_equal(units_parse_mode("07777", &mode), 0);
	assert_int_equal(units_parse_mode("10000", &mode), -EINVAL);
	assert_int_equal(units_parse_mode("8", &mode), -EINVAL);
	assert_int_equal(units_parse_mode("", &mode), -EINVAL);
	assert_int_equal(units_parse_mode("000755", &mode), -EINVAL);
}

static void signals(void **state)
{
	static const struct {
		const char *text;
		int number; /* 0: refused */
	} rows[] = {
		{ "TERM", 15 },     { "SIGTERM", 15 },   { "sigterm", 15 },    { "15", 15 },
		{ "9", 9 },         { "RTMIN", 34 },     { "SIGRTMIN+3", 37 }, { "rtmax-1", 63 },
		{ "SIGRTMAX", 64 }, { "RTMIN+30", 64 },  { "RTMIN+31", 0 },    { "RTMAX-31", 0 },
		{ "0", 0 },         { "65", 0 },         { "-9", 0 },          { "SIG", 0 },
		{ "", 0 },          { "SIGSIGTERM", 0 }, { "RTMIN-1", 0 },     { "TERMX", 0 },
		{ "IOT", 6 },       { "15 ", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int number = 0;
		int rc = units_parse_signal(rows[i].text, &number);

		assert_int_equal(rc, rows[i].number != 0 ? 0 : -EINVAL);
		assert_int_equal(number, rows[i].number);
	}
	/* What is printed is read again. */
	for (int i = 1; i <= 64; i++) {
		const char *name = units_signal_name(i);
		int number = 0;

		if (name == NULL) {
			assert_true(i == 32 || i == 33);
			continue;
		}
		assert_int_equal(units_parse_signal(name, &number), 0);
		assert_int_equal(number, i);
	}
	assert_null(units_signal_name(0));
	assert_null(units_signal_name(65));
}

static void printed_sizes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{ 0, "0B" },           { 999, "999B" },          { 1000, "1kB" },
		{ 4870000, "4.87MB" }, { 123456789, "123.5MB" }, { 1500000000, "1.5GB" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(buf) out = BUF_INIT;

		units_print_size(&out, rows[i].bytes);
		assert_string_equal(out.data, rows[i].text);
	}
}

static void printed_binary_sizes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{ 0, "0B" },
		{ 1023, "1023B" },
		{ 1536, "1.5KiB" },
		{ 4869590, "4.644MiB" },
		{ 1ULL << 30, "1GiB" },
		{ UINT64_MAX, "16EiB" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(buf) out = BUF_INIT;

		units_print_binary(&out, rows[i].bytes);
		assert_string_equal(out.data, rows[i].text);
	}
}

static void ages(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} rows[] = {
		{ 0, "Less than a second" }, { 1, "1 second" },         { 59, "59 seconds" },
		{ 60, "About a minute" },    { 120, "2 minutes" },      { 3599, "59 minutes" },
		{ 3600, "About an hour" },   { 3 * 3600, "3 hours" },   { 47 * 3600, "47 hours" },
		{ 48 * 3600, "2 days" },     { 14 * 86400, "2 weeks" }, { 60 * 86400, "2 months" },
		{ 730 * 86400, "2 years" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(buf) out = BUF_INIT;

		units_print_age(&out, rows[i].seconds);
		assert_string_equal(out.data, rows[i].text);
	}
}

static void times(void **state)
{
	static const char *const bad[] = {
		"",
		"2024-05-31",
		"2024-05-31T12:00:00",
		"2024-13-31T12:00:00Z",
		"2024-05-31T25:00:00Z",
		"2024-05-31T12:00:00.Z",
		"2024-05-31T12:00:00Zx",
		"2024-05-31T12:00:00+0200",
		"-024-05-31T12:00:00Z",
	};
	AUTO(buf) out = BUF_INIT;
	uint32_t nsec = 0;
	int64_t sec = 0;

	assert_int_equal(units_parse_time("2024-05-31T14:00:00.25+02:00", &sec, &nsec), 0);
	assert_int_equal(sec, 1717156800);
	assert_int_equal(nsec, 250000000);
	units_print_time(&out, sec, nsec);
	assert_string_equal(out.data, "2024-05-31T12:00:00.250000000Z");
	/* Go's zero time, which is older than any file. */
	assert_int_equal(units_parse_time("0001-01-01T00:00:00Z", &sec, &nsec), 0);
	assert_true(sec == -62135596800);
	/* More digits than nanoseconds have. */
	assert_int_equal(units_parse_time("1970-01-01T00:00:00.1234567891111Z", &sec, &nsec), 0);
	assert_int_equal(nsec, 123456789);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(units_parse_time(bad[i], &sec, &nsec), -EINVAL);
}

static void moments(void **state)
{
	static const struct {
		const char *text;
		int64_t sec;
	} good[] = {
		{ "0", 0 },
		{ "1717156800", 1717156800 },
		{ "1717156800.999", 1717156800 },
		{ "2024-05-31T12:00:00Z", 1717156800 },
		{ "2024-05-31T14:00:00+02:00", 1717156800 },
		{ "2024-05-31T12:00:00", 1717156800 },
		{ "2024-05-31T12:00", 1717156800 },
		{ "2024-05-31", 1717113600 },
		{ "24h", 1000000 - 86400 },
		{ "1h30m", 1000000 - 5400 },
		{ "1500ms", 1000000 - 1 },
	};
	static const char *const bad[] = {
		"",     "yesterday",   "-5",     "2024-05-32",
		"24 h", "2024-05-31T", "1.2.3x", "99999999999999999999"
	};
	int64_t sec;

	err_clear();
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(units_parse_moment(good[i].text, 1000000, &sec), 0);
		assert_int_equal(sec, good[i].sec);
		assert_string_equal(err_text(), "");
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_true(units_parse_moment(bad[i], 1000000, &sec) < 0);
		err_clear();
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(durations),
		cmocka_unit_test(integers),
		cmocka_unit_test(modes),
		cmocka_unit_test(signals),
		cmocka_unit_test(printed_sizes),
		cmocka_unit_test(printed_binary_sizes),
		cmocka_unit_test(ages),
		cmocka_unit_test(moments),
		cmocka_unit_test(times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
