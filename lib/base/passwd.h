/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_PASSWD_H
#define BERTH_BASE_PASSWD_H

#include <sys/types.h>

/*
 * The host's /etc/passwd, read by ourselves: the name service switch would load libraries and talk
 * to daemons. Users that only such a service knows have no entry here. -ENOENT (with nothing
 * recorded) where there is none; the strings are to be freed.
 */
int passwd_home(uid_t uid, char **ret_home);
int passwd_name(uid_t uid, char **ret_name);

#endif
