/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/late.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"

/* Where the libraries come from, for the hint. */
static const struct {
	const char *prefix;  /* of the soname */
	const char *package; /* Debian's name */
} packages[] = {
	{ "libcrypto.so", "libssl3" },      { "libarchive.so", "libarchive13" },
	{ "libisal.so", "libisal2" },       { "libzstd.so", "libzstd1" },
	{ "libseccomp.so", "libseccomp2" }, { "libcurl.so", "libcurl4" },
};

static const char *package_of(const char *soname)
{
	for (size_t i = 0; i < ARRAY_SIZE(packages); i++)
		if (strncmp(soname, packages[i].prefix, strlen(packages[i].prefix)) == 0)
			return packages[i].package;
	return NULL;
}

static bool is_loaded(const struct late_symbol *symbols, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (*(void **)symbols[i].slot == NULL)
			return false;
	return true;
}

int late_load(const char *soname, const struct late_symbol *symbols, size_t n)
{
	void *library;

	if (is_loaded(symbols, n))
		return 0;
	/* The loader counts references: a second dlopen() finds the library that is there. */
	library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
	if (library == NULL) {
		refuse_with(ENOENT, "cannot load the library %s: %s", soname, dlerror());
		if (package_of(soname) != NULL)
			hint("install the package %s", package_of(soname));
		return -ENOENT;
	}
	for (size_t i = 0; i < n; i++) {
		void *symbol = dlsym(library, symbols[i].name);

		if (symbol == NULL)
			return refuse_with(ENOSYS, "the library %s has no %s", soname,
					   symbols[i].name);
		*(void **)symbols[i].slot = symbol;
	}
	return 0;
}
