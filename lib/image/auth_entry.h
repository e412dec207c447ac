/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_AUTH_ENTRY_H
#define BERTH_IMAGE_AUTH_ENTRY_H

#include "base/json.h"
#include "image/auth.h"

/* The entries of a file with credentials, for image/auth.c alone: "auths" of auth.json and
 * config.json, and all of ~/.dockercfg. */

/* The best entry for a key, at the bounds of its components: 1 found, 0 none. `file` becomes the
 * source. */
int auth_entry_find(const cJSON *auths, const char *key, const char *file,
		    struct credential *ret_credential);
/* The entry that means exactly this key, whatever it is spelt like; NULL. */
cJSON *auth_entry_exact(const cJSON *auths, const char *key);
/* Write the credential into an entry, whose other members stay. */
void auth_entry_set(cJSON *entry, const struct credential *credential);
/* Take what is secret out of an entry. */
void auth_entry_clear(cJSON *entry);

#endif
