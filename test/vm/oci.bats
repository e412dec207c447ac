# SPDX-License-Identifier: LGPL-2.1-or-later
# berth oci where systemd has all controllers of cgroup v2: limits by the file system and in scopes, rules of devices, update,
# events, owners; as root, and of ordinary users in their sessions.
load ../helper/berth
load ../helper/bundle

setup() {
	[ -d /run/systemd/system ] || cannot "run units: systemd is not running here"
	berth_setup
	name=berthoci${T##*.}
}

teardown() {
	oci_teardown
	find /sys/fs/cgroup -depth -type d -path "*$name*" -exec rmdir {} + 2>/dev/null || :
	berth_teardown
}

# A container that waits: linux.resources, cgroupsPath, options before the verb.
up() { # JSON [PATH [OPTION...]]
	bundle a ".linux.cgroupsPath = \"${2-/$name/a}\" | .linux.resources = $1 | .process.args = [\"sleep\", \"600\"]"
	split oci "${@:3}" create -b "$T/a" a </dev/null
}

made() {
	up "$@"
	want 0
	dir=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(oci state a | jq .pid)/cgroup")
}

is() { # FILE TEXT
	local got
	got=$(cat "$dir/$1")
	[ "$got" = "$2" ] && return
	echo "$1: '$got', wanted '$2'"
	return 1
}

refused() { # JSON PROPERTY
	up "$1"
	want 1
	err_has "linux.resources.$2: "
	[ ! -e "/sys/fs/cgroup/$name/a" ]
}

@test "limits, an update, and rules of devices" {
	only root
	local disk
	disk=$(cat /sys/block/vda/dev)
	made "{\"memory\": {\"limit\": 67108864, \"reservation\": 33554432, \"checkBeforeUpdate\": true, \"kernel\": -1},
		\"cpu\": {\"shares\": 512, \"quota\": 50000, \"period\": 20000, \"burst\": 1000, \"cpus\": \"0\", \"mems\": \"0\"},
		\"pids\": {\"limit\": 50}, \"hugepageLimits\": [{\"pageSize\": \"2MB\", \"limit\": 4194304}],
		\"blockIO\": {\"throttleReadBpsDevice\": [{\"major\": ${disk%:*}, \"minor\": ${disk#*:}, \"rate\": 600000}]},
		\"unified\": {\"memory.high\": \"50331648\", \"io.max\": \"$disk wbps=700000\\n$disk riops=800\"},
		\"devices\": [{\"allow\": false, \"access\": \"rwm\"}]}"
	[ "$dir" = "/sys/fs/cgroup/$name/a" ]
	is memory.max 67108864
	is memory.low 33554432
	is memory.high 50331648
	is cpu.weight 20
	is cpu.max "50000 20000"
	is cpu.max.burst 1000
	is cpuset.cpus 0
	is pids.max 50
	is hugetlb.2MB.max 4194304
	is io.max "$disk rbps=600000 wbps=700000 riops=800 wiops=max"
	# Every controller is there for who reads, whatever is limited.
	[ "$(cat "$dir/cgroup.controllers")" = "$(cat /sys/fs/cgroup/cgroup.controllers)" ]
	oci update --memory 48m --cpu-quota 30000 --pids-limit 60 a
	is memory.max 50331648
	is cpu.max "30000 20000"
	is pids.max 60
	split oci update --memory 40m --cpuset-cpus 99 a
	want 1
	is memory.max 50331648
	oci update -r - a <<<"{\"blockIO\": {\"throttleReadBpsDevice\": [{\"major\": ${disk%:*}, \"minor\": ${disk#*:}, \"rate\": 5}]}}"
	is io.max "$disk rbps=5 wbps=700000 riops=800 wiops=max"
	split oci update --memory 4096 a
	want 1
	err_has "bytes that are in use"
	oci delete --force a
	[ ! -e "$dir" ]
	bundle b ".linux.resources = {\"devices\": [{\"allow\": false, \"access\": \"rwm\"},
		{\"allow\": true, \"type\": \"c\", \"major\": 1, \"minor\": 9, \"access\": \"r\"},
		{\"allow\": false, \"type\": \"c\", \"major\": 1, \"minor\": 11, \"access\": \"r\"}]} |
		.process.capabilities[] += [\"CAP_MKNOD\"] |
		.process.args = [\"sh\", \"-c\", \"echo x >/dev/null && head -c 1 /dev/zero | wc -c && mknod /tmp/k c 1 11 && head -c 1 /tmp/k\"]"
	split oci run -b "$T/b" b
	[ "$status" != 0 ]
	[ "$output" = 1 ]
	err_has "Operation not permitted"
}

@test "what v2 has not is refused by its property" {
	only root
	refused '{"memory": {"swappiness": 10}}' memory.swappiness
	refused '{"memory": {"disableOOMKiller": true}}' memory.disableOOMKiller
	refused '{"cpu": {"realtimeRuntime": 1000}}' cpu.realtimeRuntime
	refused '{"network": {"classID": 1}}' network.classID
	refused '{"blockIO": {"leafWeight": 10}}' blockIO.leafWeight
	refused '{"cpu": {"cpus": "99"}}' cpu.cpus
	refused '{"unified": {"nothing.max": "1"}}' unified
}

@test "statistics, lack of memory, and the owner of a cgroup that can be written" {
	only root
	bundle a '.linux.resources = {"memory": {"limit": 33554432, "swap": 33554432}, "pids": {"limit": 50}} |
		.process.args = ["sh", "-c", "read x; x=$(head -c 100m /dev/zero | tr \"\\0\" x); sleep 600"]'
	mkfifo in
	oci run -d -b "$T/a" a <>in >/dev/null 2>&1
	run oci events --stats a
	want 0
	jq -e '.data | .cpu.usage.total > 0 and .memory.usage.limit == 33554432 and .memory.swap.limit == 33554432
		and .pids.limit == 50 and .memory.raw.anon > 0 and (.cpu.psi.some.avg10 | type) == "number"' <<<"$output"
	oci events --interval 1s a >out 2>err 3>&- &
	eventually 60 grep -q stats out
	echo >in
	eventually 120 eval '[ "$(oci_status a)" = stopped ]'
	wait $!
	grep -qxF '{"type":"oom","id":"a"}' out
	bundle b '.linux.namespaces += [{"type": "user"}] | .linux.namespaces |= unique |
		.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] |
		.linux.gidMappings = .linux.uidMappings |
		.mounts |= [.[] | select(.destination != "/sys/fs/cgroup")] +
			[{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid", "nodev", "noexec"]}] |
		.process.args = ["sleep", "600"]'
	chmod 755 "$T/b" "$T/b/rootfs"
	chown -R 100000:100000 "$T/b/rootfs"
	oci create -b "$T/b" b </dev/null >/dev/null
	dir=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(oci state b | jq .pid)/cgroup")
	[ "$(stat -c %u "$dir" "$dir/cgroup.procs" "$dir/memory.max" | tr '\n' ' ')" = "100000 100000 0 " ]
}

@test "a scope of systemd, whose limits outlive its reload" {
	only root
	local unit=berthtest-$name.scope
	made '{"memory": {"limit": 67108864}, "cpu": {"shares": 512, "cpus": "0"}, "pids": {"limit": 50},
		"devices": [{"allow": false, "access": "rwm"}]}' "system.slice:berthtest:$name" --systemd-cgroup
	[ "$dir" = "/sys/fs/cgroup/system.slice/$unit" ]
	[ "$(systemctl show -p MemoryMax -p TasksMax -p CPUWeight --value "$unit" | tr '\n' ' ')" = "20 67108864 50 " ]
	oci update --memory 48m --pids-limit 60 a
	systemctl daemon-reload
	is memory.max 50331648
	is cpu.weight 20
	is pids.max 60
	is cpuset.cpus 0
	oci start a
	oci pause a
	[ "$(oci_status a)" = paused ]
	oci resume a
	oci delete --force a
	# The name can be taken again at once.
	made '{}' "system.slice:berthtest:$name" --systemd-cgroup
	oci delete --force a
	made '{}' "" --systemd-cgroup
	[[ $dir == /sys/fs/cgroup/system.slice/berth-a.*.scope ]]
	oci delete --force a
	up '{}' "/$name/a" --systemd-cgroup
	want 1
	err_has "linux.cgroupsPath: "
	made '{}' "system.slice:berthtest:$name"
	[ "$dir" = "/sys/fs/cgroup/berth/system.slice:berthtest:$name" ]
}

@test "an ordinary user: a scope of his, or an error with the property" {
	only rootless
	made '{"memory": {"limit": 67108864}, "pids": {"limit": 50}}' ":berthtest:$name" --systemd-cgroup
	[[ $dir == */user@*.service/user.slice/berthtest-$name.scope ]]
	is memory.max 67108864
	oci update --memory 48m a
	is memory.max 50331648
	[ "$(oci ps -f json a | jq length)" = 1 ]
	oci delete --force a
	[ ! -e "$dir" ]
	up '{"memory": {"limit": 67108864}}' "/$name/a"
	want 1
	err_has "linux.resources.memory.limit: "
	made '{}' "$name/a"
	oci delete --force a
}
