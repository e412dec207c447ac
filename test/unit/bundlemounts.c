/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/mount.h>
#include <stdlib.h>
#include <sys/mount.h>

#include "base/err.h"
#include "base/path.h"
#include "box/events.h"
#include "spec/bundleconfig.h"
#include "spec/names.h"
#include "unit.h"

#define DEV_MOUNT "{\"destination\":\"/dev\",\"type\":\"tmpfs\"}"

/* A document with these mounts, and with this in `linux`. */
static int read_parts(const char *mounts, const char *rest, struct spec *ret_spec)
{
	autofree char *text = xasprintf("{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"r\"},"
					"\"mounts\":[%s],\"linux\":{\"namespaces\":[{\"type\":"
					"\"mount\"}]%s%s}}",
					mounts, rest[0] != '\0' ? "," : "", rest);

	err_clear();
	return bundleconfig_read(text, strlen(text), "/bundle", ret_spec);
}

static void read_well(const char *mounts, const char *rest, struct spec *ret_spec)
{
	int rc = read_parts(mounts, rest, ret_spec);

	if (rc < 0)
		fail_msg("%s: %s", mounts, err_text());
}

static void refuses(const char *mounts, const char *rest, const char *text)
{
	AUTO(spec) spec;

	spec_init(&spec);
	if (read_parts(mounts, rest, &spec) >= 0)
		fail_msg("%s %s is accepted", mounts, rest);
	if (strstr(err_text(), text) == NULL)
		fail_msg("'%s' is not in '%s'", text, err_text());
}

/* The first mount of a document with this one: /dev comes before it. */
static struct spec_mount *one_mount(const char *fields, struct spec *spec)
{
	autofree char *text = xasprintf(DEV_MOUNT ",{\"destination\":\"/x\",%s}", fields);

	read_well(text, "", spec);
	assert_int_equal(spec->mounts.n, 2);
	return &spec->mounts.v[1];
}

static void attributes(void **state)
{
	static const struct {
		const char *options;
		uint64_t set, clear, below;
	} rows[] = {
		{ "\"ro\",\"nosuid\"", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0, 0 },
		{ "\"ro\",\"rw\"", 0, MOUNT_ATTR_RDONLY, 0 },
		{ "\"ro\",\"rnoexec\"", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC, 0,
		  MOUNT_ATTR_NOEXEC },
		{ "\"rro\"", MOUNT_ATTR_RDONLY, 0, MOUNT_ATTR_RDONLY },
		{ "\"rrw\"", 0, MOUNT_ATTR_RDONLY, MOUNT_ATTR_RDONLY },
		{ "\"noatime\",\"ro\"", MOUNT_ATTR_NOATIME | MOUNT_ATTR_RDONLY, MOUNT_ATTR__ATIME,
		  0 },
		{ "\"rnoatime\",\"rsymfollow\"", MOUNT_ATTR_NOATIME,
		  MOUNT_ATTR__ATIME | MOUNT_ATTR_NOSYMFOLLOW,
		  MOUNT_ATTR__ATIME | MOUNT_ATTR_NOSYMFOLLOW },
		{ "\"rnostrictatime\",\"rnorelatime\"", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME,
		  MOUNT_ATTR__ATIME },
		{ "\"defaults\",\"silent\",\"loud\",\"iversion\",\"noiversion\"", 0, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autofree char *fields =
			xasprintf("\"source\":\"/s\",\"options\":[\"bind\",%s]", rows[i].options);
		AUTO(spec) spec;
		const struct spec_mount *mount = one_mount(fields, &spec);

		if (mount->attr_set != rows[i].set ||
		    (mount->attr_clear & ~rows[i].set) != (rows[i].clear & ~rows[i].set) ||
		    mount->attr_recursive != rows[i].below)
			fail_msg("%s: set %#lx, clear %#lx, below %#lx", rows[i].options,
				 (unsigned long)mount->attr_set, (unsigned long)mount->attr_clear,
				 (unsigned long)mount->attr_recursive);
		assert_int_equal(mount->data.n, 0);
	}
}

/* Every word of the specification's table, by its name there. */
static void every_word_is_known(void **state)
{
	static const char words[] =
		"async atime bind defaults dev diratime dirsync exec iversion lazytime loud mand "
		"noatime nodev nodiratime noexec noiversion nolazytime nomand norelatime "
		"nostrictatime nosuid nosymfollow private ratime rbind rdev rdiratime relatime "
		"remount rexec rnoatime rnodiratime rnoexec rnorelatime rnostrictatime rnosuid "
		"rnosymfollow ro rprivate rrelatime rro rrw rshared rslave rstrictatime rsuid "
		"rsymfollow runbindable rw shared silent slave strictatime suid symfollow sync "
		"tmpcopyup unbindable idmap ridmap rnodev";
	AUTO(strvec) all = STRVEC_INIT;

	strvec_split(&all, words, ' ');
	for (size_t i = 0; i < all.n; i++) {
		bool found = false;

		for (size_t k = 0; mount_option_name(k) != NULL; k++)
			found |= strcmp(mount_option_name(k), all.v[i]) == 0;
		if (!found)
			fail_msg("'%s' is not known", all.v[i]);
	}
}

static void sources_and_destinations(void **state)
{
	AUTO(spec) spec;

	read_well("{\"destination\":\"a/b\",\"source\":\"rel/s\",\"options\":[\"rbind\"]},"
		  "{\"destination\":\"/c/../d//\",\"type\":\"none\",\"source\":\"/abs\","
		  "\"options\":[\"bind\"]},"
		  "{\"destination\":\"/e\",\"type\":\"bind\",\"source\":\".\"}",
		  "", &spec);
	assert_string_equal(spec.root.path, "/bundle/r");
	assert_int_equal(spec.mounts.n, 4);
	/* The specification's default devices have a place of their own, before all others. */
	assert_string_equal(spec.mounts.v[0].destination, "/dev");
	assert_string_equal(spec.mounts.v[0].type, "tmpfs");
	assert_string_equal(spec.mounts.v[1].destination, "/a/b");
	assert_string_equal(spec.mounts.v[1].source, "/bundle/rel/s");
	assert_string_equal(spec.mounts.v[1].type, "bind");
	assert_true(spec.mounts.v[1].recursive);
	assert_string_equal(spec.mounts.v[1].where, "mounts[0]");
	assert_int_equal(spec.warnings.n, 1);
	assert_string_equal(spec.warnings.v[0],
			    "mounts[0]: 'destination' is taken as relative to '/'");
	assert_string_equal(spec.mounts.v[2].destination, "/d");
	assert_string_equal(spec.mounts.v[2].source, "/abs");
	assert_false(spec.mounts.v[2].recursive);
	assert_string_equal(spec.mounts.v[3].source, "/bundle/.");
}

static void data_of_file_systems(void **state)
{
	AUTO(spec) spec;
	const struct spec_mount *mount = one_mount("\"type\":\"tmpfs\",\"options\":[\"size=1m,"
						   "mode=700\",\"sync\",\"nosuid\","
						   "\"context=\\\"a:s0:c1,c2\\\",uid=5\"]",
						   &spec);

	assert_int_equal(mount->data.n, 5);
	assert_string_equal(mount->data.v[0], "size=1m");
	assert_string_equal(mount->data.v[1], "mode=700");
	assert_string_equal(mount->data.v[2], "sync");
	assert_string_equal(mount->data.v[3], "context=a:s0:c1,c2");
	assert_string_equal(mount->data.v[4], "uid=5");
	assert_false(mount->like_target);
	assert_false(mount->outside);
}

static void kinds_of_file_systems(void **state)
{
	AUTO(spec) spec;

	read_well("{\"destination\":\"/a\",\"type\":\"tmpfs\"},"
		  "{\"destination\":\"/b\",\"type\":\"ext4\",\"source\":\"/dev/x\"},"
		  "{\"destination\":\"/c\",\"options\":[\"remount\",\"ro\"]},"
		  "{\"destination\":\"/sys\",\"source\":\"/sys\",\"options\":[\"rbind\",\"ro\"]},"
		  "{\"destination\":\"/x-y\",\"source\":\"/s\",\"options\":[\"bind\",\"x-word\","
		  "\"sync\",\"remount\"]}",
		  "", &spec);
	assert_true(spec.mounts.v[1].like_target);
	assert_true(spec.mounts.v[2].outside);
	assert_true(spec.mounts.v[3].remount);
	assert_true(spec.mounts.v[4].attr_recursive == MOUNT_ATTR_RDONLY);
	assert_int_equal(spec.mounts.v[5].data.n, 0);
	assert_false(spec.mounts.v[5].remount);
}

static void maps(void **state)
{
	AUTO(spec) spec;
	const struct spec_mount *mount =
		one_mount("\"source\":\"/s\",\"options\":[\"bind\",\"ridmap\"],"
			  "\"uidMappings\":[{\"containerID\":0,\"hostID\":5,\"size\":7}],"
			  "\"gidMappings\":[{\"containerID\":0,\"hostID\":6,\"size\":7}]",
			  &spec);

	assert_true(mount->idmap && mount->idmap_recursive);
	assert_int_equal(idmap_to_outside(&mount->idmaps.uid, 1), 6);
	assert_int_equal(idmap_to_outside(&mount->idmaps.gid, 1), 7);
}

static void propagation(void **state)
{
	AUTO(spec) spec;
	const struct spec_mount *mount = one_mount(
		"\"source\":\"/s\",\"options\":[\"bind\",\"rslave\",\"ro\",\"shared\"]", &spec);

	assert_int_equal(mount->before.n, 1);
	assert_true(mount->before.v[0] == (MS_SLAVE | MS_REC));
	assert_true(mount->propagation == MS_SHARED);
	assert_true(events_are_wanted(&spec, mount));
	assert_false(events_are_wanted(&spec, &spec.mounts.v[0]));
	/* What was asked for nothing has what the root has for all below it. */
	spec.root.propagation = MS_SLAVE | MS_REC;
	assert_true(events_are_wanted_in_root(&spec));
	assert_true(events_otherwise(&spec) == (MS_SLAVE | MS_REC));
	assert_true(events_are_wanted(&spec, &spec.mounts.v[0]));
	/* "shared" is among the container's own mounts: nothing of the host's is wanted. */
	spec.root.propagation = MS_SHARED | MS_REC;
	assert_false(events_are_wanted_in_root(&spec));
	assert_true(events_otherwise(&spec) == (MS_SHARED | MS_REC));
	assert_false(events_are_wanted(&spec, &spec.mounts.v[0]));
	spec.root.propagation = MS_SHARED;
	assert_true(events_otherwise(&spec) == 0);
}

static void mistakes_in_mounts(void **state)
{
	static const struct {
		const char *fields, *text;
	} rows[] = {
		{ "\"type\":\"tmpfs\"", "mounts[0]: 'destination' is missing" },
		{ "\"destination\":\"\",\"type\":\"tmpfs\"", "'destination' is missing" },
		{ "\"destination\":\"/x\"", "'type' is missing" },
		{ "\"destination\":\"/x\",\"type\":\"none\",\"source\":\"/s\"",
		  "'type' is 'none'" },
		{ "\"destination\":\"/x\",\"type\":\"bind\"", "'source' is missing" },
		{ "\"destination\":\"/x\",\"type\":\"ext4\"", "'source' is missing" },
		{ "\"destination\":\"/x\",\"source\":\"/s\",\"options\":[\"bind\",\"siz=1\"]",
		  "'siz=1' is no option of a bind mount" },
		{ "\"destination\":\"/x\",\"source\":\"/s\",\"options\":[\"bind\",\"tmpcopyup\"]",
		  "'tmpcopyup' is for a tmpfs" },
		{ "\"destination\":\"/x\",\"type\":\"proc\",\"options\":[\"tmpcopyup\"]",
		  "'tmpcopyup' is for a tmpfs" },
		{ "\"destination\":\"/x\",\"type\":\"tmpfs\",\"options\":[\"idmap\"]",
		  "bind mounts alone" },
		{ "\"destination\":\"/x\",\"options\":[\"remount\",\"idmap\"]", "'remount'" },
		{ "\"destination\":\"/x\",\"source\":\"/s\",\"options\":[\"bind\"],"
		  "\"uidMappings\":[{\"containerID\":0,\"hostID\":5,\"size\":7}]",
		  "belong together" },
		{ "\"destination\":\"/x\",\"options\":\"ro\"", "options" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autofree char *text = xasprintf("{%s}", rows[i].fields);

		refuses(text, "", rows[i].text);
	}
	refuses(DEV_MOUNT ",{}", "", "mounts[1]: ");
}

static void devices(void **state)
{
	AUTO(spec) spec;

	read_well("",
		  "\"devices\":["
		  "{\"path\":\"/dev//a\",\"type\":\"u\",\"major\":1,\"minor\":3},"
		  "{\"path\":\"/dev/ptmx\",\"type\":\"c\",\"major\":5,\"minor\":2},"
		  "{\"path\":\"/b\",\"type\":\"b\",\"major\":0,\"minor\":0,\"fileMode\":25008,"
		  "\"uid\":1,\"gid\":2},"
		  "{\"path\":\"/p\",\"type\":\"p\",\"fileMode\":0}]",
		  &spec);
	assert_int_equal(spec.devices.n, 3);
	assert_string_equal(spec.devices.v[0].path, "/dev/a");
	assert_int_equal(spec.devices.v[0].type, 'c');
	assert_int_equal(spec.devices.v[0].mode, 0666);
	assert_int_equal(spec.devices.v[1].mode, 25008 & 07777);
	assert_int_equal(spec.devices.v[1].uid, 1);
	assert_int_equal(spec.devices.v[1].gid, 2);
	assert_int_equal(spec.devices.v[2].mode, 0);
}

static void mistakes_in_devices(void **state)
{
	static const struct {
		const char *fields, *text;
	} rows[] = {
		{ "\"type\":\"p\"", "linux: devices[0]: 'path' is missing" },
		{ "\"path\":\"dev/x\",\"type\":\"p\"", "no absolute path" },
		{ "\"path\":\"/x\"", "'type' is missing" },
		{ "\"path\":\"/x\",\"type\":\"a\",\"major\":1,\"minor\":1", "'type': 'a'" },
		{ "\"path\":\"/x\",\"type\":\"\",\"major\":1,\"minor\":1", "'type': ''" },
		{ "\"path\":\"/x\",\"type\":\"cb\",\"major\":1,\"minor\":1", "'type': 'cb'" },
		{ "\"path\":\"/x\",\"type\":\"c\",\"minor\":1", "'major' is missing" },
		{ "\"path\":\"/x\",\"type\":\"b\",\"major\":1", "'minor' is missing" },
		{ "\"path\":\"/x\",\"type\":\"b\",\"major\":4096,\"minor\":1", "major" },
		{ "\"path\":\"/x\",\"type\":\"b\",\"major\":1,\"minor\":1048576", "minor" },
		{ "\"path\":\"/x\",\"type\":\"b\",\"major\":-1,\"minor\":1", "major" },
		{ "\"path\":\"/x\",\"type\":\"p\",\"uid\":4294967295", "uid" },
		{ "\"path\":\"/x\",\"type\":\"p\",\"fileMode\":4294967295", "fileMode" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autofree char *text = xasprintf("\"devices\":[{%s}]", rows[i].fields);

		refuses("", text, rows[i].text);
	}
}

static void masks(void **state)
{
	AUTO(spec) spec;

	read_well("",
		  "\"maskedPaths\":[\"/a\"],\"readonlyPaths\":[\"/b\",\"/c\"],\"mountLabel\":\"\"",
		  &spec);
	assert_int_equal(spec.masked_paths.n, 1);
	assert_int_equal(spec.readonly_paths.n, 2);
	assert_null(spec.mount_label);
	refuses("", "\"maskedPaths\":[\"/a\",\"b\"]", "linux: maskedPaths[1]: 'b'");
	refuses("", "\"readonlyPaths\":[\"\"]", "linux: readonlyPaths[0]: ''");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attributes),
		cmocka_unit_test(every_word_is_known),
		cmocka_unit_test(sources_and_destinations),
		cmocka_unit_test(data_of_file_systems),
		cmocka_unit_test(kinds_of_file_systems),
		cmocka_unit_test(maps),
		cmocka_unit_test(propagation),
		cmocka_unit_test(mistakes_in_mounts),
		cmocka_unit_test(devices),
		cmocka_unit_test(mistakes_in_devices),
		cmocka_unit_test(masks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
