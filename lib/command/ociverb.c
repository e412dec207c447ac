/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/ociverb.h"

#include <stddef.h>
#include <unistd.h>

#include "base/err.h"
#include "base/path.h"

#define AT(field) offsetof(struct ociverb, field)

static int drop(void *request, const char *value)
{
	return 0;
}

#define ROWS(hidden) \
	{ "root",     0, \
	  OPT_STRING, AT(root), \
	  "DIR",      "keep the state of containers in DIR, below which nobody else may write", \
	  (hidden),   VALUES_DIRECTORY }, \
		{ "log",    0,          OPT_STRING, \
		  AT(log),  "FILE",     "append errors to FILE as well", \
		  (hidden), VALUES_FILE }, \
		{ "log-format", 0, \
		  OPT_CHOICE,   AT(log_format), \
		  "FORMAT",     "how: text, or json, an object a line", \
		  (hidden),     VALUES_WORDS, \
		  "text|json" }, \
		{ "systemd-cgroup", \
		  0, \
		  OPT_FLAG, \
		  AT(systemd_cgroup), \
		  NULL, \
		  "cgroupsPath is SLICE:PREFIX:NAME, for a scope of systemd", \
		  (hidden) }, \
		{ "rootless",   0,      OPT_STRING, \
		  AT(rootless), "WORD", "accepted for the sake of engines", \
		  OPT_HIDDEN }, \
		{ "log-level", 0, \
		  OPT_CALL,    0, \
		  "LEVEL",     "accepted for the sake of engines", \
		  OPT_HIDDEN,  .parse = drop }, \
		{ "debug", \
		  0, \
		  OPT_CALL, \
		  .help = "accepted for the sake of engines", \
		  .flags = OPT_HIDDEN, \
		  .parse = drop }, \
		{ "criu",     0, \
		  OPT_CALL,   0, \
		  "FILE",     "accepted for the sake of engines", \
		  OPT_HIDDEN, .parse = drop }, \
		OPT_END

const struct opt ociverb_options[] = { ROWS(0) };
const struct opt ociverb_hidden[] = { ROWS(OPT_HIDDEN) };

int ociverb_runtime(const struct host *host, const struct ociverb *verb,
		    struct runtime *ret_runtime)
{
	autofree char *here = getcwd(NULL, 0);
	autofree char *root = NULL;

	if (here == NULL)
		return fail("cannot find the current directory");
	root = verb->root != NULL ? path_join(here, verb->root) : path_join(host->runroot, "oci");
	*ret_runtime = (struct runtime){
		.host = host,
		.root = path_clean(root),
		.systemd_cgroup = verb->systemd_cgroup,
	};
	return 0;
}
