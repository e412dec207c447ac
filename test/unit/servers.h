/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_TEST_SERVERS_H
#define BERTH_TEST_SERVERS_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "unit.h"

/* A program of this directory that serves (servers.py): started before a group of tests, ended
 * after it. */
struct servers {
	int ports[5];
	char directory[32]; /* for its certificates */
	pid_t pid;
	int end; /* closing it ends the program */
};

static inline int servers_start(struct servers *servers, const char *program, size_t n)
{
	int in[2], out[2];
	FILE *ports;

	/* The tests are about this machine alone. */
	unsetenv("http_proxy");
	unsetenv("https_proxy");
	unsetenv("all_proxy");
	memcpy(servers->directory, "/tmp/berth-unit.XXXXXX", sizeof("/tmp/berth-unit.XXXXXX"));
	assert_non_null(mkdtemp(servers->directory));
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	servers->pid = fork();
	if (servers->pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execl("/usr/bin/python3", "python3", "-B", program, servers->directory, NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	servers->end = in[1];
	ports = fdopen(out[0], "r");
	for (size_t i = 0; i < n; i++)
		assert_int_equal(fscanf(ports, "%d", &servers->ports[i]), 1);
	fclose(ports);
	return 0;
}

static inline int servers_stop(struct servers *servers)
{
	close(servers->end);
	waitpid(servers->pid, NULL, 0);
	return fs_remove_tree(AT_FDCWD, servers->directory);
}

#endif
