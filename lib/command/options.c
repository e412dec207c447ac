/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "command/options.h"

#include "command/registryoptions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "container/names.h"
#include "container/request.h"
#include "container/volumesfrom.h"

#define AT(field) offsetof(struct request, field)

/* --- values that are more than one field ------------------------------------------------------ */

static int parse_entrypoint(void *data, const char *value)
{
	struct request *request = data;

	if (value[0] == '[') {
		autojson cJSON *json = NULL;
		const cJSON *item;
		const char *text;

		TRY(json_parse(value, strlen(value), "the JSON array", &json));
		cJSON_ArrayForEach(item, json) TRY(json_string(item, "an element", &text));
	}
	xreplace(&request->entrypoint, value);
	request->entrypoint_given = true;
	return 0;
}

static int parse_add_host(void *data, const char *value)
{
	return resolv_add_host(&((struct request *)data)->resolv, value);
}

/* To take the last of several silently would be to leave a network out. */
static int parse_network(void *data, const char *value)
{
	struct request *request = data;

	if (request->network != NULL && strcmp(request->network, value) != 0)
		return refuse("'%s' was given already, and a container has one network in this "
			      "version",
			      request->network);
	xreplace(&request->network, value);
	return 0;
}

/* --- groups ----------------------------------------------------------------------------------- */

const struct opt options_process[] = {
	OPT_TITLE("Process"),
	{ "interactive", 'i', OPT_FLAG, AT(interactive),
	  .help = "give the payload our stdin; "
		  "without it that is /dev/null" },
	{ "tty", 't', OPT_FLAG, AT(tty), .help = "give the payload a terminal" },
	{ "detach", 'd', OPT_FLAG, AT(detach), .help = "run in the background, and print the ID" },
	{ "attach", 'a', OPT_STRINGS, AT(attach), "STREAM",
	  "pass on only these of stdin, stdout, stderr", OPT_COMMAS, VALUES_WORDS,
	  "stdin|stdout|stderr" },
	{ "entrypoint", 0, OPT_CALL, 0, "COMMAND",
	  "run this instead of the image's: a word, or a JSON array; \"\" for none",
	  .parse = parse_entrypoint },
	{ "workdir", 'w', OPT_STRING, AT(workdir), "DIR",
	  "start in DIR, which is made where it is missing", .check = check_workdir },
	{ "user", 'u', OPT_STRING, AT(user), "USER[:GROUP]", "run as this user, by name or number",
	  .check = check_user },
	{ "group-add", 0, OPT_STRINGS, AT(group_add), "GROUP",
	  "add a group; keep-groups keeps all of the caller's", OPT_COMMAS, VALUES_WORDS,
	  "keep-groups", .check = check_filled },
	{ "init", 0, OPT_FLAG, AT(init),
	  .help = "put an init in front that forwards signals and reaps orphans" },
	{ "umask", 0, OPT_STRING, AT(umask), "MODE", "file mode creation mask (0022)",
	  .check = check_umask },
	{ "ulimit", 0, OPT_STRINGS, AT(ulimits), "NAME=SOFT[:HARD]",
	  "set a resource limit; 'host' keeps the caller's", .check = check_ulimit },
	{ "oom-score-adj", 0, OPT_INT, AT(oom_score_adj), "N",
	  "how early to be killed when memory is short, -1000 to 1000", .min = -1000, .max = 1000 },
	{ "preserve-fds", 0, OPT_INT, AT(preserve_fds), "N",
	  "pass on the N file descriptors from 3 on", .max = 1024 },
	{ "timeout", 0, OPT_DURATION, AT(timeout), "TIME",
	  "kill the container after this time (90, 1m30s)" },
	{ "tz", 0, OPT_STRING, AT(tz), "ZONE", "time zone: Europe/Berlin, or local for the host's",
	  .check = check_tz },
	{ "sig-proxy", 0, OPT_FLAG, AT(sig_proxy),
	  .help = "pass signals on to the payload (true; =false turns it off)" },
	{ "quiet", 'q', OPT_FLAG, AT(quiet), .help = "do not show progress" },
	OPT_END,
};

const struct opt options_environment[] = {
	OPT_TITLE("Environment"),
	{ "env", 'e', OPT_STRINGS, AT(env), "NAME[=VALUE]",
	  "set a variable; NAME alone and PREFIX* take the caller's", .check = check_env },
	{ "env-file", 0, OPT_STRINGS, AT(env_files), "FILE", "read variables from FILE",
	  .values = VALUES_FILE, .check = check_filled },
	{ "env-host", 0, OPT_FLAG, AT(env_host), .help = "start with the caller's environment" },
	{ "unsetenv", 0, OPT_STRINGS, AT(unsetenv), "NAME", "remove a variable of the image",
	  .check = check_env },
	{ "unsetenv-all", 0, OPT_FLAG, AT(unsetenv_all),
	  .help = "remove all variables of the image" },
	{ "http-proxy", 0, OPT_FLAG, AT(http_proxy),
	  .help = "pass on the caller's *_proxy variables" },
	OPT_END,
};

const struct opt options_identity[] = {
	OPT_TITLE("Identity"),
	{ "hostname", 'h', OPT_STRING, AT(hostname), "NAME",
	  "host name (the first 12 digits of the ID)", .check = check_hostname },
	{ "add-host", 0, OPT_CALL, 0, "NAME:IP", "add a line to /etc/hosts; IP may be host-gateway",
	  .parse = parse_add_host },
	{ "no-hosts", 0, OPT_FLAG, AT(no_hosts), .help = "leave the image's /etc/hosts alone" },
	{ "no-hostname", 0, OPT_FLAG, AT(no_hostname),
	  .help = "leave the image's /etc/hostname alone" },
	{ "passwd-entry", 0, OPT_STRING, AT(passwd_entry), "LINE",
	  "add LINE to /etc/passwd; $USERNAME, $UID, $GID, $NAME and $HOME are replaced" },
	OPT_END,
};

const struct opt options_userns[] = {
	OPT_TITLE("User namespace"),
	{ "userns", 0, OPT_STRING, AT(userns), "MODE",
	  "host, keep-id[:uid=N,gid=N], auto[:size=N], or nomap", 0, VALUES_WORDS,
	  "host|keep-id|auto|nomap", .check = check_userns },
	{ "uidmap", 0, OPT_STRINGS, AT(uidmap), "INSIDE:FROM[:N]", "map N user ids",
	  .check = check_mapping },
	{ "gidmap", 0, OPT_STRINGS, AT(gidmap), "INSIDE:FROM[:N]", "map N group ids",
	  .check = check_mapping },
	{ "subuidname", 0, OPT_STRING, AT(subuidname), "NAME",
	  "map the ranges that /etc/subuid gives NAME", .check = check_filled },
	{ "subgidname", 0, OPT_STRING, AT(subgidname), "NAME",
	  "map the ranges that /etc/subgid gives NAME", .check = check_filled },
	OPT_END,
};

#define NS_WORDS "host|private|ns:"

const struct opt options_namespaces[] = {
	OPT_TITLE("Namespaces"),
	{ "pid", 0, OPT_STRING, AT(pid), "MODE", "processes: private, host, or ns:PATH", 0,
	  VALUES_WORDS, NS_WORDS },
	{ "ipc", 0, OPT_STRING, AT(ipc), "MODE",
	  "System V IPC, /dev/shm: private, host, or ns:PATH", 0, VALUES_WORDS, NS_WORDS },
	{ "uts", 0, OPT_STRING, AT(uts), "MODE", "host name: private, host, or ns:PATH", 0,
	  VALUES_WORDS, NS_WORDS },
	{ "cgroupns", 0, OPT_STRING, AT(cgroupns), "MODE",
	  "view of the cgroups: private, host, or ns:PATH", 0, VALUES_WORDS, NS_WORDS },
	OPT_END,
};

const struct opt options_network[] = {
	OPT_TITLE("Network"),
	{ "network", 0, OPT_CALL, 0, "MODE",
	  "none, host, ns:PATH, or pasta[:OPTIONS] (ordinary users: pasta; root: none)", 0,
	  VALUES_WORDS, "none|host|ns:|pasta", .parse = parse_network },
	{ "net", 0, .flags = OPT_ALIAS },
	{ "publish", 'p', OPT_STRINGS, AT(publish), "[[IP:]HOST:]PORT[/PROTO]",
	  "publish a port or a range of ports of the container", OPT_COMMAS,
	  .check = check_publish },
	{ "dns", 0, OPT_STRINGS, AT(resolv.servers), "IP",
	  "name server for /etc/resolv.conf; none: leave the image's alone", OPT_COMMAS,
	  .check = check_dns },
	{ "dns-search", 0, OPT_STRINGS, AT(resolv.searches), "DOMAIN",
	  "search domain for /etc/resolv.conf; '.' for none", OPT_COMMAS,
	  .check = check_resolv_word },
	{ "dns-option", 0, OPT_STRINGS, AT(resolv.options), "OPTION", "option for /etc/resolv.conf",
	  .check = check_resolv_word },
	{ "dns-opt", 0, .flags = OPT_ALIAS },
	OPT_END,
};

/* Those that can be changed later as well. */
const struct opt options_limits[] = {
	OPT_TITLE("Resources"),
	{ "memory", 'm', OPT_SIZE, AT(memory), "SIZE", "limit memory" },
	{ "memory-swap", 0, OPT_SIZE, AT(memory_swap), "SIZE",
	  "limit memory and swap together; -1: any swap" },
	{ "memory-reservation", 0, OPT_SIZE, AT(memory_reservation), "SIZE",
	  "memory that is left alone while the host has enough" },
	{ "cpus", 0, OPT_STRING, AT(cpus), "N", "limit to N processors' time (1.5)",
	  .check = check_cpus },
	{ "cpu-shares", 'c', OPT_INT, AT(cpu_shares), "N",
	  "weight against other containers, 2 to 262144 (1024)", .max = 262144 },
	{ "cpu-period", 0, OPT_INT, AT(cpu_period), "USEC", "period of --cpu-quota",
	  .max = 1000000 },
	{ "cpu-quota", 0, OPT_INT, AT(cpu_quota), "USEC", "processor time in each period",
	  .min = -1, .max = INT64_MAX },
	{ "cpuset-cpus", 0, OPT_STRING, AT(cpuset_cpus), "LIST", "run on these processors (0-2,5)",
	  .check = check_cpuset },
	{ "cpuset-mems", 0, OPT_STRING, AT(cpuset_mems), "LIST",
	  "take memory from these nodes (0,1)", .check = check_cpuset },
	{ "pids-limit", 0, OPT_INT, AT(pids_limit), "N", "limit processes (2048); -1: none",
	  .min = -1, .max = INT64_MAX },
	{ "blkio-weight", 0, OPT_INT, AT(blkio_weight), "N",
	  "weight of block I/O against other containers, 10 to 1000", .max = 1000 },
	OPT_END,
};

const struct opt options_resources[] = {
	{ "device-read-bps", 0, OPT_STRINGS, AT(read_bps), "DEVICE:SIZE",
	  "limit bytes a second read from a device", .check = check_byte_rate },
	{ "device-write-bps", 0, OPT_STRINGS, AT(write_bps), "DEVICE:SIZE",
	  "limit bytes a second written to a device", .check = check_byte_rate },
	{ "device-read-iops", 0, OPT_STRINGS, AT(read_iops), "DEVICE:N",
	  "limit reads a second from a device", .check = check_io_rate },
	{ "device-write-iops", 0, OPT_STRINGS, AT(write_iops), "DEVICE:N",
	  "limit writes a second to a device", .check = check_io_rate },
	{ "shm-size", 0, OPT_SIZE, AT(shm_size), "SIZE", "size of /dev/shm (64m)" },
	{ "cgroup-parent", 0, OPT_STRING, AT(cgroup_parent), "PATH",
	  "make the container's cgroup below PATH, or in a .slice", .check = check_filled },
	{ "cgroups", 0, OPT_WORD, AT(cgroups), "MODE",
	  "enabled, disabled (stay in the caller's), or split (below the caller's)", 0,
	  VALUES_WORDS, "enabled|disabled|no-conmon|split" },
	{ "cgroup-conf", 0, OPT_STRINGS, AT(cgroup_conf), "FILE=TEXT",
	  "write TEXT to a file of the container's cgroup (cgroup v2)",
	  .check = check_cgroup_conf },
	{ "sysctl", 0, OPT_STRINGS, AT(sysctl), "NAME=VALUE",
	  "set a kernel parameter of the container's namespaces", .check = check_sysctl },
	OPT_END,
};

const struct opt options_mounts[] = {
	OPT_TITLE("Mounts and devices"),
	{ "volume", 'v', OPT_STRINGS, AT(volumes), "[SOURCE:]DIR[:OPTIONS]",
	  "mount SOURCE, a path of the host or the name of a volume, at DIR; without it a new "
	  "volume",
	  0, VALUES_FILE, .check = check_volume },
	{ "volumes-from", 0, OPT_STRINGS, AT(volumes_from), "CONTAINER[:OPTIONS]",
	  "mount what another container has of the host and of volumes: ro, rw, z", 0,
	  VALUES_CONTAINER, .check = volumesfrom_check },
	{ "mount", 0, OPT_STRINGS, AT(mounts), "type=TYPE,KEY=VALUE,...",
	  "mount a bind, volume, tmpfs, image, or devpts", 0, VALUES_WORDS,
	  "type=bind,|type=volume,|type=tmpfs,|type=image,|type=devpts,", .check = check_mount },
	{ "tmpfs", 0, OPT_STRINGS, AT(tmpfs), "DIR[:OPTIONS]", "mount a tmpfs at DIR",
	  .check = check_tmpfs },
	{ "secret", 0, OPT_STRINGS, AT(secrets), "NAME[,KEY=VALUE...]",
	  "give it a secret: a file in /run/secrets, or with type=env a variable", 0, VALUES_SECRET,
	  .check = check_secret },
	{ "read-only", 0, OPT_FLAG, AT(read_only), .help = "mount the root file system read-only" },
	{ "read-only-tmpfs", 0, OPT_FLAG, AT(read_only_tmpfs),
	  .help = "with --read-only: a tmpfs at /run, /tmp, /var/tmp (true)" },
	{ "device", 0, OPT_STRINGS, AT(devices), "HOST[:PATH][:rwm]",
	  "add a device of the host, or a CDI device vendor/class=name", 0, VALUES_FILE,
	  .check = check_filled },
	{ "rootfs", 0, OPT_FLAG, AT(rootfs), .help = "IMAGE is a directory, as with rootfs:DIR" },
	OPT_END,
};

const struct opt options_security[] = {
	OPT_TITLE("Security"),
	{ "cap-add", 0, OPT_STRINGS, AT(cap_add), "CAP", "add a capability, or ALL", OPT_COMMAS,
	  .check = check_cap },
	{ "cap-drop", 0, OPT_STRINGS, AT(cap_drop), "CAP", "drop a capability, or ALL", OPT_COMMAS,
	  .check = check_cap },
	{ "privileged", 0, OPT_FLAG, AT(privileged),
	  .help = "all capabilities, all devices, no masks, no filter: hardly any confinement" },
	{ "security-opt", 0, OPT_STRINGS, AT(security_opt), "OPTION",
	  "no-new-privileges, seccomp=FILE, seccomp=unconfined, mask=, unmask=, label=, apparmor=",
	  0, VALUES_WORDS,
	  "no-new-privileges|seccomp=|seccomp=unconfined|mask=|unmask=|unmask=ALL|label=|"
	  "label=disable|apparmor=",
	  .check = check_filled },
	OPT_END,
};

const struct opt options_lifecycle[] = {
	OPT_TITLE("Container"),
	{ "name", 0, OPT_STRING, AT(name), "NAME", "name of the container (adjective_noun)",
	  .check = name_check },
	{ "replace", 0, OPT_FLAG, AT(replace), .help = "remove the container that has the name" },
	{ "rm", 0, OPT_FLAG, AT(rm), .help = "remove the container when it ends" },
	{ "cidfile", 0, OPT_STRING, AT(cidfile), "FILE",
	  "write the ID to FILE, which must not exist", .values = VALUES_FILE,
	  .check = check_filled },
	{ "pidfile", 0, OPT_STRING, AT(pidfile), "FILE", "write the payload's process id to FILE",
	  .values = VALUES_FILE, .check = check_filled },
	{ "conmon-pidfile", 0, OPT_STRING, AT(monitor_pidfile), "FILE",
	  "write the process id of the container's monitor to FILE", .values = VALUES_FILE,
	  .check = check_filled },
	{ "label", 'l', OPT_STRINGS, AT(labels), "KEY=VALUE", "label of the container",
	  .check = check_label },
	{ "label-file", 0, OPT_STRINGS, AT(label_files), "FILE", "read labels from FILE",
	  .values = VALUES_FILE, .check = check_filled },
	{ "annotation", 0, OPT_STRINGS, AT(annotations), "KEY=VALUE",
	  "annotation in the OCI configuration", .check = check_annotation },
	{ "log-driver", 0, OPT_STRING, AT(log_driver), "DRIVER",
	  "where the output goes in the background: json-file, k8s-file, journald, passthrough or "
	  "none",
	  0, VALUES_WORDS, "json-file|k8s-file|journald|passthrough|none" },
	{ "log-opt", 0, OPT_STRINGS, AT(log_options), "KEY=VALUE",
	  "max-size, max-file, path, or tag of the log", 0, VALUES_WORDS,
	  "max-size=|max-file=|path=|tag=" },
	{ "stop-timeout", 0, OPT_INT, AT(stop_timeout), "SECONDS",
	  "time between the stop signal and SIGKILL (10)", .min = -1, .max = 86400 },
	{ "restart", 0, OPT_STRING, AT(restart), "POLICY",
	  "start it again when it ends: no, on-failure[:MAX], always or unless-stopped", 0,
	  VALUES_WORDS, "no|on-failure|always|unless-stopped" },
	{ "requires", 0, OPT_STRINGS, AT(requires), "CONTAINER",
	  "start this one first, wherever it does not run", OPT_COMMAS, VALUES_CONTAINER,
	  .check = check_filled },
	{ "stop-signal", 0, OPT_STRING, AT(stop_signal), "SIGNAL",
	  "what asks the payload to end (the image's, or SIGTERM)", .check = check_signal },
	OPT_END,
};

#define REGISTRY_AT(field) AT(registry.field)

const struct opt options_image[] = {
	OPT_TITLE("Image"),
	{ "pull", 0, OPT_CHOICE, AT(pull), "WHEN",
	  "fetch the image: missing (where it is not there), always, never or newer", 0,
	  VALUES_WORDS, "missing|never|always|newer" },
	{ "platform", 0, OPT_STRING, AT(platform), "OS/ARCH[/VARIANT]",
	  "take the image for another platform", .check = check_platform },
	REGISTRY_OPTIONS(REGISTRY_AT),
	OPT_END,
};

const struct opt options_plan[] = {
	OPT_TITLE("Tools"),
	{ "dry-run", 0, OPT_FLAG, AT(dry_run),
	  .help = "print the plan as an OCI config.json and run nothing" },
	{ "status-fd", 0, OPT_INT, AT(status_fd), "N",
	  "write what happens to file descriptor N, a JSON object a line", .min = 1,
	  .max = 1048576 },
	OPT_END,
};
