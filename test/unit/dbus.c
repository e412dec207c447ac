/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/dbus.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "unit.h"

/* The other side: greets, waits for the first call, and sends these bytes. */
static pid_t serve(const char *path, const char *greeting, const void *bytes, size_t len)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t pid;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	unlink(path);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	pid = fork();
	if (pid == 0) {
		char in[4096];
		int fd = accept(listener, NULL, NULL);

		alarm(20);
		(void)!read(fd, in, sizeof(in));
		(void)!write(fd, greeting, strlen(greeting));
		if (bytes != NULL) {
			(void)!read(fd, in, sizeof(in));
			/* In two halves: messages do not come whole. */
			(void)!write(fd, bytes, len / 2);
			usleep(1000);
			(void)!write(fd, (const char *)bytes + len / 2, len - len / 2);
		}
		_exit(0);
	}
	close(listener);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* A message as the client writes it, with the type of an answer. */
static void make(struct buf *out, enum dbus_type type, const char *member, const char *signature,
		 const struct buf *body)
{
	const struct dbus_method method = { "a.b", "/a", "c.d", member };
	AUTO(dbus) bus = DBUS_INIT;

	dbus_call(&bus, &method, signature, body);
	bus.out.data[1] = (char)type;
	buf_add(out, bus.out.data, bus.out.len);
}

static char dir[] = "/tmp/berth-unit-XXXXXX";
static char *sock;

static int make_dir(void **state)
{
	sock = mkdtemp(dir) != NULL ? xasprintf("%s/bus", dir) : NULL;
	return sock != NULL ? 0 : -1;
}

static int remove_dir(void **state)
{
	unlink(sock);
	free(sock);
	return rmdir(dir);
}

static void messages_are_read(void **state)
{
	AUTO(buf) bytes = BUF_INIT, body = BUF_INIT;
	AUTO(dbus) bus = DBUS_INIT;
	struct dbus_message message;
	pid_t pid;

	dbus_put_u32(&body, 7);
	dbus_put_string(&body, "/job/7");
	dbus_put_string(&body, "x.scope");
	dbus_put_string(&body, "done");
	make(&bytes, DBUS_SIGNAL, "JobRemoved", "uoss", &body);
	make(&bytes, DBUS_RETURN, "", "", NULL);
	pid = serve(sock, "OK 1234\r\n", bytes.data, bytes.len);
	assert_int_equal(dbus_connect(sock, &bus), 0);
	assert_int_equal(dbus_flush(&bus), 0);
	assert_int_equal(dbus_receive(&bus, 5000, &message), 0);
	assert_int_equal(message.type, DBUS_SIGNAL);
	assert_string_equal(message.member, "JobRemoved");
	assert_string_equal(dbus_get_string(&message, 0), "/job/7");
	assert_string_equal(dbus_get_string(&message, 2), "done");
	assert_null(dbus_get_string(&message, 3));
	assert_int_equal(dbus_receive(&bus, 5000, &message), 0);
	assert_int_equal(message.type, DBUS_RETURN);
	assert_int_equal(message.body_len, 0);
	assert_null(dbus_get_string(&message, 0));
	assert_int_equal(dbus_receive(&bus, 5000, &message), -ECONNRESET);
	end(pid);
}

static void strangers_are_refused(void **state)
{
	static const char *const greetings[] = { "REJECTED EXTERNAL\r\n", "HTTP/1.1 400\r\n", "" };

	for (size_t i = 0; i < ARRAY_SIZE(greetings); i++) {
		AUTO(dbus) bus = DBUS_INIT;
		pid_t pid = serve(sock, greetings[i], NULL, 0);

		assert_true(dbus_connect(sock, &bus) < 0);
		assert_string_not_equal(err_text(), "");
		end(pid);
	}
}

/* One byte after the other is wrong: an error or another message, and never a read beyond the end
 * (the sanitizers' builds see that). */
static void broken_messages_do_no_harm(void **state)
{
	AUTO(buf) good = BUF_INIT, body = BUF_INIT;

	dbus_put_u32(&body, 7);
	dbus_put_string(&body, "/job/7");
	make(&good, DBUS_SIGNAL, "JobRemoved", "uo", &body);
	for (size_t i = 0; i < good.len; i++)
		for (int flip = 0; flip < 3; flip++) {
			AUTO(dbus) bus = DBUS_INIT;
			struct dbus_message message;
			int pair[2];

			assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair),
					 0);
			bus.fd = pair[0];
			good.data[i] ^= (char)(flip == 0 ? 0x01 : flip == 1 ? 0x80 : 0xff);
			assert_int_equal(write(pair[1], good.data, good.len), good.len);
			good.data[i] ^= (char)(flip == 0 ? 0x01 : flip == 1 ? 0x80 : 0xff);
			close(pair[1]);
			if (dbus_receive(&bus, 1000, &message) == 0)
				for (size_t k = 0; k < 3; k++)
					(void)dbus_get_string(&message, k);
		}
}

static void silence_ends(void **state)
{
	AUTO(dbus) bus = DBUS_INIT;
	struct dbus_message message;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	bus.fd = pair[0];
	assert_int_equal(dbus_receive(&bus, 10, &message), -ETIMEDOUT);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_read),
		cmocka_unit_test(strangers_are_refused),
		cmocka_unit_test(broken_messages_do_no_harm),
		cmocka_unit_test(silence_ends),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
