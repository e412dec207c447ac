/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "oci/runtime.h"
#include "spec/config.h"
#include "spec/profile.h"

#define SHM_SIZE (64UL << 20)

static const char *const env[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"TERM=xterm",
};

/* The caller as root, and the host's network, without which he has none. */
static void make_rootless(const struct host *host, struct spec *spec)
{
	spec->ns[NS_USER].mode = NS_NEW;
	spec->ns[NS_NET].mode = NS_HOST;
	spec->ns[NS_CGROUP].mode = NS_HOST;
	idmap_add(&spec->idmaps.uid, 0, host->uid, 1);
	idmap_add(&spec->idmaps.gid, 0, host->gid, 1);
}

static void make_spec(const struct runtime *runtime, bool rootless, struct spec *spec)
{
	static const enum ns_kind kinds[] = { NS_PID, NS_NET, NS_IPC, NS_UTS, NS_MOUNT, NS_CGROUP };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		spec->ns[kinds[i]].mode = NS_NEW;
	if (rootless)
		make_rootless(runtime->host, spec);
	spec->hostname = xstrdup("berth");
	spec->root.kind = ROOT_DIRECTORY;
	spec->root.readonly = true;
	spec->process.terminal = true;
	spec->process.no_new_privileges = true;
	spec->process.cwd = xstrdup("/");
	strvec_push(&spec->process.args, "sh");
	for (size_t i = 0; i < ARRAY_SIZE(env); i++)
		strvec_push(&spec->process.env, env[i]);
	profile_apply(spec, SHM_SIZE);
}

/* Without what is berth's own: the bundle is for every runtime. */
static int print(const struct spec *spec, bool rootless, struct buf *out)
{
	autojson cJSON *config = NULL;
	AUTO(buf) text = BUF_INIT;

	TRY(config_write(spec, "rootfs", &text));
	TRY(json_parse(text.data, text.len, "config.json", &config));
	cJSON_DeleteItemFromObjectCaseSensitive(config, "annotations");
	if (rootless)
		cJSON_DeleteItemFromObjectCaseSensitive(
			cJSON_GetObjectItemCaseSensitive(config, "linux"), "resources");
	json_print(config, true, out);
	buf_add_str(out, "\n");
	return 0;
}

int runtime_spec(const struct runtime *runtime, const char *bundle, bool rootless)
{
	autoclose int dir =
		fs_open(AT_FDCWD, bundle != NULL ? bundle : ".", O_PATH | O_DIRECTORY, 0);
	AUTO(buf) text = BUF_INIT;
	AUTO(spec) spec;

	spec_init(&spec);
	TRY(dir);
	if (fs_exists(dir, "config.json") != 0)
		return refuse_with(EEXIST, "there is a 'config.json' already: remove it first");
	make_spec(runtime, rootless, &spec);
	TRY(print(&spec, rootless, &text));
	return fs_replace_file(dir, "config.json", text.data, text.len, 0644, false);
}
