/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/cdi.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/path.h"
#include "container/device.h"
#include "spec/names.h"

/* The later one wins. */
static const char *const directories[] = { "/etc/cdi", "/var/run/cdi" };

static size_t span_name(const char *text, const char *more)
{
	size_t n = 0;

	while ((text[n] >= 'a' && text[n] <= 'z') || (text[n] >= 'A' && text[n] <= 'Z') ||
	       (text[n] >= '0' && text[n] <= '9') || (text[n] != '\0' && strchr(more, text[n])))
		n++;
	return n;
}

bool cdi_is_name(const char *text)
{
	size_t vendor = span_name(text, "-_."), class_len, name_len;

	if (vendor == 0 || text[vendor] != '/')
		return false;
	text += vendor + 1;
	class_len = span_name(text, "-_.");
	if (class_len == 0 || text[class_len] != '=')
		return false;
	text += class_len + 1;
	name_len = span_name(text, "-_.:");
	return name_len != 0 && text[name_len] == '\0';
}

static int add_nodes(const cJSON *edits, struct spec *spec)
{
	const cJSON *array = NULL, *node;

	TRY(json_get_array(edits, "deviceNodes", &array));
	cJSON_ArrayForEach(node, array)
	{
		const char *path = NULL, *host_path = NULL, *access = "rwm";

		TRY(json_get_string(node, "path", &path));
		TRY(json_get_string(node, "hostPath", &host_path));
		TRY(json_get_string(node, "permissions", &access));
		if (path == NULL)
			return refuse("a device node has no path");
		if (strlen(access) > 3 || strspn(access, "rwm") != strlen(access))
			return refuse("'%s' are no permissions of r, w and m", access);
		TRY(device_add_node(host_path != NULL ? host_path : path, path, access, spec));
	}
	return 0;
}

static int add_mounts(const cJSON *edits, struct spec *spec)
{
	const cJSON *array = NULL, *item;

	TRY(json_get_array(edits, "mounts", &array));
	cJSON_ArrayForEach(item, array)
	{
		const char *source = NULL, *destination = NULL, *type = "bind";
		AUTO(strvec) options = STRVEC_INIT;
		struct spec_mount *mount;

		TRY(json_get_string(item, "hostPath", &source));
		TRY(json_get_string(item, "containerPath", &destination));
		TRY(json_get_string(item, "type", &type));
		TRY(json_get_strings(item, "options", &options));
		if (source == NULL || *source != '/' || destination == NULL || *destination != '/')
			return refuse("a mount needs hostPath and containerPath, both absolute");
		if (strcmp(type, "bind") != 0 && *type != '\0' && strcmp(type, "none") != 0)
			return refuse("mounts of type '%s' are not supported", type);
		mount = spec_add_mount(spec, "bind", source, destination);
		free(mount->destination);
		mount->destination = path_clean(destination);
		mount->attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
		for (size_t i = 0; i < options.n; i++)
			if (!mount_option_apply(mount, options.v[i]))
				return refuse("there is no mount option '%s'", options.v[i]);
	}
	return 0;
}

static int add_env(const cJSON *edits, struct spec *spec)
{
	AUTO(strvec) env = STRVEC_INIT;

	TRY(json_get_strings(edits, "env", &env));
	for (size_t i = 0; i < env.n; i++) {
		if (strchr(env.v[i], '=') == NULL || env.v[i][0] == '=')
			return refuse("'%s' is not NAME=VALUE", env.v[i]);
		env_put(&spec->process.env, env.v[i]);
	}
	return 0;
}

static int add_groups(const cJSON *edits, struct spec *spec)
{
	const cJSON *array = NULL;

	TRY(json_get_array(edits, "additionalGids", &array));
	for (int i = 0; i < cJSON_GetArraySize(array); i++) {
		const cJSON *item = cJSON_GetArrayItem(array, i);

		if (!cJSON_IsNumber(item) || item->valuedouble < 0 ||
		    item->valuedouble > (double)MAX_ID)
			return refuse("additionalGids[%d] is not a group id", i);
		strvec_pushf(&spec->process.user.groups, "%.0f", item->valuedouble);
	}
	return 0;
}

static int add_edits(const cJSON *owner, struct spec *spec)
{
	const cJSON *edits = NULL, *hooks = NULL;

	TRY(json_get_object(owner, "containerEdits", &edits));
	if (edits == NULL)
		return 0;
	TRY(json_get_array(edits, "hooks", &hooks));
	if (cJSON_GetArraySize(hooks) != 0) {
		refuse("the description wants programs to be run on the host (hooks), which is not "
		       "done");
		hint("have the vendor's tool write a description without hooks, or give the device "
		     "nodes with --device /dev/...");
		return -EINVAL;
	}
	TRY(add_nodes(edits, spec));
	TRY(add_mounts(edits, spec));
	TRY(add_groups(edits, spec));
	return add_env(edits, spec);
}

int cdi_apply(const char *bytes, size_t len, const char *file, const char *name, struct spec *spec)
{
	const char *kind = NULL, *wanted = strchr(name, '=');
	const cJSON *devices = NULL, *device;
	autojson cJSON *json = NULL;

	TRY(json_parse(bytes, len, file, &json));
	TRY(json_get_string(json, "kind", &kind));
	if (kind == NULL || strlen(kind) != (size_t)(wanted - name) ||
	    strncmp(kind, name, strlen(kind)) != 0)
		return 0;
	TRY(json_get_array(json, "devices", &devices));
	cJSON_ArrayForEach(device, devices)
	{
		const char *text = NULL;

		TRY(json_get_string(device, "name", &text));
		if (text == NULL || strcmp(text, wanted + 1) != 0)
			continue;
		TRY(fail_in(add_edits(json, spec), "'%s'", file));
		TRY(fail_in(add_edits(device, spec), "'%s'", file));
		return 1;
	}
	return 0;
}

static int search_directory(const char *path, const char *name, struct spec *spec)
{
	autodir DIR *dir = opendir(path);
	const struct dirent *entry;

	if (dir == NULL)
		return errno == ENOENT ? 0 : fail("cannot read '%s'", path);
	while ((entry = readdir(dir)) != NULL) {
		const char *dot = strrchr(entry->d_name, '.');
		autofree char *file = path_join(path, entry->d_name);
		AUTO(buf) text = BUF_INIT;
		int rc;

		if (dot == NULL || strcmp(dot, ".json") != 0)
			continue;
		TRY(fs_read_file(AT_FDCWD, file, MAX_CONFIG, &text));
		rc = cdi_apply(text.data, text.len, file, name, spec);
		if (rc != 0)
			return rc;
	}
	return 0;
}

int cdi_add(const char *name, struct spec *spec)
{
	for (size_t i = ARRAY_SIZE(directories); i-- > 0;) {
		int rc = search_directory(directories[i], name, spec);

		if (rc != 0)
			return rc;
	}
	refuse("no file in /etc/cdi or /var/run/cdi describes this device");
	hint("the vendor's tool writes it (such as: nvidia-ctk cdi generate "
	     "--output=/etc/cdi/nvidia.json; YAML files are not read)");
	return -ENOENT;
}
