/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/out.h"
#include "command/registryoptions.h"
#include "image/auth.h"

struct logout_request {
	bool all;
	struct registry_request registry;
};

#define REGISTRY_AT(field) offsetof(struct logout_request, registry.field)

static const struct opt options_logout[] = {
	{ "all", 'a', OPT_FLAG, offsetof(struct logout_request, all),
	  .help = "forget all credentials of the file" },
	REGISTRY_OPTION_AUTHFILE(REGISTRY_AT),
	OPT_END,
};

/* Another program's credential would still be used: that is no logging out. */
static int check_others(const struct host *host, const char *authfile, const char *key)
{
	AUTO(credential) kept = { 0 };
	int rc = auth_find(host, authfile, key, &kept);

	if (rc == -ENOENT)
		err_clear();
	if (rc == 0 || rc == -ENOENT)
		return out_line("Not logged in to %s", key);
	TRY(rc);
	refuse("the credential for '%s' is in '%s', where berth does not change it", key,
	       kept.source);
	hint("log out with the program that logged in, or give --authfile");
	return -EINVAL;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct logout_request *request = data;
	const char *authfile = request->registry.authfile;
	autofree char *key = auth_key_normalize(operands->n > 0 ? operands->v[0] : "docker.io");
	int rc;

	if (request->all && operands->n > 0)
		return refuse("--all and a registry exclude each other");
	rc = auth_remove(host, authfile, request->all ? NULL : key);
	TRY(rc);
	if (request->all)
		return out_line("Removed login credentials for all registries");
	if (rc == 0)
		return check_others(host, authfile, key);
	return out_line("Removed login credentials for %s", key);
}

const struct command command_logout = {
	.name = "logout",
	.synopsis = "[OPTIONS] [REGISTRY]",
	.summary = "Log out of a registry",
	.remarks = "REGISTRY is docker.io where it is not given.\n",
	.options = (const struct opt *const[]){ options_logout, NULL },
	.request_size = sizeof(struct logout_request),
	.operands_max = 1,
	.run = run,
};
