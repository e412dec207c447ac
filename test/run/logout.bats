# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth
load ../helper/registry

put_auths() { # KEY...
	local key
	for key; do
		jq --arg key "$key" '.auths[$key] = {auth: "YTpi"}' "$REGISTRY_AUTH_FILE" >new
		mv new "$REGISTRY_AUTH_FILE"
	done
}

@test "one registry, and nothing else" {
	put_auths a.example a.example/team b.example
	split berth logout a.example
	want 0
	[ "$output" = "Removed login credentials for a.example" ]
	[ "$(jq -c '.auths | keys' "$REGISTRY_AUTH_FILE")" = '["a.example/team","b.example"]' ]
	[ "$(stat -c %a "$REGISTRY_AUTH_FILE")" = 600 ]
	split berth logout a.example/team
	want 0
	split berth logout --authfile "$REGISTRY_AUTH_FILE" https://b.example/v2/
	want 0
	[ "$(jq -c .auths "$REGISTRY_AUTH_FILE")" = '{}' ]
}

@test "docker.io is what is meant without a name, and has two" {
	put_auths https://index.docker.io/v1/ a.example
	split berth logout
	want 0
	[ "$output" = "Removed login credentials for docker.io" ]
	put_auths docker.io
	split berth logout
	want 0
	[ "$(jq -c '.auths | keys' "$REGISTRY_AUTH_FILE")" = '["a.example"]' ]
	# docker and podman call it differently, and docker keeps its tokens besides.
	put_auths docker.io https://index.docker.io/v1/ https://index.docker.io/v1/access-token
	split berth logout
	want 0
	[ "$(jq -c '.auths | keys' "$REGISTRY_AUTH_FILE")" = '["a.example"]' ]
}

@test "all of them; what is not theirs stays" {
	put_auths a.example b.example
	jq '.other = {x: 1}' "$REGISTRY_AUTH_FILE" >new
	mv new "$REGISTRY_AUTH_FILE"
	split berth logout --all
	want 0
	[ "$output" = "Removed login credentials for all registries" ]
	[ "$(jq -c . "$REGISTRY_AUTH_FILE")" = '{"auths":{},"other":{"x":1}}' ]
	split berth logout -a
	want 0
	split berth logout --all a.example
	want 125
	err_has "exclude each other"
}

@test "not to be logged in is no error, and no file is made" {
	rm "$REGISTRY_AUTH_FILE"
	split berth logout a.example
	want 0
	[ "$output" = "Not logged in to a.example" ]
	split berth logout --all
	want 0
	split berth logout --authfile none a.example
	want 0
	[ ! -e "$REGISTRY_AUTH_FILE" ]
	[ ! -e none ]
}

@test "a credential in a file of another program is told of" {
	unset REGISTRY_AUTH_FILE
	mkdir -m 700 runtime
	export XDG_RUNTIME_DIR=$T/runtime
	mkdir "$HOME/.docker"
	echo '{"auths": {"a.example": {"auth": "YTpi"}}}' >"$HOME/.docker/config.json"
	split berth logout a.example
	want 125
	err_has "$HOME/.docker/config.json"
	err_has "hint:"
	jq -e '.auths["a.example"].auth' "$HOME/.docker/config.json"
}

@test "a file that is broken is not replaced" {
	echo '{"auths": ' >"$REGISTRY_AUTH_FILE"
	split berth logout a.example
	want 125
	err_has "is not valid JSON"
	split berth logout --all
	want 125
	[ "$(cat "$REGISTRY_AUTH_FILE")" = '{"auths": ' ]
}
