/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "box/rootview.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/exit.h"
#include "base/proc.h"
#include "box/become.h"
#include "box/mount.h"
#include "box/ns.h"
#include "box/rootfs.h"
#include "box/source.h"
#include "box/sync.h"

/* What the child has to know: in its user namespace it has other ids. */
struct child {
	const struct rootview *view;
	bool foreign;
	int sync;
	struct sources sources;
};

/* A socket, as box.c has it: the child is told when it has its ids, and with them, in a user
 * namespace that has no rights to the caller's files, what there is to mount. */
static int enter(struct child *child)
{
	const struct spec *spec = child->view->spec;
	struct sources *sources = &child->sources;

	TRY(become_tied(child->sync));
	if (child->foreign)
		TRY(sources_receive(spec, child->sync, sources));
	else if (spec->ns[NS_USER].mode == NS_NEW)
		TRY(sync_wait(child->sync, SYNC_ENTER, NULL, 0));
	TRY(ns_become_root(spec));
	/* The change of ids has cleared it. */
	TRY(become_tied(child->sync));
	return child->foreign ? 0 : sources_open(spec, -1, sources);
}

static int build(struct child *child)
{
	const struct spec *spec = child->view->spec;
	struct rootfs root = ROOTFS_INIT;

	umask(0);
	TRY(enter(child));
	root.fd = steal_fd(&child->sources.root);
	TRY(rootfs_attach(spec, root.fd));
	TRY(mount_all(spec, &child->sources, &root));
	sources_release(&child->sources);
	TRY(rootfs_seal(spec, &root));
	if (child->view->pivot)
		TRY(rootfs_pivot(&root));
	return root.fd;
}

static void __attribute__((noreturn)) run_child(struct child *child)
{
	int root, rc;

	err_clear();
	root = build(child);
	rc = root < 0 ? root : sync_send(child->sync, SYNC_CREATED, NULL, 0);
	if (rc >= 0) {
		close(child->sync);
		child->view->body(child->view->arg, root);
	} else if (rc != -ECONNRESET) {
		(void)!err_send(child->sync, rc, STAGE_SETUP);
	}
	_exit(EXIT_OK);
}

/* What only the parent may do. */
static int let_enter(const struct child *child, int sync, pid_t pid)
{
	const struct spec *spec = child->view->spec;

	if (spec->ns[NS_USER].mode != NS_NEW)
		return 0;
	TRY(idmap_write(pid, &spec->idmaps));
	if (ns_is_foreign(spec))
		return sources_hand_over(spec, &child->sources, sync, pid);
	return sync_send(sync, SYNC_ENTER, NULL, 0);
}

static int await_root(const struct child *child, int sync, pid_t pid)
{
	int rc;

	TRY(let_enter(child, sync, pid));
	rc = sync_wait(sync, SYNC_CREATED, NULL, 0);
	if (rc == -ECONNRESET)
		return refuse_with(ECHILD, "a child of berth ended before the root file system of "
					   "the container was put together");
	return rc;
}

int rootview_start(const struct rootview *view, pid_t *ret_pid)
{
	struct child child = {
		.view = view,
		.foreign = ns_is_foreign(view->spec),
		.sources = SOURCES_INIT,
	};
	const struct cgroup none = CGROUP_INIT;
	struct ns_birth birth = { .cgroup = &none, .pidfd = -1 };
	autoclose int ours = -1, pidfd = -1;
	int pair[2], rc;
	pid_t pid;

	TRY(ns_check(view->spec));
	TRY(sync_pair(pair));
	TRY(sources_prepare(view->spec, &child.sources));
	pid = ns_clone(view->spec, &birth);
	if (pid == 0) {
		close(pair[0]);
		child.sync = pair[1];
		run_child(&child);
	}
	pidfd = birth.pidfd;
	ours = pair[0];
	close(pair[1]);
	rc = pid < 0 ? (int)pid : await_root(&child, ours, pid);
	sources_release(&child.sources);
	if (pid < 0)
		return rc;
	if (rc < 0) {
		kill(pid, SIGKILL);
		(void)proc_reap(pid, &(int){ 0 });
		return rc;
	}
	*ret_pid = pid;
	return 0;
}
