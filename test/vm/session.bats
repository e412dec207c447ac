# SPDX-License-Identifier: LGPL-2.1-or-later
# What only a system with systemd can show: sessions, units, delegation.

load ../helper/berth

setup() {
	[ -d /run/systemd/system ] || cannot "run units: systemd is not running here"
	berth_setup
}

@test "the host's control groups are version 2, and info says so" {
	[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]
	run berth info
	want 0
	has v2
}

@test "the tests run in a session of the user's own" {
	grep -q "user-$(id -u).slice/session-" /proc/self/cgroup
	[ "$XDG_RUNTIME_DIR" = "/run/user/$(id -u)" ]
}

@test "a container runs, and leaves no unit and no cgroup" {
	busybox
	run berth run --rm --network none busybox echo hello
	want 0
	[ "$output" = hello ]
	! find /sys/fs/cgroup -name 'berth-*' ! -name 'berth-tests*' | grep .
}

@test "a unit is the container: exit status, journal, limits" {
	only root
	busybox
	run systemd-run --quiet --wait --pipe --collect -p MemoryMax=200M \
		"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none busybox sh -c 'echo out; exit 7'
	want 7
	[ "$output" = out ]
}

@test "the log driver journald: what is printed is in the journal, and a journal that is started again misses nothing" {
	only root
	busybox
	berth run -d --network none --log-driver journald --name journaled busybox \
		sh -c 'echo before; echo wrong >&2; while [ ! -e /go ]; do sleep 0.1; done; echo after; head -c 40000 /dev/zero | tr "\0" x' >id
	eventually 30 eval 'journalctl -q -o cat "CONTAINER_ID_FULL=$(cat id)" | grep -qx before'
	systemctl restart systemd-journald
	echo >go
	berth cp go journaled:/go
	eventually 30 eval '[[ $(berth ps -a --format "{{.Status}}") == Exited* ]]'
	eventually 30 eval 'journalctl -q -o cat CONTAINER_NAME=journaled PRIORITY=6 | grep -qx after'
	[ "$(journalctl -q -o cat CONTAINER_NAME=journaled PRIORITY=3)" = wrong ]
	eventually 30 eval '[ "$(journalctl -q -a -o cat CONTAINER_NAME=journaled PRIORITY=6 | tr -dc x | wc -c)" = 40000 ]'
	run berth logs journaled
	want 125
	has "journalctl CONTAINER_ID_FULL=$(cat id)"
	berth rm journaled
}

@test "a unit that is stopped takes the container with it" {
	only root
	busybox
	systemd-run --quiet --collect --unit=berth-stop-test --property=TimeoutStopSec=5 \
		"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none --name held busybox sleep 1000
	eventually 30 berth ps -q --filter name=held
	systemctl stop berth-stop-test
	! pgrep -f "sleep 1000"
	# Its supervisor was killed: the next command meets what is left.
	[ -z "$(berth ps -aq)" ]
}

@test "limits of an ordinary user's container are set by a scope of systemd's" {
	only sub one
	busybox
	run berth run --rm --network none -m 64m --pids-limit 50 busybox sh -c \
		'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max'
	want 0
	[ "${lines[0]}" = 67108864 ]
	[ "${lines[1]}" = 50 ]
}

@test "exec into a scope of systemd's, from a session that may not put a process there itself" {
	only sub one
	busybox
	berth run --rm --name held --network none -m 64m busybox sleep 1000 3>&- &
	eventually 30 berth exec held true
	run berth exec held sh -c 'cat /proc/self/cgroup; cat /sys/fs/cgroup/cgroup.procs | wc -l'
	want 0
	[ "${lines[0]}" = "0::/" ]
	[ "${lines[1]}" -ge 2 ]
	berth rm -f held
}
