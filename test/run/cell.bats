# SPDX-License-Identifier: LGPL-2.1-or-later
# Who parses what comes from outside: processes that hold nothing, each of which is looked at while it has to wait, and
# made to try what it may not do. What a cell can do of all that it may try says test/unit/cell.c.
load ../helper/berth
load ../helper/registry

setup_file() {
	[ "$(persona)" != root ] || registry_start
}

setup() {
	berth_setup
	registry_setup
	# The others may not look into what gives nothing away.
	only root
	need strace
	mkfifo "$T/input"
	exec 6<>"$T/input"
}

teardown() {
	exec 6>&-
	[ -z "${writer:-}" ] || kill -KILL "$writer" 2>/dev/null || :
	[ -z "${berth:-}" ] || kill -KILL "$berth" 2>/dev/null || :
	registry_stop "$T"
	hostile_stop "$T"
	berth_teardown
}

# The command in the background, which reads $T/input: `berth` is its process.
begin() {
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" "$@" <"$T/input" >"$T/out" 2>&1 3>&- 6>&- &
	berth=$!
}

# The descendants of a process.
descendants() { # PID
	local child
	for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
		echo "$child"
		descendants "$child"
	done
}

find_cell() { # sets cell
	for cell in $(descendants "$berth"); do
		grep -qs "^Seccomp:.2" "/proc/$cell/status" && return
	done
	return 1
}

# Its input, the report, and what is of its directory. It may close one while we look.
holds_only_its_own() { # DIRECTORY
	local fd file
	for fd in /proc/"$cell"/fd/*; do
		file=$(readlink "$fd")
		[[ $file == pipe:* ]] || [ "$fd" -ef /dev/null ] || [ "$fd" -ef "$1$file" ] || [ "$fd" -ef "${input:-$T/input}" ] || {
			echo "$fd: $file"
			return 1
		}
	done
}

# It can do nothing but what it is for.
holds_nothing() {
	local namespace root
	for namespace in mnt net pid ipc uts; do
		[ "$(readlink "/proc/$cell/ns/$namespace")" != "$(readlink "/proc/self/ns/$namespace")" ] || return
	done
	# Its directory is all there is: no way to the store, the host, a device.
	root=$(for root in "$ROOT"/tmp/*/root; do [ ! "$root" -ef "/proc/$cell/root" ] || echo "$root"; done)
	[ -n "$root" ] || { echo "its root is $(readlink "/proc/$cell/root")"; return 1; }
	[ "$(wc -l <"/proc/$cell/mountinfo")" = 1 ] || return
	[ "$(grep -c : "/proc/$cell/net/dev")" = 1 ] || return
	eventually 5 holds_only_its_own "$root" || return
	grep -q "^NoNewPrivs:.1" "/proc/$cell/status" || return
	# To make files of any owner, and nothing else.
	[ "$(grep "^CapEff" "/proc/$cell/status" | cut -f2)" = "$(grep "^CapBnd" "/proc/$cell/status" | cut -f2)" ] || return
	[ $((0x$(grep "^CapBnd" "/proc/$cell/status" | cut -f2) & ~0x800001df)) = 0 ] || { grep Cap "/proc/$cell/status"; return 1; }
	grep -q "^Max address space  *[0-9]" "/proc/$cell/limits" || return
	grep -q "^Max cpu time  *[0-9]" "/proc/$cell/limits" || return
	grep -Eq "^Max core file size  *0 " "/proc/$cell/limits" || return
	[ "$(tr -d '\0' <"/proc/$cell/environ" | wc -c)" = 0 ] || [ "$(stat -c %u "/proc/$cell/environ")" = 0 ]
}

goes_with_its_maker() {
	kill -KILL "$berth"
	wait "$berth" || :
	eventually 5 test ! -e "/proc/$cell"
	busybox
	store_is_clean partial orphans
}

# The next CALL of the cell becomes one that it may not make.
tries() { # CALL
	local tracer
	strace -f -qq -o /dev/null -p "$cell" -e "trace=$1" -e "inject=$1:retval=0:syscall=getppid" 2>"$T/strace" 3>&- 6>&- &
	tracer=$!
	eventually 5 is_traced
	kill -CONT "$cell" 2>/dev/null || :
	eventually 10 is_gone
	wait $tracer || :
}

is_traced() {
	is_gone || grep -qs "^TracerPid:.[1-9]" "/proc/$cell/status"
}

is_gone() {
	! grep -qs "^State:.[^ZX]" "/proc/$cell/status"
}

is_killed() { # after that, the command
	[ -z "${writer:-}" ] || kill "$writer" 2>/dev/null || :
	exec 6>&-
	status=0
	wait "$berth" || status=$?
	output=$(cat "$T/out")
	want 125
	has "the unpacker made a system call that it may not make"
	store_is_clean partial
	[ -z "$(berth images -aq | grep -vxF "${1:-none}")" ]
}

# A compressed archive whose end does not come yet.
archive_begins() { # FIXTURE
	head -c 700000 "$(image "$1")" >&6 3>&- &
	writer=$!
	eventually 10 find_cell
}

@test "pull: a layer is unpacked by a process that holds nothing" {
	hostile_start "layer:stall=600000*1"
	begin pull -q "$HOSTILE/busybox"
	eventually 10 find_cell
	eventually 10 test -e "/proc/$cell/root/bin"
	holds_nothing
	goes_with_its_maker
}

@test "import: so is what comes from a pipe, and it is killed for what it may not do" {
	begin import -q -
	archive_begins busybox.tar
	eventually 10 test -e "/proc/$cell/root/bin"
	holds_nothing
	tries read
	is_killed
}

@test "load: an archive is decompressed and read by a process that holds nothing" {
	begin load -q
	archive_begins busybox.docker.tar.zst
	holds_nothing
	goes_with_its_maker
}

@test "load: a reader that tries something else is killed" {
	begin load -q
	archive_begins busybox.docker.tar.gz
	holds_nothing
	tries read
	is_killed
}

@test "run: so is the reader of an archive that is run" {
	begin run --rm -i --network none docker-archive:/dev/stdin true
	archive_begins busybox.docker.tar.gz
	holds_nothing
	tries read
	is_killed
}

# Large enough to be met at work.
@test "push: a layer is decompressed by a process that holds nothing, and is killed for what it may not do" {
	berth load -q -i "$(image debian.oci)" >/dev/null
	id=$(berth images -q --no-trunc)
	input=$ROOT/blobs/sha256/$(layers_of debian | cut -d: -f2)
	begin push -q --compression-format zstd "$id" "$REGISTRY/cell:1"
	eventually 10 find_cell
	kill -STOP "$cell"
	holds_nothing
	tries write
	is_killed "$(berth images -q)"
	has "$REGISTRY"
	run skopeo inspect --tls-verify=false "docker://$REGISTRY/cell:1"
	[ "$status" != 0 ]
}
