# SPDX-License-Identifier: LGPL-2.1-or-later
# Bundles for the OCI runtime: `load ../helper/bundle` after ../helper/berth.
#
#   oci ARG...            berth-oci with the state of this test below $T
#   bundle NAME [JQ]      makes $T/NAME with a root of busybox, and a config.json that this user can run, with no
#                         terminal and a root that can be written, changed by a jq program
#   oci_status ID         prints the status of a container
#   oci_teardown          deletes what is left; for teardown() before berth_teardown
#   try JQ SCRIPT         runs a bundle changed by the jq program, whose process is this script: $status, $output, $stderr
#   refused JQ TEXT       such a bundle is an error with this text, and nothing has run
#   own_cgroup            for setup() after berth_setup: $name is a cgroup of this test's own, $v the version of cgroups here
#   remove_cgroup         for teardown() after oci_teardown

oci() {
	"${BERTH%/*}/berth-oci" --root "$T/oci" "$@"
}

bundle() { # NAME [JQ]
	local dir=$T/$1 rootless=()
	[ "$(id -u)" = 0 ] || rootless=(--rootless)
	mkdir -p "$dir"
	[ -d "$BATS_FILE_TMPDIR/rootfs" ] || busybox_root "$BATS_FILE_TMPDIR/rootfs"
	cp -a -T "$BATS_FILE_TMPDIR/rootfs" "$dir/rootfs"
	rm -f "$dir/config.json"
	oci spec -b "$dir" "${rootless[@]}"
	jq ".process.terminal = false | .root.readonly = false | ${2:-.}" "$dir/config.json" >"$dir/.new"
	mv "$dir/.new" "$dir/config.json"
}

busybox_root() { # DIR
	local name
	mkdir -p "$1"/{bin,dev,etc,proc,sys,tmp,root}
	cp "$(type -P busybox)" "$1/bin/busybox"
	echo 'root:x:0:0:root:/root:/bin/sh' >"$1/etc/passwd"
	for name in sh cat echo env false head hostname id ls mkdir mount mountpoint printf ps pwd readlink rm seq sleep stat \
		stty test touch tr true tty umount uname wc chmod chown cut dd dmesg find grep kill ln mknod nproc sed sort tail vi; do
		ln -sf busybox "$1/bin/$name"
	done
}

oci_status() {
	oci state "$1" | jq -r .status
}

oci_teardown() {
	local id
	for id in $(oci list -q 2>/dev/null); do
		oci delete --force "$id" || :
	done
}

sh_args() { # TEXT: a jq program
	jq -rn --arg text "$1" '".process.args = [\"sh\", \"-c\", \($text | tojson)]"'
}

try() { # JQ SCRIPT
	bundle a "$1 | $(sh_args "$2")"
	split oci run -b "$T/a" a
}

refused() { # JQ TEXT
	try "$1" "echo it ran"
	want 1
	lacks "it ran"
	err_has "$2"
}

own_cgroup() {
	name=berth-test-${T##*.}
	case $(stat -f -c %T /sys/fs/cgroup) in
	cgroup2fs) v=2 ;;
	*) v=1 ;;
	esac
}

remove_cgroup() {
	find /sys/fs/cgroup -depth -type d -path "*$name*" -exec rmdir {} + 2>/dev/null || :
}
