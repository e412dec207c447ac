/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BOX_USER_H
#define BERTH_BOX_USER_H

#include <stdbool.h>
#include <sys/types.h>

#include "spec/spec.h"

/*
 * Who the payload is: names looked up in the root's own /etc/passwd and /etc/group. Both files are
 * the image's and may be anything: they are opened inside the root, have to be regular files of at
 * most MAX_PASSWD bytes, and lines that make no sense are passed over.
 *
 *	text		uid	gid		supplementary groups
 *	"name"		its	its		the gid, and all that list the name
 *	"1000"		1000	that of the first user with uid 1000 and his groups; 0 if none
 *	"name:group"	its	the group's	the gid
 *	"1000:1000"	1000	1000		the gid
 *
 * What consists of digits is a number and never looked up as a name. Numbers above MAX_ID and empty
 * parts are refused. With text NULL uid and gid are the spec's, and with groups_given the
 * supplementary groups are its groups alone.
 */
struct user {
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* for setgroups(2): the gid first, but with groups_given */
	size_t n_groups;
	char *home; /* "/" where passwd says nothing */
	char *name; /* NULL where passwd does not know the uid */
};

void user_release(struct user *user);

/* rootfd: a directory that stands for "/", mounted or not (--dry-run). home: name and home
 * directory are wanted for a plain number as well. */
int user_resolve(int rootfd, const struct spec_user *spec, bool home, struct user *ret_user);

/* Refuse ids that are not mapped into the container, before files are made for them. */
int user_check(const struct spec *spec, const struct user *user);

/* Take the ids on: setgroups, setresgid, setresuid, verified. */
int user_become(const struct spec *spec, const struct user *user);

#endif
