#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# run -d: what it prints, when it returns, what its monitor holds, and what is left when either is killed.
load ../helper/berth
load ../helper/background

box() {
	timeout --foreground -k 1 30 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run -d --network none "$@"
}

payload() { # NAME
	berth ps -a --filter "name=^$1\$" --format '{{.Pid}}'
}

monitor() { # NAME: the parent of the payload
	awk '/^PPid:/ { print $2 }' "/proc/$(payload "$1")/status"
}

is_dead() { # PID
	[ ! -e "/proc/$1" ]
}

log_of() { # NAME
	local id
	id=$(berth ps -a --no-trunc -q --filter "name=^$1\$")
	cat "$ROOT/containers/$id/log" 2>/dev/null || cat "$ROOT/scratch/logs/$id/log"
}

@test "run -d prints the ID once the payload runs, and returns" {
	split box --name a busybox sleep 100
	want 0
	[[ $output =~ ^[0-9a-f]{64}$ ]]
	[ -z "$stderr" ]
	[ "$(berth ps --no-trunc -q)" = "$output" ]
	in_state a Up
	[ "$(tr '\0' ' ' <"/proc/$(payload a)/cmdline")" = "sleep 100 " ]
}

@test "the end is recorded: status, and by which signal" {
	box --name a busybox sh -c 'exit 7'
	eventually 10 in_state a "Exited (7)"
	box --name b busybox sleep 100
	kill -KILL "$(payload b)"
	eventually 10 in_state b "Exited (137)"
	[[ $(state b) == *ago ]]
}

@test "--rm: all of it goes with the end, the log as well" {
	box --rm --name a busybox sh -c 'echo text; sleep 1'
	eventually 10 eval 'log_of a | grep -q text'
	eventually 10 gone a
	eventually 10 eval '[ -z "$(find "$ROOT/scratch/logs" "$ROOT/scratch/work" "$ROOT/scratch/upper" "$RUNROOT/containers" -mindepth 1)" ]'
}

@test "failures are those of the foreground: 125, 126, 127, on stderr" {
	split box --rm busybox no-such-command
	want 127
	[ -z "$output" ]
	err_has "no-such-command"
	split box --rm busybox /etc/passwd
	want 126
	split box --rm -v "$T/none:/mnt" busybox true
	want 125
	err_has "hint: "
	[ -z "$(berth ps -aq)" ]
	split box --name stays busybox no-such-command
	want 127
	in_state stays "Exited (127)"
	split box --attach stdout busybox true
	want 125
	err_has "--attach"
}

@test "the monitor holds nothing of the caller's: a pipe ends, and a session is its own" {
	run timeout 10 bash -c '"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run -d --network none --name a busybox sleep 100 7>"$T/seven" | cat'
	want 0
	[[ $output =~ ^[0-9a-f]{64}$ ]]
	local pid
	pid=$(monitor a)
	[ "$(awk '{ print $6 }' "/proc/$pid/stat")" = "$pid" ]
	[ "$(readlink "/proc/$pid/cwd")" = / ]
	! ls -l "/proc/$pid/fd" | grep -E "seven|/dev/pts|/dev/tty"
	for fd in 0 1 2; do
		[ "$(readlink "/proc/$pid/fd/$fd")" = /dev/null ]
	done
}

@test "standard input is empty without -i, and open with it" {
	box --name a busybox sh -c 'cat; echo end'
	eventually 10 in_state a "Exited (0)"
	box -i --name b busybox sh -c 'cat; echo end'
	sleep 0.3
	in_state b Up
}

@test "-t: the payload has a terminal, and its output is logged" {
	box -t --name a busybox sh -c 'tty; test -t 0 && test -t 1 && echo terminal'
	eventually 10 in_state a "Exited (0)"
	log_of a | grep -q 'terminal\\r\\n'
}

@test "signals to the monitor are the payload's" {
	box --name a busybox sh -c 'trap "echo got; exit 3" TERM; echo ready; while :; do sleep 0.05; done'
	eventually 10 eval 'log_of a | grep -q ready'
	kill -TERM "$(monitor a)"
	eventually 10 in_state a "Exited (3)"
	log_of a | grep -q got
}

@test "a monitor that is killed takes the payload with it, and the record says so" {
	local pid
	box --name a busybox sleep 100
	pid=$(payload a)
	kill -KILL "$(monitor a)"
	eventually 10 is_dead "$pid"
	eventually 10 in_state a "Exited (137)"
	berth rm a
	box --rm --name a busybox sleep 100
	pid=$(payload a)
	kill -KILL "$(monitor a)"
	eventually 10 is_dead "$pid"
	eventually 10 gone a
	box --rm --name a busybox sleep 100
}

@test "a payload with other ids outlives its monitor only until the next command" {
	only root sub
	local pid
	box --name a -u 7:7 busybox sleep 100
	pid=$(payload a)
	kill -KILL "$(monitor a)"
	eventually 10 in_state a "Exited (137)"
	eventually 10 is_dead "$pid"
}

@test "the payload's user may open /dev/stdout and /dev/stderr" {
	only root sub
	box --name a -u 7:7 busybox sh -c 'echo out >/dev/stdout; echo err >/dev/stderr'
	eventually 10 in_state a "Exited (0)"
	log_of a | grep -q 'out\\n'
	log_of a | grep -q 'err\\n'
}

@test "--pidfile, --cidfile and --status-fd serve in the background" {
	mkdir dir
	cd dir
	box --rm --pidfile pid --conmon-pidfile monitor --cidfile cid --status-fd 9 --name a busybox sleep 0.5 9>events
	[ "$(cat pid)" = "$(payload a)" ]
	[ "$(cat monitor)" = "$(monitor a)" ]
	[ "$(cat cid)" = "$(berth ps -q --no-trunc)" ]
	eventually 10 gone a
	eventually 10 eval '[ ! -e pid ] && [ ! -e monitor ] && [ ! -e cid ]'
	[ "$(grep -o '"event":"[a-z]*"' events | tr '\n' ' ')" = '"event":"created" "event":"started" "event":"exited" ' ]
}

@test "--log-driver passthrough: the caller's own descriptors, and no log" {
	box --log-driver passthrough --name a busybox sh -c 'echo out; echo err >&2' >out 2>err
	eventually 10 in_state a "Exited (0)"
	grep -qx out out
	grep -qx err err
	[ -z "$(find "$ROOT/containers" -name 'log*')" ]
	split box --log-driver passthrough -t busybox true
	want 125
}

@test "--timeout ends it in the background" {
	box --timeout 1 --name a busybox sleep 100
	eventually 10 in_state a "Exited (137)"
}

@test "the monitor is small" {
	box --name a busybox sleep 100
	box --name b busybox sleep 100
	local kb
	kb=$(awk '/^Private_Dirty:/ { print $2 }' "/proc/$(monitor b)/smaps_rollup")
	echo "private: $kb KiB"
	[ "$kb" -le 256 ]
}

@test "many at once, and all of them end" {
	local i
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		box --rm busybox sleep 1 >"out.$i" &
	done
	wait
	[ "$(cat out.* | sort -u | wc -l)" = 12 ]
	eventually 20 eval '[ -z "$(berth ps -aq)" ]'
}
