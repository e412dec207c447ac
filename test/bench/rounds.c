/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Measures commands next to each other.
 *
 *	rounds [-w WARM] [-j JOBS] N	reads commands from stdin, one a line, words separated by
 *					tabs, the first one being the label
 *
 * Every round runs every command once, so that all of them meet the same noise. With -j, each
 * command is run N times by itself, JOBS at a time. Prints a line for each: label, minimum, median
 * and 90th percentile of the wall time, mean user + system time (microseconds), runs per second,
 * exit statuses other than 0.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_COMMANDS 64
#define MAX_WORDS 64
#define MAX_JOBS 64

struct command {
	char *label;
	char *argv[MAX_WORDS + 1];
	uint64_t *wall; /* ns, one for each run */
	size_t n, failed;
	uint64_t cpu, total;
};

static posix_spawn_file_actions_t quiet;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static pid_t start(const struct command *command)
{
	pid_t pid;
	int rc = posix_spawnp(&pid, command->argv[0], &quiet, NULL, command->argv, environ);

	if (rc != 0) {
		fprintf(stderr, "rounds: %s: %s\n", command->argv[0], strerror(rc));
		exit(1);
	}
	return pid;
}

static void note(struct command *command, uint64_t began, int status, const struct rusage *used)
{
	command->wall[command->n++] = now() - began;
	command->cpu += (uint64_t)(used->ru_utime.tv_sec + used->ru_stime.tv_sec) * 1000000 +
			(uint64_t)(used->ru_utime.tv_usec + used->ru_stime.tv_usec);
	command->failed += status != 0;
}

static void run_once(struct command *command, bool count)
{
	struct rusage used;
	uint64_t began = now();
	pid_t pid = start(command);
	int status;

	while (wait4(pid, &status, 0, &used) < 0 && errno == EINTR)
		;
	if (count)
		note(command, began, status, &used);
}

static void run_parallel(struct command *command, size_t n, size_t jobs)
{
	struct {
		pid_t pid;
		uint64_t began;
	} slot[MAX_JOBS] = { 0 };
	size_t started = 0, running = 0;
	uint64_t began = now();

	while (started < n || running > 0) {
		struct rusage used;
		size_t i = 0;
		int status;
		pid_t pid;

		if (started < n && running < jobs) {
			while (slot[i].pid != 0)
				i++;
			slot[i].began = now();
			slot[i].pid = start(command);
			started++;
			running++;
			continue;
		}
		pid = wait4(-1, &status, 0, &used);
		while (i < jobs && slot[i].pid != pid)
			i++;
		if (pid <= 0 || i == jobs)
			continue;
		slot[i].pid = 0;
		running--;
		note(command, slot[i].began, status, &used);
	}
	command->total = now() - began;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void report(struct command *command)
{
	double seconds;

	qsort(command->wall, command->n, sizeof(uint64_t), compare);
	for (size_t i = 0; command->total == 0 && i < command->n; i++)
		command->total += command->wall[i];
	seconds = (double)command->total / 1e9;
	printf("%s\t%.0f\t%.0f\t%.0f\t%.0f\t%.1f\t%zu\n", command->label,
	       (double)command->wall[0] / 1e3, (double)command->wall[command->n / 2] / 1e3,
	       (double)command->wall[command->n * 9 / 10] / 1e3,
	       (double)command->cpu / (double)command->n, (double)command->n / seconds,
	       command->failed);
}

static size_t read_commands(struct command *commands, size_t runs)
{
	static char line[65536];
	size_t n = 0;

	while (n < MAX_COMMANDS && fgets(line, sizeof(line), stdin) != NULL) {
		struct command *command = &commands[n];
		char *at = strdup(line), *word;
		size_t words = 0;

		at[strcspn(at, "\n")] = '\0';
		command->label = strsep(&at, "\t");
		while (words < MAX_WORDS && (word = strsep(&at, "\t")) != NULL)
			command->argv[words++] = word;
		if (words == 0)
			continue;
		command->wall = calloc(runs, sizeof(uint64_t));
		n++;
	}
	return n;
}

int main(int argc, char **argv)
{
	static struct command commands[MAX_COMMANDS];
	size_t warm = 3, jobs = 0, runs, n;
	int option;

	while ((option = getopt(argc, argv, "w:j:")) != -1) {
		if (option == 'w')
			warm = strtoul(optarg, NULL, 10);
		else if (option == 'j')
			jobs = strtoul(optarg, NULL, 10);
	}
	runs = optind < argc ? strtoul(argv[optind], NULL, 10) : 0;
	if (runs == 0 || jobs > MAX_JOBS) {
		fprintf(stderr, "usage: rounds [-w WARM] [-j JOBS] N <COMMANDS\n");
		return 2;
	}
	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
	n = read_commands(commands, runs);
	for (size_t round = 0; round < warm; round++)
		for (size_t i = 0; i < n; i++)
			run_once(&commands[i], false);
	for (size_t i = 0; jobs > 0 && i < n; i++)
		run_parallel(&commands[i], runs, jobs);
	for (size_t round = 0; jobs == 0 && round < runs; round++)
		for (size_t i = 0; i < n; i++)
			run_once(&commands[i], true);
	for (size_t i = 0; i < n; i++)
		report(&commands[i]);
	return 0;
}
