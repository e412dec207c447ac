/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/blob.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"

char *blob_path(const char *digest)
{
	return xasprintf(BLOB_DIRECTORY "/%s", digest_hex(digest));
}

bool blob_exists(const struct store *store, const char *digest, uint64_t size)
{
	autofree char *path = blob_path(digest);
	struct stat st;

	return fstatat(store->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	       (size == BLOB_ANY_SIZE || (uint64_t)st.st_size == size);
}

int blob_open(const struct store *store, const char *digest)
{
	autofree char *path = blob_path(digest);

	return fs_open(store->fd, path, O_RDONLY | O_NOFOLLOW, 0);
}

int blob_read(const struct store *store, const char *digest, size_t max, struct buf *out)
{
	autoclose int fd = blob_open(store, digest);
	char found[DIGEST_TEXT_SIZE];
	size_t start = out->len;

	TRY(fd);
	TRY(fs_read_fd(fd, digest, max, out));
	TRY(digest_of(out->data + start, out->len - start, found));
	if (strcmp(found, digest) != 0)
		return refuse_with(EBADMSG, "the blob %s is corrupt: its digest is %s", digest,
				   found);
	return 0;
}

int blob_publish(const struct store *store, int dirfd, const char *name, int fd, const char *digest)
{
	autofree char *path = blob_path(digest);

	if (fsync(fd) < 0)
		return fail("cannot sync a blob in '%s'", store->path);
	if (renameat(dirfd, name, store->fd, path) < 0)
		return fail("cannot make '%s/%s'", store->path, path);
	return 0;
}

int blob_write(const struct store_tmp *tmp, const char *name, const struct buf *bytes,
	       const char *digest)
{
	autoclose int fd = -1;

	if (blob_exists(tmp->store, digest, bytes->len))
		return 0;
	fd = fs_open(tmp->fd, name, O_RDWR | O_CREAT | O_EXCL, 0600);
	TRY(fd);
	TRY(fs_write_all(fd, bytes->data, bytes->len, "the store"));
	return blob_publish(tmp->store, tmp->fd, name, fd, digest);
}

int blob_sync_names(const struct store *store)
{
	autoclose int fd = fs_open(store->fd, BLOB_DIRECTORY, O_RDONLY | O_DIRECTORY, 0);

	TRY(fd);
	return fs_sync_dir(fd);
}
