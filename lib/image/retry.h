/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_RETRY_H
#define BERTH_IMAGE_RETRY_H

#include "base/http.h"

/*
 * Patience with what fails for a moment: so many further tries, after a delay that doubles each
 * time, with some noise lest all clients come back at once, or as long as the server asks for, a
 * minute at the most.
 */
struct retry {
	unsigned int left;
	uint64_t delay; /* microseconds before the next one; 0: a second */
};

/* Is rc, or the status of the response, worth another try, and is one left? Then the time until it
 * has passed, and the recorded error is forgotten. */
bool retry_wait(struct retry *retry, int rc, const struct http *http);

#endif
