/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/tar_pax.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bounds.h"
#include "base/err.h"
#include "base/vec.h"

struct pax_record {
	char *key, *value; /* NUL-terminated */
	size_t len;        /* of the value */
};

static int parse_u64(const struct pax_record *record, uint64_t *ret_value)
{
	uint64_t value = 0;
	const char *p = record->value;

	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value) ||
		    value > INT64_MAX)
			return refuse("the value of '%s' is too large", record->key);
	if (record->len == 0 || p != record->value + record->len)
		return refuse("the value of '%s' is not a number", record->key);
	*ret_value = value;
	return 0;
}

/* A name: no NUL in it. An empty one takes the record back, the header's field stands. */
static int parse_text(const struct pax_record *record, const char **ret_text)
{
	if (strlen(record->value) != record->len)
		return refuse("the value of '%s' has a NUL in it", record->key);
	*ret_text = record->len != 0 ? record->value : NULL;
	return 0;
}

static int set_path(struct pax *pax, const struct pax_record *record)
{
	return parse_text(record, &pax->path);
}

static int set_link(struct pax *pax, const struct pax_record *record)
{
	return parse_text(record, &pax->link);
}

static int set_size(struct pax *pax, const struct pax_record *record)
{
	pax->has_size = true;
	return parse_u64(record, &pax->size);
}

static int set_uid(struct pax *pax, const struct pax_record *record)
{
	pax->has_uid = true;
	return parse_u64(record, &pax->uid);
}

static int set_gid(struct pax *pax, const struct pax_record *record)
{
	pax->has_gid = true;
	return parse_u64(record, &pax->gid);
}

static int parse_time(const struct pax_record *record, int64_t *ret_seconds, uint32_t *ret_nsec)
{
	bool negative = record->value[0] == '-';
	const char *point = strchr(record->value, '.');
	uint64_t seconds, scale = 100000000;
	struct pax_record whole = *record;
	uint32_t nsec = 0;

	whole.value += negative ? 1 : 0;
	whole.len -= negative ? 1 : 0;
	if (point != NULL) {
		whole.len = (size_t)(point - whole.value);
		for (const char *p = point + 1; p < record->value + record->len; p++) {
			if (*p < '0' || *p > '9')
				return refuse("the value of '%s' is not a time", record->key);
			nsec += (uint32_t)(scale * (uint64_t)(*p - '0'));
			scale /= 10;
		}
	}
	TRY(parse_u64(&whole, &seconds));
	*ret_seconds = negative ? -(int64_t)seconds : (int64_t)seconds;
	if (negative && nsec != 0) {
		--*ret_seconds;
		nsec = 1000000000 - nsec;
	}
	*ret_nsec = nsec;
	return 0;
}

int pax_time(const char *key, const char *value, int64_t *ret_seconds, uint32_t *ret_nsec)
{
	const struct pax_record record = { (char *)key, (char *)value, strlen(value) };

	return parse_time(&record, ret_seconds, ret_nsec);
}

/* "-1", "1700000000.123456789": seconds before and after the point, rounded down. */
static int set_mtime(struct pax *pax, const struct pax_record *record)
{
	pax->has_mtime = true;
	return parse_time(record, &pax->mtime, &pax->mtime_nsec);
}

static int add_xattr(struct pax *pax, const struct pax_record *record)
{
	const char *name = record->key + strlen("SCHILY.xattr.");

	if (*name == '\0' || strlen(name) > MAX_XATTR_NAME)
		return refuse("the name of an extended attribute is longer than %d bytes or empty",
			      MAX_XATTR_NAME);
	if (record->len > MAX_XATTR_VALUE)
		return refuse("the extended attribute '%s' is larger than %lu bytes", name,
			      MAX_XATTR_VALUE);
	if (pax->xattrs.n == MAX_XATTRS)
		return refuse("there are more than %d extended attributes", MAX_XATTRS);
	*VEC_PUSH(&pax->xattrs) =
		(struct pax_xattr){ .name = name, .value = record->value, .len = record->len };
	return 0;
}

static int set_sparse_major(struct pax *pax, const struct pax_record *record)
{
	pax->is_sparse = true;
	return parse_u64(record, &pax->sparse_major);
}

static int set_sparse_size(struct pax *pax, const struct pax_record *record)
{
	pax->is_sparse = true;
	pax->has_sparse_size = true;
	return parse_u64(record, &pax->sparse_size);
}

static int set_sparse_name(struct pax *pax, const struct pax_record *record)
{
	pax->is_sparse = true;
	return parse_text(record, &pax->sparse_name);
}

static int set_sparse_map(struct pax *pax, const struct pax_record *record)
{
	pax->is_sparse = true;
	return parse_text(record, &pax->sparse_map);
}

/* Format 0.0: an offset, then its length. The offset waits in `size` of the map, which is set when
 * the header is complete. */
static int set_sparse_offset(struct pax *pax, const struct pax_record *record)
{
	pax->is_sparse = true;
	return parse_u64(record, &pax->sparse.size);
}

static int set_sparse_len(struct pax *pax, const struct pax_record *record)
{
	uint64_t len;

	TRY(parse_u64(record, &len));
	return sparse_add(&pax->sparse, pax->sparse.size, len);
}

/* A key that ends in a dot stands for all that begin so. */
static const struct {
	const char *key;
	int (*set)(struct pax *pax, const struct pax_record *record);
} keys[] = {
	{ "path", set_path },
	{ "linkpath", set_link },
	{ "size", set_size },
	{ "uid", set_uid },
	{ "gid", set_gid },
	{ "mtime", set_mtime },
	{ "SCHILY.xattr.", add_xattr },
	{ "GNU.sparse.major", set_sparse_major },
	{ "GNU.sparse.size", set_sparse_size },
	{ "GNU.sparse.realsize", set_sparse_size },
	{ "GNU.sparse.name", set_sparse_name },
	{ "GNU.sparse.map", set_sparse_map },
	{ "GNU.sparse.offset", set_sparse_offset },
	{ "GNU.sparse.numbytes", set_sparse_len },
};

static int take_record(struct pax *pax, const struct pax_record *record, bool global)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		size_t len = strlen(keys[i].key);
		bool prefix = keys[i].key[len - 1] == '.';

		if (strncmp(record->key, keys[i].key, len) != 0 ||
		    (!prefix && record->key[len] != '\0'))
			continue;
		if (global)
			return refuse("a global extended header sets '%s'", record->key);
		return keys[i].set(pax, record);
	}
	return 0;
}

/* Take one record off the front: *text, of *len bytes. */
static int split_record(char **text, size_t *len, struct pax_record *ret_record)
{
	char *start = *text, *p = start, *end;
	size_t n = 0;

	for (; p < start + *len && *p >= '0' && *p <= '9' && n <= *len; p++)
		n = n * 10 + (size_t)(*p - '0');
	if (p == start || p == start + *len || *p != ' ' || n > *len || n < (size_t)(p - start) + 4)
		return refuse("an extended header has a record with a wrong length");
	end = start + n - 1;
	if (*end != '\n')
		return refuse("an extended header has a record with no end");
	*end = '\0';
	ret_record->key = p + 1;
	p = memchr(p + 1, '=', (size_t)(end - p) - 1);
	if (p == NULL || p == ret_record->key ||
	    memchr(ret_record->key, '\0', (size_t)(p - ret_record->key)) != NULL)
		return refuse("an extended header has a record with no key");
	*p = '\0';
	ret_record->value = p + 1;
	ret_record->len = (size_t)(end - p) - 1;
	*text = end + 1;
	*len -= n;
	return 0;
}

void pax_clear(struct pax *pax)
{
	struct buf text = pax->text;

	free(pax->xattrs.v);
	sparse_release(&pax->sparse);
	if (text.data == NULL)
		buf_init(&text);
	buf_clear(&text);
	*pax = (struct pax){ .text = text };
}

void pax_release(struct pax *pax)
{
	pax_clear(pax);
	buf_release(&pax->text);
}

int pax_parse(struct pax *pax, bool global)
{
	char *text = pax->text.data;
	size_t len = pax->text.len;

	while (len != 0) {
		struct pax_record record;

		TRY(split_record(&text, &len, &record));
		TRY(take_record(pax, &record, global));
	}
	return 0;
}

/* The records are as they were, but for NULs in place of "=" and the ends of lines. */
const char *pax_value(const struct pax *pax, const char *key)
{
	const char *record = pax->text.data, *end = record + pax->text.len;
	const char *found = NULL;

	while (record < end) {
		const char *name = strchr(record, ' ') + 1;

		if (strcmp(name, key) == 0)
			found = name + strlen(name) + 1;
		record += strtoull(record, NULL, 10);
	}
	return found;
}
