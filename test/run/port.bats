#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# port: which ports of the host lead to a container, as docker prints them.

bats_require_minimum_version 1.5.0
load ../helper/berth
load ../helper/live

@test "port: those that are published" {
	only rootless
	need pasta
	[ -e /dev/net/tun ] || cannot "open /dev/net/tun"
	busybox
	local args=(-p 127.0.0.1:18080:80 -p 127.0.0.1:18100-18101:90-91/udp)
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --name a "${args[@]}" busybox sleep 100 \
		>"$T/a.out" 2>"$T/a.err" 3>&- &
	eventually 10 is_state a running || {
		cat "$T/a.err"
		grep -q 'default route\|/dev/net/tun' "$T/a.err" && cannot "use pasta: this host has no default route"
		return 1
	}
	split berth port a
	want 0
	[ "$output" = "$(printf '%s\n' '80/tcp -> 127.0.0.1:18080' '90/udp -> 127.0.0.1:18100' '91/udp -> 127.0.0.1:18101')" ]
	split berth port a 80
	want 0
	[ "$output" = 127.0.0.1:18080 ]
	split berth port a 91/udp
	[ "$output" = 127.0.0.1:18101 ]
	split berth port a 91
	want 125
	err_has "91/tcp"
	split berth port --all
	want 0
	has "80/tcp -> 127.0.0.1:18080"
	berth kill a
	wait || :
}

@test "port: none, and what cannot be" {
	busybox
	berth run --network none --name a busybox true
	split berth port a
	want 0
	[ -z "$output" ]
	split berth port a 80
	want 125
	err_has "80/tcp of the container 'a' is not published"
	for bad in 0 x 80/icmp 70000 80/; do
		split berth port a "$bad"
		want 125
		[ -z "$output" ]
	done
	split berth port nosuch
	want 125
	err_has "there is no container 'nosuch'"
	split berth port
	want 125
}
