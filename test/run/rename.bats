#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# rename: while it runs and afterwards; no kill leaves a container without a name.

bats_require_minimum_version 1.5.0
load ../helper/berth
load ../helper/live

links() {
	find "$ROOT/container-names" "$RUNROOT/container-names" -type l 2>/dev/null
}

@test "rename: of one that has ended" {
	busybox
	berth run --network none --name old busybox sh -c 'exit 3' || [ $? = 3 ]
	split berth rename old new
	want 0
	[ "$(berth ps -a --format '{{.Names}} {{.ExitCode}}')" = "new 3" ]
	[ "$(berth inspect -f '{{.Name}}' new)" = new ]
	split berth inspect old
	want 1
	# The old name is free.
	berth run --network none --name old busybox true
	berth rm old new
	[ -z "$(links)" ]
}

@test "rename: while it runs; the end is recorded with the new name" {
	busybox
	obeys a
	berth rename a b
	[ "$(berth ps --format '{{.Names}}')" = b ]
	berth rename b c
	berth stop c
	wait || :
	[ "$(berth ps -a --format '{{.Names}} {{.ExitCode}}')" = "c 9" ]
	berth rm c
	[ -z "$(links)" ]
	obeys a --rm
	berth rename a b
	split berth rename b b
	want 125
	berth stop b
	wait || :
	[ -z "$(berth ps -aq)" ]
	[ -z "$(links)" ]
}

@test "rename: a name that is taken, or can be none, is refused, and nothing changes" {
	busybox
	berth run --network none --name a busybox true
	berth run --network none --name b busybox true
	split berth rename a b
	want 125
	err_has "taken"
	for bad in "" / ../x .x -- 'a b'; do
		split berth rename -- a "$bad"
		want 125
	done
	split berth rename nosuch c
	want 125
	err_has "there is no container 'nosuch'"
	[ "$(berth ps -a --format '{{.Names}}' | sort | xargs)" = "a b" ]
}

@test "rename: two at once do not get one name" {
	busybox
	berth run --network none --name a busybox true
	berth run --network none --name b busybox true
	for i in $(seq 20); do
		berth rename a "n$i" 2>/dev/null &
		berth rename b "n$i" 2>/dev/null &
		wait || :
		[ "$(berth ps -a --format '{{.Names}}' | sort -u | wc -l)" = 2 ]
		for name in $(berth ps -a --format '{{.Names}}'); do
			case $name in
			n*) if berth rename "$name" a 2>/dev/null; then :; else berth rename "$name" b; fi ;;
			esac
		done
		[ "$(berth ps -a --format '{{.Names}}' | sort | xargs)" = "a b" ]
	done
}

@test "rename: killed anywhere, one of the two names leads to it, and the next rename works" {
	busybox
	berth run --network none --name n0 busybox true
	local i id at=n0 name
	id=$(berth ps -aq --no-trunc)
	for i in $(seq 60); do
		"$BERTH" --root "$ROOT" --runroot "$RUNROOT" rename "$at" "n$i" 2>/dev/null 3>&- &
		local pid=$!
		read -r -t "0.00$((RANDOM % 3))$(printf '%03d' $((RANDOM % 1000)))" <> <(:) || :
		kill -KILL $pid 2>/dev/null || :
		wait $pid 2>/dev/null || :
		name=
		for name in "n$i" "$at"; do
			[ "$(berth inspect -f '{{.Id}}' "$name" 2>/dev/null)" = "$id" ] && break
			name=
		done
		[ -n "$name" ] || {
			echo "round $i: neither $at nor n$i leads to it"
			links
			return 1
		}
		at=$name
	done
	berth rename "$at" last
	[ "$(berth ps -a --format '{{.Names}}')" = last ]
	[ "$(links | sed 's|.*/||' | sort -u)" = last ]
	berth rm last
	[ -z "$(links)" ]
}
