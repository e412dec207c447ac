/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/registry.h"

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
