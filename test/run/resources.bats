# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

# Limits, read back from inside: each file by its name in cgroup v2 and in v1. Where this user cannot have
# limits, asking for one is an error that says what to change, and not asking is none.

setup() {
	berth_setup
	case $(stat -f -c %T /sys/fs/cgroup) in
	cgroup2fs) v=2 ;;
	*) v=1 ;;
	esac
}

teardown() {
	berth_teardown
	if [ -n "${PARENT:-}" ]; then
		find /sys/fs/cgroup -depth -type d -path "*$PARENT*" -exec rmdir {} + 2>/dev/null || :
	fi
}

# Skips unless limits can be set here at all.
limits() {
	busybox
	if [ $v = 1 ]; then
		only root
	else
		berth run --rm --network none --pids-limit 100 busybox true 2>why ||
			skip "only: where the session has a delegated cgroup: $(cat why)"
	fi
}

controller() { # NAME: can this user have it?
	if [ $v = 1 ]; then
		[ -e "/sys/fs/cgroup/$1" ] || skip "only: where the controller $1 is"
	elif [ "$(persona)" = root ]; then
		grep -qw "$1" /sys/fs/cgroup/cgroup.controllers || skip "only: where the controller $1 is"
	else
		berth info | grep -qw "$1" || skip "only: where the controller $1 is delegated"
	fi
}

# value OPTION... FILE_V2 FILE_V1: what stands in the file that this host has
value() {
	local file=${*: -2:1}
	[ $v = 2 ] || file=${*: -1}
	berth run --rm --network none "${@:1:$#-2}" busybox cat "/sys/fs/cgroup/$file"
}

is() { # WANT_V2 WANT_V1 OPTION... FILE_V2 FILE_V1
	local want=$1 got
	[ $v = 2 ] || want=$2
	got=$(value "${@:3}")
	[ "$got" = "$want" ] && return
	echo "${*:3}: '$got', wanted '$want'"
	return 1
}

# Runs until it is killed: $supervisor, and the container's first process in $T/pid.
background() {
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none --pidfile "$T/pid" "$@" &
	supervisor=$!
	eventually 5 test -s "$T/pid"
}

@test "memory" {
	limits
	controller memory
	is 67108864 67108864 -m 64m memory.max memory/memory.limit_in_bytes
	is 8388608 8388608 -m 64m --memory-reservation 8m memory.low memory/memory.soft_limit_in_bytes
	[ $v = 1 ] || is 1 1 -m 64m memory.oom.group -
}

@test "memory and swap" {
	limits
	controller memory
	[ $v = 2 ] || [ -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes ] || skip "only: with swap accounting"
	[ $v = 1 ] || [ "$(value -m 64m memory.swap.max -)" ] || skip "only: with swap accounting"
	is 67108864 134217728 -m 64m memory.swap.max memory/memory.memsw.limit_in_bytes
	is 33554432 100663296 -m 64m --memory-swap 96m memory.swap.max memory/memory.memsw.limit_in_bytes
	is 0 67108864 -m 64m --memory-swap 64m memory.swap.max memory/memory.memsw.limit_in_bytes
	[ $v = 1 ] || is max - -m 64m --memory-swap -1 memory.swap.max -
}

@test "processors" {
	limits
	controller cpu
	is "50000 100000" 50000 --cpus 0.5 cpu.max cpu/cpu.cfs_quota_us
	is "20000 50000" 20000 --cpu-quota 20000 --cpu-period 50000 cpu.max cpu/cpu.cfs_quota_us
	is "max 50000" 50000 --cpu-period 50000 cpu.max cpu/cpu.cfs_period_us
	is 39 1024 --cpu-shares 1024 cpu.weight cpu/cpu.shares
	is 10000 262144 --cpu-shares 262144 cpu.weight cpu/cpu.shares
}

@test "sets of processors and memory nodes" {
	limits
	controller cpuset
	is 0 0 --cpuset-cpus 0 cpuset.cpus cpuset/cpuset.cpus
	is 0 0 --cpuset-mems 0 cpuset.mems cpuset/cpuset.mems
	run berth run --rm --network none --cpuset-cpus 0 busybox grep Cpus_allowed_list /proc/self/status
	has $'\t0'
	split berth run --rm --network none --cpuset-cpus 4095 busybox true
	want 125
	err_has "set of processors"
}

@test "processes" {
	limits
	controller pids
	is 77 77 --pids-limit 77 pids.max pids/pids.max
	is max max --pids-limit -1 pids.max pids/pids.max
	is max max --pids-limit 0 pids.max pids/pids.max
	split berth run --rm --network none --pids-limit 4 busybox sh -c 'for i in 1 2 3 4 5 6; do sleep 1 & done; wait'
	[ "$status" != 0 ]
	err_has "fork"
}

@test "2048 processes by default, for root" {
	only root
	busybox
	controller pids
	is 2048 2048 pids.max pids/pids.max
}

@test "block input and output" {
	limits
	controller "$([ $v = 1 ] && echo blkio || echo io)"
	disk=$(lsblk -dnro NAME,MAJ:MIN,TYPE 2>/dev/null | awk '$3 == "disk" { print $1, $2; exit }')
	[ -n "$disk" ] || skip "only: where there is a disk"
	name=/dev/${disk% *} number=${disk#* }
	[ -b "$name" ] || skip "only: where there is a disk"
	is "$number rbps=1048576 wbps=max riops=max wiops=max" "$number 1048576" \
		--device-read-bps "$name:1m" io.max blkio/blkio.throttle.read_bps_device
	is "$number rbps=max wbps=max riops=max wiops=50" "$number 50" \
		--device-write-iops "$name:50" io.max blkio/blkio.throttle.write_iops_device
	is "$number rbps=max wbps=2097152 riops=max wiops=max" "$number 2097152" \
		--device-write-bps "$name:2m" io.max blkio/blkio.throttle.write_bps_device
	is "$number rbps=max wbps=max riops=40 wiops=max" "$number 40" \
		--device-read-iops "$name:40" io.max blkio/blkio.throttle.read_iops_device
	split berth run --rm --network none --blkio-weight 500 busybox true
	# Without a scheduler that has weights it cannot be had, and that is said.
	[ "$status" = 0 ] || err_has scheduler
}

@test "any file of cgroup v2" {
	limits
	if [ $v = 1 ]; then
		split berth run --rm --network none --cgroup-conf memory.high=64m busybox true
		want 125
		err_has "cgroup v2"
		return
	fi
	controller memory
	is 67108864 - --cgroup-conf memory.high=67108864 memory.high -
	for bad in cgroup.procs=1 cgroup.kill=1 nonsense.max=1 memory=1; do
		split berth run --rm --network none --cgroup-conf $bad busybox true
		want 125
		err_has "${bad%=*}"
	done
	split berth run --rm --network none --cgroup-conf memory.no-such-file=1 busybox true
	want 125
	err_has memory.no-such-file
}

@test "out of memory is said, with the limit" {
	limits
	controller memory
	split berth run --rm --network none -m 16m --memory-swap 16m busybox tail /dev/zero
	want 137
	err_has "memory"
	err_has "16.78MB"
}

@test "a cgroup of its own, which goes with the container" {
	only root
	busybox
	# From its own namespace it is the root.
	run berth run --rm --network none --pids-limit 50 busybox cat /proc/self/cgroup
	lacks berth
	PARENT=/berth-test-$$
	for _ in 1 2 3; do
		berth run --rm --network none -m 64m --cgroup-parent $PARENT busybox sh -c 'sleep 100 & true'
	done
	find /sys/fs/cgroup -type d -path "*$PARENT" | grep .
	! find /sys/fs/cgroup -type d -path "*$PARENT/*" | grep .
}

@test "what a killed supervisor left is found" {
	only root
	busybox
	background -m 64m busybox sleep 100
	cgroup=$(awk -F: '$2 == "pids" || $1 == "0" { print $3 }' "/proc/$(cat "$T/pid")/cgroup" | grep /berth/)
	[ -n "$cgroup" ]
	kill -KILL $supervisor
	wait $supervisor || :
	eventually 5 test ! -e "/proc/$(cat "$T/pid")"
	berth run --rm --network none busybox true
	! find /sys/fs/cgroup -type d -path "*$cgroup" | grep .
}

@test "--cgroup-parent" {
	only root
	limits
	PARENT=/berth-test-$$
	background --cgroup-parent "$PARENT/inner" busybox sleep 100
	eventually 5 grep -q "$PARENT/inner/berth-" "/proc/$(cat "$T/pid")/cgroup"
	berth rm -f "$(berth ps -q)"
	wait $supervisor || :
	split berth run --rm --network none --cgroup-parent ../x busybox true
	want 125
}

@test "--cgroup-parent with a slice" {
	only root
	limits
	PARENT=/berthtest.slice
	background --cgroup-parent berthtest-$$.slice busybox sleep 100
	eventually 5 grep -q "/berthtest.slice/berthtest-$$.slice/berth-" "/proc/$(cat "$T/pid")/cgroup"
	berth rm -f "$(berth ps -q)"
	wait $supervisor || :
}

@test "--cgroups=disabled stays where the caller is" {
	busybox
	berth run --rm --network none --cgroups disabled --cgroupns host busybox cat /proc/self/cgroup >inside
	diff inside /proc/self/cgroup
	split berth run --rm --network none --cgroups disabled -m 64m busybox true
	want 125
	err_has cgroup
}

@test "--cgroups=split is below the caller's" {
	only root
	limits
	[ $v = 1 ] || skip "only: with cgroup v1, where a group may have both processes and groups below it"
	local here inside
	here=$(awk -F: '$2 == "pids" { print $3 }' /proc/self/cgroup)
	inside=$(berth run --rm --network none --cgroups split --cgroupns host busybox cat /proc/self/cgroup |
		awk -F: '$2 == "pids" { print $3 }')
	[[ $inside == "${here%/}"/berth-* ]]
}

@test "limits that cannot be set are an error that says what to do; none asked for is none" {
	busybox
	only rootless
	split berth run --rm --network none busybox true
	want 0
	[ -z "$stderr" ]
	[ $v = 1 ] || skip "only: with cgroup v1"
	split berth run --rm --network none -m 64m busybox true
	want 125
	err_has "cgroup v1"
	err_has "hint:"
}

@test "--ulimit" {
	busybox
	run berth run --rm --network none --ulimit nofile=100:200 --ulimit core=0 busybox \
		sh -c 'ulimit -Sn; ulimit -Hn; ulimit -c'
	want 0
	[ "$output" = $'100\n200\n0' ]
	run berth run --rm --network none --ulimit nofile=64 busybox sh -c 'ulimit -Sn; ulimit -Hn'
	[ "$output" = $'64\n64' ]
	# The default: no core files, and no more descriptors than programs expect.
	run berth run --rm --network none busybox sh -c 'ulimit -c; ulimit -Sn'
	[ "${lines[0]}" = 0 ]
	[ "${lines[1]}" -le 1024 ]
	run berth run --rm --network none --ulimit host busybox sh -c 'ulimit -Sn; ulimit -Hn; ulimit -u; ulimit -c'
	[ "$output" = "$(ulimit -Sn; ulimit -Hn; ulimit -u; ulimit -c)" ]
}

@test "--ulimit above the hard limit is refused with the limit's name" {
	busybox
	(
		ulimit -n 1000
		split berth run --rm --network none --ulimit nofile=2000 busybox true
		want 125
		err_has "RLIMIT_NOFILE"
		err_has "1000"
		err_has "hint:"
	)
	for bad in nofile nofile= nofile=x nofile=5:4 nofile=1:2:3 nosuch=1 nofile=-2; do
		split berth run --rm --network none --ulimit "$bad" busybox true
		want 125
		err_has "--ulimit"
	done
}

@test "--oom-score-adj" {
	busybox
	run berth run --rm --network none --oom-score-adj 500 busybox cat /proc/self/oom_score_adj
	want 0
	[ "$output" = 500 ]
	run berth run --rm --network none busybox cat /proc/self/oom_score_adj
	[ "$output" = "$(cat /proc/self/oom_score_adj)" ]
	if [ "$(persona)" != root ]; then
		split berth run --rm --network none --oom-score-adj -900 busybox true
		want 125
		err_has "OOM score"
		err_has "hint:"
	fi
}

@test "--umask" {
	busybox
	run berth run --rm --network none busybox sh -c umask
	[ "$output" = 0022 ]
	run berth run --rm --network none --umask 077 busybox sh -c umask
	[ "$output" = 0077 ]
}

@test "--sysctl: those of namespaces, and no others" {
	busybox
	run berth run --rm --network none --sysctl kernel.shmmax=65536 --sysctl net.ipv4.ip_default_ttl=33 busybox \
		cat /proc/sys/kernel/shmmax /proc/sys/net/ipv4/ip_default_ttl
	want 0
	[ "$output" = $'65536\n33' ]
	for bad in kernel.core_pattern=x vm.swappiness=1 kernel.shmmax.x=1 net/../kernel/core_pattern=x fs.file-max=1; do
		split berth run --rm --network none --sysctl "$bad" busybox true
		want 125
		err_has "--sysctl"
	done
	split berth run --rm --network host --sysctl net.ipv4.ip_forward=1 busybox true
	want 125
	err_has "network"
	split berth run --rm --network none --sysctl net.no.such=1 busybox true
	want 125
	err_has "net.no.such"
}

@test "--device makes the device usable and no other" {
	only root
	busybox
	run berth run --rm --network none --device /dev/zero:/dev/nil:r busybox head -c 3 /dev/nil
	want 0
	# One that no container has by itself.
	local device=/dev/fuse
	[ -c $device ] || device=/dev/net/tun
	if [ -c $device ]; then
		for access in r w rw; do
			run berth run --rm --network none --device $device:/dev/some:$access busybox \
				sh -c '(: </dev/some) 2>/dev/null && printf r; (: >/dev/some) 2>/dev/null && printf w'
			[ "$output" = $access ]
		done
	fi
	# Who can make nodes can still not open them.
	split berth run --rm --network none --cap-add mknod busybox sh -c 'mknod /x c 1 1 && cat /x'
	[ "$status" != 0 ]
	err_has "not permitted"
	split berth run --rm --network none --cap-add mknod busybox sh -c 'mknod /x c 1 3 && echo >/x'
	want 0
}
