#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# wait: the true exit status, also of a container that goes with its end.

bats_require_minimum_version 1.5.0
load ../helper/berth
load ../helper/live

# Has somebody begun to wait?
is_awaited() {
	compgen -G "$RUNROOT/containers/*/exit" || compgen -G "$ROOT/containers/*/exit"
}

@test "wait: prints the status of each, of those that have ended as well" {
	busybox
	berth run --network none --name old busybox sh -c 'exit 3' || [ $? = 3 ]
	up a busybox sh -c 'sleep 0.5; exit 4'
	up b --rm busybox sh -c 'sleep 1; exit 5'
	split berth wait old b a
	want 0
	[ "$output" = "$(printf '%s\n' 3 5 4)" ]
	wait || :
}

@test "wait: the status of a container of --rm, 100 times" {
	busybox
	local i
	for i in $(seq 100); do
		mkfifo "$T/go"
		"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm -i --network none --name w busybox \
			sh -c "read x; exit $((i + 20))" <"$T/go" >/dev/null 2>&1 3>&- &
		supervisor=$!
		exec 9>"$T/go"
		eventually 10 is_state w running
		berth wait w >"$T/code" 2>"$T/code.err" 9>&- 3>&- &
		local waiter=$!
		[ $((i % 4)) = 0 ] || eventually 10 is_awaited
		exec 9>&-
		wait $supervisor || :
		if wait $waiter; then
			[ "$(cat "$T/code")" = $((i + 20)) ] || {
				echo "round $i: $(cat "$T/code")"
				return 1
			}
		else
			# Only where it was gone before the question came.
			[ $((i % 4)) = 0 ] && grep -q "there is no container" "$T/code.err" || {
				echo "round $i: $(cat "$T/code.err")"
				return 1
			}
		fi
		rm "$T/go"
	done
}

@test "wait: a container that is killed, or removed by force, has status 137" {
	busybox
	up a busybox sleep 100
	berth wait a >"$T/code" 3>&- &
	local waiter=$!
	eventually 5 is_awaited
	berth rm -f a
	wait $waiter
	[ "$(cat "$T/code")" = 137 ]
	up b busybox sleep 100
	local first=$supervisor
	berth wait b >"$T/code" 3>&- &
	waiter=$!
	eventually 5 is_awaited
	kill -KILL $first
	wait $waiter
	[ "$(cat "$T/code")" = 137 ]
	wait || :
	# Whoever meets it next ends what is left of it.
	berth rm b
}

@test "wait: conditions" {
	busybox
	up a --rm busybox sh -c 'sleep 1; exit 6'
	split berth wait --condition running a
	want 0
	[ "$output" = -1 ]
	split berth wait --condition removed --interval 100ms a
	want 0
	[ "$output" = 6 ]
	[ -z "$(berth ps -aq)" ]
	split berth wait --condition flying a
	want 125
	err_has stopped
	wait || :
}

@test "wait: what is not there" {
	split berth wait nosuch
	want 125
	[ -z "$output" ]
	err_has "there is no container 'nosuch'"
	split berth wait --ignore nosuch
	want 0
	[ "$output" = -1 ]
}
