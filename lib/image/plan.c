/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/plan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/lock.h"

#define PLAN_VERSION "berth-plan 2"
#define PLAN_SUM "sum="
#define SUM_LEN 16
#define USE_SECONDS 3600
#define MAX_TRIES 100 /* of a plan that is removed as soon as it is written */

/* The members, by the key under which they are written. */
static const struct {
	const char *key;
	bool list;
	size_t offset;
} fields[] = {
#define ONE(key, member) \
	{ \
		key, false, offsetof(struct image_config, member) \
	}
#define LIST(key, member) \
	{ \
		key, true, offsetof(struct image_config, member) \
	}
	ONE("user", user),       ONE("dir", working_dir),     ONE("stop", stop_signal),
	LIST("env", env),        LIST("entry", entrypoint),   LIST("cmd", cmd),
	LIST("volume", volumes), LIST("port", exposed_ports), LIST("label", labels),
	ONE("os", os),           ONE("arch", architecture),   ONE("variant", variant),
	ONE("created", created), LIST("layer", diff_ids),     ONE("health", healthcheck),
#undef ONE
#undef LIST
};

static char *plan_path(const char *id)
{
	return xasprintf("images/%s", digest_hex(id));
}

/* FNV-1a: finds what a power cut tears, which is all it is for; the directory is ours alone. */
static uint64_t checksum(const char *bytes, size_t len)
{
	uint64_t sum = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ (unsigned char)bytes[i]) * 0x100000001b3ULL;
	return sum;
}

static void print_field(struct buf *out, const char *key, const char *value)
{
	buf_addf(out, "%s=%s", key, value);
	buf_add_char(out, '\0');
}

static void print_plan(const struct image_config *config, struct buf *out)
{
	buf_add(out, PLAN_VERSION, sizeof(PLAN_VERSION));
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const void *member = (const char *)config + fields[i].offset;
		const struct strvec *list = member;
		const char *one = fields[i].list ? NULL : *(char *const *)member;

		if (one != NULL)
			print_field(out, fields[i].key, one);
		for (size_t k = 0; fields[i].list && k < list->n; k++)
			print_field(out, fields[i].key, list->v[k]);
	}
	buf_addf(out, PLAN_SUM "%016llx", (unsigned long long)checksum(out->data, out->len));
	buf_add_char(out, '\0');
}

/* Put "KEY=VALUE" where it belongs; keys that are not known are of a version that is to come. */
static bool take_field(struct image_config *config, const char *text)
{
	const char *equals = strchr(text, '=');

	if (equals == NULL)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		void *member = (char *)config + fields[i].offset;

		if (strlen(fields[i].key) != (size_t)(equals - text) ||
		    strncmp(fields[i].key, text, (size_t)(equals - text)) != 0)
			continue;
		if (fields[i].list)
			strvec_push(member, equals + 1);
		else
			xreplace(member, equals + 1);
		return true;
	}
	return false;
}

static bool check_plan(const char *bytes, size_t len)
{
	static const size_t tail = sizeof(PLAN_SUM) - 1 + SUM_LEN + 1;
	char sum[SUM_LEN + 1];

	if (len < sizeof(PLAN_VERSION) + tail ||
	    memcmp(bytes, PLAN_VERSION, sizeof(PLAN_VERSION)) != 0)
		return false;
	snprintf(sum, sizeof(sum), "%016llx", (unsigned long long)checksum(bytes, len - tail));
	return memcmp(bytes + len - tail, PLAN_SUM, sizeof(PLAN_SUM) - 1) == 0 &&
	       memcmp(bytes + len - sizeof(sum), sum, sizeof(sum)) == 0;
}

static bool parse_plan(const char *bytes, size_t len, struct image_config *config)
{
	size_t at = sizeof(PLAN_VERSION);

	if (!check_plan(bytes, len))
		return false;
	len -= sizeof(PLAN_SUM) + SUM_LEN;
	while (at < len) {
		if (!take_field(config, bytes + at))
			return false;
		at += strlen(bytes + at) + 1;
	}
	for (size_t i = 0; i < config->diff_ids.n; i++)
		if (!digest_is_valid(config->diff_ids.v[i]))
			return false;
	return at == len;
}

/* Read an open plan; -ENOENT where it is removed already, or no good. */
static int load_plan(int fd, struct image_config *ret_config)
{
	struct image_config config = { 0 };
	autofree char *bytes = NULL;
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_nlink == 0 || st.st_size > (off_t)MAX_STATE_FILE)
		return -ENOENT;
	bytes = xalloc((size_t)st.st_size + 1);
	n = pread(fd, bytes, (size_t)st.st_size, 0);
	if (n != st.st_size)
		return -ENOENT;
	bytes[n] = '\0';
	if (!parse_plan(bytes, (size_t)n, &config)) {
		image_config_release(&config);
		return -ENOENT;
	}
	*ret_config = config;
	return 0;
}

/* Wait for a lock that is held for a moment only. */
static int lock_plan_shared(int fd, const char *path)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	while (fcntl(fd, F_OFD_SETLKW, &lock) < 0)
		if (errno != EINTR)
			return fail("cannot lock '%s'", path);
	return 0;
}

/* The time of the file says when the image was last used, to the hour: that costs nothing. */
static void note_use(int fd)
{
	struct timespec now;
	struct stat st;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	if (fstat(fd, &st) == 0 &&
	    (now.tv_sec - st.st_mtim.tv_sec > USE_SECONDS || st.st_mtim.tv_sec > now.tv_sec))
		(void)!futimens(fd, NULL);
}

int plan_open(const struct store *store, const char *id, struct image_config *ret_config,
	      int *ret_lock)
{
	autofree char *path = plan_path(id);
	autoclose int fd = openat(store->fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : fail("cannot open '%s/%s'", store->path, path);
	TRY(lock_plan_shared(fd, path));
	/* Only now is it sure that nobody is removing it. */
	TRY(load_plan(fd, ret_config));
	note_use(fd);
	*ret_lock = steal_fd(&fd);
	return 0;
}

int plan_read(const struct store *store, const char *id, struct image_config *ret_config)
{
	autofree char *path = plan_path(id);
	autoclose int fd = openat(store->fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : fail("cannot open '%s/%s'", store->path, path);
	return load_plan(fd, ret_config);
}

int plan_lock(const struct store *store, const char *id)
{
	autofree char *path = plan_path(id);
	autoclose int fd = openat(store->fd, path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int rc;

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : fail("cannot open '%s/%s'", store->path, path);
	rc = lock_fd(fd, LOCK_EXCLUSIVE);
	if (rc < 0)
		return rc == -EWOULDBLOCK ? -EBUSY : fail_with(rc, "cannot lock '%s'", path);
	if (fstat(fd, &st) < 0)
		return fail("cannot look at '%s/%s'", store->path, path);
	return st.st_nlink > 0 ? steal_fd(&fd) : -ENOENT;
}

int plan_remove(const struct store *store, const char *id)
{
	autofree char *path = plan_path(id);

	if (unlinkat(store->fd, path, 0) < 0 && errno != ENOENT)
		return fail("cannot remove '%s/%s'", store->path, path);
	return 0;
}

/* Is there one that can be read? One that cannot, and that nobody uses, is removed. */
static int have_plan(const struct store *store, const char *id)
{
	struct image_config config;
	autoclose int lock = -1;
	int rc = plan_read(store, id, &config);

	if (rc == 0) {
		image_config_release(&config);
		return 1;
	}
	if (rc != -ENOENT)
		return rc;
	lock = plan_lock(store, id);
	if (lock >= 0)
		return plan_remove(store, id);
	return lock == -EBUSY ? 1 : lock == -ENOENT ? 0 : lock;
}

int plan_write(const struct store *store, const char *id, const struct image_config *config)
{
	AUTO(buf) text = BUF_INIT;
	autofree char *path = plan_path(id);
	autofree char *tmp = NULL;
	char random[17];
	int rc = have_plan(store, id);

	if (rc != 0)
		return rc < 0 ? rc : 0;
	print_plan(config, &text);
	TRY(fs_random_hex(random, 8));
	tmp = xasprintf("images/.%s", random);
	TRY(fs_replace_file(store->fd, tmp, text.data, text.len, 0600, false));
	/* A link, not a rename: a plan that another process wrote meanwhile may be locked. */
	if (linkat(store->fd, tmp, store->fd, path, 0) < 0 && errno != EEXIST)
		rc = fail("cannot make '%s/%s'", store->path, path);
	unlinkat(store->fd, tmp, 0);
	return rc;
}

int plan_hold(const struct store *store, const char *id, const struct image_config *config)
{
	for (int i = 0; i < MAX_TRIES; i++) {
		struct image_config written = { 0 };
		int rc, lock;

		TRY(plan_write(store, id, config));
		rc = plan_open(store, id, &written, &lock);
		if (rc == -ENOENT)
			continue;
		TRY(rc);
		image_config_release(&written);
		return lock;
	}
	return refuse_with(EBUSY, "the image %s is being removed again and again", id);
}

int plan_list(const struct store *store, struct strvec *ret_ids)
{
	autodir DIR *dir = NULL;
	struct dirent *entry;
	int fd = fs_open(store->fd, "images", O_RDONLY | O_DIRECTORY, 0);

	TRY(fd);
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return fail("cannot read '%s/images'", store->path);
	}
	while ((entry = readdir(dir)) != NULL) {
		autofree char *id = xasprintf("sha256:%s", entry->d_name);

		if (digest_is_valid(id))
			strvec_push(ret_ids, id);
	}
	return 0;
}
