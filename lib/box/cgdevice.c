/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/cgdevice.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/vec.h"
#include "box/cgdir.h"

static bool mount_has_devices(const struct spec_mount *mount)
{
	bool foreign = strcmp(mount->type, "bind") == 0 || strcmp(mount->type, "overlay") == 0;

	return foreign && (mount->attr_set & MOUNT_ATTR_NODEV) == 0;
}

bool cgdevice_needed(const struct spec *spec)
{
	const struct spec_resources *resources = &spec->cgroup.resources;

	/* No rules at all: everything is allowed (--privileged), or a config.json that says
	 * nothing.
	 */
	if (resources->devices.n == 0)
		return false;
	/* A bundle's are installed: processes that come later may have other rights. */
	if (resources->exact)
		return resources->devices.n > 1 || resources->devices.v[0].type != 'a' ||
		       !resources->devices.v[0].allow;
	if ((spec->process.caps.bounding >> CAP_MKNOD & 1) != 0 || spec->devices.n > 0)
		return true;
	for (size_t i = 0; i < spec->mounts.n; i++)
		if (mount_has_devices(&spec->mounts.v[i]))
			return true;
	return false;
}

bool cgdevice_spared(void)
{
	const ino_t initial = 0xeffffffd; /* PROC_USER_INIT_INO */
	struct stat st;

	return stat("/proc/self/ns/user", &st) == 0 && st.st_ino != initial;
}

static void number(char *out, size_t size, int64_t value)
{
	if (value < 0)
		snprintf(out, size, "*");
	else
		snprintf(out, size, "%" PRId64, value);
}

static void rule_text(const struct spec_device_rule *rule, char *out, size_t size)
{
	char major[24], minor[24];

	number(major, sizeof(major), rule->major);
	number(minor, sizeof(minor), rule->minor);
	snprintf(out, size, "%c %s:%s %s", rule->type, major, minor, rule->access);
}

/* --- v1 --------------------------------------------------------------------------------------- */

/* What the kernel keeps: everything is allowed or denied, but for some. */
struct exceptions {
	bool allowed;
	struct spec_device_rule *v;
	size_t n;
};

static bool number_covers(int64_t wide, int64_t narrow)
{
	return wide < 0 || wide == narrow;
}

static bool covers(const struct spec_device_rule *wide, const struct spec_device_rule *narrow)
{
	return wide->type == narrow->type && number_covers(wide->major, narrow->major) &&
	       number_covers(wide->minor, narrow->minor);
}

static bool overlaps(const struct spec_device_rule *a, const struct spec_device_rule *b)
{
	return a->type == b->type &&
	       (number_covers(a->major, b->major) || number_covers(b->major, a->major)) &&
	       (number_covers(a->minor, b->minor) || number_covers(b->minor, a->minor)) &&
	       strpbrk(a->access, b->access) != NULL;
}

static void take_access(struct spec_device_rule *from, const char *access)
{
	size_t kept = 0;

	for (size_t i = 0; from->access[i] != '\0'; i++)
		if (strchr(access, from->access[i]) == NULL)
			from->access[kept++] = from->access[i];
	from->access[kept] = '\0';
}

/* The kernel takes an exception back only where it is named as it was made, and says nothing where
 * it is not: what it would pass over is refused here. */
static int take_back(struct exceptions *list, const struct spec_device_rule *rule)
{
	for (size_t i = 0; i < list->n; i++) {
		struct spec_device_rule *exception = &list->v[i];
		char wide[64], narrow[64];

		if (!overlaps(rule, exception))
			continue;
		if (!covers(rule, exception)) {
			rule_text(exception, wide, sizeof(wide));
			rule_text(rule, narrow, sizeof(narrow));
			return refuse("with cgroup v1, the rule '%s' cannot be an exception from "
				      "'%s'",
				      narrow, wide);
		}
		take_access(exception, rule->access);
	}
	return 0;
}

static int reduce(const struct spec_resources *resources, struct exceptions *list)
{
	for (size_t i = 0; i < resources->devices.n; i++) {
		const struct spec_device_rule *rule = &resources->devices.v[i];

		if (rule->type == 'a') {
			list->allowed = rule->allow;
			list->n = 0;
		} else if (rule->allow != list->allowed) {
			*VEC_PUSH(list) = *rule;
		} else {
			TRY(take_back(list, rule));
		}
	}
	return 0;
}

static int write_exceptions(const struct exceptions *list, int dirfd)
{
	const char *file = list->allowed ? "devices.deny" : "devices.allow";
	autoclose int fd = openat(dirfd, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	for (size_t i = 0; i < list->n; i++) {
		char text[64];

		if (list->v[i].access[0] == '\0')
			continue;
		rule_text(&list->v[i], text, sizeof(text));
		if (fd < 0 || write(fd, text, strlen(text)) < 0)
			return fail("cannot set the device rule '%s': '%s'", text, file);
	}
	return 0;
}

static int write_all(const struct spec_resources *resources, int dirfd, struct exceptions *list)
{
	const char *file;
	int rc;

	TRY(reduce(resources, list));
	file = list->allowed ? "devices.allow" : "devices.deny";
	rc = cgdir_write(dirfd, file, "a");
	if (rc < 0)
		return fail_with(rc, "cannot %s devices: '%s'", list->allowed ? "allow" : "deny",
				 file);
	return write_exceptions(list, dirfd);
}

int cgdevice_write(const struct spec_resources *resources, int dirfd)
{
	struct exceptions list = { .allowed = false };
	int rc = write_all(resources, dirfd, &list);

	free(list.v);
	return resources->exact ? fail_in(rc, "linux.resources.devices") : rc;
}

/* --- v2 --------------------------------------------------------------------------------------- */

static uint32_t access_bits(const char *access)
{
	static const struct {
		char letter;
		uint32_t bit;
	} bits[] = {
		{ 'r', BPF_DEVCG_ACC_READ },
		{ 'w', BPF_DEVCG_ACC_WRITE },
		{ 'm', BPF_DEVCG_ACC_MKNOD },
	};
	uint32_t mask = 0;

	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		if (strchr(access, bits[i].letter) != NULL)
			mask |= bits[i].bit;
	return mask;
}

/* Registers of the program. */
enum {
	RESULT = BPF_REG_0,
	CONTEXT = BPF_REG_1,
	TYPE = BPF_REG_2,
	ACCESS = BPF_REG_3,
	MAJOR = BPF_REG_4,
	MINOR = BPF_REG_5,
	SCRATCH = BPF_REG_6,
};

struct program {
	struct bpf_insn *v;
	size_t n;
};

static void emit(struct program *p, uint8_t code, unsigned int dst, unsigned int src, int32_t imm)
{
	p->v[p->n++] = (struct bpf_insn){
		.code = code, .dst_reg = dst & 15, .src_reg = src & 15, .imm = imm
	};
}

static void emit_load(struct program *p, unsigned int dst, size_t offset)
{
	emit(p, BPF_LDX | BPF_MEM | BPF_W, dst, CONTEXT, 0);
	p->v[p->n - 1].off = (int16_t)offset;
}

static void emit_return(struct program *p, int32_t value)
{
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, RESULT, 0, value);
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0);
}

/* To the rule's end where the comparison holds; the distance is filled in by emit_rule(). */
static void emit_unless(struct program *p, uint8_t op, unsigned int reg, int32_t imm)
{
	emit(p, (uint8_t)(BPF_JMP | op | BPF_K), reg, 0, imm);
}

static void emit_rule(struct program *p, const struct spec_device_rule *rule)
{
	const uint32_t all = BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD;
	uint32_t access = access_bits(rule->access);
	size_t start = p->n;

	if (rule->type != 'a')
		emit_unless(p, BPF_JNE, TYPE,
			    rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	/* To be allowed, all that is wanted must be in the rule; to be denied, any of it. */
	if (access != all) {
		emit(p, BPF_ALU64 | BPF_MOV | BPF_X, SCRATCH, ACCESS, 0);
		emit(p, BPF_ALU64 | BPF_AND | BPF_K, SCRATCH, 0,
		     (int32_t)(rule->allow ? all & ~access : access));
		emit_unless(p, rule->allow ? BPF_JNE : BPF_JEQ, SCRATCH, 0);
	}
	if (rule->major >= 0 && rule->type != 'a')
		emit_unless(p, BPF_JNE, MAJOR, (int32_t)rule->major);
	if (rule->minor >= 0 && rule->type != 'a')
		emit_unless(p, BPF_JNE, MINOR, (int32_t)rule->minor);
	emit_return(p, rule->allow ? 1 : 0);
	for (size_t i = start; i < p->n; i++)
		if (BPF_CLASS(p->v[i].code) == BPF_JMP && BPF_OP(p->v[i].code) != BPF_EXIT)
			p->v[i].off = (int16_t)(p->n - i - 1);
}

size_t cgdevice_program(const struct spec_resources *resources, struct bpf_insn *ret)
{
	struct program p = { .v = ret };

	emit_load(&p, TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit(&p, BPF_ALU64 | BPF_MOV | BPF_X, ACCESS, TYPE, 0);
	emit(&p, BPF_ALU64 | BPF_RSH | BPF_K, ACCESS, 0, 16);
	emit(&p, BPF_ALU64 | BPF_AND | BPF_K, TYPE, 0, 0xffff);
	emit_load(&p, MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	emit_load(&p, MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
	/* The last rule decides: so it is asked first. */
	for (size_t i = resources->devices.n; i-- > 0;) {
		const struct spec_device_rule *rule = &resources->devices.v[i];

		emit_rule(&p, rule);
		/* What comes after a rule for all is never reached, and the verifier refuses that.
		 */
		if (rule->type == 'a' && strlen(rule->access) == 3)
			return p.n;
	}
	emit_return(&p, 0);
	return p.n;
}

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

int cgdevice_attach(const struct spec_resources *resources, int dirfd)
{
	autofree struct bpf_insn *insns =
		xcalloc(CGDEVICE_INSNS(resources->devices.n), sizeof(*insns));
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = (uint64_t)(uintptr_t)insns,
		.insn_cnt = (uint32_t)cgdevice_program(resources, insns),
		.license = (uint64_t)(uintptr_t) "LGPL",
	};
	union bpf_attr attach = { .attach_type = BPF_CGROUP_DEVICE,
				  .attach_flags = BPF_F_ALLOW_MULTI };
	autoclose int program = bpf(BPF_PROG_LOAD, &load);

	if (program < 0)
		return fail("cannot load the device rules (bpf)");
	attach.target_fd = (uint32_t)dirfd;
	attach.attach_bpf_fd = (uint32_t)program;
	/* The cgroup holds the program from here on. */
	if (bpf(BPF_PROG_ATTACH, &attach) < 0)
		return fail("cannot attach the device rules to the cgroup (bpf)");
	return 0;
}
