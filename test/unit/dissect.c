/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/dissect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "image/tar_header.h"
#include "image/toc.h"
#include "unit.h"

/* What a reader of the pieces gathers. */
struct found {
	struct buf bytes, table, split;
	size_t cuts[64]; /* where in the bytes */
	size_t n_cuts;
	bool unfit;
};

static void found_release(struct found *found)
{
	buf_release(&found->bytes);
	buf_release(&found->table);
	buf_release(&found->split);
}

#define FOUND_INIT \
	{ \
		.bytes = BUF_INIT, .table = BUF_INIT, .split = BUF_INIT \
	}

static void take(struct found *found, uint32_t word, const char *bytes)
{
	const size_t len = PIECE_LEN(word);

	switch (PIECE_KIND(word)) {
	case PIECE_BYTES:
		buf_add(&found->bytes, bytes, len);
		break;
	case PIECE_CUT:
		assert_int_equal(len, 0);
		assert_true(found->n_cuts < 64);
		found->cuts[found->n_cuts++] = found->bytes.len;
		break;
	case PIECE_TABLE:
		buf_add(&found->table, bytes, len);
		break;
	case PIECE_SPLIT:
		buf_add(&found->split, bytes, len);
		break;
	default:
		assert_int_equal(PIECE_KIND(word), PIECE_UNFIT);
		found->unfit = true;
	}
}

static ssize_t hand_out(void *arg, void *bytes, size_t size)
{
	struct buf *archive = arg;
	const size_t n = archive->cap < size ? archive->cap : size;

	memcpy(bytes, archive->data + archive->len - archive->cap, n);
	archive->cap -= n;
	return (ssize_t)n;
}

/* Dissect it; what was sent is read back. */
static int look(const struct buf *archive, struct found *found)
{
	/* cap counts what is left. */
	struct buf left = { .data = archive->data, .len = archive->len, .cap = archive->len };
	AUTO(stream) stream = STREAM_INIT;
	AUTO(pieces) out = { .fd = -1 };
	AUTO(buf) sent = BUF_INIT;
	autoclose int fd = memfd_create("pieces", MFD_CLOEXEC);
	int rc;

	*found = (struct found)FOUND_INIT;
	assert_int_equal(stream_open(&stream, hand_out, &left), 0);
	pieces_init(&out, fd);
	rc = dissect(&stream, &out);
	assert_int_equal(pieces_end(&out), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(fs_read_fd(fd, "pieces", 64 << 20, &sent), 0);
	for (size_t at = 0; at + 4 < sent.len;) {
		uint32_t word;

		memcpy(&word, sent.data + at, 4);
		assert_true(PIECE_LEN(word) <= PIECE_MAX);
		take(found, word, sent.data + at + 4);
		at += 4 + PIECE_LEN(word);
	}
	return rc;
}

/* --- archives -------------------------------------------------------------------------------- */

static void set_sum(struct tar_header *header)
{
	unsigned sum = 0;

	memset(header->checksum, ' ', sizeof(header->checksum));
	for (size_t i = 0; i < sizeof(*header); i++)
		sum += ((const unsigned char *)header)[i];
	snprintf(header->checksum, sizeof(header->checksum), "%06o", sum);
}

static struct tar_header make_header(char type, const char *name, size_t size)
{
	struct tar_header header = { .type = type, .magic = "ustar\00000" };

	strncpy(header.name, name, sizeof(header.name) - 1);
	memcpy(header.mode, "0100644", 8);
	memcpy(header.mtime, "14524770137", 12); /* 1699999839 */
	memcpy(header.uid, "0000750", 8);
	snprintf(header.size, sizeof(header.size), "%011zo", size);
	return header;
}

static void add(struct buf *archive, struct tar_header header, const void *content, size_t len)
{
	const size_t padding = -len % 512;

	set_sum(&header);
	buf_add(archive, &header, sizeof(header));
	buf_add(archive, content, len);
	memset(buf_reserve(archive, padding), 0, padding);
	archive->len += padding;
}

static void add_file(struct buf *archive, const char *name, const char *content)
{
	add(archive, make_header('0', name, strlen(content)), content, strlen(content));
}

static void add_end(struct buf *archive)
{
	memset(buf_reserve(archive, 1024), 0, 1024);
	archive->len += 1024;
}

/* Of less than 98 bytes. */
static void add_record(struct buf *records, const char *key, const char *value)
{
	const size_t len = strlen(key) + strlen(value) + 5;

	buf_addf(records, "%02zu %s=%s\n", len, key, value);
}

/* A file behind an extended header of one record. */
static void add_with(struct buf *archive, const char *key, const char *value)
{
	AUTO(buf) records = BUF_INIT;

	add_record(&records, key, value);
	add(archive, make_header('x', "pax", records.len), records.data, records.len);
	add_file(archive, "with", "1");
}

static void fill(unsigned char *bytes, size_t len)
{
	uint32_t x = 7;

	for (size_t i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		bytes[i] = (unsigned char)((x >> 24) % 255 + 1);
	}
}

/* --------------------------------------------------------------------------------------------- */

static void check_digest(const char *found, const void *bytes, size_t len)
{
	char digest[DIGEST_TEXT_SIZE];

	assert_int_equal(digest_of(bytes, len, digest), 0);
	assert_string_equal(found, digest);
}

static const char *text_of(const cJSON *entry, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(entry, key);

	return item != NULL && cJSON_IsString(item) ? item->valuestring : "";
}

/* The table with the numbers of cuts in place of offsets. */
static cJSON *parse_table(const struct found *found)
{
	AUTO(buf) text = BUF_INIT;
	cJSON *json = NULL;

	buf_add_char(&text, '[');
	for (size_t i = 0; i < found->table.len; i++)
		if (found->table.data[i] != '\1')
			buf_add_char(&text, found->table.data[i]);
	buf_add_char(&text, ']');
	assert_int_equal(json_parse(text.data, text.len, "table", &json), 0);
	return json;
}

/* Is this in the table, or in the lines of tar-split? */
static void check_has(const struct buf *text, const char *part)
{
	if (strstr(text->data, part) == NULL)
		fail_msg("there is no %s in %s", part, text->data);
}

#define HELLO "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

static void simple(void **state)
{
	struct tar_header link = make_header('2', "l", 0), device = make_header('3', "c", 0);
	AUTO(buf) archive = BUF_INIT, records = BUF_INIT;
	AUTO(found) found = FOUND_INIT;

	(void)state;
	memcpy(link.link, "d/f", 4);
	memcpy(device.device_major, "0000005", 8);
	memcpy(device.device_minor, "0000001", 8);
	add(&archive, make_header('5', "d/", 0), "", 0);
	add_file(&archive, "d/f\"\xc3\xa4", "hello");
	add(&archive, make_header('0', "e", 0), "", 0);
	add(&archive, link, "", 0);
	add(&archive, device, "", 0);
	add_record(&records, "mtime", "-1.250000");
	add_record(&records, "atime", "1000.05");
	add_record(&records, "SCHILY.xattr.user.a", "x\"\\..");
	add(&archive, make_header('x', "pax", records.len), records.data, records.len);
	add_file(&archive, "last", "1");
	add_end(&archive);
	assert_int_equal(look(&archive, &found), 0);
	assert_false(found.unfit);
	assert_int_equal(found.bytes.len, archive.len);
	assert_memory_equal(found.bytes.data, archive.data, archive.len);
	/* Each content is between two cuts. */
	assert_int_equal(found.n_cuts, 4);
	assert_int_equal(found.cuts[0], 1024);
	assert_int_equal(found.cuts[1], 1029);
	assert_int_equal(found.cuts[3], found.cuts[2] + 1);
	check_has(&found.table, "{\"type\":\"dir\",\"name\":\"d/\",\"mode\":33188,\"uid\":488,"
				"\"modtime\":\"2023-11-14T22:10:39Z\"},{\"type\":\"reg\",");
	check_has(&found.table,
		  "\"name\":\"d/f\\\"\xc3\xa4\",\"mode\":33188,\"size\":5,\"uid\":488,"
		  "\"modtime\":\"2023-11-14T22:10:39Z\",\"digest\":\"sha256:" HELLO
		  "\",\"offset\":\1"
		  "0\1,\"endOffset\":\1"
		  "1\1},{\"type\":\"reg\",\"name\":\"e\","
		  "\"mode\":33188,\"uid\":488,\"modtime\":\"2023-11-14T22:10:39Z\"},");
	check_has(&found.table, "{\"type\":\"symlink\",\"name\":\"l\",\"linkName\":\"d/f\",");
	check_has(&found.table, ",\"devMajor\":5,\"devMinor\":1},");
	check_has(&found.table, "\"modtime\":\"1969-12-31T23:59:58.75Z\",\"accesstime\":"
				"\"1970-01-01T00:16:40.05Z\",\"xattrs\":{\"user.a\":\"eCJcLi4=\"}");
}

/* Times to either side of what is in years of four digits, and what date(1) says. */
static void times(void **state)
{
	static const struct {
		const char *mtime, *text; /* NULL: unfit */
	} cases[] = {
		{ "0", "1970-01-01T00:00:00Z" },
		{ "-1", "1969-12-31T23:59:59Z" },
		{ "951782399", "2000-02-28T23:59:59Z" },
		{ "951782400.000000001", "2000-02-29T00:00:00.000000001Z" },
		{ "951868800.100", "2000-03-01T00:00:00.1Z" },
		{ "4107542399", "2100-02-28T23:59:59Z" },
		{ "4107542400", "2100-03-01T00:00:00Z" },
		{ "-62135596800", "0001-01-01T00:00:00Z" },
		{ "-62135596801", NULL },
		{ "253402300799", "9999-12-31T23:59:59Z" },
		{ "253402300800", NULL },
		{ "9223372036854775807", NULL },
		{ "-9223372036854775807", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(buf) archive = BUF_INIT, text = BUF_INIT;
		AUTO(found) found = FOUND_INIT;

		add_with(&archive, "mtime", cases[i].mtime);
		add_end(&archive);
		assert_int_equal(look(&archive, &found), 0);
		assert_int_equal(found.unfit, cases[i].text == NULL);
		if (cases[i].text == NULL)
			continue;
		buf_addf(&text, "\"modtime\":\"%s\",", cases[i].text);
		check_has(&found.table, text.data);
	}
}

static void split(void **state)
{
	AUTO(buf) archive = BUF_INIT;
	AUTO(found) found = FOUND_INIT;

	(void)state;
	add_file(&archive, "f", "123456789");
	add(&archive, make_header('0', "empty", 0), "", 0);
	add_end(&archive);
	assert_int_equal(look(&archive, &found), 0);
	/* The check value of CRC-64/GO-ISO is b90956c775a41001. */
	check_has(&found.split,
		  "\n{\"type\":1,\"name\":\"f\",\"size\":9,\"payload\":\"uQlWx3WkEAE=\","
		  "\"position\":1}\n{\"type\":2,\"payload\":\"AAAA");
	check_has(&found.split, ",\"position\":2}\n{\"type\":1,\"name\":\"empty\",\"payload\":null,"
				"\"position\":3}\n{\"type\":2,\"payload\":\"AAAA");
	/* 503 bytes of padding and a header. */
	assert_int_equal(strcspn(strstr(found.split.data, "\"AAAA") + 1, "\""),
			 (503 + 512 + 2) / 3 * 4);
	assert_string_equal(strrchr(found.split.data, '='), "=\",\"position\":4}\n");
}

/* A large file: chunks, one of them a hole; their digests; the same wherever pieces begin. */
static void chunks(void **state)
{
	const size_t len = 700000, hole_at = 300000, hole_len = 5000;
	autofree unsigned char *content = xalloc(len);
	autojson cJSON *table = NULL;
	AUTO(buf) archive = BUF_INIT;
	AUTO(found) found = FOUND_INIT;
	const cJSON *entry, *first;
	size_t at = 0, holes = 0, cut = 0;

	(void)state;
	fill(content, len);
	memset(content + hole_at, 0, hole_len);
	/* Too short for one. */
	memset(content + 1000, 0, 1023);
	add(&archive, make_header('0', "big", len), content, len);
	add_end(&archive);
	assert_int_equal(look(&archive, &found), 0);
	assert_memory_equal(found.bytes.data, archive.data, archive.len);
	table = parse_table(&found);
	first = table->child;
	assert_int_equal(cJSON_GetArraySize(table), found.n_cuts - 1);
	assert_true(found.n_cuts > 5);
	check_digest(text_of(first, "digest"), content, len);
	assert_int_equal(cJSON_GetObjectItem(first, "endOffset")->valueint, found.n_cuts - 1);
	cJSON_ArrayForEach(entry, table)
	{
		const cJSON *offset = cJSON_GetObjectItem(entry, "chunkOffset");
		const size_t size = (size_t)cJSON_GetObjectItem(entry, "chunkSize")->valueint;

		assert_string_equal(text_of(entry, "type"), entry == first ? "reg" : "chunk");
		assert_string_equal(text_of(entry, "name"), "big");
		assert_int_equal(offset != NULL ? offset->valueint : 0, at);
		assert_int_equal(cJSON_GetObjectItem(entry, "offset")->valueint, cut);
		check_digest(text_of(entry, "chunkDigest"), content + at, size);
		if (strcmp(text_of(entry, "chunkType"), "zeros") == 0) {
			assert_int_equal(at, hole_at);
			assert_int_equal(size, hole_len);
			holes++;
		}
		assert_int_equal(found.cuts[cut++], 512 + at);
		at += size;
	}
	assert_int_equal(at, len);
	assert_int_equal(holes, 1);
}

/* --- layers that get no table ---------------------------------------------------------------- */

static void unfit_names(struct buf *archive)
{
	add_file(archive, "\xff", "1");
}

static void unfit_twice(struct buf *archive)
{
	add_file(archive, "./a/../before", "2");
}

static void unfit_contiguous(struct buf *archive)
{
	add(archive, make_header('7', "c", 1), "1", 1);
}

static void unfit_global(struct buf *archive)
{
	AUTO(buf) records = BUF_INIT;

	add_record(&records, "comment", "x");
	add(archive, make_header('g', "g", records.len), records.data, records.len);
	add_file(archive, "b", "2");
}

static void unfit_sparse(struct buf *archive)
{
	AUTO(buf) records = BUF_INIT;
	char content[513] = "1\n7\n1\n";

	add_record(&records, "GNU.sparse.major", "1");
	add_record(&records, "GNU.sparse.minor", "0");
	add_record(&records, "GNU.sparse.realsize", "8");
	add(archive, make_header('x', "pax", records.len), records.data, records.len);
	add(archive, make_header('0', "s", sizeof(content)), content, sizeof(content));
}

static void unfit_gnu_time(struct buf *archive)
{
	struct tar_header header = make_header('0', "t", 0);

	memcpy(header.magic, "ustar  ", 8);
	memcpy(header.prefix, "14524770137", 12);
	add(archive, header, "", 0);
}

static void unfit_star(struct buf *archive)
{
	struct tar_header header = make_header('0', "t", 0);

	memcpy(header.pad + 8, "tar", 4);
	add(archive, header, "", 0);
}

static void unfit_link(struct buf *archive)
{
	struct tar_header header = make_header('0', "t", 0);

	memcpy(header.link, "where", 5);
	add(archive, header, "", 0);
}

static void unfit_year(struct buf *archive)
{
	add_with(archive, "mtime", "300000000000");
}

static void unfit_atime(struct buf *archive)
{
	add_with(archive, "atime", "now");
}

static void unfit_device(struct buf *archive)
{
	struct tar_header header = make_header('0', "t", 0);

	memcpy(header.device_major, "junk", 4);
	add(archive, header, "", 0);
}

static void unfit_zeros(struct buf *archive)
{
	memset(buf_reserve(archive, 5 << 20), 0, 5 << 20);
	archive->len += 5 << 20;
}

static void unfit_end(struct buf *archive)
{
	add_end(archive);
	buf_add(archive, "\0\0\0", 3);
}

static void unfit(void **state)
{
	static void (*const cases[])(struct buf * archive) = {
		unfit_names,    unfit_twice, unfit_contiguous, unfit_global, unfit_sparse,
		unfit_gnu_time, unfit_star,  unfit_link,       unfit_year,   unfit_atime,
		unfit_device,   unfit_zeros, unfit_end,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(buf) archive = BUF_INIT;
		AUTO(found) found = FOUND_INIT;

		add_file(&archive, "before", "before");
		cases[i](&archive);
		if (cases[i] != unfit_zeros && cases[i] != unfit_end) {
			add_file(&archive, "behind", "behind");
			add_end(&archive);
		}
		assert_int_equal(look(&archive, &found), 0);
		if (!found.unfit)
			fail_msg("case %zu is fit", i);
		assert_int_equal(found.bytes.len, archive.len);
		assert_memory_equal(found.bytes.data, archive.data, archive.len);
		/* The one before was cut, nothing behind is. */
		assert_int_equal(found.n_cuts, 2);
	}
}

/* As much as readers take, and no more. */
static void too_large(void **state)
{
	struct tar_header header = make_header('0', "n", 0);
	struct tar tar = { .pax.text = BUF_INIT };
	AUTO(toc) toc;
	size_t sum = 0;

	(void)state;
	memcpy(tar.block, &header, sizeof(header));
	toc_init(&toc);
	for (uint64_t i = 0; !toc.unfit; i++) {
		char path[3001];
		const struct tar_entry entry = { .path = path, .link = "" };

		sum += toc.table.len;
		buf_clear(&toc.table);
		buf_clear(&toc.split);
		snprintf(path, sizeof(path), "%03000llu", (unsigned long long)i);
		toc_begin(&toc, &tar, &entry);
		toc_end_entry(&toc);
	}
	assert_true(sum <= MAX_TABLE && sum > MAX_TABLE - 4000);
	/* It takes whatever comes. */
	toc_pass(&toc, "x", 1);
	toc_content(&toc, "x", 1);
	assert_int_equal(toc_chunk_ended(&toc, false), 0);
	toc_end(&toc, 512);
	assert_int_equal(toc.table.len + toc.split.len, 0);
}

/* What is no archive is refused, as when it is unpacked. */
static void damaged(void **state)
{
	AUTO(buf) archive = BUF_INIT;
	AUTO(found) found = FOUND_INIT;

	(void)state;
	add_file(&archive, "f", "content");
	archive.len -= 100;
	assert_int_equal(look(&archive, &found), -EBADMSG);
	assert_non_null(strstr(err_text(), "in the middle of an entry"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(simple),  cmocka_unit_test(split), cmocka_unit_test(times),
		cmocka_unit_test(chunks),  cmocka_unit_test(unfit), cmocka_unit_test(too_large),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
