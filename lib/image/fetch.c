/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/fetch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/lock.h"
#include "image/blob.h"

#define PARTIAL "partial"

/* A try that brought so much is no failure of the next one. */
#define PROGRESS_BYTES (64UL << 10)

static void set_state(struct fetch *fetch, enum progress_state state)
{
	if (fetch->item != NULL)
		atomic_store(&fetch->item->state, state);
}

static void set_bytes(struct fetch *fetch)
{
	if (fetch->item != NULL)
		atomic_store(&fetch->item->bytes, fetch->at);
}

static char *partial_path(const struct descriptor *descriptor)
{
	return xasprintf(PARTIAL "/%s", digest_hex(descriptor->digest));
}

static int take_lock(struct fetch *fetch)
{
	autofree char *path = xasprintf("lock/blob-%s", digest_hex(fetch->descriptor->digest));

	fetch->lock = lock_try(fetch->store->fd, path, LOCK_EXCLUSIVE);
	if (fetch->lock != -EWOULDBLOCK)
		return fetch->lock;
	set_state(fetch, PROGRESS_SHARED);
	fetch->lock = lock_take(fetch->store->fd, path, LOCK_EXCLUSIVE,
				fetch->item == NULL ? fetch->descriptor->digest : NULL);
	return fetch->lock;
}

static int open_partial(struct fetch *fetch)
{
	autofree char *path = partial_path(fetch->descriptor);
	struct stat st;

	fetch->fd = openat(fetch->store->fd, path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fetch->fd < 0 && errno == ENOENT) {
		TRY(fs_mkdirs(fetch->store->fd, PARTIAL, 0700));
		fetch->fd = fs_open(fetch->store->fd, path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	}
	if (fetch->fd < 0)
		return fail("cannot make '%s/%s'", fetch->store->path, path);
	if (fstat(fetch->fd, &st) < 0)
		return fail("cannot look at '%s/%s'", fetch->store->path, path);
	fetch->have = (uint64_t)st.st_size;
	if (fetch->have > fetch->descriptor->size) {
		if (ftruncate(fetch->fd, 0) < 0)
			return fail("cannot cut '%s/%s'", fetch->store->path, path);
		fetch->have = 0;
	}
	fetch->resumed = fetch->have > 0;
	return 0;
}

static int open_any(struct fetch *fetch)
{
	const struct descriptor *d = fetch->descriptor;

	TRY(take_lock(fetch));
	if (!blob_exists(fetch->store, d->digest, d->size))
		return open_partial(fetch);
	fetch->there = true;
	fetch->have = d->size;
	fetch->fd = blob_open(fetch->store, d->digest);
	return fetch->fd;
}

int fetch_open(struct store *store, struct registry *registry, const struct descriptor *descriptor,
	       struct progress_item *item, struct fetch *ret_fetch)
{
	struct fetch fetch = FETCH_INIT;
	int rc;

	fetch.store = store;
	fetch.registry = registry;
	fetch.descriptor = descriptor;
	fetch.item = item;
	registry_retry(registry, &fetch.retry);
	rc = open_any(&fetch);
	if (rc < 0) {
		fetch_release(&fetch);
		return rc;
	}
	*ret_fetch = fetch;
	return 0;
}

static ssize_t read_disk(struct fetch *fetch, void *bytes, size_t size)
{
	uint64_t left = fetch->have - fetch->at;
	ssize_t n;

	if (left < size)
		size = (size_t)left;
	do
		n = pread(fetch->fd, bytes, size, (off_t)fetch->at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail("cannot read what was fetched");
	if (n == 0)
		return refuse_with(EIO, "what was fetched has become shorter");
	fetch->at += (uint64_t)n;
	return n;
}

/* What the registry sends again, since it knows no ranges. */
static int skip(struct fetch *fetch, uint64_t bytes)
{
	char buffer[16384];

	while (bytes > 0) {
		size_t want = bytes < sizeof(buffer) ? (size_t)bytes : sizeof(buffer);
		ssize_t n = http_read(&fetch->http, buffer, want);

		TRY(n);
		if (n == 0)
			return refuse_with(ECONNRESET, "it ended early");
		bytes -= (uint64_t)n;
	}
	return 0;
}

/* A length that is said and wrong need not be waited for. */
static int check_length(const struct fetch *fetch, uint64_t offset)
{
	uint64_t said = fetch->http.length;

	if (said == UINT64_MAX || said == fetch->descriptor->size - offset)
		return 0;
	return refuse_with(EBADMSG, "the registry has %llu bytes of it, and it should have %llu",
			   (unsigned long long)(said + offset),
			   (unsigned long long)fetch->descriptor->size);
}

static int ask(struct fetch *fetch)
{
	uint64_t offset = 0;

	TRY(registry_get_blob(fetch->registry, fetch->descriptor->digest, fetch->have, &fetch->http,
			      &offset));
	fetch->receiving = true;
	set_state(fetch, PROGRESS_FETCHING);
	TRY(check_length(fetch, offset));
	return skip(fetch, fetch->have - offset);
}

static int keep(struct fetch *fetch, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = pwrite(fetch->fd, at, len, (off_t)fetch->have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail("cannot write to '%s/" PARTIAL "'", fetch->store->path);
		at += n;
		len -= (size_t)n;
		fetch->have += (uint64_t)n;
	}
	return 0;
}

static ssize_t receive(struct fetch *fetch, void *bytes, size_t size)
{
	uint64_t left = fetch->descriptor->size - fetch->have;
	ssize_t n;

	if (!fetch->receiving)
		TRY(ask(fetch));
	n = http_read(&fetch->http, bytes, left < size ? (size_t)left : size);
	if (n == 0)
		return refuse_with(ECONNRESET, "it ends after %llu of %llu bytes",
				   (unsigned long long)fetch->have,
				   (unsigned long long)fetch->descriptor->size);
	return n;
}

/* After an error that may pass. The registry's own tries are for answers that do not come; these
 * are for bodies that break off. */
static bool try_again(struct fetch *fetch, int rc)
{
	http_release(&fetch->http);
	fetch->http = (struct http)HTTP_INIT;
	if (!fetch->receiving || !http_is_transient(rc, 0))
		return false;
	fetch->receiving = false;
	if (fetch->have - fetch->broke_at >= PROGRESS_BYTES)
		registry_retry(fetch->registry, &fetch->retry);
	fetch->broke_at = fetch->have;
	return retry_wait(&fetch->retry, rc, NULL);
}

/* Nothing may follow the last byte. */
static int check_end(struct fetch *fetch)
{
	char byte;
	ssize_t n;

	if (!fetch->receiving)
		return 0;
	n = http_read(&fetch->http, &byte, 1);
	fetch->receiving = false;
	http_release(&fetch->http);
	fetch->http = (struct http)HTTP_INIT;
	if (n > 0)
		return refuse_with(EBADMSG, "it is longer than the %llu bytes that it should have",
				   (unsigned long long)fetch->descriptor->size);
	if (n < 0)
		err_clear(); /* all bytes are here, whatever became of the connection */
	return 0;
}

ssize_t fetch_read(void *arg, void *bytes, size_t size)
{
	struct fetch *fetch = arg;
	ssize_t n;

	if (fetch->at == fetch->descriptor->size) {
		TRY(check_end(fetch));
		set_state(fetch, PROGRESS_UNPACKING);
		return 0;
	}
	if (fetch->at < fetch->have) {
		n = read_disk(fetch, bytes, size);
	} else {
		do
			n = receive(fetch, bytes, size);
		while (n < 0 && try_again(fetch, (int)n));
		TRY(n);
		TRY(keep(fetch, bytes, (size_t)n));
		fetch->at = fetch->have;
	}
	set_bytes(fetch);
	return n;
}

int fetch_publish(struct fetch *fetch)
{
	autofree char *path = partial_path(fetch->descriptor);

	if (fetch->there)
		return 0;
	TRY(check_end(fetch));
	TRY(blob_publish(fetch->store, fetch->store->fd, path, fetch->fd,
			 fetch->descriptor->digest));
	fetch->there = true;
	return 0;
}

void fetch_discard(struct fetch *fetch)
{
	autofree char *path = partial_path(fetch->descriptor);

	if (!fetch->there && fetch->fd >= 0)
		unlinkat(fetch->store->fd, path, 0);
}

void fetch_release(struct fetch *fetch)
{
	http_release(&fetch->http);
	cleanup_close(&fetch->fd);
	cleanup_close(&fetch->lock);
	*fetch = (struct fetch)FETCH_INIT;
}

static int run_once(const struct fetch_plan *plan, bool *ret_again)
{
	AUTO(fetch) fetch = FETCH_INIT;
	int rc;

	TRY(fetch_open(plan->store, plan->registry, plan->descriptor, plan->item, &fetch));
	rc = plan->body(&fetch, plan->arg);
	/* Nobody can go on from wrong bytes; and where there is no room, or no need, they only take
	 * it. */
	if (rc == 1 || rc == -EBADMSG || rc == -ENOSPC || rc == -EDQUOT)
		fetch_discard(&fetch);
	*ret_again = rc == -EBADMSG && fetch.resumed;
	return rc;
}

int fetch_run(const struct fetch_plan *plan)
{
	bool again = false;
	int rc = run_once(plan, &again);

	if (!again)
		return rc;
	err_clear();
	return run_once(plan, &again);
}

static int read_document(struct fetch *fetch, struct buf *out)
{
	const char *digest = fetch->descriptor->digest;
	const size_t start = out->len;
	char found[DIGEST_TEXT_SIZE];
	char bytes[16384];
	ssize_t n;

	while ((n = fetch_read(fetch, bytes, sizeof(bytes))) > 0)
		buf_add(out, bytes, (size_t)n);
	TRY(n);
	TRY(digest_of(out->data + start, out->len - start, found));
	if (strcmp(found, digest) == 0)
		return fetch_publish(fetch);
	return refuse_with(EBADMSG, "its digest is %s", found);
}

struct document {
	size_t start; /* of it in out */
	struct buf *out;
};

static int document_body(struct fetch *fetch, void *arg)
{
	const struct document *document = arg;

	document->out->len = document->start;
	return read_document(fetch, document->out);
}

int fetch_document(struct store *store, struct registry *registry,
		   const struct descriptor *descriptor, size_t max, struct buf *out)
{
	struct document document = { .start = out->len, .out = out };
	const struct fetch_plan plan = {
		.store = store,
		.registry = registry,
		.descriptor = descriptor,
		.body = document_body,
		.arg = &document,
	};

	if (descriptor->size > max)
		return refuse_with(EFBIG, "%s has %llu bytes, more than %zu", descriptor->digest,
				   (unsigned long long)descriptor->size, max);
	return fail_in(fetch_run(&plan), "%s", descriptor->digest);
}

static void sweep_one(const struct store *store, const char *name, int64_t before)
{
	autofree char *path = xasprintf("lock/blob-%s", name);
	autofree char *file = xasprintf(PARTIAL "/%s", name);
	autoclose int lock = -1;
	struct stat st;

	if (fstatat(store->fd, file, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_mtim.tv_sec > before)
		return;
	lock = lock_try(store->fd, path, LOCK_EXCLUSIVE);
	if (lock >= 0)
		unlinkat(store->fd, file, 0);
	else if (lock != -EWOULDBLOCK)
		err_clear();
}

void fetch_forget(const struct store *store, const struct descriptor *descriptor)
{
	sweep_one(store, digest_hex(descriptor->digest), INT64_MAX);
}

int fetch_sweep(struct store *store, int64_t age)
{
	/* Whoever has it exclusively removes the locks that are taken here. */
	autoclose int hold = lock_try(store->fd, "lock/objects", LOCK_SHARED);
	autodir DIR *dir = NULL;
	struct dirent *entry;
	int fd;

	if (hold < 0)
		return hold == -EWOULDBLOCK ? 0 : hold;
	fd = openat(store->fd, PARTIAL, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : fail("cannot open '%s/" PARTIAL "'", store->path);
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return fail("cannot read '%s/" PARTIAL "'", store->path);
	}
	while ((entry = readdir(dir)) != NULL)
		if (strlen(entry->d_name) == DIGEST_HEX_LEN)
			sweep_one(store, entry->d_name, (int64_t)time(NULL) - age);
	return 0;
}
