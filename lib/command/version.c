/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/out.h"
#include "image/platform.h"

struct version_request {
	char *format;
};

static const struct opt options_version[] = {
	{ "format", 'f', OPT_STRING, offsetof(struct version_request, format), "FORMAT",
	  "json, or a Go template with the fields Version, OciVersion and Client" },
	OPT_END,
};

int version_print(void)
{
	return out_line("berth version %s", BERTH_VERSION);
}

/* Where scripts for docker and podman look. There is no server. */
static void add_client(cJSON *version)
{
	cJSON *client = json_add_object(version, "Client");
	struct platform platform = { 0 };
	AUTO(buf) text = BUF_INIT;

	platform_host(&platform);
	platform_print(&text, platform.os, platform.architecture, NULL);
	json_add_string(client, "Version", BERTH_VERSION);
	json_add_string(client, "Os", platform.os);
	json_add_string(client, "Arch", platform.architecture);
	json_add_string(client, "OsArch", text.data);
	platform_release(&platform);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct version_request *request = data;
	autojson cJSON *version = json_object();

	if (request->format == NULL)
		return version_print();
	json_add_string(version, "Version", BERTH_VERSION);
	json_add_string(version, "OciVersion", "1.0.2");
	add_client(version);
	return out_value(request->format, version);
}

const struct command command_version = {
	.name = "version",
	.synopsis = "[OPTIONS]",
	.summary = "Print the version",
	.options = (const struct opt *const[]){ options_version, NULL },
	.hostless = true,
	.request_size = sizeof(struct version_request),
	.run = run,
};
