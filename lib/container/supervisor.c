/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/supervisor.h"

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
#include "base/memory.h"
#include "base/proc.h"
#include "base/units.h"
#include "container/end.h"
#include "container/etc.h"
#include "container/event.h"
#include "container/healthfile.h"
#include "container/terms.h"
#include "container/upkeep.h"
#include "container/volumefill.h"
#include "container/volumemount.h"
#include "container/waiter.h"

#define USEC_PER_MSEC 1000
#define USEC_PER_SEC 1000000
#define NSEC_PER_USEC 1000

#define STOP_SECONDS 10 /* from the stop signal to SIGKILL */

#define OPEN_MSEC 10 /* a payload that lives for longer can be joined */

static uint64_t now_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / NSEC_PER_USEC;
}

static int spawn(struct supervisor *supervisor)
{
	struct container *container = supervisor->container;
	struct stdio_saved saved;
	int rc;

	if (supervisor->capture.open) {
		TRY(capture_give(&supervisor->capture, container, supervisor->request));
		return box_spawn(&container->spec, &supervisor->box);
	}
	rc = stdio_detach(supervisor->request, &saved);
	if (rc >= 0)
		rc = box_spawn(&container->spec, &supervisor->box);
	stdio_restore(&saved);
	return rc;
}

/* Its terminal, or what is to be read of it. */
static int take_output(struct supervisor *supervisor)
{
	int console = steal_fd(&supervisor->box.console);

	if (supervisor->capture.open)
		return capture_take(&supervisor->capture, console);
	return relay_start(&supervisor->relay, supervisor->request, console);
}

/* Beside the child, which is making its mounts. */
static int note_running(struct supervisor *supervisor)
{
	struct record *record = &supervisor->container->record;
	AUTO(buf) cgroup = BUF_INIT;

	cgroup_name(&supervisor->box.cgroup, &cgroup);
	xreplace(&record->cgroup, cgroup.len != 0 ? cgroup.data : NULL);
	record->pid = supervisor->box.pid;
	TRY(proc_start_time(record->pid, &record->pid_start));
	record->status = RECORD_RUNNING;
	record->restarting = false;
	record->started = time(NULL);
	network_describe_ports(&supervisor->container->network, &record->ports);
	return record_save(record);
}

static void note(struct supervisor *supervisor, const char *action)
{
	event_note_container(&supervisor->events, &supervisor->container->record, action, NULL);
}

static void note_died(struct supervisor *supervisor)
{
	AUTO(strvec) attributes = STRVEC_INIT;

	strvec_pushf(&attributes, "exitCode=%d", supervisor->exited.code);
	if (supervisor->exited.oom)
		strvec_push(&attributes, "oomKilled=true");
	event_note_container(&supervisor->events, &supervisor->container->record, "died",
			     &attributes);
}

static void set_deadline(struct supervisor *supervisor)
{
	uint64_t timeout = supervisor->request->timeout;

	supervisor->deadline = timeout != 0 ? now_usec() + timeout : 0;
}

int supervisor_begin(struct supervisor *supervisor)
{
	const struct request *request = supervisor->request;
	struct container *container = supervisor->container;
	struct box *box = &supervisor->box;

	supervisor->open = false;
	supervisor->kill_at = 0;
	supervisor->again = false;
	supervisor->host_pids = container->spec.ns[NS_PID].mode == NS_HOST;
	supervisor->memory_limit = container->spec.cgroup.resources.memory_limit;
	if (!container->kept)
		note(supervisor, "create");
	if (supervisor->signals.fd < 0)
		TRY(signals_block(&supervisor->signals));
	TRY(notice_prepare(request));
	if (!supervisor->cidfile)
		TRY(notice_make_cidfile(request, container->record.id));
	supervisor->cidfile = request->cidfile != NULL;
	TRY(volumefill_begin(container));
	TRY(spawn(supervisor));
	TRY(network_start(&container->network, box->pid));
	TRY(note_running(supervisor));
	TRY(notice_make_pidfiles(request, box->pid));
	supervisor->pidfile = true;
	TRY(box_created(box));
	TRY(volumefill_end(container));
	note(supervisor, "init");
	notice_created(request, container->record.id, container->record.name);
	TRY(network_ready(&container->network));
	TRY(take_output(supervisor));
	TRY(box_go(box));
	note(supervisor, "start");
	if (!supervisor->capture.open)
		note(supervisor, "attach");
	notice_started(request, box->pid);
	spec_forget_secrets(&container->spec);
	set_deadline(supervisor);
	if (health_is_on(&container->health))
		healthwatch_begin(&supervisor->health, supervisor->host, &container->health,
				  &container->record);
	/* In the background it may be started again. */
	if (container->record.ephemeral && !supervisor->capture.open)
		etc_unlink(container);
	return 0;
}

static void send_signal(struct supervisor *supervisor, int signal)
{
	syscall(SYS_pidfd_send_signal, supervisor->box.pidfd, signal, NULL, 0);
}

/* With the host's process namespace the end of the first process ends no other. */
static void kill_all(struct supervisor *supervisor)
{
	send_signal(supervisor, SIGKILL);
	/* It may be paused, and would not hear of it. */
	if (cgroup_freeze(&supervisor->box.cgroup, false) < 0)
		err_clear();
	if (supervisor->host_pids && cgroup_kill(&supervisor->box.cgroup) < 0)
		err_clear();
}

/* By its stop signal, as `stop` does, which a paused one has to hear of. */
static void ask_to_end(struct supervisor *supervisor)
{
	const struct record *record = &supervisor->container->record;
	int64_t seconds = record->stop_timeout >= 0 ? record->stop_timeout : STOP_SECONDS;

	supervisor->kill_at = now_usec() + (uint64_t)seconds * USEC_PER_SEC;
	send_signal(supervisor, record->stop_signal != 0 ? record->stop_signal : SIGTERM);
	if (cgroup_freeze(&supervisor->box.cgroup, false) < 0)
		err_clear();
}

/* What is ended because of its health stays so, but where a new start was asked for. */
static void act_on_health(struct supervisor *supervisor, enum health_verdict verdict)
{
	const struct container *container = supervisor->container;
	enum health_action action = container->health.on_failure;

	if (verdict == HEALTH_GO_ON || supervisor->exited.unhealthy)
		return;
	supervisor->exited.unhealthy = true;
	if (verdict == HEALTH_RESTART || action == HEALTH_ACTION_RESTART)
		supervisor->again = true;
	else
		end_forbid_restart(&container->record);
	if (verdict == HEALTH_ACT && action == HEALTH_ACTION_KILL)
		kill_all(supervisor);
	else
		ask_to_end(supervisor);
}

static bool is_same_health(const struct health_config *one, const struct health_config *other)
{
	autojson cJSON *first = json_object(), *second = json_object();

	health_print(one, first);
	health_print(other, second);
	return cJSON_Compare(first, second, true);
}

static void read_upkeep(struct supervisor *supervisor)
{
	struct container *container = supervisor->container;
	AUTO(upkeep) upkeep = UPKEEP_INIT;
	struct health_state state;

	if (upkeep_load(&container->record, &upkeep) < 0) {
		err_clear();
		return;
	}
	/* An update may have put it into further hierarchies. */
	cgroup_forget(&supervisor->box.cgroup);
	if (upkeep.restart != NULL) {
		xreplace(&container->record.restart, upkeep.restart);
		if (record_save(&container->record) < 0)
			err_clear();
	}
	if (is_same_health(&upkeep.health, &container->health)) {
		if (healthfile_load(&container->record, &state, NULL) > 0)
			act_on_health(supervisor, health_standing(&container->health, &state));
		return;
	}
	healthwatch_end(&supervisor->health);
	health_config_release(&container->health);
	container->health = upkeep.health;
	upkeep.health = (struct health_config)HEALTH_CONFIG_INIT;
	healthwatch_begin(&supervisor->health, supervisor->host, &container->health,
			  &container->record);
}

static void handle_signals(struct supervisor *supervisor)
{
	struct signalfd_siginfo info;
	bool terminal = supervisor->request->tty;

	while (signals_next(&supervisor->signals, &info)) {
		switch (signals_judge(&supervisor->signals, &info, supervisor->request->sig_proxy,
				      terminal)) {
		case SIGNALS_IGNORE:
			break;
		case SIGNALS_RESIZE:
			relay_resize(&supervisor->relay);
			break;
		case SIGNALS_UPKEEP:
			read_upkeep(supervisor);
			break;
		case SIGNALS_KILL:
			kill_all(supervisor);
			break;
		case SIGNALS_CONTINUE:
			relay_continue(&supervisor->relay);
			send_signal(supervisor, SIGCONT);
			break;
		case SIGNALS_FORWARD:
			send_signal(supervisor, (int)info.ssi_signo);
			break;
		}
	}
}

void supervisor_open(struct supervisor *supervisor)
{
	struct container *container = supervisor->container;

	if (!supervisor->open) {
		terms_open(&container->record, &container->spec);
		event_write(supervisor->host, &supervisor->events);
	}
	supervisor->open = true;
}

/* Milliseconds; -1: for ever. */
static int sooner(int left, int other)
{
	return left < 0 || (other >= 0 && other < left) ? other : left;
}

static int until(uint64_t moment)
{
	uint64_t now = moment != 0 ? now_usec() : 0;

	if (moment == 0)
		return -1;
	return now >= moment ? 0 : (int)((moment - now) / USEC_PER_MSEC) + 1;
}

static int time_left(const struct supervisor *supervisor)
{
	if (!supervisor->open)
		return OPEN_MSEC;
	return sooner(sooner(until(supervisor->deadline), until(supervisor->kill_at)),
		      healthwatch_left(&supervisor->health));
}

static void act_on_time(struct supervisor *supervisor)
{
	if (supervisor->deadline != 0 && now_usec() >= supervisor->deadline) {
		supervisor->exited.timeout = true;
		supervisor->deadline = 0;
		kill_all(supervisor);
	}
	if (supervisor->kill_at != 0 && now_usec() >= supervisor->kill_at) {
		supervisor->kill_at = 0;
		kill_all(supervisor);
	}
}

/* What is polled; the relay has the first three, the capture the last. */
enum {
	POLL_SIGNALS = 3,
	POLL_PAYLOAD,
	POLL_HEALTH,
	POLL_CAPTURE,
	POLL_MAX = POLL_CAPTURE + CAPTURE_POLLS,
};

static void poll_round(struct supervisor *supervisor, const struct pollfd *polls)
{
	struct container *container = supervisor->container;

	if (polls[POLL_SIGNALS].revents != 0)
		handle_signals(supervisor);
	relay_run(&supervisor->relay, polls);
	capture_run(&supervisor->capture, polls + POLL_CAPTURE);
	/* What a payload of a moment need not wait for. */
	if (!supervisor->open && polls[POLL_PAYLOAD].revents == 0) {
		supervisor_open(supervisor);
		memory_shed();
	}
	if (supervisor->health.config != NULL && supervisor->open)
		act_on_health(supervisor,
			      healthwatch_run(&supervisor->health, &container->record,
					      supervisor->box.pidfd, &polls[POLL_HEALTH]));
	act_on_time(supervisor);
}

/* Until the payload is gone. */
static int supervise(struct supervisor *supervisor)
{
	struct pollfd polls[POLL_MAX] = {
		[POLL_SIGNALS] = { .fd = supervisor->signals.fd, .events = POLLIN },
		[POLL_PAYLOAD] = { .fd = supervisor->box.pidfd, .events = POLLIN },
	};

	do {
		relay_poll(&supervisor->relay, polls);
		capture_poll(&supervisor->capture, polls + POLL_CAPTURE);
		healthwatch_poll(&supervisor->health, &polls[POLL_HEALTH]);
		if (poll(polls, ARRAY_SIZE(polls), time_left(supervisor)) < 0 && errno != EINTR)
			return fail("cannot wait for the container");
		poll_round(supervisor, polls);
	} while (polls[POLL_PAYLOAD].revents == 0);
	return 0;
}

/* Said where the kernel says so, and only then. */
static void explain_oom(struct supervisor *supervisor, uint64_t peak)
{
	int64_t limit = supervisor->memory_limit;
	AUTO(buf) limit_text = BUF_INIT, peak_text = BUF_INIT;

	units_print_size(&peak_text, peak);
	if (limit > 0) {
		buf_add_str(&limit_text, "memory limit ");
		units_print_size(&limit_text, (uint64_t)limit);
	} else {
		buf_add_str(&limit_text, "the memory limit of its cgroup");
	}
	refuse_with(ENOMEM, "%s for lack of memory: %s%s%s",
		    supervisor->exited.signal == SIGKILL ? "killed"
							 : "a process of the container was killed",
		    limit_text.data, peak > 0 ? ", peak " : "", peak > 0 ? peak_text.data : "");
	hint("a higher limit is given with --memory");
}

static void explain_end(struct supervisor *supervisor)
{
	uint64_t peak = 0;
	bool oom = false;

	/* The kernel is asked where it can matter: its files cost more than the rest of the end. */
	if (supervisor->exited.code != 0 && cgroup_oom(&supervisor->box.cgroup, &oom, &peak) < 0)
		err_clear();
	supervisor->exited.oom = oom;
	if (supervisor->exited.timeout)
		refuse_with(ETIMEDOUT, "killed: it ran longer than --timeout allows");
	else if (oom)
		explain_oom(supervisor, peak);
	else if (supervisor->exited.unhealthy)
		refuse_with(ECANCELED, "ended because its health checks failed");
}

/* The children that were reaped before the payload's end are pasta's and the like. */
static int collect(struct supervisor *supervisor)
{
	struct rusage *usage = &supervisor->exited.usage, before;
	int status;

	getrusage(RUSAGE_CHILDREN, &before);
	TRY(box_wait(&supervisor->box, &status));
	supervisor->exited.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	supervisor->exited.code =
		WIFSIGNALED(status) ? EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
	getrusage(RUSAGE_CHILDREN, usage);
	timersub(&usage->ru_utime, &before.ru_utime, &usage->ru_utime);
	timersub(&usage->ru_stime, &before.ru_stime, &usage->ru_stime);
	return 0;
}

/* The record keeps the name of a cgroup that could not be removed yet. */
static void release_box(struct supervisor *supervisor)
{
	if (box_release(&supervisor->box) >= 0)
		xreplace(&supervisor->container->record.cgroup, NULL);
}

static void note_exit(struct supervisor *supervisor)
{
	struct record *record = &supervisor->container->record;

	record->status = RECORD_EXITED;
	/* Between two runs it is known already how the last one ended. */
	if (record->restarting) {
		record->restarting = false;
		return;
	}
	record->finished = time(NULL);
	record->exit_code = supervisor->exited.code;
	record->oom_killed = supervisor->exited.oom;
	record->pid = 0;
	record->pid_start = 0;
}

static int remove_record(struct supervisor *supervisor)
{
	struct record *record = &supervisor->container->record;
	int rc;

	record->with_volumes = true;
	volumemount_unlock(supervisor->container);
	rc = record_remove(supervisor->host, record, true);
	if (rc >= 0)
		note(supervisor, "remove");
	event_write(supervisor->host, &supervisor->events);
	return rc;
}

/* With --rm nothing stays; else the record says how it ended. */
int supervisor_settle(struct supervisor *supervisor)
{
	struct record *record = &supervisor->container->record;
	const bool stays = !record->ephemeral && !record->auto_remove;
	const bool background = supervisor->capture.open;
	int rc = 0;

	capture_release(&supervisor->capture);
	note_exit(supervisor);
	if (stays)
		rc = record_save(record);
	/* Who waits for the end looks at the events next. In the foreground that is our caller. */
	if (stays || supervisor->request->detach)
		event_write(supervisor->host, &supervisor->events);
	waiter_tell(record, !stays);
	if (stays)
		return rc;
	if (supervisor->cidfile)
		notice_remove_cidfile(supervisor->request);
	if (background && record->ephemeral)
		etc_unlink(supervisor->container);
	return remove_record(supervisor);
}

/* The container never ran. A name and an ID were promised where it stays. */
int supervisor_give_up(struct supervisor *supervisor, int rc)
{
	AUTO(err_kept) kept = err_keep();
	struct record *record = &supervisor->container->record;
	bool exec_failed = supervisor->box.exec_failed;
	bool stays = supervisor->container->kept || (exec_failed && !record->ephemeral);

	supervisor->exited.code =
		exec_failed ? (rc == -ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE) : EXIT_BERTH;
	relay_release(&supervisor->relay);
	capture_release(&supervisor->capture);
	release_box(supervisor);
	network_stop(&supervisor->container->network);
	if (supervisor->cidfile && !stays)
		notice_remove_cidfile(supervisor->request);
	if (stays) {
		supervisor_settle(supervisor);
	} else {
		etc_unlink(supervisor->container);
		note_exit(supervisor);
		waiter_tell(record, true);
		(void)remove_record(supervisor);
	}
	err_restore(&kept);
	return supervisor->exited.code == EXIT_BERTH ? rc : supervisor->exited.code;
}

int supervisor_run(struct supervisor *supervisor)
{
	err_clear(); /* what was overcome on the way is no news */
	supervisor->exited = (struct notice_exit){ 0 };
	TRY(supervise(supervisor));
	healthwatch_end(&supervisor->health);
	TRY(collect(supervisor));
	relay_drain(&supervisor->relay, &supervisor->signals);
	capture_finish(&supervisor->capture);
	capture_dismiss(&supervisor->capture, supervisor->exited.code);
	supervisor->lost = supervisor->relay.out_error;
	relay_release(&supervisor->relay);
	return 0;
}

int supervisor_conclude(struct supervisor *supervisor)
{
	AUTO(err_kept) kept = { 0 };
	const int lost = supervisor->lost;

	if (lost != 0)
		fail_with(lost, "cannot write what the payload's terminal shows to stdout");
	explain_end(supervisor);
	note_died(supervisor);
	notice_exited(supervisor->request, &supervisor->exited);
	kept = err_keep();
	release_box(supervisor);
	network_stop(&supervisor->container->network);
	/* The payload's status is what the caller asked for, whatever remains to be swept. */
	if (supervisor_settle(supervisor) >= 0 || kept.text[0] != '\0')
		err_restore(&kept);
	/* Success would be a lie where the output is lost. */
	return lost != 0 && supervisor->exited.code == 0 ? -EIO : supervisor->exited.code;
}

int supervisor_pause(struct supervisor *supervisor)
{
	struct record *record = &supervisor->container->record;

	explain_end(supervisor);
	note_died(supervisor);
	event_write(supervisor->host, &supervisor->events);
	err_clear();
	notice_exited(supervisor->request, &supervisor->exited);
	release_box(supervisor);
	network_stop(&supervisor->container->network);
	note_exit(supervisor);
	record->status = RECORD_RUNNING;
	record->restarting = true;
	return record_save(record);
}

void supervisor_release(struct supervisor *supervisor)
{
	if (supervisor->pidfile)
		notice_remove_pidfiles(supervisor->request);
	(void)box_release(&supervisor->box);
	healthwatch_end(&supervisor->health);
	relay_release(&supervisor->relay);
	capture_release(&supervisor->capture);
	signals_release(&supervisor->signals);
	buf_release(&supervisor->events);
}
