# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

make_case() {
	[ -e "$T/$1" ] || "$helper/image-case" "$1" "$T/$1"
	berth load -q -i "$T/$1" >/dev/null
}

# An image of its own with so many bytes that do not compress: sized NAME BYTES [OPTION...]
sized() {
	local name=$1 bytes=$2
	shift 2
	mkdir -p "$T/tree"
	head -c "$bytes" /dev/urandom >"$T/tree/$name"
	tar -cC "$T/tree" "$name" | berth import "$@" - "$name" >/dev/null
}

# When the image was last used, so many hours ago.
used_ago() { # NAME HOURS
	local id
	id=$(berth inspect -f '{{.Id}}' "$1")
	touch -d "$2 hours ago" "$ROOT/images/${id#sha256:}"
}

disk_usage() {
	if [ "$(persona)" = sub ]; then
		unshare --map-auto --map-root-user du -s --block-size=1 "$ROOT" | cut -f1
	else
		du -s --block-size=1 "$ROOT" | cut -f1
	fi
}

clean() {
	run berth system check --deep
	want 0
	[ -z "$output" ]
}

@test "df: the table of docker" {
	split berth system df
	want 0
	[[ $(sed -n 1p <<<"$output") =~ ^TYPE\ +TOTAL\ +ACTIVE\ +SIZE\ +RECLAIMABLE$ ]]
	[[ $(sed -n 2p <<<"$output") =~ ^Images\ +0\ +0\  ]]
	[[ $(sed -n 3p <<<"$output") =~ ^Containers\ +0\ +0\ +0B\ +0B$ ]]
	[[ $(sed -n 4p <<<"$output") =~ ^"Local Volumes"\ +0\ +0\ +0B\ +0B$ ]]
	[[ $(sed -n 5p <<<"$output") =~ ^"Build Cache"\ +0\ +0\ +0B\ +0B$ ]]
	busybox
	make_case docker
	make_case docker-two-images
	berth run --network none --name one busybox sh -c 'head -c 300000 /dev/urandom >/x'
	split berth system df
	[[ $(sed -n 2p <<<"$output") =~ ^Images\ +3\ +1\ +[0-9.]+MB\ +[0-9.]+kB\ \([0-9]+%\)$ ]]
	[[ $(sed -n 3p <<<"$output") =~ ^Containers\ +1\ +0\ +[0-9.]+kB\ +[0-9.]+kB\ \([0-9]+%\)$ ]]
	split berth system df --format '{{.Type}}={{.TotalCount}}/{{.Active}}'
	has Images=3/1
	split berth system df --format json
	[ "$(jq length <<<"$output")" = 4 ]
	split berth system df --format '{{.Nonsense}}'
	want 125
}

@test "df equals du" {
	berth load -q -i "$(image many.docker.tar)" >/dev/null
	busybox
	mkdir tree
	head -c 3000000 /dev/urandom >tree/one
	ln tree/one tree/two
	tar -cC tree . | berth import - linked >/dev/null
	berth run --network none --name one busybox sh -c 'mkdir /d; chmod 700 /d; head -c 300000 /dev/urandom >/d/x; chown -R 1000 /d' || :
	sum=$(berth system df --format '{{.RawSize}}' | awk '{ n += $1 } END { print n }')
	du=$(disk_usage)
	[ "$sum" = "$du" ] || {
		echo "df $sum, du $du"
		berth system df -v
		return 1
	}
}

@test "df -v: what is shared and what is not" {
	make_case docker
	make_case docker-two-images
	busybox
	berth run --network none --name user busybox echo "$(printf 'a\033[31m')"
	split berth system df -v
	want 0
	[[ $output != *$'\e'* ]]
	has "Images space usage:"
	has "Containers space usage:"
	[[ $(grep busybox <<<"$output" | head -1) =~ \ 0B\ +[0-9.]+MB\ +1$ ]]
	[[ $(grep 'library/case' <<<"$output") =~ [0-9.]+kB\ +[0-9.]+kB\ +[0-9.]+kB\ +0$ ]]
	grep -q ' user$' <<<"$output"
	split berth system df -v --format json
	want 125
}

@test "what prune -a frees is what df said" {
	busybox
	berth load -q -i "$(image many.docker.tar)" >/dev/null
	make_case docker
	berth run --network none --name user busybox true
	said=$(berth system df --format '{{.RawReclaimable}}' | head -1)
	before=$(disk_usage)
	berth image prune -a -f >/dev/null
	after=$(disk_usage)
	# Plans and the rows of directories are not counted with them.
	[ $((before - after)) -ge "$said" ]
	[ $((before - after)) -le $((said + 200000)) ]
}

@test "prune: containers, then images" {
	busybox
	make_case docker
	berth untag case
	berth run --network none --name gone --label a=b busybox true
	id=$(berth container inspect -f '{{.Id}}' gone)
	split berth system prune </dev/null
	want 125
	err_has "--force"
	run script -qec "'$BERTH' --root '$ROOT' --runroot '$RUNROOT' system prune" /dev/null <<<"no"
	has "  - all stopped containers"
	has "  - all dangling images"
	split berth system prune -f --volumes --filter label=other
	[ "$output" = "Total reclaimed space: 0B" ]
	split berth system prune -f --filter until=2001-01-01
	[ "$output" = "Total reclaimed space: 0B" ]
	split berth system prune -f
	want 0
	[ "$(sed -n 1,2p <<<"$output")" = "Deleted Containers:"$'\n'"$id" ]
	has "Deleted Images:"
	[[ $(tail -1 <<<"$output") =~ ^"Total reclaimed space: "[0-9.]+kB$ ]]
	[ "$(berth images --format '{{.Name}}')" = docker.io/library/busybox:latest ]
	split berth system prune -a -f
	has "untagged: docker.io/library/busybox:latest"
	split berth system prune -f --filter name=x
	want 125
	split berth system prune -f --keep
	want 125
	clean
}

@test "what others move while it is measured is no error" {
	# Not sub: newuidmap has no privileges where it is traced.
	only root one
	need strace
	busybox
	mkdir -p "$ROOT/tmp/x/moved/below"
	strace -f -qq -o calls -P below -e trace=openat2 -e inject=openat2:delay_enter=1500000 \
		"$BERTH" --root "$ROOT" --runroot "$RUNROOT" system df >out 2>&1 3>&- &
	pid=$!
	sleep 0.7
	mv "$ROOT/tmp/x/moved" elsewhere
	status=0
	wait "$pid" || status=$?
	output=$(cat out)
	want 0
	grep -q below calls
	rm -r "$ROOT/tmp/x"
}

@test "prune leaves what runs" {
	busybox
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --network none --name holder busybox sleep 60 3>&- &
	pid=$!
	eventually 10 berth inspect -f '{{if .State.Running}}{{else}}{{.No}}{{end}}' holder >/dev/null 2>&1
	split berth system prune -a -f
	code=$status out=$output
	left=$(berth ps -q | wc -l)
	kill -KILL "$pid"
	wait "$pid" || :
	[ "$code" = 0 ]
	[ "$out" = "Total reclaimed space: 0B" ]
	[ "$left" = 1 ]
	berth rm holder
}

@test "prune --blobs: images run, and say what is missing when they are saved" {
	berth load -q -i "$(image busybox.docker.tar.gz)" >/dev/null
	berth load -q -i "$(image many.docker.tar)" >/dev/null
	before=$(ls "$ROOT/blobs/sha256" | wc -l)
	split berth system prune -f --blobs
	want 0
	[[ $(tail -1 <<<"$output") =~ ^"Total reclaimed space: "[0-9.]+MB$ ]]
	[ "$(ls "$ROOT/blobs/sha256" | wc -l)" -le $((before - 13)) ]
	[ "$(berth run --rm --network none busybox echo works)" = works ]
	split berth save busybox -o x.tar
	want 125
	err_has "the blob of layer 1 is not in the store"
	err_has "system prune --blobs"
	clean
	berth image export many >/dev/null
	# Loaded again it is whole again.
	berth load -q -i "$(image busybox.docker.tar.gz)" >/dev/null
	berth save busybox -o x.tar
	clean
}

@test "a limit: the least recently used go first" {
	for name in a b c d; do
		sized $name 400000
	done
	used_ago a 9
	used_ago b 30
	used_ago c 2
	used_ago d 20
	split berth system prune -f --max 2m
	want 0
	has "untagged: docker.io/library/b:latest"
	lacks /a:
	lacks /c:
	has "untagged: docker.io/library/d:latest"
	split berth system prune -f --max 1m
	has "untagged: docker.io/library/a:latest"
	[ "$(berth images --format '{{.Name}}')" = docker.io/library/c:latest ]
	[ "$(disk_usage)" -lt 1048576 ]
	clean
}

@test "a limit is kept by load and import, and never takes what came or what is used" {
	busybox
	limit=$(($(berth system df --format '{{.RawSize}}' | head -1) + 2500000))
	berth system prune -f --max $limit --keep
	[ "$(cat "$ROOT/max")" = $limit ]
	berth run --network none --name user busybox true
	used_ago busybox 100
	sized a 900000
	used_ago a 5
	split sized b 900000
	want 0
	err_has "removed 'docker.io/library/a:latest'"
	[ "$(berth images --format '{{.Repository}}' | sort | tr '\n' ' ')" = "docker.io/library/b docker.io/library/busybox " ]
	# Too large in any case: the new one stays, and it is said.
	split sized huge 6000000
	want 0
	err_has "those that are left are in use or just came"
	berth images -q huge | grep -q .
	berth system prune -f --max 0 --keep
	[ ! -e "$ROOT/max" ]
	sized b 900000
	split sized c 900000
	[ -z "$stderr" ]
	# The option of one command.
	"$helper/image-case" docker "$T/x"
	berth rmi huge
	split berth load -q --max $limit -i "$T/x"
	want 0
	[ "$output" = "Loaded image: docker.io/library/case:latest" ]
	berth images -q case | grep -q .
	split berth load --max nonsense -i "$T/x"
	want 125
	echo garbage >"$ROOT/max"
	split berth load -i "$T/x"
	want 125
	err_has "/max"
	rm "$ROOT/max"
	clean
}

@test "what is run counts as used" {
	busybox
	berth tag busybox again
	used_ago busybox 48
	sized a 300000
	used_ago a 24
	berth run --rm --network none busybox true
	id=$(berth inspect -f '{{.Id}}' busybox)
	[ "$(($(date +%s) - $(stat -c %Y "$ROOT/images/${id#sha256:}")))" -lt 60 ]
	split berth system prune -f --max $(($(berth system df --format '{{.RawSize}}' | head -1) - 100000))
	lacks busybox
	has /a:latest
}

@test "check: a sound store, and what is wrong with others" {
	split berth system check
	want 0
	[ -z "$output$stderr" ]
	berth load -q -i "$(image many.docker.tar)" >/dev/null
	make_case docker-two-tags
	clean
	manifest=$(berth inspect -f '{{.Digest}}' case) config=$(berth inspect -f '{{.Id}}' case)
	blobs=$ROOT/blobs/sha256
	cp -a "$blobs/${manifest#*:}" saved
	echo >>"$blobs/${manifest#*:}"
	split berth system check
	want 1
	[ "$(wc -l <<<"$output")" = 2 ]
	has "image 'docker.io/library/case:latest': the manifest $manifest is damaged"
	cp saved "$blobs/${manifest#*:}"
	clean
	mv "$blobs/${config#*:}" saved
	split berth system check
	want 1
	has "the configuration $config is missing"
	mv saved "$blobs/${config#*:}"
	# A layer that is there in neither form.
	layer=$(jq -r '.layers[0].digest' "$blobs/${manifest#*:}")
	diff_id=$(jq -r '.rootfs.diff_ids[0]' "$blobs/${config#*:}")
	mv "$ROOT/layers/${diff_id#*:}" "$T/layer"
	split berth system check
	want 1
	has "the plan of $config names a layer that is missing: $diff_id"
	lacks "image '"
	mv "$blobs/${layer#*:}" saved
	split berth system check
	has "image 'docker.io/library/case:latest': the layer $layer is missing"
	mv saved "$blobs/${layer#*:}"
	mv "$T/layer" "$ROOT/layers/${diff_id#*:}"
	clean
	# What nothing leads to.
	echo junk >"$blobs/$(echo junk | sha256sum | cut -c1-64)"
	mkdir "$ROOT/layers/$(printf '%064d' 7)"
	split berth system check
	want 1
	has "nothing leads to it"
	[ "$(wc -l <<<"$output")" = 2 ]
	berth system check -r
	clean
	# A plan, and the mode.
	truncate -s 50 "$ROOT/images/${config#*:}"
	chmod 755 "$ROOT"
	split berth system check
	want 1
	has "the plan of $config is damaged"
	has "others may look into"
	split berth system check --repair
	want 0
	has "it is 0700 again"
	clean
	split berth run --rm --network none case /nothing
	want 127
	clean
}

@test "check --deep: blobs that have rotted; repair keeps what can be run" {
	berth load -q -i "$(image many.docker.tar)" >/dev/null
	make_case docker
	manifest=$(berth inspect -f '{{.Digest}}' many)
	layer=$(jq -r '.layers[3].digest' "$ROOT/blobs/sha256/${manifest#*:}")
	blob=$ROOT/blobs/sha256/${layer#*:}
	printf x | dd of="$blob" bs=1 seek=100 conv=notrunc status=none
	split berth system check
	want 0
	split berth system check --deep
	want 1
	[ "$output" = "blob ${layer#*:}: its digest is another one" ]
	split berth system check --deep --repair
	want 0
	[ "$output" = "blob ${layer#*:}: its digest is another one: it was removed" ]
	[ ! -e "$blob" ]
	clean
	berth run --rm --network none many true
	# A manifest cannot be done without.
	echo >>"$ROOT/blobs/sha256/${manifest#*:}"
	split berth system check -f
	want 0
	has "image 'docker.io/library/many:latest': the manifest $manifest is damaged: the image was removed"
	[ "$(berth images --format '{{.Name}}')" = docker.io/library/case:latest ]
	clean
	split berth system check --deep --quick
	want 125
}

@test "check: a container whose image is gone" {
	busybox
	berth run --network none --name orphan busybox true
	id=$(berth inspect -f '{{.Id}}' busybox)
	manifest=$(berth inspect -f '{{.Digest}}' busybox)
	rm "$ROOT/images/${id#*:}" "$ROOT/blobs/sha256/${manifest#*:}"
	split berth system check -r
	want 1
	has "container 'orphan': its image is missing"
	berth rm orphan
	clean
}

@test "a store that cannot be written to can be looked at" {
	only root
	busybox
	berth system check
	mount --bind "$ROOT" "$ROOT"
	mount -o remount,bind,ro "$ROOT"
	for words in "images" "history busybox" "image tree busybox" "image exists busybox" "system df" "system check --deep" \
		"inspect busybox" "image export busybox"; do
		berth $words >out 2>err || {
			cat err
			echo "failed: $words"
			failed=1
		}
	done
	for words in "untag busybox" "tag busybox x" "image prune -a -f" "system prune -a -f"; do
		split berth $words
		[ "$status" = 125 ] && [[ $stderr == *"Read-only file system"* ]] || {
			echo "$words: $status $stderr"
			failed=1
		}
	done
	umount "$ROOT"
	[ -z "${failed:-}" ]
	clean
}

@test "a full disk: tag, untag and prune fail or work, and nothing is lost" {
	only root
	mkdir -p "$ROOT"
	mount -t tmpfs -o size=3m,mode=700 berth-test "$ROOT"
	make_case docker
	make_case docker-two-images
	dd if=/dev/zero of="$ROOT/tmp-fill" bs=4k status=none 2>/dev/null || :
	for words in "tag case full:1" "untag other:1" "system check"; do
		berth $words >out 2>err || grep -q "No space left" err || {
			cat err
			failed="$failed $words"
		}
		berth images -q case | grep -q . || failed="$failed lost-after-$words"
	done
	# Removing has to work just then.
	berth image prune -a -f >out 2>err || {
		cat err
		failed="$failed prune"
	}
	rm -f "$ROOT/tmp-fill"
	berth system check --deep >check 2>&1 || failed="$failed check"
	berth load -q -i "$T/docker" >/dev/null || failed="$failed load"
	umount "$ROOT"
	cat check
	[ -z "${failed:-}" ] || {
		echo "failed: $failed"
		return 1
	}
}

@test "killed at any point: system prune needs no repair" {
	need strace
	local call k points=0
	"$helper/image-case" docker-two-tags "$T/x"
	busybox
	for call in renameat renameat2 fsync unlinkat openat; do
		for k in 1 2 4 7 12 20 33; do
			busybox
			berth load -q -i "$T/x" >/dev/null
			berth run --network none busybox true
			strace -qq -o /dev/null -e trace=$call -e inject=$call:signal=KILL:when=$k \
				"$BERTH" --root "$ROOT" --runroot "$RUNROOT" system prune -f -a --blobs >/dev/null 2>&1 && break
			points=$((points + 1))
			run berth system check --deep
			want 0 || { echo "$call $k"; return 1; }
			[ -z "$output" ] || { echo "$call $k"; return 1; }
		done
	done
	[ "$points" -ge 10 ]
	berth system prune -a -f
	clean
}
