/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/remake.h"

#include <stdlib.h>
#include <string.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "box/cgroup.h"
#include "container/logdriver.h"
#include "container/secretopt.h"
#include "container/security.h"
#include "container/upkeep.h"
#include "container/volumemount.h"
#include "spec/config.h"

static int read_plan(const struct record *record, struct spec *spec)
{
	AUTO(buf) text = BUF_INIT;

	TRY(fs_read_file(record->dirfd, "config.json", MAX_STATE_FILE, &text));
	spec_release(spec);
	return config_read_whole(text.data, text.len, spec);
}

static int remake_network(const struct host *host, struct container *container)
{
	const struct record *record = &container->record;

	network_release(&container->network);
	TRY(network_parse(host, record->network_text, &container->network));
	for (size_t i = 0; i < record->publish.n; i++)
		TRY(network_add_port(&container->network, record->publish.v[i]));
	return network_check(host, &container->network);
}

static int open_image(struct container *container, const char *id, struct image *ret_image)
{
	struct pull_options options = { 0 };
	struct platform platform = { 0 };
	int rc;

	TRY(platform_parse(NULL, &platform));
	options.platform = &platform;
	rc = pull_open(&container->store, id, PULL_NEVER, &options, ret_image);
	platform_release(&platform);
	return rc;
}

/* Their locks keep the layers where they are. */
static int lock_images(const struct host *host, struct container *container)
{
	const struct record *record = &container->record;

	if (record->image_id != NULL || record->mounted_images.n != 0)
		TRY(container_open_store(host, container));
	if (record->image_id != NULL && container->image.lock < 0)
		TRY(open_image(container, record->image_id, &container->image));
	for (size_t i = container->images.n; i < record->mounted_images.n; i++) {
		struct image *image = VEC_PUSH(&container->images);

		*image = (struct image)IMAGE_INIT;
		TRY(open_image(container, record->mounted_images.v[i], image));
	}
	return 0;
}

int remake_files(const struct host *host, struct container *container)
{
	TRY(read_plan(&container->record, &container->spec));
	TRY(lock_images(host, container));
	return volumemount_lock(container);
}

static int read_upkeep(struct container *container)
{
	AUTO(upkeep) upkeep = UPKEEP_INIT;

	TRY(upkeep_load(&container->record, &upkeep));
	if (upkeep.restart != NULL)
		xreplace(&container->record.restart, upkeep.restart);
	health_config_release(&container->health);
	container->health = upkeep.health;
	upkeep.health = (struct health_config)HEALTH_CONFIG_INIT;
	return 0;
}

/* Descriptors of the first run are gone with it. */
static void forget_descriptors(struct spec_process *process)
{
	env_unset(&process->env, "LISTEN_FDS");
	env_unset(&process->env, "LISTEN_PID");
	env_unset(&process->env, "LISTEN_FDNAMES");
	process->preserve_fds = 0;
}

/* Where it will be, as far as that is known: if we are killed before the state says so, others find
 * what is to be removed. */
static int note_cgroup(struct record *record)
{
	AUTO(buf) name = BUF_INIT;

	if (cgroup_guess(record->id, &name) < 0)
		err_clear();
	xreplace(&record->cgroup, name.len != 0 ? name.data : NULL);
	return record_save(record);
}

int remake_again(const struct host *host, struct container *container)
{
	struct record *record = &container->record;

	if (record->once) {
		refuse("the ids that --userns auto gave it were for one start");
		hint("run a new container");
		return -EINVAL;
	}
	TRY(read_plan(record, &container->spec));
	TRY(secretopt_apply(host, &record->secrets, &container->spec));
	TRY(read_upkeep(container));
	xreplace(&container->spec.id, record->id);
	TRY(security_compile_filter(host, &container->spec));
	TRY(remake_network(host, container));
	TRY(lock_images(host, container));
	TRY(volumemount_lock(container));
	forget_descriptors(&container->spec.process);
	if (record->log_driver == NULL)
		record->log_driver = xstrdup(LOG_DEFAULT);
	TRY(note_cgroup(record));
	return 0;
}

int remake_container(const struct host *host, struct record *record,
		     struct container *ret_container)
{
	struct container container = CONTAINER_INIT;
	int rc;

	spec_init(&container.spec);
	container.host = host;
	container.kept = true;
	container.record = *record;
	*record = (struct record)RECORD_INIT;
	container.stop_signal = container.record.stop_signal;
	container.record.restarts = 0;
	rc = fail_in(remake_again(host, &container), "the container '%s'", container.record.name);
	if (rc < 0) {
		container_release(&container);
		return rc;
	}
	*ret_container = container;
	return 0;
}

void remake_request(const struct container *container, struct request *ret_request)
{
	const struct spec_process *process = &container->spec.process;

	request_init(ret_request);
	ret_request->detach = true;
	ret_request->tty = process->terminal;
	ret_request->interactive = !process->stdin_null;
	ret_request->pidfile = xstrdup_null(container->record.pidfile);
	ret_request->monitor_pidfile = xstrdup_null(container->record.monitor_pidfile);
	ret_request->timeout = (uint64_t)container->record.timeout;
}
