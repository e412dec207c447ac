/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/toc.h"

#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/bounds.h"
#include "base/err.h"
#include "base/escape.h"
#include "base/json.h"
#include "base/path.h"
#include "image/tar_header.h"

/* All that may stand between the contents of two files has less. */
#define GAP_MAX (4UL << 20)

static const char *const type_names[] = {
	[TAR_FILE] = "reg",           [TAR_HARD_LINK] = "hardlink",
	[TAR_SYMLINK] = "symlink",    [TAR_CHARACTER_DEVICE] = "char",
	[TAR_BLOCK_DEVICE] = "block", [TAR_DIRECTORY] = "dir",
	[TAR_FIFO] = "fifo",
};

void toc_init(struct toc *toc)
{
	*toc = (struct toc){ .table = BUF_INIT,
			     .split = BUF_INIT,
			     .gap = BUF_INIT,
			     .entry = BUF_INIT,
			     .chunks = BUF_INIT,
			     .first_chunk = BUF_INIT };
	crc64_init(&toc->crc);
}

void toc_release(struct toc *toc)
{
	tdestroy(toc->names, free);
	toc->names = NULL;
	buf_release(&toc->table);
	buf_release(&toc->split);
	buf_release(&toc->gap);
	buf_release(&toc->entry);
	buf_release(&toc->chunks);
	buf_release(&toc->first_chunk);
	digest_release(&toc->content);
	digest_release(&toc->chunk);
}

static void give_up(struct toc *toc)
{
	toc_release(toc);
	toc->unfit = true;
}

/* --- tar-split ------------------------------------------------------------------------------- */

static void add_segment(struct toc *toc, const char *bytes, size_t len)
{
	if (len == 0)
		return;
	buf_add_str(&toc->split, "{\"type\":2,\"payload\":\"");
	base64_encode(bytes, len, &toc->split);
	buf_addf(&toc->split, "\",\"position\":%llu}\n", (unsigned long long)toc->position++);
}

static void add_file(struct toc *toc)
{
	unsigned char sum[8];

	buf_add_str(&toc->split, "{\"type\":1,\"name\":");
	json_print_string(&toc->split, toc->name);
	if (toc->size == 0) {
		buf_add_str(&toc->split, ",\"payload\":null");
	} else {
		for (int i = 0; i < 8; i++)
			sum[i] = (unsigned char)(toc->crc.value >> (56 - 8 * i));
		buf_addf(&toc->split, ",\"size\":%llu,\"payload\":\"",
			 (unsigned long long)toc->size);
		base64_encode(sum, sizeof(sum), &toc->split);
		buf_add_char(&toc->split, '"');
	}
	buf_addf(&toc->split, ",\"position\":%llu}\n", (unsigned long long)toc->position++);
}

void toc_pass(struct toc *toc, const void *bytes, size_t len)
{
	if (toc->unfit)
		return;
	buf_add(&toc->gap, bytes, len);
	if (toc->gap.len > GAP_MAX)
		give_up(toc);
}

void toc_end(struct toc *toc, uint64_t archive_len)
{
	/* Where it is not whole blocks, readers come to an end in the middle of a header. */
	if (!toc->unfit && archive_len % TAR_BLOCK_SIZE != 0)
		give_up(toc);
	if (toc->unfit)
		return;
	add_segment(toc, toc->gap.data, toc->gap.len);
	buf_clear(&toc->gap);
}

/* --- what makes a layer unfit ---------------------------------------------------------------- */

static bool is_utf8(const char *text)
{
	size_t len = strlen(text);

	while (len != 0) {
		uint32_t rune;
		const size_t n = escape_decode(text, len, &rune);

		if (n == 0)
			return false;
		text += n;
		len -= n;
	}
	return true;
}

static bool has_utf8(const struct tar_entry *entry)
{
	for (size_t i = 0; i < entry->n_xattrs; i++)
		if (!is_utf8(entry->xattrs[i].name))
			return false;
	return is_utf8(entry->path) && is_utf8(entry->link);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Was there one of that name? If not, there is now. */
static bool was_named(struct toc *toc, const char *path)
{
	char *name = path_clean(path);
	char **found = tsearch(name, &toc->names, compare_names);

	if (found == NULL)
		out_of_memory();
	if (*found == name)
		return false;
	free(name);
	return true;
}

static bool is_ustar(const struct tar_header *header)
{
	return memcmp(header->magic, "ustar", 6) == 0;
}

static bool is_gnu(const struct tar_header *header)
{
	return memcmp(header->magic, "ustar  ", 8) == 0;
}

/* Fields that Go reads, and berth does not: star's at the end of the prefix, GNU's in its place. */
static bool has_other_fields(const struct tar_header *header)
{
	if (is_ustar(header))
		return memcmp(header->pad + 8, "tar", 4) == 0;
	return is_gnu(header) && (header->prefix[0] != '\0' || header->prefix[12] != '\0');
}

static bool has_idle_link(const struct tar *tar, const struct tar_entry *entry)
{
	if (entry->type == TAR_HARD_LINK || entry->type == TAR_SYMLINK)
		return false;
	return tar->link_field[0] != '\0' || tar->has_gnu_link ||
	       (tar->has_pax && tar->pax.link != NULL);
}

static bool fits(struct toc *toc, const struct tar *tar, const struct tar_entry *entry)
{
	const struct tar_header *header = (const struct tar_header *)tar->block;

	return !tar->is_sparse && !tar->has_global && header->type != '7' &&
	       !has_other_fields(header) && !has_idle_link(tar, entry) && has_utf8(entry) &&
	       !was_named(toc, entry->path);
}

/* --- the table ------------------------------------------------------------------------------- */

static void add_text(struct buf *out, const char *key, const char *text)
{
	buf_addf(out, ",\"%s\":", key);
	json_print_string(out, text);
}

static void add_number(struct buf *out, const char *key, uint64_t value)
{
	if (value != 0)
		buf_addf(out, ",\"%s\":%llu", key, (unsigned long long)value);
}

static void add_cut(struct buf *out, const char *key, uint64_t cut)
{
	buf_addf(out, ",\"%s\":\1%llu\1", key, (unsigned long long)cut);
}

/* Of the proleptic Gregorian calendar. gmtime_r() looks for a file with time zones first. */
struct date {
	int64_t year;
	int month, day; /* from 1 on */
};

/* days: since 1970-01-01. Years begin in March here, so that a leap day is the last one; 400 of
 * them have 146097 days, and five months from March or August on have 153. */
static struct date find_date(int64_t days)
{
	const int64_t since = days + 719468; /* 0000-03-01 */
	const int64_t era = (since >= 0 ? since : since - 146096) / 146097;
	const int64_t day = since - era * 146097;
	const int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	const int64_t of_year = day - (365 * year + year / 4 - year / 100);
	const int64_t month = (5 * of_year + 2) / 153;

	return (struct date){ .year = year + era * 400 + (month >= 10 ? 1 : 0),
			      .month = (int)(month < 10 ? month + 3 : month - 9),
			      .day = (int)(of_year - (153 * month + 2) / 5 + 1) };
}

/* RFC 3339, as Go prints it: no more digits than it takes. 0, or -ERANGE with nothing recorded. */
static int add_time(struct buf *out, const char *key, int64_t seconds, uint32_t nsec)
{
	const int64_t of_day = (seconds % 86400 + 86400) % 86400;
	const struct date date = find_date(seconds / 86400 - (seconds % 86400 < 0 ? 1 : 0));
	char fraction[11] = "";

	if (date.year < 1 || date.year > 9999)
		return -ERANGE;
	if (nsec != 0) {
		size_t len = (size_t)snprintf(fraction, sizeof(fraction), ".%09u", nsec);

		while (fraction[len - 1] == '0')
			fraction[--len] = '\0';
	}
	buf_addf(out, ",\"%s\":\"%04d-%02d-%02dT%02d:%02d:%02d%sZ\"", key, (int)date.year,
		 date.month, date.day, (int)(of_day / 3600), (int)(of_day / 60 % 60),
		 (int)(of_day % 60), fraction);
	return 0;
}

/* A time that berth itself has no use for; only pax has it. */
static int add_pax_time(struct buf *out, const char *key, const struct tar *tar, const char *record)
{
	const char *value = tar->has_pax ? pax_value(&tar->pax, record) : NULL;
	int64_t seconds;
	uint32_t nsec;

	if (value == NULL || *value == '\0')
		return 0;
	TRY(pax_time(record, value, &seconds, &nsec));
	return add_time(out, key, seconds, nsec);
}

/* Where the format has the fields at all, whatever the entry is. */
static int add_device(struct buf *out, const struct tar_header *header)
{
	uint64_t major, minor;

	if (!is_ustar(header) && !is_gnu(header))
		return 0;
	TRY(tar_number(header->device_major, 8, "device", INT64_MAX, &major));
	TRY(tar_number(header->device_minor, 8, "device", INT64_MAX, &minor));
	add_number(out, "devMajor", major);
	add_number(out, "devMinor", minor);
	return 0;
}

static void add_xattrs(struct buf *out, const struct tar_entry *entry)
{
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		buf_add_str(out, i == 0 ? ",\"xattrs\":{" : ",");
		json_print_string(out, entry->xattrs[i].name);
		buf_add_str(out, ":\"");
		base64_encode(entry->xattrs[i].value, entry->xattrs[i].len, out);
		buf_add_char(out, '"');
	}
	if (entry->n_xattrs != 0)
		buf_add_char(out, '}');
}

/* What the header says. A mode is there with the type, where the header has that. */
static int describe(struct buf *out, const struct tar *tar, const struct tar_entry *entry)
{
	const struct tar_header *header = (const struct tar_header *)tar->block;
	uint64_t mode;

	TRY(tar_number(header->mode, sizeof(header->mode), "mode", UINT32_MAX, &mode));
	buf_addf(out, "{\"type\":\"%s\"", type_names[entry->type]);
	add_text(out, "name", entry->path);
	if (*entry->link != '\0')
		add_text(out, "linkName", entry->link);
	add_number(out, "mode", mode);
	add_number(out, "size", entry->size);
	add_number(out, "uid", entry->uid);
	add_number(out, "gid", entry->gid);
	TRY(add_time(out, "modtime", entry->mtime, entry->mtime_nsec));
	TRY(add_pax_time(out, "accesstime", tar, "atime"));
	TRY(add_pax_time(out, "changetime", tar, "ctime"));
	TRY(add_device(out, header));
	add_xattrs(out, entry);
	return 0;
}

void toc_begin(struct toc *toc, const struct tar *tar, const struct tar_entry *entry)
{
	if (toc->unfit)
		return;
	buf_clear(&toc->entry);
	buf_clear(&toc->chunks);
	buf_clear(&toc->first_chunk);
	toc->name = entry->path;
	toc->size = entry->size;
	toc->crc.value = 0;
	toc->n_chunks = 0;
	toc->chunk_at = 0;
	toc->chunk_len = 0;
	if (!fits(toc, tar, entry) || describe(&toc->entry, tar, entry) < 0) {
		err_clear();
		give_up(toc);
		return;
	}
	add_segment(toc, toc->gap.data, toc->gap.len);
	buf_clear(&toc->gap);
}

int toc_content_begin(struct toc *toc)
{
	toc->first_cut = toc->cuts++;
	return digest_init(&toc->content);
}

void toc_content(struct toc *toc, const void *bytes, size_t len)
{
	if (toc->unfit)
		return;
	digest_update(&toc->content, bytes, len);
	/* The first chunk is the beginning of the content. */
	if (toc->n_chunks != 0)
		digest_update(&toc->chunk, bytes, len);
	crc64_add(&toc->crc, bytes, len);
	toc->chunk_len += len;
}

/* What all chunks of a file with more than one have. */
static void add_chunk(struct buf *out, const struct toc *toc, const char *digest, bool hole)
{
	add_number(out, "chunkSize", toc->chunk_len);
	add_number(out, "chunkOffset", toc->chunk_at);
	add_text(out, "chunkDigest", digest);
	if (hole)
		add_text(out, "chunkType", "zeros");
}

int toc_chunk_ended(struct toc *toc, bool hole)
{
	char digest[DIGEST_TEXT_SIZE];

	if (toc->unfit)
		return 0;
	if (toc->n_chunks == 0)
		TRY(digest_copy(&toc->content, &toc->chunk));
	digest_final(&toc->chunk, digest);
	if (toc->n_chunks == 0) {
		add_chunk(&toc->first_chunk, toc, digest, hole);
	} else {
		buf_add_str(&toc->chunks, ",{\"type\":\"chunk\"");
		add_text(&toc->chunks, "name", toc->name);
		add_cut(&toc->chunks, "offset", toc->first_cut + toc->n_chunks);
		add_chunk(&toc->chunks, toc, digest, hole);
		buf_add_char(&toc->chunks, '}');
	}
	toc->n_chunks++;
	toc->cuts++;
	toc->chunk_at += toc->chunk_len;
	toc->chunk_len = 0;
	if (toc->table_len + toc->chunks.len > MAX_TABLE)
		give_up(toc);
	return toc->unfit ? 0 : digest_init(&toc->chunk);
}

void toc_end_entry(struct toc *toc)
{
	char digest[DIGEST_TEXT_SIZE];

	if (toc->unfit)
		return;
	if (toc->n_chunks != 0) {
		digest_final(&toc->content, digest);
		digest_release(&toc->chunk);
		add_text(&toc->entry, "digest", digest);
		add_cut(&toc->entry, "offset", toc->first_cut);
		add_cut(&toc->entry, "endOffset", toc->first_cut + toc->n_chunks);
	}
	if (toc->n_chunks > 1)
		buf_add(&toc->entry, toc->first_chunk.data, toc->first_chunk.len);
	buf_add_char(&toc->entry, '}');
	add_file(toc);
	if (toc->table_len != 0)
		buf_add_char(&toc->table, ',');
	buf_add(&toc->table, toc->entry.data, toc->entry.len);
	buf_add(&toc->table, toc->chunks.data, toc->chunks.len);
	toc->table_len += toc->table.len;
	if (toc->table_len > MAX_TABLE)
		give_up(toc);
}
