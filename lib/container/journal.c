/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/journal.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"

#define SHORT_ID 12
#define SLICE_MS 100     /* between two tries */
#define TRIES 300        /* 30 s */
#define PRIORITY_OUT "6" /* syslog's info */
#define PRIORITY_ERR "3" /* and error */

/* --- an entry --------------------------------------------------------------------------------- */

/* With its length before it, a value may have any bytes. */
static void add_field(struct buf *out, const char *name, const char *bytes, size_t len)
{
	const uint64_t size = htole64((uint64_t)len);

	buf_add_str(out, name);
	buf_add_char(out, '\n');
	buf_add(out, &size, sizeof(size));
	buf_add(out, bytes, len);
	buf_add_char(out, '\n');
}

static void add_text(struct buf *out, const char *name, const char *text)
{
	if (text != NULL)
		add_field(out, name, text, strlen(text));
}

static void format(const struct journal *journal, const struct log_entry *entry, struct buf *out)
{
	buf_clear(out);
	buf_add(out, journal->fields.data, journal->fields.len);
	add_text(out, "PRIORITY", entry->stream == LOG_STDOUT ? PRIORITY_OUT : PRIORITY_ERR);
	if (!entry->ends)
		add_text(out, "CONTAINER_PARTIAL_MESSAGE", "true");
	add_field(out, "MESSAGE", entry->bytes, entry->len - (entry->ends ? 1 : 0));
}

/* --- the socket ------------------------------------------------------------------------------- */

static int connect_socket(int fd)
{
	const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = JOURNAL_SOCKET };

	return connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
}

static int send_datagram(int fd, const struct buf *entry)
{
	return send(fd, entry->data, entry->len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int send_descriptor(int fd, int file)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct msghdr msg = { .msg_control = control.bytes,
			      .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&msg);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &file, sizeof(file));
	return sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* The journal takes only files that nobody can change any more. */
static int send_file(int fd, const struct buf *entry)
{
	autoclose int file = memfd_create("journal-entry", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (file < 0)
		return -errno;
	if (fs_write_all(file, entry->data, entry->len, "journal-entry") < 0 ||
	    fcntl(file, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_WRITE | F_SEAL_SEAL) <
		    0) {
		err_clear();
		return -EIO;
	}
	return send_descriptor(fd, file);
}

static int send_once(int fd, const struct buf *entry)
{
	int rc = send_datagram(fd, entry);

	return rc == -EMSGSIZE || rc == -ENOBUFS ? send_file(fd, entry) : rc;
}

/* After a restart another one may listen at the same place. */
static int send_again(int fd, int rc, const struct buf *entry)
{
	if (rc != -EAGAIN)
		(void)connect_socket(fd);
	return send_once(fd, entry);
}

static bool deliver(struct journal *journal)
{
	int rc = send_once(journal->fd, &journal->entry);

	if (rc < 0 && journal->away)
		rc = send_again(journal->fd, rc, &journal->entry);
	for (int i = 0; rc < 0 && !journal->away && i < TRIES; i++) {
		/* Its queue is full, or it is not there. */
		struct pollfd writable = { .fd = rc == -EAGAIN ? journal->fd : -1,
					   .events = POLLOUT };

		(void)poll(&writable, 1, SLICE_MS);
		rc = send_again(journal->fd, rc, &journal->entry);
	}
	journal->away = rc < 0;
	return rc >= 0;
}

/* ---------------------------------------------------------------------------------------------- */

int journal_open(const struct record *record, const char *tag, struct journal *ret_journal)
{
	AUTO(journal) journal = JOURNAL_INIT;
	autofree char *short_id = xstrndup(record->id, SHORT_ID);
	int rc;

	journal.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (journal.fd < 0)
		return fail("cannot make a socket");
	rc = connect_socket(journal.fd);
	if (rc < 0) {
		fail_with(rc, "cannot reach the journal of systemd at '%s'", JOURNAL_SOCKET);
		hint("choose another --log-driver: json-file, k8s-file or none");
		return rc;
	}
	add_text(&journal.fields, "CONTAINER_ID", short_id);
	add_text(&journal.fields, "CONTAINER_ID_FULL", record->id);
	add_text(&journal.fields, "CONTAINER_NAME", record->name);
	add_text(&journal.fields, "CONTAINER_TAG", tag != NULL ? tag : short_id);
	add_text(&journal.fields, "SYSLOG_IDENTIFIER", tag != NULL ? tag : short_id);
	add_text(&journal.fields, "IMAGE_NAME", record->image);
	*ret_journal = journal;
	journal = (struct journal)JOURNAL_INIT;
	return 0;
}

static bool confess(struct journal *journal)
{
	struct log_entry entry = { .stream = LOG_STDERR, .ends = true };
	AUTO(buf) text = BUF_INIT;

	buf_addf(&text, "berth: %llu bytes of output are missing here: the journal took nothing\n",
		 (unsigned long long)journal->lost);
	entry.bytes = text.data;
	entry.len = text.len;
	format(journal, &entry, &journal->entry);
	if (!deliver(journal))
		return false;
	journal->lost = 0;
	return true;
}

void journal_write(struct journal *journal, const struct log_entry *entry)
{
	if (journal->lost > 0 && !confess(journal)) {
		journal->lost += entry->len;
		return;
	}
	format(journal, entry, &journal->entry);
	if (!deliver(journal))
		journal->lost += entry->len;
}

void journal_release(struct journal *journal)
{
	if (journal->fd >= 0 && journal->lost > 0)
		(void)confess(journal);
	cleanup_close(&journal->fd);
	buf_release(&journal->fields);
	buf_release(&journal->entry);
	*journal = (struct journal)JOURNAL_INIT;
}
