# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

make_case() { # CASE: loads what test/helper/image-case writes
	[ -e "$T/$1" ] || "$helper/image-case" "$1" "$T/$1"
	berth load -q -i "$T/$1" >/dev/null
}

@test "an empty store has a heading and no rows" {
	split berth images
	want 0
	[ "$output" = "REPOSITORY   TAG   IMAGE ID   CREATED   SIZE" ]
	split berth images -q
	want 0
	[ -z "$output" ]
	split berth images --format json
	[ "$(jq length <<<"$output")" = 0 ]
}

@test "the columns of docker" {
	make_case docker
	run berth images
	want 0
	[[ ${lines[0]} =~ ^REPOSITORY\ +TAG\ +IMAGE\ ID\ +CREATED\ +SIZE$ ]]
	[[ ${lines[1]} =~ ^docker.io/library/case\ +latest\ +[0-9a-f]{12}\ +[0-9]+\ years\ ago\ +[0-9.]+kB$ ]]
	run berth image ls --digests --no-trunc
	[[ ${lines[0]} =~ ^REPOSITORY\ +TAG\ +DIGEST\ +IMAGE\ ID ]]
	[[ ${lines[1]} =~ sha256:[0-9a-f]{64}\ +sha256:[0-9a-f]{64} ]]
	run berth images -n
	[ "${#lines[@]}" = 1 ]
}

@test "formats: quiet, template, json" {
	make_case docker-two-tags
	run berth images -q --no-trunc
	[ "${#lines[@]}" = 2 ]
	[ "${lines[0]}" = "${lines[1]}" ]
	run berth images --format '{{.Repository}}:{{.Tag}}'
	has "docker.io/library/case:latest"
	has "quay.io/other/case:v1"
	split berth images --format json
	[ "$(jq -r '.[] | select(.Tag == "v1") | .Repository' <<<"$output")" = quay.io/other/case ]
	split berth images --format '{{.Nonsense}}'
	want 125
	[ -z "$output" ]
}

@test "names and filters choose" {
	make_case docker-two-tags
	make_case docker-two-images
	[ "$(berth images -q case | wc -l)" = 1 ]
	[ "$(berth images -q quay.io/other/case | wc -l)" = 1 ]
	[ "$(berth images -q other:1 | wc -l)" = 1 ]
	[ "$(berth images -q other:2 | wc -l)" = 0 ]
	[ "$(berth images -q --filter 'reference=quay.io/*/*' | wc -l)" = 1 ]
	[ "$(berth images -q --filter 'reference=*' | wc -l)" = 2 ]
	[ "$(berth images -q --filter dangling=true | wc -l)" = 0 ]
	make_case docker-escape-in-label
	make_case docker-other-platform
	[ "$(berth images -q --filter dangling=true | wc -l)" = 1 ]
	[ "$(berth images -q --filter dangling=false | wc -l)" = 3 ]
	split berth images --filter color=red
	want 125
	err_has "keys are reference"
	split berth images --filter dangling=maybe
	want 125
}

@test "times choose, and filters of one key are alternatives" {
	make_case docker
	berth import -q "$(image busybox.tar)" young:1 >/dev/null
	[ "$(berth images --filter before=young:1 --format '{{.Name}}')" = docker.io/library/case:latest ]
	[ "$(berth images --filter since=case --format '{{.Name}}')" = docker.io/library/young:1 ]
	[ "$(berth images --filter until=24h --format '{{.Name}}')" = docker.io/library/case:latest ]
	[ "$(berth images -q --filter until="$(date -u -d '+1 day' +%FT%TZ)" | wc -l)" = 2 ]
	[ "$(berth images -q --filter until=1 | wc -l)" = 0 ]
	[ "$(berth images -q --filter reference=case --filter reference=young | wc -l)" = 2 ]
	[ "$(berth images -q --filter reference=case --filter reference=young --filter until=24h | wc -l)" = 1 ]
	split berth images --filter before=nosuch
	want 125
	err_has "--filter before=nosuch: there is no image 'nosuch'"
	split berth images --filter until=yesterday
	want 125
	err_has "is not a time"
}

@test "labels choose" {
	berth load -q -i "$(image config.oci)" >/dev/null
	make_case docker
	[ "$(berth images -q --filter label=org.example.title | wc -l)" = 1 ]
	[ "$(berth images -q --filter label=org.example.title=config | wc -l)" = 1 ]
	[ "$(berth images -q --filter label=org.example.title=other | wc -l)" = 0 ]
	[ "$(berth images -q --filter label=org.example.title --filter label=none | wc -l)" = 0 ]
	[ "$(berth images --filter 'label!=org.example.title' --format '{{.Name}}')" = docker.io/library/case:latest ]
}

@test "an image that lost its name is listed without" {
	make_case docker
	make_case docker-other-platform
	run berth images
	[ "${#lines[@]}" = 3 ]
	has "<none>"
}

@test "what was run from an archive is listed with --all only" {
	berth run --rm --network none "docker-archive:$(image busybox.docker.tar)" true
	[ -z "$(berth images -q)" ]
	[ "$(berth images -a -q | wc -l)" = 1 ]
	berth rmi "$(berth images -a -q)"
	[ -z "$(berth images -a -q)" ]
	[ -z "$(ls "$ROOT/layers")" ]
}

@test "a damaged image does not hide the others" {
	make_case docker
	make_case oci-two-names
	digest=$(jq -r '.manifests[] | select(.annotations[] == "docker.io/library/one:1").digest' "$ROOT/index.json")
	echo broken >"$ROOT/blobs/sha256/${digest#sha256:}"
	rm -rf "$ROOT"/cache/*
	run berth images
	want 0
	has "<damaged>"
	has "docker.io/library/two"
	run berth rmi one:1
	want 0
	run berth images
	lacks "<damaged>"
}

@test "a thousand names" {
	make_case docker
	berth tag case $(seq -f 'name%g:t' 1 999)
	[ "$(berth images -q | wc -l)" = 1000 ]
	split berth inspect -f '{{.Id}}' name500:t
	want 0
}

@test "filters: by time, by other images, by use, by ID; several at once" {
	export SOURCE_DATE_EPOCH=1000000000
	mkdir tree
	for name in a b c; do
		echo $name >tree/$name
		tar -cC tree $name | berth import -c LABEL=name=$name -c LABEL=all=yes - $name >/dev/null
		SOURCE_DATE_EPOCH=$((SOURCE_DATE_EPOCH + 86400))
	done
	names() { # FILTER...
		local options=() f
		for f; do
			options+=(--filter "$f")
		done
		berth images --format '{{.Repository}}' "${options[@]}" | sed 's|.*/||' | sort | tr -d '\n'
	}
	[ "$(names before=b)" = a ]
	[ "$(names since=a)" = bc ]
	[ "$(names after=b)" = c ]
	[ "$(names since=a before=c)" = b ]
	[ "$(names until=1000000001)" = a ]
	[ "$(names until=2001-09-10)" = a ]
	[ "$(names until=2001-09-10T12:00)" = ab ]
	[ "$(names until=2001-09-10T12:00:00Z)" = ab ]
	[ "$(names until=240h)" = abc ]
	[ "$(names 'until!=240h')" = "" ]
	[ "$(names label=name=a label=all)" = a ]
	[ "$(names label=name=a label=name=b)" = "" ]
	[ "$(names reference=a reference=b)" = ab ]
	[ "$(names 'reference!=a')" = bc ]
	[ "$(names 'label!=name=c')" = ab ]
	[ "$(names "id=$(berth images -q b)")" = b ]
	[ "$(names readonly=true)" = "" ]
	[ "$(names readonly=false)" = abc ]
	[ "$(names containers=true)" = "" ]
	[ "$(names manifest=true)" = "" ]
	[ "$(names manifest=false)" = abc ]
	[ "$(names intermediate=true)" = "" ]
	[ "$(names intermediate=false)" = abc ]
	berth manifest create list a >/dev/null
	[ "$(names manifest=true)" = list ]
	berth manifest rm list >/dev/null
	busybox
	berth run --network none busybox true
	[ "$(names containers=true)" = busybox ]
	[ "$(names containers=false)" = abc ]
	[ "$(berth images --format '{{.Containers}}' busybox)" = 1 ]
	[ "$(berth images --format '{{.Containers}} {{.Labels}}' b)" = "0 all=yes,name=b" ] ||
		[ "$(berth images --format '{{.Containers}} {{.Labels}}' b)" = "0 name=b,all=yes" ]
	for filter in before=nothing until=soon since; do
		split berth images --filter "$filter"
		want 125
	done
}

@test "the order" {
	export SOURCE_DATE_EPOCH=1000000000
	mkdir tree
	for name in b:9 c:5 a:7; do
		head -c $((SOURCE_DATE_EPOCH / 1000)) /dev/zero >tree/x
		tar -cC tree x | berth import - $name >/dev/null
		SOURCE_DATE_EPOCH=$((SOURCE_DATE_EPOCH - 86400000))
	done
	order() {
		berth images --format '{{.Repository}}' "$@" | sed 's|.*/||' | tr -d '\n'
	}
	[ "$(order)" = bca ]
	[ "$(order --sort created)" = bca ]
	[ "$(order --sort repository)" = abc ]
	[ "$(order --sort tag)" = cab ]
	[ "$(order --sort size)" = acb ]
	[ "$(berth images --sort id -q --no-trunc)" = "$(berth images -q --no-trunc | sort)" ]
	split berth images --sort colour
	want 125
	split berth images --history
	want 125
	err_has "are not kept"
}
