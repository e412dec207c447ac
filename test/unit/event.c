/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/event.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "container/eventreader.h"
#include "container/eventselect.h"
#include "unit.h"

static char dir[] = "/tmp/berth-unit-event.XXXXXX";
static struct host host;

static int set_up(void **state)
{
	if (mkdtemp(dir) == NULL)
		return -1;
	host.runroot = xasprintf("%s/run", dir);
	return 0;
}

static int tear_down(void **state)
{
	free(host.runroot);
	return fs_remove_tree(AT_FDCWD, dir);
}

static int begin(void **state)
{
	return fs_remove_tree(AT_FDCWD, host.runroot);
}

static char *log_path(void)
{
	return xasprintf("%s/events/log", host.runroot);
}

/* The number that add() has given it. */
static long next(struct eventreader *reader)
{
	const struct event *event;
	int rc = eventreader_next(reader, &event);

	assert_true(rc >= 0);
	return rc == 0 ? -1 : strtol(event->name, NULL, 10);
}

static void add(long number, const struct strvec *attributes)
{
	autofree char *name = xasprintf("%ld", number);

	event_add(&host, "volume", "create", "id", name, attributes);
}

static void all_fields(void **state)
{
	AUTO(eventreader) reader = EVENTREADER_INIT;
	AUTO(strvec) attributes = STRVEC_INIT;
	const struct event *event;

	strvec_push(&attributes, "a=\"quoted\"\n{\"time\":1}");
	strvec_push(&attributes, "a=again");
	fail_with(EIO, "what went wrong before");
	event_add(&host, "volume", "create", "the id", "a \xff name", &attributes);
	assert_string_equal(err_text(), "what went wrong before: Input/output error");
	err_clear();
	assert_int_equal(eventreader_open(&host, true, &reader), 0);
	assert_int_equal(eventreader_next(&reader, &event), 1);
	assert_string_equal(event->type, "volume");
	assert_string_equal(event->action, "create");
	assert_string_equal(event->id, "the id");
	assert_string_equal(event->name, "a \xef\xbf\xbd name");
	assert_null(event->image);
	assert_true(event->time > INT64_C(1700000000) * 1000000000);
	assert_int_equal(event->attributes->n, 2);
	assert_string_equal(event->attributes->v[0], attributes.v[0]);
	assert_int_equal(event->labels->n, 0);
	assert_int_equal(eventreader_next(&reader, &event), 0);
}

/* Labels may be larger than a line may be. */
static void large_labels(void **state)
{
	AUTO(eventreader) reader = EVENTREADER_INIT;
	AUTO(record) record = RECORD_INIT;
	autofree char *value = xcalloc(1, MAX_EVENT + 1);
	const struct event *event;

	memset(value, 'x', MAX_EVENT);
	record.name = xstrdup("large");
	strvec_pushf(&record.labels, "l=%s", value);
	event_add_container(&host, &record, "start", "k=v");
	event_add(&host, "image", "pull", value, value, NULL);
	add(7, NULL);
	assert_int_equal(eventreader_open(&host, true, &reader), 0);
	assert_int_equal(eventreader_next(&reader, &event), 1);
	assert_string_equal(event->name, "large");
	assert_int_equal(event->labels->n, 0);
	assert_string_equal(env_get(event->attributes, "k"), "v");
	/* What does not fit at all is not there, and disturbs nobody. */
	assert_int_equal(next(&reader), 7);
	assert_int_equal(next(&reader), -1);
}

/* Through rotation, and what somebody appends to a file that was renamed in the meantime. */
static void follow_rotation(void **state)
{
	AUTO(eventreader) reader = EVENTREADER_INIT;
	AUTO(strvec) attributes = STRVEC_INIT;
	autofree char *value = xcalloc(1, MAX_EVENT / 2 + 1);
	autofree char *path = log_path(), *old = xasprintf("%s.1", path);
	autoclose int late = -1;
	struct stat before, st;
	long number = 0;

	memset(value, 'x', MAX_EVENT / 2);
	strvec_pushf(&attributes, "a=%s", value);
	add(-5, NULL);
	assert_int_equal(eventreader_open(&host, false, &reader), 0);
	assert_int_equal(next(&reader), -1);
	late = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(fstat(late, &before), 0);
	do {
		add(number, &attributes);
		if (number % 2 == 0)
			continue;
		assert_int_equal(next(&reader), number - 1);
		assert_int_equal(next(&reader), number);
	} while (++number < 2000 && (stat(path, &st) < 0 || st.st_ino == before.st_ino));
	assert_true(number < 2000);
	assert_int_equal(stat(old, &st), 0);
	assert_int_equal(st.st_ino, before.st_ino);
	assert_true(st.st_size <= (off_t)(MAX_EVENTS + 2 * MAX_EVENT));
	if (number % 2 == 1)
		assert_int_equal(next(&reader), number - 1);
	assert_int_equal(next(&reader), -1);
	add(number, NULL);
	assert_int_equal(next(&reader), number);
	assert_true(dprintf(late, "{\"time\":1,\"type\":\"volume\",\"action\":\"x\","
				  "\"name\":\"123456\"}\n") > 0);
	assert_int_equal(next(&reader), 123456);
	assert_int_equal(next(&reader), -1);
	/* Two files are all that there ever is. */
	for (long i = 0; i < 1200; i++)
		add(number + i, &attributes);
	assert_int_equal(stat(old, &st), 0);
	assert_true(st.st_size <= (off_t)(MAX_EVENTS + 2 * MAX_EVENT));
	free(steal(old));
	old = xasprintf("%s.2", path);
	assert_int_equal(stat(old, &st), -1);
}

/* A disk was full: half a line, and another one behind it. */
static void broken_lines(void **state)
{
	AUTO(eventreader) reader = EVENTREADER_INIT;
	autofree char *path = log_path();
	autoclose int fd = -1;

	add(1, NULL);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_true(dprintf(fd, "{\"time\":123,\"type\":\"vol") > 0);
	add(2, NULL);
	assert_true(dprintf(fd, "\n\nnonsense\n{\"time\":\"x\"}\n{\"time\":1}\n[]\n") > 0);
	add(3, NULL);
	assert_int_equal(eventreader_open(&host, true, &reader), 0);
	assert_int_equal(next(&reader), 1);
	assert_int_equal(next(&reader), 2);
	assert_int_equal(next(&reader), 3);
	assert_int_equal(next(&reader), -1);
	/* The rest of a line comes later. */
	assert_true(dprintf(fd, "{\"time\":1,\"type\":\"volume\",") > 0);
	assert_int_equal(next(&reader), -1);
	assert_true(dprintf(fd, "\"action\":\"x\",\"name\":\"4\"}\n") > 0);
	assert_int_equal(next(&reader), 4);
	assert_string_equal(err_text(), "");
}

/* Many at once: every line is whole, and none is missing. */
static void many_writers(void **state)
{
	enum { WRITERS = 4, EACH = 300 };
	AUTO(eventreader) reader = EVENTREADER_INIT;
	long last[WRITERS] = { 0 }, seen = 0, number;

	assert_int_equal(eventreader_open(&host, false, &reader), 0);
	for (long i = 0; i < WRITERS; i++)
		if (fork() == 0) {
			for (long j = 1; j <= EACH; j++)
				add(i * 1000 + j, NULL);
			_exit(0);
		}
	while (seen < WRITERS * EACH) {
		number = next(&reader);
		if (number < 0) {
			assert_int_equal(eventreader_wait(&reader, 1000), 0);
			continue;
		}
		assert_int_equal(number % 1000, ++last[number / 1000]);
		seen++;
	}
	for (int i = 0; i < WRITERS; i++)
		wait(NULL);
	assert_int_equal(next(&reader), -1);
}

/* Nobody fails for want of a place to write to. */
static void nowhere(void **state)
{
	AUTO(eventreader) reader = EVENTREADER_INIT;
	const struct event *event;
	autoclose int fd = open(host.runroot, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	add(1, NULL);
	assert_string_equal(err_text(), "");
	assert_int_equal(eventreader_open(&host, true, &reader), 0);
	assert_int_equal(eventreader_next(&reader, &event), 0);
	assert_string_equal(err_text(), "");
	unlink(host.runroot);
}

static bool matches(const char *filters, const struct event *event)
{
	AUTO(event_selection) selection = { 0 };
	AUTO(strvec) list = STRVEC_INIT;

	strvec_split(&list, filters, ' ');
	assert_int_equal(event_select_parse(&list, &selection), 0);
	return event_select_matches(&selection, event);
}

static void filters(void **state)
{
	AUTO(event_selection) selection = { 0 };
	AUTO(strvec) none = STRVEC_INIT, labels = STRVEC_INIT, bad = STRVEC_INIT;
	const struct event start = {
		.type = "container",
		.action = "start",
		.id = "cafe0123",
		.name = "web",
		.image = "docker.io/library/busybox:latest",
		.attributes = &none,
		.labels = &labels,
	};
	const struct event died = { .type = "container",
				    .action = "died",
				    .id = "beef",
				    .name = "cafe",
				    .attributes = &none,
				    .labels = &none };
	const struct event pull = { .type = "image",
				    .action = "pull",
				    .id = "sha256:0123456789",
				    .name = "quay.io/a/b:1",
				    .attributes = &none,
				    .labels = &none };

	strvec_push(&labels, "k=v=w");
	assert_true(matches("container=web", &start));
	assert_true(matches("container=cafe", &start));
	assert_false(matches("container=caf", &start));
	assert_true(matches("container=cafe", &died));
	assert_true(matches("event=died event=start", &start));
	assert_true(matches("event=die", &died));
	assert_false(matches("event=die", &start));
	assert_false(matches("event=start type=image", &start));
	assert_true(matches("image=busybox", &start));
	assert_true(matches("image=docker.io/library/busybox", &start));
	assert_false(matches("image=box", &start));
	assert_true(matches("image=a/b:1", &pull));
	assert_true(matches("image=01234567", &pull));
	assert_false(matches("image=busybox", &died));
	assert_true(matches("label=k label=z", &start));
	assert_true(matches("label=k=v=w", &start));
	assert_false(matches("label=k=v", &start));
	assert_false(matches("label=z", &start));
	assert_true(matches("name=quay.io/a/b:1", &pull));
	assert_false(matches("volume=web", &start));
	strvec_push(&bad, "pod=x");
	assert_int_equal(event_select_parse(&bad, &selection), -EINVAL);
	err_clear();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_fields, begin),
		cmocka_unit_test_setup(large_labels, begin),
		cmocka_unit_test_setup(follow_rotation, begin),
		cmocka_unit_test_setup(broken_lines, begin),
		cmocka_unit_test_setup(many_writers, begin),
		cmocka_unit_test_setup(nowhere, begin),
		cmocka_unit_test(filters),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
