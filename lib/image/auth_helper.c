/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/auth_helper.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/proc.h"

#define HUB "docker.io"
#define HUB_URL "https://index.docker.io/v1/"
#define NOT_FOUND "credentials not found in native keychain"
#define TOKEN_USER "<token>" /* means that the secret is an identity token */
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
#define SECRET_ROOM \
	65536 /* so that a secret is not left behind where a buffer was before it grew */

/* Helpers know registries, not repositories. To be freed. */
static char *server_url(const char *key)
{
	size_t len = strcspn(key, "/");

	if (len == strlen(HUB) && strncmp(key, HUB, len) == 0)
		return xstrdup(HUB_URL);
	return xstrndup(key, len);
}

static int find(const char *name, char **ret_file)
{
	autofree char *program = xasprintf("docker-credential-%s", name);

	if (name[0] == '\0' || strspn(name, NAME_LETTERS) != strlen(name))
		return refuse("'%s' is not the name of a credential helper", name);
	*ret_file = proc_find(program);
	if (*ret_file != NULL)
		return 0;
	refuse_with(ENOPKG, "there is no program '%s'", program);
	hint("install it below /usr/local/bin or /usr/bin, or take '%s' out of the file that names "
	     "it",
	     name);
	return -ENOPKG;
}

/* Its stdin: never a pipe that it might not read. */
static int open_input(const struct buf *input)
{
	autoclose int fd = memfd_create("credential", MFD_CLOEXEC);

	if (fd < 0)
		return fail("cannot make a file in memory");
	TRY(fs_write_all(fd, input->data, input->len, "a file in memory"));
	if (lseek(fd, 0, SEEK_SET) < 0)
		return fail("cannot rewind a file in memory");
	return steal_fd(&fd);
}

/* Run it; what it prints is appended to out. */
static int talk(struct proc *p, const struct buf *input, struct buf *out, int *ret_status)
{
	autoclose int in = open_input(input), null = -1, from = -1, to = -1;
	int ends[2];
	int rc;

	TRY(in);
	null = fs_open(AT_FDCWD, "/dev/null", O_WRONLY, 0);
	TRY(null);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail("cannot make a pipe");
	from = ends[0];
	to = ends[1];
	p->in = in;
	p->out = to;
	p->err = null;
	TRY(proc_start(p));
	close(steal_fd(&to));
	buf_reserve(out, SECRET_ROOM);
	rc = fs_read_fd(from, p->file, MAX_AUTH_FILE, out);
	if (rc < 0) {
		proc_release(p);
		return rc;
	}
	return proc_wait(p, ret_status);
}

/* 1: done; 0: the helper says that there is no such credential. */
static int run_helper(const struct host *host, const char *name, const char *word,
		      const struct buf *input, struct buf *out)
{
	autofree char *file = NULL;
	AUTO(strvec) argv = STRVEC_INIT, env = STRVEC_INIT;
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	struct proc p = PROC_INIT;
	int status;

	TRY(find(name, &file));
	strvec_push(&argv, file);
	strvec_push(&argv, word);
	strvec_push(&env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	if (host->home != NULL)
		strvec_pushf(&env, "HOME=%s", host->home);
	if (runtime != NULL)
		strvec_pushf(&env, "XDG_RUNTIME_DIR=%s", runtime);
	p.file = file;
	p.argv = argv.v;
	p.env = env.v;
	p.tied = true;
	TRY(talk(&p, input, out, &status));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 1;
	if (strstr(out->data, NOT_FOUND) != NULL)
		return 0;
	/* What it says of a failure stands on stdout, and may be about the secret. */
	return proc_check(&p, status, strcmp(word, "store") == 0 ? "" : out->data);
}

static int read_answer(const struct buf *out, const char *name, struct credential *credential)
{
	cJSON *json = NULL;
	const char *username = "", *secret = "";
	bool found;
	int rc;

	credential->source = xasprintf("docker-credential-%s", name);
	TRY(json_parse(out->data, out->len, credential->source, &json));
	rc = json_get_string(json, "Username", &username);
	if (rc >= 0)
		rc = json_get_string(json, "Secret", &secret);
	if (rc >= 0 && strcmp(username, TOKEN_USER) == 0) {
		credential->identity_token = xstrdup(secret);
	} else if (rc >= 0) {
		credential->username = xstrdup(username);
		credential->password = xstrdup(secret);
	}
	/* Some helpers answer with nothing in it where they have nothing. */
	found = username[0] != '\0';
	json_wipe(json);
	json_free(json);
	return rc < 0 ? rc : found;
}

int auth_helper_get(const struct host *host, const char *name, const char *key,
		    struct credential *ret_credential)
{
	AUTO(credential) found = { 0 };
	AUTO(buf) input = BUF_INIT;
	struct buf out = BUF_INIT;
	autofree char *url = server_url(key);
	int rc;

	buf_add_str(&input, url);
	rc = run_helper(host, name, "get", &input, &out);
	if (rc > 0)
		rc = read_answer(&out, name, &found);
	buf_wipe(&out);
	if (rc <= 0)
		return rc;
	*ret_credential = found;
	found = (struct credential){ 0 };
	return 1;
}

int auth_helper_store(const struct host *host, const char *name, const char *key,
		      const struct credential *credential)
{
	bool is_token = credential->identity_token != NULL;
	struct buf input = BUF_INIT, out = BUF_INIT;
	autofree char *url = server_url(key);
	cJSON *json = json_object();
	int rc;

	json_add_string(json, "ServerURL", url);
	json_add_string(json, "Username", is_token ? TOKEN_USER : credential->username);
	json_add_string(json, "Secret",
			is_token ? credential->identity_token : credential->password);
	buf_reserve(&input, SECRET_ROOM);
	json_print(json, false, &input);
	json_wipe(json);
	json_free(json);
	rc = run_helper(host, name, "store", &input, &out);
	buf_wipe(&input);
	buf_wipe(&out);
	return rc < 0 ? rc : 0;
}

int auth_helper_erase(const struct host *host, const char *name, const char *key)
{
	AUTO(buf) input = BUF_INIT, out = BUF_INIT;
	autofree char *url = server_url(key);

	buf_add_str(&input, url);
	return run_helper(host, name, "erase", &input, &out);
}
