# SPDX-License-Identifier: LGPL-2.1-or-later
# The verbs on containers where systemd has all controllers of cgroup v2: as root, and for ordinary users in their sessions,
# whose containers are scopes of their own.
load ../helper/berth
load ../helper/background

setup() {
	[ -d /run/systemd/system ] || cannot "run units: systemd is not running here"
	berth_setup
	busybox
}

cgroup_of() { # NAME: its directory
	echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(berth inspect -f '{{.State.Pid}}' "$1")/cgroup")"
}

no_cgroups() {
	! find /sys/fs/cgroup -name '*berth-*' ! -name 'berth-tests*' | grep .
}

up() { # NAME [OPTION...]
	local name=$1
	shift
	berth run -d --network none --name "$name" "$@" busybox sh -c 'trap "exit 3" TERM; echo started; while :; do sleep 0.05; done' \
		>/dev/null 3>&-
}

@test "create, start, exec, logs, top, stats, pause, stop, restart, rm" {
	local dir first
	berth create --network none --name c -m 64m --pids-limit 50 busybox sh -c \
		'trap "exit 3" TERM; echo started; while :; do sleep 0.05; done' >/dev/null
	in_state c Created
	berth start c
	eventually 60 in_state c Up
	dir=$(cgroup_of c)
	[ "$(cat "$dir/memory.max")" = 67108864 ]
	[ "$(cat "$dir/pids.max")" = 50 ]
	[ "$(berth exec c cat /proc/self/cgroup)" = "0::/" ]
	eventually 60 eval '[ "$(berth logs c)" = started ]'
	[ "$(berth top c -o args | grep -c trap)" = 1 ]
	run berth stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}}' c
	want 0
	[[ $output =~ ^c\ .*\ /\ 64MiB\ [1-9] ]]
	berth pause c
	in_state c "Up"
	[[ $(state c) == *Paused* ]]
	[ "$(cat "$dir/cgroup.freeze")" = 1 ]
	run berth exec c true
	want 125
	berth unpause c
	[ "$(cat "$dir/cgroup.freeze")" = 0 ]
	first=$(berth inspect -f '{{.State.Pid}}' c)
	berth restart -t 20 c
	eventually 60 in_state c Up
	[ "$(berth inspect -f '{{.State.Pid}}' c)" != "$first" ]
	[ "$(cat "$(cgroup_of c)/memory.max")" = 67108864 ]
	eventually 60 eval '[ "$(berth logs c | wc -l)" = 2 ]'
	berth stop -t 20 c
	in_state c "Exited (3)"
	eventually 60 no_cgroups
	berth rm c
	[ -z "$(berth ps -aq)" ]
}

@test "one that is paused is stopped, killed and removed" {
	local how
	for how in 'stop -t 20' 'kill' 'rm -f'; do
		# An ordinary user's container has a cgroup where it has a limit.
		up c -m 64m
		eventually 60 eval '[ "$(berth logs c)" = started ]'
		berth pause c
		berth $how c
		berth rm -f c 2>/dev/null || :
		gone c
	done
	eventually 60 no_cgroups
}

@test "lack of memory is recorded, a fork bomb is ended, a killed monitor leaves nothing" {
	berth run -d --network none --name c -m 16m busybox sh -c 'x=$(head -c 100m /dev/zero | tr "\0" x); echo survived' >/dev/null 3>&-
	eventually 180 in_state c Exited
	# The scope of an ordinary user goes by itself, with the counters in it.
	[ "$(persona)" != root ] || [ "$(berth inspect -f '{{.State.OOMKilled}}' c)" = true ]
	berth run -d --network none --name d --pids-limit 30 busybox sh -c \
		'trap "" TERM; while :; do for i in 1 2 3 4 5 6 7 8; do sleep 0.2 & done; wait; done' >/dev/null 3>&-
	berth stop -t 1 d
	in_state d "Exited (137)"
	up e
	kill -KILL "$(awk '/^PPid:/ { print $2 }' "/proc/$(berth inspect -f '{{.State.Pid}}' e)/status")"
	eventually 60 in_state e "Exited (137)"
	berth rm c d e
	eventually 60 no_cgroups
}

@test "update: limits of one that runs, all or none, and of its next start" {
	local dir
	up c -m 64m
	eventually 60 eval '[ "$(berth logs c)" = started ]'
	dir=$(cgroup_of c)
	[ "$(berth update -m 48m --pids-limit 60 c)" = c ]
	[ "$(cat "$dir/memory.max")" = 50331648 ]
	[ "$(cat "$dir/pids.max")" = 60 ]
	if [ "$(persona)" = root ]; then
		berth update --cpus 0.5 c
		[ "$(cat "$dir/cpu.max")" = "50000 100000" ]
		split berth update -m 40m --cpuset-cpus 99 c
		want 125
		[ "$(cat "$dir/memory.max")" = 50331648 ]
	fi
	berth restart -t 20 c
	eventually 60 in_state c Up
	[ "$(cat "$(cgroup_of c)/memory.max")" = 50331648 ]
	[ "$(cat "$(cgroup_of c)/pids.max")" = 60 ]
	berth rm -f c
	eventually 60 no_cgroups
}
