/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <stdlib.h>

#include "base/err.h"
#include "spec/bundleconfig.h"
#include "unit.h"

/* What a bundle says of its process and its namespaces, and what it must not say. */

#define BUNDLE \
	"{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"}," \
	"\"process\":{\"cwd\":\"/\"%s},\"linux\":{%s}}"

static int read_bundle(const char *process, const char *linux_part, struct spec *spec)
{
	AUTO(buf) text = BUF_INIT;

	buf_addf(&text, BUNDLE, process, linux_part);
	return bundleconfig_read(text.data, text.len, "/bundle", spec);
}

static void take(const char *process, const char *linux_part, struct spec *spec)
{
	if (read_bundle(process, linux_part, spec) < 0)
		fail_msg("%s %s: %s", process, linux_part, err_text());
}

static void a_process_that_says_nothing(void **state)
{
	AUTO(spec) spec;

	take("", "", &spec);
	assert_int_equal(spec.process.args.n, 0);
	assert_true(spec.process.user.umask == UMASK_CALLER);
	assert_true(spec.process.caps.bounding == 0 && spec.process.caps.permitted == 0);
	assert_false(spec.process.no_new_privileges || spec.process.set_oom_score_adj);
	assert_false(spec.process.scheduler.set || spec.process.io_priority.set);
	assert_false(spec.personality.set || spec.memory_policy.set);
	assert_null(spec.process.affinity.initial);
	assert_true(spec.process.new_keyring);
}

static void who_it_is(void **state)
{
	AUTO(spec) spec;

	take(",\"user\":{\"uid\":7,\"gid\":8,\"umask\":63,\"additionalGids\":[5,4294967294]},"
	     "\"env\":[\"A=1\",\"B=\",\"A=2=3\"],\"apparmorProfile\":\"\",\"selinuxLabel\":\"\"",
	     "", &spec);
	assert_int_equal(spec.process.user.uid, 7);
	assert_int_equal(spec.process.user.gid, 8);
	assert_int_equal(spec.process.user.umask, 077);
	assert_int_equal(spec.process.user.groups.n, 2);
	assert_string_equal(spec.process.user.groups.v[1], "4294967294");
	assert_int_equal(spec.process.env.n, 2);
	assert_string_equal(spec.process.env.v[0], "A=2=3");
	assert_null(spec.process.apparmor_profile);
	assert_null(spec.process.selinux_label);
}

/* As the specification wants it, and runc and crun do it. */
static void unknown_capabilities_are_warned_of(void **state)
{
	AUTO(spec) spec;

	take(",\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CAP_LATER\"],"
	     "\"permitted\":[\"CAP_LATER\",\"CAP_KILL\"]}",
	     "", &spec);
	assert_true(spec.process.caps.bounding == 1 && spec.process.caps.permitted == 1 << 5);
	assert_int_equal(spec.warnings.n, 1);
	assert_non_null(strstr(spec.warnings.v[0], "'CAP_LATER' is not a capability"));
}

static void how_it_is_scheduled(void **state)
{
	AUTO(spec) spec, deadline;

	take(",\"scheduler\":{\"policy\":\"SCHED_FIFO\",\"priority\":9,"
	     "\"flags\":[\"SCHED_FLAG_RESET_ON_FORK\",\"SCHED_FLAG_UTIL_CLAMP_MAX\"]},"
	     "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":3},"
	     "\"execCPUAffinity\":{\"initial\":\"\",\"final\":\"0-1\"},"
	     "\"terminal\":true,\"consoleSize\":{\"height\":25,\"width\":80}",
	     "", &spec);
	assert_int_equal(spec.process.scheduler.policy, SCHED_FIFO);
	assert_int_equal(spec.process.scheduler.priority, 9);
	assert_true(spec.process.scheduler.flags ==
		    (SCHED_FLAG_RESET_ON_FORK | SCHED_FLAG_UTIL_CLAMP_MAX));
	assert_int_equal(spec.process.io_priority.class, IOPRIO_CLASS_BE);
	assert_int_equal(spec.process.io_priority.priority, 3);
	assert_null(spec.process.affinity.initial);
	assert_string_equal(spec.process.affinity.final, "0-1");
	assert_int_equal(spec.process.console_height, 25);
	assert_int_equal(spec.process.console_width, 80);
	take(",\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":18446744073709551615,"
	     "\"deadline\":2,\"period\":3},\"consoleSize\":{\"height\":99999999}",
	     "", &deadline);
	assert_true(deadline.process.scheduler.runtime == UINT64_MAX);
	assert_true(deadline.process.scheduler.deadline == 2);
	assert_int_equal(deadline.process.console_height, 0);
}

static void how_it_is_executed(void **state)
{
	AUTO(spec) spec, local;

	take("",
	     "\"personality\":{\"domain\":\"LINUX32\",\"flags\":[]},"
	     "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0,2\","
	     "\"flags\":[\"MPOL_F_STATIC_NODES\"]}",
	     &spec);
	assert_true(spec.personality.set && spec.personality.domain == 8);
	assert_int_equal(spec.memory_policy.mode, MPOL_BIND | MPOL_F_STATIC_NODES);
	assert_string_equal(spec.memory_policy.nodes, "0,2");
	take("", "\"memoryPolicy\":{\"mode\":\"MPOL_LOCAL\",\"nodes\":\"\"}", &local);
	assert_int_equal(local.memory_policy.mode, MPOL_LOCAL);
	assert_null(local.memory_policy.nodes);
}

#define MAPS(side) "\"" side "Mappings\":[{\"containerID\":0,\"hostID\":9,\"size\":1}]"
#define NS(type) "\"namespaces\":[{\"type\":\"" type "\"}]"

static void what_its_namespaces_start_with(void **state)
{
	AUTO(spec) spec, joined;

	take("",
	     NS("time") ",\"timeOffsets\":{\"monotonic\":{\"secs\":-7,\"nanosecs\":999999999},"
			"\"boottime\":{\"secs\":9223372036854775807}}",
	     &spec);
	assert_true(spec.clocks[CLOCK_KIND_MONOTONIC].secs == -7);
	assert_int_equal(spec.clocks[CLOCK_KIND_MONOTONIC].nanosecs, 999999999);
	assert_true(spec.clocks[CLOCK_KIND_BOOTTIME].secs == INT64_MAX);
	take("",
	     "\"namespaces\":[{\"type\":\"network\",\"path\":\"/run/netns/x\"},"
	     "{\"type\":\"user\",\"path\":\"/proc/1/ns/user\"},{\"type\":\"pid\",\"path\":\"\"}],"
	     "\"netDevices\":{\"eth0\":{},\"eth1\":{\"name\":\"inside\"}}," MAPS("uid"),
	     &joined);
	assert_int_equal(joined.ns[NS_NET].mode, NS_JOIN);
	assert_int_equal(joined.ns[NS_USER].mode, NS_JOIN);
	assert_int_equal(joined.ns[NS_PID].mode, NS_NEW);
	assert_int_equal(joined.net_devices.n, 2);
	assert_null(joined.net_devices.v[0].rename);
	assert_string_equal(joined.net_devices.v[1].rename, "inside");
}

static const struct {
	const char *process, *linux_part, *want;
} bad[] = {
	{ ",\"cwd\":\"x\"", "", "cwd" },
	{ ",\"env\":[\"A=1\",\"B\"]", "", "'env[1]' is 'B'" },
	{ ",\"env\":[\"=1\"]", "", "'env[0]'" },
	{ ",\"user\":{\"uid\":-1}", "", "uid" },
	{ ",\"user\":{\"gid\":4294967295}", "", "gid" },
	{ ",\"user\":{\"umask\":512}", "", "umask" },
	{ ",\"user\":{\"additionalGids\":[1,\"2\"]}", "", "process: user: 'additionalGids[1]'" },
	{ ",\"user\":{\"additionalGids\":[-1]}", "", "'additionalGids[0]'" },
	{ ",\"user\":{\"additionalGids\":[1.5]}", "", "'additionalGids[0]'" },
	{ ",\"oomScoreAdj\":-1001", "", "oomScoreAdj" },
	{ ",\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1}]", "", "'hard' of 'RLIMIT_CPU'" },
	{ ",\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"hard\":1}]", "", "'soft' of 'RLIMIT_CPU'" },
	{ ",\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":2,\"hard\":1}]", "", "above" },
	{ ",\"rlimits\":[{\"type\":\"RLIMIT_X\",\"soft\":1,\"hard\":1}]", "", "RLIMIT_X" },
	{ ",\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":1},"
	  "{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":1}]",
	  "", "'RLIMIT_CPU' is there twice" },
	{ ",\"scheduler\":{}", "", "process: scheduler: 'policy' is missing" },
	{ ",\"scheduler\":{\"policy\":\"SCHED_X\"}", "", "scheduler: 'policy': 'SCHED_X'" },
	{ ",\"scheduler\":{\"policy\":\"SCHED_RR\",\"nice\":20}", "", "nice" },
	{ ",\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"priority\":1}", "", "priority" },
	{ ",\"scheduler\":{\"policy\":\"SCHED_RR\",\"runtime\":1}", "", "runtime" },
	{ ",\"scheduler\":{\"policy\":\"SCHED_RR\",\"deadline\":1}", "", "deadline" },
	{ ",\"scheduler\":{\"policy\":\"SCHED_RR\",\"period\":1}", "", "period" },
	{ ",\"scheduler\":{\"policy\":\"SCHED_RR\",\"flags\":[\"X\"]}", "", "'flags[0]': 'X'" },
	{ ",\"ioPriority\":{\"priority\":1}", "", "ioPriority: 'class' is missing" },
	{ ",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_RT\",\"priority\":8}", "", "priority" },
	{ ",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_NONE\"}", "", "'class'" },
	{ ",\"execCPUAffinity\":{\"initial\":\"0-x\"}", "", "execCPUAffinity: 'initial'" },
	{ ",\"execCPUAffinity\":{\"final\":\"9999\"}", "", "execCPUAffinity: 'final'" },
	{ ",\"terminal\":true,\"consoleSize\":{\"height\":65536}", "", "consoleSize" },
	{ "", "\"personality\":{\"domain\":\"BSD\"}", "personality: 'domain': 'BSD'" },
	{ "", "\"personality\":{\"domain\":\"LINUX\",\"flags\":[\"X\"]}", "'flags[0]'" },
	{ "", "\"memoryPolicy\":{\"nodes\":\"0\"}", "memoryPolicy: 'mode' is missing" },
	{ "", "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\"}", "memoryPolicy: 'nodes' is missing" },
	{ "", "\"memoryPolicy\":{\"mode\":\"MPOL_LOCAL\",\"nodes\":\"0\"}", "'nodes' are not" },
	{ "", "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\",\"flags\":[\"X\"]}",
	  "'flags[0]': 'X'" },
	{ "", "\"namespaces\":[{\"type\":\"uts\"},{\"type\":\"uts\"}]", "'uts' is there twice" },
	{ "", "\"namespaces\":[{\"type\":\"net\"}]", "'net' is no type" },
	{ "", "\"namespaces\":[{\"type\":\"uts\",\"path\":\"x\"}]", "'x' of type 'uts'" },
	{ "", MAPS("uid"), "'uidMappings' is given" },
	{ "", MAPS("gid"), "'gidMappings' is given" },
	{ "", NS("user") "," MAPS("uid"), "'gidMappings' is missing" },
	{ "", NS("user") "," MAPS("gid"), "'uidMappings' is missing" },
	{ "", "\"timeOffsets\":{\"boottime\":{\"secs\":1}}", "timeOffsets: there is no new time" },
	{ "", NS("time") ",\"timeOffsets\":{\"realtime\":{\"secs\":1}}", "'realtime' is no clock" },
	{ "", NS("time") ",\"timeOffsets\":{\"boottime\":{\"nanosecs\":1000000000}}", "nanosecs" },
	{ "", "\"netDevices\":{\"eth0\":{}}", "netDevices: there is no network namespace" },
	{ "", NS("network") ",\"netDevices\":{\"eth0\":7}", "'eth0': it is no object" },
	{ "", NS("network") ",\"netDevices\":{\"a/b\":{}}", "'a/b' is no name" },
	{ "", NS("network") ",\"netDevices\":{\"eth0\":{\"name\":\"sixteen-letters-\"}}",
	  "'sixteen-letters-' is no name" },
	{ "", NS("network") ",\"netDevices\":{\"eth0\":{\"name\":\"eth%d\"}}", "'eth%d'" },
};

static void what_is_wrong_is_named(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		AUTO(spec) spec;
		AUTO(buf) text = BUF_INIT;
		int rc;

		spec_init(&spec);
		/* A cwd of its own comes in the place of the other. */
		if (strncmp(bad[i].process, ",\"cwd\"", 6) == 0)
			buf_add_str(&text, "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"r\"},"
					   "\"process\":{\"cwd\":\"x\"},\"linux\":{}}");
		else
			buf_addf(&text, BUNDLE, bad[i].process, bad[i].linux_part);
		rc = bundleconfig_read(text.data, text.len, "/bundle", &spec);
		if (rc != -EINVAL || strstr(err_text(), bad[i].want) == NULL)
			fail_msg("%s %s: %d, '%s'", bad[i].process, bad[i].linux_part, rc,
				 err_text());
	}
}

/* The process of `exec --process` takes the place of the whole other one. */
static void a_process_alone(void **state)
{
	static const char text[] = "{\"cwd\":\"/x\",\"args\":[\"true\"]}";
	AUTO(spec) spec;

	take(",\"scheduler\":{\"policy\":\"SCHED_BATCH\"},\"execCPUAffinity\":{\"final\":\"0\"}",
	     "", &spec);
	assert_int_equal(bundleconfig_read_process(text, strlen(text), &spec), 0);
	assert_false(spec.process.scheduler.set);
	assert_null(spec.process.affinity.final);
	assert_string_equal(spec.process.cwd, "/x");
	assert_int_equal(bundleconfig_read_process("[]", 2, &spec), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_that_says_nothing),
		cmocka_unit_test(who_it_is),
		cmocka_unit_test(unknown_capabilities_are_warned_of),
		cmocka_unit_test(how_it_is_scheduled),
		cmocka_unit_test(how_it_is_executed),
		cmocka_unit_test(what_its_namespaces_start_with),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(a_process_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
