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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
