#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# create: a container that is made whole, and not started.
load ../helper/berth
load ../helper/background

@test "create prints the ID, and nothing runs; start prints the name, and it does" {
	split make --name a busybox sleep 100
	want 0
	[[ $output =~ ^[0-9a-f]{64}$ ]]
	in_state a Created
	[ -z "$(berth ps -q)" ]
	split berth start a
	want 0
	[ "$output" = a ]
	in_state a Up
	split berth start a
	want 0
	[ "$output" = a ]
	berth rm -f a
	make --name a busybox true
	berth rm a
	[ -z "$(ls "$ROOT/containers")" ]
}

@test "what it was made with is there at each start" {
	mkdir dir
	echo content >dir/file
	chmod 755 dir
	A=outer make --name a -e A -e B=two -v "$T/dir:/mnt:ro" --tmpfs /t:size=1m -v /vol -w /work --hostname named --umask 027 \
		--ulimit nofile=100:200 --cap-drop ALL --cap-add net_raw --security-opt no-new-privileges --label k=v \
		--add-host peer:10.1.2.3 --read-only --init --shm-size 2m --stop-signal USR1 busybox sh -c '
		echo "$A $B $(pwd) $(hostname) $(umask) $(ulimit -n) $(ulimit -Hn)"; cat /mnt/file
		grep -E " (/mnt|/t|/vol|/dev/shm|/) " /proc/mounts | cut -d" " -f2-4 | sed "s/,lowerdir=.*//"
		grep -E "^(Cap|NoNew|Seccomp:)" /proc/self/status
		grep peer /etc/hosts; cat /proc/1/comm; touch /x /mnt/x /vol/x 2>&1; wc -l </proc/mounts' >/dev/null
	unset A
	play a
	local first=$output
	has "outer two /work named 0027 100 200"
	has content
	has "peer"
	has "NoNewPrivs:	1"
	has "CapBnd:	0000000000002000"
	has "/mnt ext4 ro" || has "/mnt"
	echo other >dir/other
	play a
	[ "$output" = "$first" ] || { diff <(echo "$first") <(echo "$output"); false; }
	# And it is what run makes of the same words.
	berth ps -a --filter label=k=v --format '{{.Names}}' | grep -qx a
}

@test "--rm of create: it goes after its first end" {
	make --rm --name a busybox sh -c 'sleep 0.3' >/dev/null
	in_state a Created
	berth start a
	in_state a Up
	eventually 10 gone a
	eventually 10 eval '[ -z "$(ls "$ROOT/containers")" ]'
}

@test "--cidfile is written by create, --pidfile by start" {
	make --cidfile cid --pidfile pid --name a busybox sleep 100 >/dev/null
	[ "$(cat cid)" = "$(berth ps -a -q --no-trunc)" ]
	[ ! -e pid ]
	berth start a
	[ "$(cat pid)" = "$(berth ps --format '{{.Pid}}')" ]
}

@test "the image stays while a container of it is there, and the name is taken" {
	make --name a busybox true >/dev/null
	split berth rmi busybox
	want 2
	split make --name a busybox true
	want 125
	split make --replace --name a busybox echo new
	want 0
	play a
	[ "$output" = new ]
}
