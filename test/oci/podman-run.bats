#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# podman run: streams, exit statuses, terminals, signals and what becomes of the options.

bats_require_minimum_version 1.5.0
load ../helper/berth
load ../helper/room
load ../helper/podman

quick() {
	step run --rm --network none "$@"
}

@test "streams and exit statuses" {
	steps() {
		quick busybox sh -c 'echo out; echo err >&2; exit 42'
		quick busybox true
		quick --init busybox sh -c 'kill -9 $$'
		quick busybox sh -c 'exec 1>&-; echo lost; echo $? >&2'
		quick --attach stderr busybox sh -c 'echo out; echo err >&2'
	}
	both steps
	has "! err
= 42"
	said "= 137"
}

@test "commands that cannot be started have podman's exit statuses" {
	steps() {
		quick busybox nosuch
		quick busybox /nosuch
		quick busybox /nosuch/dir
		quick busybox /etc/passwd
		quick busybox /etc
		quick -w /nosuch busybox pwd
		quick -w /etc/passwd busybox pwd
		quick --user nosuch busybox id
		step run --network none --name kept busybox nosuch
		step ps -a --format '{{.Names}} {{.Status}}'
	}
	both steps
	said "= 127"
	said "! RUNTIME: OCI runtime attempted to invoke a command that was not found"
	said "= 126"
	said "! RUNTIME: OCI permission denied"
}

@test "what exec(2) does not take ends podman's run, and the error says why" {
	# crun passes on 1 for the first, as if the command had run, and has no permission for a name that is empty.
	split podman run --rm --network none busybox ""
	want 127
	printf '#!/nosuch\n' >interpreter
	printf 'text' >text
	printf '\177ELF' >elf
	chmod 755 interpreter text elf
	for file in interpreter text elf; do
		split podman run --rm --network none -v "$T:/t" busybox /t/$file
		want 126
		err_has "cannot execute '/t/$file'"
	done
}

@test "what is on stdin reaches the command, byte by byte" {
	head -c 300000 /dev/urandom >"$T/bytes"
	steps() {
		echo hello | quick -i busybox cat
		quick -i busybox sha256sum <"$T/bytes"
		quick -i busybox head -c 3 <"$T/text"
		quick busybox cat <"$T/bytes"
		step run --rm --network none -i busybox cat <"$T/bytes" >"$T/copy"
		podman run --rm --network none -i busybox cat <"$T/bytes" 2>&1 | cmp - "$T/bytes" && echo same
		(sleep 0.3; echo late) | quick -i busybox cat
	}
	printf 'some text' >"$T/text"
	both steps
	said same
	said late
	said "hello"
}

@test "a terminal: what is typed, its size, its signals, and the keys to leave" {
	steps() {
		on_terminal 'expect("ready")
type("some words\n")
expect("<some words>")
expect("size 24 80")
print(status())' run --rm --network none -it busybox sh -c 'echo ready; read line; echo "<$line>"; echo size $(stty size); test -t 0 && exit 3'
		on_terminal 'expect("ready")
size(40, 100)
expect("changed 40 100")
type("\x03")
expect("interrupted")
print(status())' run --rm --network none -it busybox sh -c \
			'trap "echo changed \$(stty size)" WINCH; trap "echo interrupted; exit 5" INT; echo ready; while :; do sleep 0.1; done'
		on_terminal 'expect("ready")
type("\x05")
print(status())' run --network none --name left --detach-keys ctrl-e -it busybox sh -c 'echo ready; sleep 100'
		step inspect --format '{{.Name}} {{.State.Status}}' left
		quick -t busybox sh -c 'tty; ls -l /dev/console /dev/pts | sed "s/ [A-Z][a-z][a-z] .*:.. / /"; stty -a | head -1'
		quick -t -u app busybox sh -c 'tty; stat -c "%U %a" $(tty)'
	}
	both steps
	said "left running"
	said "/dev/pts/0"
	has "3
= 0"
}

@test "in the background: logs, attach, wait" {
	steps() {
		step run -d --network none --name one busybox sh -c 'echo out; echo err >&2; read x; echo "got $x"; exit 7' </dev/null
		step wait one
		step logs one
		step inspect --format '{{.State.Status}} {{.State.ExitCode}} {{.State.Pid}} {{.State.OOMKilled}} {{.State.Error}}' one
		step run -d -i --network none --name two busybox sh -c 'read x; echo "got $x"; exit 7'
		echo words | step attach two
		step wait two
		step logs two
		step run -d --network none --name three busybox sh -c 'for i in 1 2 3; do echo $i; sleep 0.1; done'
		step logs -f three
		step rm one two three | sort
	}
	both steps
	said "got words"
	said "exited 7 0 false "
}

ready() {
	podman logs "$1" 2>&1 | grep -q "${2:-ready}"
}

@test "signals: kill, those that podman passes on, stop and its time" {
	steps() {
		step run -d --network none --name traps busybox sh -c \
			'for s in HUP USR1 USR2 WINCH; do trap "echo $s" $s; done; trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done'
		eventually 60 ready traps
		for signal in HUP USR1 12 SIGWINCH; do
			step kill -s $signal traps
			case $signal in 12) name=USR2 ;; *) name=${signal#SIG} ;; esac
			eventually 60 ready traps $name && echo "got $name"
		done
		step stop traps
		step inspect --format '{{.State.Status}} {{.State.ExitCode}}' traps
		step kill traps
		step run -d --network none --name deaf busybox sh -c 'trap "" TERM; echo ready; while :; do sleep 0.05; done'
		eventually 60 ready deaf
		step stop -t 1 deaf
		step inspect --format '{{.State.Status}} {{.State.ExitCode}}' deaf
		step run -d --network none --name own --stop-signal USR1 busybox sh -c 'trap "exit 8" USR1; echo ready; while :; do sleep 0.05; done'
		eventually 60 ready own
		step stop own
		step wait own
		step run -d --network none --name killed busybox sleep 100
		step kill killed
		step wait killed
		"$ROOM/podman" run --network none --name front busybox sh -c 'trap "exit 6" TERM; echo ready; while :; do sleep 0.05; done' >front.out 2>&1 &
		eventually 60 ready front
		kill -TERM $!
		rc=0
		wait $! || rc=$?
		echo "front $rc"
	}
	both steps
	said "got USR2"
	said "exited 9"
	said "exited 137"
	said "front 6"
}

@test "capabilities, no new privileges, seccomp" {
	cat >"$T/seccomp.json" <<-'EOC'
		{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
			{ "names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95 },
			{ "names": ["chmod", "fchmodat"], "action": "SCMP_ACT_ERRNO" } ] }
	EOC
	status='grep -E "^(Cap|NoNewPrivs|Seccomp:|Uid|Gid|Groups)" /proc/self/status'
	steps() {
		quick busybox sh -c "$status"
		quick -u app busybox sh -c "$status"
		quick --cap-drop all busybox sh -c "$status"
		quick --cap-drop all --cap-add net_raw,chown -u app busybox sh -c "$status"
		quick --cap-add all busybox sh -c "$status"
		quick --cap-add sys_admin busybox sh -c "$status; mount -t tmpfs x /mnt; echo \$?"
		quick --privileged busybox sh -c "$status"
		quick --security-opt no-new-privileges busybox sh -c "$status"
		quick --security-opt seccomp=unconfined busybox sh -c "$status"
		quick --security-opt seccomp="$T/seccomp.json" busybox sh -c "$status; mkdir /tmp/x; chmod 700 /tmp"
		quick --group-add audio --group-add 1234 -u 1000:1000 busybox sh -c "$status"
		quick busybox sh -c 'mknod /tmp/x c 1 1 && cat /tmp/x'
		quick busybox unshare -m true
	}
	both steps
	said "! mkdir: can't create directory '/tmp/x': Operation not supported"
	said "CapEff:	00000000a80425fb"
	said "CapEff:	0000000000000000"
	said "CapAmb:	0000000000002001"
}

@test "the mounts, the masks and the devices are those that crun makes" {
	# What covers a place is stricter here than with crun: it is compared whether it can be written to. The directory of
	# version 1 of the cgroups is read-only here as with runc, and systemd's has two mounts. /proc/acpi is empty on many
	# machines.
	mounts='awk "{ n = 7; while (\$n != \"-\") n++; cover = \$5 ~ \"^/(proc|sys)/\"
			if (\$5 !~ \"^/(proc/acpi|sys/fs/cgroup|sys/fs/cgroup/systemd)\\$\")
				at[\$5] = \$5 \" \" (cover ? substr(\$6, 1, 2) : \$6) \" \" \$(n + 1) }
		END { for (path in at) print at[path] }" /proc/self/mountinfo | sort'
	tree='ls -lR /dev | grep -v " core -> " | sed "s/ [A-Z][a-z][a-z] .*:.. / /"; stat -c "%n %a %U" /dev /dev/shm /dev/mqueue /proc /sys /run'
	steps() {
		quick busybox sh -c "$mounts"
		quick busybox sh -c "$tree"
		quick --privileged busybox sh -c "$mounts"
		quick --read-only --tmpfs /scratch:size=1m,mode=1777,noexec busybox sh -c "$mounts; touch /x; touch /scratch/x"
		quick --read-only --read-only-tmpfs=false busybox sh -c "$mounts; touch /tmp/x"
		quick --systemd=always busybox sh -c "$mounts"
		quick --security-opt unmask=ALL busybox sh -c "$mounts"
		quick --security-opt mask=/proc/meminfo:/etc/group busybox sh -c 'cat /proc/meminfo /etc/group; ls -l /etc/group'
		quick --cgroupns host busybox sh -c "$mounts"
		quick --shm-size 1m busybox df /dev/shm
	}
	both steps
	said "! touch: /x: Read-only file system"
}

@test "volumes" {
	mkdir -p "$T/dir/below" "$T/other"
	echo content >"$T/dir/file"
	line='grep -E " /(data|other|vol)" /proc/self/mountinfo | cut -d" " -f5- | sed "s/ - .*//; s/:[0-9]*//g"'
	steps() {
		quick -v "$T/dir:/data:ro" busybox sh -c "cat /data/file; touch /data/new; $line"
		quick -v "$T/dir:/data:rw,noexec,nosuid,nodev" busybox sh -c "touch /data/new; $line"
		for propagation in private rprivate slave rslave shared rshared; do
			quick -v "$T/dir:/data:$propagation" busybox sh -c "$line"
		done
		quick -v "$T/dir/file:/new/file" busybox cat /new/file
		quick -v "$T/nosuch:/data" busybox true
		quick --mount type=tmpfs,destination=/data,tmpfs-size=1m,tmpfs-mode=700 busybox sh -c "$line"
		quick --tmpfs /etc busybox ls /etc
		quick --mount type=bind,source="$T/dir",destination=/data,bind-nonrecursive busybox ls /data
		quick --mount type=ramfs,destination=/data busybox sh -c "$line"
		quick --mount type=devpts,destination=/data busybox ls /data
		quick -v "$T/dir:/data:O" busybox sh -c 'touch /data/overlaid; ls /data'
		quick -v vol:/vol busybox sh -c 'echo kept >/vol/file'
		quick -v vol:/vol:ro busybox sh -c "cat /vol/file; $line"
		quick -v "$T/dir:/link/data" -v "$T/other:/link/data/below" busybox sh -c 'ls /link/data; ls -d /link/data/below'
		quick --mount type=image,source=busybox,destination=/data busybox cat /data/etc/os-release
		quick -v "$T/dir:/proc/x" busybox true
		ls "$T/dir"
		rm -f "$T/dir/new"
		step volume rm vol
	}
	both steps
	said "kept"
	said "! touch: /data/new: Read-only file system"
}

@test "devices" {
	steps() {
		quick --device /dev/null:/dev/other:r busybox sh -c 'ls -l /dev/other | cut -c1-10; cat /dev/other; echo x >/dev/other'
		quick --device /dev/full busybox sh -c 'echo x >/dev/full'
		quick --device /dev/nosuch busybox true
		quick --cap-add mknod --device-cgroup-rule 'c 1:11 rwm' busybox sh -c 'mknod /tmp/kmsg c 1 11; head -c 0 /tmp/kmsg'
		quick --cap-add mknod busybox sh -c 'mknod /tmp/mem c 1 1; head -c 1 /tmp/mem'
		quick --device /dev/null:/dev/deep/null busybox sh -c 'stat -c "%F %t %T" /dev/deep/null'
		quick busybox sh -c 'for d in null zero full random urandom tty; do [ -c /dev/$d ] && stat -c "%n %a %t %T" /dev/$d; done'
	}
	both steps
	said "crw-rw-rw-"
}

@test "resources" {
	limits='cd /sys/fs/cgroup; for f in memory/memory.limit_in_bytes memory/memory.memsw.limit_in_bytes \
		memory/memory.soft_limit_in_bytes memory/memory.swappiness cpu/cpu.shares cpu/cpu.cfs_quota_us \
		cpu/cpu.cfs_period_us cpuset/cpuset.cpus cpuset/cpuset.mems pids/pids.max \
		memory.max memory.low memory.swap.max cpu.max cpu.weight cpuset.cpus pids.max; do
			[ ! -e $f ] || echo $f $(cat $f); done'
	steps() {
		quick busybox sh -c "$limits"
		quick -m 64m busybox sh -c "$limits"
		quick -m 64m --memory-swap 128m --memory-reservation 32m busybox sh -c "$limits"
		quick --cpus 0.5 --pids-limit 50 busybox sh -c "$limits"
		quick --cpu-shares 100 --cpu-period 50000 --cpu-quota 20000 --cpuset-cpus 0 --cpuset-mems 0 busybox sh -c "$limits"
		quick --pids-limit -1 busybox sh -c "$limits"
		quick --pids-limit 3 busybox sh -c 'for i in 1 2 3 4 5; do sleep 1 & done; wait'
		quick --oom-score-adj 500 busybox cat /proc/self/oom_score_adj
		quick --ulimit core=0:0 --ulimit nofile=100:200 --ulimit nproc=500:600 busybox sh -c 'ulimit -Sn; ulimit -Hn; ulimit -c; ulimit -u'
		step run -d --network none --name oom -m 16m busybox sh -c 'x=$(yes | head -c 100000000)'
		step wait oom
		step inspect --format '{{.State.OOMKilled}} {{.State.ExitCode}}' oom
		quick --cpu-shares 1 --cpuset-cpus 99 busybox true
		quick -m 64m --memory-swap 32m busybox true
	}
	both steps
	has " 67108864"
	said "false 137"
	has "100
200
0
500"
}

@test "namespaces, host names, sysctls" {
	steps() {
		quick --hostname h --name fixed busybox sh -c 'hostname; cat /etc/hostname; grep -w h /etc/hosts | cut -f2'
		quick --sysctl net.ipv4.ip_forward=1 --sysctl kernel.msgmax=9000 busybox cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax
		quick --sysctl kernel.nosuch=1 busybox true
		quick --sysctl vm.swappiness=10 busybox true
		step run --rm --network host busybox sh -c 'ls -d /sys/class/net/lo; readlink /proc/self/ns/net' | sed "s/$(inside readlink /proc/self/ns/net)/ROOM/"
		step run --rm busybox sh -c 'ip -o -4 addr; ip route; cat /etc/resolv.conf | grep -c nameserver'
		quick --pid host busybox sh -c '[ $$ != 1 ] && echo others'
		quick --ipc host busybox readlink /proc/self/ns/ipc | sed "s/$(readlink "/proc/$ROOM_PID/ns/ipc")/ROOM/"
		quick --uts host busybox readlink /proc/self/ns/uts | sed "s/$(readlink "/proc/$ROOM_PID/ns/uts")/ROOM/"
		quick --cgroupns host busybox sh -c 'cut -d: -f3 /proc/self/cgroup | sort -u'
		quick --cgroupns private busybox sh -c 'cut -d: -f3 /proc/self/cgroup | sort -u'
		step run -d --network none --name first --ipc shareable busybox sh -c 'touch /dev/shm/mark; sleep 100'
		step run --rm --network container:first --ipc container:first --pid container:first busybox sh -c \
			'ls /dev/shm; ps | grep -c "sleep 10[0]"; ip -o link | wc -l'
	}
	both steps
	said "others"
	said "/sys/class/net/lo"
	said "mark"
}

@test "user namespaces" {
	mkdir "$T/dir"
	chown 1000:1000 "$T/dir"
	ids='cat /proc/self/uid_map /proc/self/gid_map; id; stat -c "%u %g %n" / /bin/busybox /dev /proc /sys /etc/hosts /dev/pts'
	steps() {
		quick --uidmap 0:100000:65536 --gidmap 0:200000:65536 busybox sh -c "$ids"
		quick --uidmap 0:100000:1000 --uidmap 1000:1000:1 --uidmap 1001:101001:1000 -u app -v "$T/dir:/data" busybox sh -c \
			'cat /proc/self/uid_map; id; touch /data/mine; stat -c "%u %g" /data'
		quick --userns=auto busybox sh -c "$ids"
		quick --userns=auto:size=3000 -t busybox sh -c 'cat /proc/self/uid_map; stat -c %u $(tty); exit 4'
		quick --uidmap 0:100000:65536 --cap-add sys_admin --tmpfs /scratch busybox sh -c \
			'grep CapEff /proc/self/status; mount -t tmpfs x /mnt && df -h /mnt | tail -1; stat -c %u /scratch'
		quick --uidmap 0:100000:65536 --privileged busybox sh -c 'mount | cut -d" " -f3 | sort -u; grep CapEff /proc/self/status'
		quick --uidmap 0:100000:65536 --read-only --device /dev/full busybox sh -c 'stat -c "%u %t %T" /dev/full; touch /x'
		step run -d --network none --userns=auto --name first busybox sleep 100
		step exec first sh -c "$ids"
		step run --rm --network container:first --userns container:first busybox cat /proc/self/uid_map
		stat -c %u "$T/dir/mine" && rm "$T/dir/mine"
		# With a network of its own that has been made before.
		step run --rm --uidmap 0:100000:65536 busybox sh -c 'ip -o -4 addr | wc -l; ls -d /sys/class/net/*'
	}
	both steps
	said "         0     100000      65536"
	said "= 4"
}

@test "init, systemd, --rootfs, and the rest of the options" {
	mkdir -p "$T/rootfs"
	tar -C "$T/rootfs" -xf "$(image busybox.tar)"
	mkdir "$T/empty"
	steps() {
		quick --init busybox sh -c 'tr "\0" " " </proc/1/cmdline; cat /proc/1/comm'
		quick --systemd=always busybox sh -c 'echo $container; cat /proc/self/cgroup | grep -c "^.*name=systemd"; touch /run/x /tmp/x && echo writable; mkdir /sys/fs/cgroup/systemd/x && echo delegated; rmdir /sys/fs/cgroup/systemd/x'
		quick --rootfs "$T/rootfs" cat /etc/os-release
		quick --rootfs "$T/empty" sh
		quick --env A=1 --env B= --workdir /tmp/new/dir -u 1000:29 --umask 077 busybox sh -c 'echo "$A|$B|$HOME|$PATH|$TERM"; pwd; umask; id'
		quick --entrypoint '["echo","a b"]' busybox 'c  d' ''
		quick --pidfile "$T/pid" --cidfile "$T/cid" busybox true
		[ -s "$T/pid" ] && [ -s "$T/cid" ] && echo files
		rm -f "$T/pid" "$T/cid"
		quick --personality=LINUX32 busybox uname -m
		quick --timeout 1 busybox sleep 100
		quick --tz UTC busybox date +%Z
		echo handed >"$T/fd"
		handed=$T/fd quick --preserve-fds 1 busybox sh -c 'cat <&3'
		quick --annotation some=thing --label a=b busybox true
		quick --log-driver none busybox echo words
		quick --requires nosuch busybox true
		quick --cpu-rt-runtime 1000 busybox true
		step create --network none --name made busybox echo started
		step start -a made
		step start -a made
		step init made
		step start made
	}
	both steps
	said "handed"
	said "delegated"
	said "files"
	said "started"
}
