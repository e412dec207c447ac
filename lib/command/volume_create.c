/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <errno.h>
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/out.h"
#include "command/options.h"
#include "container/volume.h"
#include "container/volumeopt.h"

struct create_request {
	bool ignore;
	char *name, *driver;
	int64_t uid, gid;
	struct strvec labels, options;
};

static const struct opt options_create[] = {
	{ "driver", 'd', OPT_STRING, offsetof(struct create_request, driver), "DRIVER",
	  "there is one: local", .values = VALUES_WORDS, .words = "local",
	  .check = volume_check_driver },
	{ "gid", 0, OPT_INT, offsetof(struct create_request, gid), "GID",
	  "group of the volume, as containers see it", .min = 0, .max = (int64_t)MAX_ID },
	{ "ignore", 0, OPT_FLAG, offsetof(struct create_request, ignore), NULL,
	  "One that is there is fine, whatever its options are" },
	{ "label", 'l', OPT_STRINGS, offsetof(struct create_request, labels), "KEY=VALUE",
	  "set a label", .check = check_label },
	{ "name", 0, OPT_STRING, offsetof(struct create_request, name), "NAME",
	  "the name, as the operand is", OPT_HIDDEN },
	{ "opt", 'o', OPT_STRINGS, offsetof(struct create_request, options), "KEY=VALUE",
	  "what is mounted: type=tmpfs, or type=none with device=DIR and o=bind; o=OPTIONS" },
	{ "uid", 0, OPT_INT, offsetof(struct create_request, uid), "UID",
	  "owner of the volume, as containers see it", .min = 0, .max = (int64_t)MAX_ID },
	OPT_END,
};

static bool holds(const struct strvec *wanted, const struct strvec *list)
{
	for (size_t i = 0; i < wanted->n; i++)
		if (!strvec_has(list, wanted->v[i]))
			return false;
	return true;
}

/* As with docker, to make it twice is to have it; but not to have another one. */
static int check_same(const struct store *store, const struct create_request *request,
		      const char *name)
{
	AUTO(volume) volume = VOLUME_INIT;

	TRY(volume_open(store, name, false, &volume));
	if (request->ignore ||
	    (holds(&request->labels, &volume.labels) &&
	     (request->options.n == 0 || (request->options.n == volume.options.n &&
					  holds(&request->options, &volume.options)))))
		return 0;
	refuse_with(EEXIST, "the volume '%s' is there, with other labels or options", name);
	hint("'berth volume rm %s' removes it; --ignore takes it as it is", name);
	return -EEXIST;
}

static int create(struct store *store, const struct create_request *request, const char *name)
{
	AUTO(volume) volume = VOLUME_INIT;
	struct volume_plan plan = VOLUME_PLAN_INIT;
	int rc;

	plan.name = name;
	plan.anonymous = name == NULL;
	plan.labels = &request->labels;
	plan.options = &request->options;
	plan.uid = request->uid;
	plan.gid = request->gid;
	rc = volume_create(store, &plan, &volume);
	if (rc == -EEXIST) {
		err_clear();
		rc = check_same(store, request, name);
	}
	TRY(rc);
	return out_line("%s", volume.name != NULL ? volume.name : name);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	struct create_request *request = data;
	const char *name = operands->n > 0 ? operands->v[0] : request->name;
	AUTO(store) store = STORE_INIT;

	if (operands->n > 0 && request->name != NULL)
		return refuse("--name and an operand are two names");
	if (name != NULL)
		TRY(volume_check_name(name));
	for (size_t i = 0; i < request->labels.n; i++)
		if (strchr(request->labels.v[i], '=') == NULL) {
			autofree char *whole = xasprintf("%s=", request->labels.v[i]);

			xreplace(&request->labels.v[i], whole);
		}
	TRY(volumeopt_check(&request->options));
	TRY(store_open(host, &store));
	return create(&store, request, name);
}

static void init(void *data)
{
	struct create_request *request = data;

	request->uid = request->gid = -1;
}

const struct command command_volume_create = {
	.name = "volume create",
	.synopsis = "[OPTIONS] [NAME]",
	.summary = "Make a volume",
	.options = (const struct opt *const[]){ options_create, NULL },
	.request_size = sizeof(struct create_request),
	.init = init,
	.operands_max = 1,
	.run = run,
};
