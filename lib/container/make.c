/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/make.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/path.h"
#include "base/units.h"
#include "container/device.h"
#include "container/environment.h"
#include "container/etc.h"
#include "container/event.h"
#include "container/logdriver.h"
#include "container/mounts.h"
#include "container/namespaces.h"
#include "container/overrides.h"
#include "container/process.h"
#include "container/requirement.h"
#include "container/resources.h"
#include "container/scratch.h"
#include "container/secretopt.h"
#include "container/security.h"
#include "container/terms.h"
#include "container/upkeep.h"
#include "container/volumemount.h"
#include "spec/profile.h"

#define SHM_SIZE (UINT64_C(64) << 20)
#define SHORT_ID 12

/* What a user may name besides images. */
#define HOST_PREFIX "host:"
#define ROOTFS_PREFIX "rootfs:"

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

int container_open_store(const struct host *host, struct container *container)
{
	return container->store.fd >= 0 ? 0 : store_open(host, &container->store);
}

/* "DIR[:O]": the directory itself, or a throw-away overlay over it. */
static int make_directory_root(const char *text, struct spec_root *root, bool *ret_overlay)
{
	const char *colon = strrchr(text, ':');
	autofree char *path = colon != NULL && strcmp(colon, ":O") == 0
				      ? xstrndup(text, (size_t)(colon - text))
				      : xstrdup(text);
	struct stat st;

	*ret_overlay = colon != NULL && strcmp(colon, ":O") == 0;
	root->kind = ROOT_DIRECTORY;
	TRY(path_absolute(path, &root->path));
	if (stat(root->path, &st) < 0)
		return fail("rootfs '%s'", root->path);
	if (!S_ISDIR(st.st_mode))
		return refuse("rootfs '%s' is not a directory", root->path);
	return 0;
}

int make_open_image(const struct request *request, struct container *container, const char *name,
		    const struct platform *platform, struct image *ret_image)
{
	bool pulled = false;
	struct pull_options options = {
		.platform = platform,
		.progress = request->progress,
		.pulled = &pulled,
	};

	registry_request_options(&request->registry, container->store.host, &options.registry);
	/* A plan leaves no trace. */
	TRY(pull_open(&container->store, name, request->dry_run ? PULL_NEVER : request->pull,
		      &options, ret_image));
	if (pulled)
		event_add_image(container->host, "pull", ret_image->id, name);
	return 0;
}

static int open_image(const struct host *host, const struct request *request,
		      struct container *container)
{
	struct platform platform = { 0 };
	int rc;

	TRY(container_open_store(host, container));
	TRY(fail_in(platform_parse(request->platform, &platform), "--platform"));
	rc = make_open_image(request, container, request->image, &platform, &container->image);
	platform_release(&platform);
	return rc;
}

/* What the root file system is made of; *ret_overlay: it wants an upper layer. */
static int make_root(const struct host *host, const struct request *request,
		     struct container *container, bool *ret_overlay)
{
	struct spec_root *root = &container->spec.root;

	root->readonly = request->read_only;
	if (request->rootfs)
		return make_directory_root(request->image, root, ret_overlay);
	if (starts_with(request->image, ROOTFS_PREFIX))
		return make_directory_root(request->image + strlen(ROOTFS_PREFIX), root,
					   ret_overlay);
	if (strcmp(request->image, HOST_PREFIX) == 0) {
		root->kind = ROOT_HOST;
		return 0;
	}
	TRY(open_image(host, request, container));
	root->kind = ROOT_OVERLAY;
	strvec_push_all(&root->lower, &container->image.layers);
	if (!request->dry_run) {
		char *base;

		TRY(scratch_make_base(host, &base));
		strvec_push_owned(&root->lower, base);
	}
	if (!request->dry_run && request->secrets.n != 0) {
		char *base;

		TRY(scratch_make_secrets_base(host, &base));
		strvec_push_owned(&root->lower, base);
	}
	*ret_overlay = !root->readonly;
	return 0;
}

static int make_userns(const struct host *host, const struct request *request,
		       struct container *container)
{
	bool known = container->store.fd >= 0;
	enum tier tier = known ? container->store.tier : idmap_tier(host);
	AUTO(idmaps) maps = { 0 };
	struct spec *spec = &container->spec;

	if (!known)
		TRY(idmap_for_store(host, tier, &maps));
	TRY(userns_make(host, tier, known ? &container->store.maps : &maps, request,
			&container->userns));
	spec->ns[NS_USER].mode = container->userns.new ? NS_NEW : NS_HOST;
	spec->seccomp.fake_owner = tier == TIER_SINGLE;
	for (size_t i = 0; i < container->userns.maps.uid.n; i++)
		*VEC_PUSH(&spec->idmaps.uid) = container->userns.maps.uid.v[i];
	for (size_t i = 0; i < container->userns.maps.gid.n; i++)
		*VEC_PUSH(&spec->idmaps.gid) = container->userns.maps.gid.v[i];
	return 0;
}

static int make_network(const struct host *host, const struct request *request,
			struct container *container)
{
	TRY(network_parse(host, request->network, &container->network));
	for (size_t i = 0; i < request->publish.n; i++)
		TRY(network_add_port(&container->network, request->publish.v[i]));
	return network_check(host, &container->network);
}

/* Lines of a file: KEY=VALUE, with # for comments. */
static int read_labels(const char *path, struct strvec *labels)
{
	AUTO(strvec) lines = STRVEC_INIT;
	AUTO(buf) text = BUF_INIT;

	TRY(fail_in(fs_read_file(AT_FDCWD, path, MAX_ENV_TOTAL, &text), "--label-file"));
	strvec_split(&lines, text.data, '\n');
	for (size_t i = 0; i < lines.n; i++) {
		const char *line = lines.v[i] + strspn(lines.v[i], " \t");

		if (*line != '\0' && *line != '#')
			strvec_push(labels, line);
	}
	return 0;
}

/* The image's labels, then those of the files, then those of the options; "KEY" is "KEY=". */
static int make_labels(const struct request *request, struct container *container)
{
	struct record *record = &container->record;
	AUTO(strvec) given = STRVEC_INIT;

	strvec_push_all(&record->labels, &container->image.config.labels);
	for (size_t i = 0; i < request->label_files.n; i++)
		TRY(read_labels(request->label_files.v[i], &given));
	strvec_push_all(&given, &request->labels);
	for (size_t i = 0; i < given.n; i++) {
		if (*given.v[i] == '=' || *given.v[i] == '\0')
			return refuse("'%s' is not a label: KEY=VALUE", given.v[i]);
		if (strchr(given.v[i], '=') != NULL)
			env_put(&record->labels, given.v[i]);
		else
			env_set(&record->labels, given.v[i], "");
	}
	for (size_t i = 0; i < request->annotations.n; i++) {
		const char *text = request->annotations.v[i], *equals = strchrnul(text, '=');
		autofree char *key = xstrndup(text, (size_t)(equals - text));

		if (*key == '\0' || *equals == '\0' || starts_with(key, "org.berth."))
			return refuse("--annotation '%s': KEY=VALUE, and no key of org.berth.",
				      text);
		keyvalues_add(&container->spec.annotations, key, equals + 1);
	}
	return 0;
}

static int make_stop_signal(const struct request *request, struct container *container)
{
	const char *text = request->stop_signal != NULL ? request->stop_signal
							: container->image.config.stop_signal;

	container->stop_signal = SIGTERM;
	if (text == NULL || *text == '\0')
		return 0;
	return fail_in(units_parse_signal(text, &container->stop_signal), "%s",
		       request->stop_signal != NULL ? "--stop-signal" : "STOPSIGNAL of the image");
}

/* The name it has, and the one for its environment and /etc/hosts. */
static char *make_hostname(const struct request *request, struct container *container)
{
	struct utsname host;

	if (container->spec.ns[NS_UTS].mode != NS_NEW) {
		if (uname(&host) < 0)
			return xstrdup("localhost");
		return xstrdup(host.nodename);
	}
	xreplace(&container->spec.hostname, request->hostname);
	if (request->hostname == NULL)
		container->spec.hostname = xstrndup(container->record.id, SHORT_ID);
	return xstrdup(container->spec.hostname);
}

static int describe(const struct request *request, struct container *container)
{
	struct record *record = &container->record;
	const struct image *image = &container->image;

	strvec_push_all(&record->command, &container->spec.process.args);
	record->image = xstrdup(image->name != NULL ? image->name : request->image);
	record->image_id = image->id[0] != '\0' ? xstrdup(image->id) : NULL;
	record->stop_signal = container->stop_signal;
	record->network = xstrdup(network_name(container->network.kind));
	network_describe_ports(&container->network, &record->ports);
	if (request->detach)
		record->log_driver =
			xstrdup(request->log_driver != NULL ? request->log_driver : LOG_DEFAULT);
	strvec_push_all(&record->log_options, &request->log_options);
	record->network_text = xstrdup_null(request->network);
	strvec_push_all(&record->publish, &request->publish);
	strvec_push_all(&record->secrets, &request->secrets);
	strvec_push_all(&record->exposed, &image->config.exposed_ports);
	for (size_t i = 0; i < container->images.n; i++)
		strvec_push(&record->mounted_images, container->images.v[i].id);
	record->pidfile = xstrdup_null(request->pidfile);
	record->monitor_pidfile = xstrdup_null(request->monitor_pidfile);
	record->stop_timeout = request->stop_timeout;
	record->timeout = (int64_t)request->timeout;
	record->restart = xstrdup_null(request->restart);
	record->tty = request->tty;
	record->once = container->userns.locks.n != 0;
	return image->id[0] != '\0'
		       ? overrides_make(request, &image->config, &container->spec, record)
		       : 0;
}

static int make_directory(const struct host *host, const struct request *request,
			  struct container *container)
{
	struct record made = RECORD_INIT;

	if (request->dry_run) {
		TRY(fs_random_hex(container->record.id, 32));
		container->record.name = xstrdup_null(request->name);
	} else {
		TRY(record_create(host, request->name, request->replace, request->rm, &made));
		made.labels = container->record.labels;
		container->record.labels = (struct strvec)STRVEC_INIT;
		container->record = made;
	}
	container->spec.id = xstrdup(container->record.id);
	return 0;
}

/* The mode of the container's "/" is that of the image's: an overlay shows its upper layer's. */
static int make_upper(const struct host *host, struct container *container)
{
	struct spec_root *root = &container->spec.root;
	const char *base = root->kind == ROOT_OVERLAY ? root->lower.v[0] : root->path;
	struct stat st;

	if (container->record.dirfd < 0) {
		root->upper = xstrdup("/dev/null");
		root->work = xstrdup("/dev/null");
		return 0;
	}
	if (stat(base, &st) < 0)
		return fail("cannot read '%s'", base);
	root->volatile_upper = container->record.ephemeral;
	return scratch_make(host, &container->record, st.st_mode & 07777, &root->upper,
			    &root->work);
}

/* The /dev/shm of another IPC namespace has a size already. */
static int check_shm_size(const struct request *request, const struct spec *spec)
{
	if (request->shm_size <= 0)
		return refuse("--shm-size: more than 0 bytes");
	if (spec->ns[NS_IPC].mode != NS_NEW)
		return refuse("--shm-size is for a /dev/shm of the container's own: it needs --ipc "
			      "private");
	return 0;
}

/* Who starts it again is the monitor, which only containers in the background have. */
static int make_health(const struct request *request, struct container *container)
{
	struct health_config *health = &container->health;

	TRY(health_request_make(&request->health, container->image.config.healthcheck, health));
	if (health->on_failure != HEALTH_ACTION_RESTART && health->startup_retries == 0)
		return 0;
	if (request->rm)
		return refuse("%s: a container of --rm is not started again",
			      health->startup_retries != 0 ? "--health-startup-retries"
							   : "--health-on-failure restart");
	if (request->detach)
		return 0;
	refuse("%s is for containers in the background", health->startup_retries != 0
								 ? "--health-startup-retries"
								 : "--health-on-failure restart");
	hint("give -d; or --health-on-failure kill, and Restart=on-failure in the unit that runs "
	     "berth");
	return -EINVAL;
}

/* What needs no directory yet. */
static int make_plan(const struct host *host, const struct request *request,
		     struct container *container)
{
	struct spec *spec = &container->spec;
	const struct image_config *image =
		container->image.id[0] != '\0' ? &container->image.config : NULL;

	TRY(make_userns(host, request, container));
	TRY(make_network(host, request, container));
	TRY(namespaces_make(request, &container->network, spec));
	spec->privileged = request->privileged;
	if (request->shm_size != LIMIT_NONE)
		TRY(check_shm_size(request, spec));
	profile_apply(spec,
		      request->shm_size != LIMIT_NONE ? (uint64_t)request->shm_size : SHM_SIZE);
	TRY(process_make(request, image, host, &container->userns, spec));
	TRY(resources_make(request, &spec->cgroup));
	TRY(security_make(host, request, spec));
	TRY(make_stop_signal(request, container));
	TRY(make_health(request, container));
	return make_labels(request, container);
}

/* What is written into the container's directory, or named after it. */
static int make_files(const struct host *host, const struct request *request, bool overlay,
		      struct container *container)
{
	autofree char *hostname = make_hostname(request, container);
	struct spec *spec = &container->spec;
	AUTO(strvec) env = STRVEC_INIT;

	TRY(environment_make(request, &container->image.config.env, hostname, &env));
	for (size_t i = 0; i < spec->process.env.n; i++) /* LISTEN_FDS */
		env_put(&env, spec->process.env.v[i]);
	strvec_release(&spec->process.env);
	spec->process.env = env;
	env = (struct strvec)STRVEC_INIT;
	TRY(mounts_make(host, request, container));
	for (size_t i = 0; i < request->devices.n; i++)
		TRY(device_add(request->devices.v[i], spec));
	TRY(etc_make_timezone(request, spec));
	TRY(secretopt_apply(host, &request->secrets, spec));
	TRY(security_compile_filter(host, spec));
	TRY(describe(request, container));
	TRY(requirement_note(host, &request->requires, &container->record));
	if (overlay)
		TRY(make_upper(host, container));
	return request->dry_run ? 0 : etc_make(host, request, hostname, container);
}

static int save_health(const struct container *container)
{
	const struct upkeep upkeep = { .health = container->health };

	return upkeep_save(&container->record, &upkeep);
}

static int make(const struct host *host, const struct request *request, struct container *container)
{
	bool overlay = false;

	TRY(request_check(request));
	TRY(make_root(host, request, container, &overlay));
	TRY(make_plan(host, request, container));
	TRY(make_directory(host, request, container));
	TRY(make_files(host, request, overlay, container));
	if (request->dry_run)
		return 0;
	if (health_is_on(&container->health))
		TRY(save_health(container));
	if (!container->record.ephemeral)
		TRY(terms_save(&container->record, &container->spec));
	return record_save(&container->record);
}

int make_container(const struct host *host, const struct request *request,
		   struct container *ret_container)
{
	struct container container = CONTAINER_INIT;
	int rc;

	spec_init(&container.spec);
	container.host = host;
	rc = make(host, request, &container);
	if (rc < 0) {
		container_release(&container);
		return rc;
	}
	*ret_container = container;
	return 0;
}

void container_release(struct container *container)
{
	struct record *record = &container->record;

	/* An error that is on its way to the user says more than one of the removal. */
	if (record->dirfd >= 0 && record->locked && record->status == RECORD_CREATED &&
	    !container->kept) {
		AUTO(err_kept) kept = err_keep();

		etc_unlink(container);
		record->with_volumes = true;
		volumemount_unlock(container);
		record_remove(container->host, record, true);
		err_restore(&kept);
	}
	for (size_t i = 0; i < container->images.n; i++)
		image_release(&container->images.v[i]);
	free(container->images.v);
	volumemount_unlock(container);
	spec_release(&container->spec);
	network_release(&container->network);
	record_release(record);
	image_release(&container->image);
	store_release(&container->store);
	userns_release(&container->userns);
	health_config_release(&container->health);
}
