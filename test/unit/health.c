/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/health.h"

#include <stdlib.h>

#include "base/err.h"
#include "container/healthrequest.h"
#include "unit.h"

#define SECOND UINT64_C(1000000)
#define S(text) ((char *)(text)) /* nobody writes to it */

static void fill(struct health_config *config)
{
	*config = (struct health_config)HEALTH_CONFIG_INIT;
	strvec_push(&config->regular.test, "CMD");
	strvec_push(&config->regular.test, "true");
	health_fill(config);
}

/* A story: "+" a check passes, "-" it fails, a digit: so many seconds go by. The states after each
 * check are put one after the other. */
static char *play(const struct health_config *config, const char *story)
{
	static const char letters[] = "?shu", verdicts[] = " !R";
	uint64_t now = 1000 * SECOND;
	struct health_state state;
	AUTO(buf) text = BUF_INIT;

	health_begin(config, now, &state);
	for (; *story != '\0'; story++) {
		enum health_verdict verdict;

		if (*story >= '0' && *story <= '9') {
			now += (uint64_t)(*story - '0') * SECOND;
			continue;
		}
		verdict = health_judge(config, now, *story == '+', &state);
		buf_add_char(&text, letters[state.status]);
		if (verdict != HEALTH_GO_ON)
			buf_add_char(&text, verdicts[verdict]);
	}
	return buf_steal(&text);
}

static void expect(const struct health_config *config, const char *story, const char *states)
{
	autofree char *got = play(config, story);

	assert_string_equal(got, states);
}

static void failures_in_a_row_count(void **state)
{
	struct health_config config;

	fill(&config);
	expect(&config, "+", "h");
	expect(&config, "--+", "ssh");
	expect(&config, "---", "ssu");
	/* One success is enough, and the next failures are counted from there. */
	expect(&config, "---+--+---", "ssuhhhhhhu");
	config.retries = 1;
	expect(&config, "-+-", "uhu");
	health_config_release(&config);
}

static void failures_of_the_start_do_not_count(void **state)
{
	struct health_config config;

	fill(&config);
	config.retries = 2;
	config.start_period = 5 * SECOND;
	expect(&config, "-----1-----3---", "sssssssssssss");
	expect(&config, "--4-1--", "ssssu");
	/* A success ends it, although the time is not over. */
	expect(&config, "--+--", "sshhu");
	health_config_release(&config);
}

static void actions_follow_from_failures(void **state)
{
	struct health_config config;

	fill(&config);
	config.on_failure = HEALTH_ACTION_KILL;
	expect(&config, "---", "ssu!");
	/* As long as it is so: what was to be done may not have worked. */
	expect(&config, "----+-", "ssu!u!hh");
	health_config_release(&config);
}

static void a_startup_check_comes_first(void **state)
{
	struct health_config config;
	struct health_state now;

	fill(&config);
	strvec_push(&config.startup.test, "CMD-SHELL");
	strvec_push(&config.startup.test, "false");
	config.retries = 1;
	expect(&config, "-----", "sssss");
	expect(&config, "--+-+", "sssuh");
	config.startup_success = 2;
	expect(&config, "+-++-", "ssssu");
	config.startup_retries = 2;
	expect(&config, "-+--", "ssssR");
	health_begin(&config, 0, &now);
	assert_ptr_equal(health_probe(&config, &now), &config.startup);
	health_judge(&config, 0, true, &now);
	health_judge(&config, 0, true, &now);
	assert_ptr_equal(health_probe(&config, &now), &config.regular);
	/* Nobody waits for the first one that tells. */
	assert_int_equal(health_pause(&config, &now, 0), 0);
	health_judge(&config, 0, true, &now);
	assert_int_equal(now.status, HEALTH_HEALTHY);
	assert_int_equal(health_pause(&config, &now, 0), 30 * SECOND);
	health_config_release(&config);
}

static void checks_come_in_time(void **state)
{
	struct health_config config;
	struct health_state now;

	fill(&config);
	health_begin(&config, 100 * SECOND, &now);
	assert_int_equal(health_pause(&config, &now, 100 * SECOND), 30 * SECOND);
	config.start_period = 10 * SECOND;
	config.start_interval = 1 * SECOND;
	assert_int_equal(health_pause(&config, &now, 109 * SECOND), SECOND);
	assert_int_equal(health_pause(&config, &now, 110 * SECOND), 30 * SECOND);
	health_judge(&config, 101 * SECOND, true, &now);
	assert_int_equal(health_pause(&config, &now, 102 * SECOND), 30 * SECOND);
	assert_true(health_is_timed(&config));
	config.regular.interval = HEALTH_NEVER;
	assert_int_equal(health_pause(&config, &now, 102 * SECOND), HEALTH_NEVER);
	assert_false(health_is_timed(&config));
	health_config_release(&config);
}

static void json_comes_back(void **state)
{
	struct health_config config, again;
	autojson cJSON *first = json_object(), *second = json_object();

	fill(&config);
	strvec_push(&config.startup.test, "CMD-SHELL");
	strvec_push(&config.startup.test, "a \"b\"");
	config.startup.interval = HEALTH_NEVER;
	config.startup_retries = 7;
	config.on_failure = HEALTH_ACTION_STOP;
	config.log_directory = xstrdup("/tmp");
	config.log_count = 0;
	health_print(&config, first);
	assert_int_equal(health_parse(first, &again), 0);
	health_print(&again, second);
	assert_true(cJSON_Compare(first, second, true));
	assert_int_equal(again.startup.interval, HEALTH_NEVER);
	assert_int_equal(again.startup_retries, 7);
	assert_int_equal(again.on_failure, HEALTH_ACTION_STOP);
	health_config_release(&config);
	health_config_release(&again);
}

/* What an image and options make together: the words of the test, and its interval in seconds. */
static void expect_made(const struct health_request *request, const char *image, const char *wanted)
{
	struct health_config config;
	AUTO(buf) text = BUF_INIT;

	err_clear();
	if (health_request_make(request, image, &config) < 0) {
		assert_null(wanted);
		return;
	}
	assert_non_null(wanted);
	for (size_t i = 0; i < config.regular.test.n; i++)
		buf_addf(&text, "%s|", config.regular.test.v[i]);
	if (health_is_on(&config))
		buf_addf(&text, "%d", (int)(config.regular.interval / SECOND));
	assert_string_equal(text.data, wanted);
	health_config_release(&config);
}

#define IMAGE "{\"Test\":[\"CMD\",\"ok\"],\"Interval\":7000000000,\"Retries\":2}"

static void options_change_the_image(void **state)
{
	struct health_request request = { 0 };

	expect_made(&request, NULL, "");
	expect_made(&request, IMAGE, "CMD|ok|7");
	expect_made(&request, "{\"Test\":[\"NONE\"]}", "");
	expect_made(&request, "{\"Test\":[]}", "");
	expect_made(&request, "{\"Test\":[\"CMD-SHELL\",\"a\"]}", "CMD-SHELL|a|30");
	expect_made(&request, "{\"Test\":[\"CMD-SHELL\"]}", NULL);
	expect_made(&request, "{\"Test\":[\"ls\"]}", NULL);
	expect_made(&request, "{\"Test\":\"ls\"}", NULL);
	request.interval = S("9s");
	expect_made(&request, IMAGE, "CMD|ok|9");
	expect_made(&request, NULL, NULL);
	request.interval = S("1us");
	expect_made(&request, IMAGE, NULL);
	request.interval = NULL;
	request.none = true;
	expect_made(&request, IMAGE, "");
	/* What nobody wants need not be right. */
	expect_made(&request, "{\"Test\":\"ls\"}", "");
	request.cmd = S("true");
	expect_made(&request, IMAGE, NULL);
}

static void commands_are_lines_or_arrays(void **state)
{
	static const char *const rows[][2] = {
		{ "curl -f x || exit 1", "CMD-SHELL|curl -f x || exit 1|30" },
		{ "[\"a\",\"b c\"]", "CMD|a|b c|30" },
		{ "[\"CMD\",\"a\"]", "CMD|a|30" },
		{ "[\"CMD-SHELL\",\"a b\"]", "CMD-SHELL|a b|30" },
		{ "[\"NONE\"]", "" },
		{ "none", "" },
		{ "CMD-SHELL a b", "CMD-SHELL|a b|30" },
		{ "CMD a b", "CMD|a|b|30" },
		{ "CMDX a", "CMD-SHELL|CMDX a|30" },
		{ "", NULL },
		{ "[]", NULL },
		{ "[\"CMD\"]", NULL },
		{ "[1]", NULL },
		{ "[\"a\"", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct health_request request = { .cmd = (char *)rows[i][0] };

		expect_made(&request, NULL, rows[i][1]);
	}
}

static void bad_values_are_refused(void **state)
{
	const struct health_request rows[] = {
		{ .cmd = S("x"), .retries = S("0") },
		{ .cmd = S("x"), .retries = S("many") },
		{ .cmd = S("x"), .timeout = S("disable") },
		{ .cmd = S("x"), .timeout = S("-1s") },
		{ .cmd = S("x"), .on_failure = S("panic") },
		{ .cmd = S("x"), .log_destination = S("relative") },
		{ .cmd = S("x"), .log_destination = S("/no/such/directory") },
		{ .cmd = S("x"), .log_destination = S("events_logger") },
		{ .cmd = S("x"), .max_log_size = S("1g") },
		{ .cmd = S("x"), .max_log_count = S("-1") },
		{ .cmd = S("x"), .startup_interval = S("1s") },
		{ .startup_cmd = S("x") },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		expect_made(&rows[i], NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failures_in_a_row_count),
		cmocka_unit_test(failures_of_the_start_do_not_count),
		cmocka_unit_test(actions_follow_from_failures),
		cmocka_unit_test(a_startup_check_comes_first),
		cmocka_unit_test(checks_come_in_time),
		cmocka_unit_test(json_comes_back),
		cmocka_unit_test(options_change_the_image),
		cmocka_unit_test(commands_are_lines_or_arrays),
		cmocka_unit_test(bad_values_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
