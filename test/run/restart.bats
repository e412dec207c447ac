#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# restart, of what runs and of what does not; --restart, by the monitor.
load ../helper/berth
load ../helper/background

box() {
	timeout --foreground -k 1 30 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run -d --network none "$@" >/dev/null
}

pid() { # NAME
	berth ps --filter "name=^$1\$" --format '{{.Pid}}'
}

# Between two runs it is nobody's parent: the berth of this test that is nobody's child.
monitor() {
	local pid
	for pid in $(grep -laF -- "$ROOT" /proc/[0-9]*/cmdline 2>/dev/null | cut -d/ -f3); do
		grep -qs "^PPid:.1$" "/proc/$pid/status" && echo "$pid"
	done
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
	berth rm -f a
	box --stop-timeout 0 --name a busybox sh -c 'trap "" TERM; echo up; while :; do sleep 0.05; done'
	eventually 10 prints up 1
	before=$SECONDS
	berth restart a
	[ $((SECONDS - before)) -lt 8 ]
}

@test "errors: what is not there, what goes with its end" {
	split berth restart nosuch
	want 125
	err_has "no container"
	timeout --foreground -k 1 60 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none --name a busybox sleep 100 3>&- &
	eventually 20 in_state a Up
	split berth restart a
	want 125
	err_has "--rm"
	in_state a Up
	berth rm -f a
	wait || :
}

# What docker does: it stays through the restart, and goes with the end after that.
@test "restart of one with --rm: of run and of create, with its files, until its next end" {
	local how before
	for how in run create; do
		case $how in
		run) box --rm --name a -v "$T:/t" busybox sh -c 'echo x >>/kept; cp /kept /t/kept; cat /etc/hosts >/t/hosts; '"$waiting" ;;
		create)
			make --rm --name a -v "$T:/t" busybox sh -c 'echo x >>/kept; cp /kept /t/kept; cat /etc/hosts >/t/hosts; '"$waiting" >/dev/null
			berth start a
			;;
		esac
		eventually 20 prints up 1
		before=$(pid a)
		split berth restart a
		want 0
		[ "$output" = a ]
		in_state a Up
		[ "$(pid a)" != "$before" ]
		is_dead "$before"
		eventually 20 prints up 2
		[ "$(grep -c x kept)" = 2 ]
		grep -q localhost hosts
		split berth restart -t 0 a
		want 0
		eventually 20 prints up 3
		[ "$(berth exec a cat /kept | wc -l)" = 3 ]
		berth stop a
		eventually 20 gone a
	done
	# One that cannot be started again is gone.
	mkdir gone
	box --rm --name a -v "$T/gone:/gone" busybox sh -c "$waiting"
	eventually 20 prints up 1
	rmdir gone
	split berth restart a
	want 125
	err_has "is gone"
	gone a
}

@test "--restart always: again and again, with pauses that grow, until a command ends it" {
	box --restart always --name a busybox sh -c 'echo run; exit 3'
	eventually 10 prints run 4
	[[ $(state a) == "Restarting (3)"* || $(state a) == Up* ]]
	berth logs -t a >out
	# 100, 200 and 400 ms lie between the four.
	python3 - out <<'PY'
import sys
from datetime import datetime
t = [datetime.fromisoformat(l.split()[0][:26]) for l in open(sys.argv[1])]
gaps = [(b - a).total_seconds() for a, b in zip(t, t[1:])]
assert gaps[0] >= 0.09 and gaps[1] >= 0.19 and gaps[2] >= 0.39, gaps
PY
	[ "$(berth inspect --format '{{.RestartCount}}' a)" -ge 3 ]
	split berth rm -f a
	want 0
	[ -z "$(berth ps -aq)" ]
}

@test "--restart: what is killed by a command stays so" {
	box --restart always --name a busybox sh -c "$waiting"
	eventually 10 prints up 1
	kill -KILL "$(pid a)"
	eventually 10 prints up 2
	in_state a Up
	split berth restart a
	want 0
	eventually 10 prints up 3
	kill -KILL "$(pid a)"
	eventually 10 prints up 4
	split berth rm -f a
	want 0
	[ -z "$(berth ps -aq)" ]
}

@test "--restart on-failure: only then, and as often as was said" {
	box --restart on-failure --name a busybox sh -c 'echo x >>/n; [ $(wc -l </n) = 3 ]'
	eventually 10 in_state a "Exited (0)"
	[ "$(berth inspect --format '{{.RestartCount}}' a)" = 2 ]
	box --restart on-failure:2 --name b busybox sh -c 'exit 4'
	eventually 10 in_state b "Exited (4)"
	[ "$(berth inspect --format '{{.RestartCount}} {{.State.Restarting}}' b)" = "2 false" ]
	box --restart on-failure --name c busybox true
	eventually 10 in_state c "Exited (0)"
	[ "$(berth inspect --format '{{.RestartCount}}' c)" = 0 ]
}

@test "--restart: a signal to the monitor between two runs ends it" {
	box --restart always --name a busybox sh -c 'echo run; exit 1'
	eventually 10 prints run 3
	eventually 10 in_state a Restarting
	kill -TERM "$(monitor)"
	eventually 10 in_state a "Exited (1)"
}

@test "--restart: a monitor that is killed between two runs leaves a true record" {
	box --restart always --name a busybox sh -c 'echo run; exit 3'
	eventually 10 prints run 3
	eventually 10 in_state a Restarting
	kill -KILL "$(monitor)"
	eventually 10 in_state a "Exited (3)"
	berth start a
	eventually 10 prints run 4
}

@test "--restart in the foreground, and with --rm, is refused" {
	split berth run --network none --restart always busybox true
	want 125
	err_has "Restart=always"
	split berth run -d --rm --network none --restart always busybox true
	want 125
	split berth create --rm --network none --restart always busybox true
	want 125
	split berth create --network none --restart sometimes busybox true
	want 125
	[ -z "$(berth ps -aq)" ]
}

# What the first published port of a container answers.
ask() { # NAME
	local port
	port=$(berth ps --filter "name=^$1\$" --format '{{.Ports}}' | sed 's/.*:\([0-9]*\)->.*/\1/')
	timeout 5 bash -c "cat </dev/tcp/127.0.0.1/$port"
}

answers() { # NAME
	[ "$(ask "$1" 2>/dev/null)" = hello ]
}

@test "a network with a published port is there in the background, and again after each start" {
	only rootless
	need pasta ip
	[ -w /dev/net/tun ] || cannot "open /dev/net/tun"
	ip route | grep -q ^default || cannot "use pasta: this host has no default route"
	berth run -d --name a -p 127.0.0.1::80 busybox sh -c 'while :; do echo hello | nc -l -p 80; done' >/dev/null
	eventually 10 answers a
	berth restart -t 0 a
	eventually 10 answers a
	kill -KILL "$(pid a)"
	eventually 10 in_state a "Exited (137)"
	berth start a
	eventually 10 answers a
}
