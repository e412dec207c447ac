#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# podman exec: one more process in a container that runs.

bats_require_minimum_version 1.5.0
load ../helper/berth
load ../helper/room
load ../helper/podman

status='grep -E "^(Cap|NoNewPrivs|Seccomp:|Uid|Gid|Groups)" /proc/self/status'

@test "streams, exit statuses, and commands that are not there" {
	head -c 300000 /dev/urandom >"$T/bytes"
	steps() {
		podman run -d --network none --name c busybox sleep 1000 >id
		step exec c sh -c 'echo out; echo err >&2; exit 7'
		step exec c true
		step exec c sh -c 'kill -9 $$'
		step exec c nosuch
		step exec c /nosuch/dir
		step exec c /etc/passwd
		step exec c /etc
		step exec nosuch true
		echo words | step exec -i c cat
		step exec -i c sha256sum <"$T/bytes"
		podman exec -i c cat <"$T/bytes" | cmp - "$T/bytes" && echo same
		step exec c cat <"$T/bytes"
		step exec c ps -o pid,args | grep -c sleep
		step inspect --format '{{len .ExecIDs}} {{.State.Status}}' c
	}
	both steps
	said "= 7"
	said "= 137"
	said "= 127"
	said "= 126"
	said same
}

@test "user, directory, environment, capabilities, limits, seccomp" {
	steps() {
		podman run -d --network none --name c -e FROM=run -w /tmp --cap-add net_raw --group-add audio busybox sleep 1000 >id
		step exec c sh -c "$status; pwd; env | sort | grep -v HOSTNAME; umask"
		step exec -u app -w /home/app -e A=1 -e FROM=exec c sh -c "$status; pwd; env | sort | grep -v HOSTNAME; id"
		step exec -u 1234:5678 c sh -c "$status; id"
		step exec -u nosuch c id
		step exec -w /nosuch c pwd
		step exec -w /etc/passwd c pwd
		step exec --privileged c sh -c "$status"
		step exec --env-file /dev/null c sh -c 'ulimit -n; ulimit -u'
		step exec c cat /proc/self/oom_score_adj
		echo handed >fd
		handed=$PWD/fd step exec --preserve-fds 1 c sh -c 'cat <&3'
		podman run -d --network none --name tight --cap-drop all --security-opt no-new-privileges -u app --read-only busybox sleep 1000 >id
		step exec tight sh -c "$status; touch /x"
		step exec -u 0 tight sh -c "$status"
	}
	both steps
	said "handed"
	said "FROM=exec"
}

@test "it is in the container's namespaces and cgroups" {
	steps() {
		podman run -d --network none --name c --hostname h -m 64m --pids-limit 100 --shm-size 1m busybox sh -c 'touch /dev/shm/mark; sleep 1000' >id
		step exec c sh -c 'hostname; ls /dev/shm; ls -d /sys/class/net/*'
		step exec c sh -c 'for n in cgroup ipc mnt net pid uts user; do [ "$(readlink /proc/1/ns/$n)" = "$(readlink /proc/self/ns/$n)" ] && echo $n; done'
		step exec c sh -c 'cmp /proc/1/cgroup /proc/self/cgroup && echo the same cgroups'
		step exec c cat /proc/1/cmdline | tr '\0' ' '
		podman run -d --network none --name u --userns=auto busybox sleep 1000 >id
		step exec u sh -c 'cat /proc/self/uid_map; id; touch /made; stat -c %u /made'
		step exec -u app u id
		step exec -t u sh -c 'tty; stat -c %u $(tty)'
		podman run -d --network host --pid host --ipc host --uts host --name h busybox sleep 1000 >id
		step exec h sh -c 'for n in ipc net pid uts; do [ "$(readlink /proc/1/ns/$n)" = "$(readlink /proc/self/ns/$n)" ] && echo $n; done'
	}
	both steps
	said "the same cgroups"
	said "mark"
}

@test "a terminal" {
	steps() {
		podman run -d --network none --name c busybox sleep 1000 >id
		step exec -t c sh -c 'tty; test -t 0; echo $?'
		on_terminal 'expect("ready")
size(40, 100)
expect("changed 40 100")
type("words\n")
expect("<words>")
print(status())' exec -it c sh -c 'trap "echo changed \$(stty size)" WINCH; echo ready; until read line; do :; done; echo "<$line>"; exit 3'
		on_terminal 'expect("ready")
type("\x03")
expect("interrupted")
print(status())' exec -it -u app c sh -c 'trap "echo interrupted; exit 4" INT; echo ready; while :; do sleep 0.1; done'
		podman run -dt --network none --name t busybox sh -c 'tty; sleep 1000' >id
		step exec -t t tty
		step exec t sh -c 'readlink /proc/1/fd/0; ls -l /dev/console | cut -c1-10'
	}
	both steps
	said "/dev/pts/0"
	has "3
= 0"
	has "4
= 0"
}

made() {
	podman exec c test -e "$1"
}

@test "in the background, many at once, and when the container ends" {
	steps() {
		podman run -d --network none --name c busybox sleep 1000 >id
		step exec -d c touch /tmp/made
		eventually 60 made /tmp/made && echo made
		for i in 1 2 3 4 5 6 7 8; do
			podman exec c sh -c "echo $i; exit $i" >many.$i 2>&1 || echo $? >>many.$i &
		done
		wait
		cat many.?
		podman exec c sleep 500 >last 2>&1 &
		exec=$!
		eventually 60 podman exec c sh -c 'ps | grep -q "[s]leep 500"'
		step stop -t 0 c
		rc=0
		wait $exec || rc=$?
		echo "exec ended with $rc"
		step exec c true
		step start c
		step exec c echo again
		step pause c
		step exec c true
		step unpause c
	}
	both steps
	said "made"
	said "again"
	said "exec ended with 137"
}
