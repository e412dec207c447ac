/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_EXIT_H
#define BERTH_BASE_EXIT_H

/*
 * Exit statuses of berth. `run` passes on the payload's own status, and 128 + N where signal N
 * ended it; every other number that berth itself exits with stands here, and in berth(1), "EXIT
 * STATUS" (test/lint compares them).
 */
enum exit_status {
	EXIT_OK = 0,
	EXIT_NO_SUCH = 1, /* rm, rmi, inspect, exists: there is no such object; check: findings;
			     healthcheck run: it has failed */
	EXIT_IN_USE = 2,  /* rm, rmi: the object is in use */
	EXIT_BERTH = 125, /* berth failed, or refused what it was asked */
	EXIT_CANNOT_EXECUTE = 126, /* the payload's command exists and cannot be executed */
	EXIT_NOT_FOUND = 127,      /* the payload's command does not exist */
	EXIT_SIGNAL = 128,         /* added to the number of the signal that ended the payload */
};

#endif
