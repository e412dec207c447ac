/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_LIST_H
#define BERTH_IMAGE_LIST_H

#include "image/catalog.h"
#include "image/remove.h"

/*
 * A manifest list that is made by hand: an OCI index, which the store's index.json has under its
 * name like any image. Its members are manifests of images of the store. What is not understood in
 * it is kept. A list that is open is locked: nobody else changes names meanwhile. Nothing of a
 * change is there before list_commit().
 */
struct list {
	struct store *store;
	int hold;
	struct catalog catalog;
	char *name; /* complete */
	cJSON *json, *manifests;
	char digest[DIGEST_TEXT_SIZE]; /* as it is in the store; "": it is new */
	struct strvec ids;             /* of the images that were its members when it was opened */
	removal_users users;           /* who uses an image; to be set by who changes a list */
	void *users_arg;
};

#define LIST_INIT \
	{ \
		.hold = -1, .catalog = CATALOG_INIT \
	}

/* What may be said of a member; NULL and empty: nothing. */
struct list_details {
	char *architecture, *os, *variant, *os_version;
	struct strvec features, os_features;
	struct strvec annotations; /* KEY=VALUE */
};

/* Begin a list; with amend, one that is there is opened. *list is LIST_INIT, and is to be released
 * after an error as well. */
int list_create(struct list *list, struct store *store, const char *text, bool amend);
/* Open the one of that name. -ENOENT, or -EINVAL where it is no list. */
int list_open(struct list *list, struct store *store, const char *text);
void list_release(struct list *list);

/*
 * Add an image of the store. Where that is an index: `all` of its members that are here, or the one
 * for the platform that details name, or for this machine. A member that is there already is
 * replaced.
 */
int list_add(struct list *list, const char *image, bool all, const struct list_details *details);
/* The same for a document that is here without a name; image: for messages. */
int list_add_document(struct list *list, const char *image, const struct descriptor *document,
		      bool all, const struct list_details *details);
/* Change what is said of the member that a digest or the name of an image names. */
int list_annotate(struct list *list, const char *member, const struct list_details *details);
/* Annotations of the list itself. */
int list_annotate_index(struct list *list, const struct strvec *annotations);
/* Take a member out. */
int list_remove(struct list *list, const char *member);
/* Keep it under its name; list->digest is then the new one's. */
int list_commit(struct list *list);

/* Take its name away, and so the list; what is left is for store_sweep(). */
int list_drop(struct list *list);

/* Which images the members of a list or an index are, as far as they are here. */
void list_members(const struct store *store, const char *digest, struct strvec *ret_ids);
/* The plans of those that no name leads to any more go; of one that is in use it stays.
 * To be called when names went. */
int list_forget_members(struct store *store, const struct strvec *ids, removal_users users,
			void *arg);

/* Is there a list of that name? 1, 0, or negative. */
int list_exists(struct store *store, const char *text);
/* The document that a name of the store means, list or not; -ENOENT. */
int list_read(struct store *store, const char *text, struct buf *ret_text);

#endif
