/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_TRANSFER_H
#define BERTH_BASE_TRANSFER_H

#include "base/curl.h"
#include "base/http.h"

/*
 * One request and its response through libcurl, for base/http alone: no redirect is followed, no
 * status means anything. The body is pulled: libcurl is driven by who reads; what it hands over
 * beyond that is kept, one piece at the most, and then the transfer pauses.
 */
struct transfer {
	CURL *easy;
	CURLM *multi;
	struct http_session *session; /* that the multi handle belongs to; NULL: ours */
	struct curl_slist *lines;     /* of the request's header */
	struct http_request request;  /* pointers are good until it is answered */
	bool quick;                   /* do without the bundle of the system's authorities */
	char *name;                   /* of the URL, for messages */

	/* The response. */
	int status;
	struct strvec headers;
	size_t header_bytes;
	bool connected, answered, ended, paused;
	CURLcode result; /* once ended */
	int rc;          /* of a callback, with the error recorded */

	/* The reader's memory, while he waits; then what came beyond it. */
	unsigned char *out;
	size_t room, got;
	unsigned char *rest;
	size_t rest_at, rest_len, rest_cap;

	/* The body to be sent. */
	uint64_t sent;

	/* How long we waited for the network, and how much it moved meanwhile. */
	uint64_t waited, moved;
	char text[CURL_ERROR_SIZE];
};

/*
 * Send the request to `url` instead of its own, and receive the headers. Only with `trusted` are
 * the request's credential and client certificate part of it.
 */
int transfer_open(const struct http_request *request, const char *url, bool trusted,
		  struct transfer **ret_transfer);
/* Content-Length; UINT64_MAX where it was not said. */
uint64_t transfer_length(const struct transfer *transfer);
/* As http_read(). */
ssize_t transfer_read(struct transfer *transfer, void *bytes, size_t size);
/* NULL is fine. */
void transfer_free(struct transfer *transfer);

/* Are the system's authorities to be found without reading all of them (transferoptions.c)? */
bool transfer_can_be_quick(void);
/* Tell the handle all about the request (transferoptions.c). */
int transfer_set_options(struct transfer *transfer, const char *url, bool trusted);

/* Callbacks of libcurl: an error is recorded in `rc`, and stops the transfer (transferbody.c). */
size_t transfer_on_header(char *bytes, size_t size, size_t n, void *arg);
size_t transfer_on_body(char *bytes, size_t size, size_t n, void *arg);
size_t transfer_on_send(char *bytes, size_t size, size_t n, void *arg);
int transfer_on_seek(void *arg, curl_off_t offset, int origin);
int transfer_on_connected(void *arg, char *address, char *own, int port, int own_port);
curl_socket_t transfer_on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address);

#endif
