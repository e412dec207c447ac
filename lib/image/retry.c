/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/retry.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>

#include "base/err.h"

#define SECOND 1000000ULL
#define DELAY_MAX (60 * SECOND)

static void pause_for(uint64_t usec)
{
	struct timespec ts = { .tv_sec = (time_t)(usec / SECOND),
			       .tv_nsec = (long)(usec % SECOND) * 1000 };

	while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
		;
}

/* Up to a quarter more. */
static uint64_t with_noise(uint64_t usec)
{
	uint8_t noise = 0;

	(void)!getrandom(&noise, sizeof(noise), GRND_NONBLOCK);
	return usec + usec / 1024 * noise;
}

bool retry_wait(struct retry *retry, int rc, const struct http *http)
{
	uint64_t asked;

	if (retry->left == 0 || !http_is_transient(rc, rc < 0 ? 0 : http->status))
		return false;
	retry->left--;
	if (retry->delay == 0)
		retry->delay = SECOND;
	if (retry->delay > DELAY_MAX)
		retry->delay = DELAY_MAX;
	asked = rc < 0 ? 0 : http_retry_after(http);
	if (asked > DELAY_MAX)
		asked = DELAY_MAX;
	pause_for(asked > 0 ? asked : with_noise(retry->delay));
	retry->delay *= 2;
	err_clear();
	return true;
}
