# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth
load ../helper/registry

setup_file() {
	registry_start
	push_fixture multi multi:1
	push_fixture busybox busybox:1
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

case_image() { # CASE: an image of test/helper/image-case, called "case"
	"$helper/image-case" "$1" "$T/$1"
	berth load -q -i "$T/$1" >/dev/null
}

raw() { # NAME[:TAG] in the registry
	skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/$1"
}

inspect() { # LIST JQ-FILTER
	berth manifest inspect "$1" | jq -r "$2"
}

@test "create, exists, inspect, rm" {
	split berth manifest exists list
	want 1
	[ -z "$output$stderr" ]
	split berth manifest create list
	want 0
	[[ $output =~ ^[0-9a-f]{64}$ ]]
	split berth manifest exists list
	want 0
	split berth manifest inspect list
	want 0
	[ "$(jq -c . <<<"$output")" = '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}' ]
	store_is_clean
	split berth manifest create list
	want 125
	err_has "--amend"
	split berth manifest create --amend --annotation org.example=yes list
	want 0
	[ "$(inspect list '.annotations["org.example"]')" = yes ]
	store_is_clean
	# Other commands see it, and nothing of it can be run.
	split berth images -q --no-trunc
	want 0
	[ "$output" = "sha256:$(berth manifest inspect list | jq -jc . | sha256sum | cut -d' ' -f1)" ]
	split berth inspect list
	want 125
	err_has "berth manifest inspect"
	split berth run --rm list true
	want 125
	split berth manifest rm list
	want 0
	has "Untagged: docker.io/library/list:latest"
	split berth manifest rm list
	want 125
	err_has "no manifest list 'list'"
	[ -z "$(ls "$ROOT/blobs/sha256")" ]
	store_is_clean
}

@test "an image is no list" {
	busybox
	split berth manifest exists busybox
	want 1
	for command in "add busybox busybox" "annotate busybox busybox" "rm busybox" "remove busybox busybox" \
		"push busybox $REGISTRY/none" "create --amend busybox"; do
		split berth manifest $command
		want 125 || { echo "$command"; return 1; }
	done
	split berth manifest inspect busybox
	want 0
	[ "$(jq -r .config.digest <<<"$output")" = "$(berth images -q --no-trunc)" ]
	split berth images -q
	[ -n "$output" ]
}

@test "members of the store: what they are for is known, or said" {
	busybox
	case_image docker-other-platform
	split berth manifest create list busybox case
	want 0
	[ "$(inspect list '[.manifests[].platform.architecture] | join(" ")')" = "amd64 arm64" ] ||
		[ "$(inspect list '.manifests | length')" = 2 ]
	split berth manifest add --arch riscv64 --os linux --variant v9 --os-version 7 --features a,b --os-features c \
		--annotation org.example.a=1 --annotation org.example.b=x=y list busybox
	want 0
	inspect list '.manifests[-1] | [.platform, .annotations]' | jq -e '. == [
		{"architecture": "riscv64", "os": "linux", "variant": "v9", "os.version": "7", "features": ["a", "b"],
		 "os.features": ["c"]}, {"org.example.a": "1", "org.example.b": "x=y"}]'
	[ "$(inspect list '.manifests | length')" = 2 ]
	split berth manifest annotate --arch amd64 --variant v2 list busybox
	want 0
	[ "$(inspect list '.manifests[-1].platform | "\(.architecture) \(.variant) \(.["os.version"])"')" = "amd64 v2 7" ]
	digest=$(inspect list '.manifests[-1].digest')
	split berth manifest annotate --annotation org.example.a=2 list "$digest"
	want 0
	[ "$(inspect list '.manifests[-1].annotations["org.example.a"]')" = 2 ]
	split berth manifest annotate --index --annotation org.example.list=1 list
	want 0
	[ "$(inspect list '.annotations["org.example.list"]')" = 1 ]
	split berth manifest annotate --index --arch x list
	want 125
	split berth manifest annotate --annotation nonsense list "$digest"
	want 125
	err_has "KEY=VALUE"
	split berth manifest annotate --arch x list no/such/image
	want 125
	err_has "has no member"
	split berth manifest remove list "$digest"
	want 0
	[ "$(inspect list '.manifests | length')" = 1 ]
	split berth manifest add list list
	want 125
	store_is_clean
	# What only the list leads to stays as long as it does.
	berth rmi -f case >/dev/null 2>&1 || :
	store_is_clean
	berth manifest rm list >/dev/null
	store_is_clean
}

@test "members of a registry: the one for this machine, the one that is asked for, all" {
	split berth manifest create one "docker://$REGISTRY/multi:1"
	want 0
	[ "$(inspect one '.manifests | length')" = 1 ]
	store_is_clean
	split berth manifest create other
	split berth manifest add --arch riscv64 other "docker://$REGISTRY/multi:1"
	want 0
	[ "$(inspect other '.manifests[].platform.architecture')" = riscv64 ]
	split berth manifest create --all all "docker://$REGISTRY/multi:1"
	want 0
	[ "$(inspect all '[.manifests[].platform.architecture] | sort | join(" ")')" = "amd64 arm64 riscv64" ]
	# Not among the images: they are there for the lists.
	[ "$(berth images -a --format '{{.Repository}}' | sort | tr '\n' ' ')" = \
		"docker.io/library/all docker.io/library/one docker.io/library/other " ]
	store_is_clean
	split berth manifest create nothing "docker://$REGISTRY/no/such:1"
	want 125
	err_has "$REGISTRY"
	split berth manifest exists nothing
	want 1
	split berth manifest inspect "docker://$REGISTRY/multi:1"
	want 0
	[ "$(jq '.manifests | length' <<<"$output")" = 3 ]
	split berth manifest inspect "$REGISTRY/busybox:1"
	want 0
	[ "$(jq -r .config.digest <<<"$output")" = "$(id_of busybox)" ]
	for list in other all; do
		berth manifest rm $list >/dev/null
		store_is_clean
	done
	# What a container is of stays.
	split berth run --name kept --network none one true
	want 0
	split berth manifest rm one
	want 0
	[ -n "$(ls "$ROOT/layers")" ]
	berth rm -f kept >/dev/null
	berth rmi "$(berth images -aq)" >/dev/null
	[ -z "$(ls "$ROOT/blobs/sha256")" ]
	[ -z "$(ls "$ROOT/layers")" ]
}

@test "what was fetched for nothing does not stay" {
	: >"$REGISTRY_DIR/access"
	split berth manifest add nothing "docker://$REGISTRY/multi:1"
	want 125
	err_has "no manifest list 'nothing'"
	berth manifest create list >/dev/null
	split berth manifest create list "docker://$REGISTRY/multi:1"
	want 125
	err_has "--amend"
	# It was not even asked for.
	[ "$(grep -c "GET /v2/multi" "$REGISTRY_DIR/access")" = 0 ]
	split berth manifest add list "docker://$REGISTRY/multi:1" "docker://$REGISTRY/no/such:1"
	want 125
	err_has "no/such"
	split berth manifest create other "docker://$REGISTRY/busybox:1" "docker://$REGISTRY/no/such:1"
	want 125
	split berth manifest add --annotation wrong list "docker://$REGISTRY/busybox:1"
	want 125
	[ "$(berth images -a --format '{{.Name}}')" = docker.io/library/list:latest ]
	store_is_clean
	# What was there before, is.
	berth pull -q "$REGISTRY/busybox:1" >/dev/null
	split berth manifest create other "docker://$REGISTRY/busybox:1" "docker://$REGISTRY/no/such:1"
	want 125
	split berth run --rm --network none --pull never "$REGISTRY/busybox:1" true
	want 0
	store_is_clean
}

@test "push: others find every image in it" {
	berth manifest create --all all "docker://$REGISTRY/multi:1" >/dev/null
	split berth manifest push --digestfile "$T/digest" all "$REGISTRY/pushed/all:1"
	want 0
	[ "$output" = "$(cat "$T/digest")" ]
	[ "$output" = "sha256:$(raw pushed/all:1 | sha256sum | cut -d' ' -f1)" ]
	[ "$(raw pushed/all:1 | jq -c '[.manifests[].digest] | sort')" = "$(raw multi:1 | jq -c '[.manifests[].digest] | sort')" ]
	skopeo --insecure-policy copy -q --all --src-tls-verify=false "docker://$REGISTRY/pushed/all:1" "oci:$T/copy"
	berth pull -q "$REGISTRY/pushed/all:1" >/dev/null
	split berth run --rm --network none "$REGISTRY/pushed/all:1" cat /etc/platform
	want 0
	# The same under docker's types: other manifests, the same images.
	split berth manifest push -f v2s2 all "docker://$REGISTRY/pushed/docker:1"
	want 0
	[ "$(raw pushed/docker:1 | jq -r .mediaType)" = application/vnd.docker.distribution.manifest.list.v2+json ]
	[ "$(raw pushed/docker:1 | jq -r '.manifests[].mediaType' | sort -u)" = application/vnd.docker.distribution.manifest.v2+json ]
	skopeo --insecure-policy copy -q --all --src-tls-verify=false --format oci "docker://$REGISTRY/pushed/docker:1" "oci:$T/copy2"
	split berth manifest push --compression-format zstd all "$REGISTRY/pushed/zstd:1"
	want 0
	first=$(raw pushed/zstd:1 | jq -r '.manifests[0].digest')
	[ "$(raw "pushed/zstd@$first" | jq -r '.layers[0].mediaType')" = application/vnd.oci.image.layer.v1.tar+zstd ]
	split berth manifest push --compression-format zstd:chunked all "$REGISTRY/pushed/chunked:1"
	want 0
	first=$(raw pushed/chunked:1 | jq -r '.manifests[0].digest')
	raw "pushed/chunked@$first" |
		jq -e '.layers[0].annotations["io.github.containers.zstd-chunked.manifest-position"] | endswith(":1")'
	store_is_clean
}

@test "push: without the images, and with the end of the list" {
	berth manifest create --all all "docker://$REGISTRY/multi:1" >/dev/null
	split berth manifest push --all=false all "$REGISTRY/alone:1"
	want 125
	err_has "neither the store nor the registry"
	split berth manifest push --all=false --rm all "$REGISTRY/multi:2"
	want 0
	split berth manifest exists all
	want 1
	store_is_clean
	berth manifest create "$REGISTRY/purged:1" "docker://$REGISTRY/busybox:1" >/dev/null
	split berth manifest push -p "$REGISTRY/purged:1"
	want 0
	[ "$(raw purged:1 | jq '.manifests | length')" = 1 ]
	split berth manifest exists "$REGISTRY/purged:1"
	want 1
	store_is_clean
	split berth manifest push no/such "$REGISTRY/none"
	want 125
	err_has "no manifest list"
	split berth manifest push --insecure no/such "$REGISTRY/none"
	want 125
	err_has "--tls-verify=false"
}

@test "a list that is changed while it is pushed is not purged" {
	need strace
	berth manifest create "$REGISTRY/busy:1" "docker://$REGISTRY/busybox:1" >/dev/null
	strace -f -qq -o /dev/null -e trace=connect -e inject=connect:delay_enter=2000000:when=1 \
		"$BERTH" --root "$ROOT" --runroot "$RUNROOT" manifest push --rm "$REGISTRY/busy:1" >out 2>err 3>&- &
	pid=$!
	sleep 1
	berth manifest annotate --index --annotation new=yes "$REGISTRY/busy:1" >/dev/null
	status=0
	wait "$pid" || status=$?
	want 125
	grep -q "was changed while it was pushed" err
	[ "$(berth manifest inspect "$REGISTRY/busy:1" | jq -r .annotations.new)" = yes ]
}

@test "a member that is compressed on the way is named as it is there" {
	busybox
	berth manifest create list busybox >/dev/null
	split berth manifest push list "$REGISTRY/packed:1"
	want 0
	member=$(raw packed:1 | jq -r '.manifests[0].digest')
	[ "$member" != "$(inspect list '.manifests[0].digest')" ]
	[ "$(raw "packed@$member" | jq -r .config.digest)" = "$(berth images -q --no-trunc busybox)" ]
	only root
	need podman
	peer_store
	split "$helper/peer" podman pull -q --tls-verify=false "$REGISTRY/packed:1"
	want 0
	[ "sha256:$output" = "$(berth images -q --no-trunc busybox)" ]
	"$helper/peer" podman rmi -af >/dev/null
}

@test "what is fetched takes no name away, and nobody takes it away" {
	local pids=() n
	busybox
	id=$(berth images -q --no-trunc busybox)
	berth tag busybox "$REGISTRY/multi:1"
	split berth manifest create mine "docker://$REGISTRY/multi:1"
	want 0
	[ "$(berth images -q --no-trunc "$REGISTRY/multi:1")" = "$id" ]
	berth rmi "$REGISTRY/multi:1" >/dev/null
	berth manifest rm mine >/dev/null
	for n in 1 2 3 4 5 6; do
		"$BERTH" --root "$ROOT" --runroot "$RUNROOT" manifest create at/once:$n "docker://$REGISTRY/multi:1" 3>&- &
		pids+=($!)
		"$BERTH" --root "$ROOT" --runroot "$RUNROOT" image prune -f >/dev/null 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	for n in 1 2 3 4 5 6; do
		[ "$(inspect at/once:$n '.manifests | length')" = 1 ]
	done
	[ "$(berth images --format '{{.Repository}}' | sort -u | tr '\n' ' ')" = "docker.io/at/once docker.io/library/busybox " ]
	run berth system check
	want 0
	store_is_clean
}

@test "several at once lose nothing" {
	busybox
	berth manifest create list >/dev/null
	case_image docker-other-platform
	case_image oci
	berth manifest add list busybox >/dev/null &
	one=$!
	berth manifest add list case >/dev/null &
	two=$!
	berth manifest annotate --index --annotation a=b list >/dev/null &
	wait $one $two $!
	[ "$(inspect list '.manifests | length')" = 2 ]
	[ "$(inspect list .annotations.a)" = b ]
	store_is_clean
}
