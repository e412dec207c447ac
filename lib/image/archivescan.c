/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/archivescan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/path.h"
#include "base/stream.h"
#include "base/vec.h"
#include "image/cell.h"
#include "image/tar.h"

#define HEADER_CHUNK (64UL << 10) /* how much is read to find the next header */
#define SPOOL "spool"
#define FLUSH_AT (32UL << 10)

enum record_type {
	RECORD_FILE = 1,
	RECORD_SYMLINK,
	RECORD_HARD_LINK,
	RECORD_END,
	RECORD_ERROR, /* followed by an error packet */
};

/* What the cell reports; the bytes of name and link follow. */
struct record {
	uint32_t type;
	uint32_t name_len, link_len;
	uint64_t offset, size;
};

/* --- in the cell ----------------------------------------------------------------------------- */

struct scan {
	bool spool;
	int fd;      /* the plain archive */
	int out;     /* where records go */
	uint64_t at; /* of the next piece */
	unsigned char *chunk;
	struct buf records;
};

static ssize_t next_piece(void *arg, const unsigned char **ret_bytes)
{
	struct scan *scan = arg;
	ssize_t n;

	do
		n = pread(scan->fd, scan->chunk, HEADER_CHUNK, (off_t)scan->at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail("cannot read it");
	scan->at += (uint64_t)n;
	*ret_bytes = scan->chunk;
	return n;
}

static int flush(struct scan *scan)
{
	TRY(fs_write_all(scan->out, scan->records.data, scan->records.len, "pipe"));
	buf_clear(&scan->records);
	return 0;
}

static int report(struct scan *scan, const struct tar *tar, const struct tar_entry *entry)
{
	struct record record = {
		.type = entry->type == TAR_FILE      ? RECORD_FILE
			: entry->type == TAR_SYMLINK ? RECORD_SYMLINK
						     : RECORD_HARD_LINK,
		.name_len = (uint32_t)strlen(entry->path),
		.link_len = (uint32_t)strlen(entry->link),
		.offset = tar->offset,
		.size = entry->size,
	};

	buf_add(&scan->records, &record, sizeof(record));
	buf_add(&scan->records, entry->path, record.name_len);
	buf_add(&scan->records, entry->link, record.link_len);
	return scan->records.len >= FLUSH_AT ? flush(scan) : 0;
}

/* Go on at the next header, without the data of this entry passing through here. */
static void jump(struct scan *scan, struct tar *tar)
{
	scan->at = tar->offset + tar->data + tar->padding;
	tar->offset = scan->at;
	tar->data = 0;
	tar->padding = 0;
	tar->left = 0;
}

static int scan_headers(struct scan *scan, struct tar *tar)
{
	struct tar_entry entry;
	size_t n = 0;
	int rc;

	while ((rc = tar_next(tar, &entry)) > 0) {
		if (entry.type == TAR_FILE || entry.type == TAR_SYMLINK ||
		    entry.type == TAR_HARD_LINK) {
			if (tar->is_sparse)
				return refuse("'%s' in it is a sparse file", entry.path);
			if (++n > MAX_ARCHIVE_FILES)
				return refuse("it has more than %d files", MAX_ARCHIVE_FILES);
			TRY(report(scan, tar, &entry));
		}
		jump(scan, tar);
	}
	return rc;
}

/* As much as may be written without filling the file system to the brim. */
static int free_space(int fd, uint64_t *ret_bytes)
{
	struct statvfs fs;

	if (fstatvfs(fd, &fs) < 0)
		return fail("cannot see how much space is free");
	*ret_bytes = (uint64_t)fs.f_bavail * fs.f_frsize / 100 * 95;
	return 0;
}

static int decompress(int in, int spool)
{
	AUTO(stream) stream = STREAM_INIT;
	autofree char *chunk = xalloc(STREAM_CHUNK);
	uint64_t room;
	ssize_t n;

	TRY(free_space(spool, &room));
	TRY(stream_open_fd(&stream, &in));
	stream.limit = room < MAX_UNPACKED ? room : MAX_UNPACKED;
	while ((n = stream_read(&stream, chunk, STREAM_CHUNK)) > 0)
		TRY(fs_write_all(spool, chunk, (size_t)n, "the store"));
	return (int)n;
}

static int scan_all(struct scan *scan, int in, int root)
{
	struct record end = { .type = RECORD_END };
	autoclose int file = -1;
	struct tar tar;
	int rc;

	TRY(cell_filter());
	scan->fd = in;
	if (scan->spool) {
		file = fs_open(root, SPOOL, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
		TRY(file);
		TRY(decompress(in, file));
		scan->fd = file;
	}
	scan->chunk = xalloc(HEADER_CHUNK);
	tar_init(&tar, next_piece, scan);
	rc = scan_headers(scan, &tar);
	tar_release(&tar);
	TRY(rc);
	buf_add(&scan->records, &end, sizeof(end));
	return flush(scan);
}

static void run_scan(void *arg, int rc, int in, int root, int report_fd)
{
	struct scan *scan = arg;
	struct record error = { .type = RECORD_ERROR };

	scan->out = report_fd;
	if (rc >= 0)
		rc = scan_all(scan, in, root);
	if (rc < 0 && write(report_fd, &error, sizeof(error)) == (ssize_t)sizeof(error))
		err_send(report_fd, rc, STAGE_SETUP);
}

/* --- outside --------------------------------------------------------------------------------- */

/* "./a/b" -> "a/b"; NULL where the name leads outside or is none. */
static char *clean_name(const char *name)
{
	autofree char *clean = NULL;

	for (const char *part = name; *part != '\0'; part += strspn(part, "/")) {
		size_t len = strcspn(part, "/");

		if (len == 2 && part[0] == '.' && part[1] == '.')
			return NULL;
		part += len;
	}
	clean = path_clean(name);
	return clean[1] != '\0' ? xstrdup(clean + 1) : NULL;
}

/* Links may go up, but not out: `clean` is relative to the archive. */
static char *clean_link(const char *name, const char *link, bool symbolic)
{
	const char *slash = strrchr(name, '/');
	autofree char *joined = NULL;
	autofree char *clean = NULL;

	if (symbolic && slash != NULL && link[0] != '/')
		joined = xasprintf("%.*s/%s", (int)(slash - name), name, link);
	else
		joined = xstrdup(link);
	clean = path_clean(joined);
	return xstrdup(clean + 1);
}

static int take_file(struct archive *archive, const struct record *record, const char *text)
{
	autofree char *raw = xstrndup(text, record->name_len);
	autofree char *link = xstrndup(text + record->name_len, record->link_len);
	char *name = clean_name(raw);
	struct archive_file *file;

	if (name == NULL)
		return refuse("a name in it leads out of it: '%.200s'", raw);
	file = VEC_PUSH(archive);
	file->name = name;
	if (record->type != RECORD_FILE) {
		file->link = clean_link(name, link, record->type == RECORD_SYMLINK);
		return 0;
	}
	file->offset = record->offset;
	file->size = record->size;
	return 0;
}

/* Exactly len bytes; 0 where they do not come. */
static int read_all(int fd, void *bytes, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = read(fd, (char *)bytes + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail("cannot read the list of its files");
		if (n == 0)
			return 0;
		done += (size_t)n;
	}
	return 1;
}

static int take_error(int fd)
{
	enum err_stage stage;
	int code;

	if (err_receive(fd, &code, &stage) == 1)
		return code;
	return refuse_with(EPROTO, "its reader failed");
}

/* Returns 0 after a proper end; -ECHILD, with nothing recorded, where the reader died. */
static int take_records(struct archive *archive, int fd)
{
	autofree char *text = xalloc(MAX_TAR_PATH + MAX_TAR_LINK + 2);
	struct record record;
	int rc;

	for (;;) {
		rc = read_all(fd, &record, sizeof(record));
		if (rc == 0)
			return -ECHILD;
		TRY(rc);
		if (record.type == RECORD_END)
			return 0;
		if (record.type == RECORD_ERROR)
			return take_error(fd);
		if (record.type > RECORD_HARD_LINK || record.name_len > MAX_TAR_PATH ||
		    record.link_len > MAX_TAR_LINK || archive->n >= MAX_ARCHIVE_FILES)
			return refuse_with(EPROTO, "its reader talks nonsense");
		rc = read_all(fd, text, record.name_len + record.link_len);
		if (rc == 0)
			return -ECHILD;
		TRY(rc);
		TRY(take_file(archive, &record, text));
	}
}

static int compare_files(const void *a, const void *b)
{
	const struct archive_file *left = a, *right = b;

	return strcmp(left->name, right->name);
}

/* Run the scan; root is a directory of the store that the cell gets for its own. */
static int scan_in_cell(const struct store *store, struct archive *archive, int in, bool spool,
			const char *root)
{
	struct scan scan = { .spool = spool, .records = BUF_INIT };
	struct cell_plan plan = { .path = root, .in = in, .body = run_scan, .arg = &scan };
	struct idmaps single = { 0 };
	AUTO(cell) cell = CELL_INIT;
	int rc;

	/* One id is enough here, and needs no helper. */
	if (store->maps.uid.n > 0) {
		idmap_add(&single.uid, 0, store->host->uid, 1);
		idmap_add(&single.gid, 0, store->host->gid, 1);
	}
	plan.maps = &single;
	rc = cell_start(&plan, &cell);
	idmaps_release(&single);
	TRY(rc);
	rc = take_records(archive, cell.report);
	/* The end mark did not come: it tells how it ended. */
	if (rc == -ECHILD)
		return cell_finish(&cell, &(char){ 0 }, 1);
	TRY(rc);
	return cell_finish(&cell, NULL, 0);
}

/* What the cell wrote, or the archive as it is. */
static int keep_file(struct archive *archive, int in, bool spool, const char *root, int dirfd)
{
	autofree char *path = xasprintf("%s/" SPOOL, root);

	if (spool)
		archive->fd = fs_open(dirfd, path, O_RDONLY | O_NOFOLLOW, 0);
	else
		archive->fd = fcntl(in, F_DUPFD_CLOEXEC, 3);
	return archive->fd >= 0 ? 0 : fail("cannot keep it open");
}

static int check_places(const struct archive *archive)
{
	struct stat st;

	if (fstat(archive->fd, &st) < 0)
		return fail("cannot look at it");
	if (!S_ISREG(st.st_mode))
		return refuse_with(EPROTO, "its reader left no file");
	for (size_t i = 0; i < archive->n; i++) {
		const struct archive_file *file = &archive->v[i];
		uint64_t end;

		if (__builtin_add_overflow(file->offset, file->size, &end) ||
		    end > (uint64_t)st.st_size)
			return refuse("it is truncated: '%s' in it has %llu bytes", file->name,
				      (unsigned long long)file->size);
	}
	return 0;
}

int archive_scan(struct store *store, struct archive *archive, int in, bool spool)
{
	AUTO(store_tmp) tmp = STORE_TMP_INIT;
	autofree char *root = NULL;

	/* There is nothing to load a library from in the cell. */
	if (spool) {
		TRY(stream_load(COMPRESSION_GZIP));
		TRY(stream_load(COMPRESSION_ZSTD));
	}
	TRY(store_tmp_make(store, &tmp));
	if (mkdirat(tmp.fd, "root", 0700) < 0)
		return fail("cannot make a directory in '%s/tmp'", store->path);
	root = xasprintf("%s/%s/root", store->path, tmp.name);
	TRY(scan_in_cell(store, archive, in, spool, root));
	TRY(keep_file(archive, in, spool, root, store->fd));
	if (archive->n > 0)
		qsort(archive->v, archive->n, sizeof(*archive->v), compare_files);
	return check_places(archive);
}
