#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# berth oci ps: the processes of a container, as the host numbers them.

bats_require_minimum_version 1.5.0
load ../helper/berth
load ../helper/bundle

teardown() {
	oci_teardown
	berth_teardown
}

up() {
	only root
	need ps
	bundle a '.process.args = ["sh", "-c", "sleep 601 & sleep 602 & wait"]'
	oci run -d -b "$T/a" a </dev/null >/dev/null 2>&1
	eventually 10 eval '[ "$(oci ps -f json a | jq length)" = 3 ]'
}

@test "a list of numbers" {
	up
	run oci ps --format json a
	want 0
	[ "$(jq 'index('"$(oci state a | jq .pid)"') != null' <<<"$output")" = true ]
	# Arguments for ps(1) change nothing of it.
	[ "$(oci ps --format=json a aux | jq length)" = 3 ]
}

@test "the lines of ps(1)" {
	up
	run oci ps a
	want 0
	[ "${#lines[@]}" = 4 ]
	[[ ${lines[0]} =~ PID ]]
	has "sleep 601"
	has "sleep 602"
	run oci ps a -eo args,pid
	want 0
	[ "${#lines[@]}" = 4 ]
	[[ ${lines[0]} =~ ^COMMAND ]]
	run oci ps --format table a aux
	want 0
	[ "${#lines[@]}" = 4 ]
	split oci ps a -eo args
	want 1
	err_has "no column PID"
	split oci ps a --no-such-option
	want 1
}

@test "what cannot be listed is refused" {
	split oci ps nobody
	want 1
	err_has "does not exist"
	up
	split oci ps -f yaml a
	want 1
	err_has "is not table or json"
	oci kill a KILL
	eventually 10 eval '[ "$(oci_status a)" = stopped ]'
	split oci ps a
	want 1
	err_has "not running"
}

@test "an ordinary user's container has no cgroup to list" {
	only rootless
	[ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ] || skip "only: with cgroup v1"
	bundle a '.process.args = ["sleep", "600"]'
	oci create -b "$T/a" a </dev/null
	split oci ps a
	want 1
	err_has "needs a cgroup"
}
