#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# inspect, of containers: docker's field names, and the confinement as the kernel has it.

bats_require_minimum_version 1.5.0
load ../helper/berth
load ../helper/live

@test "inspect: how a container was run" {
	busybox
	mkdir "$T/data"
	berth run --network host --name old -v "$T/data:/data:ro" -v /anon --tmpfs /scratch --label a=b --hostname box \
		-e X=1 -w /tmp --stop-signal INT --ulimit nofile=100:200 --shm-size 1m --uts private busybox sh -c 'exit 3' || [ $? = 3 ]
	split berth inspect old
	want 0
	echo "$output" >"$T/json"
	jq -e '.[0] | .State.Status == "exited" and .State.Running == false and .State.Paused == false and .State.ExitCode == 3
		and .State.OOMKilled == false and .State.Pid == 0' "$T/json"
	jq -e '.[0].State | (.StartedAt | startswith("20")) and (.FinishedAt | startswith("20"))' "$T/json"
	jq -e '.[0].Config | .Hostname == "box" and .WorkingDir == "/tmp" and .Labels.a == "b" and .StopSignal == "SIGINT"
		and (.Env | index("X=1")) != null' "$T/json"
	jq -e '.[0].HostConfig | .NetworkMode == "host" and .AutoRemove == false and .RestartPolicy.Name == "no"
		and .ShmSize == 1048576 and .Tmpfs["/scratch"] == "" and .PidMode == "" and .ReadonlyRootfs == false
		and (.Ulimits[] | select(.Name == "RLIMIT_NOFILE") | .Soft == 100 and .Hard == 200)' "$T/json"
	jq -e --arg bind "$T/data:/data:ro,rprivate" '.[0].HostConfig.Binds == [$bind]' "$T/json"
	jq -e --arg source "$T/data" '.[0].Mounts | length == 2 and
		(.[] | select(.Destination == "/data") | .Type == "bind" and .Source == $source and .RW == false)' "$T/json"
	jq -e '.[0].Mounts[] | select(.Destination == "/anon") | .Type == "volume" and .RW' "$T/json"
	jq -e '.[0].NetworkSettings | .Ports == {} and (.Networks | has("host"))' "$T/json"
}

@test "inspect: limits of one that runs are the kernel's" {
	only root
	[ -d /sys/fs/cgroup/memory ] || grep -qsw memory /sys/fs/cgroup/cgroup.controllers ||
		cannot "no memory controller in this cgroup hierarchy"
	busybox
	up one --rm --memory 64m --cpus 0.5 --pids-limit 50 --read-only --pid host busybox sleep 90
	[ "$(berth inspect -f '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}}' one)" = "67108864 500000000 50" ]
	[ "$(berth inspect -f '{{.HostConfig.AutoRemove}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.PidMode}}' one)" = "true true host" ]
	[ "$(berth inspect -f '{{.HostConfig.IpcMode}}' one)" = "" ]
	local id
	id=$(berth ps -q --no-trunc)
	if [ -d "/sys/fs/cgroup/pids/berth/$id" ]; then
		echo 40 >"/sys/fs/cgroup/pids/berth/$id/pids.max"
		[ "$(berth inspect -f '{{.HostConfig.PidsLimit}}' one)" = 40 ]
	fi
	berth kill one
	wait || :
}

@test "inspect --security: the confinement is what /proc says" {
	busybox
	local pid
	up one --rm --cap-drop all --cap-add chown --security-opt no-new-privileges busybox sleep 90
	eventually 5 eval '[ "$(berth top one comm | tail -n 1)" = sleep ]'
	pid=$(berth inspect -f '{{.State.Pid}}' one)
	split berth inspect --security one
	want 0
	echo "$output" >"$T/json"
	jq -e '.[0].Security | .Capabilities.Effective == ["CAP_CHOWN"] and .Capabilities.Bounding == ["CAP_CHOWN"]
		and .Capabilities.Ambient == [] and .NoNewPrivs and .Seccomp == "filter" and .SeccompFilters >= 1' "$T/json"
	jq -e '.[0].Security.Namespaces | .pid.Own and .mount.Own and .network.Own and .ipc.Own and .uts.Own' "$T/json"
	[ "$(jq -r '.[0].Security.Namespaces.pid.Inode' "$T/json")" = "$(stat -L -c %i "/proc/$pid/ns/pid")" ]
	[ "$(jq -r '.[0].Security.UidMap[0] | "\(.ContainerID) \(.HostID) \(.Size)"' "$T/json")" = \
		"$(head -n 1 "/proc/$pid/uid_map" | xargs)" ]
	[ "$(jq -r '.[0].Security.Uids[0]' "$T/json")" = "$(id -u)" ]
	[ "$(jq -r '.[0].Security.Cgroups | length' "$T/json")" = "$(wc -l <"/proc/$pid/cgroup")" ]
	berth kill one
	wait || :
	up two --rm --security-opt seccomp=unconfined --uts host busybox sleep 90
	eventually 5 eval '[ "$(berth top two comm | tail -n 1)" = sleep ]'
	jq -e '.Namespaces.uts.Own == false and (.Capabilities.Effective | index("CAP_CHOWN")) != null and .NoNewPrivs == false' \
		<<<"$(berth container inspect --security -f '{{json .Security}}' two)"
	berth kill two
	wait || :
}

@test "inspect: --size, and what --security cannot show" {
	busybox
	berth run --network none --name old busybox sh -c 'head -c 200000 /dev/zero >/file'
	[ "$(berth inspect -s -f '{{.SizeRw}}' old)" -ge 200000 ]
	split berth inspect --security old
	want 125
	err_has "'old' is not running: it ended with status 0"
}
