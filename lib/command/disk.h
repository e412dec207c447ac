/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_COMMAND_DISK_H
#define BERTH_COMMAND_DISK_H

#include "image/account.h"

/* What `system df` knows: the account of the images, the containers and the volumes. */
struct disk_container {
	char *id, *name, *image, *image_id, *command;
	bool running;
	size_t volumes;
	int64_t created;
	uint64_t bytes; /* of its directory in the store */
};

struct disk_volume {
	char *name;
	size_t users;
	uint64_t bytes;
};

struct disk {
	struct store store;
	struct account account;
	struct {
		struct disk_container *v;
		size_t n;
	} containers;
	struct {
		struct disk_volume *v;
		size_t n;
	} volumes;
	struct strvec used; /* IDs of images, one for each user */
};

/* *disk has store STORE_INIT, and must not be moved. */
int disk_measure(const struct host *host, struct disk *disk);
void disk_release(struct disk *disk);
size_t disk_count_users(const struct disk *disk, const struct accounted *image);
/* What would go with the images that nobody uses. */
uint64_t disk_reclaimable(const struct disk *disk);
/* The lists of `system df -v`. */
int disk_print_all(const struct disk *disk);

#endif
