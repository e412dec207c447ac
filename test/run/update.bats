#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# update: limits of what runs and of what does not, all or none; restart policy, health checks, environment.
load ../helper/berth
load ../helper/background

box() {
	timeout --foreground -k 1 30 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run -d --network none "$@"
}

id_of() { # NAME
	berth ps -a --no-trunc -q --filter "name=^$1\$"
}

# What the kernel has: limit NAME V1-CONTROLLER V1-FILE V2-FILE
limit() {
	local file
	if [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; then
		file=$(find /sys/fs/cgroup -type d -name "*$(id_of "$1")*" -print -quit)/$4
	else
		file=/sys/fs/cgroup/$2/berth/$(id_of "$1")/$3
	fi
	cat "$file"
}

has_cgroup() {
	[ "$(id -u)" = 0 ] || skip "only: where limits can be set"
}

@test "update: limits of a running container, at once, on all of its processes" {
	has_cgroup
	box --name a busybox sh -c 'sleep 90 & sleep 91 & wait'
	split berth update --memory 64m --memory-reservation 32m --cpus 0.5 --cpu-shares 512 --pids-limit 77 \
		--cpuset-cpus 0 a
	want 0
	[ "$output" = a ]
	[ -z "$stderr" ]
	[ "$(limit a memory memory.limit_in_bytes memory.max)" = 67108864 ]
	[ "$(limit a pids pids.max pids.max)" = 77 ]
	[ "$(limit a cpuset cpuset.cpus cpuset.cpus)" = 0 ]
	[[ $(limit a cpu cpu.cfs_quota_us cpu.max) == 50000* ]]
	[ "$(limit a memory cgroup.procs cgroup.procs | wc -l)" = 3 ]
	[ "$(berth inspect --format '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}}' a)" = "67108864 500000000 77" ]
	# What comes later is in there as well, and what is not given stays.
	berth exec -d a sleep 92
	[ "$(limit a memory cgroup.procs cgroup.procs | wc -l)" = 4 ]
	berth update --memory 32m a
	[ "$(limit a memory memory.limit_in_bytes memory.max)" = 33554432 ]
	[ "$(limit a pids pids.max pids.max)" = 77 ]
	berth update --memory 128m a
	[ "$(limit a memory memory.limit_in_bytes memory.max)" = 134217728 ]
	berth update --memory -1 a
	[ "$(limit a memory memory.limit_in_bytes memory.max)" != 134217728 ]
	berth stop -t 0 a
	[ -z "$(find /sys/fs/cgroup -type d -name "*$(id_of a)*" 2>/dev/null)" ]
}

@test "update: the limit holds" {
	has_cgroup
	box --name a busybox sleep 100
	berth update --memory 16m --memory-swap 16m a
	run berth exec a sh -c 'head -c 60000000 /dev/zero | tail -c 60000000 >/dev/null'
	[ "$status" != 0 ]
	berth update --pids-limit 1 a
	run berth exec a true
	[ "$status" != 0 ]
	berth update --pids-limit -1 a
	berth exec a true
}

@test "update: all or none, and the error names file, value and reason" {
	has_cgroup
	box --name a --pids-limit 50 --cpu-shares 700 busybox sleep 100
	split berth update --cpu-shares 300 --cpuset-cpus 7777 a
	want 125
	[ -z "$output" ]
	err_has "berth: update: container 'a':"
	err_has "'cpuset.cpus' to '7777'"
	[ "$(berth inspect --format '{{.HostConfig.CpuShares}} [{{.HostConfig.CpusetCpus}}]' a)" = "700 []" ]
	[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || [ "$(limit a cpu cpu.shares x)" = 700 ]
	split berth update --memory 64m --restart always --health-cmd true --pids-limit 99999999999999 a
	want 125
	err_has "pids.max"
	[ "$(limit a pids pids.max pids.max)" = 50 ]
	[ "$(berth inspect --format '{{.HostConfig.Memory}} {{.HostConfig.RestartPolicy.Name}}' a)" = "0 no" ]
	run berth inspect --format '{{json .Config}}' a
	lacks Healthcheck
	# Where it had no limit of memory it has none now, and none of its processes is left behind.
	[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || [ ! -e "/sys/fs/cgroup/memory/berth/$(id_of a)" ]
	berth exec a true
}

@test "update: one that does not run gets it at its next start, and keeps it" {
	make --name a --pids-limit 60 busybox sleep 100
	split berth update --pids-limit 61 --restart on-failure:4 --env WORD=new --unsetenv PATH --health-cmd true \
		--health-interval 50ms a
	want 0
	[ "$(berth inspect --format '{{.HostConfig.PidsLimit}}' a)" = 61 ]
	[ "$(berth inspect --format '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}' a)" = "on-failure 4" ]
	run berth inspect --format '{{json .Config.Env}}' a
	has WORD=new
	lacks PATH=
	if [ "$(id -u)" != 0 ]; then
		# Limits are refused at the start where they cannot be had, as with run.
		berth rm -f a
		make --name a busybox sleep 100
		berth update --env WORD=new --health-cmd true --health-interval 50ms a
	fi
	berth start a
	[ "$(id -u)" != 0 ] || [ "$(limit a pids pids.max pids.max)" = 61 ]
	[ "$(berth exec a sh -c 'echo $WORD')" = new ]
	berth wait --condition healthy a
	berth stop -t 0 a
	[ "$(id -u)" != 0 ] || [ "$(berth inspect --format '{{.HostConfig.PidsLimit}}' a)" = 61 ]
}

@test "update --restart: the monitor that runs takes it" {
	box --name a busybox sh -c 'sleep 100'
	split berth update --restart always a
	want 0
	eventually 10 eval '[ "$(berth inspect --format "{{.HostConfig.RestartPolicy.Name}}" a)" = always ]'
	kill -KILL "$(berth ps --format '{{.Pid}}')"
	eventually 20 eval '[ "$(berth inspect --format "{{.RestartCount}} {{.State.Status}}" a)" = "1 running" ]'
	# A start that is killed is none.
	eventually 20 berth exec a true
	berth update --restart no a
	kill -KILL "$(berth ps --format '{{.Pid}}')"
	eventually 20 in_state a "Exited (137)"
	[ "$(berth inspect --format '{{.HostConfig.RestartPolicy.Name}}' a)" = no ]
	split berth update --restart sometimes a
	want 125
	box --rm --name b busybox sleep 100
	eventually 10 eval 'berth update --health-cmd true b'
	split berth update --restart always b
	want 125
	err_has "goes when it ends"
}

@test "update: health checks begin, change and end at once" {
	box --name a busybox sleep 100
	[[ $(state a) != *"("* ]]
	berth update --health-cmd false --health-interval 50ms --health-retries 1 a
	berth wait --condition unhealthy a
	berth update --health-cmd true a
	berth wait --condition healthy a
	[ "$(berth inspect --format '{{.Config.Healthcheck.Interval}}' a)" = 50000000 ]
	berth update --health-cmd false --health-on-failure kill a
	eventually 20 in_state a "Exited (137)"
	box --name b --health-cmd true --health-interval 50ms busybox sleep 100
	berth wait --condition healthy b
	berth update --no-healthcheck b
	eventually 10 eval '[[ $(state b) != *"("* ]]'
	split berth healthcheck run b
	want 125
	berth stop -t 0 b
	berth update --health-cmd true b
	berth start b
	berth wait --condition healthy b
	berth stop -t 0 b
	berth update --no-healthcheck b
	berth start b
	in_state b Up
	[[ $(state b) != *"("* ]]
}

@test "update: several, one of which is not there; and nothing to do" {
	make --name a busybox true
	make --name b busybox true
	split berth update --restart always a nobody b
	want 125
	[ "$output" = $'a\nb' ]
	err_has "nobody"
	split berth update a
	want 125
	err_has "nothing to update"
	split berth update --memory 1k a
	want 125
	err_has "at least"
	split berth update --memory 64m --memory-swap 32m a
	want 125
	err_has "--memory-swap"
	[ "$(berth inspect --format '{{.HostConfig.Memory}}' a)" = 0 ]
}

@test "update: the memory that goes with swap" {
	make --name a --memory 64m busybox true
	berth update --memory 100m a
	[ "$(berth inspect --format '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}}' a)" = "104857600 209715200" ]
	berth update --memory 100m --memory-swap 150m a
	berth update --memory 120m a
	[ "$(berth inspect --format '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}}' a)" = "125829120 157286400" ]
	split berth update --memory 200m a
	want 125
	err_has "--memory-swap"
}

@test "update: a container in the foreground, and one of --rm" {
	has_cgroup
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none --name f busybox sleep 100 >/dev/null 2>&1 3>&- &
	eventually 10 in_state f Up
	eventually 10 berth update --memory 64m f
	[ "$(limit f memory memory.limit_in_bytes memory.max)" = 67108864 ]
	local id
	id=$(id_of f)
	berth kill f
	wait || :
	[ -z "$(find /sys/fs/cgroup -type d -name "*$id*" 2>/dev/null)" ]
}

@test "update: many at once leave a container that is one of theirs" {
	has_cgroup
	box --name a busybox sleep 100
	local i
	for i in 100 110 120 130 140 150; do
		berth update --pids-limit $i --cpu-shares $i a >/dev/null 3>&- &
	done
	wait || :
	i=$(limit a pids pids.max pids.max)
	[ "$(berth inspect --format '{{.HostConfig.PidsLimit}} {{.HostConfig.CpuShares}}' a)" = "$i $i" ]
	berth restart -t 0 a
	[ "$(limit a pids pids.max pids.max)" = "$i" ]
}
