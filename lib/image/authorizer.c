/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/authorizer.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base64.h"
#include "base/bounds.h"
#include "base/err.h"
#include "base/json.h"
#include "image/retry.h"

/* A token that does not say for how long it is good is for a minute (docker's specification). */
#define TOKEN_SECONDS 60
/* Renew it before the request that carries it is on its way. */
#define TOKEN_MARGIN 5
#define CLIENT_ID "berth"

static uint64_t now_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec;
}

static void wipe(char **text)
{
	if (*text != NULL)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

void authorizer_release(struct authorizer *a)
{
	if (a->found == 1)
		credential_release(&a->credential);
	a->found = -1;
	challenge_release(&a->challenge);
	strvec_release(&a->scopes);
	wipe(&a->header);
}

/* --- scopes ----------------------------------------------------------------------------------- */

/* Does "type:name:a,b" allow all of "type:name:a"? */
static bool covers(const char *have, const char *wanted)
{
	const char *have_actions = strrchr(have, ':');
	const char *actions = strrchr(wanted, ':');
	AUTO(strvec) allowed = STRVEC_INIT, needed = STRVEC_INIT;

	if (have_actions == NULL || actions == NULL || have_actions - have != actions - wanted ||
	    strncmp(have, wanted, (size_t)(actions - wanted)) != 0)
		return strcmp(have, wanted) == 0;
	strvec_split(&allowed, have_actions + 1, ',');
	strvec_split(&needed, actions + 1, ',');
	for (size_t i = 0; i < needed.n; i++)
		if (!strvec_has(&allowed, needed.v[i]))
			return false;
	return true;
}

/* True where it is new. */
static bool add_scope(struct authorizer *a, const char *scope)
{
	for (size_t i = 0; i < a->scopes.n; i++)
		if (covers(a->scopes.v[i], scope))
			return false;
	strvec_push(&a->scopes, scope);
	return true;
}

void authorizer_want(struct authorizer *a, const char *scope)
{
	if (add_scope(a, scope) && a->challenge.scheme == CHALLENGE_BEARER)
		a->expires = 1;
}

/* A registry knows better than we what one of its paths needs, which is not much. */
static bool add_challenged(struct authorizer *a)
{
	AUTO(strvec) scopes = STRVEC_INIT;
	bool added = false;

	if (a->challenge.scope == NULL)
		return false;
	strvec_split(&scopes, a->challenge.scope, ' ');
	for (size_t i = 0; i < scopes.n && a->scopes.n < MAX_SCOPES; i++)
		if (scopes.v[i][0] != '\0' && add_scope(a, scopes.v[i]))
			added = true;
	return added;
}

/* --- credentials ------------------------------------------------------------------------------ */

static int look_up(struct authorizer *a)
{
	const struct registry_options *options = a->options;
	int found;

	if (a->found >= 0)
		return 0;
	if (options->creds != NULL) {
		TRY(credential_parse(options->creds, &a->credential));
		found = 1;
	} else {
		found = auth_find(options->host, options->authfile, a->endpoint->auth_key,
				  &a->credential);
		TRY(found);
	}
	a->found = found;
	return 0;
}

static bool has_password(const struct authorizer *a)
{
	return a->found == 1 && a->credential.username != NULL && a->credential.password != NULL;
}

/* "Basic ..." of the credential. To be wiped. */
static char *basic_header(const struct authorizer *a)
{
	const char *user = a->credential.username, *password = a->credential.password;
	struct buf text = BUF_INIT, header = BUF_INIT;

	buf_reserve(&text, strlen(user) + strlen(password) + 1);
	buf_addf(&text, "%s:%s", user, password);
	buf_reserve(&header, 6 + (text.len + 2) / 3 * 4);
	buf_add_str(&header, "Basic ");
	base64_encode(text.data, text.len, &header);
	buf_wipe(&text);
	return buf_steal(&header);
}

static void take_header(struct authorizer *a, char *header, uint64_t expires)
{
	wipe(&a->header);
	a->header = header;
	a->expires = expires;
	a->fresh = true;
}

/* --- tokens ----------------------------------------------------------------------------------- */

static int check_realm(const struct authorizer *a, const char *registry, char **ret_realm)
{
	autofree char *realm = http_resolve(a->challenge.realm, "");
	autofree char *shown = NULL;

	shown = http_presentable(realm != NULL ? realm : a->challenge.realm);
	if (realm == NULL)
		return refuse_with(EPROTO,
				   "the registry names '%s' as its token server, which is "
				   "no http or https URL",
				   shown);
	if (strncmp(realm, "https:", 6) != 0 && strncmp(registry, "https:", 6) == 0)
		return refuse_with(EPROTO,
				   "the registry names '%s' as its token server, which is not "
				   "https",
				   shown);
	*ret_realm = steal(realm);
	return 0;
}

static void add_field(struct buf *out, const char *name, const char *value)
{
	char last = (char)(out->len > 0 ? out->data[out->len - 1] : '?');

	if (value == NULL)
		return;
	if (last != '?' && last != '&')
		buf_add_char(out, '&');
	buf_addf(out, "%s=", name);
	http_encode(out, value);
}

/* The URL, with the query that asks for a token by Basic authentication or for anybody. */
static void token_url(const struct authorizer *a, const char *realm, struct buf *out)
{
	buf_add_str(out, realm);
	if (strchr(realm, '?') == NULL)
		buf_add_char(out, '?');
	if (has_password(a))
		add_field(out, "account", a->credential.username);
	add_field(out, "client_id", CLIENT_ID);
	for (size_t i = 0; i < a->scopes.n; i++)
		add_field(out, "scope", a->scopes.v[i]);
	add_field(out, "service", a->challenge.service);
}

/* The form that asks for one by an identity token. */
static void token_form(const struct authorizer *a, struct buf *out)
{
	AUTO(buf) scopes = BUF_INIT;

	for (size_t i = 0; i < a->scopes.n; i++)
		buf_addf(&scopes, "%s%s", i > 0 ? " " : "", a->scopes.v[i]);
	buf_reserve(out, 4096 + scopes.len * 3 + strlen(a->credential.identity_token) * 3);
	buf_add_str(out, "grant_type=refresh_token");
	add_field(out, "service", a->challenge.service);
	add_field(out, "client_id", CLIENT_ID);
	add_field(out, "scope", scopes.data);
	add_field(out, "refresh_token", a->credential.identity_token);
}

static int read_token(struct authorizer *a, const char *text, size_t len, const char *name)
{
	autojson cJSON *json = NULL;
	const char *token = NULL;
	int64_t seconds = TOKEN_SECONDS;
	int rc;

	TRY(json_parse(text, len, name, &json));
	rc = json_get_string(json, "token", &token);
	if (rc >= 0 && (token == NULL || token[0] == '\0'))
		rc = json_get_string(json, "access_token", &token);
	/* How long it is good for is a hint only: a 401 tells as well. */
	if (rc >= 0 && json_get_int(json, "expires_in", 0, INT32_MAX, &seconds) < 0)
		err_clear();
	if (rc >= 0 && (token == NULL || token[0] == '\0'))
		rc = refuse_with(EPROTO, "the answer holds no token");
	for (const char *c = token; rc >= 0 && *c != '\0'; c++)
		if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f)
			rc = refuse_with(EPROTO, "the token has a character that no token has");
	if (rc >= 0) {
		if (seconds < TOKEN_SECONDS)
			seconds = TOKEN_SECONDS;
		take_header(a, xasprintf("Bearer %s", token), now_seconds() + (uint64_t)seconds);
	}
	json_wipe(json);
	return fail_in(rc, "%s", name);
}

static int refused(const struct authorizer *a, const char *name, int status)
{
	int err = status == 401 || status == 403 ? EACCES : status == 429 ? EAGAIN : EPROTO;

	if (err == EACCES && a->found == 1) {
		refuse_with(err, "%s: the token server does not accept the credential of %s (%d)",
			    name, a->credential.source != NULL ? a->credential.source : "--creds",
			    status);
	} else {
		refuse_with(err, "%s: the token server gives no token (%d)", name, status);
	}
	return -err;
}

static int receive_token(struct authorizer *a, struct http *http)
{
	autofree char *name = http_presentable(http->url);
	struct buf text = BUF_INIT;
	int rc;

	if (http->status != 200)
		return refused(a, name, http->status);
	rc = http_read_all(http, MAX_TOKEN, &text);
	if (rc >= 0)
		rc = read_token(a, text.data, text.len, name);
	buf_wipe(&text);
	return rc;
}

static int send_for_token(struct authorizer *a, const struct http_request *request)
{
	struct retry retry = { .left = a->options->retry, .delay = a->options->retry_delay };
	int rc;

	for (;;) {
		AUTO(http) http = HTTP_INIT;

		rc = http_open(request, &http);
		if (retry_wait(&retry, rc, &http))
			continue;
		TRY(rc);
		rc = receive_token(a, &http);
		/* It may also break off in the middle. */
		if (rc >= 0 || !retry_wait(&retry, rc, &http))
			return rc;
	}
}

static int fetch_token(struct authorizer *a, const char *registry)
{
	bool by_identity = a->found == 1 && a->credential.identity_token != NULL;
	AUTO(strvec) headers = STRVEC_INIT;
	struct buf form = BUF_INIT;
	AUTO(buf) url = BUF_INIT;
	autofree char *realm = NULL;
	char *basic = NULL;
	/* The client's certificate is the registry's matter, unless it is both. */
	struct http_tls tls = *a->tls;
	struct http_request request = { .method = "GET", .tls = &tls, .session = a->session };
	int rc;

	TRY(fail_in(check_realm(a, registry, &realm), "%s", registry));
	if (!http_same_origin(realm, registry))
		tls.cert = tls.key = NULL;
	if (by_identity) {
		token_form(a, &form);
		strvec_push(&headers, "Content-Type: application/x-www-form-urlencoded");
		request.method = "POST";
		request.url = realm;
		request.headers = &headers;
		request.body = form.data;
		request.body_size = form.len;
	} else {
		token_url(a, realm, &url);
		basic = has_password(a) ? basic_header(a) : NULL;
		request.url = url.data;
		request.authorization = basic;
	}
	rc = fail_in(send_for_token(a, &request), "%s", registry);
	buf_wipe(&form);
	wipe(&basic);
	return rc;
}

/* --- the registry's view ---------------------------------------------------------------------- */

static bool runs_out(const struct authorizer *a)
{
	return a->header != NULL && a->expires != 0 && now_seconds() + TOKEN_MARGIN >= a->expires;
}

int authorizer_header(struct authorizer *a, const char *registry, const char **ret_header)
{
	/* What came since may name no token server any more. */
	if (runs_out(a) && a->challenge.scheme == CHALLENGE_BEARER)
		TRY(fetch_token(a, registry));
	*ret_header = a->header;
	return 0;
}

void authorizer_accepted(struct authorizer *a)
{
	a->fresh = false;
}

int authorizer_answer(struct authorizer *a, const char *registry, const struct http *response)
{
	struct challenge challenge;
	bool added;

	challenge_read(response, &challenge);
	challenge_release(&a->challenge);
	a->challenge = challenge;
	if (challenge.scheme == CHALLENGE_NONE)
		return 0;
	TRY(look_up(a));
	if (challenge.scheme == CHALLENGE_BASIC) {
		/* The same again would be refused again. */
		if (!has_password(a) || (a->header != NULL && a->expires == 0))
			return 0;
		take_header(a, basic_header(a), 0);
		return 1;
	}
	added = add_challenged(a);
	if (a->header != NULL && a->expires != 0 && a->fresh && !added)
		return 0;
	TRY(fetch_token(a, registry));
	return 1;
}

bool authorizer_knows(const struct authorizer *a, const char *text)
{
	const char *const secrets[] = {
		a->header != NULL ? strchr(a->header, ' ') + 1 : NULL,
		a->found == 1 ? a->credential.password : NULL,
		a->found == 1 ? a->credential.identity_token : NULL,
	};

	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++)
		if (secrets[i] != NULL && secrets[i][0] != '\0' && strstr(text, secrets[i]) != NULL)
			return true;
	return false;
}
