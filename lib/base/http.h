/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_HTTP_H
#define BERTH_BASE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/stream.h"
#include "base/vec.h"

/*
 * HTTP/1.1 and 2 by libcurl, which is loaded when first used. Only http: and https: URLs are ever
 * followed. Proxies are those of the environment (curl(1), ENVIRONMENT); no netrc, no cookies, no
 * cache, no content encoding. The certificate of an https server is verified unless http_tls says
 * otherwise.
 *
 * Redirects are followed here and not by libcurl, at most HTTP_REDIRECTS of them, for GET and HEAD:
 * never from https to http, and the credential of a request is sent to the origin (scheme, host and
 * port) of its own URL only.
 *
 * An exchange is a value that belongs to one thread. Processes that fork must not share one.
 */
#define HTTP_REDIRECTS 5

/*
 * Connections that are kept open from one exchange to the next, where the body was read to its end.
 * It belongs to one thread, and lives longer than its exchanges; in a process that was forked it is
 * empty.
 */
struct http_session {
	void *state;
	pid_t pid;
};

#define HTTP_SESSION_INIT \
	{ \
		.state = NULL \
	}

void http_session_release(struct http_session *session);

/* Strings are borrowed; NULL: none. */
struct http_tls {
	bool insecure;           /* do not verify the server */
	const struct strvec *ca; /* files with certificates that are trusted as well */
	const char *cert, *key;  /* files of the client's certificate and key */
};

struct http_request {
	const char *method; /* "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE" */
	const char *url;
	const struct strvec *headers; /* "Name: value"; NULL: none */
	const char *authorization;    /* value of the Authorization header; NULL: none */
	const struct http_tls *tls;   /* NULL: verify by the system's certificates */
	/* Body: `body`, or what `source` gives; neither: none. body_size UINT64_MAX: not known
	 * beforehand, sent in chunks. */
	const void *body;
	stream_source source;
	void *arg;
	uint64_t body_size;
	struct http_session *session; /* NULL: a connection of its own */
};

struct http {
	void *state; /* of libcurl, and of a body that is being received */
	int status;  /* 200, ... */
	/* Of the last response: "name: value", the name in lower case. */
	struct strvec headers;
	char *url;       /* that answered, after redirects */
	uint64_t length; /* Content-Length; UINT64_MAX where it was not said */
};

#define HTTP_INIT \
	{ \
		.state = NULL \
	}

/* Load the library now; for callers that are about to fork. */
int http_load(void);
/*
 * Send a request and receive the response up to the end of its headers. Any status is a success
 * here. An error names the URL and says what failed (name resolution, connection, TLS); -ETIMEDOUT
 * where the server was silent for too long, -ECONNRESET where it closed the connection,
 * -EHOSTUNREACH and -ECONNREFUSED as of connect(2), -EKEYREJECTED for a certificate that cannot be
 * verified, -EPROTO for what is no HTTP or TLS, or not allowed. The first three may be worth
 * another try.
 */
int http_open(const struct http_request *request, struct http *ret_http);
/* Receive the body: as read(2). Fewer bytes than were promised are -ECONNRESET. A server that sends
 * fewer than 100 bytes a second for 30 seconds is given up: -ETIMEDOUT. */
ssize_t http_read(struct http *http, void *bytes, size_t size);
/* All of the body, at most max bytes (more is -EFBIG), appended to out, which stays as it was on
 * error. */
int http_read_all(struct http *http, size_t max, struct buf *out);
/* The value of a header (its name in lower case); NULL. */
const char *http_header(const struct http *http, const char *name);
void http_release(struct http *http);

/* Is it worth another try? For the results above, and for status 408, 429, 500, 502, 503, 504. */
bool http_is_transient(int rc, int status);
/* How long a response asks to wait (Retry-After in seconds or as a date), microseconds; 0: it does
 * not say. */
uint64_t http_retry_after(const struct http *http);

/* Resolve a reference (Location) against the URL it came from. To be freed; NULL where it is no
 * http or https URL. */
char *http_resolve(const char *base, const char *reference);
/* Have two URLs the same scheme, host and port? */
bool http_same_origin(const char *a, const char *b);
/* Append text percent-encoded, as a part of a query. */
void http_encode(struct buf *out, const char *text);
/* A URL as it may be shown: without user, password and query. To be freed. */
char *http_presentable(const char *text);

#endif
