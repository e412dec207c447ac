/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "network/driver.h"

#define READY_MS 10000
#define MESSAGES_SIZE 16384

/*
 * pasta(1) opens a tap device in the container's network namespace and translates between it and
 * ordinary sockets of the host. It runs in the foreground, as our child, and is killed with us: so
 * it leaves no file and no process behind. Its readiness is the pid that it writes to its
 * standard output, a pipe of ours, when its set-up is done.
 */

/* What would take it out of our hands. */
static const char *const reserved[] = {
	"-P",           "--pid",           "--netns", "--userns", "--netns-only", "-f",
	"--foreground", "--no-netns-quit", "--runas", "-h",       "--help",       "--version",
	"-l",           "--log-file",      "-p",      "--pcap",
};

int pasta_parse(struct network *network, const char *argument)
{
	if (argument == NULL || argument[0] == '\0')
		return 0;
	strvec_split(&network->options, argument, ',');
	for (size_t i = 0; i < network->options.n; i++) {
		const char *option = network->options.v[i];

		if (option[0] == '\0')
			return refuse("--network pasta: an option is empty");
		for (size_t k = 0; k < ARRAY_SIZE(reserved); k++) {
			size_t len = strlen(reserved[k]);

			if (strncmp(option, reserved[k], len) == 0 &&
			    (option[len] == '\0' || option[len] == '='))
				return refuse("--network pasta: the option %s is berth's own",
					      reserved[k]);
		}
	}
	return 0;
}

const char *pasta_option(const struct network *network, const char *name, const char *letter)
{
	size_t len = strlen(name);

	for (char *const *at = network->options.v; at != NULL && *at != NULL; at++) {
		if (strncmp(*at, name, len) == 0 && (*at)[len] == '=')
			return *at + len + 1;
		if (strcmp(*at, name) == 0 || (letter != NULL && strcmp(*at, letter) == 0))
			return at[1] != NULL ? at[1] : "";
	}
	return NULL;
}

static int refuse_pasta(int err)
{
	hint("%s, or use --network none or --network host",
	     err == ENOENT ? "install the package passt" : "as root: chmod 666 /dev/net/tun");
	return -err;
}

int pasta_check(const struct host *host, struct network *network)
{
	for (size_t i = 0; i < network->ports.n; i++)
		if (strcmp(network->ports.v[i].protocol, "sctp") == 0)
			return refuse("--publish: pasta cannot publish sctp ports");
	if (!host->rootless) {
		refuse("--network pasta cannot serve containers of root: pasta gives its privilege "
		       "up");
		hint("use --network none or --network host, or run berth as an ordinary user");
		return -EINVAL;
	}
	network->file = proc_find("pasta");
	if (network->file == NULL) {
		refuse_with(ENOENT, "the network needs pasta, which is not installed");
		return refuse_pasta(ENOENT);
	}
	if (access("/dev/net/tun", F_OK) < 0) {
		refuse_with(ENODEV, "the network needs /dev/net/tun, which does not exist");
		hint("as root: modprobe tun; or use --network none or --network host");
		return -ENODEV;
	}
	if (access("/dev/net/tun", R_OK | W_OK) < 0) {
		fail("the network needs /dev/net/tun, which this user cannot open");
		return refuse_pasta(EACCES);
	}
	return 0;
}

/* "-t 127.0.0.1/8080-8081:80-81" for every port of the protocol, or "-t none". */
static void add_ports(struct network *network, const char *protocol, const char *flag)
{
	bool any = false;

	for (size_t i = 0; i < network->ports.n; i++) {
		const struct port *port = &network->ports.v[i];
		AUTO(buf) text = BUF_INIT;

		if (strcmp(port->protocol, protocol) != 0)
			continue;
		if (port->host_ip != NULL)
			buf_addf(&text, "%s/", port->host_ip);
		buf_addf(&text, "%u", port->host_port);
		if (port->count > 1)
			buf_addf(&text, "-%u", port->host_port + port->count - 1U);
		buf_addf(&text, ":%u", port->container_port);
		if (port->count > 1)
			buf_addf(&text, "-%u", port->container_port + port->count - 1U);
		strvec_push(&network->argv, flag);
		strvec_push(&network->argv, text.data);
		any = true;
	}
	if (!any) {
		strvec_push(&network->argv, flag);
		strvec_push(&network->argv, "none");
	}
}

static void build_argv(struct network *network, pid_t pid)
{
	static const struct {
		const char *name, *letter, *value;
	} off[] = {
		/* Without these, the container's loopback reaches the host's. */
		{ "--tcp-ns", "-T", "none" },
		{ "--udp-ns", "-U", "none" },
		{ "--dns-forward", NULL, PASTA_DNS },
	};

	strvec_release(&network->argv);
	strvec_push(&network->argv, "pasta");
	strvec_push(&network->argv, "--config-net");
	strvec_push(&network->argv, "--foreground");
	strvec_push(&network->argv, "--quiet");
	strvec_push(&network->argv, "--pid");
	strvec_push(&network->argv, "/dev/stdout");
	/* podman's spelling for "leave that option out". */
	if (pasta_option(network, "--map-gw", NULL) == NULL &&
	    pasta_option(network, "--no-map-gw", NULL) == NULL)
		strvec_push(&network->argv, "--no-map-gw");
	for (size_t i = 0; i < ARRAY_SIZE(off); i++)
		if (pasta_option(network, off[i].name, off[i].letter) == NULL) {
			strvec_push(&network->argv, off[i].name);
			strvec_push(&network->argv, off[i].value);
		}
	if (pasta_option(network, "--tcp-ports", "-t") == NULL)
		add_ports(network, "tcp", "-t");
	if (pasta_option(network, "--udp-ports", "-u") == NULL)
		add_ports(network, "udp", "-u");
	for (char *const *at = network->options.v; at != NULL && *at != NULL; at++)
		if (strcmp(*at, "--map-gw") != 0)
			strvec_push(&network->argv, *at);
	strvec_pushf(&network->argv, "%d", pid);
}

/* A file of fixed size in memory: however much pasta has to say in its life, it never blocks and
 * takes no more than that. */
static int open_messages(void)
{
	autoclose int fd = memfd_create("pasta", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, MESSAGES_SIZE) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		return fail("cannot make a file for pasta's messages");
	return steal_fd(&fd);
}

int pasta_start(struct network *network, pid_t pid)
{
	AUTO(sockets) sockets = { 0 };
	int ends[2];
	int rc;

	TRY(ports_reserve(network, &sockets));
	build_argv(network, pid);
	network->messages = open_messages();
	TRY(network->messages);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail("cannot start pasta");
	network->ready = ends[0];
	network->helper.file = network->file;
	network->helper.argv = network->argv.v;
	network->helper.out = ends[1];
	network->helper.err = network->messages;
	network->helper.tied = true;
	sockets_release(&sockets);
	rc = proc_start(&network->helper);
	close(ends[1]);
	network->helper.out = -1;
	return rc;
}

/* The last line that pasta wrote and that means something. */
static int fail_pasta(struct network *network)
{
	char text[MESSAGES_SIZE + 1];
	ssize_t n = pread(network->messages, text, MESSAGES_SIZE, 0);
	char *line, *next, *last = NULL;

	text[n > 0 ? n : 0] = '\0';
	for (line = text; *line != '\0'; line = next) {
		char *end = strchrnul(line, '\n');

		next = *end == '\n' ? end + 1 : end;
		*end = '\0';
		/* Where there is no syslog it complains about every line. */
		if (line[0] != '\0' && strstr(line, "to syslog") == NULL)
			last = line;
	}
	refuse_with(EIO, "pasta failed: %s", last != NULL ? last : "it gave no reason");
	hint("use --network none or --network host; 'berth doctor' says what pasta needs");
	return -EIO;
}

int pasta_ready(struct network *network)
{
	struct pollfd fds[] = {
		{ .fd = network->ready, .events = POLLIN },
		{ .fd = network->helper.pidfd, .events = POLLIN },
	};
	int n, status;

	do
		n = poll(fds, ARRAY_SIZE(fds), READY_MS);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail("cannot wait for pasta");
	if (n == 0) {
		refuse_with(ETIMEDOUT, "pasta was not ready after %d seconds", READY_MS / 1000);
		hint("use --network none or --network host");
		return -ETIMEDOUT;
	}
	if ((fds[0].revents & POLLIN) != 0 && (fds[1].revents & POLLIN) == 0)
		return 0;
	TRY(proc_wait(&network->helper, &status));
	return fail_pasta(network);
}
