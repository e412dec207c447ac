#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# stop: asks first, kills then; several at once take no longer than one.

bats_require_minimum_version 1.5.0
load ../helper/berth
load ../helper/live

@test "stop: one that obeys ends by itself, at once" {
	busybox
	obeys a
	local rc=0 before=$SECONDS
	split berth stop a
	want 0
	[ "$output" = a ]
	[ $((SECONDS - before)) -le 3 ]
	wait $supervisor || rc=$?
	[ $rc = 9 ]
	[ "$(berth ps -a --format '{{.State}} {{.ExitCode}}')" = "exited 9" ]
	# Again: it has what was asked for.
	split berth stop a
	want 0
	[ "$output" = a ]
}

@test "stop: five that do not obey are killed after one waiting time, not after five" {
	busybox
	local before
	for name in a b c d e; do
		up $name --rm busybox sleep 100
	done
	before=$SECONDS
	split berth stop -t 2 a b c d e
	want 0
	[ "$output" = "$(printf '%s\n' a b c d e)" ]
	[ $((SECONDS - before)) -ge 1 ]
	[ $((SECONDS - before)) -le 5 ]
	wait
	[ -z "$(berth ps -aq)" ]
}

@test "stop: the signal is the container's own, or that of --signal" {
	busybox
	local rc=0
	up a --rm --stop-signal USR1 busybox sh -c 'trap "exit 5" USR1; trap "exit 6" USR2; echo ready; while :; do sleep 0.05; done'
	eventually 5 grep -q ready "$T/a.out"
	berth stop a
	wait $supervisor || rc=$?
	[ $rc = 5 ]
	up a --rm --stop-signal USR1 busybox sh -c 'trap "exit 5" USR1; trap "exit 6" USR2; echo ready; while :; do sleep 0.05; done'
	eventually 5 grep -q ready "$T/a.out"
	berth stop -s USR2 a
	wait $supervisor || rc=$?
	[ $rc = 6 ]
}

@test "stop: --all, --filter, --cidfile, --latest and --ignore choose" {
	busybox
	obeys a --rm --label x=1 --cidfile "$T/cid"
	obeys b --rm --label x=2
	obeys c --rm
	obeys d --rm
	split berth stop --filter label=x=2
	want 0
	eventually 5 eval '[ "$(berth ps --format "{{.Names}}" | sort | xargs)" = "a c d" ]'
	split berth stop --cidfile "$T/cid"
	want 0
	split berth stop -l
	want 0
	eventually 5 eval '[ "$(berth ps --format "{{.Names}}")" = c ]'
	split berth stop -a
	want 0
	wait
	[ -z "$(berth ps -aq)" ]
	split berth stop --ignore nosuch
	want 0
	[ -z "$output" ]
	split berth stop nosuch
	want 125
	err_has "there is no container 'nosuch'"
	split berth stop -t soon c
	want 125
}

@test "stop: one whose supervisor was killed has ended" {
	busybox
	obeys a
	kill -KILL $supervisor
	wait $supervisor || :
	split berth stop a
	want 0
	[ "$output" = a ]
	is_state a exited
}

@test "stop: killed anywhere, it leaves a container that can be stopped and removed" {
	busybox
	local i
	for i in $(seq 15); do
		obeys a
		"$BERTH" --root "$ROOT" --runroot "$RUNROOT" stop a >/dev/null 2>&1 3>&- &
		local pid=$!
		read -r -t "0.00$((RANDOM % 4))$(printf '%03d' $((RANDOM % 1000)))" <> <(:) || :
		kill -KILL $pid 2>/dev/null || :
		wait $pid 2>/dev/null || :
		split berth stop a
		want 0
		wait $supervisor || :
		[ "$(berth ps -a --format '{{.Names}} {{.State}} {{.ExitCode}}')" = "a exited 9" ]
		berth rm a
	done
}
