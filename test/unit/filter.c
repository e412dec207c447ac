/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is typed after --filter: of containers, events and volumes. */
#include <stdlib.h>

#include "base/err.h"
#include "chance.h"
#include "container/eventselect.h"
#include "container/select.h"
#include "container/volumeselect.h"

static const char *const tokens[] = {
	"id",      "name",       "label",      "label!",     "status",    "exited", "ancestor",
	"before",  "since",      "volume",     "network",    "publish",   "expose", "until",
	"command", "health",     "driver",     "type",       "container", "event",  "image",
	"all",     "dangling",   "opt",        "=",          "==",        "!=",     ",",
	":",       "-",          "/tcp",       "80",         "8000",      "65536",  "running",
	"exited",  "created",    "web",        "web.*",      "(",         "[a",     "a=b",
	"10m",     "1h30m",      "2026-01-31", "T10:00:00Z", "true",      "false",  "healthy",
	"no",      "on-failure", "^",          "$",          "\\",        "*",      "{",
};

static struct record a_record(void)
{
	struct record record = RECORD_INIT;

	snprintf(record.id, sizeof(record.id), "%064d", 7);
	record.name = xstrdup("web");
	record.image = xstrdup("docker.io/library/busybox:latest");
	record.status = RECORD_EXITED;
	strvec_push(&record.command, "sleep");
	strvec_push(&record.labels, "a=b");
	strvec_push(&record.ports, "0.0.0.0:8000->80/tcp");
	strvec_push(&record.mounts, "data");
	return record;
}

/* "KEY=VALUE" as often as not. */
static void some_filters(struct chance *chance, struct strvec *filters)
{
	AUTO(buf) text = BUF_INIT;

	for (size_t n = 1 + chance_below(chance, 3); n-- > 0;) {
		const char *key = tokens[chance_below(chance, 24)];

		chance_text(chance, tokens, sizeof(tokens) / sizeof(tokens[0]), &text);
		if (chance_below(chance, 2) == 0)
			strvec_pushf(filters, "%s=%s", key, text.data);
		else
			strvec_push(filters, text.data);
	}
}

static void check_refusal(int rc, const struct strvec *filters)
{
	if (rc < 0 && err_text()[0] == '\0')
		fail_msg("refused without a word: '%s'", filters->v[0]);
	err_clear();
}

static bool of_containers(const struct host *host, const struct strvec *filters)
{
	struct selection selection = { 0 };
	struct record record = a_record();
	int rc = select_parse(host, filters, &selection);

	if (rc >= 0)
		(void)select_matches(&selection, &record);
	check_refusal(rc, filters);
	selection_release(&selection);
	record_release(&record);
	return rc >= 0;
}

static bool of_events(const struct strvec *filters)
{
	const struct event event = { .type = "container",
				     .action = "died",
				     .id = "abc",
				     .name = "web",
				     .image = "busybox" };
	struct event_selection selection = { 0 };
	int rc = event_select_parse(filters, &selection);

	if (rc >= 0)
		(void)event_select_matches(&selection, &event);
	check_refusal(rc, filters);
	event_selection_release(&selection);
	return rc >= 0;
}

static bool of_volumes(const struct store *store, const struct strvec *filters)
{
	struct volume_selection selection = { 0 };
	struct volume volume = VOLUME_INIT;
	int rc = volumeselect_parse(store, filters, &selection);

	volume.name = xstrdup("data");
	if (rc >= 0)
		(void)volumeselect_matches(&selection, &volume, 1);
	check_refusal(rc, filters);
	volume_selection_release(&selection);
	volume_release(&volume);
	return rc >= 0;
}

/* Whatever somebody types chooses something, or is refused with a reason. */
static void by_chance(void **state)
{
	char none[] = "/nonexistent/berth";
	struct host host = { .root = none, .runroot = none };
	struct store store = STORE_INIT;
	struct chance chance = chance_begin(20000);
	unsigned long taken = 0;

	store.host = &host;
	store.path = none;
	for (unsigned long i = 0; i < chance.rounds; i++) {
		AUTO(strvec) filters = STRVEC_INIT;

		some_filters(&chance, &filters);
		taken += of_containers(&host, &filters) ? 1 : 0;
		taken += of_events(&filters) ? 1 : 0;
		taken += of_volumes(&store, &filters) ? 1 : 0;
	}
	assert_true(taken > chance.rounds / 100 && taken < 3 * chance.rounds);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(by_chance) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
