# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

make_case() {
	[ -e "$T/$1" ] || "$helper/image-case" "$1" "$T/$1"
	berth load -q -i "$T/$1" >/dev/null
}

# An image of its own, quickly: small NAME [CHANGE...]
small() {
	local name=$1
	shift
	mkdir -p "$T/tree"
	echo "$name $RANDOM" >"$T/tree/$name"
	tar -cC "$T/tree" "$name" | berth import "$@" - "$name"
}

clean() {
	run berth system check --deep
	want 0
	[ -z "$output" ]
}

@test "images without a name go, the others stay" {
	make_case docker
	one=$(small one)
	two=$(small two)
	berth untag one
	split berth image prune -f
	want 0
	[ "$(sed -n 1p <<<"$output")" = "Deleted Images:" ]
	[ "$(sed -n 2p <<<"$output")" = "deleted: $one" ]
	[ "$(sed -n 3p <<<"$output")" = "" ]
	[[ $(sed -n 4p <<<"$output") =~ ^"Total reclaimed space: "[0-9.]+kB$ ]]
	[ -z "$stderr" ]
	[ "$(berth images -q | wc -l)" = 2 ]
	split berth image prune -f
	[ "$output" = "Total reclaimed space: 0B" ]
	split berth image prune -a -f
	want 0
	has "untagged: docker.io/library/two:latest"
	has "deleted: $two"
	[ -z "$(berth images -a -q)" ]
	[ "$(ls "$ROOT/blobs/sha256" "$ROOT/layers" "$ROOT/images" | grep -c '^[0-9a-f.]')" = 0 ]
	clean
}

@test "the size of what is there is looked for while others change names" {
	# Not sub: newuidmap has no privileges where it is traced.
	only root one
	need strace
	local layer
	small one >/dev/null
	layer=$(ls "$ROOT/layers" | grep -v size)
	berth untag one
	make_case docker
	strace -f -qq -o "$T/calls" -P "layers/$layer" -e trace=openat2 -e inject=openat2:delay_enter=3000000 \
		"$BERTH" --root "$ROOT" --runroot "$RUNROOT" image prune -f >/dev/null 3>&- &
	pid=$!
	sleep 1
	split timeout 1 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" tag case other:1
	wait "$pid"
	want 0
	grep -q "layers/$layer" "$T/calls"
	[ "$(berth images --format '{{.Name}}' | sort | tr '\n' ' ')" = "docker.io/library/case:latest docker.io/library/other:1 " ]
	clean
}

@test "what is run, was run and stays, or is shared, stays" {
	busybox
	make_case docker
	berth run --network none --name kept busybox true
	split berth image prune -a -f
	want 0
	has "untagged: docker.io/library/case:latest"
	lacks busybox
	[ -n "$(berth ps -a -q)" ]
	berth rm kept
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none --name holder busybox sleep 60 3>&- &
	pid=$!
	eventually 10 berth inspect --type container holder >/dev/null 2>&1
	split berth image prune -a -f
	code=$status out=$output
	kill -KILL "$pid"
	wait "$pid" || :
	[ "$code" = 0 ]
	[ "$out" = "Total reclaimed space: 0B" ]
	eventually 10 bash -c "'$BERTH' --root '$ROOT' --runroot '$RUNROOT' image prune -a -f | grep -q busybox"
	# Run from an archive: without a name, and with no container.
	berth run --rm --network none "docker-archive:$(image busybox.docker.tar)" true
	split berth image prune -f
	has "deleted: sha256:"
	clean
}

@test "it asks, and nobody can be asked without a terminal" {
	make_case docker
	berth untag case
	split berth image prune </dev/null
	want 125
	err_has "--force"
	[ "$(berth images -q | wc -l)" = 1 ]
	run script -qec "'$BERTH' --root '$ROOT' --runroot '$RUNROOT' image prune" /dev/null <<<"n"
	has "WARNING! This will remove all dangling images."
	has "Are you sure you want to continue? [y/N]"
	[ "$(berth images -q | wc -l)" = 1 ]
	run script -qec "'$BERTH' --root '$ROOT' --runroot '$RUNROOT' image prune" /dev/null <<<"y"
	has "Total reclaimed space:"
	[ -z "$(berth images -q)" ]
}

@test "filters" {
	export SOURCE_DATE_EPOCH=1000000000
	small old -c LABEL=keep=yes >/dev/null
	unset SOURCE_DATE_EPOCH
	small new -c LABEL=team=red >/dev/null
	split berth image prune -a -f --filter label=keep=no
	[ "$output" = "Total reclaimed space: 0B" ]
	split berth image prune -a -f --filter until=2001-01-01
	[ "$output" = "Total reclaimed space: 0B" ]
	split berth image prune -a -f --filter 'label!=keep' --filter until=24h
	[ "$output" = "Total reclaimed space: 0B" ]
	split berth image prune -f --filter dangling=false --filter until=24h
	has "untagged: docker.io/library/old:latest"
	lacks new
	for filter in color=red until=yesterday label dangling=perhaps before=new; do
		split berth image prune -a -f --filter "$filter"
		want 125
		[ -z "$output" ]
	done
	[ "$(berth images --format '{{.Name}}')" = docker.io/library/new:latest ]
}

@test "killed at any point: nothing needs repair" {
	need strace
	local call k points=0
	"$helper/image-case" docker-two-tags "$T/x"
	small keep >/dev/null
	for call in renameat renameat2 linkat fsync mkdirat unlinkat openat; do
		for k in 1 2 3 5 8 13 21; do
			berth load -q -i "$T/x" >/dev/null
			berth untag case
			strace -qq -o /dev/null -e trace=$call -e inject=$call:signal=KILL:when=$k \
				"$BERTH" --root "$ROOT" --runroot "$RUNROOT" image prune -f >/dev/null 2>&1 && break
			points=$((points + 1))
			run berth system check --deep
			want 0 || { echo "$call $k"; return 1; }
			[ -z "$output" ] || { echo "$call $k"; return 1; }
			run berth images
			has keep
		done
	done
	[ "$points" -ge 15 ]
	berth image prune -f
	[ "$(berth images -q | wc -l)" = 1 ]
	clean
}

@test "while others run it: a layer in use never goes" {
	busybox
	berth tag busybox second
	small third >/dev/null
	# Runs of an image by its name either work or find it gone; nothing in between. With all three users that is a
	# thousand of them.
	for worker in 1 2; do
		for _ in $(seq 2000); do
			code=0
			"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --pull never --network none busybox cat /etc/passwd \
				3>&- >>"out.$worker" 2>>"err.$worker" || code=$?
			echo "$code" >>"codes.$worker"
			[ "$(grep -c '^0$' "codes.$worker")" -lt 170 ] || break
			[ "$code" = 0 ] || sleep 0.02
		done &
		pids+=($!)
	done
	rounds=0
	while kill -0 "${pids[@]}" 2>/dev/null; do
		berth image prune -a -f >/dev/null 2>>prune.err
		rounds=$((rounds + 1))
		berth load -q -i "$(image busybox.docker.tar)" >/dev/null
		sleep 0.03
	done
	wait "${pids[@]}" || :
	echo "rounds: $rounds, runs that found it: $(cat codes.* | grep -c '^0$'), that did not: $(cat codes.* | grep -c '^125$')"
	[ ! -s prune.err ]
	[ "$rounds" -ge 10 ]
	[ "$(cat codes.* | grep -c '^0$')" = 340 ]
	[ -z "$(cat codes.* | grep -v -e '^0$' -e '^125$')" ]
	# What did not find it says that, and nothing about layers, plans or blobs.
	[ -z "$(cat err.* | grep -v "there is no image 'busybox'" | grep -v 'hint:')" ] || {
		sort err.* | uniq -c
		return 1
	}
	[ "$(grep -c '^root:' out.* | awk -F: '{ n += $2 } END { print n }')" = "$(cat codes.* | grep -c '^0$')" ]
	clean
}
