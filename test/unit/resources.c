/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/resources.h"

#include "base/err.h"
#include "base/json.h"
#include "box/cgknob.h"
#include "spec/bundleconfig.h"
#include "spec/resourcesmerge.h"
#include "unit.h"

/* A config.json that has these resources. */
static int read_bundle(const char *resources, struct spec *ret_spec)
{
	autofree char *text = xasprintf("{\"ociVersion\": \"1.2.0\", \"root\": {\"path\": \"r\"},"
					" \"linux\": {\"resources\": %s}}",
					resources);

	return bundleconfig_read(text, strlen(text), "/bundle", ret_spec);
}

/* "file=value" of every knob, in order; those that are optional with a '?'. */
static char *text_of(const struct knobs *knobs)
{
	AUTO(buf) text = BUF_INIT;

	for (size_t i = 0; i < knobs->n; i++)
		buf_addf(&text, "%s%s%s=%s", i > 0 ? "; " : "", knobs->v[i].optional ? "?" : "",
			 knobs->v[i].file, knobs->v[i].value);
	return text.len > 0 ? buf_steal(&text) : xstrdup("");
}

/* v1, v2: what is written, or the path of the property that is refused. */
static void expect(int (*make)(const struct spec_resources *, struct knobs *),
		   const struct spec *spec, const char *want)
{
	AUTO(knobs) knobs = { 0 };
	autofree char *text = NULL;
	int rc = make(&spec->cgroup.resources, &knobs);

	if (rc < 0) {
		assert_memory_equal(err_text(), "linux.resources.", 16);
		assert_memory_equal(err_text() + 16, want, strlen(want));
		assert_int_equal(err_text()[16 + strlen(want)], ':');
		return;
	}
	text = text_of(&knobs);
	assert_string_equal(text, want);
	for (size_t i = 0; i < knobs.n; i++)
		assert_non_null(knobs.v[i].property);
}

static void every_property_is_a_file(void **state)
{
	static const struct {
		const char *resources, *v1, *v2;
	} rows[] = {
		{ "{}", "", "" },
		{ "{\"memory\": {\"limit\": 4096, \"swap\": 8192, \"reservation\": 5}}",
		  "memory.limit_in_bytes=4096; memory.memsw.limit_in_bytes=8192; "
		  "memory.soft_limit_in_bytes=5",
		  "memory.max=4096; memory.swap.max=4096; memory.low=5" },
		{ "{\"memory\": {\"limit\": -1, \"swap\": -1}}",
		  "memory.limit_in_bytes=-1; ?memory.memsw.limit_in_bytes=-1",
		  "memory.max=max; ?memory.swap.max=max" },
		{ "{\"memory\": {\"limit\": 4096, \"swap\": 100}}", "memory.swap", "memory.swap" },
		{ "{\"memory\": {\"swap\": 100}}", "memory.swap", "memory.swap" },
		{ "{\"memory\": {\"limit\": 0, \"swap\": 0, \"reservation\": 0}}", "", "" },
		{ "{\"memory\": {\"kernel\": 4096, \"kernelTCP\": -1}}",
		  "?memory.kmem.tcp.limit_in_bytes=-1", "" },
		{ "{\"memory\": {\"kernelTCP\": 4096}}", "memory.kmem.tcp.limit_in_bytes=4096",
		  "memory.kernelTCP" },
		{ "{\"memory\": {\"swappiness\": 60}}", "memory.swappiness=60",
		  "memory.swappiness" },
		{ "{\"memory\": {\"swappiness\": 0}}", "memory.swappiness=0", "memory.swappiness" },
		{ "{\"memory\": {\"swappiness\": 18446744073709551615}}", "", "" },
		{ "{\"memory\": {\"disableOOMKiller\": true}}", "memory.oom_control=1",
		  "memory.disableOOMKiller" },
		{ "{\"memory\": {\"disableOOMKiller\": false}}", "", "" },
		{ "{\"memory\": {\"useHierarchy\": true}}", "?memory.use_hierarchy=1", "" },
		{ "{\"memory\": {\"useHierarchy\": false}}", "memory.use_hierarchy=0",
		  "memory.useHierarchy" },
		{ "{\"memory\": {\"checkBeforeUpdate\": true}}", "", "" },
		{ "{\"cpu\": {\"shares\": 1024, \"quota\": 5000, \"burst\": 1, \"period\": 10000}}",
		  "cpu.shares=1024; cpu.cfs_period_us=10000; cpu.cfs_quota_us=5000; "
		  "cpu.cfs_burst_us=1",
		  "cpu.weight=39; cpu.max=5000 10000; cpu.max.burst=1" },
		{ "{\"cpu\": {\"shares\": 0, \"quota\": 0, \"period\": 0}}", "", "" },
		{ "{\"cpu\": {\"quota\": -1}}", "cpu.cfs_quota_us=-1", "cpu.max=max 100000" },
		{ "{\"cpu\": {\"shares\": 1}}", "cpu.shares", "cpu.weight=1" },
		{ "{\"cpu\": {\"shares\": 262145}}", "cpu.shares", "cpu.weight=10000" },
		{ "{\"cpu\": {\"realtimeRuntime\": 950000}}", "cpu.rt_runtime_us=950000",
		  "cpu.realtimeRuntime" },
		{ "{\"cpu\": {\"realtimePeriod\": 1000000}}", "cpu.rt_period_us=1000000",
		  "cpu.realtimePeriod" },
		{ "{\"cpu\": {\"cpus\": \"0-1\", \"mems\": \"0\"}}",
		  "cpuset.cpus=0-1; cpuset.mems=0", "cpuset.cpus=0-1; cpuset.mems=0" },
		{ "{\"cpu\": {\"cpus\": \"\", \"mems\": \"\"}}", "", "" },
		{ "{\"cpu\": {\"shares\": 2, \"idle\": 1}}", "cpu.shares=2; cpu.idle=1",
		  "cpu.weight=1; cpu.idle=1" },
		{ "{\"pids\": {\"limit\": 2048}}", "pids.max=2048", "pids.max=2048" },
		{ "{\"pids\": {\"limit\": -1}}", "pids.max=max", "pids.max=max" },
		{ "{\"pids\": {\"limit\": 0}}", "", "" },
		{ "{\"blockIO\": {\"weight\": 10}}", "blkio.weight=10", "io.bfq.weight=10" },
		{ "{\"blockIO\": {\"leafWeight\": 10}}", "blkio.leaf_weight=10",
		  "blockIO.leafWeight" },
		{ "{\"blockIO\": {\"weightDevice\": [{\"major\": 8, \"minor\": 1, \"weight\": "
		  "20}]}}",
		  "blkio.weight_device=8:1 20", "io.bfq.weight=8:1 20" },
		{ "{\"blockIO\": {\"weightDevice\": [{\"major\": 8, \"minor\": 1, \"weight\": 20, "
		  "\"leafWeight\": 30}]}}",
		  "blkio.weight_device=8:1 20; blkio.leaf_weight_device=8:1 30",
		  "blockIO.weightDevice.leafWeight" },
		{ "{\"blockIO\": {\"throttleReadBpsDevice\": [{\"major\": 8, \"minor\": 1, "
		  "\"rate\": 600}], \"throttleWriteBpsDevice\": [{\"major\": 8, \"minor\": 2, "
		  "\"rate\": 18446744073709551615}]}}",
		  "blkio.throttle.read_bps_device=8:1 600; "
		  "blkio.throttle.write_bps_device=8:2 18446744073709551615",
		  "io.max=8:1 rbps=600; io.max=8:2 wbps=18446744073709551615" },
		{ "{\"blockIO\": {\"throttleReadIOPSDevice\": [{\"major\": 8, \"minor\": 1, "
		  "\"rate\": 6}], \"throttleWriteIOPSDevice\": [{\"major\": 8, \"minor\": 2, "
		  "\"rate\": 7}]}}",
		  "blkio.throttle.read_iops_device=8:1 6; blkio.throttle.write_iops_device=8:2 7",
		  "io.max=8:1 riops=6; io.max=8:2 wiops=7" },
		{ "{\"hugepageLimits\": [{\"pageSize\": \"2MB\", \"limit\": 9}]}",
		  "hugetlb.2MB.limit_in_bytes=9; ?hugetlb.2MB.rsvd.limit_in_bytes=9",
		  "hugetlb.2MB.max=9; ?hugetlb.2MB.rsvd.max=9" },
		{ "{\"network\": {\"classID\": 1048577}}", "net_cls.classid=1048577",
		  "network.classID" },
		{ "{\"network\": {\"priorities\": [{\"name\": \"eth0\", \"priority\": 5}]}}",
		  "net_prio.ifpriomap=eth0 5", "network.priorities" },
		{ "{\"rdma\": {\"mlx5_1\": {\"hcaHandles\": 3, \"hcaObjects\": 10}, \"rxe3\": "
		  "{\"hcaObjects\": 4}}}",
		  "rdma.max=mlx5_1 hca_handle=3 hca_object=10; rdma.max=rxe3 hca_object=4",
		  "rdma.max=mlx5_1 hca_handle=3 hca_object=10; rdma.max=rxe3 hca_object=4" },
		{ "{\"unified\": {\"io.max\": \"8:0 rbps=1\\n8:1 wbps=2\", \"new.max\": \"1\"}}",
		  "unified", "io.max=8:0 rbps=1; io.max=8:1 wbps=2; new.max=1" },
		{ "{\"unified\": {\"cgroup.procs\": \"1\"}}", "unified", "unified" },
		{ "{\"unified\": {\"../memory.max\": \"1\"}}", "unified", "unified" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(spec) spec;

		spec_init(&spec);
		assert_int_equal(read_bundle(rows[i].resources, &spec), 0);
		expect(knobs_v1, &spec, rows[i].v1);
		expect(knobs_v2, &spec, rows[i].v2);
	}
}

static void nonsense_is_refused(void **state)
{
	static const char *const rows[] = {
		"[]",
		"{\"memory\": 1}",
		"{\"memory\": {\"limit\": \"1\"}}",
		"{\"memory\": {\"limit\": -2}}",
		"{\"memory\": {\"limit\": 1.5}}",
		"{\"memory\": {\"swappiness\": 101}}",
		"{\"memory\": {\"useHierarchy\": 1}}",
		"{\"cpu\": {\"shares\": -1}}",
		"{\"cpu\": {\"idle\": 2}}",
		"{\"cpu\": {\"cpus\": \"a\"}}",
		"{\"cpu\": {\"mems\": \"0\\n1;\"}}",
		"{\"pids\": {\"limit\": -2}}",
		"{\"blockIO\": {\"weight\": 65536}}",
		"{\"blockIO\": {\"weightDevice\": [{\"major\": 8, \"minor\": 1}]}}",
		"{\"blockIO\": {\"weightDevice\": [{\"major\": 8, \"weight\": 20}]}}",
		"{\"network\": {\"priorities\": [{\"name\": \"lo\"}]}}",
		"{\"blockIO\": {\"throttleReadBpsDevice\": [{\"major\": -1}]}}",
		"{\"hugepageLimits\": [{\"pageSize\": \"2mb\", \"limit\": 1}]}",
		"{\"hugepageLimits\": [{\"pageSize\": \"../2MB\", \"limit\": 1}]}",
		"{\"hugepageLimits\": [{\"pageSize\": \"MB\", \"limit\": 1}]}",
		"{\"hugepageLimits\": [{\"pageSize\": \"2MB\"}]}",
		"{\"network\": {\"classID\": 4294967296}}",
		"{\"network\": {\"priorities\": [{\"name\": \"a b\", \"priority\": 5}]}}",
		"{\"network\": {\"priorities\": [{\"name\": \"\", \"priority\": 5}]}}",
		"{\"rdma\": {\"a\": {}}}",
		"{\"rdma\": {\"a b\": {\"hcaObjects\": 1}}}",
		"{\"rdma\": {\"a\": 1}}",
		"{\"devices\": [{\"allow\": true, \"access\": \"\"}]}",
		"{\"devices\": [{\"allow\": true, \"access\": \"rx\"}]}",
		"{\"devices\": [{\"allow\": true, \"type\": \"x\", \"access\": \"r\"}]}",
		"{\"devices\": [{\"allow\": true, \"type\": \"c\", \"major\": -2, \"access\": "
		"\"r\"}]}",
		"{\"unified\": {\"memory.high\": 1}}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(spec) spec;

		spec_init(&spec);
		if (read_bundle(rows[i], &spec) != -EINVAL)
			fail_msg("accepted: %s", rows[i]);
	}
}

static char *rules_of(const char *devices, const char *nodes)
{
	autofree char *text = xasprintf(
		"{\"ociVersion\": \"1.2.0\", \"root\": {\"path\": \"r\"}, \"linux\": {\"devices\": "
		"%s, \"resources\": {\"devices\": %s}}}",
		nodes, devices);
	AUTO(buf) out = BUF_INIT;
	AUTO(spec) spec;

	spec_init(&spec);
	assert_int_equal(bundleconfig_read(text, strlen(text), "/b", &spec), 0);
	for (size_t i = 0; i < spec.cgroup.resources.devices.n; i++) {
		const struct spec_device_rule *rule = &spec.cgroup.resources.devices.v[i];

		buf_addf(&out, "%s%c%c %d:%d %s", i > 0 ? ", " : "", rule->allow ? '+' : '-',
			 rule->type, (int)rule->major, (int)rule->minor, rule->access);
	}
	return out.len > 0 ? buf_steal(&out) : xstrdup("");
}

#define DEFAULTS_FIRST "+c -1:-1 m, +b -1:-1 m, "
#define DEFAULTS_REST \
	"+c 1:8 rwm, +c 1:7 rwm, +c 5:0 rwm, +c 1:5 rwm, +c 1:9 rwm, +c 136:-1 rwm, +c 5:2 rwm"
#define DEFAULTS DEFAULTS_FIRST "+c 1:3 rwm, " DEFAULTS_REST

static void default_devices_are_appended(void **state)
{
	static const char deny[] = "{\"allow\": false, \"access\": \"rwm\"}";
	static const struct {
		const char *rules, *nodes, *want;
	} rows[] = {
		{ "[]", "[]", "" },
		{ "[%s]", "[]", "-a -1:-1 rwm, " DEFAULTS },
		{ "[%s, {\"allow\": true, \"type\": \"c\", \"major\": 10, \"minor\": 229, "
		  "\"access\": \"mr\"}]",
		  "[]", "-a -1:-1 rwm, +c 10:229 rm, " DEFAULTS },
		{ "[%s, {\"allow\": true}]", "[]", "-a -1:-1 rwm, +a -1:-1 rwm" },
		{ "[%s, {\"allow\": true, \"type\": \"a\", \"major\": 8, \"access\": \"r\"}]", "[]",
		  "-a -1:-1 rwm, +b 8:-1 r, +c 8:-1 r, " DEFAULTS },
		{ "[%s]",
		  "[{\"path\": \"/dev/null\", \"type\": \"c\", \"major\": 1, \"minor\": 3}]",
		  "-a -1:-1 rwm, " DEFAULTS_FIRST DEFAULTS_REST },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *mark = strstr(rows[i].rules, "%s");
		autofree char *rules =
			mark != NULL ? xasprintf("[%s%s", deny, mark + 2) : xstrdup("[]");
		autofree char *text = rules_of(rules, rows[i].nodes);

		assert_string_equal(text, rows[i].want);
	}
}

/* What `update` makes of a document and of changes to it. */
static void changes_are_merged(void **state)
{
	static const struct {
		const char *before, *changes, *after; /* after: NULL: refused */
	} rows[] = {
		{ "{}", "{}", "{}" },
		{ "{\"cpu\":{\"shares\":5,\"quota\":7}}", "{\"cpu\":{\"shares\":6}}",
		  "{\"cpu\":{\"quota\":7,\"shares\":6}}" },
		{ "{\"cpu\":{\"shares\":5,\"cpus\":\"0\"}}",
		  "{\"cpu\":{\"shares\":0,\"cpus\":\"\",\"period\":null}}",
		  "{\"cpu\":{\"shares\":5,\"cpus\":\"0\"}}" },
		{ "{\"cpu\":{\"burst\":5}}", "{\"cpu\":{\"burst\":0,\"idle\":0}}",
		  "{\"cpu\":{\"burst\":0,\"idle\":0}}" },
		{ "{\"memory\":{\"limit\":5,\"swap\":6}}", "{\"memory\":{\"limit\":-1}}",
		  "{\"memory\":{\"limit\":-1,\"swap\":-1}}" },
		{ "{}", "{\"memory\":{\"limit\":-1,\"swap\":0}}",
		  "{\"memory\":{\"limit\":-1,\"swap\":-1}}" },
		{ "{\"memory\":{\"swap\":6}}", "{\"memory\":{\"limit\":9223372036854775807}}",
		  "{\"memory\":{\"swap\":6,\"limit\":9223372036854775807}}" },
		{ "{\"pids\":{\"limit\":5}}", "{\"pids\":{\"limit\":0}}",
		  "{\"pids\":{\"limit\":5}}" },
		{ "{\"devices\":[1]}", "{\"devices\":[2],\"other\":3}", "{\"devices\":[1]}" },
		{ "{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":1},{\"pageSize\":"
		  "\"1GB\",\"limit\":2}]}",
		  "{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":0}]}",
		  "{\"hugepageLimits\":[{\"pageSize\":\"1GB\",\"limit\":2},{\"pageSize\":"
		  "\"2MB\",\"limit\":0}]}" },
		{ "{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":1}]}}",
		  "{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":1,\"weight\":2}]}}",
		  "{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":1},"
		  "{\"major\":8,\"minor\":1,\"weight\":2}]}}" },
		{ "{\"rdma\":{\"a\":{\"hcaHandles\":1}}}", "{\"rdma\":{\"b\":{\"hcaHandles\":2}}}",
		  "{\"rdma\":{\"a\":{\"hcaHandles\":1},\"b\":{\"hcaHandles\":2}}}" },
		{ "{\"unified\":{\"memory.high\":\"1\"}}",
		  "{\"unified\":{\"memory.high\":\"2\",\"pids.max\":\"3\"}}",
		  "{\"unified\":{\"memory.high\":\"2\",\"pids.max\":\"3\"}}" },
		{ "{}", "[]", NULL },
		{ "{}", "{\"cpu\":1}", NULL },
		{ "{}", "{\"hugepageLimits\":{}}", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autojson cJSON *before = NULL;
		autojson cJSON *changes = NULL;
		AUTO(buf) text = BUF_INIT;

		assert_int_equal(json_parse(rows[i].before, strlen(rows[i].before), "a", &before),
				 0);
		assert_int_equal(
			json_parse(rows[i].changes, strlen(rows[i].changes), "b", &changes), 0);
		assert_int_equal(resources_merge(before, changes),
				 rows[i].after != NULL ? 0 : -EINVAL);
		json_print(before, false, &text);
		if (rows[i].after != NULL)
			assert_string_equal(text.data, rows[i].after);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_property_is_a_file),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(default_devices_are_appended),
		cmocka_unit_test(changes_are_merged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
