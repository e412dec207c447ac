#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# berth oci: cgroupsPath and resources of a bundle, read back from the host. With cgroup v1 here; what v2 does with the
# same is asked by test/unit/resources.c and, with all controllers, by test/vm/oci.bats.

bats_require_minimum_version 1.5.0
load ../helper/berth
load ../helper/bundle

setup() {
	berth_setup
	own_cgroup
}

teardown() {
	oci_teardown
	remove_cgroup
	berth_teardown
}

limits() {
	only root
	[ $v = 1 ] || skip "only: with cgroup v1"
}

controller() { # NAME
	[ -e "/sys/fs/cgroup/$1/cgroup.procs" ] || skip "only: where the controller $1 is"
}

# A container that waits, with this linux.resources and this cgroupsPath.
up() { # JSON [PATH]
	bundle a ".linux.cgroupsPath = \"${2:-/$name/a}\" | .linux.resources = $1 | .process.args = [\"sleep\", \"600\"]"
	split oci create -b "$T/a" a </dev/null
}

made() { # JSON [PATH]
	up "$@"
	want 0
}

refused() { # JSON TEXT
	up "$1"
	want 1
	err_has "$2"
	run oci state a
	want 1
	[ -z "$(find /sys/fs/cgroup -path "*$name/a*")" ]
}

is() { # FILE TEXT
	local got
	got=$(cat "/sys/fs/cgroup/${1%%/*}/$name/a/${1#*/}")
	[ "$got" = "$2" ] && return
	echo "$1: '$got', wanted '$2'"
	return 1
}

gone() {
	oci delete --force a
	[ -z "$(find /sys/fs/cgroup -path "*$name/a*")" ]
}

@test "a path is made in every hierarchy, and removed" {
	limits
	local dir pid
	made '{}'
	pid=$(oci state a | jq .pid)
	for dir in /sys/fs/cgroup/*/; do
		[ -e "$dir/tasks" ] || continue
		grep -qx "$pid" "$dir/$name/a/cgroup.procs" || {
			echo "not in $dir"
			return 1
		}
	done
	gone
	# Without a path it is below our own parent, and another directory of states has other ones.
	bundle b '.process.args = ["sleep", "600"]'
	oci create -b "$T/b" "$name" </dev/null
	"${BERTH%/*}/berth-oci" --root "$T/oci2" create -b "$T/b" "$name" </dev/null
	[ "$(find /sys/fs/cgroup/memory/berth -name "$name.*" | wc -l)" = 2 ]
	"${BERTH%/*}/berth-oci" --root "$T/oci2" delete --force "$name"
	oci delete --force "$name"
	[ -z "$(find /sys/fs/cgroup -path "*/$name.*")" ]
}

@test "a path is relative, empty, cleaned, or like a unit of systemd" {
	limits
	local path
	for path in "$name/a" "/../$name//./x/../a" "$name:x:a"; do
		made '{"memory": {"limit": 16777216}}' "$path"
		[ -n "$(find /sys/fs/cgroup/memory -path "*$name*a" -name '*a')" ]
		oci delete --force a
		[ -z "$(find /sys/fs/cgroup -path "*$name*" -name '*a')" ]
	done
	[ -d "/sys/fs/cgroup/memory/berth/$name" ]
	for path in / /. ..; do
		up '{}' "$path"
		want 1
		err_has "linux.cgroupsPath"
	done
}

@test "a cgroup with somebody else's processes is joined, and neither killed nor removed" {
	limits
	local dir other
	mkdir -p "/sys/fs/cgroup/pids/$name/a" "/sys/fs/cgroup/memory/$name/a"
	sleep 600 3>&- &
	other=$!
	echo $other >"/sys/fs/cgroup/pids/$name/a/cgroup.procs"
	made '{"pids": {"limit": 100}}'
	is pids/pids.max 100
	grep -qx "$(oci state a | jq .pid)" "/sys/fs/cgroup/pids/$name/a/cgroup.procs"
	run oci ps a
	want 1
	has "not the container's alone"
	oci start a
	run oci pause a
	want 1
	run oci kill --all a KILL
	kill -0 $other
	oci delete --force a
	kill -0 $other
	[ -d "/sys/fs/cgroup/pids/$name/a" ]
	kill -KILL $other
	wait $other || :
	for dir in /sys/fs/cgroup/*/"$name"/a; do
		eventually 10 rmdir "$dir"
	done
}

@test "cgroups that the container makes below its own go with it" {
	limits
	made '{}'
	mkdir "/sys/fs/cgroup/pids/$name/a/inner" "/sys/fs/cgroup/memory/$name/a/inner"
	oci state a | jq .pid >"/sys/fs/cgroup/pids/$name/a/inner/cgroup.procs"
	gone
}

@test "one that waits for its start is paused and resumed" {
	limits
	controller freezer
	made '{}'
	oci pause a
	[ "$(oci_status a)" = paused ]
	split oci start a
	want 1
	oci resume a
	[ "$(oci_status a)" = created ]
	oci start a
	[ "$(oci_status a)" = running ]
	gone
}

@test "memory" {
	limits
	controller memory
	made '{"memory": {"limit": 67108864, "reservation": 33554432, "swappiness": 10, "disableOOMKiller": true,
		"useHierarchy": true, "kernel": 4096, "kernelTCP": -1, "checkBeforeUpdate": true}}'
	is memory/memory.limit_in_bytes 67108864
	is memory/memory.soft_limit_in_bytes 33554432
	is memory/memory.swappiness 10
	grep -qx "oom_kill_disable 1" "/sys/fs/cgroup/memory/$name/a/memory.oom_control"
	gone
	if [ -e /sys/fs/cgroup/memory/memory.kmem.tcp.limit_in_bytes ]; then
		made '{"memory": {"kernelTCP": 16777216}}'
		is memory/memory.kmem.tcp.limit_in_bytes 16777216
		gone
	else
		refused '{"memory": {"kernelTCP": 16777216}}' "linux.resources.memory.kernelTCP: "
	fi
	refused '{"memory": {"limit": 67108864, "swap": 33554432}}' "linux.resources.memory.swap: "
	refused '{"memory": {"useHierarchy": false}}' "linux.resources.memory.useHierarchy: "
	refused '{"memory": {"swappiness": 101}}' "memory.swappiness"
	[ -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes ] || skip "only: with swap accounting"
	made '{"memory": {"limit": 67108864, "swap": 100663296}}'
	is memory/memory.memsw.limit_in_bytes 100663296
	gone
}

@test "processors" {
	limits
	controller cpu
	controller cpuset
	made '{"cpu": {"shares": 512, "quota": 50000, "period": 20000, "cpus": "0", "mems": "0"}}'
	is cpu/cpu.shares 512
	is cpu/cpu.cfs_quota_us 50000
	is cpu/cpu.cfs_period_us 20000
	is cpuset/cpuset.cpus 0
	is cpuset/cpuset.mems 0
	gone
	if [ -e /sys/fs/cgroup/cpu/cpu.cfs_burst_us ]; then
		made '{"cpu": {"quota": 50000, "burst": 10000}}'
		is cpu/cpu.cfs_burst_us 10000
		gone
		refused '{"cpu": {"quota": 50000, "burst": 60000}}' "linux.resources.cpu.burst: "
	fi
	if [ -e /sys/fs/cgroup/cpu/cpu.idle ]; then
		made '{"cpu": {"shares": 100, "idle": 1}}'
		is cpu/cpu.idle 1
		gone
	fi
	refused '{"cpu": {"shares": 1}}' "linux.resources.cpu.shares: "
	refused '{"cpu": {"period": 3}}' "linux.resources.cpu.period: "
	refused '{"cpu": {"cpus": "4000"}}' "linux.resources.cpu.cpus: "
	# The parent has no realtime to give; a kernel without groups of it has no file.
	refused '{"cpu": {"realtimeRuntime": 5000}}' "linux.resources.cpu.realtimeRuntime: "
}

@test "processes, block devices, and what this host may lack" {
	limits
	controller pids
	controller blkio
	local device
	made '{"pids": {"limit": 2048}}'
	is pids/pids.max 2048
	gone
	made '{"pids": {"limit": -1}}'
	is pids/pids.max max
	gone
	device=$(cat /sys/block/*/dev 2>/dev/null | head -1)
	if [ -n "$device" ]; then
		made "{\"blockIO\": {\"throttleReadBpsDevice\": [{\"major\": ${device%:*}, \"minor\": ${device#*:}, \"rate\": 600000}],
			\"throttleWriteIOPSDevice\": [{\"major\": ${device%:*}, \"minor\": ${device#*:}, \"rate\": 300}]}}"
		is blkio/blkio.throttle.read_bps_device "$device 600000"
		is blkio/blkio.throttle.write_iops_device "$device 300"
		gone
	fi
	refused '{"blockIO": {"throttleReadBpsDevice": [{"major": 4000, "minor": 9, "rate": 1}]}}' \
		"linux.resources.blockIO.throttleReadBpsDevice: "
	refused '{"blockIO": {"leafWeight": 10}}' "linux.resources.blockIO.leafWeight: "
	refused '{"unified": {"memory.high": "1"}}' "linux.resources.unified: "
	[ -e /sys/fs/cgroup/hugetlb ] ||
		refused '{"hugepageLimits": [{"pageSize": "2MB", "limit": 0}]}' "linux.resources.hugepageLimits: "
	[ -e /sys/fs/cgroup/rdma ] ||
		refused '{"rdma": {"mlx5_1": {"hcaHandles": 3}}}' "linux.resources.rdma: "
	[ -e /sys/fs/cgroup/net_cls ] ||
		refused '{"network": {"classID": 1048577}}' "linux.resources.network.classID: "
	[ -e /sys/fs/cgroup/net_prio ] ||
		refused '{"network": {"priorities": [{"name": "lo", "priority": 1}]}}' "linux.resources.network.priorities: "
	[ ! -e /sys/fs/cgroup/hugetlb/cgroup.procs ] || {
		made '{"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]}'
		is hugetlb/hugetlb.2MB.limit_in_bytes 4194304
		gone
	}
}

@test "devices: all are denied but the default ones, and what a rule allows" {
	limits
	controller devices
	local deny='{"allow": false, "access": "rwm"}'
	bundle a ".linux.cgroupsPath = \"/$name/a\" | .linux.resources = {\"devices\": [$deny]} |
		.process.capabilities[] += [\"CAP_MKNOD\"] |
		.process.args = [\"sh\", \"-c\", \"echo x >/dev/null && head -c 1 /dev/zero | wc -c && mknod /tmp/kmsg c 1 11 && head -c 1 /tmp/kmsg\"]"
	split oci run -b "$T/a" a
	[ "$status" != 0 ]
	[ "$output" = 1 ]
	err_has "Operation not permitted"
	made "{\"devices\": [$deny, {\"allow\": true, \"type\": \"c\", \"major\": 1, \"minor\": 11, \"access\": \"r\"},
		{\"allow\": true, \"major\": 7, \"access\": \"rm\"}]}"
	run cat "/sys/fs/cgroup/devices/$name/a/devices.list"
	has "c 1:11 r"
	has "b 7:* rm"
	has "c 7:* rm"
	has "c 1:3 rwm"
	lacks "a *:*"
	gone
	made '{"devices": [{"allow": true, "access": "rwm"}, {"allow": false, "type": "b", "major": 8, "access": "w"}]}'
	run cat "/sys/fs/cgroup/devices/$name/a/devices.list"
	lacks "c 1:3"
	gone
	# The kernel would take it and do nothing.
	refused "{\"devices\": [$deny, {\"allow\": true, \"type\": \"c\", \"major\": 1, \"access\": \"rw\"},
		{\"allow\": false, \"type\": \"c\", \"major\": 1, \"minor\": 11, \"access\": \"w\"}]}" "linux.resources.devices: "
}

@test "shares of caches without resctrl are refused" {
	[ ! -e /sys/fs/resctrl/schemata ] || skip "only: without resctrl"
	bundle a '.linux.intelRdt = {"l3CacheSchema": "L3:0=f"} | .process.args = ["true"]'
	split oci run -b "$T/a" a
	want 1
	err_has "linux.intelRdt: there is no resctrl"
	[ -z "$(oci list -q)" ]
}

@test "an ordinary user's container: a path alone is fine, a limit is refused by its property" {
	only rootless
	[ $v = 1 ] || skip "only: with cgroup v1"
	up '{}'
	want 0
	oci delete --force a
	up '{"devices": [{"allow": false, "access": "rwm"}]}'
	want 0
	oci delete --force a
	up '{"pids": {"limit": 10}}'
	want 1
	err_has "linux.resources.pids.limit: "
	err_has "only root can"
}

@test "rules of devices in a user namespace are passed over" {
	only sub
	[ $v = 1 ] || skip "only: with cgroup v1"
	# As an engine without rights calls its runtime, which is root there.
	mkdir -p b/rootfs/bin
	cp "$(type -P busybox)" b/rootfs/bin/busybox
	unshare --user --map-auto --map-root-user --mount bash -c '
		"$1" --root "$2" spec -b b &&
			jq ".process.terminal = false | .linux.resources = {\"devices\": [{\"allow\": false, \"access\": \"rwm\"}]} |
				.process.args = [\"busybox\", \"echo\", \"fine\"]" b/config.json >b/new && mv b/new b/config.json &&
			"$1" --root "$2" run -b b a' - "${BERTH%/*}/berth-oci" "$T/oci" >out 2>err || {
		cat err
		return 1
	}
	[ "$(cat out)" = fine ]
}

@test "--systemd-cgroup without systemd is refused" {
	[ ! -d /run/systemd/system ] || skip "only: without systemd"
	bundle a '.process.args = ["true"]'
	split oci --systemd-cgroup run -b "$T/a" a
	want 1
	err_has "--systemd-cgroup"
}
