/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "base/err.h"
#include "spec/config.h"
#include "spec/configextra.h"

static void fill_process(struct spec_process *process)
{
	struct spec_rlimit limit = { RLIMIT_NOFILE, 100, RLIM_INFINITY };

	strvec_push(&process->args, "sh");
	strvec_push(&process->args, "-c \"x\"\n");
	strvec_push(&process->env, "A=b=c");
	process->cwd = xstrdup("/work");
	process->user.text = xstrdup("name:7");
	process->user.umask = 027;
	process->user.passwd_entry = xstrdup("x:*:1:1::/:/bin/sh");
	strvec_push(&process->user.groups, "wheel");
	process->caps.bounding = 0x2001;
	process->caps.effective = 0x2000;
	*VEC_PUSH(&process->rlimits) = limit;
	process->terminal = true;
	process->stdin_null = true;
	process->init = true;
	process->no_new_privileges = true;
	process->set_oom_score_adj = true;
	process->oom_score_adj = -7;
	process->selinux_label = xstrdup("label");
	process->set_home = true;
}

static void fill_resources(struct spec_cgroup *cgroup)
{
	struct spec_resources *r = &cgroup->resources;
	struct spec_device_rule rule = { true, 'c', 1, -1, "rw" };
	struct spec_throttle throttle = { 8, 1, UINT64_C(1) << 60 };

	cgroup->mode = CGROUP_SPLIT;
	cgroup->path = xstrdup("/a/b");
	cgroup->parent = xstrdup("x.slice");
	r->memory_limit = INT64_C(1) << 60;
	r->memory_swap = -1;
	r->memory_reservation = 4096;
	r->cpu_shares = 2;
	r->cpu_quota = 50000;
	r->cpu_period = 100000;
	r->cpuset_cpus = xstrdup("0-1");
	r->cpuset_mems = xstrdup("0");
	r->pids_limit = 77;
	r->blkio_weight = 10;
	r->asked = true;
	*VEC_PUSH(&r->devices) = rule;
	*VEC_PUSH(&r->read_bps) = throttle;
	*VEC_PUSH(&r->write_iops) = throttle;
	keyvalues_add(&r->unified, "memory.high", "1");
}

static void fill_mounts(struct spec *spec)
{
	struct spec_mount *mount = spec_add_mount(spec, "bind", "/from:here", "/to");

	mount->recursive = mount->chown = mount->idmap = true;
	mount->attr_recursive = MOUNT_ATTR_ALL;
	mount->attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME;
	mount->attr_clear = MOUNT_ATTR__ATIME | MOUNT_ATTR_NOEXEC;
	mount->propagation = MS_SLAVE | MS_REC;
	mount = spec_add_mount(spec, "tmpfs", NULL, "/t");
	mount->tmpcopyup = true;
	mount->attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC;
	mount->attr_recursive = MOUNT_ATTR_NOEXEC;
	strvec_push(&mount->data, "size=64m");
	mount = spec_add_mount(spec, "overlay", NULL, "/image");
	mount->from_image = true;
	strvec_push(&mount->lower, "/layers/a:b");
	strvec_push(&mount->lower, "/layers/c");
	mount->upper = xstrdup("/upper");
	mount->work = xstrdup("/work");
}

static void fill(struct spec *spec)
{
	struct spec_device *device;

	spec_init(spec);
	spec->root.kind = ROOT_OVERLAY;
	spec->root.readonly = true;
	strvec_push(&spec->root.lower, "/layers/x:y");
	spec->root.upper = xstrdup("/u");
	spec->root.work = xstrdup("/w");
	spec->root.propagation = MS_SHARED;
	spec->hostname = xstrdup("name");
	fill_process(&spec->process);
	fill_resources(&spec->cgroup);
	fill_mounts(spec);
	device = VEC_PUSH(&spec->devices);
	device->path = xstrdup("/dev/mine");
	device->source = xstrdup("/dev/zero");
	device->type = 'c';
	device->major = 1;
	device->minor = 5;
	device->mode = 0620;
	device->gid = 5;
	spec->ns[NS_MOUNT].mode = NS_NEW;
	spec->ns[NS_NET].mode = NS_JOIN;
	spec->ns[NS_NET].path = xstrdup("/run/netns/x");
	idmap_add(&spec->idmaps.uid, 0, 100000, 65536);
	idmap_add(&spec->idmaps.gid, 0, 100000, 65536);
	spec->seccomp.fake_owner = true;
	spec->privileged = true;
	keyvalues_add(&spec->sysctl, "net.core.somaxconn", "7");
	keyvalues_add(&spec->annotations, "my.key", "value");
	strvec_push(&spec->masked_paths, "/proc/kcore");
	strvec_push(&spec->readonly_paths, "/proc/sys");
}

static void test_nothing_is_lost(void **state)
{
	AUTO(buf) first = BUF_INIT;
	AUTO(buf) second = BUF_INIT;
	AUTO(spec) spec;
	AUTO(spec) again;

	spec_init(&again);
	fill(&spec);
	assert_int_equal(config_write(&spec, "rootfs", &first), 0);
	if (config_read_whole(first.data, first.len, &again) < 0)
		fail_msg("%s", err_text());
	assert_int_equal(config_write(&again, "rootfs", &second), 0);
	assert_string_equal(first.data, second.data);
	/* What the text says in several places, or in none. */
	assert_true(again.process.terminal && again.process.stdin_null && again.process.init);
	assert_int_equal(again.mounts.v[0].attr_clear, MOUNT_ATTR__ATIME | MOUNT_ATTR_NOEXEC);
	assert_true(again.mounts.v[0].chown && again.mounts.v[2].from_image);
	assert_string_equal(again.mounts.v[2].lower.v[0], "/layers/a:b");
	assert_string_equal(again.root.lower.v[0], "/layers/x:y");
	assert_string_equal(again.devices.v[0].source, "/dev/zero");
	assert_true(again.cgroup.resources.read_bps.v[0].rate == UINT64_C(1) << 60);
	assert_true(again.cgroup.resources.memory_limit == INT64_C(1) << 60);
	assert_int_equal(again.cgroup.resources.devices.v[0].minor, -1);
	assert_true(again.process.rlimits.v[0].hard == RLIM_INFINITY);
}

/* What another runtime wrote, or somebody changed, is refused and does no harm. */
static void test_others_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"{}",
		"[]",
		"{\"process\":{}}",
		"{\"ociVersion\":\"1.0.2\",\"process\":{\"capabilities\":{}},\"linux\":{}}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		AUTO(spec) spec;

		spec_init(&spec);
		assert_true(config_read_whole(texts[i], strlen(texts[i]), &spec) < 0);
		assert_true(err_text()[0] != '\0');
		err_clear();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_lost),
		cmocka_unit_test(test_others_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
