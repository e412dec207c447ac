# SPDX-License-Identifier: LGPL-2.1-or-later
# A campaign of kills: while a command acts upon a container, the command, the monitor or the payload is killed. What ps
# shows afterwards is true, the name is free or its container can be used, and nothing is left in the end.
# $BERTH_TEST_ROUNDS (1) rounds of each command and victim; 40 are some hundred kills.
load ../helper/berth
load ../helper/background

: "${BERTH_TEST_ROUNDS:=1}"

setup_file() {
	need cc
	mkdir "$BATS_FILE_TMPDIR/bin"
	cc -D_GNU_SOURCE -O1 -o "$BATS_FILE_TMPDIR/bin/killat" "$helper/killat.c"
}

setup() {
	berth_setup
	busybox
	killat=$BATS_FILE_TMPDIR/bin/killat
	kills=0
	# Below a tracer newuidmap is not set-user-id.
	modes=(one tree first)
	[ "$(persona)" != sub ] || modes=(first)
	echo data >"$T/file"
}

cli() {
	timeout -s KILL 60 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" "$@" 3>&-
}

# What ps calls running runs, and is the container's: a process in a namespace that is not ours.
is_true() {
	local name state pid
	while read -r name state pid; do
		case $state in
		running | paused)
			[ "$pid" != 0 ] && [ "$(readlink "/proc/$pid/ns/pid")" != "$(readlink /proc/self/ns/pid)" ] || {
				echo "$name is said to be $state, as $pid"
				return 1
			}
			;;
		esac
	done < <(cli ps -a --format '{{.Names}} {{.State}} {{.Pid}}')
}

# Nothing of any container: its directories, names, writable layers, logs, cgroups.
nothing_left() {
	local left
	left=$(find "$ROOT/containers" "$RUNROOT/containers" "$ROOT"/scratch/{upper,work,logs,volumes} \
		"$ROOT/container-names" "$RUNROOT/container-names" -mindepth 1 -maxdepth 1 2>/dev/null)
	[ -z "$left" ] || { echo "$left" >"$T/left"; return 1; }
}

# After a kill: ps is true, the container can be used or be removed, and another can have the name.
after() { # WHAT
	eventually 10 is_true || { echo "$1: not true: $(cli ps -a)"; return 1; }
	cli rm -f k >/dev/null 2>"$T/said" || grep -q "there is no container" "$T/said" || {
		echo "$1: rm -f: $(cat "$T/said")"
		return 1
	}
	cli run --rm --name k --network none busybox true 2>"$T/said" || {
		echo "$1: the next run: $(cat "$T/said")"
		return 1
	}
	[ -z "$(cli ps -aq)" ] || { echo "$1: left $(cli ps -a)"; return 1; }
	kills=$((kills + 1))
}

created() { cli create --network none --name k busybox sleep 100 >/dev/null; }
running() { cli run -d --network none --name k busybox sh -c 'trap "exit 3" TERM; while :; do sleep 0.02; done' >/dev/null; }
short() { cli create --network none --name k busybox sleep 0.2 >/dev/null; }
absent() { :; }

# The command, or any process that it makes, before some system call.
at_calls() { # PREPARE WORD...
	local prepare=$1 calls mode round at
	shift
	for mode in "${modes[@]}"; do
		$prepare
		timeout -s KILL 60 "$killat" 0 "$mode" "$BERTH" --root "$ROOT" --runroot "$RUNROOT" "$@" >/dev/null 2>"$T/count" 3>&- || :
		calls=$(sed -n 's/^killat: \([0-9]*\)$/\1/p' "$T/count")
		[ "${calls:-0}" -gt 20 ] || { cat "$T/count"; return 1; }
		after "$* at no call"
		for ((round = 0; round < BERTH_TEST_ROUNDS; round++)); do
			at=$((1 + (round * calls + RANDOM % calls) / BERTH_TEST_ROUNDS))
			$prepare
			timeout -s KILL 60 "$killat" $at "$mode" "$BERTH" --root "$ROOT" --runroot "$RUNROOT" "$@" >/dev/null 2>"$T/killed" 3>&- || :
			after "$*: $mode at call $at of $calls"
		done
	done
}

# Another process, at some moment of the command.
meanwhile() { # WORD...
	local victim round pid client
	for victim in monitor payload; do
		for ((round = 0; round < BERTH_TEST_ROUNDS; round++)); do
			running
			pid=$(cli inspect -f '{{.State.Pid}}' k)
			[ $victim = payload ] || pid=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")
			cli "$@" >/dev/null 2>&1 &
			client=$!
			read -r -t "0.0$(printf %03d $((RANDOM % 300)))" <> <(:) || :
			kill -KILL "$pid" 2>/dev/null || :
			wait $client || :
			after "$*: $victim killed"
		done
	done
}

finish() {
	eventually 10 nothing_left || { cat "$T/left"; return 1; }
	store_is_clean killed
	echo "$kills kills" >&3
}

@test "create" { at_calls absent create --network none --name k busybox sleep 100 && finish; }
@test "run -d" { at_calls absent run -d --network none --name k busybox sleep 0.2 && finish; }
@test "start" { at_calls short start k && finish; }
@test "stop" {
	at_calls running stop -t 1 k
	meanwhile stop -t 1 k
	finish
}
@test "rm" {
	at_calls created rm k
	at_calls running rm -f k
	meanwhile rm -f k
	finish
}
@test "exec" {
	at_calls running exec k true
	meanwhile exec k sleep 0.1
	finish
}
@test "commit" {
	at_calls running commit k made
	meanwhile commit k made
	finish
}
@test "cp, in and out" {
	at_calls running cp "$T/file" k:/file
	at_calls running cp k:/etc/passwd "$T/out"
	meanwhile cp k:/bin "$T/bin"
	finish
}
