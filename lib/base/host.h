/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_HOST_H
#define BERTH_BASE_HOST_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Facts about the host and the caller that every command needs, found once by runner.c and handed
 * down as a const pointer. Cheap: a few system calls, no file is read that the command might not
 * need.
 */
struct host {
	uid_t uid; /* effective; rootless means uid != 0, or no CAP_SYS_ADMIN in the initial user
		      namespace */
	gid_t gid;
	bool rootless;
	char *root; /* --root, or $XDG_DATA_HOME/berth or ~/.local/share/berth, or /var/lib/berth;
		       absolute */
	char *runroot; /* --runroot, or $XDG_RUNTIME_DIR/berth, else /run/berth or a 0700 directory
			  below root */
	char *home;    /* of the caller; from $HOME or passwd; may be NULL */
};

/* root and runroot may be NULL (use the defaults). */
int host_init(struct host *host, const char *root, const char *runroot);
void host_release(struct host *host);
/* Where a file of the caller's settings would be: below $XDG_CONFIG_HOME, or ~/.config. To be
 * freed; NULL for who has no home directory. */
char *host_config_path(const struct host *host, const char *path);

#endif
