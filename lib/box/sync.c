/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/sync.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"

union sync_message {
	char word;
	struct err_packet packet;
};

union sync_control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(SYNC_FDS_MAX * sizeof(int))];
};

int sync_pair(int ret_pair[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_pair) < 0)
		return fail("cannot make a socket pair");
	return 0;
}

int sync_send(int sock, enum sync_word word, const int *fds, size_t n)
{
	char byte = (char)word;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	union sync_control control;
	ssize_t sent;

	if (n > SYNC_FDS_MAX)
		return refuse_with(E2BIG, "more than %d mounts to hand over", SYNC_FDS_MAX);
	if (n > 0) {
		struct cmsghdr *cmsg;

		memset(&control, 0, sizeof(control));
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, n * sizeof(int));
	}
	do
		sent = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return fail("cannot reach the other side of the container's start");
	return 0;
}

/* What was sent beyond what was expected is closed, so that nothing leaks into the container. */
static void take_fds(struct msghdr *msg, int *fds, size_t n)
{
	size_t taken = 0;

	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg != NULL;
	     cmsg = CMSG_NXTHDR(msg, cmsg)) {
		size_t count;

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(fd));
			if (taken < n)
				fds[taken++] = fd;
			else
				close(fd);
		}
	}
}

static int take_error(struct err_packet *packet, struct sync_news *news)
{
	packet->text[ERR_TEXT_MAX - 1] = '\0';
	packet->hint[ERR_HINT_MAX - 1] = '\0';
	err_set(packet->text, packet->hint);
	news->stage = packet->stage == STAGE_EXEC ? STAGE_EXEC : STAGE_SETUP;
	return packet->code < 0 ? packet->code : -EIO;
}

ssize_t sync_receive(int sock, struct msghdr *msg)
{
	ssize_t len;
	int resets = 0;

	do
		len = recvmsg(sock, msg, MSG_CMSG_CLOEXEC);
	while (len < 0 && (errno == EINTR || (errno == ECONNRESET && resets++ == 0)));
	return len < 0 && errno == ECONNRESET ? 0 : len;
}

int sync_peer(int sock)
{
	char byte;
	ssize_t n = recv(sock, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	/* A reset: it closed its end, and did not read what was sent there. */
	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) ? -ECONNRESET : 0;
}

int sync_next(int sock, struct sync_news *ret_news, int *fds, size_t n)
{
	union sync_message message;
	union sync_control control;
	struct iovec iov = { .iov_base = &message, .iov_len = sizeof(message) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.bytes,
			      .msg_controllen = n > 0 ? sizeof(control) : 0 };
	ssize_t len;

	*ret_news = (struct sync_news){ .stage = STAGE_SETUP };
	for (size_t i = 0; i < n; i++)
		fds[i] = -1;
	len = sync_receive(sock, &msg);
	if (len == 0)
		return -ECONNRESET;
	if (len < 0)
		return fail("cannot read from the other side of the container's start");
	take_fds(&msg, fds, n);
	if (len == sizeof(struct err_packet))
		return take_error(&message.packet, ret_news);
	ret_news->word = len == 1 ? (enum sync_word)message.word : (enum sync_word)0;
	return 0;
}

int sync_expect(const struct sync_news *news, enum sync_word word)
{
	return news->word == word
		       ? 0
		       : refuse_with(EPROTO, "the start of the container got out of step");
}

int sync_wait(int sock, enum sync_word word, int *fds, size_t n)
{
	struct sync_news news;

	TRY(sync_next(sock, &news, fds, n));
	return sync_expect(&news, word);
}
