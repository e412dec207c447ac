/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_COPYUP_H
#define BERTH_BOX_COPYUP_H

#include <sys/stat.h>

/* Fill an empty tmpfs or volume with what the image has in the directory that it is going to cover
 * (tmpcopyup): files, directories and links with their modes and owners. Nothing is followed, and
 * device nodes, FIFOs and sockets are left out. */
int copyup(int from, int to, const char *name);
/* Mode and owner of the directory itself. */
int copyup_top(int from, int to, const char *name);
/* One regular file, with its mode and, where that is possible, its owner. Records nothing. */
int copyup_file(int from, int to, const char *name, const struct stat *st);

#endif
