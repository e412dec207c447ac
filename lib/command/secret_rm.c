/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <errno.h>
#include <unistd.h>

#include "base/err.h"
#include "base/exit.h"
#include "base/out.h"
#include "container/secret.h"

struct rm_request {
	bool all, ignore;
};

static const struct opt options_rm[] = {
	{ "all", 'a', OPT_FLAG, offsetof(struct rm_request, all), .help = "remove all secrets" },
	{ "ignore", 'i', OPT_FLAG, offsetof(struct rm_request, ignore),
	  .help = "one that does not exist is no error" },
	OPT_END,
};

/* Returns the status. */
static int remove_one(const struct host *host, const char *name, bool ignore)
{
	autofree char *id = NULL;
	int rc = secret_remove(host, name, &id);

	if (rc >= 0)
		return out_line("%s", id);
	if (rc != -ENOENT)
		return rc;
	if (!ignore) {
		fail_in(rc, "secret rm");
		err_print(STDERR_FILENO);
	}
	err_clear();
	return ignore ? EXIT_OK : EXIT_NO_SUCH;
}

static int add_name(const struct secret *secret, void *arg)
{
	strvec_push(arg, secret->name);
	return 0;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct rm_request *request = data;
	AUTO(strvec) names = STRVEC_INIT;
	int status = EXIT_OK;

	if (request->all == (operands->n > 0))
		return refuse("name secrets, or give --all");
	strvec_push_all(&names, operands);
	if (request->all)
		TRY(secret_each(host, add_name, &names));
	for (size_t i = 0; i < names.n; i++) {
		int rc = remove_one(host, names.v[i], request->ignore || request->all);

		TRY(rc);
		status = rc > status ? rc : status;
	}
	return status;
}

const struct command command_secret_rm = {
	.name = "secret rm",
	.alias = "secret remove",
	.synopsis = "[OPTIONS] [SECRET...]",
	.summary = "Remove secrets",
	.options = (const struct opt *const[]){ options_rm, NULL },
	.request_size = sizeof(struct rm_request),
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_SECRET,
	.run = run,
};
