/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "network/resolv.h"

#include "base/err.h"
#include "unit.h"

static void merged(void **state)
{
	static const struct {
		enum network_kind kind;
		const char *server, *search, *option, *text, *out;
	} rows[] = {
		{ NETWORK_NONE, NULL, NULL, NULL,
		  "# note\nsearch a.example b.example\nnameserver 10.0.0.1\n; x\noptions ndots:2 "
		  "edns0\n",
		  "search a.example b.example\nnameserver 10.0.0.1\noptions ndots:2 edns0\n" },
		{ NETWORK_NONE, NULL, NULL, NULL, "nameserver 127.0.0.1\nnameserver ::1\n", "" },
		{ NETWORK_HOST, NULL, NULL, NULL, "nameserver 127.0.0.53\noptions edns0\n",
		  "nameserver 127.0.0.53\noptions edns0\n" },
		{ NETWORK_PASTA, NULL, NULL, NULL, "nameserver 127.0.0.1\n",
		  "nameserver 169.254.1.1\n" },
		{ NETWORK_PASTA, NULL, NULL, NULL, "nameserver 127.0.0.1\nnameserver 9.9.9.9",
		  "nameserver 9.9.9.9\n" },
		{ NETWORK_PASTA, NULL, NULL, NULL, "", "nameserver 169.254.1.1\n" },
		{ NETWORK_NONE, NULL, NULL, NULL, "nameserver\t 10.0.0.1 # x\r\n",
		  "nameserver 10.0.0.1\n" },
		/* Scoped: the interface is the host's. */
		{ NETWORK_NONE, NULL, NULL, NULL, "nameserver fe80::1%eth0\nnameserver fd00::1\n",
		  "nameserver fd00::1\n" },
		{ NETWORK_HOST, NULL, NULL, NULL, "nameserver fe80::1%eth0\n",
		  "nameserver fe80::1%eth0\n" },
		/* What is given replaces what is there, each kind for itself. */
		{ NETWORK_NONE, "1.2.3.4", NULL, NULL, "search x\nnameserver 10.0.0.1\n",
		  "search x\nnameserver 1.2.3.4\n" },
		{ NETWORK_NONE, NULL, "y", NULL, "search x\nnameserver 10.0.0.1\n",
		  "search y\nnameserver 10.0.0.1\n" },
		{ NETWORK_NONE, NULL, ".", NULL, "search x\nnameserver 10.0.0.1\n",
		  "nameserver 10.0.0.1\n" },
		{ NETWORK_NONE, NULL, NULL, "ndots:1", "options rotate\nnameserver 10.0.0.1\n",
		  "nameserver 10.0.0.1\noptions ndots:1\n" },
		{ NETWORK_NONE, "127.0.0.1", NULL, NULL, "", "nameserver 127.0.0.1\n" },
		/* The last one counts. */
		{ NETWORK_NONE, NULL, NULL, NULL, "domain a\nsearch b c\n", "search b c\n" },
		/* Lines that say nothing. */
		{ NETWORK_NONE, NULL, NULL, NULL,
		  "nameserver\nnameserver x\nnameserver 1.2.3\nnameserver 1.2.3.4.5\nsearch "
		  "\x1b[31m\n"
		  "options a;b\nbogus y\n10.0.0.1\n\n\n",
		  "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct network network = NETWORK_INIT;
		AUTO(resolv) resolv = { 0 };
		AUTO(buf) out = BUF_INIT;

		network.kind = rows[i].kind;
		if (rows[i].server != NULL)
			strvec_push(&resolv.servers, rows[i].server);
		if (rows[i].search != NULL)
			strvec_push(&resolv.searches, rows[i].search);
		if (rows[i].option != NULL)
			strvec_push(&resolv.options, rows[i].option);
		resolv_merge(&resolv, &network, rows[i].text, &out);
		assert_string_equal(out.data, rows[i].out);
	}
}

static void long_lines(void **state)
{
	struct network network = NETWORK_INIT;
	AUTO(resolv) resolv = { 0 };
	AUTO(buf) text = BUF_INIT, out = BUF_INIT;

	buf_add_str(&text, "nameserver ");
	memset(buf_reserve(&text, 5000), '1', 5000);
	text.len += 5000;
	buf_add_str(&text, "\nsearch ");
	memset(buf_reserve(&text, 5000), 'a', 5000);
	text.len += 5000;
	buf_add_str(&text, "\noptions ");
	for (int i = 0; i < 2500; i++)
		buf_add_str(&text, " ");
	buf_add_str(&text, "\nnameserver 10.0.0.1");
	resolv_merge(&resolv, &network, text.data, &out);
	assert_string_equal(out.data, "nameserver 10.0.0.1\n");
}

static void checked_options(void **state)
{
	static const struct {
		int which;
		const char *text;
		int rc;
	} rows[] = {
		{ 0, "1.2.3.4", 0 },
		{ 0, "fd00::1", 0 },
		{ 0, "fe80::1%eth0", 0 },
		{ 0, "none", 0 },
		{ 0, "", -EINVAL },
		{ 0, "x", -EINVAL },
		{ 0, "1.2.3.4\n", -EINVAL },
		{ 0, "1.2.3.4 5.6.7.8", -EINVAL },
		{ 0, "1.2.3.4%eth0", -EINVAL },
		{ 0, "fe80::1%e\nx", -EINVAL },
		{ 1, "example.com", 0 },
		{ 1, ".", 0 },
		{ 1, "a b", -EINVAL },
		{ 1, "a\nnameserver 6.6.6.6", -EINVAL },
		{ 1, "", -EINVAL },
		{ 2, "ndots:5", 0 },
		{ 2, "use-vc", 0 },
		{ 2, "a\nb", -EINVAL },
		{ 2, "a b", -EINVAL },
		{ 2, "", -EINVAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(resolv) resolv = { 0 };
		struct strvec *lists[] = { &resolv.servers, &resolv.searches, &resolv.options };

		strvec_push(lists[rows[i].which], rows[i].text);
		assert_int_equal(resolv_check(&resolv), rows[i].rc);
	}
}

static void added_hosts(void **state)
{
	static const struct {
		const char *text, *line; /* NULL: refused */
	} rows[] = {
		{ "db:10.0.0.5", "10.0.0.5\tdb\n" },
		{ "db=10.0.0.5", "10.0.0.5\tdb\n" },
		{ "a;b;c:10.0.0.5", "10.0.0.5\ta b c\n" },
		{ "six:::1", "::1\tsix\n" },
		{ "six:[fd00::1]", "fd00::1\tsix\n" },
		{ "six=fd00::1", "fd00::1\tsix\n" },
		{ "under_score:1.2.3.4", "1.2.3.4\tunder_score\n" },
		{ "", NULL },
		{ "db", NULL },
		{ "db:", NULL },
		{ ":1.2.3.4", NULL },
		{ "a;;b:1.2.3.4", NULL },
		{ "db:1.2.3", NULL },
		{ "db:1.2.3.4\n6.6.6.6 evil", NULL },
		{ "db\nevil:1.2.3.4", NULL },
		{ "d b:1.2.3.4", NULL },
		{ "-x:1.2.3.4", NULL },
		{ "db:fe80::1%eth0", NULL },
		{ "db:example.com", NULL },
		{ "\xff:1.2.3.4", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct network network = NETWORK_INIT;
		AUTO(resolv) resolv = { 0 };
		AUTO(buf) out = BUF_INIT;
		int rc = resolv_add_host(&resolv, rows[i].text);

		if ((rc >= 0) != (rows[i].line != NULL))
			fail_msg("'%s': %d", rows[i].text, rc);
		if (rc < 0)
			continue;
		assert_int_equal(resolv_write_hosts(&resolv, &network, "box", NULL, &out), 0);
		assert_memory_equal(out.data, rows[i].line, strlen(rows[i].line));
	}
}

static void long_host(void **state)
{
	AUTO(resolv) resolv = { 0 };
	AUTO(buf) text = BUF_INIT;

	memset(buf_reserve(&text, 5000), 'a', 5000);
	text.len = 5000;
	buf_add_str(&text, ":1.2.3.4");
	assert_int_equal(resolv_add_host(&resolv, text.data), -EINVAL);
}

static void host_gateway(void **state)
{
	struct network network = NETWORK_INIT;
	AUTO(resolv) resolv = { 0 };
	AUTO(buf) out = BUF_INIT;

	assert_int_equal(resolv_add_host(&resolv, "me:host-gateway"), 0);
	assert_int_equal(resolv_write_hosts(&resolv, &network, "box", "name", &out), -EINVAL);
	network.kind = NETWORK_HOST;
	buf_clear(&out);
	assert_int_equal(resolv_write_hosts(&resolv, &network, "box", "name", &out), 0);
	assert_non_null(strstr(out.data, "127.0.0.1\tme\n"));
	assert_non_null(strstr(out.data, "host.containers.internal"));
	network.kind = NETWORK_PASTA;
	strvec_push(&network.options, "--map-guest-addr");
	strvec_push(&network.options, "169.254.1.2");
	buf_clear(&out);
	assert_int_equal(resolv_write_hosts(&resolv, &network, "box", "name", &out), 0);
	assert_non_null(strstr(out.data, "169.254.1.2\tme\n"));
	strvec_release(&network.options);
}

static void own_names(void **state)
{
	struct network network = NETWORK_INIT;
	AUTO(resolv) resolv = { 0 };
	AUTO(buf) out = BUF_INIT;

	assert_int_equal(resolv_write_hosts(&resolv, &network, "box", "web", &out), 0);
	assert_non_null(strstr(out.data, "127.0.0.1\tlocalhost\n"));
	assert_non_null(strstr(out.data, "127.0.1.1\tbox web\n"));
	buf_clear(&out);
	assert_int_equal(resolv_write_hosts(&resolv, &network, "web", "web", &out), 0);
	assert_non_null(strstr(out.data, "127.0.1.1\tweb\n"));
	buf_clear(&out);
	/* A name that would become a line of its own is left out. */
	assert_int_equal(resolv_write_hosts(&resolv, &network, "a\nb", NULL, &out), 0);
	assert_null(strstr(out.data, "127.0.1.1"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(merged),          cmocka_unit_test(long_lines),
		cmocka_unit_test(checked_options), cmocka_unit_test(added_hosts),
		cmocka_unit_test(long_host),       cmocka_unit_test(host_gateway),
		cmocka_unit_test(own_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
