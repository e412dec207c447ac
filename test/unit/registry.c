/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/registry.h"

#include "place.h"

/* --- manifests -------------------------------------------------------------------------------- */

static void manifests(void **state)
{
	AUTO(place) place = { .registry = NULL };
	struct registry *registry = open_at(&place, PLAIN, "plain", NULL, REGISTRY_PULL);
	AUTO(buf) text = BUF_INIT;
	char digest[DIGEST_TEXT_SIZE], wanted[DIGEST_TEXT_SIZE];
	autofree char *type = NULL;

	assert_int_equal(digest_of("{\"schemaVersion\":2}", 19, wanted), 0);
	assert_int_equal(registry_get_manifest(registry, "latest", &text, &type, digest), 0);
	assert_string_equal(text.data, "{\"schemaVersion\":2}");
	assert_string_equal(type, "application/vnd.test+json");
	assert_string_equal(digest, wanted);
	assert_int_equal(registry_head_manifest(registry, "latest", digest), 1);
	assert_string_equal(digest, wanted);
	/* By another digest than it has. */
	free(steal(type));
	assert_int_equal(registry_get_manifest(registry, "sha256:" ZEROS, &text, &type, digest),
			 -EBADMSG);
	assert_null(type);
	assert_int_equal(text.len, 19);
	assert_string_equal(registry_name(registry), place.endpoint.auth_key);
}

static void manifests_refused(void **state)
{
	static const char *const references[] = { "",
						  "a/b",
						  "..",
						  "-x",
						  "a b",
						  "a?b",
						  "a%2f",
						  "sha256:0",
						  "sha256:" ZEROS "0",
						  "SHA256:" ZEROS,
						  "md5:d41d8cd98f00b204e9800998ecf8427e" };
	AUTO(place) place = { .registry = NULL };
	struct registry *registry = open_at(&place, PLAIN, "plain", NULL, REGISTRY_PULL);
	AUTO(buf) text = BUF_INIT, log = BUF_INIT;
	char digest[DIGEST_TEXT_SIZE];
	autofree char *type = NULL;

	read_log(&log);
	for (size_t i = 0; i < ARRAY_SIZE(references); i++)
		assert_int_equal(
			registry_get_manifest(registry, references[i], &text, &type, digest),
			-EINVAL);
	read_log(&log);
	assert_int_equal(log.len, 1);
	assert_int_equal(pull(PLAIN, "wrong", NULL), -EBADMSG);
	assert_int_equal(pull(PLAIN, "large", NULL), -EFBIG);
	assert_int_equal(pull(PLAIN, "mute", NULL), 0);
	assert_int_equal(pull(PLAIN, "away", NULL), 0);
}

static void head_without_digest(void **state)
{
	AUTO(place) place = { .registry = NULL };
	struct registry *registry = open_at(&place, PLAIN, "mute", NULL, REGISTRY_PULL);
	char digest[DIGEST_TEXT_SIZE] = "";

	assert_int_equal(registry_head_manifest(registry, "latest", digest), 0);
	assert_string_equal(digest, "");
}

/* --- blobs ------------------------------------------------------------------------------------ */

/* The bytes of a blob from where they come. */
static int read_blob(const char *repository, uint64_t offset, struct buf *out, uint64_t *ret_offset)
{
	AUTO(place) place = { .registry = NULL };
	AUTO(http) http = HTTP_INIT;

	buf_clear(out);
	TRY(registry_get_blob(open_at(&place, PLAIN, repository, NULL, REGISTRY_PULL),
			      "sha256:" ZEROS, offset, &http, ret_offset));
	TRY(http_read_all(&http, 1UL << 20, out));
	http_release(&http);
	return 0;
}

static void ranges(void **state)
{
	AUTO(buf) all = BUF_INIT, part = BUF_INIT;
	uint64_t offset;

	assert_int_equal(read_blob("ranges", 0, &all, &offset), 0);
	assert_int_equal(offset, 0);
	assert_int_equal(all.len, 100000);
	assert_int_equal(read_blob("ranges", 60000, &part, &offset), 0);
	assert_int_equal(offset, 60000);
	assert_int_equal(part.len, 40000);
	assert_memory_equal(part.data, all.data + 60000, 40000);
	assert_int_equal(read_blob("ranges", 100000, &part, &offset), 0);
	assert_int_equal(offset, 0);
	assert_int_equal(part.len, 100000);
	assert_int_equal(read_blob("no-ranges", 60000, &part, &offset), 0);
	assert_int_equal(offset, 0);
	assert_int_equal(part.len, 100000);
	assert_int_equal(read_blob("wrong-range", 60000, &part, &offset), -EPROTO);
	assert_int_equal(read_blob("wrong-range", 0, &part, &offset), -EPROTO);
}

struct bytes {
	size_t left, all;
	int rewound;
};

static ssize_t give(void *arg, void *bytes, size_t size)
{
	struct bytes *b = arg;

	size = size > b->left ? b->left : size;
	memset(bytes, 'x', size);
	b->left -= size;
	return (ssize_t)size;
}

static int rewind_bytes(void *arg)
{
	struct bytes *b = arg;

	b->left = b->all;
	b->rewound++;
	return 0;
}

/* 300,000 times 'x'. */
#define UPLOAD_SIZE 300000
static const char *upload_digest(void)
{
	static char digest[DIGEST_TEXT_SIZE];
	AUTO(buf) text = BUF_INIT;

	memset(buf_reserve(&text, UPLOAD_SIZE), 'x', UPLOAD_SIZE);
	assert_int_equal(digest_of(text.data, UPLOAD_SIZE, digest), 0);
	return digest;
}

static int finish(struct registry_upload *upload)
{
	assert_int_equal(((struct bytes *)upload->arg)->left, 0);
	memcpy(upload->digest, upload_digest(), DIGEST_TEXT_SIZE);
	return 0;
}

static int put(struct registry *registry, bool known, bool again, struct bytes *bytes)
{
	struct registry_upload upload = {
		.source = give,
		.arg = bytes,
		.size = known ? UPLOAD_SIZE : UINT64_MAX,
		.finish = finish,
		.rewind = again ? rewind_bytes : NULL,
	};

	*bytes = (struct bytes){ UPLOAD_SIZE, UPLOAD_SIZE, 0 };
	if (known)
		memcpy(upload.digest, upload_digest(), DIGEST_TEXT_SIZE);
	return registry_put_blob(registry, &upload);
}

static void uploads(void **state)
{
	AUTO(place) place = { .registry = NULL };
	struct registry *registry = open_at(&place, PLAIN, "upload/x", NULL, REGISTRY_PUSH);
	autofree char *query =
		xasprintf("PUT /v2/upload/x/blobs/uploads/1?state==&digest=%s \n", upload_digest());
	AUTO(buf) log = BUF_INIT;
	struct bytes bytes;

	read_log(&log);
	assert_int_equal(put(registry, true, false, &bytes), 0);
	read_log(&log);
	assert_non_null(strstr(log.data, query));
	/* And it is asked whether it has it. */
	assert_int_equal(count_lines(&log), 3);
	assert_non_null(strstr(log.data, "\nHEAD /v2/upload/x/blobs/sha256:"));
	assert_int_equal(put(registry, false, false, &bytes), 0);
	read_log(&log);
	assert_non_null(strstr(log.data, "PATCH /v2/upload/x/blobs/uploads/1?state== \n"
					 "PUT /v2/upload/x/blobs/uploads/2?digest=sha256:"));
}

static void uploads_again(void **state)
{
	AUTO(place) place = { .registry = NULL };
	struct registry *registry = open_at(&place, PLAIN, "upload/flaky", NULL, REGISTRY_PUSH);
	AUTO(buf) log = BUF_INIT;
	struct bytes bytes;

	read_log(&log);
	assert_int_equal(put(registry, true, true, &bytes), 0);
	assert_int_equal(bytes.rewound, 2);
	read_log(&log);
	assert_int_equal(put(registry, false, true, &bytes), 0);
	assert_int_equal(bytes.rewound, 2);
	read_log(&log);
	assert_int_equal(put(registry, true, false, &bytes), -EIO);
	place_release(&place);
	registry = open_at(&place, PLAIN, "upload/full", NULL, REGISTRY_PUSH);
	assert_int_equal(put(registry, true, true, &bytes), -EPROTO);
	assert_int_equal(bytes.rewound, 0);
	assert_non_null(strstr(err_text(), "(507): no space"));
}

/* Nor does a host that a registry names see the client's certificate. */
static void certificates_elsewhere(void **state)
{
	AUTO(place) place = { .registry = NULL };
	struct registry *registry = open_at(&place, TLS, "plain", NULL, REGISTRY_PUSH);
	autofree char *url = xasprintf("https://127.0.0.1:%d/v2/", LOCKED);
	struct exchange exchange = { .method = "GET", .path = "/v2/" };
	struct http http = HTTP_INIT;

	if (LOCKED == 0)
		return;
	/* There is none: who would show it fails. */
	registry->tls.cert = registry->tls.key = "/nonexistent";
	assert_int_equal(exchange_open(registry, &exchange, &http), -EPROTO);
	exchange.path = url;
	assert_int_equal(exchange_open(registry, &exchange, &http), 0);
	assert_int_equal(http.status, 401);
	http_release(&http);
}

/* To where a registry wants to have it, but without the credential. */
static void uploads_elsewhere(void **state)
{
	AUTO(place) place = { .registry = NULL };
	struct registry *registry = open_at(&place, PLAIN, "basic-upload/x", CREDS, REGISTRY_PUSH);
	AUTO(buf) log = BUF_INIT;
	struct bytes bytes;

	read_log(&log);
	assert_int_equal(put(registry, true, false, &bytes), 0);
	read_log(&log);
	assert_non_null(
		strstr(log.data, "POST /v2/basic-upload/x/blobs/uploads/? " BASIC "\nPUT "));
	assert_null(memmem(strstr(log.data, "PUT "), strcspn(strstr(log.data, "PUT "), "\n"),
			   "Basic", 5));
	place_release(&place);
	registry = open_at(&place, TLS, "basic-upload/x", CREDS, REGISTRY_PUSH);
	assert_int_equal(put(registry, true, false, &bytes), -EPROTO);
}

static void mounts(void **state)
{
	AUTO(place) place = { .registry = NULL };
	struct registry *registry = open_at(&place, PLAIN, "mount/x", NULL, REGISTRY_PUSH);
	AUTO(buf) log = BUF_INIT;

	read_log(&log);
	assert_int_equal(registry_mount_blob(registry, "sha256:" ONES, "other/one"), 1);
	read_log(&log);
	assert_non_null(strstr(log.data, "scope=repository:mount/x:pull,push&scope=repository:"
					 "other/one:pull&"));
	assert_int_equal(registry_mount_blob(registry, "sha256:" ONES, "other/two"), 0);
	read_log(&log);
	assert_non_null(strstr(log.data, "\nDELETE /v2/mount/blobs/uploads/9"));
}

/* --- lists ------------------------------------------------------------------------------------ */

static int list(const char *repository, struct strvec *tags)
{
	AUTO(place) place = { .registry = NULL };

	strvec_release(tags);
	return registry_list_tags(open_at(&place, PLAIN, repository, NULL, REGISTRY_PULL), tags);
}

static void lists(void **state)
{
	AUTO(place) place = { .registry = NULL };
	AUTO(strvec) tags = STRVEC_INIT, names = STRVEC_INIT;
	AUTO(buf) text = BUF_INIT;

	assert_int_equal(list("tags", &tags), 0);
	assert_int_equal(tags.n, 9);
	assert_string_equal(tags.v[0], "v0");
	assert_string_equal(tags.v[8], "v8");
	assert_int_equal(list("tags-null", &tags), 0);
	assert_int_equal(tags.n, 0);
	assert_int_equal(list("plain", &tags), -ENOENT);
	assert_int_equal(list("tags-loop", &tags), -EPROTO);
	assert_int_equal(list("tags-away", &tags), -EPROTO);
	assert_int_equal(list("tags-fat", &tags), -EFBIG);
	open_at(&place, PLAIN, "", NULL, REGISTRY_PULL);
	assert_int_equal(registry_list_repositories(place.registry, &names), 0);
	assert_int_equal(names.n, 2);
	assert_string_equal(names.v[0], "a/b");
	assert_int_equal(registry_search(place.registry, "a b&n=9", 25, &text), 0);
	assert_string_equal(text.data, "{\"q\": \"q=a b&n=9&n=25\", \"results\": []}");
	assert_int_equal(registry_ping(place.registry), 0);
}

static void referrers(void **state)
{
	AUTO(place) place = { .registry = NULL };
	struct registry *registry = open_at(&place, PLAIN, "referrers", NULL, REGISTRY_PULL);
	AUTO(buf) text = BUF_INIT;

	assert_int_equal(registry_get_referrers(registry, "sha256:" ONES, &text), 0);
	assert_non_null(strstr(text.data, "manifests"));
	assert_int_equal(registry_get_referrers(registry, "sha256:" ZEROS, &text), -ENOENT);
}

/* --- docker-registry -------------------------------------------------------------------------- */

/* An image of a configuration and a layer, both of them the 300,000 bytes. */
static void push_image(struct registry *registry, struct buf *manifest)
{
	const char *digest = upload_digest();

	buf_addf(manifest,
		 "{\"schemaVersion\":2,\"mediaType\":\"application/"
		 "vnd.oci.image.manifest.v1+json\",\"config\":{\"mediaType\":\"application/"
		 "vnd.oci.image.config.v1+json\",\"digest\":\"%s\",\"size\":300000},\"layers\":[{"
		 "\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"%s\",\"size"
		 "\":300000}]}",
		 digest, digest);
	assert_int_equal(registry_put_manifest(registry, "v1",
					       "application/vnd.oci.image.manifest.v1+json",
					       manifest),
			 0);
}

static void real_push(struct registry *registry, bool known)
{
	AUTO(buf) manifest = BUF_INIT, text = BUF_INIT;
	AUTO(strvec) tags = STRVEC_INIT;
	AUTO(http) http = HTTP_INIT;
	char digest[DIGEST_TEXT_SIZE], head[DIGEST_TEXT_SIZE];
	autofree char *type = NULL;
	struct bytes bytes;
	uint64_t offset;

	assert_int_equal(registry_has_blob(registry, upload_digest()), 0);
	assert_int_equal(put(registry, known, true, &bytes), 0);
	assert_int_equal(registry_has_blob(registry, upload_digest()), 1);
	push_image(registry, &manifest);
	assert_int_equal(registry_get_manifest(registry, "v1", &text, &type, digest), 0);
	assert_string_equal(text.data, manifest.data);
	assert_string_equal(type, "application/vnd.oci.image.manifest.v1+json");
	assert_int_equal(registry_head_manifest(registry, "v1", head), 1);
	assert_string_equal(head, digest);
	assert_int_equal(registry_head_manifest(registry, "v2", head), -ENOENT);
	assert_int_equal(registry_list_tags(registry, &tags), 0);
	assert_int_equal(tags.n, 1);
	assert_string_equal(tags.v[0], "v1");
	assert_int_equal(registry_get_blob(registry, upload_digest(), 299990, &http, &offset), 0);
	assert_int_equal(offset, 299990);
	buf_clear(&text);
	assert_int_equal(http_read_all(&http, 100, &text), 0);
	assert_string_equal(text.data, "xxxxxxxxxx");
}

static void docker_registry(void **state)
{
	AUTO(place) place = { .registry = NULL };
	struct registry *registry;
	struct bytes bytes;

	if (OPEN == 0)
		skip();
	registry = open_at(&place, OPEN, "some/one", NULL, REGISTRY_PUSH);
	assert_int_equal(registry_ping(registry), 0);
	real_push(registry, true);
	place_release(&place);
	registry = open_at(&place, OPEN, "some/two", NULL, REGISTRY_PUSH);
	assert_int_equal(registry_mount_blob(registry, upload_digest(), "some/one"), 1);
	assert_int_equal(registry_has_blob(registry, upload_digest()), 1);
	assert_int_equal(registry_mount_blob(registry, "sha256:" ZEROS, "some/one"), 0);
	place_release(&place);
	registry = open_at(&place, OPEN, "some/three", NULL, REGISTRY_PUSH);
	real_push(registry, false);
	/* What does not have the digest that is said is not taken. */
	assert_int_equal(put(registry, true, true, &bytes), 0);
	{
		struct registry_upload upload = { .source = give, .arg = &bytes, .size = 10 };

		bytes = (struct bytes){ 10, 10, 0 };
		memcpy(upload.digest, "sha256:" ONES, DIGEST_TEXT_SIZE);
		assert_int_equal(registry_put_blob(registry, &upload), -EPROTO);
		assert_non_null(strstr(err_text(), "DIGEST_INVALID"));
	}
}

static void docker_registry_locked(void **state)
{
	AUTO(place) place = { .registry = NULL };

	if (LOCKED == 0)
		skip();
	open_at(&place, LOCKED, "", "user:wrong", REGISTRY_PULL);
	assert_int_equal(registry_ping(place.registry), -EACCES);
	place_release(&place);
	open_at(&place, LOCKED, "", NULL, REGISTRY_PULL);
	assert_int_equal(registry_ping(place.registry), -EACCES);
	place_release(&place);
	real_push(open_at(&place, LOCKED, "a/b", CREDS, REGISTRY_PUSH), false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(manifests),
		cmocka_unit_test(manifests_refused),
		cmocka_unit_test(head_without_digest),
		cmocka_unit_test(ranges),
		cmocka_unit_test(uploads),
		cmocka_unit_test(uploads_again),
		cmocka_unit_test(uploads_elsewhere),
		cmocka_unit_test(certificates_elsewhere),
		cmocka_unit_test(mounts),
		cmocka_unit_test(lists),
		cmocka_unit_test(referrers),
		cmocka_unit_test(docker_registry),
		cmocka_unit_test(docker_registry_locked),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
