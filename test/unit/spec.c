/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/spec.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/path.h"
#include "spec/config.h"
#include "spec/names.h"
#include "spec/profile.h"
#include "unit.h"

static char *options_of(struct spec_mount *mount)
{
	AUTO(strvec) words = STRVEC_INIT;
	AUTO(buf) text = BUF_INIT;

	mount_options_list(mount, &words);
	for (size_t i = 0; i < words.n; i++)
		buf_addf(&text, "%s%s", i != 0 ? "," : "", words.v[i]);
	return buf_steal(&text);
}

/* What is applied word by word is listed again: the table is its own inverse. */
static void options_round_trip(void **state)
{
	static const struct {
		const char *type, *in, *out;
	} rows[] = {
		{ "bind", "rbind,ro,nosuid,nodev,rprivate", "rbind,ro,nosuid,nodev,rprivate" },
		{ "bind", "ro,rw", "bind" },
		{ "bind", "rro", "bind,rro" },
		{ "bind", "noexec,exec,noatime", "bind,noatime" },
		{ "tmpfs", "noatime,relatime", "relatime" },
		{ "tmpfs", "nosuid,strictatime,size=64m,mode=755",
		  "nosuid,strictatime,size=64m,mode=755" },
		{ "bind", "rslave,shared", "bind,shared" },
		{ "tmpfs", "tmpcopyup,size=1m", "tmpcopyup,size=1m" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct spec_mount mount = { .type = xstrdup(rows[i].type) };
		AUTO(strvec) words = STRVEC_INIT;
		autofree char *text = NULL;

		strvec_split(&words, rows[i].in, ',');
		for (size_t k = 0; k < words.n; k++)
			if (!mount_option_apply(&mount, words.v[k]))
				strvec_push(&mount.data, words.v[k]);
		text = options_of(&mount);
		assert_string_equal(text, rows[i].out);
		spec_mount_release(&mount);
	}
}

static void capability_names(void **state)
{
	int cap;

	for (int i = 0; i < CAP_COUNT; i++) {
		assert_int_equal(cap_number(cap_name(i), &cap), 0);
		assert_int_equal(cap, i);
	}
	assert_int_equal(cap_number("net_raw", &cap), 0);
	assert_int_equal(cap, CAP_NET_RAW);
	assert_int_equal(cap_number("NET_RAWX", &cap), -EINVAL);
	assert_int_equal(cap_number("", &cap), -EINVAL);
	assert_null(cap_name(CAP_COUNT));
	assert_null(cap_name(-1));
}

static void limit_names(void **state)
{
	int resource;

	assert_int_equal(rlimit_number("nofile", &resource), 0);
	assert_int_equal(resource, RLIMIT_NOFILE);
	assert_string_equal(rlimit_name(resource), "RLIMIT_NOFILE");
	assert_int_equal(rlimit_number("RLIMIT_STACK", &resource), 0);
	assert_int_equal(rlimit_number("files", &resource), -EINVAL);
}

static const struct spec_mount *mount_at(const struct spec *spec, const char *destination)
{
	for (size_t i = 0; i < spec->mounts.n; i++)
		if (strcmp(spec->mounts.v[i].destination, destination) == 0)
			return &spec->mounts.v[i];
	print_error("no mount at %s\n", destination);
	assert_true(false);
	return NULL;
}

static void all_namespaces(struct spec *spec)
{
	for (int kind = NS_MOUNT; kind < NS_TIME; kind++)
		spec->ns[kind].mode = NS_NEW;
}

static void default_profile(void **state)
{
	AUTO(spec) spec;

	spec_init(&spec);
	all_namespaces(&spec);
	profile_apply(&spec, 64 << 20);
	assert_true((mount_at(&spec, "/sys")->attr_set & MOUNT_ATTR_RDONLY) != 0);
	assert_true((mount_at(&spec, "/dev/pts")->attr_set & MOUNT_ATTR_NOSUID) != 0);
	assert_true(strvec_has(&mount_at(&spec, "/dev/pts")->data, "gid=5"));
	assert_true(strvec_has(&mount_at(&spec, "/dev/shm")->data, "size=67108864"));
	assert_true(strvec_has(&spec.masked_paths, "/proc/kcore"));
	assert_true(strvec_has(&spec.readonly_paths, "/proc/sys"));
	assert_int_equal(__builtin_popcountll(spec.process.caps.bounding), 11);
	assert_int_equal(spec.process.caps.inheritable, 0);
	assert_int_equal(spec.process.caps.ambient, 0);
	assert_false(spec.cgroup.resources.devices.v[0].allow);
	assert_int_equal(spec.seccomp.mode, SECCOMP_DEFAULT);
}

static void profile_of_processors(void **state)
{
	static const char *const directories[] = { "cpu0", "cpu1", "cpu0/thermal_throttle",
						   "cpu1/thermal_throttle", "cpufreq" };
	char top[] = "/tmp/berth-unit.XXXXXX";
	autofree char *second = NULL;
	AUTO(spec) spec;

	assert_non_null(mkdtemp(top));
	spec_init(&spec);
	profile_mask_cpus(&spec, top);
	assert_int_equal(spec.masked_paths.n, 0);
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		autofree char *path = path_join(top, directories[i]);

		assert_int_equal(mkdir(path, 0755), 0);
	}
	profile_mask_cpus(&spec, top);
	assert_int_equal(spec.masked_paths.n, 2);
	second = path_join(top, "cpu1/thermal_throttle");
	assert_true(strvec_has(&spec.masked_paths, second));
	assert_int_equal(fs_remove_tree(AT_FDCWD, top), 0);
}

/* In a user namespace the kernel lets nobody mount a sysfs for a network namespace that is not its
 * own, and a gid without a mapping is refused. */
static void profile_in_user_namespace(void **state)
{
	AUTO(spec) spec;

	spec_init(&spec);
	all_namespaces(&spec);
	spec.ns[NS_USER].mode = NS_NEW;
	spec.ns[NS_NET].mode = NS_HOST;
	idmap_add(&spec.idmaps.uid, 0, 1000, 1);
	idmap_add(&spec.idmaps.gid, 0, 1000, 1);
	profile_apply(&spec, 1 << 20);
	assert_string_equal(mount_at(&spec, "/sys")->type, "bind");
	assert_true((mount_at(&spec, "/sys")->attr_set & MOUNT_ATTR_RDONLY) != 0);
	assert_true(mount_at(&spec, "/sys")->attr_recursive);
	assert_false(strvec_has(&mount_at(&spec, "/dev/pts")->data, "gid=5"));
}

static void privileged_profile(void **state)
{
	AUTO(spec) spec;

	spec_init(&spec);
	all_namespaces(&spec);
	spec.privileged = true;
	profile_apply(&spec, 1 << 20);
	assert_true(spec.process.caps.effective == CAP_ALL_MASK);
	assert_int_equal(spec.masked_paths.n, 0);
	assert_true((mount_at(&spec, "/sys")->attr_set & MOUNT_ATTR_RDONLY) == 0);
	assert_true(spec.cgroup.resources.devices.v[0].allow);
	assert_int_equal(spec.cgroup.resources.devices.n, 1);
	assert_int_equal(spec.seccomp.mode, SECCOMP_UNCONFINED);
}

static void config_json(void **state)
{
	AUTO(spec) spec;
	AUTO(buf) text = BUF_INIT;
	autojson cJSON *config = NULL;
	const cJSON *object;
	const char *version = NULL;

	spec_init(&spec);
	all_namespaces(&spec);
	profile_apply(&spec, 1 << 20);
	strvec_push(&spec.process.args, "true");
	spec.cgroup.resources.memory_limit = 1 << 30;
	*VEC_PUSH(&spec.process.rlimits) =
		(struct spec_rlimit){ RLIMIT_NOFILE, 1024, RLIM_INFINITY };
	assert_int_equal(config_write(&spec, "rootfs", &text), 0);
	assert_int_equal(json_parse(text.data, text.len, "config.json", &config), 0);
	assert_int_equal(json_get_string(config, "ociVersion", &version), 1);
	assert_string_equal(version, "1.0.2");
	assert_int_equal(json_get_object(config, "linux", &object), 1);
	assert_int_equal(json_get_object(object, "resources", &object), 1);
	assert_int_equal(json_get_object(object, "memory", &object), 1);
	/* RLIM_INFINITY must arrive exactly: a double would say ...616. */
	assert_non_null(strstr(text.data, "18446744073709551615"));
}

static void fill_process(struct spec *spec)
{
	struct spec_process *process = &spec->process;

	process->user = (struct spec_user){ .text = xstrdup("web:www"), .umask = 0077 };
	strvec_push(&process->user.groups, "disk");
	strvec_push(&process->user.groups, "77");
	process->user.keep_groups = true;
	process->caps.ambient = 1;
	process->no_new_privileges = true;
	process->set_oom_score_adj = true;
	process->oom_score_adj = -7;
	process->apparmor_profile = xstrdup("profile");
	process->selinux_label = xstrdup("a:b:c:d");
	process->cwd = xstrdup("/work");
	strvec_push(&process->env, "A=b");
	*VEC_PUSH(&process->rlimits) = (struct spec_rlimit){ RLIMIT_NOFILE, 1024, RLIM_INFINITY };
}

/* What a process beside the payload needs comes back as it was. */
static void config_round_trip(void **state)
{
	AUTO(spec) spec;
	AUTO(spec) back;
	AUTO(buf) text = BUF_INIT;
	const struct spec_process *process = &back.process;

	spec_init(&spec);
	spec_init(&back);
	all_namespaces(&spec);
	spec.ns[NS_USER].mode = NS_NEW;
	spec.ns[NS_PID].mode = NS_HOST;
	spec.ns[NS_NET].mode = NS_JOIN;
	spec.ns[NS_NET].path = xstrdup("/run/netns/x");
	idmap_add(&spec.idmaps.uid, 0, 100000, 65536);
	idmap_add(&spec.idmaps.gid, 5, 1000, 1);
	profile_apply(&spec, 1 << 20);
	fill_process(&spec);
	spec.privileged = true;
	spec.seccomp.mode = SECCOMP_PROFILE;
	spec.seccomp.fake_owner = true;
	assert_int_equal(config_write(&spec, "rootfs", &text), 0);
	assert_int_equal(config_read(text.data, text.len, &back), 0);
	assert_string_equal(process->user.text, "web:www");
	assert_int_equal(process->user.groups.n, 2);
	assert_string_equal(process->user.groups.v[1], "77");
	assert_true(process->user.keep_groups);
	assert_int_equal(process->user.umask, 0077);
	assert_memory_equal(&process->caps, &spec.process.caps, sizeof(process->caps));
	assert_true(process->no_new_privileges && process->set_oom_score_adj);
	assert_int_equal(process->oom_score_adj, -7);
	assert_string_equal(process->apparmor_profile, "profile");
	assert_string_equal(process->selinux_label, "a:b:c:d");
	assert_string_equal(process->cwd, "/work");
	assert_string_equal(process->env.v[0], "A=b");
	assert_int_equal(process->rlimits.v[0].soft, 1024);
	assert_true(process->rlimits.v[0].hard == RLIM_INFINITY);
	assert_int_equal(back.ns[NS_USER].mode, NS_NEW);
	assert_int_equal(back.ns[NS_PID].mode, NS_HOST);
	assert_string_equal(back.ns[NS_NET].path, "/run/netns/x");
	assert_true(idmap_to_outside(&back.idmaps.uid, 65535) == 165535);
	assert_true(idmap_to_outside(&back.idmaps.gid, 5) == 1000);
	assert_true(back.privileged && back.seccomp.fake_owner);
	assert_int_equal(back.seccomp.mode, SECCOMP_PROFILE);
}

#define PROCESS "\"process\":{\"capabilities\":{%s}%s}"
#define REST ",\"linux\":{%s},\"annotations\":{\"org.berth.seccomp\":\"%s\"}}"

/* A plan that says less, or something else, than it should is no plan. */
static void config_should_fail(void **state)
{
	static const struct {
		const char *caps, *process, *linux_, *seccomp;
		int rc;
	} rows[] = {
		{ "", "", "", "default", 0 },
		{ "", "", "", "none", -EINVAL },
		{ "\"bounding\":[\"CAP_X\"]", "", "", "default", -EINVAL },
		{ "\"bounding\":\"CAP_CHOWN\"", "", "", "default", -EINVAL },
		{ "", ",\"noNewPrivileges\":1", "", "default", -EINVAL },
		{ "", ",\"oomScoreAdj\":1001", "", "default", -EINVAL },
		{ "", ",\"user\":{\"umask\":512}", "", "default", -EINVAL },
		{ "", ",\"rlimits\":[{\"type\":\"RLIMIT_X\"}]", "", "default", -EINVAL },
		{ "", ",\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":-1}]", "", "default",
		  -EINVAL },
		{ "", "", "\"namespaces\":[{\"type\":\"x\"}]", "default", -EINVAL },
		{ "", "", "\"uidMappings\":[{\"containerID\":4294967296}]", "default", -EINVAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(spec) spec;
		AUTO(buf) text = BUF_INIT;

		spec_init(&spec);
		buf_addf(&text, "{" PROCESS REST, rows[i].caps, rows[i].process, rows[i].linux_,
			 rows[i].seccomp);
		assert_int_equal(config_read(text.data, text.len, &spec), rows[i].rc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_round_trip),
		cmocka_unit_test(capability_names),
		cmocka_unit_test(limit_names),
		cmocka_unit_test(default_profile),
		cmocka_unit_test(profile_of_processors),
		cmocka_unit_test(profile_in_user_namespace),
		cmocka_unit_test(privileged_profile),
		cmocka_unit_test(config_json),
		cmocka_unit_test(config_round_trip),
		cmocka_unit_test(config_should_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
