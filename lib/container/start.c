/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/start.h"

#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/exit.h"
#include "base/proc.h"
#include "base/units.h"
#include "box/box.h"
#include "container/etc.h"
#include "container/notice.h"
#include "container/signals.h"
#include "container/stdio.h"
#include "container/waiter.h"

#define USEC_PER_MSEC 1000
#define USEC_PER_SEC 1000000
#define NSEC_PER_USEC 1000

/* All that the supervisor of one container knows. */
struct run {
	const struct host *host;
	const struct request *request;
	struct container *container;
	struct box box;
	struct signals signals;
	struct relay relay;
	uint64_t deadline; /* CLOCK_MONOTONIC, microseconds; 0: none */
	bool cidfile, pidfile;
	bool started; /* the payload was executed */
	struct notice_exit exited;
};

static uint64_t now_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / NSEC_PER_USEC;
}

/* Not attached to any output: the caller wants to know what it started. */
static void print_id(const struct run *run)
{
	char line[66];
	size_t len = (size_t)snprintf(line, sizeof(line), "%s\n", run->container->record.id);

	if (!stdio_is_attached(run->request, "stdout") &&
	    !stdio_is_attached(run->request, "stderr"))
		(void)!write(STDOUT_FILENO, line, len);
}

static int spawn(struct run *run)
{
	struct stdio_saved saved;
	int rc = stdio_detach(run->request, &saved);

	if (rc >= 0)
		rc = box_spawn(&run->container->spec, &run->box);
	stdio_restore(&saved);
	return rc;
}

/* Beside the child, which is making its mounts. */
static int note_running(struct run *run)
{
	struct record *record = &run->container->record;
	AUTO(buf) cgroup = BUF_INIT;

	cgroup_name(&run->box.cgroup, &cgroup);
	xreplace(&record->cgroup, cgroup.len != 0 ? cgroup.data : NULL);
	record->pid = run->box.pid;
	TRY(proc_start_time(record->pid, &record->pid_start));
	record->status = RECORD_RUNNING;
	record->started = time(NULL);
	network_describe_ports(&run->container->network, &record->ports);
	return record_save(record);
}

/* Everything up to the payload's first instruction. */
static int begin(struct run *run)
{
	struct container *container = run->container;
	struct box *box = &run->box;

	TRY(signals_block(&run->signals));
	TRY(notice_prepare(run->request));
	TRY(notice_make_cidfile(run->request, container->record.id));
	run->cidfile = true;
	TRY(spawn(run));
	TRY(network_start(&container->network, box->pid));
	TRY(note_running(run));
	TRY(notice_make_pidfile(run->request, box->pid));
	run->pidfile = true;
	TRY(box_created(box));
	notice_created(run->request, container->record.id, container->record.name);
	TRY(network_ready(&container->network));
	TRY(relay_start(&run->relay, run->request, steal_fd(&box->console)));
	TRY(box_go(box));
	run->started = true;
	notice_started(run->request, box->pid);
	print_id(run);
	return 0;
}

static void send_signal(struct run *run, int signal)
{
	syscall(SYS_pidfd_send_signal, run->box.pidfd, signal, NULL, 0);
}

/* With the host's process namespace the end of the first process ends no other. */
static void kill_all(struct run *run)
{
	send_signal(run, SIGKILL);
	/* It may be paused, and would not hear of it. */
	if (cgroup_freeze(&run->box.cgroup, false) < 0)
		err_clear();
	if (run->container->spec.ns[NS_PID].mode == NS_HOST && cgroup_kill(&run->box.cgroup) < 0)
		err_clear();
}

static void handle_signals(struct run *run)
{
	struct signalfd_siginfo info;
	bool terminal = run->request->tty;

	while (signals_next(&run->signals, &info)) {
		switch (signals_judge(&run->signals, &info, run->request->sig_proxy, terminal)) {
		case SIGNALS_IGNORE:
			break;
		case SIGNALS_RESIZE:
			relay_resize(&run->relay);
			break;
		case SIGNALS_KILL:
			kill_all(run);
			break;
		case SIGNALS_CONTINUE:
			relay_continue(&run->relay);
			send_signal(run, SIGCONT);
			break;
		case SIGNALS_FORWARD:
			send_signal(run, (int)info.ssi_signo);
			break;
		}
	}
}

static int time_left(const struct run *run)
{
	uint64_t now;

	if (run->deadline == 0)
		return -1;
	now = now_usec();
	return now >= run->deadline ? 0 : (int)((run->deadline - now) / USEC_PER_MSEC) + 1;
}

/* Until the payload is gone. */
static int supervise(struct run *run)
{
	struct pollfd polls[5] = {
		[3] = { .fd = run->signals.fd, .events = POLLIN },
		[4] = { .fd = run->box.pidfd, .events = POLLIN },
	};

	do {
		relay_poll(&run->relay, polls);
		if (poll(polls, ARRAY_SIZE(polls), time_left(run)) < 0 && errno != EINTR)
			return fail("cannot wait for the container");
		if (polls[3].revents != 0)
			handle_signals(run);
		relay_run(&run->relay, polls);
		if (run->deadline != 0 && now_usec() >= run->deadline) {
			run->exited.timeout = true;
			run->deadline = 0;
			kill_all(run);
		}
	} while (polls[4].revents == 0);
	return 0;
}

/* What the payload printed last, as long as its reader takes it. */
static void finish_output(struct run *run)
{
	struct pollfd polls[4] = { [3] = { .fd = run->signals.fd, .events = POLLIN } };
	struct signalfd_siginfo info;

	relay_finish(&run->relay);
	while (relay_is_pending(&run->relay)) {
		relay_poll(&run->relay, polls);
		if (poll(polls, ARRAY_SIZE(polls), -1) < 0)
			return;
		relay_run(&run->relay, polls);
		while (polls[3].revents != 0 && signals_next(&run->signals, &info))
			if (info.ssi_signo == SIGINT || info.ssi_signo == SIGTERM ||
			    info.ssi_signo == SIGHUP || info.ssi_signo == SIGQUIT)
				return;
	}
}

/* Said where the kernel says so, and only then. */
static void explain_oom(struct run *run, uint64_t peak)
{
	int64_t limit = run->container->spec.cgroup.resources.memory_limit;
	AUTO(buf) limit_text = BUF_INIT, peak_text = BUF_INIT;

	units_print_size(&peak_text, peak);
	if (limit > 0) {
		buf_add_str(&limit_text, "memory limit ");
		units_print_size(&limit_text, (uint64_t)limit);
	} else {
		buf_add_str(&limit_text, "the memory limit of its cgroup");
	}
	refuse_with(ENOMEM, "%s for lack of memory: %s%s%s",
		    run->exited.signal == SIGKILL ? "killed"
						  : "a process of the container was killed",
		    limit_text.data, peak > 0 ? ", peak " : "", peak > 0 ? peak_text.data : "");
	hint("a higher limit is given with --memory");
}

static void explain_end(struct run *run)
{
	uint64_t peak = 0;
	bool oom = false;

	/* The kernel is asked where it can matter: its files cost more than the rest of the end. */
	if (run->exited.code != 0 && cgroup_oom(&run->box.cgroup, &oom, &peak) < 0)
		err_clear();
	run->exited.oom = oom;
	if (run->exited.timeout)
		refuse_with(ETIMEDOUT, "killed: it ran longer than --timeout allows");
	else if (oom)
		explain_oom(run, peak);
}

static int collect(struct run *run, const struct rusage *before)
{
	struct rusage *usage = &run->exited.usage;
	int status;

	TRY(box_wait(&run->box, &status));
	run->exited.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	run->exited.code =
		WIFSIGNALED(status) ? EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
	getrusage(RUSAGE_CHILDREN, usage);
	timersub(&usage->ru_utime, &before->ru_utime, &usage->ru_utime);
	timersub(&usage->ru_stime, &before->ru_stime, &usage->ru_stime);
	return 0;
}

/* The record keeps the name of a cgroup that could not be removed yet. */
static void release_box(struct run *run)
{
	if (box_release(&run->box) >= 0)
		xreplace(&run->container->record.cgroup, NULL);
}

/* With --rm nothing stays; else the record says how it ended. */
static int settle(struct run *run)
{
	struct record *record = &run->container->record;
	int rc = 0;

	record->status = RECORD_EXITED;
	record->finished = time(NULL);
	record->exit_code = run->exited.code;
	record->oom_killed = run->exited.oom;
	record->pid = 0;
	record->pid_start = 0;
	if (!record->ephemeral)
		rc = record_save(record);
	waiter_tell(record);
	if (!record->ephemeral)
		return rc;
	if (run->cidfile)
		notice_remove_cidfile(run->request);
	return record_remove(run->host, record, true);
}

/* The container never ran. It stays where only its command was wrong, and --rm was not given: a
 * name and an ID were promised then. */
static int give_up(struct run *run, int rc)
{
	AUTO(buf) text = BUF_INIT, advice = BUF_INIT;
	struct record *record = &run->container->record;
	bool exec_failed = run->box.exec_failed, stays = exec_failed && !record->ephemeral;

	buf_add_str(&text, err_text());
	buf_add_str(&advice, err_hint());
	run->exited.code =
		exec_failed ? (rc == -ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE) : EXIT_BERTH;
	relay_release(&run->relay);
	release_box(run);
	network_stop(&run->container->network);
	if (run->cidfile && !stays)
		notice_remove_cidfile(run->request);
	if (stays) {
		settle(run);
	} else {
		etc_unlink(run->container);
		record->status = RECORD_EXITED;
		record->exit_code = run->exited.code;
		waiter_tell(record);
		record_remove(run->host, record, true);
	}
	err_set(text.data, advice.data);
	return run->exited.code == EXIT_BERTH ? rc : run->exited.code;
}

/* The payload runs: wait, tell, clean up. */
static int conclude(struct run *run, const struct rusage *before)
{
	AUTO(buf) text = BUF_INIT, advice = BUF_INIT;
	int lost;

	err_clear(); /* what was overcome on the way is no news */
	TRY(supervise(run));
	TRY(collect(run, before));
	finish_output(run);
	lost = run->relay.out_error;
	if (lost != 0)
		fail_with(lost, "cannot write what the payload's terminal shows to stdout");
	relay_release(&run->relay);
	explain_end(run);
	notice_exited(run->request, &run->exited);
	buf_add_str(&text, err_text());
	buf_add_str(&advice, err_hint());
	release_box(run);
	network_stop(&run->container->network);
	/* The payload's status is what the caller asked for, whatever remains to be swept. */
	if (settle(run) >= 0 || text.len != 0)
		err_set(text.data, advice.data);
	/* Success would be a lie where the output is lost. */
	return lost != 0 && run->exited.code == 0 ? -EIO : run->exited.code;
}

int start_foreground(const struct host *host, const struct request *request,
		     struct container *container)
{
	struct run run = {
		.host = host,
		.request = request,
		.container = container,
		.box = BOX_INIT,
		.signals = SIGNALS_INIT,
		.relay = RELAY_INIT,
	};
	struct rusage before;
	int rc;

	err_clear();
	rc = begin(&run);
	if (rc < 0) {
		rc = give_up(&run, rc);
	} else {
		getrusage(RUSAGE_CHILDREN, &before);
		if (request->timeout != 0)
			run.deadline = now_usec() + request->timeout;
		if (container->record.ephemeral)
			etc_unlink(container);
		record_sweep(host);
		rc = conclude(&run, &before);
	}
	if (run.pidfile)
		notice_remove_pidfile(request);
	(void)box_release(&run.box);
	relay_release(&run.relay);
	signals_release(&run.signals);
	return rc;
}
