# SPDX-License-Identifier: LGPL-2.1-or-later
# Signals, terminals and the ends of processes: a table. Each row is one check, in the words of the functions before it;
# test/helper/terminal is the user at a real terminal. $BERTH_TEST_ORPHANS (5000) orphans are reaped,
# $BERTH_TEST_MEBIBYTES (32) go through pipes.
load ../helper/berth
load ../helper/background

: "${BERTH_TEST_ORPHANS:=5000}" "${BERTH_TEST_MEBIBYTES:=32}"

cli() {
	timeout --foreground -k 1 300 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" "$@"
}

box() { # [OPTION...] IMAGE COMMAND...
	cli run --rm --network none "$@"
}

# In the background, named c.
up() { # [OPTION...] -- COMMAND...
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	cli run -d --network none --name c ${options[@]+"${options[@]}"} busybox "${@:2}" >/dev/null 3>&-
}

logged() { # TEXT: is it a line of the log?
	berth logs c 2>&1 | tr -d '\r' | grep -qxF -- "$1"
}

# What prints each signal that it gets, and ends with 42 on SIGPWR.
catcher='for s in HUP INT QUIT USR1 USR2 TERM CONT WINCH TSTP ALRM; do trap "echo $s" $s; done
	for s in 34 37 64; do trap "echo $s" $s; done
	trap "exit 42" PWR; echo ready; while :; do sleep 0.05; done'

on_terminal() { # SCRIPT ARG...: berth ARG..., at a terminal
	local script=$1
	shift
	need python3
	timeout --foreground -k 1 120 "$helper/terminal" "$script" "$BERTH" --root "$ROOT" --runroot "$RUNROOT" "$@" 3>&-
}

on_tty() { # SCRIPT [OPTION...] IMAGE COMMAND...: `run -it`, at a terminal
	local script=$1
	shift
	on_terminal "$script" run --rm --network none -it --name c "$@"
}

payload() {
	berth inspect -f '{{.State.Pid}}' c
}

monitor() {
	awk '/^PPid:/ { print $2 }' "/proc/$(payload)/status"
}

ends() { # STATUS ARG...: berth ARG... ends so
	local wanted=$1
	shift
	run cli "$@"
	want "$wanted"
}

runs() { # STATUS ARG...: run does
	local wanted=$1
	shift
	ends "$wanted" run --rm --network none "$@"
}

# --- exit statuses ------------------------------------------------------------------------------

statuses() { # HOW: the words before the command
	local code
	for code in 0 1 42 128 255; do
		ends $code "$@" sh -c "exit $code"
	done
}

signalled() { # HOW
	local signal
	for signal in HUP KILL SEGV TERM; do
		ends $((128 + $(kill -l $signal))) "$@" sh -c "kill -$signal \$\$"
	done
}

refusals() { # HOW
	ends 126 "$@" /etc/passwd
	ends 127 "$@" no-such-command
}

not_there() {
	ends 125 exec nosuch true
	ends 125 attach nosuch
	ends 125 start nosuch
	ends 125 run --network none no-such-image true
}

@test "exit: run gives the payload's status" { statuses run --rm --network none busybox; }
@test "exit: exec gives the command's status" { up -- sleep 100 && statuses exec c; }
@test "exit: 128 and the signal's number, of run with --init" { signalled run --rm --init --network none busybox; }
@test "exit: 128 and the signal's number, of exec" { up -- sleep 100 && signalled exec c; }
@test "exit: 126 and 127 of run" { refusals run --rm --network none busybox; }
@test "exit: 126 and 127 of exec" { up -- sleep 100 && refusals exec c; }
@test "exit: 125 where berth itself cannot" { not_there; }

# --- signals to the client are the payload's ----------------------------------------------------

forwards() { # SIGNAL...: by run, then by attach
	local signal client
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none busybox sh -c "$catcher" >out 3>&- &
	client=$!
	eventually 15 grep -q ready out
	for signal; do
		kill -"$signal" $client
		eventually 15 grep -qx "$signal" out
	done
	kill -PWR $client
	status=0
	wait $client || status=$?
	want 42
	up -- sh -c "$catcher"
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" attach c >attached 3>&- &
	client=$!
	eventually 15 logged ready
	for signal; do
		# Until it has the descriptor for signals it would die of it.
		eventually 15 grep -qE "^SigBlk:.*[1-9a-f]" "/proc/$client/status"
		kill -"$signal" $client
		eventually 15 logged "$signal"
	done
	kill -PWR $client
	status=0
	wait $client || status=$?
	want 42
}

@test "forwarded: TERM" { forwards TERM; }
@test "forwarded: INT" { forwards INT; }
@test "forwarded: HUP" { forwards HUP; }
@test "forwarded: QUIT" { forwards QUIT; }
@test "forwarded: USR1, USR2" { forwards USR1 USR2; }
@test "forwarded: WINCH, CONT, without a terminal" { forwards WINCH CONT; }
@test "forwarded: TSTP, and ALRM" { forwards TSTP ALRM; }
@test "forwarded: the first, the last, and another real-time signal" { forwards 34 37 64; }

client_killed() { # attach | start -a
	up -- sh -c "$catcher"
	eventually 15 logged ready
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" "$@" c >out 3>&- &
	local client=$!
	eventually 15 grep -qE "^SigBlk:.*[1-9a-f]" "/proc/$client/status"
	kill -KILL $client
	wait $client 2>/dev/null || :
	in_state c Up
	berth kill -s USR1 c
	eventually 15 logged USR1
}

@test "KILL of the client: attach leaves the container alone" { client_killed attach; }
@test "KILL of the client: start -a of one that runs leaves it alone" { client_killed start -a; }

exec_alone() {
	up -- sh -c "$catcher"
	eventually 15 logged ready
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" exec c sh -c "$catcher" >out 3>&- &
	local client=$!
	eventually 15 grep -q ready out
	kill -USR1 $client
	eventually 15 grep -qx USR1 out
	berth kill -s USR2 c
	eventually 15 logged USR2
	kill -PWR $client
	status=0
	wait $client || status=$?
	want 42
	in_state c Up
	! logged USR1
	! grep USR2 out
}

exec_late() {
	up -- sleep 100
	berth kill c
	ends 125 exec c true
	has "is not running"
	cli run -d --network none --name d busybox sleep 100 >/dev/null 3>&-
	kill -KILL "$(berth inspect -f '{{.State.Pid}}' d)"
	eventually 15 in_state d Exited
	ends 125 exec d true
}

@test "exec: the signals of a command are its own" { exec_alone; }
@test "exec: after the first process has died it is refused" { exec_late; }

# --- the first process --------------------------------------------------------------------------

first_ignores() {
	up -- sleep 100
	local signal
	for signal in TERM INT HUP USR1 ALRM; do
		berth kill -s $signal c
	done
	# Those that were sent have arrived when one of a later exec is answered.
	berth exec c true
	in_state c Up
}

init_passes() {
	up --init -- sleep 100
	berth kill -s TERM c
	eventually 15 in_state c "Exited (143)"
}

# Children of children, whose parents are gone.
reaps() {
	cat >orphans <<-EOF
		n=$BERTH_TEST_ORPHANS
		i=0
		while [ \$i -lt \$n ]; do i=\$((i + 1)); ( : & ) ; done
		zombies() { grep -l "^State:.Z" /proc/[0-9]*/status 2>/dev/null | wc -l; }
		for wait in \$(seq 100); do [ \$(zombies) = 0 ] && break; sleep 0.1; done
		echo "\$i orphans, \$(zombies) zombies, \$(ls -d /proc/[0-9]* | wc -l) processes"
	EOF
	chmod 644 orphans
	run box --init -v "$T/orphans:/orphans:ro" busybox sh /orphans
	want 0
	[[ $output =~ ^"$BERTH_TEST_ORPHANS orphans, 0 zombies, "[3-7]" processes"$ ]]
}

daemons_die() {
	up -- sh -c '(setsid sh -c "trap : TERM HUP; echo \$\$ >/daemon; while :; do sleep 0.07; done" >/dev/null 2>&1 &); until [ -s /daemon ]; do sleep 0.05; done; echo ready; sleep 100'
	eventually 15 logged ready
	local first
	first=$(payload)
	local inside
	inside=$(sed -n 's/^NSpid:.*[[:space:]]//p' /proc/[0-9]*/status 2>/dev/null | wc -l)
	[ "$inside" -gt 0 ]
	namespace=$(readlink "/proc/$first/ns/pid")
	[ "$(in_namespace | wc -l)" -ge 2 ]
	"$@"
	eventually 15 nobody_in_namespace
}

in_namespace() {
	local pid
	for pid in /proc/[0-9]*; do
		[ "$(readlink "$pid/ns/pid" 2>/dev/null)" != "$namespace" ] || echo "$pid"
	done
}

nobody_in_namespace() {
	[ -z "$(in_namespace)" ]
}

# From a caller who has all signals blocked that can be, and ignores some.
deaf() { # ARG...
	need python3
	timeout -k 1 60 python3 -c 'import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
for s in signal.SIGHUP, signal.SIGUSR1, signal.SIGPIPE, signal.SIGINT, signal.SIGCHLD: signal.signal(s, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])' "$BERTH" --root "$ROOT" --runroot "$RUNROOT" "$@" 3>&-
}

clean_signals() { # HOW
	run deaf "$@" grep -E "^Sig(Pnd|Blk|Ign|Cgt)|^ShdPnd" /proc/self/status
	want 0
	[ "$(tr -d '\r' <<<"$output" | awk '{ print $2 }' | sort | uniq -c | xargs)" = "5 0000000000000000" ]
}

clean_in_background() {
	deaf run -d --network none --name c busybox sh -c 'cat /proc/self/status; sleep 100' >/dev/null
	eventually 15 eval 'berth logs c | grep -q ^SigCgt'
	[ "$(berth logs c | awk '/^Sig(Pnd|Blk|Ign|Cgt)|^ShdPnd/ { print $2 }' | sort | uniq -c | xargs)" = "5 0000000000000000" ]
}

@test "first process: a signal whose default would end it is ignored by the kernel" { first_ignores; }
@test "first process: --init gives the default back" { init_passes; }
@test "first process: --init reaps thousands of orphans" { reaps; }
@test "first process: a daemon that was forked twice dies with it" { daemons_die berth kill c; }
@test "first process: a daemon that was forked twice dies with rm -f, and with the monitor" {
	daemons_die berth rm -f c
	daemons_die eval 'kill -KILL "$(monitor)"; berth rm -f c'
}
@test "signals are reset: for run" { clean_signals run --rm --network none busybox; }
@test "signals are reset: for run --init, and with a terminal" {
	clean_signals run --rm --init --network none busybox
	clean_signals run --rm -t --network none busybox
}
@test "signals are reset: for exec" { up -- sleep 100 && clean_signals exec c; }
@test "signals are reset: in the background" { clean_in_background; }

# --- stop ---------------------------------------------------------------------------------------

# What it gets is its end: 42 by one of these, 43 by SIGTERM.
stops() { # STATUS [OPTION...] -- [STOP-OPTION...]
	local wanted=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	up ${options[@]+"${options[@]}"} -- sh -c 'for s in USR1 QUIT 37 63; do trap "exit 42" $s; done; trap "exit 43" TERM
		echo ready; while :; do sleep 0.05; done'
	eventually 15 logged ready
	cli stop -t 60 "$@" c
	in_state c "Exited ($wanted)"
	berth rm c >/dev/null
}

timeout_kills() {
	up -- sh -c 'trap "" TERM; echo ready; while :; do sleep 0.05; done'
	eventually 15 logged ready
	local before=$SECONDS
	cli stop -t 1 c
	[ $((SECONDS - before)) -le 15 ]
	in_state c "Exited (137)"
}

image_signal() {
	berth load -q -i "$(image config.docker.tar)" >/dev/null
	[ "$(berth inspect -f '{{.Config.StopSignal}}' config)" = SIGQUIT ] || skip "only: with an image that has one"
	cli run -d --network none --name c --entrypoint sh config -c 'trap "exit 42" QUIT; echo ready; while :; do sleep 0.05; done' >/dev/null 3>&-
	eventually 15 logged ready
	cli stop -t 60 c
	in_state c "Exited (42)"
}

@test "stop: SIGTERM, and --stop-signal of run" { stops 43 --; stops 42 --stop-signal SIGUSR1 --; }
@test "stop: STOPSIGNAL of the image" { image_signal; }
@test "stop: numbers, RTMIN+3 and RTMAX-1 as names" {
	stops 42 --stop-signal 10 --
	stops 42 --stop-signal SIGRTMIN+3 --
	stops 42 --stop-signal rtmax-1 --
	stops 42 -- --signal 37
}
@test "stop: one that ignores it is killed when the time has passed" { timeout_kills; }

# --- pipes --------------------------------------------------------------------------------------

closed_stdout() {
	run bash -c '"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none busybox sh -c "trap \"\" PIPE; yes 2>/dev/null; sleep 0.1" 3>&- | head -n 1'
	want 0
	[ "$output" = y ]
	eventually 15 eval '[ -z "$(berth ps -aq)" ]'
	run bash -c 'up() { "$BERTH" --root "$ROOT" --runroot "$RUNROOT" "$@" 3>&-; }; up run -d --network none --name c busybox sleep 100
		up exec c yes | head -n 1; echo "${PIPESTATUS[*]}"'
	[[ ${lines[*]} == *"y 141 0" ]]
	in_state c Up
}

payload_pipe() {
	run box --init busybox sh -c 'yes | head -n 1'
	[ "$output" = y ]
	run box --init busybox sh -c 'kill -PIPE $$'
	want 141
}

both_ways() { # HOW: a random stream comes back as it went
	head -c "${BERTH_TEST_MEBIBYTES}M" /dev/urandom | tee >(sha256sum >sent) | cli "$@" cat | sha256sum >got
	eventually 15 test -s sent
	cmp sent got
}

half_closed() { # HOW
	run bash -c 'printf "one\ntwo" | timeout 60 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" "$@" sh -c "cat; sleep 0.2; echo; echo after; echo err >&2" 3>&-' bash "$@"
	want 0
	[ "$(sort <<<"$output" | xargs)" = "after err one two" ]
}

@test "pipes: a reader that goes away ends run, and an exec, not the container" { closed_stdout; }
@test "pipes: SIGPIPE is the payload's own" { payload_pipe; }
@test "pipes: every byte passes both ways, with run" { both_ways run --rm -i --network none busybox; }
@test "pipes: every byte passes both ways, with exec" { up -- sleep 100 && both_ways exec -i c; }
@test "pipes: the end of the input is not that of the output, with run" { half_closed run --rm -i --network none busybox; }
@test "pipes: the end of the input is not that of the output, with exec" { up -- sleep 100 && half_closed exec -i c; }

# --- terminals ----------------------------------------------------------------------------------

resize_race() {
	on_tty '
expect("ready")
for i in range(400):
    size(10 + i % 50, 40 + i % 70)
    time.sleep(0.005)
size(43, 131)
for i in range(100):
    type("\r")
    if "43 131" in expect("\r\n"): break
    time.sleep(0.1)
else: sys.exit("it has not the last size")
type("q\r")
assert status() == 7' busybox sh -c 'echo ready; while read x; do [ -z "$x" ] || exit 7; stty size; done'
}

restored() { # what ends it: Python
	on_tty "
expect('ready'); assert is_raw()
$1
status()
assert not is_raw()
assert termios.tcgetattr(fd) == before" busybox sh -c 'trap "exit 3" TERM HUP; echo ready; while :; do sleep 0.05; done'
}

resumes() { # ARG...
	on_terminal '
for i in range(300):
    if is_raw(): break
    time.sleep(0.05)
send("STOP"); os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOWAIT)
termios.tcsetattr(slave, termios.TCSANOW, before)
send("CONT")
for i in range(300):
    if is_raw(): break
    time.sleep(0.05)
assert is_raw()
type("text\x04"); expect("text"); type("\x04"); status()
assert termios.tcgetattr(fd) == before' "$@"
}

# The terminal of a client that was killed stays raw: nobody is left who knows how it was. `stty sane` is what helps.
client_gone() {
	on_tty '
expect("ready")
send("KILL"); assert status() == 137
assert is_raw()
subprocess.run(["stty", "sane"], stdin=slave, check=True)
assert not is_raw()' busybox sh -c 'echo ready; sleep 100'
	eventually 15 gone c
}

controlling() {
	on_tty '
expect("tty=/dev/pts/0\r\n"); expect("to the terminal\r\n"); expect("console\r\n")
line = expect("end\r\n").split()
assert line[0] == line[1] == line[2] == "1", line      # leads its session, and its group is in the foreground
assert line[3] != "0", line
assert status() == 0' "$@" busybox sh -c 'echo "tty=$(tty)"; echo "to the terminal" >/dev/tty; echo console >/dev/console
	read -r pid name state ppid group session terminal foreground rest </proc/self/stat
	read -r pid name state ppid group session terminal foreground rest </proc/1/stat
	echo $group $session $foreground $terminal end'
}

job_control() {
	on_tty '
expect("# "); type("set +o emacs 2>/dev/null; PS1=\"ready# \"\r"); expect("ready# ")
type("sleep 1000\r"); time.sleep(0.5); type("\x1a"); expect("Stopped"); expect("ready# ")
type("jobs\r"); expect("Stopped"); expect("ready# ")
type("bg\r"); expect("ready# ")
type("fg\r"); time.sleep(0.5); type("\x03"); expect("ready# ")
type("exit 5\r")
assert status() == 5' busybox sh
}

not_ours() {
	# No process of the container has any descriptor, or its controlling terminal, on the caller's.
	on_tty '
expect("ready")
out = subprocess.run([argv[0], *argv[1:5], "inspect", "-f", "{{.State.Pid}}", "c"], capture_output=True, text=True, check=True)
first = out.stdout.strip()
ours = os.stat(os.ttyname(slave))
fds = os.listdir(f"/proc/{first}/fd")
assert len(fds) >= 3
for f in fds:
    st = os.stat(f"/proc/{first}/fd/{f}")
    assert (st.st_dev, st.st_ino) != (ours.st_dev, ours.st_ino), f
type("\r"); assert status() == 0' busybox sh -c 'echo ready; read x'
}

ctrl_keys() {
	on_tty '
expect("ready"); type("\x03"); expect("int"); type("\x1c"); expect("quit"); type("text\r\x04"); expect("text"); expect("eof")
assert status() == 8' busybox sh -c 'trap "echo int" INT; trap "echo quit; q=1" QUIT; echo ready
	until [ -n "$q" ]; do sleep 0.05; done; cat >/dev/null; echo eof; exit 8'
}

tty_of_exec() {
	up -- sleep 100
	on_terminal '
size(33, 77); expect("# "); type("stty size; tty; echo ok >/dev/tty\r")
expect("33 77"); expect("/dev/pts/0"); expect("ok"); assert is_raw()
type("exit 6\r"); assert status() == 6; assert not is_raw(); assert termios.tcgetattr(fd) == before' exec -it c sh
}

@test "terminal: its size at the start" {
	on_tty 'assert "24 80" in expect("\r\n"); assert status() == 0' busybox stty size
}
@test "terminal: 200 changes of its size a second, and the last one holds" { resize_race; }
@test "terminal: it is the controlling one, /dev/tty and /dev/console work" { controlling; }
@test "terminal: the same for another user" {
	only root sub
	controlling --user 1000:1000
}
@test "terminal: it belongs to the payload's user" {
	only root sub
	on_tty 'assert expect("end").split() == ["1000", "1000", "620"], seen; assert status() == 0' --user 1000:1000 busybox \
		sh -c 'stat -c %u /dev/console; stat -Lc "%u %a" /proc/self/fd/0; echo end'
}
@test "terminal: ^C, ^\\ and ^D are the payload's" { ctrl_keys; }
@test "terminal: jobs are stopped, and go on" { job_control; }
@test "terminal: nothing of the container has the caller's" { not_ours; }
@test "terminal: exec has one of its own" { tty_of_exec; }
@test "terminal: as it was before, after the payload's end and after each signal" {
	restored 'send("TERM")'
	restored 'send("HUP")'
	restored 'type("\x03\x03\x03")'
}
@test "terminal: as it was before, after rm -f" {
	restored 'subprocess.run([argv[0], *argv[1:5], "rm", "-f", "c"], check=True, capture_output=True)'
}
@test "terminal: raw again, after it was stopped and somebody else had the terminal" {
	resumes run --rm --network none -it --name c busybox cat
	up -it -- cat
	resumes attach c
}
@test "terminal: kill -9 of the client ends the container, and leaves the terminal raw" { client_gone; }

# --- storms -------------------------------------------------------------------------------------

# SIGCHLD comes as other children end; the default of both is to be ignored.
storm_run() {
	on_tty '
expect("ready")
storm(2000, 1000, "WINCH", "CHLD")
type("go\r"); expect("7777"); assert status() == 9' busybox sh -c 'echo ready; read x; for i in $(seq 7777); do echo $i; done; exit 9'
}

storm_of() { # STATUS ARG...: berth ARG... ends so in a storm, as it would without
	local wanted=$1
	shift
	need python3
	on_terminal 'time.sleep(0.02); end = time.monotonic() + 3
while time.monotonic() < end and not os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT): storm(20, 1000, "WINCH", "CHLD", "CONT")
assert status() == '"$wanted"', status()' "$@"
}

@test "storm: WINCH and CHLD at 1 kHz, on run with a terminal" { storm_run; }
@test "storm: the same on run, exec, attach, wait, stop and logs -f" {
	storm_of 5 run --rm --network none busybox sh -c 'sleep 1; exit 5'
	up -- sh -c 'trap "exit 6" TERM; while :; do sleep 0.05; done'
	storm_of 4 exec c sh -c 'sleep 1; exit 4'
	(sleep 1; berth kill -s TERM c) >/dev/null 3>&- &
	storm_of 6 attach c
	wait
	for verb in wait 'logs -f' 'stop -t 1'; do
		berth start c >/dev/null
		[ "$verb" = "stop -t 1" ] || (sleep 1; berth kill -s KILL c) >/dev/null 3>&- &
		storm_of 0 $verb c
		wait
		in_state c Exited
	done
}

# --- what does not move -------------------------------------------------------------------------

bounded() { # STATUS ARG...: within 15 seconds
	local wanted=$1 before=$SECONDS
	shift
	run cli "$@"
	[[ " $wanted " == *" $status "* ]] || want "$wanted"
	[ $((SECONDS - before)) -le 15 ] || {
		echo "$*: $((SECONDS - before)) seconds"
		return 1
	}
}

frozen() {
	[ "$(persona)" = root ] || [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || skip "only: with a cgroup"
	up -- sleep 100
	berth pause c
	bounded 0 ps -a
	has Paused
	bounded 0 inspect c
	bounded 125 exec c true
	has "paused"
	bounded 0 stop -t 1 c
	in_state c Exited
	berth start c
	berth pause c
	bounded 0 rm -f c
	gone c
}

# A tracer that stops it and never waits for it: its end is not seen by anybody else.
traced() {
	need python3
	up -- sleep 100
	python3 -c 'import ctypes, os, sys, time
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long] * 4
pid = int(sys.argv[1])
if libc.ptrace(0x4206, pid, 0, 0) or libc.ptrace(0x4207, pid, 0, 0): sys.exit(os.strerror(ctypes.get_errno()))
print("traced", flush=True)
time.sleep(300)' "$(payload)" >traced 2>&1 3>&- &
	tracer=$!
	eventually 15 test -s traced
	grep -qx traced traced
	eventually 15 grep -q "^State:.*tracing" "/proc/$(payload)/status"
	bounded 0 ps -a
	bounded 0 inspect c
	bounded "0 125" top c
	bounded "0 2 125" "$@"
	[ "$status" = 0 ] || has "did not end"
	echo "$output"
	kill $tracer
	wait $tracer 2>/dev/null || :
	cli rm -f c
	gone c
}

@test "frozen: ps, inspect, exec, stop and rm -f come to an end" { frozen; }
@test "traced: ps, inspect, top and rm -f come to an end" { traced rm -f c; }
@test "traced: stop comes to an end" { traced stop -t 1 c; }
