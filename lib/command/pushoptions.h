/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_COMMAND_PUSHOPTIONS_H
#define BERTH_COMMAND_PUSHOPTIONS_H

#include "command/progress.h"
#include "command/registryoptions.h"
#include "image/push.h"

/*
 * What push and manifest push have in common. The rows are used as those of registryoptions.h are.
 */
struct push_choices {
	struct registry_request registry;
	bool quiet, all;
	char *digest_file;
	char *compression; /* NULL: as the layers are */
	int64_t level;
	char *type;   /* of the manifest; NULL: as it is */
	int progress; /* enum progress_style */
};

#define PUSH_OPTION_ALL(at) \
	{ \
		"all", 0, OPT_FLAG, at(all), \
			.help = "push all images of an index, not only the one for this machine" \
	}
#define PUSH_OPTION_COMPRESSION(at) \
	{ \
		"compression-format", 0, OPT_WORD, at(compression), "FORMAT", \
			"compress layers anew that have another compression", \
			.values = VALUES_WORDS, .words = "gzip|zstd|zstd:chunked" \
	}
#define PUSH_OPTION_LEVEL(at) \
	{ \
		"compression-level", 0, OPT_INT, at(level), "N", \
			"how hard to try: 1 to 9 with gzip, 1 to 19 with zstd", .min = 1, \
										.max = 19 \
	}
#define PUSH_OPTION_DIGESTFILE(at) \
	{ \
		"digestfile", 0, OPT_STRING, at(digest_file), "FILE", \
			"write the digest of what was pushed to FILE", .values = VALUES_FILE \
	}
#define PUSH_OPTION_FORMAT(at) \
	{ \
		"format", 'f', OPT_WORD, at(type), "TYPE", \
			"media types of the manifest: oci, or docker's (v2s2)", \
			.values = VALUES_WORDS, .words = "oci|v2s2" \
	}
#define PUSH_OPTION_PROGRESS(at) \
	{ \
		"progress", 0, OPT_CHOICE, at(progress), "STYLE", \
			"auto, plain, tty or none; on stderr (auto: tty on a terminal, else " \
			"none)", \
			.values = VALUES_WORDS, .words = PROGRESS_STYLES \
	}
#define PUSH_OPTION_QUIET(at) \
	{ \
		"quiet", 'q', OPT_FLAG, at(quiet), .help = "print no progress" \
	}
#define PUSH_OPTIONS(at) \
	PUSH_OPTION_ALL(at), PUSH_OPTION_COMPRESSION(at), PUSH_OPTION_LEVEL(at), \
		PUSH_OPTION_DIGESTFILE(at), PUSH_OPTION_FORMAT(at), PUSH_OPTION_PROGRESS(at), \
		PUSH_OPTION_QUIET(at)

/* What podman has and berth has not; `remarks` is the offset of a struct strvec. */
#define PUSH_REFUSED(name, text, instead) \
	{ \
		(name), 0, OPT_REFUSED, 0, "VALUE", (text), .fix = (instead), .flags = OPT_HIDDEN \
	}
#define PUSH_UNSIGNED(name) \
	PUSH_REFUSED(name, "images are not signed in this version", \
		     "sign the digest that --digestfile writes")
#define PUSH_IGNORED(name, text, remarks) \
	{ \
		(name), 0, OPT_IGNORED, (remarks), NULL, (text), .flags = OPT_HIDDEN \
	}
#define PUSH_FOREIGN_OPTIONS(remarks) \
	PUSH_IGNORED("remove-signatures", "signatures are not sent", remarks), \
		PUSH_UNSIGNED("sign-by"), PUSH_UNSIGNED("sign-by-sigstore"), \
		PUSH_UNSIGNED("sign-by-sigstore-private-key"), \
		PUSH_REFUSED("encryption-key", "layers are not encrypted in this version", NULL)

void push_choices_init(struct push_choices *choices);
/* Refuses what cannot be; the options borrow from the choices and from the view, which is made. */
int push_choices_options(const struct push_choices *choices, const struct host *host,
			 struct progress_view *view, struct push_options *ret_options);
/* After a push: --digestfile. */
int push_choices_report(const struct push_choices *choices, const struct push_result *result);

#endif
