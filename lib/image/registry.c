/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/registry.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "image/exchange.h"
#include "image/manifest.h"

#define TAG_MAX 128

static void want_repository(struct registry *registry)
{
	const char *repository = registry->endpoint->repository;
	autofree char *scope = NULL;

	if (repository == NULL || repository[0] == '\0')
		return;
	scope = xasprintf("repository:%s:pull%s", repository,
			  registry->access == REGISTRY_PUSH ? ",push" : "");
	authorizer_want(&registry->authorizer, scope);
}

int registry_open(const struct registry_options *options, const struct endpoint *endpoint,
		  enum registry_access access, struct registry **ret_registry)
{
	struct registry *registry = xcalloc(1, sizeof(*registry));
	int rc;

	registry->options = *options;
	/* What was given on the command line is for the registry that was named there. */
	if (endpoint->mirror)
		registry->options.creds = NULL;
	registry->endpoint = endpoint;
	registry->access = access;
	registry->insecure =
		options->tls_verify < 0 ? endpoint->insecure : options->tls_verify == 0;
	registry->base = xasprintf("https://%s", endpoint->host);
	registry->authorizer = (struct authorizer)AUTHORIZER_INIT;
	registry->authorizer.options = &registry->options;
	registry->authorizer.endpoint = endpoint;
	registry->authorizer.tls = &registry->tls;
	registry->authorizer.session = &registry->session;
	want_repository(registry);
	rc = certs_find(options->host, options->cert_dir, endpoint->host, &registry->certs);
	if (rc < 0) {
		registry_close(registry);
		return rc;
	}
	registry->tls = (struct http_tls){
		.insecure = registry->insecure,
		.ca = &registry->certs.ca,
		.cert = registry->certs.cert,
		.key = registry->certs.key,
	};
	*ret_registry = registry;
	return 0;
}

void registry_close(struct registry *registry)
{
	if (registry == NULL)
		return;
	authorizer_release(&registry->authorizer);
	http_session_release(&registry->session);
	certs_release(&registry->certs);
	free(registry->base);
	free(registry);
}

const char *registry_name(const struct registry *registry)
{
	return registry->endpoint->auth_key;
}

void registry_retry(const struct registry *registry, struct retry *ret_retry)
{
	*ret_retry = (struct retry){ .left = registry->options.retry,
				     .delay = registry->options.retry_delay };
}

/* It becomes part of a URL. */
static int check_reference(const char *reference)
{
	size_t len = strlen(reference);
	bool good = isalnum((unsigned char)reference[0]) || reference[0] == '_';

	for (size_t i = 0; i < len; i++)
		good = good && (isalnum((unsigned char)reference[i]) ||
				strchr("_.-", reference[i]) != NULL);
	if ((good && len <= TAG_MAX) || digest_is_valid(reference))
		return 0;
	return refuse("'%s' is neither a tag nor a digest", reference);
}

/* --- manifests -------------------------------------------------------------------------------- */

static void accept_manifests(struct strvec *headers)
{
	static const char *const types[] = {
		MEDIA_OCI_INDEX,
		MEDIA_OCI_MANIFEST,
		MEDIA_DOCKER_INDEX,
		MEDIA_DOCKER_MANIFEST,
	};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		strvec_pushf(headers, "Accept: %s", types[i]);
}

/* Of what it says and of what there is; algorithms that we do not compute say nothing. */
static int check_said_digest(const struct http *http, const char *digest)
{
	const char *said = http_header(http, "docker-content-digest");
	autofree char *url = NULL;

	if (said == NULL || strncmp(said, "sha256:", 7) != 0 || strcmp(said, digest) == 0)
		return 0;
	url = http_presentable(http->url);
	return refuse_with(EBADMSG, "%s: the registry says that the digest is '%s', but it is '%s'",
			   url, said, digest);
}

static char *media_type_of(const struct http *http)
{
	const char *type = http_header(http, "content-type");
	char *text = type != NULL ? xstrndup(type, strcspn(type, "; \t")) : xstrdup("");

	for (char *c = text; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	return text;
}

int registry_get_manifest(struct registry *registry, const char *reference, struct buf *ret_text,
			  char **ret_type, char *ret_digest)
{
	autofree char *path = exchange_path(registry, "manifests/%s", reference);
	AUTO(strvec) headers = STRVEC_INIT;
	AUTO(http) http = HTTP_INIT;
	AUTO(buf) text = BUF_INIT;
	char digest[DIGEST_TEXT_SIZE];
	autofree char *url = NULL;

	TRY(check_reference(reference));
	accept_manifests(&headers);
	TRY(exchange_read(registry, path, &headers, MAX_MANIFEST, &text, &http));
	TRY(digest_of(text.data, text.len, digest));
	if (digest_is_valid(reference) && strcmp(reference, digest) != 0) {
		url = http_presentable(http.url);
		return refuse_with(EBADMSG, "%s: what came has the digest '%s'", url, digest);
	}
	TRY(check_said_digest(&http, digest));
	buf_add(ret_text, text.data, text.len);
	*ret_type = media_type_of(&http);
	memcpy(ret_digest, digest, sizeof(digest));
	return 0;
}

int registry_head_manifest(struct registry *registry, const char *reference, char *ret_digest)
{
	autofree char *path = exchange_path(registry, "manifests/%s", reference);
	AUTO(strvec) headers = STRVEC_INIT;
	const struct exchange exchange = { .method = "HEAD", .path = path, .headers = &headers };
	AUTO(http) http = HTTP_INIT;
	const char *digest;

	TRY(check_reference(reference));
	accept_manifests(&headers);
	TRY(exchange_open(registry, &exchange, &http));
	if (http.status == 405)
		return 0;
	if (http.status != 200)
		return exchange_refuse(registry, &http);
	digest = http_header(&http, "docker-content-digest");
	if (digest == NULL || !digest_is_valid(digest))
		return 0;
	memcpy(ret_digest, digest, DIGEST_TEXT_SIZE);
	return 1;
}

/* It may be another one by now, if somebody else puts one there; but there is one. */
static int check_kept(struct registry *registry, const char *reference, const struct http *put)
{
	char digest[DIGEST_TEXT_SIZE];
	autofree char *url = NULL;
	int rc = registry_head_manifest(registry, reference, digest);

	if (rc != -ENOENT) {
		err_clear();
		return 0;
	}
	url = http_presentable(put->url);
	return refuse_with(EPROTO, "%s: the registry took the manifest, and does not have it", url);
}

int registry_put_manifest(struct registry *registry, const char *reference, const char *type,
			  const struct buf *text)
{
	autofree char *path = exchange_path(registry, "manifests/%s", reference);
	AUTO(strvec) headers = STRVEC_INIT;
	const struct exchange exchange = {
		.method = "PUT",
		.path = path,
		.headers = &headers,
		.body = text->data,
		.body_size = text->len,
	};
	AUTO(http) http = HTTP_INIT;
	char digest[DIGEST_TEXT_SIZE];

	TRY(check_reference(reference));
	TRY(digest_of(text->data, text->len, digest));
	if (digest_is_valid(reference) && strcmp(reference, digest) != 0)
		return refuse("the manifest has the digest '%s', not '%s'", digest, reference);
	strvec_pushf(&headers, "Content-Type: %s", type);
	TRY(exchange_open(registry, &exchange, &http));
	if (http.status < 200 || http.status > 202)
		return exchange_refuse(registry, &http);
	TRY(check_said_digest(&http, digest));
	return check_kept(registry, reference, &http);
}

/* --- blobs ------------------------------------------------------------------------------------ */

/* "bytes FIRST-LAST/SIZE": does it begin where it was asked for? */
static bool begins_at(const struct http *http, uint64_t offset)
{
	const char *range = http_header(http, "content-range");
	autofree char *wanted = xasprintf("bytes %llu-", (unsigned long long)offset);

	return range != NULL && strncmp(range, wanted, strlen(wanted)) == 0;
}

static int open_blob(struct registry *registry, const char *path, uint64_t offset,
		     struct http *ret_http)
{
	AUTO(strvec) headers = STRVEC_INIT;
	const struct exchange exchange = { .method = "GET", .path = path, .headers = &headers };

	strvec_push(&headers, "Accept: */*");
	if (offset > 0)
		strvec_pushf(&headers, "Range: bytes=%llu-", (unsigned long long)offset);
	return exchange_open(registry, &exchange, ret_http);
}

int registry_get_blob(struct registry *registry, const char *digest, uint64_t offset,
		      struct http *ret_http, uint64_t *ret_offset)
{
	autofree char *path = exchange_path(registry, "blobs/%s", digest);
	AUTO(http) http = HTTP_INIT;
	autofree char *url = NULL;

	if (!digest_is_valid(digest))
		return refuse("'%s' is no digest", digest);
	TRY(open_blob(registry, path, offset, &http));
	/* What is there is not as long as it was believed to be: begin anew. */
	if (http.status == 416 && offset > 0) {
		http_release(&http);
		offset = 0;
		TRY(open_blob(registry, path, offset, &http));
	}
	if (http.status == 206 && (offset == 0 || !begins_at(&http, offset))) {
		url = http_presentable(http.url);
		return refuse_with(EPROTO, "%s: another range came than was asked for", url);
	}
	if (http.status != 200 && http.status != 206)
		return exchange_refuse(registry, &http);
	*ret_offset = http.status == 206 ? offset : 0;
	*ret_http = http;
	http = (struct http)HTTP_INIT;
	return 0;
}

int registry_has_blob(struct registry *registry, const char *digest)
{
	autofree char *path = exchange_path(registry, "blobs/%s", digest);
	const struct exchange exchange = { .method = "HEAD", .path = path };
	AUTO(http) http = HTTP_INIT;

	if (!digest_is_valid(digest))
		return refuse("'%s' is no digest", digest);
	TRY(exchange_open(registry, &exchange, &http));
	if (http.status == 200)
		return 1;
	return http.status == 404 ? 0 : exchange_refuse(registry, &http);
}

int registry_ping(struct registry *registry)
{
	const struct exchange exchange = { .method = "GET", .path = "/v2/" };
	AUTO(http) http = HTTP_INIT;

	return exchange_get(registry, &exchange, &http);
}
