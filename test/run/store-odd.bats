# SPDX-License-Identifier: LGPL-2.1-or-later
# Stores that cannot be written, or not any more, on file systems that lack something, and limits of the process.
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

# on FILE-SYSTEM: $ROOT is on such a one, at $T/disk.
on() {
	mkdir -p "$T"/{disk,lower,upper,work}
	case $1 in
	overlay) mount -t overlay -o "lowerdir=$T/lower,upperdir=$T/upper,workdir=$T/work" none "$T/disk" ;;
	*) mount -t "$1" none "$T/disk" ;;
	esac
	ROOT=$T/disk/root
}

# Everything that a store is for, with an image that has whiteouts and replaces a directory.
is_good_for_all() {
	split berth pull -q "$REGISTRY/many:1"
	want 0
	[ -z "$stderr" ]
	[ "$(berth run --rm --network none "$REGISTRY/many:1" sh -c 'cat /data/kept/file; ls /data/hidden /layers')" = \
		$'09\n/data/hidden:\nother\n\n/layers:\n09' ]
	split berth run --rm --network none "$REGISTRY/many:1" sh -c 'rm -r /data && mkdir /data && ls /data'
	want 0
	[ -z "$output" ]
	store_is_clean
	split berth load -q -i "$(image many.docker.tar)"
	want 0
	[ "$(berth run --rm --network none many cat /data/kept/file)" = 09 ]
	berth system check
	berth rmi many "$REGISTRY/many:1"
	store_is_clean
	[ -z "$(ls "$ROOT/layers")" ]
}

nothing_is_left() {
	store_is_clean orphans partial
	berth system check
	[ -z "$(find "$ROOT"/scratch/{upper,work,volumes} -mindepth 1 2>/dev/null)" ]
}

@test "a store on tmpfs" {
	if [ "$(persona)" = root ]; then
		on tmpfs
		is_good_for_all
		umount "$T/disk"
		return
	fi
	# In a mount namespace of the user's own.
	mkdir "$T/disk"
	split unshare --map-root-user --mount sh -c '
		mount -t tmpfs none "$T/disk" && cd / && berth="$BERTH --root $T/disk/root --runroot $T/disk/run" &&
		$berth pull -q "$REGISTRY/many:1" && $berth run --rm --network none "$REGISTRY/many:1" cat /data/kept/file &&
		$berth system check && $berth rmi "$REGISTRY/many:1" && "$0" "$T/disk/root"' "$helper/store-clean"
	want 0
	has $'\n09\n'
}

@test "a store without extended attributes: what works, what is refused, and doctor says so" {
	only root
	on ramfs
	run berth doctor
	want 0
	has "FIX  attributes: the file system of '$ROOT' keeps no extended attributes"
	lacks "0B"
	split berth pull -q "$REGISTRY/busybox:1"
	want 0
	[ "$(berth run --rm --network none "$REGISTRY/busybox:1" sh -c 'rm /bin/ls; echo x >/x; cat /x; [ -e /bin/ls ] || echo gone')" = $'x\ngone' ]
	[ "$(berth run --rm --network none "$REGISTRY/busybox:1" sh -c 'rm -r /home 2>&1')" = "rm: can't remove '/home': Input/output error" ] || :
	for what in "pull -q $REGISTRY/many:1" "load -q -i $(image many.docker.tar)" \
		"run --rm --network none docker-archive:$(image many.docker.tar) true" "run --rm --network none $REGISTRY/many:1 true"; do
		split berth $what
		fails_well "in the store '$ROOT': cannot hide what lower layers have in 'hidden': Operation not supported"
		err_has "hint: the file system of the store has no extended attributes of users; choose another directory with --root"
		nothing_is_left
	done
	[ "$(berth images -q | wc -l)" = 1 ]
	berth rmi "$REGISTRY/busybox:1"
	store_is_clean partial
	umount "$T/disk"
}

@test "a store on an overlay: what works, what is refused, and doctor says so" {
	only root
	on overlay
	run berth doctor
	want 125
	has "FIX  overlay: an overlay on the file system of '$ROOT' does not work"
	has "choose a directory on ext4, xfs, btrfs or tmpfs with --root"
	lacks modprobe
	split berth pull -q "$REGISTRY/busybox:1"
	want 0
	for what in "$REGISTRY/busybox:1" "docker-archive:$(image busybox.docker.tar)"; do
		split berth run --rm --network none "$what" true
		fails_well "upperdir=$ROOT/scratch/"
		err_has "choose a directory on ext4, xfs, btrfs or tmpfs with --root"
		nothing_is_left
		[ "$(berth run --rm --read-only --network none "$what" echo works)" = works ]
	done
	for what in "pull -q $REGISTRY/many:1" "load -q -i $(image many.docker.tar)"; do
		split berth $what
		fails_well "in the store '$ROOT': cannot make the whiteout 'layers/0"
		err_has "no overlay itself: choose another directory with --root"
		nothing_is_left
	done
	umount "$T/disk"
}

# newuidmap is set-id, and is not while it is traced.
@test "a file system that refuses what it was asked for: an image, or none" {
	only root one
	need strace
	for what in linkat:EPERM:1+ renameat2:EIO:1 renameat2:EINVAL:1+ syncfs:EIO:2 fsync:EIO:1 fsync:EIO:3 fsync:EINVAL:1+ \
		ftruncate:EIO:1+ fallocate:EOPNOTSUPP:1+ mkdirat:EDQUOT:1 mkdirat:EDQUOT:3; do
		IFS=: read -r call error when <<<"$what"
		only=()
		[ "$call:$error" != fsync:EINVAL ] || only=(-P "$ROOT" -P "$ROOT/layers" -P "$ROOT/blobs/sha256")
		split strace -f -qq -o /dev/null "${only[@]}" -e "trace=$call" -e "inject=$call:error=$error:when=$when" \
			"$BERTH" --root "$ROOT" --runroot "$RUNROOT" pull -q "$REGISTRY/many:1"
		[ "$status" = 0 ] || want 125 || { echo "$what"; return 1; }
		# Where the last step failed it may be there as well, whole.
		[ "$status" = 0 ] || [ -z "$(berth images -q)" ] ||
			[ "$(berth run --rm --network none "$REGISTRY/many:1" cat /data/kept/file)" = 09 ] || { echo "$what"; return 1; }
		case $what in
		renameat2:EINVAL:* | fsync:EINVAL:* | fallocate:*) want 0 || { echo "$what"; return 1; } ;;
		esac
		eventually 3 nothing_is_left || { echo "$what: $stderr"; return 1; }
		echo "$what: $status $stderr"
		split berth pull -q "$REGISTRY/many:1"
		want 0
		berth rmi -f "$REGISTRY/many:1" >/dev/null
		store_is_clean
	done
}

@test "a store that is reached by a symbolic link" {
	mkdir "$T/real"
	ln -s real "$T/link"
	ROOT=$T/link
	is_good_for_all
	ROOT=$T/real
	store_is_clean
	# One that leads nowhere, or into a circle, is not followed, and nothing is made.
	for target in nowhere circle; do
		ln -s $target "$T/circle"
		ROOT=$T/circle
		split berth pull -q "$REGISTRY/busybox:1"
		want 125
		err_has "'$T/circle'"
		err_has "choose another directory with --root"
		rm "$T/circle"
		[ ! -e "$T/nowhere" ]
	done
	touch "$T/file"
	ROOT=$T/file
	split berth images
	want 125
	err_has "cannot open the store '$T/file': Not a directory"
}

@test "directories that the user may not write to" {
	only rootless
	mkdir -m 500 "$T/closed"
	for what in "pull -q $REGISTRY/busybox:1" "load -q -i $(image busybox.docker.tar)" images \
		"run --rm --network none docker-archive:$(image busybox.docker.tar) true"; do
		split "$BERTH" --root "$T/closed/root" --runroot "$RUNROOT" $what
		want 125
		err_has "cannot make the directory '$T/closed/root': Permission denied"
		err_has "choose another directory with --root"
	done
	split "$BERTH" --root /root/store --runroot "$RUNROOT" images
	want 125
	err_has "'/root/store': Permission denied"
	# A store whose mode was taken away.
	busybox
	[ "$(berth run --rm --network none busybox echo works)" = works ]
	chmod 500 "$ROOT"
	for what in "tag busybox other" "rmi busybox" "image prune -af" "pull -q $REGISTRY/busybox:1" \
		"load -q -i $(image many.docker.tar)"; do
		split berth $what
		fails_well "$ROOT"
		err_has "Permission denied"
	done
	[ "$(berth run --rm --network none busybox echo works)" = works ]
	chmod 700 "$ROOT"
	store_is_clean orphans
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
