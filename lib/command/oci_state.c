/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include "base/err.h"
#include "base/out.h"
#include "base/units.h"
#include "command/ociverb.h"
#include "oci/ocistate.h"

struct plain_request {
	struct ociverb verb;
	bool all, force;
};

#define AT(field) offsetof(struct plain_request, field)

static const struct opt options_kill[] = {
	{ "all", 'a', OPT_FLAG, AT(all), .help = "to every process of the container" },
	OPT_END,
};

static const struct opt options_delete[] = {
	{ "force", 'f', OPT_FLAG, AT(force),
	  .help = "kill it if it runs; none of that ID is fine" },
	OPT_END,
};

static int state(const struct host *host, void *data, const struct strvec *operands)
{
	const struct plain_request *request = data;
	AUTO(runtime) runtime = { 0 };
	AUTO(ocistate) found = OCISTATE_INIT;
	AUTO(buf) text = BUF_INIT;

	TRY(ociverb_runtime(host, &request->verb, &runtime));
	TRY(ocistate_open(runtime.root, operands->v[0], &found));
	ocistate_print(&found, ocistate_status(&found), true, &text);
	buf_add_str(&text, "\n");
	return out_raw(text.data, text.len);
}

static int start(const struct host *host, void *data, const struct strvec *operands)
{
	const struct plain_request *request = data;
	AUTO(runtime) runtime = { 0 };

	TRY(ociverb_runtime(host, &request->verb, &runtime));
	return runtime_start(&runtime, operands->v[0]);
}

static int kill_it(const struct host *host, void *data, const struct strvec *operands)
{
	const struct plain_request *request = data;
	AUTO(runtime) runtime = { 0 };
	int signal;

	TRY(units_parse_signal(operands->n > 1 ? operands->v[1] : "TERM", &signal));
	TRY(ociverb_runtime(host, &request->verb, &runtime));
	return runtime_kill(&runtime, operands->v[0], signal, request->all);
}

static int delete_it(const struct host *host, void *data, const struct strvec *operands)
{
	const struct plain_request *request = data;
	AUTO(runtime) runtime = { 0 };

	TRY(ociverb_runtime(host, &request->verb, &runtime));
	return runtime_delete(&runtime, operands->v[0], request->force);
}

static int pause_or_resume(const struct host *host, const struct plain_request *request,
			   const struct strvec *operands, bool paused)
{
	AUTO(runtime) runtime = { 0 };

	TRY(ociverb_runtime(host, &request->verb, &runtime));
	return runtime_pause(&runtime, operands->v[0], paused);
}

static int pause_it(const struct host *host, void *data, const struct strvec *operands)
{
	return pause_or_resume(host, data, operands, true);
}

static int resume(const struct host *host, void *data, const struct strvec *operands)
{
	return pause_or_resume(host, data, operands, false);
}

#define VERB(word, words, text, tables, most, function) \
	{ \
		.name = "oci " word, .synopsis = (words), .summary = (text), \
		.options = (const struct opt *const[]){ tables ociverb_hidden, NULL }, \
		.request_size = sizeof(struct plain_request), .operands_min = 1, \
		.operands_max = (most), .run = (function) \
	}
#define NO_TABLE
#define TABLE(name) name,

const struct command command_oci_state =
	VERB("state", "CONTAINER", "Print the state of a container", NO_TABLE, 1, state);
const struct command command_oci_start =
	VERB("start", "CONTAINER", "Start a container that is created", NO_TABLE, 1, start);
const struct command command_oci_kill =
	VERB("kill", "[OPTIONS] CONTAINER [SIGNAL]", "Send a signal to a container",
	     TABLE(options_kill), 2, kill_it);
const struct command command_oci_delete = VERB(
	"delete", "[OPTIONS] CONTAINER", "Delete a container", TABLE(options_delete), 1, delete_it);
const struct command command_oci_pause =
	VERB("pause", "CONTAINER", "Stop all processes of a container", NO_TABLE, 1, pause_it);
const struct command command_oci_resume =
	VERB("resume", "CONTAINER", "Let a paused container go on", NO_TABLE, 1, resume);
