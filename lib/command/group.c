/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#define GROUP(word, text) \
	{ \
		.name = (word), .synopsis = "COMMAND [ARG...]", .summary = (text), .group = true, \
		.mode = OPT_STOP_AT_OPERAND, .hostless = true \
	}

const struct command command_group_container = GROUP("container", "Work with containers");
const struct command command_group_healthcheck = GROUP("healthcheck", "Check containers");
const struct command command_group_image = GROUP("image", "Work with images");
const struct command command_group_manifest = GROUP("manifest", "Make and push manifest lists");
const struct command command_group_secret = GROUP("secret", "Keep secrets for containers");
const struct command command_group_system = GROUP("system", "Look after the store");
const struct command command_group_volume = GROUP("volume", "Work with volumes");
