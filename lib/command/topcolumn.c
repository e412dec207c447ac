/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/topcolumn.h"

#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/escape.h"
#include "base/passwd.h"

#define SECONDS_PER_DAY 86400
#define SECONDS_PER_HOUR 3600
#define SECONDS_PER_MINUTE 60
#define NSEC_PER_SEC 1000000000ULL

static uint64_t ticks_per_second(void)
{
	long ticks = sysconf(_SC_CLK_TCK);

	return ticks > 0 ? (uint64_t)ticks : 100;
}

static uint64_t age_ticks(const struct proclist_entry *entry)
{
	uint64_t per_second = ticks_per_second(), now;
	struct timespec boot;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	now = (uint64_t)boot.tv_sec * per_second +
	      (uint64_t)boot.tv_nsec * per_second / NSEC_PER_SEC;
	return now > entry->start ? now - entry->start : 0;
}

static uint64_t busy_ticks(const struct proclist_entry *entry)
{
	return entry->user_ticks + entry->system_ticks;
}

/* Thousandths of one processor, over its life. */
static uint64_t busy_permille(const struct proclist_entry *entry)
{
	uint64_t age = age_ticks(entry);

	return age > 0 ? busy_ticks(entry) * 1000 / age : 0;
}

static const struct proclist_entry *parent_of(const struct proclist *list,
					      const struct proclist_entry *entry)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].pid == entry->parent)
			return &list->v[i];
	return NULL;
}

#define PRINT(name, ...) \
	static void print_##name(struct buf *out, const struct proclist *list, \
				 const struct proclist_entry *entry) \
	{ \
		buf_addf(out, __VA_ARGS__); \
	}

PRINT(pid, "%d", (int)entry->pid)
PRINT(ppid, "%d", (int)entry->parent)
PRINT(pgid, "%d", (int)entry->group)
PRINT(sid, "%d", (int)entry->session)
PRINT(inner_pid, "%d", (int)entry->inner_pid)
PRINT(uid, "%u", entry->uid)
PRINT(gid, "%u", entry->gid)
PRINT(c, "%llu", (unsigned long long)busy_permille(entry) / 10)
PRINT(state, "%c", entry->state)
PRINT(nice, "%ld", entry->nice)
PRINT(threads, "%ld", entry->threads)
PRINT(vsz, "%llu", (unsigned long long)entry->virtual_bytes / 1024)

static void print_inner_ppid(struct buf *out, const struct proclist *list,
			     const struct proclist_entry *entry)
{
	const struct proclist_entry *parent = parent_of(list, entry);

	/* 0, as in the container: its parent is outside. */
	buf_addf(out, "%d", parent != NULL ? (int)parent->inner_pid : 0);
}

static void print_user(struct buf *out, const struct proclist *list,
		       const struct proclist_entry *entry)
{
	autofree char *name = NULL;

	if (passwd_name(entry->uid, &name) >= 0)
		escape_text(out, name);
	else
		buf_addf(out, "%u", entry->uid);
	err_clear();
}

/* The container's names are in files of the container, which are not looked at. */
static void print_inner(struct buf *out, const struct idmap *map, uint32_t id)
{
	int64_t inside = idmap_to_inside(map, id);

	if (inside == 0)
		buf_add_str(out, "root");
	else if (inside < 0)
		buf_add_str(out, "nobody");
	else
		buf_addf(out, "%lld", (long long)inside);
}

static void print_inner_user(struct buf *out, const struct proclist *list,
			     const struct proclist_entry *entry)
{
	print_inner(out, &list->maps.uid, entry->uid);
}

static void print_inner_group(struct buf *out, const struct proclist *list,
			      const struct proclist_entry *entry)
{
	print_inner(out, &list->maps.gid, entry->gid);
}

static void print_pcpu(struct buf *out, const struct proclist *list,
		       const struct proclist_entry *entry)
{
	uint64_t permille = busy_permille(entry);

	buf_addf(out, "%llu.%llu", (unsigned long long)permille / 10,
		 (unsigned long long)permille % 10);
}

static uint64_t resident_bytes(const struct proclist_entry *entry)
{
	return entry->resident_pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void print_rss(struct buf *out, const struct proclist *list,
		      const struct proclist_entry *entry)
{
	buf_addf(out, "%llu", (unsigned long long)resident_bytes(entry) / 1024);
}

static void print_pmem(struct buf *out, const struct proclist *list,
		       const struct proclist_entry *entry)
{
	uint64_t total = (uint64_t)sysconf(_SC_PHYS_PAGES);
	uint64_t permille = total > 0 ? entry->resident_pages * 1000 / total : 0;

	buf_addf(out, "%llu.%llu", (unsigned long long)permille / 10,
		 (unsigned long long)permille % 10);
}

/* [[DAYS-]HOURS:]MINUTES:SECONDS; hours always where `hours`. */
static void print_span(struct buf *out, uint64_t seconds, bool hours)
{
	uint64_t days = seconds / SECONDS_PER_DAY, rest = seconds % SECONDS_PER_DAY;

	if (days > 0)
		buf_addf(out, "%llu-", (unsigned long long)days);
	if (hours || seconds >= SECONDS_PER_HOUR)
		buf_addf(out, "%02u:", (unsigned int)(rest / SECONDS_PER_HOUR));
	buf_addf(out, "%02u:%02u", (unsigned int)(rest % SECONDS_PER_HOUR / SECONDS_PER_MINUTE),
		 (unsigned int)(rest % SECONDS_PER_MINUTE));
}

static void print_time(struct buf *out, const struct proclist *list,
		       const struct proclist_entry *entry)
{
	print_span(out, busy_ticks(entry) / ticks_per_second(), true);
}

static void print_etime(struct buf *out, const struct proclist *list,
			const struct proclist_entry *entry)
{
	print_span(out, age_ticks(entry) / ticks_per_second(), false);
}

/* The hour of today, else the day. */
static void print_stime(struct buf *out, const struct proclist *list,
			const struct proclist_entry *entry)
{
	time_t now = time(NULL), start = now - (time_t)(age_ticks(entry) / ticks_per_second());
	struct tm then, today;
	char text[32] = "?";

	if (localtime_r(&start, &then) != NULL && localtime_r(&now, &today) != NULL)
		(void)strftime(text, sizeof(text),
			       then.tm_year == today.tm_year && then.tm_yday == today.tm_yday
				       ? "%H:%M"
				       : "%b%d",
			       &then);
	buf_add_str(out, text);
}

static void print_tty(struct buf *out, const struct proclist *list,
		      const struct proclist_entry *entry)
{
	unsigned int device_major = major(entry->terminal), device_minor = minor(entry->terminal);

	if (device_major >= 136 && device_major <= 143)
		buf_addf(out, "pts/%u", (device_major - 136) * 256 + device_minor);
	else if (device_major == 4 && device_minor < 64)
		buf_addf(out, "tty%u", device_minor);
	else if (device_major == 4)
		buf_addf(out, "ttyS%u", device_minor - 64);
	else
		buf_add_char(out, '?');
}

static void print_comm(struct buf *out, const struct proclist *list,
		       const struct proclist_entry *entry)
{
	escape_text(out, entry->name);
}

static void print_args(struct buf *out, const struct proclist *list,
		       const struct proclist_entry *entry)
{
	escape_text(out, entry->command);
}

/* What podman's words mean where they are not ps's. */
static const struct topcolumn inner_columns[] = {
	{ "pid", "PID", print_inner_pid },        { "ppid", "PPID", print_inner_ppid },
	{ "user|uid", "USER", print_inner_user }, { "group|gid", "GROUP", print_inner_group },
	{ "stime|start", "STIME", print_stime },
};

static const struct topcolumn columns[] = {
	{ "UID", "UID", print_user }, /* as of `ps -f` */
	{ "user|euser|huser", "USER", print_user },
	{ "uid|euid", "UID", print_uid },
	{ "gid|egid|group|hgroup", "GID", print_gid },
	{ "pid|hpid", "PID", print_pid },
	{ "ppid|hppid", "PPID", print_ppid },
	{ "pgid|pgrp", "PGID", print_pgid },
	{ "sid|sess|session", "SID", print_sid },
	{ "nlwp|thcount", "NLWP", print_threads },
	{ "c", "C", print_c },
	{ "pcpu|%cpu", "%CPU", print_pcpu },
	{ "pmem|%mem", "%MEM", print_pmem },
	{ "etime|elapsed", "ELAPSED", print_etime },
	{ "stime|start|start_time", "STIME", print_stime },
	{ "time|cputime", "TIME", print_time },
	{ "tty|tt|tname", "TTY", print_tty },
	{ "vsz|vsize", "VSZ", print_vsz },
	{ "rss|rssize", "RSS", print_rss },
	{ "state|s|stat", "S", print_state },
	{ "nice|ni", "NI", print_nice },
	{ "comm|ucmd|ucomm", "COMMAND", print_comm },
	{ "args|command", "COMMAND", print_args },
	{ "cmd|CMD", "CMD", print_args },
};

static const struct topcolumn *find(const struct topcolumn *table, size_t n, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < n; i++)
		for (const char *word = table[i].names; word != NULL;) {
			size_t word_len = strcspn(word, "|");

			if (word_len == len && strncmp(word, name, len) == 0)
				return &table[i];
			word = word[word_len] == '|' ? word + word_len + 1 : NULL;
		}
	return NULL;
}

const struct topcolumn *topcolumn_find(const char *name, bool inner)
{
	const struct topcolumn *column = NULL;

	if (inner)
		column = find(inner_columns, ARRAY_SIZE(inner_columns), name);
	if (column == NULL)
		column = find(columns, ARRAY_SIZE(columns), name);
	if (column != NULL)
		return column;
	refuse("there is no column '%s'", name);
	hint("columns are user, uid, group, pid, ppid, pgid, sid, hpid, huser, c, pcpu, pmem, "
	     "etime, stime, time, tty, vsz, rss, state, nice, nlwp, comm, args");
	return NULL;
}
