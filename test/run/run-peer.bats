#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The same image and the same command, here and with podman: the same output and the same exit status.

bats_require_minimum_version 1.5.0
load ../helper/berth

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	command -v podman >/dev/null || return 0
	helper=$(cd "$BATS_TEST_DIRNAME/../helper" && pwd)
	export PEER_STORE
	PEER_STORE=$(mktemp -d /var/tmp/berth-podman.XXXXXX)
	"$helper/peer" podman load -q -i "$("$helper/images" config.docker.tar)" >"$PEER_STORE/loaded"
	"$helper/peer" podman load -q -i "$("$helper/images" many.docker.tar)" >>"$PEER_STORE/loaded"
}

teardown_file() {
	[ -z "${PEER_STORE:-}" ] || rm -rf "$PEER_STORE"
}

# both ARG...: run ARG... of both, and compare stdout and status.
both() {
	local theirs status_theirs=0
	theirs=$("$helper/peer" podman run --rm --network none "$@" 2>/dev/null) || status_theirs=$?
	split berth run --rm --network none "$@"
	diff <(echo "status $status_theirs" && echo "$theirs") <(echo "status $status" && echo "$output")
}

peers() {
	only root
	need podman
	berth load -q -i "$(image config.docker.tar)" >"$T/loaded"
	berth load -q -i "$(image many.docker.tar)" >>"$T/loaded"
	name=$(sed -n '1s/^Loaded image: //p' "$T/loaded")
	many=$(sed -n '2s/^Loaded image: //p' "$T/loaded")
	[ -n "$name" ] && [ -n "$many" ]
}

@test "run: USER, WORKDIR, ENV, ENTRYPOINT and CMD are those that podman sees" {
	peers
	both "$name"
	both "$name" echo other words
	both --entrypoint /bin/id "$name"
	both --entrypoint /bin/sh "$name" -c 'pwd; id; echo $HOME; umask'
	both --entrypoint '["/bin/echo","json"]' "$name" form
}

@test "run: users and groups are those that podman finds" {
	peers
	for user in root app nobody 0 1000 1234 app:audio 1000:44 1234:5678; do
		both --entrypoint /bin/sh --user "$user" "$name" -c 'id -u; id -g; id -G'
	done
	both --entrypoint /bin/id --user app --group-add video "$name"
}

@test "run: exit statuses are podman's" {
	peers
	both --entrypoint /bin/sh "$name" -c 'exit 42'
	both --entrypoint /nosuch "$name"
	both --entrypoint /etc/passwd "$name"
	both --entrypoint /etc "$name"
	both --entrypoint /bin/sh --init "$name" -c 'kill -9 $$'
}

@test "run: the environment is what podman makes of it" {
	peers
	export FROM_CALLER=yes
	printf '# comment\nFILE=from file\nFROM_CALLER\n' >"$T/env"
	both --entrypoint /bin/sh -e A=1 -e B= -e FROM_CALLER --env-file "$T/env" --hostname h "$name" -c \
		'for v in A B FROM_CALLER FILE HOSTNAME PATH; do eval "echo $v=\$$v"; done'
	both --entrypoint /bin/sh --unsetenv PATH --hostname h "$name" -c 'echo ${PATH-none} | cut -c1-4'
}

@test "run: an image of many layers has the same files as with podman" {
	peers
	both --entrypoint /bin/sh "$many" -c \
		'find / -xdev -path /etc/hosts -o -path /etc/resolv.conf -o -path /etc/hostname -o -path /run -prune -o -path /etc/mtab -o -type f -exec sha256sum {} + | sort -k 2'
}

@test "run: mounts behave like podman's" {
	peers
	mkdir "$T/dir"
	echo content >"$T/dir/file"
	both --entrypoint /bin/sh -v "$T/dir:/data:ro" "$name" -c 'cat /data/file; echo x >/data/new; echo $?'
	both --entrypoint /bin/sh --tmpfs /scratch:size=1m --user root "$name" -c 'grep " /scratch " /proc/mounts | cut -d" " -f1-3'
	both --entrypoint /bin/sh --read-only --user root "$name" -c 'touch /x; echo $?; touch /tmp/x; echo $?'
	both --entrypoint /bin/cat -v "$T/nosuch:/data" "$name" /data
}
