/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/registry.h"

#include "base/err.h"

void registry_request_init(struct registry_request *request)
{
	const struct registry_options defaults = REGISTRY_OPTIONS_INIT;

	*request = (struct registry_request){
		.tls_verify = defaults.tls_verify,
		.retry = defaults.retry,
	};
}

void registry_request_options(const struct registry_request *request, const struct host *host,
			      struct registry_options *ret_options)
{
	*ret_options = (struct registry_options){
		.host = host,
		.authfile = request->authfile,
		.creds = request->creds,
		.cert_dir = request->cert_dir,
		.tls_verify = request->tls_verify,
		.retry = (unsigned int)request->retry,
		.retry_delay = request->retry_delay,
	};
}

int registry_options_check(const struct registry_options *options, const struct strvec *candidates)
{
	if (options->creds == NULL || candidates->n < 2)
		return 0;
	refuse("--creds is for one registry, and this may be '%s' or '%s'", candidates->v[0],
	       candidates->v[1]);
	hint("name the registry as well: HOST/NAME");
	return -EINVAL;
}
