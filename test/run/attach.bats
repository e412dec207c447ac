#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# attach: what a container in the background prints and is told, through pipes and through a terminal.
load ../helper/berth
load ../helper/background

box() {
	timeout --foreground -k 1 30 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run -d --network none "$@" >/dev/null
}

join() {
	timeout -k 1 30 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" attach "$@"
}

logged() { # NAME TEXT
	berth logs "$1" 2>&1 | grep -q "$2"
}

# With a terminal: python reads and writes it. `expect TEXT` waits for it, `type TEXT` types it.
with_tty() { # SCRIPT ARG...
	cat >terminal.py <<'PY'
import os, pty, select, signal, sys, termios, time, fcntl, struct
script, argv = sys.argv[1], sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(argv[0], argv)
seen = b""
def expect(text, seconds=10):
    global seen
    end = time.time() + seconds
    while text.encode() not in seen:
        if time.time() > end:
            sys.exit("waited for %r, saw %r" % (text, seen))
        if select.select([fd], [], [], 0.1)[0]:
            try:
                seen += os.read(fd, 4096)
            except OSError:
                break
    assert text.encode() in seen, (text, seen)
    seen = seen[seen.index(text.encode()) + len(text):]
def type(text):
    os.write(fd, text.encode())
def resize(rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
def status():
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
def cooked():
    return bool(termios.tcgetattr(fd)[3] & termios.ICANON)
exec(script)
PY
	python3 terminal.py "$@"
}

on_tty() { # SCRIPT ATTACH-ARG...
	local script=$1
	shift
	with_tty "$script" timeout --foreground 30 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" attach "$@"
}

@test "both streams, on their own, and the payload's status" {
	box --name a busybox sh -c 'until [ -e /go ]; do sleep 0.05; done; echo out; echo err >&2; exit 7'
	local pid
	pid=$(berth ps --format '{{.Pid}}')
	join a >out 2>err &
	sleep 0.5
	touch "/proc/$pid/root/go"
	local rc=0
	wait $! || rc=$?
	[ $rc = 7 ]
	[ "$(cat out)" = out ]
	[ "$(cat err)" = err ]
	[ "$(berth logs a 2>/dev/null)" = out ]
}

@test "standard input, with -i; its end leaves the payload's open" {
	box -i --name a busybox sh -c 'while read x; do echo "got $x"; [ "$x" != end ] || exit 5; done'
	(echo one; sleep 0.5) | join a >first &
	eventually 10 logged a "got one"
	kill $! 2>/dev/null || :
	in_state a Up
	run join a <<<"end"
	want 5
	logged a "got end"
	box --name b busybox sh -c 'cat; sleep 30'
	timeout 1 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" attach --sig-proxy=false b <<<"text" || :
	in_state b Up
	! logged b text
}

@test "a stream of many bytes goes in whole, and comes out whole for who reads" {
	head -c 3000000 /dev/urandom >in
	box -i --name a busybox sh -c 'head -c 3000000 | sha256sum; exit 0'
	join a <in >out
	[ "$(cut -d' ' -f1 out)" = "$(sha256sum <in | cut -d' ' -f1)" ]
}

@test "who does not read does not slow it down, and is told" {
	box --name a busybox sh -c 'sleep 1; i=0; while [ $i -lt 40000 ]; do i=$((i+1)); echo "a line that is rather long, number $i, of many that nobody reads"; done; exit 6'
	mkfifo pipe
	join a >pipe 2>err &
	local pid=$!
	exec 9<pipe
	eventually 20 in_state a "Exited (6)"
	[ "$(berth logs a | wc -l)" = 40000 ]
	cat <&9 >out &
	wait $pid || :
	exec 9<&-
}

@test "a terminal: what is typed, its size, and the keys to leave" {
	box -it --name a busybox sh
	on_tty '
resize(31, 97)
type("echo first\r"); expect("first"); expect("first")
time.sleep(0.5)
type("stty size\r"); expect("31 97")
resize(20, 60); time.sleep(0.3)
type("stty size\r"); expect("20 60")
assert not cooked()
type("\x10\x11"); assert status() == 0
assert cooked()
' a
	in_state a Up
	on_tty '
type("\x10x\r"); expect("x")
type("exit 9\r"); assert status() == 9
' a
	in_state a "Exited (9)"
}

@test "--detach-keys: others, and none" {
	box -it --name a busybox sh
	on_tty 'type("echo up\r"); expect("up"); expect("up"); type("\x01d"); assert status() == 0' --detach-keys ctrl-a,d a
	in_state a Up
	on_tty 'type("\x10\x11"); type("echo still\r"); expect("still"); expect("still"); type("\x03"); type("exit 4\r"); assert status() == 4' --detach-keys "" a
	split join --detach-keys ctrl-7 a
	want 125
}

@test "signals: to the payload, or with --sig-proxy=false to the command" {
	box --name a busybox sh -c 'trap "echo term" TERM; trap "echo int; exit 3" INT; echo ready; while :; do sleep 0.05; done'
	eventually 10 logged a ready
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" attach a >out &
	local pid=$!
	sleep 0.3
	kill -TERM $pid
	eventually 10 grep -q term out
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" attach --sig-proxy=false a >other &
	local other=$!
	sleep 0.3
	kill -TERM $other
	wait $other
	in_state a Up
	kill -INT $pid
	local rc=0
	wait $pid || rc=$?
	[ $rc = 3 ]
}

@test "several at once see the same; one that is killed disturbs nobody" {
	box --name a busybox sh -c 'until [ -e /go ]; do sleep 0.05; done; echo text; sleep 0.2'
	local pid i pids=
	pid=$(berth ps --format '{{.Pid}}')
	for i in 1 2 3; do
		join a >"out.$i" &
		pids="$pids $!"
	done
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" attach a >/dev/null &
	local killed=$!
	sleep 0.5
	kill -KILL $killed
	touch "/proc/$pid/root/go"
	wait $pids
	for i in 1 2 3; do
		[ "$(cat "out.$i")" = text ]
	done
}

@test "start -a of one that runs joins it" {
	box --name a busybox sh -c 'sleep 1; echo text; exit 2'
	split berth start -a a
	want 2
	[ "$output" = text ]
}

@test "a monitor that is killed is said to be" {
	box --name a busybox sleep 100
	local pid
	pid=$(berth ps --format '{{.Pid}}')
	join a 2>err &
	sleep 0.5
	kill -KILL "$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")"
	local rc=0
	wait $! || rc=$?
	[ $rc = 125 ]
	grep -q "monitor" err
}

@test "what cannot be joined says why" {
	split join nosuch
	want 125
	box --name a busybox true
	eventually 10 in_state a Exited
	split join a
	want 125
	err_has "not running"
	box --log-driver passthrough --name b busybox sleep 100
	split join b
	want 125
	err_has "where it was started"
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --network none --name c busybox sleep 100 &
	eventually 10 in_state c Up
	split join c
	want 125
	err_has foreground
	berth rm -f c
	wait
}

@test "a driver of none can be joined" {
	box --log-driver none --name a busybox sh -c 'sleep 1; echo text'
	[ "$(join a)" = text ]
}
