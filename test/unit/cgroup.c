/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "box/cgchange.h"
#include "box/cgdevice.h"
#include "box/cgdriver.h"
#include "box/cgknob.h"
#include "box/cgself.h"
#include "box/cgunit.h"
#include "spec/profile.h"
#include "unit.h"

/* "file=value" of every knob, in order. */
static char *text_of(const struct knobs *knobs)
{
	AUTO(buf) text = BUF_INIT;

	for (size_t i = 0; i < knobs->n; i++)
		buf_addf(&text, "%s%s=%s", i > 0 ? "; " : "", knobs->v[i].file, knobs->v[i].value);
	return buf_steal(&text);
}

static void expect(const struct spec *spec, const char *v1, const char *v2)
{
	AUTO(knobs) knobs1 = { 0 }, knobs2 = { 0 };
	autofree char *text1 = NULL, *text2 = NULL;

	if (v1 != NULL) {
		assert_int_equal(knobs_v1(&spec->cgroup.resources, &knobs1), 0);
		text1 = text_of(&knobs1);
		assert_string_equal(text1, v1);
	}
	assert_int_equal(knobs_v2(&spec->cgroup.resources, &knobs2), 0);
	text2 = text_of(&knobs2);
	assert_string_equal(text2, v2);
}

static void limits_become_files(void **state)
{
	static const struct {
		size_t offset;
		int64_t value;
		const char *v1, *v2;
	} rows[] = {
#define ROW(field, value, v1, v2) { offsetof(struct spec_resources, field), (value), (v1), (v2) }
		ROW(memory_limit, 1 << 20, "memory.limit_in_bytes=1048576",
		    "memory.max=1048576; memory.oom.group=1"),
		ROW(memory_limit, -1, "memory.limit_in_bytes=-1",
		    "memory.max=max; memory.oom.group=1"),
		ROW(memory_swap, -1, "memory.memsw.limit_in_bytes=-1",
		    "memory.swap.max=max; memory.oom.group=1"),
		ROW(memory_reservation, 4096, "memory.soft_limit_in_bytes=4096",
		    "memory.low=4096; memory.oom.group=1"),
		ROW(cpu_shares, 2, "cpu.shares=2", "cpu.weight=1"),
		ROW(cpu_shares, 1024, "cpu.shares=1024", "cpu.weight=39"),
		ROW(cpu_shares, 262144, "cpu.shares=262144", "cpu.weight=10000"),
		ROW(cpu_quota, 50000, "cpu.cfs_quota_us=50000", "cpu.max=50000 100000"),
		ROW(cpu_quota, -1, "cpu.cfs_quota_us=-1", "cpu.max=max 100000"),
		ROW(cpu_period, 20000, "cpu.cfs_period_us=20000", "cpu.max=max 20000"),
		ROW(pids_limit, 10, "pids.max=10", "pids.max=10"),
		ROW(pids_limit, -1, "pids.max=max", "pids.max=max"),
		ROW(blkio_weight, 10, "blkio.weight=10", "io.bfq.weight=10"),
#undef ROW
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(spec) spec;

		spec_init(&spec);
		memcpy((char *)&spec.cgroup.resources + rows[i].offset, &rows[i].value,
		       sizeof(rows[i].value));
		expect(&spec, rows[i].v1, rows[i].v2);
	}
}

static void limits_go_together(void **state)
{
	AUTO(spec) spec;
	struct spec_resources *r = &spec.cgroup.resources;

	spec_init(&spec);
	r->memory_limit = 4096;
	r->memory_swap = 12288;
	r->cpu_quota = 10000;
	r->cpu_period = 20000;
	r->cpuset_cpus = xstrdup("0-1");
	r->cpuset_mems = xstrdup("0");
	*VEC_PUSH(&r->read_bps) = (struct spec_throttle){ 8, 0, 1000 };
	*VEC_PUSH(&r->write_iops) = (struct spec_throttle){ 8, 16, 5 };
	expect(&spec,
	       "memory.limit_in_bytes=4096; memory.memsw.limit_in_bytes=12288; "
	       "cpu.cfs_period_us=20000; cpu.cfs_quota_us=10000; cpuset.cpus=0-1; cpuset.mems=0; "
	       "blkio.throttle.read_bps_device=8:0 1000; "
	       "blkio.throttle.write_iops_device=8:16 5",
	       "memory.max=4096; memory.swap.max=8192; memory.oom.group=1; cpu.max=10000 20000; "
	       "cpuset.cpus=0-1; cpuset.mems=0; io.max=8:0 rbps=1000; io.max=8:16 wiops=5");
	keyvalues_add(&r->unified, "memory.high", "2048");
	expect(&spec, NULL,
	       "memory.max=4096; memory.swap.max=8192; memory.oom.group=1; cpu.max=10000 20000; "
	       "cpuset.cpus=0-1; cpuset.mems=0; io.max=8:0 rbps=1000; io.max=8:16 wiops=5; "
	       "memory.high=2048");
}

static void nonsense_is_refused(void **state)
{
	static const char *const keys[] = { "cgroup.procs", "cgroup.kill",
					    "memory",       "nothing.max",
					    "memory/x.y",   "../memory.x",
					    "pids.max/",    "" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		AUTO(knobs) knobs = { 0 };
		AUTO(spec) spec;

		spec_init(&spec);
		keyvalues_add(&spec.cgroup.resources.unified, keys[i], "1");
		assert_int_equal(knobs_v2(&spec.cgroup.resources, &knobs), -EINVAL);
	}
	for (int64_t limit = -1; limit < 4; limit += 4) {
		AUTO(knobs) knobs = { 0 };
		AUTO(spec) spec;

		spec_init(&spec);
		spec.cgroup.resources.memory_limit = limit;
		spec.cgroup.resources.memory_swap = 2;
		assert_int_equal(knobs_v2(&spec.cgroup.resources, &knobs), -EINVAL);
		assert_int_equal(knobs_v1(&spec.cgroup.resources, &knobs), -EINVAL);
	}
}

/* A cgroup as a directory of ordinary files. */
static int fake_cgroup(char *dir, const char *const *files, size_t n)
{
	int fd;

	assert_non_null(mkdtemp(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	for (size_t i = 0; i < n; i++)
		close(openat(fd, files[i], O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	return fd;
}

static void assert_file(int dirfd, const char *file, const char *want)
{
	AUTO(buf) text = BUF_INIT;

	assert_int_equal(fs_read_file(dirfd, file, 4096, &text), 0);
	assert_string_equal(text.data, want);
}

static void files_are_written(void **state)
{
	static const char *const files[] = { "memory.max", "io.weight" };
	char dir[] = "/tmp/berth-unit-XXXXXX";
	int fd = fake_cgroup(dir, files, ARRAY_SIZE(files));
	AUTO(knobs) knobs = { 0 }, more = { 0 };
	AUTO(spec) spec;
	struct spec_resources *r = &spec.cgroup.resources;

	spec_init(&spec);
	r->memory_limit = 4096;
	r->blkio_weight = 1000;
	r->pids_limit = 2048;
	r->asked = true;
	assert_int_equal(knobs_v2(r, &knobs), 0);
	/* memory.oom.group and pids.max are not there, and nobody asked for them. */
	assert_int_equal(knobs_write(&knobs, CONTROLLER_MAX, fd), 0);
	assert_file(fd, "memory.max", "4096");
	assert_file(fd, "io.weight", "10000");

	r->pids_limit = 3;
	assert_int_equal(knobs_v2(r, &more), 0);
	assert_int_equal(knobs_write(&more, CONTROLLER_MEMORY, fd), 0);
	assert_int_equal(knobs_write(&more, CONTROLLER_MAX, fd), -ENOENT);
	assert_non_null(strstr(err_text(), "pids.max"));
	assert_int_equal(knobs_controllers(&more, true),
			 1 << CONTROLLER_MEMORY | 1 << CONTROLLER_IO | 1 << CONTROLLER_PIDS);
	close(fd);
	assert_int_equal(fs_remove_tree(AT_FDCWD, dir), 0);
}

static void put(int dirfd, const char *file, const char *text)
{
	assert_int_equal(fs_replace_file(dirfd, file, text, strlen(text), 0600, false), 0);
}

static void expect_file(int dirfd, const char *file, const char *wanted)
{
	AUTO(buf) text = BUF_INIT;

	assert_int_equal(fs_read_file(dirfd, file, 4096, &text), 0);
	assert_string_equal(text.data, wanted);
}

/* What was written is written back when a later file cannot be. */
static void changes_are_undone(void **state)
{
	char dir[] = "/tmp/berth-cgchange.XXXXXX";
	AUTO(knobs) before = { 0 }, after = { 0 };
	AUTO(cgchange) change = { 0 };
	AUTO(spec) spec;
	autoclose int fd = -1;

	assert_non_null(mkdtemp(dir));
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	spec_init(&spec);
	spec.cgroup.resources.cpu_shares = 1024;
	spec.cgroup.resources.memory_reservation = 5;
	assert_int_equal(knobs_v1(&spec.cgroup.resources, &before), 0);
	spec.cgroup.resources.memory_reservation = 7;
	spec.cgroup.resources.cpu_quota = 2000;
	spec.cgroup.resources.asked = true;
	spec.cgroup.resources.pids_limit = 9;
	assert_int_equal(knobs_v1(&spec.cgroup.resources, &after), 0);
	cgchange_drop_same(&before, &after);
	assert_int_equal(after.n, 3);
	put(fd, "memory.soft_limit_in_bytes", "5\n");
	put(fd, "cpu.cfs_quota_us", "1000\n");
	assert_int_equal(cgchange_write(&change, &after, CONTROLLER_MAX, fd), -ENOENT);
	assert_non_null(strstr(err_text(), "'pids.max' to '9'"));
	expect_file(fd, "memory.soft_limit_in_bytes", "7\n");
	expect_file(fd, "cpu.cfs_quota_us", "2000\n");
	cgchange_undo(&change);
	expect_file(fd, "memory.soft_limit_in_bytes", "5\n");
	expect_file(fd, "cpu.cfs_quota_us", "1000\n");
	put(fd, "pids.max", "8\n");
	assert_int_equal(cgchange_write(&change, &after, CONTROLLER_MAX, fd), 0);
	expect_file(fd, "pids.max", "9\n");
	assert_int_equal(fs_remove_tree(AT_FDCWD, dir), 0);
}

/* Of a file with a line for each device, the line of that device is written back. */
static void lines_of_devices_are_undone(void **state)
{
	static const struct {
		const char *file, *before, *value, *undone;
	} rows[] = {
		{ "io.max", "8:0 rbps=1 wbps=max riops=max wiops=max\n8:16 rbps=2\n", "8:16 rbps=9",
		  "8:16 rbps=2" },
		{ "io.max", "8:0 rbps=1\n", "8:1 wbps=9",
		  "8:1 rbps=max wbps=max riops=max wiops=max" },
		{ "blkio.throttle.read_bps_device", "8:0 5\n", "8:0 6", "8:0 5" },
		{ "blkio.throttle.read_bps_device", "", "8:0 6", "8:0 0" },
		{ "io.bfq.weight", "default 100\n", "50", "default 100" },
		{ "rdma.max", "mlx hca_handle=1 hca_object=max\n", "mlx hca_handle=2",
		  "mlx hca_handle=1 hca_object=max" },
		{ "net_prio.ifpriomap", "lo 0\neth0 3\n", "eth0 4", "eth0 3" },
		{ "cpu.max", "max 100000\n", "5 6", "max 100000" },
		{ "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n", "1", "0" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char dir[] = "/tmp/berth-cgchange.XXXXXX";
		AUTO(knobs) knobs = { 0 };
		AUTO(cgchange) change = { 0 };
		autoclose int fd = -1;

		assert_non_null(mkdtemp(dir));
		fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		put(fd, rows[i].file, rows[i].before);
		knob_add(&knobs, CONTROLLER_IO, rows[i].file, xstrdup(rows[i].value), "limit", "");
		assert_int_equal(cgchange_write(&change, &knobs, CONTROLLER_MAX, fd), 0);
		assert_int_equal(change.n, 1);
		assert_string_equal(change.v[0].value, rows[i].undone);
		assert_int_equal(fs_remove_tree(AT_FDCWD, dir), 0);
	}
}

static void paths_of_bundles(void **state)
{
	static const struct {
		const char *path, *place;
	} rows[] = {
		{ NULL, "/berth/id" },
		{ "", "/berth/id" },
		{ "/docker/x", "/docker/x" },
		{ "//a/../b/./c/", "/b/c" },
		{ "a/b", "/berth/a/b" },
		{ "../../a", "/berth/a" },
		{ "a..b", "/berth/a..b" },
		{ "system.slice:docker:x", "/berth/system.slice:docker:x" },
		{ "/", NULL },
		{ "..", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autofree char *path = NULL;
		AUTO(spec) spec;
		int rc;

		spec_init(&spec);
		spec.id = xstrdup("id");
		spec.cgroup.path = xstrdup_null(rows[i].path);
		spec.cgroup.resources.exact = true;
		rc = cgroup_place(&spec, "/berth", NULL, &path);
		if (rows[i].place == NULL) {
			assert_int_equal(rc, -EINVAL);
			assert_non_null(strstr(err_text(), "linux.cgroupsPath: "));
			continue;
		}
		assert_int_equal(rc, 0);
		assert_string_equal(path, rows[i].place);
	}
}

static void default_limit_is_optional(void **state)
{
	static const struct {
		int64_t pids, memory;
		bool asked, required;
	} rows[] = {
		{ 2048, LIMIT_NONE, false, false },
		{ 2048, LIMIT_NONE, true, true },
		{ 2048, 4096, true, false },
		{ 100, 4096, true, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(knobs) knobs = { 0 };
		AUTO(spec) spec;

		spec_init(&spec);
		spec.cgroup.resources.pids_limit = rows[i].pids;
		spec.cgroup.resources.memory_limit = rows[i].memory;
		spec.cgroup.resources.asked = rows[i].asked;
		assert_int_equal(knobs_v2(&spec.cgroup.resources, &knobs), 0);
		assert_int_equal(knobs_controllers(&knobs, true) >> CONTROLLER_PIDS & 1,
				 rows[i].required);
	}
}

static void slices_have_paths(void **state)
{
	static const struct {
		const char *slice, *path;
	} rows[] = {
		{ "system.slice", "/system.slice" },
		{ "a-b-c.slice", "/a.slice/a-b.slice/a-b-c.slice" },
		{ "-.slice", "/" },
		{ ".slice", NULL },
		{ "a--b.slice", NULL },
		{ "-a.slice", NULL },
		{ "a-.slice", NULL },
		{ "a/b.slice", NULL },
		{ "a.scope", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autofree char *path = NULL;

		if (rows[i].path == NULL) {
			assert_int_equal(cgself_slice_path(rows[i].slice, &path), -EINVAL);
			continue;
		}
		assert_int_equal(cgself_slice_path(rows[i].slice, &path), 0);
		assert_string_equal(path, rows[i].path);
	}
}

static void units_are_split(void **state)
{
	autofree char *slice = NULL, *scope = NULL, *slice2 = NULL, *scope2 = NULL;

	assert_int_equal(cgunit_split("user.slice:crio:id", &slice, &scope), 0);
	assert_string_equal(slice, "user.slice");
	assert_string_equal(scope, "crio-id.scope");
	assert_int_equal(cgunit_split("::id", &slice2, &scope2), 0);
	assert_string_equal(slice2, "system.slice");
	assert_string_equal(scope2, "id.scope");
	assert_int_equal(cgunit_split("a:b", &slice, &scope), -EINVAL);
	assert_int_equal(cgunit_split("a:b:", &slice, &scope), -EINVAL);
	assert_int_equal(cgunit_split("a:b:c/d", &slice, &scope), -EINVAL);
	assert_int_equal(cgunit_split("a:b:c:d", &slice, &scope), -EINVAL);
}

/* eBPF, as far as the program uses it. */
static bool program_allows(const struct bpf_insn *insns, size_t n, uint32_t type, uint32_t access,
			   uint32_t major, uint32_t minor)
{
	const struct bpf_cgroup_dev_ctx ctx = { access << 16 | type, major, minor };
	uint64_t r[7] = { 0 };

	for (size_t pc = 0; pc < n; pc++) {
		const struct bpf_insn *insn = &insns[pc];
		uint64_t *dst = &r[insn->dst_reg];
		uint32_t word;

		switch (insn->code) {
		case BPF_LDX | BPF_MEM | BPF_W:
			memcpy(&word, (const char *)&ctx + insn->off, sizeof(word));
			*dst = word;
			break;
		case BPF_ALU64 | BPF_MOV | BPF_X:
			*dst = r[insn->src_reg];
			break;
		case BPF_ALU64 | BPF_MOV | BPF_K:
			*dst = (uint64_t)insn->imm;
			break;
		case BPF_ALU64 | BPF_AND | BPF_K:
			*dst &= (uint64_t)insn->imm;
			break;
		case BPF_ALU64 | BPF_RSH | BPF_K:
			*dst >>= insn->imm;
			break;
		case BPF_JMP | BPF_JNE | BPF_K:
			pc += *dst != (uint64_t)insn->imm ? (size_t)insn->off : 0;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += *dst == (uint64_t)insn->imm ? (size_t)insn->off : 0;
			break;
		case BPF_JMP | BPF_EXIT:
			return r[0] != 0;
		default:
			assert_true(false);
		}
	}
	assert_true(false);
	return false;
}

static void device_rules_decide(void **state)
{
	static const struct spec_device_rule rules[] = {
		{ true, 'c', 1, 3, "rwm" }, { true, 'c', 136, -1, "rw" }, { true, 'b', 8, -1, "r" },
		{ true, 'b', 8, 1, "rw" },  { false, 'b', 8, 2, "r" },
	};
	static const struct {
		uint32_t type, access, major, minor;
		bool allowed;
	} rows[] = {
		{ BPF_DEVCG_DEV_CHAR, 7, 1, 3, true },     { BPF_DEVCG_DEV_CHAR, 7, 1, 4, false },
		{ BPF_DEVCG_DEV_BLOCK, 7, 1, 3, false },   { BPF_DEVCG_DEV_CHAR, 6, 136, 9, true },
		{ BPF_DEVCG_DEV_CHAR, 7, 136, 9, false },  { BPF_DEVCG_DEV_BLOCK, 2, 8, 0, true },
		{ BPF_DEVCG_DEV_BLOCK, 4, 8, 0, false },   { BPF_DEVCG_DEV_BLOCK, 4, 8, 1, true },
		{ BPF_DEVCG_DEV_BLOCK, 2, 8, 2, false },   { BPF_DEVCG_DEV_BLOCK, 6, 8, 2, false },
		{ BPF_DEVCG_DEV_CHAR, 2, 10, 200, false },
	};
	struct spec_resources r = { 0 };
	struct bpf_insn insns[CGDEVICE_INSNS(ARRAY_SIZE(rules))];
	size_t n;

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		*VEC_PUSH(&r.devices) = rules[i];
	n = cgdevice_program(&r, insns);
	assert_true(n <= ARRAY_SIZE(insns));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(program_allows(insns, n, rows[i].type, rows[i].access,
						rows[i].major, rows[i].minor),
				 rows[i].allowed);
	free(r.devices.v);
}

/* v1 is told what is left: the kernel knows one list of exceptions and no order. */
static void device_rules_are_reduced_for_v1(void **state)
{
	static const char *const files[] = { "devices.allow", "devices.deny" };
	static const struct {
		struct spec_device_rule rules[4];
		int rc;
		const char *allow, *deny;
	} rows[] = {
		{ { { false, 'a', -1, -1, "rwm" }, { true, 'c', 1, 3, "rwm" }, { 0 } },
		  0,
		  "c 1:3 rwm",
		  "a" },
		{ { { true, 'a', -1, -1, "rwm" }, { false, 'b', 8, -1, "w" }, { 0 } },
		  0,
		  "a",
		  "b 8:* w" },
		/* taken back in part, and by a wider one */
		{ { { true, 'c', 1, 3, "rwm" }, { false, 'c', 1, 3, "w" }, { 0 } },
		  0,
		  "c 1:3 rm",
		  "a" },
		{ { { true, 'c', 1, 3, "rw" }, { false, 'c', 1, -1, "rw" }, { 0 } }, 0, "", "a" },
		/* a hole in what is allowed would be ignored */
		{ { { true, 'c', 1, -1, "rw" }, { false, 'c', 1, 3, "w" }, { 0 } },
		  -EINVAL,
		  "",
		  "" },
		{ { { true, 'c', 1, -1, "rw" }, { false, 'c', 1, 3, "m" }, { 0 } },
		  0,
		  "c 1:* rw",
		  "a" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char dir[] = "/tmp/berth-unit-XXXXXX";
		int fd = fake_cgroup(dir, files, ARRAY_SIZE(files));
		struct spec_resources r = { .exact = true };

		for (size_t j = 0; rows[i].rules[j].type != 0; j++)
			*VEC_PUSH(&r.devices) = rows[i].rules[j];
		assert_int_equal(cgdevice_write(&r, fd), rows[i].rc);
		if (rows[i].rc < 0)
			assert_non_null(strstr(err_text(), "linux.resources.devices: "));
		assert_file(fd, "devices.allow", rows[i].allow);
		assert_file(fd, "devices.deny", rows[i].deny);
		free(r.devices.v);
		close(fd);
		assert_int_equal(fs_remove_tree(AT_FDCWD, dir), 0);
	}
}

static void device_rules_are_for_who_could_break_them(void **state)
{
	AUTO(spec) spec;
	struct spec_mount *mount;

	spec_init(&spec);
	profile_apply(&spec, 65536);
	assert_false(cgdevice_needed(&spec));
	mount = spec_add_mount(&spec, "bind", "/mnt", "/mnt");
	mount->attr_set = MOUNT_ATTR_NODEV;
	assert_false(cgdevice_needed(&spec));
	mount->attr_set = 0;
	assert_true(cgdevice_needed(&spec));
	mount->attr_set = MOUNT_ATTR_NODEV;
	/* A bundle's are for later processes as well, unless they allow everything. */
	spec.cgroup.resources.exact = true;
	assert_true(cgdevice_needed(&spec));
	spec.cgroup.resources.devices.n = 1;
	spec.cgroup.resources.devices.v[0] = (struct spec_device_rule){ true, 'a', -1, -1, "rwm" };
	assert_false(cgdevice_needed(&spec));
	spec.cgroup.resources.devices.v[0].allow = false;
	assert_true(cgdevice_needed(&spec));
	spec.cgroup.resources.exact = false;
	assert_false(cgdevice_needed(&spec));
	spec.process.caps.bounding |= UINT64_C(1) << 27; /* CAP_MKNOD */
	assert_true(cgdevice_needed(&spec));
}

static void names_find_cgroups(void **state)
{
	static const char *const bad[] = { "x:/a", "none:/a", "cgroup1:a", "cgroup1:/a/../b",
					   "cgroup1" };
	struct cgroup cgroup;
	AUTO(buf) text = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(cgroup_find(bad[i], &cgroup), -EINVAL);
	assert_int_equal(cgroup_find("", &cgroup), 0);
	cgroup_name(&cgroup, &text);
	assert_string_equal(text.data, "");
	cgroup_release(&cgroup);
	assert_int_equal(cgroup_find("shared-cgroup1:/a..b", &cgroup), 0);
	assert_true(cgroup.shared);
	buf_clear(&text);
	cgroup_name(&cgroup, &text);
	assert_string_equal(text.data, "shared-cgroup1:/a..b");
	/* Neither is anything of it. */
	assert_int_equal(cgroup_kill(&cgroup), 0);
	assert_int_equal(cgroup_remove(&cgroup), 0);
	assert_int_equal(cgroup_freeze(&cgroup, true), -EOPNOTSUPP);
	cgroup_release(&cgroup);
	buf_clear(&text);
	assert_int_equal(cgroup_find("cgroup1:/berth/no-such", &cgroup), 0);
	cgroup_name(&cgroup, &text);
	assert_string_equal(text.data, "cgroup1:/berth/no-such");
	assert_int_equal(cgroup_kill(&cgroup), 0);
	cgroup_remove(&cgroup);
	cgroup_release(&cgroup);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_become_files),
		cmocka_unit_test(limits_go_together),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(files_are_written),
		cmocka_unit_test(changes_are_undone),
		cmocka_unit_test(lines_of_devices_are_undone),
		cmocka_unit_test(paths_of_bundles),
		cmocka_unit_test(default_limit_is_optional),
		cmocka_unit_test(slices_have_paths),
		cmocka_unit_test(units_are_split),
		cmocka_unit_test(device_rules_decide),
		cmocka_unit_test(device_rules_are_reduced_for_v1),
		cmocka_unit_test(device_rules_are_for_who_could_break_them),
		cmocka_unit_test(names_find_cgroups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
