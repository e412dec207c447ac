#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Hostile layers, one test a family: `make` writes them, `check` unpacks them and looks at what comes out.

load ../helper/berth

corpus=$BATS_TEST_DIRNAME

setup_file() {
	canary=$BATS_FILE_TMPDIR/canary
	mkdir -p "$canary/d"
	echo f >"$canary/f"
	chmod 4711 "$canary/f"
	ln "$canary/f" "$canary/d/hard"
	ln -s ../f "$canary/d/soft"
	mkfifo "$canary/p"
	touch -d @1000000000 "$canary/f" "$canary/d" "$canary/p"
	"$corpus/make" "$BATS_FILE_TMPDIR/corpus" "$canary"
}

# A layer is synced when it is unpacked: in memory, where that keeps attributes, this takes no time.
setup() {
	berth_setup
	stores=$(mktemp -d /dev/shm/berth.XXXXXX 2>/dev/null) || stores=
	python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.a", b"")' "${stores:-/nowhere}" 2>/dev/null || {
		[ -z "$stores" ] || rmdir "$stores"
		stores=$T/stores
		mkdir "$stores"
	}
}

teardown() {
	berth_remove "$stores"
	berth_teardown
}

family() {
	"$corpus/check" "$(persona)" "$BATS_FILE_TMPDIR/corpus/$1" "$stores" "$BATS_FILE_TMPDIR/canary"
}

@test "names of layers: dot-dot, absolute, long, deep, odd bytes" {
	family names
}

@test "whiteouts of layers: malformed, opaque, in every order" {
	family whiteouts
}

@test "symbolic links of layers: out, in a circle, replaced" {
	family symlinks
}

@test "hard links of layers: out, to lower layers, to what is no file" {
	family hard-links
}

@test "types of entries of layers: devices, unknown ones, one after the other" {
	family types
}

@test "owners, modes, times and attributes of layers" {
	family metadata
}

@test "the format of layers: truncated, damaged, ambiguous" {
	family format
}

@test "sparse files of layers" {
	family sparse
}

@test "compression of layers: bombs, windows, members" {
	family compression
}
