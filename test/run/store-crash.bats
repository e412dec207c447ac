# SPDX-License-Identifier: LGPL-2.1-or-later
# kill -9 before any system call of what changes the store. $BERTH_TEST_KILLS points of each command (root: 15, others: 4),
# spread over all calls that it makes.
load ../helper/berth
load ../helper/registry

setup_file() {
	need cc skopeo umoci
	registry_start
	make_few "$BATS_FILE_TMPDIR/few"
	mkdir -p "$BATS_FILE_TMPDIR/bin"
	cc -D_GNU_SOURCE -O1 -o "$BATS_FILE_TMPDIR/bin/killat" "$helper/killat.c"
}

# An image "few" of three layers, in DIR/oci and DIR/docker.tar and as $REGISTRY/few:1: nothing that it takes is there a
# hundred times.
make_few() { # DIR
	local dir=$1
	mkdir -p "$dir"/{1,2}/data/{kept,hidden}
	"$helper/link-image" "$dir/base" '{"Cmd": ["/bin/sh"]}' data/ data/kept/ "data/kept/file: 00" data/hidden/ "data/hidden/file: 00"
	skopeo --insecure-policy copy -q "oci:$dir/base" "oci:$dir/oci:latest"
	touch "$dir/1/data/.wh.kept" "$dir/1/data/hidden/.wh..wh..opq" "$dir/1/data/hidden/other"
	echo 09 >"$dir/2/data/kept/file"
	ln "$dir/2/data/kept/file" "$dir/2/data/hard"
	ln -s kept/file "$dir/2/data/link"
	for layer in 1 2; do
		tar --owner 0 --group 0 -C "$dir/$layer" -cf "$dir/$layer.tar" .
		umoci raw add-layer --image "$dir/oci:latest" "$dir/$layer.tar"
	done
	umoci gc --layout "$dir/oci"
	skopeo --insecure-policy copy -q "oci:$dir/oci:latest" "docker-archive:$dir/docker.tar:few:latest"
	skopeo --insecure-policy copy -q --dest-tls-verify=false "oci:$dir/oci:latest" "docker://$REGISTRY/few:1"
}

setup() {
	berth_setup
	registry_setup
	need cc skopeo umoci
	few=$BATS_FILE_TMPDIR/few/docker.tar
	PATH=$BATS_FILE_TMPDIR/bin:$PATH
	# Below a tracer newuidmap is not set-user-id.
	modes=(tree one)
	[ "$(persona)" != sub ] || modes=(first)
	kills=15
	[ "$(persona)" = root ] || kills=4
}

teardown() {
	exec 5>&-
	registry_stop "$T"
	berth_teardown
}

# Another image and a container that runs, which nothing may touch.
bystander() {
	busybox
	mkfifo "$T/stdin"
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm -i --network none --name bystander busybox cat <"$T/stdin" \
		>"$T/stdout" 2>&1 3>&- &
	bystander=$!
	exec 5>"$T/stdin"
	echo hello >&5
	eventually 5 grep -q hello "$T/stdout"
}

bystander_is_well() {
	echo again >&5
	eventually 5 grep -q again "$T/stdout" || { echo "the container that runs is not well"; return 1; }
	exec 5>&-
	wait $bystander
	[ "$(berth run --rm --network none busybox echo well)" = well ]
}

fails() { # WHY: which point that was
	echo "$op: $mode at calls$chain of $calls ($(grep killat: "$T/killed")): $1"
	sed 's/^/  killed: /' "$T/killed"
	sed 's/^/  next:   /' "$T/said"
	return 1
}

killed_is_clean() {
	store_is_clean killed >"$T/said" 2>&1
}

# kill_points NAME: `do_NAME` is the command, `undo_NAME` puts back what it did, `is_NAME` tells whether it is done.
# Several kills follow each other; the last of them is where the command must find its way all alone.
kill_points() {
	local op=$1 mode at calls i kills=${BERTH_TEST_KILLS:-$kills} points=0 status chain=
	local killer
	killer() {
		timeout -s KILL 60 killat "$at" "$mode" "$BERTH" --root "$ROOT" --runroot "$RUNROOT" "$@" 2>"$T/killed"
	}
	: >"$T/said"
	for mode in ${BERTH_TEST_MODES:-"${modes[@]}"}; do
		at=0 i=0 calls=
		do_"$op" killer >/dev/null || fails "it fails"
		calls=$(sed -n 's/^killat: \([0-9]*\)$/\1/p' "$T/killed")
		undo_"$op" >"$T/said" 2>&1 || fails "it cannot be undone"
		for ((i = 1; i <= kills; i++)); do
			# Spread evenly, and other ones each time.
			at=$((1 + ((i - 1) * calls + RANDOM % calls) / kills))
			chain+=" $at"
			status=0
			do_"$op" killer >/dev/null || status=$?
			points=$((points + 1))
			[ $status != 137 ] || [ "$mode" != first ] || sleep 0.05
			# Those that were killed hold their locks until they are gone.
			eventually 3 killed_is_clean || fails "the store"
			[ $status != 0 ] || is_"$op" >"$T/said" 2>&1 || fails "it said that it had succeeded"
			berth images >"$T/said" 2>&1 || fails "images"
			if [ $((i % 3)) = 0 ] || [ $i = $kills ]; then
				do_"$op" timeout -k 1 60 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" >"$T/said" 2>&1 || fails "once more"
				is_"$op" >"$T/said" 2>&1 || fails "the result"
				undo_"$op" >"$T/said" 2>&1 || fails "it cannot be undone"
				berth system check >"$T/said" 2>&1 || fails "system check"
				store_is_clean >"$T/said" 2>&1 || fails "the store after the next commands"
				chain=
			elif is_"$op" >"$T/said" 2>&1; then
				undo_"$op" >"$T/said" 2>&1 || fails "it cannot be undone"
			fi
		done
	done
	echo "$op: $points points"
}

berth() {
	timeout -k 1 60 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" "$@"
}

works() { # IMAGE [OPTION...]
	local image=$1
	shift
	[ "$(berth run --rm --network none "$@" "$image" cat /data/kept/file)" = 09 ]
}

do_pull() { "$@" pull -q "$REGISTRY/few:1"; }
undo_pull() { berth rmi -f "$REGISTRY/few:1"; }
is_pull() { works "$REGISTRY/few:1" --pull never; }

do_run() { "$@" run --rm --network none "$REGISTRY/few:1" true; }
undo_run() { berth rmi -f "$REGISTRY/few:1"; }
is_run() { works "$REGISTRY/few:1" --pull never; }

do_load() { "$@" load -q -i "$few"; }
undo_load() { berth rmi -f few; }
is_load() { works few --pull never; }

do_rmi() { "$@" rmi -i few; }
undo_rmi() { do_load berth; }
is_rmi() { ! berth images -q few | grep .; }

do_prune() { "$@" image prune -af; }
undo_prune() { do_load berth; }
is_prune() { is_rmi && berth images -q busybox | grep .; }

do_system() { "$@" system prune -af --volumes; }
undo_system() { do_load berth; }
is_system() { is_prune; }

do_tag() { "$@" tag busybox another:name; }
undo_tag() { berth rmi another:name; }
is_tag() { [ "$(berth inspect -f '{{.Id}}' another:name)" = "$(berth inspect -f '{{.Id}}' busybox)" ]; }

do_push() { "$@" push -q few "$REGISTRY/pushed/$mode$i:1"; }
undo_push() { :; }
is_push() { skopeo inspect --tls-verify=false "docker://$REGISTRY/pushed/$mode$i:1" >/dev/null; }

do_save() { "$@" save -q -o "$T/saved.tar" few; }
undo_save() { rm -f "$T/saved.tar"; }
is_save() { cmp "$T/saved.tar" "$T/golden.tar"; }

do_import() { "$@" import -q "$T/golden.tar" imported:1; }
undo_import() { berth rmi -f imported:1; }
is_import() { berth inspect imported:1; }

do_archive() { "$@" run --rm --network none "docker-archive:$few" true; }
undo_archive() { berth rmi -f $(berth images -aq --filter dangling=true); }
is_archive() { berth run --rm --network none "docker-archive:$few" true; }

do_commit() { SOURCE_DATE_EPOCH=1 "$@" commit -q changed committed:1; }
undo_commit() { berth rmi -f committed:1; }
is_commit() { [ "$(berth run --rm --network none committed:1 cat /new /data/kept/file)" = $'x\n09' ]; }

killed() {
	bystander
	kill_points "$1"
	bystander_is_well
	store_is_clean
}

@test "killed at any point: pull" { killed pull; }
@test "killed at any point: run of what is to be pulled" { killed run; }
@test "killed at any point: load" { killed load; }
@test "killed at any point: run of an archive" { killed archive; }
@test "killed at any point: tag" { killed tag; }

@test "killed at any point: import" {
	tar -C "$helper" -cf "$T/golden.tar" .
	killed import
}

@test "killed at any point: commit" {
	do_load berth
	berth run --name changed --network none few sh -c 'echo x >/new; rm /data/hard'
	killed commit
	berth rm changed
}

@test "killed at any point: rmi" {
	do_load berth
	bystander
	kill_points rmi
	bystander_is_well
}

@test "killed at any point: image prune" {
	do_load berth
	bystander
	kill_points prune
	bystander_is_well
}

@test "killed at any point: system prune" {
	do_load berth
	bystander
	kill_points system
	bystander_is_well
}

@test "killed at any point: push" {
	do_load berth
	killed push
}

@test "killed at any point: save" {
	do_load berth
	berth save -q -o "$T/golden.tar" few
	killed save
}

# --- what removes against what uses

@test "run of an image that others remove: it has its layers, and nobody waits for ever" {
	local rounds=${BERTH_TEST_ROUNDS:-24} word i pids pid
	busybox
	for word in "image prune -af" "system prune -af" "rmi -i $REGISTRY/few:1"; do
		(
			while [ ! -e "$T/stop" ]; do
				status=0
				berth $word >"$T/removal" 2>&1 || status=$?
				# 2: it is in use
				case $status in 0 | 2) ;; *) echo "$word: $status: $(cat "$T/removal")" >>"$T/bad" ;; esac
			done
		) 3>&- &
		pid=$!
		for ((i = 0; i < rounds; i++)); do
			works "$REGISTRY/few:1" --pull missing 2>>"$T/bad" || echo "$word: run $i" >>"$T/bad"
		done &
		for ((i = 0; i < rounds; i++)); do
			works "$REGISTRY/few:1" --pull always 2>>"$T/bad" || echo "$word: other run $i" >>"$T/bad"
		done
		wait %%
		touch "$T/stop"
		wait $pid
		rm "$T/stop"
	done
	! cat "$T/bad" 2>/dev/null | grep .
	berth image prune -af
	store_is_clean
}
