/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_DBUS_H
#define BERTH_BOX_DBUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * As much of D-Bus as it takes to ask systemd for one thing and to wait until it is done: method
 * calls with a body that the caller marshals, and what comes back. "D-Bus Specification",
 * revision 0.41; all values in the byte order of this machine.
 */
struct dbus {
	int fd;
	uint32_t serial; /* of the last call */
	struct buf out;  /* calls that are not sent yet */
	struct buf in;
	size_t used; /* of `in`, by the message that was received last */
};

#define DBUS_INIT \
	{ \
		.fd = -1, .out = BUF_INIT, .in = BUF_INIT \
	}

/* What a message can be. */
enum dbus_type {
	DBUS_CALL = 1,
	DBUS_RETURN = 2,
	DBUS_ERROR = 3,
	DBUS_SIGNAL = 4,
};

/* Pointers go into the connection's buffer and hold until the next dbus_receive(). */
struct dbus_message {
	enum dbus_type type;
	uint32_t reply_to;
	const char *member;     /* "" if there is none */
	const char *error_name; /* likewise */
	const char *signature;  /* likewise */
	const char *body;
	size_t body_len;
};

/* Connect to the socket at `path`, authenticate as the caller and queue the first call (Hello). */
int dbus_connect(const char *path, struct dbus *ret_bus);
void dbus_release(struct dbus *bus);

/* What a call is for. */
struct dbus_method {
	const char *destination, *object, *interface, *member;
};

/* Queue a call; returns its serial number. body may be NULL with signature "". */
uint32_t dbus_call(struct dbus *bus, const struct dbus_method *method, const char *signature,
		   const struct buf *body);
/* Send what is queued. */
int dbus_flush(struct dbus *bus);
/* Wait for the next message. -ETIMEDOUT after timeout_ms. */
int dbus_receive(struct dbus *bus, int timeout_ms, struct dbus_message *ret_message);

/* Marshalling: append to a body. */
void dbus_put_align(struct buf *body, size_t align);
void dbus_put_u32(struct buf *body, uint32_t value);
void dbus_put_u64(struct buf *body, uint64_t value);
void dbus_put_string(struct buf *body, const char *text);
void dbus_put_signature(struct buf *body, const char *text);
/* An array: begin gives a mark that end wants; its elements are aligned to `align`. */
size_t dbus_array_begin(struct buf *body, size_t align, size_t *ret_start);
void dbus_array_end(struct buf *body, size_t mark, size_t start);
/* The string number `index` (from 0) of a message whose signature has only u, o and s; NULL where
 * it has none. */
const char *dbus_get_string(const struct dbus_message *message, size_t index);

#endif
