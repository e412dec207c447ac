/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/transfer.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"

#define RECEIVE_SIZE (256L << 10) /* asked of the kernel at a time */
#define CONNECT_SECONDS 30L

struct setup {
	struct transfer *t;
	CURLcode code; /* the first that failed */
};

static void set_long(struct setup *s, CURLoption option, long value)
{
	if (s->code == CURLE_OK)
		s->code = curl.easy_setopt(s->t->easy, option, value);
}

static void set_pointer(struct setup *s, CURLoption option, const void *value)
{
	if (s->code == CURLE_OK)
		s->code = curl.easy_setopt(s->t->easy, option, value);
}

static void set_size(struct setup *s, CURLoption option, uint64_t value)
{
	curl_off_t size = value == UINT64_MAX ? -1 : (curl_off_t)value;

	if (s->code == CURLE_OK)
		s->code = curl.easy_setopt(s->t->easy, option, size);
}

static int add_certificates(const char *path, struct buf *out)
{
	size_t at = out->len;

	TRY(fs_read_file(AT_FDCWD, path, MAX_CERTIFICATES, out));
	if (strstr(out->data + at, "-----BEGIN ") == NULL)
		return refuse("'%s' has no certificate in the PEM format", path);
	buf_add_char(out, '\n');
	return 0;
}

/* The system's authorities, one file each, called by their hash: libcurl knows where that is, but
 * not whether anybody has filled it. */
static const char *hashed_directory(const curl_version_info_data *version)
{
	const char *path = version->age >= CURLVERSION_SEVENTH ? version->capath : NULL;
	autodir DIR *dir = path != NULL ? opendir(path) : NULL;
	const struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (strspn(entry->d_name, "0123456789abcdef") == 8 &&
		    strcmp(entry->d_name + 8, ".0") == 0)
			return path;
	return NULL;
}

bool transfer_can_be_quick(void)
{
	return hashed_directory(curl.version(CURLVERSION_NOW)) != NULL;
}

/*
 * The bundle of the system's authorities takes tens of milliseconds to parse, a directory by hashes
 * nothing. A list that is given takes the place of the bundle, not of the directory.
 */
static int set_authorities(struct setup *s, const struct strvec *files)
{
	const curl_version_info_data *version = curl.version(CURLVERSION_NOW);
	const char *bundle = version->age >= CURLVERSION_SEVENTH ? version->cainfo : NULL;
	size_t n = files != NULL ? files->n : 0;
	AUTO(buf) pem = BUF_INIT;
	struct curl_blob blob;

	if (s->t->quick)
		set_pointer(s, CURLOPT_CAINFO, NULL);
	else if (n > 0 && bundle != NULL && access(bundle, R_OK) == 0)
		TRY(add_certificates(bundle, &pem));
	if (n == 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		TRY(add_certificates(files->v[i], &pem));
	blob = (struct curl_blob){ .data = pem.data, .len = pem.len, .flags = CURL_BLOB_COPY };
	set_pointer(s, CURLOPT_CAINFO_BLOB, &blob);
	return 0;
}

static int set_tls(struct setup *s, const struct http_tls *tls, bool trusted)
{
	set_long(s, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	if (tls != NULL && tls->insecure) {
		set_long(s, CURLOPT_SSL_VERIFYPEER, 0);
		set_long(s, CURLOPT_SSL_VERIFYHOST, 0);
		set_pointer(s, CURLOPT_CAINFO, NULL);
		set_pointer(s, CURLOPT_CAPATH, NULL);
	} else {
		TRY(set_authorities(s, tls != NULL ? tls->ca : NULL));
	}
	if (tls == NULL || tls->cert == NULL || !trusted)
		return 0;
	set_pointer(s, CURLOPT_SSLCERT, tls->cert);
	if (tls->key != NULL)
		set_pointer(s, CURLOPT_SSLKEY, tls->key);
	return 0;
}

/* A token comes from a server; a line break in it would be a header of its own. */
static int add_line(struct setup *s, const char *name, const char *value)
{
	autofree char *line = xasprintf("%s%s", name, value);

	for (const char *c = line; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return refuse_with(EPROTO,
					   "%s: a header of the request would have a control "
					   "character in it",
					   s->t->name);
	s->t->lines = curl.slist_append(s->t->lines, line);
	explicit_bzero(line, strlen(line));
	if (s->t->lines == NULL)
		out_of_memory();
	return 0;
}

static int set_headers(struct setup *s, const struct http_request *request, bool trusted)
{
	/* Waiting for the server's leave costs a round trip, or a second where it knows nothing of
	 * it. */
	TRY(add_line(s, "Expect:", ""));
	if (trusted && request->authorization != NULL)
		TRY(add_line(s, "Authorization: ", request->authorization));
	for (size_t i = 0; request->headers != NULL && i < request->headers->n; i++)
		TRY(add_line(s, "", request->headers->v[i]));
	set_pointer(s, CURLOPT_HTTPHEADER, s->t->lines);
	/* They are the server's, not a proxy's. */
	set_long(s, CURLOPT_HEADEROPT, CURLHEADER_SEPARATE);
	set_long(s, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1);
	return 0;
}

static void set_method(struct setup *s, const struct http_request *request)
{
	const char *method = request->method;
	bool carries = strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
		       strcmp(method, "PATCH") == 0;

	if (strcmp(method, "HEAD") == 0)
		set_long(s, CURLOPT_NOBODY, 1);
	else if (strcmp(method, "GET") != 0)
		set_pointer(s, CURLOPT_CUSTOMREQUEST, method);
	if (!carries)
		return;
	set_long(s, CURLOPT_UPLOAD, 1);
	set_size(s, CURLOPT_INFILESIZE_LARGE, request->body_size);
	set_long(s, CURLOPT_UPLOAD_BUFFERSIZE, RECEIVE_SIZE);
	if (s->code == CURLE_OK)
		s->code = curl.easy_setopt(s->t->easy, CURLOPT_READFUNCTION, transfer_on_send);
	set_pointer(s, CURLOPT_READDATA, s->t);
	if (s->code == CURLE_OK)
		s->code = curl.easy_setopt(s->t->easy, CURLOPT_SEEKFUNCTION, transfer_on_seek);
	set_pointer(s, CURLOPT_SEEKDATA, s->t);
}

static void set_callbacks(struct setup *s)
{
	CURL *easy = s->t->easy;

	set_pointer(s, CURLOPT_PRIVATE, s->t);
	set_pointer(s, CURLOPT_HEADERDATA, s->t);
	set_pointer(s, CURLOPT_WRITEDATA, s->t);
	set_pointer(s, CURLOPT_PREREQDATA, s->t);
	set_pointer(s, CURLOPT_OPENSOCKETDATA, s->t);
	set_pointer(s, CURLOPT_ERRORBUFFER, s->t->text);
	if (s->code == CURLE_OK)
		s->code = curl.easy_setopt(easy, CURLOPT_HEADERFUNCTION, transfer_on_header);
	if (s->code == CURLE_OK)
		s->code = curl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, transfer_on_body);
	if (s->code == CURLE_OK)
		s->code = curl.easy_setopt(easy, CURLOPT_PREREQFUNCTION, transfer_on_connected);
	if (s->code == CURLE_OK)
		s->code = curl.easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, transfer_on_socket);
}

int transfer_set_options(struct transfer *t, const char *url, bool trusted)
{
	struct setup s = { .t = t };

	set_pointer(&s, CURLOPT_URL, url);
	set_pointer(&s, CURLOPT_PROTOCOLS_STR, "http,https");
	set_pointer(&s, CURLOPT_USERAGENT, "berth/" BERTH_VERSION);
	set_long(&s, CURLOPT_FOLLOWLOCATION, 0);
	set_long(&s, CURLOPT_NETRC, CURL_NETRC_IGNORED);
	set_long(&s, CURLOPT_HTTP_CONTENT_DECODING, 0);
	set_long(&s, CURLOPT_NOSIGNAL, 1);
	set_long(&s, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	set_long(&s, CURLOPT_TCP_KEEPALIVE, 1);
	set_long(&s, CURLOPT_BUFFERSIZE, RECEIVE_SIZE);
	set_callbacks(&s);
	set_method(&s, &t->request);
	TRY(set_headers(&s, &t->request, trusted));
	TRY(set_tls(&s, t->request.tls, trusted));
	return s.code == CURLE_OK ? 0 : curl_report(t->easy, s.code, t->name, t->text);
}
