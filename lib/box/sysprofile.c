/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/sysprofile.h"

#include <errno.h>
#include <linux/bpf_common.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/err.h"
#include "base/json.h"
#include "base/late.h"
#include "spec/names.h"
#include "spec/syscallnames.h"

/* The kernel's limit on the length of a filter. */
#define MAX_FILTER 4096
#define MAX_ERRNO 4095
#define MAX_ARCHES 8
#define ARG_MAX_COUNT 6
#define MAX_TESTS 64 /* of arguments, in a rule */
#define X32_BIT 0x40000000U

static struct {
	const struct scmp_version *(*version)(void);
	uint32_t (*arch_native)(void);
	uint32_t (*arch_resolve_name)(const char *name);
	scmp_filter_ctx (*init)(uint32_t action);
	void (*release)(scmp_filter_ctx ctx);
	int (*arch_add)(scmp_filter_ctx ctx, uint32_t arch);
	int (*arch_exist)(scmp_filter_ctx ctx, uint32_t arch);
	int (*attr_set)(scmp_filter_ctx ctx, enum scmp_filter_attr attr, uint32_t value);
	int (*resolve_name)(const char *name);
	int (*resolve_name_arch)(uint32_t arch, const char *name);
	int (*rule_add_array)(scmp_filter_ctx ctx, uint32_t action, int syscall, unsigned int n,
			      const struct scmp_arg_cmp *args);
	int (*export_bpf)(scmp_filter_ctx ctx, int fd);
} lib;

static const struct late_symbol symbols[] = {
	{ "seccomp_version", &lib.version },
	{ "seccomp_arch_native", &lib.arch_native },
	{ "seccomp_arch_resolve_name", &lib.arch_resolve_name },
	{ "seccomp_init", &lib.init },
	{ "seccomp_release", &lib.release },
	{ "seccomp_arch_add", &lib.arch_add },
	{ "seccomp_arch_exist", &lib.arch_exist },
	{ "seccomp_attr_set", &lib.attr_set },
	{ "seccomp_syscall_resolve_name", &lib.resolve_name },
	{ "seccomp_syscall_resolve_name_arch", &lib.resolve_name_arch },
	{ "seccomp_rule_add_array", &lib.rule_add_array },
	{ "seccomp_export_bpf", &lib.export_bpf },
};

static int load(void)
{
	return late_load("libseccomp.so.2", symbols, ARRAY_SIZE(symbols));
}

struct compiler {
	const struct sysprofile_source *source;
	scmp_filter_ctx ctx;
	unsigned int kernel[2];
	const struct syscall_arch *native; /* NULL: one that no profile can name */
	uint32_t fallback;                 /* the default action */
	struct {
		const struct syscall_arch *info;
		uint32_t token;
		int newest; /* the highest number that the profile names */
	} arches[MAX_ARCHES];
	size_t arches_len;
};

int sysprofile_version(char *text, size_t size)
{
	const struct scmp_version *version;

	TRY(load());
	version = lib.version();
	snprintf(text, size, "%u.%u.%u", version->major, version->minor, version->micro);
	return 0;
}

void sysprofile_release(struct sysprofile *profile)
{
	free(profile->filter);
	*profile = (struct sysprofile){ 0 };
}

static int parse_action(const struct compiler *c, const cJSON *object, const char *key,
			const char *errno_key, uint32_t *ret_action)
{
	const struct syscall_action *action;
	const char *name = NULL;
	int64_t data = EPERM;

	TRY(json_get_string(object, key, &name));
	if (name == NULL)
		return refuse("%s is missing", key);
	TRY(json_get_int(object, errno_key, 0, MAX_ERRNO, &data));
	action = syscall_action_find(name);
	if (action == NULL)
		return refuse("%s '%s' is not an action", key, name);
	if (action->action == SECCOMP_RET_USER_NOTIF && !c->source->is_bundle)
		return refuse("%s '%s' needs a listener, which berth has none of", key, name);
	*ret_action = action->action | (action->has_data ? (uint32_t)data : 0);
	return 0;
}

/* One that the kernel runs no programs of is passed over, and so is one that this libseccomp does
 * not know: it knows those that go with its own. */
static int add_arch(struct compiler *c, const char *text)
{
	const struct syscall_arch *info = syscall_arch_find(text);
	uint32_t token;
	int rc;

	if (info == NULL)
		return refuse("architectures: '%s' is not an architecture", text);
	token = lib.arch_resolve_name(info->libseccomp);
	if (token == 0 || c->native == NULL || strcmp(info->family, c->native->family) != 0)
		return 0;
	if (token != lib.arch_native() && lib.arch_exist(c->ctx, token) != 0) {
		rc = lib.arch_add(c->ctx, token);
		if (rc < 0)
			return fail_with(rc, "architecture '%s'", text);
	}
	for (size_t i = 0; i < c->arches_len; i++)
		if (c->arches[i].info == info)
			return 0;
	if (info->audit != 0 && c->arches_len < MAX_ARCHES) {
		c->arches[c->arches_len].info = info;
		c->arches[c->arches_len].token = token;
		c->arches[c->arches_len++].newest = -1;
	}
	return 0;
}

/* archMap: the entry of our own architecture, and those that go with it. */
static int add_arch_map(struct compiler *c, const cJSON *map)
{
	const cJSON *entry;

	cJSON_ArrayForEach(entry, map)
	{
		AUTO(strvec) more = STRVEC_INIT;
		const char *name = NULL;

		TRY(json_get_string(entry, "architecture", &name));
		TRY(json_get_strings(entry, "subArchitectures", &more));
		if (name == NULL)
			return refuse("archMap: an architecture is missing");
		if (c->native == NULL || strcmp(name, c->native->name) != 0)
			continue;
		for (size_t i = 0; i < more.n; i++)
			TRY(add_arch(c, more.v[i]));
	}
	return 0;
}

static int add_arches(struct compiler *c, const cJSON *root)
{
	const cJSON *map = NULL;
	AUTO(strvec) list = STRVEC_INIT;

	for (const struct syscall_arch *row = syscall_arches; row->name != NULL; row++)
		if (lib.arch_resolve_name(row->libseccomp) == lib.arch_native())
			c->native = row;
	if (c->native != NULL)
		TRY(add_arch(c, c->native->name));
	if (!c->source->is_bundle)
		TRY(json_get_array(root, "archMap", &map));
	TRY(json_get_strings(root, "architectures", &list));
	if (map != NULL)
		TRY(add_arch_map(c, map));
	for (size_t i = 0; i < list.n; i++)
		TRY(add_arch(c, list.v[i]));
	return 0;
}

/* "5.10": is this kernel at least that? */
static int kernel_is_at_least(const struct compiler *c, const char *text, bool *ret_is)
{
	unsigned int major, minor;
	char rest;

	if (sscanf(text, "%u.%u%c", &major, &minor, &rest) != 2)
		return refuse("minKernel '%s' is not MAJOR.MINOR", text);
	*ret_is = c->kernel[0] > major || (c->kernel[0] == major && c->kernel[1] >= minor);
	return 0;
}

/* "includes" and "excludes". *ret_all: everything that is said holds; *ret_any: something does. */
static int check_condition(const struct compiler *c, const cJSON *rule, const char *key,
			   bool *ret_all, bool *ret_any)
{
	const cJSON *condition = NULL;
	AUTO(strvec) caps = STRVEC_INIT, list = STRVEC_INIT;
	const char *kernel = NULL;
	bool holds = false;
	int cap;

	*ret_all = true;
	*ret_any = false;
	TRY(json_get_object(rule, key, &condition));
	if (condition == NULL)
		return 0;
	TRY(json_get_strings(condition, "caps", &caps));
	TRY(json_get_strings(condition, "arches", &list));
	TRY(json_get_string(condition, "minKernel", &kernel));
	for (size_t i = 0; i < caps.n; i++) {
		/* One that is newer than berth is not granted by it. */
		holds = cap_number(caps.v[i], &cap) >= 0 && (c->source->caps >> cap & 1) != 0;
		*ret_all &= holds;
		*ret_any |= holds;
	}
	if (list.n > 0) {
		holds = c->native != NULL && c->native->go != NULL &&
			strvec_has(&list, c->native->go);
		*ret_all &= holds;
		*ret_any |= holds;
	}
	if (kernel != NULL && kernel[0] != '\0') {
		TRY(kernel_is_at_least(c, kernel, &holds));
		*ret_all &= holds;
		*ret_any |= holds;
	}
	return 0;
}

/* Exact to 64 bits: json_get_int() ends at INT64_MAX. */
static int get_u64(const cJSON *object, const char *key, uint64_t *ret_value)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
	char *end;

	*ret_value = 0;
	if (item == NULL)
		return 0;
	if (!cJSON_IsNumber(item) || item->valuestring == NULL || item->valuestring[0] == '-')
		return refuse("args: '%s' is not a number without sign", key);
	errno = 0;
	*ret_value = strtoull(item->valuestring, &end, 10);
	if (errno != 0 || *end != '\0')
		return refuse("args: '%s' is not an integer of 64 bits: %s", key,
			      item->valuestring);
	return 0;
}

static int parse_arg(const cJSON *arg, struct scmp_arg_cmp *ret_arg)
{
	const struct syscall_operator *found;
	const char *name = NULL;
	int64_t index = -1;

	TRY(fail_in(json_get_int(arg, "index", 0, ARG_MAX_COUNT - 1, &index), "args"));
	TRY(fail_in(json_get_string(arg, "op", &name), "args"));
	if (index < 0 || name == NULL)
		return refuse("args: index or op is missing");
	ret_arg->arg = (unsigned int)index;
	TRY(get_u64(arg, "value", &ret_arg->datum_a));
	TRY(get_u64(arg, "valueTwo", &ret_arg->datum_b));
	found = syscall_operator_find(name);
	if (found == NULL)
		return refuse("args: '%s' is not an operator", name);
	ret_arg->op = (enum scmp_compare)found->op;
	return 0;
}

static void note_newest(struct compiler *c, const char *name)
{
	for (size_t i = 0; i < c->arches_len; i++) {
		int nr = lib.resolve_name_arch(c->arches[i].token, name);

		if (nr > c->arches[i].newest)
			c->arches[i].newest = nr;
	}
}

/* One name. With an argument that is tested twice, each test is a rule of its own: any may hold. */
static int add_rule(struct compiler *c, const char *name, uint32_t action,
		    const struct scmp_arg_cmp *args, unsigned int n)
{
	unsigned int seen = 0, step = n;
	int nr = lib.resolve_name(name), rc;

	note_newest(c, name);
	/* Unknown to libseccomp, or the same as without the rule, which it takes for a mistake. */
	if (nr == __NR_SCMP_ERROR || action == c->fallback)
		return 0;
	for (unsigned int i = 0; i < n; i++) {
		if ((seen >> args[i].arg & 1) != 0)
			step = 1;
		seen |= 1U << args[i].arg;
	}
	if (n == 0) {
		rc = lib.rule_add_array(c->ctx, action, nr, 0, NULL);
		return rc < 0 && rc != -EEXIST ? fail_with(rc, "cannot add a rule for '%s'", name)
					       : 0;
	}
	for (unsigned int i = 0; i < n; i += step) {
		rc = lib.rule_add_array(c->ctx, action, nr, step, args + i);
		if (rc < 0 && rc != -EEXIST)
			return fail_with(rc, "cannot add a rule for '%s'", name);
	}
	return 0;
}

static int compile_rule(struct compiler *c, const cJSON *rule)
{
	struct scmp_arg_cmp args[MAX_TESTS];
	AUTO(strvec) names = STRVEC_INIT;
	const cJSON *list = NULL, *arg;
	const char *single = NULL;
	unsigned int n = 0;
	uint32_t action;
	bool all = true, any = false, unused;

	if (!cJSON_IsObject(rule))
		return refuse("not an object");
	TRY(json_get_strings(rule, "names", &names));
	if (!c->source->is_bundle)
		TRY(json_get_string(rule, "name", &single));
	if (single != NULL && single[0] != '\0')
		strvec_push(&names, single);
	if (names.n == 0)
		return refuse("names are missing");
	TRY(parse_action(c, rule, "action", "errnoRet", &action));
	TRY(json_get_array(rule, "args", &list));
	cJSON_ArrayForEach(arg, list)
	{
		if (n == ARRAY_SIZE(args))
			return refuse("args: more than %zu", ARRAY_SIZE(args));
		TRY(parse_arg(arg, &args[n++]));
	}
	if (!c->source->is_bundle) {
		TRY(check_condition(c, rule, "includes", &all, &unused));
		TRY(check_condition(c, rule, "excludes", &unused, &any));
	}
	for (size_t i = 0; i < names.n; i++)
		if (all && !any)
			TRY(add_rule(c, names.v[i], action, args, n));
		else
			note_newest(c, names.v[i]);
	return 0;
}

static int compile_rules(struct compiler *c, const cJSON *root)
{
	const cJSON *list = NULL, *rule;
	size_t i = 0;

	TRY(json_get_array(root, "syscalls", &list));
	cJSON_ArrayForEach(rule, list)
	{
		TRY(fail_in(compile_rule(c, rule), "syscalls[%zu]", i));
		i++;
	}
	return 0;
}

static struct sock_filter *put(struct sock_filter *at, uint16_t code, uint32_t k, uint8_t jt,
			       uint8_t jf)
{
	*at = (struct sock_filter){ .code = code, .k = k, .jt = jt, .jf = jf };
	return at + 1;
}

/* What comes before libseccomp's program: calls newer than the profile do not exist. */
static size_t emit_newer(const struct compiler *c, struct sock_filter *start)
{
	const uint32_t denied = SECCOMP_RET_ERRNO | ENOSYS;
	struct sock_filter *at = start;

	if ((c->fallback & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO || c->fallback == denied)
		return 0;
	for (size_t i = 0; i < c->arches_len; i++) {
		if (c->arches[i].newest < 0)
			continue;
		at = put(at, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
		at = put(at, BPF_JMP | BPF_JEQ | BPF_K, c->arches[i].info->audit, 0, 4);
		at = put(at, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
		/* x32 shares the architecture and has numbers of its own. */
		at = put(at, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 2, 0);
		at = put(at, BPF_JMP | BPF_JGT | BPF_K, (uint32_t)c->arches[i].newest, 0, 1);
		at = put(at, BPF_RET | BPF_K, denied, 0, 0);
	}
	return (size_t)(at - start);
}

static int export(const struct compiler *c, struct sysprofile *ret_profile)
{
	autofree struct sock_filter *filter = xcalloc(MAX_FILTER, sizeof(*filter));
	autoclose int fd = memfd_create("seccomp", MFD_CLOEXEC);
	size_t before, room, n;
	ssize_t size;
	int rc;

	if (fd < 0)
		return fail("cannot make a file in memory");
	rc = lib.export_bpf(c->ctx, fd);
	if (rc < 0)
		return fail_with(rc, "libseccomp cannot compile it");
	before = emit_newer(c, filter);
	room = (MAX_FILTER - before) * sizeof(*filter);
	size = pread(fd, filter + before, room, 0);
	if (size < 0)
		return fail("cannot read a file in memory");
	n = before + (size_t)size / sizeof(*filter);
	if ((size_t)size == room)
		return refuse("the filter is longer than the %d instructions of the kernel's limit",
			      MAX_FILTER);
	*ret_profile = (struct sysprofile){ steal(filter), (unsigned short)n };
	return 0;
}

static int compile(struct compiler *c, const cJSON *root, struct sysprofile *ret_profile)
{
	TRY(add_arches(c, root));
	/* A binary tree. */
	lib.attr_set(c->ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	TRY(compile_rules(c, root));
	return export(c, ret_profile);
}

static int compile_source(struct compiler *c, const cJSON *root, struct sysprofile *ret_profile)
{
	int rc;

	TRY(parse_action(c, root, "defaultAction", "defaultErrnoRet", &c->fallback));
	if (c->fallback == SECCOMP_RET_USER_NOTIF)
		return refuse("defaultAction 'SCMP_ACT_NOTIFY' would stop every call, those that "
			      "give the listener away as well");
	c->ctx = lib.init(c->fallback);
	if (c->ctx == NULL)
		return fail_with(ENOMEM, "libseccomp cannot begin a filter");
	rc = compile(c, root, ret_profile);
	lib.release(c->ctx);
	return rc;
}

int sysprofile_compile(const struct sysprofile_source *source, struct sysprofile *ret_profile)
{
	struct compiler c = { .source = source };
	autojson cJSON *root = NULL;
	struct utsname host;

	TRY(json_parse(source->bytes, source->len, source->name, &root));
	if (!cJSON_IsObject(root))
		return refuse("'%s' is not a profile of system calls", source->name);
	TRY(load());
	if (uname(&host) < 0 || sscanf(host.release, "%u.%u", &c.kernel[0], &c.kernel[1]) != 2)
		return refuse("cannot tell the version of the kernel");
	return fail_in(compile_source(&c, root, ret_profile), "'%s'", source->name);
}

bool sysprofile_notifies(const struct sock_filter *filter, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (filter[i].code == (BPF_RET | BPF_K) &&
		    (filter[i].k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF)
			return true;
	return false;
}
