/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/listener.h"

#include <linux/audit.h>
#include <linux/bpf_common.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/json.h"
#include "box/seccomp.h"
#include "box/sync.h"
#include "spec/config.h"

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE AUDIT_ARCH_RISCV64
#else
#error "what does the kernel call this architecture?"
#endif

#define MAX_FILTER 4096
/* sendmsg(2) and recvmsg(2) have three arguments, and calls have six. */
#define USED_ARGS 3
#define FREE_ARGS 3
#define PASS_LEN (5 + FREE_ARGS * 2 * 2 + 1)

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static struct sock_filter load(size_t offset)
{
	return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);
}

/* Or leave for the profile: `at` of the instructions here have gone before. */
static struct sock_filter must_be(uint32_t value, size_t at)
{
	return (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0,
					    (uint8_t)(PASS_LEN - at - 1));
}

/* The way past the profile: the child's two calls and the bits that nobody else has. */
static size_t emit_pass(const uint32_t secret[FREE_ARGS * 2], struct sock_filter *filter)
{
	const size_t args = offsetof(struct seccomp_data, args);
	size_t n = 0;

	filter[n++] = load(offsetof(struct seccomp_data, arch));
	filter[n] = must_be(NATIVE, n);
	n++;
	filter[n++] = load(offsetof(struct seccomp_data, nr));
	/* Who has the number of the one may have that of the other. */
	filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendmsg, 1, 0);
	filter[n] = must_be(SYS_recvmsg, n);
	n++;
	for (size_t i = 0; i < FREE_ARGS * 2; i++) {
		filter[n++] = load(args + USED_ARGS * sizeof(uint64_t) + i * sizeof(uint32_t));
		filter[n] = must_be(secret[i], n);
		n++;
	}
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return n;
}

/* The profile's filter behind the way past it; *ret_secret is what opens that. */
static int install(const struct spec_seccomp *seccomp, uint64_t ret_secret[FREE_ARGS])
{
	struct sock_filter filter[MAX_FILTER];
	uint32_t words[FREE_ARGS * 2], flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	size_t n;

	if (getrandom(words, sizeof(words), 0) != sizeof(words))
		return fail("cannot get random bits for the start of the container");
	memcpy(ret_secret, words, sizeof(words));
	n = emit_pass(words, filter);
	if (n + seccomp->filter_len > MAX_FILTER)
		return refuse("linux.seccomp: with what a listener needs, the filter is longer "
			      "than the %d instructions of the kernel's limit",
			      MAX_FILTER);
	memcpy(filter + n, seccomp->filter, seccomp->filter_len * sizeof(*filter));
	if (seccomp->has_flags)
		flags = seccomp->flags;
	/* The kernel returns a thread or a descriptor, and would not know which. There is one
	 * thread. */
	flags &= ~(uint32_t)SECCOMP_FILTER_FLAG_TSYNC;
	return seccomp_set_flags(filter, (unsigned short)(n + seccomp->filter_len),
				 flags | SECCOMP_FILTER_FLAG_NEW_LISTENER);
}

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
static ssize_t pass_call(long nr, int sync, struct msghdr *msg, const uint64_t secret[FREE_ARGS])
{
	ssize_t n;

	do
		n = syscall(nr, sync, msg, nr == SYS_sendmsg ? MSG_NOSIGNAL : MSG_CMSG_CLOEXEC,
			    secret[0], secret[1], secret[2]);
	while (n < 0 && errno == EINTR);
	return n;
}

static int hand_out(int sync, int fd, const uint64_t secret[FREE_ARGS])
{
	char byte = SYNC_LISTENER;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control control;

	put_fd(&msg, &control, fd);
	if (pass_call(SYS_sendmsg, sync, &msg, secret) != 1)
		return fail("cannot hand the listener of the filter over");
	msg = (struct msghdr){ .msg_iov = &iov, .msg_iovlen = 1 };
	/* An error there is that side's to tell. */
	return pass_call(SYS_recvmsg, sync, &msg, secret) == 1 && byte == SYNC_AGENT ? 0
										     : -ECONNRESET;
}

int listener_install(const struct spec *spec, int sync)
{
	uint64_t secret[FREE_ARGS];
	int fd = install(&spec->seccomp, secret);

	TRY(fd);
	/* close(2) may be one of the calls that are stopped; the exec closes it. */
	return hand_out(sync, fd, secret);
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
	TRY(fail_in(tell_agent(listener, fd), "linux.seccomp.listenerPath"));
	return sync_send(sync, SYNC_AGENT, NULL, 0);
}
