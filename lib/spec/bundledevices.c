/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/json.h"
#include "base/path.h"
#include "spec/bundlepart.h"
#include "spec/configpart.h"

/* What the kernel has room for (linux/kdev_t.h). */
#define MAJOR_MAX 4095
#define MINOR_MAX 1048575

/* 'u' is a character device without a buffer, of systems that have the other kind too. */
static int read_type(const cJSON *from, char *ret_type)
{
	const char *type = NULL;

	TRY(json_get_string(from, "type", &type));
	if (type == NULL)
		return refuse("'type' is missing");
	if (strlen(type) != 1 || strchr("cbup", type[0]) == NULL)
		return refuse("'type': '%s' is none of c, b, u and p", type);
	*ret_type = type[0] == 'u' ? 'c' : type[0];
	return 0;
}

static int read_number(const cJSON *from, const char *key, int64_t max, unsigned int *ret_number)
{
	int64_t number = *ret_number;
	int found = json_get_int(from, key, 0, max, &number);

	TRY(found);
	*ret_number = (unsigned int)number;
	return found;
}

static int read_numbers(const cJSON *from, struct spec_device *device)
{
	int major = read_number(from, "major", MAJOR_MAX, &device->major);
	int minor;

	TRY(major);
	minor = read_number(from, "minor", MINOR_MAX, &device->minor);
	TRY(minor);
	if (device->type != 'p' && (major == 0 || minor == 0))
		return refuse("'%s' is missing", major == 0 ? "major" : "minor");
	if (device->type == 'p')
		device->major = device->minor = 0;
	return 0;
}

static int read_device(const cJSON *from, struct spec_device *device)
{
	const char *path = NULL;

	TRY(json_get_string(from, "path", &path));
	if (path == NULL || *path == '\0')
		return refuse("'path' is missing");
	if (path[0] != '/')
		return refuse("'path': '%s' is no absolute path", path);
	device->path = path_clean(path);
	TRY(read_type(from, &device->type));
	TRY(read_numbers(from, device));
	device->mode = 0666;
	TRY(read_number(from, "fileMode", UINT32_MAX, &device->mode));
	/* Engines give st_mode as it is. */
	device->mode &= ~(uint32_t)S_IFMT;
	if (device->mode > 07777)
		return refuse("'fileMode' has more than permissions");
	TRY(read_number(from, "uid", MAX_ID, &device->uid));
	return read_number(from, "gid", MAX_ID, &device->gid);
}

int bundle_part_devices(const cJSON *linux_part, struct spec *spec)
{
	const cJSON *array = NULL, *item;
	size_t i = 0;

	TRY(json_get_array(linux_part, "devices", &array));
	cJSON_ArrayForEach(item, array)
	{
		struct spec_device *device = VEC_PUSH(&spec->devices);

		TRY(fail_in(read_device(item, device), "devices[%zu]", i));
		i++;
		/* That is always a link into the container's own /dev/pts. */
		if (strcmp(device->path, "/dev/ptmx") == 0) {
			free(device->path);
			spec->devices.n--;
		}
	}
	return 0;
}
