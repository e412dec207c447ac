/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/registries.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/fs.h"

void certs_release(struct certs *certs)
{
	strvec_release(&certs->ca);
	free(certs->cert);
	free(certs->key);
	*certs = (struct certs){ 0 };
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);

	return len > end_len && strcmp(name + len - end_len, end) == 0;
}

static int is_cert(const struct dirent *entry)
{
	return ends_with(entry->d_name, ".crt") || ends_with(entry->d_name, ".cert") ||
	       ends_with(entry->d_name, ".key");
}

/* The pair of a certificate and its key is chosen by their name. */
static int take_pair(const char *dir, const char *name, struct certs *certs)
{
	int stem = (int)(strrchr(name, '.') - name);
	autofree char *cert = xasprintf("%s/%.*s.cert", dir, stem, name);
	autofree char *key = xasprintf("%s/%.*s.key", dir, stem, name);
	const char *missing = NULL;
	int rc = fs_exists(AT_FDCWD, cert);

	TRY(rc);
	if (rc == 0)
		missing = cert;
	rc = fs_exists(AT_FDCWD, key);
	TRY(rc);
	if (rc == 0)
		missing = key;
	if (missing != NULL)
		return refuse_with(ENOENT, "'%s/%s' is alone: '%s' is missing", dir, name, missing);
	if (certs->cert != NULL)
		return 0;
	certs->cert = steal(cert);
	certs->key = steal(key);
	return 0;
}

/* 1: the directory is there; 0: not, or not for us. */
static int read_dir(const char *dir, struct certs *certs)
{
	struct dirent **entries = NULL;
	int n = scandir(dir, &entries, is_cert, alphasort);
	int rc = 1;

	if (n < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES
			       ? 0
			       : fail("cannot list '%s'", dir);
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;

		if (rc >= 0 && ends_with(name, ".crt"))
			strvec_pushf(&certs->ca, "%s/%s", dir, name);
		else if (rc >= 0 && take_pair(dir, name, certs) < 0)
			rc = -ENOENT;
		free(entries[i]);
	}
	free(entries);
	return rc;
}

/* What a registry is called may become the name of a directory. */
static bool is_name(const char *registry)
{
	return registry[0] != '\0' && registry[0] != '.' && strchr(registry, '/') == NULL;
}

static int find(const struct host *host, const char *cert_dir, const char *registry,
		struct certs *certs)
{
	autofree char *own = host_config_path(host, "containers/certs.d");
	const char *const bases[] = { own, "/etc/containers/certs.d", "/etc/docker/certs.d" };
	int rc = 0;

	if (cert_dir != NULL) {
		rc = read_dir(cert_dir, certs);
		return rc != 0 ? rc : fail("cannot list '%s'", cert_dir);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bases) && rc == 0 && is_name(registry); i++) {
		autofree char *dir = NULL;

		if (bases[i] == NULL)
			continue;
		dir = xasprintf("%s/%s", bases[i], registry);
		rc = read_dir(dir, certs);
	}
	return rc < 0 ? rc : 0;
}

int certs_find(const struct host *host, const char *cert_dir, const char *registry,
	       struct certs *ret_certs)
{
	AUTO(certs) certs = { 0 };

	TRY(find(host, cert_dir, registry, &certs));
	*ret_certs = certs;
	certs = (struct certs){ 0 };
	return 0;
}
