/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/tarfiles.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/path.h"
#include "base/vec.h"
#include "image/sink.h"

#define COPY_SIZE (256UL << 10)

/* A file with several names, by its first one. */
struct link {
	dev_t dev;
	ino_t ino;
	char *path;
};

static int compare_links(const void *a, const void *b)
{
	const struct link *left = a, *right = b;

	if (left->ino != right->ino)
		return left->ino < right->ino ? -1 : 1;
	return left->dev < right->dev ? -1 : left->dev > right->dev;
}

static void free_link(void *pointer)
{
	free(((struct link *)pointer)->path);
	free(pointer);
}

void tarfiles_init(struct tarfiles *files, int fd, const char *name)
{
	*files = (struct tarfiles){ 0 };
	files->bytes = xalloc(COPY_SIZE);
	tarwrite_init(&files->tar, fd, name);
}

void tarfiles_release(struct tarfiles *files)
{
	tdestroy(files->links, free_link);
	tarwrite_release(&files->tar);
	free(files->bytes);
}

/* The path under which the file was written already, or NULL. */
static const char *find_link(struct tarfiles *files, const struct tarfiles_entry *entry)
{
	struct link *link;
	struct link **found;

	if (S_ISDIR(entry->st->st_mode) || entry->st->st_nlink < 2)
		return NULL;
	link = xcalloc(1, sizeof(*link));
	link->dev = entry->st->st_dev;
	link->ino = entry->st->st_ino;
	found = tsearch(link, &files->links, compare_links);
	if (found == NULL)
		out_of_memory();
	if (*found != link) {
		free(link);
		return (*found)->path;
	}
	link->path = xstrdup(entry->path);
	return NULL;
}

/* --- attributes ------------------------------------------------------------------------------- */

struct attributes {
	struct pax_xattr *v;
	size_t n;
	struct strvec names; /* of v, whose values are at .value and owned */
};

static void attributes_release(struct attributes *list)
{
	for (size_t i = 0; i < list->n; i++)
		free((char *)list->v[i].value);
	free(list->v);
	strvec_release(&list->names);
}

static bool is_kept(const char *name)
{
	if (strcmp(name, "security.capability") == 0)
		return true;
	/* A name with '=' cannot stand in a pax header. */
	return strncmp(name, "user.", 5) == 0 && strncmp(name, "user.overlay.", 13) != 0 &&
	       strncmp(name, "user.berth.", 11) != 0 && strchr(name, '=') == NULL;
}

static int add_attribute(int fd, const char *name, const char *path, struct attributes *list)
{
	autofree char *value = xalloc(MAX_XATTR_VALUE + 1);
	ssize_t len = fgetxattr(fd, name, value, MAX_XATTR_VALUE);
	struct pax_xattr *xattr;

	if (len < 0 && errno == ENODATA)
		return 0;
	if (len < 0)
		return fail("cannot read the attribute '%s' of '%s'", name, path);
	strvec_push(&list->names, name);
	xattr = VEC_PUSH(list);
	xattr->len = (size_t)len;
	xattr->value = steal(value);
	return 0;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_attributes(int fd, const char *path, struct attributes *list)
{
	autofree char *names = xalloc(MAX_XATTR_VALUE);
	ssize_t len = flistxattr(fd, names, MAX_XATTR_VALUE);
	AUTO(strvec) kept = STRVEC_INIT;

	if (len < 0)
		return errno == EOPNOTSUPP ? 0 : fail("cannot list the attributes of '%s'", path);
	for (const char *name = names; name < names + len; name += strlen(name) + 1)
		if (is_kept(name))
			strvec_push(&kept, name);
	if (kept.n > 0)
		qsort(kept.v, kept.n, sizeof(*kept.v), compare_texts);
	for (size_t i = 0; i < kept.n; i++)
		TRY(add_attribute(fd, kept.v[i], path, list));
	for (size_t i = 0; i < list->n; i++)
		list->v[i].name = list->names.v[i];
	return 0;
}

/* Where a single id had to do for all, the wanted owner is kept beside. */
static void read_owner(int fd, struct tar_entry *tar)
{
	unsigned int uid, gid;
	char text[24];
	ssize_t len = fgetxattr(fd, SINK_OWNER_XATTR, text, sizeof(text) - 1);

	if (len <= 0)
		return;
	text[len] = '\0';
	if (sscanf(text, "%u:%u", &uid, &gid) != 2)
		return;
	tar->uid = uid;
	tar->gid = gid;
}

/* --- entries ---------------------------------------------------------------------------------- */

static int copy_file(struct tarfiles *files, int fd, const struct tar_entry *tar)
{
	uint64_t left = tar->size;

	while (left > 0) {
		ssize_t n = read(fd, files->bytes, left < COPY_SIZE ? (size_t)left : COPY_SIZE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail("cannot read '%s'", tar->path);
		if (n == 0 && !files->live)
			return refuse_with(EIO, "'%s' became shorter while it was read", tar->path);
		if (n == 0) {
			n = (ssize_t)(left < COPY_SIZE ? left : COPY_SIZE);
			memset(files->bytes, 0, (size_t)n);
		}
		TRY(tarwrite_data(&files->tar, files->bytes, (size_t)n));
		left -= (uint64_t)n;
	}
	return 0;
}

/* A file or a directory: what can be opened. */
static int put_open(struct tarfiles *files, const struct tarfiles_entry *entry,
		    struct tar_entry *tar)
{
	AUTO(attributes) attributes = { 0 };
	autoclose int fd = path_reopen(entry->fd, O_RDONLY);

	TRY(fd);
	TRY(read_attributes(fd, tar->path, &attributes));
	if (files->kept_owners)
		read_owner(fd, tar);
	tar->xattrs = attributes.v;
	tar->n_xattrs = attributes.n;
	TRY(tarwrite_entry(&files->tar, tar));
	return tar->type == TAR_FILE ? copy_file(files, fd, tar) : 0;
}

static int put_symlink(struct tarfiles *files, const struct tarfiles_entry *entry,
		       const struct tar_entry *tar)
{
	struct tar_entry link = *tar;
	char target[MAX_TAR_LINK + 1];
	ssize_t len = readlinkat(entry->fd, "", target, sizeof(target) - 1);

	if (len < 0)
		return fail("cannot read the link '%s'", tar->path);
	target[len] = '\0';
	link.link = target;
	return tarwrite_entry(&files->tar, &link);
}

int tarfiles_put(struct tarfiles *files, const struct tarfiles_entry *entry)
{
	const struct stat *st = entry->st;
	struct tar_entry tar = {
		.path = entry->path,
		.link = "",
		.mode = st->st_mode & 07777,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.mtime = st->st_mtim.tv_sec,
		.mtime_nsec = (uint32_t)st->st_mtim.tv_nsec,
	};
	const char *first = find_link(files, entry);

	if (first != NULL) {
		tar.type = TAR_HARD_LINK;
		tar.link = first;
		return tarwrite_entry(&files->tar, &tar);
	}
	switch (st->st_mode & S_IFMT) {
	case S_IFREG:
		tar.type = TAR_FILE;
		tar.size = (uint64_t)st->st_size;
		return put_open(files, entry, &tar);
	case S_IFDIR:
		tar.type = TAR_DIRECTORY;
		return put_open(files, entry, &tar);
	case S_IFLNK:
		tar.type = TAR_SYMLINK;
		return put_symlink(files, entry, &tar);
	case S_IFIFO:
		tar.type = TAR_FIFO;
		return tarwrite_entry(&files->tar, &tar);
	default:
		return 0;
	}
}
