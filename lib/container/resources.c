/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/resources.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/err.h"
#include "base/units.h"

#define DEFAULT_PIDS 2048
#define MEMORY_MIN (6 << 20) /* below it no process starts */
#define CPU_PERIOD 100000    /* microseconds */
#define CPU_QUOTA_MIN 1000

static int check_range(const char *option, int64_t value, int64_t min, int64_t max)
{
	if (value == LIMIT_NONE || (value >= min && value <= max))
		return 0;
	return refuse("%s %lld: from %lld to %lld", option, (long long)value, (long long)min,
		      (long long)max);
}

static int make_memory(const struct request *request, struct spec_resources *limits)
{
	int64_t memory = request->memory, swap = request->memory_swap;

	/* 0 is how docker spells "not given". */
	if (memory == 0)
		memory = LIMIT_NONE;
	if (swap == 0)
		swap = LIMIT_NONE;
	if (memory != LIMIT_NONE && memory != -1 && memory < MEMORY_MIN)
		return refuse("--memory %lld: at least %d bytes (6m)", (long long)memory,
			      MEMORY_MIN);
	if (swap != LIMIT_NONE && swap != -1 && (memory == LIMIT_NONE || memory == -1))
		return refuse("--memory-swap is memory and swap together: it needs --memory");
	if (swap != LIMIT_NONE && swap != -1 && swap < memory) {
		refuse("--memory-swap %lld is less than --memory %lld", (long long)swap,
		       (long long)memory);
		hint("it is memory and swap together: the same value as --memory means no swap");
		return -EINVAL;
	}
	/* As much swap as memory, where nothing is said. */
	if (memory > 0 && memory < INT64_MAX / 2 && swap == LIMIT_NONE)
		swap = 2 * memory;
	limits->memory_limit = memory;
	limits->memory_swap = swap;
	limits->memory_reservation =
		request->memory_reservation == 0 ? LIMIT_NONE : request->memory_reservation;
	if (limits->memory_reservation > 0 && memory > 0 && limits->memory_reservation > memory)
		return refuse("--memory-reservation is more than --memory");
	return 0;
}

static int parse_cpus(const char *text, int64_t *ret_quota)
{
	char *end;
	double cpus = strtod(text, &end);

	if (end == text || *end != '\0' || strspn(text, "0123456789.") != strlen(text) ||
	    !(cpus * CPU_PERIOD >= CPU_QUOTA_MIN) || cpus > 1e6)
		return refuse("--cpus '%s': a number of processors, 0.01 or more", text);
	*ret_quota = (int64_t)(cpus * CPU_PERIOD + 0.5);
	return 0;
}

static int check_cpuset(const char *option, const char *text)
{
	if (text != NULL && (*text == '\0' || strspn(text, "0123456789,-") != strlen(text)))
		return refuse("%s '%s': a list such as 0-2,5", option, text);
	return 0;
}

static int make_cpu(const struct request *request, struct spec_resources *limits)
{
	if (request->cpus != NULL &&
	    (request->cpu_quota != LIMIT_NONE || request->cpu_period != LIMIT_NONE))
		return refuse("--cpus is --cpu-quota and --cpu-period in one: give one or the "
			      "other");
	TRY(check_range("--cpu-shares", request->cpu_shares, 0, 262144));
	TRY(check_range("--cpu-period", request->cpu_period, 0, 1000000));
	TRY(check_range("--cpu-quota", request->cpu_quota, -1, INT64_MAX));
	TRY(check_cpuset("--cpuset-cpus", request->cpuset_cpus));
	TRY(check_cpuset("--cpuset-mems", request->cpuset_mems));
	limits->cpu_shares = request->cpu_shares == 0 ? LIMIT_NONE : request->cpu_shares;
	limits->cpu_period = request->cpu_period == 0 ? LIMIT_NONE : request->cpu_period;
	limits->cpu_quota = request->cpu_quota == 0 ? LIMIT_NONE : request->cpu_quota;
	if (limits->cpu_period > 0 && limits->cpu_period < CPU_QUOTA_MIN)
		return refuse("--cpu-period: at least %d microseconds", CPU_QUOTA_MIN);
	if (limits->cpu_quota > 0 && limits->cpu_quota < CPU_QUOTA_MIN)
		return refuse("--cpu-quota: at least %d microseconds", CPU_QUOTA_MIN);
	if (request->cpus != NULL) {
		TRY(parse_cpus(request->cpus, &limits->cpu_quota));
		limits->cpu_period = CPU_PERIOD;
	}
	limits->cpuset_cpus = xstrdup_null(request->cpuset_cpus);
	limits->cpuset_mems = xstrdup_null(request->cpuset_mems);
	return 0;
}

/* "/dev/sda:1mb", "/dev/sda:1000" */
static int add_throttle(const char *option, const char *text, bool bytes,
			struct spec_throttles *list)
{
	const char *colon = strrchr(text, ':');
	autofree char *path = colon != NULL ? xstrndup(text, (size_t)(colon - text)) : NULL;
	struct spec_throttle *throttle;
	struct stat st;
	uint64_t rate;

	if (path == NULL || *path != '/')
		return refuse("%s '%s': DEVICE:RATE", option, text);
	TRY(fail_in(bytes ? units_parse_size(colon + 1, &rate)
			  : units_parse_u64(colon + 1, UINT64_MAX, &rate),
		    "%s '%s'", option, text));
	if (stat(path, &st) < 0)
		return fail("%s: cannot read '%s'", option, path);
	if (!S_ISBLK(st.st_mode))
		return refuse("%s: '%s' is not a block device", option, path);
	throttle = VEC_PUSH(list);
	*throttle = (struct spec_throttle){ major(st.st_rdev), minor(st.st_rdev), rate };
	return 0;
}

static int make_io(const struct request *request, struct spec_resources *limits)
{
	const struct {
		const char *option;
		const struct strvec *texts;
		bool bytes;
		struct spec_throttles *list;
	} rows[] = {
		{ "--device-read-bps", &request->read_bps, true, &limits->read_bps },
		{ "--device-write-bps", &request->write_bps, true, &limits->write_bps },
		{ "--device-read-iops", &request->read_iops, false, &limits->read_iops },
		{ "--device-write-iops", &request->write_iops, false, &limits->write_iops },
	};

	if (request->blkio_weight != 0)
		TRY(check_range("--blkio-weight", request->blkio_weight, 10, 1000));
	limits->blkio_weight = request->blkio_weight == 0 ? LIMIT_NONE : request->blkio_weight;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t j = 0; j < rows[i].texts->n; j++)
			TRY(add_throttle(rows[i].option, rows[i].texts->v[j], rows[i].bytes,
					 rows[i].list));
	return 0;
}

static int make_unified(const struct request *request, struct spec_resources *limits)
{
	for (size_t i = 0; i < request->cgroup_conf.n; i++) {
		const char *text = request->cgroup_conf.v[i], *equals = strchr(text, '=');
		autofree char *key =
			equals != NULL ? xstrndup(text, (size_t)(equals - text)) : NULL;

		if (key == NULL || *key == '\0' || strchr(key, '/') != NULL || *key == '.')
			return refuse("--cgroup-conf '%s': FILE=TEXT, a file of the cgroup such as "
				      "memory.high",
				      text);
		keyvalues_add(&limits->unified, key, equals + 1);
	}
	return 0;
}

static int make_place(const struct request *request, struct spec_cgroup *cgroup)
{
	const char *mode = request->cgroups;

	cgroup->mode = CGROUP_ENABLED;
	if (mode != NULL && strcmp(mode, "disabled") == 0)
		cgroup->mode = CGROUP_DISABLED;
	else if (mode != NULL && strcmp(mode, "split") == 0)
		cgroup->mode = CGROUP_SPLIT;
	else if (mode != NULL && strcmp(mode, "enabled") != 0 && strcmp(mode, "no-conmon") != 0)
		return refuse("--cgroups '%s': enabled, disabled, no-conmon or split", mode);
	if (request->cgroup_parent != NULL && strstr(request->cgroup_parent, "..") != NULL)
		return refuse("--cgroup-parent '%s': no '..'", request->cgroup_parent);
	cgroup->parent = xstrdup_null(request->cgroup_parent);
	return 0;
}

static bool is_asked(const struct request *request)
{
	const int64_t numbers[] = {
		request->memory,     request->memory_swap,  request->memory_reservation,
		request->cpu_shares, request->cpu_period,   request->cpu_quota,
		request->pids_limit, request->blkio_weight,
	};
	const struct strvec *const lists[] = {
		&request->read_bps,   &request->write_bps,   &request->read_iops,
		&request->write_iops, &request->cgroup_conf,
	};
	bool asked = request->cpus != NULL || request->cpuset_cpus != NULL ||
		     request->cpuset_mems != NULL;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		asked |= numbers[i] != LIMIT_NONE;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		asked |= lists[i]->n != 0;
	return asked;
}

int resources_make(const struct request *request, struct spec_cgroup *cgroup)
{
	struct spec_resources *limits = &cgroup->resources;

	TRY(make_place(request, cgroup));
	TRY(make_memory(request, limits));
	TRY(make_cpu(request, limits));
	TRY(make_io(request, limits));
	TRY(make_unified(request, limits));
	TRY(check_range("--pids-limit", request->pids_limit, -1, INT64_MAX));
	limits->pids_limit = request->pids_limit == LIMIT_NONE ? DEFAULT_PIDS
			     : request->pids_limit == 0        ? -1
							       : request->pids_limit;
	limits->asked = is_asked(request);
	if (limits->asked && cgroup->mode == CGROUP_DISABLED)
		return refuse("limits need a cgroup: --cgroups disabled cannot have any");
	return 0;
}

/* --- of a container that is there ------------------------------------------------------------- */

bool resources_are_given(const struct request *request)
{
	return is_asked(request);
}

/* 0 is how docker spells "not given". */
static void keep(int64_t *asked, int64_t before)
{
	if (*asked == LIMIT_NONE || *asked == 0)
		*asked = before;
}

static void keep_memory(const struct spec_resources *before, struct request *all)
{
	const bool given = all->memory != LIMIT_NONE && all->memory != 0;
	const bool is_default =
		before->memory_limit > 0 && before->memory_swap / 2 == before->memory_limit;

	keep(&all->memory, before->memory_limit);
	keep(&all->memory_reservation, before->memory_reservation);
	if (given && (all->memory_swap == LIMIT_NONE || all->memory_swap == 0)) {
		if (all->memory == -1)
			all->memory_swap = before->memory_swap == LIMIT_NONE ? LIMIT_NONE : -1;
		else if (!is_default)
			all->memory_swap = before->memory_swap;
	}
	if (!given)
		keep(&all->memory_swap, before->memory_swap);
}

static void keep_others(const struct spec_resources *before, struct request *all)
{
	if (all->cpus == NULL) {
		keep(&all->cpu_quota, before->cpu_quota);
		keep(&all->cpu_period, before->cpu_period);
	}
	keep(&all->cpu_shares, before->cpu_shares);
	if (all->cpuset_cpus == NULL)
		all->cpuset_cpus = before->cpuset_cpus;
	if (all->cpuset_mems == NULL)
		all->cpuset_mems = before->cpuset_mems;
	keep(&all->blkio_weight, before->blkio_weight);
	if (all->pids_limit == LIMIT_NONE)
		all->pids_limit = before->pids_limit;
}

static int make_limits(const struct request *all, struct spec_resources *limits)
{
	TRY(make_memory(all, limits));
	TRY(make_cpu(all, limits));
	TRY(make_io(all, limits));
	TRY(check_range("--pids-limit", all->pids_limit, -1, INT64_MAX));
	limits->pids_limit = all->pids_limit == 0 ? -1 : all->pids_limit;
	return 0;
}

int resources_update(const struct request *request, struct spec_cgroup *cgroup)
{
	struct spec_resources *limits = &cgroup->resources;
	struct request all = *request; /* borrows all that it holds */
	AUTO(spec) made;

	spec_init(&made);
	if (cgroup->mode == CGROUP_DISABLED)
		return refuse("limits need a cgroup, and it was made with --cgroups disabled");
	keep_memory(limits, &all);
	keep_others(limits, &all);
	TRY(make_limits(&all, &made.cgroup.resources));
	limits->memory_limit = made.cgroup.resources.memory_limit;
	limits->memory_swap = made.cgroup.resources.memory_swap;
	limits->memory_reservation = made.cgroup.resources.memory_reservation;
	limits->cpu_shares = made.cgroup.resources.cpu_shares;
	limits->cpu_quota = made.cgroup.resources.cpu_quota;
	limits->cpu_period = made.cgroup.resources.cpu_period;
	limits->blkio_weight = made.cgroup.resources.blkio_weight;
	limits->pids_limit = made.cgroup.resources.pids_limit;
	xreplace(&limits->cpuset_cpus, made.cgroup.resources.cpuset_cpus);
	xreplace(&limits->cpuset_mems, made.cgroup.resources.cpuset_mems);
	limits->asked = true;
	return 0;
}
