/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/logplace.h"

#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/template.h"
#include "container/scratch.h"

#define SHORT_ID 12

char *logplace_path(const struct host *host, const struct record *record,
		    const struct log_config *config)
{
	if (config->path != NULL)
		return xstrdup(config->path);
	return record->ephemeral ? scratch_log_path(host, record->id)
				 : xasprintf("%s/log", record->dir);
}

int logplace_make(const struct host *host, struct record *record, const struct log_config *config,
		  char **ret_path)
{
	if (config->path == NULL && record->ephemeral)
		TRY(scratch_make_log(host, record));
	*ret_path = logplace_path(host, record, config);
	return 0;
}

/* docker's names; an ID of an image has its digest's name before it. */
static cJSON *describe(const struct record *record)
{
	cJSON *json = json_object();
	const char *image_id = record->image_id != NULL ? record->image_id : "";
	const char *digits = strchr(image_id, ':') != NULL ? strchr(image_id, ':') + 1 : image_id;
	autofree char *short_id = xstrndup(record->id, SHORT_ID);
	autofree char *short_image = xstrndup(digits, SHORT_ID);

	json_add_string(json, "ID", short_id);
	json_add_string(json, "FullID", record->id);
	json_add_string(json, "Name", record->name);
	json_add_string(json, "ImageID", short_image);
	json_add_string(json, "ImageFullID", image_id);
	json_add_string(json, "ImageName", record->image);
	json_add_string(json, "DaemonName", "berth");
	return json;
}

int logplace_tag(const struct record *record, const struct log_config *config, struct buf *out)
{
	autojson cJSON *values = NULL;

	if (config->tag == NULL)
		return 0;
	values = describe(record);
	return fail_in(template_render(config->tag, values, out), "--log-opt tag");
}

int logplace_attrs(const struct record *record, const struct log_config *config, char **ret_attrs)
{
	autojson cJSON *attrs = NULL;
	AUTO(buf) tag = BUF_INIT, text = BUF_INIT;

	if (config->tag == NULL)
		return 0;
	TRY(logplace_tag(record, config, &tag));
	attrs = json_object();
	json_add_string(attrs, "tag", tag.data);
	json_print(attrs, false, &text);
	*ret_attrs = buf_steal(&text);
	return 0;
}
