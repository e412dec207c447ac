/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_COMMAND_REGISTRYOPTIONS_H
#define BERTH_COMMAND_REGISTRYOPTIONS_H

#include <stdint.h>

#include "base/opt.h"
#include "image/registry.h"

/*
 * Options of the commands that talk to a registry: pull, push, login, search, ... A request has a
 * member of this type, wherever it likes, and its table the rows of the macros below, which are
 * given a macro that tells where a field is:
 *
 *	struct pull_request { ...; struct registry_request registry; };
 *	#define REGISTRY_AT(field) offsetof(struct pull_request, registry.field)
 *	static const struct opt options_pull[] = { ..., REGISTRY_OPTIONS(REGISTRY_AT), OPT_END };
 *
 * The command's init() calls registry_request_init(); the tables free the strings.
 */
/* The rows one by one, for commands that have not all of them. */
#define REGISTRY_OPTION_AUTHFILE(at) \
	{ \
		"authfile", 0, OPT_STRING, at(authfile), "FILE", "the file with the credentials", \
			.values = VALUES_FILE \
	}
#define REGISTRY_OPTION_CERT_DIR(at) \
	{ \
		"cert-dir", 0, OPT_STRING, at(cert_dir), "DIR", \
			"directory with certificates: *.crt, *.cert, *.key", \
			.values = VALUES_DIRECTORY \
	}
#define REGISTRY_OPTION_CREDS(at) \
	{ \
		"creds", 0, OPT_STRING, at(creds), "USER[:PASSWORD]", \
			"credentials to use instead of those of the file" \
	}
#define REGISTRY_OPTION_RETRY(at) \
	{ \
		"retry", 0, OPT_INT, at(retry), "N", \
			"how often to try again what fails for a moment (3)", .max = 1000 \
	}
#define REGISTRY_OPTION_RETRY_DELAY(at) \
	{ \
		"retry-delay", 0, OPT_DURATION, at(retry_delay), "TIME", \
			"how long to wait before that (1s, doubled each time)" \
	}
#define REGISTRY_OPTION_TLS_VERIFY(at) \
	{ \
		"tls-verify", 0, OPT_TRISTATE, at(tls_verify), \
			.help = "insist on HTTPS and on a certificate that can be verified" \
	}
/* All of them. */
#define REGISTRY_OPTIONS(at) \
	REGISTRY_OPTION_AUTHFILE(at), REGISTRY_OPTION_CERT_DIR(at), REGISTRY_OPTION_CREDS(at), \
		REGISTRY_OPTION_RETRY(at), REGISTRY_OPTION_RETRY_DELAY(at), \
		REGISTRY_OPTION_TLS_VERIFY(at)
/* docker's word in its manifest commands. */
#define REGISTRY_OPTION_INSECURE \
	{ \
		"insecure", 0, OPT_REFUSED, .help = "it is docker's word", \
					    .fix = "--tls-verify=false means that", \
					    .flags = OPT_HIDDEN \
	}

#endif
