/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_AUTH_H
#define BERTH_IMAGE_AUTH_H

#include <stdbool.h>

#include "base/host.h"
#include "base/vec.h"

/*
 * Credentials for registries, containers-auth.json(5). They are looked for in this order, the first
 * file that has one for the key wins:
 *
 *	--authfile FILE, else $REGISTRY_AUTH_FILE (these alone, where given)
 *	$XDG_RUNTIME_DIR/containers/auth.json	(where root has none: /run/containers/0/auth.json)
 *	$XDG_CONFIG_HOME/containers/auth.json	(~/.config)
 *	$DOCKER_CONFIG/config.json, ~/.docker/config.json
 *	~/.dockercfg
 *	$CREDENTIALS_DIRECTORY/berth.auth	of systemd, systemd.exec(5), LoadCredential=
 *
 * A key is HOST[:PORT][/REPOSITORY]; in a file the longest prefix of it counts, at the bounds of
 * components; "https://index.docker.io/v1/" is docker.io. credHelpers and credsStore are programs
 * docker-credential-NAME, found in the system's directories alone, and asked with nothing of our
 * environment but HOME, XDG_RUNTIME_DIR and PATH. Those that registries.conf has as
 * credential-helpers come in its order, before or after the files.
 *
 * Secrets are wiped before their memory is freed and never become part of a message.
 */
struct credential {
	char *username, *password;
	char *identity_token; /* an OAuth2 refresh token; NULL */
	char *source;         /* the file or the helper, for messages */
};

void credential_release(struct credential *credential);
/* From here on a crash of this process writes no core file, which would have secrets in it. Whoever
 * gets one from here need not call it. */
void credential_stay_in_memory(void);

/* What a key that is spelt as people or programs do means: "https://index.docker.io/v1/" is
 * docker.io. To be freed. */
char *auth_key_normalize(const char *key);
/* Parse USER[:PASSWORD] of --creds. */
int credential_parse(const char *text, struct credential *ret_credential);
/* 1: found; 0: there is none; negative: a file that cannot be read or a
 * helper that failed; -ENOENT: authfile is not there. */
int auth_find(const struct host *host, const char *authfile, const char *key,
	      struct credential *ret_credential);
/* The file that login writes to: authfile, $REGISTRY_AUTH_FILE, or the first of the list above.
 * To be freed. */
char *auth_file(const struct host *host, const char *authfile);
/* Put a credential into that file (made 0600, replaced whole, what is not understood in it is
 * kept), or give it to the helper that it names for the key. */
int auth_store(const struct host *host, const char *authfile, const char *key,
	       const struct credential *credential);
/* Remove it: 1 removed, 0 there was none. NULL for the key: all of them. */
int auth_remove(const struct host *host, const char *authfile, const char *key);

#endif
