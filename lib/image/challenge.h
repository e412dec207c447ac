/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_CHALLENGE_H
#define BERTH_IMAGE_CHALLENGE_H

#include "base/http.h"

/*
 * How a registry wants to be convinced: the WWW-Authenticate headers of a 401, RFC 9110 section
 * 11.6.1. Bearer (docker's token authentication) is preferred to Basic; what is offered besides is
 * passed over.
 */
enum challenge_scheme {
	CHALLENGE_NONE,
	CHALLENGE_BASIC,
	CHALLENGE_BEARER,
};

struct challenge {
	enum challenge_scheme scheme;
	char *realm, *service, *scope; /* of Bearer; NULL: not said */
};

/* The best of the headers of a response. */
void challenge_read(const struct http *http, struct challenge *ret_challenge);
void challenge_release(struct challenge *challenge);

#endif
