/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/units.h"
#include "network/driver.h"

#define MAX_PORT 65535

static int refuse_form(const char *text, const char *why)
{
	refuse("--publish '%s': %s", text, why);
	hint("80, 8080:80, 127.0.0.1:8080:80, [::1]:8080:80/udp, 8000-8005:9000-9005 are possible");
	return -EINVAL;
}

/* "80" or "80-85"; *ret_last equals *ret_first for a single one. */
static bool parse_range(const char *text, uint16_t *ret_first, uint16_t *ret_last)
{
	autofree char *first = NULL;
	const char *dash = strchr(text, '-');
	uint64_t from, to;

	first = dash != NULL ? xstrndup(text, (size_t)(dash - text)) : xstrdup(text);
	if (units_parse_u64(first, MAX_PORT, &from) < 0)
		return false;
	to = from;
	if (dash != NULL &&
	    (units_parse_u64(dash + 1, MAX_PORT, &to) < 0 || to < from || from == 0))
		return false;
	*ret_first = (uint16_t)from;
	*ret_last = (uint16_t)to;
	return true;
}

static bool is_address(const char *text)
{
	struct in6_addr address;

	return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

/* Take "/udp" off the end. */
static int take_protocol(char *rest, const char *text, struct port *port)
{
	static const char *const names[] = { "tcp", "udp", "sctp" };
	char *slash = strrchr(rest, '/');
	const char *wanted = slash != NULL ? slash + 1 : "tcp";

	if (slash != NULL)
		*slash = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcasecmp(wanted, names[i]) == 0) {
			memcpy(port->protocol, names[i], strlen(names[i]) + 1);
			return 0;
		}
	return refuse_form(text, "the protocol is none of tcp, udp, sctp");
}

/* Take "IP:" off the front; *ret_rest is what follows it. */
static int take_address(char *rest, const char *text, struct port *port, char **ret_rest)
{
	char *end, *colon = strchr(rest, ':');

	*ret_rest = rest;
	if (rest[0] == '[') {
		end = strchr(rest, ']');
		if (end == NULL || end[1] != ':')
			return refuse_form(text, "the address has no closing bracket");
		*end = '\0';
		rest++;
		end++;
	} else {
		/* One colon alone parts the host's port from the container's. */
		if (colon == NULL || strchr(colon + 1, ':') == NULL)
			return 0;
		end = colon;
		*end = '\0';
	}
	if (!is_address(rest) || (strchr(rest, ':') != NULL && text[0] != '['))
		return refuse_form(text, "the address is not one of IPv4, or of IPv6 in brackets");
	port->host_ip = xstrdup(rest);
	*ret_rest = end + 1;
	return 0;
}

static int parse_numbers(const char *rest, const char *text, struct port *port)
{
	const char *colon = strchr(rest, ':');
	autofree char *host = colon != NULL ? xstrndup(rest, (size_t)(colon - rest)) : NULL;
	uint16_t first = 0, last = 0, host_first = 0, host_last = 0;

	if (!parse_range(colon != NULL ? colon + 1 : rest, &first, &last) || first == 0)
		return refuse_form(text, "the container's port is not a number from 1 to 65535, or "
					 "a rising range of them");
	port->container_port = first;
	port->count = (uint16_t)(last - first + 1);
	/* "IP::80": any free port at that address. */
	if (host == NULL || (host[0] == '\0' && port->host_ip != NULL))
		return 0;
	if (!parse_range(host, &host_first, &host_last))
		return refuse_form(text, "the host's port is not a number from 0 to 65535, or a "
					 "rising range of them");
	port->host_port = host_first;
	if (host_last == host_first && first == last)
		return 0;
	if (first == last)
		port->host_last = host_last;
	else if (host_last - host_first != last - first)
		return refuse_form(text, "the two ranges are not of the same length");
	return 0;
}

static int parse_port(const char *text, struct port *port)
{
	autofree char *copy = xstrdup(text);
	char *rest;

	TRY(take_protocol(copy, text, port));
	TRY(take_address(copy, text, port, &rest));
	return parse_numbers(rest, text, port);
}

int network_add_port(struct network *network, const char *text)
{
	struct port port = { 0 };
	int rc = parse_port(text, &port);

	if (rc < 0) {
		free(port.host_ip);
		return rc;
	}
	*VEC_PUSH(&network->ports) = port;
	return 0;
}

static bool same_address(const struct port *a, const struct port *b)
{
	return a->host_ip == NULL || b->host_ip == NULL || strcmp(a->host_ip, b->host_ip) == 0;
}

int ports_check(const struct network *network)
{
	for (size_t i = 0; i < network->ports.n; i++)
		for (size_t k = 0; k < i; k++) {
			const struct port *a = &network->ports.v[k], *b = &network->ports.v[i];

			if (a->host_port == 0 || b->host_port == 0 || a->host_last != 0 ||
			    b->host_last != 0 || strcmp(a->protocol, b->protocol) != 0 ||
			    !same_address(a, b))
				continue;
			if (a->host_port < b->host_port + b->count &&
			    b->host_port < a->host_port + a->count)
				return refuse("--publish: the host's port %u/%s is wanted twice",
					      a->host_port > b->host_port ? a->host_port
									  : b->host_port,
					      a->protocol);
		}
	return 0;
}

/* "0.0.0.0:8080", "[::1]:8080-8085" */
static void add_host_side(struct buf *out, const struct port *port)
{
	bool v6 = port->host_ip != NULL && strchr(port->host_ip, ':') != NULL;
	unsigned int last = port->host_port + port->count - 1U;

	buf_addf(out, "%s%s%s:%u", v6 ? "[" : "", port->host_ip != NULL ? port->host_ip : "0.0.0.0",
		 v6 ? "]" : "", port->host_port);
	if (port->count > 1)
		buf_addf(out, "-%u", last);
}

void network_describe_ports(const struct network *network, struct strvec *ret_ports)
{
	strvec_release(ret_ports);
	for (size_t i = 0; i < network->ports.n; i++) {
		const struct port *port = &network->ports.v[i];
		AUTO(buf) text = BUF_INIT;

		add_host_side(&text, port);
		buf_addf(&text, "->%u", port->container_port);
		if (port->count > 1)
			buf_addf(&text, "-%u", port->container_port + port->count - 1U);
		buf_addf(&text, "/%s", port->protocol);
		strvec_push(ret_ports, text.data);
	}
}

void sockets_release(struct sockets *sockets)
{
	for (size_t i = 0; i < sockets->n; i++)
		close(sockets->v[i]);
	free(sockets->v);
	*sockets = (struct sockets){ 0 };
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t make_address(const char *ip, int family, uint16_t number, union address *ret)
{
	*ret = (union address){ .v6 = { .sin6_family = (sa_family_t)family } };
	if (family == AF_INET) {
		ret->v4.sin_port = htons(number);
		if (ip != NULL)
			inet_pton(AF_INET, ip, &ret->v4.sin_addr);
		return sizeof(ret->v4);
	}
	ret->v6.sin6_port = htons(number);
	if (ip != NULL)
		inet_pton(AF_INET6, ip, &ret->v6.sin6_addr);
	return sizeof(ret->v6);
}

/* Bind one port of one family. Returns the socket; -EAFNOSUPPORT: the host has no such family. */
static int bind_one(const struct port *port, int family, uint16_t number)
{
	bool stream = strcmp(port->protocol, "tcp") == 0;
	autoclose int fd = socket(family, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
	union address address;
	socklen_t len = make_address(port->host_ip, family, number, &address);
	const int on = 1;

	if (fd < 0)
		return -errno;
	/* Connections that are just closing do not hold a port; two UDP sockets could share one. */
	if (stream)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, &address.any, len) < 0)
		return -errno;
	/* Two that are bound and do not listen could have the same port. */
	if (stream && listen(fd, 1) < 0)
		return -errno;
	return steal_fd(&fd);
}

/* Bind a number at every address that the port asks for. */
static int bind_number(const struct port *port, uint16_t number, struct sockets *sockets)
{
	bool v4 = port->host_ip == NULL || strchr(port->host_ip, ':') == NULL;
	bool v6 = port->host_ip == NULL || !v4;
	int fd;

	if (v4) {
		fd = bind_one(port, AF_INET, number);
		if (fd < 0)
			return fd;
		*VEC_PUSH(sockets) = fd;
	}
	if (v6) {
		fd = bind_one(port, AF_INET6, number);
		if (fd < 0 && v4 && (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL))
			return 0;
		if (fd < 0)
			return fd;
		*VEC_PUSH(sockets) = fd;
	}
	return 0;
}

static int fail_bind(int rc, const struct port *port, unsigned int number)
{
	AUTO(buf) where = BUF_INIT;

	buf_addf(&where, "%u/%s", number, port->protocol);
	if (port->host_ip != NULL)
		buf_addf(&where, " of %s", port->host_ip);
	if (rc == -EADDRINUSE) {
		refuse_with(EADDRINUSE, "cannot publish: the port %s is in use on the host",
			    where.data);
		hint("choose another one, or see what has it: ss -lnp 'sport = :%u'", number);
		return -EADDRINUSE;
	}
	fail_with(rc, "cannot publish: the port %s cannot be bound on the host", where.data);
	if (rc == -EACCES)
		hint("as root: sysctl -w net.ipv4.ip_unprivileged_port_start=%u", number);
	else if (rc == -EADDRNOTAVAIL)
		hint("no interface of the host has the address %s", port->host_ip);
	return rc;
}

static uint16_t bound_number(int fd)
{
	union address address = { 0 };
	socklen_t len = sizeof(address);

	if (getsockname(fd, &address.any, &len) < 0)
		return 0;
	return ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
}

/* `count` numbers from `first` on; all or none of them. */
static int bind_range(const struct port *port, uint16_t first, struct sockets *sockets)
{
	AUTO(sockets) taken = { 0 };

	for (unsigned int i = 0; i < port->count; i++) {
		int rc = first + i > MAX_PORT ? -EADDRINUSE
					      : bind_number(port, (uint16_t)(first + i), &taken);

		if (rc < 0)
			return fail_bind(rc, port, first + i);
	}
	for (size_t i = 0; i < taken.n; i++)
		*VEC_PUSH(sockets) = taken.v[i];
	taken.n = 0;
	return 0;
}

/* The kernel proposes a number for the first; the others must be free as well. */
static int bind_any(struct port *port, struct sockets *sockets)
{
	int rc = -EADDRINUSE;

	for (int i = 0; i < 64 && rc == -EADDRINUSE; i++) {
		bool v6 = port->host_ip != NULL && strchr(port->host_ip, ':') != NULL;
		int fd = bind_one(port, v6 ? AF_INET6 : AF_INET, 0);
		uint16_t number;

		if (fd < 0)
			return fail_bind(fd, port, 0);
		number = bound_number(fd);
		close(fd);
		rc = bind_range(port, number, sockets);
		if (rc >= 0)
			port->host_port = number;
	}
	return rc;
}

static int bind_first_free(struct port *port, struct sockets *sockets)
{
	int rc = -EADDRINUSE;

	for (unsigned int number = port->host_port; number <= port->host_last; number++) {
		rc = bind_range(port, (uint16_t)number, sockets);
		if (rc >= 0) {
			port->host_port = (uint16_t)number;
			port->host_last = 0;
			return 0;
		}
		if (rc != -EADDRINUSE)
			return rc;
	}
	refuse_with(EADDRINUSE, "cannot publish: every port from %u to %u is in use on the host",
		    port->host_port, port->host_last);
	return rc;
}

int ports_reserve(struct network *network, struct sockets *ret_sockets)
{
	for (size_t i = 0; i < network->ports.n; i++) {
		struct port *port = &network->ports.v[i];

		if (port->host_last != 0)
			TRY(bind_first_free(port, ret_sockets));
		else if (port->host_port == 0)
			TRY(bind_any(port, ret_sockets));
		else
			TRY(bind_range(port, port->host_port, ret_sockets));
	}
	return 0;
}
