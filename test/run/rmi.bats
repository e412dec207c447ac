# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

make_case() {
	[ -e "$T/$1" ] || "$helper/image-case" "$1" "$T/$1"
	berth load -q -i "$T/$1" >/dev/null
}

store_is_empty() {
	[ "$(ls "$ROOT/layers" "$ROOT/blobs/sha256" "$ROOT/images" "$ROOT/tmp" | grep -cv :)" = "$(printf '\n\n\n' | wc -l)" ] || {
		find "$ROOT" -maxdepth 3
		return 1
	}
}

@test "a name, then the image with its last name" {
	make_case docker-two-tags
	id=$(berth images -q --no-trunc | head -1)
	split berth rmi quay.io/other/case:v1
	want 0
	[ "$output" = "Untagged: quay.io/other/case:v1" ]
	split berth rmi case
	want 0
	[ "$output" = "Untagged: docker.io/library/case:latest"$'\n'"Deleted: $id" ]
	store_is_empty
	split berth images -a -q
	[ -z "$output" ]
}

@test "by ID; several names want --force" {
	make_case docker-two-tags
	id=$(berth images -q | head -1)
	split berth rmi "${id:0:6}"
	want 2
	err_has "several names"
	[ "$(berth images -q | wc -l)" = 2 ]
	split berth rmi -f "sha256:$id"
	want 0
	[ "$(grep -c Untagged <<<"$output")" = 2 ]
	store_is_empty
}

@test "layers that other images have stay" {
	make_case docker
	make_case docker-two-images
	berth rmi case
	split berth run --rm --network none other:1 true
	# There is no such program in it: but its layer was mounted.
	want 127
	[ "$(find "$ROOT/layers" -mindepth 1 -maxdepth 1 -type d | wc -l)" = 1 ]
	berth rmi other:1
	store_is_empty
}

@test "what does not exist: 1, and the others go" {
	make_case docker
	split berth rmi nothing case:latest also/nothing
	want 1
	has "Untagged: docker.io/library/case:latest"
	err_has "there is no image 'nothing' in the store"
	err_has "also/nothing"
	split berth rmi -i nothing
	want 0
	[ -z "$stderr" ]
	split berth rmi
	want 125
}

@test "a container that runs keeps its image: 2" {
	busybox
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none --name holder busybox sleep 60 3>&- &
	pid=$!
	eventually 10 berth inspect --type container holder >/dev/null 2>&1
	split berth rmi busybox
	code=$status
	kill -KILL "$pid"
	wait "$pid" || :
	[ "$code" = 2 ]
	err_has "in use"
	# When it is gone, so is its claim.
	eventually 10 berth rmi busybox 2>/dev/null
	store_is_empty
}

@test "a container that stays keeps its image: 2, and --force takes both" {
	busybox
	berth run --network none --name kept busybox true
	split berth rmi busybox
	want 2
	err_has "'kept'"
	err_has "berth rm"
	split berth rmi -f busybox
	want 0
	split berth inspect --type container kept
	want 1
	store_is_empty
}

@test "--force ends a container that runs" {
	busybox
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --network none --name victim busybox sleep 60 3>&- &
	pid=$!
	eventually 10 berth inspect -f '{{if .State.Running}}{{else}}{{.No}}{{end}}' victim >/dev/null 2>&1
	split berth rmi -f busybox
	want 0
	has "Deleted: "
	wait "$pid" || :
	split berth inspect victim
	want 1
	store_is_empty
}

@test "--all: every image, but those in use: 2" {
	make_case docker-two-tags
	make_case oci-two-names
	split berth rmi --all case
	want 125
	err_has "name images, or give --all"
	[ "$(berth images -q | wc -l)" = 4 ]
	busybox
	berth run --network none --name kept busybox true
	split berth rmi --all --no-prune
	want 2
	err_has "rmi: image '$(berth images -q --no-trunc busybox)': it is in use by the container 'kept'"
	[ "$(grep -c ^Untagged: <<<"$output")" = 4 ]
	[ "$(grep -c ^Deleted: <<<"$output")" = "$(sort -u <<<"$output" | grep -c ^Deleted:)" ]
	err_has "'kept'"
	[ "$(berth images --format '{{.Name}}')" = docker.io/library/busybox:latest ]
	split berth rmi -a -f
	want 0
	split berth inspect --type container kept
	want 1
	split berth rmi -a
	want 0
	[ -z "$output$stderr" ]
	store_is_empty
}

@test "many at once are swept for once" {
	need strace
	make_case docker-two-tags
	make_case oci-two-names
	strace -qq -o "$T/calls" -e trace=openat "$BERTH" --root "$ROOT" rmi case quay.io/other/case:v1 one:1 two:2
	[ "$(grep -c '"blobs/sha256", ' "$T/calls")" = 1 ]
	store_is_empty
}

@test "killed at any point: nothing needs repair" {
	need strace
	local call k points=0
	"$helper/image-case" docker-two-tags "$T/x"
	make_case oci-two-names
	for call in renameat renameat2 linkat fsync mkdirat unlinkat openat; do
		for k in 1 2 3 4 5 6 8 10 13; do
			berth load -q -i "$T/x" >/dev/null
			strace -qq -o /dev/null -e trace=$call -e inject=$call:signal=KILL:when=$k \
				"$BERTH" --root "$ROOT" rmi -f case quay.io/other/case:v1 >/dev/null 2>&1 && break
			points=$((points + 1))
			run berth images -a
			want 0 || { echo "$call $k"; return 1; }
			has "docker.io/library/one"
		done
	done
	[ "$points" -ge 15 ]
	berth load -q -i "$T/x" >/dev/null
	berth rmi -f case quay.io/other/case:v1 one:1 two:2
	store_is_empty
}

@test "one that sweeps does not take the note of another that removes" {
	need strace
	local blobs
	make_case docker
	blobs=$(ls "$ROOT/blobs/sha256")
	busybox
	# The first has swept, and is slow to say so; meanwhile the second takes a name away.
	strace -qq -o /dev/null -P tmp/garbage -P tmp/sweeping -e trace=unlinkat \
		-e inject=unlinkat:delay_enter=1000000 "$BERTH" --root "$ROOT" rmi case 3>&- &
	pid=$!
	for blob in $blobs; do
		eventually 10 test ! -e "$ROOT/blobs/sha256/$blob"
	done
	strace -qq -o /dev/null -P index.json -e trace=renameat -e inject=renameat:delay_exit=1500000 \
		"$BERTH" --root "$ROOT" rmi busybox
	wait "$pid"
	run berth system check
	want 0
	store_is_empty
}
