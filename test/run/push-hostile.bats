# SPDX-License-Identifier: LGPL-2.1-or-later
# What a registry must not be able to do to who sends it something: push, manifest push, login, search. Each test: exit
# status 125, one short message that names the registry and no secret, nothing half-done here or there, and the next
# command is fine. test/registry/hostile says what the words mean.
load ../helper/berth
load ../helper/registry

# Half a minute of patience is what silence takes: meanwhile the other tests run.
setup_file() {
	[ "$(persona)" != root ] || need python3 openssl jq
	[ "$(persona)" != root ] || slow_start
	HOSTILE_DIR=
	hostile_start
}

teardown_file() {
	for dir in "$BATS_FILE_TMPDIR" "$BATS_FILE_TMPDIR"/slow/*; do
		hostile_stop "$dir"
	done
}

setup() {
	berth_setup
	registry_setup
	# How layers are unpacked for users with subordinate ids makes no difference here.
	only root one
	"$helper/image-case" docker-symlinked-layer "$T/plain"
	"$helper/image-case" oci "$T/packed"
	# One whose layers are compressed on the way, in chunks, and one whose layers go as they are.
	berth load -q -i "$T/plain" >/dev/null
	berth tag case:latest plain
	berth rmi case:latest >/dev/null
	berth load -q -i "$T/packed" >/dev/null
	berth tag "$(berth images -q --no-trunc | grep -vxF "$(berth images -q --no-trunc plain)")" packed
	repository=0
}

slow_start() {
	local behaviour dir
	head -c 20000000 /dev/urandom >"$BATS_FILE_TMPDIR/random"
	tar -C "$BATS_FILE_TMPDIR" -cf "$BATS_FILE_TMPDIR/large.tar" random
	for behaviour in POST.upload:mute HEAD.blob:mute "POST.upload:status=403 POST.upload:slow=10" \
		"any:auth=bearer token:mute"; do
		dir=$BATS_FILE_TMPDIR/slow/$(tr -c 'a-zA-Z0-9\n' - <<<"$behaviour")
		mkdir -p "$dir"
		HOSTILE_DIR=
		T=$dir hostile_start $behaviour
		echo "$HOSTILE" >"$dir/where"
		"$BERTH" --root "$dir/root" --runroot "$dir/run" import -q "$BATS_FILE_TMPDIR/large.tar" large >/dev/null
		(
			result=0
			timeout 90 "$BERTH" --root "$dir/root" --runroot "$dir/run" push -q --retry 0 --compression-level 1 \
				--creds "$CREDS" large "$HOSTILE/slow/none:1" >"$dir/out" 2>&1 || result=$?
			echo $result >"$dir/status"
		) >/dev/null 2>&1 </dev/null 3>&- 4>&- &
		disown
	done
}

tool() { # a push that hangs is an error too
	timeout -k 1 "${PATIENCE:-15}" "$BERTH" --root "$ROOT" --runroot "$RUNROOT" "$@"
}

# Another repository each time; the registry has no image that is called none.
push() { # IMAGE [ARG...]
	local image=$1
	shift
	repository=$((repository + 1))
	target=$BATS_TEST_NUMBER/$repository/none
	split tool push -q --retry 0 --creds "$CREDS" "$@" "$image" "${HOST:-$HOSTILE}/$target:1"
}

there() { # is there a manifest?
	[ -e "$HOSTILE_DIR/pushed/${target//\//%}/1" ]
}

# As it was said, with 125.
is_refusal() {
	want 125 || return
	[ -z "$output" ] || { echo "printed: $output"; return 1; }
	[[ $stderr == "berth: "* ]] || { echo "the message is: $stderr"; return 1; }
	err_has "${HOST:-$HOSTILE}" || return
	[ "${#stderr}" -lt 4096 ] && [ "$(wc -l <<<"$stderr")" -le 2 ] || { echo "too long: $stderr"; return 1; }
	! grep -q '[^[:print:][:space:]]' <<<"$stderr" || { echo "control characters: $stderr"; return 1; }
	no_secret
}

no_secret() {
	[[ $stderr != *hunter2* && $stderr != *YmVydGg6* && $stderr != *token-* ]] || { echo "a secret: $stderr"; return 1; }
	# Nobody but the registry and its token server was told any.
	[ -z "$(hostile_log 'select(.server | startswith("other")) | .headers | (.authorization, .cookie) // empty')" ] ||
		{ echo "the other host has the credential"; return 1; }
}

# refused BEHAVIOUR...: pushes of both images are refused with these.
refused() {
	hostile_start "$@"
	for image in ${IMAGES:-plain packed}; do
		push $image
		is_refusal || { echo "$image with: $*"; return 1; }
		! there || [ "${MAY_BE_THERE:-}" ] || { echo "$image is there, with: $*"; return 1; }
	done
}

# After some of those: nothing is left here, and without the behaviours the same images go.
afterwards() {
	store_is_clean || { echo "the store"; return 1; }
	fine
}

# fine [BEHAVIOUR...]: with these they arrive.
fine() {
	hostile_start "$@"
	for image in ${IMAGES:-plain packed}; do
		push $image --retry 3 --retry-delay 10ms
		want 0 || { echo "$image with: $*"; return 1; }
		[ -z "$output$stderr" ] || { echo "$image says: $output$stderr"; return 1; }
		is_whole || { echo "$image with: $*"; return 1; }
		no_secret || { echo "$image with: $*"; return 1; }
	done
}

# What the manifest there names is there, with its digest.
is_whole() {
	local dir=$HOSTILE_DIR/pushed/${target//\//%} digest
	there || { echo "there is no manifest"; return 1; }
	for digest in $(jq -r '.config.digest, .layers[].digest' "$dir/1"); do
		echo "${digest#sha256:}  $dir/$digest" | sha256sum --quiet --status -c || { echo "$digest"; return 1; }
	done
}

# either BEHAVIOUR...: both arrive whole, or are refused.
either() {
	hostile_start "$@"
	for image in plain packed; do
		push $image
		if [ "$status" = 0 ]; then
			is_whole && no_secret || { echo "$image with: $*"; return 1; }
		else
			is_refusal || { echo "$image with: $*"; return 1; }
		fi
	done
}

@test "the connection is reset while it is sent, at every point, or before the answer" {
	for at in 0 1 10 100; do
		IMAGES=plain refused "PATCH.upload:cut=$at"
		IMAGES=packed refused "PUT.upload:cut=$at"
		refused "PUT.manifest:cut=$at"
		fine "PATCH.upload:cut=$at*2" "PUT.upload:cut=$at*2"
	done
	for request in HEAD.blob POST.upload PUT.upload PUT.manifest; do
		refused "$request:drop"
		fine "$request:drop*1"
	done
	fine PUT.manifest:cut=50*1
	afterwards
}

@test "answers that break off, never end, or are no HTTP" {
	for request in HEAD.blob POST.upload PUT.upload PUT.manifest; do
		refused "$request:no-http"
		PATIENCE=45 refused "$request:continue"
		MAY_BE_THERE=1 refused "$request:header-size=100000000"
		refused "$request:status=403" "$request:endless"
		refused "$request:status=403" "$request:huge=5368709120"
		refused "$request:status=403" "$request:reset=5"
		# What comes behind the header of a success is nobody's.
		either "$request:endless-chunked"
		either "$request:reset=0"
		either "$request:headers=100000"
	done
	afterwards
}

@test "errors that pass, and errors that stay" {
	for code in 500 502 503 504 408 429; do
		fine "any:status=$code*2"
		refused "any:status=$code"
	done
	for request in POST.upload PUT.upload PUT.manifest; do
		fine "$request:status=500*1" "$request:status=429*1"
		for code in 400 403 404 405 413 301 307 200 100 999; do
			case $request:$code in PUT.manifest:200) continue ;; esac
			refused "$request:status=$code"
		done
	done
	for code in 400 403 405; do
		refused "HEAD.blob:status=$code"
	done
	afterwards
}

@test "429 says when to come back, and is not believed beyond a minute" {
	started=$(date +%s%N)
	IMAGES=packed fine "POST.upload:status=429*1" "POST.upload:header=Retry-After: 1*1"
	[ $(($(date +%s%N) - started)) -ge 1000000000 ]
	for wait in -5 0 nonsense "Thu, 01 Jan 1970 00:00:00 GMT"; do
		IMAGES=packed fine "PUT.manifest:status=429*1" "PUT.manifest:header=Retry-After: $wait*1"
	done
	refused "POST.upload:status=429" "POST.upload:header=Retry-After: 1000000000"
	err_has "too many requests"
}

@test "an answer that comes before everything was sent" {
	head -c 20000000 /dev/urandom >random
	tar -cf large.tar random
	berth import -q large.tar large >/dev/null
	for code in 413:"too large for the registry" 403:"access is denied"; do
		hostile_start "PATCH.upload:early" "PATCH.upload:status=${code%%:*}"
		push large --compression-level 1
		is_refusal
		err_has "${code#*:}"
		! there
	done
	IMAGES=large fine
}

@test "locations: missing, of no use, and those that nobody may lead to" {
	for where in none file:///etc/passwd ftp://127.0.0.1/x "gopher://$OTHER/x" "http://[::1" "//" \
		"http://berth:hunter2-secret@$OTHER/x" "http://$OTHER/{id}" ../../../x "{main}/v2/elsewhere/blobs/uploads/{id}"; do
		either "upload:location=$where"
		case $where in
		none | file:* | ftp:* | gopher:* | "http://[::1" | *@*)
			[ "$status" = 125 ]
			err_has "does not say where to send the blob"
			;;
		esac
	done
	# A path, a whole URL, and one with a query of its own are all fine.
	fine "upload:location={main}/v2/x/none/blobs/uploads/{id}" || [ "$status" = 125 ]
	HOST=$HOSTILE_TLS
	hostile_start "upload:location={main_http}{path}{id}"
	for image in plain packed; do
		push $image --tls-verify=false
		is_refusal
		err_has "without TLS"
	done
	[ -z "$(hostile_log 'select(.server == "hostile") | .path')" ]
	HOST=
	afterwards
}

@test "an upload that goes on at another host: the bytes, and no credential" {
	for auth in basic bearer; do
		for image in plain packed; do
			repository=$((repository + 1))
			hostile_start "any:auth=$auth" "upload:location={other}/v2/$BATS_TEST_NUMBER/$repository/none/blobs/uploads/{id}"
			target=$BATS_TEST_NUMBER/$repository/none
			split tool push -q --retry 0 --creds "$CREDS" $image "$HOSTILE/$target:1"
			want 0
			is_whole
			no_secret
			[ "$(hostile_log 'select(.server == "other") | .method' | grep -c PUT)" -ge 3 ]
			[ -z "$(hostile_log 'select(.server == "other") | tostring' | grep -i hunter2)" ]
		done
	done
	# Who asks for it there gets nothing, either.
	for challenge in 'Basic realm="x"' "Bearer realm=\"http://$OTHER/token\",service=\"x\""; do
		hostile_start any:auth=basic "upload:location={other}/x/{id}" other:status=401 "other:header=WWW-Authenticate: $challenge"
		for image in plain packed; do
			push $image
			is_refusal
			! there
		done
	done
	# The token server that a registry names gets it; the one that it redirects to does not.
	refused any:auth=bearer token:redirect={other}/token
	afterwards
}

@test "redirects of what is sent are not followed, and HEAD takes no credential along" {
	for request in POST.upload PATCH.upload PUT.manifest; do
		images="plain packed"
		[ $request != PATCH.upload ] || images=plain
		IMAGES=$images refused "any:auth=basic" "$request:redirect={other}{path}"
		[ -z "$(hostile_log 'select(.server == "other") | .path')" ]
		IMAGES=$images refused "$request:redirect=file:///etc/passwd"
		IMAGES=$images refused "$request:redirect-loop"
	done
	either any:auth=basic "HEAD.blob:redirect={other}{path}"
	refused "HEAD.blob:redirect=file:///etc/passwd"
	refused HEAD.blob:redirect-loop
	[ "$(wc -l <"$HOSTILE_DIR/log")" -le 30 ]
	HOST=$HOSTILE_TLS
	hostile_start "HEAD.blob:redirect={other_http}{path}"
	push packed --tls-verify=false
	is_refusal
	[ -z "$(hostile_log 'select(.server == "other") | .path')" ]
	HOST=
	afterwards
}

@test "who asks for credentials again and again" {
	for auth in loop-basic loop-bearer; do
		refused "any:auth=$auth"
		[ "$(wc -l <"$HOSTILE_DIR/log")" -le 24 ]
		for request in POST.upload PUT.upload PATCH.upload PUT.manifest; do
			images="plain packed"
			[ $request != PATCH.upload ] || images=plain
			IMAGES=$images refused "any:auth=bearer*2" "$request:auth=$auth"
			[ "$(wc -l <"$HOSTILE_DIR/log")" -le 60 ]
		done
	done
	refused any:auth=bearer token:refuse
	refused any:auth=bearer token:status=500
	refused any:auth=bearer token:endless
	# A token that is good for one request only, in the middle of uploads too.
	fine any:auth=bearer token:uses=3
	afterwards
}

@test "201, and nothing is kept" {
	refused PUT.upload:swallow
	err_has "does not have it"
	refused PUT.manifest:swallow
	err_has "does not have it"
	IMAGES=packed fine "PUT.upload:swallow*1" || is_refusal
	afterwards
}

@test "digests in the answer that are those of something else" {
	MAY_BE_THERE=1 refused "PUT.manifest:digest=sha256:$(printf '%064d' 1)"
	err_has "the registry says that the digest is"
	MAY_BE_THERE=1 refused "PUT.manifest:digest=sha256:../../../../etc/passwd"
	# An algorithm that we do not compute says nothing.
	fine "PUT.manifest:digest=md5:d41d8cd98f00b204e9800998ecf8427e"
	fine "PUT.upload:digest=sha256:$(printf '%064d' 1)" || is_refusal
	afterwards
}

@test "uploads whose range goes backwards, or is none" {
	for range in 0-0 0-5 5-0 0-99999999999999999999 -1 bytes=0-3 nonsense ""; do
		either "PATCH.upload:range-header=$range" "POST.upload:range-header=$range"
	done
	afterwards
}

@test "what an error says is shown without its escapes, without secrets, and not at length" {
	for request in POST.upload PUT.upload PUT.manifest; do
		refused "$request:status=403" \
			"$request:text={\"errors\":[{\"code\":\"DENIED\",\"message\":\"\\\\u001b[31mred\\\\u001b]52;c;x\\\\u0007 \\\\u202egpj\"}]}"
		refused "$request:status=400" "$request:text=\x1b[31m<html>\x00$(printf 'x%.0s' $(seq 5000))"
		refused any:auth=basic "$request:status=403" "$request:text=no access for hunter2-secret"
		hostile_start "$request:status=403" "$request:text={\"errors\":[{\"code\":\"DENIED\",\"message\":\"pay first\"}]}"
		push packed
		err_has "pay first"
	done
	afterwards
}

@test "a mount from another repository that the registry gets wrong" {
	hostile_start
	berth tag packed "$HOSTILE/from/none:1"
	split tool push -q "$HOSTILE/from/none:1"
	want 0
	for behaviour in POST.upload:status=201 POST.upload:status=500 POST.upload:status=403 POST.upload:location=none \
		"POST.upload:location=file:///x" "POST.upload:location={other}/x" POST.upload:drop; do
		either "$behaviour*1" any:auth=basic
		either "$behaviour*2" any:auth=basic
	done
	afterwards
}

@test "manifest push: an index arrives with all that it names, or not" {
	berth manifest create list >/dev/null
	berth manifest add list packed >/dev/null
	berth manifest add list plain >/dev/null
	before=$(find "$ROOT/blobs" | sort)
	for behaviour in PUT.manifest:status=403 PUT.manifest:drop PUT.manifest:swallow PUT.upload:cut=10 PUT.upload:swallow \
		POST.upload:location=none "PUT.manifest:redirect={other}{path}" any:auth=loop-bearer \
		"PUT.manifest:digest=sha256:$(printf '%064d' 1)" PUT.manifest:endless-chunked; do
		repository=$((repository + 1))
		target=$BATS_TEST_NUMBER/$repository/none
		hostile_start "$behaviour"
		split tool manifest push --all --retry 0 --creds "$CREDS" list "docker://$HOSTILE/$target:1"
		[ "$status" = 0 ] && case $behaviour in PUT.manifest:endless-chunked) continue ;; esac
		is_refusal || { echo "with: $behaviour"; return 1; }
		# The index comes last.
		! there || { echo "it is there, with: $behaviour"; return 1; }
	done
	[ "$(find "$ROOT/blobs" | sort)" = "$before" ]
	hostile_start
	split tool manifest push --all --creds "$CREDS" list "docker://$HOSTILE/$target:1"
	want 0
	[ "$(jq '.manifests | length' "$HOSTILE_DIR/pushed/${target//\//%}/1")" = 2 ]
	berth manifest rm list >/dev/null
	store_is_clean
}

@test "login: what the registry says wrongly is no success, and nothing is kept" {
	login() {
		split tool login -u berth --password-stdin "$@" "${HOST:-$HOSTILE}" <<<hunter2-secret
	}
	for behaviour in any:auth=loop-basic any:auth=loop-bearer ping:status=403 ping:status=404 ping:no-http \
		ping:header-size=100000000 "ping:redirect=file:///etc/passwd" ping:redirect-loop "any:auth=Negotiate" \
		"any:auth=Bearer realm=file:///etc/passwd" "any:auth=Bearer" \
		"any:auth=basic ping:redirect=http://$OTHER/v2/ other:status=401" "any:auth=bearer token:refuse" \
		"any:auth=bearer token:text={}" "any:auth=bearer token:endless" "any:auth=bearer token:redirect={other}/x" \
		"any:auth=bearer token:text={\"token\":\"a\\\\r\\\\nX-Injected:1\"}"; do
		hostile_start $behaviour
		case $behaviour in "any:auth=Bearer realm"*) hostile_start "$behaviour" ;; esac
		login
		case $behaviour in *redirect=http://$OTHER*) err_has "$OTHER" && no_secret ;; *) is_refusal ;; esac ||
			{ echo "with: $behaviour"; return 1; }
		[ "$(cat "$REGISTRY_AUTH_FILE")" = "{}" ] || { echo "kept, with: $behaviour"; return 1; }
		[ "$(wc -l <"$HOSTILE_DIR/log")" -le 12 ]
	done
	HOST=$HOSTILE_TLS
	hostile_start any:auth=bearer any:realm={token_http}/token
	login --tls-verify=false
	is_refusal
	[ -z "$(hostile_log 'select(.server == "token") | .path')" ]
	HOST=
	for auth in basic bearer; do
		hostile_start any:auth=$auth ping:endless-chunked
		login
		want 0
		[ "$output" = "Login Succeeded!" ]
		[[ $stderr != *hunter2* ]]
		berth logout "$HOSTILE" >/dev/null
	done
}

@test "search: answers that are none, never end, or lead elsewhere" {
	for behaviour in "search:text=no JSON" 'search:text={"results":[],"results":[]}' 'search:text={"results":7}' 'search:text=[]' \
		search:status=403 search:endless search:huge=5368709120 search:reset=5 search:truncated=5 search:no-http \
		search:header-size=100000000 "search:redirect=file:///etc/passwd" search:redirect-loop any:auth=loop-basic \
		any:auth=loop-bearer; do
		hostile_start "$behaviour"
		split tool search --retry 0 "$HOSTILE/busybox"
		is_refusal || { echo "with: $behaviour"; return 1; }
		[ "$(wc -l <"$HOSTILE_DIR/log")" -le 16 ] || { echo "with: $behaviour"; return 1; }
	done
	# Escapes are shown as such, and credentials stay at home.
	echo '{"auths":{"'"$HOSTILE"'":{"auth":"'"$(printf %s "$CREDS" | base64)"'"}}}' >"$REGISTRY_AUTH_FILE"
	hostile_start any:auth=basic "search:redirect={other}{path}"
	split tool search --retry 0 "$HOSTILE/busybox"
	no_secret
	hostile_start any:auth=basic
	split tool search "$HOSTILE/busybox"
	want 0
	has "library/busybox"
	! grep -q '[^[:print:][:space:]]' <<<"$output"
}

@test "silence: before the answer, while it takes, and bytes that drip" {
	only root
	bad=0
	for dir in "$BATS_FILE_TMPDIR"/slow/*; do
		eventually 90 test -s "$dir/status"
		if [ "$(cat "$dir/status")" != 125 ] || ! grep -q "$(cat "$dir/where")" "$dir/out" || grep -q hunter2 "$dir/out"; then
			echo "${dir##*/}: $(cat "$dir/status"): $(cat "$dir/out")"
			bad=1
		fi
		"$helper/store-clean" "$dir/root" || bad=1
	done
	[ $bad = 0 ]
}
