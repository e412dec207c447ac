/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/caps.h"

#include <linux/capability.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "spec/names.h"
#include "unit.h"

#define BIT(name) (UINT64_C(1) << CAP_##name)

/* Sets as /proc/self/status has them: Inh, Prm, Eff, Bnd, Amb. */
static void read_sets(uint64_t *sets)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, "Cap", 3) == 0)
			*sets++ = strtoull(line + 8, NULL, 16);
	if (file != NULL)
		fclose(file);
}

/* Everything in a child with all capabilities over a namespace of its own; 77 where it cannot have
 * one. */
static int in_child(int (*body)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (geteuid() != 0 && unshare(CLONE_NEWUSER) < 0)
			_exit(77);
		_exit(body());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int drop_and_apply(void)
{
	const uint64_t some = BIT(CHOWN) | BIT(SETPCAP) | BIT(KILL);
	const struct spec_caps caps = {
		.bounding = some, .permitted = some, .effective = BIT(CHOWN), .inheritable = 0
	};
	uint64_t sets[5] = { 0 };

	if (caps_drop_bounding(&caps) < 0 || caps_apply(&caps, 0) < 0)
		return 1;
	read_sets(sets);
	if (sets[0] != 0 || sets[1] != some || sets[2] != BIT(CHOWN) || sets[3] != some ||
	    sets[4] != 0)
		return 2;
	/* What is gone does not come back. */
	if (caps_apply(&(struct spec_caps){ .permitted = CAP_ALL_MASK }, 0) < 0)
		return 3;
	read_sets(sets);
	return sets[1] == some ? 0 : 4;
}

static int other_user(void)
{
	const struct spec_caps caps = { .bounding = BIT(CHOWN) | BIT(KILL),
					.permitted = BIT(CHOWN) | BIT(KILL),
					.effective = BIT(CHOWN) | BIT(KILL) };
	uint64_t sets[5] = { 0 };

	if (caps_drop_bounding(&caps) < 0 || caps_apply(&caps, 1000) < 0)
		return 1;
	read_sets(sets);
	return sets[1] == 0 && sets[2] == 0 && sets[3] == caps.bounding ? 0 : 2;
}

static int ambient(void)
{
	const struct spec_caps caps = { .bounding = BIT(CHOWN) | BIT(KILL),
					.permitted = BIT(CHOWN) | BIT(KILL),
					.effective = BIT(CHOWN) | BIT(KILL),
					.ambient = BIT(KILL) };
	uint64_t sets[5] = { 0 };

	if (caps_apply(&caps, 1000) < 0)
		return 1;
	read_sets(sets);
	return sets[0] == BIT(KILL) && sets[1] == BIT(KILL) && sets[2] == BIT(KILL) &&
			       sets[4] == BIT(KILL)
		       ? 0
		       : 2;
}

static int unavailable(void)
{
	const struct spec_caps caps = { .bounding = CAP_ALL_MASK & ~BIT(SYS_TIME) };

	if (caps_drop_bounding(&caps) < 0)
		return 1;
	if ((caps_available() & BIT(SYS_TIME)) != 0 || caps_check(BIT(CHOWN)) < 0)
		return 2;
	return caps_check(BIT(SYS_TIME)) < 0 && strstr(err_text(), "CAP_SYS_TIME") != NULL ? 0 : 3;
}

static void check(int (*body)(void))
{
	int rc = in_child(body);

	if (rc == 77)
		skip();
	assert_int_equal(rc, 0);
}

static void sets_are_what_was_given(void **state)
{
	check(drop_and_apply);
}

static void other_users_have_none(void **state)
{
	check(other_user);
}

static void ambient_ones_stay(void **state)
{
	check(ambient);
}

static void missing_ones_are_named(void **state)
{
	check(unavailable);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_are_what_was_given),
		cmocka_unit_test(other_users_have_none),
		cmocka_unit_test(ambient_ones_stay),
		cmocka_unit_test(missing_ones_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
