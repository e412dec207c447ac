/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/tarwrite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "unit.h"

/* What is written is read back by the other half of the module. */
struct archive {
	struct buf bytes;
	bool given;
};

static ssize_t give(void *arg, const unsigned char **ret_bytes)
{
	struct archive *archive = arg;

	if (archive->given)
		return 0;
	archive->given = true;
	*ret_bytes = (const unsigned char *)archive->bytes.data;
	return (ssize_t)archive->bytes.len;
}

static int make_file(void)
{
	int fd = memfd_create("tar", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void read_back(int fd, struct archive *archive)
{
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	buf_init(&archive->bytes);
	assert_int_equal(fs_read_fd(fd, "tar", 64 << 20, &archive->bytes), 0);
	archive->given = false;
}

/* One entry, and what comes back of it. */
static void check_entry(const struct tar_entry *entry)
{
	AUTO(tarwrite) writer = TARWRITE_INIT;
	autoclose int fd = make_file();
	struct archive archive;
	struct tar_entry found;
	struct tar tar;

	tarwrite_init(&writer, fd, "memory");
	assert_int_equal(tarwrite_entry(&writer, entry), 0);
	assert_int_equal(tarwrite_end(&writer), 0);
	read_back(fd, &archive);
	assert_int_equal(archive.bytes.len % 10240, 0);
	tar_init(&tar, give, &archive);
	assert_int_equal(tar_next(&tar, &found), 1);
	assert_int_equal(found.type, entry->type);
	assert_int_equal(strncmp(found.path, entry->path, strlen(entry->path)), 0);
	assert_string_equal(found.link, entry->link);
	assert_int_equal(found.mode, entry->mode);
	assert_int_equal(found.uid, entry->uid);
	assert_int_equal(found.gid, entry->gid);
	assert_int_equal(found.mtime, entry->mtime);
	assert_int_equal(found.mtime_nsec, entry->mtime_nsec);
	assert_int_equal(found.n_xattrs, entry->n_xattrs);
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		assert_string_equal(found.xattrs[i].name, entry->xattrs[i].name);
		assert_int_equal(found.xattrs[i].len, entry->xattrs[i].len);
		assert_memory_equal(found.xattrs[i].value, entry->xattrs[i].value,
				    entry->xattrs[i].len);
	}
	assert_int_equal(tar_next(&tar, &found), 0);
	tar_release(&tar);
	buf_release(&archive.bytes);
}

static void names_of_every_length(void **state)
{
	char name[4000];

	for (size_t len = 1; len < sizeof(name); len += len < 300 ? 1 : 97) {
		struct tar_entry entry = { .path = name, .link = "", .mode = 0644 };

		memset(name, 'n', len);
		name[len] = '\0';
		check_entry(&entry);
		entry.type = TAR_SYMLINK;
		entry.link = name;
		check_entry(&entry);
		entry.type = TAR_DIRECTORY;
		entry.link = "";
		check_entry(&entry);
	}
}

static void numbers_at_their_limits(void **state)
{
	static const int64_t times[] = { 0,          1,          -1,         -5,
					 INT32_MAX,  8589934591, 8589934592, -99999999999,
					 99999999999 };
	static const uint32_t ids[] = { 0, 1, 2097151, 2097152, 4294967294U };

	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		for (uint32_t nsec = 0; nsec < 1000000000; nsec += 249999999) {
			const struct tar_entry entry = {
				.path = "t", .link = "", .mtime = times[i], .mtime_nsec = nsec
			};

			check_entry(&entry);
		}
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		const struct tar_entry entry = {
			.path = "i", .link = "", .mode = 07777, .uid = ids[i], .gid = ids[i]
		};

		check_entry(&entry);
	}
}

static void attributes_of_any_bytes(void **state)
{
	static char value[1000];

	for (size_t len = 0; len < sizeof(value); len += 7) {
		const struct pax_xattr xattrs[] = { { "user.one", value, len },
						    { "security.capability", value, len } };
		const struct tar_entry entry = {
			.path = "x", .link = "", .xattrs = xattrs, .n_xattrs = 2
		};

		memset(value, (int)len & 0xff, sizeof(value));
		check_entry(&entry);
	}
}

static void data_of_every_length(void **state)
{
	static char data[1500];
	AUTO(tarwrite) writer = TARWRITE_INIT;
	autoclose int fd = make_file();
	struct archive archive;
	struct tar_entry found;
	struct tar tar;

	memset(data, 'd', sizeof(data));
	tarwrite_init(&writer, fd, "memory");
	for (size_t len = 0; len < sizeof(data); len += 37) {
		const struct tar_entry entry = { .path = "f", .link = "", .size = len };

		assert_int_equal(tarwrite_file(&writer, &entry, data), 0);
	}
	assert_int_equal(tarwrite_end(&writer), 0);
	read_back(fd, &archive);
	tar_init(&tar, give, &archive);
	for (size_t len = 0; len < sizeof(data); len += 37) {
		size_t total = 0, n;
		const void *bytes;
		uint64_t offset;

		assert_int_equal(tar_next(&tar, &found), 1);
		assert_int_equal(found.size, len);
		while (tar_data(&tar, &bytes, &n, &offset) == 1) {
			assert_memory_equal(bytes, data, n);
			total += n;
		}
		assert_int_equal(total, len);
	}
	assert_int_equal(tar_next(&tar, &found), 0);
	tar_release(&tar);
	buf_release(&archive.bytes);
}

static void more_data_than_was_said(void **state)
{
	const struct tar_entry entry = { .path = "f", .link = "", .size = 3 };
	AUTO(tarwrite) writer = TARWRITE_INIT;
	autoclose int fd = make_file();

	tarwrite_init(&writer, fd, "memory");
	assert_int_equal(tarwrite_entry(&writer, &entry), 0);
	assert_int_equal(tarwrite_data(&writer, "ab", 2), 0);
	assert_int_equal(tarwrite_data(&writer, "cd", 2), -EPROTO);
	err_clear();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_every_length),
		cmocka_unit_test(numbers_at_their_limits),
		cmocka_unit_test(attributes_of_any_bytes),
		cmocka_unit_test(data_of_every_length),
		cmocka_unit_test(more_data_than_was_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
