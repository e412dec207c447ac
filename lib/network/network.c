/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "network/network.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "network/driver.h"

static int refuse_bridge(const char *name)
{
	refuse("--network %s needs networks, which this version does not have", name);
	hint("use --network none or --network host");
	return -EINVAL;
}

static int bridge_parse(struct network *network, const char *argument)
{
	return refuse_bridge("bridge");
}

static int ns_parse(struct network *network, const char *argument)
{
	if (argument == NULL || argument[0] != '/')
		return refuse("--network ns: needs the absolute path of a network namespace, as in "
			      "ns:/run/netns/NAME");
	xreplace(&network->path, argument);
	return 0;
}

static int refuse_ports(const struct host *host, struct network *network)
{
	if (network->ports.n == 0)
		return 0;
	refuse("--publish needs a network that ports can be published on, and --network %s is none",
	       network_name(network->kind));
	if (host->rootless)
		hint("use --network pasta");
	else
		hint("use --network host, where the container listens on the host itself");
	return -EINVAL;
}

static int ignore_ports(const struct host *host, struct network *network)
{
	network->ports_ignored = network->ports.n > 0;
	for (size_t i = 0; i < network->ports.n; i++)
		free(network->ports.v[i].host_ip);
	free(network->ports.v);
	network->ports.v = NULL;
	network->ports.n = 0;
	return 0;
}

static const struct network_driver drivers[] = {
	[NETWORK_NONE] = { .name = "none", .check = refuse_ports },
	[NETWORK_HOST] = { .name = "host", .check = ignore_ports },
	[NETWORK_NS] = { .name = "ns",
			 .has_argument = true,
			 .parse = ns_parse,
			 .check = refuse_ports },
	[NETWORK_PASTA] = { .name = "pasta",
			    .has_argument = true,
			    .parse = pasta_parse,
			    .check = pasta_check,
			    .start = pasta_start,
			    .ready = pasta_ready },
	[NETWORK_BRIDGE] = { .name = "bridge", .has_argument = true, .parse = bridge_parse },
};

const char *network_name(enum network_kind kind)
{
	return drivers[kind].name;
}

int network_parse(const struct host *host, const char *text, struct network *ret_network)
{
	size_t len;

	/* podman's word for "one of its own". */
	if (text == NULL || strcmp(text, "private") == 0)
		text = host->rootless ? "pasta" : "none";
	len = strcspn(text, ":");
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		const struct network_driver *driver = &drivers[i];
		const char *argument = text[len] == ':' ? text + len + 1 : NULL;

		if (strlen(driver->name) != len || strncmp(driver->name, text, len) != 0)
			continue;
		if (argument != NULL && !driver->has_argument)
			return refuse("--network %s takes no options, and '%s' has some",
				      driver->name, text);
		ret_network->kind = (enum network_kind)i;
		return driver->parse != NULL ? driver->parse(ret_network, argument) : 0;
	}
	return refuse_bridge(text);
}

int network_check(const struct host *host, struct network *network)
{
	const struct network_driver *driver = &drivers[network->kind];

	TRY(ports_check(network));
	return driver->check != NULL ? driver->check(host, network) : 0;
}

int network_start(struct network *network, pid_t pid)
{
	const struct network_driver *driver = &drivers[network->kind];

	return driver->start != NULL ? driver->start(network, pid) : 0;
}

int network_ready(struct network *network)
{
	const struct network_driver *driver = &drivers[network->kind];

	return driver->ready != NULL ? driver->ready(network) : 0;
}

void network_stop(struct network *network)
{
	proc_release(&network->helper);
	cleanup_close(&network->ready);
	cleanup_close(&network->messages);
	network->ready = -1;
	network->messages = -1;
}

void network_release(struct network *network)
{
	network_stop(network);
	for (size_t i = 0; i < network->ports.n; i++)
		free(network->ports.v[i].host_ip);
	free(network->ports.v);
	strvec_release(&network->options);
	strvec_release(&network->argv);
	free(network->path);
	free(network->file);
	*network = (struct network)NETWORK_INIT;
}
