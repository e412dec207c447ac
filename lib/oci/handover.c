/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "oci/handover.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"

int handover_check(const struct runtime_stdio *stdio, bool terminal, bool foreground)
{
	const char *socket = stdio->console_socket;

	if (terminal && !foreground && socket == NULL)
		return refuse("cannot allocate tty if the runtime will detach without setting "
			      "console socket");
	if (socket != NULL && !terminal)
		return refuse("cannot use console socket if the runtime will not allocate tty");
	if (socket != NULL && foreground)
		return refuse("cannot use console socket if the runtime will not detach");
	return 0;
}

static int call(const char *path, const char *what)
{
	autoclose int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path))
		return refuse("the path of the %s, '%s', is too long for a socket", what, path);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (sock < 0 || connect(sock, (struct sockaddr *)&address, sizeof(address)) < 0)
		return fail("cannot reach the %s '%s'", what, path);
	return steal_fd(&sock);
}

/* The text goes with the descriptor: engines take it for the name of what is sent. */
static int send_descriptor(const char *path, const char *what, const char *text, int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .bytes = { 0 } };
	struct iovec iov = { .iov_base = (char *)text, .iov_len = strlen(text) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.bytes,
			      .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	autoclose int sock = call(path, what);

	TRY(sock);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	if (sendmsg(sock, &msg, MSG_NOSIGNAL) < 0)
		return fail("cannot send to the %s '%s'", what, path);
	return 0;
}

int handover_console(const struct runtime_stdio *stdio, const struct box *box)
{
	if (stdio->console_socket == NULL || box->console < 0)
		return 0;
	return send_descriptor(stdio->console_socket, "console socket", "/dev/ptmx", box->console);
}

/* Write the number, whole or not at all. */
static int write_pid(const char *path, pid_t pid)
{
	autofree char *text = xasprintf("%d", (int)pid);

	return fs_replace_file(AT_FDCWD, path, text, strlen(text), 0644, false);
}

int handover_process(const struct runtime_stdio *stdio, const struct box *box)
{
	if (stdio->pidfd_socket != NULL)
		TRY(send_descriptor(stdio->pidfd_socket, "pidfd socket", "pidfd", box->pidfd));
	return stdio->pid_file != NULL ? write_pid(stdio->pid_file, box->pid) : 0;
}
