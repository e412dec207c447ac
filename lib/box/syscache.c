/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/syscache.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"

#define MAGIC UINT64_C(0x3272746c66687462) /* "bthfltr2" */

struct header {
	uint64_t magic;
	uint64_t key_len;
	uint64_t filter_len; /* instructions */
	uint64_t sum;        /* of the filter: against files that a crash cut off */
};

/* In the manner of FNV-1a, by words: names files and finds damage; the key itself is compared. */
static uint64_t sum_of(const void *bytes, size_t len)
{
	const char *at = bytes;
	uint64_t sum = UINT64_C(0xcbf29ce484222325) ^ len;

	for (size_t n = len; n > 0;) {
		size_t step = n < sizeof(uint64_t) ? n : sizeof(uint64_t);
		uint64_t word = 0;

		memcpy(&word, at, step);
		sum = (sum ^ word) * UINT64_C(0x100000001b3);
		/* A product carries bits up, never down. */
		sum ^= sum >> 32;
		at += step;
		n -= step;
	}
	return sum;
}

static char *path_of(const char *dir, const struct buf *key)
{
	return xasprintf("%s/%016" PRIx64, dir, sum_of(key->data, key->len));
}

int syscache_find(const char *dir, const struct buf *key, struct sysprofile *ret_profile)
{
	autofree char *path = path_of(dir, key);
	AUTO(buf) file = BUF_INIT;
	struct header header;
	size_t size;

	if (fs_exists(AT_FDCWD, path) <= 0 ||
	    fs_read_file(AT_FDCWD, path, MAX_STATE_FILE, &file) < 0 || file.len < sizeof(header)) {
		err_clear();
		return 0;
	}
	memcpy(&header, file.data, sizeof(header));
	size = (size_t)header.filter_len * sizeof(struct sock_filter);
	if (header.magic != MAGIC || header.key_len != key->len || header.filter_len == 0 ||
	    header.filter_len > UINT16_MAX || file.len != sizeof(header) + key->len + size ||
	    memcmp(file.data + sizeof(header), key->data, key->len) != 0 ||
	    sum_of(file.data + sizeof(header) + key->len, size) != header.sum)
		return 0;
	ret_profile->filter = xalloc(size);
	memcpy(ret_profile->filter, file.data + sizeof(header) + key->len, size);
	ret_profile->len = (unsigned short)header.filter_len;
	return 1;
}

/* Whoever has a new profile for each container shall not fill a file system that is memory. What is
 * wanted again is made again. */
static int make_room(const char *dir)
{
	autodir DIR *stream = opendir(dir);
	struct dirent *entry;
	size_t n = 0;

	if (stream == NULL)
		return fail("cannot read '%s'", dir);
	while (readdir(stream) != NULL)
		n++;
	rewinddir(stream);
	while (n >= MAX_KEPT_FILTERS && (entry = readdir(stream)) != NULL)
		(void)unlinkat(dirfd(stream), entry->d_name, 0);
	return 0;
}

int syscache_keep(const char *dir, const struct buf *key, const struct sysprofile *profile)
{
	autofree char *path = path_of(dir, key);
	AUTO(buf) file = BUF_INIT;
	size_t size = profile->len * sizeof(*profile->filter);
	const struct header header = { MAGIC, key->len, profile->len,
				       sum_of(profile->filter, size) };

	TRY(fs_mkdirs(AT_FDCWD, dir, 0700));
	TRY(make_room(dir));
	buf_add(&file, &header, sizeof(header));
	buf_add(&file, key->data, key->len);
	buf_add(&file, profile->filter, size);
	return fs_replace_file(AT_FDCWD, path, file.data, file.len, 0600, false);
}
