# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

@test "a file, a pipe, compressed: an ID is printed, the image runs" {
	split berth import "$(image busybox.tar)" imported:1
	want 0
	[[ $output =~ ^sha256:[0-9a-f]{64}$ ]]
	[ -z "$stderr" ]
	[ "$(berth inspect -f '{{.Id}}' imported:1)" = "$output" ]
	run berth run --rm --network none imported:1 cat /etc/os-release
	want 0
	has busybox
	run bash -c 'gzip -1 <"$1" | "$BERTH" --root "$ROOT" import - zipped' _ "$(image busybox.tar)"
	want 0
	run bash -c 'zstd -q -1 <"$1" | "$BERTH" --root "$ROOT" import -' _ "$(image busybox.tar)"
	want 0
	# One layer, whatever it was compressed with.
	[ "$(find "$ROOT/layers" -mindepth 1 -maxdepth 1 -type d | wc -l)" = 1 ]
	[ "$(berth images -q | wc -l)" = 3 ]
	[ "$(berth images -q --filter dangling=true | wc -l)" = 1 ]
	berth rmi -f $(berth images -q)
	[ -z "$(ls -A "$ROOT/layers" "$ROOT/tmp" | grep -v :)" ]
}

@test "--change sets the configuration" {
	berth import -c 'CMD ["/bin/sh", "-c", "echo ran"]' -c 'ENV A=1 B="two words"' -c 'ENV OLD form is one' \
		-c 'EXPOSE 80 53/udp' -c "LABEL a=b c='d e'" -c 'STOPSIGNAL SIGUSR1' -c 'USER app' -c 'VOLUME /v ["no"]' \
		-c 'workdir /home' -c 'WORKDIR app' -m 'a message' "$(image busybox.tar)" changed >/dev/null || :
	split berth inspect changed
	want 1
	berth import -c 'CMD ["/bin/sh", "-c", "echo ran"]' -c 'ENV A=1 B="two words"' -c 'ENV OLD form is one' \
		-c 'EXPOSE 80 53/udp' -c "LABEL a=b c='d e'" -c 'STOPSIGNAL SIGUSR1' -c 'USER app' -c 'VOLUME /v /w' \
		-c 'workdir /home' -c 'WORKDIR app' -c 'ENTRYPOINT echo shell' -m 'a message' "$(image busybox.tar)" changed
	split berth inspect changed
	want 0
	jq -e '.[0] | .Config.Cmd == ["/bin/sh", "-c", "echo ran"] and
		.Config.Env == ["A=1", "B=two words", "OLD=form is one"] and
		(.Config.ExposedPorts | keys) == ["53/udp", "80/tcp"] and .Config.Labels == {"a": "b", "c": "d e"} and
		.Config.StopSignal == "SIGUSR1" and .Config.User == "app" and (.Config.Volumes | keys) == ["/v", "/w"] and
		.Config.WorkingDir == "/home/app" and .Config.Entrypoint == ["/bin/sh", "-c", "echo shell"] and
		.History[0].comment == "a message"' <<<"$output"
}

@test "a change that is none is refused before anything is read" {
	for change in 'RUN true' 'FROM x' '' 'CMD' 'ENV =x' 'ENV A=1 B' 'EXPOSE 0' 'EXPOSE 70000' 'EXPOSE 80/xyz' \
		'STOPSIGNAL NOSUCH' 'VOLUME relative' 'CMD [1]' 'CMD ["x"' 'LABEL "open'; do
		split berth import -c "$change" "$(image busybox.tar)" x
		want 125
		err_has "change '"
	done
	[ -z "$(berth images -a -q)" ]
}

@test "what is no archive of a root file system" {
	head -c 100000 "$(image busybox.tar)" >"$T/cut"
	head -c 5000 /dev/urandom >"$T/noise"
	: >"$T/empty"
	gzip -1 <"$(image busybox.tar)" | head -c 100000 >"$T/cut.gz"
	for file in cut noise empty cut.gz none; do
		split berth import "$T/$file" x
		want 125
		[ -z "$output" ]
	done
	split berth import https://example.com/x.tar
	want 125
	err_has "is a URL"
	split berth import "$(image busybox.tar)" Bad:Name
	want 125
	[ -z "$(berth images -a -q)" ]
	[ -z "$(ls -A "$ROOT/layers" "$ROOT/tmp" "$ROOT/blobs/sha256" | grep -v :)" ]
}

@test "the same input at the same time is the same image" {
	export SOURCE_DATE_EPOCH=1700000000
	one=$(berth import "$(image busybox.tar)" a)
	[ "$(berth import "$(image busybox.tar)" b)" = "$one" ]
	[ "$(berth inspect -f '{{.Created}}' a)" = 2023-11-14T22:13:20.000000000Z ]
	split env SOURCE_DATE_EPOCH=x "$BERTH" --root "$ROOT" import "$(image busybox.tar)"
	want 125
}

@test "--platform" {
	berth import --platform linux/arm64 "$(image busybox.tar)" arm >/dev/null
	[ "$(berth inspect -f '{{.Os}}/{{.Architecture}}' arm)" = linux/arm64 ]
	split berth run --rm --network none --platform linux/amd64 arm true
	want 125
	err_has "linux/arm64"
}

@test "others' tools read what was made" {
	need skopeo
	berth import -c 'CMD ["/bin/sh"]' "$(image busybox.tar)" made >/dev/null
	skopeo --insecure-policy copy -q "oci:$ROOT:docker.io/library/made:latest" "docker-archive:$T/out.tar:made:2"
	run berth load -i "$T/out.tar"
	want 0
	[ "$(berth images -q made:2)" = "$(berth images -q made:latest)" ]
}
