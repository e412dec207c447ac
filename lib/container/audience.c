/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/audience.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"

#define BACKLOG 8
#define BUFFER (1 << 20) /* bytes a member may be behind, where the kernel lets us */

int audience_open(int dirfd, struct audience *ret_audience)
{
	autoclose int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (sock < 0)
		return fail("cannot make the socket to attach to");
	unlinkat(dirfd, ATTACH_SOCKET, 0); /* of a monitor that was killed */
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" ATTACH_SOCKET,
		 dirfd);
	if (bind(sock, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(sock, BACKLOG) < 0)
		return fail("cannot make the socket to attach to");
	ret_audience->dirfd = dirfd;
	ret_audience->listener = steal_fd(&sock);
	for (int i = 0; i < AUDIENCE_MAX; i++)
		ret_audience->members[i].fd = -1;
	return 0;
}

static void drop(struct audience *audience, int i)
{
	close(audience->members[i].fd);
	audience->members[i].fd = -1;
	audience->members[i].missed = 0;
}

/* Whether it was taken. */
static bool send_to(int fd, enum attach_letter letter, const void *bytes, size_t len)
{
	char name = (char)letter;
	struct iovec parts[] = { { &name, 1 }, { (void *)(uintptr_t)bytes, len } };
	struct msghdr msg = { .msg_iov = parts, .msg_iovlen = 2 };

	return sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

void audience_send(struct audience *audience, enum attach_letter letter, const char *bytes,
		   size_t len)
{
	for (int i = 0; audience->listener >= 0 && i < AUDIENCE_MAX; i++) {
		uint64_t *missed = &audience->members[i].missed;
		int fd = audience->members[i].fd;

		if (fd < 0)
			continue;
		if (*missed > 0 && send_to(fd, ATTACH_MISSED, missed, sizeof(*missed)))
			*missed = 0;
		if (*missed > 0 || !send_to(fd, letter, bytes, len))
			*missed += len;
	}
}

void audience_dismiss(struct audience *audience, int status)
{
	int32_t value = status;

	audience_send(audience, ATTACH_EXIT, (const char *)&value, sizeof(value));
	for (int i = 0; audience->listener >= 0 && i < AUDIENCE_MAX; i++)
		if (audience->members[i].fd >= 0)
			drop(audience, i);
}

void audience_poll(const struct audience *audience, bool hearing,
		   struct pollfd polls[AUDIENCE_POLLS])
{
	const bool open = audience->listener >= 0;

	for (int i = 0; i < AUDIENCE_MAX; i++)
		polls[i] = (struct pollfd){ .fd = open ? audience->members[i].fd : -1,
					    .events = hearing ? POLLIN : 0 };
	polls[AUDIENCE_MAX] = (struct pollfd){ .fd = audience->listener, .events = POLLIN };
}

static void admit(struct audience *audience)
{
	int fd = accept4(audience->listener, NULL, NULL, SOCK_CLOEXEC);
	const int size = BUFFER;

	if (fd < 0)
		return;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	for (int i = 0; i < AUDIENCE_MAX; i++)
		if (audience->members[i].fd < 0) {
			audience->members[i].fd = fd;
			return;
		}
	close(fd);
}

static void hear(struct audience *audience, int i, const struct audience_ears *ears)
{
	char packet[1 + ATTACH_BYTES_MAX];
	ssize_t n = recv(audience->members[i].fd, packet, sizeof(packet), MSG_DONTWAIT);
	struct winsize size;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(audience, i);
	} else if (packet[0] == ATTACH_INPUT) {
		ears->input(ears->arg, packet + 1, (size_t)n - 1);
	} else if (packet[0] == ATTACH_SIZE && (size_t)n == 1 + sizeof(size)) {
		memcpy(&size, packet + 1, sizeof(size));
		ears->resize(ears->arg, &size);
	}
}

void audience_run(struct audience *audience, const struct pollfd polls[AUDIENCE_POLLS],
		  const struct audience_ears *ears)
{
	for (int i = 0; i < AUDIENCE_MAX; i++) {
		if (polls[i].fd < 0 || polls[i].revents == 0)
			continue;
		if ((polls[i].revents & POLLIN) != 0) {
			/* One at a time: there is room for what one of them typed. */
			hear(audience, i, ears);
			break;
		}
		drop(audience, i);
	}
	if (polls[AUDIENCE_MAX].fd >= 0 && polls[AUDIENCE_MAX].revents != 0)
		admit(audience);
}

void audience_release(struct audience *audience)
{
	if (audience->listener < 0)
		return;
	for (int i = 0; i < AUDIENCE_MAX; i++)
		if (audience->members[i].fd >= 0)
			drop(audience, i);
	unlinkat(audience->dirfd, ATTACH_SOCKET, 0);
	close(audience->listener);
	audience->listener = -1;
}
