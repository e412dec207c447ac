# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

make_case() {
	[ -e "$T/$1" ] || "$helper/image-case" "$1" "$T/$1"
	berth load -q -i "$T/$1" >/dev/null
}

@test "another name for a name, an ID, and a digest" {
	make_case docker
	split berth tag case other/name:v1
	want 0
	[ -z "$output" ]
	berth tag "$(berth images -q case)" localhost:5000/by/id
	digest=$(berth inspect -f '{{.Digest}}' case)
	berth tag "case@$digest" by-digest
	run berth images --format '{{.Name}}'
	has docker.io/other/name:v1
	has localhost:5000/by/id:latest
	has docker.io/library/by-digest:latest
	[ "$(berth images -q | sort -u | wc -l)" = 1 ]
}

@test "a name moves; the image that had it stays" {
	make_case oci-two-names
	two=$(berth images -q two:2)
	berth tag two:2 one:1
	[ "$(berth images -q one:1)" = "$two" ]
	[ "$(berth images -q | sort -u | wc -l)" = 2 ]
	[ "$(berth images -q --filter dangling=true | wc -l)" = 1 ]
	# The cache does not remember what was.
	[ "$(berth inspect -f '{{.Id}}' one:1)" = "$(berth inspect -f '{{.Id}}' two:2)" ]
}

@test "what is no name, and what is not there" {
	make_case docker
	for name in Capital 'a b' '' ../x 'x:' "$(printf 'a\033')" "x@sha256:$(printf '%064d' 0)"; do
		split berth tag case "$name"
		want 125
		[[ $stderr != *$'\e'* ]]
	done
	split berth tag nothing x
	want 125
	err_has "no image 'nothing'"
	split berth tag case
	want 125
	[ "$(berth images -q | wc -l)" = 1 ]
}

@test "a name that is looked up without a host may be below localhost" {
	make_case docker
	berth tag case localhost/mine
	berth rmi case
	split berth inspect -f '{{index .RepoTags 0}}' mine
	want 0
	[ "$output" = localhost/mine:latest ]
	split berth run --rm --network none mine /nothing
	want 127
}

@test "many at once lose none" {
	make_case docker
	for i in $(seq 16); do
		berth tag case "name$i" &
		pids+=($!)
	done
	wait "${pids[@]}"
	[ "$(berth images -q | wc -l)" = 17 ]
}

@test "killed at any point: the old or the new name" {
	need strace
	local call k points=0
	make_case oci-two-names
	for call in renameat fsync unlinkat openat fchmod; do
		for k in 1 2 3 4 5; do
			strace -qq -o /dev/null -e trace=$call -e inject=$call:signal=KILL:when=$k \
				"$BERTH" --root "$ROOT" tag one:1 new:$call$k >/dev/null 2>&1 && break
			points=$((points + 1))
			run berth images --format '{{.Name}} {{.ID}}'
			want 0
			has docker.io/library/one:1
			run berth tag one:1 "again:$call$k"
			want 0
		done
	done
	[ "$points" -ge 8 ]
}
