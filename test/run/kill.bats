#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# kill: signals by name and number, several containers, and what is told of those that do not run.

bats_require_minimum_version 1.5.0
load ../helper/berth
load ../helper/live

@test "kill: ends a container, with --rm or without, and prints the name as it was given" {
	busybox
	local rc=0 short first
	up a --rm busybox sleep 100
	first=$supervisor
	up b busybox sleep 100
	short=$(berth ps -q --filter name=^b$)
	split berth kill a "$short"
	want 0
	[ "$output" = "$(printf '%s\n' a "$short")" ]
	wait $supervisor || rc=$?
	[ $rc = 137 ]
	wait $first || rc=$?
	[ $rc = 137 ]
	[ "$(berth ps -a --format '{{.Names}} {{.State}} {{.ExitCode}}')" = "b exited 137" ]
	berth rm b
}

@test "kill: a signal that does not end it is only sent" {
	busybox
	obeys a --rm
	for signal in HUP SIGUSR1 hup 37 SIGRTMIN+3; do
		split berth kill -s "$signal" a
		want 0
		[ "$output" = a ]
		sleep 0.2
	done
	is_state a running
	eventually 5 eval '[ "$(grep -c "^37$" "$T/a.out")" = 2 ]'
	grep -qx HUP "$T/a.out"
	grep -qx USR1 "$T/a.out"
	split berth kill --signal TERM a
	want 0
	local rc=0
	wait $supervisor || rc=$?
	[ $rc = 9 ]
}

@test "kill: --all takes those that run" {
	busybox
	berth run --network none --name ended busybox true
	up a --rm busybox sleep 100
	up b --rm busybox sleep 100
	split berth kill --all
	want 0
	[ "$(wc -l <<<"$output")" = 2 ]
	wait
	[ "$(berth ps -a --format '{{.Names}}')" = ended ]
	split berth kill --all
	want 0
	[ -z "$output" ]
}

@test "kill: what cannot be is refused, says what there is, and does not keep the others" {
	busybox
	berth run --network none --name ended busybox sh -c 'exit 4' || [ $? = 4 ]
	up a --rm busybox sleep 100
	split berth kill -s NOSUCH a
	want 125
	err_has NOSUCH
	is_state a running
	split berth kill nosuch ended a
	want 125
	[ "$output" = a ]
	err_has "there is no container 'nosuch'"
	err_has "'ended' is not running: it ended with status 4"
	wait
	split berth kill
	want 125
	split berth kill -a x
	want 125
	err_has "exclude"
}
