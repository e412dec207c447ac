/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_EVENT_H
#define BERTH_CONTAINER_EVENT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/host.h"
#include "base/vec.h"
#include "container/record.h"

/*
 * What happened to containers, images and volumes, told by who did it. There is no daemon that
 * could: each appends a line of JSON to a file below the runroot, which a reboot empties.
 *
 *	events/log	the youngest; at MAX_EVENTS it becomes
 *	events/log.1	and the one of that name goes
 *
 *	{"time":N,"type":"container","action":"died","id":"...","name":"...","image":"...",
 *	 "attributes":["exitCode=0"],"labels":["KEY=VALUE"]}
 *
 * Lines are appended with one write(2) each time and no lock; several may be in one. No event is
 * worth a failure: what cannot be written (a full disk, a file system that can only be read) is
 * not, and nothing is said. Nothing here touches the error slot.
 */
struct event {
	int64_t time; /* nanoseconds since the epoch; 0 is now, to who writes */
	const char *type, *action;
	const char *id, *name, *image;   /* NULL: none */
	const struct strvec *attributes; /* "KEY=VALUE", of the event; NULL: none */
	const struct strvec *labels;     /* of the container, or volume */
};

/* At once. attributes may be NULL, as may be id and name where there is none. */
void event_add(const struct host *host, const char *type, const char *action, const char *id,
	       const char *name, const struct strvec *attributes);
/* Of a container; attribute: one of them, or NULL. */
void event_add_container(const struct host *host, const struct record *record, const char *action,
			 const char *attribute);
/* After record_remove() has returned: where it was we who removed it. */
void event_removed(const struct host *host, const struct record *record);
/* status: "healthy", "unhealthy", "starting". */
void event_health(const struct host *host, const struct record *record, const char *status);

/* Of an image. id may be NULL where only its name is known. */
void event_add_image(const struct host *host, const char *action, const char *id, const char *name);

/* Several in one go: each gets its time when it is noted, and all are written at the end. Writing
 * empties the buffer and frees its memory. */
void event_note(struct buf *lines, const struct event *event);
void event_note_container(struct buf *lines, const struct record *record, const char *action,
			  const struct strvec *attributes);
void event_write(const struct host *host, struct buf *lines);

#endif
