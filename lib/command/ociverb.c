/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/ociverb.h"

#include <fcntl.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/escape.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/path.h"
#include "base/units.h"

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

static void print_line(const struct ociverb *verb, const char *level, const char *text,
		       struct buf *out)
{
	autojson cJSON *json = json_object();
	AUTO(buf) at = BUF_INIT;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	units_print_time(&at, now.tv_sec, (uint32_t)now.tv_nsec);
	if (verb->log_format == OCIVERB_JSON) {
		json_add_string(json, "level", level);
		json_add_string(json, "msg", text);
		json_add_string(json, "time", at.data);
		json_print(json, false, out);
	} else {
		buf_addf(out, "time=\"%s\" level=%s msg=", at.data, level);
		json_print_string(out, text);
	}
	buf_add_str(out, "\n");
}

static bool has_log(const struct ociverb *verb)
{
	return verb->log != NULL && *verb->log != '\0';
}

void ociverb_log(const struct ociverb *verb, const char *level, const char *text)
{
	const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY;
	AUTO(buf) line = BUF_INIT;
	autoclose int fd = -1;

	if (!has_log(verb))
		return;
	print_line(verb, level, text, &line);
	fd = open(verb->log, flags, 0600);
	if (fd >= 0)
		(void)!write(fd, line.data, line.len);
}

static void warn(const void *arg, const char *text)
{
	const struct ociverb *verb = arg;
	AUTO(buf) line = BUF_INIT;

	if (has_log(verb)) {
		ociverb_log(verb, "warning", text);
		return;
	}
	buf_add_str(&line, "berth: warning: ");
	escape_text(&line, text);
	buf_add_str(&line, "\n");
	(void)!write(STDERR_FILENO, line.data, line.len);
}

int ociverb_runtime(const struct host *host, const struct ociverb *verb,
		    struct runtime *ret_runtime)
{
	autofree char *root =
		verb->root != NULL ? xstrdup(verb->root) : path_join(host->runroot, "oci");

	*ret_runtime = (struct runtime){
		.host = host,
		.systemd_cgroup = verb->systemd_cgroup,
		.warn = warn,
		.warn_arg = verb,
	};
	return path_absolute(root, &ret_runtime->root);
}
