/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/namespaces.h"

#include <fcntl.h>
#include <string.h>

#include "base/err.h"
#include "base/fs.h"

static int parse_mode(const char *option, const char *text, struct spec_ns *ret_ns)
{
	if (text == NULL || strcmp(text, "private") == 0) {
		ret_ns->mode = NS_NEW;
		return 0;
	}
	if (strcmp(text, "host") == 0) {
		ret_ns->mode = NS_HOST;
		return 0;
	}
	if (strncmp(text, "ns:", 3) == 0 && text[3] == '/') {
		if (fs_exists(AT_FDCWD, text + 3) <= 0)
			return refuse("--%s '%s': there is no such file", option, text);
		ret_ns->mode = NS_JOIN;
		xreplace(&ret_ns->path, text + 3);
		return 0;
	}
	refuse("--%s '%s': host, private, or ns:PATH", option, text);
	if (strncmp(text, "container:", 10) == 0)
		hint("give the namespace of a process of that container: ns:/proc/PID/ns/%s",
		     option);
	return -EINVAL;
}

/* "shareable" is podman's word for one that others may join, as all of ours. */
static const char *ipc_text(const struct request *request)
{
	if (request->ipc != NULL && strcmp(request->ipc, "shareable") == 0)
		return "private";
	return request->ipc;
}

static void set_network(const struct network *network, struct spec_ns *ns)
{
	ns->mode = NS_NEW;
	if (network->kind == NETWORK_HOST)
		ns->mode = NS_HOST;
	if (network->kind == NETWORK_NS) {
		ns->mode = NS_JOIN;
		xreplace(&ns->path, network->path);
	}
}

int namespaces_make(const struct request *request, const struct network *network, struct spec *spec)
{
	TRY(parse_mode("pid", request->pid, &spec->ns[NS_PID]));
	TRY(parse_mode("ipc", ipc_text(request), &spec->ns[NS_IPC]));
	TRY(parse_mode("uts", request->uts, &spec->ns[NS_UTS]));
	TRY(parse_mode("cgroupns", request->cgroupns, &spec->ns[NS_CGROUP]));
	set_network(network, &spec->ns[NS_NET]);
	spec->ns[NS_MOUNT].mode = NS_NEW;
	spec->ns[NS_TIME].mode = NS_HOST;
	return 0;
}
