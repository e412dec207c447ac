# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth
load ../helper/registry

# One registry for all tests; `hostile` serves what others' tools would not push.
setup_file() {
	registry_start
	hostile_start
	for name in busybox many multi config; do
		push_fixture "$name" "$name:latest"
	done
	push_fixture busybox-zstd zstd:1
	push_fixture busybox docker:1 --format v2s2
	push_fixture busybox tags:one
	push_fixture config tags:two
	push_fixture busybox library/busybox:latest
}

id_is() { # ID NAME: the last line that was printed is that
	[ "${output##*$'\n'}" = "$1" ] || [ "sha256:${output##*$'\n'}" = "$1" ] || {
		echo "printed: $output"
		echo "wanted: $1"
		return 1
	}
	[ "$(berth inspect -f '{{.Id}}' "$2" | sed 's/^sha256://')" = "${1#sha256:}" ]
}

blobs_fetched() { # how many GETs of blobs there were
	tail -n "+$((REGISTRY_SEEN + 1))" "$REGISTRY_DIR/access" | grep -c '"GET /v2/[^ ]*/blobs/' || :
}

requests() {
	tail -n "+$((REGISTRY_SEEN + 1))" "$REGISTRY_DIR/access" | grep -c '"[A-Z]* /v2/' || :
}

@test "by tag: the ID on stdout, nothing else on a pipe, and the image runs" {
	split berth pull "$REGISTRY/busybox:latest"
	want 0
	[ "$(wc -l <<<"$output")" = 1 ]
	id_is "$(id_of busybox)" "$REGISTRY/busybox"
	[[ $stderr != *$'\e'* && $stderr != *$'\r'* ]]
	split berth run --rm --network none "$REGISTRY/busybox" echo hello
	want 0
	[ "$output" = hello ]
	split berth images --format '{{.Repository}}:{{.Tag}}'
	[ "$output" = "$REGISTRY/busybox:latest" ]
	store_is_clean
}

@test "each image that was fetched is an event, by pull and by run" {
	berth pull "$REGISTRY/busybox"
	berth pull --policy missing "$REGISTRY/busybox"
	berth rmi "$REGISTRY/busybox"
	berth run --rm --network none "$REGISTRY/busybox" true
	berth run --rm --network none "$REGISTRY/busybox" true
	berth push "$REGISTRY/busybox" "oci:$T/copy"
	run berth events --stream=false -f type=image --format '{{.Status}} {{.Name}}'
	[ "${lines[0]}" = "pull $REGISTRY/busybox:latest" ]
	[ "$(grep -c '^pull ' <<<"$output")" = 2 ]
	has "push $REGISTRY/busybox"
}

@test "image pull is pull; the tag is latest where none is given" {
	split berth image pull "$REGISTRY/busybox"
	want 0
	split berth images --format '{{.Tag}}'
	[ "$output" = latest ]
}

@test "quiet and progress" {
	split berth pull -q "$REGISTRY/busybox"
	want 0
	[ -z "$stderr" ]
	id_is "$(id_of busybox)" "$REGISTRY/busybox"
	split berth pull --progress plain "$REGISTRY/many"
	want 0
	id_is "$(id_of many)" "$REGISTRY/many"
	[ -n "$stderr" ]
	[[ $stderr != *$'\e'* && $stderr != *$'\r'* ]]
	for layer in $(layers_of many); do
		digits=${layer#sha256:}
		[[ $stderr == *"${digits:0:12}"* ]] || { echo "$layer is not in: $stderr"; return 1; }
	done
}

@test "on a terminal every layer has a line on stderr, and stdout only the ID" {
	need script
	script -qec "'$BERTH' --root '$ROOT' --runroot '$RUNROOT' pull '$REGISTRY/many' >'$T/id'" "$T/screen" >/dev/null
	output=$(cat "$T/id")
	id_is "$(id_of many)" "$REGISTRY/many"
	for layer in $(layers_of many); do
		digits=${layer#sha256:}
		grep -q "${digits:0:12}" "$T/screen"
	done
}

@test "on a narrow terminal no line is broken" {
	need script
	script -qec "stty cols 30; '$BERTH' --root '$ROOT' --runroot '$RUNROOT' pull -q '$REGISTRY/busybox' >/dev/null
		'$BERTH' --root '$ROOT' --runroot '$RUNROOT' pull '$REGISTRY/many' >/dev/null" "$T/screen" >/dev/null
	grep -aq done "$T/screen"
	grep -av -e '^Script ' -e "$REGISTRY" "$T/screen" | sed 's/\x1b\[[0-9]*[AK]//g; s/\r$//' >lines
	[ "$(awk 'length > 30' lines | wc -l)" = 0 ]
}

@test "of several, one that fails does not keep the others back" {
	split berth pull "$REGISTRY/no/such" "$REGISTRY/busybox" "$REGISTRY/many:nothing" "$REGISTRY/many"
	want 125
	[ "$(sed 's/^/sha256:/' <<<"$output")" = "$(id_of busybox)"$'\n'"$(id_of many)" ]
	[ "$(grep -c '^berth: pull: ' <<<"$stderr")" = 2 ]
	store_is_clean
}

@test "podman's words for a platform are told apart from mistakes" {
	split berth pull --arch arm64 "$REGISTRY/multi"
	want 125
	err_has "--platform OS/ARCH"
}

@test "by digest" {
	digest=$(digest_of busybox)
	split berth pull "$REGISTRY/busybox@$digest"
	want 0
	id_is "$(id_of busybox)" "$REGISTRY/busybox@$digest"
	split berth images --digests --no-trunc
	has "$digest"
	# The digest counts, whatever the tag is.
	split berth pull "$REGISTRY/busybox:nonsense@$digest"
	want 0
	split berth pull "$REGISTRY/busybox@sha256:$(printf '%064d' 7)"
	want 125
	[ -z "$output" ]
	err_has "$REGISTRY"
	store_is_clean
}

@test "a name or a tag that is not there" {
	split berth pull "$REGISTRY/nobody/nothing"
	want 125
	[ -z "$output" ]
	[[ $stderr == "berth: pull: "* ]]
	err_has "$REGISTRY"
	err_has "nobody/nothing"
	split berth pull "$REGISTRY/busybox:nonsense"
	want 125
	err_has nonsense
	split berth pull "$REGISTRY/Upper"
	want 125
	split berth pull
	want 125
	split berth images -aq
	[ -z "$output" ]
	store_is_clean
}

@test "nobody listens" {
	# A port that was free a moment ago.
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	split berth pull --retry 0 "127.0.0.1:$port/busybox"
	want 125
	err_has "127.0.0.1:$port"
	err_has connect
	split berth pull --retry 0 registry.invalid/busybox
	want 125
	err_has registry.invalid
}

@test "an index: this machine's platform, or the one that is asked for" {
	split berth pull "$REGISTRY/multi"
	want 0
	[ "$(berth inspect -f '{{.Architecture}}' "$REGISTRY/multi")" = amd64 ]
	split berth run --rm --network none "$REGISTRY/multi" cat /etc/platform
	[ "$output" = linux/amd64 ]
	# The name means the index.
	[ "$(skopeo inspect --raw "oci:$ROOT:$REGISTRY/multi:latest")" = "$(manifest_of multi)" ]
	split berth pull --platform linux/arm64 "$REGISTRY/multi"
	want 0
	[ "$(berth inspect -f '{{.Architecture}}' "$output")" = arm64 ]
	store_is_clean
	split berth pull --platform linux/s390x "$REGISTRY/multi"
	want 125
	[ -z "$output" ]
	err_has s390x
	store_is_clean orphans
}

@test "an index in an index, and with attestations" {
	for name in oci-index oci-index-nested oci-attestation; do
		split berth pull "$HOSTILE/$name"
		want 0 || { echo "image $name"; return 1; }
		[ "$(berth inspect -f '{{.Architecture}}' "$HOSTILE/$name")" = amd64 ]
	done
	store_is_clean
}

@test "every compression and manifest type of one image has the same layers" {
	hostile_start
	id=$(id_of busybox)
	for name in "$REGISTRY/zstd:1" "$REGISTRY/docker:1" "$HOSTILE/busybox-plain" "$HOSTILE/oci-lying-media-type" \
		"$HOSTILE/oci-octet-stream" "$HOSTILE/oci-docker-types" "$HOSTILE/oci-plain-layers"; do
		split berth pull "$name"
		want 0 || { echo "image $name"; return 1; }
	done
	[ "$(berth inspect -f '{{.Id}}' "$REGISTRY/zstd:1" | sed 's/^sha256://')" = "${id#sha256:}" ]
	[ "$(find "$ROOT/layers" -mindepth 1 -maxdepth 1 -type d | wc -l)" = 3 ]
	store_is_clean
}

@test "layers that are there are not fetched" {
	berth pull -q "$REGISTRY/busybox"
	registry_mark
	# It has the same layer and a configuration of its own.
	split berth pull -q "$REGISTRY/config"
	want 0
	[ "$(gets "$(layers_of busybox)")" = 0 ]
	[ "$(blobs_fetched)" = 1 ]
	# The same diff ID under another digest.
	split berth pull -q "$REGISTRY/zstd:1"
	want 0
	[ "$(gets "$(layers_of busybox-zstd)")" = 0 ]
	# And what a load brought.
	forget_all
	berth load -q -i "$(image busybox.docker.tar)" >/dev/null
	registry_mark
	split berth pull -q "$REGISTRY/busybox"
	want 0
	[ "$(gets "$(layers_of busybox)")" = 0 ]
	store_is_clean
}

@test "what is there already costs one request" {
	berth pull -q "$REGISTRY/many"
	registry_mark
	split berth pull "$REGISTRY/many"
	want 0
	id_is "$(id_of many)" "$REGISTRY/many"
	[ "$(requests)" = 1 ] || { echo "$(requests) requests"; return 1; }
	berth pull -q "$REGISTRY/multi"
	registry_mark
	split berth pull "$REGISTRY/multi"
	want 0
	[ "$(requests)" = 1 ] || { echo "$(requests) requests"; return 1; }
}

@test "a tag that moved takes its name along" {
	registry_start
	push_fixture busybox moving:1
	berth pull -q "$REGISTRY/moving:1"
	push_fixture config moving:1
	split berth pull "$REGISTRY/moving:1"
	want 0
	id_is "$(id_of config)" "$REGISTRY/moving:1"
	split berth images -a --format '{{.Repository}}:{{.Tag}}' --filter dangling=true
	[ "$output" = "<none>:<none>" ]
	store_is_clean
}

@test "all tags" {
	split berth pull --all-tags "$REGISTRY/tags"
	want 0
	[ "$(wc -l <<<"$output")" = 2 ]
	[ "$(berth images --format '{{.Tag}}' "$REGISTRY/tags" | sort | xargs)" = "one two" ]
	split berth pull -a "$REGISTRY/tags:one"
	want 125
	# Pages of one tag each.
	hostile_start tags:page=1
	split berth pull -a "$HOSTILE/oci-two-names"
	[ "$(berth images --format '{{.Tag}}' "$HOSTILE/oci-two-names" | sort | xargs)" = "1 2" ]
	[ "$(hostile_log 'select(.path | endswith("/tags/list")) | .path' | wc -l)" = 2 ]
	store_is_clean
}

# --- names and registries.conf

@test "an unqualified name is looked for where registries.conf says" {
	cat >"$CONTAINERS_REGISTRIES_CONF" <<-EOC
		unqualified-search-registries = ["$HOSTILE", "$REGISTRY"]
		[[registry]]
		location = "$HOSTILE"
		insecure = true
	EOC
	split berth pull config:latest
	want 0
	[ "$(berth images --format '{{.Repository}}')" = "$HOSTILE/config" ]
	# The first has it not.
	split berth pull zstd:1
	want 0
	split berth images --format '{{.Repository}}'
	has "$REGISTRY/zstd"
	split berth pull nobody-has-this
	want 125
	err_has "$HOSTILE"
	err_has "$REGISTRY"
	# A password is for one of them.
	seen=$(hostile_log | wc -l)
	split berth pull --creds me:secret nobody-has-this
	want 125
	err_has "--creds is for one registry, and this may be '$HOSTILE/nobody-has-this:latest'"
	[ "$(hostile_log | wc -l)" = "$seen" ]
	store_is_clean
}

@test "aliases" {
	cat >"$CONTAINERS_REGISTRIES_CONF" <<-EOC
		unqualified-search-registries = ["$HOSTILE"]
		[aliases]
		"box" = "$REGISTRY/busybox"
	EOC
	split berth pull box
	want 0
	[ "$(berth images --format '{{.Repository}}:{{.Tag}}')" = "$REGISTRY/busybox:latest" ]
}

@test "docker.io, through a mirror: the name stays docker's" {
	cat >"$CONTAINERS_REGISTRIES_CONF" <<-EOC
		[[registry]]
		location = "docker.io"
		[[registry.mirror]]
		location = "$REGISTRY"
		insecure = true
	EOC
	for name in busybox library/busybox docker.io/busybox index.docker.io/library/busybox:latest; do
		split berth pull "$name"
		want 0 || { echo "name $name"; return 1; }
		[ "$(berth images --format '{{.Repository}}:{{.Tag}}')" = docker.io/library/busybox:latest ]
	done
	split berth run --rm --network none busybox true
	want 0
}

@test "mirrors are asked in order, and then the registry itself" {
	hostile_start manifest:status=404
	cat >"$CONTAINERS_REGISTRIES_CONF" <<-EOC
		[[registry]]
		prefix = "example.com/team"
		location = "$REGISTRY"
		[[registry.mirror]]
		location = "$HOSTILE/mirror"
		insecure = true
	EOC
	split berth pull example.com/team/busybox
	want 0
	[ "$(berth images --format '{{.Repository}}')" = example.com/team/busybox ]
	[ "$(hostile_log 'select(.path == "/v2/mirror/busybox/manifests/latest") | .path' | wc -l)" -ge 1 ]
	# What --creds says is for the registry that was named, and not for its mirrors.
	hostile_start any:auth=basic
	split berth pull --creds "$CREDS" example.com/team/config
	want 0
	[ "$(hostile_log .path | wc -l)" -ge 1 ]
	[ -z "$(hostile_log 'select(.headers.authorization != null) | .path')" ]
	# A mirror that fails in the middle is no reason to give up.
	hostile_start layer:status=404
	split berth pull example.com/team/many
	want 0
	store_is_clean
}

@test "mirrors only for digests" {
	cat >"$CONTAINERS_REGISTRIES_CONF" <<-EOC
		[[registry]]
		location = "$REGISTRY"
		[[registry.mirror]]
		location = "$HOSTILE"
		insecure = true
		pull-from-mirror = "digest-only"
	EOC
	hostile_start
	split berth pull -q "$REGISTRY/busybox"
	want 0
	[ -z "$(hostile_log .path)" ]
	split berth pull -q "$REGISTRY/many@$(digest_of many)"
	want 0
	[ -n "$(hostile_log .path)" ]
}

@test "a blocked registry is not asked" {
	cat >"$CONTAINERS_REGISTRIES_CONF" <<-EOC
		[[registry]]
		location = "$HOSTILE"
		blocked = true
	EOC
	hostile_start
	split berth pull "$HOSTILE/oci"
	want 125
	err_has blocked
	err_has registries.conf
	[ -z "$(hostile_log .path)" ]
}

@test "a registries.conf that is none" {
	echo 'unqualified-search-registries = [' >"$CONTAINERS_REGISTRIES_CONF"
	split berth pull "$REGISTRY/busybox"
	want 125
	err_has registries.conf
}

@test "localhost may speak HTTP" {
	split berth pull -q "localhost:${REGISTRY#*:}/busybox"
	want 0
	split berth pull -q --tls-verify=true "$REGISTRY/busybox"
	want 125
	split berth pull -q --tls-verify=false "$REGISTRY/busybox"
	want 0
}

@test "policy.json of a user" {
	only rootless
	export XDG_CONFIG_HOME=$HOME/.config
	mkdir -p "$XDG_CONFIG_HOME/containers"
	cat >"$XDG_CONFIG_HOME/containers/policy.json" <<-EOC
		{ "default": [ { "type": "insecureAcceptAnything" } ],
		  "transports": { "docker": { "$REGISTRY/many": [ { "type": "reject" } ],
		      "$REGISTRY/config": [ { "type": "signedBy", "keyType": "GPGKeys", "keyPath": "/x" } ] } } }
	EOC
	split berth pull -q "$REGISTRY/busybox"
	want 0
	for name in many config; do
		registry_mark
		split berth pull -q "$REGISTRY/$name"
		want 125
		err_has policy.json
		[ "$(requests)" = 0 ]
	done
	# Images do not come in by another door.
	echo '{ "default": [ { "type": "reject" } ], "transports": { "oci": { "": [ { "type": "insecureAcceptAnything" } ] } } }' \
		>"$XDG_CONFIG_HOME/containers/policy.json"
	image many.oci >/dev/null
	tar cf many.tar -C "$(image many.oci)" .
	for words in "load -i many.tar" "load -i $(image many.docker.tar)" "run --rm oci-archive:many.tar true" \
		"run --rm docker-archive:$(image many.docker.tar) true"; do
		split berth $words
		want 125
		err_has policy.json
	done
	split berth load -i "$(image many.oci)"
	want 0
	echo '{' >"$XDG_CONFIG_HOME/containers/policy.json"
	split berth pull -q "$REGISTRY/busybox"
	want 125
	err_has policy.json
}

# --- who may

@test "credentials: none, wrong, given, from a file" {
	registry_start auth
	push_fixture busybox private/busybox:1
	name=$REGISTRY/private/busybox:1
	split berth pull "$name"
	want 125
	err_has "$REGISTRY"
	err_has "hint: "
	err_has "berth login $REGISTRY"
	split berth pull --creds berth:hunter3 "$name"
	want 125
	[[ $stderr != *hunter3* ]]
	split berth pull --creds "$CREDS" "$name"
	want 0
	[[ $stderr != *hunter2* ]]
	forget_all
	auth=$(printf %s "$CREDS" | base64)
	echo '{"auths":{"'"$REGISTRY"'":{"auth":"'"$auth"'"}}}' >"$T/other.json"
	split berth pull -q --authfile "$T/other.json" "$name"
	want 0
	forget_all
	# The longest prefix counts.
	echo '{"auths":{"'"$REGISTRY"'":{"auth":"'"$(printf a:b | base64)"'"},
		"'"$REGISTRY/private"'":{"auth":"'"$auth"'"}}}' >"$REGISTRY_AUTH_FILE"
	split berth pull -q "$name"
	want 0
	split berth run --rm --network none --authfile "$T/other.json" --pull always "$name" true
	want 0
	echo no JSON >"$REGISTRY_AUTH_FILE"
	split berth pull -q "$name"
	want 125
	err_has "$REGISTRY_AUTH_FILE"
	split berth pull -q --authfile "$T/nowhere" "$name"
	want 125
	store_is_clean
}

@test "login and logout" {
	registry_start auth
	push_fixture busybox private/busybox:1
	split berth login -u berth --password-stdin "$REGISTRY" <<<hunter3
	want 125
	[ ! -e "$REGISTRY_AUTH_FILE" ] || ! grep -q "$REGISTRY" "$REGISTRY_AUTH_FILE"
	split berth login -u berth --password-stdin "$REGISTRY" <<<"${CREDS#*:}"
	want 0
	[ "$(stat -c %a "$REGISTRY_AUTH_FILE")" = 600 ]
	split berth pull -q "$REGISTRY/private/busybox:1"
	want 0
	split berth logout "$REGISTRY"
	want 0
	split berth pull -q "$REGISTRY/private/busybox:1"
	want 125
}

@test "tokens: for everybody, for those who log in, short-lived, refreshed" {
	hostile_start any:auth=anonymous
	split berth pull -q "$HOSTILE/oci"
	want 0
	[ "$(hostile_log 'select(.server == "token") | .path' | wc -l)" = 1 ]
	forget_all
	hostile_start any:auth=bearer
	split berth pull -q "$HOSTILE/oci"
	want 125
	split berth pull -q --creds "$CREDS" "$HOSTILE/oci"
	want 0
	# The registry itself gets the token and never the password.
	[ -z "$(hostile_log 'select(.server == "hostile") | .headers.authorization // empty' | grep -i basic)" ]
	[[ $(hostile_log 'select(.server == "token") | .query' | tail -1) == *"scope=repository"*pull* ]]
	forget_all
	hostile_start any:auth=bearer token:uses=1 token:access
	split berth pull -q --creds "$CREDS" "$HOSTILE/oci"
	want 0
	forget_all
	hostile_start any:auth=bearer
	echo '{"auths":{"'"$HOSTILE"'":{"auth":"'"$(printf '<token>:' | base64)"'","identitytoken":"hunter2-identity"}}}' \
		>"$REGISTRY_AUTH_FILE"
	split berth pull -q "$HOSTILE/oci"
	want 0
	[[ $(hostile_log 'select(.server == "token") | .method' | tail -1) == POST ]]
	store_is_clean
}

@test "TLS: the authority of certs.d or of --cert-dir, or nothing" {
	registry_start tls auth
	push_fixture busybox busybox:1
	name=$REGISTRY/busybox:1
	more=(-q --creds "$CREDS" --tls-verify=true --retry 0)
	split berth pull "${more[@]}" "$name"
	want 125
	err_has certificate
	err_has "$REGISTRY"
	split berth pull "${more[@]}" --cert-dir "$REGISTRY_DIR/tls/authority" "$name"
	want 0
	forget_all
	mkdir -p "$HOME/.config/containers/certs.d/$REGISTRY"
	cp "$REGISTRY_DIR/tls/authority/ca.crt" "$HOME/.config/containers/certs.d/$REGISTRY"
	split berth pull "${more[@]}" "$name"
	want 0
	forget_all
	rm -r "$HOME/.config"
	split berth pull -q --creds "$CREDS" --tls-verify=false "$name"
	want 0
}

@test "TLS: expired, and of another name" {
	for kind in expired wrong-name; do
		mkdir "$T/$kind"
		"$registries/certificate" "$T/$kind/hostile/tls" "$kind"
		"$registries/hostile" "$T/$kind/hostile" >"$T/$kind/hostile/output" 2>&1 </dev/null 3>&- &
		echo $! >"$T/$kind/hostile/pid"
		eventually 20 test -e "$T/$kind/hostile/ports"
		where=$(sed -n 's/^HOSTILE_TLS=//p' "$T/$kind/hostile/ports")
		split berth pull -q --retry 0 --tls-verify=true --cert-dir "$T/$kind/hostile/tls/authority" "$where/oci"
		hostile_stop "$T/$kind"
		want 125
		err_has "$where"
		err_has certificate
	done
}

# --- interrupted and shared

@test "a pull that was killed goes on where it was" {
	hostile_start "layer:stall=600000*1"
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" pull -q "$HOSTILE/busybox" >/dev/null 2>&1 3>&- &
	pid=$!
	layer=$(layers_of busybox)
	eventually 10 test "$(stat -c %s "$ROOT/partial/${layer#sha256:}" 2>/dev/null || echo 0)" -ge 0
	eventually 10 bash -c '[ "$(stat -c %s "$1" 2>/dev/null || echo 0)" -ge 500000 ]' _ "$ROOT/partial/${layer#sha256:}"
	kill -KILL $pid
	wait $pid || :
	[ -z "$(berth images -aq)" ]
	split timeout 20 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" pull -q "$HOSTILE/busybox"
	want 0
	range=$(hostile_log 'select(.range != "") | .range' | tail -1)
	[[ $range =~ ^bytes=([0-9]+)-$ ]]
	[ "${BASH_REMATCH[1]}" -ge 500000 ]
	[ "$(gets "$layer")" = 2 ]
	split berth run --rm --network none "$HOSTILE/busybox" true
	want 0
	store_is_clean
}

@test "a connection that breaks goes on where it was, in the same pull" {
	hostile_start "layer:reset=300000*3"
	split berth pull -q --retry 5 --retry-delay 10ms "$HOSTILE/busybox"
	want 0
	[ "$(hostile_log 'select(.range != "") | .range' | wc -l)" = 3 ]
	store_is_clean
}

@test "killed at any time: nothing half-done, and the next one is fine" {
	hostile_start
	for i in $(seq "${BERTH_TEST_KILLS:-12}"); do
		timeout -s KILL "0.$(printf %03d $((i * 211 % 150)))" \
			"$BERTH" --root "$ROOT" --runroot "$RUNROOT" pull -q "$HOSTILE/many" >/dev/null 2>&1 || :
		[ $((i % 4)) != 0 ] || forget_all
	done
	split berth pull -q "$HOSTILE/many"
	want 0
	split berth run --rm --network none "$HOSTILE/many" cat /data/kept/file
	[ "$output" = 09 ]
	# The beginning of a blob whose layer was done when its pull was killed is not needed any more.
	store_is_clean partial
}

@test "what came of a blob that is needed no more goes" {
	split berth pull -q "$REGISTRY/many"
	want 0
	mkdir -p "$ROOT/partial"
	for layer in $(layers_of many); do
		echo half >"$ROOT/partial/${layer#sha256:}"
	done
	# Another name of the same layers.
	split berth pull -q "$HOSTILE/many"
	want 0
	store_is_clean
}

@test "two pulls of one blob: one download" {
	hostile_start "layer:stall=600000*1"
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" pull -q "$HOSTILE/busybox" >"$T/first" 2>&1 3>&- &
	first=$!
	layer=$(layers_of busybox)
	eventually 10 bash -c '[ "$(stat -c %s "$1" 2>/dev/null || echo 0)" -ge 500000 ]' _ "$ROOT/partial/${layer#sha256:}"
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" pull -q "$HOSTILE/busybox" >"$T/second" 2>&1 3>&- &
	second=$!
	sleep 0.5
	# The second waits for the first ...
	kill -0 $second
	[ "$(gets "$layer")" = 1 ]
	# ... and takes over when it dies.
	kill -KILL $first
	wait $first || :
	wait $second
	[ "$(gets "$layer")" = 2 ]
	[[ $(hostile_log 'select(.range != "") | .range') == bytes=* ]]
	store_is_clean
}

@test "parallel runs of an image that is not there: one GET per blob, and all succeed" {
	n=${BERTH_TEST_RUNS:-20}
	for i in $(seq "$n"); do
		"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none "$REGISTRY/many" true \
			>"$T/out.$i" 2>"$T/err.$i" 3>&- &
		pids[i]=$!
	done
	bad=0
	for i in $(seq "$n"); do
		wait "${pids[i]}" || { echo "run $i: $?: $(cat "$T/err.$i")"; bad=1; }
	done
	[ $bad = 0 ]
	for digest in $(layers_of many) $(id_of many); do
		[ "$(gets "$digest")" = 1 ] || { echo "$digest: $(gets "$digest") GETs"; return 1; }
	done
	store_is_clean
}

@test "parallel pulls of images that share layers" {
	for name in busybox config docker:1 tags:one zstd:1 busybox many config; do
		berth pull -q "$REGISTRY/$name" >/dev/null 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	# The same layer, under two digests.
	[ "$(($(gets "$(layers_of busybox)") + $(gets "$(layers_of busybox-zstd)")))" -le 2 ]
	[ "$(gets "$(layers_of busybox)")" -le 1 ]
	store_is_clean
}

# --- run

@test "run fetches what is missing, and only that" {
	split berth run --rm --network none "$REGISTRY/busybox" echo hello
	want 0
	[ "$output" = hello ]
	registry_mark
	split berth run --rm --network none "$REGISTRY/busybox" echo again
	want 0
	[ "$output" = again ]
	[ -z "$stderr" ]
	[ "$(requests)" = 0 ]
	store_is_clean
}

@test "run --pull" {
	registry_start
	push_fixture busybox moving:1
	registry_mark
	name=$REGISTRY/moving:1
	split berth run --rm --network none --pull never "$name" true
	want 125
	err_has "$name"
	[ "$(requests)" = 0 ]
	split berth run --rm --network none --pull missing --quiet "$name" true
	want 0
	[ -z "$stderr" ]
	push_fixture many moving:1
	split berth run --rm --network none --pull missing "$name" ls /data
	[ "$status" != 0 ] && [ "$status" -lt 125 ]
	split berth run --rm --network none --pull newer "$name" ls /data
	want 0
	push_fixture busybox moving:1
	split berth run --rm --network none --pull always "$name" ls /data
	[ "$status" != 0 ] && [ "$status" -lt 125 ]
	split berth run --rm --network none --pull sometimes "$name" true
	want 125
	# The registry is away.
	registry_stop
	split berth run --rm --network none --pull newer "$name" true
	want 0
	split berth run --rm --network none --pull always "$name" true
	want 125
	split berth run --rm --network none "$name" true
	want 0
}

@test "run of what cannot be fetched is 125, and the payload does not run" {
	hostile_start layer:flip
	split berth run --rm --network none "$HOSTILE/oci" /hello
	want 125
	[ -z "$output" ]
	[[ $stderr == "berth: run: "* ]]
	err_has "$HOSTILE"
	split berth images -aq
	[ -z "$output" ]
	store_is_clean orphans partial
}

# --- the disk

@test "a full disk leaves nothing, and says so" {
	only root
	mkdir "$T/disk"
	mount -t tmpfs -o size=1500k none "$T/disk"
	ROOT=$T/disk/root
	split berth pull -q "$REGISTRY/busybox"
	result=$status
	said=$stderr left=$(berth images -aq)
	umount "$T/disk"
	[ "$result" = 125 ]
	[[ $said == *"No space left on device"* ]]
	[ -z "$left" ]
}

@test "a store that cannot be written" {
	only rootless
	mkdir -m 555 "$T/closed"
	ROOT=$T/closed/root
	split berth pull -q "$REGISTRY/busybox"
	want 125
	err_has "Permission denied"
}

@test "a limit of the store holds for what is pulled" {
	berth pull -q "$REGISTRY/config" >/dev/null
	berth pull -q "$REGISTRY/many" >/dev/null
	before=$(berth system df --format '{{.RawSize}}' | head -1)
	split berth pull -q --max "$before" "$REGISTRY/zstd:1"
	want 0
	[ "$(wc -l <<<"$output")" = 1 ]
	err_has "removed '$REGISTRY/config:latest'"
	run berth images --format '{{.Repository}}'
	has "$REGISTRY/zstd"
	[ "$(berth system df --format '{{.RawSize}}' | head -1)" -le "$before" ]
	berth system prune -f --max 1k --keep >/dev/null
	split berth pull -q "$REGISTRY/busybox"
	want 0
	[ "$(berth images --format '{{.Repository}}')" = "$REGISTRY/busybox" ]
	store_is_clean
}
