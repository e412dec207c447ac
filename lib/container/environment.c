/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/environment.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static const char *const proxies[] = {
	"http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy",
	"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY",
};

/* What the image says is a hostile author's: an entry that is only a name would be looked up in
 * the caller's environment by careless code, so that no such entry is let through. */
static int add_image(const struct strvec *image, struct strvec *env)
{
	for (size_t i = 0; image != NULL && i < image->n; i++) {
		if (strchr(image->v[i], '=') == NULL || image->v[i][0] == '=')
			return refuse("the image's environment has an entry without a value: '%s'",
				      image->v[i]);
		env_put(env, image->v[i]);
	}
	return 0;
}

static void add_defaults(const struct request *request, const char *hostname, struct strvec *env)
{
	env_set(env, "PATH", DEFAULT_PATH);
	if (hostname != NULL)
		env_set(env, "HOSTNAME", hostname);
	if (request->tty)
		env_set(env, "TERM", "xterm");
	for (char **entry = environ; request->env_host && *entry != NULL; entry++)
		if (**entry != '=' && strchr(*entry, '=') != NULL)
			env_put(env, *entry);
	for (size_t i = 0; request->http_proxy && i < ARRAY_SIZE(proxies); i++)
		if (getenv(proxies[i]) != NULL)
			env_set(env, proxies[i], getenv(proxies[i]));
}

/* "PFX*": every variable of the caller that begins so. */
static void add_matching(const char *prefix, size_t len, struct strvec *env)
{
	for (char **entry = environ; *entry != NULL; entry++) {
		const char *equals = strchr(*entry, '=');

		if (equals != NULL && equals != *entry && (size_t)(equals - *entry) >= len &&
		    strncmp(*entry, prefix, len) == 0)
			env_put(env, *entry);
	}
}

/* K=V; K: the caller's, or none where the caller has none; PFX*. */
static int add_entry(const char *text, struct strvec *env)
{
	size_t len = strlen(text);

	if (*text == '=' || *text == '\0')
		return refuse("'%s' is not a variable: NAME=VALUE, NAME, or PREFIX*", text);
	if (strchr(text, '=') != NULL)
		env_put(env, text);
	else if (text[len - 1] == '*')
		add_matching(text, len - 1, env);
	else if (getenv(text) != NULL)
		env_set(env, text, getenv(text));
	else
		env_unset(env, text);
	return 0;
}

/* A line of docker's format: no quotes, no expansion; blanks before the name do not count. */
static int add_line(char *line, struct strvec *env)
{
	size_t len = strlen(line);
	const char *equals;

	if (len != 0 && line[len - 1] == '\r')
		line[--len] = '\0';
	while (isspace((unsigned char)*line))
		line++;
	if (*line == '\0' || *line == '#')
		return 0;
	equals = strchr(line, '=');
	len = equals != NULL ? (size_t)(equals - line) : strlen(line);
	for (size_t i = 0; i < len; i++)
		if (isspace((unsigned char)line[i]))
			return refuse("the name in '%.*s' contains a blank", (int)len, line);
	return add_entry(line, env);
}

static int add_file(const char *path, struct strvec *env)
{
	AUTO(buf) text = BUF_INIT;
	AUTO(strvec) lines = STRVEC_INIT;
	char *bytes;

	TRY(fs_read_file(AT_FDCWD, path, MAX_ENV_TOTAL, &text));
	if (memchr(text.data, '\0', text.len) != NULL)
		return refuse("'%s' contains a NUL byte", path);
	bytes = text.data;
	if (strncmp(bytes, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
		bytes += strlen(BYTE_ORDER_MARK);
	strvec_split(&lines, bytes, '\n');
	for (size_t i = 0; i < lines.n; i++)
		TRY(fail_in(add_line(lines.v[i], env), "'%s', line %zu", path, i + 1));
	return 0;
}

static int check_size(const struct strvec *env)
{
	size_t total = 0;

	for (size_t i = 0; i < env->n; i++)
		total += strlen(env->v[i]) + 1;
	if (env->n > MAX_ENV || total > MAX_ENV_TOTAL)
		return refuse("the environment is too large: %zu variables of %zu bytes, at most "
			      "%d of %lu",
			      env->n, total, MAX_ENV, MAX_ENV_TOTAL);
	return 0;
}

static int make(const struct request *request, const struct strvec *image, struct strvec *ret_env)
{
	AUTO(strvec) env = *ret_env;

	*ret_env = (struct strvec)STRVEC_INIT;
	TRY(add_image(image, &env));
	if (request->unsetenv_all)
		strvec_release(&env);
	for (size_t i = 0; i < request->unsetenv.n; i++)
		env_unset(&env, request->unsetenv.v[i]);
	for (size_t i = 0; i < request->env_files.n; i++)
		TRY(fail_in(add_file(request->env_files.v[i], &env), "--env-file"));
	for (size_t i = 0; i < request->env.n; i++)
		TRY(fail_in(add_entry(request->env.v[i], &env), "--env"));
	TRY(check_size(&env));
	*ret_env = env;
	env = (struct strvec)STRVEC_INIT;
	return 0;
}

int environment_make(const struct request *request, const struct strvec *image,
		     const char *hostname, struct strvec *ret_env)
{
	add_defaults(request, hostname, ret_env);
	return make(request, image, ret_env);
}

int environment_given(const struct request *request, const struct strvec *image,
		      struct strvec *ret_env)
{
	return make(request, image, ret_env);
}
