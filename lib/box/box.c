/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/box.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/exit.h"
#include "base/path.h"
#include "base/proc.h"
#include "box/become.h"
#include "box/clocks.h"
#include "box/dev.h"
#include "box/entry.h"
#include "box/exec.h"
#include "box/fakeid.h"
#include "box/hook.h"
#include "box/join.h"
#include "box/keyring.h"
#include "box/label.h"
#include "box/limits.h"
#include "box/mount.h"
#include "box/netdev.h"
#include "box/ns.h"
#include "box/rootfs.h"
#include "box/secret.h"
#include "box/source.h"
#include "box/stay.h"
#include "box/sync.h"
#include "box/sysctl.h"
#include "box/tty.h"
#include "box/tuning.h"
#include "box/user.h"

/*
 * Theory of operation.
 *
 * Two processes act: the parent, who stays outside as the supervisor, and the child, who is born by
 * one clone3(2) in all of the new namespaces and, with cgroup v2, in its cgroup, and who becomes
 * the payload. They talk over a socket: ENTER, CREATED, GO (box/sync.h). Each side is a list of
 * steps, box_spawn() .. box_go() here, child_build() and child_become() there, in an order that is
 * law:
 *
 *	parent					child
 *	------					-----
 *	stub, cgroup
 *	clone3 (by an usher: usher.h) --------> dies with its parent, clean signals
 *	id maps, hard limits, network
 *	interfaces, scope of systemd
 *	ENTER (only where there was one) -----> cgroup of v1, cgroup namespace, clocks, root of
 *						its user namespace, joins, session keyring
 *						sources of mounts, mounts made private, root
 *	(network starts)			mounts, secrets, /dev, terminal, sysctls, masks
 *						pivot; user, working directory, personality,
 *						memory policy, limits
 *	box_created() <------------------------ CREATED, with the pty
 *	scheduler, IO priority
 *	(hooks, state, network ready)
 *	GO -----------------------------------> session; bounding set; ids; chdir; filter; caps
 *	(listener to its agent) <-------------- LISTENER (only of some filters, box/listener.h)
 *	box_go() <----------------------------- end of file: the stub has executed the payload
 *
 * What the order is for:
 *
 * - The parent's steps before clone3 should be few: the child's mount work is what takes time, and
 *   all else is done beside it.
 * - Sources of mounts mustn't be opened after anything of the container can run. Those that receive
 *   the host's mounts should be cloned before the namespace's mounts are private, all others after:
 *   then a clone is private by birth.
 * - The mounts of the namespace must be private before anything is attached, or the host sees it.
 * - /dev must be there before the masks are (they are clones of the host's null device, verified
 *   before), and the masks before the pivot, which takes the host away.
 * - The parent does what only rights outside of a new user namespace allow: hard limits, the OOM
 *   score, real-time schedulers. Network interfaces are there before a sysctl may name them.
 * - The scheduler is set in the finished child: a cgroup lets no process with real time in that it
 *   has none for, and an idle one would be long in the making.
 * - The clocks of a time namespace are set with the ids that the child was born with: the file is
 *   theirs. The keyring belongs to the root of the user namespace, so it comes after the change.
 * - A memory policy counts nodes of the cgroup, so the child is in that before.
 * - sysctls are written through our own procfs by descriptor, never by a path in the container.
 * - The image's files are read (passwd) and made (working directory) after the pivot: then no link
 *   in them can name anything of the host. The root is sealed read-only after the last of them.
 * - The ids mustn't change before GO: a process with changed ids is not dumpable, and the network's
 *   helper could no longer open its namespaces.
 * - Bounding set, then ids, then the working directory as the final user, then the filter, then the
 *   capabilities: setting the bounding set and, without no_new_privs, a filter needs capabilities.
 *   With no_new_privs the filter comes last of all.
 * - The child is not dumpable from before its capabilities go until the exec of the stub: it is
 *   berth's own binary, and whoever sees it (--pid host) and has as many capabilities could open
 *   that by /proc/PID/exe and write to it (CVE-2019-5736).
 * - PDEATHSIG is armed again after the change of ids, which clears it. A parent that died before it
 *   was armed is found by its end of the socket, which the child must not hold itself.
 *
 * The child never returns to its caller's code: it execs or reports its error and ends. It shares
 * nothing writable with the parent; what it allocates it need not free, and descriptors are closed
 * by one close_range(2) at the end.
 */

/* What the child knows. */
struct child {
	const struct spec *spec;
	uid_t caller;        /* who started berth, outside */
	bool wait_for_enter; /* there are maps or a cgroup to wait for */
	bool foreign;        /* the parent hands the sources over */
	bool stays;          /* it outlives the parent */
	int sync, stub, state;
	struct ns_birth birth;
	mode_t umask; /* of who started berth */
	struct sources sources;
	struct rootfs root;
	struct tty tty;
	struct user user;
	char *entry; /* for /etc/passwd */
	struct strvec env;
	enum err_stage stage;
};

/* Maps and cgroup are there. In a foreign namespace that message carries the sources. */
static int child_enter(struct child *child)
{
	const struct spec *spec = child->spec;

	TRY(child->birth.in_cgroup ? 0 : cgroup_enter(child->root.cgroup));
	if (child->foreign)
		TRY(sources_receive(spec, child->sync, &child->sources));
	else if (child->wait_for_enter)
		TRY(sync_wait(child->sync, SYNC_ENTER, NULL, 0));
	if (child->birth.late_cgroup_ns)
		TRY(ns_enter_cgroup(spec));
	/* As long as it has the ids that it was born with. */
	TRY(child->birth.clocks ? 0 : clocks_enter(spec));
	if (spec->ns[NS_USER].mode == NS_NEW)
		TRY(ns_become_root(spec));
	TRY(ns_join(spec, child->birth.joined));
	return keyring_join(spec);
}

/* The files that berth makes in the root, and reads there: nothing of the host is in reach. */
static int child_settle(struct child *child)
{
	const struct spec *spec = child->spec;
	const struct spec_process *process = &spec->process;
	const char *cwd = process->cwd != NULL ? process->cwd : "/";
	bool home = process->set_home && env_get(&process->env, "HOME") == NULL;
	int root = child->root.fd, fd;

	TRY(user_resolve(root, &process->user, home || child->entry != NULL, &child->user));
	TRY(user_check(spec, &child->user));
	TRY(entry_add(root, spec, child->entry, &child->user));
	TRY(sources_own(spec, &child->sources, child->user.uid, child->user.gid));
	TRY(fakeid_settle(spec, root));
	strvec_push_all(&child->env, &process->env);
	for (size_t i = 0; i < process->secret_env.n; i++)
		env_put(&child->env, process->secret_env.v[i]);
	if (home)
		env_set(&child->env, "HOME", child->user.home);
	if (strcmp(cwd, "/") != 0) {
		fd = path_mkdirs_in_root(root, cwd, 0755, child->user.uid, child->user.gid);
		TRY(fd < 0 ? fail_in(fd, "working directory") : 0);
		close(fd);
	}
	TRY(mount_seal(spec, &child->sources));
	return rootfs_seal(spec, &child->root);
}

/* The parent's hooks find the mounts in this process, and those of the container run in it. */
static int child_hooks(struct child *child)
{
	const struct spec *spec = child->spec;
	AUTO(buf) state = BUF_INIT;

	if (!spec_hooks_before_pivot(&spec->hooks))
		return 0;
	TRY(sync_send(child->sync, SYNC_HOOKS, NULL, 0));
	TRY(sync_wait(child->sync, SYNC_HOOKS, NULL, 0));
	if (spec->hooks.of[HOOK_CREATE_CONTAINER].n == 0)
		return 0;
	TRY(hook_hear(child->state, &state));
	return hook_run(&spec->hooks, HOOK_CREATE_CONTAINER, &state);
}

/* An engine wants to hear of it before it says that the container is created. */
static int child_check_command(struct child *child)
{
	const struct spec *spec = child->spec;
	int rc;

	if (!spec->process.check_command || spec->hooks.of[HOOK_START_CONTAINER].n > 0)
		return 0;
	rc = exec_check(&spec->process, &child->env);
	child->stage = rc < 0 ? STAGE_EXEC : STAGE_SETUP;
	return rc;
}

static int child_build(struct child *child)
{
	const struct spec *spec = child->spec;
	struct rootfs *root = &child->root;
	struct sources *sources = &child->sources;

	child->umask = umask(0);
	TRY(become_tied(child->sync));
	become_reset_signals();
	TRY(child_enter(child));
	TRY(child->foreign ? 0 : sources_open(spec, -1, sources));
	root->null = dev_open_null();
	TRY(root->null);
	root->fd = sources->root;
	TRY(rootfs_attach(spec, root->fd));
	TRY(ns_setup(spec));
	TRY(mount_all(spec, sources, root));
	TRY(secret_mount_all(spec, root));
	TRY(dev_make_elsewhere(spec, root));
	TRY(tty_make(spec, root, &child->tty));
	TRY(sysctl_apply(spec, root->proc));
	TRY(mask_all(spec, root));
	TRY(entry_make(spec, child->caller, &child->entry));
	TRY(child_hooks(child));
	TRY(rootfs_pivot(root));
	TRY(child_settle(child));
	TRY(child_check_command(child));
	TRY(tuning_take(spec));
	TRY(limits_apply(spec, root->proc));
	if (spec->process.user.umask == UMASK_CALLER)
		umask(child->umask);
	return exec_check_fds(&spec->process);
}

/* The final execve and everything that takes a right away. */
static int child_become(struct child *child)
{
	const struct spec *spec = child->spec;
	struct become become = {
		.spec = spec,
		.user = &child->user,
		.env = &child->env,
		.caps = spec->process.caps,
		.stub = child->stub,
		.sync = child->sync,
		.proc = child->root.proc,
		.stays = child->stays,
		.stage = STAGE_SETUP,
	};
	AUTO(buf) state = BUF_INIT;
	int rc;

	if (spec->hooks.of[HOOK_START_CONTAINER].n > 0) {
		TRY(hook_hear(child->state, &state));
		TRY(hook_run_inside(spec, HOOK_START_CONTAINER, &state, child->stub));
	}
	TRY(tty_take(&spec->process, &child->tty, child->user.uid));
	TRY(exec_take_null(spec, child->root.dev));
	rc = become_payload(&become);
	child->stage = become.stage;
	return rc;
}

/* Nothing that the creator has open is to stay open with it. */
static int child_close_others(const struct child *child, int listener)
{
	int fds[] = { listener,       child->sync,      child->stub,     child->state,
		      child->root.fd, child->root.proc, child->root.dev, child->tty.peer };
	int keep[ARRAY_SIZE(fds)];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] >= 3 + child->spec->process.preserve_fds)
			keep[n++] = fds[i];
	return exec_close_others(&child->spec->process, keep, n);
}

/* GO, by the parent or, where that leaves, by another. */
static int child_wait_go(struct child *child)
{
	struct sync_news news;
	int listener;

	TRY(sync_next(child->sync, &news, &listener, 1));
	if (news.word != SYNC_STAY)
		return sync_expect(&news, SYNC_GO);
	child->stays = true;
	if (child->tty.master >= 0)
		close(steal_fd(&child->tty.master));
	TRY(child_close_others(child, listener));
	/* Nor its streams, where there is a terminal: an engine waits for their end. */
	TRY(tty_give(&child->spec->process, &child->tty, child->user.uid));
	return stay_wait(&child->sync, listener);
}

static int child_run(struct child *child)
{
	TRY(child_build(child));
	TRY(sync_send(child->sync, SYNC_CREATED, &child->tty.master,
		      child->tty.master >= 0 ? 1 : 0));
	TRY(child_wait_go(child));
	return child_become(child);
}

static void __attribute__((noreturn)) child_main(struct child *child)
{
	int rc;

	err_clear();
	rc = child_run(child);
	/* The parent is gone, or reads what became of us. */
	if (rc != -ECONNRESET)
		(void)!err_send(child->sync, rc, child->stage);
	_exit(EXIT_BERTH);
}

/* Is there a cgroup that the child has to be moved to? */
static bool moves(const struct cgroup *cgroup)
{
	return cgroup->path != NULL && cgroup->fd < 0;
}

static int spawn(struct child *child, struct box *box)
{
	const struct spec *spec = child->spec;
	int pair[2];

	TRY(sync_pair(pair));
	child->sync = pair[1];
	child->birth.cgroup = &box->cgroup;
	child->birth.pidfd = -1;
	box->pid = ns_clone(spec, &child->birth);
	if (box->pid == 0) {
		close(pair[0]);
		child_main(child);
	}
	close(pair[1]);
	box->sync = pair[0];
	box->pidfd = child->birth.pidfd;
	TRY(box->pid);
	box->phase = BOX_SPAWNED;
	if (spec->seccomp.notifies)
		box->listener = (struct listener){ spec, box->pid, "created" };
	return 0;
}

/* What only the parent may do for the child. */
static int let_enter(const struct child *child, struct box *box)
{
	const struct spec *spec = child->spec;

	if (spec->ns[NS_USER].mode == NS_NEW)
		TRY(idmap_write(box->pid, &spec->idmaps));
	if (spec->ns[NS_USER].mode == NS_NEW && child->caller == 0)
		limits_raise(&spec->process, box->pid);
	if (spec->ns[NS_USER].mode == NS_NEW)
		TRY(limits_give_oom(&spec->process, box->pid));
	TRY(ns_check_maps(spec, box->pid));
	TRY(netdev_give(spec, box->pid));
	if (cgroup_attaches(&box->cgroup))
		TRY(cgroup_attach(&box->cgroup, box->pid));
	if (child->foreign)
		return sources_hand_over(spec, &child->sources, box->sync, box->pid);
	if (child->wait_for_enter)
		return sync_send(box->sync, SYNC_ENTER, NULL, 0);
	return 0;
}

static int start(struct child *child, struct box *box)
{
	TRY(sources_prepare(child->spec, &child->sources));
	TRY(spawn(child, box));
	return let_enter(child, box);
}

int box_spawn(const struct spec *spec, struct box *ret_box)
{
	autoclose int stub = -1;
	int rc;
	struct child child = {
		.spec = spec,
		.caller = geteuid(),
		.foreign = ns_is_foreign(spec),
		.sources = SOURCES_INIT,
		.root = ROOTFS_INIT,
		.tty = TTY_INIT,
		.env = STRVEC_INIT,
		.stage = STAGE_SETUP,
	};

	*ret_box = (struct box)BOX_INIT;
	if (spec->process.args.n == 0)
		return refuse("there is no command to run");
	TRY(ns_check(spec));
	TRY(label_check(&spec->process));
	TRY(fail_in(sysctl_check(spec), "linux.sysctl"));
	stub = exec_open_stub();
	TRY(stub);
	ret_box->shares_pids = spec->ns[NS_PID].mode != NS_NEW;
	TRY(cgroup_make(spec, &ret_box->cgroup));
	ret_box->scheduler = spec->process.scheduler;
	ret_box->io_priority = spec->process.io_priority;
	child.stub = stub;
	child.root.cgroup = &ret_box->cgroup;
	child.birth.late_cgroup_ns = moves(&ret_box->cgroup);
	if (spec_hooks_inside(&spec->hooks)) {
		ret_box->state = hook_channel();
		TRY(ret_box->state);
	}
	child.state = ret_box->state;
	child.wait_for_enter = cgroup_attaches(&ret_box->cgroup) ||
			       spec->ns[NS_USER].mode != NS_HOST || spec->net_devices.n > 0;
	rc = start(&child, ret_box);
	sources_release(&child.sources);
	return rc;
}

/* The child is gone without a word: something outside has killed it. */
static int fail_died(struct box *box)
{
	const char *who = box->joins ? "the process that joins the container"
				     : "the container's first process";
	int status = 0;

	if (box_wait(box, &status) == 0 && WIFSIGNALED(status))
		return refuse_with(ECHILD, "%s was killed by signal %d before it was ready", who,
				   WTERMSIG(status));
	return refuse_with(ECHILD, "%s ended before it was ready", who);
}

/* What the child says next, which should be `word`. */
static int hear(struct box *box, enum sync_word word, int *fds, size_t n)
{
	struct sync_news news;
	int rc = sync_next(box->sync, &news, fds, n);

	if (rc == -ECONNRESET)
		return fail_died(box);
	box->exec_failed = rc < 0 && news.stage == STAGE_EXEC;
	TRY(rc);
	return sync_expect(&news, word);
}

int box_mounted(struct box *box)
{
	return hear(box, SYNC_HOOKS, NULL, 0);
}

int box_hooked(struct box *box)
{
	return sync_send(box->sync, SYNC_HOOKS, NULL, 0);
}

int box_created(struct box *box)
{
	TRY(hear(box, SYNC_CREATED, &box->console, 1));
	box->phase = BOX_CREATED;
	return tuning_give(&box->scheduler, &box->io_priority, box->pid);
}

/* A child that has failed before says that in its place. */
static int pass_listener(const struct box *box)
{
	if (box->listener.spec == NULL || !listener_is_offered(box->sync))
		return 0;
	return listener_pass(&box->listener, box->sync);
}

int box_go(struct box *box)
{
	int rc = sync_send(box->sync, SYNC_GO, NULL, 0);
	pid_t born;

	if (rc < 0 && box->called) {
		err_clear();
		return -ECONNREFUSED;
	}
	TRY(rc);
	/* The end of the socket is a success only for who was heard. */
	rc = box->called ? sync_wait(box->sync, SYNC_GO, NULL, 0) : 0;
	if (rc == -ECONNRESET)
		return -ECONNREFUSED;
	TRY(rc);
	TRY(pass_listener(box));
	if (box->joins)
		return join_go(box);
	TRY(exec_result(box->sync, &born, &box->exec_failed));
	box->phase = BOX_RUNNING;
	return 0;
}

int box_leave(struct box *box, int listener)
{
	int rc = stay_leave(box->sync, listener);

	if (rc == -ECONNRESET)
		return fail_died(box);
	TRY(rc);
	box->phase = BOX_NONE;
	cgroup_release(&box->cgroup);
	return 0;
}

int box_called(int dirfd, const char *name, struct box *ret_box)
{
	struct box box = BOX_INIT;

	box.called = true;
	box.sync = stay_call(dirfd, name);
	TRY(box.sync);
	*ret_box = box;
	return 0;
}

int box_wait(struct box *box, int *ret_status)
{
	TRY(proc_reap(box->pid, ret_status));
	box->phase = BOX_ENDED;
	return 0;
}

static void end_child(struct box *box)
{
	int status;

	if (box->pid <= 0 || box->phase == BOX_NONE || box->phase == BOX_ENDED)
		return;
	kill(box->pid, SIGKILL);
	(void)proc_reap(box->pid, &status);
	box->phase = BOX_ENDED;
}

int box_release(struct box *box)
{
	int rc = 0;

	end_child(box);
	if (box->cgroup.driver != NULL) {
		if (box->shares_pids)
			(void)cgroup_kill(&box->cgroup);
		rc = cgroup_remove(&box->cgroup);
		cgroup_release(&box->cgroup);
	}
	cleanup_close(&box->sync);
	cleanup_close(&box->state);
	cleanup_close(&box->console);
	cleanup_close(&box->pidfd);
	*box = (struct box)BOX_INIT;
	return rc;
}
