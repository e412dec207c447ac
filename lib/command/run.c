/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/command.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/out.h"
#include "command/making.h"
#include "command/options.h"
#include "container/make.h"
#include "container/monitor.h"
#include "container/request.h"
#include "container/requirement.h"
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

	TRY(check_status_fd(request));
	TRY(making_make(host, request, operands, &container));
	if (request->dry_run)
		return print_plan(&container);
	TRY(requirement_start(host, &container.record));
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
	.remarks = MAKING_REMARKS
	"\n"
	"Root's default network is none: bridge networks come with a later version.",
	.options =
		(const struct opt *const[]){ options_process, options_environment, options_identity,
					     options_userns, options_namespaces, options_network,
					     options_limits, options_resources, options_mounts,
					     options_security, options_image, options_lifecycle,
					     options_health, options_plan, options_foreign, NULL },
	.mode = OPT_STOP_AT_OPERAND,
	.request_size = sizeof(struct request),
	.init = init,
	.operands_min = 1,
	.operands_max = OPERANDS_ANY,
	.operand_values = VALUES_IMAGE,
	.run = run,
	.release = release,
};
