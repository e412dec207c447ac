# SPDX-License-Identifier: LGPL-2.1-or-later
# What others' tools push, berth pulls, and the other way round; and the store is an image layout that they read.
# One user is enough: it is the bytes that matter.
load ../helper/berth
load ../helper/registry

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	registry_start
	export PEER_STORE
	PEER_STORE=$(mktemp -d /var/tmp/berth-podman.XXXXXX)
	"$helper/peer" podman load -q -i "$(image config.docker.tar)" >"$PEER_STORE/loaded"
	"$helper/peer" podman tag "$(sed 's/^Loaded image[^:]*: //' "$PEER_STORE/loaded")" interop
}

teardown_file() {
	registry_stop "$BATS_FILE_TMPDIR"
	[ -z "${PEER_STORE:-}" ] || rm -rf "$PEER_STORE"
}

setup() {
	berth_setup
	registry_setup
	only root
}

peer() {
	CONTAINERS_REGISTRIES_CONF="" "$helper/peer" "$@"
}

podman_pull() { # REF: prints the ID
	peer podman pull -q --tls-verify=false "$1"
}

remote() { # REF: the manifest as the registry has it
	skopeo inspect --raw --tls-verify=false "docker://$1"
}

remote_digest() {
	echo "sha256:$(remote "$1" | sha256sum | cut -d' ' -f1)"
}

# same NAME REF: what berth has under NAME is what the registry has under REF, and it runs.
same() {
	local id
	id=$(remote "$2" | jq -r .config.digest)
	[ "$(berth inspect -f '{{.Id}}' "$1" | sed 's/^sha256://')" = "${id#sha256:}" ] || { echo "ID of $2"; return 1; }
	[[ $(berth images --digests --no-trunc "$1") == *"$(remote_digest "$2")"* ]] || { echo "digest of $2"; return 1; }
	[ "$(berth run --rm --network none "$1")" = "entry one two words" ]
}

@test "podman pushes every manifest type and compression, berth pulls" {
	for format in oci v2s2; do
		for compression in gzip zstd zstd:chunked; do
			[[ $format-$compression != v2s2-zstd* ]] || continue
			ref=$REGISTRY/podman/$format:${compression/:/-}
			peer podman push -q --tls-verify=false --format $format --compression-format $compression interop "$ref"
			split berth pull -q "$ref"
			want 0
			same "$ref" "$ref"
		done
	done
	store_is_clean
}

@test "buildah and skopeo push, berth pulls" {
	for format in oci v2s2; do
		ref=$REGISTRY/buildah:$format
		peer buildah push -q --tls-verify=false --format $format interop "docker://$ref"
		split berth pull -q "$ref"
		want 0
		same "$ref" "$ref"
		ref=$REGISTRY/skopeo:$format
		push_fixture config "${ref#*/}" --format=$format
		split berth pull -q "$ref"
		want 0
		same "$ref" "$ref"
	done
	ref=$REGISTRY/skopeo:zstd
	push_fixture config "${ref#*/}" --format=oci --dest-compress-format=zstd
	split berth pull -q "$ref"
	want 0
	same "$ref" "$ref"
	# Layers that nobody compressed, and which skopeo calls gzip.
	skopeo --insecure-policy copy -q --dest-oci-accept-uncompressed-layers \
		"docker-archive:$(image config.docker.tar)" "oci:$T/plain:latest"
	skopeo --insecure-policy copy -q --preserve-digests --dest-tls-verify=false "oci:$T/plain:latest" \
		"docker://$REGISTRY/skopeo:plain"
	[ "$(remote "$REGISTRY/skopeo:plain" | jq -r '.layers[0].size')" = "$(stat -c %s "$(image busybox.tar)")" ]
	split berth pull -q "$REGISTRY/skopeo:plain"
	want 0
	same "$REGISTRY/skopeo:plain" "$REGISTRY/skopeo:plain"
	store_is_clean
}

@test "umoci writes, berth pulls" {
	cp -r "$(image config.oci)" "$T/layout"
	mkdir -p "$T/more/etc"
	echo more >"$T/more/etc/more"
	tar -C "$T/more" -cf "$T/more.tar" ./etc/more
	umoci raw add-layer --image "$T/layout:latest" "$T/more.tar"
	skopeo --insecure-policy copy -q --preserve-digests --dest-tls-verify=false "oci:$T/layout:latest" \
		"docker://$REGISTRY/umoci:1"
	split berth pull -q "$REGISTRY/umoci:1"
	want 0
	same "$REGISTRY/umoci:1" "$REGISTRY/umoci:1"
	[ "$(berth run --rm --network none --entrypoint /bin/cat "$REGISTRY/umoci:1" /etc/more)" = more ]
}

@test "an index of buildah" {
	push_fixture multi multi:1
	split berth pull -q "$REGISTRY/multi:1"
	want 0
	[ "$(skopeo inspect --raw "oci:$ROOT:$REGISTRY/multi:1")" = "$(manifest_of multi)" ]
}

@test "others' tools read the store" {
	berth pull -q "$REGISTRY/podman/oci:gzip" 2>/dev/null || {
		push_fixture config podman/oci:gzip
		berth pull -q "$REGISTRY/podman/oci:gzip"
	}
	ref=$REGISTRY/podman/oci:gzip
	[ "$(skopeo --insecure-policy inspect "oci:$ROOT:$ref" | jq -r .Digest)" = "$(remote_digest "$ref")" ]
	skopeo --insecure-policy copy -q "oci:$ROOT:$ref" "dir:$T/copy"
	umoci list --layout "$ROOT" | grep -qF "$ref"
}

@test "a pushed image keeps its digest, and podman has the same ID" {
	for name in config busybox-zstd many; do
		push_fixture $name from/$name:1
		split berth pull -q "$REGISTRY/from/$name:1"
		want 0
		split berth push -q --digestfile "$T/digest" "$REGISTRY/from/$name:1" "$REGISTRY/to/$name:2"
		want 0
		[ "$(remote "$REGISTRY/to/$name:2")" = "$(remote "$REGISTRY/from/$name:1")" ]
		[ "$(cat "$T/digest")" = "$(remote_digest "$REGISTRY/from/$name:1")" ]
		id=$(podman_pull "$REGISTRY/to/$name:2")
		[ "$id" = "$(berth inspect -f '{{.Id}}' "$REGISTRY/from/$name:1" | sed 's/^sha256://')" ]
	done
	# docker's manifests as well.
	push_fixture config from/docker:1 --format=v2s2
	berth pull -q "$REGISTRY/from/docker:1"
	split berth push -q "$REGISTRY/from/docker:1" "$REGISTRY/to/docker:1"
	want 0
	[ "$(remote_digest "$REGISTRY/to/docker:1")" = "$(remote_digest "$REGISTRY/from/docker:1")" ]
}

@test "berth pushes every compression, and podman, skopeo and buildah pull" {
	berth load -q -i "$(image config.docker.tar)" >/dev/null
	for words in "" "--compression-format gzip --compression-level 9" "--compression-format zstd" \
		"--compression-format zstd --compression-level 1" "--compression-format zstd:chunked"; do
		ref=$REGISTRY/pushed/config:$(tr -dc a-z0-9 <<<"x$words")
		split berth push -q --digestfile "$T/digest" $words config "$ref"
		want 0
		[ "$(cat "$T/digest")" = "$(remote_digest "$ref")" ]
		case $words in
		*zstd*) [[ $(remote "$ref" | jq -r '.layers[0].mediaType') == *+zstd ]] ;;
		*) [[ $(remote "$ref" | jq -r '.layers[0].mediaType') == *gzip ]] ;;
		esac
		id=$(podman_pull "$ref")
		[ "$id" = "$(berth inspect -f '{{.Id}}' config | sed 's/^sha256://')" ]
		[ "$(peer podman run --rm --network none "$ref")" = "entry one two words" ]
		peer podman rmi -f "$id" >/dev/null
		skopeo --insecure-policy copy -q --src-tls-verify=false "docker://$ref" "oci:$T/layout:latest"
		peer buildah pull -q --tls-verify=false "docker://$ref" >/dev/null
		# And here again, into an empty store: the same image.
		split tool_elsewhere pull -q "$ref"
		want 0
		[ "$(tool_elsewhere inspect -f '{{.Id}}' "$ref")" = "$(berth inspect -f '{{.Id}}' config)" ]
		rm -rf "$T/elsewhere"
	done
	# The same again is the same bytes.
	berth push -q --digestfile "$T/first" config "$REGISTRY/pushed/again:1"
	berth push -q --digestfile "$T/second" config "$REGISTRY/pushed/again:2"
	cmp "$T/first" "$T/second"
	store_is_clean
}

@test "zstd:chunked: the table of contents is podman's, entry by entry" {
	for name in config many; do
		berth load -q -i "$(image $name.docker.tar)" >/dev/null
		split berth push --compression-format zstd:chunked $name "$REGISTRY/chunked/$name:1"
		want 0
		skopeo --insecure-policy copy -q --preserve-digests --src-tls-verify=false "docker://$REGISTRY/chunked/$name:1" \
			"oci:$T/$name:it"
		"$helper/chunked" check "$T/$name"
		peer podman load -q -i "$(image $name.docker.tar)" >/dev/null
		peer podman push -q --format oci --compression-format zstd:chunked "docker.io/library/$name" "oci:$T/podman-$name:it"
		"$helper/chunked" entries "$T/$name" >"$T/entries"
		"$helper/chunked" entries "$T/podman-$name" >"$T/podman-entries"
		[ "$(grep -c '"chunk"' "$T/entries")" -gt 10 ]
		cmp "$T/entries" "$T/podman-entries"
	done
	# tar-split, which this podman does not push, is what it keeps of a layer that it has unpacked.
	layer=$(berth inspect -f '{{index .RootFS.Layers 0}}' config)
	"$helper/chunked" split "$T/config" >"$T/split"
	"$helper/chunked" split "$T/config" "$PEER_STORE/root/overlay-layers/${layer#sha256:}.tar-split.gz" >"$T/podman-split"
	cmp "$T/split" "$T/podman-split"
}

# That podman takes the table of contents for right is what counts here. It does not set the times of modification, not
# with its own either.
@test "zstd:chunked: podman pulls by the table of contents" {
	berth load -q -i "$(image config.docker.tar)" >/dev/null
	berth push --compression-format zstd:chunked config "$REGISTRY/chunked/partial:1"
	skopeo --insecure-policy copy -q --preserve-digests --src-tls-verify=false "docker://$REGISTRY/chunked/partial:1" \
		"oci:$T/partial:it"
	# This podman knows other names of the annotations.
	"$helper/chunked" legacy "$T/partial"
	skopeo --insecure-policy copy -q --preserve-digests --dest-tls-verify=false "oci:$T/partial:it" \
		"docker://$REGISTRY/chunked/partial:2"
	own=$PEER_STORE
	PEER_STORE=$(mktemp -d /var/tmp/berth-podman.XXXXXX)
	for tag in 1 2; do
		PEER_STORAGE='[storage.options]
			pull_options = {enable_partial_images = "true"}' \
			split peer podman --log-level debug pull --tls-verify=false "$REGISTRY/chunked/partial:$tag"
		[ "$status" = 0 ] || { rm -rf "$PEER_STORE"; return 1; }
		partial=$(grep -c "Retrieved partial blob" <<<"$stderr" || :)
		peer podman run --rm --network none --user 0 --entrypoint '["/bin/sh", "-c"]' "$REGISTRY/chunked/partial:$tag" \
			'find /bin /etc /usr /var -xdev ! -type d ! -path "/etc/host*" ! -path /etc/resolv.conf ! -path /etc/mtab >/tmp/list
			xargs stat -c "%N %f %u %g %s" </tmp/list; xargs md5sum </tmp/list' \
			>"$T/files-$tag"
		peer podman rmi -af >/dev/null
		[ "$tag" = 1 ] || [ "$partial" = 1 ] || break
	done
	rm -rf "$PEER_STORE"
	PEER_STORE=$own
	[ "$partial" = 1 ]
	[ "$(tail -1 <<<"$output")" = "$(berth inspect -f '{{.Id}}' config | sed 's/^sha256://')" ]
	[ "$(wc -l <"$T/files-1")" -gt 500 ]
	cmp "$T/files-1" "$T/files-2"
}

tool_elsewhere() {
	"$BERTH" --root "$T/elsewhere" --runroot "$T/elsewhere-run" "$@"
}

@test "a whole index, pushed and pulled by podman" {
	push_fixture multi from/multi:1
	# This machine's last: then the name means the index.
	for platform in linux/arm64 linux/riscv64 linux/amd64; do
		berth pull -q --platform $platform "$REGISTRY/from/multi:1"
	done
	split berth push -q --all "$REGISTRY/from/multi:1" "$REGISTRY/to/multi:1"
	want 0
	[ "$(remote_digest "$REGISTRY/to/multi:1")" = "$(digest_of multi)" ]
	id=$(podman_pull "$REGISTRY/to/multi:1")
	[ "$(peer podman run --rm --network none "$id" cat /etc/platform)" = linux/amd64 ]
}

@test "blobs that the registry has are not sent" {
	push_fixture busybox have/busybox:1
	berth pull -q "$REGISTRY/have/busybox:1"
	registry_mark
	split berth push -q "$REGISTRY/have/busybox:1" "$REGISTRY/have/busybox:2"
	want 0
	[ "$(tail -n "+$((REGISTRY_SEEN + 1))" "$REGISTRY_DIR/access" | grep -c '"P[A-Z]* /v2/[^ ]*/blobs/uploads')" = 0 ]
	# In another repository of the same registry: mounted, no byte sent.
	split berth push -q "$REGISTRY/have/busybox:1" "$REGISTRY/other/busybox:1"
	want 0
	[ "$(tail -n "+$((REGISTRY_SEEN + 1))" "$REGISTRY_DIR/access" | grep -c '"P[AU][A-Z]* /v2/[^ ]*/blobs/uploads')" = 0 ]
}
