/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/start.h"

#include <unistd.h>

#include "base/err.h"
#include "container/supervisor.h"

/* Not attached to any output: the caller wants to know what it started. */
static void print_id(const struct request *request, const char *id)
{
	char line[66];
	size_t len = (size_t)snprintf(line, sizeof(line), "%s\n", id);

	if (!stdio_is_attached(request, "stdout") && !stdio_is_attached(request, "stderr"))
		(void)!write(STDOUT_FILENO, line, len);
}

static int run(const struct host *host, const struct request *request,
	       struct supervisor *supervisor)
{
	int rc = supervisor_begin(supervisor);

	if (rc < 0)
		return supervisor_give_up(supervisor, rc);
	print_id(request, supervisor->container->record.id);
	record_sweep(host);
	TRY(supervisor_run(supervisor));
	return supervisor_conclude(supervisor);
}

int start_foreground(const struct host *host, const struct request *request,
		     struct container *container)
{
	AUTO(supervisor) supervisor = SUPERVISOR_INIT;

	supervisor.host = host;
	supervisor.request = request;
	supervisor.container = container;
	err_clear();
	return run(host, request, &supervisor);
}
