# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

@test "every line is OK or FIX, and a machine that runs containers is status 0" {
	run berth doctor
	want 0
	for line in "${lines[@]}"; do
		[[ $line == "OK   "* || $line == "FIX  "* ]]
	done
	has "OK   kernel: Linux $(uname -r)"
	has "OK   seccomp:"
	has "OK   store: '$ROOT'"
	has "OK   runroot:"
	has "OK   overlay: works on '$ROOT'"
	has "cgroups:"
	has "network:"
}

@test "nothing is left in the store by the overlay that is tried" {
	run berth doctor
	want 0
	[ -z "$(find "$ROOT/tmp" -mindepth 1 -maxdepth 1 -type d)" ]
}

@test "as root nothing is said of user namespaces" {
	only root
	run berth doctor
	want 0
	lacks "user namespaces:"
	lacks "subordinate ids:"
}

@test "with subordinate ids the maps are really written" {
	only sub
	run berth doctor
	want 0
	has "OK   user namespaces:"
	has "OK   subordinate ids: 65536 uids and 65536 gids, and newuidmap can map them"
	has "in a user namespace"
}

@test "without subordinate ids the command that gives some is named, and containers run" {
	only one
	run berth doctor
	want 0
	has "OK   user namespaces:"
	has "FIX  subordinate ids:"
	has "usermod --add-subuids"
	has "--add-subgids"
	has "$(id -un)"
}

@test "the ranges that are proposed are nobody's" {
	only one
	run berth doctor
	[[ $output =~ add-subuids\ ([0-9]+)-([0-9]+) ]]
	first=${BASH_REMATCH[1]} last=${BASH_REMATCH[2]}
	[ $((last - first)) = 65535 ]
	while IFS=: read -r _ from count; do
		[ "$from" -gt "$last" ] || [ $((from + count)) -le "$first" ]
	done </etc/subuid
}

@test "no_new_privs is found" {
	only sub
	need setpriv
	run setpriv --no-new-privs "$BERTH" --root "$ROOT" --runroot "$RUNROOT" doctor
	want 0
	has "FIX  subordinate ids:"
	has "no_new_privs is set"
}

@test "a store that cannot be made is status 125 and names the directory" {
	run "$BERTH" --root /proc/berth --runroot "$RUNROOT" doctor
	want 125
	has "FIX  store:"
	has "/proc/berth"
	has "OK   kernel:"
}

@test "a runroot that cannot be written is status 125" {
	only rootless
	mkdir "$T/closed"
	chmod 500 "$T/closed"
	run "$BERTH" --root "$ROOT" --runroot "$T/closed" doctor
	chmod 700 "$T/closed"
	want 125
	has "FIX  runroot:"
	has "--runroot"
}

@test "a full file system is found" {
	only root
	mkdir "$T/small"
	mount -t tmpfs -o size=4m none "$T/small"
	run "$BERTH" --root "$T/small/root" --runroot "$T/small/run" doctor
	umount "$T/small"
	want 125
	has "FIX  runroot: only"
	has "FIX  space: only"
}

@test "a kernel that forbids user namespaces is status 125 and the sysctl is named" {
	only root
	as_user one true
	# Limits of a user namespace count for those below it.
	run as_user one unshare --user --map-root-user sh -c "
		echo 0 >/proc/sys/user/max_user_namespaces &&
		exec \"\$0\" --root $T/one/root --runroot $T/one/run doctor" "$BERTH"
	want 125
	has "FIX  user namespaces: user namespaces are forbidden: user.max_user_namespaces is 0"
	has "sysctl -w user.max_user_namespaces="
}

@test "operands are refused" {
	split berth doctor now
	want 125
}
