#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Hostile layers, one test a family. Each is unpacked into a store of its own; what comes out, and that nothing outside
# changed, is compared. UNPACK=PROGRAM unpacks without an image: PROGRAM STORE FILE.

load ../helper/berth

corpus=$BATS_TEST_DIRNAME

setup() {
	berth_setup
	mkdir "$T/canary" "$T/canary/d"
	echo f >"$T/canary/f"
	chmod 4711 "$T/canary/f"
	ln "$T/canary/f" "$T/canary/d/hard"
	ln -s ../f "$T/canary/d/soft"
	mkfifo "$T/canary/p"
	touch -d @1000000000 "$T/canary/f" "$T/canary/d" "$T/canary/p"
	"$corpus/make" "$T/corpus" "$T/canary"
	outside >"$T/before"
}

# Everything that a layer might reach by a name of the host.
outside() {
	find "$T/canary" -printf '%p %y %m %U:%G %n %s %T@ %l\n' | sort
	find "$T/canary" -type f -exec sha256sum {} + | sort
	ls -A / /tmp/lib /tmp/usr 2>/dev/null || :
}

unpack() { # STORE FILE
	if [ -n "${UNPACK:-}" ]; then
		timeout 60 "$UNPACK" "$1" "$2"
	else
		timeout 60 "$BERTH" --root "$1" --runroot "$1.run" import "$2"
	fi
}

# The ids of the files as they are inside.
listing() {
	case $(persona) in
	root) "$corpus/list" "$1" ;;
	sub) unshare --map-root-user --map-auto "$corpus/list" "$1" ;;
	one) unshare --map-root-user "$corpus/list" "$1" ;;
	esac
}

refused() { # FILE STORE STATUS
	local case=${1%.tar} text
	text=$(cat "$T/stderr")
	[ "$3" = 125 ] || echo "exit status $3: $text"
	[ -z "$(ls -A "$2/layers")" ] || echo "a layer was made"
	[ "$(wc -c <"$T/stderr")" -le 4096 ] || echo "the message is too long"
	[ "$(wc -l <"$T/stderr")" -le 2 ] || echo "the message has more than two lines"
	! LC_ALL=C grep -q '[^ -~]' "$T/stderr" || LC_ALL=C.UTF-8 grep -qx '[[:print:]]*' "$T/stderr" || echo "the message has control characters"
	[ ! -f "$case.says" ] || grep -qF -- "$(cat "$case.says")" "$T/stderr" || echo "it does not say '$(cat "$case.says")': $text"
}

accepted() { # FILE STORE STATUS
	local case=${1%.tar}
	if [ "$3" != 0 ]; then
		echo "exit status $3: $(cat "$T/stderr")"
		return
	fi
	# An empty listing is an empty line.
	listing "$2"/layers/* >"$T/list" 2>&1 || echo "cannot list"
	diff -u <(grep . "$case.list") "$T/list" || :
}

check() { # FILE: prints what is wrong
	local case=${1%.tar} store status=0
	[ ! -f "$case.only" ] || grep -qw "$(persona)" "$case.only" || return 0
	store=$T/store/$(basename "$case")
	unpack "$store" "$1" >"$T/stdout" 2>"$T/stderr" || status=$?
	case $(basename "$1") in
	should-fail-*) refused "$1" "$store" $status ;;
	*)
		if grep -qsw "$(persona)" "$case.fails-for"; then
			refused "$1" "$store" $status
		else
			accepted "$1" "$store" $status
		fi
		;;
	esac
	[ -z "$(ls -A "$store/tmp" | grep -vx garbage)" ] || echo "something is left in tmp/"
	outside | diff "$T/before" - || echo "something changed outside"
	berth_remove "$store"
}

family() {
	local file said bad=0 n=0
	mkdir -p "$T/store"
	for file in "$T/corpus/$1"/*.tar; do
		n=$((n + 1))
		said=$(check "$file")
		[ -n "$said" ] || continue
		bad=$((bad + 1))
		printf '%s: %s\n' "$(basename "$file")" "$said"
	done
	echo "$bad of $n are wrong"
	[ $n -gt 10 ]
	[ $bad = 0 ]
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
