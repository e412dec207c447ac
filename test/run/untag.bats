# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

make_case() {
	[ -e "$T/$1" ] || "$helper/image-case" "$1" "$T/$1"
	berth load -q -i "$T/$1" >/dev/null
}

@test "one name of several, then the last: the image stays" {
	make_case docker-two-tags
	id=$(berth images -q case)
	split berth untag case quay.io/other/case:v1
	want 0
	[ -z "$output$stderr" ]
	[ "$(berth images --format '{{.Name}}')" = docker.io/library/case:latest ]
	split berth image untag "$id" case
	want 0
	[ "$(berth images -q)" = "$id" ]
	[ "$(berth images -q --filter dangling=true)" = "$id" ]
	split berth inspect -f '{{len .RepoTags}}' "$id"
	[ "$output" = 0 ]
	split berth inspect case
	want 1
	# It still runs, and can get a name again.
	split berth run --rm --network none "$id" true
	want 127
	berth tag "$id" back
	[ "$(berth images -q | wc -l)" = 1 ]
	run berth system check
	want 0
}

@test "all names at once" {
	make_case docker-two-tags
	berth tag case third:3
	berth untag third:3
	[ "$(berth images --format '{{.Name}}')" = "<none>" ]
}

@test "a name that is not its own changes nothing" {
	make_case docker-two-tags
	make_case docker-two-images
	before=$(berth images)
	split berth untag case case other:1
	want 125
	err_has "the image 'case' has no name 'other:1'"
	split berth untag nothing
	want 125
	err_has "no image 'nothing'"
	split berth untag case "$(printf 'a\033')"
	want 125
	[[ $stderr != *$'\e'* ]]
	split berth untag
	want 125
	[ "$(berth images)" = "$before" ]
}

@test "a damaged image, and no other that is damaged" {
	local digest
	make_case docker
	make_case oci-two-names
	for digest in $(jq -r '.manifests[].digest' "$ROOT/index.json"); do
		echo broken >"$ROOT/blobs/sha256/${digest#sha256:}"
	done
	rm -rf "$ROOT"/cache/*
	[ "$(berth images --format '{{.ID}}' | sort -u)" = "<damaged>" ]
	split berth untag one:1
	want 0
	run berth images --format '{{.Name}}'
	has docker.io/library/case:latest
	lacks docker.io/library/one:1
}

@test "killed at any point: the old or the new state" {
	need strace
	local call k points=0
	make_case docker-two-tags
	for call in renameat fsync unlinkat openat fchmod; do
		for k in 1 2 3 4 5 6; do
			berth tag case old:1
			strace -qq -o /dev/null -e trace=$call -e inject=$call:signal=KILL:when=$k \
				"$BERTH" --root "$ROOT" --runroot "$RUNROOT" untag case old:1 >/dev/null 2>&1 && break
			points=$((points + 1))
			run berth system check
			want 0 || { echo "$call $k"; return 1; }
			run berth images --format '{{.Name}}'
			has docker.io/library/case:latest
		done
	done
	[ "$points" -ge 8 ]
}
