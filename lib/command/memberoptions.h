/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_COMMAND_MEMBEROPTIONS_H
#define BERTH_COMMAND_MEMBEROPTIONS_H

#include "command/registryoptions.h"
#include "image/list.h"

/*
 * What the commands that change a manifest list have in common. The rows are used as those of
 * registryoptions.h are; `at` tells where a field of a struct list_details is.
 */
#define MEMBER_STRING(name, slot, metavar, text) \
	{ \
		(name), 0, OPT_STRING, (slot), (metavar), (text) \
	}
#define MEMBER_STRINGS(name, slot, metavar, text, how) \
	{ \
		(name), 0, OPT_STRINGS, (slot), (metavar), (text), .flags = (how) \
	}
#define MEMBER_OPTIONS(at) \
	MEMBER_STRINGS("annotation", at(annotations), "KEY=VALUE", \
		       "set an annotation of the member", 0), \
		MEMBER_STRING("arch", at(architecture), "ARCH", \
			      "the architecture that it is for, whatever its image says"), \
		MEMBER_STRINGS("features", at(features), "FEATURE", \
			       "features of the processor that it needs", OPT_COMMAS), \
		MEMBER_STRING("os", at(os), "OS", "the operating system that it is for"), \
		MEMBER_STRINGS("os-features", at(os_features), "FEATURE", \
			       "features of the operating system that it needs", OPT_COMMAS), \
		MEMBER_STRING("os-version", at(os_version), "VERSION", \
			      "the version of the operating system that it needs"), \
		MEMBER_STRING("variant", at(variant), "VARIANT", \
			      "the variant of the architecture that it is for")

struct member {
	char *image;
	struct descriptor document; /* of what was fetched; no digest: the store knows the name */
};

/*
 * Images that are to become members: names of the store, or of registries. What is fetched gets no
 * name: those of the store mean what they meant. The store is held until the list leads to it.
 */
struct members {
	const struct host *host;
	struct store *store;
	const struct registry_request *registry;
	const struct list_details *details;
	bool all;
	struct member *v;
	size_t n;
	int hold; /* -1: nothing was fetched */
	struct strvec
		plans; /* IDs of images that are ready to run only because they were fetched */
};

void members_release(struct members *members);
/* Find an image, and fetch it where it is docker://NAME, or a NAME that the store has not. To be
 * called before the list is opened, which locks the names of the store. */
int members_find(struct members *members, const char *image);
/* Add them all to the list, keep that, and print its ID. The list is closed. */
int members_add(struct members *members, struct list *list);
/* It failed with rc and the error that is recorded: what was fetched for it goes again. The list is
 * to be closed before. Returns rc. */
int members_give_up(struct members *members, int rc);
/* Keep a list, print its ID, and sweep what it was before. The list is closed. */
int members_keep(struct store *store, struct list *list);

#endif
