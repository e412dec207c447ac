# SPDX-License-Identifier: LGPL-2.1-or-later
# `host:`, the image that every machine has: a throw-away copy of its own file systems.
load ../helper/berth

host() { # [OPTION...] -- COMMAND...
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	run --separate-stderr berth run --rm --network none "${options[@]}" host: "$@"
}

@test "a command of this machine runs, with no image and no store" {
	host -- sh -c 'id -u; echo $0'
	want 0
	[ "$output" = $'0\nsh' ]
	[ ! -e "$ROOT/blobs" ]
}

@test "the status is the command's" {
	host -- sh -c 'exit 9'
	want 9
}

@test "programs and libraries are those of the host" {
	host -- sh -c 'bash --version | head -1; readlink /bin; cat /etc/os-release'
	want 0
	has "$(bash --version | head -1)"
	has "$(head -1 /etc/os-release)"
	[ ! -L /bin ] || has "$(readlink /bin)"
}

@test "what the payload does to files does not survive" {
	echo before >"$T/file"
	host -- sh -c "echo after >$T/file; mkdir $T/new; echo x >/tmp/berth-host-test; cat $T/file; ls $T"
	want 0
	has after
	has new
	[ "$(cat "$T/file")" = before ]
	[ ! -e "$T/new" ]
	[ ! -e /tmp/berth-host-test ]
}

@test "directories of the host can be removed in the copy" {
	if [ "$(persona)" != root ] && ! printf '6.6\n%s\n' "$(uname -r)" | sort -C -V; then
		cannot "tmpfs has user attributes since Linux 6.6"
	fi
	mkdir "$T/dir"
	echo kept >"$T/dir/kept"
	host -- sh -c "rm -r $T/dir && ls $T"
	want 0
	lacks dir
	[ "$(cat "$T/dir/kept")" = kept ]
}

@test "system directories can be changed in the copy by root alone" {
	host -- sh -c 'touch /usr/berth-test && mv /etc/passwd /etc/moved && echo done'
	if [ "$(persona)" = root ]; then
		[ "$output" = done ]
	fi
	[ ! -e /usr/berth-test ]
	[ ! -e /etc/moved ]
	[ -e /etc/passwd ]
}

@test "the places everybody writes to can be written" {
	host -- sh -c 'for d in / /tmp /var/tmp /run /dev/shm; do touch $d/berth-host-file && echo $d; done; stat -c %a /tmp /var/tmp'
	want 0
	[ "$output" = $'/\n/tmp\n/var/tmp\n/run\n/dev/shm\n1777\n1777' ]
	[ ! -e /tmp/berth-host-file ]
	[ ! -e /var/tmp/berth-host-file ]
}

@test "/proc, /sys, /dev and /run are the container's own" {
	host -- sh -c 'ls -d /proc/[0-9]* | wc -l; ls /dev | grep -c -e loop -e kmsg -e vda; ls -A /run | grep -c sock; echo $$'
	[ "$(printf '%s\n' "$output" | tail -1)" = 1 ]
	[ "${lines[1]}" = 0 ]
	[ "${lines[2]}" = 0 ]
}

@test "files that the caller cannot read stay unreadable" {
	only rootless
	host -- cat /etc/shadow
	[ "$status" != 0 ]
	[[ $stderr == *"Permission denied"* ]]
	host -- ls -A /root
	[ -z "$output" ]
	host -- sh -c 'ls -lnd /usr | cut -d" " -f3; chown 0:0 /usr/bin/env 2>/dev/null; chmod u+s /usr/bin/env'
	[ "$status" != 0 ]
}

@test "the caller's own files can be read and changed in the copy" {
	only rootless
	echo mine >"$HOME/berth-host-test"
	host -- sh -c "cat $HOME/berth-host-test; echo other >$HOME/berth-host-test; rm $HOME/berth-host-test; ls $HOME/berth-host-test"
	[ "$(cat "$HOME/berth-host-test")" = mine ]
	rm "$HOME/berth-host-test"
	has mine
	[ "$status" != 0 ]
}

@test "directories that lead to the caller's places show no more of the host than before" {
	only root
	mkdir -p "$T/open/secret/inner"
	echo hidden >"$T/open/secret/inner/key"
	chmod 700 "$T/open/secret"
	for home in secret secret/inner secret/inner/key; do
		run as_user one sh -c "HOME=$T/open/$home $BERTH --root $T/one/root --runroot $T/one/run run --rm \
			--network none host: sh -c 'cat $T/open/secret/inner/key; cp -r $T/open/secret $T/one/copy; ls $T/one/copy'"
		lacks hidden
		lacks $'\nkey'
		has "Permission denied"
	done
}

@test "file systems that are mounted below are in the copy" {
	only root
	mkdir "$T/mounted"
	mount -t tmpfs none "$T/mounted"
	echo inner >"$T/mounted/file"
	host -- sh -c "cat $T/mounted/file; echo new >$T/mounted/file; cat $T/mounted/file"
	[ "$(cat "$T/mounted/file")" = inner ]
	umount "$T/mounted"
	[ "$output" = $'inner\nnew' ]
}

@test "an ordinary user gets the mounted file systems as well" {
	only root
	mkdir "$T/mounted"
	mount -t tmpfs none "$T/mounted"
	echo inner >"$T/mounted/file"
	chmod 644 "$T/mounted/file"
	for who in sub one; do
		run berth_as $who run --rm --network none host: sh -c "cat $T/mounted/file; touch $T/mounted/x && echo new"
		printf '%s\n' "$output" >>"$T/out"
	done
	umount "$T/mounted"
	[ "$(cat "$T/out")" = $'inner\nnew\ninner\nnew' ]
}

@test "the confinement is that of every container" {
	host -- grep -E '^(CapEff|Seccomp:)' /proc/self/status
	has 00000000800405fb
	has $'Seccomp:\t2'
	host -- sh -c 'echo x >/proc/sys/kernel/core_pattern || mount -t tmpfs x /mnt || head -c1 /proc/kcore'
	[ -z "$output" ]
}

@test "files can be mounted over those of the copy" {
	echo replaced >"$T/hosts"
	host -v "$T/hosts:/etc/hosts:ro" --hostname inner -- sh -c 'cat /etc/hosts; hostname; cat /etc/hostname'
	want 0
	has replaced
	has $'inner\ninner'
	mkdir "$T/vol"
	host -v "$T/vol:/berth-volume" -- touch /berth-volume/x
	want 0
	[ -e "$T/vol/x" ]
	[ ! -e /berth-volume ]
}

@test "two at once do not see each other" {
	host -- sh -c "touch $T/one; sleep 0.3; ls $T" &
	host -- sh -c "ls $T"
	lacks one
	wait
}

@test "--read-only holds for the copy" {
	host --read-only -- sh -c "touch /x $T/x || echo refused; touch /tmp/x && echo memory"
	has refused
	has memory
}

@test "--user runs as another user of this machine" {
	only root sub
	host --user nobody -- sh -c 'id -un; touch /etc/x'
	has nobody
	[ "$status" != 0 ]
}
