# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

case_file() { # CASE: prints the path of what test/helper/image-case writes
	[ -e "$T/cases/$1" ] || { mkdir -p "$T/cases" && "$helper/image-case" "$1" "$T/cases/$1"; }
	echo "$T/cases/$1"
}

@test "every form of one image has the same ID" {
	for form in docker.tar docker.tar.gz docker.tar.zst oci.tar; do
		run berth load -i "$(image busybox.$form)"
		want 0
		run berth images -q
		want 0
		[ "${#lines[@]}" -ge 1 ]
	done
	run berth load -i "$(image busybox.oci)"
	want 0
	run berth load -i "$(image busybox-zstd.oci)"
	want 0
	[ "$(berth images -q --no-trunc | sort -u | wc -l)" = 1 ]
	id=$(skopeo inspect --raw "oci:$(image busybox.oci):latest" | jq -r .config.digest)
	[ "$(berth images -q --no-trunc | head -1)" = "$id" ]
	store_is_clean
}

@test "stdin: a file, a pipe, a compressed pipe" {
	split berth load <"$(image busybox.docker.tar)"
	want 0
	has "Loaded image: docker.io/library/busybox:latest"
	[ -z "$stderr" ]
	cat "$(image busybox.docker.tar)" >"$T/x"
	run bash -c 'cat "$1" | "$BERTH" --root "$ROOT" load' _ "$(image busybox.docker.tar.gz)"
	want 0
	run bash -c 'cat "$1" | "$BERTH" --root "$ROOT" load -q' _ "$(image busybox.oci.tar)"
	want 0
	store_is_clean
}

@test "a terminal on stdin is refused" {
	need script
	run script -qec "$BERTH --root $ROOT load" /dev/null
	want 125
	has "standard input is a terminal"
}

@test "the forms that must load" {
	for name in $("$helper/image-case" --list | grep -v ^bad-); do
		split berth load -i "$(case_file "$name")"
		want 0 || { echo "case $name"; return 1; }
		has "Loaded image" || { echo "case $name"; return 1; }
	done
	store_is_clean
}

@test "names: tags, annotations, none" {
	run berth load -i "$(case_file docker-two-tags)"
	has "Loaded image: docker.io/library/case:latest"
	has "Loaded image: quay.io/other/case:v1"
	run berth load -i "$(case_file oci-containerd-name)"
	has "Loaded image: docker.io/library/full:1"
	run berth load -i "$(case_file docker-untagged)"
	has "Loaded image ID: sha256:"
	run berth load -i "$(case_file oci-two-names)"
	has "Loaded image: docker.io/library/one:1"
	has "Loaded image: docker.io/library/two:2"
	store_is_clean
}

@test "a layer that is a link to another one" {
	for name in docker-symlinked-layer docker-hard-linked-layer; do
		run berth load -i "$(case_file $name)"
		want 0
		[ "$(berth inspect -f '{{len .RootFS.Layers}}' case)" = 3 ]
		[ "$(find "$ROOT/layers" -mindepth 1 -maxdepth 1 -type d | wc -l)" = 2 ]
	done
	store_is_clean
}

@test "what must be refused is refused, and leaves nothing" {
	for name in $("$helper/image-case" --list | grep ^bad-); do
		split berth load -i "$(case_file "$name")"
		want 125 || { echo "case $name"; return 1; }
		[ -z "$output" ] || { echo "case $name prints $output"; return 1; }
		[[ $stderr == "berth: load: "* ]] || { echo "case $name says $stderr"; return 1; }
		[[ $stderr != *$'\e'* ]] || { echo "case $name: an escape came through"; return 1; }
		[ -z "$(berth images -a -q)" ] || { echo "case $name left an image"; return 1; }
		[ -z "$(ls "$ROOT/layers" "$ROOT/blobs/sha256" | grep -v :)" ] || { echo "case $name left files"; return 1; }
	done
	store_is_clean
	run berth load -q -i "$(case_file docker)"
	want 0
}

@test "truncated and corrupt archives" {
	local file size i
	for form in docker.tar docker.tar.gz docker.tar.zst oci.tar; do
		file=$(image busybox.$form)
		size=$(stat -c %s "$file")
		for i in 0 1 511 512 513 $((size / 7)) $((size / 3)) $((size / 2)) $((size * 9 / 10)); do
			head -c "$i" "$file" >"$T/cut"
			split berth load -i "$T/cut"
			want 125 || { echo "$form cut at $i"; return 1; }
			split bash -c 'cat "$1" | "$BERTH" --root "$ROOT" load' _ "$T/cut"
			want 125 || { echo "$form cut at $i, through a pipe"; return 1; }
		done
	done
	[ -z "$(berth images -a -q)" ]
	store_is_clean
	for i in 100 70000 500000 900000; do
		cp "$(image busybox.oci.tar)" "$T/bad"
		printf '\377\000\377' | dd of="$T/bad" bs=1 seek="$i" conv=notrunc status=none
		split berth load -i "$T/bad"
		# A byte of padding may have been hit: then it is the same image.
		[ "$status" = 125 ] || [ "$status" = 0 ]
	done
	store_is_clean
}

@test "platforms of an index" {
	run berth load --platform linux/arm64 -i "$(image multi.oci)"
	want 0
	name=${output#Loaded image: }
	[ "$(berth inspect -f '{{.Architecture}}' "$name")" = arm64 ]
	run berth load -i "$(image multi.oci.tar)"
	want 0
	[ "$(berth inspect -f '{{.Architecture}}' "$name")" = amd64 ]
	split berth load --platform linux/s390x -i "$(image multi.oci)"
	want 125
	err_has "linux/s390x"
	err_has "linux/riscv64"
	split berth load --platform linux/s390x -i "$(case_file docker)"
	want 125
	err_has "linux/amd64"
	split berth load --platform a/b/c/d -i "$(case_file docker)"
	want 125
	err_has "is not a platform"
	store_is_clean
}

@test "no file, no permission, a directory that is none" {
	split berth load -i "$T/none"
	want 125
	err_has "No such file or directory"
	mkdir "$T/empty"
	split berth load -i "$T/empty"
	want 125
	err_has "it holds no images"
	only rootless
	cp "$(case_file docker)" "$T/closed"
	chmod 000 "$T/closed"
	split berth load -i "$T/closed"
	want 125
	err_has "Permission denied"
}

@test "a store that cannot be written, or belongs to others" {
	only root
	berth load -q -i "$(case_file docker)" >/dev/null
	chown 65534 "$ROOT"
	split berth load -i "$(case_file docker)"
	want 125
	err_has "belongs to user 65534"
	chown 0 "$ROOT"
	chmod 777 "$ROOT"
	split berth images
	want 125
	err_has "others may write"
	chmod 700 "$ROOT"
	mount --bind "$ROOT" "$ROOT"
	mount -o remount,ro,bind "$ROOT"
	split berth load -i "$(case_file oci)"
	code=$status
	split berth images
	images=$status
	umount "$ROOT"
	[ "$code" = 125 ]
	[ "$images" = 0 ]
	has case
}

@test "a full disk leaves nothing, and the next load works" {
	only root
	mkdir -p "$ROOT"
	mount -t tmpfs -o size=4m,mode=700 berth-test "$ROOT"
	split berth load -i "$(image busybox.docker.tar)"
	code=$status err=$stderr used=$(du -sk "$ROOT" | cut -f1)
	split berth load -i "$(case_file docker)"
	small=$status
	clean=0
	store_is_clean || clean=1
	umount "$ROOT"
	[ "$code" = 125 ]
	[[ $err == *"No space left on device"* ]]
	[[ $err == *"hint: free some space"* ]]
	[ "$used" -lt 500 ]
	[ "$small" = 0 ]
	[ "$clean" = 0 ]
}

# Every call of these, one after the other, is the last one of a load.
@test "killed at any point: nothing needs repair" {
	need strace
	local call k points=0
	berth load -q -i "$(case_file docker-two-images)" >/dev/null
	for call in renameat renameat2 linkat symlinkat fsync syncfs mkdirat unlinkat clone3; do
		for k in 1 2 3 4 5 6 7 8; do
			strace -qq -o /dev/null -e trace=$call -e inject=$call:signal=KILL:when=$k \
				"$BERTH" --root "$ROOT" load -q -i "$(image many.docker.tar)" >/dev/null 2>&1 && break
			points=$((points + 1))
			# What was there is there, and either all of the new or nothing.
			run berth images --format '{{.Name}}'
			want 0 || { echo "$call $k"; return 1; }
			has "docker.io/library/case:latest"
			[ "${#lines[@]}" = 2 ] || [ "${#lines[@]}" = 3 ]
			if ((points % 4 == 0)); then
				berth load -q -i "$(case_file docker-two-images)" >/dev/null
				store_is_clean || { echo "$call $k"; return 1; }
				berth rmi many >/dev/null 2>&1 || :
			fi
		done
	done
	[ "$points" -ge 24 ]
	run berth load -q -i "$(image many.docker.tar)"
	want 0
	store_is_clean
}

@test "two loads of one image at once" {
	for i in 1 2 3 4; do
		berth load -q -i "$(image many.oci)" >"$T/out$i" 2>&1 &
		eval "pid$i=$!"
	done
	wait "$pid1" "$pid2" "$pid3" "$pid4"
	for i in 1 2 3 4; do
		grep -q "Loaded image" "$T/out$i"
	done
	[ "$(berth images -q | wc -l)" = 1 ]
	store_is_clean
}

@test "others' tools read the store as it is" {
	need skopeo umoci
	berth load -q -i "$(image many.docker.tar)" >/dev/null
	berth load -q -i "$(image busybox-zstd.oci)" >/dev/null
	run skopeo inspect "oci:$ROOT:docker.io/library/many:latest"
	want 0
	[ "$(skopeo inspect --config --raw "oci:$ROOT:docker.io/library/many:latest" | sha256sum | cut -c1-12)" = "$(berth images -q many)" ]
	run umoci ls --layout "$ROOT"
	has "docker.io/library/many:latest"
	skopeo --insecure-policy copy -q "oci:$ROOT:docker.io/library/many:latest" "docker-archive:$T/out.tar:again:1"
	run berth load -i "$T/out.tar"
	has "docker.io/library/again:1"
	[ "$(berth images -q many)" = "$(berth images -q again)" ]
	# What they write into it is there at once.
	skopeo --insecure-policy copy -q "oci:$(image config.oci):latest" "oci:$ROOT:written/by:skopeo"
	run berth inspect -f '{{json .Config.Entrypoint}}' written/by:skopeo
	want 0
	has /bin/echo
}

@test "what can be made again may be removed" {
	berth load -q -i "$(image many-zstd.oci)" >/dev/null
	berth tag "$(berth images -q)" many
	before=$(berth run --rm --network none many ls /layers)
	for what in cache images "images layers"; do
		for dir in $what; do
			berth_remove "$ROOT/$dir"
			mkdir -m 700 "$ROOT/$dir"
		done
		[ "$(berth run --rm --network none many ls /layers)" = "$before" ]
	done
	rm -rf "$ROOT"/{cache,images,lock,tmp}/*
	[ "$(berth run --rm --network none many ls /layers)" = "$before" ]
	echo damaged >"$(echo "$ROOT"/images/*)"
	[ "$(berth run --rm --network none many ls /layers)" = "$before" ]
	store_is_clean
}

@test "compressed blobs are kept as they came" {
	berth load -q -i "$(image busybox.oci)" >/dev/null
	for blob in "$(image busybox.oci)"/blobs/sha256/*; do
		cmp "$blob" "$ROOT/blobs/sha256/$(basename "$blob")"
	done
}
