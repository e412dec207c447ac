/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/etc.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "container/mounts.h"

#define ZONES "/usr/share/zoneinfo"

static void mount_file(struct spec *spec, const char *source, const char *destination)
{
	struct spec_mount *mount = spec_add_mount(spec, "bind", source, destination);

	mount->attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
}

/* Root gives it to the container's root; a user's own files are his in there as well. */
static int write_file(const struct host *host, struct container *container, const char *name,
		      const struct buf *text)
{
	const struct idmaps *maps = &container->spec.idmaps;
	autoclose int fd = fs_open(container->record.dirfd, name,
				   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);

	TRY(fd);
	TRY(fs_write_all(fd, text->data, text->len, name));
	if (fchmod(fd, 0644) < 0)
		return fail("cannot set the mode of '%s'", name);
	if (!host->rootless && maps->uid.n != 0 &&
	    fchown(fd, (uid_t)idmap_to_outside(&maps->uid, 0),
		   (gid_t)idmap_to_outside(&maps->gid, 0)) < 0)
		return fail("cannot set the owner of '%s'", name);
	return 0;
}

/* "none" among the servers means that the image's own file is to stay. */
static bool wants_resolv(const struct request *request)
{
	return !strvec_has(&request->resolv.servers, "none");
}

static const char *const names[] = { "resolv.conf", "hosts", "hostname" };

int etc_make(const struct host *host, const struct request *request, const char *hostname,
	     struct container *container)
{
	const bool wanted[] = { wants_resolv(request), !request->no_hosts, !request->no_hostname };
	struct record *record = &container->record;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		autofree char *destination = xasprintf("/etc/%s", names[i]);
		autofree char *source = xasprintf("%s/%s", record->dir, names[i]);
		AUTO(buf) text = BUF_INIT;

		if (!wanted[i] || mounts_find(&container->spec, destination) != NULL)
			continue;
		if (i == 0)
			TRY(resolv_write_conf(&request->resolv, &container->network, &text));
		else if (i == 1)
			TRY(resolv_write_hosts(&request->resolv, &container->network, hostname,
					       record->name, &text));
		else
			buf_addf(&text, "%s\n", hostname);
		TRY(write_file(host, container, names[i], &text));
		mount_file(&container->spec, source, destination);
	}
	return 0;
}

void etc_unlink(const struct container *container)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unlinkat(container->record.dirfd, names[i], 0);
}

int etc_make_timezone(const struct request *request, struct spec *spec)
{
	const char *zone = request->tz;
	autofree char *path = NULL;
	struct stat st;

	if (zone == NULL || mounts_find(spec, "/etc/localtime") != NULL)
		return 0;
	if (strcmp(zone, "local") == 0)
		path = xstrdup("/etc/localtime");
	else if (*zone == '\0' || *zone == '/' || strstr(zone, "..") != NULL)
		return refuse("--tz '%s' is not the name of a time zone", zone);
	else
		path = xasprintf(ZONES "/%s", zone);
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode)) {
		refuse("--tz '%s': there is no '%s'", zone, path);
		hint("names are those below " ZONES " (package tzdata), such as Europe/Berlin, or "
		     "local");
		return -EINVAL;
	}
	mount_file(spec, path, "/etc/localtime");
	spec->mounts.v[spec->mounts.n - 1].attr_set |= MOUNT_ATTR_RDONLY;
	return 0;
}
