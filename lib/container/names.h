/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_CONTAINER_NAMES_H
#define BERTH_CONTAINER_NAMES_H

/* Names of containers. */

/* Refuse what is not [a-zA-Z0-9][a-zA-Z0-9_.-]* of at most MAX_NAME characters. */
int name_check(const char *name);
/* A random "adjective_noun"; to be freed. Two may be the same: the caller tries again then, and
 * after `attempt` failures a number is added. */
char *name_random(unsigned int attempt);

#endif
