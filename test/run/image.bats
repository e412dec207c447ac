# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

make_case() {
	[ -e "$T/$1" ] || "$helper/image-case" "$1" "$T/$1"
	berth load -q -i "$T/$1" >/dev/null
}

@test "exists: 0, 1 without a word, 125 for what cannot be asked" {
	make_case docker
	split berth image exists case
	want 0
	[ -z "$output$stderr" ]
	split berth image exists "$(berth images -q)"
	want 0
	split berth image exists nothing
	want 1
	[ -z "$output$stderr" ]
	split berth image exists
	want 125
	echo '{' >"$ROOT/index.json"
	split berth image exists case
	want 125
	[ -n "$stderr" ]
}

@test "ls and rm are images and rmi" {
	make_case docker
	[ "$(berth image ls)" = "$(berth images)" ]
	split berth image rm case
	want 0
	has "Untagged: docker.io/library/case:latest"
}

@test "tree" {
	make_case docker-two-tags
	split berth image tree case
	want 0
	[ "$(sed -n 1p <<<"$output")" = "Image ID: $(berth images -q case)" ]
	[ "$(sed -n 2p <<<"$output")" = "Tags:     [docker.io/library/case:latest quay.io/other/case:v1]" ]
	[ "$(sed -n 4p <<<"$output")" = "Image Layers" ]
	[[ $(sed -n 5p <<<"$output") =~ ^"├── ID: "[0-9a-f]{12}" Size: "[0-9.]+kB$ ]]
	[[ $(sed -n 6p <<<"$output") == "└── ID: "*" Top Layer of: [docker.io/library/case:latest quay.io/other/case:v1]" ]]
	split berth image tree nothing
	want 125
}

@test "mount: read-only, where it says, and the image stays until unmount" {
	only root
	berth load -q -i "$(image many.docker.tar)" >/dev/null
	make_case docker
	split berth image mount many
	want 0
	dir=$output
	again=$(berth image mount many)
	list=$(berth image mount)
	split berth image mount case
	first=$output
	hello=$(cat "$first/hello") whole=$(ls "$dir/data")
	touch "$dir/new" 2>/dev/null && writable=1
	split berth rmi -f many
	code=$status err=$stderr
	berth system prune -a -f >/dev/null
	berth image prune -a -f >/dev/null
	left=$(berth images -q | wc -l)
	exec 7<"$dir/etc/passwd"
	split berth image unmount many
	busy=$status hint=$stderr
	split berth image unmount -f many
	forced=$status
	exec 7<&-
	split berth image umount -a
	all=$status
	[ -z "$(berth image mount)" ]
	[ "$again" = "$dir" ]
	[[ $list == *"$dir" ]]
	[ "$hello" = second ]
	[ "$whole" = $'hidden\nkept' ]
	[ -z "${writable:-}" ]
	[ "$code" = 2 ]
	[[ $err == *"berth image unmount"* ]]
	[ "$left" = 2 ]
	[ "$busy" = 125 ]
	[[ $hint == *"--force"* ]]
	[ "$forced" = 0 ]
	[ "$all" = 0 ]
	split berth image unmount many
	want 125
	err_has "not mounted"
	split berth image unmount
	want 125
	berth rmi many case
}

@test "mount is root's" {
	only rootless
	make_case docker
	split berth image mount case
	want 125
	err_has "only root can mount an image"
	err_has "berth image export"
	split berth image unmount case
	want 125
}
