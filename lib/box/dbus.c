/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/dbus.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"

#define MAX_MESSAGE (1UL << 20)
#define MAX_AUTH_LINE 512
#define AUTH_TIMEOUT_MS 10000

/* The fixed part of a header, up to the length of the fields. */
#define FIXED_HEADER 16

enum field {
	FIELD_PATH = 1,
	FIELD_INTERFACE = 2,
	FIELD_MEMBER = 3,
	FIELD_ERROR_NAME = 4,
	FIELD_REPLY_SERIAL = 5,
	FIELD_DESTINATION = 6,
	FIELD_SIGNATURE = 8,
};

void dbus_put_align(struct buf *body, size_t align)
{
	while (body->len % align != 0)
		buf_add_char(body, '\0');
}

void dbus_put_u32(struct buf *body, uint32_t value)
{
	dbus_put_align(body, sizeof(value));
	buf_add(body, &value, sizeof(value));
}

void dbus_put_u64(struct buf *body, uint64_t value)
{
	dbus_put_align(body, sizeof(value));
	buf_add(body, &value, sizeof(value));
}

void dbus_put_string(struct buf *body, const char *text)
{
	dbus_put_u32(body, (uint32_t)strlen(text));
	buf_add(body, text, strlen(text) + 1);
}

void dbus_put_signature(struct buf *body, const char *text)
{
	buf_add_char(body, (char)strlen(text));
	buf_add(body, text, strlen(text) + 1);
}

size_t dbus_array_begin(struct buf *body, size_t align, size_t *ret_start)
{
	size_t mark;

	dbus_put_align(body, sizeof(uint32_t));
	mark = body->len;
	dbus_put_u32(body, 0);
	/* The gap before the first element does not count. */
	dbus_put_align(body, align);
	*ret_start = body->len;
	return mark;
}

void dbus_array_end(struct buf *body, size_t mark, size_t start)
{
	uint32_t len = (uint32_t)(body->len - start);

	memcpy(body->data + mark, &len, sizeof(len));
}

static void put_field(struct buf *header, enum field field, const char *type, const char *text)
{
	dbus_put_align(header, 8);
	buf_add_char(header, (char)field);
	dbus_put_signature(header, type);
	if (type[0] == 'g')
		dbus_put_signature(header, text);
	else
		dbus_put_string(header, text);
}

uint32_t dbus_call(struct dbus *bus, const struct dbus_method *method, const char *signature,
		   const struct buf *body)
{
	AUTO(buf) header = BUF_INIT;
	const char order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 'l' : 'B';
	const char start[4] = { order, DBUS_CALL, 0, 1 };
	size_t mark, first;

	buf_add(&header, start, sizeof(start));
	dbus_put_u32(&header, body != NULL ? (uint32_t)body->len : 0);
	dbus_put_u32(&header, ++bus->serial);
	mark = dbus_array_begin(&header, 8, &first);
	put_field(&header, FIELD_PATH, "o", method->object);
	put_field(&header, FIELD_INTERFACE, "s", method->interface);
	put_field(&header, FIELD_MEMBER, "s", method->member);
	put_field(&header, FIELD_DESTINATION, "s", method->destination);
	if (signature[0] != '\0')
		put_field(&header, FIELD_SIGNATURE, "g", signature);
	dbus_array_end(&header, mark, first);
	dbus_put_align(&header, 8);
	buf_add(&bus->out, header.data, header.len);
	if (body != NULL)
		buf_add(&bus->out, body->data, body->len);
	return bus->serial;
}

int dbus_flush(struct dbus *bus)
{
	size_t sent = 0;

	while (sent < bus->out.len) {
		ssize_t n = send(bus->fd, bus->out.data + sent, bus->out.len - sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail("cannot send to the bus");
		sent += (size_t)n;
	}
	buf_clear(&bus->out);
	return 0;
}

/* At least one byte more. */
static int fill(struct dbus *bus, int timeout_ms)
{
	struct pollfd pfd = { .fd = bus->fd, .events = POLLIN };
	ssize_t n;
	int ready;

	do
		ready = poll(&pfd, 1, timeout_ms);
	while (ready < 0 && errno == EINTR);
	if (ready == 0)
		return fail_with(ETIMEDOUT, "no answer from the bus");
	do
		n = recv(bus->fd, buf_reserve(&bus->in, 4096), 4096, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail("cannot receive from the bus");
	if (n == 0)
		return fail_with(ECONNRESET, "the bus has closed the connection");
	bus->in.len += (size_t)n;
	return 0;
}

static void drop(struct buf *in, size_t len)
{
	memmove(in->data, in->data + len, in->len - len);
	buf_truncate(in, in->len - len);
}

/* SASL EXTERNAL: our uid in hex digits of its decimal digits; the kernel vouches for it. */
static int authenticate(struct dbus *bus)
{
	char uid[16];
	const char *end;

	snprintf(uid, sizeof(uid), "%u", (unsigned int)geteuid());
	buf_add(&bus->out, "\0AUTH EXTERNAL ", strlen("AUTH EXTERNAL ") + 1);
	for (const char *digit = uid; *digit != '\0'; digit++)
		buf_addf(&bus->out, "%02x", (unsigned int)*digit);
	buf_add_str(&bus->out, "\r\n");
	TRY(dbus_flush(bus));
	while ((end = memchr(bus->in.data, '\n', bus->in.len)) == NULL) {
		if (bus->in.len > MAX_AUTH_LINE)
			return refuse_with(EPROTO, "the bus does not speak its protocol");
		TRY(fill(bus, AUTH_TIMEOUT_MS));
	}
	if (strncmp(bus->in.data, "OK ", 3) != 0)
		return refuse_with(EACCES, "the bus refuses user %s", uid);
	drop(&bus->in, (size_t)(end + 1 - bus->in.data));
	buf_add_str(&bus->out, "BEGIN\r\n");
	return 0;
}

int dbus_connect(const char *path, struct dbus *ret_bus)
{
	static const struct dbus_method hello = { "org.freedesktop.DBus", "/org/freedesktop/DBus",
						  "org.freedesktop.DBus", "Hello" };
	AUTO(dbus) bus = DBUS_INIT;
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path))
		return fail_with(ENAMETOOLONG, "bus '%s'", path);
	memcpy(address.sun_path, path, strlen(path));
	bus.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bus.fd < 0 || connect(bus.fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return fail("cannot connect to the bus '%s'", path);
	TRY(authenticate(&bus));
	dbus_call(&bus, &hello, "", NULL);
	*ret_bus = bus;
	bus = (struct dbus)DBUS_INIT;
	return 0;
}

void dbus_release(struct dbus *bus)
{
	if (bus->fd >= 0)
		close(bus->fd);
	buf_release(&bus->out);
	buf_release(&bus->in);
	*bus = (struct dbus)DBUS_INIT;
}

/* A position in bytes from outside: nothing is read beyond the end. */
struct reader {
	const char *data;
	size_t len, at;
};

static bool get_u32(struct reader *r, uint32_t *ret_value)
{
	r->at = (r->at + 3) & ~(size_t)3;
	if (r->at > r->len || r->len - r->at < sizeof(*ret_value))
		return false;
	memcpy(ret_value, r->data + r->at, sizeof(*ret_value));
	r->at += sizeof(*ret_value);
	return true;
}

/* len bytes and a NUL, which must be the first one. */
static const char *get_text(struct reader *r, size_t len)
{
	const char *text = r->data + r->at;

	if (r->at > r->len || r->len - r->at <= len || memchr(text, '\0', len + 1) != text + len)
		return NULL;
	r->at += len + 1;
	return text;
}

static const char *get_string(struct reader *r)
{
	uint32_t len;

	return get_u32(r, &len) ? get_text(r, len) : NULL;
}

static const char *get_signature(struct reader *r)
{
	size_t len = r->at < r->len ? (unsigned char)r->data[r->at] : r->len;

	r->at++;
	return get_text(r, len);
}

const char *dbus_get_string(const struct dbus_message *message, size_t index)
{
	struct reader r = { .data = message->body, .len = message->body_len };

	for (const char *type = message->signature; *type != '\0'; type++) {
		const char *text = "";
		uint32_t value;

		if (*type == 'u' || *type == 'i') {
			if (!get_u32(&r, &value))
				return NULL;
			continue;
		}
		if (*type == 's' || *type == 'o')
			text = get_string(&r);
		else
			return NULL;
		if (text == NULL || index-- == 0)
			return text;
	}
	return NULL;
}

/* One header field: a structure of a byte and a variant. */
static bool read_field(struct reader *r, struct dbus_message *message)
{
	const char *type, *text = NULL;
	uint32_t value = 0;
	enum field field;

	r->at = (r->at + 7) & ~(size_t)7;
	if (r->at >= r->len)
		return false;
	field = (enum field)r->data[r->at++];
	type = get_signature(r);
	if (type == NULL || type[0] == '\0' || type[1] != '\0')
		return false;
	switch (type[0]) {
	case 's':
	case 'o':
		text = get_string(r);
		break;
	case 'g':
		text = get_signature(r);
		break;
	case 'u':
		text = get_u32(r, &value) ? "" : NULL;
		break;
	default:
		break;
	}
	if (text == NULL)
		return false;
	if (field == FIELD_MEMBER)
		message->member = text;
	else if (field == FIELD_ERROR_NAME)
		message->error_name = text;
	else if (field == FIELD_SIGNATURE)
		message->signature = text;
	else if (field == FIELD_REPLY_SERIAL)
		message->reply_to = value;
	return true;
}

static int parse(const char *data, size_t header_len, size_t body_len,
		 struct dbus_message *ret_message)
{
	struct dbus_message message = { .type = (enum dbus_type)data[1],
					.member = "",
					.error_name = "",
					.signature = "",
					.body = data + header_len,
					.body_len = body_len };
	struct reader r = { .data = data, .at = FIXED_HEADER };
	uint32_t fields;

	memcpy(&fields, data + FIXED_HEADER - sizeof(fields), sizeof(fields));
	r.len = FIXED_HEADER + fields;
	while (r.at < r.len)
		if (!read_field(&r, &message))
			return refuse_with(EPROTO, "the bus sent a broken message");
	*ret_message = message;
	return 0;
}

int dbus_receive(struct dbus *bus, int timeout_ms, struct dbus_message *ret_message)
{
	const char order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 'l' : 'B';
	uint32_t body, fields;
	size_t header;

	/* The one before is used up: it is cut off only now, for its pointers to hold. */
	drop(&bus->in, bus->used);
	bus->used = 0;
	while (bus->in.len < FIXED_HEADER)
		TRY(fill(bus, timeout_ms));
	memcpy(&body, bus->in.data + 4, sizeof(body));
	memcpy(&fields, bus->in.data + 12, sizeof(fields));
	if (bus->in.data[0] != order || body > MAX_MESSAGE || fields > MAX_MESSAGE)
		return refuse_with(EPROTO, "the bus sent a message that cannot be read");
	header = (FIXED_HEADER + (size_t)fields + 7) & ~(size_t)7;
	while (bus->in.len < header + body)
		TRY(fill(bus, timeout_ms));
	bus->used = header + body;
	return parse(bus->in.data, header, body, ret_message);
}
