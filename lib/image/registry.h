/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_REGISTRY_H
#define BERTH_IMAGE_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/host.h"
#include "base/http.h"
#include "image/auth.h"
#include "image/ref.h"
#include "image/registries.h"
#include "image/retry.h"

/*
 * One repository of a registry: OCI distribution-spec 1.1, docker's Registry HTTP API V2 and its
 * token authentication.
 *
 * Authentication escalates: without, then as the WWW-Authenticate header of a 401 asks, Basic or
 * Bearer; a token is kept for as long as it is good, and renewed when it is refused. The realm of a
 * token server must be https unless the registry itself is spoken to in plain HTTP. Credentials go
 * to the registry and to its realm, and nowhere else.
 *
 * What fails for a moment (http_is_transient()) is tried again, options->retry times, after
 * options->retry_delay, doubled each time, or as Retry-After says (a minute at the most).
 *
 * Errors name the URL (without its query) and say in words what a status means: -ENOENT for 404,
 * -EACCES for 401 and 403 with `berth login HOST` as the hint, -EAGAIN for 429. What a server says
 * in the body of an error is added, shortened.
 *
 * A struct registry belongs to one process; a fork gives each process its own copy, with the token
 * that was there.
 */
struct registry_options {
	const struct host *host;
	const char *authfile, *creds, *cert_dir; /* as on the command line; NULL */
	int tls_verify;                          /* 1, 0, or -1: as registries.conf says */
	unsigned int retry;                      /* further tries */
	uint64_t retry_delay;                    /* microseconds; 0: one second */
};

#define REGISTRY_OPTIONS_INIT \
	{ \
		.tls_verify = -1, .retry = 3 \
	}

/* The same as command lines give it: what a request holds. */
struct registry_request {
	char *authfile, *creds, *cert_dir;
	int tls_verify; /* 1, 0; -1: not given */
	int64_t retry;
	uint64_t retry_delay; /* microseconds; 0: not given */
};

void registry_request_init(struct registry_request *request);
/* The options' strings are the request's. */
void registry_request_options(const struct registry_request *request, const struct host *host,
			      struct registry_options *ret_options);
/* Credentials of the command line must not be shown to whoever happens to be asked: a refusal where
 * there are several candidates, names or hosts. */
int registry_options_check(const struct registry_options *options, const struct strvec *candidates);

enum registry_access {
	REGISTRY_PULL,
	REGISTRY_PUSH,
};

struct registry;

/* Nothing is sent yet. The endpoint and the options' strings are borrowed for the lifetime. */
int registry_open(const struct registry_options *options, const struct endpoint *endpoint,
		  enum registry_access access, struct registry **ret_registry);
void registry_close(struct registry *registry);
/* HOST/REPOSITORY, for messages. */
const char *registry_name(const struct registry *registry);
/* How patient it is: for who reads a body that breaks off. */
void registry_retry(const struct registry *registry, struct retry *ret_retry);

/*
 * A manifest or an index by tag or digest. The text is at most MAX_MANIFEST; its digest is computed
 * here, and is compared with `reference` where that is one, and with Docker-Content-Digest. The
 * media type is that of the header, without parameters, in lower case; "" where there was none. To
 * be freed.
 */
int registry_get_manifest(struct registry *registry, const char *reference, struct buf *ret_text,
			  char **ret_type, char *ret_digest);
/* Only its digest, by HEAD: 1; 0 where the registry does not say it (GET it then); -ENOENT. */
int registry_head_manifest(struct registry *registry, const char *reference, char *ret_digest);
/* Put one under a tag or its digest; -EBADMSG where the registry says that it got another one,
 * -EPROTO where it took it and does not have it. */
int registry_put_manifest(struct registry *registry, const char *reference, const char *type,
			  const struct buf *text);

/*
 * The bytes of a blob from `offset` on; http_read() gives them, as long as the registry is open.
 * *ret_offset is where they begin: the registry may not know ranges, and then it is 0. Whoever
 * reads checks the digest.
 */
int registry_get_blob(struct registry *registry, const char *digest, uint64_t offset,
		      struct http *ret_http, uint64_t *ret_offset);
/* 1: it is there; 0: not. */
int registry_has_blob(struct registry *registry, const char *digest);
/* Have a blob of another repository of this registry here too: 1; 0 where it will not. */
int registry_mount_blob(struct registry *registry, const char *digest, const char *from);
/*
 * Upload a blob. Its digest is known beforehand (then it is one PUT of `size` bytes), or not
 * (`digest` "", size UINT64_MAX: sent in chunks): then `finish` is called after the last byte of
 * source to fill it in. -EPROTO where the registry took it and does not have it.
 */
struct registry_upload {
	stream_source source;
	void *arg;
	uint64_t size;
	char digest[DIGEST_TEXT_SIZE];
	int (*finish)(struct registry_upload *upload);
	/* Begin anew for another try: NULL: it cannot be tried again. */
	int (*rewind)(void *arg);
};

int registry_put_blob(struct registry *registry, struct registry_upload *upload);

/* All tags, following Link headers. */
int registry_list_tags(struct registry *registry, struct strvec *ret_tags);
/* All repositories of a registry host (its catalog), the same way. */
int registry_list_repositories(struct registry *registry, struct strvec *ret_names);
/* The index of what refers to a manifest; by the fallback tag ("sha256-HEX") where the registry has
 * no such API. -ENOENT: nothing does. */
int registry_get_referrers(struct registry *registry, const char *digest, struct buf *ret_text);
/* Is the registry there, and is the credential good? For login. */
int registry_ping(struct registry *registry);
/* docker's search API: the text of the answer, JSON. For registry hosts, not for a repository. */
int registry_search(struct registry *registry, const char *term, unsigned int limit,
		    struct buf *ret_text);

#endif
