#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# rm: by name, ID and prefix; what runs, what is not there; nothing is left on disk.

bats_require_minimum_version 1.5.0
load ../helper/berth

ended() { # NAME...
	local name
	busybox
	for name; do
		berth run --network none --name "$name" busybox sh -c 'echo data >/file'
	done
}

# Everything of containers that is left in the two trees.
left() {
	find "$ROOT/containers" "$RUNROOT/containers" "$ROOT/scratch/upper" "$ROOT/scratch/work" -mindepth 1 -maxdepth 1 2>/dev/null
	find "$ROOT" "$RUNROOT" -type l -path '*container-names/*' 2>/dev/null
}

@test "rm: removes by name, by ID and by the start of an ID, and prints what was given" {
	ended a b c
	local b c
	b=$(berth ps -a --filter name=^b$ -q --no-trunc)
	c=$(berth ps -a --filter name=^c$ -q)
	split berth rm a "$b" "$c"
	want 0
	[ "$output" = "$(printf '%s\n' a "$b" "$c")" ]
	run -0 berth ps -aq
	[ -z "$output" ]
	run left
	[ -z "$output" ] || { echo "left: $output"; false; }
}

@test "rm: what is not there is status 1, and does not keep the others" {
	ended a
	split berth rm nosuch a
	want 1
	[ "$output" = a ]
	err_has "nosuch"
	split berth rm -i nosuch
	want 0
	split berth rm -f nosuch
	want 0
}

@test "rm: what runs is status 2, and goes with -f" {
	busybox
	mkfifo "$T/go"
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run -i --network none --name live busybox cat <"$T/go" &
	local supervisor=$! rc=0
	exec 9>"$T/go"
	eventually 10 eval '[ "$(berth ps --format "{{.Names}}")" = live ]'
	split berth rm live
	want 2
	err_has "live"
	split berth rm -f live
	want 0
	wait $supervisor || rc=$?
	[ $rc = 137 ]
	exec 9>&-
	run left
	[ -z "$output" ] || { echo "left: $output"; false; }
}

@test "rm: --all and --cidfile" {
	ended a b
	berth run --network none --cidfile "$T/cid" busybox true
	split berth rm --cidfile "$T/cid"
	want 0
	split berth rm --all
	want 0
	run -0 berth ps -aq
	[ -z "$output" ]
}

@test "rm: --filter removes those that match, and no other" {
	ended a b
	berth run --network none --name c --label x=1 busybox sh -c 'exit 5' || [ $? = 5 ]
	split berth rm --filter label=x --filter exited=0
	want 0
	[ -z "$output" ]
	split berth rm --filter exited=5
	want 0
	[ "$(berth ps -a --format '{{.Names}}' | sort | xargs)" = "a b" ]
	split berth rm --filter exited=0 a
	want 125
	split berth rm --filter nosuch=0
	want 125
	err_has "nosuch"
	split berth rm --filter name=a --depend
	want 0
	[ "$(berth ps -a --format '{{.Names}}')" = b ]
}

@test "rm: hostile names are names that do not exist" {
	for name in .. ../../etc / . '*' $'a\nb' "$(head -c 5000 /dev/zero | tr '\0' a)"; do
		split berth rm -- "$name"
		[ "$status" = 1 ] || [ "$status" = 125 ]
		[ -z "$output" ]
	done
	[ -e /etc/passwd ]
}

@test "rm: without operands it is refused" {
	split berth rm
	want 125
	err_has "berth: "
}
