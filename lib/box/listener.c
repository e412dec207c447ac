/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/listener.h"

#include <linux/seccomp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/json.h"
#include "box/seccomp.h"
#include "box/sync.h"
#include "spec/config.h"

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static void put_fd(struct msghdr *msg, union control *control, int fd)
{
	struct cmsghdr *cmsg;

	memset(control, 0, sizeof(*control));
	msg->msg_control = control->bytes;
	msg->msg_controllen = sizeof(control->bytes);
	cmsg = CMSG_FIRSTHDR(msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
}

/* sendmsg(2) or recvmsg(2) of one byte, with the arguments that let it pass. */
static ssize_t pass_call(long nr, int sync, struct msghdr *msg, const struct pass *pass)
{
	ssize_t n;

	do
		n = syscall(nr, sync, msg, nr == SYS_sendmsg ? MSG_NOSIGNAL : MSG_CMSG_CLOEXEC,
			    pass->bits[0], pass->bits[1], pass->bits[2]);
	while (n < 0 && errno == EINTR);
	return n;
}

static int hand_out(int sync, int fd, const struct pass *pass)
{
	char byte = SYNC_LISTENER;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control control;

	put_fd(&msg, &control, fd);
	if (pass_call(SYS_sendmsg, sync, &msg, pass) != 1)
		return fail("cannot hand the listener of the filter over");
	msg = (struct msghdr){ .msg_iov = &iov, .msg_iovlen = 1 };
	/* An error there is that side's to tell. */
	return pass_call(SYS_recvmsg, sync, &msg, pass) == 1 && byte == SYNC_AGENT ? 0
										   : -ECONNRESET;
}

int listener_install(const struct spec *spec, int sync, struct pass *ret_pass)
{
	/* The kernel returns a thread or a descriptor, and would not know which. There is one
	 * thread. */
	uint32_t flags = seccomp_flags(&spec->seccomp) & ~(uint32_t)SECCOMP_FILTER_FLAG_TSYNC;
	int fd = pass_install(&spec->seccomp, flags | SECCOMP_FILTER_FLAG_NEW_LISTENER, ret_pass);

	TRY(fd);
	/* close(2) may be one of the calls that are stopped; the exec closes it. */
	return hand_out(sync, fd, ret_pass);
}

int listener_is_offered(int sync)
{
	char byte = 0;
	ssize_t n;

	do
		n = recv(sync, &byte, 1, MSG_PEEK | MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	return n == 1 && byte == SYNC_LISTENER;
}

static char *state_text(const struct listener *listener)
{
	const struct spec *spec = listener->spec;
	autojson cJSON *json = json_object();
	AUTO(buf) text = BUF_INIT;
	cJSON *state, *map;

	json_add_string(json, "ociVersion", CONFIG_VERSION);
	json_push_string(json_add_array(json, "fds"), "seccompFd");
	json_add_int(json, "pid", listener->pid);
	json_add_string(json, "metadata", spec->seccomp.listener_metadata);
	state = json_add_object(json, "state");
	json_add_string(state, "ociVersion", CONFIG_VERSION);
	json_add_string(state, "id", spec->id);
	json_add_string(state, "status", listener->status);
	json_add_int(state, "pid", listener->pid);
	json_add_string(state, "bundle", spec->bundle);
	map = spec->annotations.n > 0 ? json_add_object(state, "annotations") : NULL;
	for (size_t i = 0; i < spec->annotations.n; i++)
		json_add_string(map, spec->annotations.v[i].key, spec->annotations.v[i].value);
	json_print(json, false, &text);
	return buf_steal(&text);
}

static int connect_agent(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	autoclose int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (sock < 0)
		return fail("cannot make a socket");
	if (strlen(path) >= sizeof(address.sun_path))
		return refuse_with(ENAMETOOLONG, "the path '%s' is too long for a socket", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (connect(sock, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return fail("cannot connect to the agent at '%s'", path);
	return steal_fd(&sock);
}

/* All of the descriptors go with the first of the bytes. */
static int tell_agent(const struct listener *listener, int fd)
{
	autofree char *text = state_text(listener);
	autoclose int sock = connect_agent(listener->spec->seccomp.listener_path);
	size_t len = strlen(text), done = 0;

	TRY(sock);
	while (done < len) {
		struct iovec iov = { .iov_base = text + done, .iov_len = len - done };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
		union control control;
		ssize_t n;

		if (done == 0)
			put_fd(&msg, &control, fd);
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR)
			return fail("cannot write to the agent at '%s'",
				    listener->spec->seccomp.listener_path);
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int listener_pass(const struct listener *listener, int sync)
{
	autoclose int fd = -1;
	int rc = sync_wait(sync, SYNC_LISTENER, &fd, 1);

	TRY(rc);
	if (fd < 0)
		return refuse_with(EPROTO, "the start of the container got out of step");
	/* Its errno would be taken for one of the child's socket. */
	if (fail_in(tell_agent(listener, fd), "linux.seccomp.listenerPath") < 0)
		return -EIO;
	return sync_send(sync, SYNC_AGENT, NULL, 0);
}
