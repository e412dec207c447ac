/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_EXCHANGE_H
#define BERTH_IMAGE_EXCHANGE_H

#include "image/authorizer.h"
#include "image/registry.h"

/*
 * One request to a registry and its answer, with all that stands between: the choice of https or
 * http, challenges, further tries. For the files registry*.c alone.
 */
struct registry {
	struct registry_options options;
	const struct endpoint *endpoint;
	enum registry_access access;
	char *base;    /* "https://HOST": as it answered, or will be asked first */
	bool settled;  /* it answered */
	bool insecure; /* http will do, and a certificate is not verified */
	struct certs certs;
	struct http_tls tls;
	struct http_session session;
	struct authorizer authorizer;
};

struct exchange {
	const char *method;
	const char *path; /* "/v2/...", or a URL */
	const struct strvec *headers;
	/* As in base/http. What a source gave cannot be given again: then there is one try. */
	const void *body;
	stream_source source;
	void *arg;
	uint64_t body_size;
};

/* "/v2/REPOSITORY/" and the rest; to be freed. */
char *exchange_path(const struct registry *registry, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Any status is a success, but a 401 only where nothing was left to answer it. */
int exchange_open(struct registry *registry, const struct exchange *exchange,
		  struct http *ret_http);
/* Record what a status means, with what the body says; the errno of image/registry.h, negative. */
int exchange_refuse(struct registry *registry, struct http *http);
/* The same as exchange_open() where the status is 200, otherwise refused. */
int exchange_get(struct registry *registry, const struct exchange *exchange, struct http *ret_http);
/* The body of a GET of a path that answers with 200, appended to out. ret_http: its headers, NULL:
 * not wanted. */
int exchange_read(struct registry *registry, const char *path, const struct strvec *headers,
		  size_t max, struct buf *out, struct http *ret_http);

#endif
