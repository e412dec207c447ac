# SPDX-License-Identifier: LGPL-2.1-or-later
# Containers that run while a test acts upon them: `load ../helper/live` after `load ../helper/berth`.
#
#   up NAME [OPTION...] IMAGE COMMAND...   starts it in the background, and returns when it runs; $supervisor is
#                                          its process, $T/NAME.out what it prints
#   obeys NAME [OPTION...]                 one that ends with 9 on SIGTERM and prints every other signal it gets
#   is_state NAME STATE                    as ps says
#   has_cgroup                             has a container of this persona a cgroup of its own?

up() {
	local name=$1
	shift
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --network none --name "$name" "$@" \
		</dev/null >"$T/$name.out" 2>"$T/$name.err" 3>&- &
	supervisor=$!
	eventually 10 is_state "$name" running || {
		cat "$T/$name.err"
		return 1
	}
}

obeys() {
	local name=$1
	shift
	up "$name" "$@" busybox sh -c 'trap "exit 9" TERM
		for s in HUP USR1 RTMIN+3; do trap "echo $s" $s; done 2>/dev/null
		trap "echo 37" 37
		echo ready
		while :; do sleep 0.05; done'
	eventually 10 grep -q ready "$T/$name.out"
}

is_state() {
	[ "$(berth ps -a --filter "name=^$1\$" --format '{{.State}}')" = "$2" ]
}

has_cgroup() {
	[ "$(persona)" = root ] || [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]
}
