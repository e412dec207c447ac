# SPDX-License-Identifier: LGPL-2.1-or-later
# Bundles that test/helper/evilbundle writes, part by part: `load ../helper/evil` after ../helper/berth.
#
#   evil_setup            for setup() after berth_setup: $modes are those that this user can try, $mode the first of them
#   bundle [EDIT | ENTRY]...   writes $T/b
#   go                    runs it as the container x: $status, $output, $stderr
#   works, refused TEXT   writes it, runs it, and wants a success, or an error with this text and nothing left of x

evil_setup() {
	[ -x /usr/bin/busybox ] || skip "missing: busybox"
	modes=(rootless)
	[ "$(persona)" != root ] || modes=(root userns)
	mode=${modes[0]}
}

bundle() {
	rm -rf "$T/b"
	"$helper/evilbundle" "$T/b" "$mode" "$@"
}

go() {
	split timeout 30 "$BERTH" oci --root "$T/state" run --bundle "$T/b" x
	# A few lines, and nothing in them that a terminal would obey.
	[ "$(wc -c <"$T/.stderr")" -le 4096 ]
	if LC_ALL=C grep '[^[:print:]]' "$T/.stderr"; then
		return 1
	fi
}

works() { # [EDIT | ENTRY]...
	bundle "$@"
	go
	want 0
}

refused() { # TEXT [EDIT | ENTRY]...
	local text=$1
	shift
	bundle "$@"
	go
	want 1
	err_has "$text"
	[ ! -e "$T/state/x" ]
}
