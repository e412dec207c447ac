/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/summary.h"

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/units.h"
#include "image/ingest.h"
#include "image/plan.h"

void summary_release(struct summary *summary)
{
	strvec_release(&summary->labels);
	strvec_release(&summary->layers);
	*summary = (struct summary){ 0 };
}

static int read_config(const struct store *store, const char *id, struct image_config *config)
{
	autofree char *path = NULL;
	AUTO(buf) text = BUF_INIT;

	if (plan_read(store, id, config) >= 0)
		return 0;
	path = xasprintf("blobs/sha256/%s", digest_hex(id));
	TRY(fs_read_file(store->fd, path, MAX_CONFIG, &text));
	return imageconfig_parse(text.data, text.len, id, config);
}

int summary_read(const struct store *store, const char *id, struct summary *ret_summary)
{
	struct image_config config = { 0 };
	struct summary summary = { 0 };
	uint32_t nsec;

	if (id[0] == '\0' || read_config(store, id, &config) < 0) {
		err_clear();
		return 0;
	}
	if (config.created != NULL && units_parse_time(config.created, &summary.created, &nsec) < 0)
		summary.created = 0;
	for (size_t i = 0; i < config.diff_ids.n; i++) {
		uint64_t size = 0;

		if (ingest_layer_size(store, config.diff_ids.v[i], &size) >= 0)
			summary.size += size;
	}
	err_clear();
	summary.labels = config.labels;
	summary.layers = config.diff_ids;
	config.labels = config.diff_ids = (struct strvec)STRVEC_INIT;
	image_config_release(&config);
	*ret_summary = summary;
	return 1;
}
