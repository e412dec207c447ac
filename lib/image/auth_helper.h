/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_AUTH_HELPER_H
#define BERTH_IMAGE_AUTH_HELPER_H

#include "image/auth.h"

/*
 * Credential helpers, for image/auth.c alone: the program docker-credential-NAME, with a word as
 * its argument and everything else on stdin and stdout (docker's credential-helpers protocol). Each
 * returns -ENOPKG where there is no such program.
 */

/* 1: found; 0: it has none. */
int auth_helper_get(const struct host *host, const char *name, const char *key,
		    struct credential *ret_credential);
int auth_helper_store(const struct host *host, const char *name, const char *key,
		      const struct credential *credential);
/* 1: erased; 0: it had none. */
int auth_helper_erase(const struct host *host, const char *name, const char *key);

#endif
