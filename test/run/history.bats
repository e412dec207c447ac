# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

make_case() {
	[ -e "$T/$1" ] || "$helper/image-case" "$1" "$T/$1"
	berth load -q -i "$T/$1" >/dev/null
}

@test "the columns of docker, the last step first" {
	berth load -q -i "$(image many.docker.tar)" >/dev/null
	split berth history many
	want 0
	[[ $(head -1 <<<"$output") =~ ^IMAGE\ +CREATED\ +CREATED\ BY\ +SIZE\ +COMMENT$ ]]
	[[ $(sed -n 2p <<<"$output") =~ ^$(berth images -q many)\ .*\ ago\ .*umoci ]]
	[[ $(sed -n 3p <<<"$output") == "<missing>"* ]]
	[ "$(berth history -q many | wc -l)" = "$(berth inspect -f '{{len .History}}' many)" ]
	[ "$(berth image history -n -q --no-trunc many | head -1)" = "$(berth inspect -f '{{.Id}}' many)" ]
	# The sizes are those of the layers.
	berth history --format '{{.CreatedAt}}' many >at.txt
	[ "$(grep -Evc '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$' at.txt)" = 0 ]
	[ "$(berth history --human=false --format '{{.CreatedSince}}' many)" = "$(cat at.txt)" ]
	[ "$(berth history --human=false --format '{{.Size}}' many | awk '{ n += $1 } END { print n }')" = "$(berth inspect -f '{{.Size}}' many)" ]
	split berth history -H=maybe many
	want 125
}

@test "as the configuration says it" {
	berth load -q -i "$(image config.docker.tar)" >/dev/null
	name=$(berth images --format '{{.Name}}')
	berth inspect -f '{{json .History}}' "$name" | jq -r '[.[].created_by] | reverse | .[]' >want.txt
	berth history --no-trunc --format '{{.CreatedBy}}' "$name" >have.txt
	diff want.txt have.txt
	split berth history --format json "$name"
	[ "$(jq -r '.[0].ID' <<<"$output")" = "$(berth images -q)" ]
}

@test "layers without a history; long and hostile texts" {
	make_case docker
	split berth history -n case
	want 0
	[ "$(wc -l <<<"$output")" = 2 ]
	mkdir tree
	echo x >tree/file
	tar -cC tree . | berth import -m "$(printf 'a\033[31m\n%0100d' 7)" - hostile >/dev/null
	split berth history hostile
	want 0
	[[ $output != *$'\e'* ]]
	has '\x1b[31m'
	has '…'
	split berth history --no-trunc hostile
	has "$(printf '%0100d' 7)"
	split berth history nothing
	want 125
	err_has "no image 'nothing'"
}
