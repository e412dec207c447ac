#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# podman: what is done to containers that are there: start, stop, pause, update, look at, copy, remove.

bats_require_minimum_version 1.5.0
load ../helper/berth
load ../helper/room
load ../helper/podman

state() { # NAME
	step inspect --format '{{.State.Status}} {{.State.Running}} {{.State.Paused}} {{.State.ExitCode}} {{.State.Error}}' "$1"
}

@test "create, start, stop, restart, kill, rm" {
	steps() {
		step create --network none --name c busybox sh -c 'echo started; trap "exit 3" TERM; echo ready; while :; do sleep 0.05; done'
		state c
		step stop c
		step exec c true
		step init c
		state c
		step start c
		step start c
		state c
		eventually 60 sh -c '"$ROOM/podman" logs c | grep -q ready'
		step stop c
		state c
		step start c
		step restart -t 5 c
		state c
		step rm c
		step kill -s KILL c
		step wait c
		state c
		step start c
		step rm -f -t 0 c
		step inspect c
		step create --network none --name never busybox true
		step init never
		step rm never
		step create --network none --name never busybox true
		step init never
		step kill never
		step rm -f never
	}
	both steps
	said "exited false false 3 "
	said "exited false false 137 "
}

@test "pause and unpause, top, ps, port, stats" {
	steps() {
		step run -d --network none --name c busybox sh -c 'while :; do echo x >>/ticks; sleep 0.05; done'
		step pause c
		state c
		step pause c
		before=$(podman cp c:/ticks - | wc -c)
		sleep 0.3
		[ "$(podman cp c:/ticks - | wc -c)" = "$before" ] && echo frozen
		step unpause c
		step unpause c
		state c
		step ps -a --format '{{.Names}} {{.Status}} {{.State}} {{.Command}}'
		step top c user pid comm | grep -v sleep
		step pause c
		step rm -f -t 0 c
		step run -d --network none --name s -m 64m busybox sleep 1000
		step stats --no-stream --format '{{.Name}} {{.PIDs}} {{.NetIO}}' s
		podman stats --no-stream --format '{{.MemUsage}}' s | sed 's/^[0-9.]*[kM]*B/USED/'
		# What podman asks the kernel about the first process, by the pid that it has from the runtime.
		[ "$(tr '\0' ' ' <"/proc/$(podman inspect --format '{{.State.Pid}}' s)/cmdline")" = "sleep 1000 " ] && echo pid
		podman inspect --format '{{.State.CgroupPath}}' s | alike
	}
	both steps
	said frozen
	said "paused false true 0 "
	said "USED / 67.11MB"
	said pid
}

@test "update" {
	limits='cd /sys/fs/cgroup; for f in memory/memory.limit_in_bytes memory/memory.soft_limit_in_bytes cpu/cpu.cfs_quota_us cpu/cpu.shares \
		cpuset/cpuset.cpus pids/pids.max memory.max memory.low cpu.max cpu.weight cpuset.cpus pids.max; do [ ! -e $f ] || echo $f $(cat $f); done'
	steps() {
		step run -d --network none --name c -m 64m --pids-limit 100 busybox sleep 1000
		step update --cpus 0.5 -m 96m --memory-reservation 32m c
		step exec c sh -c "$limits"
		step update --cpu-shares 100 --cpuset-cpus 0 c
		step exec c sh -c "$limits"
		step update --cpu-period 50000 --cpu-quota 10000 c
		step exec c sh -c "$limits"
		# The runtimes have their own words.
		step update --cpuset-cpus 99 c | grep -v '^! [^E]'
		step stop -t 0 c
		step update --cpus 1 c | grep -v '^! [^E]'
	}
	both steps
	has " 100663296"
}

@test "health checks" {
	steps() {
		step run -d --network none --name c --health-cmd 'test -e /ok' --health-interval disable --health-retries 1 busybox sleep 1000
		step healthcheck run c
		step inspect --format '{{.State.Health.Status}} {{.State.Health.FailingStreak}}' c
		step exec c touch /ok
		step healthcheck run c
		step inspect --format '{{.State.Health.Status}}' c
		step run -d --network none --name gone --health-cmd 'nosuch' --health-interval disable busybox sleep 1000
		step healthcheck run gone
	}
	both steps
	said "unhealthy 1"
	said "healthy"
}

@test "cp, diff, commit, export, mount, rename" {
	echo content >"$T/file"
	steps() {
		step run -d --network none --name c -v vol:/vol busybox sleep 1000
		step cp "$T/file" c:/etc/file
		step cp "$T/file" c:/vol/file
		step cp c:/etc/os-release -
		step exec c cat /etc/file /vol/file
		step cp c:/vol/file back
		cat back
		step diff c | sort
		step rename c d
		step exec d cat /etc/file
		step commit -q d made
		step run --rm --network none made cat /etc/file
		podman export d | tar -tf - etc/file
		step rmi made
		step volume rm -f vol
	}
	both steps
	said "content"
	said "A /etc/file"
}

@test "checkpoints are refused, and the container goes on" {
	steps() {
		step run -d --network none --name c busybox sleep 1000
		podman container checkpoint c >said 2>&1
		echo "= $?"
		state c
		step exec c echo still
	}
	both steps
	said "= 125"
	said "still"
}

@test "hooks: poststop, prestart, createRuntime, createContainer, startContainer, poststart, in their order" {
	mkdir hooks
	cat >hook <<-'EOC'
		#!/bin/sh
		state=$(cat)
		status=$(echo "$state" | sed -n 's/.*"status": *"\([a-z]*\)".*/\1/p')
		echo "$1 $status" >>"$HOOK_LOG"
		[ "$1" != "${HOOK_FAILS:-}" ] || exit 1
	EOC
	chmod 755 hook
	# startContainer runs in the container.
	for stage in prestart createRuntime createContainer poststart poststop; do
		cat >hooks/$stage.json <<-EOC
			{ "version": "1.0.0", "hook": { "path": "$T/hook", "args": ["hook", "$stage"], "env": ["HOOK_LOG=$T/hooks.log", "HOOK_FAILS=none"] },
			  "when": { "always": true }, "stages": ["$stage"] }
		EOC
	done
	cat >hooks/start.json <<-EOC
		{ "version": "1.0.0", "hook": { "path": "/bin/sh", "args": ["sh", "-c", "cat >/state; echo startContainer \$PWD"] },
		  "when": { "always": true }, "stages": ["startContainer"] }
	EOC
	steps() {
		podman --hooks-dir "$T/hooks" run --rm --network none busybox sh -c \
			'echo command; grep -c ociVersion /state' 2>&1
		echo "= $?"
		# The specification says "creating" until the environment is there, crun never.
		sed s/creating/created/ "$T/hooks.log" | sort
		rm -f "$T/hooks.log"
	}
	both steps
	said "command"
	said "prestart created"
	said "createContainer created"
	said "poststart running"
	said "poststop stopped"
	# One that fails.
	sed -i 's/HOOK_FAILS=none/HOOK_FAILS=createRuntime/' hooks/createRuntime.json
	fails() {
		podman --hooks-dir "$T/hooks" run --rm --network none busybox echo never 2>&1 | grep never
		echo "= ${PIPESTATUS[0]}"
		rm -f "$T/hooks.log"
	}
	both fails
	said "= 126"
}

@test "restart policies" {
	steps() {
		step run -d --network none --name c --restart on-failure:3 busybox sh -c 'echo x >>/runs; exit 5'
		eventually 60 sh -c '[ "$("$ROOM/podman" inspect --format "{{.RestartCount}} {{.State.Status}}" c)" = "3 exited" ]' && echo three
		podman cp c:/runs - | tail -c +513 | tr -d '\0'
		state c
	}
	both steps
	said "three"
	has "x
x
x
x"
}

@test "thirty containers that end at once" {
	for i in $(seq 30); do
		run podman run --rm --network none busybox sh -c "echo $i; exit $i"
		want $i
		[ "$output" = $i ]
	done
}

@test "eight at the same time, and those in the background that end before anybody looks" {
	steps() {
		for i in 0 1 2 3 4 5 6 7; do
			podman run --rm --network none busybox sh -c "echo $i; exit 4$i" >many.$i 2>&1 || echo $? >>many.$i &
		done
		wait
		cat many.?
		for i in 1 2 3; do
			podman run -d --network none --name d$i busybox false >id
			podman wait d$i
		done
	}
	both steps
	has "7
47"
}
