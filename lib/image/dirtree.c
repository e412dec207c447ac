/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/dirtree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/path.h"
#include "base/vec.h"

#define NONE UINT32_MAX
#define CHAINS_AT_FIRST 1024

/* The seed keeps an archive from choosing names that all fall into one chain. */
static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 29;
}

static size_t name_chain(const struct dirtree *tree, uint32_t parent, const char *name, size_t len)
{
	uint64_t hash = mix(tree->seed, parent), part = 0;

	for (; len >= sizeof(part); name += sizeof(part), len -= sizeof(part)) {
		memcpy(&part, name, sizeof(part));
		hash = mix(hash, part);
	}
	part = (uint64_t)len << 56;
	memcpy(&part, name, len);
	hash = mix(hash, part);
	return (size_t)mix(hash, tree->seed) & (tree->n_chains - 1);
}

static size_t inode_chain(const struct dirtree *tree, uint64_t inode)
{
	return (size_t)mix(tree->seed, inode) & (tree->n_chains - 1);
}

static const char *name_of(const struct dirtree *tree, uint32_t node)
{
	return tree->names.data + tree->nodes.v[node].name;
}

static void link_node(struct dirtree *tree, uint32_t index)
{
	struct dirnode *node = &tree->nodes.v[index];
	const char *name = name_of(tree, index);
	uint32_t *by_name = &tree->by_name[name_chain(tree, node->parent, name, strlen(name))];
	uint32_t *by_inode = &tree->by_inode[inode_chain(tree, node->inode)];

	node->name_next = *by_name;
	*by_name = index;
	node->inode_next = *by_inode;
	*by_inode = index;
}

static void make_chains(struct dirtree *tree, size_t n)
{
	free(tree->by_name);
	free(tree->by_inode);
	tree->n_chains = n;
	tree->by_name = xcalloc(n, sizeof(*tree->by_name));
	tree->by_inode = xcalloc(n, sizeof(*tree->by_inode));
	memset(tree->by_name, 0xff, n * sizeof(*tree->by_name));
	memset(tree->by_inode, 0xff, n * sizeof(*tree->by_inode));
	for (size_t i = 0; i < tree->nodes.n; i++)
		if (!tree->nodes.v[i].gone)
			link_node(tree, (uint32_t)i);
}

static void unlink_node(struct dirtree *tree, uint32_t index)
{
	struct dirnode *v = tree->nodes.v, *node = &v[index];
	const char *name = name_of(tree, index);
	uint32_t *at = &tree->by_name[name_chain(tree, node->parent, name, strlen(name))];

	while (*at != index)
		at = &v[*at].name_next;
	*at = node->name_next;
	at = &tree->by_inode[inode_chain(tree, node->inode)];
	while (*at != index)
		at = &v[*at].inode_next;
	*at = node->inode_next;
}

static uint32_t add_node(struct dirtree *tree, uint32_t parent, const char *name, uint64_t inode)
{
	uint32_t index = (uint32_t)tree->nodes.n;
	struct dirnode *node = VEC_PUSH(&tree->nodes);

	*node = (struct dirnode){
		.parent = parent,
		.child = NONE,
		.sibling = NONE,
		.name = (uint32_t)tree->names.len,
		.slot = DIRTREE_FDS,
		.inode = inode,
	};
	buf_add(&tree->names, name, strlen(name) + 1);
	if (parent != NONE) {
		node->sibling = tree->nodes.v[parent].child;
		tree->nodes.v[parent].child = index;
	}
	if (tree->nodes.n > tree->n_chains)
		make_chains(tree, tree->n_chains * 2);
	else
		link_node(tree, index);
	return index;
}

int dirtree_init(struct dirtree *tree, int root)
{
	struct stat st;

	*tree = (struct dirtree){ .root = root, .names = BUF_INIT };
	if (fstat(root, &st) < 0)
		return fail("cannot look at the directory of the layer");
	if (getrandom(&tree->seed, sizeof(tree->seed), 0) != (ssize_t)sizeof(tree->seed))
		return fail("cannot get random bytes");
	tree->dev = st.st_dev;
	make_chains(tree, CHAINS_AT_FIRST);
	add_node(tree, NONE, "", st.st_ino);
	return 0;
}

void dirtree_release(struct dirtree *tree)
{
	for (size_t i = 0; i < tree->n_slots; i++)
		close(tree->slots[i].fd);
	free(tree->nodes.v);
	buf_release(&tree->names);
	free(tree->by_name);
	free(tree->by_inode);
	*tree = (struct dirtree){ .root = -1 };
}

uint32_t dirtree_find(const struct dirtree *tree, uint32_t parent, const char *name, size_t len)
{
	uint32_t i = tree->by_name[name_chain(tree, parent, name, len)];

	for (; i != NONE; i = tree->nodes.v[i].name_next) {
		const char *own = name_of(tree, i);

		if (tree->nodes.v[i].parent == parent && strncmp(own, name, len) == 0 &&
		    own[len] == '\0')
			break;
	}
	return i;
}

uint32_t dirtree_find_inode(const struct dirtree *tree, uint64_t inode)
{
	uint32_t i = tree->by_inode[inode_chain(tree, inode)];

	while (i != NONE && tree->nodes.v[i].inode != inode)
		i = tree->nodes.v[i].inode_next;
	return i;
}

static void close_slot(struct dirtree *tree, uint32_t index)
{
	struct dirnode *node = &tree->nodes.v[index];
	size_t slot = node->slot;

	if (slot == DIRTREE_FDS)
		return;
	close(tree->slots[slot].fd);
	tree->n_slots--;
	if (slot != tree->n_slots) {
		tree->slots[slot] = tree->slots[tree->n_slots];
		tree->nodes.v[tree->slots[slot].node].slot = (uint16_t)slot;
	}
	node->slot = DIRTREE_FDS;
}

static void keep_open(struct dirtree *tree, uint32_t index, int fd)
{
	if (tree->n_slots == DIRTREE_FDS) {
		size_t oldest = 0;

		for (size_t i = 1; i < DIRTREE_FDS; i++)
			if (tree->slots[i].used < tree->slots[oldest].used)
				oldest = i;
		close_slot(tree, tree->slots[oldest].node);
	}
	tree->nodes.v[index].slot = (uint16_t)tree->n_slots;
	tree->slots[tree->n_slots].fd = fd;
	tree->slots[tree->n_slots].node = index;
	tree->slots[tree->n_slots].used = ++tree->clock;
	tree->n_slots++;
}

/* Open what is called so in the directory parent_fd and see what it is. */
static int open_child(const struct dirtree *tree, int parent_fd, const char *name,
		      uint64_t *ret_inode)
{
	autoclose int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return fail("cannot open the directory '%s'", name);
	if (fstat(fd, &st) < 0)
		return fail("cannot look at the directory '%s'", name);
	if (st.st_dev != tree->dev)
		return refuse_with(EXDEV, "the directory '%s' is a mount point", name);
	*ret_inode = st.st_ino;
	return steal_fd(&fd);
}

int dirtree_make(struct dirtree *tree, uint32_t parent, const char *name, mode_t mode,
		 uint32_t *ret_node)
{
	size_t path_len = tree->nodes.v[parent].path_len + strlen(name) + 1;
	int parent_fd = dirtree_fd(tree, parent), fd;
	uint64_t inode = 0;

	TRY(parent_fd);
	if (path_len > MAX_TAR_PATH)
		return refuse("the path of the directory '%s' is longer than %d bytes", name,
			      MAX_TAR_PATH);
	if (tree->nodes.n == MAX_TAR_DIRECTORIES)
		return refuse("there are more than %lu directories", MAX_TAR_DIRECTORIES);
	if (mkdirat(parent_fd, name, mode) < 0)
		return errno == EEXIST ? -EEXIST : fail("cannot make the directory '%s'", name);
	fd = open_child(tree, parent_fd, name, &inode);
	TRY(fd);
	*ret_node = add_node(tree, parent, name, inode);
	tree->nodes.v[*ret_node].path_len = (uint32_t)path_len;
	keep_open(tree, *ret_node, fd);
	return 0;
}

int dirtree_remove(struct dirtree *tree, uint32_t node)
{
	uint32_t parent = tree->nodes.v[node].parent, at = node;
	uint32_t *from = &tree->nodes.v[parent].child;
	int parent_fd = dirtree_fd(tree, parent);

	TRY(parent_fd);
	while (*from != node)
		from = &tree->nodes.v[*from].sibling;
	*from = tree->nodes.v[node].sibling;
	/* Children first, each unhooked from its parent as it is met. */
	for (;;) {
		struct dirnode *v = tree->nodes.v;

		if (v[at].child != NONE) {
			uint32_t child = v[at].child;

			v[at].child = v[child].sibling;
			at = child;
			continue;
		}
		close_slot(tree, at);
		unlink_node(tree, at);
		v[at].gone = true;
		if (at == node)
			break;
		at = v[at].parent;
	}
	return fs_remove_tree(parent_fd, name_of(tree, node));
}

/* Open a directory by its path below the nearest one that is open, and make sure that it is the one
 * that was made. */
static int open_node(struct dirtree *tree, uint32_t node)
{
	char path[MAX_TAR_PATH + 1], *start = path + MAX_TAR_PATH;
	autoclose int fd = -1;
	uint32_t at = node;
	struct stat st;
	int above;

	*start = '\0';
	do {
		size_t len = strlen(name_of(tree, at));

		/* path_len of the node limits it. */
		if (at != node)
			*--start = '/';
		start -= len;
		memcpy(start, name_of(tree, at), len);
		at = tree->nodes.v[at].parent;
	} while (at != DIRTREE_ROOT && tree->nodes.v[at].slot == DIRTREE_FDS);
	above = at != DIRTREE_ROOT ? tree->slots[tree->nodes.v[at].slot].fd : tree->root;
	fd = path_open_beneath(above, start, O_RDONLY | O_DIRECTORY, 0);
	TRY(fd);
	if (fstat(fd, &st) < 0)
		return fail("cannot look at the directory '%s'", start);
	if (st.st_dev != tree->dev || st.st_ino != tree->nodes.v[node].inode)
		return refuse_with(EBUSY, "the directory '%s' was replaced meanwhile", start);
	return steal_fd(&fd);
}

int dirtree_fd(struct dirtree *tree, uint32_t node)
{
	int fd;

	if (node == DIRTREE_ROOT)
		return tree->root;
	if (tree->nodes.v[node].slot != DIRTREE_FDS) {
		tree->slots[tree->nodes.v[node].slot].used = ++tree->clock;
		return tree->slots[tree->nodes.v[node].slot].fd;
	}
	fd = open_node(tree, node);
	TRY(fd);
	keep_open(tree, node, fd);
	return fd;
}
