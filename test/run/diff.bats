# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

setup() {
	berth_setup
	busybox
}

box() {
	timeout --foreground -k 1 30 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --network none "$@"
}

script='
	echo x >/etc/new
	echo more >>/etc/passwd
	rm /etc/os-release
	mkdir -p /a/b; echo y >/a/b/c; ln -s x /a/l
	rm -r /var; mkdir /var; echo z >/var/z
	chmod 700 /home
	rm -r /usr; echo file >/usr
	: >>/etc/group
	mkdir /a/gone; rmdir /a/gone
'

expected='A /a
A /a/b
A /a/b/c
A /a/l
C /etc
A /etc/new
D /etc/os-release
C /etc/passwd
C /home
C /usr
C /var
D /var/log
D /var/tmp
A /var/z'

@test "added, changed and deleted, by the layer alone" {
	box --name c busybox sh -c "$script"
	split berth diff c
	want 0
	[ -z "$stderr" ]
	diff <(echo "$expected") <(echo "$output")
	# The same twice, and by another name.
	[ "$(berth container diff c)" = "$output" ]
	berth rm c
}

@test "what was only looked at, or copied up and not changed, is no change" {
	box --name c busybox sh -c 'cat /etc/passwd >/dev/null; : >>/etc/group; ls -R / >/dev/null 2>&1 || :; mkdir /x; rmdir /x'
	[ -z "$(berth diff c)" ]
	box --name ro --read-only busybox true
	[ -z "$(berth diff ro)" ]
	berth rm c ro
}

@test "json, as podman's" {
	box --name c busybox sh -c 'echo x >/etc/new; rm /etc/os-release; printf x >"/a
b"'
	berth diff --format json c | python3 -c '
import json, sys
d = json.load(sys.stdin)
assert d == {"changed": ["/etc"], "added": ["/a\nb", "/etc/new"], "deleted": ["/etc/os-release"]}, d'
	# A name is shown on one line.
	[ "$(berth diff c | wc -l)" = 4 ]
	box --name empty busybox true
	[ "$(berth diff --format json empty)" = "{}" ]
	run berth diff --format table c
	want 125
	has "--format 'table'"
	berth rm c empty
}

@test "a container that runs, of --rm or not" {
	for rm in --rm ""; do
		# shellcheck disable=SC2086
		box $rm --name c busybox sh -c 'echo x >/new; touch /ready; trap "exit 0" TERM; while :; do sleep 0.1; done' &
		eventually 20 eval 'berth diff c 2>/dev/null | grep -qx "A /ready"'
		split berth diff c
		want 0
		[ "$output" = $'A /new\nA /ready' ]
		berth rm -f c
		wait || :
	done
}

@test "owners are the container's" {
	only root sub
	box --name c busybox sh -c 'chown 7:8 /home; chown 0:0 /etc; chown 5 /etc/passwd; chown 0 /etc/passwd'
	[ "$(berth diff c)" = "C /home" ]
	berth rm c
	# The ids on the disk are others.
	if [ "$(persona)" = root ]; then
		box --name c --uidmap 0:200000:65536 busybox sh -c 'chown 7 /home; touch /etc/group; : >>/etc/passwd; touch /x'
		run berth diff c
		[ "$output" = $'C /etc\nC /etc/group\nC /home\nA /x' ]
	else
		box --name c --userns keep-id busybox sh -c 'touch /tmp/x; : >>/tmp/x'
		run berth diff c
		# The user gets his name.
		[ "$output" = $'C /etc\nC /etc/passwd\nC /tmp\nA /tmp/x' ]
	fi
	berth rm c
}

@test "what is mounted is not there" {
	mkdir data
	echo x >data/file
	box --name c -v "$PWD/data:/data" -v /vol --tmpfs /run busybox sh -c 'echo y >/data/new; echo z >/vol/z; echo >/run/x; echo >/dev/shm/y; echo 127.0.0.1 x >>/etc/hosts'
	split berth diff c
	want 0
	lacks /data/new
	lacks /vol/z
	lacks /run/x
	lacks /dev
	lacks /etc
	berth rm c
}

@test "paths of a hostile container" {
	box --name c busybox sh -c 'ln -s / /etc/loop; rm -r /home; ln -s /etc /home; mkdir /usr/x; ln -s ../../../../../../etc /usr/x/up
		cd /; d=/; for i in $(seq 200); do mkdir -p dddddddddddddddddd; cd dddddddddddddddddd; done' || :
	split berth diff c
	want 0
	has "C /home"
	has "A /usr/x/up"
	lacks "/home/"
	[ "$(grep -c ddd <<<"$output")" = 200 ]
	berth rm c
}

@test "what there is no list of" {
	run berth diff nothing
	want 125
	has "nothing"
	run berth diff
	want 125
	run berth diff a b
	want 125
	# Not of an image.
	mkdir tree
	box --rootfs --name bare tree /true || :
	run berth diff bare
	want 125
	has "not made of an image"
	berth rm bare
}
