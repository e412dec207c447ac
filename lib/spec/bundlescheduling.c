/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/personality.h>

#include "base/err.h"
#include "base/json.h"
#include "base/numbers.h"
#include "spec/bundlepart.h"
#include "spec/configpart.h"

/* Later than some headers: Linux 5.15 and 6.9. */
#define POLICY_PREFERRED_MANY 5
#define POLICY_WEIGHTED_INTERLEAVE 6
/* Reserved by the kernel, which has no such scheduler. */
#define POLICY_ISO 4

#define NICE_MIN (-20)
#define NICE_MAX 19
#define IO_PRIORITY_MAX 7

struct word {
	const char *name;
	uint64_t value;
};

static const struct word policies[] = {
	{ "SCHED_OTHER", SCHED_NORMAL },
	{ "SCHED_FIFO", SCHED_FIFO },
	{ "SCHED_RR", SCHED_RR },
	{ "SCHED_BATCH", SCHED_BATCH },
	{ "SCHED_ISO", POLICY_ISO },
	{ "SCHED_IDLE", SCHED_IDLE },
	{ "SCHED_DEADLINE", SCHED_DEADLINE },
};

static const struct word scheduler_flags[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK },
	{ "SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM },
	{ "SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN },
	{ "SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY },
	{ "SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS },
	{ "SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX },
};

static const struct word io_classes[] = {
	{ "IOPRIO_CLASS_RT", IOPRIO_CLASS_RT },
	{ "IOPRIO_CLASS_BE", IOPRIO_CLASS_BE },
	{ "IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE },
};

static const struct word memory_modes[] = {
	{ "MPOL_DEFAULT", MPOL_DEFAULT },
	{ "MPOL_BIND", MPOL_BIND },
	{ "MPOL_INTERLEAVE", MPOL_INTERLEAVE },
	{ "MPOL_WEIGHTED_INTERLEAVE", POLICY_WEIGHTED_INTERLEAVE },
	{ "MPOL_PREFERRED", MPOL_PREFERRED },
	{ "MPOL_PREFERRED_MANY", POLICY_PREFERRED_MANY },
	{ "MPOL_LOCAL", MPOL_LOCAL },
};

static const struct word memory_flags[] = {
	{ "MPOL_F_NUMA_BALANCING", MPOL_F_NUMA_BALANCING },
	{ "MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES },
	{ "MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES },
};

static const struct word domains[] = {
	{ "LINUX", PER_LINUX },
	{ "LINUX32", PER_LINUX32 },
};

const char *memory_mode_name(size_t i)
{
	return i < ARRAY_SIZE(memory_modes) ? memory_modes[i].name : NULL;
}

const char *memory_flag_name(size_t i)
{
	return i < ARRAY_SIZE(memory_flags) ? memory_flags[i].name : NULL;
}

static int find_word(const struct word *words, size_t n, const char *name, uint64_t *ret_value)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(words[i].name, name) == 0) {
			*ret_value = words[i].value;
			return 0;
		}
	return refuse("'%s' is none of those that the specification has", name);
}

static int get_word(const cJSON *object, const char *key, const struct word *words, size_t n,
		    uint64_t *ret_value)
{
	const char *name = NULL;

	TRY(json_get_string(object, key, &name));
	if (name == NULL || *name == '\0')
		return refuse("'%s' is missing", key);
	return fail_in(find_word(words, n, name, ret_value), "'%s'", key);
}

static int get_flags(const cJSON *object, const struct word *words, size_t n, uint64_t *ret_flags)
{
	AUTO(strvec) names = STRVEC_INIT;
	uint64_t flags = 0, flag = 0;

	TRY(json_get_strings(object, "flags", &names));
	for (size_t i = 0; i < names.n; i++) {
		TRY(fail_in(find_word(words, n, names.v[i], &flag), "'flags[%zu]'", i));
		flags |= flag;
	}
	*ret_flags = flags;
	return 0;
}

/* What a policy does not have would be passed over by the kernel. */
static int check_scheduler(const struct spec_scheduler *scheduler)
{
	bool real_time = scheduler->policy == SCHED_FIFO || scheduler->policy == SCHED_RR;
	bool deadline = scheduler->policy == SCHED_DEADLINE;

	if (scheduler->priority != 0 && !real_time)
		return refuse("'priority' is for SCHED_FIFO and SCHED_RR alone");
	if (scheduler->runtime != 0 && !deadline)
		return refuse("'runtime' is for SCHED_DEADLINE alone");
	if (scheduler->deadline != 0 && !deadline)
		return refuse("'deadline' is for SCHED_DEADLINE alone");
	if (scheduler->period != 0 && !deadline)
		return refuse("'period' is for SCHED_DEADLINE alone");
	return 0;
}

static int read_scheduler(const cJSON *from, struct spec_scheduler *to)
{
	struct spec_scheduler scheduler = { .set = true };
	int64_t nice = 0, priority = 0;
	uint64_t policy;

	TRY(get_word(from, "policy", policies, ARRAY_SIZE(policies), &policy));
	TRY(json_get_int(from, "nice", NICE_MIN, NICE_MAX, &nice));
	TRY(json_get_int(from, "priority", 0, INT32_MAX, &priority));
	TRY(get_flags(from, scheduler_flags, ARRAY_SIZE(scheduler_flags), &scheduler.flags));
	TRY(json_get_u64(from, "runtime", UINT64_MAX, &scheduler.runtime));
	TRY(json_get_u64(from, "deadline", UINT64_MAX, &scheduler.deadline));
	TRY(json_get_u64(from, "period", UINT64_MAX, &scheduler.period));
	scheduler.policy = (uint32_t)policy;
	scheduler.nice = (int32_t)nice;
	scheduler.priority = (uint32_t)priority;
	TRY(check_scheduler(&scheduler));
	*to = scheduler;
	return 0;
}

static int read_io_priority(const cJSON *from, struct spec_io_priority *to)
{
	int64_t priority = 0;
	uint64_t class;

	TRY(get_word(from, "class", io_classes, ARRAY_SIZE(io_classes), &class));
	TRY(json_get_int(from, "priority", 0, IO_PRIORITY_MAX, &priority));
	*to = (struct spec_io_priority){ .set = true,
					 .class = (int)class,
					 .priority = (int)priority };
	return 0;
}

/* A list of processors or nodes that names at least one; else *slot stays as it is. */
static int get_numbers(const cJSON *object, const char *key, char **slot)
{
	struct numbers numbers;
	const char *text = NULL;
	int count;

	TRY(json_get_string(object, key, &text));
	if (text == NULL)
		return 0;
	count = fail_in(numbers_parse(text, &numbers), "'%s'", key);
	if (count > 0)
		xreplace(slot, text);
	return count;
}

static int read_console(const cJSON *from, struct spec_process *to)
{
	int64_t height = -1, width = -1;

	TRY(json_get_int(from, "height", 0, UINT16_MAX, &height));
	TRY(json_get_int(from, "width", 0, UINT16_MAX, &width));
	if (height < 0 || width < 0)
		return refuse("'%s' is missing", height < 0 ? "height" : "width");
	to->console_height = (unsigned short)height;
	to->console_width = (unsigned short)width;
	return 0;
}

int bundle_part_scheduling(const cJSON *process, struct spec_process *to)
{
	const cJSON *scheduler = NULL, *priority = NULL, *affinity = NULL, *console = NULL;

	TRY(json_get_object(process, "scheduler", &scheduler));
	if (scheduler != NULL)
		TRY(fail_in(read_scheduler(scheduler, &to->scheduler), "scheduler"));
	TRY(json_get_object(process, "ioPriority", &priority));
	if (priority != NULL)
		TRY(fail_in(read_io_priority(priority, &to->io_priority), "ioPriority"));
	TRY(json_get_object(process, "execCPUAffinity", &affinity));
	if (affinity != NULL) {
		TRY(fail_in(get_numbers(affinity, "initial", &to->affinity.initial),
			    "execCPUAffinity"));
		TRY(fail_in(get_numbers(affinity, "final", &to->affinity.final),
			    "execCPUAffinity"));
	}
	/* Without a terminal the specification has it passed over. */
	if (to->terminal)
		TRY(json_get_object(process, "consoleSize", &console));
	return console != NULL ? fail_in(read_console(console, to), "consoleSize") : 0;
}

static int read_memory_policy(const cJSON *from, struct spec_memory_policy *to)
{
	uint64_t mode, flags;

	TRY(get_word(from, "mode", memory_modes, ARRAY_SIZE(memory_modes), &mode));
	TRY(get_flags(from, memory_flags, ARRAY_SIZE(memory_flags), &flags));
	TRY(get_numbers(from, "nodes", &to->nodes));
	if ((mode == MPOL_DEFAULT || mode == MPOL_LOCAL) && to->nodes != NULL)
		return refuse("'nodes' are not for MPOL_DEFAULT and MPOL_LOCAL");
	if (mode != MPOL_DEFAULT && mode != MPOL_LOCAL && mode != MPOL_PREFERRED &&
	    to->nodes == NULL)
		return refuse("'nodes' is missing");
	to->mode = (int)(mode | flags);
	to->set = true;
	return 0;
}

static int read_personality(const cJSON *from, struct spec_personality *to)
{
	uint64_t domain, flags;

	TRY(get_word(from, "domain", domains, ARRAY_SIZE(domains), &domain));
	/* The specification has room for flags, and none yet. */
	TRY(get_flags(from, NULL, 0, &flags));
	*to = (struct spec_personality){ .set = true, .domain = (unsigned long)domain };
	return 0;
}

int bundle_part_execution(const cJSON *linux_part, struct spec *spec)
{
	const cJSON *personality = NULL, *policy = NULL;

	TRY(json_get_object(linux_part, "personality", &personality));
	if (personality != NULL)
		TRY(fail_in(read_personality(personality, &spec->personality), "personality"));
	TRY(json_get_object(linux_part, "memoryPolicy", &policy));
	if (policy != NULL)
		TRY(fail_in(read_memory_policy(policy, &spec->memory_policy), "memoryPolicy"));
	return 0;
}
