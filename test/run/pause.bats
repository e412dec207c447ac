#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# pause and unpause: the kernel stops every process, and what else is done to a paused container works.

bats_require_minimum_version 1.5.0
load ../helper/berth
load ../helper/live

# A container that counts on its standard output.
counts() {
	up "$@" busybox sh -c '(while :; do echo tick; usleep 10000; done) & trap "exit 9" TERM; while :; do usleep 10000; done'
	eventually 10 grep -q tick "$T/$1.out"
}

# Does it go on?
ticks() {
	local before
	before=$(wc -l <"$T/$1.out")
	sleep 0.3
	[ "$(wc -l <"$T/$1.out")" != "$before" ]
}

@test "pause: every process stops, and goes on with unpause" {
	has_cgroup || skip "only: with a cgroup"
	busybox
	counts a --rm
	split berth pause a
	want 0
	[ "$output" = a ]
	! ticks a
	is_state a paused
	[ "$(berth ps --format '{{.Status}}' | sed 's/.*(//')" = "Paused)" ]
	[ "$(berth inspect -f '{{.State.Status}} {{.State.Paused}} {{.State.Running}}' a)" = "paused true true" ]
	[ "$(berth ps -q --filter status=paused | wc -l)" = 1 ]
	[ "$(berth ps -q --filter status=running | wc -l)" = 0 ]
	split berth pause a
	want 125
	err_has "paused already"
	split berth unpause a
	want 0
	[ "$output" = a ]
	ticks a
	is_state a running
	split berth unpause a
	want 125
	err_has "is not paused"
	berth pause a && berth unpause --all
	ticks a
	berth kill a
	wait || :
}

@test "pause: a paused container can be killed, stopped and removed" {
	has_cgroup || skip "only: with a cgroup"
	busybox
	local rc=0
	counts a --rm
	berth pause a
	berth kill a
	wait $supervisor || rc=$?
	[ $rc = 137 ]
	counts b --rm
	berth pause b
	berth stop b
	wait $supervisor || rc=$?
	[ $rc = 9 ]
	counts c
	berth pause c
	berth rm -f c
	wait $supervisor || rc=$?
	[ $rc = 137 ]
	counts d --rm --timeout 2
	berth pause d
	wait $supervisor || rc=$?
	[ $rc = 137 ]
	[ -z "$(berth ps -aq)" ]
}

@test "pause: a signal waits until it goes on; the end of its supervisor ends it" {
	has_cgroup || skip "only: with a cgroup"
	busybox
	obeys a
	berth pause a
	berth kill -s HUP a
	is_state a paused
	berth unpause a
	eventually 5 grep -qx HUP "$T/a.out"
	berth pause a
	kill -KILL $supervisor
	wait $supervisor || :
	eventually 5 is_state a exited
	berth rm a
}

@test "pause: no cgroup is left of one that was paused" {
	only root
	[ -d /sys/fs/cgroup/freezer ] || skip "only: with cgroup v1"
	busybox
	counts a --rm
	local id
	id=$(berth ps -q --no-trunc)
	berth pause a
	[ -d "/sys/fs/cgroup/freezer/berth/$id" ]
	berth unpause a
	berth stop a
	wait || :
	[ ! -e "/sys/fs/cgroup/freezer/berth/$id" ]
}

@test "pause: without a cgroup it is refused, with what to do" {
	busybox
	up a --rm --cgroups disabled busybox sleep 100
	split berth pause a
	want 125
	[ -z "$output" ]
	err_has "needs a cgroup"
	err_has "hint: "
	is_state a running
	berth kill a
	wait || :
}

@test "pause: what does not run is refused" {
	busybox
	berth run --network none --name ended busybox true
	split berth pause ended nosuch
	want 125
	err_has "'ended' is not running"
	err_has "there is no container 'nosuch'"
	split berth pause --all
	want 0
	split berth pause
	want 125
}

# The end of every test looks for cgroups of its containers.
@test "one that is just ending is paused, or is said to have ended; no cgroup stays" {
	only root
	busybox
	local i
	for i in 1 2 3 4 5 6 7 8 9; do
		berth run -d --network none --name "e$i" busybox sleep "0.0$i" >/dev/null
		read -r -t "0.0$i" <> <(:) || :
		split berth pause "e$i"
		[ "$status" != 0 ] || berth unpause "e$i"
		[ -n "$stderr" ] || [ "$status" = 0 ]
		eventually 10 eval "[ \"\$(berth inspect -f '{{.State.Status}}' e$i)\" = exited ]"
	done
}
