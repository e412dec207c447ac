#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# berth oci events: what a container uses, and that it ran out of memory, in the shape that engines read.

bats_require_minimum_version 1.5.0
load ../helper/berth
load ../helper/bundle
load ../helper/background

teardown() {
	oci_teardown
	berth_teardown
}

up() { # JSON SCRIPT
	only root
	bundle a ".linux.resources = $1 | .process.args = [\"sh\", \"-c\", $(jq -n --arg t "$2" '$t')]"
	oci create -b "$T/a" a </dev/null >/dev/null 2>&1
}

@test "the statistics once" {
	up '{"memory": {"limit": 67108864}, "pids": {"limit": 50}}' 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; sleep 600; true'
	oci start a
	eventually 20 eval '[ "$(oci events --stats a | jq .data.pids.current)" = 2 ]'
	run oci events --stats a
	want 0
	[ "${#lines[@]}" = 1 ]
	[ "$(jq -r .type <<<"$output")" = stats ]
	[ "$(jq -r .id <<<"$output")" = a ]
	# What go-runc decodes, with the types that it has.
	jq -e '.data | (.cpu.usage | .total > 0 and (.kernel | type) == "number" and (.user | type) == "number")
		and (.cpu.throttling | has("periods") and has("throttledPeriods") and has("throttledTime"))
		and .memory.usage.limit == 67108864 and .memory.usage.usage > 0 and (.memory.swap | has("usage"))
		and (.memory.raw | length > 10) and .memory.cache >= 0
		and .pids.limit == 50
		and (.blkio.ioServiceBytesRecursive | type) == "array" and (.hugetlb | type) == "object"' <<<"$output"
	# Whole numbers, however large: no decoder of 64-bit integers takes an exponent.
	lacks "e+"
	oci update --memory -1 a
	run oci events --stats a
	[[ $output =~ \"limit\":(9223372036854771712|18446744073709551615), ]]
}

@test "every interval, and lack of memory, until the end" {
	up '{"memory": {"limit": 16777216}}' 'read x; x=$(head -c 100m /dev/zero | tr "\0" x); sleep 600'
	oci delete --force a
	mkfifo in
	oci run -d -b "$T/a" a <>in >/dev/null 2>&1
	oci events --interval 100ms a >out 2>err 3>&- &
	eventually 20 eval '[ "$(grep -c stats out)" -ge 3 ]'
	jq -e .data.memory.usage.limit out >/dev/null
	echo >in
	eventually 60 eval '[ "$(oci_status a)" = stopped ]'
	wait $!
	grep -qxF '{"type":"oom","id":"a"}' out
	[ ! -s err ]
}

@test "what has no events is refused" {
	split oci events nobody
	want 1
	err_has "does not exist"
	up '{}' 'sleep 600'
	split oci events --interval 0s a
	want 1
	err_has "greater than 0"
	oci kill a KILL
	eventually 10 eval '[ "$(oci_status a)" = stopped ]'
	split oci events --stats a
	want 1
	err_has "not running"
}

@test "an ordinary user's container has no cgroup to tell" {
	only rootless
	[ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ] || skip "only: with cgroup v1"
	bundle a '.process.args = ["sleep", "600"]'
	oci create -b "$T/a" a </dev/null
	split oci events --stats a
	want 1
	err_has "needs a cgroup"
}
