/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/netdev.h"

#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "box/netlink.h"
#include "box/nsfile.h"

/* On both sides: a netlink socket here and one in the container's namespace. */
struct move {
	int home, target; /* the namespaces */
	int here, there;
};

static void move_release(struct move *move)
{
	cleanup_close(&move->home);
	cleanup_close(&move->target);
	cleanup_close(&move->here);
	cleanup_close(&move->there);
}

static int open_target(const struct spec *spec, pid_t pid)
{
	autofree char *path = xasprintf("/proc/%d/ns/net", (int)pid);

	if (spec->ns[NS_NET].mode == NS_JOIN)
		return nsfile_open(spec, NS_NET);
	return fs_open(AT_FDCWD, path, O_RDONLY, 0);
}

/* There and back: the socket stays. */
static int open_there(const struct move *move)
{
	autoclose int sock = -1;

	if (setns(move->target, CLONE_NEWNET) < 0)
		return fail("cannot enter the network namespace of the container");
	sock = netlink_open();
	if (setns(move->home, CLONE_NEWNET) < 0)
		return fail("cannot return from the network namespace of the container");
	TRY(sock);
	return steal_fd(&sock);
}

static int list_addresses(const struct move *move, struct buf *ret_answers)
{
	const struct ifaddrmsg header = { .ifa_family = AF_UNSPEC };
	struct netlink question;
	int rc;

	netlink_begin(&question, RTM_GETADDR, 0, &header, sizeof(header));
	rc = netlink_dump(move->here, &question, ret_answers);
	return rc < 0 ? fail_with(rc, "cannot list the addresses of the host") : 0;
}

static int find_there(const struct move *move, const char *name, unsigned int *ret_index)
{
	const struct ifinfomsg header = { .ifi_family = AF_UNSPEC, .ifi_index = 0 };
	AUTO(buf) answers = BUF_INIT;
	const struct nlmsghdr *message;
	struct netlink question;
	size_t left;

	netlink_begin(&question, RTM_GETLINK, 0, &header, sizeof(header));
	TRY(netlink_dump(move->there, &question, &answers));
	message = (const void *)answers.data;
	left = answers.len;
	for (; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
		const struct ifinfomsg *link = NLMSG_DATA(message);
		const struct rtattr *attribute = IFLA_RTA(link);
		size_t size = IFLA_PAYLOAD(message);

		for (; RTA_OK(attribute, size); attribute = RTA_NEXT(attribute, size))
			if (attribute->rta_type == IFLA_IFNAME &&
			    strcmp(RTA_DATA(attribute), name) == 0) {
				*ret_index = (unsigned int)link->ifi_index;
				return 0;
			}
	}
	return -ENODEV;
}

static int send_link(int sock, unsigned int index, int target, const char *name)
{
	const struct ifinfomsg header = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index };
	uint32_t fd = (uint32_t)target;
	struct netlink question;

	netlink_begin(&question, RTM_NEWLINK, 0, &header, sizeof(header));
	netlink_add(&question, IFLA_NET_NS_FD, &fd, sizeof(fd));
	netlink_add(&question, IFLA_IFNAME, name, strlen(name) + 1);
	return netlink_ask(sock, &question);
}

/* The kernel moves first and renames then, so the name has to be free before. */
static int send_away(const struct move *move, unsigned int index, const char *name)
{
	unsigned int other;
	int rc = find_there(move, name, &other);

	if (rc == 0)
		rc = -EEXIST;
	else if (rc == -ENODEV)
		rc = send_link(move->here, index, move->target, name);
	if (rc >= 0)
		return 0;
	fail_with(rc, "it cannot be moved to the container as '%s'", name);
	if (rc == -EEXIST)
		hint("the container has one of that name: give it another with 'name'");
	else if (rc == -EINVAL)
		hint("interfaces like 'lo', bridges with ports and tunnels may be bound to their "
		     "namespace");
	else if (rc == -EPERM)
		hint("it needs CAP_NET_ADMIN over the host's network");
	return rc;
}

/* Of a new message all is as the kernel has said it, but the interface, whose number may be another
 * there, and what only it may say. */
static int add_address(const struct move *move, const struct nlmsghdr *from, unsigned int index)
{
	struct ifaddrmsg header;
	const struct rtattr *attribute = IFA_RTA(NLMSG_DATA(from));
	size_t size = IFA_PAYLOAD(from);
	struct netlink question;
	int rc;

	memcpy(&header, NLMSG_DATA(from), sizeof(header));
	header.ifa_index = index;
	netlink_begin(&question, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	for (; RTA_OK(attribute, size); attribute = RTA_NEXT(attribute, size))
		if (attribute->rta_type == IFA_LOCAL || attribute->rta_type == IFA_ADDRESS ||
		    attribute->rta_type == IFA_BROADCAST || attribute->rta_type == IFA_FLAGS ||
		    attribute->rta_type == IFA_RT_PRIORITY)
			netlink_add(&question, attribute->rta_type, RTA_DATA(attribute),
				    RTA_PAYLOAD(attribute));
	rc = netlink_ask(move->there, &question);
	/* Some kinds of interfaces keep theirs. */
	if (rc == -EEXIST)
		return 0;
	return rc < 0 ? fail_with(rc, "its addresses cannot be taken along") : 0;
}

static bool is_kept(const struct nlmsghdr *message, unsigned int index)
{
	const struct ifaddrmsg *address = NLMSG_DATA(message);

	return message->nlmsg_type == RTM_NEWADDR && address->ifa_index == index &&
	       address->ifa_scope == RT_SCOPE_UNIVERSE &&
	       (address->ifa_flags & IFA_F_PERMANENT) != 0;
}

static int add_addresses(const struct move *move, const struct buf *answers, unsigned int index,
			 unsigned int there)
{
	const struct nlmsghdr *message = (const void *)answers->data;
	size_t left = answers->len;

	for (; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left))
		if (is_kept(message, index))
			TRY(add_address(move, message, there));
	return 0;
}

static int set_up(const struct move *move, unsigned int index)
{
	const struct ifinfomsg header = { .ifi_family = AF_UNSPEC,
					  .ifi_index = (int)index,
					  .ifi_flags = IFF_UP,
					  .ifi_change = IFF_UP };
	struct netlink question;
	int rc;

	netlink_begin(&question, RTM_NEWLINK, 0, &header, sizeof(header));
	rc = netlink_ask(move->there, &question);
	return rc < 0 ? fail_with(rc, "it cannot be set up in the container") : 0;
}

static int settle(const struct move *move, const struct buf *addresses, unsigned int index,
		  unsigned int there)
{
	TRY(add_addresses(move, addresses, index, there));
	return set_up(move, there);
}

static int give_one(const struct move *move, const struct spec_net_device *device)
{
	const char *name = device->rename != NULL ? device->rename : device->name;
	unsigned int index = if_nametoindex(device->name), there;
	AUTO(buf) addresses = BUF_INIT;
	int rc;

	if (index == 0)
		return fail("it is not there");
	TRY(list_addresses(move, &addresses));
	TRY(send_away(move, index, name));
	rc = find_there(move, name, &there);
	if (rc < 0)
		return fail_with(rc, "it cannot be found in the container");
	rc = settle(move, &addresses, index, there);
	if (rc < 0)
		(void)send_link(move->there, there, move->home, device->name);
	return rc;
}

int netdev_give(const struct spec *spec, pid_t pid)
{
	AUTO(move) move = { .home = -1, .target = -1, .here = -1, .there = -1 };

	if (spec->net_devices.n == 0)
		return 0;
	move.home = fs_open(AT_FDCWD, "/proc/self/ns/net", O_RDONLY, 0);
	TRY(move.home);
	move.target = open_target(spec, pid);
	TRY(move.target);
	move.here = netlink_open();
	TRY(move.here);
	move.there = open_there(&move);
	TRY(move.there);
	for (size_t i = 0; i < spec->net_devices.n; i++)
		TRY(fail_in(give_one(&move, &spec->net_devices.v[i]), "linux.netDevices: '%s'",
			    spec->net_devices.v[i].name));
	return 0;
}
