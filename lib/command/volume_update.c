/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/exit.h"
#include "base/lock.h"
#include "base/out.h"
#include "command/options.h"
#include "container/volume.h"

struct update_request {
	struct strvec labels, unlabels;
};

static const struct opt options_update[] = {
	{ "availability", 0, OPT_REFUSED, .metavar = "STATE",
	  .help = "there are no volumes of a cluster" },
	{ "label", 'l', OPT_STRINGS, offsetof(struct update_request, labels), "KEY=VALUE",
	  "set a label", .check = check_label },
	{ "label-rm", 0, OPT_STRINGS, offsetof(struct update_request, unlabels), "KEY",
	  "remove a label", .check = check_filled },
	OPT_END,
};

static void change(const struct update_request *request, struct volume *volume)
{
	for (size_t i = 0; i < request->unlabels.n; i++)
		env_unset(&volume->labels, request->unlabels.v[i]);
	for (size_t i = 0; i < request->labels.n; i++) {
		const char *label = request->labels.v[i];
		autofree char *whole =
			strchr(label, '=') != NULL ? xstrdup(label) : xasprintf("%s=", label);

		env_put(&volume->labels, whole);
	}
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct update_request *request = data;
	AUTO(volume) volume = VOLUME_INIT;
	AUTO(store) store = STORE_INIT;
	autoclose int lock = -1;
	const char *name = operands->v[0];

	if (request->labels.n + request->unlabels.n == 0) {
		refuse("nothing is to be changed");
		hint("--label and --label-rm change labels; its options are those it was made "
		     "with");
		return -EINVAL;
	}
	TRY(store_open(host, &store));
	TRY(volume_open(&store, name, true, &volume));
	/* Read what it is to be changed to under the lock of those who change it. */
	lock = lock_take(volume.dirfd, "lock", LOCK_EXCLUSIVE, name);
	TRY(lock);
	volume_release(&volume);
	TRY(volume_open(&store, name, true, &volume));
	change(request, &volume);
	TRY(volume_save(&volume));
	return out_line("%s", name);
}

const struct command command_volume_update = {
	.name = "volume update",
	.synopsis = "[OPTIONS] VOLUME",
	.summary = "Change the labels of a volume",
	.options = (const struct opt *const[]){ options_update, NULL },
	.request_size = sizeof(struct update_request),
	.operands_min = 1,
	.operands_max = 1,
	.operand_values = VALUES_VOLUME,
	.run = run,
};
