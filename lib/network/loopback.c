/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "network/network.h"

int network_loopback_up(void)
{
	/* In a new namespace it has no other flags that could get lost; the kernel gives it its
	 * addresses. */
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_LOOPBACK };
	autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fail("cannot make a socket to bring the interface lo up");
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return fail("cannot bring the interface lo up");
	return 0;
}
