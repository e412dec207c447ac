# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

@test "the maps are those of the store" {
	only rootless
	split berth unshare cat /proc/self/uid_map
	want 0
	[ "$(awk 'NR == 1 { print $1, $2 }' <<<"$output")" = "0 $(id -u)" ]
	[ "$(berth unshare id -u)" = 0 ]
	[ "$(berth unshare id -g)" = 0 ]
	if [ "$(persona)" = one ]; then
		[ "$(awk '{ print $3 }' <<<"$output")" = 1 ]
	else
		[ "$(awk 'NR == 2 { print $1 }' <<<"$output")" = 1 ]
		berth unshare sh -c 'touch x; chown 5:6 x'
		[ "$(stat -c %u x)" != "$(id -u)" ]
		[ "$(berth unshare stat -c %u:%g x)" = 5:6 ]
		berth unshare rm x
	fi
}

@test "files that a container wrote" {
	only sub
	busybox
	mkdir data
	timeout 60 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none -v "$PWD/data:/data" busybox \
		sh -c 'mkdir -m 700 /data/d; touch /data/d/f; chown -R 1000 /data/d'
	run ! rm -r data/d
	[ "$(berth unshare stat -c %u data/d/f)" = 1000 ]
	berth unshare rm -r data/d
	[ -z "$(ls data)" ]
}

@test "mounts are its own, and it is the process itself" {
	only rootless
	mkdir here
	berth unshare sh -c 'mount -t tmpfs none here && echo x >here/x && cat here/x'
	[ -z "$(ls here)" ]
	SHELL=/bin/echo run berth unshare
	want 0
	[ -z "$output" ]
	[ "$(echo 'echo $0' | SHELL= berth unshare)" = /bin/sh ]
	# No process of berth is between it and who started it.
	run bash -c "'$BERTH' --root '$ROOT' unshare sh -c 'echo \$PPID'; echo \$\$"
	[ "${lines[0]}" = "${lines[1]}" ]
	run berth unshare sh -c 'kill -TERM $$'
	want 143
	run berth unshare sh -c 'exit 7'
	want 7
}

@test "what cannot be" {
	if [ "$(persona)" = root ]; then
		split berth unshare true
		want 125
		err_has "ordinary users"
		return
	fi
	split berth unshare no-such-command
	want 127
	err_has no-such-command
	split berth unshare /etc/passwd
	want 126
	err_has /etc/passwd
	echo '#!/no/such' >script
	chmod 755 script
	split berth unshare ./script
	want 127
}
