/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_TEST_PLACE_H
#define BERTH_TEST_PLACE_H

#include <stdlib.h>

#include "base/err.h"
#include "image/exchange.h"
#include "servers.h"

/* A repository of one of the registries of test/unit/registry-server, and what a registry that is
 * open borrows. */
static struct servers servers;
#define PLAIN servers.ports[0]
#define TLS servers.ports[1]
#define STRANGER servers.ports[2]
#define OPEN servers.ports[3]   /* docker-registry; 0: this machine has none */
#define LOCKED servers.ports[4] /* with TLS, and a password */

#define CREDS "user:pa:ss word"
#define BASIC "Basic dXNlcjpwYTpzcyB3b3Jk"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define ONES "1111111111111111111111111111111111111111111111111111111111111111"

static inline int start(void **state)
{
	return servers_start(&servers, TEST_DATA "/../unit/registry-server", 5);
}

static inline int stop(void **state)
{
	return servers_stop(&servers);
}

/* What the library is given, for as long as a registry is open. */
struct place {
	struct host host;
	struct endpoint endpoint;
	struct registry_options options;
	struct registry *registry;
	char *certificates, *authfile;
};

/* Of nobody's files: --authfile and --cert-dir of the test. creds NULL: none. */
static inline struct registry *open_at(struct place *place, int port, const char *repository,
				       const char *creds, enum registry_access access)
{
	const struct registry_options options = REGISTRY_OPTIONS_INIT;

	err_clear();
	memset(place, 0, sizeof(*place));
	place->host.home = servers.directory;
	place->authfile = xasprintf("%s/empty/auth.json", servers.directory);
	place->certificates = xasprintf("%s/%s", servers.directory,
					port == TLS || port == LOCKED ? "trust" : "empty");
	place->endpoint.host = xasprintf("127.0.0.1:%d", port);
	place->endpoint.repository = xstrdup(repository);
	place->endpoint.auth_key = xasprintf("127.0.0.1:%d/%s", port, repository);
	place->endpoint.insecure = port != TLS && port != LOCKED;
	place->options = options;
	place->options.host = &place->host;
	place->options.authfile = place->authfile;
	place->options.cert_dir = place->certificates;
	place->options.creds = creds;
	place->options.retry_delay = 1000;
	assert_int_equal(registry_open(&place->options, &place->endpoint, access, &place->registry),
			 0);
	return place->registry;
}

static inline void place_release(struct place *place)
{
	registry_close(place->registry);
	free(place->certificates);
	free(place->authfile);
	free(place->endpoint.host);
	free(place->endpoint.repository);
	free(place->endpoint.auth_key);
}

/* What all of the scripted servers were asked since the last time. */
static inline void read_log(struct buf *log)
{
	autofree char *url = xasprintf("http://127.0.0.1:%d/log", PLAIN);
	const struct http_request request = { .method = "GET", .url = url };
	AUTO(http) http = HTTP_INIT;

	buf_clear(log);
	assert_int_equal(http_open(&request, &http), 0);
	assert_int_equal(http_read_all(&http, 1UL << 20, log), 0);
}

static inline size_t count_lines(const struct buf *text)
{
	size_t n = 0;

	for (size_t i = 0; i < text->len; i++)
		n += text->data[i] == '\n';
	return n;
}

/* A manifest of a repository of a server: 0 or the error. */
static inline int pull(int port, const char *repository, const char *creds)
{
	AUTO(place) place = { .registry = NULL };
	AUTO(buf) text = BUF_INIT;
	char digest[DIGEST_TEXT_SIZE];
	autofree char *type = NULL;

	return registry_get_manifest(open_at(&place, port, repository, creds, REGISTRY_PULL),
				     "latest", &text, &type, digest);
}

#endif
