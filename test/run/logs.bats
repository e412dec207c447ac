#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# logs: what a payload in the background printed, byte for byte, through rotation, crashes and full disks.
load ../helper/berth

setup() {
	berth_setup
	busybox
}

teardown() {
	berth rm -f -a >/dev/null 2>&1
	[ ! -d "$T/small" ] || umount "$T/small" 2>/dev/null || :
	berth_teardown
}

box() {
	timeout --foreground -k 1 30 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run -d --network none "$@" >/dev/null
}

ended() { # NAME
	[[ $(berth ps -a --filter "name=^$1\$" --format '{{.Status}}') == Exited* ]]
}

wait_for() { # NAME
	eventually 30 ended "$1"
}

file_of() { # NAME
	echo "$ROOT/containers/$(berth ps -a --no-trunc -q --filter "name=^$1\$")/log"
}

# A program of the container that prints the numbers from 1 to N.
count() { # N
	echo "i=0; while [ \$i -lt $1 ]; do i=\$((i + 1)); echo \"line \$i\"; done"
}

@test "stdout and stderr arrive on their own streams" {
	box --name a busybox sh -c 'echo out; echo err >&2; echo out2'
	wait_for a
	split berth logs a
	want 0
	[ "$output" = "$(printf 'out\nout2')" ]
	[ "$stderr" = err ]
}

@test "every byte arrives, with each driver: binary, no newline at the end, empty lines, long lines" {
	head -c 1000000 /dev/urandom >"$T/in"
	printf '\n\n\0\n\r\n\\n"\n\303\n\251\n\342\202\254 \360\237\230\200\n\177\33[0m\n' >>"$T/in"
	head -c 100000 /dev/zero >>"$T/in"
	printf 'no newline' >>"$T/in"
	chmod 644 "$T/in"
	for driver in json-file k8s-file; do
		box --log-driver $driver --name $driver -v "$T/in:/in:ro" busybox sh -c 'cat /in; cat /in >&2'
		wait_for $driver
		berth logs $driver >out 2>err
		cmp in out
		cmp in err
	done
}

@test "the files have the formats of docker and of podman" {
	box --name a busybox sh -c 'printf "a\"b\\\\\t\n\377\n"; printf part; echo err >&2'
	wait_for a
	python3 - "$(file_of a)" <<'PY'
import base64, json, re, sys
lines = [json.loads(l) for l in open(sys.argv[1], "rb").read().decode().splitlines()]
out = [l for l in lines if l["stream"] == "stdout"]
assert [l["log"] for l in out] == ['a"b\\\t\n', "\ufffd\n", "part"], out
assert base64.b64decode(out[1]["bytes"]) == b"\xff\n"
assert "bytes" not in out[0]
assert [l["log"] for l in lines if l["stream"] == "stderr"] == ["err\n"]
for l in lines:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", l["time"]), l
PY
	box --log-driver k8s-file --name b busybox sh -c 'printf "one\npart"'
	wait_for b
	grep -qE '^20[0-9-]+T[0-9:]+\.[0-9]{9}Z stdout F one$' "$(file_of b)"
	grep -qE '^20[0-9-]+T[0-9:]+\.[0-9]{9}Z stdout P part$' "$(file_of b)"
}

@test "--tail: the last lines, of whichever file" {
	box --log-opt max-size=4k --log-opt max-file=1000 --name a busybox sh -c "$(count 3000); printf last"
	wait_for a
	[ "$(ls "$(file_of a)"* | wc -l)" -gt 10 ]
	[ "$(berth logs a | wc -l)" = 3000 ]
	[ "$(berth logs -n 1 a)" = last ]
	[ "$(berth logs --tail 3 a)" = "$(printf 'line 2999\nline 3000\nlast')" ]
	[ "$(berth logs -n 2500 a | head -1)" = "line 502" ]
	[ "$(berth logs -n 0 a)" = "" ]
	[ "$(berth logs -n all a | wc -l)" = 3000 ]
	[ "$(berth logs -n 99999 a | head -1)" = "line 1" ]
	split berth logs -n x a
	want 125
}

@test "rotation loses nothing, and keeps as many files as were asked for" {
	box --log-opt max-size=4k --log-opt max-file=1000 --name a busybox sh -c "$(count 4000)"
	wait_for a
	berth logs a >out
	cmp out <(seq 4000 | sed 's/^/line /')
	box --log-opt max-size=4k --log-opt max-file=3 --name b busybox sh -c "$(count 1000)"
	wait_for b
	[ "$(ls "$(file_of b)"* | wc -l)" = 3 ]
	for file in "$(file_of b)"*; do
		[ "$(stat -c %s "$file")" -le 4096 ]
	done
	berth logs b | tail -1 | grep -qx 'line 1000'
	# What is left is without a gap.
	berth logs b >out
	cmp out <(seq 1000 | sed 's/^/line /' | tail -n "$(wc -l <out)")
	box --log-opt max-size=4k --name c busybox sh -c "$(count 1000)"
	wait_for c
	[ "$(ls "$(file_of c)"* | wc -l)" = 1 ]
}

@test "-f follows through rotation, ends with the container, and misses nothing" {
	box --log-opt max-size=8k --log-opt max-file=500 --name a busybox sh -c "sleep 0.3; $(count 6000); sleep 0.3; echo end; printf x >&2"
	timeout 30 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" logs -f a >out 2>err
	cmp out <(seq 6000 | sed 's/^/line /'; echo end)
	[ "$(cat err)" = x ]
	box --rm --name b busybox sh -c 'echo one; sleep 1; echo two'
	timeout 30 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" logs -f b >out
	[ "$(cat out)" = "$(printf 'one\ntwo')" ]
	eventually 10 eval '[ -z "$(berth ps -aq --filter name=^b$)" ]'
}

@test "-f shows a line at once, and a line that is not complete" {
	box --name a busybox sh -c 'printf prompt; sleep 30'
	timeout 30 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" logs -f a >out &
	eventually 5 grep -q prompt out
	berth rm -f a
	wait
}

@test "-f ends when the monitor is killed" {
	box --name a busybox sh -c 'echo one; sleep 100'
	local pid
	pid=$(berth ps --filter name=^a$ --format '{{.Pid}}')
	timeout 20 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" logs -f a >out &
	eventually 5 grep -q one out
	kill -KILL "$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")"
	wait $!
	[ "$(cat out)" = one ]
}

@test "--timestamps, --since, --until" {
	box --name a busybox sh -c 'printf "one "; sleep 0.2; echo two; sleep 1.2; echo three'
	wait_for a
	berth logs -t a >out
	[ "$(wc -l <out)" = 2 ]
	grep -qE '^20[0-9-]+T[0-9:]+\.[0-9]{9}Z one two$' out
	local time
	time=$(awk '/three/ { print $1 }' out)
	[ "$(berth logs --since "$time" a)" = three ]
	[ "$(berth logs --until "${time%???????????}" a | tail -1)" = "one two" ]
	[ "$(berth logs --since 1h a | wc -l)" = 2 ]
	[ "$(berth logs --until 1h a)" = "" ]
	split berth logs --since yesterday-ish a
	want 125
	err_has "--since"
}

@test "--log-opt path and tag; --details" {
	box --log-opt "path=$T/mine.log" --log-opt 'tag={{.Name}}/{{.ImageName}}' --name a busybox echo text
	wait_for a
	grep -q '"attrs":{"tag":"a/docker.io/library/busybox:latest"}' mine.log
	[ "$(berth logs a)" = text ]
	[ "$(berth logs --details a)" = "tag=a/docker.io/library/busybox:latest text" ]
	berth rm a
	[ -e mine.log ]
}

@test "options that cannot be are refused, before anything is made" {
	local opt
	for opt in max-size=x max-size=1 max-file=2 path=relative nosuch=1 novalue; do
		split box --log-opt "$opt" busybox true
		want 125
		err_has "--log-opt"
	done
	split box --log-driver syslog busybox true
	want 125
	err_has passthrough
	split box --log-driver journald --log-opt max-size=1m busybox true
	want 125
	err_has "writes no file"
	split box --log-driver none --log-opt max-size=1m busybox true
	want 125
	split box --log-opt 'tag={{.Nosuch}}' busybox true
	want 125
	split berth run --rm --log-driver json-file busybox true
	want 125
	err_has foreground
	[ -z "$(berth ps -aq)" ]
}

@test "what has no log says so" {
	berth run --network none --name a busybox true
	split berth logs a
	want 125
	err_has foreground
	box --log-driver none --name b busybox echo text
	split berth logs b
	want 125
	err_has none
	split berth logs nosuch
	want 125
	err_has "no container"
}

@test "a line that a crash cut does not spoil the others" {
	box --name a busybox sh -c 'echo one; echo two'
	wait_for a
	printf '{"log":"cut' >>"$(file_of a)"
	printf '\n{"log":"x"}\nrubbish\n{"log":"a\\u00e9\\n","stream":"stdout","time":"2026-01-01T00:00:00.000000000Z"}\n' >>"$(file_of a)"
	[ "$(berth logs a)" = "$(printf 'one\ntwo\na\303\251')" ]
	[ "$(berth logs -n 1 a)" = "$(printf 'a\303\251')" ]
}

@test "a full disk neither stops nor kills the payload, and the log says what is missing" {
	only root
	mkdir small
	mount -t tmpfs -o size=256k,mode=700 berth-test "$T/small"
	box --log-opt "path=$T/small/log" --name a busybox sh -c '
		i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); echo "line $i"; done
		touch /tmp/full; until [ -e /tmp/go ]; do sleep 0.05; done; echo after; exit 3'
	local pid
	pid=$(berth ps --filter name=^a$ --format '{{.Pid}}')
	eventually 20 [ -e "/proc/$pid/root/tmp/full" ]
	# All that is there is whole.
	python3 -c 'import json, sys; [json.loads(l) for l in open(sys.argv[1])]' small/log
	mount -o remount,size=10m "$T/small"
	touch "/proc/$pid/root/tmp/go"
	wait_for a
	[[ $(berth ps -a --format '{{.Status}}') == "Exited (3)"* ]]
	split berth logs a
	want 0
	[ "$(tail -1 <<<"$output")" = after ]
	err_has "bytes of output are missing here: No space left on device"
	# What is there and what is missing is all of it.
	local there missing
	there=$(berth logs a 2>/dev/null | grep -v after | wc -c)
	missing=$(awk '{ n += $2 } END { print n }' <<<"$stderr")
	[ $((there + missing)) = "$(seq 20000 | sed 's/^/line /' | wc -c)" ]
	berth rm a
	umount "$T/small"
}

@test "a reader that closes the pipe, and one that stops reading, disturb nobody" {
	box --name a busybox sh -c "$(count 20000); exit 4"
	berth logs -f a | head -1 | grep -qx 'line 1'
	berth logs -f a | sleep 1
	wait_for a
	[[ $(berth ps -a --format '{{.Status}}') == "Exited (4)"* ]]
	[ "$(berth logs a | wc -l)" = 20000 ]
}
