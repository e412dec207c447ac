#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# linux.seccomp of a bundle: filters as a program meets them, and agents.

bats_require_minimum_version 1.5.0
load ../helper/berth
load ../helper/bundle

teardown() {
	[ -z "${agent:-}" ] || kill "$agent"
	oci_teardown
	berth_teardown
}

# A bundle with this linux.seccomp, and a shell as its process.
filtered() { # NAME SECCOMP SCRIPT
	bundle "$1" "$(jq -n --argjson seccomp "$2" --arg script "$3" \
		'"\({seccomp: $seccomp}) as $s | .linux += $s | \({args: ["sh", "-c", $script]}) as $p | .process += $p"' -r)"
}

rule() { # ACTION [MORE]
	jq -nc --arg action "$1" "{defaultAction: \"SCMP_ACT_ALLOW\", syscalls: [{names: [\"mkdir\", \"mkdirat\"],
		action: \$action} ${2:-}]}"
}

# The profile that podman hands on: what of its file holds for these capabilities.
engine_profile() {
	jq -c '{defaultAction, defaultErrnoRet, architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
		syscalls: [.syscalls[] | select((.includes.caps // []) == [] and
			((.includes.arches // ["amd64"]) | index("amd64")) and
			(((.excludes.arches // []) | index("amd64")) | not)) |
			{names, action} + (if .args then {args: [.args[] | {index, value, valueTwo, op}]} else {} end) +
			(if .errnoRet then {errnoRet} else {} end)]}' /usr/share/containers/seccomp.json
}

start_agent() {
	"$helper/seccomp-agent" "$T/agent" "$T/states" 3>&- &
	agent=$!
	eventually 20 test -S "$T/agent"
}

notify() { # NAME...
	jq -nc --arg path "$T/agent" '{defaultAction: "SCMP_ACT_ALLOW", listenerPath: $path, listenerMetadata: "a word",
		syscalls: [{names: $ARGS.positional, action: "SCMP_ACT_NOTIFY"}]}' --args "$@"
}

@test "what becomes of a call" {
	filtered a "$(rule SCMP_ACT_ERRNO '+ {errnoRet: 122}')" 'mkdir /tmp/x; grep -E "^Seccomp" /proc/self/status'
	split oci run -b "$T/a" a
	want 0
	err_has "isk quota exceeded"
	has "$(printf 'Seccomp:\t2')"
	has "$(printf 'Seccomp_filters:\t1')"
	filtered a "$(rule SCMP_ACT_ERRNO)" 'mkdir /tmp/x'
	split oci run -b "$T/a" a
	want 1
	err_has "Operation not permitted"
	for action in KILL KILL_THREAD KILL_PROCESS TRAP; do
		filtered a "$(rule SCMP_ACT_$action)" 'exec mkdir /tmp/x'
		split oci run -b "$T/a" a
		want 159
	done
	# Without a tracer.
	filtered a "$(rule SCMP_ACT_TRACE)" 'mkdir /tmp/x'
	split oci run -b "$T/a" a
	want 1
	err_has "Function not implemented"
	for action in LOG ALLOW; do
		filtered a "$(rule SCMP_ACT_$action)" 'mkdir /tmp/x && rm -r /tmp/x'
		split oci run -b "$T/a" a
		want 0
	done
}

@test "arguments decide, and what is unknown is passed over" {
	filtered a '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["no_such_call", "chmod"],
		"action": "SCMP_ACT_ERRNO", "errnoRet": 122, "args": [{"index": 1, "value": 64, "valueTwo": 64,
		"op": "SCMP_CMP_MASKED_EQ"}]}, {"names": ["not_this_one_either"], "action": "SCMP_ACT_KILL"}]}' \
		'cd /tmp; touch a; chmod 600 a && echo 600; chmod 700 a || echo not 700; chmod 4611 a && echo 4611'
	[ "$(uname -m)" = x86_64 ] || skip "only: x86_64"
	split oci run -b "$T/a" a
	want 0
	err_has "isk quota exceeded"
	[ "$output" = "$(printf '600\nnot 700\n4611')" ]
}

@test "32-bit calls have their own numbers" {
	need cc
	[ -z "${BERTH_VM:-}" ] || skip "only: where there is a compiler"
	[ "$(uname -m)" = x86_64 ] || skip "only: x86_64"
	cc -D_GNU_SOURCE -static -O1 -o "$T/probe" "$helper/probe.c"
	profile() {
		jq -nc '{defaultAction: "SCMP_ACT_ALLOW", architectures: $ARGS.positional,
			syscalls: [{names: ["getppid"], action: "SCMP_ACT_ERRNO", errnoRet: 122}]}' --args "$@"
	}
	filtered a "$(profile)" 'true'
	cp "$T/probe" "$T/a/rootfs/bin"
	split oci run -b "$T/a" a
	want 0
	filtered a "$(profile SCMP_ARCH_X86_64 SCMP_ARCH_X86 SCMP_ARCH_X32 SCMP_ARCH_AARCH64 SCMP_ARCH_LOONGARCH64)" \
		'echo "110 getppid x" | probe calls native; echo "64 getppid x" | probe calls x86'
	cp "$T/probe" "$T/a/rootfs/bin"
	split oci run -b "$T/a" a
	want 0
	has "$(printf 'getppid 122\ngetppid 122')"
	# Without its architecture there is no rule for it, and nobody may call that way.
	filtered a "$(profile SCMP_ARCH_X86_64)" 'echo "64 getppid x" | probe calls x86; echo after'
	cp "$T/probe" "$T/a/rootfs/bin"
	split oci run -b "$T/a" a
	lacks "getppid 0"
	has after
}

@test "with and without no_new_privs, as root and as nobody in particular" {
	for nnp in true false; do
		filtered a "$(rule SCMP_ACT_ERRNO '+ {errnoRet: 122}')" 'mkdir /tmp/x; grep NoNewPrivs /proc/self/status'
		jq ".process.noNewPrivileges = $nnp | .process.capabilities = {}" "$T/a/config.json" >"$T/new"
		mv "$T/new" "$T/a/config.json"
		split oci run -b "$T/a" a
		want 0
		err_has "isk quota exceeded"
		has "$(printf 'NoNewPrivs:\t%d' "$([ $nnp = false ]; echo $?)")"
	done
	only root
	jq ".process.user = {uid: 1234, gid: 1234}" "$T/a/config.json" >"$T/new"
	mv "$T/new" "$T/a/config.json"
	split oci run -b "$T/a" a
	want 0
	err_has "isk quota exceeded"
}

@test "flags" {
	for flags in '[]' '["SECCOMP_FILTER_FLAG_TSYNC"]' '["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"]' \
		'["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]'; do
		filtered a "$(rule SCMP_ACT_ERRNO '+ {errnoRet: 122}' | jq -c ".flags = $flags")" 'mkdir /tmp/x'
		split oci run -b "$T/a" a
		want 1
		err_has "isk quota exceeded"
	done
	# Nobody asks for it, and it is the default: else everything is slower on some processors.
	grep -q '^Speculation_Store_Bypass:.*vulnerable' /proc/self/status || return 0
	filtered a "$(rule SCMP_ACT_ERRNO)" 'grep Speculation_Store /proc/self/status'
	split oci run -b "$T/a" a
	has vulnerable
}

@test "an engine's profile is compiled once" {
	[ -e /usr/share/containers/seccomp.json ] || skip "missing: podman"
	[ "$(uname -m)" = x86_64 ] || skip "only: x86_64"
	with_errno() {
		engine_profile | jq -c "(.syscalls[] | select(.errnoRet) | .errnoRet) = $1"
	}
	filtered a "$(with_errno 122)" 'echo in; swapoff /nothing; rm -f /tmp/n; mknod /tmp/n p && echo made'
	ln -s busybox "$T/a/rootfs/bin/swapoff"
	for round in 1 2; do
		split env LD_DEBUG=files LD_DEBUG_OUTPUT="$T/loaded.$round" "${BERTH%/*}/berth-oci" --root "$T/oci" \
			run -b "$T/a" a
		want 0
		err_has "isk quota exceeded"
		[ "$output" = "$(printf 'in\nmade')" ]
	done
	cat "$T"/loaded.1.* | grep -q libseccomp
	cat "$T"/loaded.2.* | grep -q libcjson
	! cat "$T"/loaded.2.* | grep libseccomp || false
	# Another one is another.
	filtered a "$(with_errno 5)" 'swapoff /nothing'
	split oci run -b "$T/a" a
	err_has "Input/output error"
	# What is kept is checked before it is believed.
	for file in "$T"/oci/.@seccomp/*; do
		truncate -s -8 "$file"
	done
	split oci run -b "$T/a" a
	err_has "Input/output error"
	# It is no container.
	[ -z "$(oci list -q)" ]
}

@test "an agent answers: run" {
	start_agent
	filtered a "$(notify mkdir mkdirat)" 'mkdir /tmp/x; echo $?; ls /proc/self/fd'
	split oci run -b "$T/a" a
	want 0
	err_has "isk quota exceeded"
	# The descriptors of ls, and the directory that it reads.
	[ "$output" = "$(printf '1\n0\n1\n2\n3')" ]
	[ "$(jq -r '[.descriptors, .fds[0], .metadata, .state.id, .state.status, .state.bundle, .pid == .state.pid, .pid > 1] |
		map(tostring) | join(" ")' "$T/states")" = "1 seccompFd a word a created $T/a true true" ]
	[ "$(jq -r '.ociVersion' "$T/states")" = "$(oci --version | sed -n 's/^spec: //p')" ]
	[ "$(jq -r '.state.ociVersion' "$T/states")" = "$(oci --version | sed -n 's/^spec: //p')" ]
}

@test "an agent answers: create, start and exec" {
	start_agent
	filtered a "$(notify mkdir mkdirat)" 'mkdir /tmp/x; echo $?; ls /proc/self/fd; while :; do sleep 0.1; done'
	jq '.annotations = {"org.example.key": "value"}' "$T/a/config.json" >"$T/new"
	mv "$T/new" "$T/a/config.json"
	oci create --pid-file "$T/pid" -b "$T/a" a </dev/null >"$T/out" 2>"$T/err"
	[ ! -s "$T/states" ]
	oci start a
	eventually 20 grep -q 3 "$T/out"
	grep -q "Disk quota exceeded" "$T/err"
	[ "$(cat "$T/out")" = "$(printf '1\n0\n1\n2\n3')" ]
	[ "$(jq -r '.pid' "$T/states")" = "$(cat "$T/pid")" ]
	[ "$(jq -r '.state.annotations["org.example.key"], .state.status' "$T/states" | tr '\n' ' ')" = "value created " ]
	split oci exec a mkdir /tmp/y
	want 1
	err_has "isk quota exceeded"
	[ "$(tail -1 "$T/states" | jq -r '.state.status')" = running ]
	[ "$(tail -1 "$T/states" | jq -r '.state.pid')" = "$(cat "$T/pid")" ]
	# Its own error comes first, as without an agent.
	split oci exec a no-such-command
	want 1
	err_has "executable file not found"
	oci delete --force a
}

@test "no call that may be stopped stops the start" {
	start_agent
	filtered a "$(notify mkdir mkdirat sendmsg recvmsg sendto recvfrom write read close execve execveat capset prctl \
		fcntl dup2 exit_group socket connect)" 'mkdir /tmp/x; echo $?'
	for nnp in true false; do
		jq ".process.noNewPrivileges = $nnp" "$T/a/config.json" >"$T/new"
		mv "$T/new" "$T/a/config.json"
		split oci run -b "$T/a" a
		want 0
		[ "$output" = 1 ]
		err_has "isk quota exceeded"
	done
}

@test "a profile of what the program needs is enough" {
	[ "$(uname -m)" = x86_64 ] || skip "only: x86_64"
	# Nothing of it is for the runtime: execve is the shell's own.
	minimal='{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 122, "syscalls": [{"action": "SCMP_ACT_ALLOW",
		"names": ["execve", "fcntl", "brk", "arch_prctl", "set_tid_address", "set_robust_list", "rseq", "prlimit64",
		"readlinkat", "readlink", "getrandom", "mprotect", "getuid", "getpid", "getppid", "rt_sigaction", "uname",
		"rt_sigprocmask", "ioctl", "write", "exit_group", "stat", "newfstatat", "getcwd", "geteuid", "getegid",
		"getgid", "capset", "prctl", "capget"]}]}'
	for nnp in true false; do
		filtered a "$minimal" 'echo in; mkdir /tmp/x || exec true'
		jq ".process.noNewPrivileges = $nnp" "$T/a/config.json" >"$T/new"
		mv "$T/new" "$T/a/config.json"
		split oci run -b "$T/a" a
		[ "$output" = in ]
		want 2
		err_has "can't fork: Disk quota exceeded"
	done
	# It is not for the program.
	need cc
	cc -D_GNU_SOURCE -static -O1 -o "$T/probe" "$helper/probe.c"
	filtered a '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["execveat"], "action": "SCMP_ACT_ERRNO",
		"errnoRet": 122}]}' 'echo "322 execveat x" | probe calls native'
	cp "$T/probe" "$T/a/rootfs/bin"
	split oci run -b "$T/a" a
	want 0
	has "execveat 122"
}

@test "a profile that keeps the socket of the start open is an error" {
	filtered a '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["fcntl"], "action": "SCMP_ACT_ERRNO",
		"errnoRet": 122}]}' 'ls /proc/self/fd'
	split timeout 20 "${BERTH%/*}/berth-oci" --root "$T/oci" run -b "$T/a" a
	want 1
	err_has "isk quota exceeded"
	[ -z "$output" ]
	oci create -b "$T/a" a </dev/null >"$T/out" 2>"$T/err"
	split timeout 20 "${BERTH%/*}/berth-oci" --root "$T/oci" start a
	want 1
	err_has "isk quota exceeded"
	[ ! -s "$T/out" ]
}

@test "no agent, no container" {
	filtered a "$(notify mkdir)" 'touch /tmp/ran'
	split oci --log "$T/log" --log-format json run -b "$T/a" a
	want 1
	err_has "linux.seccomp.listenerPath: cannot connect to the agent at '$T/agent'"
	[ "$(jq -r .level "$T/log")" = error ]
	[ -z "$(oci list -q)" ]
	oci create -b "$T/a" a </dev/null >"$T/out" 2>"$T/err"
	split oci start a
	want 1
	err_has "linux.seccomp.listenerPath: cannot connect to the agent at '$T/agent'"
	eventually 10 test "$(oci_status a)" = stopped
	oci delete a
	# One that has ended is no other container that has started.
	start_agent
	kill "$agent"
	wait "$agent" || agent=
	split oci run -b "$T/a" a
	want 1
	err_has "cannot connect to the agent at '$T/agent': Connection refused"
	oci create -b "$T/a" a </dev/null >"$T/out" 2>"$T/err"
	split oci start a
	want 1
	err_has "cannot connect to the agent at '$T/agent': Connection refused"
	[ ! -e "$T/a/rootfs/tmp/ran" ]
}

@test "an agent that goes away leaves calls that there are not" {
	start_agent
	filtered a "$(notify mkdir mkdirat)" 'until [ -e /tmp/gone ]; do sleep 0.1; done; mkdir /tmp/x'
	oci create -b "$T/a" a </dev/null >"$T/out" 2>"$T/err"
	oci start a
	# One process for each listener.
	eventually 20 grep -q . "/proc/$agent/task/$agent/children"
	children=$(cat "/proc/$agent/task/$agent/children")
	# shellcheck disable=SC2086
	kill $agent $children
	agent=
	touch "$T/a/rootfs/tmp/gone"
	eventually 60 grep -q "Function not implemented" "$T/err"
	oci delete --force a
}

@test "mistakes have the path of what is wrong" {
	while IFS='|' read -r seccomp say; do
		filtered a "$seccomp" true
		split oci run -b "$T/a" a
		want 1
		err_has "$say"
		[ -z "$(oci list -q)" ]
	done <<-'EOF'
		{}|config.json: linux: seccomp: 'defaultAction' is missing
		{"defaultAction": "SCMP_ACT_NOTIFY", "listenerPath": "/a"}|seccomp: 'defaultAction': 'SCMP_ACT_NOTIFY' is for single calls
		{"defaultAction": "SCMP_ACT_ALLOW", "listenerMetadata": "a"}|'listenerMetadata'
		{"defaultAction": "SCMP_ACT_ALLOW", "flags": ["A"]}|seccomp: flags[0]: 'A' is not a flag of a filter
		{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["A"]}|linux.seccomp
		{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]}|needs a 'listenerPath'
		{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": [], "action": "SCMP_ACT_LOG"}]}|linux.seccomp': syscalls[0]: names are missing
		{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a"], "action": "A"}]}|seccomp: syscalls[0]: 'action': 'A' is not an action
	EOF
}
