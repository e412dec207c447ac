#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# berth oci: namespaces that are made, joined and set up.
# Also called here: berth oci run, berth oci exec, berth oci delete.

# What stands in single quotes is for the shell in there.
# shellcheck disable=SC2016
bats_require_minimum_version 1.5.0
load ../helper/berth
load ../helper/bundle

teardown() {
	oci_teardown
	berth_teardown
}

# The first container of a pod, in the background; $pid is its process.
pod() { # JQ
	bundle pod "$1 | .process.args = [\"sleep\", \"600\"]"
	oci run -d -b "$T/pod" pod </dev/null >"$T/out" 2>"$T/err" || {
		cat "$T/out" "$T/err"
		return 1
	}
	pid=$(oci state pod | jq .pid)
}

# What `oci spec --rootless` leaves out.
network='.linux.namespaces |= map(select(.type != "network")) + [{type: "network"}]'

# Root's, with a user namespace of its own.
mapped='.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
	| .linux.gidMappings = [{containerID: 0, hostID: 200000, size: 65536}]'

has_user() {
	if [ "$(persona)" = root ]; then
		echo "$mapped"
	else
		echo "$network"
	fi
}

joined() { # TYPE...: a jq program that gives them the paths of the pod's
	local type name
	for type; do
		name=$type
		[ "$type" != network ] || name=net
		printf '.linux.namespaces |= map(select(.type != "%s")) + [{type: "%s", path: "/proc/%s/ns/%s"}] | ' \
			"$type" "$type" "$pid" "$name"
	done
	echo .
}

link() { # NAME [PID]
	readlink "/proc/${2:-self}/ns/$1"
}

@test "new namespaces of every kind" {
	try "$network | .linux.namespaces += [{type: \"time\"}]" 'for n in pid net ipc uts mnt time; do readlink /proc/self/ns/$n; done'
	want 0
	[ "$(wc -l <<<"$output")" = 6 ]
	for n in pid net ipc uts mnt time; do
		grep -q "^$n:" <<<"$output"
		lacks "$(link "$n")"
	done
	try '.linux.namespaces += [{type: "cgroup"}] | .linux.namespaces |= unique_by(.type)' 'readlink /proc/self/ns/cgroup'
	want 0
	[ "$output" != "$(link cgroup)" ]
	# What is not in the list is the caller's.
	try '.linux.namespaces |= map(select(.type != "network"))' 'readlink /proc/self/ns/net'
	[ "$output" = "$(link net)" ]
}

@test "namespaces by path, one by one" {
	only root
	pod .
	for type in pid network ipc uts cgroup; do
		local name=${type/network/net}
		try "$(joined $type) | del(.hostname)" "readlink /proc/self/ns/$name"
		want 0
		[ "$output" = "$(link "$name" "$pid")" ]
	done
}

@test "a time namespace by path" {
	only root
	pod '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: 1000000}}'
	try "$(joined time)" 'readlink /proc/self/ns/time; cut -d. -f1 /proc/uptime'
	want 0
	[ "${lines[0]:-$(head -1 <<<"$output")}" = "$(link time "$pid")" ]
	[ "$(tail -1 <<<"$output")" -ge 1000000 ]
}

@test "clocks of a new time namespace" {
	local ns='.linux.namespaces += [{type: "time"}]'
	try "$ns | .linux.timeOffsets = {monotonic: {secs: 500, nanosecs: 7}, boottime: {secs: 3000000}}" \
		'cat /proc/self/timens_offsets | tr -s " "; cut -d. -f1 /proc/uptime'
	want 0
	has $'monotonic 500 7\n'
	has "boottime 3000000 0"
	[ "$(tail -1 <<<"$output")" -ge 3000000 ]
	bundle a "$ns | .linux.timeOffsets = {boottime: {secs: 3000000}} | .process.args = [\"sleep\", \"600\"]"
	oci run -d -b "$T/a" a </dev/null >/dev/null 2>&1
	split oci exec a cut -d. -f1 /proc/uptime
	want 0
	[ "$output" -ge 3000000 ]
	oci delete -f a
	refused "$ns | .linux.timeOffsets = {boottime: {secs: -9000000000}}" "linux.timeOffsets: cannot set the clock 'boottime'"
	refused '.linux.timeOffsets = {boottime: {secs: 1}}' "timeOffsets: there is no new time namespace"
}

@test "a user namespace by path, and all of its pod" {
	pod "$(has_user)"
	[ "$(link user "$pid")" != "$(link user)" ]
	local all
	all=$(joined user network ipc uts)
	try "$all | .linux.uidMappings = [] | .linux.gidMappings = [] | del(.hostname)" \
		'for n in user net ipc uts; do readlink /proc/self/ns/$n; done; id -u; cat /proc/1/cmdline | head -c2; echo;
		tr -s " " </proc/self/uid_map'
	want 0
	[ "$(head -4 <<<"$output")" = "$(for n in user net ipc uts; do link $n "$pid"; done)" ]
	has $'\n0\nsh\n'
	has "$(tr -s ' ' <"/proc/$pid/uid_map" | cut -d' ' -f2-3)"
	# New ones belong to it: its root may do there what root may.
	try "$(joined user) | .process.capabilities.bounding += [\"CAP_SYS_ADMIN\"]
		| .process.capabilities.permitted += [\"CAP_SYS_ADMIN\"] | .process.capabilities.effective += [\"CAP_SYS_ADMIN\"]
		| .linux.uidMappings = [] | .linux.gidMappings = [] | del(.linux.seccomp)" \
		'hostname inside && hostname; mount -t tmpfs none /tmp && grep -c " /tmp tmpfs" /proc/mounts'
	want 0
	[ "$(head -1 <<<"$output")" = inside ]
	# Its maps may be there as well, if they are those.
	bundle a "$all | del(.hostname) | $(sh_args 'echo ran')"
	jq --argjson m "$(jq .linux.uidMappings pod/config.json)" --argjson g "$(jq .linux.gidMappings pod/config.json)" \
		'.linux.uidMappings = $m | .linux.gidMappings = $g' a/config.json >new && mv new a/config.json
	split oci run -b "$T/a" a
	want 0
	[ "$output" = ran ]
	refused "$all | del(.hostname) | .linux.uidMappings = [{containerID: 5, hostID: 5, size: 5}]" \
		"linux.uidMappings: the user namespace that is joined has other ones"
}

@test "clocks of a new time namespace beside a user namespace by path" {
	pod "$(has_user)"
	local all
	all="$(joined user) | .linux.uidMappings = [] | .linux.gidMappings = [] | .linux.namespaces += [{type: \"time\"}]
		| .linux.timeOffsets = {boottime: {secs: 3000000}}"
	if [ "$(persona)" = root ]; then
		try "$all" 'cut -d. -f1 /proc/uptime; id -u'
		want 0
		[ "$(head -1 <<<"$output")" -ge 3000000 ]
		[ "$(tail -1 <<<"$output")" = 0 ]
	else
		# Who has no right outside has none to make one.
		refused "$all" "linux.timeOffsets: cannot make the time namespace"
	fi
}

@test "exec enters a container with a user namespace by path" {
	pod "$(has_user)"
	bundle a "$(joined user network ipc uts) | .linux.uidMappings = [] | .linux.gidMappings = [] | del(.hostname)
		| .process.args = [\"sleep\", \"600\"]"
	oci run -d -b "$T/a" a </dev/null >/dev/null 2>&1
	split oci exec a sh -c 'readlink /proc/self/ns/user; id -u; echo $PPID'
	want 0
	[ "$output" = "$(link user "$pid")"$'\n0\n0' ]
}

@test "a user namespace by path with a process namespace of it: nobody in there finds berth" {
	pod "$(has_user)"
	try "$(joined user pid) | .linux.uidMappings = [] | .linux.gidMappings = []" \
		'readlink /proc/self/ns/pid; for p in /proc/[0-9]*; do readlink $p/exe; done; true'
	want 0
	[ "$(head -1 <<<"$output")" = "$(link pid "$pid")" ]
	lacks "$(basename "$BERTH")"
}

@test "root makes a user namespace and joins a network of the host" {
	only root
	pod .
	try "$(joined network) | $mapped" 'readlink /proc/self/ns/net; id -u'
	want 0
	[ "$output" = "$(link net "$pid")"$'\n0' ]
	bundle a "$(joined network) | $mapped | .process.args = [\"sleep\", \"600\"]"
	oci run -d -b "$T/a" a </dev/null >/dev/null 2>&1
	split oci exec a readlink /proc/self/ns/net
	want 0
	[ "$output" = "$(link net "$pid")" ]
}

@test "in a user namespace limits and OOM score are those that who starts it may have" {
	only root
	local hard
	hard=$(ulimit -Hn)
	bundle a "$mapped | .process.rlimits = [{type: \"RLIMIT_NOFILE\", soft: 50, hard: $hard}] | .process.oomScoreAdj = 100
		| $(sh_args 'ulimit -Hn; cat /proc/self/oom_score_adj')"
	split oci run -b "$T/a" a
	want 0
	[ "$output" = "$hard"$'\n100' ]
	pod "$mapped"
	try "$(joined user) | .process.rlimits = [{type: \"RLIMIT_NOFILE\", soft: 50, hard: $hard}] | .process.oomScoreAdj = 100" \
		'ulimit -Hn; cat /proc/self/oom_score_adj'
	want 0
	[ "$output" = "$hard"$'\n100' ]
}

@test "paths that are none of the kind" {
	touch file
	refused '.linux.namespaces |= map(if .type == "ipc" then .path = "/proc/self/ns/net" else . end)' \
		"'/proc/self/ns/net' is a network namespace and not a ipc namespace"
	refused ".linux.namespaces |= map(if .type == \"ipc\" then .path = \"$T/file\" else . end)" \
		"'$T/file', for the ipc namespace, is no namespace"
	refused '.linux.namespaces |= map(if .type == "ipc" then .path = "/no/such" else . end)' \
		"cannot open the ipc namespace '/no/such'"
	refused '.linux.namespaces |= map(if .type == "ipc" then .path = "x" else . end)' "'x' of type 'ipc' is no absolute path"
	refused '.linux.namespaces += [{type: "ipc"}]' "'ipc' is there twice"
	refused '.linux.namespaces += [{type: "net"}]' "'net' is no type of one"
	refused '.linux.namespaces |= map(if .type == "mount" then .path = "/proc/self/ns/mnt" else . end)' \
		"linux.namespaces: a container has a new mount namespace, and not that of '/proc/self/ns/mnt'"
	refused '.linux.namespaces |= map(select(.type != "mount"))' "linux.namespaces: a container needs a mount namespace"
}

@test "maps and user namespaces go together" {
	only root
	refused '.linux.uidMappings = [{containerID: 0, hostID: 0, size: 1}]' "'uidMappings' is given"
	refused '.linux.namespaces += [{type: "user"}]' "'uidMappings' is missing"
	refused "$mapped | .linux.gidMappings = []" "'gidMappings' is missing"
	refused "$mapped | .linux.uidMappings += [{containerID: 5, hostID: 5, size: 5}]" "linux: uidMappings[1]: it overlaps"
}

@test "names of the host are not changed" {
	refused '.hostname = "x" | .linux.namespaces |= map(select(.type != "uts"))' "a host name needs a uts namespace"
	refused '.hostname = "x" | .linux.namespaces |= map(if .type == "uts" then .path = "/proc/self/ns/uts" else . end)' \
		"a host name needs a uts namespace"
	refused 'del(.hostname) | .domainname = "x" | .linux.namespaces |= map(select(.type != "uts"))' \
		"a domain name needs a uts namespace"
	try '.hostname = "a" | .domainname = "b"' 'cat /proc/sys/kernel/hostname /proc/sys/kernel/domainname'
	want 0
	[ "$output" = $'a\nb' ]
}

@test "sysctls need the namespace that they belong to" {
	try "$network"' | .linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.msgmax": "9000", "fs/mqueue/msg_max": "7"}' \
		'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax /proc/sys/fs/mqueue/msg_max'
	want 0
	[ "$output" = $'1\n9000\n7' ]
	refused '.linux.sysctl = {"net.ipv4.ip_forward": "1"} | .linux.namespaces |= map(select(.type != "network"))' \
		"linux.sysctl: sysctl 'net.ipv4.ip_forward' would change the host"
	refused "$network"' | .linux.sysctl = {"net.ipv4.ip_forward": "1"}
		| .linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/net" else . end)' \
		"linux.sysctl: sysctl 'net.ipv4.ip_forward' would change the host"
	refused '.linux.sysctl = {"kernel.sem": "1 2 3 4"} | .linux.namespaces |= map(select(.type != "ipc"))' "linux.sysctl"
	refused '.linux.sysctl = {"kernel.panic": "1"}' "linux.sysctl: sysctl 'kernel.panic' does not belong to a namespace"
	refused "$network"' | .linux.sysctl = {"net.no.such": "1"}' "linux.sysctl: 'net.no.such'"
	refused '.linux.sysctl = {"kernel.msgmax": "x"}' "linux.sysctl: cannot set 'kernel.msgmax' to 'x'"
}

# In a network namespace of its own, as its host.
netns() {
	unshare -n "$@"
}

@test "network interfaces move in, with their addresses" {
	only root
	bundle a ".linux.netDevices = {d0: {}, d1: {name: \"inside\"}} | $(sh_args 'ip addr show d0; ip addr show inside')"
	bundle b ".linux.netDevices = {d0: {name: \"d1\"}} | $(sh_args 'echo it ran')"
	export -f oci
	netns bash -c 'ip link set lo up; ip link add d0 type veth peer name d1
		ip addr add 10.9.8.7/24 dev d0; ip addr add 2001:db8::7/64 dev d0 nodad; ip addr add 10.9.8.6/32 dev d1
		ip link set d0 mtu 1400 address 02:00:00:00:00:07 up
		oci run -b "$T/a" a; echo "status $?"; ip -br link' >out 2>err || :
	output=$(cat out) stderr=$(cat err)
	has "status 0"
	has "mtu 1400"
	has "02:00:00:00:00:07"
	has "inet 10.9.8.7/24"
	has "inet6 2001:db8::7/64"
	has "inside@d0: <BROADCAST,MULTICAST,UP"
	has "inet 10.9.8.6/32"
	# Gone from the host.
	[ "$(sed '1,/^status/d' out | awk '{ print $1 }')" = lo ]
	netns bash -c 'oci run -b "$T/b" b' >out 2>err && false
	stderr=$(cat err)
	err_has "linux.netDevices: 'd0': it is not there"
	refused '.linux.netDevices = {d0: {}} | .linux.namespaces |= map(select(.type != "network"))' \
		"netDevices: there is no network namespace"
	refused '.linux.netDevices = {d0: {}} | .linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/net" else . end)' \
		"linux.netDevices: the container is in the network namespace that they are in"
	refused '.linux.netDevices = {lo: {name: "other"}}' "linux.netDevices: 'lo': it cannot be moved"
}

@test "network interfaces move into a network namespace by path and one of a user namespace" {
	only root
	export -f oci
	pod "$mapped"
	bundle a "$(joined user network) | .linux.uidMappings = [] | .linux.gidMappings = [] | .linux.netDevices = {d0: {name: \"e0\"}}
		| $(sh_args 'ip addr show e0')"
	bundle b "$(joined user network) | .linux.uidMappings = [] | .linux.gidMappings = [] | .linux.netDevices = {d1: {name: \"e0\"}}
		| $(sh_args 'echo it ran')"
	netns bash -c 'ip link add d0 type veth peer name d1; ip addr add 10.9.8.7/24 dev d0; oci run -b "$T/a" a
		oci run -b "$T/b" b 2>err; echo "status $?"; ip -br link' >out
	output=$(cat out) stderr=$(cat err)
	export stderr
	has "inet 10.9.8.7/24"
	has "UP"
	has "status 1"
	lacks "it ran"
	err_has "linux.netDevices: 'd1': it cannot be moved to the container as 'e0': File exists"
	# Where it was.
	sed '1,/^status/d' out | grep -q ^d1
}
