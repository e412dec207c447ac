/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_AUTHORIZER_H
#define BERTH_IMAGE_AUTHORIZER_H

#include "image/challenge.h"
#include "image/registry.h"

/*
 * What makes a registry trust us: nothing at first; when it asks, a credential (Basic) or a token
 * for which its token server is asked (Bearer). For image/exchange alone.
 *
 * The credential is looked up when the first challenge comes, and not again. It is sent to the
 * registry (Basic) or to the token server that the registry names (Bearer), which must be https
 * unless the registry itself is spoken to in plain HTTP.
 */
struct authorizer {
	const struct registry_options *options;
	const struct endpoint *endpoint;
	const struct http_tls *tls;
	struct http_session *session;
	struct credential credential;
	int found;                  /* 1: there is one; 0: none; -1: not looked for */
	struct challenge challenge; /* the last one */
	struct strvec scopes;       /* "repository:NAME:pull", what a token must be good for */
	char *header;               /* value of the Authorization header; NULL: none */
	bool fresh;                 /* it was not yet sent, or not yet accepted */
	uint64_t expires;           /* on the clock of the boot, seconds; 0: never */
};

#define AUTHORIZER_INIT \
	{ \
		.found = -1 \
	}

void authorizer_release(struct authorizer *authorizer);
/* Whatever is sent from now on must be good for this as well. */
void authorizer_want(struct authorizer *authorizer, const char *scope);
/* The header to send, NULL for none; a token that ran out is renewed before. registry: the URL that
 * the registry is spoken to by. */
int authorizer_header(struct authorizer *authorizer, const char *registry, const char **ret_header);
/* The header was accepted. */
void authorizer_accepted(struct authorizer *authorizer);
/* Answer a 401: 1: there is another header to try; 0: nothing is left to try. */
int authorizer_answer(struct authorizer *authorizer, const char *registry,
		      const struct http *response);
/* Is something secret part of this text? */
bool authorizer_knows(const struct authorizer *authorizer, const char *text);

#endif
