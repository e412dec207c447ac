#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# berth oci: what a bundle says of its process.
# Also called here: berth oci create, berth oci run, berth oci exec, berth oci delete.

# What stands in single quotes is for the shell in there.
# shellcheck disable=SC2016
bats_require_minimum_version 1.5.0
load ../helper/berth
load ../helper/bundle

teardown() {
	oci_teardown
	berth_teardown
}

# Runs in the background, for exec.
start() { # JQ [ARG...]
	bundle a "$1 | .process.args = [\"sleep\", \"600\"]"
	oci run -d -b "$T/a" "${@:2}" a </dev/null >"$T/out" 2>"$T/err" || {
		cat "$T/out" "$T/err"
		return 1
	}
}

@test "user, groups, umask, environment and working directory" {
	# An ordinary user has one id in there.
	[ "$(persona)" != root ] || {
		try '.process.user = {uid: 7, gid: 8, umask: 63, additionalGids: [9, 10]} | .process.cwd = "/made/here"
			| .process.env += ["A=1", "A=2", "HOME=/h"]' 'id -u; id -g; id -G; umask; pwd; echo $A $HOME; env | grep -c ^A='
		want 0
		[ "$output" = $'7\n8\n8 9 10\n0077\n/made/here\n2 /h\n1' ]
	}
	# Without one it is that of who starts it.
	umask 0037
	bundle a "del(.process.user.umask) | $(sh_args umask)"
	split oci run -b "$T/a" a
	umask 0022
	want 0
	[ "$output" = 0037 ]
	refused '.process.cwd = "tmp"' "process: 'cwd' is 'tmp', which is no absolute path"
	refused '.process.env = ["A"]' "process: 'env[0]' is 'A', which is not NAME=VALUE"
}

@test "capabilities that nobody knows are warned of and passed over" {
	try '.process.capabilities.bounding += ["CAP_NO_SUCH"] | .process.capabilities.permitted += ["CAP_NO_SUCH"]' \
		"grep -c ^CapBnd: /proc/self/status"
	want 0
	[ "$output" = 1 ]
	err_has "process.capabilities: 'CAP_NO_SUCH' is not a capability"
	split oci --log "$T/log" --log-format json run -b "$T/a" a
	want 0
	jq -se 'map(select(.level == "warning" and (.msg | contains("CAP_NO_SUCH")))) | length == 1' <"$T/log"
}

@test "capabilities: all five sets are those of the document" {
	only root
	try '.process.capabilities = {bounding: ["CAP_CHOWN", "CAP_KILL"], permitted: ["CAP_CHOWN", "CAP_KILL"],
		effective: ["CAP_CHOWN"], inheritable: ["CAP_KILL"], ambient: ["CAP_KILL"]} | .process.user.uid = 7' \
		"grep ^Cap /proc/self/status | cut -f2"
	want 0
	# CAP_CHOWN is bit 0, CAP_KILL bit 5; of an ordinary user only the ambient ones stay over an exec.
	[ "$output" = $'0000000000000020\n0000000000000020\n0000000000000020\n0000000000000021\n0000000000000020' ]
	try 'del(.process.capabilities)' "grep ^CapBnd /proc/self/status | cut -f2"
	[ "$output" = 0000000000000000 ]
	# What nobody here has is warned of, and is no error.
	setpriv --bounding-set -sys_boot true || cannot "take a capability out of the bounding set"
	bundle a '.process.capabilities.bounding = ["CAP_SYS_BOOT", "CAP_KILL"] | .process.args = ["grep", "^CapBnd", "/proc/self/status"]'
	split setpriv --bounding-set -sys_boot "${BERTH%/*}/berth-oci" --root "$T/oci" run -b "$T/a" a
	want 0
	has 0000000000000020
	err_has "process.capabilities: CAP_SYS_BOOT cannot be granted"
}

@test "rlimits are set, and what cannot be is an error with the property" {
	try '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 77, hard: 99}]' "ulimit -Sn; ulimit -Hn"
	want 0
	[ "$output" = $'77\n99' ]
	refused '.process.rlimits = [{type: "RLIMIT_CPU", soft: 7, hard: 9}, {type: "RLIMIT_CPU", soft: 7, hard: 9}]' \
		"process: rlimits[1]: 'RLIMIT_CPU' is there twice"
	refused '.process.rlimits = [{type: "RLIMIT_NO", soft: 7, hard: 9}]' "RLIMIT_NO"
	refused '.process.rlimits = [{type: "RLIMIT_CPU", soft: 7}]' "'hard' of 'RLIMIT_CPU' is missing"
	if setpriv --bounding-set -sys_resource true 2>/dev/null; then
		[ "$(ulimit -Hc)" != 0 ] || cannot "lower a limit that is 0"
		ulimit -Hc 1000
		bundle a '.process.rlimits = [{type: "RLIMIT_CORE", soft: 1, hard: 1024001}]'
		split setpriv --bounding-set -sys_resource --inh-caps -sys_resource "${BERTH%/*}/berth-oci" --root "$T/oci" run -b "$T/a" a
		want 1
		err_has "process.rlimits: cannot set the limit RLIMIT_CORE"
		err_has "CAP_SYS_RESOURCE"
	fi
}

@test "no new privileges and OOM score" {
	try '.process.noNewPrivileges = true | .process.oomScoreAdj = 321' \
		"grep ^NoNewPrivs /proc/self/status | cut -f2; cat /proc/self/oom_score_adj"
	want 0
	[ "$output" = $'1\n321' ]
	try '.process.noNewPrivileges = false' "grep ^NoNewPrivs /proc/self/status | cut -f2"
	[ "$output" = "$(grep ^NoNewPrivs /proc/self/status | cut -f2)" ]
	refused '.process.oomScoreAdj = 1001' oomScoreAdj
}

@test "labels of security modules: empty is none, and one without its module is refused" {
	try '.process.apparmorProfile = "" | .process.selinuxLabel = ""' "echo ran"
	want 0
	[ "$output" = ran ]
	grep -q Y /sys/module/apparmor/parameters/enabled 2>/dev/null ||
		refused '.process.apparmorProfile = "profile"' "process.apparmorProfile: cannot take the label 'exec profile'"
	[ -e /sys/fs/selinux/enforce ] ||
		refused '.process.selinuxLabel = "a:b:c:d"' "process.selinuxLabel: cannot take the label 'a:b:c:d'"
}

@test "scheduler: policies, nice, flags, and what the kernel refuses" {
	try '.process.scheduler = {policy: "SCHED_BATCH", nice: 19}' 'cut -d" " -f19,41 /proc/self/stat'
	want 0
	[ "$output" = "19 3" ]
	try '.process.scheduler = {policy: "SCHED_IDLE"}' 'cut -d" " -f41 /proc/self/stat'
	want 0
	[ "$output" = 5 ]
	# It loses its priority with the first child, which is the program that looks.
	try '.process.scheduler = {policy: "SCHED_BATCH", flags: ["SCHED_FLAG_RESET_ON_FORK"], nice: 18}' \
		'read -r line </proc/self/stat; set -- $line; echo ${19} ${41}; cut -d" " -f19 /proc/self/stat'
	want 0
	[ "$output" = $'18 3\n18' ]
	refused '.process.scheduler = {policy: "SCHED_FIFO"}' "process.scheduler: the kernel does not take it"
	refused '.process.scheduler = {policy: "SCHED_ISO"}' "process.scheduler: the kernel does not take it"
	refused '.process.scheduler = {policy: "SCHED_BATCH", priority: 3}' "process: scheduler: 'priority' is for"
}

@test "scheduler: real time" {
	chrt -f 3 true 2>/dev/null || cannot "this machine has no real time for this user"
	# A cgroup of version 1 has none by itself.
	local here=".linux.cgroupsPath = \"/${T##*/}\" | .linux.resources.cpu = {realtimeRuntime: 10000, realtimePeriod: 1000000}"
	[ "$(persona)" = root ] && [ -e /sys/fs/cgroup/cpu/cpu.rt_runtime_us ] || here=.
	try "$here"' | .process.scheduler = {policy: "SCHED_FIFO", priority: 3}' 'cut -d" " -f40,41 /proc/self/stat'
	if [ "$status" != 0 ]; then
		err_has "process.scheduler: the kernel does not take it: Operation not permitted"
		err_has "linux.resources.cpu.realtimeRuntime"
		cannot "this machine has no real time for this user"
	fi
	[ "$output" = "3 1" ]
	try "$here"' | .process.scheduler = {policy: "SCHED_RR", priority: 4, flags: ["SCHED_FLAG_RESET_ON_FORK"]}' \
		'read -r line </proc/self/stat; set -- $line; echo ${40} ${41}; cut -d" " -f40,41 /proc/self/stat; true'
	want 0
	[ "$output" = $'4 2\n0 0' ]
}

@test "scheduler: deadline" {
	chrt -d --sched-runtime 1000000 --sched-deadline 5000000 --sched-period 10000000 0 true 2>/dev/null ||
		cannot "this machine has no SCHED_DEADLINE for this user"
	# Who has it may start nothing.
	try '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 1000000, deadline: 5000000, period: 10000000}' \
		'read -r line </proc/self/stat; set -- $line; echo ${41}'
	want 0
	[ "$output" = 6 ]
}

@test "IO priority" {
	need ionice
	start '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
	[ "$(ionice -p "$(oci state a | jq .pid)")" = "best-effort: prio 6" ]
	oci delete -f a
	start '.process.ioPriority = {class: "IOPRIO_CLASS_IDLE"}'
	[ "$(ionice -p "$(oci state a | jq .pid)")" = idle ]
	# What joins it has the same.
	oci exec -d --pid-file "$T/pid" a sleep 600 </dev/null >/dev/null 2>&1
	[ "$(ionice -p "$(cat "$T/pid")")" = idle ]
	oci delete -f a
	refused '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 8}' "ioPriority"
}

@test "exec: scheduler, processors and memory policy" {
	local cpu
	cpu=$(sed -n 's/^Cpus_allowed_list:\t\([0-9]*\).*/\1/p' /proc/self/status)
	start ".process.scheduler = {policy: \"SCHED_BATCH\", nice: 19} | .process.execCPUAffinity = {initial: \"$cpu\", final: \"$cpu\"}"
	split oci exec a cut -d' ' -f19,41 /proc/self/stat
	want 0
	[ "$output" = "19 3" ]
	split oci exec a grep ^Cpus_allowed_list /proc/self/status
	[ "$output" = $'Cpus_allowed_list:\t'"$cpu" ]
	# The container itself has all of them.
	[ "$(grep ^Cpus_allowed_list "/proc/$(oci state a | jq .pid)/status")" = "$(grep ^Cpus_allowed_list /proc/self/status)" ]
	jq -n '{cwd: "/", args: ["true"], execCPUAffinity: {final: "8191"}}' >process.json
	split oci exec --process process.json a
	want 1
	err_has "process.execCPUAffinity: the kernel does not take '8191'"
}

@test "exec: a scheduler that is reset on fork is the process's" {
	start '.process.scheduler = {policy: "SCHED_BATCH", flags: ["SCHED_FLAG_RESET_ON_FORK"], nice: 19}'
	oci exec -d --pid-file "$T/pid" a sleep 600 </dev/null >/dev/null 2>&1
	[ "$(cut -d' ' -f41 "/proc/$(cat "$T/pid")/stat")" = 3 ]
}

@test "personality and memory policy" {
	try '.linux.personality = {domain: "LINUX32"}' "uname -m"
	want 0
	[ "$output" != "$(uname -m)" ]
	try '.linux.personality = {domain: "LINUX"}' "uname -m"
	[ "$output" = "$(uname -m)" ]
	refused '.linux.personality = {domain: "LINUX", flags: ["X"]}' "linux: personality: 'flags[0]'"
	[ -e /proc/self/numa_maps ] || cannot "this kernel has no memory policies"
	try '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES"]}' \
		'grep -m1 -o " bind.*:0 " /proc/self/numa_maps | tr -d " "'
	want 0
	[ "$output" = "bind=static:0" ]
	refused '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "1023"}' "linux.memoryPolicy: the kernel does not take it"
	refused '.linux.memoryPolicy = {mode: "MPOL_BIND"}' "linux: memoryPolicy: 'nodes' is missing"
}

@test "a session keyring of its own, that exec joins" {
	[ -e /proc/keys ] || cannot "this kernel has no keys"
	# Names of their own: the kernel forgets a keyring a little later than its container ends.
	bundle a '.linux.maskedPaths = [] | .process.args = ["sleep", "1000"]'
	oci run -d -b "$T/a" "with$$" </dev/null >/dev/null 2>&1
	split oci exec "with$$" grep -c " _ses.with$$: " /proc/keys
	want 0
	[ "$output" = 1 ]
	oci run -d --no-new-keyring -b "$T/a" "without$$" </dev/null >/dev/null 2>&1
	split oci exec "without$$" grep -c " _ses.without$$: " /proc/keys
	[ "$output" = 0 ]
}

@test "the size of the terminal" {
	try '.process.terminal = true | .process.consoleSize = {height: 33, width: 77}' "stty size </dev/tty"
	want 0
	has "33 77"
	start '.'
	jq -n '{cwd: "/", args: ["stty", "size"], terminal: true, consoleSize: {height: 22, width: 66}}' >process.json
	split oci exec --process process.json a
	want 0
	has "22 66"
	oci delete -f a
	refused '.process.terminal = true | .process.consoleSize = {height: 70000, width: 77}' "consoleSize"
}

@test "a bundle without a command is refused" {
	bundle a 'del(.process.args)'
	split oci create -b "$T/a" a
	want 1
	err_has "there is no command to run"
}
