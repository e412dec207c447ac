/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/making.h"

#include "base/err.h"
#include "base/out.h"
#include "command/progress.h"
#include "container/notice.h"

/* Of a pull: to who looks, and to systemd, which would give up waiting. */
struct telling {
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

int making_make(const struct host *host, struct request *request, const struct strvec *operands,
		struct container *ret_container)
{
	AUTO(telling) telling = { 0 };
	int rc;

	request_make_absolute(request);
	xreplace(&request->image, operands->v[0]);
	strvec_set(&request->command, operands->v + 1);
	for (size_t i = 0; i < request->remarks.n; i++)
		out_note("%s", request->remarks.v[i]);
	progress_view_init(&telling.view, PROGRESS_AUTO, request->quiet);
	request->progress = (struct progress_sink){ .show = tell_progress, .arg = &telling };
	rc = make_container(host, request, ret_container);
	request->progress = (struct progress_sink){ 0 };
	TRY(rc);
	if (ret_container->network.ports_ignored)
		out_note("--publish is ignored: with --network host the container listens on the "
			 "host itself");
	return 0;
}
