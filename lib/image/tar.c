/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/tar.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bounds.h"
#include "base/err.h"
#include "image/tar_header.h"

/* Which type characters are entries. */
static const struct {
	char type;
	enum tar_type means;
} types[] = {
	{ '0', TAR_FILE },         { '\0', TAR_FILE },     { '7', TAR_FILE }, /* contiguous */
	{ 'S', TAR_FILE },                                                    /* GNU, sparse */
	{ '1', TAR_HARD_LINK },    { '2', TAR_SYMLINK },   { '3', TAR_CHARACTER_DEVICE },
	{ '4', TAR_BLOCK_DEVICE }, { '5', TAR_DIRECTORY }, { '6', TAR_FIFO },
};

void tar_init(struct tar *tar, tar_source source, void *arg)
{
	*tar = (struct tar){
		.source = source,
		.arg = arg,
		.gnu_path = BUF_INIT,
		.gnu_link = BUF_INIT,
		.pax.text = BUF_INIT,
	};
}

void tar_release(struct tar *tar)
{
	buf_release(&tar->gnu_path);
	buf_release(&tar->gnu_link);
	pax_release(&tar->pax);
	sparse_release(&tar->sparse);
}

static int truncated(const struct tar *tar)
{
	return refuse_with(EBADMSG, "the archive ends in the middle of an entry, after %llu bytes",
			   (unsigned long long)tar->offset);
}

/* Make sure that a byte is at hand; 0 at the end of the source. */
static int have(struct tar *tar)
{
	if (tar->left == 0) {
		ssize_t n = tar->source(tar->arg, &tar->piece);

		TRY(n);
		tar->left = (size_t)n;
	}
	return tar->left != 0;
}

static void advance(struct tar *tar, size_t n)
{
	tar->piece += n;
	tar->left -= n;
	tar->offset += n;
}

/* The next n bytes into out; 1, or 0 where the source has ended before the first of them. */
static int read_bytes(struct tar *tar, void *out, size_t n)
{
	for (size_t done = 0; done < n;) {
		size_t part;
		int rc = have(tar);

		TRY(rc);
		if (rc == 0)
			return done == 0 ? 0 : truncated(tar);
		part = tar->left < n - done ? tar->left : n - done;
		memcpy((char *)out + done, tar->piece, part);
		advance(tar, part);
		done += part;
	}
	return 1;
}

/* The same where they must come. */
static int need_bytes(struct tar *tar, void *out, size_t n)
{
	int rc = read_bytes(tar, out, n);

	return rc == 0 ? truncated(tar) : rc;
}

static int skip_bytes(struct tar *tar, uint64_t n)
{
	while (n != 0) {
		size_t part;
		int rc = have(tar);

		TRY(rc);
		if (rc == 0)
			return truncated(tar);
		part = tar->left < n ? tar->left : (size_t)n;
		advance(tar, part);
		n -= part;
	}
	return 0;
}

static uint64_t padding_of(uint64_t size)
{
	return -size % TAR_BLOCK_SIZE;
}

static bool is_zero(const unsigned char *bytes, size_t len)
{
	return len == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0);
}

/* After the end mark only zero bytes may come: what followed would be read by some and not by
 * others. */
static int drain(struct tar *tar)
{
	int rc;

	tar->ended = true;
	while ((rc = have(tar)) > 0) {
		if (!is_zero(tar->piece, tar->left))
			return refuse_with(EBADMSG, "data follows the end of the archive");
		advance(tar, tar->left);
	}
	return rc;
}

/* The next header into tar->block: 1, 0 at the end. */
static int read_header(struct tar *tar)
{
	int rc = read_bytes(tar, tar->block, TAR_BLOCK_SIZE);

	TRY(rc);
	if (rc == 0) {
		tar->ended = tar->ended || tar->offset == 0;
		return 0;
	}
	if (is_zero(tar->block, TAR_BLOCK_SIZE)) {
		TRY(drain(tar));
		return 0;
	}
	if (!tar_checksum_is_right((const struct tar_header *)tar->block)) {
		if (tar->offset == TAR_BLOCK_SIZE)
			return refuse_with(EBADMSG, "it is not a tar archive");
		return refuse_with(EBADMSG, "the header at byte %llu of the archive is damaged",
				   (unsigned long long)tar->offset - TAR_BLOCK_SIZE);
	}
	return 1;
}

/* The data of a GNU 'L' or 'K' entry: a name that ends with a NUL. */
static int read_long_name(struct tar *tar, bool *seen, struct buf *out)
{
	const struct tar_header *header = (const struct tar_header *)tar->block;
	uint64_t size;

	TRY(tar_number(header->size, sizeof(header->size), "size", INT64_MAX, &size));
	if (*seen)
		return refuse("an entry has two long names");
	if (size == 0 || size > MAX_TAR_PATH + 1)
		return refuse("a name is longer than %d bytes", MAX_TAR_PATH);
	buf_clear(out);
	TRY(need_bytes(tar, buf_reserve(out, size), size));
	out->len = size;
	while (out->len != 0 && out->data[out->len - 1] == '\0')
		out->len--;
	buf_truncate(out, out->len);
	if (out->len == 0 || strlen(out->data) != out->len)
		return refuse("a name is empty or has a NUL in it");
	*seen = true;
	return skip_bytes(tar, padding_of(size));
}

static int read_pax(struct tar *tar, bool global)
{
	const struct tar_header *header = (const struct tar_header *)tar->block;
	uint64_t size;

	TRY(tar_number(header->size, sizeof(header->size), "size", INT64_MAX, &size));
	if (tar->has_pax || tar->has_gnu_path || tar->has_gnu_link)
		return refuse("an entry has two extended headers");
	if (size > MAX_TAR_PAX)
		return refuse("an extended header is larger than %lu bytes", MAX_TAR_PAX);
	pax_clear(&tar->pax);
	TRY(need_bytes(tar, buf_reserve(&tar->pax.text, size), size));
	tar->pax.text.len = size;
	tar->pax.text.data[size] = '\0';
	TRY(pax_parse(&tar->pax, global));
	tar->has_pax = !global;
	tar->has_global = tar->has_global || global;
	return skip_bytes(tar, padding_of(size));
}

static int take_path(struct tar *tar, const struct tar_header *header, const char **ret_path)
{
	char *field = tar->path_field;
	const char *path = field;

	field[0] = '\0';
	if (memcmp(header->magic, "ustar\0", 6) == 0 && header->prefix[0] != '\0') {
		tar_text(field, header->prefix, sizeof(header->prefix));
		field += strlen(field);
		*field++ = '/';
	}
	tar_text(field, header->name, sizeof(header->name));
	if (tar->has_pax && tar->pax.is_sparse && tar->pax.sparse_name != NULL)
		path = tar->pax.sparse_name;
	else if (tar->has_pax && tar->pax.path != NULL)
		path = tar->pax.path;
	if (tar->has_gnu_path) {
		if (path != tar->path_field)
			return refuse("an entry has two long names");
		path = tar->gnu_path.data;
	}
	if (*path == '\0')
		return refuse("an entry has no name");
	if (strlen(path) > MAX_TAR_PATH)
		return refuse("a name is longer than %d bytes", MAX_TAR_PATH);
	*ret_path = path;
	return 0;
}

static int take_link(struct tar *tar, const struct tar_header *header, struct tar_entry *entry)
{
	bool is_link = entry->type == TAR_HARD_LINK || entry->type == TAR_SYMLINK;
	const char *link = tar->link_field;

	tar_text(tar->link_field, header->link, sizeof(header->link));
	if (tar->has_pax && tar->pax.link != NULL)
		link = tar->pax.link;
	if (tar->has_gnu_link) {
		if (link != tar->link_field)
			return refuse("an entry has two long names");
		link = tar->gnu_link.data;
	}
	entry->link = is_link ? link : "";
	if (is_link && *link == '\0')
		return refuse("the link '%s' has no target", entry->path);
	if (strlen(link) > MAX_TAR_LINK)
		return refuse("the target of '%s' is longer than %d bytes", entry->path,
			      MAX_TAR_LINK);
	return 0;
}

static int take_ids(const struct tar *tar, const struct tar_header *header, struct tar_entry *entry)
{
	uint64_t uid = 0, gid = 0;

	if (tar->has_pax && tar->pax.has_uid)
		uid = tar->pax.uid;
	else
		TRY(tar_number(header->uid, sizeof(header->uid), "uid", MAX_ID, &uid));
	if (tar->has_pax && tar->pax.has_gid)
		gid = tar->pax.gid;
	else
		TRY(tar_number(header->gid, sizeof(header->gid), "gid", MAX_ID, &gid));
	if (uid > MAX_ID || gid > MAX_ID)
		return refuse("the owner of '%s' is out of range (%llu:%llu)", entry->path,
			      (unsigned long long)uid, (unsigned long long)gid);
	entry->uid = (uint32_t)uid;
	entry->gid = (uint32_t)gid;
	return 0;
}

static int take_attributes(const struct tar *tar, const struct tar_header *header,
			   struct tar_entry *entry)
{
	uint64_t mode;

	TRY(take_ids(tar, header, entry));
	TRY(tar_number(header->mode, sizeof(header->mode), "mode", UINT32_MAX, &mode));
	entry->mode = (uint32_t)mode & 07777; /* some writers put the type above */
	if (tar->has_pax && tar->pax.has_mtime) {
		entry->mtime = tar->pax.mtime;
		entry->mtime_nsec = tar->pax.mtime_nsec;
	} else {
		TRY(tar_signed_number(header->mtime, sizeof(header->mtime), "time", &entry->mtime));
	}
	if (tar->has_pax) {
		entry->xattrs = tar->pax.xattrs.v;
		entry->n_xattrs = tar->pax.xattrs.n;
	}
	return 0;
}

static int add_gnu_extents(struct tar *tar, const struct tar_gnu_extent *extents, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t offset, len;

		if (extents[i].offset[0] == '\0')
			break;
		TRY(tar_number(extents[i].offset, 12, "offset", INT64_MAX, &offset));
		TRY(tar_number(extents[i].len, 12, "size", INT64_MAX, &len));
		TRY(sparse_add(&tar->sparse, offset, len));
	}
	return 0;
}

/* Type 'S': a part of the map is in the header, the rest in blocks that follow it. */
static int read_gnu_map(struct tar *tar)
{
	const struct tar_gnu_sparse *first = (const void *)(tar->block + TAR_SPARSE_OFFSET);
	const struct tar_gnu_sparse_block *more = (const void *)tar->block;
	uint64_t size;
	char extended = first->is_extended;

	TRY(tar_number(first->real_size, sizeof(first->real_size), "size", INT64_MAX, &size));
	sparse_clear(&tar->sparse, size);
	TRY(add_gnu_extents(tar, first->extents, ARRAY_SIZE(first->extents)));
	while (extended != 0) {
		TRY(need_bytes(tar, tar->block, TAR_BLOCK_SIZE));
		if (more->extents[0].offset[0] == '\0')
			return refuse("the map of a sparse file is malformed");
		TRY(add_gnu_extents(tar, more->extents, ARRAY_SIZE(more->extents)));
		extended = more->is_extended;
	}
	return 0;
}

/* One of the numbers, a line each, that precede the data in format 1.0; they are counted in
 * *done. */
static int read_map_number(struct tar *tar, uint64_t *done, uint64_t *ret_value)
{
	uint64_t value = 0;
	bool any = false;

	for (;;) {
		unsigned char c;

		if (*done == tar->data)
			return refuse("the map of a sparse file is malformed");
		TRY(need_bytes(tar, &c, 1));
		(*done)++;
		if (c == '\n' && any)
			break;
		if (c < '0' || c > '9' || value > INT64_MAX / 16)
			return refuse("the map of a sparse file is malformed");
		value = value * 10 + (uint64_t)(c - '0');
		any = true;
	}
	*ret_value = value;
	return 0;
}

static int read_map_1_0(struct tar *tar)
{
	uint64_t done = 0, n;

	TRY(read_map_number(tar, &done, &n));
	for (uint64_t i = 0; i < n; i++) {
		uint64_t offset, len;

		TRY(read_map_number(tar, &done, &offset));
		TRY(read_map_number(tar, &done, &len));
		TRY(sparse_add(&tar->sparse, offset, len));
	}
	TRY(skip_bytes(tar, padding_of(done)));
	done += padding_of(done);
	if (done > tar->data)
		return refuse("the map of a sparse file is malformed");
	tar->data -= done;
	return 0;
}

static int read_pax_map(struct tar *tar)
{
	struct pax *pax = &tar->pax;
	struct sparse from_pax = pax->sparse;

	if (!pax->has_sparse_size)
		return refuse("a sparse file has no size");
	pax->sparse = (struct sparse){ 0 };
	sparse_release(&tar->sparse);
	tar->sparse = from_pax;
	tar->sparse.size = pax->sparse_size;
	if (pax->sparse_major == 1)
		return read_map_1_0(tar);
	if (pax->sparse_major != 0)
		return refuse("a sparse file has an unknown format");
	return pax->sparse_map != NULL ? sparse_parse_list(&tar->sparse, pax->sparse_map) : 0;
}

/* What the size means depends on the format; the two places that may state it must agree, but where
 * the header's field is too small for it. */
static int take_size(struct tar *tar, const struct tar_header *header, struct tar_entry *entry)
{
	const uint64_t field_max = 077777777777;
	uint64_t size = 0;

	TRY(tar_number(header->size, sizeof(header->size), "size", INT64_MAX - TAR_BLOCK_SIZE,
		       &size));
	if (tar->has_pax && tar->pax.has_size) {
		if (tar->pax.size != size && tar->pax.size <= field_max)
			return refuse("'%s' has two sizes, %llu and %llu bytes", entry->path,
				      (unsigned long long)size, (unsigned long long)tar->pax.size);
		if (tar->pax.size > INT64_MAX - TAR_BLOCK_SIZE)
			return refuse("'%s' is too large", entry->path);
		size = tar->pax.size;
	}
	if (size != 0 && entry->type != TAR_FILE)
		return refuse("'%s' has data and is no file", entry->path);
	tar->data = size;
	tar->padding = padding_of(size);
	entry->size = size;
	return 0;
}

static int take_sparse(struct tar *tar, bool gnu, struct tar_entry *entry)
{
	tar->is_sparse = gnu || (tar->has_pax && tar->pax.is_sparse);
	if (!tar->is_sparse)
		return 0;
	if (entry->type != TAR_FILE)
		return refuse("'%s' is sparse and no file", entry->path);
	TRY(gnu ? read_gnu_map(tar) : read_pax_map(tar));
	TRY(sparse_check(&tar->sparse, tar->data));
	entry->size = tar->sparse.size;
	return 0;
}

static int take_entry(struct tar *tar, struct tar_entry *entry)
{
	/* A sparse map is read into tar->block. */
	const struct tar_header header = *(const struct tar_header *)tar->block;
	size_t row = 0;

	*entry = (struct tar_entry){ 0 };
	TRY(take_path(tar, &header, &entry->path));
	while (row < ARRAY_SIZE(types) && types[row].type != header.type)
		row++;
	if (row == ARRAY_SIZE(types))
		return refuse("'%s' has the unknown type '%c'", entry->path, header.type);
	entry->type = types[row].means;
	/* Before ustar a directory was a file whose name ends with a slash. */
	if (entry->type == TAR_FILE && entry->path[strlen(entry->path) - 1] == '/') {
		if (header.type != '\0')
			return refuse("the name of the file '%s' ends with a slash", entry->path);
		entry->type = TAR_DIRECTORY;
	}
	TRY(take_link(tar, &header, entry));
	TRY(take_attributes(tar, &header, entry));
	TRY(take_size(tar, &header, entry));
	TRY(take_sparse(tar, header.type == 'S', entry));
	tar->extent = 0;
	tar->extent_done = 0;
	tar->file_offset = 0;
	return 1;
}

/* Headers that only prepare the next entry; 1: it was one. */
static int take_preparation(struct tar *tar)
{
	switch (((const struct tar_header *)tar->block)->type) {
	case 'x':
		TRY(read_pax(tar, false));
		return 1;
	case 'g':
		TRY(read_pax(tar, true));
		return 1;
	case 'L':
		TRY(read_long_name(tar, &tar->has_gnu_path, &tar->gnu_path));
		return 1;
	case 'K':
		TRY(read_long_name(tar, &tar->has_gnu_link, &tar->gnu_link));
		return 1;
	default:
		return 0;
	}
}

int tar_next(struct tar *tar, struct tar_entry *ret_entry)
{
	int rc;

	TRY(skip_bytes(tar, tar->data + tar->padding));
	tar->data = 0;
	tar->padding = 0;
	tar->has_pax = false;
	tar->has_gnu_path = false;
	tar->has_gnu_link = false;
	do {
		rc = read_header(tar);
		TRY(rc);
		if (rc == 0) {
			if (tar->has_pax || tar->has_gnu_path || tar->has_gnu_link)
				return truncated(tar);
			return 0;
		}
		rc = take_preparation(tar);
		TRY(rc);
	} while (rc == 1);
	return take_entry(tar, ret_entry);
}

int tar_data(struct tar *tar, const void **ret_bytes, size_t *ret_len, uint64_t *ret_offset)
{
	uint64_t most = tar->data, offset = tar->file_offset;
	size_t len;
	int rc;

	if (tar->data == 0)
		return 0;
	rc = have(tar);
	TRY(rc);
	if (rc == 0)
		return truncated(tar);
	if (tar->is_sparse) {
		const struct sparse_extent *extent = &tar->sparse.v[tar->extent];

		offset = extent->offset + tar->extent_done;
		most = extent->len - tar->extent_done;
	}
	len = tar->left < most ? tar->left : (size_t)most;
	*ret_bytes = tar->piece;
	*ret_len = len;
	*ret_offset = offset;
	advance(tar, len);
	tar->data -= len;
	tar->file_offset += len;
	tar->extent_done += len;
	if (tar->is_sparse && len == most) {
		tar->extent++;
		tar->extent_done = 0;
	}
	return 1;
}
