/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/volumemount.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "container/scratch.h"
#include "container/volumeopt.h"
#include "container/volumeuse.h"

static struct volume *find_locked(const struct container *container, const char *name)
{
	for (size_t i = 0; i < container->volumes.n; i++)
		if (strcmp(container->volumes.v[i].name, name) == 0)
			return &container->volumes.v[i];
	return NULL;
}

static bool is_equal(const struct strvec *a, const struct strvec *b)
{
	for (size_t i = 0; a->n == b->n && i < a->n; i++)
		if (!strvec_has(b, a->v[i]))
			return false;
	return a->n == b->n;
}

static int check_same(const struct volume *volume, const struct mountopt *opt)
{
	if (opt->driver_options.n == 0 || is_equal(&opt->driver_options, &volume->options))
		return 0;
	refuse_with(EEXIST, "the volume '%s' is there, with other options", volume->name);
	hint("leave volume-opt out, or take another name");
	return -EEXIST;
}

/* Somebody may make or remove it at the same time. */
static int open_or_make(struct store *store, const struct mountopt *opt, struct volume *ret_volume)
{
	struct volume_plan plan = VOLUME_PLAN_INIT;
	int rc;

	plan.name = opt->volume;
	plan.options = &opt->driver_options;
	plan.labels = &opt->labels;
	plan.anonymous = opt->kind == MOUNTOPT_ANONYMOUS;
	do {
		rc = volume_open(store, opt->volume, true, ret_volume);
		if (rc != -ENOENT)
			return rc;
		rc = volume_create(store, &plan, ret_volume);
	} while (rc == -EEXIST);
	err_clear();
	return rc;
}

/* A plan that leaves no trace makes none. */
static int plan_dry(const struct store *store, struct mountopt *opt)
{
	AUTO(volume) volume = VOLUME_INIT;
	int rc = volume_open(store, opt->volume, false, &volume);

	if (rc < 0 && rc != -ENOENT)
		return rc;
	err_clear();
	rc = volumeopt_apply(rc < 0 ? &opt->driver_options : &volume.options, &opt->mount);
	if (rc == 0)
		opt->mount.source = xasprintf("%s/volumes/%s/data", store->path, opt->volume);
	return rc;
}

static int plan_stored(struct container *container, struct mountopt *opt)
{
	struct volume *volume;
	int rc;

	TRY(container_open_store(container->host, container));
	if (container->record.dirfd < 0)
		return plan_dry(&container->store, opt);
	volume = find_locked(container, opt->volume);
	if (volume == NULL) {
		struct volume opened = VOLUME_INIT;

		TRY(open_or_make(&container->store, opt, &opened));
		volume = VEC_PUSH(&container->volumes);
		*volume = opened;
	}
	TRY(check_same(volume, opt));
	strvec_pushf(&container->record.volumes, "%s:%s", volume->name, opt->mount.destination);
	rc = volumeopt_apply(&volume->options, &opt->mount);
	if (rc == 0)
		xreplace(&opt->mount.source, volume->path);
	TRY(rc);
	if (rc > 0 && opt->subpath != NULL && strcmp(opt->mount.type, "bind") != 0)
		return refuse("the volume '%s' is mounted for each container: it has no subpath",
			      volume->name);
	xreplace(&opt->mount.subpath, opt->subpath);
	return rc;
}

/* Options say that it needs no directory; else it is one that goes with the container. */
static int plan_scratch(struct container *container, size_t number, struct mountopt *opt)
{
	autofree char *name = xasprintf("%zu", number);
	int rc = volumeopt_apply(&opt->driver_options, &opt->mount);

	if (rc != 0)
		return rc;
	if (container->record.dirfd < 0) { /* there is no directory to name */
		xreplace(&opt->mount.type, "tmpfs");
		return 0;
	}
	return scratch_make_volume(container->host, &container->record, &container->spec.idmaps,
				   name, &opt->mount.source);
}

int volumemount_plan(struct container *container, size_t number, struct mountopt *opt)
{
	char name[65];

	if (opt->kind == MOUNTOPT_VOLUME)
		return fail_in(plan_stored(container, opt), "volume '%s'", opt->volume);
	if (container->record.ephemeral || container->record.dirfd < 0)
		return plan_scratch(container, number, opt);
	TRY(volume_make_name(name));
	TRY(volumeuse_note(&container->record, name));
	xreplace(&opt->volume, name);
	return plan_stored(container, opt);
}

/* The directories of a container of --rm stay as long as somebody else has them. */
static int borrow(struct container *container, const char *source)
{
	int fd;

	if (source == NULL)
		return 0;
	fd = scratch_borrow(container->host, container->record.id, source);
	TRY(fd);
	if (fd > 0)
		*VEC_PUSH(&container->borrowed) = fd;
	return 0;
}

int volumemount_adopt(struct container *container, struct mountopt *opt)
{
	struct volume volume = VOLUME_INIT;

	if (container->record.dirfd < 0)
		return 0;
	if (opt->volume == NULL)
		return borrow(container, opt->mount.source);
	TRY(container_open_store(container->host, container));
	strvec_pushf(&container->record.volumes, "%s:%s", opt->volume, opt->mount.destination);
	if (find_locked(container, opt->volume) != NULL)
		return 0;
	TRY(volume_open(&container->store, opt->volume, true, &volume));
	*VEC_PUSH(&container->volumes) = volume;
	return 0;
}

int volumemount_lock(struct container *container)
{
	AUTO(strvec) names = STRVEC_INIT;

	volumeuse_names(&container->record, &names);
	if (names.n != 0)
		TRY(container_open_store(container->host, container));
	for (size_t i = 0; i < names.n; i++) {
		struct volume volume = VOLUME_INIT;

		if (find_locked(container, names.v[i]) != NULL)
			continue;
		TRY(volume_open(&container->store, names.v[i], true, &volume));
		*VEC_PUSH(&container->volumes) = volume;
	}
	for (size_t i = 0; container->borrowed.n == 0 && i < container->spec.mounts.n; i++)
		TRY(borrow(container, container->spec.mounts.v[i].source));
	return 0;
}

void volumemount_unlock(struct container *container)
{
	for (size_t i = 0; i < container->volumes.n; i++)
		volume_release(&container->volumes.v[i]);
	free(container->volumes.v);
	container->volumes.v = NULL;
	container->volumes.n = 0;
	for (size_t i = 0; i < container->borrowed.n; i++)
		close(container->borrowed.v[i]);
	free(container->borrowed.v);
	container->borrowed.v = NULL;
	container->borrowed.n = 0;
}
