/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/secret.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"

#define SECRET_VERSION 1
#define ID_LEN 25
#define ID_MIN 8 /* shorter beginnings are names: one that is not there means no other secret */
#define MAX_HEAD 65536 /* labels included */
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static bool is_name(const char *name)
{
	return *name != '\0' && strchr(LETTERS, *name) != NULL &&
	       strspn(name, LETTERS "_.-") == strlen(name) && strlen(name) <= MAX_SECRET_NAME;
}

int secret_name_check(const char *name)
{
	if (is_name(name))
		return 0;
	return refuse("'%s' is no name of a secret: letters, digits, '_', '.' and '-', at most %d "
		      "and a letter or a digit first",
		      name, MAX_SECRET_NAME);
}

int secret_data_check(const struct buf *data)
{
	if (data->len == 0)
		return refuse("the secret is empty");
	if (data->len >= MAX_SECRET)
		return refuse_with(EFBIG, "the secret has %d bytes or more", MAX_SECRET);
	return 0;
}

/* --- the directory ---------------------------------------------------------------------------- */

/* -ENOENT where there is none. */
static int open_dir(const struct host *host)
{
	autofree char *path = xasprintf("%s/secrets", host->root);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 && errno != ENOENT)
		return fail("cannot open '%s'", path);
	return fd < 0 ? -ENOENT : fd;
}

/* Of a command that was killed. */
static void sweep(int dirfd)
{
	int copy = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (!is_name(entry->d_name) && strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			unlinkat(dirfd, entry->d_name, 0);
}

static int lock_dir(int dirfd)
{
	if (flock(dirfd, LOCK_EX) < 0)
		return fail("cannot lock the secrets");
	sweep(dirfd);
	return 0;
}

/* --- one file --------------------------------------------------------------------------------- */

static void print(const struct secret *secret, struct buf *out)
{
	autojson cJSON *head = json_object();

	json_add_int(head, "version", SECRET_VERSION);
	json_add_string(head, "id", secret->id);
	json_add_int(head, "created", secret->created);
	json_add_int(head, "createdNanoseconds", secret->created_nsec);
	json_add_int(head, "updated", secret->updated);
	json_add_int(head, "updatedNanoseconds", secret->updated_nsec);
	json_add_strings(head, "labels", &secret->labels);
	json_print(head, false, out);
	buf_add_char(out, '\n');
}

static int parse(const char *bytes, size_t len, struct secret *secret)
{
	autojson cJSON *head = NULL;
	int64_t version = 0, created_nsec = 0, updated_nsec = 0;
	const char *id = NULL;

	TRY(json_parse(bytes, len, secret->name, &head));
	TRY(json_get_int(head, "version", 0, INT64_MAX, &version));
	if (version != SECRET_VERSION)
		return refuse("version %lld of it is not known to this version of berth",
			      (long long)version);
	TRY(json_get_string(head, "id", &id));
	TRY(json_get_int(head, "created", 0, INT64_MAX, &secret->created));
	TRY(json_get_int(head, "createdNanoseconds", 0, 999999999, &created_nsec));
	TRY(json_get_int(head, "updated", 0, INT64_MAX, &secret->updated));
	TRY(json_get_int(head, "updatedNanoseconds", 0, 999999999, &updated_nsec));
	TRY(json_get_strings(head, "labels", &secret->labels));
	secret->id = xstrdup(id != NULL ? id : "");
	secret->created_nsec = (uint32_t)created_nsec;
	secret->updated_nsec = (uint32_t)updated_nsec;
	return 0;
}

/* All of it at once: memory that is left behind on the way would not be overwritten. */
static int read_file(int fd, bool content, struct secret *secret)
{
	struct buf *data = &secret->data;
	const char *newline;
	size_t head;

	buf_reserve(data, MAX_HEAD + MAX_SECRET + 1);
	TRY(fs_read_fd(fd, secret->name, MAX_HEAD + MAX_SECRET, data));
	newline = memchr(data->data, '\n', data->len);
	if (newline == NULL)
		return refuse("its file is damaged");
	head = (size_t)(newline - data->data) + 1;
	TRY(parse(data->data, head - 1, secret));
	if (!content) {
		buf_wipe(data);
		return 0;
	}
	memmove(data->data, data->data + head, data->len - head);
	buf_truncate(data, data->len - head);
	return 0;
}

/* -ENOENT, with nothing recorded, where there is none. */
static int load(int dirfd, const char *name, bool content, struct secret *ret_secret)
{
	struct secret secret = SECRET_INIT;
	autoclose int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int rc;

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : fail("cannot read the secret '%s'", name);
	secret.name = xstrdup(name);
	rc = fail_in(read_file(fd, content, &secret), "secret '%s'", name);
	if (rc < 0) {
		secret_release(&secret);
		return rc;
	}
	*ret_secret = secret;
	return 0;
}

static int list(int dirfd, struct strvec *names)
{
	int copy = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *entry;

	if (dir == NULL)
		return fail("cannot list the secrets");
	while ((entry = readdir(dir)) != NULL)
		if (is_name(entry->d_name))
			strvec_push(names, entry->d_name);
	return 0;
}

/* --- what others call ------------------------------------------------------------------------- */

static int refuse_missing(const char *name)
{
	refuse_with(ENOENT, "there is no secret '%s'", name);
	hint("berth secret ls lists them, and berth secret create %s FILE makes it", name);
	return -ENOENT;
}

/* The name of the one whose ID begins so. */
static int find_by_id(int dirfd, const char *prefix, char **ret_name)
{
	autofree char *found = NULL;
	AUTO(strvec) names = STRVEC_INIT;

	TRY(list(dirfd, &names));
	for (size_t i = 0; i < names.n; i++) {
		AUTO(secret) secret = SECRET_INIT;

		if (load(dirfd, names.v[i], false, &secret) < 0) {
			err_clear();
			continue;
		}
		if (strncmp(secret.id, prefix, strlen(prefix)) != 0)
			continue;
		if (found != NULL)
			return refuse("'%s' is the beginning of the IDs of several secrets",
				      prefix);
		found = steal(secret.name);
	}
	if (found == NULL)
		return -ENOENT;
	*ret_name = steal(found);
	return 0;
}

static bool is_id(const char *text)
{
	return strlen(text) >= ID_MIN && strlen(text) <= ID_LEN &&
	       strspn(text, "0123456789abcdef") == strlen(text);
}

static int find(int dirfd, const char *name, bool content, struct secret *ret_secret)
{
	autofree char *other = NULL;
	int rc = is_name(name) ? load(dirfd, name, content, ret_secret) : -ENOENT;

	if (rc != -ENOENT || !is_id(name))
		return rc;
	TRY(find_by_id(dirfd, name, &other));
	return load(dirfd, other, content, ret_secret);
}

int secret_find(const struct host *host, const char *name, bool content, struct secret *ret_secret)
{
	autoclose int dirfd = open_dir(host);
	int rc = dirfd < 0 ? dirfd : find(dirfd, name, content, ret_secret);

	return rc == -ENOENT ? refuse_missing(name) : rc;
}

static int compare(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

int secret_each(const struct host *host, int (*each)(const struct secret *secret, void *arg),
		void *arg)
{
	autoclose int dirfd = open_dir(host);
	AUTO(strvec) names = STRVEC_INIT;

	if (dirfd == -ENOENT)
		return 0;
	TRY(dirfd);
	TRY(list(dirfd, &names));
	if (names.n != 0)
		qsort(names.v, names.n, sizeof(*names.v), compare);
	for (size_t i = 0; i < names.n; i++) {
		AUTO(secret) secret = SECRET_INIT;
		int rc = load(dirfd, names.v[i], false, &secret);

		if (rc == -ENOENT) /* removed just now */
			continue;
		TRY(rc);
		TRY(each(&secret, arg));
	}
	return 0;
}

static int write_secret(int dirfd, const struct secret *secret)
{
	struct buf text = BUF_INIT;
	int rc;

	buf_reserve(&text, MAX_HEAD + MAX_SECRET);
	print(secret, &text);
	if (text.len > MAX_HEAD) {
		buf_release(&text);
		return refuse_with(EFBIG, "its labels take more than %d bytes", MAX_HEAD);
	}
	buf_add(&text, secret->data.data, secret->data.len);
	rc = fs_replace_file(dirfd, secret->name, text.data, text.len, 0600, true);
	buf_wipe(&text);
	return rc;
}

static int create(int dirfd, bool replace, struct secret *secret)
{
	AUTO(secret) before = SECRET_INIT;
	struct timespec now;
	char id[ID_LEN + 2];
	int rc;

	TRY(lock_dir(dirfd));
	rc = load(dirfd, secret->name, false, &before);
	if (rc != -ENOENT && !replace) {
		refuse_with(EEXIST, "there is a secret '%s' already", secret->name);
		hint("--replace gives it another content");
		return -EEXIST;
	}
	err_clear(); /* a damaged one can be replaced */
	clock_gettime(CLOCK_REALTIME, &now);
	TRY(fs_random_hex(id, (ID_LEN + 1) / 2));
	id[ID_LEN] = '\0';
	secret->id = xstrdup(id);
	secret->created = rc == 0 ? before.created : now.tv_sec;
	secret->created_nsec = rc == 0 ? before.created_nsec : (uint32_t)now.tv_nsec;
	secret->updated = now.tv_sec;
	secret->updated_nsec = (uint32_t)now.tv_nsec;
	return write_secret(dirfd, secret);
}

int secret_create(const struct host *host, bool replace, struct secret *secret)
{
	autofree char *path = xasprintf("%s/secrets", host->root);
	autoclose int dirfd = -1;

	TRY(secret_name_check(secret->name));
	TRY(secret_data_check(&secret->data));
	dirfd = fs_mkdirs_open(AT_FDCWD, path, 0700);
	TRY(dirfd);
	return fail_in(create(dirfd, replace, secret), "secret '%s'", secret->name);
}

int secret_remove(const struct host *host, const char *name, char **ret_id)
{
	AUTO(secret) secret = SECRET_INIT;
	autoclose int dirfd = open_dir(host);
	int rc = dirfd;

	if (dirfd >= 0) {
		TRY(lock_dir(dirfd));
		rc = find(dirfd, name, false, &secret);
	}
	if (rc == -ENOENT)
		return refuse_missing(name);
	TRY(rc);
	if (unlinkat(dirfd, secret.name, 0) < 0)
		return fail("cannot remove the secret '%s'", secret.name);
	TRY(fs_sync_dir(dirfd));
	*ret_id = steal(secret.id);
	return 0;
}

void secret_release(struct secret *secret)
{
	free(secret->name);
	free(secret->id);
	strvec_release(&secret->labels);
	buf_wipe(&secret->data);
	*secret = (struct secret)SECRET_INIT;
}
