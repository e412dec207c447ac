# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth
load ../helper/registry

setup() {
	berth_setup
	registry_setup
	busybox
}

teardown() {
	[ -z "${PEER_STORE:-}" ] || rm -rf "$PEER_STORE"
	registry_stop "$T"
	berth_teardown
}

box() {
	timeout --foreground -k 1 30 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --network none "$@"
}

script='
	echo x >/etc/new; ln /etc/new /etc/hard; ln -s new /etc/soft; mkfifo /etc/fifo
	rm /etc/os-release; rm -r /var; mkdir /var; chmod 1711 /var; touch /var/z
	chmod 4755 /etc/new; touch -d @1600000000 /home
'

look='ls /etc/os-release /var/log 2>&1; cat /etc/new; stat -c "%n %A %u:%g" /etc/hard /etc/fifo /var /home; stat -c %h /etc/hard; readlink /etc/soft; stat -c %Y /home'

@test "the image has what the container has" {
	box --name c busybox sh -c "$script"
	split berth commit c made:1
	want 0
	[[ $output =~ ^sha256:[0-9a-f]{64}$ ]]
	[ -z "$stderr" ]
	id=$output
	[ "$(berth images -q --no-trunc made)" = "$id" ]
	box --rm busybox sh -c "$script $look" >before.txt
	box --rm made:1 sh -c "$look" >after.txt
	diff before.txt after.txt
	grep -qx "/etc/hard -rwsr-xr-x 0:0" after.txt
	# The same layer, byte by byte, and the image's own is not there twice.
	berth commit c made:2 >/dev/null
	[ "$(berth image inspect -f '{{json .RootFS.Layers}}' made:1)" = "$(berth image inspect -f '{{json .RootFS.Layers}}' made:2)" ]
	[ "$(berth image inspect -f '{{index .RootFS.Layers 0}}' made:1)" = "$(berth image inspect -f '{{index .RootFS.Layers 0}}' busybox)" ]
	[ "$(berth image inspect -f '{{len .RootFS.Layers}}' made:1)" = 2 ]
	# The archive says it in the words of layers.
	berth save --format oci-archive -o made.tar made:1
	mkdir layout
	tar -xf made.tar -C layout
	layer=$(berth image inspect -f '{{index .RootFS.Layers 1}}' made:1)
	tar -tf "layout/blobs/sha256/${layer#sha256:}" >names.txt
	grep -qx 'etc/.wh.os-release' names.txt
	grep -qx 'var/.wh..wh..opq' names.txt
	run ! grep -q busybox names.txt
	# Again, on top of it.
	box --name d made:1 sh -c 'rm /etc/new; echo y >/var/y'
	berth commit d twice >/dev/null
	[ "$(box --rm twice sh -c 'ls /etc/new /var 2>/dev/null; cat /etc/hard')" = $'/var:\ny\nz\nx' ]
	[ "$(berth image inspect -f '{{len .RootFS.Layers}}' twice)" = 3 ]
	berth rm c d
	berth system check
	store_is_clean
}

config() { # NAME FIELD
	berth image inspect "$1" | jq -c ".[0].Config.$2"
}

@test "configuration: the image's, the container's, and --change" {
	box --name c -e A=1 -e "B=two words" -w /tmp -u 0:0 --label l=m --stop-signal INT -v /vol busybox true x
	SOURCE_DATE_EPOCH=1700000000 berth commit -a "me <me@x>" -m "a message" -c 'ENV C=3' -c 'EXPOSE 80' c made >/dev/null
	[ "$(config made Env)" = '["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","A=1","B=two words","C=3"]' ]
	[ "$(config made Cmd)" = '["true","x"]' ]
	[ "$(config made WorkingDir)" = '"/tmp"' ]
	[ "$(config made User)" = '"0:0"' ]
	[ "$(config made Labels)" = '{"l":"m"}' ]
	[ "$(config made Volumes)" = '{"/vol":{}}' ]
	[ "$(config made ExposedPorts)" = '{"80/tcp":{}}' ]
	[ "$(config made StopSignal)" = '"INT"' ]
	[[ $(berth image inspect -f '{{.Author}} {{.Created}}' made) == "me <me@x> 2023-11-14T22:13:20"* ]]
	[ "$(berth history --format '{{.CreatedBy}}|{{.Comment}}' made | head -1)" = "true x|a message" ]
	# One line more than the image's.
	[ "$(berth history -q made | wc -l)" = $(($(berth history -q busybox | wc -l) + 1)) ]
	berth rm c
	# Nothing was said: what the image says, and nothing that berth adds.
	box --name c busybox
	berth commit c same >/dev/null
	for field in Env Cmd Entrypoint WorkingDir User; do
		[ "$(config same $field)" = "$(config busybox $field)" ]
	done
	berth rm c
	box --name c --entrypoint '["echo","a"]' --unsetenv PATH made b
	berth commit c entry >/dev/null
	[ "$(config entry Entrypoint)" = '["echo","a"]' ]
	[ "$(config entry Cmd)" = '["b"]' ]
	[ "$(config entry Env)" = '["A=1","B=two words","C=3"]' ]
	berth rm c
	# An entrypoint clears the image's command.
	box --name c --entrypoint echo made
	berth commit c cleared >/dev/null
	[ "$(config cleared Cmd)" = null ]
	[ "$(box --rm entry c)" = "a c" ]
	berth rm c
	run berth commit -c 'RUN x' nothing
	want 125
}

@test "--squash, --format, --iidfile" {
	box --name c busybox sh -c "$script"
	berth commit --squash c flat >/dev/null
	[ "$(berth image inspect -f '{{len .RootFS.Layers}}' flat)" = 1 ]
	[ "$(berth history -q flat | wc -l)" = 1 ]
	box --rm flat sh -c "$look" >flat.txt
	box --rm busybox sh -c "$script $look" | diff - flat.txt
	split berth container commit -q --format docker --iidfile id c docker
	want 0
	[ -z "$output" ]
	[ "$(cat id)" = "$(berth images -q --no-trunc docker)" ]
	manifest=$(berth image inspect -f '{{.Digest}}' docker)
	[ "$(jq -r '.mediaType, .config.mediaType, .layers[1].mediaType' "$ROOT/blobs/sha256/${manifest#sha256:}")" = \
"application/vnd.docker.distribution.manifest.v2+json
application/vnd.docker.container.image.v1+json
application/vnd.docker.image.rootfs.diff.tar" ]
	box --rm docker cat /etc/new
	manifest=$(berth image inspect -f '{{.Digest}}' flat)
	[ "$(jq -r '.mediaType' "$ROOT/blobs/sha256/${manifest#sha256:}")" = application/vnd.oci.image.manifest.v1+json ]
	# Without a name.
	id=$(berth commit c)
	[ "$(box --rm "$id" cat /etc/new)" = x ]
	berth rm c
	store_is_clean
}

@test "owners, and ids that are others on the disk" {
	only root sub
	box --name c busybox sh -c 'touch /a; chown 5:6 /a; chown 7 /etc/passwd'
	berth commit c made >/dev/null
	[ "$(box --rm made stat -c %u:%g /a /etc/passwd)" = $'5:6\n7:0' ]
	berth rm c
	[ "$(persona)" = root ] || return 0
	box --name c --uidmap 0:200000:65536 busybox sh -c 'touch /a; chown 5:6 /a; chown 7 /etc/passwd; touch /etc/group'
	berth commit c made >/dev/null
	berth commit --squash c flat >/dev/null
	[ "$(box --rm made stat -c %u:%g /a /etc/passwd /etc/group /bin/sh)" = $'5:6\n7:0\n0:0\n0:0' ]
	[ "$(box --rm flat stat -c %u:%g /a /etc/passwd /etc/group /bin/sh)" = $'5:6\n7:0\n0:0\n0:0' ]
	berth rm c
}

@test "a container that runs stands still meanwhile, and goes on" {
	box --rm --name c busybox sh -c 'trap "exit 0" TERM; touch /ready; i=0
		while :; do i=$((i + 1)); echo $i >/a; head -c 100000 /dev/zero >/big$((i % 20)); echo $i >/b; done' &
	eventually 20 eval 'berth diff c 2>/dev/null | grep -qx "A /b"'
	for i in 1 2 3; do
		split berth commit c made$i
		want 0
		if [ "$(persona)" = root ]; then
			[ -z "$stderr" ]
			# Of one moment: between two commands of the loop.
			box --rm made$i sh -c 'a=$(cat /a) b=$(cat /b); [ -z "$a" ] || [ -z "$b" ] || [ $a = $b ] || [ $a = $((b + 1)) ]'
		fi
	done
	split berth commit --pause=false c made4
	want 0
	[ -z "$stderr" ]
	before=$(berth export c | tar -xO a)
	eventually 10 eval '[ "$(berth export c | tar -xO a)" != "'"$before"'" ]'
	berth rm -f c
	wait || :
}

@test "it goes on where commit is killed" {
	only root
	timeout --foreground -k 1 300 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --network none --rm --name c busybox sh -c 'trap "exit 0" TERM; head -c 100000000 /dev/zero >/big; touch /ready
		while :; do date +%s.%N >/now; sleep 0.02; done' &
	eventually 60 eval 'berth diff c 2>/dev/null | grep -qx "A /ready"'
	killed=0
	for i in $(seq 12); do
		timeout -s KILL "0.$(printf %03d $((i * 20)))" "$BERTH" --root "$ROOT" --runroot "$RUNROOT" commit c made >/dev/null 2>&1 || killed=$((killed + 1))
		sleep 0.1
		before=$(cat "$ROOT"/scratch/upper/*/now)
		eventually 10 eval '[ "$(cat "$ROOT"/scratch/upper/*/now)" != "'"$before"'" ]'
		eventually 5 store_is_clean killed
	done
	[ $killed -gt 0 ]
	berth commit c made >/dev/null
	box --rm made true
	berth rm -f c
	wait || :
	berth system check
	store_is_clean
}

@test "it is pushed, and read by others" {
	need skopeo
	registry_start
	box --name c -e X=1 busybox sh -c "$script"
	berth commit -m hello c made >/dev/null
	berth push -q --tls-verify=false made "$REGISTRY/made:1"
	[ "$(skopeo inspect --config --tls-verify=false "docker://$REGISTRY/made:1" | jq -r '.history[-1].comment')" = hello ]
	berth commit -f docker c docker >/dev/null
	berth push -q --tls-verify=false docker "$REGISTRY/docker:1"
	if [ "$(persona)" = root ]; then
		need podman
		export PEER_STORE
		PEER_STORE=$(mktemp -d /var/tmp/berth-podman.XXXXXX)
		for name in made docker; do
			"$helper/peer" podman pull -q --tls-verify=false "$REGISTRY/$name:1"
			[ "$("$helper/peer" podman run --rm --network none "$REGISTRY/$name:1" sh -c 'cat /etc/new; ls /var; echo $X')" = $'x\nz\n1' ]
		done
	fi
	berth rm c
}

@test "what cannot be" {
	box --name c busybox sh -c 'touch /etc/.wh.passwd'
	split berth commit c made
	want 125
	err_has ".wh.passwd"
	berth rm c
	run berth commit nothing
	want 125
	box --name c busybox true
	run berth commit --include-volumes c
	want 125
	has volumes
	run berth commit -c "NO thing" c
	want 125
	run berth commit c UPPER/Case
	want 125
	run berth commit -f v2s1 c
	want 125
	berth rm c
	# Only its layers are here.
	berth rmi -f busybox
	box --name c "docker-archive:$(image busybox.docker.tar)" sh -c 'echo x >/new'
	split berth commit c made
	want 125
	err_has --squash
	berth commit --squash c made >/dev/null
	[ "$(box --rm made cat /new)" = x ]
	berth rm c
	mkdir tree
	box --rootfs --name bare tree /true || :
	run berth commit bare
	want 125
	has "not made of an image"
	berth rm bare
	store_is_clean
}
