#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Commands that start and end containers in the background are killed at some of their system calls, with the
# monitor or without it: what ps shows is true afterwards, and the next command works.
load ../helper/berth

setup_file() {
	need cc
	mkdir "$BATS_FILE_TMPDIR/bin"
	cc -D_GNU_SOURCE -O1 -o "$BATS_FILE_TMPDIR/bin/killat" "$helper/killat.c"
}

setup() {
	berth_setup
	busybox
	PATH=$BATS_FILE_TMPDIR/bin:$PATH
	# Below a tracer newuidmap is not set-user-id.
	modes=(one tree)
	[ "$(persona)" != sub ] || modes=(first)
}

teardown() {
	berth rm -f -a >/dev/null 2>&1
	berth_teardown
}

# A container that ps calls running runs.
is_true() {
	local state pid
	read -r state pid < <(berth ps -a --filter name=^k$ --format '{{.State}} {{.Pid}}')
	[ "${state:-}" != running ] || [ "$pid" = 0 ] || [ -e "/proc/$pid" ]
}

nothing_left() {
	[ -z "$(find "$ROOT/containers" "$RUNROOT/containers" "$ROOT/scratch/upper" "$ROOT/scratch/work" "$ROOT/scratch/logs" \
		"$ROOT/container-names" "$RUNROOT/container-names" -mindepth 1 -maxdepth 1 2>/dev/null)" ]
}

# attack PREPARE WORD...: kill `berth WORD...` at a dozen places.
attack() {
	local prepare=$1 at mode
	shift
	for at in 20 90 160 230 300 370 440 510 580 650 720; do
		for mode in "${modes[@]}"; do
			$prepare
			timeout -s KILL 30 killat $at $mode "$BERTH" --root "$ROOT" --runroot "$RUNROOT" "$@" >/dev/null 2>"$T/killed" || :
			eventually 5 is_true || { echo "$1: $mode at call $at: not true: $(berth ps -a)"; return 1; }
			berth run --rm --replace --network none --name k busybox true ||
				{ echo "$1: $mode at call $at: the next command failed ($(tail -1 killed))"; return 1; }
			[ -z "$(berth ps -aq)" ] || { echo "$1: $mode at call $at: left $(berth ps -a)"; return 1; }
		done
	done
	# Nothing is left of them: writable layers, logs, names.
	eventually 5 nothing_left
}

nothing() { :; }

created() {
	berth create --network none --name k busybox sleep 0.2 >/dev/null
}

running() {
	berth run -d --network none --name k busybox sleep 0.2 >/dev/null
}

@test "run -d" {
	attack nothing run -d --network none --name k busybox sleep 0.2
}

@test "run -d --rm" {
	attack nothing run -d --rm --network none --name k busybox sleep 0.2
}

@test "start" {
	attack created start k
}

@test "restart" {
	attack running restart -t 0 k
}
