#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# podman of an ordinary user.

bats_require_minimum_version 1.5.0
rootless=1
load ../helper/berth
load ../helper/room
load ../helper/podman

quick() {
	step run --rm --network none "$@"
}

@test "run: streams, exit statuses, users, identity" {
	steps() {
		quick busybox sh -c 'echo out; echo err >&2; exit 42'
		quick busybox nosuch
		quick busybox /etc/passwd
		echo words | quick -i busybox cat
		quick -t busybox sh -c 'tty; stat -c "%u %a" $(tty)'
		quick busybox sh -c 'id; cat /proc/self/uid_map; grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status' | sed -E 's/ +0 +[0-9]+ +1$/ 0 ENGINE 1/'
		quick -u app busybox sh -c 'id; touch /tmp/x; stat -c "%u %g" /tmp/x'
		quick --userns keep-id busybox sh -c 'id -u; cat /proc/self/uid_map | wc -l' | sed "s/^$(inside id -u engine)\$/ENGINE/"
		quick --cap-drop all busybox grep Cap /proc/self/status
		quick --read-only --tmpfs /scratch busybox sh -c 'touch /x; touch /scratch/x && echo written'
		quick --privileged busybox sh -c 'grep CapEff /proc/self/status; mount | grep -c " /dev/"'
		quick --device /dev/full busybox sh -c 'echo x >/dev/full'
		quick --sysctl net.ipv4.ip_forward=1 --hostname h busybox sh -c 'hostname; cat /proc/sys/net/ipv4/ip_forward'
		step run --rm --network host busybox sh -c 'ls -d /sys/class/net/lo; touch /x'
	}
	both steps
	said "= 42"
	said "= 127"
	said "= 126"
	said "written"
}

@test "mounts and volumes" {
	mkdir dir
	echo content >dir/file
	chmod 777 dir
	# Devices are the host's; what else covers a place is stricter here than with crun. Of the cgroups of version 1 an
	# ordinary user's container has none.
	mounts='awk "{ n = 7; while (\$n != \"-\") n++; cover = \$5 ~ \"^/(proc|sys)/\"
			if (\$5 !~ \"^/(proc/acpi|sys/fs/cgroup|dev/(full|null|random|tty|urandom|zero)\\$)\")
				at[\$5] = \$5 \" \" (cover ? substr(\$6, 1, 2) : \$6) \" \" \$(n + 1) }
		END { for (path in at) print at[path] }" /proc/self/mountinfo | sort'
	steps() {
		quick busybox sh -c "$mounts"
		quick --network host busybox sh -c "$mounts"
		quick -v "$T/dir:/data" busybox sh -c 'cat /data/file; touch /data/new; stat -c %u /data/new'
		quick -v "$T/dir:/data:ro" busybox touch /data/other
		quick -v vol:/vol busybox sh -c 'echo kept >/vol/file'
		quick -v vol:/vol busybox cat /vol/file
		quick -v "$T/dir:/data:O" busybox touch /data/overlaid
		step volume rm vol
		rm -f "$T/dir/new"
	}
	both steps
	said "kept"
}

@test "in the background: exec, logs, stop, pods, build" {
	mkdir context
	printf 'FROM busybox\nRUN id -u >/made; echo made >>/made\nCMD ["cat", "/made"]\n' >context/Containerfile
	steps() {
		step run -d --network none --name c busybox sh -c 'echo ready; sleep 1000'
		step exec c sh -c 'id; echo $$ >/pid; exit 7'
		step exec -t -u app c sh -c 'tty; id'
		step exec c nosuch
		step logs c
		step stop -t 0 c
		step start c
		step restart -t 0 c
		step kill c
		step wait c
		step inspect --format '{{.State.Status}} {{.State.ExitCode}}' c
		step rm c
		step pod create --name p --infra-image busybox --infra-command 'sleep 1000' --network none --hostname shared
		step run --rm --pod p busybox hostname
		step pod rm -f -t 0 p
		podman build --isolation oci --network none --pull=never --no-cache -q -t made "$T/context" 2>&1 | alike
		step run --rm --network none made
		step rmi made
	}
	both steps
	said "shared"
	has "0
made"
}
