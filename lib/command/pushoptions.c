/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/pushoptions.h"

#include <string.h>

#include "base/err.h"
#include "base/fs.h"

void push_choices_init(struct push_choices *choices)
{
	registry_request_init(&choices->registry);
}

static void choose_compression(const struct push_choices *choices, struct upstream_format *format)
{
	format->level = (int)choices->level;
	if (choices->compression == NULL)
		return;
	format->given = true;
	format->chunked = strcmp(choices->compression, "zstd:chunked") == 0;
	format->format = format->chunked || strcmp(choices->compression, "zstd") == 0
				 ? COMPRESSION_ZSTD
				 : COMPRESSION_GZIP;
}

int push_choices_options(const struct push_choices *choices, const struct host *host,
			 struct progress_view *view, struct push_options *ret_options)
{
	struct push_options options = PUSH_OPTIONS_INIT;

	registry_request_options(&choices->registry, host, &options.registry);
	choose_compression(choices, &options.format);
	if (choices->type != NULL)
		options.family = strcmp(choices->type, "oci") == 0 ? FAMILY_OCI : FAMILY_DOCKER;
	options.all_platforms = choices->all;
	progress_view_init(view, (enum progress_style)choices->progress, choices->quiet);
	options.progress = progress_view_sink(view);
	*ret_options = options;
	return 0;
}

int push_choices_report(const struct push_choices *choices, const struct push_result *result)
{
	autoclose int fd = -1;

	if (choices->digest_file == NULL)
		return 0;
	/* It may be no regular file. */
	fd = fs_open(AT_FDCWD, choices->digest_file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	TRY(fd);
	return fs_write_all(fd, result->digest, strlen(result->digest), choices->digest_file);
}
