/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/out.h"
#include "command/options.h"
#include "command/progress.h"
#include "container/make.h"
#include "container/monitor.h"
#include "container/notice.h"
#include "container/request.h"
#include "container/start.h"
#include "spec/config.h"

/* The payload gets descriptors 3 to 3 + N - 1; ours must not be among them. */
static int check_status_fd(const struct request *request)
{
	int64_t fd = request->status_fd;

	if (fd < 0)
		return 0;
	if (fcntl((int)fd, F_GETFD) < 0)
		return refuse("--status-fd: file descriptor %lld is not open", (long long)fd);
	if (fd > STDERR_FILENO && fd <= STDERR_FILENO + request->preserve_fds)
		return refuse("--status-fd %lld is among those that --preserve-fds gives to the "
			      "payload",
			      (long long)fd);
	return 0;
}

/* An OCI runtime takes an overlay ready mounted: at "rootfs" of the bundle. */
static int print_plan(const struct container *container)
{
	const struct spec *spec = &container->spec;
	AUTO(buf) text = BUF_INIT;

	TRY(config_write(spec, spec->root.path != NULL ? spec->root.path : "rootfs", &text));
	buf_add_char(&text, '\n');
	return out_raw(text.data, text.len);
}

/* Of a pull: to who looks, and to systemd, which would give up waiting. */
struct telling {
	const struct request *request;
	struct progress_view view;
};

static void telling_release(struct telling *telling)
{
	progress_view_release(&telling->view);
}

static void tell_progress(void *arg, const struct progress *progress)
{
	struct telling *telling = arg;
	const struct progress_sink sink = progress_view_sink(&telling->view);

	if (sink.show != NULL)
		sink.show(sink.arg, progress);
	notice_pulling(progress);
}

static int start_background(const struct host *host, struct request *request,
			    struct container *container)
{
	int rc = monitor_start(host, request, container);

	return rc != 0 ? rc : out_line("%s", container->record.id);
}

static int run(const struct host *host, void *data, const struct strvec *operands)
{
	struct request *request = data;
	AUTO(container) container = CONTAINER_INIT;
	AUTO(telling) telling = { .request = request };

	request_make_absolute(request);
	xreplace(&request->image, operands->v[0]);
	strvec_set(&request->command, operands->v + 1);
	for (size_t i = 0; i < request->remarks.n; i++)
		out_note("%s", request->remarks.v[i]);
	TRY(check_status_fd(request));
	progress_view_init(&telling.view, PROGRESS_AUTO, request->quiet);
	request->progress = (struct progress_sink){ .show = tell_progress, .arg = &telling };
	TRY(make_container(host, request, &container));
	if (container.network.ports_ignored)
		out_note("--publish is ignored: with --network host the container listens on the "
			 "host itself");
	if (request->dry_run)
		return print_plan(&container);
	return request->detach ? start_background(host, request, &container)
			       : start_foreground(host, request, &container);
}

static void init(void *request)
{
	request_init(request);
}

static void release(void *request)
{
	request_release(request);
}

const struct command command_run = {
	.name = "run",
	.alias = "container run",
	.synopsis = "[OPTIONS] IMAGE [COMMAND [ARG...]]",
	.summary = "Run a command in a new container",
	.remarks = "IMAGE is the name of an image in the store, or one of\n"
		   "  docker-archive:FILE[:REF]  oci-archive:FILE[:REF]  oci:DIR[:REF]\n"
		   "  -            an archive on stdin\n"
		   "  rootfs:DIR   a directory that holds a root file system\n"
		   "  host:        a throw-away overlay over the host's own files\n"
		   "\n"
		   "Root's default network is none: bridge networks come with a later version.",
	.options =
		(const struct opt *const[]){ options_process, options_environment, options_identity,
					     options_userns, options_namespaces, options_network,
					     options_resources, options_mounts, options_security,
					     options_image, options_lifecycle, options_plan,
					     options_foreign, NULL },
	.mode = OPT_STOP_AT_OPERAND,
	.request_size = sizeof(struct request),
	.init = init,
	.operands_min = 1,
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_IMAGE,
	.run = run,
	.release = release,
};
