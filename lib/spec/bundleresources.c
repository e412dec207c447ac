/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <net/if.h>
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/json.h"
#include "spec/bundlepart.h"
#include "spec/configpart.h"

#define WEIGHT_MAX UINT16_MAX
#define NAME_OF_DEVICE_MAX 64

struct row {
	const char *object, *key;
	size_t offset;
	int64_t min, max;
	bool zero; /* 0 is a value; where it is not, it means "not given", as in every runtime */
};

#define AT(field) offsetof(struct spec_resources, field)

/*
 * memory.kernel is not here: kernels since 5.16 have no limit of its own for that memory, it counts
 * as the rest. The current runc warns and goes on, and so is it here: engines send it.
 */
static const struct row rows[] = {
	{ "memory", "limit", AT(memory_limit), -1, INT64_MAX, false },
	{ "memory", "swap", AT(memory_swap), -1, INT64_MAX, false },
	{ "memory", "reservation", AT(memory_reservation), -1, INT64_MAX, false },
	{ "memory", "kernelTCP", AT(memory_tcp), -1, INT64_MAX, false },
	{ "cpu", "shares", AT(cpu_shares), 0, INT64_MAX, false },
	{ "cpu", "quota", AT(cpu_quota), -1, INT64_MAX, false },
	{ "cpu", "burst", AT(cpu_burst), 0, INT64_MAX, true },
	{ "cpu", "period", AT(cpu_period), 0, INT64_MAX, false },
	{ "cpu", "realtimeRuntime", AT(cpu_rt_runtime), -1, INT64_MAX, false },
	{ "cpu", "realtimePeriod", AT(cpu_rt_period), 0, INT64_MAX, false },
	{ "cpu", "idle", AT(cpu_idle), 0, 1, true },
	{ "pids", "limit", AT(pids_limit), -1, INT64_MAX, false },
	{ "blockIO", "weight", AT(blkio_weight), 0, WEIGHT_MAX, false },
	{ "blockIO", "leafWeight", AT(blkio_leaf_weight), 0, WEIGHT_MAX, false },
	{ "network", "classID", AT(net_class), 0, UINT32_MAX, false },
};

static int read_rows(const cJSON *resources, struct spec_resources *to)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		const cJSON *object = NULL;
		int64_t value = LIMIT_NONE;

		TRY(json_get_object(resources, row->object, &object));
		TRY(json_get_int(object, row->key, row->min, row->max, &value));
		if (value == 0 && !row->zero)
			value = LIMIT_NONE;
		memcpy((char *)to + row->offset, &value, sizeof(value));
	}
	return 0;
}

/* -1, which some engines send as the unsigned number that it becomes, is "not given". */
static int read_swappiness(const cJSON *memory, struct spec_resources *to)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(memory, "swappiness");
	int64_t value = -1;

	if (!cJSON_IsNumber(item) || strcmp(item->valuestring, "18446744073709551615") != 0)
		TRY(json_get_int(memory, "swappiness", -1, 100, &value));
	to->memory_swappiness = value < 0 ? LIMIT_NONE : value;
	return 0;
}

static int read_memory(const cJSON *resources, struct spec *spec)
{
	struct spec_resources *to = &spec->cgroup.resources;
	const cJSON *memory = NULL;
	bool hierarchy = false;
	int rc;

	TRY(json_get_object(resources, "memory", &memory));
	if (cJSON_HasObjectItem(memory, "kernel"))
		strvec_push(&spec->warnings,
			    "linux.resources.memory.kernel is passed over: kernels "
			    "have no such limit any more");
	TRY(read_swappiness(memory, to));
	TRY(json_get_bool(memory, "disableOOMKiller", &to->oom_kill_disable));
	TRY(json_get_bool(memory, "checkBeforeUpdate", &to->memory_check));
	rc = json_get_bool(memory, "useHierarchy", &hierarchy);
	TRY(rc);
	if (rc > 0)
		to->memory_hierarchy = hierarchy;
	return 0;
}

/* "" is "not given". */
static int read_set(const cJSON *cpu, const char *key, char **ret_set)
{
	const char *text = NULL;

	TRY(json_get_string(cpu, key, &text));
	if (text == NULL || *text == '\0')
		return 0;
	if (strspn(text, "0123456789,- \n") != strlen(text))
		return refuse("'cpu.%s': '%s' is not a list such as 0-2,5", key, text);
	xreplace(ret_set, text);
	return 0;
}

/* A number that has to be there. */
static int get_required(const cJSON *item, const char *key, unsigned int *ret_number)
{
	int64_t number = 0;
	int rc = json_get_int(item, key, 0, UINT32_MAX, &number);

	TRY(rc);
	*ret_number = (unsigned int)number;
	return rc > 0 ? 0 : refuse("'%s' is missing", key);
}

static int read_weight(const cJSON *item, struct spec_weight *weight)
{
	TRY(get_required(item, "major", &weight->major));
	TRY(get_required(item, "minor", &weight->minor));
	TRY(json_get_int(item, "weight", 0, WEIGHT_MAX, &weight->weight));
	TRY(json_get_int(item, "leafWeight", 0, WEIGHT_MAX, &weight->leaf_weight));
	if (weight->weight == 0 && weight->leaf_weight == 0)
		return refuse("there is neither a weight nor a leafWeight");
	return 0;
}

static int read_weights(const cJSON *block_io, struct spec_resources *to)
{
	const cJSON *array = NULL, *item;

	TRY(json_get_array(block_io, "weightDevice", &array));
	cJSON_ArrayForEach(item, array)
	{
		struct spec_weight weight = { .weight = 0, .leaf_weight = 0 };

		TRY(fail_in(read_weight(item, &weight), "blockIO.weightDevice[%zu]",
			    to->weights.n));
		*VEC_PUSH(&to->weights) = weight;
	}
	return 0;
}

static int read_block_io(const cJSON *resources, struct spec_resources *to)
{
	const struct {
		const char *key;
		struct spec_throttles *list;
	} throttles[] = {
		{ "throttleReadBpsDevice", &to->read_bps },
		{ "throttleWriteBpsDevice", &to->write_bps },
		{ "throttleReadIOPSDevice", &to->read_iops },
		{ "throttleWriteIOPSDevice", &to->write_iops },
	};
	const cJSON *block_io = NULL;

	TRY(json_get_object(resources, "blockIO", &block_io));
	TRY(read_weights(block_io, to));
	for (size_t i = 0; i < ARRAY_SIZE(throttles); i++)
		TRY(fail_in(config_part_throttles(block_io, throttles[i].key, throttles[i].list),
			    "blockIO.%s", throttles[i].key));
	return 0;
}

/* "2MB": it becomes part of the name of a file. */
static bool is_page_size(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits > 0 && digits < 8 && text[0] != '0' && strlen(text + digits) == 2 &&
	       strchr("KMG", text[digits]) != NULL && text[digits + 1] == 'B';
}

static int read_pages(const cJSON *item, struct spec_resources *to)
{
	struct spec_hugepages *limit;
	const char *size = "";
	uint64_t bytes = 0;
	int rc;

	TRY(json_get_string(item, "pageSize", &size));
	if (!is_page_size(size))
		return refuse("the pageSize '%s' is not like 2MB", size);
	rc = json_get_u64(item, "limit", UINT64_MAX, &bytes);
	TRY(rc);
	if (rc == 0)
		return refuse("'limit' is missing");
	limit = VEC_PUSH(&to->hugepages);
	limit->size = xstrdup(size);
	limit->limit = bytes;
	return 0;
}

static int read_hugepages(const cJSON *resources, struct spec_resources *to)
{
	const cJSON *array = NULL, *item;

	TRY(json_get_array(resources, "hugepageLimits", &array));
	cJSON_ArrayForEach(item, array)
		TRY(fail_in(read_pages(item, to), "hugepageLimits[%zu]", to->hugepages.n));
	return 0;
}

/* One word that stands in a line to the kernel. */
static int check_word(const char *what, const char *text, size_t max)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (!isgraph((unsigned char)text[i]) || text[i] == '/')
			len = 0;
	return len > 0 && len <= max ? 0 : refuse("'%s': '%s' is not a name", what, text);
}

static int read_priority(const cJSON *item, struct spec_resources *to)
{
	struct spec_priority *priority;
	const char *name = "";
	unsigned int value = 0;

	TRY(json_get_string(item, "name", &name));
	TRY(check_word("name", name, IFNAMSIZ - 1));
	TRY(get_required(item, "priority", &value));
	priority = VEC_PUSH(&to->priorities);
	priority->interface = xstrdup(name);
	priority->priority = value;
	return 0;
}

static int read_network(const cJSON *resources, struct spec_resources *to)
{
	const cJSON *network = NULL, *array = NULL, *item;

	TRY(json_get_object(resources, "network", &network));
	TRY(json_get_array(network, "priorities", &array));
	cJSON_ArrayForEach(item, array)
		TRY(fail_in(read_priority(item, to), "network.priorities[%zu]", to->priorities.n));
	return 0;
}

static int read_rdma_device(const cJSON *item, struct spec_resources *to)
{
	struct spec_rdma rdma = { NULL, LIMIT_NONE, LIMIT_NONE };

	TRY(check_word("rdma", item->string, NAME_OF_DEVICE_MAX));
	if (!cJSON_IsObject(item))
		return refuse("it is not an object");
	TRY(json_get_int(item, "hcaHandles", 0, UINT32_MAX, &rdma.handles));
	TRY(json_get_int(item, "hcaObjects", 0, UINT32_MAX, &rdma.objects));
	if (rdma.handles == LIMIT_NONE && rdma.objects == LIMIT_NONE)
		return refuse("there is neither hcaHandles nor hcaObjects");
	rdma.device = xstrdup(item->string);
	*VEC_PUSH(&to->rdma) = rdma;
	return 0;
}

static int read_rdma(const cJSON *resources, struct spec_resources *to)
{
	const cJSON *map = NULL, *item;

	TRY(json_get_object(resources, "rdma", &map));
	cJSON_ArrayForEach(item, map)
		TRY(fail_in(read_rdma_device(item, to), "rdma.%s", item->string));
	return 0;
}

/* --- devices ---------------------------------------------------------------------------------- */

/*
 * What every runtime appends, so that "deny all" in front leaves the default devices usable: nodes
 * of any device may be made, not opened. In the order of the others; a program that is given a
 * device of its own in place of a default one gets no rule for the latter.
 */
static const struct {
	const char *path;
	struct spec_device_rule rule;
} defaults[] = {
	{ NULL, { true, 'c', -1, -1, "m" } },        { NULL, { true, 'b', -1, -1, "m" } },
	{ "/dev/null", { true, 'c', 1, 3, "rwm" } }, { "/dev/random", { true, 'c', 1, 8, "rwm" } },
	{ "/dev/full", { true, 'c', 1, 7, "rwm" } }, { "/dev/tty", { true, 'c', 5, 0, "rwm" } },
	{ "/dev/zero", { true, 'c', 1, 5, "rwm" } }, { "/dev/urandom", { true, 'c', 1, 9, "rwm" } },
	{ NULL, { true, 'c', 136, -1, "rwm" } }, /* /dev/pts, and /dev/console by it */
	{ NULL, { true, 'c', 5, 2, "rwm" } },    /* /dev/ptmx */
};

static bool has_own_device(const struct spec *spec, const char *path)
{
	for (size_t i = 0; i < spec->devices.n; i++)
		if (spec->devices.v[i].path != NULL && strcmp(spec->devices.v[i].path, path) == 0)
			return true;
	return false;
}

/* "a" with all of the access and no number is the rule for everything. Another one is one rule for
 * each type: the kernel's own "a" knows no numbers. */
static void add_rule(struct spec_resources *to, struct spec_device_rule rule)
{
	bool all = rule.major < 0 && rule.minor < 0 && strlen(rule.access) == 3;

	if (rule.type != 'a' || all) {
		*VEC_PUSH(&to->devices) = rule;
		return;
	}
	rule.type = 'b';
	*VEC_PUSH(&to->devices) = rule;
	rule.type = 'c';
	*VEC_PUSH(&to->devices) = rule;
}

/* -1 is what some engines send for "all". */
static int read_rule(const cJSON *item, struct spec_device_rule *rule)
{
	const char *type = "a", *access = "rwm";
	int given = json_get_bool(item, "allow", &rule->allow);
	size_t len;

	TRY(given);
	if (given == 0)
		return refuse("'allow' is missing");
	TRY(json_get_string(item, "type", &type));
	if (strlen(type) != 1 || strchr("abc", type[0]) == NULL)
		return refuse("'%s' is not a type of devices: a, b or c", type);
	rule->type = type[0];
	TRY(json_get_int(item, "major", -1, UINT32_MAX, &rule->major));
	TRY(json_get_int(item, "minor", -1, UINT32_MAX, &rule->minor));
	TRY(json_get_string(item, "access", &access));
	len = strlen(access);
	if (len == 0 || len >= sizeof(rule->access) || strspn(access, "rwm") != len)
		return refuse("'%s' is no access to a device: letters of rwm", access);
	len = 0;
	for (const char *letter = "rwm"; *letter != '\0'; letter++)
		if (strchr(access, *letter) != NULL)
			rule->access[len++] = *letter;
	return 0;
}

static bool allows_all(const struct spec_resources *to)
{
	for (size_t i = to->devices.n; i-- > 0;)
		if (to->devices.v[i].type == 'a')
			return to->devices.v[i].allow;
	return false;
}

static int read_rules(const cJSON *resources, struct spec *spec)
{
	struct spec_resources *to = &spec->cgroup.resources;
	const cJSON *array = NULL, *item;
	size_t i = 0;

	TRY(json_get_array(resources, "devices", &array));
	cJSON_ArrayForEach(item, array)
	{
		struct spec_device_rule rule = { .major = -1, .minor = -1 };

		TRY(fail_in(read_rule(item, &rule), "devices[%zu]", i++));
		add_rule(to, rule);
	}
	/* No rules at all forbid nothing. Where everything is allowed, what is denied in
	 * particular was meant so. */
	if (to->devices.n == 0 || allows_all(to))
		return 0;
	for (i = 0; i < ARRAY_SIZE(defaults); i++)
		if (defaults[i].path == NULL || !has_own_device(spec, defaults[i].path))
			*VEC_PUSH(&to->devices) = defaults[i].rule;
	return 0;
}

int bundle_part_resources(const cJSON *resources, struct spec *spec)
{
	struct spec_resources *to = &spec->cgroup.resources;
	const cJSON *cpu = NULL;

	TRY(read_rows(resources, to));
	TRY(read_memory(resources, spec));
	TRY(json_get_object(resources, "cpu", &cpu));
	TRY(read_set(cpu, "cpus", &to->cpuset_cpus));
	TRY(read_set(cpu, "mems", &to->cpuset_mems));
	TRY(read_block_io(resources, to));
	TRY(read_hugepages(resources, to));
	TRY(read_network(resources, to));
	TRY(read_rdma(resources, to));
	TRY(read_rules(resources, spec));
	return config_part_keyvalues(resources, "unified", &to->unified);
}
