# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

@test "an image in docker's words" {
	berth load -q -i "$(image config.docker.tar)" >/dev/null
	split berth inspect config
	want 0
	jq -e '
		length == 1 and (.[0] |
		(.Id | test("^sha256:[0-9a-f]{64}$")) and .RepoTags == ["docker.io/library/config:latest"] and
		(.RepoDigests[0] | test("^docker.io/library/config@sha256:")) and .Os == "linux" and .Architecture == "amd64" and
		.Created == "2023-11-14T22:13:20Z" and .Config.User == "app" and .Config.WorkingDir == "/home/app/work" and
		.Config.Entrypoint == ["/bin/echo", "entry"] and .Config.Cmd == ["one", "two words"] and
		(.Config.Env | index("GREETING=hello") != null) and (.Config.Volumes | has("/data")) and
		(.Config.ExposedPorts | has("8080/tcp")) and .Config.StopSignal == "SIGINT" and
		.Config.Labels["org.example.title"] == "config" and .RootFS.Type == "layers" and
		(.RootFS.Layers | length) == 1 and .Size > 2000000)' <<<"$output"
}

@test "the same as podman says" {
	need podman
	only root
	store=$T/pm
	export CONTAINERS_STORAGE_CONF=$T/storage.conf
	printf '[storage]\ndriver="vfs"\nrunroot="%s/run"\ngraphroot="%s/root"\n' "$store" "$store" >"$CONTAINERS_STORAGE_CONF"
	podman load -q -i "$(image config.docker.tar)" >/dev/null
	berth load -q -i "$(image config.docker.tar)" >/dev/null
	podman inspect config >"$T/podman"
	berth inspect config >"$T/berth"
	[ "$(jq -r '.[0].Id' "$T/podman")" = "$(jq -r '.[0].Id | ltrimstr("sha256:")' "$T/berth")" ]
	for field in .Architecture .Os .RepoTags .Created .RootFS .Config.Env .Config.Cmd .Config.Entrypoint .Config.User \
		.Config.WorkingDir .Config.Labels .Config.Volumes .Config.ExposedPorts .Config.StopSignal; do
		[ "$(jq -cS ".[0]$field" "$T/podman")" = "$(jq -cS ".[0]$field" "$T/berth")" ] || {
			echo "$field differs"
			jq -c ".[0]$field" "$T/podman" "$T/berth"
			return 1
		}
	done
}

@test "templates" {
	berth load -q -i "$(image config.docker.tar)" >/dev/null
	[ "$(berth inspect -f '{{.Config.User}}' config)" = app ]
	[ "$(berth inspect --format '{{json .Config.Cmd}}' config)" = '["one","two words"]' ]
	[ "$(berth inspect -f '{{range .Config.Env}}{{println .}}{{end}}' config | grep GREETING)" = GREETING=hello ]
	[ "$(berth image inspect -f '{{index .Config.Labels "org.example.title"}}' config)" = config ]
	split berth inspect -f '{{.Nonsense}}' config
	want 125
	split berth inspect -f '{{' config
	want 125
}

@test "missing: [] on stdout, a message on stderr, 1" {
	split berth inspect nothing
	want 1
	[ "$(jq -c . <<<"$output")" = '[]' ]
	err_has "there is no container, no image and no volume 'nothing'"
	busybox
	split berth inspect nothing busybox
	want 1
	[ "$(jq length <<<"$output")" = 1 ]
	split berth image inspect nothing
	want 1
	[ "$(jq -c . <<<"$output")" = '[]' ]
}

@test "containers, and --type" {
	busybox
	berth run --network none --name both busybox sh -c 'exit 3' || :
	berth tag busybox both
	[ "$(berth inspect -f '{{.State.ExitCode}} {{.State.Status}}' both)" = "3 exited" ]
	[ "$(berth inspect --type image -f '{{.Os}}' both)" = linux ]
	[ "$(berth image inspect -f '{{.Os}}' both)" = linux ]
	[ "$(berth inspect -t container -f '{{.Path}} {{.Args}}' both)" = "sh [-c exit 3]" ]
	[ "$(berth container inspect -f '{{.State.ExitCode}}' both)" = 3 ]
	split berth container inspect --type image both
	want 125
	[ "$(berth inspect -f '{{.Image}}' both)" = "$(berth inspect -f '{{.Id}}' busybox)" ]
	split berth inspect --type network both
	want 125
	berth rm both
	split berth inspect --type container both
	want 1
}

@test "by ID prefix; an ambiguous one is refused" {
	"$helper/image-case" oci-two-names "$T/x"
	berth load -q -i "$T/x" >/dev/null
	for id in $(berth images -q); do
		split berth inspect -f '{{.Id}}' "${id:0:5}"
		want 0
		[[ $output == "sha256:$id"* ]]
	done
	split berth inspect -f '{{.Id}}' "sha256:"
	want 1
	# With enough images two begin with the same digit.
	for i in $(seq 17); do
		tar -cf "$T/t" -C "$T" x --transform "s,x,$i,"
		berth import "$T/t" >/dev/null
	done
	digit=$(berth images -q | cut -c1 | sort | uniq -d | head -1)
	split berth inspect --type image "$digit"
	want 125
	err_has "more than one image"
}

@test "text from outside is escaped" {
	"$helper/image-case" docker-escape-in-label "$T/x"
	berth load -q -i "$T/x" >/dev/null
	for format in '{{.Author}}' '{{.Config.Labels}}' '{{json .}}' json; do
		berth inspect -f "$format" case >"$T/out"
		! grep -q $'[\x1b\x07]' "$T/out"
	done
	berth inspect case >"$T/out"
	! grep -q $'[\x1b\x07]' "$T/out"
	jq -e '.[0].Author | startswith("\u001b[31mred")' "$T/out"
}
