#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# berth oci features: the document is the specification's, and what it says is so.

bats_require_minimum_version 1.5.0
load ../helper/berth
load ../helper/bundle

teardown() {
	oci_teardown
	berth_teardown
}

# Change the bundle a.
change() { # JQ [JQ-ARG...]
	local program=$1
	shift
	jq "$@" "$program" "$T/a/config.json" >"$T/new"
	mv "$T/new" "$T/a/config.json"
}

runs() { # WHAT
	split oci run -b "$T/a" a
	[ "$status" = 0 ] && return
	echo "$1: $stderr"
	return 1
}

@test "the document is of the specification's form" {
	split oci features
	want 0
	[ -z "$stderr" ]
	split berth oci features
	want 0
	python3 - "$output" <<'EOF'
import json, re, sys

def strings(pattern):
    def check(value, path):
        assert isinstance(value, list), path
        assert len(set(value)) == len(value), path + " names one twice"
        for item in value:
            assert isinstance(item, str) and re.fullmatch(pattern, item), f"{path}: {item}"
    return check

def version(value, path):
    assert re.fullmatch(r"\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?", value), path

def boolean(value, path):
    assert isinstance(value, bool), path

def annotations(value, path):
    assert isinstance(value, dict), path
    for key, item in value.items():
        assert key and isinstance(item, str), f"{path}: {key}"

ENABLED = {"enabled": boolean}
ARCH = "SCMP_ARCH_(X86|X86_64|X32|ARM|AARCH64|MIPS|MIPS64|MIPS64N32|MIPSEL|MIPSEL64|MIPSEL64N32|PPC|PPC64|PPC64LE|" \
    "S390|S390X|PARISC|PARISC64|RISCV64|LOONGARCH64|M68K|SH|SHEB)"
FLAG = "SECCOMP_FILTER_FLAG_(TSYNC|LOG|SPEC_ALLOW|WAIT_KILLABLE_RECV)"
LINUX = {
    "namespaces": strings("mount|pid|network|uts|ipc|user|cgroup|time"),
    "capabilities": strings("CAP_[A-Z_]+"),
    "cgroup": {"v1": boolean, "v2": boolean, "systemd": boolean, "systemdUser": boolean, "rdma": boolean},
    "seccomp": {
        "enabled": boolean,
        "actions": strings("SCMP_ACT_(KILL|KILL_PROCESS|KILL_THREAD|TRAP|ERRNO|TRACE|ALLOW|LOG|NOTIFY)"),
        "operators": strings("SCMP_CMP_(NE|LT|LE|EQ|GE|GT|MASKED_EQ)"),
        "archs": strings(ARCH),
        "knownFlags": strings(FLAG),
        "supportedFlags": strings(FLAG),
    },
    "apparmor": ENABLED,
    "selinux": ENABLED,
    "intelRdt": {"enabled": boolean, "schemata": boolean, "monitoring": boolean},
    "memoryPolicy": {"modes": strings("MPOL_[A-Z_]+"), "flags": strings("MPOL_F_[A-Z_]+")},
    "mountExtensions": {"idmap": ENABLED},
    "netDevices": ENABLED,
}
DOCUMENT = {
    "ociVersionMin": version,
    "ociVersionMax": version,
    "hooks": strings("prestart|createRuntime|createContainer|startContainer|poststart|poststop"),
    "mountOptions": strings("[a-z]+"),
    "linux": LINUX,
    "annotations": annotations,
    "potentiallyUnsafeConfigAnnotations": strings("[A-Za-z0-9.-]+"),
}

def whole(form, document, path):
    for key, part in form.items():
        assert key in document, f"{path}.{key} is missing"
        if not callable(part):
            whole(part, document[key], f"{path}.{key}")

def check(value, form, path):
    if callable(form):
        return form(value, path)
    assert isinstance(value, dict), path
    for key, item in value.items():
        assert key in form, f"{path}.{key} is none of the specification's"
        check(item, form[key], f"{path}.{key}")

document = json.loads(sys.argv[1])
check(document, DOCUMENT, "")
# Nothing is left unsaid.
whole(DOCUMENT, document, "")
key = [list(map(int, document["ociVersion" + end].split("-")[0].split("."))) for end in ("Min", "Max")]
assert key[0] <= key[1]
linux = document["linux"]
assert set(linux["seccomp"]["supportedFlags"]) <= set(linux["seccomp"]["knownFlags"])
# What an engine asks for before it asks for the thing.
for option in "bind rbind ro rro rw nosuid nodev noexec rnosuid rprivate rslave rshared tmpcopyup idmap".split():
    assert option in document["mountOptions"], option
assert len(document["hooks"]) == 6 and len(linux["namespaces"]) == 8
assert len(linux["seccomp"]["actions"]) == 9 and len(linux["seccomp"]["operators"]) == 7
EOF
	[ "$(jq -r '.annotations["org.berth.version"]' <<<"$output")" = "$(berth version | cut -d' ' -f3)" ]
	split oci features more
	want 1
}

@test "versions" {
	bundle a '.process.args = ["true"]'
	for version in $(oci features | jq -r '.ociVersionMin, .ociVersionMax'); do
		# shellcheck disable=SC2016
		change '.ociVersion = $version' --arg version "$version"
		runs "$version"
	done
}

@test "hooks" {
	bundle a '.process.args = ["true"]'
	mkdir -p "$T/a/rootfs$T"
	# Those in the container write to the same file.
	# shellcheck disable=SC2016
	change '.hooks = ($features.hooks | map({(.): [{path: "/bin/sh", args: ["sh", "-c", "echo \(.) >>\($file)"]}]}) | add)
		| .mounts += [{type: "bind", source: $dir, destination: $dir, options: ["rbind"]}]' \
		--argjson features "$(oci features)" --arg file "$T/hooks" --arg dir "$T"
	runs hooks
	[ "$(sort "$T/hooks")" = "$(oci features | jq -r '.hooks[]' | sort)" ]
}

@test "mount options" {
	# Flags of a mount that is somebody else's are locked.
	only root
	bundle a '.process.args = ["true"]'
	mkdir "$T/source"
	# Of these, one stands for what no bind mount can have, and the others change something that is there.
	# shellcheck disable=SC2016
	change '.mounts += ($features.mountOptions - ["tmpcopyup", "remount", "idmap", "ridmap"] |
			map({type: "bind", source: $source, destination: "/tmp/\(.)", options: ["rbind", .]})) +
			[{type: "tmpfs", source: "tmpfs", destination: "/tmp/tmpcopyup", options: ["tmpcopyup"]}]' \
		--argjson features "$(oci features)" --arg source "$T/source"
	runs mounts
}

@test "namespaces and capabilities" {
	only root
	# shellcheck disable=SC2016
	bundle a '.process.args = ["sh", "-c", "ls /proc/self/ns; grep CapBnd /proc/self/status"]'
	# shellcheck disable=SC2016
	change '.linux.namespaces = ($features.linux.namespaces | map({type: .})) |
		.linux.uidMappings = [{containerID: 0, hostID: 0, size: 65536}] | .linux.gidMappings = .linux.uidMappings |
		.process.capabilities.bounding = $features.linux.capabilities' --argjson features "$(oci features)"
	runs namespaces
	# As many as this kernel has.
	all=$(printf '%016x' $(((2 << $(cat /proc/sys/kernel/cap_last_cap)) - 1)))
	has "CapBnd:	$all"
}

@test "seccomp" {
	bundle a '.process.args = ["true"]'
	# shellcheck disable=SC2016
	change '$features.linux.seccomp as $can | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: $can.archs,
		flags: $can.supportedFlags,
		syscalls: ([$can.actions - ["SCMP_ACT_NOTIFY"] | .[] | {names: ["acct"], action: ., args: [{index: 0,
				value: (explode | add), op: "SCMP_CMP_EQ"}]}] +
			[$can.operators[] | {names: ["swapoff"], action: "SCMP_ACT_ERRNO", args: [{index: 0,
				value: (explode | add), op: .}]}])}' --argjson features "$(oci features)"
	runs seccomp
	# With an agent, which is not there.
	change '.linux.seccomp.listenerPath = "/nowhere" |
		.linux.seccomp.syscalls += [{names: ["sethostname"], action: "SCMP_ACT_NOTIFY"}]'
	split oci run -b "$T/a" a
	want 1
	err_has "linux.seccomp.listenerPath"
}

# A property that is read either does something or is an error with its name.
is_read() { # NAME
	split oci run -b "$T/a" a
	[ "$status" = 0 ] || err_has "$1"
}

@test "memoryPolicy" {
	for mode in $(oci features | jq -r '.linux.memoryPolicy.modes[]'); do
		bundle a '.process.args = ["cat", "/proc/self/numa_maps"]'
		# shellcheck disable=SC2016
		change '.linux.memoryPolicy = {mode: $mode, flags: []} |
			if $mode == "MPOL_DEFAULT" or $mode == "MPOL_LOCAL" then . else .linux.memoryPolicy.nodes = "0" end' \
			--arg mode "$mode"
		is_read memoryPolicy
		[ "$mode" != MPOL_BIND ] || [ "$status" != 0 ] || has bind:0
	done
	for flag in $(oci features | jq -r '.linux.memoryPolicy.flags[]'); do
		bundle a '.process.args = ["true"]'
		# shellcheck disable=SC2016
		change '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: [$flag]}' --arg flag "$flag"
		is_read memoryPolicy
	done
	change '.linux.memoryPolicy = {mode: "MPOL_NONE"}'
	split oci run -b "$T/a" a
	want 1
	err_has memoryPolicy
}

@test "netDevices, intelRdt, rdma" {
	only root
	bundle a '.process.args = ["true"]'
	change '.linux.netDevices = {nosuchdevice0: {}}'
	split oci run -b "$T/a" a
	want 1
	err_has netDevices
	bundle a '.process.args = ["true"] | .linux.intelRdt = {closID: "berth-test", schemata: ["L3:0=f"], enableMonitoring: true}'
	[ -d /sys/fs/resctrl/info ] || {
		split oci run -b "$T/a" a
		want 1
		err_has linux.intelRdt
	}
	bundle a '.process.args = ["true"] | .linux.resources.rdma = {mlx5_1: {hcaHandles: 1, hcaObjects: 1}}'
	is_read rdma
}

@test "mountExtensions.idmap" {
	only root
	bundle a '.process.args = ["stat", "-c", "%u:%g", "/tmp/mapped"]'
	touch "$T/mapped"
	chown 1000:1001 "$T/mapped"
	# shellcheck disable=SC2016
	change '.mounts += [{type: "bind", source: $file, destination: "/tmp/mapped", options: ["bind"],
		uidMappings: [{containerID: 1000, hostID: 5000, size: 10}],
		gidMappings: [{containerID: 1000, hostID: 5000, size: 10}]}]' --arg file "$T/mapped"
	is_read idmap
	[ "$status" != 0 ] || has 5000:5001
}
