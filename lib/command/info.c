/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/err.h"
#include "base/escape.h"
#include "base/fs.h"
#include "base/idmap.h"
#include "base/json.h"
#include "base/out.h"
#include "base/units.h"
#include "box/cgroup.h"
#include "container/record.h"
#include "image/catalog.h"
#include "image/store.h"
#include "network/network.h"

struct info_request {
	char *format;
};

static const struct opt options_info[] = {
	{ "format", 'f', OPT_STRING, offsetof(struct info_request, format), "FORMAT",
	  "json, or a Go template of the fields of the JSON form" },
	OPT_END,
};

/* Why the tier is what it is. */
static const char *tier_reason(enum tier tier)
{
	static const char *const reasons[] = {
		[TIER_ROOT] = "berth runs as root",
		[TIER_RANGE] = "ranges of ids from /etc/subuid and /etc/subgid",
		[TIER_SINGLE] = "the caller's own id only; changes of ownership are faked",
		[TIER_NONE] = "user namespaces are forbidden",
	};

	return reasons[tier];
}

static void add_caller(cJSON *info, const struct host *host)
{
	enum tier tier = idmap_tier(host);

	json_add_string(info, "Version", BERTH_VERSION);
	json_add_bool(info, "Rootless", host->rootless);
	json_add_string(info, "Tier", tier_name(tier));
	json_add_string(info, "TierReason", tier_reason(tier));
	json_add_string(info, "Root", host->root);
	json_add_string(info, "RunRoot", host->runroot);
}

static void add_network(cJSON *info, const struct host *host)
{
	AUTO(network) network = NETWORK_INIT;
	const char *reason;

	if (network_parse(host, NULL, &network) < 0)
		return;
	json_add_string(info, "DefaultNetwork", network_name(network.kind));
	if (!host->rootless)
		reason = "pasta cannot serve root, and there are no bridges in this version";
	else if (network_check(host, &network) < 0)
		reason = err_text();
	else
		reason = "the caller is not root";
	json_add_string(info, "DefaultNetworkReason", reason);
	err_clear();
}

static void add_cgroup(cJSON *info, const struct host *host)
{
	AUTO(buf) version = BUF_INIT, driver = BUF_INIT, controllers = BUF_INIT;
	AUTO(strvec) words = STRVEC_INIT;
	cJSON *list;

	if (cgroup_describe(host->rootless, &version, &driver, &controllers) < 0)
		err_clear();
	json_add_string(info, "CgroupVersion", version.data);
	json_add_string(info, "CgroupDriver", driver.data);
	list = json_add_array(info, "CgroupControllers");
	strvec_split(&words, controllers.data, ' ');
	for (size_t i = 0; i < words.n; i++)
		if (words.v[i][0] != '\0')
			json_push_string(list, words.v[i]);
}

static void add_machine(cJSON *info)
{
	struct utsname name;
	struct sysinfo memory;

	json_add_string(info, "StorageDriver", "overlay");
	json_add_string(info, "StorageOptions", "userxattr");
	json_add_string(info, "Seccomp",
			prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0 ? "default profile" : "none");
	json_add_string(info, "OSType", "linux");
	if (uname(&name) == 0) {
		json_add_string(info, "KernelVersion", name.release);
		json_add_string(info, "Architecture", name.machine);
		json_add_string(info, "Name", name.nodename);
	}
	json_add_int(info, "NCPU", sysconf(_SC_NPROCESSORS_ONLN));
	if (sysinfo(&memory) == 0)
		json_add_int(info, "MemTotal", (int64_t)(memory.totalram * memory.mem_unit));
}

/* Entries of a directory, and the bytes of the files among them; nothing there is nothing. */
static void count_entries(const char *root, const char *path, int64_t *ret_n, int64_t *ret_bytes)
{
	autofree char *full = xasprintf("%s/%s", root, path);
	autodir DIR *dir = opendir(full);
	struct dirent *entry;
	struct stat st;

	*ret_n = 0;
	*ret_bytes = 0;
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		++*ret_n;
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode))
			*ret_bytes += st.st_blocks * 512;
	}
}

static int count_images(const struct host *host, int64_t *ret_n)
{
	AUTO(store) store = STORE_INIT;
	AUTO(catalog) catalog = CATALOG_INIT;

	TRY(store_open(host, &store));
	TRY(catalog_open(&store, &catalog));
	*ret_n = (int64_t)catalog.n;
	return 0;
}

static int count_container(struct record *record, void *arg)
{
	int64_t *counts = arg;

	counts[0]++;
	counts[1] += record->status == RECORD_RUNNING;
	return 0;
}

/* Asking must not make a store. */
static int add_store(cJSON *info, const struct host *host)
{
	int64_t images = 0, layers, blobs, bytes, ignored, containers[2] = { 0 };
	int exists = fs_exists(AT_FDCWD, host->root);

	TRY(exists);
	if (exists > 0) {
		TRY(count_images(host, &images));
		TRY(record_each(host, count_container, containers));
	}
	count_entries(host->root, "layers", &layers, &ignored);
	count_entries(host->root, "blobs/sha256", &blobs, &bytes);
	json_add_int(info, "Images", images);
	json_add_int(info, "Layers", layers);
	json_add_int(info, "Blobs", blobs);
	json_add_int(info, "BlobsSize", bytes);
	json_add_int(info, "Containers", containers[0]);
	json_add_int(info, "ContainersRunning", containers[1]);
	return 0;
}

static void print_value(const cJSON *item, struct buf *out)
{
	const cJSON *word;

	if (strcmp(item->string, "BlobsSize") == 0 || strcmp(item->string, "MemTotal") == 0) {
		units_print_size(out, (uint64_t)item->valuedouble);
	} else if (cJSON_IsArray(item)) {
		cJSON_ArrayForEach(word, item)
			buf_addf(out, "%s%s", word != item->child ? " " : "", word->valuestring);
		if (item->child == NULL)
			buf_add_str(out, "none");
	} else if (cJSON_IsString(item)) {
		escape_text(out, item->valuestring);
	} else {
		json_print(item, false, out);
	}
}

/* A line for each field; "XReason" goes behind the X above it. */
static int print_text(const cJSON *info)
{
	AUTO(buf) text = BUF_INIT;
	const cJSON *item;

	cJSON_ArrayForEach(item, info)
	{
		size_t len = strlen(item->string);

		if (len > 6 && strcmp(item->string + len - 6, "Reason") == 0) {
			buf_truncate(&text, text.len - 1);
			buf_add_str(&text, " (");
			print_value(item, &text);
			buf_add_str(&text, ")\n");
			continue;
		}
		buf_addf(&text, "%-18s ", item->string);
		print_value(item, &text);
		buf_add_char(&text, '\n');
	}
	return out_raw(text.data, text.len);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	const struct info_request *request = data;
	autojson cJSON *info = json_object();

	add_caller(info, host);
	TRY(add_store(info, host));
	add_network(info, host);
	add_cgroup(info, host);
	add_machine(info);
	return request->format != NULL ? out_value(request->format, info) : print_text(info);
}

const struct command command_info = {
	.name = "info",
	.alias = "system info",
	.synopsis = "[OPTIONS]",
	.summary = "Show what berth finds on this machine and what it makes of it",
	.options = (const struct opt *const[]){ options_info, NULL },
	.request_size = sizeof(struct info_request),
	.run = run,
};
