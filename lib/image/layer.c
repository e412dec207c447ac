/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/lock.h"
#include "image/cell.h"
#include "image/unpack.h"

/*
 * Theory of operation
 *
 *	this process			the cell (cell.h)
 *
 *	source				inflater	hasher		archive
 *	  | read
 *	  | digest of the blob
 *	  | blob file
 *	  +------------ pipe ----------> inflate
 *					  +--- ring ---> digest
 *					  +--- ring -----------------> tar, sink
 *	report  <------------------------------------------------------ +
 *	compare, syncfs, rename
 *
 * What comes from outside is only moved and hashed here; it is decompressed and parsed in the cell,
 * which can reach tmp/NAME/root and nothing else. The digest of the blob is found on this side, so
 * that a cell that was taken over cannot lie about it; that of an archive that is not compressed is
 * the same.
 *
 * Order: the layer's lock (where its diff ID is known beforehand), tmp/NAME, the cell, the
 * comparison, syncfs(2), and then the rename that makes the layer exist. Whatever fails or dies
 * before that leaves nothing but a directory below tmp/ whose lock is free.
 */

#define FEED_SIZE (256UL << 10)
#define PIPE_SIZE (1 << 20) /* what a user may have at most; less is slower, no error */

struct feed {
	const struct layer_source *source;
	unsigned char *bytes; /* FEED_SIZE */
	size_t len;           /* of what was read and not yet passed on */
	uint64_t received;
	struct digest digest;
	int pipe; /* to the cell; -1: there is none, or it takes no more */
	bool ended;
};

static void feed_release(struct feed *feed)
{
	free(feed->bytes);
	digest_release(&feed->digest);
	cleanup_close(&feed->pipe);
}

static ssize_t read_source(const struct layer_source *source, void *bytes, size_t size)
{
	ssize_t n;

	if (source->read != NULL)
		return source->read(source->arg, bytes, size);
	do
		n = read(source->fd, bytes, size);
	while (n < 0 && errno == EINTR);
	return n >= 0 ? n : fail("cannot read");
}

/* The next bytes, behind those that are there. */
static int feed_read(struct feed *feed)
{
	const uint64_t size = feed->source->size;
	size_t want = FEED_SIZE - feed->len;
	ssize_t n = 0;

	if (size != LAYER_SIZE_UNKNOWN && size - feed->received < want)
		want = (size_t)(size - feed->received);
	if (want != 0) {
		n = read_source(feed->source, feed->bytes + feed->len, want);
		TRY(n);
	}
	if (n == 0) {
		feed->ended = true;
		if (size != LAYER_SIZE_UNKNOWN && feed->received < size)
			return refuse_with(EBADMSG, "it ends after %llu of %llu bytes",
					   (unsigned long long)feed->received,
					   (unsigned long long)size);
		return 0;
	}
	digest_update(&feed->digest, feed->bytes + feed->len, (size_t)n);
	feed->received += (uint64_t)n;
	feed->len += (size_t)n;
	if (feed->received > MAX_UNPACKED)
		return refuse_with(EFBIG, "it is larger than %llu bytes", MAX_UNPACKED);
	return 0;
}

/* To the cell. Where that has ended, its report tells why. */
static int feed_pass(struct feed *feed)
{
	const unsigned char *at = feed->bytes;

	while (feed->len != 0) {
		ssize_t n = write(feed->pipe, at, feed->len);

		if (n < 0 && errno == EPIPE)
			return 1;
		if (n < 0 && errno != EINTR)
			return fail("cannot pass the layer on");
		at += n > 0 ? n : 0;
		feed->len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Move everything; 1 where the cell took no more. */
static int feed_all(struct feed *feed)
{
	do {
		if (feed->source->blob_fd >= 0)
			TRY(fs_write_all(feed->source->blob_fd, feed->bytes, feed->len, "blob"));
		if (feed->pipe >= 0) {
			int rc = feed_pass(feed);

			if (rc != 0)
				return rc;
		}
		feed->len = 0;
		TRY(feed_read(feed));
	} while (!feed->ended);
	return 0;
}

static int feed_begin(struct feed *feed, const struct layer_source *source)
{
	feed->source = source;
	feed->bytes = xalloc(FEED_SIZE);
	TRY(digest_init(&feed->digest));
	while (feed->len < STREAM_MAGIC_LEN && !feed->ended)
		TRY(feed_read(feed));
	return 0;
}

/* A SIGPIPE of ours is no signal for the caller: it is held back, and taken away if it came. */
static int feed_quietly(struct feed *feed)
{
	const struct timespec at_once = { 0 };
	sigset_t pipe, before;
	int rc;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigprocmask(SIG_BLOCK, &pipe, &before);
	rc = feed_all(feed);
	while (sigtimedwait(&pipe, NULL, &at_once) > 0)
		;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return rc;
}

/* In the cell. */
static void run_unpack(void *arg, int rc, int in, int root, int report_fd)
{
	struct unpack *unpack = arg;
	struct unpack_report report = { .rc = rc };

	if (rc < 0) {
		snprintf(report.text, sizeof(report.text), "%s", err_text());
		snprintf(report.hint, sizeof(report.hint), "%s", err_hint());
	} else {
		unpack->in = in;
		unpack->root = root;
		unpack_run(unpack, &report);
	}
	(void)fs_write_all(report_fd, &report, sizeof(report), "report");
}

static int start_cell(struct store *store, const char *path, bool hash, struct feed *feed,
		      struct cell *ret_cell)
{
	struct unpack unpack = {
		.tier = store->tier, .maps = &store->maps, .hash = hash, .enter = cell_filter
	};
	struct cell_plan plan = {
		.maps = &store->maps, .path = path, .body = run_unpack, .arg = &unpack
	};
	int ends[2], rc;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail("cannot make a pipe");
	(void)fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE);
	plan.in = ends[0];
	rc = cell_start(&plan, ret_cell);
	close(ends[0]);
	feed->pipe = ends[1];
	return rc;
}

/* What the file system of the store does not do is no fault of the layer. */
static int say_where(const struct store *store, int rc)
{
	static const int of_store[] = { EOPNOTSUPP, EPERM, ENOSPC, EDQUOT, EROFS, EIO };

	for (size_t i = 0; i < ARRAY_SIZE(of_store); i++)
		if (rc == -of_store[i])
			return fail_in(rc, "in the store '%s'", store->path);
	return rc;
}

static int finish_cell(const struct store *store, struct cell *cell, struct unpack_report *report)
{
	TRY(cell_finish(cell, report, sizeof(*report)));
	report->text[sizeof(report->text) - 1] = '\0';
	report->hint[sizeof(report->hint) - 1] = '\0';
	report->diff_id[sizeof(report->diff_id) - 1] = '\0';
	if (report->rc >= 0)
		return 0;
	err_set(report->text, report->hint);
	return say_where(store, report->rc);
}

/* Run all of the source through a cell that unpacks it to `path`. */
static int unpack_to(struct store *store, const char *path, struct feed *feed,
		     struct layer_result *result)
{
	struct unpack_report report = { 0 };
	AUTO(cell) cell = CELL_INIT;
	int rc;

	result->compression = stream_sniff(feed->bytes, feed->len);
	TRY(stream_load(result->compression));
	TRY(start_cell(store, path, result->compression != COMPRESSION_NONE, feed, &cell));
	rc = feed_quietly(feed);
	TRY(rc);
	close(steal_fd(&feed->pipe));
	TRY(finish_cell(store, &cell, &report));
	if (rc == 1)
		return refuse_with(EPROTO, "the unpacker ended before the layer did");
	digest_final(&feed->digest, result->blob_digest);
	result->blob_size = feed->received;
	if (result->compression == COMPRESSION_NONE)
		memcpy(result->diff_id, result->blob_digest, sizeof(result->diff_id));
	else if (digest_is_valid(report.diff_id))
		memcpy(result->diff_id, report.diff_id, sizeof(result->diff_id));
	else
		return refuse_with(EPROTO, "the unpacker sent no digest");
	result->size = report.size;
	result->entries = report.entries;
	result->devices = report.devices;
	result->xattrs = report.xattrs;
	/* Some writers leave the end mark out. Where the digest is known nothing can be missing. */
	if (feed->source->diff_id == NULL && feed->source->blob_digest == NULL &&
	    (report.ended == 0 || report.size == 0))
		return refuse_with(EBADMSG, "the archive has no end: it is not complete");
	return 0;
}

static int compare(const char *what, const char *found, const char *expected)
{
	if (expected == NULL || strcmp(found, expected) == 0)
		return 0;
	refuse_with(EBADMSG, "the digest of %s is %s, and it should be %s", what, found, expected);
	hint("what was read is damaged, or it is not what the image is made of");
	return -EBADMSG;
}

static int check_result(const struct layer_source *source, const struct layer_result *result)
{
	TRY(compare("the blob", result->blob_digest, source->blob_digest));
	return compare("the unpacked archive", result->diff_id, source->diff_id);
}

struct moving {
	const struct store *store;
	const char *from, *to;
};

static int move_inside(void *arg)
{
	const struct moving *moving = arg;

	if (renameat2(moving->store->fd, moving->from, moving->store->fd, moving->to,
		      RENAME_NOREPLACE) == 0)
		return 0;
	/* So network file systems answer. No rename replaces a directory that has something in it,
	 * and an empty layer is as good as another. */
	if (errno == EINVAL &&
	    renameat(moving->store->fd, moving->from, moving->store->fd, moving->to) == 0)
		return 0;
	return errno == EEXIST || errno == ENOTEMPTY
		       ? 1
		       : fail("cannot rename '%s' to '%s'", moving->from, moving->to);
}

/* Returns 1 where `to` exists. A directory that belongs to somebody else can be moved to another
 * directory only by who may write to it: root of the maps. */
static int move(const struct store *store, const char *from, const char *to)
{
	struct moving moving = { .store = store, .from = from, .to = to };
	int rc = move_inside(&moving);

	if ((rc == -EACCES || rc == -EPERM) && store->maps.uid.n != 0) {
		err_clear();
		rc = idmap_run(&store->maps, move_inside, &moving);
	}
	return rc;
}

static int publish(struct store *store, const struct store_tmp *tmp, bool sync,
		   struct layer_result *result)
{
	autofree char *from = xasprintf("%s/root", tmp->name);
	autofree char *to = xasprintf("layers/%s", digest_hex(result->diff_id));
	autoclose int layers = -1;
	int rc;

	if (sync && syncfs(tmp->fd) < 0)
		return fail("cannot write the layer to the disk");
	rc = move(store, from, to);
	TRY(rc);
	if (rc == 1) {
		result->was_present = true;
		return layer_discard(store, from);
	}
	if (!sync)
		return 0;
	layers = fs_open(store->fd, "layers", O_RDONLY | O_DIRECTORY, 0);
	TRY(layers);
	return fs_sync_dir(layers);
}

static int unpack_new(struct store *store, struct feed *feed, struct layer_result *result)
{
	AUTO(store_tmp) tmp = STORE_TMP_INIT;
	autofree char *path = NULL;

	TRY(store_tmp_make(store, &tmp));
	if (mkdirat(tmp.fd, "root", 0755) < 0)
		return fail("cannot make a directory for the layer");
	path = xasprintf("%s/%s/root", store->path, tmp.name);
	TRY(unpack_to(store, path, feed, result));
	TRY(check_result(feed->source, result));
	return publish(store, &tmp, !feed->source->no_sync, result);
}

/* The layer is there: only its bytes may be wanted. */
static int receive(struct feed *feed, struct layer_result *result)
{
	TRY(feed_all(feed));
	digest_final(&feed->digest, result->blob_digest);
	memcpy(result->diff_id, feed->source->diff_id, sizeof(result->diff_id));
	result->blob_size = feed->received;
	result->was_present = true;
	return check_result(feed->source, result);
}

static int check_source(const struct layer_source *source)
{
	if (source->blob_digest != NULL && !digest_is_valid(source->blob_digest))
		return refuse("'%s' is not a digest", source->blob_digest);
	if (source->diff_id != NULL && !digest_is_valid(source->diff_id))
		return refuse("'%s' is not a digest", source->diff_id);
	return 0;
}

static int unpack_layer(struct store *store, const struct layer_source *source,
			struct layer_result *result)
{
	AUTO(feed) feed = { .pipe = -1 };
	autoclose int lock = -1;
	int there = 0;

	TRY(check_source(source));
	if (source->diff_id != NULL) {
		autofree char *path = xasprintf("lock/layer-%s", digest_hex(source->diff_id));

		lock = lock_take(store->fd, path, LOCK_EXCLUSIVE, source->diff_id);
		TRY(lock);
		there = layer_exists(store, source->diff_id);
		TRY(there);
	}
	TRY(feed_begin(&feed, source));
	result->compression = stream_sniff(feed.bytes, feed.len);
	return there ? receive(&feed, result) : unpack_new(store, &feed, result);
}

int layer_unpack(struct store *store, const struct layer_source *source,
		 struct layer_result *ret_result)
{
	struct layer_result result = { 0 };
	int rc = unpack_layer(store, source, &result);

	if (rc < 0)
		return source->name != NULL ? fail_in(rc, "%s", source->name) : rc;
	*ret_result = result;
	return 0;
}

int layer_exists(const struct store *store, const char *diff_id)
{
	autofree char *path = xasprintf("layers/%s", digest_hex(diff_id));

	return fs_exists(store->fd, path);
}

int layer_remove(struct store *store, const char *diff_id)
{
	AUTO(store_tmp) tmp = STORE_TMP_INIT;
	autofree char *from = xasprintf("layers/%s", digest_hex(diff_id));
	autofree char *to = NULL;
	int there = layer_exists(store, diff_id);

	if (there <= 0)
		return there;
	TRY(store_tmp_make(store, &tmp));
	to = xasprintf("%s/root", tmp.name);
	TRY(move(store, from, to));
	return layer_discard(store, to);
}

struct discarding {
	const struct store *store;
	const char *path;
};

static int discard_inside(void *arg)
{
	const struct discarding *discarding = arg;

	return fs_remove_tree(discarding->store->fd, discarding->path);
}

int layer_discard(struct store *store, const char *path)
{
	struct discarding discarding = { .store = store, .path = path };

	if (store->maps.uid.n == 0)
		return discard_inside(&discarding);
	return idmap_run(&store->maps, discard_inside, &discarding);
}
