# SPDX-License-Identifier: LGPL-2.1-or-later
# A place for other people's engines: `load ../helper/room` after `load ../helper/berth`; as root.
#
# Engines write to /run, /etc and /var/lib, make bridges and rules for packets, want a shared /, share locks in
# /dev/shm, and refuse hosts where version 2 of the cgroups is mounted beside version 1. In a room they have mounts and a
# network of their own; what they do there is gone with it.
#
#   room_open        for setup_file: $ROOM is the room's directory, for the store and the settings of the engine
#   inside CMD...    runs it in the room
#   room_processes   the processes that run in the room, or in containers that were made there: "PID COMMAND" a line
#   room_close       for teardown_file: fails, and ends it, if something runs there still

room_open() {
	ROOM=$(mktemp -d "${TMPDIR:-/tmp}/room.XXXXXX")
	chmod 755 "$ROOM"
	export ROOM
	unshare --mount --net --propagation private bash -euc '
		mount --make-rshared /
		if mountpoint -q /sys/fs/cgroup/unified; then
			umount /sys/fs/cgroup/unified
		fi
		mount -t tmpfs -o mode=755 room /run
		mount -t tmpfs -o mode=1777 room /dev/shm
		for dir in /etc /var/lib; do
			mkdir -p /run/room"$dir" /run/room/work"$dir"
			mount -t overlay -o lowerdir="$dir",upperdir=/run/room"$dir",workdir=/run/room/work"$dir" room "$dir"
		done
		# crun gives the file at stdin to the root of a user namespace: /dev/null, and for the whole machine.
		mknod -m 666 /run/room/null c 1 3
		mount --bind /run/room/null /dev/null
		ip link set lo up
		touch "$1/open"
		exec sleep infinity' room "$ROOM" </dev/null >"$ROOM/log" 2>&1 3>&- &
	ROOM_PID=$!
	export ROOM_PID
	eventually 60 test -e "$ROOM/open" || {
		cat "$ROOM/log"
		return 1
	}
}

inside() {
	nsenter --target "$ROOM_PID" --mount --net env --chdir="$PWD" "$@"
}

room_processes() {
	local pid
	{
		grep -lsaF -f <(echo "$ROOM/") /proc/[0-9]*/cmdline /proc/[0-9]*/mountinfo | cut -d/ -f3
		find /proc/[0-9]*/ns/mnt -maxdepth 0 -lname "$(readlink "/proc/$ROOM_PID/ns/mnt")" 2>/dev/null | cut -d/ -f3
	} | sort -un | while read -r pid; do
		[ "$pid" = "$ROOM_PID" ] || [ ! -d "/proc/$pid" ] || echo "$pid $(tr '\0' ' ' <"/proc/$pid/cmdline")"
	done
}

room_is_empty() {
	[ -z "$(room_processes)" ]
}

room_close() {
	local rc=0 pid rest
	[ -n "${ROOM:-}" ] || return 0
	eventually 60 room_is_empty || {
		rc=1
		echo "processes left behind in the room:"
		room_processes | while read -r pid rest; do
			echo "  $pid $rest"
			kill -KILL "$pid" 2>/dev/null || :
		done
	}
	kill "$ROOM_PID"
	wait "$ROOM_PID" 2>/dev/null || :
	rm -rf "$ROOM"
	return $rc
}
