#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# berth oci update: limits of a container that waits or runs, all or none, by options and by a document.

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

up() { # JSON
	only root
	[ $v = 1 ] || skip "only: with cgroup v1"
	bundle a ".linux.cgroupsPath = \"/$name/a\" | .linux.resources = $1 | .process.args = [\"sleep\", \"600\"]"
	oci create -b "$T/a" a </dev/null
}

is() { # FILE TEXT
	local got
	got=$(cat "/sys/fs/cgroup/${1%%/*}/$name/a/${1#*/}")
	[ "$got" = "$2" ] && return
	echo "$1: '$got', wanted '$2'"
	return 1
}

kept() { # JQ: of the resources that the state directory has
	jq -c ".linux.resources | $1" "$T/oci/a/config.json"
}

@test "every option, of one that waits and of one that runs" {
	up '{"memory": {"limit": 67108864}, "cpu": {"shares": 512}, "devices": [{"allow": false, "access": "rwm"}]}'
	oci update --memory 32m --memory-reservation 8388608 --cpu-share 100 --cpu-quota 30000 --cpu-period 20000 \
		--cpuset-cpus 0 --cpuset-mems 0 --pids-limit 77 a
	is memory/memory.limit_in_bytes 33554432
	is memory/memory.soft_limit_in_bytes 8388608
	is cpu/cpu.shares 100
	is cpu/cpu.cfs_quota_us 30000
	is cpu/cpu.cfs_period_us 20000
	is cpuset/cpuset.cpus 0
	is pids/pids.max 77
	[ "$(kept .memory)" = '{"limit":33554432,"reservation":8388608}' ]
	[ "$(kept .cpu)" = '{"shares":100,"quota":30000,"period":20000,"cpus":"0","mems":"0"}' ]
	[ "$(kept '.devices | length')" = 1 ]
	oci start a
	oci update --cpu-quota=-1 --pids-limit=-1 a
	is cpu/cpu.cfs_quota_us -1
	is pids/pids.max max
	# What is not given stays, and 0 is "not given".
	oci update --memory 0 --cpu-share 0 --pids-limit 0 --cpuset-cpus '' a
	is memory/memory.limit_in_bytes 33554432
	is cpu/cpu.shares 100
	is pids/pids.max max
	[ "$(kept .memory.limit)" = 33554432 ]
	if [ -e /sys/fs/cgroup/cpu/cpu.cfs_burst_us ]; then
		oci update --cpu-quota 30000 --cpu-burst 10000 a
		is cpu/cpu.cfs_burst_us 10000
		# Less than the burst that is there: both, in whatever order.
		oci update --cpu-quota 5000 --cpu-burst 0 a
		is cpu/cpu.cfs_quota_us 5000
		is cpu/cpu.cfs_burst_us 0
	fi
	if [ -e /sys/fs/cgroup/cpu/cpu.idle ]; then
		oci update --cpu-idle 1 a
		is cpu/cpu.idle 1
		oci update --cpu-idle 0 --cpu-share 200 a
		is cpu/cpu.idle 0
		is cpu/cpu.shares 200
	fi
	split oci update --kernel-memory 1m a
	want 0
	err_has "--kernel-memory is ignored"
	oci update --memory -1 a
	[ "$(cat "/sys/fs/cgroup/memory/$name/a/memory.limit_in_bytes")" -gt 4611686018427387904 ]
	[ "$(kept .memory.swap)" = -1 ]
}

@test "memory and swap together, up and down" {
	up '{"memory": {"limit": 67108864, "swap": 67108864}}'
	[ -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes ] || skip "only: with swap accounting"
	oci update --memory 128m --memory-swap 256m a
	is memory/memory.limit_in_bytes 134217728
	is memory/memory.memsw.limit_in_bytes 268435456
	oci update --memory 32m --memory-swap 48m a
	is memory/memory.limit_in_bytes 33554432
	is memory/memory.memsw.limit_in_bytes 50331648
	split oci update --memory 64m a
	want 1
	err_has "linux.resources.memory.swap: "
	is memory/memory.limit_in_bytes 33554432
	oci update --memory-swap -1 a
	[ "$(cat "/sys/fs/cgroup/memory/$name/a/memory.memsw.limit_in_bytes")" -gt 4611686018427387904 ]
}

@test "all or none" {
	up '{"memory": {"limit": 67108864}, "cpu": {"shares": 512}}'
	local device
	split oci update --memory 32m --cpu-share 100 --pids-limit 5 --cpuset-cpus 4000 a
	want 1
	err_has "linux.resources.cpu.cpus: "
	is memory/memory.limit_in_bytes 67108864
	is cpu/cpu.shares 512
	is pids/pids.max max
	[ "$(kept .memory.limit)" = 67108864 ]
	[ "$(kept .pids.limit)" = null ]
	device=$(cat /sys/block/*/dev 2>/dev/null | head -1)
	[ -n "$device" ] || return 0
	oci update -r <(echo "{\"blockIO\": {\"throttleReadBpsDevice\": [
		{\"major\": ${device%:*}, \"minor\": ${device#*:}, \"rate\": 600000}]}}") a
	is blkio/blkio.throttle.read_bps_device "$device 600000"
	split oci update -r <(echo "{\"blockIO\": {\"throttleReadBpsDevice\": [
		{\"major\": ${device%:*}, \"minor\": ${device#*:}, \"rate\": 7}], \"throttleWriteBpsDevice\": [
		{\"major\": ${device%:*}, \"minor\": ${device#*:}, \"rate\": 8}, {\"major\": 4000, \"minor\": 9, \"rate\": 8}]}}") a
	want 1
	err_has "linux.resources.blockIO.throttleWriteBpsDevice: "
	is blkio/blkio.throttle.read_bps_device "$device 600000"
	is blkio/blkio.throttle.write_bps_device ""
}

@test "a document, from a file and from standard input" {
	up '{"pids": {"limit": 10}, "blockIO": {}}'
	echo '{"memory": {"limit": 33554432, "swap": 0, "checkBeforeUpdate": true}, "cpu": {"shares": 0, "burst": null, "cpus": ""},
		"pids": {"limit": 20}, "devices": [{"allow": true, "access": "rwm"}]}' >doc
	oci update --resources doc a
	is memory/memory.limit_in_bytes 33554432
	is pids/pids.max 20
	[ "$(kept .cpu)" = '{}' ]
	# With a document, options are passed over; rules of devices are none of its business.
	echo '{"pids": {"limit": 30}}' | oci update -r - --pids-limit 40 a
	is pids/pids.max 30
	[ "$(kept .devices)" = null ]
	for doc in '[]' '{"memory": 1}' '{"memory": {"limit": "x"}}' '{"pids": {"limit": 1.5}}' '{' '{"unified": {"memory.high": "1"}}'; do
		split oci update -r - a <<<"$doc"
		want 1
		is pids/pids.max 30
	done
	split oci update -r "$T/none" a
	want 1
}

@test "what cannot be updated is refused" {
	split oci update --memory 32m nobody
	want 1
	err_has "does not exist"
	up '{}'
	split oci update --cpu-quota x a
	want 1
	split oci update --pids-limit -2 a
	want 1
	split oci update a b
	want 1
	if [ ! -e /sys/fs/resctrl/schemata ]; then
		split oci update --l3-cache-schema 'L3:0=f' a
		want 1
		err_has "linux.intelRdt"
		split oci update --mem-bw-schema 'MB:0=20' a
		want 1
		err_has "linux.intelRdt"
	fi
	oci kill a KILL
	eventually 10 eval '[ "$(oci_status a)" = stopped ]'
	split oci update --memory 32m a
	want 1
	err_has "not running"
}

@test "an ordinary user's container has no cgroup to update" {
	only rootless
	[ $v = 1 ] || skip "only: with cgroup v1"
	bundle a '.process.args = ["sleep", "600"]'
	oci create -b "$T/a" a </dev/null
	split oci update --memory 32m a
	want 1
	err_has "needs a cgroup"
	[ "$(kept .memory.limit)" = null ]
}
