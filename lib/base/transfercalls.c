/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/transfer.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/bounds.h"
#include "base/err.h"

static int begin_response(struct transfer *t, const char *line)
{
	const char *at = strchr(line, ' ');

	t->status = 0;
	for (int i = 0; at != NULL && i < 3; i++) {
		char c = at[i + 1];

		if (c < '0' || c > '9')
			return refuse_with(EPROTO, "%s: the answer is no HTTP", t->name);
		t->status = t->status * 10 + c - '0';
	}
	strvec_release(&t->headers);
	return 0;
}

static void keep_header(struct transfer *t, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);
	const char *value = colon != NULL ? colon + 1 : NULL;
	autofree char *name = NULL;

	/* A line that goes on with the one before is obsolete and means nothing to us. */
	if (colon == NULL || colon == line || line[0] == ' ' || line[0] == '\t')
		return;
	name = xstrndup(line, (size_t)(colon - line));
	for (char *c = name; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	while (value < line + len && (*value == ' ' || *value == '\t'))
		value++;
	while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t'))
		len--;
	if (value > line + len)
		value = line + len;
	strvec_pushf(&t->headers, "%s: %.*s", name, (int)(line + len - value), value);
}

/* The body of an encoding that nobody asked for has no end that could be seen (RFC 9112, section
 * 6.1). */
static int check_encoding(const struct transfer *t)
{
	static const char name[] = "transfer-encoding: ";

	for (size_t i = 0; i < t->headers.n; i++) {
		const char *line = t->headers.v[i];
		const char *value = line + sizeof(name) - 1;

		if (strncmp(line, name, sizeof(name) - 1) == 0 &&
		    strcasecmp(value, "chunked") != 0 && strcasecmp(value, "identity") != 0)
			return refuse_with(EPROTO, "%s: the transfer encoding '%s' is not known",
					   t->name, value);
	}
	return 0;
}

static int take_header(struct transfer *t, const char *bytes, size_t len)
{
	autofree char *line = xstrndup(bytes, len);

	t->moved += len;
	if (memchr(bytes, '\0', len) != NULL)
		return refuse_with(EPROTO, "%s: the header of the answer has a NUL in it", t->name);
	len = strcspn(line, "\r\n");
	if (strncasecmp(line, "HTTP/", 5) == 0)
		return begin_response(t, line);
	if (len > 0)
		keep_header(t, line, len);
	else
		t->answered = t->status >= 200;
	return t->answered ? check_encoding(t) : 0;
}

/* After the body there may be more of them, of which nothing is kept; but they count. */
size_t transfer_on_header(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	t->header_bytes += size * n;
	if (t->header_bytes > MAX_HTTP_HEADERS)
		t->rc = refuse_with(EPROTO, "%s: the header of the answer is larger than %lu bytes",
				    t->name, MAX_HTTP_HEADERS);
	else if (!t->answered)
		t->rc = take_header(t, bytes, size * n);
	return t->rc < 0 ? 0 : size * n;
}

/* Into the reader's memory, the rest to be kept; where something is kept already, a pause. */
size_t transfer_on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * n;
	size_t direct = len < t->room - t->got ? len : t->room - t->got;

	if (t->rest_len > 0) {
		t->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	t->moved += len;
	if (direct > 0)
		memcpy(t->out + t->got, bytes, direct);
	t->got += direct;
	if (len > direct) {
		if (t->rest_cap < len - direct) {
			t->rest = xrealloc(t->rest, len - direct, 1);
			t->rest_cap = len - direct;
		}
		memcpy(t->rest, bytes + direct, len - direct);
		t->rest_at = 0;
		t->rest_len = len - direct;
	}
	return len;
}

static ssize_t take_source(struct transfer *t, char *bytes, size_t size)
{
	const struct http_request *request = &t->request;
	ssize_t n;

	if (request->body_size != UINT64_MAX && size > request->body_size - t->sent)
		size = (size_t)(request->body_size - t->sent);
	if (size == 0)
		return 0;
	n = request->source(request->arg, bytes, size);
	if (n == 0 && request->body_size != UINT64_MAX)
		return refuse_with(EIO, "%s: what is to be sent ends after %llu of %llu bytes",
				   t->name, (unsigned long long)t->sent,
				   (unsigned long long)request->body_size);
	return n;
}

size_t transfer_on_send(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	const struct http_request *request = &t->request;
	size_t len = size * n;
	ssize_t got;

	if (t->answered) {
		t->rc = refuse_with(ECONNRESET, "%s: the server answered before it had everything",
				    t->name);
		return CURL_READFUNC_ABORT;
	}
	if (request->source != NULL) {
		got = take_source(t, bytes, len);
		if (got < 0) {
			t->rc = (int)got;
			return CURL_READFUNC_ABORT;
		}
		len = (size_t)got;
	} else {
		if (len > request->body_size - t->sent)
			len = (size_t)(request->body_size - t->sent);
		if (len > 0)
			memcpy(bytes, (const char *)request->body + t->sent, len);
	}
	t->sent += len;
	t->moved += len;
	return len;
}

/* A connection that was kept may turn out to be dead: then it is sent anew over another one. */
int transfer_on_seek(void *arg, curl_off_t offset, int origin)
{
	struct transfer *t = arg;

	if (t->request.source != NULL && t->sent > 0)
		return CURL_SEEKFUNC_CANTSEEK;
	if (origin != SEEK_SET || offset != 0)
		return CURL_SEEKFUNC_FAIL;
	t->sent = 0;
	return CURL_SEEKFUNC_OK;
}

int transfer_on_connected(void *arg, char *address, char *own, int port, int own_port)
{
	((struct transfer *)arg)->connected = true;
	return CURL_PREREQFUNC_OK;
}

/* Where this process may have no more of them, libcurl would call that a server that cannot be
 * reached, and it would be tried again. A family that the kernel does not have is no error: another
 * address may do. */
curl_socket_t transfer_on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *t = arg;
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
		t->rc = fail("%s: cannot make a socket", t->name);
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}
