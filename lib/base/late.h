/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_LATE_H
#define BERTH_BASE_LATE_H

#include <stddef.h>

/*
 * Libraries that are loaded when first needed. libcrypto, libcurl, libarchive, libisal, libzstd and
 * libseccomp bring shared objects along that cost milliseconds to load; the start of a container
 * needs none of them. A module that uses one keeps a table of typed function pointers and lets
 * late_load() fill it in:
 *
 *	static struct { int (*init)(z_stream *); ... } lib;
 *	static const struct late_symbol symbols[] = { { "inflateInit_", &lib.init }, ... };
 *	TRY(late_load("libz.so.1", symbols, ARRAY_SIZE(symbols)));
 *
 * A library is loaded at most once, never unloaded. In a child that is about to be confined, load
 * before: there is no file system to find it in afterwards.
 */
struct late_symbol {
	const char *name;
	void *slot; /* address of the function pointer */
};

/* Load soname and fill in every slot; an error names the library and hints at the package to
 * install. */
int late_load(const char *soname, const struct late_symbol *symbols, size_t n);

#endif
