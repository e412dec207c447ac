/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/rdt.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"

#define ROOT "/sys/fs/resctrl"
#define MAX_SCHEMATA (1UL << 20)

bool rdt_exists(void)
{
	struct statfs fs;

	return statfs(ROOT, &fs) == 0 && fs.f_type == RDTGROUP_SUPER_MAGIC;
}

static int check_mounted(void)
{
	if (rdt_exists())
		return 0;
	refuse_with(EOPNOTSUPP, "linux.intelRdt: there is no resctrl file system at '" ROOT "'");
	hint("mount -t resctrl resctrl " ROOT ", where the processor can do it");
	return -EOPNOTSUPP;
}

static const char *group_name(const struct spec *spec)
{
	return spec->rdt.clos != NULL ? spec->rdt.clos : spec->id;
}

static char *monitor_path(const char *root, const struct spec *spec)
{
	return xasprintf("%s/%s/mon_groups/%s", root, group_name(spec), spec->id);
}

/* --- schemata --------------------------------------------------------------------------------- */

static bool has_schema(const struct spec_rdt *rdt)
{
	return rdt->l3_cache != NULL || rdt->mem_bw != NULL || rdt->schemata.n > 0;
}

/* Lines of the older two properties; of both, the bandwidth is in the second. */
static void legacy_lines(const struct spec_rdt *rdt, struct strvec *lines)
{
	AUTO(strvec) cache = STRVEC_INIT;

	if (rdt->l3_cache != NULL)
		strvec_split(&cache, rdt->l3_cache, '\n');
	for (size_t i = 0; i < cache.n; i++)
		if (cache.v[i][0] != '\0' &&
		    (rdt->mem_bw == NULL || strncmp(cache.v[i], "MB:", 3) != 0))
			strvec_push(lines, cache.v[i]);
	if (rdt->mem_bw != NULL)
		strvec_push(lines, rdt->mem_bw);
}

static int write_lines(const char *dir, const struct strvec *lines)
{
	autofree char *path = xasprintf("%s/schemata", dir);
	AUTO(buf) text = BUF_INIT;
	autoclose int fd = -1;

	if (lines->n == 0)
		return 0;
	for (size_t i = 0; i < lines->n; i++)
		buf_addf(&text, "%s\n", lines->v[i]);
	fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || write(fd, text.data, text.len) < 0)
		return fail("cannot write '%.*s' to '%s'", (int)text.len - 1, text.data, path);
	return 0;
}

static int write_schemata(const char *dir, const struct spec_rdt *rdt)
{
	AUTO(strvec) lines = STRVEC_INIT;

	legacy_lines(rdt, &lines);
	TRY(write_lines(dir, &lines));
	return write_lines(dir, &rdt->schemata);
}

/* What stands in front of a number: blanks of the kernel, zeros of anybody. */
static const char *skip_zeros(const char *number)
{
	number += strspn(number, " ");
	while (number[0] == '0' && number[1] != '\0' && number[1] != ';')
		number++;
	return number;
}

/* Does "L3:0=7ff;1=00f" have "1=f"? len: of the latter. */
static bool has_domain(const char *values, const char *wanted, size_t len)
{
	size_t name = strcspn(wanted, "=") + 1;
	const char *value = skip_zeros(wanted + name);
	size_t left = len > (size_t)(value - wanted) ? len - (size_t)(value - wanted) : 0;

	for (const char *at = values; *at != '\0'; at += *at == ';') {
		size_t end = strcspn(at, ";");
		const char *number = skip_zeros(at + name);

		if (end > name && strncmp(at, wanted, name) == 0 &&
		    (size_t)(at + end - number) == left && strncasecmp(number, value, left) == 0)
			return true;
		at += end;
	}
	return false;
}

static bool has_values(const char *values, const char *wanted)
{
	for (; *wanted != '\0'; wanted += *wanted == ';') {
		size_t len = strcspn(wanted, ";");

		if (len > 0 && !has_domain(values, wanted, len))
			return false;
		wanted += len;
	}
	return true;
}

/* The kernel pads the names of resources with blanks. */
static bool has_line(const struct strvec *lines, const char *wanted)
{
	size_t name = strcspn(wanted, ":") + 1;

	wanted += strspn(wanted, " ");
	name = strcspn(wanted, ":") + 1;
	for (size_t i = 0; i < lines->n; i++) {
		const char *line = lines->v[i] + strspn(lines->v[i], " ");

		if (strncmp(line, wanted, name) == 0)
			return has_values(line + name, wanted + name);
	}
	return false;
}

static int compare(const char *dir, const struct spec_rdt *rdt)
{
	AUTO(strvec) wanted = STRVEC_INIT, there = STRVEC_INIT;
	AUTO(buf) text = BUF_INIT;
	autofree char *path = xasprintf("%s/schemata", dir);

	TRY(fs_read_file(AT_FDCWD, path, MAX_SCHEMATA, &text));
	strvec_split(&there, text.data, '\n');
	legacy_lines(rdt, &wanted);
	strvec_push_all(&wanted, &rdt->schemata);
	for (size_t i = 0; i < wanted.n; i++)
		if (!has_line(&there, wanted.v[i]))
			return refuse("the class '%s' is there, and not with '%s'", rdt->clos,
				      wanted.v[i]);
	return 0;
}

/* --- groups ----------------------------------------------------------------------------------- */

static int add_task(const char *dir, pid_t pid)
{
	autofree char *path = xasprintf("%s/tasks", dir);
	autoclose int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return fail("cannot put process %d into '%s'", (int)pid, path);
	return 0;
}

static int make_group(const char *dir, const struct spec_rdt *rdt)
{
	bool there = false;

	if (rdt->clos != NULL && !has_schema(rdt))
		return access(dir, F_OK) == 0
			       ? 0
			       : refuse_with(ENOENT, "closID: there is no class '%s'", rdt->clos);
	if (mkdir(dir, 0755) < 0) {
		if (errno != EEXIST)
			return fail("cannot make the class '%s'", dir);
		there = true;
	}
	if (there && rdt->clos != NULL)
		return compare(dir, rdt);
	return write_schemata(dir, rdt);
}

static int make_monitor(const char *root, const struct spec *spec, pid_t pid)
{
	autofree char *dir = monitor_path(root, spec);

	if (!spec->rdt.monitoring)
		return 0;
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return fail("cannot make the monitoring group '%s'", dir);
	return add_task(dir, pid);
}

int rdt_enter_at(const char *root, const struct spec *spec, pid_t pid)
{
	autofree char *dir = xasprintf("%s/%s", root, group_name(spec));
	int rc = make_group(dir, &spec->rdt);

	if (rc >= 0)
		rc = add_task(dir, pid);
	if (rc >= 0)
		rc = make_monitor(root, spec, pid);
	if (rc < 0)
		rdt_leave_at(root, spec);
	return fail_in(rc, "linux.intelRdt");
}

int rdt_change_at(const char *root, const struct spec *spec)
{
	autofree char *dir = xasprintf("%s/%s", root, group_name(spec));

	return fail_in(write_schemata(dir, &spec->rdt), "linux.intelRdt");
}

void rdt_leave_at(const char *root, const struct spec *spec)
{
	autofree char *dir = xasprintf("%s/%s", root, group_name(spec));
	autofree char *monitor = monitor_path(root, spec);

	if (spec->rdt.monitoring)
		(void)rmdir(monitor);
	if (spec->rdt.clos == NULL)
		(void)rmdir(dir);
}

int rdt_enter(const struct spec *spec, pid_t pid)
{
	if (!spec->rdt.given)
		return 0;
	TRY(check_mounted());
	return rdt_enter_at(ROOT, spec, pid);
}

int rdt_join(const struct spec *spec, pid_t pid)
{
	autofree char *dir = NULL, *monitor = NULL;

	if (!spec->rdt.given)
		return 0;
	dir = xasprintf(ROOT "/%s", group_name(spec));
	TRY(fail_in(add_task(dir, pid), "linux.intelRdt"));
	monitor = monitor_path(ROOT, spec);
	return spec->rdt.monitoring ? fail_in(add_task(monitor, pid), "linux.intelRdt") : 0;
}

int rdt_change(const struct spec *spec)
{
	TRY(check_mounted());
	return rdt_change_at(ROOT, spec);
}

void rdt_leave(const struct spec *spec)
{
	if (spec->rdt.given)
		rdt_leave_at(ROOT, spec);
}
