/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/attach.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/term.h"
#include "container/event.h"
#include "container/signals.h"

struct packet {
	char letter;
	char bytes[ATTACH_BYTES_MAX];
};

struct attach {
	const struct target *target;
	const struct attach_options *options;
	int sock;
	struct signals signals;
	struct term term;
	char keys[ATTACH_KEYS_MAX];
	size_t n_keys, n_typed; /* how many of them were typed just now */
	bool input;             /* stdin is read */
	struct packet out;      /* that could not be sent yet */
	size_t out_len;         /* 0: none */
	int status;             /* of the payload */
	bool ended, detached;
};

/* --- keys ------------------------------------------------------------------------------------- */

static int parse_key(const char *word, char *ret_key)
{
	static const char marks[] = "@[\\]^_";
	const char *letter = strncmp(word, "ctrl-", 5) == 0 ? word + 5 : word;

	if (letter[0] == '\0' || letter[1] != '\0')
		return refuse("--detach-keys: '%s' is no key: a letter, or ctrl- and a letter or "
			      "one of @ [ \\ ] ^ _",
			      word);
	*ret_key = letter[0];
	if (letter == word)
		return 0;
	if (letter[0] >= 'a' && letter[0] <= 'z')
		*ret_key = (char)(letter[0] - 'a' + 1);
	else if (strchr(marks, letter[0]) != NULL)
		*ret_key = (char)(letter[0] & 0x1f);
	else
		return refuse("--detach-keys: there is no '%s'", word);
	return 0;
}

int attach_parse_keys(const char *text, char ret_keys[ATTACH_KEYS_MAX], size_t *ret_n)
{
	AUTO(strvec) words = STRVEC_INIT;

	*ret_n = 0;
	if (*text == '\0')
		return 0;
	strvec_split(&words, text, ',');
	if (words.n > ATTACH_KEYS_MAX)
		return refuse("--detach-keys: more than %d keys", ATTACH_KEYS_MAX);
	for (size_t i = 0; i < words.n; i++)
		TRY(parse_key(words.v[i], &ret_keys[i]));
	*ret_n = words.n;
	return 0;
}

/* Take the keys out of what was typed; what turns out to be something else is passed on later. */
static size_t filter_keys(struct attach *attach, const char *typed, size_t n, char *out)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		if (attach->n_keys > 0 && typed[i] == attach->keys[attach->n_typed]) {
			if (++attach->n_typed < attach->n_keys)
				continue;
			attach->detached = true;
			return len;
		}
		memcpy(out + len, attach->keys, attach->n_typed);
		len += attach->n_typed;
		attach->n_typed = attach->n_keys > 0 && typed[i] == attach->keys[0];
		if (attach->n_typed == 0)
			out[len++] = typed[i];
		else if (attach->n_keys == 1)
			attach->detached = true;
	}
	return len;
}

/* --- messages --------------------------------------------------------------------------------- */

static int send_packet(struct attach *attach)
{
	ssize_t n =
		send(attach->sock, &attach->out, 1 + attach->out_len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n >= 0) {
		attach->out_len = 0;
		return 0;
	}
	/* Its end is read as well. */
	if (errno == EAGAIN || errno == EINTR || errno == EPIPE || errno == ECONNRESET)
		return 0;
	return fail("cannot reach the monitor of the container");
}

static void send_size(const struct attach *attach)
{
	struct {
		char letter;
		char bytes[sizeof(struct winsize)];
	} message = { .letter = ATTACH_SIZE };
	struct winsize size;

	if (ioctl(isatty(STDIN_FILENO) ? STDIN_FILENO : STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return;
	memcpy(message.bytes, &size, sizeof(size));
	(void)!send(attach->sock, &message, sizeof(message), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int write_stream(struct attach *attach, int fd, const char *bytes, size_t len)
{
	int rc = fs_write_all(fd, bytes, len,
			      fd == STDOUT_FILENO ? "standard output" : "standard error");

	if (rc == -EPIPE || rc == -EIO) { /* nobody looks any more */
		err_clear();
		attach->detached = true;
		return 0;
	}
	return rc;
}

static int tell_missed(struct attach *attach, const char *bytes)
{
	char text[96];
	uint64_t missed;

	memcpy(&missed, bytes, sizeof(missed));
	snprintf(text, sizeof(text), "berth: %llu bytes of output came too fast to be shown\n",
		 (unsigned long long)missed);
	return write_stream(attach, STDERR_FILENO, text, strlen(text));
}

static int take_packet(struct attach *attach)
{
	struct packet packet;
	ssize_t n = recv(attach->sock, &packet, sizeof(packet), MSG_DONTWAIT);
	size_t len = n > 0 ? (size_t)n - 1 : 0;
	int32_t status;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return refuse_with(ECONNRESET, "the monitor of the container was killed");
	if (packet.letter == ATTACH_STDOUT)
		return write_stream(attach, STDOUT_FILENO, packet.bytes, len);
	if (packet.letter == ATTACH_STDERR)
		return write_stream(attach, STDERR_FILENO, packet.bytes, len);
	if (packet.letter == ATTACH_MISSED && len == sizeof(uint64_t))
		return tell_missed(attach, packet.bytes);
	if (packet.letter == ATTACH_EXIT && len == sizeof(status)) {
		memcpy(&status, packet.bytes, sizeof(status));
		attach->status = status;
		attach->ended = true;
		return 0;
	}
	return refuse_with(EPROTO, "the monitor of the container sent what is no message");
}

/* --- the loop --------------------------------------------------------------------------------- */

static int read_input(struct attach *attach)
{
	char typed[ATTACH_BYTES_MAX - ATTACH_KEYS_MAX];
	ssize_t n = read(STDIN_FILENO, typed, sizeof(typed));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		attach->input = false;
		return 0;
	}
	attach->out.letter = ATTACH_INPUT;
	attach->out_len = filter_keys(attach, typed, (size_t)n, attach->out.bytes);
	return attach->out_len > 0 ? send_packet(attach) : 0;
}

/* We were stopped, or have another size: what was done to our terminal meanwhile is undone. */
static void look_again(struct attach *attach)
{
	struct term again = TERM_INIT;

	send_size(attach);
	if (attach->term.fd >= 0 && tcgetpgrp(STDIN_FILENO) == getpgrp())
		(void)term_raw(&again, STDIN_FILENO);
}

static void handle_signals(struct attach *attach)
{
	const bool tty = attach->target->record.tty;
	struct signalfd_siginfo info;

	while (signals_next(&attach->signals, &info)) {
		if (tty && (info.ssi_signo == SIGWINCH || info.ssi_signo == SIGCONT))
			look_again(attach);
		if (tty && info.ssi_signo == SIGWINCH)
			continue;
		if (attach->options->sig_proxy)
			(void)target_signal(attach->target, (int)info.ssi_signo);
		else if (info.ssi_signo == SIGINT || info.ssi_signo == SIGTERM ||
			 info.ssi_signo == SIGHUP || info.ssi_signo == SIGQUIT)
			attach->detached = true;
		err_clear();
	}
}

static int loop(struct attach *attach)
{
	while (!attach->ended && !attach->detached) {
		bool free = attach->out_len == 0;
		struct pollfd polls[] = {
			{ .fd = attach->sock, .events = (short)(POLLIN | (free ? 0 : POLLOUT)) },
			{ .fd = attach->input && free ? STDIN_FILENO : -1, .events = POLLIN },
			{ .fd = attach->signals.fd, .events = POLLIN },
		};

		if (poll(polls, ARRAY_SIZE(polls), -1) < 0 && errno != EINTR)
			return fail("cannot wait for the container");
		if ((polls[0].revents & POLLOUT) != 0)
			TRY(send_packet(attach));
		if ((polls[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
			TRY(take_packet(attach));
		if (polls[1].revents != 0)
			TRY(read_input(attach));
		if (polls[2].revents != 0)
			handle_signals(attach);
	}
	return attach->ended ? attach->status : 0;
}

static int refuse_unattended(const struct record *record)
{
	if (record->log_driver != NULL && strcmp(record->log_driver, "passthrough") == 0)
		return refuse("the container '%s' cannot be attached to: its output goes where it "
			      "was started",
			      record->name);
	return refuse("the container '%s' cannot be attached to: it runs in the foreground",
		      record->name);
}

static int connect_to(const struct record *record, int *ret_sock)
{
	autoclose int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (sock < 0)
		return fail("cannot make a socket");
	/* However long the path of the directory is. */
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" ATTACH_SOCKET,
		 record->dirfd);
	if (connect(sock, (struct sockaddr *)&address, sizeof(address)) < 0) {
		if (errno == ENOENT || errno == ECONNREFUSED)
			return refuse_unattended(record);
		return fail("cannot reach the monitor of the container '%s'", record->name);
	}
	*ret_sock = steal_fd(&sock);
	return 0;
}

static void attach_release(struct attach *attach)
{
	term_restore(&attach->term);
	cleanup_close(&attach->sock);
	signals_release(&attach->signals);
}

int attach_run(const struct target *target, const struct attach_options *options)
{
	AUTO(attach)
	attach = {
		.target = target,
		.options = options,
		.sock = -1,
		.signals = SIGNALS_INIT,
		.term = TERM_INIT,
		.input = !options->no_stdin,
	};

	TRY(attach_parse_keys(options->detach_keys, attach.keys, &attach.n_keys));
	TRY(connect_to(&target->record, &attach.sock));
	event_add_container(options->host, &target->record, "attach", NULL);
	TRY(signals_block(&attach.signals));
	if (target->record.tty && attach.input && isatty(STDIN_FILENO))
		TRY(term_raw(&attach.term, STDIN_FILENO));
	else
		attach.n_keys = 0; /* keys are typed */
	send_size(&attach);
	return loop(&attach);
}
