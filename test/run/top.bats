#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# top: the processes of one container and of no other, with ps's columns or podman's.

bats_require_minimum_version 1.5.0
load ../helper/berth
load ../helper/live

# A container with three processes.
three() { # NAME [OPTION...]
	up "$@" busybox sh -c 'sleep 71 & sleep 72 & echo ready; wait'
	eventually 5 grep -q ready "$T/$1.out"
}

@test "top: docker's columns, and the processes of this container only" {
	busybox
	three one --rm
	three two --rm
	split berth top one
	want 0
	[ "$(head -1 <<<"$output" | xargs)" = "UID PID PPID C STIME TTY TIME CMD" ]
	[ "$(wc -l <<<"$output")" = 4 ]
	has "sleep 71"
	has "sleep 72"
	# The numbers are the host's.
	local pid
	pid=$(berth inspect -f '{{.State.Pid}}' one)
	[ "$(berth top one -o pid,args | awk '/sh -c/ { print $1 }')" = "$pid" ]
	[ "$(tr '\0' ' ' <"/proc/$pid/cmdline" | cut -c1-5)" = "sh -c" ]
	berth kill one two
	wait || :
}

@test "top: podman's descriptors, of which the numbers are the container's" {
	busybox
	three one --rm
	split berth top one pid ppid user args
	want 0
	[ "$(sed -n 2p <<<"$output" | awk '{ print $1, $2, $3 }')" = "1 0 root" ]
	[ "$(awk '/root *sleep 71$/ { print $2, $3 }' <<<"$output")" = "1 root" ]
	split berth top -l pid,hpid,comm
	want 0
	[ "$(awk '$1 == 1 { print $2 }' <<<"$output")" = "$(berth inspect -f '{{.State.Pid}}' one)" ]
	split berth top one user pid ppid pcpu etime tty time args comm vsz rss state nice hpid huser group
	want 0
	[ "$(head -1 <<<"$output" | wc -w)" = 16 ]
	split berth top one aux
	want 0
	has "%MEM"
	split berth top one -ef
	want 0
	has "PPID"
	split berth top one -eo rss,comm
	want 0
	[ "$(head -1 <<<"$output" | xargs)" = "RSS COMMAND" ]
	berth kill one
	wait || :
}

@test "top: without a cgroup, and with the host's processes" {
	busybox
	three one --rm --cgroups disabled
	[ "$(berth top one | wc -l)" = 4 ]
	berth kill one
	wait || :
	three two --rm --cgroups disabled --pid host
	[ "$(berth top two | wc -l)" = 4 ]
	# Nothing ties them to their first process.
	kill -KILL $(berth top two -o pid | sed 1d)
	wait || :
}

@test "top: arguments of processes are escaped" {
	busybox
	up one --rm busybox sh -c "$(printf 'sleep 70; : \033[31mb\n\tc')"
	berth top one args | grep -qF '\x1b[31mb\n' || {
		berth top one args | cat -v
		return 1
	}
	[ "$(berth top one args | tr -d '\n' | tr -d '[:print:]' | wc -c)" = 0 ]
	berth kill one
	wait || :
}

@test "top: what cannot be says what there is" {
	busybox
	berth run --network none --name old busybox true
	split berth top old
	want 125
	err_has "'old' is not running: it ended with status 0"
	split berth top nosuch
	want 125
	err_has "there is no container 'nosuch'"
	split berth top
	want 125
	split berth top old nosuchcolumn
	want 125
	err_has "there is no column 'nosuchcolumn'"
	err_has "hint: columns are"
	split berth top old --sort=pid
	want 125
	split berth top old -o
	want 125
}
