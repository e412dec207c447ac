/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/curl.h"

#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/late.h"

struct curl_library curl;

static const struct late_symbol symbols[] = {
	{ "curl_global_init", &curl.global_init },
	{ "curl_easy_init", &curl.easy_init },
	{ "curl_easy_setopt", &curl.easy_setopt },
	{ "curl_easy_getinfo", &curl.easy_getinfo },
	{ "curl_easy_pause", &curl.easy_pause },
	{ "curl_easy_cleanup", &curl.easy_cleanup },
	{ "curl_easy_strerror", &curl.easy_strerror },
	{ "curl_multi_init", &curl.multi_init },
	{ "curl_multi_add_handle", &curl.multi_add },
	{ "curl_multi_remove_handle", &curl.multi_remove },
	{ "curl_multi_perform", &curl.multi_perform },
	{ "curl_multi_poll", &curl.multi_poll },
	{ "curl_multi_info_read", &curl.multi_info },
	{ "curl_multi_cleanup", &curl.multi_cleanup },
	{ "curl_slist_append", &curl.slist_append },
	{ "curl_slist_free_all", &curl.slist_free },
	{ "curl_version_info", &curl.version },
	{ "curl_url", &curl.url },
	{ "curl_url_cleanup", &curl.url_cleanup },
	{ "curl_url_get", &curl.url_get },
	{ "curl_url_set", &curl.url_set },
	{ "curl_free", &curl.free },
	{ "curl_getdate", &curl.getdate },
};

int curl_load(void)
{
	return late_load("libcurl.so.4", symbols, ARRAY_SIZE(symbols));
}

static const struct failure {
	CURLcode code;
	int err;
	const char *text;
} failures[] = {
	{ CURLE_UNSUPPORTED_PROTOCOL, EPROTO, "not allowed" },
	{ CURLE_URL_MALFORMAT, EPROTO, "no URL" },
	{ CURLE_COULDNT_RESOLVE_PROXY, EHOSTUNREACH, "the name of the proxy cannot be resolved" },
	{ CURLE_COULDNT_RESOLVE_HOST, EHOSTUNREACH, "the name of the host cannot be resolved" },
	{ CURLE_COULDNT_CONNECT, EHOSTUNREACH, "cannot connect" },
	{ CURLE_OPERATION_TIMEDOUT, ETIMEDOUT, "no answer in time" },
	{ CURLE_SSL_CONNECT_ERROR, EPROTO, "TLS failed" },
	{ CURLE_SSL_CIPHER, EPROTO, "TLS failed" },
	{ CURLE_SSL_CERTPROBLEM, EPROTO, "the client's certificate is not usable" },
	{ CURLE_SSL_CACERT_BADFILE, EPROTO, "the trusted certificates cannot be read" },
	{ CURLE_PEER_FAILED_VERIFICATION, EKEYREJECTED, "the certificate cannot be verified" },
	{ CURLE_SSL_ISSUER_ERROR, EKEYREJECTED, "the certificate cannot be verified" },
	{ CURLE_PARTIAL_FILE, ECONNRESET, "the connection ended too early" },
	{ CURLE_GOT_NOTHING, ECONNRESET, "the connection ended without an answer" },
	{ CURLE_SEND_ERROR, ECONNRESET, "the connection broke off" },
	{ CURLE_RECV_ERROR, ECONNRESET, "the connection broke off" },
	{ CURLE_SEND_FAIL_REWIND, ECONNRESET, "the connection broke off" },
	{ CURLE_HTTP2, ECONNRESET, "the connection broke off" },
	{ CURLE_HTTP2_STREAM, ECONNRESET, "the connection broke off" },
	/* What memory really runs out for ends us elsewhere (base/alloc): so libcurl calls a
	 * header beyond its limits. */
	{ CURLE_OUT_OF_MEMORY, EPROTO, "a header is too long" },
	{ CURLE_OK, EPROTO, "the exchange failed" },
};

/* What connect(2) said, and what else is worth another try. */
static int refine(int err, CURLcode code, long os)
{
	if (code == CURLE_COULDNT_CONNECT && (os == ECONNREFUSED || os == ETIMEDOUT))
		return (int)os;
	if (code == CURLE_SSL_CONNECT_ERROR && os == ECONNRESET)
		return ECONNRESET;
	return err;
}

int curl_report(CURL *easy, CURLcode code, const char *name, const char *text)
{
	const struct failure *failure = failures;
	long os = 0;

	while (failure->code != CURLE_OK && failure->code != code)
		failure++;
	(void)curl.easy_getinfo(easy, CURLINFO_OS_ERRNO, &os);
	/* A proxy that it cannot use it repeats with its user and password. */
	if (text[0] == '\0' || strchr(text, '@') != NULL)
		text = curl.easy_strerror(code);
	return refuse_with(refine(failure->err, code, os), "%s: %s: %s", name, failure->text, text);
}

void sigpipe_hold(struct sigpipe *held)
{
	sigset_t pending;

	sigemptyset(&held->only);
	sigaddset(&held->only, SIGPIPE);
	sigpending(&pending);
	held->pending = sigismember(&pending, SIGPIPE) == 1;
	pthread_sigmask(SIG_BLOCK, &held->only, &held->before);
}

void sigpipe_restore(const struct sigpipe *held)
{
	const struct timespec now = { 0 };

	while (!held->pending && sigtimedwait(&held->only, NULL, &now) < 0 && errno == EINTR)
		;
	pthread_sigmask(SIG_SETMASK, &held->before, NULL);
}
