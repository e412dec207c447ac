/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/transfer.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"

#define SLOW_BYTES 100  /* a second */
#define SLOW_SECONDS 30 /* for so long, and the server is given up */
/* A registry may have to copy a large upload before it answers. */
#define ANSWER_SECONDS 300
#define POLL_MSEC 1000

static int report(const struct transfer *t)
{
	return t->rc < 0 ? t->rc : curl_report(t->easy, t->result, t->name, t->text);
}

/* Several transfers of a session share the handle; whoever drives it collects for all. */
static void collect(CURLM *multi)
{
	CURLMsg *message;
	int left;

	while ((message = curl.multi_info(multi, &left)) != NULL) {
		struct transfer *t = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		(void)curl.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		t->ended = true;
		t->result = message->data.result;
	}
}

static int drive(struct transfer *t)
{
	struct sigpipe held;
	CURLMcode rc;
	int running;

	sigpipe_hold(&held);
	if (t->paused && t->rest_len == 0) {
		t->paused = false;
		(void)curl.easy_pause(t->easy, CURLPAUSE_CONT);
	}
	rc = curl.multi_perform(t->multi, &running);
	sigpipe_restore(&held);
	if (rc == CURLM_OUT_OF_MEMORY)
		out_of_memory();
	if (rc != CURLM_OK)
		return refuse_with(EIO, "%s: libcurl failed (%d)", t->name, (int)rc);
	collect(t->multi);
	return 0;
}

static uint64_t now_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static int check_pace(struct transfer *t)
{
	bool sent = t->request.body_size > 0 && t->sent > 0 && !t->answered;
	uint64_t seconds = sent ? ANSWER_SECONDS : SLOW_SECONDS;

	/* libcurl has its own limit for the time until then. */
	if (!t->connected || t->moved >= SLOW_BYTES * SLOW_SECONDS) {
		t->waited = 0;
		t->moved = 0;
	}
	if (t->waited < seconds * 1000000)
		return 0;
	return refuse_with(ETIMEDOUT, "%s: the server was silent, or nearly so, for %llu seconds",
			   t->name, (unsigned long long)seconds);
}

/* Only the time that is spent waiting counts, not what the reader does between two reads. */
static int wait_network(struct transfer *t)
{
	uint64_t start = now_usec();

	(void)curl.multi_poll(t->multi, NULL, 0, POLL_MSEC, NULL);
	t->waited += now_usec() - start;
	return check_pace(t);
}

/* Connections are shared with a process that forked: it has to make its own, and may not even
 * close those. */
static CURLM *multi_of(struct http_session *session)
{
	CURLM *multi;

	if (session != NULL && session->state != NULL && session->pid == getpid())
		return session->state;
	multi = curl.multi_init();
	if (multi == NULL)
		out_of_memory();
	if (session != NULL) {
		session->state = multi;
		session->pid = getpid();
	}
	return multi;
}

static int await_answer(struct transfer *t)
{
	for (;;) {
		TRY(drive(t));
		if (t->rc < 0)
			return t->rc;
		/* What is wrong with the body is told to who reads it. */
		if (t->answered)
			return 0;
		if (t->ended && t->result != CURLE_OK)
			return report(t);
		if (t->ended)
			return refuse_with(EPROTO, "%s: the answer has no header", t->name);
		TRY(wait_network(t));
	}
}

static int attempt(const struct http_request *request, const char *url, bool trusted, bool quick,
		   struct transfer **ret_transfer)
{
	struct transfer *t = xcalloc(1, sizeof(*t));
	int rc;

	t->request = *request;
	t->session = request->session;
	t->quick = quick;
	t->name = http_presentable(url);
	t->easy = curl.easy_init();
	if (t->easy == NULL)
		out_of_memory();
	t->multi = multi_of(t->session);
	rc = transfer_set_options(t, url, trusted);
	if (rc >= 0 && curl.multi_add(t->multi, t->easy) != CURLM_OK)
		rc = refuse_with(EIO, "%s: libcurl failed", t->name);
	if (rc >= 0)
		rc = await_answer(t);
	if (rc < 0)
		transfer_free(t);
	else
		*ret_transfer = t;
	return rc;
}

int transfer_open(const struct http_request *request, const char *url, bool trusted,
		  struct transfer **ret_transfer)
{
	bool quick;
	int rc;

	TRY(curl_load());
	quick = strncmp(url, "https:", 6) == 0 && transfer_can_be_quick();
	rc = attempt(request, url, trusted, quick, ret_transfer);
	/* The directory may lag behind the bundle. Nothing of the request was sent yet. */
	if (rc == -EKEYREJECTED && quick) {
		err_clear();
		rc = attempt(request, url, trusted, false, ret_transfer);
	}
	return rc;
}

uint64_t transfer_length(const struct transfer *transfer)
{
	curl_off_t length = -1;

	(void)curl.easy_getinfo(transfer->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	return length < 0 ? UINT64_MAX : (uint64_t)length;
}

static size_t take_rest(struct transfer *t, void *bytes, size_t size)
{
	size_t n = size < t->rest_len ? size : t->rest_len;

	memcpy(bytes, t->rest + t->rest_at, n);
	t->rest_at += n;
	t->rest_len -= n;
	return n;
}

static int await_body(struct transfer *t)
{
	while (t->got == 0 && !t->ended) {
		TRY(drive(t));
		if (t->rc < 0)
			return t->rc;
		if (t->got == 0 && !t->ended)
			TRY(wait_network(t));
	}
	return 0;
}

ssize_t transfer_read(struct transfer *t, void *bytes, size_t size)
{
	int rc;

	if (size == 0)
		return 0;
	if (t->rest_len > 0)
		return (ssize_t)take_rest(t, bytes, size);
	t->out = bytes;
	t->room = size;
	t->got = 0;
	rc = await_body(t);
	t->out = NULL;
	t->room = 0;
	size = t->got;
	t->got = 0;
	/* What came before an error is given out first. */
	if (size > 0)
		return (ssize_t)size;
	TRY(rc);
	return t->result == CURLE_OK ? 0 : report(t);
}

void transfer_free(struct transfer *t)
{
	struct sigpipe held;

	if (t == NULL)
		return;
	sigpipe_hold(&held);
	(void)curl.multi_remove(t->multi, t->easy);
	curl.easy_cleanup(t->easy);
	if (t->session == NULL)
		(void)curl.multi_cleanup(t->multi);
	sigpipe_restore(&held);
	for (struct curl_slist *line = t->lines; line != NULL; line = line->next)
		explicit_bzero(line->data, strlen(line->data));
	curl.slist_free(t->lines);
	strvec_release(&t->headers);
	free(t->rest);
	free(t->name);
	free(t);
}

void http_session_release(struct http_session *session)
{
	struct sigpipe held;

	sigpipe_hold(&held);
	if (session->state != NULL && session->pid == getpid())
		(void)curl.multi_cleanup(session->state);
	sigpipe_restore(&held);
	session->state = NULL;
}
