/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/netlink.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"

#define ANSWER_MAX 32768

int netlink_open(void)
{
	int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return sock < 0 ? fail("cannot make a netlink socket") : sock;
}

void netlink_begin(struct netlink *netlink, uint16_t type, uint16_t flags, const void *header,
		   size_t size)
{
	struct nlmsghdr *message = &netlink->message.header;

	memset(netlink, 0, sizeof(*netlink));
	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	message->nlmsg_len = (uint32_t)NLMSG_LENGTH(size);
	memcpy(NLMSG_DATA(message), header, size);
}

void netlink_add(struct netlink *netlink, uint16_t type, const void *data, size_t size)
{
	struct nlmsghdr *message = &netlink->message.header;
	size_t at = NLMSG_ALIGN(message->nlmsg_len);
	const struct rtattr attribute = { .rta_len = (unsigned short)RTA_LENGTH(size),
					  .rta_type = type };

	/* An attribute that is missing would mean something else: the kernel refuses the length. */
	if (at + RTA_SPACE(size) > sizeof(netlink->message.bytes)) {
		message->nlmsg_len = 0;
		return;
	}
	memcpy(netlink->message.bytes + at, &attribute, sizeof(attribute));
	memcpy(netlink->message.bytes + at + RTA_LENGTH(0), data, size);
	message->nlmsg_len = (uint32_t)(at + RTA_LENGTH(size));
}

static int send_message(int sock, const struct netlink *netlink)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	uint32_t len = netlink->message.header.nlmsg_len;

	if (len == 0)
		return -EMSGSIZE;
	if (sendto(sock, netlink->message.bytes, len, 0, (const struct sockaddr *)&kernel,
		   sizeof(kernel)) < 0)
		return -errno;
	return 0;
}

/* Only the kernel is listened to. */
static ssize_t receive(int sock, void *bytes, size_t size)
{
	struct sockaddr_nl from = { 0 };
	socklen_t from_len;
	ssize_t len;

	do {
		from_len = sizeof(from);
		len = recvfrom(sock, bytes, size, MSG_TRUNC, (struct sockaddr *)&from, &from_len);
	} while ((len < 0 && errno == EINTR) || (len >= 0 && from.nl_pid != 0));
	if (len < 0)
		return -errno;
	return (size_t)len > size ? -EMSGSIZE : len;
}

static int error_of(const struct nlmsghdr *message)
{
	const struct nlmsgerr *error = NLMSG_DATA(message);

	return message->nlmsg_len < NLMSG_LENGTH(sizeof(*error)) ? -EPROTO : error->error;
}

int netlink_ask(int sock, struct netlink *netlink)
{
	union {
		struct nlmsghdr header;
		uint8_t bytes[4096];
	} answer;
	ssize_t len;

	netlink->message.header.nlmsg_flags |= NLM_F_ACK;
	TRY(send_message(sock, netlink));
	len = receive(sock, &answer, sizeof(answer));
	TRY(len);
	if (!NLMSG_OK(&answer.header, (size_t)len) || answer.header.nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	return error_of(&answer.header);
}

int netlink_dump(int sock, struct netlink *netlink, struct buf *ret_answers)
{
	autofree uint8_t *bytes = xcalloc(1, ANSWER_MAX);

	netlink->message.header.nlmsg_flags |= NLM_F_DUMP;
	TRY(send_message(sock, netlink));
	for (;;) {
		const struct nlmsghdr *message = (const void *)bytes;
		ssize_t len = receive(sock, bytes, ANSWER_MAX);
		size_t left;

		TRY(len);
		left = (size_t)len;
		for (; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
			if (message->nlmsg_type == NLMSG_DONE)
				return 0;
			if (message->nlmsg_type == NLMSG_ERROR)
				return error_of(message);
			buf_add(ret_answers, message, NLMSG_ALIGN(message->nlmsg_len));
		}
		if (ret_answers->len > MAX_STATE_FILE)
			return -E2BIG;
	}
}
