# SPDX-License-Identifier: LGPL-2.1-or-later
# Exit statuses, signals, and what is said about them.
load ../helper/berth

setup() {
	berth_setup
	busybox
}

box() {
	timeout --foreground -k 1 20 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none "$@"
}

@test "the status is the payload's" {
	for code in 0 1 7 125 126 127 128 255; do
		split box busybox sh -c "exit $code"
		want "$code"
		[ -z "$stderr" ]
	done
}

@test "a payload that a signal ends gives 128 and its number" {
	for signal in TERM KILL SEGV USR1; do
		split box --init busybox sh -c "kill -$signal \$\$"
		want $((128 + $(kill -l $signal)))
	done
}

@test "a command that is not there gives 127 and says where it was looked for" {
	split box busybox no-such-command
	want 127
	err_has "'no-such-command' is not in the container's PATH"
	split box busybox /no/such/command
	want 127
	err_has "/no/such/command"
	split box busybox /bin/sh/command
	want 127
}

@test "a command that cannot be executed gives 126 and says why" {
	split box busybox /etc/passwd
	want 126
	err_has "Permission denied"
	split box busybox /etc
	want 126
	mkdir "$T/bin"
	echo garbage >"$T/bin/garbage"
	printf '#!/no/interpreter\n' >"$T/bin/script"
	chmod 755 "$T/bin" "$T/bin/"*
	split box -v "$T/bin:/mine" busybox /mine/garbage
	want 126
	err_has "Exec format error"
	split box -v "$T/bin:/mine" busybox /mine/script
	want 127
	err_has "/no/interpreter"
	split box -v "$T/bin:/mine:noexec" busybox /mine/script
	want 126
}

@test "with --init the same statuses hold" {
	split box --init busybox sh -c 'exit 9'
	want 9
	split box --init busybox no-such-command
	want 127
	split box --init busybox /etc/passwd
	want 126
}

@test "what berth itself refuses gives 125 and one or two lines" {
	split box --no-such-option busybox true
	want 125
	[ "$(wc -l <"$T/.stderr")" -le 2 ]
	split box no-such-image true
	want 125
	[ "$(wc -l <"$T/.stderr")" -le 2 ]
	split box --memory 1 busybox true
	want 125
	split box --name '*' busybox true
	want 125
	[ -z "$(ls -A "$RUNROOT/containers" 2>/dev/null)" ]
}

@test "an image without a command wants one" {
	mkdir -p "$T/root/etc"
	split box "rootfs:$T/root"
	want 125
	err_has "no command"
	err_has "hint"
}

@test "--pull always is refused, never and missing are as they are" {
	split box --pull always busybox true
	want 125
	box --pull never busybox true
	box --pull missing busybox true
	split box --pull never no-such-image true
	want 125
}

# Start a container that says when it is ready and what signals it gets, in the background.
start_listener() { # OPTION...
	mkdir -p "$T/data"
	chmod 777 "$T/data"
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none -v "$T/data:/data" "$@" busybox sh -c '
		for s in HUP INT QUIT USR1 USR2 TERM CONT WINCH ALRM TSTP; do trap "echo $s >>/data/got" $s; done
		trap "echo done >>/data/got; exit 42" PWR
		echo >/data/ready
		while :; do sleep 0.05; done' &
	supervisor=$!
	eventually 10 test -e "$T/data/ready"
}

@test "signals are forwarded" {
	start_listener
	for signal in HUP INT QUIT USR1 USR2 TERM ALRM TSTP CONT WINCH; do
		kill -$signal "$supervisor"
		eventually 5 grep -qx "$signal" "$T/data/got"
	done
	kill -PWR "$supervisor"
	status=0
	wait "$supervisor" || status=$?
	[ "$status" = 42 ]
	eventually 5 grep -qx "done" "$T/data/got"
}

@test "with --init signals reach the payload as well" {
	start_listener --init
	kill -TERM "$supervisor"
	eventually 5 grep -qx TERM "$T/data/got"
	kill -PWR "$supervisor"
	status=0
	wait "$supervisor" || status=$?
	[ "$status" = 42 ]
}

@test "--init ends a payload that does not handle SIGTERM" {
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none --init --name it busybox sleep 30 &
	supervisor=$!
	eventually 10 up it
	kill -TERM "$supervisor"
	status=0
	wait "$supervisor" || status=$?
	[ "$status" = 143 ]
}

up() {
	[ "$("$BERTH" --root "$ROOT" --runroot "$RUNROOT" ps -q --filter "name=^$1\$")" != "" ]
}

@test "--init reaps what the payload leaves behind" {
	run box --init busybox sh -c 'for i in $(seq 200); do (true &) ; done; sleep 0.3; ps -o stat | grep -c Z'
	[ "$output" = 0 ]
}

@test "with --sig-proxy=false a signal ends the container instead of being passed on" {
	start_listener --sig-proxy=false
	kill -USR1 "$supervisor"
	kill -TERM "$supervisor"
	status=0
	wait "$supervisor" || status=$?
	[ "$status" = 137 ]
	[ ! -e "$T/data/got" ]
	[ -z "$(ls -A "$RUNROOT/containers")" ]
}

@test "--timeout kills, and says so" {
	split box --timeout 1 busybox sleep 20
	want 137
	err_has "--timeout"
	split box --timeout 20 busybox true
	want 0
}

@test "no zombie of ours is left while a container runs" {
	start_listener
	[ -z "$(ps -o stat= --ppid "$supervisor" | grep Z)" ]
	kill -PWR "$supervisor"
	wait "$supervisor" || :
}

@test "the payload starts with no signal blocked or ignored" {
	trap '' HUP USR1
	run box busybox grep -E 'Sig(Blk|Ign)' /proc/self/status
	trap - HUP USR1
	want 0
	[ "$(echo "$output" | awk '{ print $2 }' | sort -u)" = 0000000000000000 ]
}

@test "the supervisor takes no more than a mebibyte of memory of its own" {
	# The first run of an image finds its name by reading the index, and loads a library for that.
	box busybox true
	start_listener
	private=$(awk '/^Private_(Clean|Dirty)/ { n += $2 } END { print n }' "/proc/$supervisor/smaps_rollup")
	kill -PWR "$supervisor"
	wait "$supervisor" || :
	echo "private: $private KiB"
	[ "$private" -le 1024 ]
}

@test "memory beyond the limit is said to be the reason" {
	[ "$(persona)" = root ] || cannot "set a limit without a delegated cgroup"
	split box --memory 16m busybox sh -c 'x=$(head -c 100m /dev/zero | tr "\0" x); echo survived'
	[ "$status" != 0 ]
	err_has "for lack of memory"
	err_has "memory limit"
	lacks survived
}
