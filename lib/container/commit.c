/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/commit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/proc.h"
#include "box/cgroup.h"
#include "container/overrides.h"
#include "image/change.h"
#include "image/child.h"
#include "image/delta.h"
#include "image/flatten.h"

/* --- standing still --------------------------------------------------------------------------- */

/* It must go on whatever becomes of us: a child of ours sees to that where we are killed. */
struct pause {
	struct cgroup cgroup;
	bool frozen; /* by us */
	pid_t guard;
	int guarded; /* our end: a byte, and the guard has nothing to do */
};

static void run_guard(const struct pause *pause, int fd)
{
	char byte = 0;
	ssize_t n;

	/* A signal for all that the user started together is not for it. */
	(void)setsid();
	(void)!write(fd, &byte, 1);
	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		(void)cgroup_freeze(&pause->cgroup, false);
	_exit(0);
}

static int start_guard(struct pause *pause)
{
	int ends[2];
	ssize_t n;
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return fail("cannot talk to a child");
	pause->guard = fork();
	if (pause->guard == 0) {
		close(ends[0]);
		run_guard(pause, ends[1]);
	}
	close(ends[1]);
	pause->guarded = ends[0];
	if (pause->guard < 0)
		return fail("cannot start a child");
	do
		n = read(pause->guarded, &byte, 1);
	while (n < 0 && errno == EINTR);
	return n == 1 ? 0 : refuse_with(ECANCELED, "a child of berth ended");
}

static void pause_release(struct pause *pause)
{
	/* What went wrong before is what is to be told. */
	AUTO(err_kept) kept = err_keep();
	bool thawed = !pause->frozen || cgroup_freeze(&pause->cgroup, false) >= 0;

	if (pause->guard > 0) {
		if (thawed)
			(void)send(pause->guarded, "", 1, MSG_NOSIGNAL);
		cleanup_close(&pause->guarded);
		(void)proc_reap(pause->guard, &(int){ 0 });
	}
	cgroup_release(&pause->cgroup);
	err_restore(&kept);
}

/* A container that cannot be paused is committed all the same. */
static int pause_begin(const struct record *record, const struct commit *commit,
		       struct pause *pause)
{
	AUTO(buf) remark = BUF_INIT;
	int rc = -EOPNOTSUPP;

	if (!commit->pause || record->status != RECORD_RUNNING)
		return 0;
	if (record->cgroup != NULL && *record->cgroup != '\0') {
		TRY(cgroup_find(record->cgroup, &pause->cgroup));
		if (cgroup_is_frozen(&pause->cgroup))
			return 0;
		TRY(start_guard(pause));
		rc = cgroup_freeze(&pause->cgroup, true);
	}
	pause->frozen = rc >= 0;
	if (rc >= 0)
		return 0;
	buf_addf(&remark, "the container '%s' is not paused: %s", record->name,
		 rc == -EOPNOTSUPP ? "it has no cgroup that can be frozen" : err_text());
	err_clear();
	commit->remark(remark.data);
	return 0;
}

/* --- the layer -------------------------------------------------------------------------------- */

/* A file without a name in the store: it goes with us. */
static int make_file(const struct store *store)
{
	int fd = openat(store->fd, "tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char name[33];

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd >= 0 ? fd : fail("cannot make a file in '%s/tmp'", store->path);
	AUTO(store_tmp) tmp = STORE_TMP_INIT;

	TRY(store_tmp_make((struct store *)store, &tmp));
	TRY(fs_random_hex(name, 16));
	return fs_open(tmp.fd, name, O_RDWR | O_CREAT | O_EXCL, 0600);
}

static int write_layer(struct contents *contents, const struct commit *commit, int fd)
{
	AUTO(pause) pause = { .cgroup = CGROUP_INIT, .guarded = -1 };
	struct strvec layers = contents->layers;

	TRY(pause_begin(&contents->record, commit, &pause));
	if (!commit->squash)
		return delta_write(&contents->store, contents->upper, &contents->owners, fd);
	/* The places that are mounted over are no part of an image. */
	layers.n--;
	return flatten(&contents->store, &layers, &contents->owners, fd, "the layer");
}

/* --- the configuration ------------------------------------------------------------------------ */

static void copy_config(const struct image_config *from, struct image_config *to)
{
	to->user = xstrdup_null(from->user);
	to->working_dir = xstrdup_null(from->working_dir);
	to->stop_signal = xstrdup_null(from->stop_signal);
	to->os = xstrdup_null(from->os);
	to->architecture = xstrdup_null(from->architecture);
	to->variant = xstrdup_null(from->variant);
	strvec_push_all(&to->env, &from->env);
	strvec_push_all(&to->entrypoint, &from->entrypoint);
	strvec_push_all(&to->cmd, &from->cmd);
	strvec_push_all(&to->volumes, &from->volumes);
	strvec_push_all(&to->exposed_ports, &from->exposed_ports);
}

static int make_config(const struct contents *contents, const struct commit *commit,
		       struct image_config *config)
{
	copy_config(&contents->image.config, config);
	TRY(overrides_apply(&contents->record, config));
	TRY(imageconfig_set_created(config));
	for (size_t i = 0; i < commit->changes->n; i++)
		TRY(change_apply(commit->changes->v[i], config));
	return 0;
}

static char *join(const struct strvec *words)
{
	AUTO(buf) text = BUF_INIT;

	for (size_t i = 0; i < words->n; i++)
		buf_addf(&text, "%s%s", i > 0 ? " " : "", words->v[i]);
	return buf_steal(&text);
}

static int commit_config(struct contents *contents, const struct commit *commit,
			 const struct image_config *config, char *ret_id)
{
	autofree char *created_by = join(&contents->record.command);
	const struct child child = {
		.parent = &contents->image,
		.author = commit->author,
		.comment = commit->comment,
		.created_by = created_by,
		.squash = commit->squash,
		.docker = commit->docker,
	};
	struct layer_source source = LAYER_SOURCE_INIT;
	autoclose int fd = make_file(&contents->store);

	TRY(fd);
	TRY(write_layer(contents, commit, fd));
	if (lseek(fd, 0, SEEK_SET) < 0)
		return fail("cannot read the layer again");
	source.fd = fd;
	source.name = "the layer";
	return child_make(&contents->store, &child, &source, config, commit->names, ret_id);
}

int commit_make(struct contents *contents, const struct commit *commit, char *ret_id)
{
	struct image_config config = { 0 };
	int rc = make_config(contents, commit, &config);

	if (rc >= 0)
		rc = commit_config(contents, commit, &config, ret_id);
	image_config_release(&config);
	return rc;
}
