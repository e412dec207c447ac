# SPDX-License-Identifier: LGPL-2.1-or-later
# Registries for the black-box tests: `load ../helper/registry` after `load ../helper/berth`.
#
#   registry_start [auth] [tls]  docker-registry; sets REGISTRY (HOST:PORT) and REGISTRY_DIR (test/registry/real)
#   hostile_start BEHAVIOUR...   a registry that misbehaves (test/registry/hostile lists how); sets HOSTILE,
#                                HOSTILE_TLS, OTHER, OTHER_TLS, TOKEN, TOKEN_TLS (HOST:PORT) and HOSTILE_DIR. Where it
#                                runs already it gets other behaviours, and its log begins anew
#   hostile_log [FILTER]         its log since then, lines of JSON, through jq's FILTER (-r)
#   registry_stop, hostile_stop  are called by teardown and teardown_file
#   push_fixture NAME REF [ARG]  copies the fixture NAME.oci to $REGISTRY/REF (skopeo copy's ARGs), digests kept
#   forget_all                   removes every image of this test's store
#   gets DIGEST                  how many GETs of a blob both saw since the test began
#   manifest_of, layers_of, id_of, digest_of NAME
#                                of the fixture NAME.oci: its manifest, the digests of its layers, that of its
#                                configuration (the ID of the image), and that of the manifest
#
# Started in setup_file they serve all tests of the file, in a test that one only. Both let "berth" in with the
# password "hunter2-secret" where they ask for one.

registries=$helper/../registry
CREDS=berth:hunter2-secret

setup() {
	berth_setup
	registry_setup
}

registry_setup() {
	registry_mark
	# Nothing of the user's, or of this machine's, says where images are and who may have them.
	export HOME=$T/home CONTAINERS_REGISTRIES_CONF=$T/registries.conf REGISTRY_AUTH_FILE=$T/auth.json
	unset XDG_CONFIG_HOME DOCKER_CONFIG http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
	mkdir "$HOME"
	: >"$CONTAINERS_REGISTRIES_CONF"
	echo "{}" >"$REGISTRY_AUTH_FILE"
}

teardown() {
	registry_stop "$T"
	hostile_stop "$T"
	berth_teardown
}

teardown_file() {
	registry_stop "$BATS_FILE_TMPDIR"
	hostile_stop "$BATS_FILE_TMPDIR"
}

registry_start() {
	need docker-registry openssl perl
	REGISTRY_DIR=${T:-$BATS_FILE_TMPDIR}/registry
	REGISTRY=$("$registries/real" start "$REGISTRY_DIR" "$@") || return
	REGISTRY_WORDS=$*
	export REGISTRY REGISTRY_DIR REGISTRY_WORDS
	registry_mark
}

registry_stop() { # [DIR]
	"$registries/real" stop "${1:-${T:-$BATS_FILE_TMPDIR}}/registry"
}

# Lines of the logs that were there before the test.
registry_mark() {
	REGISTRY_SEEN=$(cat "${REGISTRY_DIR:-/nowhere}/access" 2>/dev/null | wc -l)
	HOSTILE_SEEN=$(cat "${HOSTILE_DIR:-/nowhere}/log" 2>/dev/null | wc -l)
}

hostile_start() {
	need python3 openssl
	if [ ! -e "${HOSTILE_DIR:-/nowhere}/pid" ]; then
		HOSTILE_DIR=${T:-$BATS_FILE_TMPDIR}/hostile
		"$registries/certificate" "$HOSTILE_DIR/tls" || return
		"$registries/hostile" "$HOSTILE_DIR" >"$HOSTILE_DIR/output" 2>&1 </dev/null 3>&- 4>&- &
		echo $! >"$HOSTILE_DIR/pid"
		disown
		eventually 20 test -e "$HOSTILE_DIR/ports" || { cat "$HOSTILE_DIR/output"; return 1; }
		export HOSTILE_DIR
	fi
	set -a
	. "$HOSTILE_DIR/ports"
	set +a
	: >"$HOSTILE_DIR/log"
	HOSTILE_SEEN=0
	printf '%s\n' "$@" >"$HOSTILE_DIR/script.new"
	mv "$HOSTILE_DIR/script.new" "$HOSTILE_DIR/script"
}

hostile_stop() { # [DIR]
	local dir=${1:-${T:-$BATS_FILE_TMPDIR}}/hostile pid
	pid=$(cat "$dir/pid" 2>/dev/null) || return 0
	kill -KILL "$pid" 2>/dev/null || :
	rm -f "$dir/pid"
	# What it did not expect is an error of the test.
	if [ -s "$dir/output" ]; then
		sed 's/^/hostile: /' "$dir/output"
		return 1
	fi
}

hostile_log() {
	jq -r "${1:-.}" "$HOSTILE_DIR/log"
}

push_fixture() {
	local name=$1 ref=$2 digests=--preserve-digests word
	local -a more=(--dest-tls-verify=false)
	shift 2
	for word; do
		case $word in --format* | --dest-compress* | --multi-arch*) digests= ;; esac
	done
	case " $REGISTRY_WORDS " in *" auth "*) more+=(--dest-creds "$CREDS") ;; esac
	skopeo --insecure-policy copy -q --all $digests "${more[@]}" "$@" "oci:$(image "$name.oci"):latest" \
		"docker://$REGISTRY/$ref"
}

gets() {
	{
		tail -n "+$((REGISTRY_SEEN + 1))" "${REGISTRY_DIR:-/nowhere}/access" 2>/dev/null |
			grep -o "\"GET /v2/[^ ]*/blobs/$1 "
		[ ! -e "${HOSTILE_DIR:-/nowhere}/log" ] || tail -n "+$((HOSTILE_SEEN + 1))" "$HOSTILE_DIR/log" |
			jq -r "select(.method == \"GET\" and (.path | endswith(\"/blobs/$1\"))) | .path"
	} | wc -l
}

forget_all() {
	local ids
	ids=$(berth images -aq --no-trunc | sort -u)
	[ -z "$ids" ] || berth rmi -f $ids >/dev/null
}

manifest_of() {
	skopeo inspect --raw "oci:$(image "$1.oci"):latest"
}

layers_of() {
	manifest_of "$1" | jq -r '.layers[].digest'
}

id_of() {
	manifest_of "$1" | jq -r .config.digest
}

digest_of() {
	echo "sha256:$(manifest_of "$1" | sha256sum | cut -d' ' -f1)"
}
