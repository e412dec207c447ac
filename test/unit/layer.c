/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/layer.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "base/err.h"
#include "base/fs.h"
#include "image/tar_header.h"
#include "unit.h"

/* A store below a directory that is removed in the end, and the layer that most tests unpack. */
struct world {
	char directory[32];
	struct host host;
	struct store store;
	struct buf layer; /* compressed */
	char blob_digest[DIGEST_TEXT_SIZE], diff_id[DIGEST_TEXT_SIZE];
};

static void add_file(struct buf *tar, const char *name, size_t size)
{
	struct tar_header header = { .type = '0', .magic = "ustar\00000" };
	unsigned sum = 0;

	memcpy(header.name, name, strlen(name));
	memcpy(header.mode, "0000644", 8);
	snprintf(header.size, sizeof(header.size), "%011zo", size);
	memset(header.checksum, ' ', sizeof(header.checksum));
	for (size_t i = 0; i < sizeof(header); i++)
		sum += ((const unsigned char *)&header)[i];
	snprintf(header.checksum, sizeof(header.checksum), "%06o", sum);
	buf_add(tar, &header, sizeof(header));
	memset(buf_reserve(tar, (size + 511) / 512 * 512), name[0], (size + 511) / 512 * 512);
	tar->len += (size + 511) / 512 * 512;
}

static void add_end(struct buf *tar)
{
	memset(buf_reserve(tar, 1024), 0, 1024);
	tar->len += 1024;
}

static void compress_to(struct buf *out, const struct buf *tar)
{
	z_stream z = { 0 };

	assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY),
			 Z_OK);
	z.next_in = (unsigned char *)tar->data;
	z.avail_in = (uInt)tar->len;
	z.avail_out = (uInt)deflateBound(&z, tar->len) + 64;
	z.next_out = (unsigned char *)buf_reserve(out, z.avail_out);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	out->len = z.total_out;
	deflateEnd(&z);
}

static int make_world(void **state)
{
	struct world *world = xcalloc(1, sizeof(*world));
	AUTO(buf) tar = BUF_INIT;

	buf_init(&world->layer);
	snprintf(world->directory, sizeof(world->directory), "/tmp/unit-layer.XXXXXX");
	if (mkdtemp(world->directory) == NULL)
		return -1;
	for (int i = 0; i < 60; i++) {
		char name[32];

		snprintf(name, sizeof(name), "d%d/e/f%d", i % 10, i);
		add_file(&tar, name, (size_t)i * 500);
	}
	add_end(&tar);
	compress_to(&world->layer, &tar);
	TRY(digest_of(world->layer.data, world->layer.len, world->blob_digest));
	TRY(digest_of(tar.data, tar.len, world->diff_id));
	*state = world;
	return 0;
}

static int remove_world(void **state)
{
	struct world *world = *state;

	buf_release(&world->layer);
	TRY(fs_remove_tree(AT_FDCWD, world->directory));
	free(world);
	return 0;
}

static int open_store(void **state)
{
	struct world *world = *state;
	autofree char *root = xasprintf("%s/store", world->directory);

	TRY(host_init(&world->host, root, root));
	return store_open(&world->host, &world->store);
}

static int close_store(void **state)
{
	struct world *world = *state;
	autofree char *root = xstrdup(world->store.path);

	TRY(layer_discard(&world->store, "layers"));
	store_release(&world->store);
	host_release(&world->host);
	/* Of the test with the small disk, should it have failed. */
	(void)umount2(root, MNT_DETACH);
	return fs_remove_tree(AT_FDCWD, root);
}

/* Names in a directory of the store, but for "." and ".." and the mark. */
static int count(const struct world *world, const char *name)
{
	int fd = fs_open(world->store.fd, name, O_RDONLY | O_DIRECTORY, 0), n = 0;
	DIR *dir = fdopendir(fd);
	struct dirent *entry;

	while ((entry = readdir(dir)) != NULL)
		n += entry->d_name[0] != '.' && strcmp(entry->d_name, "garbage") != 0;
	closedir(dir);
	return n;
}

static void is_empty(const struct world *world)
{
	assert_int_equal(count(world, "layers"), 0);
	assert_int_equal(count(world, "tmp"), 0);
}

/* A source that hands out memory. */
struct memory {
	const struct buf *bytes;
	size_t at, most;
	int fails; /* after the bytes */
};

static ssize_t hand_out(void *arg, void *bytes, size_t size)
{
	struct memory *memory = arg;
	size_t n = memory->bytes->len - memory->at;

	if (n == 0 && memory->fails != 0)
		return fail_with(memory->fails, "cannot receive");
	n = n > size ? size : n;
	n = n > memory->most ? memory->most : n;
	memcpy(bytes, memory->bytes->data + memory->at, n);
	memory->at += n;
	return (ssize_t)n;
}

static struct layer_source source_of(struct memory *memory)
{
	struct layer_source source = LAYER_SOURCE_INIT;

	source.name = "the layer";
	source.read = hand_out;
	source.arg = memory;
	source.no_sync = true;
	return source;
}

static void unpacks_and_tells(void **state)
{
	struct world *world = *state;
	struct memory memory = { .bytes = &world->layer, .most = 1000 };
	struct layer_source source = source_of(&memory);
	struct layer_result result;
	autofree char *path = NULL, *file = NULL;
	struct stat st;

	assert_int_equal(layer_unpack(&world->store, &source, &result), 0);
	assert_string_equal(result.blob_digest, world->blob_digest);
	assert_string_equal(result.diff_id, world->diff_id);
	assert_int_equal(result.blob_size, world->layer.len);
	assert_int_equal(result.entries, 60);
	assert_int_equal(result.compression, COMPRESSION_GZIP);
	assert_false(result.was_present);
	assert_int_equal(layer_exists(&world->store, world->diff_id), 1);
	path = store_layer_path(&world->store, world->diff_id);
	file = xasprintf("%s/d9/e/f59", path);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_size, 59 * 500);
	assert_int_equal(count(world, "tmp"), 0);
	assert_int_equal(layer_remove(&world->store, world->diff_id), 0);
	assert_int_equal(layer_remove(&world->store, world->diff_id), 0);
	assert_int_equal(layer_exists(&world->store, world->diff_id), 0);
	is_empty(world);
}

static void keeps_the_bytes_as_they_came(void **state)
{
	struct world *world = *state;
	struct memory memory = { .bytes = &world->layer, .most = SIZE_MAX };
	struct layer_source source = source_of(&memory);
	struct layer_result result;

	source.size = world->layer.len;
	source.blob_digest = world->blob_digest;
	source.diff_id = world->diff_id;
	/* The second time the layer is there, and only the bytes are wanted. */
	for (int i = 0; i < 2; i++) {
		AUTO(buf) blob = BUF_INIT;
		autoclose int fd = openat(world->store.fd, "tmp", O_TMPFILE | O_RDWR, 0600);

		source.blob_fd = fd;
		memory.at = 0;
		assert_int_equal(layer_unpack(&world->store, &source, &result), 0);
		assert_int_equal(result.was_present, i == 1);
		assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
		assert_int_equal(fs_read_fd(fd, "blob", 1 << 30, &blob), 0);
		assert_int_equal(blob.len, world->layer.len);
		assert_memory_equal(blob.data, world->layer.data, blob.len);
	}
}

static void finds_a_layer_that_turns_out_to_be_there(void **state)
{
	struct world *world = *state;
	struct layer_result result;

	for (int i = 0; i < 2; i++) {
		struct memory memory = { .bytes = &world->layer, .most = SIZE_MAX };
		struct layer_source source = source_of(&memory);

		assert_int_equal(layer_unpack(&world->store, &source, &result), 0);
		assert_int_equal(result.was_present, i == 1);
	}
	assert_int_equal(count(world, "layers"), 1);
	assert_int_equal(count(world, "tmp"), 0);
}

static void does_not_read_beyond_its_size(void **state)
{
	struct world *world = *state;
	AUTO(buf) more = BUF_INIT;
	struct memory memory = { .bytes = &more, .most = SIZE_MAX };
	struct layer_source source = source_of(&memory);
	struct layer_result result;

	buf_add(&more, world->layer.data, world->layer.len);
	buf_add_str(&more, "the next member of the archive");
	source.size = world->layer.len;
	assert_int_equal(layer_unpack(&world->store, &source, &result), 0);
	assert_int_equal(memory.at, world->layer.len);
}

/* One thing is wrong; nothing may be left. */
static void refused(struct world *world, const struct layer_source *source, const char *says)
{
	struct layer_result result;

	((struct memory *)source->arg)->at = 0;
	assert_true(layer_unpack(&world->store, source, &result) < 0);
	if (strstr(err_text(), says) == NULL)
		fail_msg("'%s' does not say '%s'", err_text(), says);
	assert_int_equal(strncmp(err_text(), "the layer: ", 11), 0);
	is_empty(world);
}

static void compares_what_is_known(void **state)
{
	static const char other[] =
		"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	struct world *world = *state;
	struct memory memory = { .bytes = &world->layer, .most = SIZE_MAX };
	const struct layer_source good = source_of(&memory);
	struct layer_source source = good;

	source.blob_digest = other;
	refused(world, &source, "digest of the blob");
	source = good;
	source.diff_id = other;
	refused(world, &source, "digest of the unpacked archive");
	source = good;
	source.size = world->layer.len + 1;
	refused(world, &source, "it ends after");
	source.size = world->layer.len - 1;
	refused(world, &source, "ends in the middle");
	source.size = 0;
	refused(world, &source, "no end");
	source = good;
	source.diff_id = "sha256:../../../../etc";
	refused(world, &source, "is not a digest");
	source = good;
	memory.fails = ECONNRESET;
	refused(world, &source, "Connection reset");
}

static void wants_an_end_only_where_nothing_is_known(void **state)
{
	struct world *world = *state;
	AUTO(buf) tar = BUF_INIT;
	struct memory memory = { .bytes = &tar, .most = SIZE_MAX };
	struct layer_source source = source_of(&memory);
	char digest[DIGEST_TEXT_SIZE];
	struct layer_result result;

	add_file(&tar, "f", 10);
	refused(world, &source, "no end");
	assert_int_equal(digest_of(tar.data, tar.len, digest), 0);
	source.diff_id = digest;
	memory.at = 0;
	assert_int_equal(layer_unpack(&world->store, &source, &result), 0);
	assert_int_equal(result.compression, COMPRESSION_NONE);
	assert_string_equal(result.diff_id, digest);
	assert_string_equal(result.blob_digest, digest);
}

/* In a child: its exit status is 0 for unpacked, 1 for found there, 2 for an error. */
static pid_t unpack_in_child(struct world *world, bool knows_diff_id)
{
	struct memory memory = { .bytes = &world->layer, .most = SIZE_MAX };
	struct layer_source source = source_of(&memory);
	struct layer_result result;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	source.diff_id = knows_diff_id ? world->diff_id : NULL;
	if (layer_unpack(&world->store, &source, &result) < 0)
		_exit(2);
	_exit(result.was_present ? 1 : 0);
}

static void unpacks_once_for_many(void **state)
{
	struct world *world = *state;
	pid_t pids[8];

	for (int known = 0; known < 2; known++) {
		int statuses[3] = { 0 }, status;

		for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
			pids[i] = unpack_in_child(world, known);
		for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
			assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 3);
			statuses[WEXITSTATUS(status)]++;
		}
		assert_int_equal(statuses[0], 1);
		assert_int_equal(statuses[1], ARRAY_SIZE(pids) - 1);
		assert_int_equal(layer_remove(&world->store, world->diff_id), 0);
		is_empty(world);
	}
}

/* kill -9 at any moment: what is left is swept, and the next one succeeds. */
static void survives_being_killed(void **state)
{
	struct world *world = *state;

	for (useconds_t delay = 0; delay < 12000; delay += 600) {
		struct memory memory = { .bytes = &world->layer, .most = SIZE_MAX };
		struct layer_source source = source_of(&memory);
		pid_t pid = unpack_in_child(world, true);
		struct layer_result result;
		int tries = 0;

		usleep(delay);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		/* The lock of what was left is free when the cell is gone too. */
		do {
			usleep(1000);
			assert_int_equal(store_sweep(&world->store), 0);
		} while (count(world, "tmp") != 0 && tries++ < 1000);
		assert_int_equal(count(world, "tmp"), 0);
		assert_int_equal(layer_unpack(&world->store, &source, &result), 0);
		assert_int_equal(layer_remove(&world->store, world->diff_id), 0);
		is_empty(world);
	}
}

/* A store on 4 MiB takes no layer of 8, and one that fits after that. */
static void says_that_the_disk_is_full(void **state)
{
	struct world *world = *state;
	autofree char *root = xstrdup(world->store.path);
	AUTO(buf) large = BUF_INIT, small = BUF_INIT;
	struct memory memory = { .bytes = &large, .most = SIZE_MAX };
	struct layer_source source = source_of(&memory);
	struct layer_result result;

	if (geteuid() != 0)
		skip();
	add_file(&large, "f", 8 << 20);
	add_end(&large);
	add_file(&small, "f", 1 << 20);
	add_end(&small);
	assert_int_equal(close_store(state), 0);
	assert_int_equal(mkdir(root, 0700), 0);
	assert_int_equal(mount("none", root, "tmpfs", 0, "size=4m,mode=700"), 0);
	assert_int_equal(open_store(state), 0);
	refused(world, &source, "No space left");
	assert_non_null(strstr(err_hint(), "--root"));
	memory = (struct memory){ .bytes = &small, .most = SIZE_MAX };
	assert_int_equal(layer_unpack(&world->store, &source, &result), 0);
	assert_int_equal(close_store(state), 0);
	assert_int_equal(open_store(state), 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, open_store, close_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(unpacks_and_tells),
		test(keeps_the_bytes_as_they_came),
		test(finds_a_layer_that_turns_out_to_be_there),
		test(does_not_read_beyond_its_size),
		test(compares_what_is_known),
		test(wants_an_end_only_where_nothing_is_known),
		test(unpacks_once_for_many),
		test(survives_being_killed),
		test(says_that_the_disk_is_full),
	};

	return cmocka_run_group_tests(tests, make_world, remove_world);
}
