# SPDX-License-Identifier: LGPL-2.1-or-later
# The tour of README, line by line.
load ../helper/berth

setup() {
	berth_setup
	need skopeo
	local from
	from=docker-archive:$(image busybox.docker.tar)
	skopeo --insecure-policy copy -q "$from" "docker-archive:$T/app.tar:app:latest"
	skopeo --insecure-policy copy -q "$from" "oci-archive:$T/app.oci.tar:latest"
}

@test "no image at all: this machine, changes thrown away" {
	run berth run --rm --network none host: sh -c 'rm -rf /etc/passwd; ls -d /etc/passwd'
	[ "$status" != 0 ]
	[ -e /etc/passwd ]
}

@test "load, run, and run from the archive" {
	run berth load -i app.tar
	want 0
	[ "$output" = "Loaded image: docker.io/library/app:latest" ]
	split berth run --rm --network none app sh -c 'echo out; echo err >&2; exit 9'
	want 9
	[ "$output $stderr" = "out err" ]
	run berth run --rm --network none oci-archive:app.oci.tar echo --test
	[ "$output" = --test ]
	TOKEN=secret run berth run --rm --network none -e TOKEN -u 0 app sh -c 'echo $TOKEN'
	[ "$output" = secret ]
	need jq
	berth run --dry-run --network none app >config.json
	[ "$(jq -r .ociVersion <config.json | cut -d. -f1)" = 1 ]
}

@test "an image from any tree of files, with limits and a mount" {
	mkdir rootfs
	tar -C rootfs -xf "$(image busybox.tar)" --no-same-owner
	tar -C rootfs -c . | berth import - mine
	echo content >file
	local limits="-m 512m --cpus 1.5"
	[ "$(persona)" = root ] || limits=
	run berth run --rm --network none $limits --read-only -v "$PWD:/src:ro" -w /src mine cat file
	want 0
	[ "$output" = content ]
	split berth run --rm --network none --read-only -v "$PWD:/src:ro" -w /src mine touch file
	[ "$status" != 0 ]
}

@test "a volume, a secret, a health check" {
	berth load -q -i app.tar
	berth run --rm --network none -v data:/data app sh -c 'echo kept >/data/file'
	[ "$(berth run --rm --network none -v data:/data app cat /data/file)" = kept ]
	echo "$T" | berth secret create token - >/dev/null
	[ "$(berth run --rm --network none --secret token app cat /run/secrets/token)" = "$T" ]
	berth run -d --network none --name web --health-cmd true --health-interval 100ms app sleep 100 >/dev/null
	berth wait --condition healthy web
	berth rm -f web
}

@test "what README says is not there yet is refused, with what to do instead" {
	split berth run --network bridge host: true
	want 125
	err_has "hint: "
	# A policy that asks for signatures.
	mkdir -p "$T/home/containers"
	echo '{"default":[{"type":"signedBy","keyType":"GPGKeys","keyPath":"/k"}]}' >"$T/home/containers/policy.json"
	[ "$(persona)" != root ] || return 0
	XDG_CONFIG_HOME=$T/home split berth run --rm --network none docker-archive:app.tar true
	want 125
	err_has policy
}

# What dpkg-query says of every package.
packages() { # WORD
	printf '#!/bin/sh\necho %s\n' "$1" >bin/dpkg-query
}

@test "the first command says what an ordinary user lacks" {
	only rootless
	need dpkg-query
	mkdir bin
	packages installed
	chmod +x bin/dpkg-query
	mkdir -m 555 closed
	PATH=$PWD/bin:$PATH
	for build in closed closed/build; do
		split env BERTH_BUILD="$PWD/$build" "$helper/../quickstart"
		want 1
		err_has "'$PWD/closed' cannot be written to by $(id -un)"
		err_has "BERTH_BUILD="
	done
	packages unknown
	split env BERTH_BUILD="$PWD/build" "$helper/../quickstart"
	want 1
	err_has "these packages are missing: "
	err_has "    apt-get install -y "
	[ ! -e build ]
}
