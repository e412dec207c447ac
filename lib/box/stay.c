/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/stay.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/memory.h"
#include "box/become.h"
#include "box/sync.h"

/* However long the way to the directory is: sun_path has 108 bytes. */
static int make_address(int dirfd, const char *name, struct sockaddr_un *ret_address)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int len = snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", dirfd,
			   name);

	if (len < 0 || (size_t)len >= sizeof(address.sun_path))
		return refuse("the name '%s' of a socket is too long", name);
	*ret_address = address;
	return 0;
}

int stay_listen(int dirfd, const char *name)
{
	autoclose int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;

	TRY(make_address(dirfd, name, &address));
	if (sock < 0 || bind(sock, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(sock, 4) < 0)
		return fail("cannot make the socket by which the container is started");
	return steal_fd(&sock);
}

int stay_leave(int sync, int listener)
{
	TRY(sync_send(sync, SYNC_STAY, &listener, 1));
	return sync_wait(sync, SYNC_STAY, NULL, 0);
}

/* The next one that says GO. */
static int accept_go(int listener)
{
	for (;;) {
		autoclose int sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		int rc;

		if (sock < 0 && errno != EINTR && errno != ECONNABORTED)
			return fail("cannot wait for the start of the container");
		rc = sock >= 0 ? sync_wait(sock, SYNC_GO, NULL, 0) : -ECONNRESET;
		/* Who has gone by now has started it all the same. */
		if (rc == 0) {
			(void)sync_send(sock, SYNC_GO, NULL, 0);
			err_clear();
			return steal_fd(&sock);
		}
		err_clear();
	}
}

int stay_wait(int *sync, int listener)
{
	int sock;

	TRY(become_free());
	/* What befalls the creator's session is not for this process. */
	if (setsid() < 0)
		return fail("cannot start a session");
	TRY(sync_send(*sync, SYNC_STAY, NULL, 0));
	close(steal_fd(sync));
	memory_shed();
	sock = accept_go(listener);
	close(listener);
	TRY(sock);
	*sync = sock;
	return 0;
}

int stay_call(int dirfd, const char *name)
{
	autoclose int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;

	TRY(make_address(dirfd, name, &address));
	if (sock < 0)
		return fail("cannot make a socket");
	if (connect(sock, (struct sockaddr *)&address, sizeof(address)) == 0)
		return steal_fd(&sock);
	if (errno == ECONNREFUSED || errno == ENOENT)
		return -ECONNREFUSED;
	return fail("cannot reach the container's first process");
}
