/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "network/driver.h"
#include "unit.h"

static void accepted(void **state)
{
	static const struct {
		const char *text, *ip;
		uint16_t host, last, container, count;
		const char *protocol;
	} rows[] = {
		{ "80", NULL, 0, 0, 80, 1, "tcp" },
		{ "80/udp", NULL, 0, 0, 80, 1, "udp" },
		{ "8080:80", NULL, 8080, 0, 80, 1, "tcp" },
		{ "8080:80/UDP", NULL, 8080, 0, 80, 1, "udp" },
		{ "8080:80/sctp", NULL, 8080, 0, 80, 1, "sctp" },
		{ "0:80", NULL, 0, 0, 80, 1, "tcp" },
		{ "127.0.0.1:8080:80", "127.0.0.1", 8080, 0, 80, 1, "tcp" },
		{ "127.0.0.1::80", "127.0.0.1", 0, 0, 80, 1, "tcp" },
		{ "127.0.0.1::80-81", "127.0.0.1", 0, 0, 80, 2, "tcp" },
		{ "[::1]:8080:80", "::1", 8080, 0, 80, 1, "tcp" },
		{ "[::1]::80/udp", "::1", 0, 0, 80, 1, "udp" },
		{ "[::]:1:1", "::", 1, 0, 1, 1, "tcp" },
		{ "[::1]:80", "::1", 0, 0, 80, 1, "tcp" },
		{ "8000-8005:9000-9005", NULL, 8000, 0, 9000, 6, "tcp" },
		{ "8000-8010:80", NULL, 8000, 8010, 80, 1, "tcp" },
		{ "8000-8000:80", NULL, 8000, 0, 80, 1, "tcp" },
		{ "9000-9005", NULL, 0, 0, 9000, 6, "tcp" },
		{ "1-65535:1-65535", NULL, 1, 0, 1, 65535, "tcp" },
		{ "65535:65535", NULL, 65535, 0, 65535, 1, "tcp" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(network) network = NETWORK_INIT;
		const struct port *port;

		if (network_add_port(&network, rows[i].text) < 0)
			fail_msg("%s: %s", rows[i].text, err_text());
		port = &network.ports.v[0];
		assert_int_equal(network.ports.n, 1);
		if (rows[i].ip == NULL)
			assert_null(port->host_ip);
		else
			assert_string_equal(port->host_ip, rows[i].ip);
		assert_int_equal(port->host_port, rows[i].host);
		assert_int_equal(port->host_last, rows[i].last);
		assert_int_equal(port->container_port, rows[i].container);
		assert_int_equal(port->count, rows[i].count);
		assert_string_equal(port->protocol, rows[i].protocol);
	}
}

static void refused(void **state)
{
	static const char *const bad[] = {
		"",
		":",
		"::",
		"::80",
		":80",
		"0",
		"8080:",
		"8080:0",
		"65536",
		"8080:65536",
		"65536:80",
		"-1:80",
		"80-",
		"-80",
		"90-80",
		"0-5:80",
		"8000-8001:80-85",
		"8000:80-85",
		"80/",
		"80/icmp",
		"80/tcp/udp",
		"80/tcp ",
		" 80",
		"80\n",
		"8080:80\n/tcp",
		"0x50:80",
		"8e1:80",
		"+80",
		"localhost:8080:80",
		"127.0.0.1.5:8080:80",
		"127.0.0.256:8080:80",
		"127.0.0.1:8080:80:90",
		"::1:8080:80",
		"[::1:8080:80",
		"[::1]8080:80",
		"[::1]",
		"[]:80:80",
		"[127.0.0.1",
		"[fe80::1%eth0]:80:80",
		"1.2.3.4",
		"80,81",
		"99999999999999999999:80",
		"18446744073709551696:80",
	};
	char longer[5001];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		AUTO(network) network = NETWORK_INIT;

		if (network_add_port(&network, bad[i]) != -EINVAL)
			fail_msg("accepted: '%s'", bad[i]);
		assert_int_equal(network.ports.n, 0);
	}
	for (const char *fill = "8:/-["; *fill != '\0'; fill++) {
		AUTO(network) network = NETWORK_INIT;

		memset(longer, *fill, sizeof(longer) - 1);
		longer[sizeof(longer) - 1] = '\0';
		assert_int_equal(network_add_port(&network, longer), -EINVAL);
	}
}

static void twice(void **state)
{
	static const struct {
		const char *a, *b;
		int rc;
	} rows[] = {
		{ "8080:80", "8080:81", -EINVAL },
		{ "8080:80", "8080:80/udp", 0 },
		{ "8080:80", "127.0.0.1:8080:80", -EINVAL },
		{ "127.0.0.1:8080:80", "127.0.0.2:8080:80", 0 },
		{ "8000-8005:1-6", "8005:80", -EINVAL },
		{ "8000-8005:1-6", "8006:80", 0 },
		{ "80", "80", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(network) network = NETWORK_INIT;

		assert_int_equal(network_add_port(&network, rows[i].a), 0);
		assert_int_equal(network_add_port(&network, rows[i].b), 0);
		assert_int_equal(ports_check(&network), rows[i].rc);
	}
}

static int listen_on(const char *ip, uint16_t *ret_number)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, ip, &address.sin_addr);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*ret_number = ntohs(address.sin_port);
	return fd;
}

static void in_use(void **state)
{
	uint16_t number = 0;
	autoclose int fd = listen_on("127.0.0.1", &number);
	char text[64], wanted[64];

	for (int all = 0; all < 2; all++) {
		AUTO(network) network = NETWORK_INIT;
		AUTO(sockets) sockets = { 0 };

		snprintf(text, sizeof(text), "%s%u:80", all ? "" : "127.0.0.1:", number);
		snprintf(wanted, sizeof(wanted), "%u/tcp%s is in use", number,
			 all ? "" : " of 127.0.0.1");
		assert_int_equal(network_add_port(&network, text), 0);
		assert_int_equal(ports_reserve(&network, &sockets), -EADDRINUSE);
		assert_non_null(strstr(err_text(), wanted));
	}
	{
		AUTO(network) network = NETWORK_INIT;
		AUTO(sockets) sockets = { 0 };

		/* The first of the range that is free. */
		snprintf(text, sizeof(text), "127.0.0.1:%u-%u:80", number, number + 20);
		assert_int_equal(network_add_port(&network, text), 0);
		assert_int_equal(ports_reserve(&network, &sockets), 0);
		assert_true(network.ports.v[0].host_port > number);
		/* And what is taken for one is not free for the next. */
		assert_int_equal(network_add_port(&network, text), 0);
		sockets_release(&sockets);
		assert_int_equal(ports_reserve(&network, &sockets), 0);
		assert_true(network.ports.v[1].host_port > network.ports.v[0].host_port);
		assert_int_equal(network.ports.v[0].host_last, 0);
	}
	{
		AUTO(network) network = NETWORK_INIT;
		AUTO(sockets) sockets = { 0 };

		/* The number is another protocol's as well. */
		snprintf(text, sizeof(text), "127.0.0.1:%u:80/udp", number);
		assert_int_equal(network_add_port(&network, text), 0);
		assert_int_equal(ports_reserve(&network, &sockets), 0);
	}
}

static void any_free(void **state)
{
	AUTO(network) network = NETWORK_INIT;
	AUTO(sockets) sockets = { 0 };

	assert_int_equal(network_add_port(&network, "127.0.0.1::80"), 0);
	assert_int_equal(network_add_port(&network, "80-82"), 0);
	assert_int_equal(network_add_port(&network, "127.0.0.1::53/udp"), 0);
	assert_int_equal(ports_reserve(&network, &sockets), 0);
	for (size_t i = 0; i < network.ports.n; i++)
		assert_true(network.ports.v[i].host_port > 0);
	assert_true(sockets.n >= 5);
}

static void nobodys_address(void **state)
{
	AUTO(network) network = NETWORK_INIT;
	AUTO(sockets) sockets = { 0 };

	assert_int_equal(network_add_port(&network, "203.0.113.7:8080:80"), 0);
	assert_int_equal(ports_reserve(&network, &sockets), -EADDRNOTAVAIL);
}

static void networks(void **state)
{
	static const struct {
		const char *text;
		bool rootless;
		int rc;
		enum network_kind kind;
	} rows[] = {
		{ NULL, false, 0, NETWORK_NONE },
		{ NULL, true, 0, NETWORK_PASTA },
		{ "none", true, 0, NETWORK_NONE },
		{ "host", true, 0, NETWORK_HOST },
		{ "private", true, 0, NETWORK_PASTA },
		{ "ns:/run/netns/x", false, 0, NETWORK_NS },
		{ "pasta", true, 0, NETWORK_PASTA },
		{ "pasta:--mtu,1500,-4", true, 0, NETWORK_PASTA },
		{ "ns:", false, -EINVAL, 0 },
		{ "ns", false, -EINVAL, 0 },
		{ "ns:x", false, -EINVAL, 0 },
		{ "none:x", false, -EINVAL, 0 },
		{ "host:", false, -EINVAL, 0 },
		{ "bridge", false, -EINVAL, 0 },
		{ "bridge:ip=1.2.3.4", false, -EINVAL, 0 },
		{ "mynet", false, -EINVAL, 0 },
		{ "", false, -EINVAL, 0 },
		{ "None", false, -EINVAL, 0 },
		{ "container:x", false, -EINVAL, 0 },
		{ "pasta:--pid,/etc/x", true, -EINVAL, 0 },
		{ "pasta:--pid=/etc/x", true, -EINVAL, 0 },
		{ "pasta:--pcap,/etc/x", true, -EINVAL, 0 },
		{ "pasta:-l,/etc/x", true, -EINVAL, 0 },
		{ "pasta:-4,,-6", true, -EINVAL, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct host host = { .rootless = rows[i].rootless };
		AUTO(network) network = NETWORK_INIT;
		int rc = network_parse(&host, rows[i].text, &network);

		if (rc != rows[i].rc)
			fail_msg("%s: %d", rows[i].text, rc);
		if (rc >= 0)
			assert_int_equal(network.kind, rows[i].kind);
	}
}

static void ports_need_a_network(void **state)
{
	const struct host host = { .rootless = true };

	for (int i = 0; i < 2; i++) {
		AUTO(network) network = NETWORK_INIT;

		assert_int_equal(network_parse(&host, i == 0 ? "none" : "host", &network), 0);
		assert_int_equal(network_add_port(&network, "8080:80"), 0);
		assert_int_equal(network_check(&host, &network), i == 0 ? -EINVAL : 0);
		if (i == 1) {
			assert_true(network.ports_ignored);
			assert_int_equal(network.ports.n, 0);
		}
	}
	{
		AUTO(network) network = NETWORK_INIT;

		assert_int_equal(network_parse(&host, "pasta", &network), 0);
		assert_int_equal(network_add_port(&network, "8080:80/sctp"), 0);
		assert_int_equal(network_check(&host, &network), -EINVAL);
	}
}

static void pasta_options(void **state)
{
	const struct host host = { .rootless = true };
	AUTO(network) network = NETWORK_INIT;

	assert_int_equal(
		network_parse(&host, "pasta:--mtu,1500,--map-gw,-a=x,--address=10.0.0.1", &network),
		0);
	assert_string_equal(pasta_option(&network, "--mtu", "-m"), "1500");
	assert_string_equal(pasta_option(&network, "--address", "-a"), "10.0.0.1");
	assert_non_null(pasta_option(&network, "--map-gw", NULL));
	assert_null(pasta_option(&network, "--map", NULL));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted),      cmocka_unit_test(refused),
		cmocka_unit_test(twice),         cmocka_unit_test(in_use),
		cmocka_unit_test(any_free),      cmocka_unit_test(nobodys_address),
		cmocka_unit_test(networks),      cmocka_unit_test(ports_need_a_network),
		cmocka_unit_test(pasta_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
