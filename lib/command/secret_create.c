/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/out.h"
#include "command/options.h"
#include "container/secret.h"
#include "image/store.h"

struct create_request {
	bool env, replace;
	struct strvec labels;
};

static int parse_driver(void *request, const char *value)
{
	return strcmp(value, "file") == 0 ? 0 : refuse("'%s': there is no driver but file", value);
}

static const struct opt options_create[] = {
	{ "driver", 'd', OPT_CALL, 0, "DRIVER", "accepted for the sake of scripts: file",
	  OPT_HIDDEN, .parse = parse_driver },
	{ "env", 0, OPT_FLAG, offsetof(struct create_request, env),
	  .help = "take the value of a variable of that name, and no file" },
	{ "label", 'l', OPT_STRINGS, offsetof(struct create_request, labels), "KEY=VALUE",
	  "label of the secret", .check = check_label },
	{ "replace", 0, OPT_FLAG, offsetof(struct create_request, replace),
	  .help = "give another content to one that is there" },
	OPT_END,
};

static int read_variable(const char *name, struct buf *data)
{
	const char *value = getenv(name);

	if (value == NULL)
		return refuse("there is no variable '%s'", name);
	buf_add_str(data, value);
	return 0;
}

static int read_input(const char *path, struct buf *data)
{
	autoclose int fd = -1;

	if (strcmp(path, "-") != 0) {
		fd = fs_open(AT_FDCWD, path, O_RDONLY | O_NOCTTY, 0);
		TRY(fd);
		return fs_read_fd(fd, path, MAX_SECRET, data);
	}
	if (isatty(STDIN_FILENO)) {
		refuse("standard input is a terminal, which would show the secret");
		hint("give a file, or pipe it in");
		return -EINVAL;
	}
	return fs_read_fd(STDIN_FILENO, "standard input", MAX_SECRET, data);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct create_request *request = data;
	AUTO(secret) secret = SECRET_INIT;
	AUTO(store) store = STORE_INIT;

	TRY(secret_name_check(operands->v[0]));
	secret.name = xstrdup(operands->v[0]);
	for (size_t i = 0; i < request->labels.n; i++)
		if (strchr(request->labels.v[i], '=') != NULL)
			env_put(&secret.labels, request->labels.v[i]);
		else
			env_set(&secret.labels, request->labels.v[i], "");
	buf_reserve(&secret.data, MAX_SECRET + 1);
	if (request->env)
		TRY(read_variable(operands->v[1], &secret.data));
	else
		TRY(read_input(operands->v[1], &secret.data));
	/* It sees to it that the root is nobody else's. */
	TRY(store_open(host, &store));
	TRY(secret_create(host, request->replace, &secret));
	return out_line("%s", secret.id);
}

const struct command command_secret_create = {
	.name = "secret create",
	.synopsis = "[OPTIONS] NAME FILE|-|VARIABLE",
	.summary = "Keep a secret",
	.options = (const struct opt *const[]){ options_create, NULL },
	.request_size = sizeof(struct create_request),
	.operands_min = 2,
	.operands_max = 2,
	.operand_values = VALUES_FILE,
	.run = run,
};
