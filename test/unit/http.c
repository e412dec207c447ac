/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/http.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "base/bounds.h"
#include "base/err.h"
#include "servers.h"

static struct servers servers;
#define PLAIN servers.ports[0]
#define OTHER servers.ports[1]
#define TLS servers.ports[2]
#define WANTS servers.ports[3] /* a certificate of the client */

static int start(void **state)
{
	return servers_start(&servers, TEST_DATA "/../unit/http-server", 4);
}

static int stop(void **state)
{
	return servers_stop(&servers);
}

static char *url_of(int port, const char *path)
{
	bool tls = port == TLS || port == WANTS;

	return xasprintf("http%s://127.0.0.1:%d%s", tls ? "s" : "", port, path);
}

/* Send it, read the body: the status, or the error. */
static int ask(struct http_request *request, int port, const char *path, struct buf *body)
{
	autofree char *url = url_of(port, path);
	AUTO(http) http = HTTP_INIT;

	err_clear();
	request->url = url;
	if (request->method == NULL)
		request->method = "GET";
	TRY(http_open(request, &http));
	TRY(http_read_all(&http, 1UL << 20, body));
	return http.status;
}

static int get(int port, const char *path, struct buf *body)
{
	struct http_request request = { .method = "GET" };

	return ask(&request, port, path, body);
}

/* Whatever the port speaks. */
static int open_url(const char *scheme, int port)
{
	autofree char *url = xasprintf("%s://127.0.0.1:%d/hello", scheme, port);
	struct http_request request = { .method = "GET", .url = url };
	AUTO(http) http = HTTP_INIT;

	return http_open(&request, &http);
}

static void headers_and_body(void **state)
{
	autofree char *url = url_of(PLAIN, "/hello?secret=1");
	struct http_request request = { .method = "GET", .url = url };
	AUTO(http) http = HTTP_INIT;
	char bytes[3];

	assert_int_equal(http_open(&request, &http), 0);
	assert_int_equal(http.status, 200);
	assert_int_equal(http.length, 5);
	assert_string_equal(http.url, url);
	assert_string_equal(http_header(&http, "content-type"), "text/plain");
	assert_string_equal(http_header(&http, "x-two"), "spaced");
	assert_string_equal(http_header(&http, "x-empty"), "");
	assert_null(http_header(&http, "x"));
	/* As small as the reader likes it. */
	assert_int_equal(http_read(&http, bytes, 3), 3);
	assert_memory_equal(bytes, "hel", 3);
	assert_int_equal(http_read(&http, bytes, 3), 2);
	assert_memory_equal(bytes, "lo", 2);
	assert_int_equal(http_read(&http, bytes, 3), 0);
	assert_int_equal(http_read(&http, bytes, 3), 0);
}

static void bodies(void **state)
{
	AUTO(buf) body = BUF_INIT;

	assert_int_equal(get(PLAIN, "/chunked", &body), 200);
	assert_string_equal(body.data, "hello world");
	buf_clear(&body);
	assert_int_equal(get(PLAIN, "/closed", &body), 200);
	assert_string_equal(body.data, "until the end");
	buf_clear(&body);
	assert_int_equal(get(PLAIN, "/size/1000000", &body), 200);
	assert_int_equal(body.len, 1000235);
	for (size_t i = 0; i < body.len; i++)
		assert_int_equal((unsigned char)body.data[i], i % 251 * 7 % 251);
	/* Not asked for, not decoded. */
	buf_clear(&body);
	assert_int_equal(get(PLAIN, "/zip", &body), 200);
	assert_memory_equal(body.data, "\x1f\x8b not", 6);
}

static void limits(void **state)
{
	AUTO(buf) body = BUF_INIT;

	buf_add_str(&body, "kept");
	assert_int_equal(get(PLAIN, "/size/2000000", &body), -EFBIG);
	assert_string_equal(body.data, "kept");
	buf_clear(&body);
	assert_int_equal(get(PLAIN, "/headers/60", &body), 200);
	assert_int_equal(get(PLAIN, "/headers/70", &body), -EPROTO);
	assert_int_equal(get(PLAIN, "/headers/5000", &body), -EPROTO);
	assert_int_equal(get(PLAIN, "/trailers/60", &body), 200);
	assert_int_equal(get(PLAIN, "/trailers/70", &body), -EPROTO);
	assert_int_equal(get(PLAIN, "/trailers/50000", &body), -EPROTO);
	assert_int_equal(get(PLAIN, "/nul", &body), -EPROTO);
	assert_int_equal(get(PLAIN, "/encoded", &body), -EPROTO);
	assert_int_equal(get(PLAIN, "/garbage", &body), -EPROTO);
}

/* A body is received no faster than it is read. */
static void small_memory(void **state)
{
	autofree char *url = url_of(PLAIN, "/large/268435456");
	struct http_request request = { .method = "GET", .url = url };
	AUTO(http) http = HTTP_INIT;
	struct rusage before, after;
	uint64_t total = 0;
	char bytes[70000];
	ssize_t n;

	getrusage(RUSAGE_SELF, &before);
	assert_int_equal(http_open(&request, &http), 0);
	usleep(200000);
	do {
		n = http_read(&http, bytes, total % 2 == 0 ? sizeof(bytes) : 999);
		assert_true(n >= 0);
		total += (uint64_t)n;
	} while (n > 0);
	assert_int_equal(total, 256UL << 20);
	getrusage(RUSAGE_SELF, &after);
	assert_true(after.ru_maxrss - before.ru_maxrss < 4096);
}

static void broken(void **state)
{
	AUTO(buf) body = BUF_INIT;

	assert_int_equal(get(PLAIN, "/short", &body), -ECONNRESET);
	assert_int_equal(get(PLAIN, "/unended", &body), -ECONNRESET);
	assert_int_equal(get(PLAIN, "/nothing", &body), -ECONNRESET);
	assert_int_equal(get(PLAIN, "/reset", &body), -ECONNRESET);
	assert_int_equal(get(1, "/", &body), -ECONNREFUSED);
	assert_non_null(strstr(err_text(), "http://127.0.0.1:1/: cannot connect"));
}

/* What came before the connection broke is given out. */
static void broken_later(void **state)
{
	autofree char *url = url_of(PLAIN, "/short");
	struct http_request request = { .method = "GET", .url = url };
	AUTO(http) http = HTTP_INIT;
	char bytes[100];

	assert_int_equal(http_open(&request, &http), 0);
	assert_int_equal(http.length, 100);
	assert_int_equal(http_read(&http, bytes, 100), 10);
	assert_int_equal(http_read(&http, bytes, 100), -ECONNRESET);
}

static void methods(void **state)
{
	static const char *const names[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE" };
	AUTO(buf) body = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct http_request request = { .method = names[i] };

		buf_clear(&body);
		assert_int_equal(ask(&request, PLAIN, "/echo", &body), 200);
		if (i == 1)
			assert_int_equal(body.len, 0);
		else
			assert_memory_equal(body.data, names[i], strlen(names[i]));
		assert_null(strstr(body.data, "Authorization"));
		assert_null(strstr(body.data, "Accept-Encoding"));
		assert_null(strstr(body.data, "Expect"));
		if (i >= 2 && i <= 4)
			assert_non_null(strstr(body.data, "\nContent-Length: 0\n"));
	}
}

static void request_headers(void **state)
{
	AUTO(strvec) headers = STRVEC_INIT;
	AUTO(buf) body = BUF_INIT;
	struct http_request request = { .headers = &headers, .authorization = "Bearer x.y" };

	strvec_push(&headers, "Accept: a/b, c/d");
	strvec_push(&headers, "Range: bytes=5-");
	assert_int_equal(ask(&request, PLAIN, "/echo", &body), 200);
	assert_non_null(strstr(body.data, "\nAccept: a/b, c/d\nAuthorization: Bearer x.y\n"));
	assert_non_null(strstr(body.data, "\nRange: bytes=5-\nUser-Agent: berth/"));
	/* No header smuggled in by a value. */
	request.authorization = "Bearer x\r\nX-Evil: 1";
	assert_int_equal(ask(&request, PLAIN, "/echo", &body), -EPROTO);
	assert_null(strstr(err_text(), "Bearer"));
}

struct feed {
	size_t left, most;
	int fails;
};

static ssize_t feed(void *arg, void *bytes, size_t size)
{
	struct feed *f = arg;

	if (f->left == 0 && f->fails != 0)
		return fail_with(f->fails, "cannot read what is to be sent");
	size = size > f->left ? f->left : size;
	size = size > f->most ? f->most : size;
	memset(bytes, 1, size);
	f->left -= size;
	return (ssize_t)size;
}

static void uploads(void **state)
{
	AUTO(buf) body = BUF_INIT;
	struct http_request request = { .method = "PUT", .body = "text", .body_size = 4 };
	struct feed f = { 1000000, 7777, 0 };

	assert_int_equal(ask(&request, PLAIN, "/echo", &body), 200);
	assert_non_null(strstr(body.data, "\nContent-Length: 4\n"));
	assert_string_equal(body.data + body.len - 6, "\n\ntext");
	request = (struct http_request){
		.method = "PUT", .source = feed, .arg = &f, .body_size = 1000000
	};
	buf_clear(&body);
	assert_int_equal(ask(&request, PLAIN, "/sum", &body), 200);
	assert_string_equal(body.data, "1000000");
	/* Not known beforehand. */
	f = (struct feed){ 1234567, 65536, 0 };
	request.method = "PATCH";
	request.body_size = UINT64_MAX;
	buf_clear(&body);
	assert_int_equal(ask(&request, PLAIN, "/sum", &body), 200);
	assert_string_equal(body.data, "1234567");
}

static void uploads_that_fail(void **state)
{
	AUTO(buf) body = BUF_INIT;
	struct feed f = { 1000, 100, ENOSPC };
	struct http_request request = {
		.method = "PUT", .source = feed, .arg = &f, .body_size = UINT64_MAX
	};

	assert_int_equal(ask(&request, PLAIN, "/sum", &body), -ENOSPC);
	assert_non_null(strstr(err_text(), "cannot read what is to be sent"));
	f = (struct feed){ 1000, 100, 0 };
	request.body_size = 1001;
	assert_int_equal(ask(&request, PLAIN, "/sum", &body), -EIO);
	/* The server does not want it: neither a wait nor a SIGPIPE, but its answer. */
	f = (struct feed){ 200UL << 20, 1UL << 20, 0 };
	request.body_size = 200UL << 20;
	buf_clear(&body);
	assert_int_equal(ask(&request, PLAIN, "/early", &body), 413);
	assert_string_equal(body.data, "too large");
	assert_true(f.left > 0);
}

static void redirects(void **state)
{
	AUTO(buf) body = BUF_INIT;
	struct http_request post = { .method = "POST" };
	autofree char *away = xasprintf("/redirect/307?http://127.0.0.1:%d/echo", OTHER);
	autofree char *back = xasprintf("/redirect?http://127.0.0.1:%d/redirect?http://127.0.0.1:%d"
					"/echo",
					OTHER, PLAIN);
	struct http_request secret = { .authorization = "Basic c2VjcmV0" };

	assert_int_equal(get(PLAIN, "/redirect?/hello", &body), 200);
	assert_int_equal(get(PLAIN, "/redirect/301?/hello", &body), 200);
	buf_clear(&body);
	assert_int_equal(get(PLAIN, "/down/5", &body), 200);
	assert_string_equal(body.data, "hello");
	assert_int_equal(get(PLAIN, "/down/6", &body), -EPROTO);
	assert_int_equal(get(PLAIN, "/loop", &body), -EPROTO);
	/* A POST is not sent to somebody else. */
	assert_int_equal(ask(&post, PLAIN, "/redirect/307?/hello", &body), 307);
	/* Another port is another origin. */
	buf_clear(&body);
	assert_int_equal(ask(&secret, PLAIN, away, &body), 200);
	assert_null(strstr(body.data, "c2VjcmV0"));
	buf_clear(&body);
	assert_int_equal(ask(&secret, PLAIN, back, &body), 200);
	assert_non_null(strstr(body.data, "c2VjcmV0"));
	/* Cookies are not kept. */
	buf_clear(&body);
	assert_int_equal(get(PLAIN, "/cookie", &body), 200);
	assert_null(strstr(body.data, "ookie"));
}

static void redirects_refused(void **state)
{
	static const char *const targets[] = { "file:///etc/passwd",
					       "ftp://127.0.0.1/",
					       "gopher://127.0.0.1:1/",
					       "dict://127.0.0.1/",
					       "http://user:password@127.0.0.1/",
					       "http://",
					       "http://127.0.0.1:99999/",
					       "http://a b/" };
	AUTO(buf) body = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		autofree char *path = xasprintf("/redirect?%s", targets[i]);

		assert_int_equal(get(PLAIN, path, &body), -EPROTO);
	}
}

static void tls(void **state)
{
	AUTO(strvec) ca = STRVEC_INIT;
	AUTO(buf) body = BUF_INIT;
	struct http_tls tls = { .ca = &ca };
	struct http_request request = { .tls = &tls };
	autofree char *down = xasprintf("/redirect?http://127.0.0.1:%d/hello", PLAIN);

	assert_int_equal(get(TLS, "/hello", &body), -EKEYREJECTED);
	assert_int_equal(ask(&request, TLS, "/hello", &body), -EKEYREJECTED);
	strvec_pushf(&ca, "%s/other.pem", servers.directory);
	assert_int_equal(ask(&request, TLS, "/hello", &body), -EKEYREJECTED);
	strvec_pushf(&ca, "%s/ca.pem", servers.directory);
	assert_int_equal(ask(&request, TLS, "/hello", &body), 200);
	assert_int_equal(ask(&request, TLS, down, &body), -EPROTO);
	strvec_pushf(&ca, "%s/ca.key", servers.directory);
	strvec_pushf(&ca, "%s/missing", servers.directory);
	assert_int_equal(ask(&request, TLS, "/hello", &body), -ENOENT);
	tls = (struct http_tls){ .insecure = true };
	assert_int_equal(ask(&request, TLS, "/hello", &body), 200);
	assert_int_equal(ask(&request, TLS, down, &body), -EPROTO);
	/* The wrong language in both directions. */
	assert_true(open_url("http", TLS) < 0);
	assert_int_equal(open_url("https", PLAIN), -EPROTO);
}

/* libcurl repeats what it does not understand. */
static void proxy_is_not_told(void **state)
{
	static const char *const proxies[] = { "bogus://user:secret@127.0.0.1:1",
					       "http://user:secret@127.0.0.1:port",
					       "http://user:secret@127.0.0.1:1",
					       "http://user:secret@[::1" };
	AUTO(buf) body = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(proxies); i++) {
		setenv("http_proxy", proxies[i], 1);
		assert_true(get(PLAIN, "/hello", &body) < 0);
		assert_null(strstr(err_text(), "secret"));
	}
	unsetenv("http_proxy");
}

static void client_certificate(void **state)
{
	autofree char *cert = xasprintf("%s/client.pem", servers.directory);
	autofree char *key = xasprintf("%s/client.key", servers.directory);
	autofree char *away = xasprintf("/redirect?https://127.0.0.1:%d/hello", WANTS);
	struct http_tls tls = { .insecure = true };
	struct http_request request = { .tls = &tls };
	AUTO(buf) body = BUF_INIT;

	assert_true(ask(&request, WANTS, "/hello", &body) < 0);
	tls.cert = cert;
	tls.key = key;
	assert_int_equal(ask(&request, WANTS, "/hello", &body), 200);
	/* It is shown to nobody else. */
	assert_true(ask(&request, TLS, away, &body) < 0);
	tls.cert = servers.directory;
	assert_int_equal(ask(&request, WANTS, "/hello", &body), -EPROTO);
}

static void sessions(void **state)
{
	AUTO(http_session) session = HTTP_SESSION_INIT;
	struct http_request request = { .session = &session };
	AUTO(buf) first = BUF_INIT, second = BUF_INIT, child = BUF_INIT, third = BUF_INIT;
	int status;
	pid_t pid;

	assert_int_equal(ask(&request, OTHER, "/connection", &first), 200);
	assert_int_equal(ask(&request, OTHER, "/connection", &second), 200);
	assert_string_equal(first.data, second.data);
	/* A process of its own has connections of its own, and harms not ours. */
	pid = fork();
	if (pid == 0) {
		int rc = ask(&request, OTHER, "/connection", &child);
		bool same = strcmp(first.data, child.data) == 0;

		http_session_release(&session);
		_exit(rc == 200 && !same ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(ask(&request, OTHER, "/connection", &third), 200);
	assert_string_equal(first.data, third.data);
}

/* Two bodies of one session at once: each reader gets his own. */
static void session_of_two(void **state)
{
	AUTO(http_session) session = HTTP_SESSION_INIT;
	autofree char *url = url_of(PLAIN, "/size/600000");
	struct http_request request = { .method = "GET", .url = url, .session = &session };
	AUTO(http) a = HTTP_INIT, b = HTTP_INIT;
	AUTO(buf) left = BUF_INIT, right = BUF_INIT;
	char bytes[1000];

	assert_int_equal(http_open(&request, &a), 0);
	assert_int_equal(http_open(&request, &b), 0);
	for (int i = 0; i < 300; i++) {
		ssize_t n = http_read(&a, bytes, sizeof(bytes));

		assert_true(n > 0);
		buf_add(&left, bytes, (size_t)n);
		n = http_read(&b, bytes, 500);
		assert_true(n > 0);
		buf_add(&right, bytes, (size_t)n);
	}
	assert_int_equal(http_read_all(&b, 1UL << 20, &right), 0);
	assert_int_equal(http_read_all(&a, 1UL << 20, &left), 0);
	assert_int_equal(left.len, right.len);
	assert_memory_equal(left.data, right.data, left.len);
}

static void retries(void **state)
{
	static const struct {
		const char *header;
		uint64_t least, most; /* seconds */
	} rows[] = {
		{ "", 0, 0 },
		{ "Retry-After: 7", 7, 7 },
		{ "Retry-After: -1", 0, 0 },
		{ "Retry-After: x", 0, 0 },
		{ "Retry-After: 99999999999999999999999", 366 * 86400, 366 * 86400 },
		{ "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT", 0, 0 },
		{ "Retry-After: Wed, 21 Oct 2099 07:28:00 GMT", 366 * 86400, 366 * 86400 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autofree char *path = xasprintf("/status/429?%s", rows[i].header);
		AUTO(buf) escaped = BUF_INIT;
		autofree char *url = NULL;
		struct http_request request = { .method = "GET" };
		AUTO(http) http = HTTP_INIT;

		for (const char *c = path; *c != '\0'; c++)
			if (*c == ' ')
				buf_add_str(&escaped, "%20");
			else
				buf_add_char(&escaped, *c);
		url = url_of(PLAIN, escaped.data);
		request.url = url;
		assert_int_equal(http_open(&request, &http), 0);
		assert_int_equal(http.status, 429);
		assert_in_range(http_retry_after(&http), rows[i].least * 1000000,
				rows[i].most * 1000000);
	}
	assert_true(http_is_transient(0, 503) && http_is_transient(0, 429));
	assert_true(http_is_transient(-ETIMEDOUT, 0) && http_is_transient(-EHOSTUNREACH, 0));
	assert_false(http_is_transient(0, 200) || http_is_transient(0, 501));
	assert_false(http_is_transient(-ECONNREFUSED, 503) || http_is_transient(-EPROTO, 0));
}

static void urls(void **state)
{
	static const struct {
		const char *base, *reference, *result; /* NULL: none */
	} rows[] = {
		{ "http://h/a/b?c", "d", "http://h/a/d" },
		{ "http://h/a/b?c", "/d?e=f", "http://h/d?e=f" },
		{ "http://h/a/b", "//i/d", "http://i/d" },
		{ "https://h/a", "http://i:81/d#x", "http://i:81/d" },
		{ "http://h", "", "http://h/" },
		{ "http://h/a", "../../x", "http://h/x" },
		{ "http://h/a", "file:///etc/passwd", NULL },
		{ "http://h/a", "ftp://h/", NULL },
		{ "http://h/a", "http://u:p@h/", NULL },
		{ "http://h/a", "/b c", "http://h/b%20c" },
		{ "http://h/a", "/b\r\nc", NULL },
		{ "file:///a", "b", NULL },
		{ "nothing", "", NULL },
	};
	AUTO(buf) text = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autofree char *result = http_resolve(rows[i].base, rows[i].reference);

		if (rows[i].result == NULL)
			assert_null(result);
		else
			assert_string_equal(result, rows[i].result);
	}
	http_encode(&text, "a-Z_0.~ /:&=%\xc3\xa4");
	assert_string_equal(text.data, "a-Z_0.~%20%2F%3A%26%3D%25%C3%A4");
}

static void origins(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{ "http://h/a", "http://H:80/b?c", true },
		{ "https://h", "https://h:443/", true },
		{ "https://h", "http://h:443/", false },
		{ "http://h", "http://h:81", false },
		{ "http://h", "http://h.", false },
		{ "http://h", "http://h@i/", false },
		{ "http://h", "", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(http_same_origin(rows[i].a, rows[i].b), rows[i].same);
}

static void presentable(void **state)
{
	static const char *const rows[][2] = {
		{ "https://u:p@h:5/a/b?token=x#y", "https://h:5/a/b" },
		{ "http://h/", "http://h/" },
		{ "http://[::1]:5000/v2/", "http://[::1]:5000/v2/" },
		{ "http://", "a URL that cannot be read" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autofree char *text = http_presentable(rows[i][0]);

		assert_string_equal(text, rows[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_and_body),
		cmocka_unit_test(bodies),
		cmocka_unit_test(limits),
		cmocka_unit_test(small_memory),
		cmocka_unit_test(broken),
		cmocka_unit_test(broken_later),
		cmocka_unit_test(methods),
		cmocka_unit_test(request_headers),
		cmocka_unit_test(uploads),
		cmocka_unit_test(uploads_that_fail),
		cmocka_unit_test(redirects),
		cmocka_unit_test(redirects_refused),
		cmocka_unit_test(tls),
		cmocka_unit_test(client_certificate),
		cmocka_unit_test(proxy_is_not_told),
		cmocka_unit_test(sessions),
		cmocka_unit_test(session_of_two),
		cmocka_unit_test(retries),
		cmocka_unit_test(urls),
		cmocka_unit_test(origins),
		cmocka_unit_test(presentable),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
