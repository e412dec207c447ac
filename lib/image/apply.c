/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/apply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bounds.h"
#include "base/err.h"

#define WHITEOUT ".wh."
#define AUFS ".wh..wh."
#define OPAQUE ".wh..wh..opq"
#define MAX_LINKED_DEVICES 4096 /* device nodes whose names are remembered */

/* What a name stands for. */
enum meaning {
	MEANS_ITSELF,
	MEANS_WHITEOUT,
	MEANS_OPAQUE,
	MEANS_NOTHING,
};

struct name {
	enum meaning meaning;
	char path[MAX_TAR_PATH + 1]; /* clean; of what is hidden */
};

static bool starts_with(const char *text, size_t len, const char *prefix)
{
	return len >= strlen(prefix) && memcmp(text, prefix, strlen(prefix)) == 0;
}

static int check_component(const char *path, const char *part, size_t len, bool last)
{
	if (len == 2 && memcmp(part, "..", 2) == 0)
		return refuse("the name '%s' has '..' in it", path);
	if (len > MAX_TAR_COMPONENT)
		return refuse("a part of the name '%s' is longer than %d bytes", path,
			      MAX_TAR_COMPONENT);
	if (!last && starts_with(part, len, WHITEOUT) && !starts_with(part, len, AUFS))
		return refuse("'%s' is below a whiteout", path);
	return 0;
}

/* Without "/", "." and doubled slashes at its beginning, between its parts and at its end. */
static int clean_path(const char *path, struct name *ret_name)
{
	char *out = ret_name->path;
	size_t depth = 0;

	ret_name->meaning = MEANS_ITSELF;
	for (const char *at = path + strspn(path, "/"), *next; *at != '\0'; at = next) {
		size_t len = strcspn(at, "/");

		next = at + len + strspn(at + len, "/");
		if (len == 1 && *at == '.')
			continue;
		TRY(check_component(path, at, len, *next == '\0'));
		if (starts_with(at, len, AUFS))
			ret_name->meaning = MEANS_NOTHING;
		if (++depth > MAX_TAR_DEPTH)
			return refuse("a name has more than %d parts", MAX_TAR_DEPTH);
		if (out != ret_name->path)
			*out++ = '/';
		memcpy(out, at, len);
		out += len;
	}
	*out = '\0';
	return 0;
}

/* The clean path, and what its last part says. */
static int read_name(const char *path, struct name *ret_name)
{
	char *last, *hidden;

	TRY(clean_path(path, ret_name));
	last = strrchr(ret_name->path, '/');
	last = last != NULL ? last + 1 : ret_name->path;
	if (strcmp(last, OPAQUE) == 0) {
		ret_name->meaning = MEANS_OPAQUE;
		*(last != ret_name->path ? last - 1 : last) = '\0';
		return 0;
	}
	if (ret_name->meaning == MEANS_NOTHING || !starts_with(last, strlen(last), WHITEOUT))
		return 0;
	ret_name->meaning = MEANS_WHITEOUT;
	hidden = last + strlen(WHITEOUT);
	if (strcmp(hidden, "") == 0 || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0)
		return refuse("the whiteout '%s' names no file", path);
	memmove(last, hidden, strlen(hidden) + 1);
	return 0;
}

static int check_id(const struct idmap *map, const char *what, uint32_t id, const char *path)
{
	uint32_t top = 0;

	if (map->n == 0 || idmap_to_outside(map, id) >= 0)
		return 0;
	for (size_t i = 0; i < map->n; i++)
		if (map->v[i].inside + map->v[i].count > top)
			top = map->v[i].inside + map->v[i].count;
	refuse_with(ERANGE, "'%s' belongs to the %s %u, and you have only %u ids to give", path,
		    what, id, top);
	hint("give yourself a range of at least %llu ids in /etc/sub%s, see subuid(5)",
	     (unsigned long long)id, what);
	return -ERANGE;
}

/* struct vfs_ns_cap_data: of version 2, or of version 3 for root of the namespace that it is set
 * in; capabilities for another namespace's root are nobody's here. */
static bool capability_is_ours(const struct pax_xattr *xattr)
{
	const unsigned char *b = (const unsigned char *)xattr->value;

	if (xattr->len == 20)
		return b[3] == 2;
	return xattr->len == 24 && b[3] == 3 && memcmp(b + 20, "\0\0\0\0", 4) == 0;
}

static bool may_set(const struct pax_xattr *xattr)
{
	static const char *const own[] = { "user.overlay.", "user.berth." };

	if (strcmp(xattr->name, "security.capability") == 0)
		return capability_is_ours(xattr);
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (strncmp(xattr->name, own[i], strlen(own[i])) == 0)
			return false;
	return strncmp(xattr->name, "user.", 5) == 0;
}

/* Keep the attributes that may be set. */
static void choose_xattrs(struct apply *apply, struct tar_entry *entry)
{
	struct pax_xattr *chosen = apply->chosen;
	size_t n = 0;

	for (size_t i = 0; i < entry->n_xattrs; i++)
		if (may_set(&entry->xattrs[i]))
			chosen[n++] = entry->xattrs[i];
	apply->xattrs += entry->n_xattrs - n;
	entry->xattrs = chosen;
	entry->n_xattrs = n;
}

static int apply_file(struct apply *apply, struct tar *tar, const char *path,
		      const struct tar_entry *entry)
{
	struct sink *sink = apply->sink;

	if (entry->size > MAX_UNPACKED)
		return refuse_with(EFBIG, "'%s' is larger than %llu bytes", path,
				   (unsigned long long)MAX_UNPACKED);
	TRY(sink->ops->file(sink, path, entry));
	for (;;) {
		const void *bytes;
		uint64_t offset;
		size_t len;
		int rc = tar_data(tar, &bytes, &len, &offset);

		TRY(rc);
		if (rc == 0)
			break;
		TRY(sink->ops->data(sink, bytes, len, offset));
	}
	return sink->ops->file_end(sink);
}

static int apply_hard_link(struct apply *apply, const char *path, const struct tar_entry *entry)
{
	struct name target;

	TRY(clean_path(entry->link, &target));
	if (strvec_has(&apply->device_paths, target.path)) {
		apply->devices++;
		return 0;
	}
	return apply->sink->ops->hard_link(apply->sink, path, target.path, entry);
}

static int apply_itself(struct apply *apply, struct tar *tar, const char *path,
			const struct tar_entry *entry)
{
	struct sink *sink = apply->sink;

	if (*path == '\0' && entry->type != TAR_DIRECTORY)
		return refuse("the root of the layer is no directory");
	if (apply->maps != NULL) {
		TRY(check_id(&apply->maps->uid, "uid", entry->uid, path));
		TRY(check_id(&apply->maps->gid, "gid", entry->gid, path));
	}
	switch (entry->type) {
	case TAR_FILE:
		return apply_file(apply, tar, path, entry);
	case TAR_HARD_LINK:
		return apply_hard_link(apply, path, entry);
	case TAR_SYMLINK:
		return sink->ops->symlink(sink, path, entry);
	case TAR_DIRECTORY:
		return sink->ops->directory(sink, path, entry);
	case TAR_FIFO:
		return sink->ops->fifo(sink, path, entry);
	case TAR_CHARACTER_DEVICE:
	case TAR_BLOCK_DEVICE:
		apply->devices++;
		if (apply->device_paths.n < MAX_LINKED_DEVICES)
			strvec_push(&apply->device_paths, path);
		return 0;
	}
	return refuse("'%s' has an unknown type", path);
}

static int apply_entry(struct apply *apply, struct tar *tar, struct tar_entry *entry)
{
	struct sink *sink = apply->sink;
	struct name name;

	if (++apply->entries > MAX_TAR_ENTRIES)
		return refuse("the layer has more than %lu entries", MAX_TAR_ENTRIES);
	TRY(read_name(entry->path, &name));
	/* aufs made its whiteouts by linking to one file. */
	if ((name.meaning == MEANS_WHITEOUT || name.meaning == MEANS_OPAQUE) &&
	    entry->type != TAR_FILE && entry->type != TAR_HARD_LINK)
		return refuse("the whiteout '%s' is no file", entry->path);
	choose_xattrs(apply, entry);
	switch (name.meaning) {
	case MEANS_WHITEOUT:
		return sink->ops->whiteout(sink, name.path);
	case MEANS_OPAQUE:
		return sink->ops->opaque(sink, name.path);
	case MEANS_NOTHING:
		return 0;
	case MEANS_ITSELF:
		break;
	}
	return apply_itself(apply, tar, name.path, entry);
}

int apply_archive(struct apply *apply, struct tar *tar)
{
	struct tar_entry entry;
	int rc;

	while ((rc = tar_next(tar, &entry)) > 0)
		TRY(apply_entry(apply, tar, &entry));
	TRY(rc);
	return apply->sink->ops->finish(apply->sink);
}

void apply_release(struct apply *apply)
{
	strvec_release(&apply->device_paths);
}
