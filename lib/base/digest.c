/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/late.h"

static struct {
	EVP_MD_CTX *(*ctx_new)(void);
	void (*ctx_free)(EVP_MD_CTX *);
	const EVP_MD *(*sha256)(void);
	int (*init)(EVP_MD_CTX *, const EVP_MD *, ENGINE *);
	int (*copy)(EVP_MD_CTX *, const EVP_MD_CTX *);
	int (*update)(EVP_MD_CTX *, const void *, size_t);
	int (*final)(EVP_MD_CTX *, unsigned char *, unsigned int *);
} lib;

static const struct late_symbol symbols[] = {
	{ "EVP_MD_CTX_new", &lib.ctx_new },  { "EVP_MD_CTX_free", &lib.ctx_free },
	{ "EVP_sha256", &lib.sha256 },       { "EVP_DigestInit_ex", &lib.init },
	{ "EVP_DigestUpdate", &lib.update }, { "EVP_DigestFinal_ex", &lib.final },
	{ "EVP_MD_CTX_copy_ex", &lib.copy },
};

int digest_load(void)
{
	return late_load("libcrypto.so.3", symbols, ARRAY_SIZE(symbols));
}

int digest_init(struct digest *d)
{
	d->ctx = NULL;
	TRY(digest_load());
	d->ctx = lib.ctx_new();
	if (d->ctx == NULL || lib.init(d->ctx, lib.sha256(), NULL) != 1) {
		digest_release(d);
		return refuse_with(ENOSYS, "libcrypto has no SHA-256");
	}
	return 0;
}

int digest_copy(const struct digest *from, struct digest *to)
{
	to->ctx = lib.ctx_new();
	if (to->ctx == NULL || lib.copy(to->ctx, from->ctx) != 1) {
		digest_release(to);
		return refuse_with(ENOMEM, "cannot copy a digest");
	}
	return 0;
}

void digest_update(struct digest *d, const void *bytes, size_t len)
{
	/* Cannot fail after a good init: the state is in memory. */
	(void)lib.update(d->ctx, bytes, len);
}

void digest_final(struct digest *d, char *text)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char sum[EVP_MAX_MD_SIZE] = { 0 };
	unsigned int len = 0;

	(void)lib.final(d->ctx, sum, &len);
	memcpy(text, "sha256:", 7);
	for (size_t i = 0; i < DIGEST_HEX_LEN / 2; i++) {
		text[7 + 2 * i] = digits[sum[i] >> 4];
		text[8 + 2 * i] = digits[sum[i] & 15];
	}
	text[DIGEST_TEXT_LEN] = '\0';
	digest_release(d);
}

void digest_release(struct digest *d)
{
	if (d->ctx != NULL)
		lib.ctx_free(d->ctx);
	d->ctx = NULL;
}

int digest_of(const void *bytes, size_t len, char *text)
{
	AUTO(digest) d = { 0 };

	TRY(digest_init(&d));
	digest_update(&d, bytes, len);
	digest_final(&d, text);
	return 0;
}

bool digest_is_valid(const char *text)
{
	return strncmp(text, "sha256:", 7) == 0 &&
	       strspn(text + 7, "0123456789abcdef") == DIGEST_HEX_LEN &&
	       text[DIGEST_TEXT_LEN] == '\0';
}

const char *digest_hex(const char *text)
{
	return text + 7;
}
