#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# run --requires: what a container requires runs before it does.

bats_require_minimum_version 1.5.0
load ../helper/berth
load ../helper/background

sleeper() { # NAME [OPTION...]
	make --name "$@" busybox sleep 100 >/dev/null
}

starts() {
	berth events --stream=false -f event=start --format '{{.Name}}' | tr '\n' ' '
}

@test "requires: each that does not run is started first, once" {
	sleeper a
	sleeper b --requires a
	sleeper c --requires b,a
	berth start c
	[ "$(starts)" = "a b c " ]
	for name in a b c; do
		in_state $name Up
	done
	[ "$(berth inspect -f '{{index .Dependencies 0}}' b)" = "$(berth inspect -f '{{.Id}}' a)" ]
	berth stop -t 0 b
	berth restart -t 0 c
	[ "$(starts)" = "a b c b c " ]
	# In the foreground, and by a run; what was started stays.
	berth stop -t 0 a b c
	split berth run --rm --network none --requires b busybox echo ran
	want 0
	[ "$output" = ran ]
	in_state a Up
	in_state b Up
	berth rename a other
	berth stop -t 0 other
	berth run -d --name d --network none --requires b --requires other busybox sleep 100
	in_state other Up
	# Nobody holds the lock of another one.
	berth stop -t 0 d
	berth rm d
	berth stop -t 0 b c
	berth start -a --sig-proxy=false c &
	eventually 10 in_state c Up
	in_state b Up
	berth kill c
	wait $! || :
	berth rm c
}

@test "requires: several at once start it once" {
	sleeper a
	for i in 1 2 3 4 5 6; do
		berth run --rm --network none --requires a busybox true 3>&- &
	done
	wait
	in_state a Up
	[ "$(berth events --stream=false -f event=start -f container=a --format x | wc -l)" = 1 ]
}

@test "requires: what cannot be started keeps the others from it" {
	split berth run --rm --network none --requires nope busybox true
	want 125
	err_has "there is no container 'nope'"
	make --name broken busybox /does/not/exist
	split berth run --rm --network none --requires broken busybox echo ran
	want 125
	err_has "'broken' does not start"
	err_has "/does/not/exist"
	[ -z "$output" ]
	sleeper a
	sleeper b --requires a
	berth rm -f a
	split berth start b
	want 125
	err_has "requires"
	in_state b Created
	split berth create --requires= busybox true
	want 125
}

@test "requires: rm and prune leave what is required" {
	sleeper a
	sleeper b --requires a
	sleeper c --requires b
	split berth rm a
	want 2
	err_has "is required by 'b'"
	err_has "berth rm --depend a"
	berth start c
	berth stop -t 0 a b
	berth container prune -f >/dev/null
	in_state a Exited
	berth stop -t 0 c
	split berth rm --depend a
	want 0
	[ "$output" = $'c\nb\na' ]
	[ -z "$(berth ps -aq)" ]
	sleeper a
	sleeper b --requires a
	berth container prune -f >/dev/null
	[ -z "$(berth ps -aq)" ]
	sleeper a
	sleeper b --requires a
	berth rm b
	berth rm a
	sleeper a
	sleeper b --requires a
	berth rm -a
	[ -z "$(berth ps -aq)" ]
}
