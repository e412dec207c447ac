/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <sys/mount.h>
#include <unistd.h>

#include "base/err.h"
#include "container/mountopt.h"

static struct mountopt volume(const char *text)
{
	struct mountopt opt;

	assert_int_equal(mountopt_parse_volume(text, &opt), 0);
	return opt;
}

static struct mountopt mount_of(const char *text)
{
	struct mountopt opt = { 0 };

	if (mountopt_parse_mount(text, &opt) < 0)
		fail_msg("%s", err_text());
	return opt;
}

static void test_volume_is_a_recursive_bind(void **state)
{
	AUTO(mountopt) opt = volume("/src:/dst//x/");

	assert_int_equal(opt.kind, MOUNTOPT_BIND);
	assert_string_equal(opt.mount.source, "/src");
	assert_string_equal(opt.mount.destination, "/dst/x");
	assert_true(opt.mount.recursive);
	assert_true(opt.mount.attr_set == (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV));
	assert_true(opt.mount.attr_clear == 0);
}

static void test_volume_options(void **state)
{
	AUTO(mountopt) opt = volume("/src:/dst:ro,noexec,suid,rslave,z,U,bind");

	assert_true(opt.mount.attr_set ==
		    (MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY));
	assert_true(opt.mount.propagation == (MS_SLAVE | MS_REC));
	assert_true(opt.relabel);
	assert_true(opt.mount.chown);
	assert_false(opt.mount.recursive);
}

static void test_rw_clears_nothing(void **state)
{
	AUTO(mountopt) opt = volume("/src:/dst:rw");

	assert_true(opt.mount.attr_clear == 0);
}

static void test_devices_of_the_host_are_devices(void **state)
{
	static const struct {
		const char *text;
		bool nodev;
	} rows[] = {
		{ "/dev:/dev", false },           { "/dev/null:/x:ro", false },
		{ "/dev/../dev/null:/x", false }, { "/dev:/dev:nodev", true },
		{ "/devices:/x", true },          { "/src:/dev", true },
		{ "/dev/../etc:/x", true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO(mountopt) opt = volume(rows[i].text);

		if (((opt.mount.attr_set & MOUNT_ATTR_NODEV) != 0) != rows[i].nodev)
			fail_msg("%s", rows[i].text);
	}
}

static void test_relative_source(void **state)
{
	autofree char *here = getcwd(NULL, 0);
	autofree char *wanted = xasprintf("%s/x", here);
	AUTO(mountopt) opt = volume("./x:/dst");

	assert_string_equal(opt.mount.source, wanted);
}

static void test_overlay_volume(void **state)
{
	AUTO(mountopt) opt = volume("/src:/dst:O,upperdir=/u,workdir=/w");

	assert_true(opt.overlay);
	assert_string_equal(opt.mount.upper, "/u");
	assert_string_equal(opt.mount.work, "/w");
}

static void test_anonymous_volume(void **state)
{
	AUTO(mountopt) opt = volume("/data");

	assert_int_equal(opt.kind, MOUNTOPT_ANONYMOUS);
	assert_string_equal(opt.mount.destination, "/data");
	assert_true(opt.mount.tmpcopyup);
}

static void test_named_volume(void **state)
{
	AUTO(mountopt) opt = volume("my_data.1:/data:ro,nocopy,z");

	assert_int_equal(opt.kind, MOUNTOPT_VOLUME);
	assert_string_equal(opt.volume, "my_data.1");
	assert_string_equal(opt.mount.destination, "/data");
	assert_true((opt.mount.attr_set & MOUNT_ATTR_RDONLY) != 0);
	assert_false(opt.mount.tmpcopyup);
	assert_true(opt.relabel);
	mountopt_release(&opt);
	opt = volume("data:/x");
	assert_true(opt.mount.tmpcopyup);
	mountopt_release(&opt);
	opt = volume("data:/x:O");
	assert_true(opt.overlay);
	assert_false(opt.mount.tmpcopyup);
}

static void test_volume_mount(void **state)
{
	AUTO(mountopt)
	opt = mount_of("type=volume,src=v,dst=/b,readonly,volume-driver=local,volume-label=a=b,"
		       "volume-opt=type=tmpfs,\"volume-opt=o=size=1m,mode=700\"");

	assert_int_equal(opt.kind, MOUNTOPT_VOLUME);
	assert_string_equal(opt.volume, "v");
	assert_string_equal(opt.driver_options.v[0], "type=tmpfs");
	assert_string_equal(opt.driver_options.v[1], "o=size=1m,mode=700");
	assert_string_equal(opt.labels.v[0], "a=b");
	assert_true(opt.mount.tmpcopyup);
	mountopt_release(&opt);
	opt = mount_of("src=v,dst=/b,volume-subpath=a/../b,volume-nocopy");
	assert_string_equal(opt.subpath, "/b");
	assert_false(opt.mount.tmpcopyup);
	mountopt_release(&opt);
	opt = mount_of("src=v,dst=/b,subpath=c");
	assert_string_equal(opt.subpath, "/c");
	assert_false(opt.mount.tmpcopyup);
	mountopt_release(&opt);
	opt = mount_of("type=volume,dst=/b,nocopy=false");
	assert_int_equal(opt.kind, MOUNTOPT_ANONYMOUS);
	assert_true(opt.mount.tmpcopyup);
}

static void test_bind_mount(void **state)
{
	AUTO(mountopt)
	opt = mount_of("type=bind,src=/a,\"dst=/b,c\",readonly,bind-nonrecursive=true");

	assert_string_equal(opt.mount.source, "/a");
	assert_string_equal(opt.mount.destination, "/b,c");
	assert_true((opt.mount.attr_set & MOUNT_ATTR_RDONLY) != 0);
	assert_false(opt.mount.recursive);
	mountopt_release(&opt);
	opt = mount_of("type=bind,src=/a,dst=/b,bind-recursive=readonly,ro,rslave,Z");
	assert_true(opt.mount.recursive && opt.mount.attr_recursive && opt.relabel);
	assert_true(opt.mount.propagation == (MS_SLAVE | MS_REC));
	mountopt_release(&opt);
	opt = mount_of("type=bind,source=/a,target=/b,ro=false,bind-propagation=shared");
	assert_true((opt.mount.attr_set & MOUNT_ATTR_RDONLY) == 0);
	assert_true(opt.mount.propagation == MS_SHARED);
}

static void test_tmpfs_mount(void **state)
{
	AUTO(mountopt)
	opt = mount_of("type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1770,notmpcopyup");

	assert_string_equal(opt.mount.data.v[0], "size=1048576");
	assert_string_equal(opt.mount.data.v[1], "mode=1770");
	assert_false(opt.mount.tmpcopyup);
	mountopt_release(&opt);
	assert_int_equal(mountopt_parse_tmpfs("/t:exec,size=50%", &opt), 0);
	assert_true(opt.mount.attr_set == (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV));
	assert_string_equal(opt.mount.data.v[0], "size=50%");
	assert_true(opt.mount.tmpcopyup);
}

static void test_image_mount(void **state)
{
	AUTO(mountopt) opt = mount_of("type=image,src=debian:12,dst=/i,subpath=usr/../etc");

	assert_int_equal(opt.kind, MOUNTOPT_IMAGE);
	assert_string_equal(opt.mount.source, "debian:12");
	assert_string_equal(opt.subpath, "/etc");
	assert_false(opt.writable);
	mountopt_release(&opt);
	opt = mount_of("type=image,src=x,dst=/i,rw=true");
	assert_true(opt.writable);
}

static void test_volumes_that_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"da ta:/x",
		"_data:/x",
		"datÃ¤:/x",
		"data:x",
		"data:/x:rslave",
		"data:/x:size=1m",
		"data:/x:volume-opt=type=tmpfs",
		":/x",
		"/a:b",
		"/a:/",
		"/a:/b:wrong",
		"/a:/b:ro:rw",
		"/a:/b:size=1m",
		"/a:/b:upperdir=/u,workdir=/w",
		"/a:/b:O,upperdir=/u",
		"/a:/b:O,upperdir=u,workdir=w",
		"/a:/b:ro=perhaps",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct mountopt opt;

		if (mountopt_parse_volume(texts[i], &opt) >= 0)
			fail_msg("accepted: %s", texts[i]);
	}
}

static void test_mounts_that_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"type=bind",
		"type=bind,src=/a",
		"type=bind,dst=/a",
		"type=bind,src=/a,dst=b",
		"type=bind,src=/a,dst=/b,tmpfs-size=1m",
		"type=volume,src=data",
		"type=volume,src=/data,dst=/b",
		"src=../data,dst=/b",
		"type=volume,src=data,dst=/b,volume-driver=nfs",
		"type=volume,src=data,dst=/b,volume-opt=type=nfs",
		"type=volume,src=data,dst=/b,volume-opt=size=1m",
		"type=volume,src=data,dst=/b,volume-opt=type=none,volume-opt=o=bind",
		"type=volume,src=data,dst=/b,volume-opt=device=/x",
		"type=volume,dst=/b,subpath=x",
		"type=bind,src=/a,dst=/b,volume-nocopy",
		"type=tmpfs,dst=/b,src=/a",
		"type=tmpfs,dst=/b,tmpfs-size=big",
		"type=tmpfs,dst=/b,tmpfs-mode=9",
		"type=bind,src=/a,\"dst=/b",
		"type=bind,src=,dst=/b",
		"type=bind,src=/a,dst=/b,bind-propagation=loud",
		"type=ramfs,dst=/b",
		"type=bind,src=/a,dst=/b,bind-recursive=readonly",
		"type=bind,src=/a,dst=/b,bind-recursive=readonly,ro=false",
		"type=tmpfs,dst=/b,rslave",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct mountopt opt;

		if (mountopt_parse_mount(texts[i], &opt) >= 0)
			fail_msg("accepted: %s", texts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_volume_is_a_recursive_bind),
		cmocka_unit_test(test_volume_options),
		cmocka_unit_test(test_rw_clears_nothing),
		cmocka_unit_test(test_devices_of_the_host_are_devices),
		cmocka_unit_test(test_relative_source),
		cmocka_unit_test(test_overlay_volume),
		cmocka_unit_test(test_anonymous_volume),
		cmocka_unit_test(test_named_volume),
		cmocka_unit_test(test_volume_mount),
		cmocka_unit_test(test_bind_mount),
		cmocka_unit_test(test_tmpfs_mount),
		cmocka_unit_test(test_image_mount),
		cmocka_unit_test(test_volumes_that_are_refused),
		cmocka_unit_test(test_mounts_that_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
