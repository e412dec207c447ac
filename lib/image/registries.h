/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_IMAGE_REGISTRIES_H
#define BERTH_IMAGE_REGISTRIES_H

#include "base/host.h"
#include "base/http.h"
#include "image/ref.h"

/*
 * Where the images of a name are: containers-registries.conf(5) (version 2) with its drop-in
 * directories, short name aliases, and docker's registry-mirrors. The first of
 *
 *	$CONTAINERS_REGISTRIES_CONF
 *	$XDG_CONFIG_HOME/containers/registries.conf (~/.config; not for root)
 *	/etc/containers/registries.conf, /usr/share/containers/registries.conf
 *
 * and registries.conf.d beside the last two and the user's; the first of them alone, where it is
 * set. Without any: docker.io only. Where no [[registry]] is for a name, the mirrors and the
 * insecure registries of /etc/docker/daemon.json count. A registry on this machine (localhost,
 * 127.0.0.0/8, [::1]) may speak plain HTTP.
 */
struct registries;

int registries_read(const struct host *host, struct registries **ret_registries);
void registries_free(struct registries *registries);

/* One place to ask. */
struct endpoint {
	char *host;       /* HOST[:PORT] to connect to: "registry-1.docker.io" */
	char *repository; /* "library/debian" */
	char *auth_key;   /* what credentials are looked up by: HOST/REPOSITORY as users write it */
	bool insecure;    /* unverified TLS, and plain HTTP where there is no TLS, will do */
	bool mirror;
};

struct endpoints {
	struct endpoint *v;
	size_t n;
};

void endpoints_release(struct endpoints *endpoints);

/* The endpoints to pull `ref` from, in the order in which to ask them: mirrors (as
 * pull-from-mirror allows for a tag or a digest), then the registry itself. -EPERM with the file's
 * name where it is blocked. */
int registries_pull(const struct registries *registries, const struct ref *ref,
		    struct endpoints *ret_endpoints);
/* The one endpoint to push to: never a mirror. */
int registries_push(const struct registries *registries, const struct ref *ref,
		    struct endpoints *ret_endpoints);
/*
 * The complete names that a text may stand for when it is to be pulled: itself where it names a
 * host; otherwise its alias, or one name for each of unqualified-search-registries, docker.io where
 * there are none.
 */
int registries_complete(const struct registries *registries, const char *text,
			struct strvec *ret_names);
/* The registries that search(1) asks: unqualified-search-registries, docker.io where there are
 * none. */
void registries_search(const struct registries *registries, struct strvec *ret_hosts);
/* credential-helpers: programs docker-credential-NAME, and "containers-auth.json" for the files of
 * image/auth.h; empty: these alone. */
void registries_helpers(const struct registries *registries, struct strvec *ret_helpers);

/*
 * Certificates for a host, containers-certs.d(5): *.crt, *.cert with *.key of cert_dir, or where
 * that is NULL of the first of HOST[:PORT] below ~/.config/containers/certs.d,
 * /etc/containers/certs.d, /etc/docker/certs.d that is there.
 */
struct certs {
	struct strvec ca;
	char *cert, *key;
};

int certs_find(const struct host *host, const char *cert_dir, const char *registry,
	       struct certs *ret_certs);
void certs_release(struct certs *certs);

#endif
