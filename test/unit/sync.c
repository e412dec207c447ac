/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/sync.h"

#include <errno.h>
#include <unistd.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(peer_is_there),
		cmocka_unit_test(peer_has_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
