# SPDX-License-Identifier: LGPL-2.1-or-later
# What a registry must not be able to do. Each test: exit status 125, one short message that names the registry and no
# secret, nothing half-done in the store, and the next command is fine. test/registry/hostile says what the words mean.
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
}

slow_start() {
	local behaviour dir
	for behaviour in manifest:mute GET.config:silent layer:stall=2000 layer:slow=10; do
		dir=$BATS_FILE_TMPDIR/slow/$behaviour
		mkdir -p "$dir"
		HOSTILE_DIR=
		T=$dir hostile_start "$behaviour"
		echo "$HOSTILE" >"$dir/where"
		(
			result=0
			timeout 90 "$BERTH" --root "$dir/root" --runroot "$dir/run" pull -q --retry 0 "$HOSTILE/busybox" \
				>"$dir/out" 2>&1 || result=$?
			echo $result >"$dir/status"
		) >/dev/null 2>&1 </dev/null 3>&- 4>&- &
		disown
	done
}

tool() { # a pull that hangs is an error too
	timeout -k 1 "${PATIENCE:-15}" "$BERTH" --root "$ROOT" --runroot "$RUNROOT" "$@"
}

pull() {
	split tool pull -q --retry 0 "$@"
}

new_store() {
	stores=$((${stores:-0} + 1))
	ROOT=$T/root.$stores
}

# refused NAME [ARG...]: a pull into an empty store fails as it should, and the next command is fine.
refused() {
	new_store
	refuses "$@" && afterwards
}

# The same for the pull alone; where there are many of them, one `afterwards` is enough.
refuses() {
	local name=$1
	shift
	pull "$@" "$name"
	want 125 || return
	[ -z "$output" ] || { echo "printed: $output"; return 1; }
	[[ $stderr == "berth: pull: "* ]] || { echo "the message is: $stderr"; return 1; }
	err_has "${name%%/*}" || return
	[ "${#stderr}" -lt 4096 ] && [ "$(wc -l <<<"$stderr")" -le 2 ] || { echo "too long: $stderr"; return 1; }
	! grep -q '[^[:print:][:space:]]' <<<"$stderr" || { echo "control characters: $stderr"; return 1; }
	[[ $stderr != *hunter2* && $stderr != *YmVydGg6* ]] || { echo "a secret: $stderr"; return 1; }
	[ -z "$(berth images -aq)" ] || { echo "there is an image"; return 1; }
}

# Without the behaviours a good image is taken into the same store.
afterwards() {
	local said=$stderr
	mv "$HOSTILE_DIR/log" "$T/log"
	mv "$HOSTILE_DIR/script" "$T/script"
	hostile_start
	pull "$HOSTILE/oci"
	want 0 && store_is_clean partial orphans || { echo "afterwards"; return 1; }
	mv "$T/log" "$HOSTILE_DIR/log"
	mv "$T/script" "$HOSTILE_DIR/script"
	stderr=$said
}

# behaves BEHAVIOUR...: with these, the pull of a small image is refused.
behaves() {
	hostile_start "$@"
	refused "${SCHEME_HOST:-$HOSTILE}/oci" || { echo "with: $*"; return 1; }
	[ -z "$(ls "$ROOT/partial" 2>/dev/null)" ] || { echo "left in partial/, with: $*"; return 1; }
}

# The same for the pull alone.
misbehaves() {
	hostile_start "$@"
	refuses "${SCHEME_HOST:-$HOSTILE}/oci" || { echo "with: $*"; return 1; }
}

# fine [BEHAVIOUR...]: with these it is taken.
fine() {
	new_store
	hostile_start "$@"
	split tool pull -q --retry 3 --retry-delay 10ms "$HOSTILE/oci"
	want 0 || { echo "with: $*"; return 1; }
	[ "$(berth inspect -f '{{len .RootFS.Layers}}' "$HOSTILE/oci")" = 2 ] || return
	store_is_clean || return
	forget_all
	store_is_clean || { echo "after rmi"; return 1; }
}

# altered NAME FILTER [OF]: $HOSTILE/NAME is the image OF (oci) with its manifest changed by jq's FILTER.
altered() {
	local dir=$HOSTILE_DIR/image/$1 old new
	mkdir -p "$HOSTILE_DIR/image"
	"$helper/image-case" "${3:-oci}" "$dir"
	old=$(jq -r '.manifests[0].digest' "$dir/index.json")
	jq -c "$2" "$dir/blobs/sha256/${old#sha256:}" >"$dir/manifest"
	new=$(sha256sum "$dir/manifest" | cut -d' ' -f1)
	mv "$dir/manifest" "$dir/blobs/sha256/$new"
	jq -c ".manifests[0].digest = \"sha256:$new\" | .manifests[0].size = $(stat -c %s "$dir/blobs/sha256/$new")" \
		"$dir/index.json" >"$dir/index.new"
	mv "$dir/index.new" "$dir/index.json"
}

peak() { # KIB CMD...: fails where a process of CMD takes more memory; prints what CMD prints
	python3 - "$@" <<-'PY'
		import resource, subprocess, sys
		done = subprocess.run(sys.argv[2:])
		used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
		if used > int(sys.argv[1]):
		    print("memory: %d KiB" % used, file=sys.stderr)
		    sys.exit(99)
		sys.exit(done.returncode)
	PY
}

@test "bodies that are not what the digest says" {
	for target in manifest config layer; do
		behaves "GET.$target:flip"
	done
	behaves config:of=busybox
	behaves layer:of=busybox
}

@test "bodies that are too short or too long" {
	for target in config layer; do
		behaves "$target:short=1"
		behaves "$target:long=1"
		behaves "$target:long=10000000"
		behaves "$target:truncated=1"
		behaves "$target:text="
		behaves "$target:endless"
		behaves "$target:endless-chunked"
		behaves "$target:huge=5368709120"
		behaves "$target:unsaid=5368709120"
		behaves "$target:close" "$target:short=1"
		behaves "$target:chunked" "$target:short=1"
	done
	behaves manifest:truncated=1
	behaves manifest:text=
	fine
	# The bytes are all there; what comes behind them is nobody's.
	fine layer:trailing=1000
	fine layer:chunked config:chunked manifest:chunked
	fine layer:close config:close manifest:close
}

@test "a manifest of 5 GiB, with and without Content-Length" {
	for behaviour in huge=5368709120 unsaid=5368709120 endless endless-chunked; do
		hostile_start "GET.manifest:$behaviour"
		split peak 80000 timeout 15 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" pull -q --retry 0 "$HOSTILE/oci"
		want 125
		err_has "$HOSTILE"
	done
	# One of 4 MiB is read, and one byte more is not.
	python3 - "$HOSTILE_DIR" <<-'PY'
		import sys
		text = b'{"schemaVersion":1}'
		open(sys.argv[1] + "/most", "wb").write(text.ljust(4 << 20))
		open(sys.argv[1] + "/more", "wb").write(text.ljust((4 << 20) + 1))
	PY
	behaves "manifest:file=$HOSTILE_DIR/most"
	said=$stderr
	behaves "manifest:file=$HOSTILE_DIR/more"
	[ "$said" != "$stderr" ]
}

@test "the same for tokens and for the bodies of errors" {
	hostile_start any:auth=anonymous token:endless
	split peak 80000 timeout 15 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" pull -q --retry 0 "$HOSTILE/oci"
	want 125
	behaves any:auth=anonymous token:huge=5368709120
	hostile_start any:status=404 any:endless
	split peak 80000 timeout 15 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" pull -q --retry 0 "$HOSTILE/oci"
	want 125
	behaves any:status=403 any:huge=5368709120
}

@test "the connection is reset at every point" {
	for target in manifest config layer; do
		for at in 0 1 10 100; do
			behaves "$target:reset=$at"
		done
		behaves "$target:drop"
	done
	fine layer:reset=0*1 config:reset=0*1 manifest:reset=0*1
	fine layer:reset=50*3
	fine layer:drop*1 config:drop*1 GET.manifest:drop*1
	fine layer:truncated=20*1
}

@test "ranges that are answered wrongly" {
	# The first answer breaks off, and what follows is asked for with Range.
	fine "layer:reset=50*1"
	[ -n "$(hostile_log 'select(.range != "") | .range')" ]
	fine "layer:reset=50*1" layer:range=ignored
	for range in 416 overlap lie shrink beyond; do
		hostile_start "layer:reset=50*1" "layer:range=$range"
		split tool pull -q --retry 2 --retry-delay 10ms "$HOSTILE/oci"
		# Whatever is made of it: the right bytes, or none.
		if [ "$status" = 0 ]; then
			store_is_clean partial orphans || { echo "range=$range"; return 1; }
			forget_all
		else
			want 125 || { echo "range=$range"; return 1; }
			[ -z "$(berth images -aq)" ]
		fi
	done
}

@test "errors that pass, and errors that stay" {
	for code in 500 502 503 504 408 429; do
		fine "any:status=$code*2"
		new_store
		misbehaves "any:status=$code"
	done
	for code in 400 403 404 405 418 451; do
		new_store
		misbehaves "manifest:status=$code"
		# They are not tried again.
		hostile_start "GET.layer:status=$code"
		split tool pull -q --retry 3 --retry-delay 10ms "$HOSTILE/oci"
		want 125
		[ "$(gets "$(jq -r '.layers[0].digest' "$HOSTILE_DIR/image/oci/blobs/sha256/"* 2>/dev/null | grep sha256)")" -le 1 ]
	done
	new_store
	for code in 100 199 204 205 299 304 306 600 999; do
		misbehaves "manifest:status=$code"
	done
	afterwards
}

@test "what an error says is shown without its escapes, and not at length" {
	behaves 'manifest:status=403' \
		'manifest:text={"errors":[{"code":"DENIED","message":"\\u001b[31mred\\u001b]52;c;x\\u0007 \\u202egpj"}]}'
	behaves 'manifest:status=403' "manifest:text=\x1b[31m<html>\x00$(printf 'x%.0s' $(seq 5000))"
	behaves manifest:status=404 manifest:text=
	new_store
	hostile_start 'manifest:status=403' 'manifest:text={"errors":[{"code":"DENIED","message":"pay first"}]}'
	pull "$HOSTILE/oci"
	err_has "pay first"
}

@test "429 with Retry-After" {
	started=$(date +%s%N)
	fine "manifest:status=429*1" "manifest:header=Retry-After: 1*1"
	[ $(($(date +%s%N) - started)) -ge 1000000000 ]
	for wait in -5 0 nonsense "Thu, 01 Jan 1970 00:00:00 GMT" 99999999999999999999x; do
		fine "manifest:status=429*1" "manifest:header=Retry-After: $wait*1"
	done
	behaves "manifest:status=429" "manifest:header=Retry-After: 1000000000"
	err_has 429
}

@test "it is no HTTP, or never ends" {
	for target in manifest layer; do
		behaves "$target:no-http"
		PATIENCE=45 behaves "$target:continue"
	done
	# Two lengths: the right bytes, or none.
	for header in "Content-Length: 7" "Content-Length: -1" "Content-Length: 99999999999999999999"; do
		hostile_start "layer:header=$header"
		pull "$HOSTILE/oci"
		[ "$status" = 0 ] || want 125
		store_is_clean partial orphans
		forget_all
	done
}

@test "headers without end" {
	for target in manifest layer; do
		for behaviour in headers=100000 header-size=1048576; do
			hostile_start "$target:$behaviour"
			split peak 80000 timeout 15 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" pull -q --retry 0 "$HOSTILE/oci"
			[ "$status" = 0 ] || err_has "$HOSTILE"
			[ "$status" = 0 ] || want 125
			forget_all
		done
	done
	behaves manifest:header-size=100000000
}

@test "content encodings" {
	# The bytes that come are the bytes that count.
	behaves layer:encoded
	behaves config:encoded
	behaves manifest:encoded
	fine layer:encoding-header
}

# --- what manifests say

@test "manifests that are none" {
	new_store
	for file in "$helper"/../data/manifest/should-fail-*.in; do
		hostile_start "manifest:file=$file"
		refuses "$HOSTILE/oci" || { echo "manifest $file"; return 1; }
	done
	afterwards
}

@test "a manifest of another type than the header says" {
	behaves "manifest:type=application/vnd.oci.image.index.v1+json"
	behaves "manifest:type=application/vnd.docker.distribution.manifest.list.v2+json"
	behaves "manifest:type=application/vnd.docker.distribution.manifest.v1+prettyjws"
	fine "manifest:type=application/vnd.oci.image.manifest.v1+json; charset=utf-8"
}

@test "images whose parts do not fit each other" {
	hostile_start
	for name in bad-oci-index-too-deep bad-oci-platform bad-oci-flip-config bad-oci-flip-layer bad-oci-missing-config \
		bad-oci-missing-layer bad-oci-short-layer bad-oci-long-layer bad-oci-size-plus bad-oci-size-minus \
		bad-oci-size-huge bad-oci-size-negative bad-oci-digest-path bad-oci-digest-md5 bad-oci-layer-type \
		bad-oci-artifact bad-oci-diff-id bad-oci-layer-count bad-oci-twin; do
		new_store
		refuses "$HOSTILE/$name" || { echo "image $name"; return 1; }
		case $name in *-flip-* | *-short-* | *-long-* | *-size-*) afterwards ;; esac
	done
}

@test "digests: of the header, of another, of nobody" {
	behaves "GET.manifest:digest=sha256:$(printf '%064d' 1)"
	behaves "GET.manifest:digest=sha256:../../../../etc/passwd"
	# An algorithm that we do not compute says nothing.
	fine "GET.manifest:digest=md5:d41d8cd98f00b204e9800998ecf8427e"
	# By digest, and it is another manifest, a good one.
	hostile_start manifest:of=busybox
	digest=$(jq -r '.manifests[0].digest' "$HOSTILE_DIR/image/oci/index.json")
	refused "$HOSTILE/oci@$digest"
	# An index whose entry leads to another manifest.
	hostile_start
	pull "$HOSTILE/oci-index"
	want 0
	forget_all
	python3 - "$HOSTILE_DIR" <<-'PY'
		import hashlib, json, sys
		top = sys.argv[1] + "/image/oci-index/"
		index = json.load(open(top + "index.json"))["manifests"][0]["digest"]
		entry = [e for e in json.load(open(top + "blobs/sha256/" + index[7:]))["manifests"]
		         if e["platform"]["architecture"] == "amd64"][0]
		path = top + "blobs/sha256/" + entry["digest"][7:]
		data = open(path, "rb").read()
		open(path, "wb").write(data.replace(b'"schemaVersion":2', b'"schemaVersion": 2'))
	PY
	refused "$HOSTILE/oci-index"
	rm -r "$HOSTILE_DIR/image/oci-index"
}

@test "HEAD and GET that disagree, and a tag that moves between them" {
	other=$(jq -r '.manifests[0].digest' "$(image busybox.oci)/index.json")
	hostile_start "HEAD.manifest:digest=$other"
	pull "$HOSTILE/oci"
	# What came is what is there, or nothing is.
	[ "$status" = 0 ] || want 125
	store_is_clean partial orphans
	forget_all
	hostile_start HEAD.manifest:of=busybox
	pull "$HOSTILE/oci"
	[ "$status" = 0 ] || want 125
	store_is_clean partial orphans
	for code in 400 404 500; do
		hostile_start HEAD.manifest:status=$code
		pull "$HOSTILE/oci"
		[ "$status" = 0 ] || want 125
		store_is_clean partial orphans
	done
	forget_all
	fine HEAD.manifest:status=405
	# The image is there, and HEAD says that it is another one.
	hostile_start
	pull "$HOSTILE/oci"
	want 0
	hostile_start HEAD.manifest:of=busybox
	pull "$HOSTILE/oci"
	[ "$status" = 0 ] || want 125
	store_is_clean partial orphans
}

@test "foreign layers: no other place is asked" {
	hostile_start
	altered foreign ".layers[0] += {urls: [\"http://$OTHER/secret\"],
		mediaType: \"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip\"}"
	altered nondistributable ".layers[0] += {urls: [\"http://$OTHER/secret\"],
		mediaType: \"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip\"}"
	altered urls ".layers[0] += {urls: [\"http://$OTHER/secret\", \"file:///etc/passwd\"]}"
	for name in foreign nondistributable urls; do
		pull --creds "$CREDS" "$HOSTILE/$name"
		[ "$status" = 0 ] || want 125
		hostile_start layer:status=404
		forget_all
		refused "$HOSTILE/$name" --creds "$CREDS"
		[ -z "$(hostile_log 'select(.server != "hostile") | .path')" ]
		hostile_start
	done
}

@test "layers of unknown types" {
	hostile_start
	altered unknown '.layers[0].mediaType = "application/vnd.example.layer+xz"'
	altered encrypted '.layers[0].mediaType = "application/vnd.oci.image.layer.v1.tar+gzip+encrypted"'
	altered configless '.config.mediaType = "application/vnd.oci.empty.v1+json"'
	altered same '.layers[1] = .layers[0]'
	altered many '.layers = [range(501) as $i | .layers[0]]'
	new_store
	for name in unknown encrypted configless same many; do
		refuses "$HOSTILE/$name" || { echo "image $name"; return 1; }
	done
	afterwards
	rm -r "$HOSTILE_DIR/image/many"
}

@test "an index that leads to itself" {
	hostile_start
	mkdir -p "$HOSTILE_DIR"
	# No digest can be its own; a registry that answers anything with one index tries all the same.
	python3 - "$HOSTILE_DIR/circle" <<-'PY'
		import json, sys
		entry = {"mediaType": "application/vnd.oci.image.index.v1+json", "size": 300, "digest": "sha256:" + "1" * 64}
		json.dump({"schemaVersion": 2, "mediaType": entry["mediaType"], "manifests": [entry]}, open(sys.argv[1], "w"))
	PY
	behaves "manifest:file=$HOSTILE_DIR/circle" manifest:type=application/vnd.oci.image.index.v1+json
	[ "$(hostile_log 'select(.path | contains("/manifests/")) | .path' | wc -l)" -le 4 ]
}

# nested NAME LEVELS TIMES: $HOSTILE/NAME is an index that names another, and so on, each of them so many times.
nested() {
	mkdir -p "$HOSTILE_DIR/image"
	"$helper/image-case" oci "$HOSTILE_DIR/image/$1"
	python3 - "$HOSTILE_DIR/image/$1" "$2" "$3" <<-'PY'
		import hashlib, json, sys
		dir, levels, times = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
		entry = json.load(open(dir + "/index.json"))["manifests"][0]
		entry = {key: entry[key] for key in ("mediaType", "digest", "size")}
		for _ in range(levels):
		    data = json.dumps({"schemaVersion": 2, "manifests": [entry] * times}).encode()
		    name = hashlib.sha256(data).hexdigest()
		    open(dir + "/blobs/sha256/" + name, "wb").write(data)
		    entry = {"mediaType": "application/vnd.oci.image.index.v1+json", "digest": "sha256:" + name, "size": len(data)}
		json.dump({"schemaVersion": 2, "manifests": [entry]}, open(dir + "/index.json", "w"))
	PY
}

@test "indexes that name the same again and again do not keep others waiting" {
	hostile_start
	nested often 2 300
	pull "$HOSTILE/often"
	want 0
	pull "$HOSTILE/busybox"
	want 0
	# Each of these goes through everything that the names lead to.
	for words in "rmi $HOSTILE/busybox" "system check" "system df" "save -o $T/saved.tar $HOSTILE/often"; do
		PATIENCE=5 split tool $words
		want 0
	done
	store_is_clean
}

@test "what a pull that failed has got is swept, and is no finding" {
	hostile_start layer:status=404
	pull "$HOSTILE/oci"
	want 125
	# Its configuration came.
	[ -n "$(ls "$ROOT/blobs/sha256")" ]
	split tool system check
	want 0
	[ -z "$(ls "$ROOT/blobs/sha256")" ]
}

@test "indexes that are nested too deeply" {
	hostile_start
	nested two 2 1
	pull "$HOSTILE/two"
	want 0
	split tool save -o "$T/saved.tar" "$HOSTILE/two"
	want 0
	nested three 3 1
	refused "$HOSTILE/three"
	err_has "nested"
}

@test "a layer of ten million files can be interrupted" {
	mkdir -p "$HOSTILE_DIR/layer"
	python3 - "$HOSTILE_DIR/layer/entries.tar" "$helper/../corpus" <<-'PY'
		import gzip, sys
		sys.dont_write_bytecode = True
		sys.path.insert(0, sys.argv[2])
		from archive import header
		open(sys.argv[1], "wb").write(gzip.compress(header(b"f") * 131072, 6) * 76)
	PY
	hostile_start
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" pull -q "$HOSTILE/entries" >"$T/out" 2>&1 3>&- &
	sleep 1
	kill -TERM $!
	result=0
	wait $! || result=$?
	[ $result = 143 ] || [ $result = 125 ] || { echo "exit status $result"; return 1; }
	[ -z "$(berth images -aq)" ]
	afterwards
}

@test "layer bombs" {
	only root
	mkdir -p "$HOSTILE_DIR/layer"
	"$helper/../corpus/make" "$T/corpus" "$T/canary"
	cp "$T"/corpus/{compression,sparse,names}/should-fail-*.tar "$HOSTILE_DIR/layer"
	hostile_start
	new_store
	for file in "$HOSTILE_DIR"/layer/should-fail-*.tar; do
		name=${file##*/}
		refuses "$HOSTILE/${name%.tar}" || { echo "layer $name"; return 1; }
		[ -z "$(find "$ROOT/layers" -mindepth 1 -maxdepth 1 -type d)" ] || { echo "layer $name is there"; return 1; }
		case $stderr in *"digest"*) echo "layer $name: $stderr"; return 1 ;; esac
	done
	[ ! -e "$T/canary" ]
	afterwards
}

# --- where it leads

@test "redirects: credentials stay with whom they are for" {
	for auth in basic bearer; do
		hostile_start "any:auth=$auth" layer:redirect={other}{path} config:redirect={other}{path}
		pull --creds "$CREDS" "$HOSTILE/oci"
		want 0
		[ "$(hostile_log 'select(.server == "other") | .path' | wc -l)" -ge 3 ]
		[ -z "$(hostile_log 'select(.server == "other") | .headers | (.authorization, .cookie) // empty')" ]
		[ -z "$(hostile_log 'select(.server == "other") | tostring' | grep -i hunter2)" ]
		store_is_clean
		forget_all
	done
	# Manifests too, and another name of the same address is another host.
	hostile_start any:auth=basic "GET.manifest:redirect=http://localhost:${OTHER#*:}{path}"
	pull --creds "$CREDS" "$HOSTILE/oci"
	[ -z "$(hostile_log 'select(.server == "other") | .headers.authorization // empty')" ]
	forget_all
	# A netrc is not read.
	printf 'machine 127.0.0.1 login berth password hunter2-netrc\n' >"$HOME/.netrc"
	chmod 600 "$HOME/.netrc"
	fine layer:redirect={other}{path}
	[ -z "$(hostile_log '.headers.authorization // empty')" ]
}

@test "redirects: to files, in circles, from TLS to none" {
	behaves "layer:redirect=file:///etc/passwd"
	behaves "layer:redirect=ftp://127.0.0.1/x"
	behaves "layer:redirect=gopher://$OTHER/x"
	behaves "layer:redirect=//"
	behaves "layer:redirect=http://[::1"
	behaves "layer:redirect=http://berth:hunter2-secret@$OTHER/x" other:status=404
	behaves layer:redirect-loop
	[ "$(hostile_log 'select(.path | contains("/blobs/")) | .path' | wc -l)" -le 20 ]
	behaves "layer:header=Location: nowhere" layer:status=307
	behaves layer:status=302
	SCHEME_HOST=$HOSTILE_TLS behaves layer:redirect={main_http}{path}
	[ -z "$(hostile_log 'select(.server == "hostile") | select(.path | contains("/blobs/")) | .path')" ]
	SCHEME_HOST=$HOSTILE_TLS behaves manifest:redirect={other_http}{path}
	[ -z "$(hostile_log 'select(.server == "other") | .path')" ]
	fine "layer:redirect={path}?again*1"
}

@test "who asks for credentials again and again" {
	for auth in loop-basic loop-bearer; do
		hostile_start "any:auth=$auth"
		refused "$HOSTILE/oci" --creds "$CREDS"
		[ "$(wc -l <"$HOSTILE_DIR/log")" -le 12 ]
		refused "$HOSTILE/oci"
	done
	behaves any:auth=bearer token:auth=loop-bearer token:refuse
	behaves any:auth=bearer token:status=500
	behaves any:auth=bearer token:status=401
	fine any:auth=anonymous token:status=500*1
}

@test "challenges that are malformed" {
	new_store
	for challenge in 'Bearer' 'Bearer realm=' 'Bearer realm="' 'Bearer realm="x' 'Bearer realm="",service=""' 'Negotiate' \
		'Bearer service="test"' ',,,' '=' 'Bearer realm="\' "Bearer realm=\"http://$TOKEN/token\"\",x" \
		"Basic" "$(printf 'Bearer a="b",%.0s' $(seq 2000))"; do
		hostile_start "any:auth=$challenge"
		refuses "$HOSTILE/oci" --creds "$CREDS" || { echo "challenge $challenge"; return 1; }
	done
	afterwards
}

@test "realms: no file, no HTTP where the registry speaks TLS" {
	for realm in file:///etc/passwd ftp://127.0.0.1/x "http://berth:hunter2-secret@[::" /token; do
		hostile_start any:auth=bearer "any:realm=$realm"
		refused "$HOSTILE/oci" --creds "$CREDS" || { echo "realm $realm"; return 1; }
	done
	hostile_start any:auth=bearer any:realm={token_http}/token
	refused "$HOSTILE_TLS/oci" --creds "$CREDS" --tls-verify=false
	[ -z "$(hostile_log 'select(.server == "token") | .path')" ]
	# Nor by way of a redirect.
	hostile_start any:auth=bearer token:redirect={other_http}/token
	refused "$HOSTILE_TLS/oci" --creds "$CREDS" --tls-verify=false
	[ -z "$(hostile_log 'select(.server == "other") | .headers.authorization // empty')" ]
}

@test "tokens that are none" {
	new_store
	for token in 'a\\r\\nX-Injected: 1' 'a b' '' '\\u0000' '\\u001b[31m'; do
		misbehaves any:auth=anonymous "token:text={\"token\":\"$token\"}"
		[ -z "$(hostile_log '.headers["x-injected"] // empty')" ]
	done
	for text in '' '{}' '[]' 'null' '{"token":7}' '{"token":null}' '{"token":"a","token":"b"}' 'no JSON' '{"token":"a"'; do
		misbehaves any:auth=anonymous "token:text=$text"
	done
	for expires in -1 0 99999999999999999999 1e400; do
		hostile_start any:auth=anonymous "token:text={\"token\":\"a\",\"expires_in\":$expires}"
		pull "$HOSTILE/oci"
		want 125
		[ "$(wc -l <"$HOSTILE_DIR/log")" -le 20 ]
	done
	fine any:auth=anonymous token:expires=1
}

@test "lists of tags without end" {
	hostile_start tags:loop tags:page=1
	split timeout 20 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" pull -q -a --retry 0 "$HOSTILE/oci-two-names"
	want 125
	for text in '{"tags":["../../x"]}' '{"tags":["\\u001b"]}' '{"tags":[7]}' '{"tags":{}}' '[]' ''; do
		hostile_start "tags:text=$text"
		refuses "$HOSTILE/oci" -a || { echo "tags $text"; return 1; }
	done
	afterwards
	hostile_start tags:endless
	refused "$HOSTILE/oci" -a
	hostile_start "tags:header=Link: <http://$OTHER/v2/oci/tags/list>; rel=\"next\"" any:auth=basic
	pull -a --creds "$CREDS" "$HOSTILE/oci"
	[ -z "$(hostile_log 'select(.server == "other") | .headers.authorization // empty')" ]
}

@test "credentials come into no message, and into no file" {
	for behaviour in any:status=403 any:status=500 manifest:flip "manifest:redirect=http://$OTHER/x?sig=hunter2-sig"; do
		hostile_start any:auth=bearer "$behaviour" other:status=403
		pull --creds "$CREDS" "$HOSTILE/oci"
		want 125
		[[ $stderr != *hunter2* ]] || { echo "$stderr"; return 1; }
	done
	! grep -rqs hunter2 "$ROOT" "$RUNROOT"
	# And the command line of a process that others may look at is wiped, or it was never there.
	hostile_start any:auth=basic
	echo '{"auths":{"'"$HOSTILE"'":{"auth":"'"$(printf %s "$CREDS" | base64)"'"}}}' >"$REGISTRY_AUTH_FILE"
	pull "$HOSTILE/oci"
	want 0
	! grep -rqs hunter2 "$ROOT" "$RUNROOT"
}

@test "silence: before the response, in it, and bytes that drip" {
	only root
	bad=0
	for dir in "$BATS_FILE_TMPDIR"/slow/*; do
		eventually 90 test -s "$dir/status"
		if [ "$(cat "$dir/status")" != 125 ] || ! grep -q "$(cat "$dir/where")" "$dir/out"; then
			echo "${dir##*/}: $(cat "$dir/status"): $(cat "$dir/out")"
			bad=1
		fi
	done
	[ $bad = 0 ]
}
