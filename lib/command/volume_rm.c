/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <errno.h>
#include <unistd.h>

#include "base/err.h"
#include "base/exit.h"
#include "base/out.h"
#include "container/volumeuse.h"

#define TIME_MAX 86400

struct rm_request {
	bool all;
	struct volumeuse_removal removal;
};

static const struct opt options_rm[] = {
	{ "all", 'a', OPT_FLAG, offsetof(struct rm_request, all), NULL, "Remove all volumes" },
	{ "force", 'f', OPT_FLAG, offsetof(struct rm_request, removal.force), NULL,
	  "Remove the containers that have it as well; one that does not exist is no error" },
	{ "time", 't', OPT_INT, offsetof(struct rm_request, removal.seconds), "SECONDS",
	  "With --force, ask those that run with the stop signal first, and wait so long", .min = 0,
	  .max = TIME_MAX },
	OPT_END,
};

static int remove_one(struct store *store, const struct rm_request *request, const char *name)
{
	int rc = volumeuse_remove(store, name, &request->removal);

	if (rc >= 0)
		return out_line("%s", name);
	if (rc == -ENOENT && request->removal.force) {
		err_clear();
		return EXIT_OK;
	}
	fail_in(rc, "volume rm");
	err_print(STDERR_FILENO);
	err_clear();
	return rc == -ENOENT ? EXIT_NO_SUCH : rc == -EBUSY ? EXIT_IN_USE : EXIT_BERTH;
}

static int add_name(struct volume *volume, void *arg)
{
	strvec_push(arg, volume->name);
	return 0;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct rm_request *request = data;
	AUTO(strvec) names = STRVEC_INIT;
	AUTO(store) store = STORE_INIT;
	int status = EXIT_OK;

	if (request->all == (operands->n > 0))
		return refuse(request->all ? "--all and the name of a volume exclude each other"
					   : "name a volume, or give --all");
	TRY(store_open(host, &store));
	if (request->all)
		TRY(volume_each(&store, add_name, &names));
	strvec_push_all(&names, operands);
	for (size_t i = 0; i < names.n; i++) {
		int one = remove_one(&store, request, names.v[i]);

		TRY(one);
		if (one > status)
			status = one;
	}
	return status;
}

const struct command command_volume_rm = {
	.name = "volume rm",
	.alias = "volume remove",
	.synopsis = "[OPTIONS] VOLUME...",
	.summary = "Remove volumes, with all that is in them",
	.options = (const struct opt *const[]){ options_rm, NULL },
	.request_size = sizeof(struct rm_request),
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_VOLUME,
	.run = run,
};
