/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_LAYERDIRS_H
#define BERTH_IMAGE_LAYERDIRS_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/vec.h"

/*
 * The directories of layers, to look into several of them at the same path. Only their roots stay
 * open: what is below is opened by its path from there for each step, so that neither depth nor the
 * number of layers is limited by that of descriptors. No symbolic link is followed and nothing
 * outside of the roots is opened. Layers are known by their place in the list.
 */
struct layerdirs {
	int *v;
	size_t n;
};

int layerdirs_open(const struct strvec *layers, struct layerdirs *ret_dirs);
void layerdirs_release(struct layerdirs *dirs);

/* A name in a directory, and the layer it is in. */
struct layer_name {
	char *text;
	int layer;
};

struct layer_names {
	struct layer_name *v;
	size_t n;
};

/* Append the names in the layer's directory at path ("": its root). */
int layerdirs_list(const struct layerdirs *dirs, int layer, const char *path,
		   struct layer_names *names);
/* Sort them by their bytes, the same names beside each other, the topmost layer's first. */
void layer_names_sort(struct layer_names *names);
/* How many from the first on are the same name. */
size_t layer_names_same(const struct layer_name *names, size_t n);
void layer_names_release(struct layer_names *names);

/* O_PATH, not following a link; the descriptor is the caller's. */
int layerdirs_entry(const struct layerdirs *dirs, int layer, const char *path, struct stat *ret_st);
/* 1, 0, or negative. */
int layerdirs_is_opaque(const struct layerdirs *dirs, int layer, const char *path);

#endif
