/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/options.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "container/request.h"
#include "container/volume.h"

#define REMARK offsetof(struct request, remarks)

/* --- values that ask for nothing -------------------------------------------------------------- */

/* Is value one of the words of `list`, "a|b|c"? */
static bool is_word(const char *value, const char *list)
{
	AUTO(strvec) words = STRVEC_INIT;

	strvec_split(&words, list, '|');
	return strvec_has(&words, value);
}

static int parse_sdnotify(void *request, const char *value)
{
	/* We say ourselves that the payload was started; without a socket, to nobody. */
	if (is_word(value, "conmon|ignore"))
		return 0;
	return refuse("'%s': the payload's own notifications are not passed on in this version",
		      value);
}

static int parse_systemd(void *request, const char *value)
{
	if (strcmp(value, "false") == 0)
		return 0;
	refuse("systemd as payload is not supported in this version");
	hint("give --systemd=false, or leave it out");
	return -EINVAL;
}

static int parse_detach_keys(void *request, const char *value)
{
	if (value[0] == '\0')
		return 0;
	refuse("a container in the foreground cannot be detached from");
	hint("start it with -d, and join it with 'berth attach', which has --detach-keys");
	return -EINVAL;
}

static int parse_seccomp_policy(void *request, const char *value)
{
	if (strcmp(value, "default") == 0)
		return 0;
	refuse("'%s': an image does not choose its own filter", value);
	hint("--security-opt seccomp=FILE takes a profile");
	return -EINVAL;
}

static int parse_passwd(void *request, const char *value)
{
	return value == NULL || is_word(value, "true|1") ? 0
							 : refuse("/etc/passwd is changed only "
								  "where --passwd-entry or "
								  "--userns keep-id want it");
}

static int parse_volume_driver(void *request, const char *value)
{
	return volume_check_driver(value);
}

/* --- the table -------------------------------------------------------------------------------- */

#define NO_NETWORKS "networks with addresses and names of their own are not in this version"
#define NO_TRUST "there is no content trust to disable"
#define NO_PODS "there are no pods"
#define V1_ONLY "cgroup v2 has nothing like it"
#define NO_WINDOWS "it is for Windows"
#define USE_PLATFORM "give --platform OS/ARCH[/VARIANT]"

#define QUIET(option, value, function) \
	{ \
		.name = (option), .type = OPT_CALL, .metavar = (value), \
		.help = "accepted for the sake of scripts", .flags = OPT_HIDDEN, \
		.parse = (function) \
	}
#define IGNORED(option, value, reason) \
	{ \
		.name = (option), .type = OPT_IGNORED, .offset = REMARK, .metavar = (value), \
		.help = (reason) \
	}
#define REFUSED(option, value, reason, instead) \
	{ \
		.name = (option), .type = OPT_REFUSED, .metavar = (value), .help = (reason), \
		.fix = (instead) \
	}

const struct opt options_foreign[] = {
	QUIET("sdnotify", "MODE", parse_sdnotify),
	{ "systemd", 0, OPT_CALL, 0, "MODE", "accepted for the sake of scripts", OPT_HIDDEN,
	  .parse = parse_systemd },
	QUIET("detach-keys", "KEYS", parse_detach_keys),
	QUIET("seccomp-policy", "POLICY", parse_seccomp_policy),
	{ "passwd", 0, OPT_CALL, 0, "BOOL", "accepted for the sake of scripts",
	  OPT_HIDDEN | OPT_OPTIONAL_VALUE, .parse = parse_passwd },
	QUIET("volume-driver", "DRIVER", parse_volume_driver),

	IGNORED("memory-swappiness", "N", V1_ONLY),
	IGNORED("kernel-memory", "SIZE", V1_ONLY),
	IGNORED("cpu-rt-period", "USEC", V1_ONLY),
	IGNORED("cpu-rt-runtime", "USEC", V1_ONLY),
	IGNORED("oom-kill-disable", NULL, V1_ONLY),
	IGNORED("link", "CONTAINER", "links between containers are a thing of the past"),
	IGNORED("disable-content-trust", NULL, NO_TRUST),
	IGNORED("expose", "PORT", "it is a note for -P; -p publishes a port"),

	REFUSED("pod", "NAME", NO_PODS, NULL),
	REFUSED("pod-id-file", "FILE", NO_PODS, NULL),
	REFUSED("rmi", NULL, "images are removed on their own", "berth rmi IMAGE"),
	REFUSED("init-path", "FILE", "the init is built in", "give --init alone"),
	REFUSED("personality", "PERSONA", "the payload's personality is the kernel's default",
		"setarch(8) inside of the container sets it"),
	REFUSED("preserve-fd", "LIST", "descriptors are passed on from 3 on without gaps",
		"give --preserve-fds N, and move the descriptors there"),
	REFUSED("env-merge", "NAME=VALUE", "variables are not expanded",
		"sh -c in the container expands them"),
	REFUSED("domainname", "NAME", "the NIS domain name cannot be set in this version", NULL),
	REFUSED("hosts-file", "FILE", "there is one /etc/hosts, made from --add-host",
		"-v FILE:/etc/hosts, or --no-hosts for the image's"),
	REFUSED("hostuser", "NAME", "accounts of the host are not copied",
		"--passwd-entry adds a line to /etc/passwd"),
	REFUSED("group-entry", "LINE", "/etc/group is not changed", NULL),
	REFUSED("publish-all", NULL, "ports that an image exposes are not published unseen",
		"-p PORT for each of them"),
	REFUSED("network-alias", "NAME", NO_NETWORKS, NULL),
	REFUSED("ip", "IP", NO_NETWORKS, NULL),
	REFUSED("ip6", "IP", NO_NETWORKS, NULL),
	REFUSED("mac-address", "MAC", NO_NETWORKS, NULL),
	REFUSED("link-local-ip", "IP", NO_NETWORKS, NULL),
	REFUSED("blkio-weight-device", "DEVICE:N", "weights of single devices cannot be set",
		"--cgroup-conf 'io.bfq.weight=MAJOR:MINOR N' does"),
	REFUSED("rdt-class", "CLASS", "resource control groups are not supported", NULL),
	REFUSED("shm-size-systemd", "SIZE", "systemd as payload is not supported in this version",
		NULL),
	REFUSED("gpus", "N", "GPUs are devices of the Container Device Interface",
		"--device nvidia.com/gpu=all"),
	REFUSED("device-cgroup-rule", "RULE", "rules for devices cannot be added one by one",
		"--device gives the container a device and the rule for it"),
	REFUSED("storage-opt", "KEY=VALUE", "the store has no drivers and no options", NULL),
	REFUSED("image-volume", "MODE", "a VOLUME of the image becomes an anonymous volume",
		"--tmpfs DIR, or -v HOST:DIR, covers it"),
	REFUSED("chrootdirs", "DIR", "/etc/hosts and resolv.conf are made in / only", NULL),
	REFUSED("runtime", "NAME", "berth is its own runtime", NULL),
	REFUSED("use-api-socket", NULL, "there is no daemon, and so no socket of it", NULL),
	REFUSED("arch", "ARCH", "the platform is one option", USE_PLATFORM),
	REFUSED("os", "OS", "the platform is one option", USE_PLATFORM),
	REFUSED("variant", "VARIANT", "the platform is one option", USE_PLATFORM),
	REFUSED("decryption-key", "KEY", "encrypted images are not supported", NULL),
	REFUSED("cpu-count", "N", NO_WINDOWS, "--cpus"),
	REFUSED("cpu-percent", "N", NO_WINDOWS, "--cpus"),
	REFUSED("io-maxbandwidth", "SIZE", NO_WINDOWS, "--device-read-bps, --device-write-bps"),
	REFUSED("io-maxiops", "N", NO_WINDOWS, "--device-read-iops, --device-write-iops"),
	REFUSED("isolation", "MODE", NO_WINDOWS, NULL),
	OPT_END,
};
