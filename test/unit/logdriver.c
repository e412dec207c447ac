/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/logdriver.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/err.h"
#include "unit.h"

#define TIME "2026-01-31T23:59:59.123456789Z"

static const enum log_kind kinds[] = { LOG_JSON, LOG_K8S };

/* What is written is what is read: the line ends where it ended. */
static void check_round(enum log_kind kind, const char *bytes, size_t len)
{
	struct log_entry entry = { .stream = LOG_STDERR, .time = TIME, .bytes = bytes, .len = len };
	AUTO(buf) line = BUF_INIT;
	AUTO(buf) back = BUF_INIT;
	struct log_entry read;

	entry.ends = len > 0 && bytes[len - 1] == '\n';
	log_format(kind, &entry, NULL, &line);
	assert_true(line.len > 0 && line.data[line.len - 1] == '\n');
	assert_ptr_equal(memchr(line.data, '\n', line.len), line.data + line.len - 1);
	assert_true(log_scan(kind, line.data, line.len - 1, &read, &back, NULL));
	assert_int_equal(back.len, len);
	assert_memory_equal(back.data, bytes, len);
	assert_int_equal(read.ends, entry.ends);
	assert_int_equal(read.stream, LOG_STDERR);
	assert_string_equal(read.time, TIME);
	/* Cut anywhere, it is none, and nothing of it is taken. */
	buf_clear(&back);
	for (size_t cut = 0; kind == LOG_JSON && cut + 1 < line.len; cut += 1 + cut / 8) {
		assert_false(log_scan(kind, line.data, cut, &read, &back, NULL));
		assert_int_equal(back.len, 0);
	}
}

static void test_round(void **state)
{
	static const char *const texts[] = {
		"\n",
		"text\n",
		"part",
		"\"\\\b\f\r\t\x1b[0m\x7f\n",
		"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xe2\x80\xa8\n",
		"\xff\n",
		"\xc3",
		"\xed\xa0\x80\n",
		"\",\"stream\":\"stdout\",\"time\":\"x\"}\n",
		"\\n",
	};

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
			check_round(kinds[k], texts[i], strlen(texts[i]));
	check_round(LOG_JSON, "a\0b\n", 4);
	check_round(LOG_K8S, "a\0b\n", 4);
}

static void test_random(void **state)
{
	char bytes[200];

	srandom(1);
	for (int round = 0; round < 4000; round++) {
		size_t len = 1 + (size_t)random() % sizeof(bytes);

		for (size_t i = 0; i < len; i++) {
			bytes[i] = (char)(random() % (round % 2 == 0 ? 256 : 128));
			if (bytes[i] == '\n')
				bytes[i] = ' ';
		}
		if (round % 3 == 0)
			bytes[len - 1] = '\n';
		check_round(kinds[round % 2], bytes, len);
	}
}

/* As docker writes it, and what only looks like it. */
static void test_others(void **state)
{
	static const char good[] =
		"{\"log\":\"\\u003cb\\u00e9\\u20ac\\/\\n\",\"stream\":\"stdout\","
		"\"attrs\":{\"a\":\"}\",\"b\":\"\\\"\"},\"time\":\"" TIME "\"}";
	static const char *const bad[] = {
		"",
		"{}",
		"{\"log\":\"x\",\"stream\":\"stdin\",\"time\":\"" TIME "\"}",
		"{\"log\":\"\\x\",\"stream\":\"stdout\",\"time\":\"" TIME "\"}",
		"{\"log\":\"\\u00g0\",\"stream\":\"stdout\",\"time\":\"" TIME "\"}",
		"{\"log\":\"x\",\"stream\":\"stdout\",\"bytes\":\"*\",\"time\":\"" TIME "\"}",
		"{\"log\":\"x\",\"stream\":\"stdout\",\"time\":\"" TIME "\"}x",
		"{\"log\":\"x\",\"stream\":\"stdout\",\"attrs\":{,\"time\":\"" TIME "\"}",
	};
	AUTO(buf) out = BUF_INIT;
	AUTO(buf) attrs = BUF_INIT;
	struct log_entry entry;

	assert_true(log_scan(LOG_JSON, good, strlen(good), &entry, &out, &attrs));
	assert_string_equal(out.data, "<b\xc3\xa9\xe2\x82\xac/\n");
	assert_string_equal(attrs.data, "{\"a\":\"}\",\"b\":\"\\\"\"}");
	buf_clear(&out);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_false(log_scan(LOG_JSON, bad[i], strlen(bad[i]), &entry, &out, NULL));
		assert_int_equal(out.len, 0);
	}
	assert_false(log_scan(LOG_K8S, TIME " stdin F x", strlen(TIME) + 10, &entry, &out, NULL));
	assert_false(log_scan(LOG_K8S, TIME " stdout X x", strlen(TIME) + 11, &entry, &out, NULL));
}

static void test_base64(void **state)
{
	static const char *const bad[] = { "A", "AA", "AAA", "A===", "AA=A", "AAAA=", "AA==AAAA" };
	AUTO(buf) text = BUF_INIT;
	AUTO(buf) back = BUF_INIT;

	for (size_t len = 0; len < 70; len++) {
		char bytes[70];

		for (size_t i = 0; i < len; i++)
			bytes[i] = (char)(i * 37 + len);
		buf_clear(&text);
		buf_clear(&back);
		base64_encode(bytes, len, &text);
		assert_int_equal(base64_decode(text.data, text.len, &back), 0);
		assert_int_equal(back.len, len);
		assert_memory_equal(back.data, bytes, len);
	}
	buf_clear(&back);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_true(base64_decode(bad[i], strlen(bad[i]), &back) < 0);
		assert_int_equal(back.len, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
