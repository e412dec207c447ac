# SPDX-License-Identifier: LGPL-2.1-or-later
# The library of the black-box tests: `load ../helper/berth` at the top of test/run/NAME.bats.
#
# Every test gets a directory $T of its own (mode 755, removed afterwards) and a store of its own below it.
#
#   berth ARG...          the binary under test, with --root and --runroot of this test
#   run berth ...         as bats has it: $status, $output, "${lines[@]}"
#   split berth ...       like run, and stdout and stderr apart: $status, $output, $stderr
#   want STATUS           fails, and shows what was printed, unless $status is that
#   has TEXT / lacks TEXT fails unless $output contains (does not contain) TEXT
#   err_has TEXT          the same for $stderr, as `split` left it
#   image NAME            path of a fixture (the list stands in test/helper/images): image busybox.docker.tar
#   busybox               loads the busybox image into this test's store; it is then called "busybox"
#   store_is_clean [WORD] fails unless this test's store is as it must be (test/helper/store-clean)
#   only PERSONA...       the rest of the test is for root, rootless (sub or one), sub, or one
#   cannot REASON         skips: this machine cannot do it (test/helper/skips lists what CI accepts)
#   need PROGRAM...       skips unless the programs are there; never in CI
#   as_user sub|one CMD   as root: run CMD as that test user, who has a store of his own ("$T/sub", "$T/one")
#   berth_as sub|one ARG  as root: berth as that test user
#   eventually SECONDS CMD  retries CMD until it succeeds; fails after that time
#
# The three personas: root; sub, an ordinary user with subordinate id ranges; one, an ordinary user without.
# test/all runs every file as each of them; by hand, `bats test/run/load.bats` runs it as who you are.

bats_require_minimum_version 1.5.0

helper=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# The binary: $BERTH, or the build directory of this checkout, or the one on PATH.
if [ -z "${BERTH:-}" ]; then
	BERTH=$helper/../../build/berth
	[ -x "$BERTH" ] || BERTH=$(command -v berth) || {
		echo "no berth to test: set BERTH=/path/to/berth" >&2
		exit 1
	}
fi
BERTH=$(realpath "$BERTH")
export BERTH

persona() {
	if [ "$(id -u)" = 0 ]; then
		echo root
	elif grep -qs "^$(id -un):" /etc/subuid && command -v newuidmap >/dev/null; then
		echo sub
	else
		echo one
	fi
}

only() {
	local me who
	me=$(persona)
	for who; do
		[ "$who" = "$me" ] && return
		[ "$who" = rootless ] && [ "$me" != root ] && return
	done
	skip "only: for $*"
}

cannot() {
	skip "cannot: $*"
}

need() {
	local program
	for program; do
		command -v "$program" >/dev/null && continue
		[ -z "${BERTH_VM:-}" ] || skip "only: where there is $program"
		skip "missing: $program"
	done
}

setup() {
	berth_setup
}

teardown() {
	berth_teardown
}

berth_setup() {
	T=$(mktemp -d "${TMPDIR:-/tmp}/berth.XXXXXX")
	chmod 755 "$T"
	ROOT=$T/root
	RUNROOT=$T/run
	export T ROOT RUNROOT
	cd "$T" || return
}

# Nothing of a test may outlive it: no process, no mount, no cgroup. What is left is an error of the test.
berth_teardown() {
	local rc=0
	# Nothing was set up, and an empty name is in every command line.
	[ -n "${T:-}" ] || return 0
	cd /
	berth_residue || rc=1
	berth_remove "$T"
	return $rc
}

berth_residue() {
	local left rc=0
	if berth_mounts | grep .; then
		echo "mounts left behind (above)"
		rc=1
		berth_mounts | tac | while read -r dir; do
			umount -l "$dir" 2>/dev/null || :
		done
	fi
	# A container that dies with its supervisor may need a moment.
	for _ in $(seq 50); do
		left=$(berth_processes)
		[ -z "$left" ] && break
		sleep 0.1
	done
	if [ -n "$left" ]; then
		echo "processes left behind:"
		for pid in $left; do
			echo "  $pid $(tr '\0' ' ' <"/proc/$pid/cmdline")"
			kill -KILL "$pid" 2>/dev/null || :
		done
		rc=1
	fi
	left=$(berth_cgroups)
	if [ -n "$left" ]; then
		echo "cgroups left behind, which nobody knows of without this store: berth has to meet what was killed"
		echo "$left"
		# shellcheck disable=SC2086
		rmdir $left 2>/dev/null || :
		rc=1
	fi
	return $rc
}

# Cgroups of the containers that this test's store has. A scope of systemd goes by itself, a little later.
berth_cgroups() {
	local id match=() left
	for id in "$ROOT"/containers/* "$RUNROOT"/containers/* "$ROOT"/scratch/work/*; do
		[ ! -d "$id" ] || match+=(-o -name "*${id##*/}*")
	done
	[ ${#match[@]} != 0 ] || return 0
	for _ in $(seq 20); do
		left=$(find /sys/fs/cgroup -depth -type d \( "${match[@]:1}" \) 2>/dev/null)
		[ -z "$left" ] && return
		sleep 0.1
	done
	echo "$left"
}

# Mount points below this test's directory in our own mount namespace.
berth_mounts() {
	awk -v t="$T/" 'index($5 "/", t) == 1 { print $5 }' /proc/self/mountinfo
}

# Processes with this test's directory on the command line, or in their mount table (an overlay of its store).
berth_processes() {
	grep -lsaF -f <(echo "$T") /proc/[0-9]*/cmdline /proc/[0-9]*/mountinfo | cut -d/ -f3 | sort -u
}

# A rootless store holds files of subordinate ids: only a user namespace that maps them may remove them.
berth_remove() {
	rm -rf -- "$1" 2>/dev/null && return
	chmod -R u+rwX -- "$1" 2>/dev/null
	rm -rf -- "$1" 2>/dev/null && return
	[ "$(id -u)" != 0 ] || return 0
	unshare --map-auto --map-root-user rm -rf -- "$1" 2>/dev/null || {
		# One id only: directories whose mode forbids it.
		find "$1" -type d -exec chmod u+rwx {} + 2>/dev/null
		rm -rf -- "$1"
	}
}

berth() {
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" "$@"
}

# Like bats' run, with the streams apart.
split() {
	local out=$T/.stdout err=$T/.stderr
	status=0
	"$@" >"$out" 2>"$err" || status=$?
	output=$(cat "$out")
	stderr=$(cat "$err")
}

want() {
	[ "$status" = "$1" ] && return
	echo "exit status $status, wanted $1"
	echo "stdout: $output"
	echo "stderr: ${stderr:-}"
	return 1
}

has() {
	[[ $output == *"$1"* ]] && return
	echo "not in the output: $1"
	echo "stdout: $output"
	echo "stderr: ${stderr:-}"
	return 1
}

lacks() {
	[[ $output != *"$1"* ]] && return
	echo "in the output, and should not be: $1"
	echo "stdout: $output"
	return 1
}

err_has() {
	[[ ${stderr:-} == *"$1"* ]] && return
	echo "not on stderr: $1"
	echo "stderr: ${stderr:-}"
	return 1
}

image() {
	"$helper/images" "$1"
}

store_is_clean() {
	"$helper/store-clean" "$ROOT" "$@"
}

busybox() {
	berth load -q -i "$(image busybox.docker.tar)" >/dev/null
}

as_user() {
	local name=berth-$1
	shift
	id "$name" >/dev/null 2>&1 || skip "missing: user $name (test/helper/users create)"
	local dir=$T/${name#berth-}
	[ -d "$dir" ] || install -d -o "$name" -g "$name" -m 755 "$dir"
	[ -d "$dir/runtime" ] || install -d -o "$name" -g "$name" -m 700 "$dir/runtime"
	setpriv --reuid "$name" --regid "$name" --init-groups \
		env -i PATH="$PATH" HOME="$dir" USER="$name" LOGNAME="$name" LANG=C.UTF-8 TERM="${TERM:-dumb}" \
		XDG_RUNTIME_DIR="$dir/runtime" T="$T" BERTH="$BERTH" "$@"
}

berth_as() {
	local who=$1
	shift
	as_user "$who" "$BERTH" --root "$T/$who/root" --runroot "$T/$who/run" "$@"
}

eventually() {
	local until=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $until ] || return 1
		sleep 0.05
	done
}
