#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# container: exists, prune, cleanup, and the verbs that have a name of their own as well.

bats_require_minimum_version 1.5.0
load ../helper/berth
load ../helper/live

@test "container exists: 0, 1 and 125" {
	busybox
	berth run --network none --name old busybox true
	split berth container exists old
	want 0
	[ -z "$output$stderr" ]
	split berth container exists "$(berth ps -aq)"
	want 0
	split berth container exists nosuch
	want 1
	[ -z "$output$stderr" ]
	split berth container exists
	want 125
}

@test "container prune: removes those that do not run, as the filter says" {
	busybox
	berth run --network none --name one --label keep=1 busybox sh -c 'head -c 100000 /dev/zero >/file'
	berth run --network none --name two busybox true
	up live busybox sleep 100
	split berth container prune </dev/null
	want 125
	[ "$(berth ps -aq | wc -l)" = 3 ]
	split berth container prune -f --filter label!=keep
	want 0
	has "Deleted Containers:"
	has "Total reclaimed space:"
	[ "$(berth ps -a --format '{{.Names}}' | sort | xargs)" = "live one" ]
	split berth container prune --force
	want 0
	[ "$(berth ps -a --format '{{.Names}}' | sort | xargs)" = live ]
	berth rm -f live
	wait || :
	split berth container prune -f
	want 0
	[ "$output" = "Total reclaimed space: 0B" ]
}

@test "container cleanup: after a supervisor was killed; one that runs is refused" {
	busybox
	up old busybox sleep 100
	split berth container cleanup old
	want 125
	err_has "is running"
	kill -KILL $supervisor
	wait $supervisor || :
	split berth container cleanup old
	want 0
	[ "$output" = old ]
	is_state old exited
	split berth container cleanup --rm --all
	want 0
	[ -z "$(berth ps -aq)" ]
	split berth container cleanup nosuch
	want 125
}

@test "container: every verb is there with both names" {
	local verb
	for verb in inspect kill list ls pause port prune ps rename rm run stats stop top unpause wait; do
		split berth container "$verb" --help
		want 0
		has "berth"
	done
	split berth container nosuch
	want 125
	err_has "there is no command 'container nosuch'"
}
