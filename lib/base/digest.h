/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_DIGEST_H
#define BERTH_BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

/*
 * SHA-256 (libcrypto, loaded when first used: it takes the instructions the processor has) and
 * digest strings in the form of the OCI image-spec, descriptor.md: "sha256:" and 64 lower-case hex
 * digits.
 */
#define DIGEST_HEX_LEN 64
#define DIGEST_TEXT_LEN (7 + DIGEST_HEX_LEN)
#define DIGEST_TEXT_SIZE (DIGEST_TEXT_LEN + 1) /* with the NUL */

struct digest {
	void *ctx; /* EVP_MD_CTX; NULL before digest_init() */
};

/* Load the library now; for callers that are about to lose the file system. */
int digest_load(void);
int digest_init(struct digest *d);
/* Of what `from` was fed so far. */
int digest_copy(const struct digest *from, struct digest *to);
void digest_update(struct digest *d, const void *bytes, size_t len);
/* "sha256:HEX" of what was fed; the context is released. text has room for DIGEST_TEXT_SIZE. */
void digest_final(struct digest *d, char *text);
void digest_release(struct digest *d);
/* Of bytes in memory. */
int digest_of(const void *bytes, size_t len, char *text);
/* Exactly the form above; nothing else may become part of a path. */
bool digest_is_valid(const char *text);
/* The 64 hex digits of a valid digest (a pointer into it). */
const char *digest_hex(const char *text);

#endif
