/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/sync.h"

#include <errno.h>
#include <unistd.h>

#include "base/err.h"
#include "unit.h"

static void peer_is_there(void **state)
{
	int pair[2];

	assert_int_equal(sync_pair(pair), 0);
	assert_int_equal(sync_peer(pair[0]), 0);
	assert_int_equal(sync_send(pair[1], SYNC_GO, NULL, 0), 0);
	assert_int_equal(sync_peer(pair[0]), 0);
	assert_int_equal(sync_wait(pair[0], SYNC_GO, NULL, 0), 0);
	close(pair[1]);
	assert_int_equal(sync_peer(pair[0]), -ECONNRESET);
	close(pair[0]);
}

/* The kernel then says so with an error, once, and not with an end of file. */
static void peer_has_not_read(void **state)
{
	int pair[2];

	assert_int_equal(sync_pair(pair), 0);
	assert_int_equal(sync_send(pair[0], SYNC_CREATED, NULL, 0), 0);
	close(pair[1]);
	assert_int_equal(sync_peer(pair[0]), -ECONNRESET);
	close(pair[0]);
}

/* Its last word is not lost for that. */
static void peer_said_why(void **state)
{
	int pair[2];

	assert_int_equal(sync_pair(pair), 0);
	assert_int_equal(sync_send(pair[0], SYNC_ENTER, NULL, 0), 0);
	assert_int_equal(refuse("it is so"), -EINVAL);
	assert_int_equal(err_send(pair[1], -EPERM, STAGE_SETUP), 0);
	err_clear();
	close(pair[1]);
	assert_int_equal(sync_wait(pair[0], SYNC_CREATED, NULL, 0), -EPERM);
	assert_string_equal(err_text(), "it is so");
	assert_int_equal(sync_wait(pair[0], SYNC_CREATED, NULL, 0), -ECONNRESET);
	close(pair[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(peer_is_there),
		cmocka_unit_test(peer_has_not_read),
		cmocka_unit_test(peer_said_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
