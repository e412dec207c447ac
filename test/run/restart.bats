#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# restart, of what runs and of what does not.
load ../helper/berth

setup() {
	berth_setup
	busybox
}

teardown() {
	berth rm -f -a >/dev/null 2>&1
	berth_teardown
}

box() {
	timeout --foreground -k 1 30 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run -d --network none "$@" >/dev/null
}

state() { # NAME
	berth ps -a --filter "name=^$1\$" --format '{{.Status}}'
}

in_state() { # NAME STATUS
	[[ $(state "$1") == "$2"* ]]
}

pid() { # NAME
	berth ps --filter "name=^$1\$" --format '{{.Pid}}'
}

is_dead() { # PID
	[ ! -e "/proc/$1" ]
}

prints() { # TEXT COUNT
	[ "$(berth logs a | grep -cx "$1")" = "$2" ]
}

waiting='trap "echo asked; exit 0" TERM; echo up; while :; do sleep 0.05; done'

@test "restart asks it to end, and starts it again; -f goes on through it" {
	box --name a busybox sh -c "$waiting"
	eventually 10 prints up 1
	local before
	before=$(pid a)
	timeout 60 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" logs -f a >followed &
	split berth restart a
	want 0
	[ "$output" = a ]
	in_state a Up
	[ "$(pid a)" != "$before" ]
	is_dead "$before"
	eventually 10 prints up 2
	prints asked 1
	berth restart a
	eventually 10 prints up 3
	berth rm -f a
	wait
	[ "$(grep -cx up followed)" = 3 ]
}

@test "restart of one that has ended, and of one that was created, starts it" {
	box --name a busybox sh -c 'echo x'
	eventually 10 in_state a Exited
	berth restart a
	eventually 10 prints x 2
	berth create --network none --name b busybox sleep 100
	split berth restart b
	want 0
	in_state b Up
}

@test "-t: one that does not react is killed after that time" {
	box --name a busybox sh -c 'trap "" TERM; echo up; while :; do sleep 0.05; done'
	eventually 10 prints up 1
	local before=$SECONDS
	split berth restart -t 1 a
	want 0
	[ $((SECONDS - before)) -lt 8 ]
	eventually 10 prints up 2
}

@test "errors: what is not there, what goes with its end" {
	split berth restart nosuch
	want 125
	err_has "no container"
	box --rm --name a busybox sleep 100
	split berth restart a
	want 125
	err_has "--rm"
	in_state a Up
}
