/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/listener.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "box/seccomp.h"
#include "box/sync.h"
#include "spec/bundlepart.h"
#include "unit.h"

/* What the agent answers, and what the container does with that. */
#define ANSWER EXDEV
#define RIGHT 0
#define WRONG 2
#define NO_FILTER 3
#define LEFT_ALONE 4

static char dir[] = "/tmp/berth-unit-listener.XXXXXX";

static int set_up(void **state)
{
	return mkdtemp(dir) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	return fs_remove_tree(AT_FDCWD, dir);
}

/* calls: those that are stopped, with quotes. */
static void make_spec(const char *calls, const char *flags, struct spec *spec)
{
	autojson cJSON *json = NULL;
	autofree char *text =
		xasprintf("{\"defaultAction\":\"SCMP_ACT_ALLOW\",%s\"listenerPath\":\"%s/agent\","
			  "\"listenerMetadata\":\"a \\\"word\\\"\",\"syscalls\":[{\"names\":[%s],"
			  "\"action\":\"SCMP_ACT_NOTIFY\"}]}",
			  flags, dir, calls);

	spec_init(spec);
	spec->id = xstrdup("unit");
	spec->bundle = xstrdup("/the/bundle");
	keyvalues_add(&spec->annotations, "key", "value");
	assert_int_equal(json_parse(text, strlen(text), "test", &json), 0);
	if (bundle_part_seccomp(json, spec) < 0 || seccomp_compile_part(NULL, spec) < 0)
		fail_msg("%s", err_text());
	assert_true(spec->seccomp.notifies);
}

static int listen_agent(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/agent", dir);
	unlink(address.sun_path);
	assert_int_equal(bind(sock, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(sock, 4), 0);
	return sock;
}

/* Up to the end of the connection: one state, and the descriptor with its first bytes. */
static int receive(int sock, struct buf *text)
{
	int conn = accept(sock, NULL, NULL), fd = -1;
	char bytes[4096];

	for (;;) {
		union {
			struct cmsghdr align;
			char bytes[CMSG_SPACE(sizeof(int))];
		} control;
		struct iovec iov = { bytes, sizeof(bytes) };
		struct msghdr msg = { .msg_iov = &iov,
				      .msg_iovlen = 1,
				      .msg_control = control.bytes,
				      .msg_controllen = sizeof(control) };
		ssize_t n = recvmsg(conn, &msg, MSG_CMSG_CLOEXEC);
		struct cmsghdr *cmsg = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;

		if (n <= 0)
			break;
		if (cmsg != NULL && fd < 0)
			memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
		buf_add(text, bytes, (size_t)n);
	}
	close(conn);
	return fd;
}

/* Answer until nobody is left who could ask: mkdir fails, all else goes on. */
static void answer_all(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	while (poll(&poll_fd, 1, -1) == 1 && (poll_fd.revents & POLLIN) != 0) {
		struct seccomp_notif call = { 0 };
		struct seccomp_notif_resp answer = { 0 };

		if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
			continue;
		answer.id = call.id;
		if (call.data.nr == SYS_mkdirat && call.data.args[2] == 0123)
			answer.error = -ANSWER;
		else
			answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		(void)ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
}

static pid_t start_agent(int sock, const char *want)
{
	AUTO(buf) text = BUF_INIT;
	pid_t pid = fork();
	int fd;

	if (pid != 0)
		return pid;
	fd = receive(sock, &text);
	if (fd < 0)
		_exit(WRONG);
	answer_all(fd);
	if (strcmp(text.data, want) != 0) {
		print_error("%s\nnot\n%s\n", text.data, want);
		_exit(WRONG);
	}
	_exit(RIGHT);
}

static pid_t start_child(const struct spec *spec, const int pair[2])
{
	struct pass pass;
	pid_t pid = fork();
	int rc;

	if (pid != 0)
		return pid;
	close(pair[0]);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		_exit(NO_FILTER);
	rc = listener_install(spec, pair[1], &pass);
	if (rc == -ECONNRESET)
		_exit(LEFT_ALONE);
	if (rc < 0)
		_exit(NO_FILTER);
	rc = (int)syscall(SYS_mkdirat, AT_FDCWD, "/nowhere/at/all", 0123);
	_exit(rc < 0 && errno == ANSWER ? RIGHT : WRONG);
}

static int status_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static char *state_of(pid_t pid)
{
	return xasprintf("{\"ociVersion\":\"1.2.0\",\"fds\":[\"seccompFd\"],\"pid\":%d,"
			 "\"metadata\":\"a \\\"word\\\"\",\"state\":{\"ociVersion\":\"1.2.0\","
			 "\"id\":\"unit\",\"status\":\"created\",\"pid\":%d,"
			 "\"bundle\":\"/the/bundle\",\"annotations\":{\"key\":\"value\"}}}",
			 (int)pid, (int)pid);
}

static void try_agent(const char *calls, const char *flags)
{
	autoclose int sock = listen_agent();
	autofree char *want = NULL;
	struct listener listener;
	pid_t child, agent;
	AUTO(spec) spec;
	int pair[2];

	make_spec(calls, flags, &spec);
	assert_int_equal(sync_pair(pair), 0);
	child = start_child(&spec, pair);
	close(pair[1]);
	want = state_of(child);
	agent = start_agent(sock, want);
	listener = (struct listener){ &spec, child, "created" };
	assert_int_equal(listener_is_offered(pair[0]), 1);
	if (listener_pass(&listener, pair[0]) < 0)
		fail_msg("%s", err_text());
	assert_int_equal(status_of(child), RIGHT);
	assert_int_equal(status_of(agent), RIGHT);
	assert_int_equal(listener_is_offered(pair[0]), 0);
	close(pair[0]);
}

static void agent_answers(void **state)
{
	try_agent("\"mkdirat\"", "");
}

/* Nothing that the handing over needs waits for an answer that cannot come. */
static void every_call_may_be_stopped(void **state)
{
	try_agent("\"mkdirat\",\"sendmsg\",\"recvmsg\",\"sendto\",\"recvfrom\",\"sendmmsg\","
		  "\"recvmmsg\",\"write\",\"writev\",\"read\",\"close\",\"exit_group\",\"ioctl\"",
		  "");
}

static void flags_go_with_a_listener(void **state)
{
	static const char *const flags[] = {
		"\"flags\":[],",
		"\"flags\":[\"SECCOMP_FILTER_FLAG_TSYNC\"],",
		"\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\",\"SECCOMP_FILTER_FLAG_SPEC_ALLOW\"],",
		"\"flags\":[\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"],",
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (strstr(flags[i], "KILLABLE") == NULL ||
		    seccomp_has_flag(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV))
			try_agent("\"mkdirat\"", flags[i]);
}

/* The payload does not run without one. */
static void no_agent_is_an_error(void **state)
{
	struct listener listener;
	AUTO(spec) spec;
	int pair[2];
	pid_t child;

	make_spec("\"mkdirat\"", "", &spec);
	xreplace(&spec.seccomp.listener_path, "/nowhere/agent");
	assert_int_equal(sync_pair(pair), 0);
	child = start_child(&spec, pair);
	close(pair[1]);
	listener = (struct listener){ &spec, child, "created" };
	assert_int_equal(listener_pass(&listener, pair[0]), -EIO);
	assert_string_equal(err_text(),
			    "linux.seccomp.listenerPath: cannot connect to the agent at "
			    "'/nowhere/agent': No such file or directory");
	close(pair[0]);
	assert_int_equal(status_of(child), LEFT_ALONE);
	err_clear();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agent_answers),
		cmocka_unit_test(every_call_may_be_stopped),
		cmocka_unit_test(flags_go_with_a_listener),
		cmocka_unit_test(no_agent_is_an_error),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
