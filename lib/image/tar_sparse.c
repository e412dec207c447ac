/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/tar_sparse.h"

#include <stdlib.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/vec.h"

void sparse_clear(struct sparse *sparse, uint64_t size)
{
	sparse_release(sparse);
	sparse->size = size;
}

void sparse_release(struct sparse *sparse)
{
	free(sparse->v);
	*sparse = (struct sparse){ 0 };
}

int sparse_add(struct sparse *sparse, uint64_t offset, uint64_t len)
{
	const struct sparse_extent *last;
	uint64_t end;

	if (__builtin_add_overflow(offset, len, &end) || end > INT64_MAX)
		return refuse("the map of a sparse file has an offset that is too large");
	if (len == 0)
		return 0;
	last = sparse->n != 0 ? &sparse->v[sparse->n - 1] : NULL;
	if (last != NULL && offset < last->offset + last->len)
		return refuse("the map of a sparse file overlaps itself");
	if (sparse->n == MAX_TAR_EXTENTS)
		return refuse("the map of a sparse file has more than %d pieces", MAX_TAR_EXTENTS);
	*VEC_PUSH(sparse) = (struct sparse_extent){ .offset = offset, .len = len };
	/* The extents do not overlap: the sum cannot be larger than the last end. */
	sparse->stored += len;
	return 0;
}

/* A decimal number up to `end`; *text is moved behind that character. */
static int parse_number(const char **text, char end, uint64_t *ret_value)
{
	const char *p = *text;
	uint64_t value = 0;

	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
			return refuse("the map of a sparse file has an offset that is too large");
	if (p == *text || *p != end)
		return refuse("the map of a sparse file is malformed");
	*text = end != '\0' ? p + 1 : p;
	*ret_value = value;
	return 0;
}

int sparse_parse_list(struct sparse *sparse, const char *text)
{
	while (*text != '\0') {
		uint64_t offset, len;
		const char *p = text;

		TRY(parse_number(&p, ',', &offset));
		text = p;
		while (*p >= '0' && *p <= '9')
			p++;
		TRY(parse_number(&text, *p == ',' ? ',' : '\0', &len));
		TRY(sparse_add(sparse, offset, len));
	}
	return 0;
}

int sparse_check(const struct sparse *sparse, uint64_t stored)
{
	const struct sparse_extent *last = sparse->n != 0 ? &sparse->v[sparse->n - 1] : NULL;

	if (last != NULL && last->offset + last->len > sparse->size)
		return refuse("the map of a sparse file goes beyond its size");
	if (sparse->stored != stored)
		return refuse("the map of a sparse file has %llu bytes of data, the archive %llu",
			      (unsigned long long)sparse->stored, (unsigned long long)stored);
	return 0;
}
