# SPDX-License-Identifier: LGPL-2.1-or-later
# Stores that cannot be written, or not any more, and limits of the process.
load ../helper/berth
load ../helper/registry

setup_file() {
	registry_start
	push_fixture many many:1
	push_fixture busybox busybox:1
}

teardown() {
	for dir in disk store; do
		mountpoint -q "$T/$dir" && umount -l "$T/$dir"
	done
	registry_stop "$T"
	berth_teardown
}

# The command fails and says why, in one line and a hint, and leaves a store as it was.
fails_well() { # WHY, after `split`
	want 125
	err_has "$1"
	[ "$(wc -l <<<"$stderr")" -le 2 ]
	[ ! -e "$ROOT/index.json" ] || store_is_clean orphans partial
}

@test "a disk of any size: an image is there or not, and what it took is given back" {
	only root
	mkdir "$T/disk"
	ROOT=$T/disk/root
	for what in "pull -q $REGISTRY/many:1" "load -q -i $(image many.docker.tar)"; do
		size=16 failures=0
		while :; do
			mount -t tmpfs -o size=${size}k none "$T/disk"
			split berth $what
			[ "$status" != 0 ] || break
			fails_well "No space left on device"
			failures=$((failures + 1))
			if [ -e "$ROOT/index.json" ]; then
				store_is_clean
				[ "$(du -sk "$ROOT" | cut -f1)" -lt 300 ]
				[ -z "$(berth images -aq)" ]
			fi
			# With more room the next one is fine.
			if [ $((failures % 4)) = 1 ]; then
				mount -o remount,size=64m "$T/disk"
				split berth $what
				want 0
				store_is_clean
			fi
			umount "$T/disk"
			size=$((size + 20 + size / ${BERTH_TEST_SIZES:-6}))
		done
		store_is_clean
		umount "$T/disk"
		echo "$what: $failures sizes were too small"
		[ $failures -ge 8 ]
	done
}

@test "a store that can only be read: what is there can be looked at and pulled, nothing is changed" {
	only root
	berth pull -q "$REGISTRY/busybox:1" >/dev/null
	id=$(berth images -q --no-trunc)
	mkdir "$T/store"
	mount --bind "$ROOT" "$T/store"
	mount -o remount,bind,ro "$T/store"
	local before
	before=$(find "$ROOT" | sort)
	ROOT=$T/store
	[ "$(berth images -q --no-trunc)" = "$id" ]
	[ "$(berth inspect -f '{{.Id}}' "$REGISTRY/busybox:1")" = "$id" ]
	split berth pull -q "$REGISTRY/busybox:1"
	want 0
	[ "sha256:$output" = "$id" ]
	[ -z "$stderr" ]
	berth save -o "$T/saved.tar" "$REGISTRY/busybox:1"
	for what in "pull -q $REGISTRY/many:1" "rmi $REGISTRY/busybox:1" "tag $REGISTRY/busybox:1 other" \
		"load -q -i $(image many.docker.tar)" "image prune -af" "run --rm $REGISTRY/many:1 true"; do
		split berth $what
		fails_well "Read-only file system"
	done
	umount "$T/store"
	ROOT=$T/root
	diff <(echo "$before") <(find "$ROOT" | sort)
	store_is_clean
}

@test "few descriptors: an error, or an image" {
	for n in 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 32 40; do
		split bash -c 'ulimit -n "$1"; shift; exec "$@"' _ $n \
			"$BERTH" --root "$ROOT" --runroot "$RUNROOT" pull -q "$REGISTRY/many:1"
		[ "$status" != 0 ] || break
		fails_well "Too many open files"
	done
	want 0
	[ "$(berth run --rm --network none "$REGISTRY/many:1" cat /data/kept/file)" = 09 ]
	store_is_clean
}

@test "little address space, and small files" {
	split bash -c 'ulimit -v 65536; exec "$@"' _ \
		"$BERTH" --root "$ROOT" --runroot "$RUNROOT" pull -q "$REGISTRY/many:1"
	want 0
	split bash -c 'ulimit -f 64; exec "$@"' _ \
		"$BERTH" --root "$ROOT" --runroot "$RUNROOT" pull -q "$REGISTRY/busybox:1"
	want 125
	store_is_clean orphans partial
	split berth pull -q "$REGISTRY/busybox:1"
	want 0
	store_is_clean
}
