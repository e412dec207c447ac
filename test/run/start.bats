#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# start: each has all of the plan again, and a failure spoils nothing.
load ../helper/berth
load ../helper/background

@test "run, and create with start, make the same of the same words" {
	local words="-e A=1 --tmpfs /t -v /vol -u 7:7 --hostname h --cap-drop chown --group-add 9 --security-opt unmask=ALL"
	[ "$(persona)" != one ] || words="-e A=1 --tmpfs /t -v /vol --hostname h --cap-drop chown --security-opt unmask=ALL"
	local script='env | sort; id; cut -d" " -f2-4 /proc/mounts | sed "s/,\(lower\|upper\|work\)dir+*=[^ ,]*//g; s/,fsync=volatile//"; grep -E "^(Cap|Sec|NoNew|Groups|Umask)" /proc/self/status; ls -l /proc/self/ns | wc -l; ls /dev; cat /proc/self/limits'
	berth run --rm --network none $words busybox sh -c "$script" >from-run
	make --name a $words busybox sh -c "$script" >/dev/null
	play a
	diff from-run <(echo "$output")
}

@test "the writable layer is as the last run left it" {
	make --name a -v /vol busybox sh -c 'echo x >>/f; echo y >>/vol/f; cat /f /vol/f | tr -d "\n"; echo' >/dev/null
	play a
	[ "$output" = xy ]
	play a
	[ "$output" = xxyy ]
}

@test "start of one that ended by run, in either way" {
	berth run --network none --name a busybox sh -c 'echo x >>/f; cat /f' >/dev/null
	play a
	[ "$output" = "$(printf 'x\nx')" ]
	berth run -d --network none --name b --log-driver k8s-file busybox sh -c 'echo once' >/dev/null
	eventually 10 in_state b Exited
	play b
	[ "$(berth logs b)" = "$(printf 'once\nonce')" ]
}

@test "start -a is the foreground: streams, status, standard input with -i" {
	make --name a -i busybox sh -c 'cat; echo err >&2; exit 3' >/dev/null
	split berth start -a a <<<"text"
	want 3
	[ -z "$output" ]
	[ "$stderr" = err ]
	in_state a "Exited (3)"
	split berth start -ai a <<<"text"
	want 3
	[ "$output" = text ]
	make --name b busybox cat >/dev/null
	split berth start -ai b <<<"text"
	want 0
	[ -z "$output" ]
	split berth start -a a b
	want 125
}

@test "failures: 125, 126, 127, and the container stays" {
	split make --name a busybox no-such-command
	want 0
	split berth start a
	want 127
	[ -z "$output" ]
	err_has no-such-command
	in_state a "Exited (127)"
	mkdir dir
	make --name b -v "$T/dir:/mnt" busybox true >/dev/null
	rmdir dir
	split berth start b
	want 125
	err_has "$T/dir"
	in_state b "Exited (125)"
	mkdir dir
	split berth start b
	want 0
	eventually 10 in_state b "Exited (0)"
	split berth start nosuch b
	want 125
	[ "$output" = b ]
	err_has "no container"
	split berth create --network none nosuch:image true
	want 125
	split make --preserve-fds 1 busybox true 3</dev/null
	want 125
	split make --userns auto busybox true
	want 125
}

@test "two who start it at once: one does, none fails for long, and it runs once" {
	make --name a busybox sleep 100 >/dev/null
	local i
	for i in 1 2 3 4 5 6; do
		berth start a >"out.$i" 2>&1 &
	done
	wait
	in_state a Up
	[ "$(berth ps -q | wc -l)" = 1 ]
	grep -qx a out.*
}

@test "limits are those it was made with" {
	only root
	make --name a -m 64m --cpus 0.5 --pids-limit 77 --device /dev/zero:/dev/mine busybox sh -c '
		cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max 2>/dev/null
		head -c 3 /dev/mine | wc -c' >/dev/null
	play a
	has 67108864
	has 77
	local first=$output
	play a
	[ "$output" = "$first" ]
}

@test "a seccomp profile is that of the file again" {
	echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":42}]}' >profile.json
	make --name a --security-opt "seccomp=$T/profile.json" busybox sh -c 'mkdir /d 2>&1; grep ^Seccomp: /proc/self/status' >/dev/null
	play a
	has "Seccomp:	2"
	has "No message of desired type"
}
