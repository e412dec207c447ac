/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/authorizer.h"

#include "base/bounds.h"
#include "place.h"

/* --- challenges ------------------------------------------------------------------------------- */

static void challenges(void **state)
{
	static const struct {
		const char *value; /* of the header; "|" begins another one */
		const char *result;
	} rows[] = {
		{ "Basic realm=\"x\"", "Basic x" },
		{ "basic", "Basic" },
		{ "BEARER realm=\"https://a/t?b=c,d\",service=\"s t\",scope=\"x:y:pull,push z\"",
		  "Bearer https://a/t?b=c,d s t x:y:pull,push z" },
		{ "Bearer realm=https://a/t , service = s", "Bearer https://a/t s" },
		{ "Bearer realm=\"a\\\"b\\\\\"", "Bearer a\"b\\" },
		{ "Basic realm=\"x\", Bearer realm=\"y\"", "Bearer y" },
		{ "Bearer realm=\"y\",Basic realm=\"x\"", "Bearer y" },
		{ "Basic realm=\"x\"|Bearer realm=\"y\"", "Bearer y" },
		{ "Negotiate, NTLM, Basic realm=\"x\"", "Basic x" },
		{ "Negotiate dG9rZW4=, Basic realm=\"x\"", "Basic x" },
		{ "Bearer realm=\"first\",realm=\"second\"", "Bearer first" },
		{ "Bearer service=\"s\"", "" },
		{ "Bearer service=\"s\", Basic realm=\"x\"", "Basic x" },
		{ "Bearer realm=\"never ends", "" },
		{ "Bearer realm=\"never ends\\", "" },
		{ "realm=\"x\"", "" },
		{ ",,, ,", "" },
		{ "=", "" },
		{ "", "" },
		{ "Digest realm=\"x\"", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(strvec) values = STRVEC_INIT;
		AUTO(challenge) challenge = { .scheme = CHALLENGE_NONE };
		AUTO(http) http = HTTP_INIT;
		AUTO(buf) out = BUF_INIT;

		strvec_split(&values, rows[i].value, '|');
		for (size_t k = 0; k < values.n; k++)
			strvec_pushf(&http.headers, "www-authenticate: %s", values.v[k]);
		challenge_read(&http, &challenge);
		if (challenge.scheme != CHALLENGE_NONE)
			buf_add_str(&out, challenge.scheme == CHALLENGE_BASIC ? "Basic" : "Bearer");
		if (challenge.realm != NULL)
			buf_addf(&out, " %s", challenge.realm);
		if (challenge.service != NULL)
			buf_addf(&out, " %s", challenge.service);
		if (challenge.scope != NULL)
			buf_addf(&out, " %s", challenge.scope);
		assert_string_equal(challenge.scheme != CHALLENGE_NONE ? out.data : "",
				    rows[i].result);
	}
}

/* --- authentication --------------------------------------------------------------------------- */

static void tokens(void **state)
{
	AUTO(buf) log = BUF_INIT;

	read_log(&log);
	assert_int_equal(pull(PLAIN, "anonymous/x", NULL), 0);
	read_log(&log);
	assert_int_equal(count_lines(&log), 3);
	assert_non_null(strstr(log.data, "GET /token?client_id=berth&scope=repository:anonymous/x:"
					 "pull&service=anonymous \n"));
	assert_int_equal(pull(PLAIN, "user/x", CREDS), 0);
	read_log(&log);
	assert_non_null(strstr(log.data, "account=user&client_id=berth"));
	/* The password goes to the token server alone, the token to the registry. */
	assert_non_null(strstr(log.data, "service=user " BASIC "\nGET /v2/user/x/manifests/latest? "
					 "Bearer T"));
	assert_null(strstr(strstr(log.data, BASIC) + 1, BASIC));
	assert_int_equal(pull(PLAIN, "token-odd/x", NULL), 0);
	assert_int_equal(pull(PLAIN, "token-flaky/x", NULL), 0);
	assert_int_equal(pull(TLS, "user/x", CREDS), 0);
}

static void tokens_are_kept(void **state)
{
	AUTO(place) place = { .registry = NULL };
	struct registry *registry = open_at(&place, PLAIN, "anonymous/x", NULL, REGISTRY_PULL);
	char digest[DIGEST_TEXT_SIZE];
	AUTO(buf) log = BUF_INIT;

	read_log(&log);
	for (int i = 0; i < 5; i++)
		assert_int_equal(registry_head_manifest(registry, "latest", digest), 1);
	read_log(&log);
	assert_int_equal(count_lines(&log), 2 + 5);
	/* One that ran out is renewed beforehand, or when it is refused. */
	registry->authorizer.expires = 1;
	assert_int_equal(registry_head_manifest(registry, "latest", digest), 1);
	read_log(&log);
	assert_int_equal(count_lines(&log), 2);
	assert_memory_equal(log.data, "GET /token", 10);
}

static void tokens_run_out(void **state)
{
	AUTO(place) place = { .registry = NULL };
	struct registry *registry = open_at(&place, PLAIN, "expired/x", NULL, REGISTRY_PULL);
	char digest[DIGEST_TEXT_SIZE];

	for (int i = 0; i < 3; i++)
		assert_int_equal(registry_head_manifest(registry, "latest", digest), 1);
}

/* A registry that does not ask for a token any more names nobody who could renew it. */
static void tokens_without_server(void **state)
{
	struct authorizer authorizer = AUTHORIZER_INIT;
	const char *header = NULL;

	authorizer.header = xstrdup("Bearer x");
	authorizer.expires = 1;
	assert_int_equal(authorizer_header(&authorizer, "https://r.example", &header), 0);
	assert_string_equal(header, "Bearer x");
	authorizer_release(&authorizer);
}

static void identity_token(void **state)
{
	autofree char *authfile = xasprintf("%s/auth.json", servers.directory);
	AUTO(place) place = { .registry = NULL };
	struct registry *registry = open_at(&place, PLAIN, "identity/x", NULL, REGISTRY_PULL);
	AUTO(buf) text = BUF_INIT, log = BUF_INIT;
	char digest[DIGEST_TEXT_SIZE];

	buf_addf(&text,
		 "{\"auths\":{\"127.0.0.1:%d\":{\"auth\":\"PHRva2VuPjo=\",\"identitytoken\":"
		 "\"refresh me\"}}}",
		 PLAIN);
	assert_int_equal(fs_replace_file(AT_FDCWD, authfile, text.data, text.len, 0600, false), 0);
	registry->options.authfile = authfile;
	read_log(&log);
	assert_int_equal(registry_head_manifest(registry, "latest", digest), 1);
	read_log(&log);
	assert_non_null(strstr(log.data, "\nPOST /token? \n"));
}

static void tokens_refused(void **state)
{
	static const struct {
		const char *repository;
		int rc;
	} rows[] = {
		{ "token-twice/x", -EINVAL }, { "token-big/x", -EFBIG },
		{ "token-evil/x", -EPROTO },  { "token-none/x", -EPROTO },
		{ "realm-file/x", -EPROTO },  { "nothing/x", -EACCES },
		{ "user/x", -EACCES },        { "deaf/x", -EACCES },
		{ "greedy/x", -EACCES },
	};
	AUTO(buf) log = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		read_log(&log);
		assert_int_equal(pull(PLAIN, rows[i].repository, "user:wrong"), rows[i].rc);
		assert_null(strstr(err_text(), "wrong"));
		read_log(&log);
		assert_true(count_lines(&log) <= 12);
	}
	assert_non_null(strstr(err_hint(), "berth login 127.0.0.1:"));
}

/* A challenge can name more scopes than anybody asks for. */
static void scopes_are_few(void **state)
{
	AUTO(buf) log = BUF_INIT;
	size_t n = 0;

	read_log(&log);
	assert_int_equal(pull(PLAIN, "scopes/x", NULL), -EACCES);
	read_log(&log);
	for (const char *at = log.data; (at = strstr(at, "&scope=")) != NULL; at++)
		n++;
	assert_true(n > 1 && n <= 12 * MAX_SCOPES);
}

/* A token server without TLS is none for a registry with TLS. */
static void realm_without_tls(void **state)
{
	AUTO(buf) log = BUF_INIT;

	read_log(&log);
	assert_int_equal(pull(TLS, "realm-http/x", CREDS), -EPROTO);
	read_log(&log);
	assert_null(strstr(log.data, BASIC));
	assert_null(strstr(log.data, "/token"));
	assert_int_equal(pull(PLAIN, "realm-http/x", CREDS), -EACCES);
}

static void basic(void **state)
{
	AUTO(buf) log = BUF_INIT;

	assert_int_equal(pull(PLAIN, "basic/x", CREDS), 0);
	assert_int_equal(pull(TLS, "basic/x", CREDS), 0);
	read_log(&log);
	assert_int_equal(pull(PLAIN, "basic/x", "user:wrong"), -EACCES);
	read_log(&log);
	assert_int_equal(count_lines(&log), 2);
	assert_int_equal(pull(PLAIN, "basic/x", NULL), -EACCES);
	/* It stays with the registry. */
	read_log(&log);
	assert_int_equal(pull(PLAIN, "basic-away/x", CREDS), 0);
	read_log(&log);
	assert_non_null(strstr(log.data, "/v2/basic-away/x/manifests/latest? " BASIC "\nGET "
					 "/v2/plain/manifests/x? \n"));
}

static void secrets_are_not_told(void **state)
{
	assert_int_equal(pull(PLAIN, "echo/x", CREDS), -EACCES);
	assert_null(strstr(err_text(), "ss word"));
	assert_non_null(strstr(err_text(), "access is denied (403)"));
}

/* --- errors and further tries ----------------------------------------------------------------- */

static void errors(void **state)
{
	AUTO(place) place = { .registry = NULL };
	struct registry *registry = open_at(&place, PLAIN, "plain", NULL, REGISTRY_PULL);
	struct http http = HTTP_INIT;
	AUTO(buf) log = BUF_INIT;
	uint64_t offset;

	assert_int_equal(registry_get_blob(registry, "sha256:" ZEROS, 0, &http, &offset), -ENOENT);
	assert_non_null(strstr(err_text(), "/v2/plain/blobs/sha256:" ZEROS
					   ": not found (404): NAME_UNKNOWN: there is \x1b no"));
	read_log(&log);
	assert_int_equal(pull(PLAIN, "flaky", NULL), 0);
	read_log(&log);
	assert_int_equal(count_lines(&log), 3);
	assert_int_equal(pull(PLAIN, "down", NULL), -EIO);
	read_log(&log);
	assert_int_equal(count_lines(&log), 4);
	assert_int_equal(pull(PLAIN, "busy", NULL), -EAGAIN);
}

static void transports(void **state)
{
	AUTO(place) place = { .registry = NULL };
	char digest[DIGEST_TEXT_SIZE];

	/* TLS with an authority that is not known. */
	open_at(&place, TLS, "plain", NULL, REGISTRY_PULL);
	place.registry->tls.ca = NULL;
	assert_int_equal(registry_head_manifest(place.registry, "latest", digest), -EKEYREJECTED);
	assert_non_null(strstr(err_hint(), "--tls-verify=false"));
	place_release(&place);
	/* Plain HTTP where it is not allowed. */
	open_at(&place, PLAIN, "plain", NULL, REGISTRY_PULL);
	place.registry->insecure = place.registry->tls.insecure = false;
	assert_int_equal(registry_head_manifest(place.registry, "latest", digest), -EPROTO);
	assert_non_null(strstr(err_hint(), "--tls-verify=false"));
	place_release(&place);
	/* TLS that need not be verified is preferred to none. */
	open_at(&place, TLS, "plain", NULL, REGISTRY_PULL);
	place.registry->tls.ca = NULL;
	place.registry->insecure = place.registry->tls.insecure = true;
	assert_int_equal(registry_head_manifest(place.registry, "latest", digest), 1);
	assert_memory_equal(place.registry->base, "https:", 6);
	place_release(&place);
	/* What was tried in vain before is no error. */
	open_at(&place, PLAIN, "plain", NULL, REGISTRY_PULL);
	assert_int_equal(registry_head_manifest(place.registry, "latest", digest), 1);
	assert_string_equal(err_text(), "");
	place_release(&place);
	/* Nobody there. */
	open_at(&place, 1, "plain", NULL, REGISTRY_PULL);
	assert_int_equal(registry_head_manifest(place.registry, "latest", digest), -ECONNREFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(challenges),
		cmocka_unit_test(tokens),
		cmocka_unit_test(tokens_are_kept),
		cmocka_unit_test(tokens_run_out),
		cmocka_unit_test(scopes_are_few),
		cmocka_unit_test(identity_token),
		cmocka_unit_test(tokens_without_server),
		cmocka_unit_test(tokens_refused),
		cmocka_unit_test(realm_without_tls),
		cmocka_unit_test(basic),
		cmocka_unit_test(secrets_are_not_told),
		cmocka_unit_test(errors),
		cmocka_unit_test(transports),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
