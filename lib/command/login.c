/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/out.h"
#include "base/term.h"
#include "command/registryoptions.h"
#include "image/auth.h"

#define MAX_PASSWORD 32768

struct login_request {
	char *username, *password;
	bool password_stdin, get_login, verbose;
	struct registry_request registry;
};

#define REGISTRY_AT(field) offsetof(struct login_request, registry.field)

static const struct opt options_login[] = {
	{ "username", 'u', OPT_STRING, offsetof(struct login_request, username), "USER",
	  "the user" },
	{ "password", 'p', OPT_STRING, offsetof(struct login_request, password), "PASSWORD",
	  "the password or an access token; others can see it in the list of processes" },
	{ "password-stdin", 0, OPT_FLAG, offsetof(struct login_request, password_stdin),
	  .help = "read the password from stdin" },
	{ "get-login", 0, OPT_FLAG, offsetof(struct login_request, get_login),
	  .help = "print the user who is logged in, and do nothing" },
	{ "verbose", 'v', OPT_FLAG, offsetof(struct login_request, verbose),
	  .help = "print where the credential is kept" },
	REGISTRY_OPTION_AUTHFILE(REGISTRY_AT),
	REGISTRY_OPTION_CERT_DIR(REGISTRY_AT),
	REGISTRY_OPTION_TLS_VERIFY(REGISTRY_AT),
	OPT_END,
};

static int check_options(const struct login_request *request)
{
	if (request->password != NULL && request->password_stdin)
		return refuse("--password and --password-stdin exclude each other");
	if (request->password_stdin && request->username == NULL) {
		refuse("--password-stdin needs to know the user");
		hint("add --username USER");
		return -EINVAL;
	}
	return 0;
}

/* The endpoint of HOST[:PORT][/PATH], by which credentials are also kept. */
static int find_endpoint(const struct host *host, const char *key, struct endpoints *endpoints)
{
	autofree char *name = xasprintf("%s/x", key);
	struct registries *registries;
	AUTO(ref) ref = { 0 };
	int rc;

	if (ref_parse(name, &ref) < 0 || !ref.host_given) {
		refuse("'%s' is not a registry: HOST[:PORT] is", key);
		hint("a host has a dot or a port, or is localhost");
		return -EINVAL;
	}
	TRY(registries_read(host, &registries));
	rc = registries_push(registries, &ref, endpoints);
	registries_free(registries);
	TRY(rc);
	xreplace(&endpoints->v[0].auth_key, key);
	return 0;
}

/* Ask the registry; creds NULL: with the credential that is kept already. */
static int ping(const struct login_request *request, const struct host *host, const char *key,
		const char *creds)
{
	AUTO(endpoints) endpoints = { 0 };
	struct registry_options options;
	struct registry *registry;
	int rc;

	TRY(find_endpoint(host, key, &endpoints));
	registry_request_options(&request->registry, host, &options);
	options.creds = creds;
	TRY(registry_open(&options, &endpoints.v[0], REGISTRY_PULL, &registry));
	rc = registry_ping(registry);
	registry_close(registry);
	return rc;
}

static int read_password(struct buf *password)
{
	size_t len;

	TRY(fs_read_fd(STDIN_FILENO, "standard input", MAX_PASSWORD, password));
	/* A line, as echo and most files have it. */
	len = password->len;
	len -= len > 0 && password->data[len - 1] == '\n';
	len -= len > 0 && password->data[len - 1] == '\r';
	buf_truncate(password, len);
	return 0;
}

static int need_terminal(const struct login_request *request)
{
	if (isatty(STDIN_FILENO))
		return 0;
	refuse("there is no terminal to ask for the %s",
	       request->username == NULL ? "user and the password" : "password");
	hint("give --username USER and --password-stdin");
	return -EINVAL;
}

static int get_username(const struct login_request *request, struct credential *credential)
{
	AUTO(buf) answer = BUF_INIT;

	if (request->username == NULL) {
		TRY(need_terminal(request));
		TRY(term_ask("Username: ", true, &answer));
	}
	credential->username =
		request->username != NULL ? xstrdup(request->username) : buf_steal(&answer);
	if (credential->username[0] == '\0')
		return refuse("the name of the user is empty");
	if (strchr(credential->username, ':') != NULL)
		return refuse("the name of a user has no colon");
	return 0;
}

static int get_password(const struct login_request *request, struct credential *credential)
{
	struct buf answer = BUF_INIT;
	int rc = 0;

	credential_stay_in_memory();
	buf_reserve(&answer, MAX_PASSWORD + 1);
	if (request->password != NULL)
		buf_add_str(&answer, request->password);
	else if (request->password_stdin)
		rc = read_password(&answer);
	else
		rc = need_terminal(request);
	if (rc >= 0 && request->password == NULL && !request->password_stdin)
		rc = term_ask("Password: ", false, &answer);
	if (rc >= 0 && (answer.len == 0 || strlen(answer.data) != answer.len))
		rc = refuse("the password is empty, or has a NUL");
	if (rc >= 0)
		credential->password = xstrdup(answer.data);
	buf_wipe(&answer);
	return rc;
}

static int print_success(const struct login_request *request, const char *where)
{
	if (request->verbose)
		TRY(out_line("Used: %s", where));
	return out_line("Login Succeeded!");
}

/* 1: what is kept is still good; 0: there is nothing, or the registry refuses it. */
static int try_kept(const struct login_request *request, const struct host *host, const char *key)
{
	AUTO(credential) kept = { 0 };
	int rc;

	if (request->username != NULL || request->password != NULL)
		return 0;
	/* login makes a file that is not there. */
	rc = auth_find(host, request->registry.authfile, key, &kept);
	if (rc == -ENOENT)
		err_clear();
	if (rc == 0 || rc == -ENOENT)
		return 0;
	TRY(rc);
	rc = ping(request, host, key, NULL);
	if (rc == -EACCES && isatty(STDIN_FILENO)) {
		out_note("the credential in '%s' is not accepted", kept.source);
		err_clear();
		return 0;
	}
	TRY(rc);
	TRY(print_success(request, kept.source));
	return 1;
}

static int print_login(const struct login_request *request, const struct host *host,
		       const char *key)
{
	AUTO(credential) kept = { 0 };
	int rc = auth_find(host, request->registry.authfile, key, &kept);

	if (rc == 0 || rc == -ENOENT)
		rc = refuse_with(ENOENT, "not logged in to '%s'", key);
	TRY(rc);
	return out_line("%s", kept.username != NULL ? kept.username : "<token>");
}

static int login(const struct login_request *request, const struct host *host, const char *key)
{
	autofree char *file = auth_file(host, request->registry.authfile);
	AUTO(credential) credential = { 0 };
	char *creds;
	int rc;

	TRY(get_username(request, &credential));
	TRY(get_password(request, &credential));
	if (request->password != NULL)
		out_note("--password shows the password to others; --password-stdin does not");
	creds = xasprintf("%s:%s", credential.username, credential.password);
	rc = ping(request, host, key, creds);
	explicit_bzero(creds, strlen(creds));
	free(creds);
	if (rc == -EACCES)
		hint("check the user and the password");
	TRY(rc);
	TRY(auth_store(host, request->registry.authfile, key, &credential));
	return print_success(request, file);
}

static void init(void *data)
{
	struct login_request *request = data;

	registry_request_init(&request->registry);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	struct login_request *request = data;
	autofree char *key = auth_key_normalize(operands->n > 0 ? operands->v[0] : "docker.io");
	AUTO(endpoints) endpoints = { 0 };
	int rc;

	TRY(check_options(request));
	TRY(find_endpoint(host, key, &endpoints));
	if (request->get_login)
		return print_login(request, host, key);
	rc = try_kept(request, host, key);
	if (rc == 0)
		rc = login(request, host, key);
	if (request->password != NULL)
		explicit_bzero(request->password, strlen(request->password));
	return rc < 0 ? rc : 0;
}

const struct command command_login = {
	.name = "login",
	.synopsis = "[OPTIONS] [REGISTRY]",
	.summary = "Log in to a registry",
	.remarks = "REGISTRY is docker.io where it is not given. Without a terminal the password "
		   "is\n"
		   "taken with --password-stdin.\n",
	.options = (const struct opt *const[]){ options_login, NULL },
	.request_size = sizeof(struct login_request),
	.init = init,
	.operands_max = 1,
	.run = run,
};
