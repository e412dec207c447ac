/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_NETLINK_H
#define BERTH_BOX_NETLINK_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * Questions to the kernel about network interfaces, rtnetlink(7): one message at a time, answered
 * before the next. A socket stays in the network namespace that it was made in.
 */

/* A message: the header that a type has, and attributes behind it. */
struct netlink {
	union {
		struct nlmsghdr header;
		uint8_t bytes[1024];
	} message;
};

int netlink_open(void);
void netlink_begin(struct netlink *netlink, uint16_t type, uint16_t flags, const void *header,
		   size_t size);
/* Attributes are few and short: what does not fit is an error of ours. */
void netlink_add(struct netlink *netlink, uint16_t type, const void *data, size_t size);
/* Send it and wait for the kernel's word; nothing is recorded. Returns 0 or -errno. */
int netlink_ask(int sock, struct netlink *netlink);
/* Send a question that has many answers: all of them, one struct nlmsghdr behind the other. */
int netlink_dump(int sock, struct netlink *netlink, struct buf *ret_answers);

#endif
