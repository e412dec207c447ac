# SPDX-License-Identifier: LGPL-2.1-or-later
# The payload's standard streams: pipelines, terminals, and that nothing hangs.
load ../helper/berth

setup() {
	berth_setup
	busybox
	# A program, so that other shells can run it as well.
	printf '#!/bin/sh\nexec timeout --foreground -k 1 20 "%s" --root "%s" --runroot "%s" run --rm --network none "$@"\n' \
		"$BERTH" "$ROOT" "$RUNROOT" >"$T/box"
	chmod +x "$T/box"
	PATH=$T:$PATH
}

# Run a command line of the shell with a terminal of its own; its output is in $output, with \r\n.
with_tty() {
	need script
	run timeout -k 1 30 script -qec "bash -c '$1'" /dev/null
}

@test "stdout and stderr stay apart, byte for byte" {
	split box busybox sh -c 'printf "a\0b\377"; printf "c\0d" >&2'
	want 0
	[ "$(od -An -tx1 <"$T/.stdout")" = " 61 00 62 ff" ]
	[ "$(od -An -tx1 <"$T/.stderr")" = " 63 00 64" ]
}

@test "without -i standard input is empty" {
	echo text >"$T/in"
	run box busybox cat <"$T/in"
	want 0
	[ -z "$output" ]
}

@test "with -i standard input is the caller's, to its end" {
	run bash -c 'echo one | box -i busybox cat'
	want 0
	[ "$output" = one ]
}

@test "a file of many megabytes passes unchanged both ways" {
	head -c 64M /dev/urandom >"$T/in"
	box -i busybox cat <"$T/in" >"$T/out"
	cmp "$T/in" "$T/out"
}

@test "a pipe of many megabytes passes unchanged both ways" {
	head -c 64M /dev/urandom >"$T/in"
	cat "$T/in" | box -i busybox cat | cat >"$T/out"
	cmp "$T/in" "$T/out"
}

@test "no byte is copied: the payload has the caller's own descriptors" {
	box -i busybox sh -c 'readlink /proc/self/fd/1; readlink /proc/self/fd/0' >"$T/out" </dev/zero
	local here
	here=$(stat -c %i "$T/out")
	[ -s "$T/out" ]
	box busybox stat -Lc %i /proc/self/fd/1 >"$T/out"
	[ "$(cat "$T/out")" = "$here" ]
}

@test "a reader that goes away ends the container" {
	run bash -c 'box busybox yes 2>"$T/err" | head -n 1'
	want 0
	[ "$output" = y ] || { cat "$T/err" && false; }
	eventually 5 empty "$RUNROOT/containers"
}

empty() {
	[ -z "$(ls -A "$1" 2>/dev/null)" ]
}

@test "half of a pipeline that closes its end is not waited for" {
	run bash -c 'sleep 0.1 | box -i busybox cat'
	want 0
}

@test "short runs with a pipe lose nothing, time and again" {
	for i in $(seq 20); do
		[ "$(echo "$i" | box -i busybox cat)" = "$i" ]
	done
}

@test "the order of stdout and stderr in one file is that of the writes" {
	box busybox sh -c 'for i in $(seq 300); do echo out$i; echo err$i >&2; done' >"$T/both" 2>&1
	diff <(for i in $(seq 300); do echo "out$i"; echo "err$i"; done) "$T/both"
}

@test "-a chooses the streams that are the caller's" {
	split box -a stdout busybox sh -c 'echo out; echo err >&2'
	want 0
	[ "$output" = out ]
	[ -z "$stderr" ]
	split box -a stderr busybox sh -c 'echo out; echo err >&2'
	[ -z "$output" ]
	[ "$stderr" = err ]
	split box -a stdout -a stderr busybox sh -c 'echo out; echo err >&2'
	[ "$output $stderr" = "out err" ]
}

@test "-i -a stdin prints the ID, and feeds the payload" {
	mkdir "$T/data"
	chmod 777 "$T/data"
	echo text >"$T/in"
	split box -i -a stdin -v "$T/data:/data" busybox sh -c 'cat >/data/got; echo lost' <"$T/in"
	want 0
	[[ $output =~ ^[0-9a-f]{64}$ ]]
	[ "$(cat "$T/data/got")" = text ]
}

@test "an unknown stream is refused" {
	split box -a stdlog busybox true
	want 125
	err_has stdlog
}

@test "-it does not hang where stdin is /dev/null, a file, a pipe, or closed" {
	echo from-a-file >"$T/in"
	run box -it busybox cat </dev/null
	want 0
	run box -it busybox cat <"$T/in"
	want 0
	[ "${output%$'\r'}" = from-a-file ]
	run bash -c 'echo from-a-pipe | box -it busybox cat'
	want 0
	[ "${output%$'\r'}" = from-a-pipe ]
	box -it busybox cat <&-
}

@test "-it with a pipe as stdin runs what comes from it, and ends" {
	run bash -c 'echo "tty 0<&1; exit 5" | box -it busybox sh'
	want 5
	has /dev/pts/0
}

@test "a byte that a terminal would take for a control character passes with -it and a pipe" {
	printf 'a\003b\004c\n' >"$T/in"
	[ "$(box -it busybox od -An -tx1 <"$T/in" | tr -d '\r')" = " 61 03 62 04 63 0a" ]
}

@test "-t gives a terminal for output alone; the end of its reader hangs it up" {
	run bash -c 'box -t busybox yes | head -n 1'
	want 0
	[ "${lines[0]%$'\r'}" = y ]
}

@test "with -t a stdout that takes nothing is said to be the reason" {
	split bash -c 'box -t busybox echo lost >/dev/full'
	want 125
	err_has "to stdout: No space left on device"
	split bash -c 'box -t busybox sh -c "trap \"exit 7\" HUP; echo lost; sleep 1; sleep 1" >/dev/full'
	want 7
	err_has "to stdout: No space left on device"
}

@test "with -t stderr goes to the same terminal, with CR LF" {
	split box -t busybox sh -c 'echo a; echo b >&2'
	want 0
	[ "$output" = $'a\r\nb\r' ]
	[ -z "$stderr" ]
}

@test "the last output of a payload with -t is not lost" {
	for _ in 1 2 3; do
		[ "$(box -t busybox seq 5000 | tail -n 1 | tr -d '\r')" = 5000 ]
	done
}

@test "the standard streams may be closed" {
	box busybox true <&-
	box busybox true >&-
	box busybox true 2>&-
	box busybox true <&- >&- 2>&-
}

@test "a terminal is the payload's controlling one, and nothing of the caller's is there" {
	with_tty 'box -it busybox sh -c "tty; test -c /dev/console && echo console; echo to-tty >/dev/tty; ls /dev/pts; readlink /proc/self/fd/1"'
	want 0
	has /dev/pts/0
	has console
	has to-tty
	lacks 'No such device'
}

@test "the size of the terminal is the caller's" {
	with_tty 'stty rows 33 cols 77; box -it busybox stty size'
	want 0
	has "33 77"
}

@test "the caller's terminal is as it was when the container has ended" {
	with_tty 'stty -g >before; box -it busybox sh -c "exit 3"; echo rc=$?; stty -g >after'
	has rc=3
	cmp before after
}

@test "the caller's terminal is as it was when the container was killed" {
	with_tty 'stty -g >before; box -it --name victim busybox sleep 30 & sleep 1; "$BERTH" --root "$ROOT" --runroot "$RUNROOT" rm -f victim; wait; stty -g >after'
	cmp before after
}

@test "in the background the terminal is not touched, and the job is not stopped" {
	with_tty 'set -m; stty -g >before; box -it busybox sh -c "echo ran >&2" & wait $!; echo rc=$?; stty -g >after'
	has rc=0
	cmp before after
}

@test "a key that interrupts reaches the payload through its own terminal" {
	need python3
	run timeout -k 1 30 python3 - "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none -it busybox \
		sh -c 'trap "echo got-int; exit 7" INT; echo ready; while :; do sleep 0.1; done' <<'PY'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen = b""
while b"ready" not in seen:
    seen += os.read(fd, 100)
os.write(fd, b"\x03")
try:
    while True:
        data = os.read(fd, 100)
        if not data:
            break
        seen += data
except OSError:
    pass
status = os.waitpid(pid, 0)[1]
print(seen.decode(), "status", os.waitstatus_to_exitcode(status))
PY
	want 0
	has got-int
	has "status 7"
}

@test "a terminal that goes away takes the container with it" {
	need python3
	run timeout -k 1 30 python3 - "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none -it busybox \
		sh -c 'echo ready; cat' <<'PY'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen = b""
while b"ready" not in seen:
    seen += os.read(fd, 100)
os.close(fd)
os.waitpid(pid, 0)
PY
	want 0
	empty "$RUNROOT/containers"
}

@test "a change of the terminal's size reaches the payload" {
	need python3
	run timeout -k 1 30 python3 - "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none -it busybox \
		sh -c 'trap "stty size; exit 0" WINCH; echo ready; while :; do sleep 0.1; done' <<'PY'
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen = b""
while b"ready" not in seen:
    seen += os.read(fd, 100)
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 41, 99, 0, 0))
try:
    while True:
        data = os.read(fd, 100)
        if not data:
            break
        seen += data
except OSError:
    pass
os.waitpid(pid, 0)
print(seen.decode())
PY
	want 0
	has "41 99"
}

@test "nothing of ours is on stdout" {
	split box busybox true
	want 0
	[ -z "$output$stderr" ]
}
