/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include "base/err.h"
#include "base/out.h"
#include "command/ociverb.h"
#include "oci/ocistate.h"

enum list_format {
	LIST_TABLE,
	LIST_JSON,
};

struct list_request {
	struct ociverb verb;
	int format; /* enum list_format */
	bool quiet;
};

#define AT(field) offsetof(struct list_request, field)

static const struct opt options[] = {
	{ "format", 'f', OPT_CHOICE, AT(format), "FORMAT", "table (the default) or json", 0,
	  VALUES_WORDS, "table|json" },
	{ "quiet", 'q', OPT_FLAG, AT(quiet), .help = "only the IDs" },
	OPT_END,
};

/* One that is deleted in the meantime is not in the list. */
static int add(const struct runtime *runtime, const char *id, struct list_request *request,
	       struct buf *out)
{
	AUTO(ocistate) state = OCISTATE_INIT;
	enum oci_status status;

	if (ocistate_open(runtime->root, id, &state) < 0) {
		err_clear();
		return 0;
	}
	status = ocistate_status(&state);
	if (request->format == LIST_TABLE) {
		buf_addf(out, "%s\t%d\t%s\t%s\t%s\t%s\n", id,
			 status == OCI_STOPPED ? 0 : (int)state.pid, oci_status_name(status),
			 state.bundle, state.created, state.owner != NULL ? state.owner : "");
		return 0;
	}
	buf_add_str(out, out->len > 1 ? "," : "");
	ocistate_print(&state, status, false, out);
	return 0;
}

static void print_ids(const struct strvec *ids, struct buf *out)
{
	for (size_t i = 0; i < ids->n; i++)
		buf_addf(out, "%s\n", ids->v[i]);
}

static int print(const struct runtime *runtime, struct list_request *request,
		 const struct strvec *ids, struct buf *out)
{
	AUTO(buf) rows = BUF_INIT;
	bool json = request->format == LIST_JSON;

	buf_add_str(&rows, json ? "[" : "ID\tPID\tSTATUS\tBUNDLE\tCREATED\tOWNER\n");
	for (size_t i = 0; i < ids->n; i++)
		TRY(add(runtime, ids->v[i], request, &rows));
	if (json)
		buf_addf(out, "%s]\n", rows.data);
	else
		out_align(rows.data, out);
	return 0;
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	struct list_request *request = data;
	AUTO(runtime) runtime = { 0 };
	AUTO(strvec) ids = STRVEC_INIT;
	AUTO(buf) out = BUF_INIT;

	TRY(ociverb_runtime(host, &request->verb, &runtime));
	TRY(ocistate_list(runtime.root, &ids));
	if (request->quiet)
		print_ids(&ids, &out);
	else
		TRY(print(&runtime, request, &ids, &out));
	return out_raw(out.data, out.len);
}

const struct command command_oci_list = {
	.name = "oci list",
	.synopsis = "[OPTIONS]",
	.summary = "List the containers of the runtime",
	.options = (const struct opt *const[]){ options, ociverb_hidden, NULL },
	.request_size = sizeof(struct list_request),
	.run = run,
};
