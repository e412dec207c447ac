/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/tarwrite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/outfile.h"
#include "image/tar_header.h"

#define RECORD (20 * TAR_BLOCK_SIZE) /* archives are a multiple of it, as tar(1) writes them */

/* What an octal field of `width` bytes, the last of them a NUL, can hold. */
#define OCTAL_MAX(width) ((1ULL << (3 * ((width)-1))) - 1)

void tarwrite_init(struct tarwrite *tar, int fd, const char *name)
{
	*tar = (struct tarwrite){ .fd = fd, .name = name, .held = xalloc(TARWRITE_HELD) };
}

void tarwrite_release(struct tarwrite *tar)
{
	free(tar->held);
	*tar = (struct tarwrite)TARWRITE_INIT;
}

static int flush(struct tarwrite *tar)
{
	size_t len = tar->len;

	tar->len = 0;
	return outfile_advise(fs_write_all(tar->fd, tar->held, len, tar->name));
}

static int put(struct tarwrite *tar, const void *bytes, size_t len)
{
	const unsigned char *from = bytes;

	tar->total += len;
	while (len > 0) {
		size_t room = TARWRITE_HELD - tar->len;
		size_t n = len < room ? len : room;

		memcpy(tar->held + tar->len, from, n);
		tar->len += n;
		from += n;
		len -= n;
		if (tar->len == TARWRITE_HELD)
			TRY(flush(tar));
	}
	return 0;
}

static int pad(struct tarwrite *tar, size_t unit)
{
	static const unsigned char zeros[TAR_BLOCK_SIZE];
	size_t over = (size_t)(tar->total % unit);

	for (size_t left = over != 0 ? unit - over : 0; left > 0;) {
		size_t n = left < sizeof(zeros) ? left : sizeof(zeros);

		TRY(put(tar, zeros, n));
		left -= n;
	}
	return 0;
}

/* --- headers ---------------------------------------------------------------------------------- */

/* Octal digits and a NUL; what does not fit stands in the extended header. */
static void put_octal(char *field, size_t width, uint64_t value)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%0*llo", (int)width - 1,
		 (unsigned long long)(value <= OCTAL_MAX(width) ? value : 0));
	memcpy(field, digits, width);
}

/* A field that is filled needs no NUL. */
static void put_text(char *field, size_t width, const char *text)
{
	size_t len = strlen(text);

	memcpy(field, text, len < width ? len : width);
}

static char type_letter(enum tar_type type)
{
	static const char letters[] = {
		[TAR_FILE] = '0',         [TAR_HARD_LINK] = '1',
		[TAR_SYMLINK] = '2',      [TAR_CHARACTER_DEVICE] = '3',
		[TAR_BLOCK_DEVICE] = '4', [TAR_DIRECTORY] = '5',
		[TAR_FIFO] = '6',
	};

	return letters[type];
}

static void fill_header(struct tar_header *header, const struct tar_entry *entry, const char *path,
			char type)
{
	unsigned int sum = 0;

	memset(header, 0, sizeof(*header));
	put_text(header->name, sizeof(header->name), path);
	put_octal(header->mode, sizeof(header->mode), entry->mode);
	put_octal(header->uid, sizeof(header->uid), entry->uid);
	put_octal(header->gid, sizeof(header->gid), entry->gid);
	put_octal(header->size, sizeof(header->size), entry->size);
	put_octal(header->mtime, sizeof(header->mtime),
		  entry->mtime >= 0 ? (uint64_t)entry->mtime : UINT64_MAX);
	header->type = type;
	put_text(header->link, sizeof(header->link), entry->link);
	memcpy(header->magic, "ustar\00000", sizeof(header->magic));
	put_octal(header->device_major, sizeof(header->device_major), 0);
	put_octal(header->device_minor, sizeof(header->device_minor), 0);
	memset(header->checksum, ' ', sizeof(header->checksum));
	for (size_t i = 0; i < sizeof(*header); i++)
		sum += ((const unsigned char *)header)[i];
	put_octal(header->checksum, sizeof(header->checksum) - 1, sum);
}

/* --- extended headers ------------------------------------------------------------------------- */

/* "LENGTH KEY=VALUE\n", where LENGTH counts its own digits. */
static void add_record(struct buf *out, const char *key, const void *value, size_t len)
{
	size_t rest = strlen(key) + len + 3; /* ' ', '=', '\n' */
	size_t total = rest;
	char digits[24];
	int n;

	for (;;) {
		n = snprintf(digits, sizeof(digits), "%zu", total);
		if (rest + (size_t)n == total)
			break;
		total = rest + (size_t)n;
	}
	buf_add(out, digits, (size_t)n);
	buf_addf(out, " %s=", key);
	buf_add(out, value, len);
	buf_add_char(out, '\n');
}

static void add_number(struct buf *out, const char *key, uint64_t value, size_t width)
{
	char text[24];

	if (value <= OCTAL_MAX(width))
		return;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	add_record(out, key, text, strlen(text));
}

static void add_text(struct buf *out, const char *key, const char *text, size_t width)
{
	if (strlen(text) > width)
		add_record(out, key, text, strlen(text));
}

/* Nanoseconds are decimals of a number that may be negative. */
static void add_mtime(struct buf *out, const struct tar_entry *entry)
{
	const struct tar_header *header = NULL;
	int64_t sec = entry->mtime;
	uint32_t nsec = entry->mtime_nsec;
	bool before = sec < 0;
	char text[48];

	if (!before && nsec == 0 && (uint64_t)sec <= OCTAL_MAX(sizeof(header->mtime)))
		return;
	if (before && nsec > 0) {
		sec++;
		nsec = 1000000000U - nsec;
	}
	if (nsec == 0)
		snprintf(text, sizeof(text), "%lld", (long long)sec);
	else
		snprintf(text, sizeof(text), "%s%lld.%09u", before ? "-" : "",
			 (long long)(before ? -sec : sec), nsec);
	add_record(out, "mtime", text, strlen(text));
}

static void print_pax(struct buf *out, const struct tar_entry *entry, const char *path)
{
	const struct tar_header *header = NULL;

	add_text(out, "path", path, sizeof(header->name));
	add_text(out, "linkpath", entry->link, sizeof(header->link));
	add_number(out, "size", entry->size, sizeof(header->size));
	add_number(out, "uid", entry->uid, sizeof(header->uid));
	add_number(out, "gid", entry->gid, sizeof(header->gid));
	add_mtime(out, entry);
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		autofree char *key = xasprintf("SCHILY.xattr.%s", entry->xattrs[i].name);

		add_record(out, key, entry->xattrs[i].value, entry->xattrs[i].len);
	}
}

static int put_pax(struct tarwrite *tar, const struct tar_entry *entry, const char *path)
{
	struct tar_entry extended = { .link = "", .mode = 0644 };
	AUTO(buf) text = BUF_INIT;
	struct tar_header header;

	print_pax(&text, entry, path);
	if (text.len == 0)
		return 0;
	extended.size = text.len;
	fill_header(&header, &extended, "PaxHeaders/entry", 'x');
	TRY(put(tar, &header, sizeof(header)));
	TRY(put(tar, text.data, text.len));
	return pad(tar, TAR_BLOCK_SIZE);
}

/* --- entries ---------------------------------------------------------------------------------- */

int tarwrite_entry(struct tarwrite *tar, const struct tar_entry *entry)
{
	const bool slash = entry->type == TAR_DIRECTORY;
	autofree char *path = xasprintf("%s%s", entry->path, slash ? "/" : "");
	struct tar_header header;

	TRY(put_pax(tar, entry, path));
	fill_header(&header, entry, path, type_letter(entry->type));
	tar->due = entry->size;
	return put(tar, &header, sizeof(header));
}

int tarwrite_data(struct tarwrite *tar, const void *bytes, size_t len)
{
	if (len > tar->due)
		return refuse_with(EPROTO, "a file is longer than its header in '%s' says",
				   tar->name);
	tar->due -= len;
	TRY(put(tar, bytes, len));
	return tar->due == 0 ? pad(tar, TAR_BLOCK_SIZE) : 0;
}

int tarwrite_file(struct tarwrite *tar, const struct tar_entry *entry, const void *bytes)
{
	TRY(tarwrite_entry(tar, entry));
	return tarwrite_data(tar, bytes, (size_t)entry->size);
}

int tarwrite_end(struct tarwrite *tar)
{
	static const unsigned char zeros[2 * TAR_BLOCK_SIZE];

	TRY(put(tar, zeros, sizeof(zeros)));
	TRY(pad(tar, RECORD));
	return flush(tar);
}
