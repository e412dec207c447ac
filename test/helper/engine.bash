# SPDX-License-Identifier: LGPL-2.1-or-later
# containerd and dockerd for test/oci: `load ../helper/engine` after `load ../helper/berth`.
#
# They have namespaces of their own for mounts, network and processes: their bridges, firewall rules and mounts are not the
# host's, and all of it ends with the first process in there. Their files stand in $E, their cgroups in $ENGINE_CGROUP.
# Both know two runtimes: "runc", and "berth", which is the binary under test by its name berth-oci.
#
#   engine_up             the namespaces and containerd, for setup_file
#   engine_down           the end of all, for teardown_file: fails when something stays
#   dockerd_up            dockerd in there; lines of $DOCKERD_JSON are added to its configuration
#   dockerd_is_up         does it answer?
#   dockerd_kill          ends it without warning: its containers stay
#   inside CMD            CMD in these namespaces; the program "$E/inside" is the same
#   docker ARG            the client
#   ctr ARG               containerd's client, in there: its pipes stand in /run
#   each FUNCTION ARG     FUNCTION with $RUNTIME runc and then berth: fails unless both print the same and end alike. What
#                         they print is in $output; $N is a name for what the function makes, which is not in the comparison
#   until_so SECONDS CMD  in there: waits for CMD, which prints nothing, and ends the function if that is in vain
#   engine_teardown       for teardown(): removes what is left, and fails if anything stays
#   engine_is_clean       fails if a container has left state or a cgroup behind

engine_up() {
	local path
	E=$(mktemp -d "${TMPDIR:-/tmp}/engine.XXXXXX")
	# Where a root of a user namespace comes through as well.
	chmod 711 "$E"
	ENGINE_CGROUP=/berth-engine-${E##*.}
	export E ENGINE_CGROUP DOCKER_HOST=unix://$E/docker.sock DOCKER_CONFIG=$E/client
	export CONTAINERD_ADDRESS=$E/containerd.sock CONTAINERD_NAMESPACE=test
	mkdir "$E/client" "$E/containerd"
	path=$(realpath "$BERTH")
	ln -s "$path" "$E/berth-oci"
	# runc takes no host where version 2 of the cgroups is mounted beside version 1.
	cat >"$E/init" <<-'EOI'
		! mountpoint -q /sys/fs/cgroup/unified || umount /sys/fs/cgroup/unified
		mkdir "$E/host-run"
		mount --rbind /run "$E/host-run"
		mount -t tmpfs -o mode=755 tmpfs /run
		for dir in dbus systemd; do
			[ ! -d "$E/host-run/$dir" ] || { mkdir "/run/$dir" && mount --rbind "$E/host-run/$dir" "/run/$dir"; }
		done
		umount -l "$E/host-run"
		mount --make-rshared /
		ip link set lo up
		echo $$ >"$E/ready"
		exec sleep infinity
	EOI
	unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private \
		tini -- sh -e "$E/init" >"$E/init.log" 2>&1 </dev/null 3>&- &
	echo $! >"$E/unshare.pid"
	eventually 60 test -s "$E/ready"
	pgrep -P "$(cat "$E/unshare.pid")" >"$E/init.pid"
	printf '#!/bin/sh\nexec nsenter --target %s --mount --net --pid --wd="$PWD" -- "$@"\n' "$(cat "$E/init.pid")" >"$E/inside"
	chmod +x "$E/inside"
	inside mountpoint -q /run
	cat >"$E/containerd.toml" <<-EOT
		version = 2
		root = "$E/containerd/root"
		state = "$E/containerd/state"
		disabled_plugins = ["io.containerd.grpc.v1.cri"]
		[grpc]
		  address = "$E/containerd.sock"
		[plugins."io.containerd.internal.v1.opt"]
		  path = "$E/containerd/opt"
	EOT
	inside containerd --config "$E/containerd.toml" >"$E/containerd.log" 2>&1 </dev/null 3>&- &
	eventually 60 test -S "$E/containerd.sock"
	eventually 60 ctr version >/dev/null 2>&1
}

inside() {
	"$E/inside" "$@"
}

dockerd_up() {
	cat >"$E/daemon.json" <<-EOJ
		{
			"runtimes": { "berth": { "path": "$E/berth-oci" } },
			"data-root": "$E/docker", "exec-root": "$E/exec", "pidfile": "$E/dockerd.pid",
			"hosts": ["unix://$E/docker.sock"], "containerd": "$E/containerd.sock",
			"deprecated-key-path": "$E/key.json", "cgroup-parent": "$ENGINE_CGROUP",
			${DOCKERD_JSON:+$DOCKERD_JSON,}
			"shutdown-timeout": 5
		}
	EOJ
	# Not in the directory of a test, which it may outlive.
	(cd "$E" && inside dockerd --config-file "$E/daemon.json") >>"$E/dockerd.log" 2>&1 </dev/null 3>&- &
	echo $! >"$E/dockerd.outer"
	eventually 60 dockerd_is_up || {
		tail -20 "$E/dockerd.log"
		return 1
	}
}

dockerd_is_up() {
	docker version >/dev/null 2>&1
}

dockerd_kill() {
	inside sh -c 'kill -KILL "$(cat "$E/dockerd.pid")"'
	eventually 60 eval '! kill -0 "$(cat "$E/dockerd.outer")" 2>/dev/null'
}

engine_down() {
	local rc=0
	[ -n "${E:-}" ] || return 0
	if [ -s "$E/init.pid" ]; then
		kill -KILL "$(cat "$E/init.pid")"
		eventually 60 eval '! grep -qsaF "$E/" /proc/[0-9]*/mountinfo' || {
			echo "mounts of the engine are still there"
			rc=1
		}
	fi
	engine_cgroups | tac | xargs -r rmdir 2>/dev/null
	if engine_cgroups | grep .; then
		echo "cgroups of the engine left behind (above)"
		rc=1
	fi
	rm -rf -- "$E" || rc=1
	return $rc
}

engine_cgroups() {
	find /sys/fs/cgroup -type d -path "*$ENGINE_CGROUP*" 2>/dev/null
}

docker() {
	timeout --foreground -k 1 120 /usr/bin/docker "$@"
}

ctr() {
	timeout --foreground -k 1 60 "$E/inside" ctr "$@"
}

each() {
	local -x RUNTIME N
	for RUNTIME in runc berth; do
		N=$RUNTIME-$((++each_count))
		{
			"$@" && echo "status 0" || echo "status $?"
		} 2>&1 | sed "s/$N/NAME/g" >"$T/$RUNTIME.said"
	done
	output=$(cat "$T/berth.said")
	if ! diff "$T/runc.said" "$T/berth.said" >"$T/difference"; then
		head -n 60 "$T/difference"
		echo "< is what runc does, > is what berth does"
		return 1
	fi
}

until_so() {
	eventually "$@" >/dev/null 2>&1 || {
		echo "in vain: $*"
		exit 1
	}
}

engine_is_clean() {
	local root left
	for root in "$E"/exec/runtime-*/* "$E"/ctr-*/*; do
		left=$(ls "$root" 2>/dev/null) || continue
		[ -z "$left" ] || {
			echo "state left in $root: $left"
			return 1
		}
	done
	if engine_cgroups | grep "$ENGINE_CGROUP/."; then
		echo "cgroups left behind (above)"
		return 1
	fi
}

engine_teardown() {
	local left rc=0
	[ -n "${T:-}" ] || return 0
	left=$(docker ps -aq)
	# shellcheck disable=SC2086
	[ -z "$left" ] || docker rm -f $left >/dev/null || rc=1
	docker network prune -f >/dev/null || rc=1
	engine_is_clean || rc=1
	berth_teardown || rc=1
	return $rc
}
