/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include "base/json.h"
#include "base/out.h"
#include "command/ociverb.h"
#include "oci/features.h"

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	autojson cJSON *json = features_document();
	AUTO(buf) text = BUF_INIT;

	json_print(json, true, &text);
	buf_add_str(&text, "\n");
	return out_raw(text.data, text.len);
}

const struct command command_oci_features = {
	.name = "oci features",
	.synopsis = "",
	.summary = "Print what berth can do as a runtime",
	.options = (const struct opt *const[]){ ociverb_hidden, NULL },
	.request_size = sizeof(struct ociverb),
	.run = run,
};
