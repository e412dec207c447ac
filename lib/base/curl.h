/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_CURL_H
#define BERTH_BASE_CURL_H

#include <curl/curl.h>
#include <signal.h>
#include <stdbool.h>

/*
 * libcurl, loaded when first needed, for base/transfer and the URLs of base/http. Its functions are
 * called as curl.easy_init() once curl_load() was good.
 */
struct curl_library {
	CURLcode (*global_init)(long);
	CURL *(*easy_init)(void);
	CURLcode (*easy_setopt)(CURL *, CURLoption, ...);
	CURLcode (*easy_getinfo)(CURL *, CURLINFO, ...);
	CURLcode (*easy_pause)(CURL *, int);
	void (*easy_cleanup)(CURL *);
	const char *(*easy_strerror)(CURLcode);
	CURLM *(*multi_init)(void);
	CURLMcode (*multi_add)(CURLM *, CURL *);
	CURLMcode (*multi_remove)(CURLM *, CURL *);
	CURLMcode (*multi_perform)(CURLM *, int *);
	CURLMcode (*multi_poll)(CURLM *, struct curl_waitfd *, unsigned int, int, int *);
	CURLMsg *(*multi_info)(CURLM *, int *);
	CURLMcode (*multi_cleanup)(CURLM *);
	struct curl_slist *(*slist_append)(struct curl_slist *, const char *);
	void (*slist_free)(struct curl_slist *);
	curl_version_info_data *(*version)(CURLversion);
	CURLU *(*url)(void);
	void (*url_cleanup)(CURLU *);
	CURLUcode (*url_get)(const CURLU *, CURLUPart, char **, unsigned int);
	CURLUcode (*url_set)(CURLU *, CURLUPart, const char *, unsigned int);
	void (*free)(void *);
	time_t (*getdate)(const char *, const time_t *);
};

extern struct curl_library curl;

int curl_load(void);
/* Record what a code means: the errno that base/http.h promises, and a text that begins with
 * `name`. easy: the handle that failed; text: of its error buffer, which may be empty. */
int curl_report(CURL *easy, CURLcode code, const char *name, const char *text);

/*
 * Libraries for TLS write to sockets without MSG_NOSIGNAL. Between these two a SIGPIPE is held
 * back, and then forgotten, unless it was there before.
 */
struct sigpipe {
	sigset_t only, before;
	bool pending;
};

void sigpipe_hold(struct sigpipe *held);
void sigpipe_restore(const struct sigpipe *held);

#endif
