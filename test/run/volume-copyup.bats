# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

# An image with files of several owners and modes below /stuff.
stuff() {
	busybox
	berth run --name maker busybox sh -c 'mkdir -p /stuff/sub /empty && echo text >/stuff/file && ln -s /etc/passwd /stuff/link &&
		echo deep >/stuff/sub/deep && chmod 4750 /stuff/file && chmod 1777 /stuff/sub && chmod 2751 /stuff &&
		for i in 1 2 3 4 5 6 7 8 9; do head -c 100000 /dev/zero >/stuff/sub/$i; done'
	if [ "$(persona)" != one ]; then
		berth start -a maker >/dev/null 2>&1 || :
		berth rm maker
		berth run --name maker busybox sh -c 'mkdir -p /stuff/sub /empty && echo text >/stuff/file && ln -s /etc/passwd /stuff/link &&
			echo deep >/stuff/sub/deep && chown 3:4 /stuff/file && chmod 4750 /stuff/file && chown 1000:1001 /stuff /stuff/sub &&
			chown -h 7:8 /stuff/link && chmod 1777 /stuff/sub && chmod 2751 /stuff &&
			for i in 1 2 3 4 5 6 7 8 9; do head -c 100000 /dev/zero >/stuff/sub/$i; done'
	fi
	berth commit -q maker stuff >/dev/null
	berth rm maker >/dev/null
	listing='cd "$0" && find . -exec stat -c "%n %u:%g %a %s %F" {} + | sort; cat file sub/deep'
}

@test "an empty volume gets what the image has there: files, links, owners, modes" {
	stuff
	local want
	want=$(berth run --rm stuff sh -c "$listing" /stuff)
	[[ $want == *deep* ]]
	if [ "$(persona)" != one ]; then
		[[ $want == *"./file 3:4 4750 5 regular file"* ]]
		[[ $want == *". 1000:1001 2751 "* ]]
	fi
	[ "$(berth run --rm -v one:/stuff stuff sh -c "$listing" /stuff)" = "$want" ]
	[ "$(berth run --rm -v one:/elsewhere:ro stuff sh -c "$listing" /elsewhere)" = "$want" ]
	# Also where it can only be read, by other ways to say it, and in one without a name.
	[ "$(berth run --rm -v two:/stuff:ro stuff sh -c "$listing; touch x" /stuff 2>/dev/null)" = "$want" ]
	[ "$(berth run --rm --mount type=volume,src=three,dst=/stuff stuff sh -c "$listing" /stuff)" = "$want" ]
	[ "$(berth run --rm -v /stuff stuff sh -c "$listing" /stuff)" = "$want" ]
	[ "$(berth run --rm --read-only -v four:/stuff stuff sh -c "$listing" /stuff)" = "$want" ]
	[ "$(berth run --rm -v two:/x stuff sh -c "$listing" /x)" = "$want" ]
	berth create --name c -v /stuff stuff sh -c "$listing" /stuff
	[ "$(berth start -a c)" = "$want" ]
	[ "$(berth start -a c)" = "$want" ]
	berth rm -v c
	[ -z "$(berth ps -aq)" ]
	berth volume rm -a >/dev/null
	store_is_clean
}

@test "a volume that has something in it stays as it is" {
	stuff
	berth run --rm -v one:/x stuff sh -c 'echo mine >/x/file; mkdir /x/sub'
	[ "$(berth run --rm -v one:/stuff stuff sh -c 'cat /stuff/file; ls /stuff /stuff/sub')" = "mine
/stuff:
file
sub

/stuff/sub:" ]
	# What was removed does not come back, neither in a container nor in the next.
	berth run --name c -v two:/stuff stuff sh -c 'rm -rf /stuff/*'
	[ -z "$(berth run --rm -v two:/x stuff ls -A /x)" ]
	[ "$(berth start -a c 2>&1)" = "" ]
	[ -z "$(berth run --rm -v two:/x stuff ls -A /x)" ]
}

@test "nocopy, an empty directory, none at all" {
	stuff
	local option
	for option in -v=one:/stuff:nocopy --mount=src=one,dst=/stuff,volume-nocopy --mount=type=volume,src=one,dst=/stuff,nocopy=true; do
		[ -z "$(berth run --rm "$option" stuff ls -A /stuff)" ]
	done
	[ -n "$(berth run --rm -v one:/stuff:copy stuff ls -A /stuff)" ]
	[ -z "$(berth run --rm -v two:/empty stuff ls -A /empty)" ]
	[ -z "$(berth run --rm -v two:/nothing stuff ls -A /nothing)" ]
	[ -z "$(berth run --rm -v /stuff --mount type=volume,dst=/stuff2,nocopy stuff ls -A /stuff2)" ]
}

@test "two mounts of one new volume: the first fills it" {
	stuff
	[ "$(berth run --rm -v one:/etc -v one:/stuff stuff sh -c 'ls /stuff | grep -cx -e passwd -e file')" = 1 ]
	[ "$(berth run --rm -v one:/x stuff sh -c 'ls /x | grep -cx -e passwd -e file')" = 1 ]
}

@test "what a killed copy left goes, and is made again" {
	stuff
	berth volume create one
	local dir=$ROOT/volumes/one
	# As it is in the middle of it.
	: >"$dir/filling"
	echo half >"$dir/data/file"
	mkdir "$dir/data/sub" "$dir/data/garbage"
	[ "$(berth run --rm -v one:/stuff stuff sh -c 'cat /stuff/file; ls -d /stuff/garbage 2>/dev/null; cat /stuff/sub/deep')" = "text
deep" ]
	[ ! -e "$dir/filling" ]
	# The same for one that is not to be filled, and for what is written by others.
	: >"$dir/filling"
	[ -z "$(berth run --rm -v one:/stuff:nocopy stuff ls -A /stuff)" ]
	[ ! -e "$dir/filling" ]
	: >"$dir/filling"
	echo half >"$dir/data/file"
	tar -C "$T" -cf "$T/in.tar" --files-from /dev/null
	berth volume import one "$T/in.tar"
	[ -z "$(berth run --rm -v one:/x stuff ls -A /x)" ]
	# Where its data went and did not come back.
	: >"$dir/filling"
	rmdir "$dir/data"
	[ "$(berth run --rm -v one:/stuff stuff cat /stuff/sub/deep)" = deep ]
	store_is_clean
}

@test "kill -9 at random: a volume is empty, or whole, or filled again" {
	stuff
	local want i pid
	want=$(berth run --rm stuff sh -c "$listing" /stuff)
	for i in $(seq 1 25); do
		"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm -v "v$i:/stuff" stuff true &
		pid=$!
		perl -e 'select(undef, undef, undef, $ARGV[0])' "0.0$((RANDOM % 40 + 10))"
		kill -9 "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
		[ "$(berth run --rm -v "v$i:/stuff" stuff sh -c "$listing" /stuff)" = "$want" ]
		[ ! -e "$ROOT/volumes/v$i/filling" ]
	done
	berth volume prune -af >/dev/null
	berth ps -a >/dev/null
}

@test "containers that start at once on one new volume: it is filled once" {
	stuff
	local want i j pids
	want=$(berth run --rm stuff sh -c "$listing" /stuff)
	for i in 1 2 3 4 5; do
		pids=()
		for j in 1 2 3 4 5 6; do
			berth run --rm -v "v$i:/stuff" -v "w$i:/etc" stuff sh -c "$listing" /stuff >"$T/out$j" 2>&1 &
			pids+=($!)
		done
		for j in "${pids[@]}"; do
			wait "$j"
		done
		for j in 1 2 3 4 5 6; do
			[ "$(cat "$T/out$j")" = "$want" ] || diff <(echo "$want") "$T/out$j"
		done
	done
}

@test ":U, a user of the image, user namespaces" {
	only root sub
	stuff
	[ "$(berth run --rm -u 1000 -v one:/new:U stuff sh -c 'touch /new/x && stat -c %u /new')" = 1000 ]
	[ "$(berth run --rm -u 1000 -v two:/stuff:U stuff sh -c 'stat -c %u /stuff /stuff/sub/deep')" = "1000
1000" ]
	# With the caller's own id mapped the owners are those that the image has then.
	local show='stat -c %u:%g /stuff /stuff/file && id -u'
	[ "$(persona)" = root ] || [ "$(berth run --rm --userns keep-id --network none -v five:/stuff stuff sh -c "$show")" = \
		"$(berth run --rm --userns keep-id --network none stuff sh -c "$show")" ]
	only root # the others' images are their own
	[ "$(berth run --rm --userns auto -v three:/stuff stuff sh -c 'stat -c %u:%g /stuff /stuff/file && touch /stuff/x')" = "1000:1001
3:4" ]
	[ "$(berth run --rm --userns auto -v /stuff stuff sh -c 'stat -c %u:%g /stuff /stuff/file && touch /stuff/x')" = "1000:1001
3:4" ]
	[ "$(berth run --rm --userns auto -v four:/new stuff sh -c 'stat -c %u:%g /new && touch /new/x')" = 0:0 ]
	berth volume rm -a >/dev/null
	store_is_clean
}
