/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/units.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"

/* As the kernel and docker count them; the C library keeps two of them for itself, which a payload
 * with another C library does not. */
#define FIRST_RT 34
#define LAST_RT 64

static const struct {
	const char *name; /* without SIG */
	int number;
} signals[] = {
	{ "HUP", SIGHUP },       { "INT", SIGINT },       { "QUIT", SIGQUIT },
	{ "ILL", SIGILL },       { "TRAP", SIGTRAP },     { "ABRT", SIGABRT },
	{ "IOT", SIGABRT },      { "BUS", SIGBUS },       { "FPE", SIGFPE },
	{ "KILL", SIGKILL },     { "USR1", SIGUSR1 },     { "SEGV", SIGSEGV },
	{ "USR2", SIGUSR2 },     { "PIPE", SIGPIPE },     { "ALRM", SIGALRM },
	{ "TERM", SIGTERM },     { "STKFLT", SIGSTKFLT }, { "CHLD", SIGCHLD },
	{ "CLD", SIGCHLD },      { "CONT", SIGCONT },     { "STOP", SIGSTOP },
	{ "TSTP", SIGTSTP },     { "TTIN", SIGTTIN },     { "TTOU", SIGTTOU },
	{ "URG", SIGURG },       { "XCPU", SIGXCPU },     { "XFSZ", SIGXFSZ },
	{ "VTALRM", SIGVTALRM }, { "PROF", SIGPROF },     { "WINCH", SIGWINCH },
	{ "IO", SIGIO },         { "POLL", SIGIO },       { "PWR", SIGPWR },
	{ "SYS", SIGSYS },
};

/* "RTMIN", "RTMIN+3", "RTMAX-1"; 0 where it is none. */
static int parse_realtime(const char *name)
{
	bool from_min = strncasecmp(name, "RTMIN", 5) == 0;
	uint64_t offset = 0;

	if (!from_min && strncasecmp(name, "RTMAX", 5) != 0)
		return 0;
	name += 5;
	if (*name == '\0')
		return from_min ? FIRST_RT : LAST_RT;
	if (*name != (from_min ? '+' : '-'))
		return 0;
	if (units_parse_u64(name + 1, LAST_RT - FIRST_RT, &offset) < 0)
		return 0;
	return from_min ? FIRST_RT + (int)offset : LAST_RT - (int)offset;
}

int units_parse_signal(const char *text, int *ret_signal)
{
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
	uint64_t number;
	int found;

	if (text[0] >= '0' && text[0] <= '9') {
		if (units_parse_u64(text, LAST_RT, &number) < 0 || number == 0)
			return refuse("'%s' is not the number of a signal: 1 to 64 are", text);
		*ret_signal = (int)number;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (strcasecmp(name, signals[i].name) == 0) {
			*ret_signal = signals[i].number;
			return 0;
		}
	found = parse_realtime(name);
	if (found == 0)
		return refuse("'%s' is not a signal: SIGTERM, TERM, 15, RTMIN+3 are", text);
	*ret_signal = found;
	return 0;
}

const char *units_signal_name(int signal)
{
	static _Thread_local char name[16];

	if (signal >= FIRST_RT && signal <= LAST_RT) {
		if (signal == FIRST_RT)
			return "SIGRTMIN";
		if (signal == LAST_RT)
			return "SIGRTMAX";
		if (signal - FIRST_RT <= 15)
			snprintf(name, sizeof(name), "SIGRTMIN+%d", signal - FIRST_RT);
		else
			snprintf(name, sizeof(name), "SIGRTMAX-%d", LAST_RT - signal);
		return name;
	}
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (signals[i].number == signal) {
			snprintf(name, sizeof(name), "SIG%s", signals[i].name);
			return name;
		}
	return NULL;
}
