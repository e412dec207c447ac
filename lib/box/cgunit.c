/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/cgunit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/path.h"
#include "box/cgdir.h"
#include "box/cgdriver.h"
#include "box/cgknob.h"
#include "box/cgowner.h"
#include "box/cgself.h"
#include "box/dbus.h"

#define SYSTEMD "org.freedesktop.systemd1"
#define SYSTEMD_OBJECT "/org/freedesktop/systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"

/* A busy machine may take its time. */
#define JOB_TIMEOUT_MS 30000

#define UNIT_NUMBERS 7

struct cgroup_unit {
	const struct spec *spec;
	char *bus;
	char *scope, *slice; /* slice NULL: systemd's default */
	struct knobs knobs;
	/* Limits that systemd has words for: it would undo them at its next reload if it did not
	 * know. */
	struct {
		const char *name;
		uint64_t value;
	} numbers[UNIT_NUMBERS];
	size_t numbers_len;
};

void cgunit_free(struct cgroup_unit *unit)
{
	free(unit->bus);
	free(unit->scope);
	free(unit->slice);
	knobs_release(&unit->knobs);
	free(unit);
}

bool cgunit_is_slice(const char *name)
{
	size_t len = strlen(name), suffix = strlen(".slice");

	return len > suffix && strcmp(name + len - suffix, ".slice") == 0;
}

int cgunit_split(const char *text, char **ret_slice, char **ret_scope)
{
	const char *prefix = strchr(text, ':');
	const char *name = prefix != NULL ? strchr(prefix + 1, ':') : NULL;

	if (name == NULL || name[1] == '\0' || strchr(name + 1, ':') != NULL ||
	    strchr(name + 1, '/') != NULL)
		return refuse("'%s' is not SLICE:PREFIX:NAME", text);
	*ret_slice = prefix == text ? xstrdup(geteuid() == 0 ? "system.slice" : "user.slice")
				    : xstrndup(text, (size_t)(prefix - text));
	*ret_scope = name == prefix + 1 ? xasprintf("%s.scope", name + 1)
					: xasprintf("%.*s-%s.scope", (int)(name - prefix - 1),
						    prefix + 1, name + 1);
	return 0;
}

static char *bus_path(bool rootless)
{
	static const char scheme[] = "unix:path=";
	const char *address = getenv("DBUS_SESSION_BUS_ADDRESS");
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	if (!rootless)
		return xstrdup("/run/dbus/system_bus_socket");
	if (address != NULL && strncmp(address, scheme, strlen(scheme)) == 0)
		return xstrndup(address + strlen(scheme), strcspn(address + strlen(scheme), ",;"));
	if (runtime != NULL && runtime[0] == '/')
		return xasprintf("%s/bus", runtime);
	return xasprintf("/run/user/%u/bus", (unsigned int)geteuid());
}

bool cgunit_bus_exists(bool rootless)
{
	autofree char *path = bus_path(rootless);

	return access("/run/systemd/system", F_OK) == 0 && access(path, R_OK | W_OK) == 0;
}

static bool own_is_delegated(void)
{
	autofree char *own = NULL, *full = NULL;
	autoclose int fd = -1;

	if (cgself_own(&own) < 0)
		return false;
	full = xasprintf("%s%s", CGROUP_ROOT, own);
	fd = cgdir_open(AT_FDCWD, full);
	return fd >= 0 && cgself_is_delegated(fd);
}

bool cgunit_wanted(const struct spec *spec)
{
	const struct spec_cgroup *cgroup = &spec->cgroup;
	bool rootless = geteuid() != 0;
	bool slice = cgroup->parent != NULL && strchr(cgroup->parent, '/') == NULL &&
		     cgunit_is_slice(cgroup->parent);

	if (cgroup->resources.exact)
		return cgroup->systemd;
	if (cgroup->mode != CGROUP_ENABLED)
		return false;
	if (slice)
		return cgunit_bus_exists(rootless);
	return rootless && cgroup->resources.asked && cgroup->parent == NULL &&
	       !own_is_delegated() && cgunit_bus_exists(rootless);
}

/* Unlimited is the largest number in systemd's words. */
static void add_number(struct cgroup_unit *unit, const char *name, int64_t value)
{
	if (value == LIMIT_NONE)
		return;
	unit->numbers[unit->numbers_len].name = name;
	unit->numbers[unit->numbers_len++].value = value < 0 ? UINT64_MAX : (uint64_t)value;
}

static void add_numbers(struct cgroup_unit *unit, const struct spec_resources *r)
{
	int64_t period = r->cpu_period > 0 ? r->cpu_period : 100000;

	add_number(unit, "TasksMax", r->pids_limit == 0 ? -1 : r->pids_limit);
	add_number(unit, "MemoryMax", r->memory_limit);
	add_number(unit, "MemoryLow", r->memory_reservation);
	if (r->memory_swap != LIMIT_NONE)
		add_number(unit, "MemorySwapMax",
			   r->memory_swap < 0 ? -1 : r->memory_swap - r->memory_limit);
	if (r->exact && r->cpu_shares > 0)
		add_number(unit, "CPUWeight", knob_cpu_weight(r->cpu_shares));
	if (r->cpu_quota > 0 && r->cpu_quota < INT64_MAX / 1000000)
		add_number(unit, "CPUQuotaPerSecUSec", r->cpu_quota * 1000000 / period);
}

static int unit_make(const struct spec *spec, struct cgroup *cgroup)
{
	struct cgroup_unit *unit = xcalloc(1, sizeof(*unit));

	cgroup->unit = unit;
	unit->spec = spec;
	TRY(knobs_v2(&spec->cgroup.resources, &unit->knobs));
	add_numbers(unit, &spec->cgroup.resources);
	unit->bus = bus_path(geteuid() != 0);
	if (spec->cgroup.path != NULL && spec->cgroup.path[0] != '\0') {
		TRY(fail_in(cgunit_split(spec->cgroup.path, &unit->slice, &unit->scope),
			    "linux.cgroupsPath"));
	} else {
		unit->slice = xstrdup_null(spec->cgroup.parent);
		unit->scope = xasprintf("berth-%s.scope", spec->id);
	}
	/* Until cgroup_attach() knows better. */
	cgroup->path = xasprintf("/%s", unit->scope);
	return 0;
}

static void property_begin(struct buf *body, const char *name, const char *type)
{
	dbus_put_align(body, 8);
	dbus_put_string(body, name);
	dbus_put_signature(body, type);
}

static void property_text(struct buf *body, const char *name, const char *text)
{
	property_begin(body, name, "s");
	dbus_put_string(body, text);
}

static void put_properties(const struct cgroup_unit *unit, pid_t pid, struct buf *body)
{
	size_t start, first;
	size_t mark = dbus_array_begin(body, 8, &start), pids;

	property_text(body, "Description", "container of berth");
	property_text(body, "CollectMode", "inactive-or-failed");
	if (unit->slice != NULL)
		property_text(body, "Slice", unit->slice);
	property_begin(body, "Delegate", "b");
	dbus_put_u32(body, 1);
	property_begin(body, "PIDs", "au");
	pids = dbus_array_begin(body, 4, &first);
	dbus_put_u32(body, (uint32_t)pid);
	dbus_array_end(body, pids, first);
	for (size_t i = 0; i < unit->numbers_len; i++) {
		property_begin(body, unit->numbers[i].name, "t");
		dbus_put_u64(body, unit->numbers[i].value);
	}
	dbus_array_end(body, mark, start);
}

/* To hear how jobs end. */
static void queue_subscription(struct dbus *bus)
{
	static const struct dbus_method add_match = { "org.freedesktop.DBus",
						      "/org/freedesktop/DBus",
						      "org.freedesktop.DBus", "AddMatch" };
	static const struct dbus_method subscribe = { SYSTEMD, SYSTEMD_OBJECT, MANAGER,
						      "Subscribe" };
	AUTO(buf) match = BUF_INIT;

	dbus_put_string(&match, "type='signal',interface='" MANAGER "',member='JobRemoved'");
	dbus_call(bus, &add_match, "s", &match);
	dbus_call(bus, &subscribe, "", NULL);
}

/* Everything at once: the bus works it off in order. Returns the serial number of the request. */
static uint32_t queue_start(struct dbus *bus, const struct cgroup_unit *unit, pid_t pid)
{
	static const struct dbus_method start_unit = { SYSTEMD, SYSTEMD_OBJECT, MANAGER,
						       "StartTransientUnit" };
	AUTO(buf) body = BUF_INIT;
	size_t mark, start;

	queue_subscription(bus);
	dbus_put_string(&body, unit->scope);
	dbus_put_string(&body, "fail");
	put_properties(unit, pid, &body);
	/* No further units. */
	mark = dbus_array_begin(&body, 8, &start);
	dbus_array_end(&body, mark, start);
	return dbus_call(bus, &start_unit, "ssa(sv)a(sa(sv))", &body);
}

static int refused(const struct dbus_message *message, const struct cgroup_unit *unit)
{
	const char *text = message->signature[0] == 's' ? dbus_get_string(message, 0) : NULL;

	refuse_with(EPERM, "systemd does not start '%s': %s", unit->scope,
		    text != NULL ? text : message->error_name);
	hint("leave the limits out, or run berth from a session that systemd made (not su)");
	return -EPERM;
}

/* JobRemoved is (id, job, unit, result). */
static int wait_for_job(struct dbus *bus, uint32_t request, const struct cgroup_unit *unit)
{
	autofree char *job = NULL;

	for (;;) {
		struct dbus_message message;
		const char *text, *result;

		TRY(dbus_receive(bus, JOB_TIMEOUT_MS, &message));
		if (message.type == DBUS_ERROR && message.reply_to == request)
			return refused(&message, unit);
		if (message.type == DBUS_RETURN && message.reply_to == request) {
			text = dbus_get_string(&message, 0);
			job = xstrdup(text != NULL ? text : "");
		}
		if (message.type != DBUS_SIGNAL || strcmp(message.member, "JobRemoved") != 0)
			continue;
		/* The signal never comes before the answer that names the job. */
		text = dbus_get_string(&message, 0);
		if (job == NULL || text == NULL || strcmp(text, job) != 0)
			continue;
		result = dbus_get_string(&message, 2);
		if (result != NULL && strcmp(result, "done") == 0)
			return 0;
		return refuse_with(EPERM, "systemd does not start '%s': the job ended with '%s'",
				   unit->scope, result != NULL ? result : "nothing");
	}
}

/* In the scope's own directory; systemd gave what it has words for, this gives the rest. */
static int write_knobs(const struct cgroup *cgroup, const struct cgroup_unit *unit)
{
	autofree char *full = xasprintf("%s%s", CGROUP_ROOT, cgroup->path);
	autoclose int fd = cgdir_open(AT_FDCWD, full);
	unsigned int lacking;

	if (fd < 0)
		return fail_with(fd, "cannot open '%s'", full);
	lacking = knobs_controllers(&unit->knobs, true) &
		  ~cgroup2_controllers(fd, "cgroup.controllers");
	if (lacking != 0)
		return cgroup2_missing(&unit->knobs, lacking);
	TRY(knobs_write(&unit->knobs, CONTROLLER_MAX, fd));
	TRY(cgowner_give(unit->spec, fd));
	return cgroup2_allow_devices(unit->spec, fd);
}

static int unit_attach(struct cgroup *cgroup, pid_t pid)
{
	AUTO(dbus) bus = DBUS_INIT;
	struct cgroup_unit *unit = cgroup->unit;
	autofree char *path = NULL;
	uint32_t request;

	if (unit == NULL)
		return refuse("the scope of '%s' cannot be started again", cgroup->path);
	TRY(dbus_connect(unit->bus, &bus));
	request = queue_start(&bus, unit, pid);
	TRY(dbus_flush(&bus));
	TRY(wait_for_job(&bus, request, unit));
	TRY(cgself_path(pid, NULL, &path));
	free(cgroup->path);
	cgroup->path = steal(path);
	return write_knobs(cgroup, unit);
}

/* The answer to one call. */
static int wait_for_answer(struct dbus *bus, uint32_t request, const char *what, const char *scope)
{
	for (;;) {
		struct dbus_message message;
		const char *text;

		TRY(dbus_receive(bus, JOB_TIMEOUT_MS, &message));
		if (message.reply_to != request)
			continue;
		if (message.type == DBUS_RETURN)
			return 0;
		if (message.type != DBUS_ERROR)
			continue;
		text = message.signature[0] == 's' ? dbus_get_string(&message, 0) : NULL;
		return refuse_with(EPERM, "systemd does not %s '%s': %s", what, scope,
				   text != NULL ? text : message.error_name);
	}
}

/* systemd has the rights that a session has not; the scope is delegated, so that this is for every
 * process of its user (systemd 238). */
static int unit_adopt(const struct cgroup *cgroup, pid_t pid)
{
	static const struct dbus_method attach = { SYSTEMD, SYSTEMD_OBJECT, MANAGER,
						   "AttachProcessesToUnit" };
	const char *slash = strrchr(cgroup->path, '/');
	const char *scope = slash != NULL ? slash + 1 : cgroup->path;
	autofree char *address = bus_path(geteuid() != 0), *path = NULL;
	AUTO(dbus) bus = DBUS_INIT;
	AUTO(buf) body = BUF_INIT;
	size_t mark, start;
	uint32_t request;

	TRY(dbus_connect(address, &bus));
	dbus_put_string(&body, scope);
	dbus_put_string(&body, ""); /* the scope's own cgroup */
	mark = dbus_array_begin(&body, 4, &start);
	dbus_put_u32(&body, (uint32_t)pid);
	dbus_array_end(&body, mark, start);
	request = dbus_call(&bus, &attach, "ssau", &body);
	TRY(dbus_flush(&bus));
	TRY(wait_for_answer(&bus, request, "take a process into", scope));
	if (cgself_path(pid, NULL, &path) < 0 || !path_is_within(path, cgroup->path))
		return refuse_with(EPERM, "systemd has not taken the process into '%s'", scope);
	return 0;
}

/* What systemd has words for, so that it does not undo the change at its next reload. */
static int set_properties(const char *scope, const struct spec_resources *to)
{
	static const struct dbus_method set = { SYSTEMD, SYSTEMD_OBJECT, MANAGER,
						"SetUnitProperties" };
	struct cgroup_unit numbers = { .numbers_len = 0 };
	autofree char *address = bus_path(geteuid() != 0);
	AUTO(dbus) bus = DBUS_INIT;
	AUTO(buf) body = BUF_INIT;
	size_t mark, start;
	uint32_t request;

	add_numbers(&numbers, to);
	TRY(dbus_connect(address, &bus));
	dbus_put_string(&body, scope);
	dbus_put_u32(&body, 1); /* a boolean: until the next boot */
	mark = dbus_array_begin(&body, 8, &start);
	for (size_t i = 0; i < numbers.numbers_len; i++) {
		property_begin(&body, numbers.numbers[i].name, "t");
		dbus_put_u64(&body, numbers.numbers[i].value);
	}
	dbus_array_end(&body, mark, start);
	request = dbus_call(&bus, &set, "sba(sv)", &body);
	TRY(dbus_flush(&bus));
	return wait_for_answer(&bus, request, "change", scope);
}

/* The files first: they say what is wrong with a value. */
static int unit_update(const struct cgroup *cgroup, pid_t pid, const struct spec_resources *from,
		       const struct spec_resources *to)
{
	AUTO(err_kept) kept = { 0 };
	const char *slash = strrchr(cgroup->path, '/');
	int rc;

	TRY(cgroup2_update(cgroup, pid, from, to));
	rc = set_properties(slash != NULL ? slash + 1 : cgroup->path, to);
	if (rc >= 0)
		return 0;
	kept = err_keep();
	(void)cgroup2_update(cgroup, pid, to, from);
	err_restore(&kept);
	return rc;
}

/* systemd removes a scope that has become empty. */
static int unit_remove(const struct cgroup *cgroup)
{
	return 0;
}

/* An engine may ask for the same name as soon as the container is deleted; systemd notices that a
 * scope is empty in its own time. One that is gone already is what was wanted. */
static void unit_vanish(const struct cgroup *cgroup)
{
	static const struct dbus_method stop = { SYSTEMD, SYSTEMD_OBJECT, MANAGER, "StopUnit" };
	const char *slash = strrchr(cgroup->path, '/');
	const char *scope = slash != NULL ? slash + 1 : cgroup->path;
	autofree char *address = bus_path(geteuid() != 0);
	AUTO(dbus) bus = DBUS_INIT;
	struct cgroup_unit unit = { .scope = (char *)scope };
	AUTO(err_kept) kept = err_keep();
	uint32_t request;
	AUTO(buf) body = BUF_INIT;

	if (dbus_connect(address, &bus) >= 0) {
		queue_subscription(&bus);
		dbus_put_string(&body, scope);
		dbus_put_string(&body, "replace");
		request = dbus_call(&bus, &stop, "ss", &body);
		if (dbus_flush(&bus) >= 0)
			(void)wait_for_job(&bus, request, &unit);
	}
	err_restore(&kept);
}

const struct cgroup_driver cgroup_driver_systemd = {
	.name = "cgroupsd",
	.make = unit_make,
	.join = cgroup2_join,
	.adopt = unit_adopt,
	.attach = unit_attach,
	.kill = cgroup2_kill,
	.remove = unit_remove,
	.vanish = unit_vanish,
	.oom = cgroup2_oom,
	.freeze = cgfreeze_v2,
	.update = unit_update,
	.is_frozen = cgfreeze_is_v2,
	.open = cgroup2_open,
	.describe = cgroup2_describe,
};
