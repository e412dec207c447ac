/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/auth_entry.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

#include "base/base64.h"
#include "base/err.h"
#include "image/ref.h"

#define HUB "docker.io"
#define HUB_OLD "index.docker.io"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void credential_stay_in_memory(void)
{
	struct rlimit limit;

	/* The soft limit: what is run later may still raise its own. */
	if (getrlimit(RLIMIT_CORE, &limit) < 0)
		return;
	limit.rlim_cur = 0;
	(void)setrlimit(RLIMIT_CORE, &limit);
}

static void wipe(char **secret)
{
	if (*secret != NULL)
		explicit_bzero(*secret, strlen(*secret));
	free(*secret);
	*secret = NULL;
}

void credential_release(struct credential *credential)
{
	wipe(&credential->username);
	wipe(&credential->password);
	wipe(&credential->identity_token);
	free(credential->source);
	credential->source = NULL;
}

/* "USER:PASSWORD"; without a colon the password is empty. */
static void split(const char *text, struct credential *credential)
{
	size_t len = strcspn(text, ":");

	credential->username = xstrndup(text, len);
	credential->password = xstrdup(text[len] == ':' ? text + len + 1 : "");
}

int credential_parse(const char *text, struct credential *ret_credential)
{
	struct credential credential = { .source = xstrdup("--creds") };

	credential_stay_in_memory();
	split(text, &credential);
	if (credential.username[0] == '\0') {
		credential_release(&credential);
		return refuse("--creds has no user: USER:PASSWORD is what it takes");
	}
	*ret_credential = credential;
	return 0;
}

/* RFC 4648, with or without its padding. */
static bool decode(const char *text, struct buf *out)
{
	size_t len = strlen(text);
	unsigned int bits = 0, n_bits = 0;

	for (size_t i = 0; i < 2 && len > 0 && text[len - 1] == '='; i++)
		len--;
	buf_reserve(out, len);
	for (size_t i = 0; i < len; i++) {
		const char *found = strchr(alphabet, text[i]);

		if (found == NULL)
			return false;
		bits = bits << 6 | (unsigned int)(found - alphabet);
		n_bits += 6;
		if (n_bits < 8)
			continue;
		n_bits -= 8;
		buf_add_char(out, (char)(bits >> n_bits & 0xff));
		bits &= (1U << n_bits) - 1;
	}
	return len % 4 != 1;
}

char *auth_key_normalize(const char *key)
{
	const char *scheme = strstr(key, "://");
	const char *from = scheme != NULL ? scheme + 3 : key;
	/* A URL has the path of the API, not of an image. */
	size_t len = scheme != NULL ? strcspn(from, "/") : strlen(from);
	size_t host = strcspn(from, "/");
	char *name;

	while (len > 0 && from[len - 1] == '/')
		len--;
	if (host == strlen(HUB_OLD) && strncasecmp(from, HUB_OLD, host) == 0)
		return xstrdup(HUB);
	name = xstrndup(from, len);
	ref_fold_host(name);
	return name;
}

/* The length of `entry` where it is `key` or one of the components it begins with; else 0. */
static size_t prefix_len(const char *entry, const char *key)
{
	size_t len = strlen(entry);

	if (len == 0 || strncmp(key, entry, len) != 0)
		return 0;
	return key[len] == '\0' || key[len] == '/' ? len : 0;
}

/* 1: it holds a credential. */
static int read_entry(const cJSON *entry, const char *file, struct credential *ret_credential)
{
	const char *auth = "", *token = NULL, *username = NULL, *password = "";
	AUTO(credential) found = { 0 };

	if (!cJSON_IsObject(entry))
		return refuse("the entry '%s' is not an object", entry->string);
	TRY(json_get_string(entry, "auth", &auth));
	TRY(json_get_string(entry, "identitytoken", &token));
	TRY(json_get_string(entry, "username", &username));
	TRY(json_get_string(entry, "password", &password));
	if (token != NULL && token[0] != '\0')
		found.identity_token = xstrdup(token);
	if (auth[0] != '\0') {
		struct buf text = BUF_INIT;
		/* docker pads what it encodes with NULs, which end the text here. */
		bool good = decode(auth, &text) && strchr(text.data, ':') != NULL;

		if (good)
			split(text.data, &found);
		buf_wipe(&text);
		if (!good)
			return refuse("\"auth\" of the entry '%s' is not USER:PASSWORD in base64",
				      entry->string);
	} else if (username != NULL && username[0] != '\0') {
		found.username = xstrdup(username);
		found.password = xstrdup(password);
	}
	if (found.identity_token == NULL && found.username == NULL)
		return 0;
	found.source = xstrdup(file);
	*ret_credential = found;
	found = (struct credential){ 0 };
	return 1;
}

int auth_entry_find(const cJSON *auths, const char *key, const char *file,
		    struct credential *ret_credential)
{
	AUTO(credential) best = { 0 };
	size_t best_len = 0;
	const cJSON *entry;

	cJSON_ArrayForEach(entry, auths)
	{
		autofree char *means = auth_key_normalize(entry->string);
		size_t len = prefix_len(means, key);
		AUTO(credential) found = { 0 };
		int rc;

		if (len <= best_len)
			continue;
		rc = read_entry(entry, file, &found);
		TRY(rc);
		/* docker leaves an empty one where a helper keeps the credential. */
		if (rc == 0)
			continue;
		credential_release(&best);
		best = found;
		found = (struct credential){ 0 };
		best_len = len;
	}
	if (best_len == 0)
		return 0;
	*ret_credential = best;
	best = (struct credential){ 0 };
	return 1;
}

cJSON *auth_entry_exact(const cJSON *auths, const char *key)
{
	autofree char *wanted = auth_key_normalize(key);
	cJSON *entry;

	cJSON_ArrayForEach(entry, auths)
	{
		autofree char *means = auth_key_normalize(entry->string);

		if (strcmp(means, wanted) == 0)
			return entry;
	}
	return NULL;
}

void auth_entry_clear(cJSON *entry)
{
	static const char *const secrets[] = { "auth", "identitytoken", "username", "password",
					       "registrytoken" };

	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++) {
		cJSON *item = cJSON_DetachItemFromObjectCaseSensitive(entry, secrets[i]);

		json_wipe(item);
		json_free(item);
	}
}

void auth_entry_set(cJSON *entry, const struct credential *credential)
{
	struct buf text = BUF_INIT, encoded = BUF_INIT;

	auth_entry_clear(entry);
	if (credential->username != NULL) {
		buf_reserve(&text, strlen(credential->username) + 1 + strlen(credential->password));
		buf_addf(&text, "%s:%s", credential->username, credential->password);
		base64_encode(text.data, text.len, &encoded);
		json_add_string(entry, "auth", encoded.data);
	}
	json_add_string(entry, "identitytoken", credential->identity_token);
	buf_wipe(&text);
	buf_wipe(&encoded);
}
