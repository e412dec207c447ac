# SPDX-License-Identifier: LGPL-2.1-or-later
# A kernel that lacks a feature, or a filter around berth that forbids it: strace stands in for them. What is missing
# is said in one or two lines, the status is 125, nothing stays, and the next command works.
load ../helper/berth

setup() {
	berth_setup
	need strace
	# Below strace newuidmap is not set-user-id.
	only root one
	busybox
	berth run --rm --network none busybox true
}

# without CALL ERROR OPTION...: a run in which a system call fails.
without() {
	local call=$1 error=$2
	shift 2
	split timeout 20 strace -f -qq -o /dev/null -e trace="$call" -e inject="$call:error=$error" \
		"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none "$@" busybox echo ran
}

refuses() { # CALL
	want 125 || { echo "without $1"; return 1; }
	[ -z "$output" ] || { echo "without $1: stdout has '$output'"; return 1; }
	[ "$(wc -l <"$T/.stderr")" -le 2 ] || { echo "without $1: $stderr"; return 1; }
	[[ $stderr == "berth: run: "* ]] || { echo "without $1: $stderr"; return 1; }
	[ -z "$(ls -A "$RUNROOT/containers" "$ROOT/scratch/upper" "$ROOT/scratch/work" | grep -v :)" ] ||
		{ echo "without $1 something stays"; return 1; }
}

@test "a system call that the kernel does not have: 125, what failed, and what to do" {
	for call in clone3 openat2 fsopen fsmount open_tree move_mount mount_setattr pivot_root close_range seccomp \
		memfd_create execveat sethostname; do
		without $call ENOSYS
		refuses $call
		err_has "Function not implemented" || { echo "without $call"; return 1; }
		err_has "berth: hint: " || { echo "without $call"; return 1; }
	done
	run berth run --rm --network none busybox echo ran
	[ "$output" = ran ]
}

@test "a system call that is forbidden: 125, and what failed" {
	for call in clone3 openat2 fsopen move_mount mount_setattr close_range seccomp capset prctl signalfd4; do
		without $call EPERM
		refuses $call
		err_has "Operation not permitted" || err_has "user namespace" || { echo "without $call"; return 1; }
	done
	run berth run --rm --network none busybox echo ran
	[ "$output" = ran ]
}

@test "what one can do without does not matter" {
	for call in pidfd_send_signal keyctl linkat fallocate; do
		without $call ENOSYS
		want 0 || { echo "without $call"; return 1; }
		[ "$output" = ran ]
		[ -z "$stderr" ]
	done
}

@test "doctor finds the call that is missing" {
	run strace -f -qq -o /dev/null -e trace=openat2 -e inject=openat2:error=ENOSYS \
		"$BERTH" --root "$ROOT" --runroot "$RUNROOT" doctor
	want 125
	has "FIX  kernel: Linux $(uname -r) has no openat2(2)"
}
