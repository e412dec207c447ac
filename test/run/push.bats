# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth
load ../helper/registry

# One registry for all tests, and every test pushes to a repository of its own.
setup_file() {
	registry_start
}

# podman's store, whose path must be short.
peer_store() {
	export PEER_STORE
	PEER_STORE=$(mktemp -d /var/tmp/berth-podman.XXXXXX)
}

teardown() {
	[ -z "${PEER_STORE:-}" ] || rm -rf "$PEER_STORE"
	registry_stop "$T"
	hostile_stop "$T"
	berth_teardown
}

add() { # FIXTURE NAME
	local name
	name=$(berth load -q -i "$(image "$1")")
	name=${name#Loaded image: }
	[ "$name" = "docker.io/library/$2:latest" ] && return
	berth tag "$name" "$2"
	berth rmi "$name" >/dev/null
}

raw() { # NAME[:TAG] in the registry: its manifest
	skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/$1"
}

digest_there() {
	echo "sha256:$(raw "$1" | sha256sum | cut -d' ' -f1)"
}

requests() { # PATTERN: requests since the test began, or since registry_mark
	tail -n "+$((REGISTRY_SEEN + 1))" "$REGISTRY_DIR/access" | grep -cE "$1" || :
}

# Every blob of the image there has the digest that its name says, and unpacks to its diff ID.
is_whole() { # NAME
	local dir=$T/whole layer diff
	rm -rf "$dir"
	skopeo --insecure-policy copy -q --preserve-digests --src-tls-verify=false "docker://$REGISTRY/$1" "dir:$dir" || return
	jq -r '.layers[].digest' "$dir/manifest.json" >"$T/layers"
	jq -r '.rootfs.diff_ids[]' "$dir/$(jq -r '.config.digest[7:]' "$dir/manifest.json")" >"$T/diffs"
	[ "$(wc -l <"$T/layers")" = "$(wc -l <"$T/diffs")" ] || return
	while read -r layer && read -r diff <&3; do
		case $(head -c 4 "$dir/${layer#*:}" | od -An -tx1 | tr -d ' ') in
		1f8b*) gzip -dc "$dir/${layer#*:}" ;;
		28b52ffd) zstd -dcq "$dir/${layer#*:}" ;;
		*) cat "$dir/${layer#*:}" ;;
		esac | sha256sum | grep -q "^${diff#*:}" || {
			echo "layer $layer is not $diff"
			return 1
		}
	done <"$T/layers" 3<"$T/diffs"
}

@test "what is compressed goes byte for byte, and nothing is printed" {
	for name in many busybox-zstd; do
		add $name.oci "x/$name"
		split berth push --digestfile "$T/digest" "x/$name" "$REGISTRY/asis/$name:1"
		want 0
		[ -z "$output" ]
		[ -z "$stderr" ]
		[ "$(cat "$T/digest")" = "$(digest_of "$name")" ]
		[ "$(digest_there "asis/$name:1")" = "$(digest_of "$name")" ]
		is_whole "asis/$name:1"
	done
	store_is_clean
}

@test "without a destination it goes where its name says" {
	add busybox.oci "$REGISTRY/named:v1"
	split berth push "$REGISTRY/named:v1"
	want 0
	[ "$(digest_there named:v1)" = "$(digest_of busybox)" ]
	split berth image push -q "$REGISTRY/named:v1"
	want 0
	split berth push "$(berth images -q)"
	want 125
	err_has "is an ID"
	split berth push "$(berth images -q)" "docker://$REGISTRY/by-id"
	want 0
	[ "$(digest_there by-id:latest)" = "$(digest_of busybox)" ]
	split berth push no/such:image "$REGISTRY/none"
	want 125
	err_has "no image 'no/such:image'"
}

@test "what is kept uncompressed is compressed on the way: same ID, same result each time" {
	add many.docker.tar many
	split berth push --digestfile "$T/first" many "$REGISTRY/plain:1"
	want 0
	[ "$(raw plain:1 | jq -r .config.digest)" = "$(berth images -q --no-trunc many)" ]
	[ "$(raw plain:1 | jq -r '.layers[].mediaType' | sort -u)" = application/vnd.oci.image.layer.v1.tar+gzip ]
	[ "$(cat "$T/first")" = "$(digest_there plain:1)" ]
	is_whole plain:1
	# The store has it as it was.
	for layer in $(berth inspect -f '{{range .RootFS.Layers}}{{.}} {{end}}' many); do
		[ -f "$ROOT/blobs/sha256/${layer#sha256:}" ]
	done
	# What the registry has is not sent again, nor compressed.
	registry_mark
	split berth push --digestfile "$T/second" many "$REGISTRY/plain:2"
	want 0
	[ "$(requests '"(POST|PATCH) ')" = 0 ]
	cmp "$T/first" "$T/second"
	# Made anew it is the same.
	rm -f "$ROOT"/layers/*.gzip-*
	split berth push --digestfile "$T/third" many "$REGISTRY/elsewhere:1"
	want 0
	cmp "$T/first" "$T/third"
	store_is_clean
	run berth rmi -f many
	want 0
	store_is_clean
	[ -z "$(ls "$ROOT/layers")" ]
}

@test "blobs of another repository of the registry are mounted" {
	add many.oci "$REGISTRY/mount/from:1"
	berth push "$REGISTRY/mount/from:1"
	berth tag "$REGISTRY/mount/from:1" "$REGISTRY/mount/to:1"
	registry_mark
	split berth push "$REGISTRY/mount/to:1"
	want 0
	[ "$(requests '"PATCH ')" = 0 ]
	[ "$(requests '"PUT /v2/[^ ]*/blobs/')" = 0 ]
	[ "$(requests '"POST /v2/mount/to/blobs/uploads/\?[^ ]*from=mount%2Ffrom')" -ge 12 ] ||
		[ "$(requests '"POST /v2/mount/to/blobs/uploads/\?[^ ]*from=mount/from')" -ge 12 ]
	[ "$(digest_there mount/to:1)" = "$(digest_of many)" ]
	is_whole mount/to:1
}

@test "layers in another compression, with the same ID" {
	add many.docker.tar many
	add busybox.oci gz
	id=$(berth images -q --no-trunc many)
	for format in gzip zstd; do
		split berth push --compression-format $format many "$REGISTRY/as:$format"
		want 0
		[ "$(raw as:$format | jq -r '.layers[].mediaType' | sort -u)" = application/vnd.oci.image.layer.v1.tar+$format ]
		[ "$(raw as:$format | jq -r .config.digest)" = "$id" ]
		is_whole as:$format
	done
	# From one to the other: by a process that can do nothing but that.
	split berth push --compression-format zstd --compression-level 7 gz "$REGISTRY/from-gzip"
	want 0
	[ "$(raw from-gzip | jq -r '.layers[].mediaType' | sort -u)" = application/vnd.oci.image.layer.v1.tar+zstd ]
	[ "$(raw from-gzip | jq -r .config.digest)" = "$(id_of busybox)" ]
	is_whole from-gzip
	add busybox-zstd.oci zs
	split berth push --compression-format gzip --compression-level 9 zs "$REGISTRY/from-zstd"
	want 0
	[ "$(raw from-zstd | jq -r '.layers[].mediaType' | sort -u)" = application/vnd.oci.image.layer.v1.tar+gzip ]
	is_whole from-zstd
	# What has it already stays as it is.
	split berth push --compression-format gzip gz "$REGISTRY/stays"
	want 0
	[ "$(digest_there stays)" = "$(digest_of busybox)" ]
	store_is_clean
}

# The image there, in $T/layout, with every layer as it must be in the format zstd:chunked: how many files and chunks.
chunked() { # NAME
	rm -rf "$T/layout"
	skopeo --insecure-policy copy -q --preserve-digests --src-tls-verify=false "docker://$REGISTRY/$1" "oci:$T/layout:it" &&
		"$helper/chunked" check "$T/layout"
}

@test "zstd:chunked: layers with a table of contents" {
	add many.docker.tar many
	id=$(berth images -q --no-trunc many)
	split berth push --compression-format zstd:chunked --digestfile "$T/first" many "$REGISTRY/chunked:1"
	want 0
	[ -z "$output$stderr" ]
	[ "$(raw chunked:1 | jq -r .config.digest)" = "$id" ]
	[ "$(raw chunked:1 | jq -r '.layers[].mediaType' | sort -u)" = application/vnd.oci.image.layer.v1.tar+zstd ]
	is_whole chunked:1
	split chunked chunked:1
	want 0
	lacks plain
	[ "$(head -1 <<<"$output" | cut -d' ' -f1)" -ge 4 ]
	# What the registry has is not made again, and keeps its annotations.
	registry_mark
	split berth push --compression-format zstd:chunked --digestfile "$T/second" many "$REGISTRY/chunked:2"
	want 0
	[ "$(requests '"(POST|PATCH) ')" = 0 ]
	cmp "$T/first" "$T/second"
	# Made anew it is the same; from compressed layers as well.
	rm "$ROOT"/layers/*.zstd:chunked-0
	split berth push --compression-format zstd:chunked --digestfile "$T/third" many "$REGISTRY/chunked/anew:1"
	want 0
	cmp "$T/first" "$T/third"
	add busybox.oci gz
	add busybox.docker.tar plain
	add busybox-zstd.oci zs
	for name in gz plain zs; do
		split berth push --compression-format zstd:chunked $name "$REGISTRY/chunked/of:$name"
		want 0
		chunked chunked/of:$name
		raw chunked/of:$name | jq .layers >"$T/$name.json"
	done
	cmp "$T/gz.json" "$T/plain.json"
	cmp "$T/gz.json" "$T/zs.json"
	# Another level is another blob, and zstd without a table another one.
	split berth push --compression-format zstd:chunked --compression-level 9 gz "$REGISTRY/chunked/of:nine"
	want 0
	[ "$(raw chunked/of:nine | jq '.layers[0].size')" -lt "$(jq '.[0].size' "$T/gz.json")" ]
	split chunked chunked/of:nine
	want 0
	split berth push --compression-format zstd gz "$REGISTRY/chunked/of:zstd"
	want 0
	raw chunked/of:zstd | jq -e '.layers[0].annotations == null'
	split berth push --format v2s2 --compression-format zstd:chunked gz "$REGISTRY/chunked/of:docker"
	want 125
	err_has "zstd"
	store_is_clean
}

@test "zstd:chunked: pulled back, and pushed on" {
	add config.docker.tar config
	id=$(berth images -q --no-trunc config)
	layers=$(berth inspect -f '{{.RootFS.Layers}}' config)
	berth push --compression-format zstd:chunked config "$REGISTRY/chunked/back:1"
	berth rmi -f config >/dev/null
	split berth pull -q "$REGISTRY/chunked/back:1"
	want 0
	[ "$(berth images -q --no-trunc)" = "$id" ]
	[ "$(berth inspect -f '{{.RootFS.Layers}}' "$REGISTRY/chunked/back:1")" = "$layers" ]
	split berth run --rm --network none --user 0 "$REGISTRY/chunked/back:1"
	want 0
	has "entry one two words"
	# It goes on as it is, as it is chunked, and zstd.
	for format in zstd zstd:chunked; do
		split berth push --compression-format $format "$REGISTRY/chunked/back:1" "$REGISTRY/chunked/on:1"
		want 0
		[ "$(digest_there chunked/on:1)" = "$(digest_there chunked/back:1)" ]
	done
	# What is only zstd is made anew; what becomes gzip keeps nothing of the table.
	add busybox-zstd.oci zs
	split berth push --compression-format zstd:chunked zs "$REGISTRY/chunked/zs:1"
	want 0
	chunked chunked/zs:1
	split berth push --compression-format gzip "$REGISTRY/chunked/back:1" "$REGISTRY/chunked/gz:1"
	want 0
	raw chunked/gz:1 | jq -e '.layers[0].annotations == null'
	is_whole chunked/gz:1
	store_is_clean
}

# Where readers of the table would come to other files than readers of the archive.
@test "zstd:chunked: layers that no table can describe are ordinary zstd" {
	busybox
	mkdir tree
	echo one >tree/a
	tar --format=gnu -C tree -cf twice.tar a
	echo two >tree/a
	tar --format=gnu -C tree -rf twice.tar a
	: >tree/$'\xff\xfe'
	tar --format=gnu -C tree -cf bytes.tar .
	truncate -s 1M tree/holes
	echo end >>tree/holes
	rm tree/$'\xff\xfe'
	tar --format=pax --sparse -C tree -cf sparse.tar .
	tar --format=pax -C tree -cf fit.tar .
	for name in twice bytes sparse fit; do
		berth import -q $name.tar unfit:$name >/dev/null
		split berth push --compression-format zstd:chunked unfit:$name "$REGISTRY/unfit:$name"
		want 0 || { echo "$name"; return 1; }
		is_whole unfit:$name
		split chunked unfit:$name
		want 0
		if [ $name = fit ]; then
			[ "$output" = "2 files, 3 chunks" ]
		else
			[ "$output" = plain ] || { echo "$name: $output"; return 1; }
			raw unfit:$name | jq -e '.layers[0].annotations == null'
		fi
		# And again, by the note.
		split berth push --compression-format zstd:chunked unfit:$name "$REGISTRY/unfit:again"
		want 0
		[ "$(digest_there unfit:again)" = "$(digest_there unfit:$name)" ]
	done
	store_is_clean
}

@test "the level counts" {
	add busybox.docker.tar bb
	for level in 1 9; do
		berth push --compression-level $level bb "$REGISTRY/level:$level"
	done
	[ "$(raw level:9 | jq '.layers[0].size')" -lt "$(raw level:1 | jq '.layers[0].size')" ]
	is_whole level:9
	split berth push --compression-level 12 bb "$REGISTRY/level:12"
	want 125
	err_has "1 to 9"
	split berth push --compression-format zstd --compression-level 20 bb "$REGISTRY/level:20"
	want 125
	split berth push --compression-format bzip2 bb "$REGISTRY/level:b"
	want 125
	err_has "gzip"
}

@test "manifests of docker stay docker's, and become each other" {
	push_fixture many docker:1 --format v2s2
	before=$(digest_there docker:1)
	berth pull -q "$REGISTRY/docker:1" >/dev/null
	berth tag "$REGISTRY/docker:1" "$REGISTRY/docker/again:1"
	berth push "$REGISTRY/docker/again:1"
	[ "$(digest_there docker/again:1)" = "$before" ]
	id=$(berth images -q --no-trunc "$REGISTRY/docker:1")
	# To OCI and back: the configuration, and so the ID, is the same.
	berth push -f oci "$REGISTRY/docker:1" "$REGISTRY/docker/oci:1"
	raw docker/oci:1 | jq -e '.mediaType == "application/vnd.oci.image.manifest.v1+json"
		and .config.mediaType == "application/vnd.oci.image.config.v1+json"
		and all(.layers[]; .mediaType == "application/vnd.oci.image.layer.v1.tar+gzip")'
	[ "$(raw docker/oci:1 | jq -r .config.digest)" = "$id" ]
	is_whole docker/oci:1
	add many.oci many
	berth push --format v2s2 many "$REGISTRY/docker/v2s2:1"
	raw docker/v2s2:1 | jq -e '.mediaType == "application/vnd.docker.distribution.manifest.v2+json"
		and .config.mediaType == "application/vnd.docker.container.image.v1+json"
		and all(.layers[]; .mediaType == "application/vnd.docker.image.rootfs.diff.tar.gzip")'
	[ "$(raw docker/v2s2:1 | jq -r .config.digest)" = "$(id_of many)" ]
	is_whole docker/v2s2:1
	# docker's types know no zstd.
	split berth push --format v2s2 --compression-format zstd many "$REGISTRY/docker/zstd:1"
	want 125
	err_has "zstd"
	split berth push --compression-format zstd "$REGISTRY/docker:1" "$REGISTRY/docker/zstd:1"
	want 0
	[ "$(raw docker/zstd:1 | jq -r .mediaType)" = application/vnd.oci.image.manifest.v1+json ]
	is_whole docker/zstd:1
	add busybox-zstd.oci zs
	split berth push --format v2s2 zs "$REGISTRY/docker/zstd:2"
	want 125
	err_has "docker's manifests know no layers with zstd"
}

@test "others pull what was pushed: manifest types and compressions" {
	only root
	need podman buildah skopeo
	peer_store
	add many.docker.tar plain
	add many.oci gz
	add many-zstd.oci zs
	for source in plain gz zs; do
		id=$(berth images -q --no-trunc $source)
		for options in "" "--format oci" "--format v2s2 --compression-format gzip" \
			"--compression-format zstd" "--compression-format gzip --compression-level 9"; do
			split berth push $options $source "$REGISTRY/peer:$source"
			want 0 || { echo "$source $options"; return 1; }
			split "$helper/peer" podman pull -q --tls-verify=false "$REGISTRY/peer:$source"
			want 0 || { echo "$source $options"; return 1; }
			[ "sha256:$output" = "$id" ] || { echo "$source $options: $output is not $id"; return 1; }
			[ "$("$helper/peer" podman image inspect -f '{{.Digest}}' "$REGISTRY/peer:$source")" = "$(digest_there peer:$source)" ]
			"$helper/peer" podman rmi -f "$id" >/dev/null
		done
	done
	split "$helper/peer" buildah pull -q --tls-verify=false "$REGISTRY/peer:plain"
	want 0
	[ "sha256:$output" = "$(berth images -q --no-trunc plain)" ]
	"$helper/peer" podman rmi -af >/dev/null
}

@test "there and back: pull what was pushed, and push it again" {
	add many.docker.tar "$REGISTRY/back:1"
	berth push --digestfile "$T/first" "$REGISTRY/back:1"
	id=$(berth images -q --no-trunc)
	berth rmi -f "$id" >/dev/null
	berth pull -q "$REGISTRY/back:1" >/dev/null
	[ "$(berth images -q --no-trunc)" = "$id" ]
	berth push --digestfile "$T/second" "$REGISTRY/back:1" "$REGISTRY/back/again:2"
	cmp "$T/first" "$T/second"
	store_is_clean
}

@test "an index: the image for this machine, or with --all what it names" {
	push_fixture multi index:1
	berth pull -q "$REGISTRY/index:1" >/dev/null
	split berth push "$REGISTRY/index:1" "$REGISTRY/index/one:1"
	want 0
	[ "$(raw index/one:1 | jq -r .config.digest)" = "$(berth images -q --no-trunc)" ]
	for command in "push --platform linux/arm64 $REGISTRY/index:1 $REGISTRY/index/one:1" \
		"save --platform linux/arm64 -o other.tar $REGISTRY/index:1" \
		"run --rm --pull never --platform linux/arm64 $REGISTRY/index:1 true"; do
		split berth $command
		want 125
		err_has "its image for linux/arm64/v8 is not here"
		err_has "berth pull --platform linux/arm64/v8 fetches it"
	done
	# The rest of it is not here, and not there.
	split berth push --all "$REGISTRY/index:1" "$REGISTRY/index/all:1"
	want 125
	err_has "neither the store nor the registry has its manifest"
	err_has "linux/arm64"
	split berth push --all "$REGISTRY/index:1" "$REGISTRY/index:2"
	want 0
	[ "$(digest_there index:2)" = "$(digest_there index:1)" ]
	berth manifest create --all "$REGISTRY/index/whole:1" "docker://$REGISTRY/index:1" >/dev/null
	split berth push --platform linux/riscv64 "$REGISTRY/index/whole:1" "$REGISTRY/index/riscv:1"
	want 0
	[ "$(raw index/riscv:1 | sha256sum | cut -d' ' -f1)" = \
		"$(raw index:1 | jq -r '.manifests[] | select(.platform.architecture == "riscv64") | .digest[7:]')" ]
	split berth push --platform linux/s390x "$REGISTRY/index/whole:1" "$REGISTRY/index/none:1"
	want 125
	err_has "linux/riscv64"
	split berth push --all --platform linux/arm64 "$REGISTRY/index/whole:1"
	want 125
	berth manifest rm "$REGISTRY/index/whole:1" >/dev/null
}

@test "a layer whose blob is not kept" {
	add many.oci many
	layer=$(layers_of many | head -3 | tail -1)
	rm "$ROOT/blobs/sha256/${layer#sha256:}"
	split berth push many "$REGISTRY/lost:1"
	want 125
	err_has "$layer"
	err_has "berth pull"
	[ -z "$output" ]
	# Another image has the layer, in another form.
	add many-zstd.oci other
	split berth push many "$REGISTRY/lost:1"
	want 0
	raw lost:1 | jq -e '[.layers[].mediaType | endswith("+zstd")] == [range(12) | . == 2]'
	[ "$(raw lost:1 | jq -r .config.digest)" = "$(id_of many)" ]
	is_whole lost:1
	# The registry has it.
	berth rmi other >/dev/null
	push_fixture many lost:2
	split berth push many "$REGISTRY/lost:3"
	want 0
	[ "$(digest_there lost:3)" = "$(digest_of many)" ]
}

@test "a blob that is not kept comes from where the image came from, without the other's credentials" {
	hostile_start
	registry_start auth
	berth pull -q "$HOSTILE/many" >/dev/null
	for layer in $(layers_of many | sed -n '2p;5p'); do
		rm "$ROOT/blobs/sha256/${layer#sha256:}"
	done
	split berth push --digestfile "$T/digest" --creds "$CREDS" "$HOSTILE/many" "$REGISTRY/origin:1"
	want 0
	[ "$(cat "$T/digest")" = "$(digest_of many)" ]
	[ "$(gets "$layer")" = 2 ]
	[ -f "$ROOT/blobs/sha256/${layer#sha256:}" ]
	[ -z "$(hostile_log 'select(.headers.authorization != null) | .path')" ]
	store_is_clean
	rm "$ROOT/blobs/sha256/${layer#sha256:}"
	# What comes is not believed.
	hostile_start "GET.layer:flip"
	split berth push --creds "$CREDS" "$HOSTILE/many" "$REGISTRY/origin/flipped:1"
	want 125
	err_has "has the digest"
	[ ! -e "$ROOT/blobs/sha256/${layer#sha256:}" ]
	[ ! -e "$ROOT/partial/${layer#sha256:}" ]
	hostile_start "layer:status=404"
	split berth push --creds "$CREDS" "$HOSTILE/many" "$REGISTRY/origin/gone:1"
	want 125
	err_has "nor its origin"
	err_has "$layer"
}

@test "a blob that another manifest calls by the wrong layer is not taken for it" {
	add many.oci many
	layer=$(layers_of many | head -1)
	diff=$(berth inspect -f '{{index .RootFS.Layers 0}}' many)
	rm "$ROOT/blobs/sha256/${layer#sha256:}"
	# Another image, which says that its layer is that one: it is there, so that nobody unpacks the blob.
	mkdir -p "$T/liar/blobs/sha256"
	put() {
		local sum
		sum=$(sha256sum <"$1" | cut -d' ' -f1)
		cp "$1" "$T/liar/blobs/sha256/$sum"
		echo "{\"mediaType\": \"$2\", \"digest\": \"sha256:$sum\", \"size\": $(stat -c %s "$1")}"
	}
	mkdir evil
	echo evil >evil/file
	tar czf evil.tar.gz -C evil file
	echo "{\"os\": \"linux\", \"architecture\": \"amd64\", \"config\": {}, \"rootfs\": {\"type\": \"layers\", \"diff_ids\": [\"$diff\"]}}" >config
	echo "{\"schemaVersion\": 2, \"config\": $(put config application/vnd.oci.image.config.v1+json), \"layers\":
		[$(put evil.tar.gz application/vnd.oci.image.layer.v1.tar+gzip)]}" >manifest
	echo "{\"schemaVersion\": 2, \"manifests\": [$(put manifest application/vnd.oci.image.manifest.v1+json)]}" >"$T/liar/index.json"
	echo '{"imageLayoutVersion": "1.0.0"}' >"$T/liar/oci-layout"
	split berth load -i "$T/liar"
	want 0
	split berth push many "$REGISTRY/liar:1"
	want 125
	err_has "and not that of the layer"
	split raw liar:1
	[ "$status" != 0 ]
}

@test "a store that was damaged is not published" {
	add many.docker.tar many
	diff=$(berth inspect -f '{{index .RootFS.Layers 2}}' many)
	printf x | dd of="$ROOT/blobs/sha256/${diff#sha256:}" bs=1 seek=600 conv=notrunc status=none
	split berth push many "$REGISTRY/damaged:1"
	want 125
	err_has "$diff"
	split raw damaged:1
	[ "$status" != 0 ]
	add busybox.oci bb
	layer=$(layers_of busybox)
	printf x | dd of="$ROOT/blobs/sha256/${layer#sha256:}" bs=1 seek=600 conv=notrunc status=none
	split berth push bb "$REGISTRY/damaged:2"
	want 125
	split berth push --compression-format zstd bb "$REGISTRY/damaged:2"
	want 125
	split raw damaged:2
	[ "$status" != 0 ]
}

@test "all tags of a repository" {
	add busybox.oci "$REGISTRY/tags:a"
	berth tag "$REGISTRY/tags:a" "$REGISTRY/tags:b" "$REGISTRY/tags/other:c"
	split berth push -a "$REGISTRY/tags"
	want 0
	[ "$(skopeo list-tags --tls-verify=false "docker://$REGISTRY/tags" | jq -c '.Tags | sort')" = '["a","b"]' ]
	split berth push --all-tags "$REGISTRY/tags:a"
	want 125
	err_has "it has a tag"
	split berth push --all-tags "$REGISTRY/none"
	want 125
	split berth push --all-tags "$REGISTRY/tags" "$REGISTRY/elsewhere"
	want 125
}

@test "files: oci, oci-archive, docker-archive; what is refused says what to do" {
	add many.oci many
	split berth push --digestfile "$T/digest" many "oci:$T/layout:x"
	want 0
	[ "$(cat "$T/digest")" = "$(digest_of many)" ]
	[ "$(skopeo inspect --raw "oci:$T/layout:x" | sha256sum | cut -d' ' -f1)" = "$(digest_of many | cut -d: -f2)" ]
	split berth push many "oci-archive:$T/a.tar"
	want 0
	[ "$(skopeo inspect --raw "oci-archive:$T/a.tar" | sha256sum | cut -d' ' -f1)" = "$(digest_of many | cut -d: -f2)" ]
	split berth push many "docker-archive:$T/d.tar:some/name:1"
	want 0
	[ "$(tar -xOf "$T/d.tar" manifest.json | jq -r '.[0].RepoTags[0]')" = docker.io/some/name:1 ] ||
		[ "$(tar -xOf "$T/d.tar" manifest.json | jq -r '.[0].RepoTags[0]')" = some/name:1 ]
	split berth push many "dir:$T/dir"
	want 125
	err_has "oci:DIR"
	split berth push many "containers-storage:x"
	want 125
	err_has "podman load"
	split berth push --compression-format zstd many "oci:$T/zstd"
	want 125
	err_has "for registries"
	[ ! -e "$T/zstd" ]
	split berth push many oci:
	want 125
}

@test "credentials and certificates" {
	registry_start auth tls
	add busybox.oci bb
	split berth push bb "$REGISTRY/bb:1"
	want 125
	lacks hunter2
	split berth push --tls-verify=false bb "$REGISTRY/bb:1"
	want 125
	err_has "berth login"
	split berth push --tls-verify=false --creds berth:wrong-secret bb "$REGISTRY/bb:1"
	want 125
	[[ $stderr != *wrong-secret* ]]
	split berth push --tls-verify=false --creds "$CREDS" bb "$REGISTRY/bb:1"
	want 0
	split berth push --cert-dir "$REGISTRY_DIR/tls/authority" --creds "$CREDS" bb "$REGISTRY/bb:2"
	want 0
	echo "{\"auths\": {\"$REGISTRY\": {\"auth\": \"$(printf %s "$CREDS" | base64)\"}}}" >"$T/mine.json"
	split berth push --cert-dir "$REGISTRY_DIR/tls/authority" --authfile "$T/mine.json" bb "$REGISTRY/bb:3"
	want 0
}

@test "what fails for a moment is tried again; what does not says where" {
	hostile_start "POST.upload:status=500*1" "PUT.upload:drop*1" "PATCH.upload:status=503*1"
	add many.docker.tar many
	split berth push --retry-delay 50ms many "$HOSTILE/again:1"
	want 0
	hostile_start "upload:status=500"
	split berth push --retry 1 --retry-delay 50ms many "$HOSTILE/never:1"
	want 125
	err_has "$HOSTILE"
	hostile_start "PUT.manifest:status=403"
	split berth push many "$HOSTILE/never:2"
	want 125
	err_has "$HOSTILE"
	store_is_clean
}

@test "options of docker and podman that have nothing to do, or cannot be had" {
	add busybox.oci bb
	split berth push --disable-content-trust --remove-signatures bb "$REGISTRY/ignored:1"
	want 0
	[ -z "$output" ]
	err_has "--remove-signatures is ignored"
	split berth push --sign-by me bb "$REGISTRY/ignored:2"
	want 125
	err_has "--digestfile"
	split berth push bb "$REGISTRY/ignored@sha256:$(printf 0%.0s {1..64})"
	want 125
	err_has "the digest of the manifest would be"
	split berth push bb "$REGISTRY/ignored@$(digest_of busybox)"
	want 0
}

# Every call of these, one after the other, is the last one of a push.
@test "killed at any point: nothing is left, and the next push works" {
	need strace
	local call k points=0
	# Layers are decompressed and compressed on the way.
	add many.oci many
	for call in clone3 mkdirat unlinkat socket pipe2 pivot_root seccomp; do
		for k in 1 2 3; do
			strace -f -qq -o /dev/null -e trace=$call -e inject=$call:signal=KILL:when=$k \
				"$BERTH" --root "$ROOT" push --compression-format zstd:chunked --compression-level $((points % 19 + 1)) \
				many "$REGISTRY/killed:$call-$k" >/dev/null 2>&1 && break
			points=$((points + 1))
			split berth push -q --compression-format zstd:chunked many "$REGISTRY/killed:$points"
			want 0 || { echo "$call $k"; return 1; }
			is_whole "killed:$points" || { echo "$call $k"; return 1; }
			berth load -q -i "$(image busybox.docker.tar)" >/dev/null
			store_is_clean || { echo "$call $k"; return 1; }
		done
	done
	[ "$points" -ge 6 ]
}

@test "what is compressed anew is decompressed by a process that can do nothing else" {
	# newuidmap is set-id, and is not while it is traced.
	only root one
	need strace
	add busybox.oci bb
	for format in zstd zstd:chunked; do
		strace -f -y -o "$T/trace" -e trace=openat,connect,socket,execve,seccomp,pivot_root \
			"$BERTH" --root "$ROOT" push --compression-format $format bb "$REGISTRY/cell:1"
		grep -q pivot_root "$T/trace"
		cell=$(awk '/pivot_root/ { print $1; exit }' "$T/trace")
		# Its filter is the last that it asks for.
		[ "$(grep "^$cell " "$T/trace" | grep -c 'seccomp(SECCOMP_SET_MODE_FILTER')" = 1 ]
		grep "^$cell " "$T/trace" | sed -n '/seccomp(SECCOMP_SET_MODE_FILTER/,$p' | tail -n +2 |
			grep -v '+++ exited' >"$T/after" || :
		[ ! -s "$T/after" ] || { cat "$T/after"; return 1; }
		is_whole cell:1
	done
}

@test "bombs and damage in a layer that is compressed anew" {
	mkdir -p "$T/bomb/blobs/sha256" "$T/root"
	put() {
		local sum
		sum=$(sha256sum <"$1" | cut -d' ' -f1)
		cp "$1" "$T/bomb/blobs/sha256/$sum"
		echo "{\"mediaType\": \"$2\", \"digest\": \"sha256:$sum\", \"size\": $(stat -c %s "$1")}"
	}
	# Written straight into a store: nobody unpacked it.
	busybox
	head -c 3000000 /dev/zero | gzip -9 >whole
	head -c 2000 whole >cut
	cp whole flipped
	printf '\377' | dd of=flipped bs=1 seek=1500 conv=notrunc status=none
	for layer in whole cut flipped; do
		echo "{\"os\": \"linux\", \"architecture\": \"amd64\", \"config\": {}, \"rootfs\": {\"type\": \"layers\", \"diff_ids\":
			[\"sha256:$(printf 0%.0s {1..64})\"]}}" >config
		echo "{\"schemaVersion\": 2, \"config\": $(put config application/vnd.oci.image.config.v1+json), \"layers\":
			[$(put $layer application/vnd.oci.image.layer.v1.tar+gzip)]}" >manifest
		entry=$(put manifest application/vnd.oci.image.manifest.v1+json)
		cp "$T/bomb/blobs/sha256/"* "$ROOT/blobs/sha256"
		jq -c ".manifests += [$entry + {annotations: {\"org.opencontainers.image.ref.name\": \"$layer:1\"}}]" \
			"$ROOT/index.json" >new.json
		cat new.json >"$ROOT/index.json"
		for format in zstd zstd:chunked; do
			split berth push --compression-format $format $layer:1 "$REGISTRY/bombs:$layer"
			want 125 || { echo "$layer"; return 1; }
			split raw "bombs:$layer"
			[ "$status" != 0 ]
		done
	done
}

@test "several images have a heading each, however many layers they have" {
	load_fixture() { berth load -q -i "$(image "$1.oci")" | sed 's/.*: //'; }
	berth tag "$(load_fixture busybox)" "$REGISTRY/twin:1"
	berth tag "$(load_fixture config)" "$REGISTRY/twin:2"
	split berth push --progress plain --all-tags "$REGISTRY/twin"
	want 0
	[ "$(grep -cx "$REGISTRY/twin:1" <<<"$stderr")" = 1 ]
	[ "$(grep -cx "$REGISTRY/twin:2" <<<"$stderr")" = 1 ]
	[ "$(tail -n 1 <<<"$stderr" | awk '{ print $2 }')" = shared ]
}
