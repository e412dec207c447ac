/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/options.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/units.h"
#include "box/limits.h"
#include "container/mountopt.h"
#include "container/secretopt.h"
#include "container/userns.h"
#include "image/platform.h"
#include "network/network.h"
#include "spec/names.h"

#define HOSTNAME_MAX 63

int check_filled(const char *value)
{
	return value[0] != '\0' ? 0 : refuse("the value is empty");
}

int check_env(const char *value)
{
	if (value[0] == '\0' || value[0] == '=')
		return refuse("'%s' is not a variable: NAME=VALUE, NAME or PREFIX* are", value);
	return 0;
}

int check_secret(const char *value)
{
	AUTO(secretopt) opt = { 0 };

	return secretopt_parse(value, &opt);
}

int check_label(const char *value)
{
	if (value[0] == '\0' || value[0] == '=')
		return refuse("'%s' is not a label: KEY=VALUE and KEY are", value);
	return 0;
}

/* KEY=VALUE, both parts there; what: "an annotation". */
static int check_pair(const char *value, const char *what)
{
	if (value[0] == '=' || strchr(value, '=') == NULL)
		return refuse("'%s' is not %s: KEY=VALUE is", value, what);
	return 0;
}

int check_annotation(const char *value)
{
	return check_pair(value, "an annotation");
}

int check_sysctl(const char *value)
{
	return check_pair(value, "a kernel parameter");
}

int check_cgroup_conf(const char *value)
{
	return check_pair(value, "a file of a cgroup with its text");
}

int check_ulimit(const char *value)
{
	struct spec_process process = { 0 };
	int rc = limits_parse(&process, value);

	free(process.rlimits.v);
	return rc;
}

int check_umask(const char *value)
{
	uint32_t mode;

	TRY(units_parse_mode(value, &mode));
	return mode <= 0777 ? 0 : refuse("the umask %s is larger than 0777", value);
}

int check_workdir(const char *value)
{
	return value[0] == '/' ? 0 : refuse("'%s' is not an absolute path", value);
}

int check_user(const char *value)
{
	if (value[0] == '\0' || value[0] == ':' || strpbrk(value, " \t\n") != NULL)
		return refuse("'%s' is not a user: NAME, UID, NAME:GROUP, UID:GID are", value);
	return 0;
}

int check_tz(const char *value)
{
	if (value[0] == '\0' || value[0] == '/' || strstr(value, "..") != NULL) {
		refuse("'%s' is not a time zone", value);
		hint("give an area such as Europe/Berlin, or 'local' for the host's");
		return -EINVAL;
	}
	return 0;
}

int check_hostname(const char *value)
{
	size_t len = strlen(value);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)value[i]) && strchr("-._", value[i]) == NULL)
			return refuse("'%s' is not a host name: letters, digits, '-', '.' and '_' "
				      "make one",
				      value);
	if (len == 0 || len > HOSTNAME_MAX || value[0] == '-' || value[0] == '.')
		return refuse("'%s' is not a host name: 1 to %d characters, of which the first is "
			      "a letter or a digit",
			      value, HOSTNAME_MAX);
	return 0;
}

int check_dns(const char *value)
{
	unsigned char address[sizeof(struct in6_addr)];
	autofree char *unscoped = xstrndup(value, strcspn(value, "%"));

	if (strcmp(value, "none") == 0 || inet_pton(AF_INET, value, address) == 1 ||
	    inet_pton(AF_INET6, unscoped, address) == 1)
		return 0;
	return refuse("'%s' is neither an address of a name server nor 'none'", value);
}

/* A line of resolv.conf is made of it. */
int check_resolv_word(const char *value)
{
	for (const char *c = value; *c != '\0'; c++)
		if (isspace((unsigned char)*c) || iscntrl((unsigned char)*c))
			return refuse("'%s' is not one word", value);
	return check_filled(value);
}

int check_publish(const char *value)
{
	AUTO(network) network = NETWORK_INIT;

	return network_add_port(&network, value);
}

int check_mapping(const char *value)
{
	struct mapping mapping;

	return mapping_parse(value, &mapping);
}

int check_userns(const char *value)
{
	static const char *const words[] = { "host", "keep-id", "auto", "nomap" };
	size_t len = strcspn(value, ":");
	const char *nearest;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strlen(words[i]) == len && strncmp(value, words[i], len) == 0)
			return 0;
	refuse("'%s' is none of host, keep-id, auto and nomap", value);
	nearest = opt_nearest(value, words, ARRAY_SIZE(words));
	if (nearest != NULL)
		hint("did you mean '%s'?", nearest);
	return -EINVAL;
}

int check_cpus(const char *value)
{
	char *end;
	double cpus = strtod(value, &end);

	if (end == value || *end != '\0' || strspn(value, "0123456789.") != strlen(value) ||
	    cpus > 1e6)
		return refuse("'%s' is not a number of processors: 2 and 0.5 are", value);
	return 0;
}

int check_cpuset(const char *value)
{
	if (value[0] == '\0' || strspn(value, "0123456789,-") != strlen(value))
		return refuse("'%s' is not a list of numbers: 0-2,5 is", value);
	return 0;
}

/* Where the rate of "DEVICE:RATE" begins; a path may contain colons. */
static int split_rate(const char *value, const char **ret_rate)
{
	const char *colon = strrchr(value, ':');

	if (colon == NULL || value[0] != '/' || colon[1] == '\0')
		return refuse("'%s' is not a device with its rate: /dev/sda:1mb is", value);
	*ret_rate = colon + 1;
	return 0;
}

int check_byte_rate(const char *value)
{
	const char *rate;
	uint64_t bytes;

	TRY(split_rate(value, &rate));
	return units_parse_size(rate, &bytes);
}

int check_io_rate(const char *value)
{
	const char *rate;
	uint64_t number;

	TRY(split_rate(value, &rate));
	return units_parse_u64(rate, INT64_MAX, &number);
}

int check_volume(const char *value)
{
	AUTO(mountopt) opt = { 0 };

	return mountopt_parse_volume(value, &opt);
}

int check_mount(const char *value)
{
	AUTO(mountopt) opt = { 0 };

	return mountopt_parse_mount(value, &opt);
}

int check_tmpfs(const char *value)
{
	AUTO(mountopt) opt = { 0 };

	return mountopt_parse_tmpfs(value, &opt);
}

int check_cap(const char *value)
{
	int cap;

	return strcasecmp(value, "all") == 0 ? 0 : cap_number(value, &cap);
}

int check_platform(const char *value)
{
	AUTO(platform) platform = { 0 };

	return platform_parse(value, &platform);
}

int check_signal(const char *value)
{
	int signal;

	return units_parse_signal(value, &signal);
}
