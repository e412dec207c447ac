# SPDX-License-Identifier: LGPL-2.1-or-later
# podman with berth-oci as its runtime: `load ../helper/podman` after `load ../helper/berth` and `load ../helper/room`.
#
#   both FUNCTION...   does the steps of FUNCTION with crun and then with berth-oci; fails unless both say the same. What
#                      was said, the last time, is in $output
#   step ARG...        one step: podman ARG...; tells stdout, stderr and the exit status, without what is another
#                      each time (ids, times, addresses, the name of the runtime)
#   podman ARG...      podman in the room, with the runtime of this round, and a parent for the cgroups of each test;
#                      "$ROOM/podman" is the same as a program, with $runtime and $cgroup exported
#   said LINE          fails unless that is a line of what was said
#   handed=FILE podman..., handed=FILE step...  podman has FILE as its descriptor 3
#   on_terminal SCRIPT ARG...  podman ARG... on a terminal; test/helper/terminal has the words of SCRIPT
#
#   rootless=1         before this file is loaded: podman is an ordinary user, "engine", with subordinate ids
#
# Every test has the image "busybox". After each round all containers are removed, and no process, mount, cgroup or
# state of the runtime may be left. $OCI_RUNTIME is tried in place of berth-oci.

OCI_RUNTIME=${OCI_RUNTIME:-$(dirname "$BERTH")/berth-oci}
reference=$(command -v crun || :)

setup_file() {
	[ "$(id -u)" = 0 ] && command -v podman conmon crun >/dev/null || return 0
	room_open
	inside sh -c 'echo containers:800000000:1000000 | tee -a /etc/subuid >>/etc/subgid'
	local run=/run
	mkdir "$ROOM/home" "$ROOM/tmp"
	if [ -n "${rootless:-}" ]; then
		run=$ROOM/runtime
		mkdir -m 700 "$run"
		inside sh -c 'useradd --no-create-home --no-log-init engine
			sed -i /^engine:/d /etc/subuid /etc/subgid
			echo engine:900000000:65536 | tee -a /etc/subuid >>/etc/subgid
			chown engine: "$@"' sh "$ROOM/home" "$ROOM/tmp" "$run"
	fi
	podman_settings "$run"
	podman_program "$run"
	export runtime=$reference cgroup=
	podman load -q -i "$("$helper/images" busybox.docker.tar)"
}

podman_settings() { # RUNTIME-DIRECTORY
	cat >"$ROOM/containers.conf" <<-EOC
		[containers]
		default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
	EOC
	cat >"$ROOM/storage.conf" <<-EOC
		[storage]
		driver = "overlay"
		graphroot = "$ROOM/home/store"
		runroot = "$1/containers"
		rootless_storage_path = "$ROOM/home/store"
	EOC
}

podman_program() { # RUNTIME-DIRECTORY: writes $ROOM/podman
	local become='' parent='--cgroup-parent "$cgroup"'
	# Where version 1 is, an ordinary user has no cgroups.
	[ -z "${rootless:-}" ] || parent=''
	[ -z "${rootless:-}" ] || become="setpriv --reuid engine --regid engine --init-groups"
	cat >"$ROOM/podman" <<-EOC
		#!/bin/bash
		# The options before the command, the command, and the parent of the cgroups after it.
		words=()
		while [[ \${1:-} == --* ]]; do
			words+=("\$1" "\$2")
			shift 2
		done
		case "\${1:-} \${2:-}" in
		"pod create") words+=(pod create $parent) && shift 2 ;;
		"run "* | "create "* | "build "*) words+=("\$1" $parent) && shift ;;
		esac
		ulimit -n "\$(ulimit -Hn)"
		exec nsenter --target $ROOM_PID --mount --net $become env -i --chdir="\$PWD" PATH="\$PATH" HOME="$ROOM/home" \\
			LANG=C.UTF-8 TERM=xterm ${rootless:+XDG_RUNTIME_DIR=$1} TMPDIR="$ROOM/tmp" \\
			CONTAINERS_CONF="$ROOM/containers.conf" CONTAINERS_STORAGE_CONF="$ROOM/storage.conf" \\
			timeout --foreground -k 1 60 podman --runtime "\$runtime" --tmpdir "$1/libpod" "\${words[@]}" "\$@"
	EOC
	chmod 755 "$ROOM/podman"
}

teardown_file() {
	[ -n "${ROOM:-}" ] || return 0
	room_close
}

setup() {
	only root
	need podman conmon crun
	[ -x "$OCI_RUNTIME" ] || {
		echo "no runtime to test: $OCI_RUNTIME"
		return 1
	}
	berth_setup
	export cgroup=/berth-oci-${T##*.} runtime=$OCI_RUNTIME
}

teardown() {
	local rc=0
	[ -n "${T:-}" ] || return 0
	podman_sweep || rc=1
	berth_teardown || rc=1
	return $rc
}

podman() {
	if [ -n "${handed:-}" ]; then
		"$ROOM/podman" "$@" 3<"$handed"
	else
		"$ROOM/podman" "$@" 3>&-
	fi
}

# What is another each time.
alike() {
	sed -E -e "s#$runtime#RUNTIME#g" -e 's/\b[0-9a-f]{64}\b/ID/g' -e 's/\b[0-9a-f]{12}\b/ID/g' \
		-e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+( ?[-+][0-9]{4}| ?UTC|Z)*/TIME/g' \
		-e 's/(Less than a|About a|[0-9]+) (second|minute)s? ago/AGO/g' -e 's/Up .*(second|minute)s?( |$)/Up AGO\2/' \
		-e 's/\b10\.88\.[0-9]+\.[0-9]+/ADDRESS/g' -e 's/([0-9a-f]{2}:){5}[0-9a-f]{2}/MAC/g' \
		-e "s#$ROOM#ROOM#g" -e 's#ROOM/tmp/podman[0-9]+#FILE#' -e "s#$T#T#g" -e "s#${cgroup#/}#PARENT#g" \
		-e 's/(Error: )?RUNTIME: .*: (OCI [a-z ]*)$/RUNTIME: \2/' -e 's/(OCI runtime error: RUNTIME: ).*/\1.../'
}

tell() { # STATUS: what is in $T/stdout and $T/stderr
	alike <"$T/stdout"
	[ ! -s "$T/stderr" ] || alike <"$T/stderr" | sed 's/^/! /'
	echo "= $1"
}

step() {
	local rc=0
	echo "\$ podman $*" | alike
	podman "$@" >"$T/stdout" 2>"$T/stderr" || rc=$?
	tell $rc
}

on_terminal() {
	local script=$1
	shift
	"$helper/terminal" "$script" "$ROOM/podman" "$@" 2>&1 | alike
	echo "= ${PIPESTATUS[0]}"
}

both() {
	local round
	for round in crun berth; do
		runtime=$reference
		[ $round = crun ] || runtime=$OCI_RUNTIME
		mkdir -p "$T/$round"
		cd "$T/$round" || return
		output=$("$@" 2>&1 </dev/null) || {
			echo "with $round:"
			echo "$output"
			return 1
		}
		echo "$output" >"$T/said.$round"
		podman_sweep || return 1
	done
	cd "$T" || return
	diff -u "$T/said.crun" "$T/said.berth"
}

said() {
	grep -qxF -- "$1" <<<"${output//$'\r'/}" && return
	echo "no line of it: $1"
	echo "$output"
	return 1
}

# podman itself keeps two.
podman_mounts() {
	awk -v a="$ROOM/" -v b=/run/ -v store="$ROOM/home/store/overlay" '
		(index($5, a) == 1 || index($5, b) == 1) && $5 != store && $5 != "/run/netns" { print $5 }' \
		"/proc/$ROOM_PID/mountinfo"
}

# podman leaves its own, conmon, and the runtimes what is between it and the parent.
podman_cgroups() {
	find /sys/fs/cgroup -depth -type d -path "*$cgroup/*" -name 'libpod-*' 2>/dev/null
}

# What begins with a dot is kept for the next one.
podman_states() {
	inside find /run/crun /run/berth/oci "$ROOM"/runtime/{crun,berth/oci} -mindepth 1 -maxdepth 1 ! -name ".*" 2>/dev/null
}

podman_left() {
	{
		podman_mounts | sed 's/^/mount: /'
		podman_cgroups | sed 's/^/cgroup: /'
		podman_states | sed 's/^/state: /'
		room_processes | sed 's/^/process: /'
	} >"$T/left"
	[ ! -s "$T/left" ]
}

podman_clear() {
	podman_cgroups | xargs -r rmdir
	inside find /run/crun "$ROOM/runtime/crun" -mindepth 1 -delete 2>/dev/null || :
}

# Removes all, and fails if something is left then.
podman_sweep() {
	local rc=0
	podman pod rm -f -a -t 0 >/dev/null 2>&1 || :
	podman rm -f -a -t 0 -v >"$T/swept" 2>&1 || {
		cat "$T/swept"
		rc=1
	}
	# The process that keeps the namespaces of an ordinary user.
	[ -z "${rootless:-}" ] || podman system migrate || rc=1
	if [ "$runtime" = "$reference" ] && [ "$runtime" != "$OCI_RUNTIME" ]; then
		# What crun leaves behind is no matter here.
		eventually 5 podman_left || podman_clear
	elif ! eventually 60 podman_left; then
		echo "left behind with $runtime:"
		cat "$T/left"
		rc=1
	fi
	find /sys/fs/cgroup -depth -type d -path "*$cgroup*" -exec rmdir {} + 2>/dev/null || :
	return $rc
}
