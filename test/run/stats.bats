#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# stats: what the kernel counted, next to what the container is known to do.

bats_require_minimum_version 1.5.0
load ../helper/berth
load ../helper/live

stat_of() { # FIELD NAME
	berth stats --no-stream --format "{{.$1}}" "$2"
}

@test "stats: one that computes and one that sleeps" {
	has_cgroup || skip "only: with a cgroup"
	busybox
	up busy --rm busybox sh -c 'while :; do :; done'
	up idle --rm busybox sh -c 'sleep 80 & sleep 81; :'
	split berth stats --no-stream
	want 0
	[ "$(head -1 <<<"$output" | xargs)" = "CONTAINER ID NAME CPU % MEM USAGE / LIMIT MEM % NET I/O BLOCK I/O PIDS" ]
	[ "$(wc -l <<<"$output")" = 3 ]
	local busy idle
	busy=$(stat_of CPUPerc busy)
	idle=$(stat_of CPUPerc idle)
	[ "${busy%%.*}" -ge 10 ]
	[ "${idle%%.*}" -le 5 ]
	[ "$(stat_of PIDs busy)" = 1 ]
	[ "$(stat_of PIDs idle)" = 3 ]
	[ "$(stat_of Name busy)" = busy ]
	[ "$(stat_of NetIO busy)" = "0B / 0B" ]
	berth kill busy idle
	wait || :
}

@test "stats: memory against its limit" {
	only root
	[ -d /sys/fs/cgroup/memory ] || grep -qsw memory /sys/fs/cgroup/cgroup.controllers ||
		cannot "no memory controller in this cgroup hierarchy"
	busybox
	up one --rm --memory 64m busybox sh -c 'dd if=/dev/zero of=/dev/shm/x bs=1M count=20 2>/dev/null; echo ready; sleep 80'
	eventually 5 grep -q ready "$T/one.out"
	local usage percent
	usage=$(stat_of MemUsage one)
	percent=$(stat_of MemPerc one)
	[[ $usage == *" / 64MiB" ]]
	[[ $usage == 2?.*MiB* || $usage == 2?MiB* ]]
	[ "${percent%%.*}" -ge 30 ] && [ "${percent%%.*}" -le 45 ]
	berth kill one
	wait || :
}

@test "stats: one that was paused, and all, and those that have ended" {
	has_cgroup || skip "only: with a cgroup"
	busybox
	berth run --network none --name old busybox true
	up busy --rm busybox sh -c 'while :; do :; done'
	berth pause busy
	[ "$(stat_of CPUPerc busy)" = 0.00% ]
	berth unpause busy
	[ "$(berth stats --no-stream --format '{{.Name}}' | xargs)" = busy ]
	[ "$(berth stats -a --no-stream --format '{{.Name}}' | sort | xargs)" = "busy old" ]
	[ "$(berth stats --no-stream --format '{{.MemUsage}}' old)" = "-- / --" ]
	[ "$(berth stats --no-stream --no-trunc --format '{{.ID}}' busy | tr -d '\n' | wc -c)" = 64 ]
	berth stats --no-stream --format json | grep -q '"CPUPerc"'
	# Again and again, with no escape sequence where there is no terminal.
	timeout 2 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" stats -i 300ms busy >"$T/out" 2>&1 || [ $? = 124 ]
	[ "$(grep -c '^CONTAINER ID' "$T/out")" -ge 3 ]
	! grep -q $'\033' "$T/out"
	berth kill busy
	wait || :
}

@test "stats: a terminal is cleared before each look" {
	has_cgroup || skip "only: with a cgroup"
	need script
	busybox
	up idle --rm busybox sleep 80
	timeout 20 script -qec "timeout 2 '$BERTH' --root '$ROOT' --runroot '$RUNROOT' stats -i 300ms" /dev/null >"$T/out" 2>&1 </dev/null || :
	[ "$(grep -c $'\033\\[H\033\\[J' "$T/out")" -ge 3 ]
	timeout 20 script -qec "'$BERTH' --root '$ROOT' --runroot '$RUNROOT' stats --no-stream" /dev/null >"$T/out" 2>&1 </dev/null
	! grep -q $'\033' "$T/out"
	berth kill idle
	wait || :
}

@test "stats: without a cgroup it is refused, with what to do" {
	busybox
	up one --rm --cgroups disabled busybox sleep 80
	split berth stats --no-stream one
	want 125
	[ -z "$output" ]
	err_has "needs a cgroup"
	err_has "hint: "
	berth kill one
	wait || :
}

@test "stats: what cannot be" {
	split berth stats --no-stream nosuch
	want 125
	[ -z "$output" ]
	err_has "there is no container 'nosuch'"
	split berth stats --no-stream --format '{{.Nosuch}}'
	want 125
	split berth stats -a x
	want 125
	split berth stats --no-stream
	want 0
	[ "$(wc -l <<<"$output")" = 1 ]
}
