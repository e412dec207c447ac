/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/cgroup.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/path.h"
#include "box/cgdir.h"
#include "box/cgdriver.h"
#include "box/cgknob.h"
#include "box/cgself.h"
#include "box/cgunit.h"

#define CONTROLLERS_ANY (~0U >> 1)
/* In the name of one that is not ours alone. */
#define SHARED "shared-"

static int none_make(const struct spec *spec, struct cgroup *cgroup)
{
	return 0;
}

const struct cgroup_driver cgroup_driver_none = { .name = "none", .make = none_make };

static const struct cgroup_driver *const drivers[] = {
	&cgroup_driver_none,
	&cgroup_driver_v1,
	&cgroup_driver_v2,
	&cgroup_driver_systemd,
};

bool cgroup_has_driver(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++)
		if (strcmp(drivers[i]->name, name) == 0)
			return true;
	return false;
}

static bool is_below(const char *path)
{
	return strstr(path, "..") == NULL && strstr(path, "//") == NULL;
}

static bool is_clean(const char *path)
{
	autofree char *clean = path_clean(path);

	return strcmp(path, clean) == 0;
}

static int place_parent(const struct spec *spec, const char *parent, const char *controller,
			char **ret_parent)
{
	const char *asked = spec->cgroup.parent;

	if (asked != NULL && strchr(asked, '/') == NULL && cgunit_is_slice(asked))
		return cgself_slice_path(asked, ret_parent);
	if (asked != NULL) {
		*ret_parent = xasprintf("%s%s", asked[0] == '/' ? "" : "/", asked);
		return 0;
	}
	if (spec->cgroup.mode == CGROUP_SPLIT)
		return cgself_path(0, controller, ret_parent);
	*ret_parent = xstrdup(parent);
	return 0;
}

/* cgroupsPath of a bundle, as path_clean() has it; below the parent where it is relative. */
static int place_path(const char *text, const char *above, char **ret_path)
{
	autofree char *path = path_clean(text);

	if (strcmp(path, "/") == 0)
		return refuse("linux.cgroupsPath: '%s' is where all cgroups are", text);
	*ret_path = text[0] == '/' ? xstrdup(path) : xasprintf("%s%s", above, path);
	return 0;
}

int cgroup_place(const struct spec *spec, const char *parent, const char *controller,
		 char **ret_path)
{
	autofree char *above = NULL;
	size_t len;

	TRY(place_parent(spec, parent, controller, &above));
	if (!is_below(above))
		return refuse("'%s' is not the path of a cgroup", above);
	len = strlen(above);
	while (len > 0 && above[len - 1] == '/')
		above[--len] = '\0';
	if (spec->cgroup.path != NULL && spec->cgroup.path[0] != '\0')
		return place_path(spec->cgroup.path, above, ret_path);
	*ret_path = xasprintf("%s/%s%s", above, strcmp(above, CGROUP_PARENT) == 0 ? "" : "berth-",
			      spec->id);
	return 0;
}

/* The first limit of a bundle that wants a cgroup. A path alone is no limit: without one an
 * ordinary user's containers run where the caller is, as with every runtime. */
static int refuse_bundle(const struct spec *spec, const char *why, const char *fix)
{
	const struct spec_resources *resources = &spec->cgroup.resources;
	AUTO(knobs) knobs = { 0 };

	TRY(cgself_version() == CGROUP_V1 ? knobs_v1(resources, &knobs)
					  : knobs_v2(resources, &knobs));
	if (knobs.n == 0)
		return 0;
	refuse_with(EPERM, "limits cannot be set: %s", why);
	hint("%s", fix);
	return knobs_fail_in(&knobs, CONTROLLERS_ANY, -EPERM);
}

static int none_but_asked(const struct spec *spec, const char *why, const char *fix)
{
	if (spec->cgroup.resources.exact)
		return refuse_bundle(spec, why, fix);
	if (!spec->cgroup.resources.asked && spec->cgroup.parent == NULL)
		return 0;
	refuse_with(EPERM, "limits cannot be set: %s", why);
	hint("%s", fix);
	return -EPERM;
}

static int check_systemd(const struct spec *spec)
{
	bool rootless = geteuid() != 0;

	if (!spec->cgroup.systemd)
		return 0;
	if (cgself_version() == CGROUP_V2 && cgunit_bus_exists(rootless))
		return 0;
	refuse_with(EOPNOTSUPP, "--systemd-cgroup: %s",
		    cgself_version() != CGROUP_V2 ? "this host does not have cgroup v2 alone"
		    : rootless                    ? "there is no systemd of this user"
						  : "systemd does not run here");
	hint("leave it out: cgroups are then made without systemd");
	return -EOPNOTSUPP;
}

/* The driver for this host, this caller and this container. */
static int choose(const struct spec *spec, const struct cgroup_driver **ret_driver)
{
	const struct cgroup_driver *driver = &cgroup_driver_none;

	*ret_driver = driver;
	if (spec->cgroup.mode == CGROUP_DISABLED)
		return 0;
	TRY(check_systemd(spec));
	switch (cgself_version()) {
	case CGROUP_V0:
		return none_but_asked(spec, "no cgroups are mounted",
				      "mount -t cgroup2 cgroup2 " CGROUP_ROOT);
	case CGROUP_V1:
		if (geteuid() != 0)
			return none_but_asked(
				spec, "with cgroup v1 only root can",
				"run berth as root, boot with "
				"systemd.unified_cgroup_hierarchy=1, or leave the limits out");
		*ret_driver = &cgroup_driver_v1;
		return 0;
	case CGROUP_V2:
		break;
	}
	*ret_driver = cgunit_wanted(spec) ? &cgroup_driver_systemd : &cgroup_driver_v2;
	return 0;
}

int cgroup_make(const struct spec *spec, struct cgroup *ret_cgroup)
{
	struct cgroup cgroup = CGROUP_INIT;
	int rc;

	TRY(choose(spec, &cgroup.driver));
	rc = cgroup.driver->make(spec, &cgroup);
	if (rc < 0) {
		cgroup_remove(&cgroup);
		cgroup_release(&cgroup);
		return spec->cgroup.resources.exact ? rc : fail_in(rc, "cgroup");
	}
	*ret_cgroup = cgroup;
	return 0;
}

bool cgroup_enters(const struct cgroup *cgroup)
{
	return cgroup->path != NULL && cgroup->fd < 0 && cgroup->driver->enter != NULL;
}

int cgroup_enter(const struct cgroup *cgroup)
{
	return cgroup_enters(cgroup) ? cgroup->driver->enter(cgroup) : 0;
}

int cgroup_join(struct cgroup *cgroup, pid_t pid)
{
	return cgroup->path != NULL ? cgroup->driver->join(cgroup, pid) : 0;
}

bool cgroup_adopts(const struct cgroup *cgroup)
{
	return cgroup->path != NULL && cgroup->driver->adopt != NULL;
}

int cgroup_adopt(const struct cgroup *cgroup, pid_t pid)
{
	return cgroup->driver->adopt(cgroup, pid);
}

bool cgroup_attaches(const struct cgroup *cgroup)
{
	return cgroup->unit != NULL;
}

int cgroup_attach(struct cgroup *cgroup, pid_t pid)
{
	/* Born in it. */
	if (cgroup->path == NULL || cgroup->fd >= 0)
		return 0;
	return cgroup->driver->attach(cgroup, pid);
}

int cgroup_update(const struct cgroup *cgroup, pid_t pid, const struct spec_resources *from,
		  const struct spec_resources *to)
{
	if (cgroup->path == NULL)
		return cgroup_refuse_none("a limit");
	return cgroup->driver->update(cgroup, pid, from, to);
}

void cgroup_forget(struct cgroup *cgroup)
{
	cgroup->controllers = CONTROLLERS_ANY;
}

int cgroup_kill(const struct cgroup *cgroup)
{
	return cgroup->path != NULL && !cgroup->shared ? cgroup->driver->kill(cgroup) : 0;
}

int cgroup_remove(struct cgroup *cgroup)
{
	return cgroup->path != NULL && !cgroup->shared ? cgroup->driver->remove(cgroup) : 0;
}

int cgroup_oom(const struct cgroup *cgroup, bool *ret_oom, uint64_t *ret_peak)
{
	*ret_oom = false;
	*ret_peak = 0;
	return cgroup->path != NULL ? cgroup->driver->oom(cgroup, ret_oom, ret_peak) : 0;
}

static int refuse_shared(const struct cgroup *cgroup)
{
	return refuse_with(EOPNOTSUPP, "the cgroup '%s' is not the container's alone",
			   cgroup->path);
}

int cgroup_freeze(const struct cgroup *cgroup, bool frozen)
{
	if (cgroup->shared)
		return refuse_shared(cgroup);
	if (cgroup->path != NULL)
		return cgroup->driver->freeze(cgroup, frozen);
	return frozen ? cgroup_refuse_none("a pause") : 0;
}

bool cgroup_is_frozen(const struct cgroup *cgroup)
{
	return cgroup->path != NULL && cgroup->driver->is_frozen(cgroup);
}

int cgroup_procs(const struct cgroup *cgroup, pid_t **ret_pids, size_t *ret_n)
{
	struct cgdir_procs procs = { 0 };
	autoclose int fd = -ENOENT;
	int rc;

	if (cgroup->shared)
		return refuse_shared(cgroup);
	if (cgroup->path != NULL)
		fd = cgroup->driver->open(cgroup);
	rc = fd >= 0 ? cgdir_procs(fd, &procs) : fd;
	if (rc < 0) {
		free(procs.v);
		return rc;
	}
	*ret_pids = procs.v;
	*ret_n = procs.n;
	return 0;
}

int cgroup_refuse_none(const char *what)
{
	refuse_with(EOPNOTSUPP, "%s needs a cgroup, and the container has none", what);
	switch (cgself_version()) {
	case CGROUP_V0:
		hint("mount -t cgroup2 cgroup2 " CGROUP_ROOT ", and run the container again");
		break;
	case CGROUP_V1:
		hint("with cgroup v1 only root's containers have one: run it as root, without "
		     "--cgroups=disabled, or boot with systemd.unified_cgroup_hierarchy=1");
		break;
	case CGROUP_V2:
		hint("run it without --cgroups=disabled, in a session of systemd or another "
		     "cgroup that you may write to");
		break;
	}
	return -EOPNOTSUPP;
}

void cgroup_release(struct cgroup *cgroup)
{
	free(cgroup->path);
	if (cgroup->fd >= 0)
		close(cgroup->fd);
	if (cgroup->unit != NULL)
		cgunit_free(cgroup->unit);
	*cgroup = (struct cgroup)CGROUP_INIT;
}

void cgroup_name(const struct cgroup *cgroup, struct buf *out)
{
	if (cgroup->path != NULL)
		buf_addf(out, "%s%s:%s", cgroup->shared ? SHARED : "", cgroup->driver->name,
			 cgroup->path);
}

int cgroup_find(const char *name, struct cgroup *ret_cgroup)
{
	struct cgroup cgroup = CGROUP_INIT;
	const char *colon;

	cgroup.shared = strncmp(name, SHARED, strlen(SHARED)) == 0;
	name += cgroup.shared ? strlen(SHARED) : 0;
	colon = strchr(name, ':');
	cgroup.driver = &cgroup_driver_none;
	for (size_t i = 0; colon != NULL && i < ARRAY_SIZE(drivers); i++)
		if (strlen(drivers[i]->name) == (size_t)(colon - name) &&
		    strncmp(drivers[i]->name, name, (size_t)(colon - name)) == 0)
			cgroup.driver = drivers[i];
	if (name[0] != '\0' && (cgroup.driver == &cgroup_driver_none || !is_clean(colon + 1)))
		return refuse("'%s' does not name a cgroup", name);
	if (colon != NULL)
		cgroup.path = xstrdup(colon + 1);
	/* Whatever hierarchies it was in. */
	cgroup.controllers = CONTROLLERS_ANY;
	*ret_cgroup = cgroup;
	return 0;
}

static bool is_vacated(const struct cgroup *cgroup)
{
	return cgroup->path != NULL && !cgroup->shared && cgroup->driver->is_vacated != NULL &&
	       cgroup->driver->is_vacated(cgroup);
}

int cgroup_discard(const char *name)
{
	struct cgroup cgroup;
	int rc;

	TRY(cgroup_find(name, &cgroup));
	rc = is_vacated(&cgroup) ? 0 : cgroup_kill(&cgroup);
	if (rc >= 0)
		rc = cgroup_remove(&cgroup);
	if (rc >= 0 && cgroup.path != NULL && cgroup.driver->vanish != NULL)
		cgroup.driver->vanish(&cgroup);
	if (rc < 0)
		fail_with(rc, "cannot remove the cgroup '%s'", cgroup.path);
	cgroup_release(&cgroup);
	return rc;
}

int cgroup_guess_of(const struct spec *spec, struct buf *out)
{
	struct cgroup cgroup = CGROUP_INIT;
	int rc = choose(spec, &cgroup.driver);

	if (rc >= 0 && cgroup.driver->place != NULL)
		rc = cgroup.driver->place(spec, &cgroup.path);
	if (rc >= 0)
		cgroup_name(&cgroup, out);
	cgroup_release(&cgroup);
	return rc;
}

int cgroup_guess(const char *id, struct buf *out)
{
	AUTO(spec) spec;

	spec_init(&spec);
	spec.id = xstrdup(id);
	return cgroup_guess_of(&spec, out);
}

int cgroup_describe(bool rootless, struct buf *version, struct buf *driver, struct buf *controllers)
{
	static const char *const versions[] = {
		[CGROUP_V0] = "none",
		[CGROUP_V1] = "v1",
		[CGROUP_V2] = "v2",
	};
	enum cgroup_version found = cgself_version();
	const struct cgroup_driver *it = &cgroup_driver_none;

	if (found == CGROUP_V1 && !rootless)
		it = &cgroup_driver_v1;
	else if (found == CGROUP_V2)
		it = rootless && cgunit_bus_exists(rootless) ? &cgroup_driver_systemd
							     : &cgroup_driver_v2;
	buf_add_str(version, found == CGROUP_V1 && cgself_hybrid() ? "hybrid" : versions[found]);
	buf_add_str(driver, it->name);
	if (it->describe != NULL)
		it->describe(controllers);
	return 0;
}
