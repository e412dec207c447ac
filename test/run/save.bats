# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

make_case() {
	[ -e "$T/$1" ] || "$helper/image-case" "$1" "$T/$1"
	berth load -q -i "$T/$1" >/dev/null
}

# Nothing of an unfinished file stays beside it.
no_leftovers() {
	[ -z "$(find "$T" -maxdepth 1 -name '.berth-*')" ]
}

# A store of its own, for what was saved.
other() {
	"$BERTH" --root "$T/other" --runroot "$T/other-run" "$@"
}

blobs_of() { # TAR
	tar -tf "$1" | sed -n 's|^blobs/sha256/\(.\+\)|\1|p'
}

@test "an archive: to stdout, to a file, the same twice, and load takes it" {
	berth load -q -i "$(image many.docker.tar)" >/dev/null
	split berth save -o a.tar many
	want 0
	[ -z "$output$stderr" ]
	berth image save -q many >b.tar
	cmp a.tar b.tar
	no_leftovers
	# Blobs are what their names say, and what the store has.
	mkdir x
	tar -xf a.tar -C x
	for blob in $(blobs_of a.tar); do
		[ "$(sha256sum <"x/blobs/sha256/$blob" | cut -c1-64)" = "$blob" ]
		cmp "x/blobs/sha256/$blob" "$ROOT/blobs/sha256/$blob"
	done
	[ "$(tar -tvf a.tar | awk '{ print $4 $5 }' | sort -u)" = 1970-01-0100:00 ] || {
		TZ=UTC tar -tvf a.tar
		return 1
	}
	split other load -i a.tar
	want 0
	[ "$output" = "Loaded image: docker.io/library/many:latest" ]
	[ "$(other images -q --no-trunc)" = "$(berth images -q --no-trunc)" ]
	[ "$(other inspect -f '{{.Digest}}' many)" = "$(berth inspect -f '{{.Digest}}' many)" ] ||
		[ -n "$(other inspect -f '{{.Digest}}' many)" ]
	other run --rm --network none many cat /etc/os-release >out
	berth run --rm --network none many cat /etc/os-release | cmp - out
}

@test "names: as given; an ID gives none; several names are one image" {
	make_case docker-two-tags
	id=$(berth images -q case)
	berth save "$id" >id.tar
	[ "$(tar -xOf id.tar manifest.json | jq -c '.[0].RepoTags')" = '[]' ]
	berth save case quay.io/other/case:v1 case >two.tar
	[ "$(tar -xOf two.tar manifest.json | jq -c '[length, .[0].RepoTags]')" = \
		'[1,["docker.io/library/case:latest","quay.io/other/case:v1"]]' ]
	[ "$(tar -xOf two.tar index.json | jq -c '[.manifests[].annotations["org.opencontainers.image.ref.name"]]')" = \
		'["latest","v1"]' ]
	run other load -i two.tar
	has "Loaded image: docker.io/library/case:latest"
	has "Loaded image: quay.io/other/case:v1"
	split other load -i id.tar
	[[ $output == "Loaded image ID: sha256:$id"* ]]
}

@test "several images share layers" {
	make_case docker
	make_case docker-two-images
	berth save -m case other:1 >all.tar
	[ "$(tar -xOf all.tar manifest.json | jq length)" = 2 ]
	[ "$(blobs_of all.tar | sort | uniq -d | wc -l)" = 0 ]
	[ "$(blobs_of all.tar)" = "$(blobs_of all.tar | sort)" ]
	run other load -i all.tar
	want 0
	[ "$(other images -q | wc -l)" = 2 ]
}

@test "formats" {
	berth load -q -i "$(image busybox-zstd.oci.tar)" >/dev/null
	name=$(berth images --format '{{.Name}}')
	berth save --format oci-archive "$name" >oci.tar
	run tar -tf oci.tar
	lacks manifest.json
	split berth save --format oci-dir -o "$T/dir/" "$name"
	want 0
	[ "$(jq -r .imageLayoutVersion dir/oci-layout)" = 1.0.0 ]
	split berth save --format oci-dir -o dir "$name"
	want 125
	err_has "'dir' exists, and is not an empty directory"
	no_leftovers
	mkdir empty
	berth save --format oci-dir -o empty "$name"
	diff -r dir empty
	for from in oci.tar dir; do
		rm -rf "$T/other"
		other load -q -i $from
		[ "$(other inspect -f '{{.Digest}}' "$name")" = "$(berth inspect -f '{{.Digest}}' "$name")" ]
	done
	split berth save --format docker-dir -o x "$name"
	want 125
	err_has "--format oci-dir makes"
	split berth save --format oci-dir "$name"
	want 125
	err_has "-o DIR"
	[ ! -e x ]
}

@test "other tools read it" {
	need skopeo
	berth load -q -i "$(image busybox-zstd.oci.tar)" >/dev/null
	berth tag latest case:zstd
	berth load -q -i "$(image many.docker.tar)" >/dev/null
	digest=$(berth inspect -f '{{.Digest}}' case:zstd)
	berth save case:zstd many -o all.tar
	berth save case:zstd --format oci-archive -o oci.tar
	run skopeo inspect "docker-archive:$T/all.tar:docker.io/library/many:latest"
	want 0
	[ "$(skopeo inspect "oci-archive:$T/oci.tar" | jq -r .Digest)" = "$digest" ]
	skopeo --insecure-policy copy -q "oci-archive:$T/oci.tar" "oci:$T/copy:x"
	[ "$(skopeo inspect --raw --config "oci:$T/copy:x" | sha256sum | cut -c1-12)" = "$(berth images -q case:zstd)" ]
	skopeo --insecure-policy copy -q "docker-archive:$T/all.tar:docker.io/library/many:latest" "dir:$T/dir"
}

teardown() {
	[ -z "${PEER_STORE:-}" ] || rm -rf "$PEER_STORE"
	berth_teardown
}

@test "podman loads it" {
	only root
	need podman
	# podman's paths have to be short.
	export PEER_STORE=/var/tmp/berth-pm-$$
	berth load -q -i "$(image many.docker.tar)" >/dev/null
	berth load -q -i "$(image busybox-zstd.oci.tar)" >/dev/null
	berth tag latest case:zstd
	berth save many case:zstd -o all.tar
	PEER_DRIVER=vfs run "$helper/peer" podman load -q -i all.tar
	want 0
	PEER_DRIVER=vfs run "$helper/peer" podman images --no-trunc --format '{{.Repository}}:{{.Tag}} {{.Id}}'
	has "docker.io/library/many:latest $(berth inspect -f '{{.Id}}' many | cut -d: -f2)"
	has "docker.io/library/case:zstd $(berth inspect -f '{{.Id}}' case:zstd | cut -d: -f2)"
}

@test "a layer that is kept as another blob" {
	need skopeo
	berth load -q -i "$(image busybox.docker.tar)" >/dev/null
	berth load -q -i "$(image busybox.oci)" >/dev/null
	berth tag latest:latest packed
	packed=$(berth inspect -f '{{.Digest}}' packed) id=$(berth inspect -f '{{.Id}}' packed)
	blob=$(jq -r '.layers[0].digest' "$ROOT/blobs/sha256/${packed#*:}")
	berth save packed -o before.tar
	rm "$ROOT/blobs/sha256/${blob#*:}"
	split berth save packed -o after.tar
	if [ "$(berth inspect -f '{{index .RootFS.Layers 0}}' busybox)" != "$(berth inspect -f '{{index .RootFS.Layers 0}}' packed)" ]; then
		want 125
		return
	fi
	want 0
	other load -q -i after.tar
	[ "$(other inspect -f '{{.Id}}' packed)" = "$id" ]
	[ "$(other inspect -f '{{.Digest}}' packed)" != "$packed" ]
	skopeo inspect "docker-archive:$T/after.tar" >/dev/null
	[ "$(tar -xOf after.tar index.json | jq -r '.manifests[0].digest')" = "$(other inspect -f '{{.Digest}}' packed)" ] ||
		tar -tf after.tar | grep -q "$(tar -xOf after.tar index.json | jq -r '.manifests[0].digest' | cut -d: -f2)"
}

@test "a blob that another manifest calls by the wrong layer is not taken for it" {
	berth load -q -i "$(image many.oci)" >/dev/null
	layer=$(skopeo inspect --raw "oci:$(image many.oci):latest" | jq -r '.layers[0].digest')
	name=$(berth images --format '{{.Repository}}:{{.Tag}}')
	diff=$(berth inspect -f '{{index .RootFS.Layers 0}}' "$name")
	rm "$ROOT/blobs/sha256/${layer#sha256:}"
	# Another image, which says that its layer is that one: it is there, so that nobody unpacks the blob.
	mkdir -p "$T/liar/blobs/sha256" evil
	put() {
		local sum
		sum=$(sha256sum <"$1" | cut -d' ' -f1)
		cp "$1" "$T/liar/blobs/sha256/$sum"
		echo "{\"mediaType\": \"$2\", \"digest\": \"sha256:$sum\", \"size\": $(stat -c %s "$1")}"
	}
	echo evil >evil/file
	tar czf evil.tar.gz -C evil file
	echo "{\"os\": \"linux\", \"architecture\": \"amd64\", \"config\": {}, \"rootfs\": {\"type\": \"layers\", \"diff_ids\": [\"$diff\"]}}" >config
	echo "{\"schemaVersion\": 2, \"config\": $(put config application/vnd.oci.image.config.v1+json), \"layers\":
		[$(put evil.tar.gz application/vnd.oci.image.layer.v1.tar+gzip)]}" >manifest
	echo "{\"schemaVersion\": 2, \"manifests\": [$(put manifest application/vnd.oci.image.manifest.v1+json)]}" >"$T/liar/index.json"
	echo '{"imageLayoutVersion": "1.0.0"}' >"$T/liar/oci-layout"
	split berth load -i "$T/liar"
	want 0
	split berth save -o bad.tar "$name"
	want 125
	err_has "and not that of the layer"
	[ ! -e bad.tar ]
}

@test "one of several platforms" {
	need skopeo
	berth version >/dev/null
	berth images >/dev/null
	skopeo --insecure-policy copy -q --all "oci:$(image multi.oci)" "oci:$ROOT:docker.io/library/multi:latest"
	berth save multi -o here.tar
	[ "$(tar -xOf here.tar index.json | jq -r '.manifests[0].platform.architecture')" = amd64 ]
	berth save --platform linux/riscv64 multi -o there.tar
	[ "$(tar -xOf there.tar index.json | jq -r '.manifests[0].platform.architecture')" = riscv64 ]
	split berth save --platform linux/s390x multi -o no.tar
	want 125
	err_has "linux/riscv64"
	[ ! -e no.tar ]
}

@test "what cannot be saved says so, and leaves the file alone" {
	make_case docker
	echo before >keep.tar
	for name in nothing Capital "$(printf 'a\033')" ''; do
		split berth save -o keep.tar case "$name"
		want 125
		[[ $stderr != *$'\e'* ]]
	done
	split berth save
	want 125
	split berth save -o "$T/none/x.tar" case
	want 125
	err_has "No such file"
	# Run from an archive: no blobs.
	berth run --rm --network none "docker-archive:$(image busybox.docker.tar)" true
	id=$(berth images -a -q --filter dangling=true)
	split berth save -o keep.tar "$id"
	want 125
	err_has "load the archive"
	# A blob that is gone, of another size, or damaged.
	layer=$(berth save case | tar -xO manifest.json | jq -r '.[0].Layers[0]')
	cp "$ROOT/$layer" blob
	rm "$ROOT/$layer"
	split berth save -o keep.tar case
	want 125
	err_has "the blob of layer 1 is not in the store"
	err_has "load the image again"
	head -c 1000 blob >"$ROOT/$layer"
	split berth save -o keep.tar case
	want 125
	err_has "the blob of layer 1 is not in the store"
	head -c -1 blob >"$ROOT/$layer"
	echo -n x >>"$ROOT/$layer"
	split berth save -o keep.tar case
	want 125
	err_has "is damaged"
	[ "$(cat keep.tar)" = before ]
	no_leftovers
	cp blob "$ROOT/$layer"
	berth save -o keep.tar case
	tar -tf keep.tar >/dev/null
}

@test "a terminal is not written to; pipes, devices and links are" {
	make_case docker
	run script -qec "'$BERTH' --root '$ROOT' save case" /dev/null
	want 125
	has "not written to a terminal"
	mkfifo pipe
	cat pipe >out.tar &
	berth save -o pipe case
	wait $!
	berth save case | cmp - out.tar
	[ -p pipe ]
	berth save -o /dev/stdout case | cmp - out.tar
	berth save -o - case | cmp - out.tar
	berth save -o /dev/null case
	[ -c /dev/null ]
	ln -s target link
	berth save -o link case
	[ -L link ]
	cmp target out.tar
	split bash -c "'$BERTH' --root '$ROOT' save case >/dev/full"
	want 125
	err_has "No space left on device"
	err_has "hint: free some space where that is, or write it elsewhere"
}

@test "a full disk and a store that cannot be written to" {
	only root
	make_case docker
	mkdir small
	mount -t tmpfs -o size=64k,mode=755 berth-test small
	echo before >small/keep.tar
	berth load -q -i "$(image busybox.docker.tar)" >/dev/null
	split berth save -o small/keep.tar busybox
	code=$status err=$stderr
	split berth save --format oci-dir -o small/dir busybox
	dir=$status left=$(ls -A small) kept=$(cat small/keep.tar)
	umount small
	[ "$code" = 125 ]
	[ "$dir" = 125 ]
	[[ $err == *"No space left on device"* ]]
	[ "$left" = keep.tar ] || { echo "$left"; return 1; }
	[ "$kept" = before ]
	mount --bind "$ROOT" "$ROOT"
	mount -o remount,bind,ro "$ROOT"
	split berth save -o ro.tar case
	umount "$ROOT"
	want 0
	[ "$(tar -tf ro.tar | tail -1)" = oci-layout ]
}

@test "killed at any point: the old file or the new one" {
	need strace
	local call k points=0
	make_case docker
	berth save -o whole.tar case
	for call in openat write fsync linkat renameat unlinkat; do
		for k in 1 2 3 4 5 6 8 12; do
			echo before >out.tar
			strace -qq -o /dev/null -e trace=$call -e inject=$call:signal=KILL:when=$k \
				"$BERTH" --root "$ROOT" save -o out.tar case >/dev/null 2>&1 && break
			points=$((points + 1))
			[ "$(cat out.tar)" = before ] || cmp out.tar whole.tar
		done
	done
	[ "$points" -ge 8 ]
	# The name that the file has for an instant before it replaces the old one.
	[ "$(find "$T" -maxdepth 1 -name '.berth-*' | wc -l)" -le 2 ]
	run berth images
	want 0
}

@test "memory does not grow with the image" {
	need skopeo
	truncate -s 300M hole
	tar -cf - hole | berth import - large >/dev/null
	run bash -c "ulimit -v 100000; '$BERTH' --root '$ROOT' save large >large.tar"
	want 0
	[ "$(stat -c %s large.tar)" -gt 300000000 ]
}
