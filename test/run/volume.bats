# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

volume_names() {
	berth volume ls -q "$@" | paste -sd ' '
}

data() {
	berth volume inspect -f '{{.Mountpoint}}' "$1"
}

@test "volume create, ls, inspect, exists, rm" {
	split berth volume create -l a=1 -l b --driver local one
	want 0
	[ "$output" = one ]
	split berth volume create
	want 0
	[[ $output =~ ^[0-9a-f]{64}$ ]]
	local anonymous=$output
	split berth volume ls
	want 0
	[[ $(sed -n 1p <<<"$output") =~ ^DRIVER\ +VOLUME\ NAME$ ]]
	[ "$(wc -l <<<"$output")" = 3 ]
	has one
	[ "$(berth volume ls --noheading --format 'table {{.Name}}' -f name=^one)" = one ]
	[ "$(volume_names)" = "$anonymous one" ]
	[ "$(volume_names -f label=a=1)" = one ]
	[ "$(volume_names -f label=b)" = one ]
	[ "$(volume_names -f label!=a)" = "$anonymous" ]
	[ "$(volume_names -f anonymous=true)" = "$anonymous" ]
	[ "$(volume_names -f dangling=true)" = "$anonymous one" ]
	[ "$(volume_names -f dangling=false)" = "" ]
	[ "$(volume_names -f driver=local -f name=n)" = one ]
	[ "$(volume_names -f since=one)" = "$anonymous" ]
	[ "$(volume_names -f until=1h)" = "" ]
	split berth volume ls -f nonsense=1
	want 125
	err_has "keys are name"
	[ "$(berth volume ls --format '{{.Driver}} {{.Scope}} {{.Labels}} {{.Links}} {{.Anonymous}}' -f name=one)" = "local local a=1,b= 0 false" ]
	split berth volume inspect one "$anonymous"
	want 0
	jq -e '.[0].Name == "one" and .[0].Driver == "local" and .[0].Labels == {"a":"1","b":""} and .[0].Options == {}
		and .[0].Scope == "local" and (.[0].Anonymous | not) and .[1].Anonymous
		and (.[0].CreatedAt | startswith("20")) and .[0].MountCount == 0' <<<"$output"
	[ -d "$(data one)" ]
	[ "$(berth inspect -t volume -f '{{.Name}}' one)" = one ]
	[ "$(berth inspect -f '{{.Name}}' one)" = one ]
	[ "$(berth volume inspect --all | jq length)" = 2 ]
	berth volume exists one
	run berth volume exists two
	want 1
	[ -z "$output" ]
	split berth volume rm one two "$anonymous"
	want 1
	[ "$output" = "one
$anonymous" ]
	err_has "there is no volume 'two'"
	berth volume rm -f two
	[ "$(volume_names)" = "" ]
	split berth volume inspect two
	want 1
	[ "$output" = "[]" ]
}

@test "volume create: twice is once, but not as another one" {
	berth volume create -l a=1 one
	[ "$(berth volume create one)" = one ]
	[ "$(berth volume create -l a=1 one)" = one ]
	split berth volume create -l a=2 one
	want 125
	err_has "is there, with other labels or options"
	[ "$(berth volume create --ignore -l a=2 one)" = one ]
	split berth volume create -o type=tmpfs one
	want 125
	[ "$(berth volume inspect -f '{{.Labels.a}}' one)" = 1 ]
}

@test "volume names, drivers and options that cannot be" {
	local name
	for name in .x -- _x ../x a/b 'a b' 'ü' "$(printf 'a%.0s' {1..201})"; do
		split berth volume create -- "$name"
		want 125
	done
	berth volume create "$(printf 'a%.0s' {1..200})"
	split berth volume create -d nfs one
	want 125
	err_has "the one driver is 'local'"
	split berth volume create -o type=nfs -o o=addr=server -o device=:/x one
	want 125
	err_has "o=addr=192.0.2.1"
	split berth volume create -o type=sysfs -o device=sysfs one
	want 125
	err_has "no file system of a device or a server"
	split berth volume create -o type=ext4 one
	want 125
	err_has "device= says what is mounted"
	split berth volume create -o size=1m one
	want 125
	err_has "type=, device= and o="
	split berth volume create -o type=none -o o=bind -o device=relative one
	want 125
	split berth volume create -o type=tmpfs -o o=nonsense one
	want 125
	split berth volume create one two
	want 125
	split berth volume rm
	want 125
	[ "$(berth volume ls -q | wc -l)" = 1 ]
}

@test "volume update: labels, whole" {
	berth volume create -l a=1 -l b=2 one
	[ "$(berth volume update --label a=3 --label c --label-rm b one)" = one ]
	[ "$(berth volume inspect -f '{{json .Labels}}' one | jq -cS .)" = '{"a":"3","c":""}' ]
	split berth volume update one
	want 125
	split berth volume update --availability drain one
	want 125
	split berth volume update -l x=y two
	want 125
	err_has "there is no volume 'two'"
	# Several at once lose none.
	local i pids=()
	for i in 1 2 3 4 5 6 7 8; do
		berth volume update -l "k$i=v" one &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	[ "$(berth volume inspect -f '{{json .Labels}}' one | jq 'keys | length')" = 10 ]
}

@test "-v NAME: made where it is missing, kept, and the same for all" {
	busybox
	berth run --rm -v one:/data busybox sh -c 'echo text >/data/file'
	[ "$(berth run --rm -v one:/other:ro busybox cat /other/file)" = text ]
	run berth run --rm -v one:/data:ro busybox touch /data/x
	want 1
	has "Read-only"
	[ "$(berth run --rm --mount type=volume,src=one,dst=/m busybox cat /m/file)" = text ]
	[ "$(berth run --rm --mount src=one,dst=/m,readonly busybox sh -c 'cat /m/file; touch /m/x 2>/dev/null; echo $?')" = "text
1" ]
	[ "$(volume_names)" = one ]
	[ "$(berth run --rm -v one:/a -v one:/b busybox sh -c 'echo 1 >/a/x; cat /b/x')" = 1 ]
	split berth run --rm -v '../one:/x' busybox true
	want 125
	split berth run --rm --volume-driver nfs -v one:/x busybox true
	want 125
	berth run --rm --volume-driver local -v one:/x busybox true
	# An overlay over it keeps nothing.
	berth run --rm -v one:/x:O busybox sh -c 'cat /x/file && touch /x/gone'
	run berth run --rm -v one:/x busybox ls /x/gone
	want 1
	[ "$(volume_names)" = one ]
	store_is_clean
}

@test "--dry-run makes no volume" {
	busybox
	berth run --dry-run -v new:/x -v /anonymous busybox true >"$T/plan"
	jq -e --arg source "$ROOT/volumes/new/data" '.mounts[] | select(.destination == "/x").source == $source' "$T/plan"
	[ "$(volume_names)" = "" ]
}

@test "a volume of a container that stays: inspect, ps, start, rm" {
	busybox
	berth run --name c -v one:/named:ro -v /anon busybox sh -c 'test -e /anon/x && exit 7; touch /anon/x'
	local anonymous
	anonymous=$(berth volume ls -qf anonymous=true)
	[[ $anonymous =~ ^[0-9a-f]{64}$ ]]
	berth inspect c >"$T/json"
	jq -e --arg root "$ROOT" --arg anonymous "$anonymous" '[.[0].Mounts[] | select(.Destination == "/named" or .Destination == "/anon")
		| [.Type, .Name, .Source, .Driver, .RW, .Propagation]] == [
		["volume", $anonymous, ($root + "/volumes/" + $anonymous + "/data"), "local", true, "rprivate"],
		["volume", "one", ($root + "/volumes/one/data"), "local", false, "rprivate"]]' "$T/json"
	jq -e '.[0].HostConfig.Binds == ["one:/named:ro,rprivate"]' "$T/json"
	[ "$(berth ps -a --format '{{.Mounts}}')" = "$anonymous,one" ]
	[ "$(berth ps -a --filter volume=one --format '{{.Names}}')" = c ]
	[ "$(berth ps -a --filter volume=two --format '{{.Names}}')" = "" ]
	[ "$(berth volume inspect -f '{{.MountCount}}' one)" = 1 ]
	[ "$(volume_names -f dangling=true)" = "" ]
	# It is the same one the next time.
	run berth start -a c
	want 7
	split berth volume rm one
	want 2
	err_has "is in use by the container 'c'"
	berth rm c
	[ "$(volume_names)" = "$anonymous one" ]
	berth volume rm one
	[ "$(berth volume prune -f | sed -n 2p)" = "$anonymous" ]
	[ "$(volume_names)" = "" ]
	store_is_clean
}

@test "what goes with a container: rm -v, --rm, a start that fails" {
	busybox
	berth create --name c -v one:/named -v /anon busybox true
	[ "$(berth volume ls -q | wc -l)" = 2 ]
	berth rm -v c
	[ "$(volume_names)" = one ]
	berth run --rm -v one:/named -v /anon busybox true
	[ "$(volume_names)" = one ]
	berth create --rm --name c -v one:/named -v /anon busybox true
	[ "$(berth volume ls -q | wc -l)" = 2 ]
	berth start -a c
	eventually 20 sh -c "! '$BERTH' --root '$ROOT' --runroot '$RUNROOT' container exists c"
	eventually 20 sh -c "[ \"\$('$BERTH' --root '$ROOT' --runroot '$RUNROOT' volume ls -q)\" = one ]"
	split berth run --name c -v one:/named -v /anon -v "$T/missing:/x" busybox true
	want 125
	[ "$(volume_names)" = one ]
	[ -z "$(ls "$ROOT/scratch/volumes" 2>/dev/null)" ]
	store_is_clean
}

@test "volume rm -f removes what has it" {
	busybox
	berth create --name c -v one:/x busybox true
	berth create --name d -v one:/x busybox true
	split berth volume rm one
	want 2
	err_has "'c'"
	err_has "'d'"
	[ "$(berth volume rm -f one)" = one ]
	[ -z "$(berth ps -aq)" ]
	[ "$(volume_names)" = "" ]
}

@test "a volume of a container that runs is not removed" {
	busybox
	berth run -d --rm --name c -v one:/x busybox sleep 1000 >/dev/null
	split berth volume rm one
	want 2
	err_has "in use by the container 'c'"
	split berth volume prune -af
	want 0
	lacks one
	berth rm -f c
	berth volume rm one
}

@test "volume prune: those without a name, all, filters" {
	busybox
	berth volume create one
	berth volume create -l keep=1 two
	berth volume create >/dev/null
	split berth volume prune </dev/null
	want 125
	split berth volume prune -f
	want 0
	[ "$(sed -n 1p <<<"$output")" = "Deleted Volumes:" ]
	has "Total reclaimed space: "
	[ "$(volume_names)" = "one two" ]
	berth volume prune -f --filter all=false
	[ "$(volume_names)" = "one two" ]
	berth volume prune -af --filter label!=keep
	[ "$(volume_names)" = two ]
	berth volume prune -af --filter until=1h
	[ "$(volume_names)" = two ]
	berth create --name c -v two:/x busybox true
	berth volume prune -f --filter all=true
	[ "$(volume_names)" = two ]
	berth rm c
	split berth system prune -f
	[ "$(volume_names)" = two ]
	berth volume create >/dev/null
	berth system prune -f --volumes
	[ "$(volume_names)" = two ]
	berth volume prune -af
	[ "$(volume_names)" = "" ]
	store_is_clean
}

@test "events of volumes" {
	berth volume create one
	berth volume rm one
	berth volume prune -f
	[ "$(berth events --until 0s --filter type=volume --format '{{.Action}} {{.Name}}' --since 1h)" = "create one
remove one
prune " ]
	[ "$(berth events --until 0s --filter volume=one --format '{{.Action}}' --since 1h | paste -sd ' ')" = "create remove" ]
}

@test "cp: volumes of containers that do not run" {
	busybox
	berth run --name c -v one:/x -v /etc busybox sh -c 'echo text >/x/file'
	berth cp c:/x/file "$T/out"
	[ "$(cat "$T/out")" = text ]
	echo new >"$T/in"
	berth cp "$T/in" c:/x/in
	berth cp "$T/in" c:/etc/in
	[ "$(berth run --rm -v one:/y busybox cat /y/in)" = new ]
	: >"$ROOT/volumes/one/filling"
	berth cp "$T/in" c:/x/again
	[ "$(berth run --rm -v one:/y busybox ls /y)" = again ]
	berth rm -v c
}

@test "an anonymous volume of a container of --rm stays through a restart" {
	busybox
	berth run -d --rm --name c -v /etc busybox sh -c 'test -e /etc/mine && touch /etc/twice; touch /etc/mine; sleep 1000' >/dev/null
	eventually 20 berth exec c test -e /etc/mine
	berth restart -t 0 c
	eventually 20 berth exec c test -e /etc/twice
	berth rm -f c
	[ "$(berth volume ls -q)" = "" ]
}

@test "system df counts volumes" {
	busybox
	berth run --name c -v one:/x busybox sh -c 'head -c 300000 /dev/urandom >/x/file'
	berth volume create two >/dev/null
	split berth system df --format '{{.Type}} {{.TotalCount}} {{.Active}} {{.RawSize}} {{.RawReclaimable}}'
	read -r _ _ total active size reclaimable < <(grep '^Local Volumes' <<<"$output")
	[ "$total $active" = "2 1" ]
	[ "$size" -gt 300000 ]
	[ "$reclaimable" -lt 100000 ] && [ "$reclaimable" -gt 0 ]
	split berth system df -v
	[[ $output =~ VOLUME\ NAME\ +LINKS\ +SIZE ]]
	[[ $output =~ one\ +1\ +[0-9.]+kB ]]
	[[ $output =~ two\ +0\ + ]]
}

@test "options of the driver: tmpfs, a directory of the host" {
	busybox
	mkdir "$T/host"
	echo there >"$T/host/file"
	berth volume create -o type=tmpfs -o device=tmpfs -o o=size=1m,mode=750 mem
	[ "$(berth volume inspect -f '{{.Options.o}} {{.Options.type}}' mem)" = "size=1m,mode=750 tmpfs" ]
	[ "$(berth run --rm -v mem:/x busybox sh -c 'stat -c %a /x; grep -c "^tmpfs /x tmpfs .*size=1024k" /proc/mounts')" = "750
1" ]
	berth volume create -o type=none -o o=bind -o device="$T/host" dir
	[ "$(berth run --rm -v dir:/etc busybox cat /etc/file)" = there ]
	run berth run --rm -v dir:/x:ro busybox touch /x/y
	want 1
	berth run --rm --mount "type=volume,src=also,dst=/x,volume-opt=type=none,\"volume-opt=o=bind,ro\",volume-opt=device=$T/host" busybox \
		sh -c 'cat /x/file && ! touch /x/y'
	split berth run --rm --mount "src=also,dst=/x,volume-opt=type=tmpfs" busybox true
	want 125
	err_has "with other options"
	[ "$(berth run --rm --mount type=volume,dst=/x,volume-opt=type=tmpfs,volume-opt=o=size=1m busybox sh -c 'grep -c "^tmpfs /x tmpfs .*size=1024k" /proc/mounts')" = 1 ]
	rm -r "$T/host"
	split berth run --rm -v dir:/x busybox true
	want 125
	err_has "$T/host"
	[ "$(berth create --name c -v mem:/m busybox true | wc -c)" = 65 ]
	[ "$(berth inspect -f '{{(index .Mounts 0).Type}} {{(index .Mounts 0).Name}}' c)" = "volume mem" ]
	split berth volume rm mem
	want 2
}

@test "a part of a volume" {
	busybox
	berth run --rm -v one:/x busybox sh -c 'mkdir -p /x/a/b && echo deep >/x/a/b/file && ln -s / /x/root && ln -s /a/b /x/inside &&
		ln -s ../../../../../../etc /x/out && ln -s b/file /x/a/link && chmod 700 /x/a'
	[ "$(berth run --rm --mount type=volume,src=one,dst=/y,volume-subpath=a/b busybox cat /y/file)" = deep ]
	[ "$(berth run --rm --mount src=one,dst=/y,subpath=a/b/file,ro busybox cat /y)" = deep ]
	# Links are those of the volume.
	[ "$(berth run --rm --mount src=one,dst=/y,subpath=inside busybox ls /y)" = file ]
	[ "$(berth run --rm --mount src=one,dst=/y,subpath=root/a busybox ls -A /y)" = "b
link" ]
	[ "$(berth run --rm --mount src=one,dst=/y,subpath=../../../a busybox ls -A /y)" = "b
link" ]
	split berth run --rm --mount src=one,dst=/y,subpath=out busybox ls /y
	want 125
	split berth run --rm --mount src=one,dst=/y,subpath=missing busybox ls /y
	want 125
	err_has missing
	# It is found again at the next start.
	berth run --name c --mount src=one,dst=/y,subpath=a/b busybox sh -c 'cat /y/file; echo more >>/y/file'
	[ "$(berth start -a c)" = "deep
more" ]
}

@test "a part of a volume whose links change places leads nowhere else" {
	busybox
	echo secret >"$T/secret"
	berth volume create one
	berth run -d --name flip -v one:/x busybox sh -c "mkdir -p /x/real; echo inside >/x/real/secret; ln -s '$T' /x/link
		while :; do ln -sfn '$T' /x/part; rm -f /x/part; mkdir /x/part; rmdir /x/part; done" >/dev/null
	local i out
	for i in $(seq 1 40); do
		out=$(berth run --rm --mount src=one,dst=/y,subpath=part busybox cat /y/secret 2>/dev/null) || :
		[ "$out" != secret ]
	done
	berth rm -f flip >/dev/null
}

@test "options of the driver: devices and servers are mounted by who starts the container" {
	busybox
	if [ "$(persona)" != root ]; then
		berth volume create -o type=ext4 -o device=/dev/null dev
		split berth run --rm -v dev:/x busybox true
		want 125
		err_has "only root mounts devices"
		return
	fi
	need losetup mkfs.ext4
	truncate -s 8m "$T/disk"
	mkfs.ext4 -q "$T/disk"
	local disk
	disk=$(losetup -f --show "$T/disk")
	berth volume create -o type=ext4 -o device="$disk" -o o=noatime,commit=9 dev
	berth run --rm -v dev:/x busybox sh -c 'grep -q "^[^ ]* /x ext4 rw,nosuid,nodev,noatime,commit=9" /proc/mounts && echo kept >/x/file' ||
		losetup -d "$disk"
	# One that has it and one that begins share it; a user namespace has it as well.
	berth run -d --name c -v dev:/x busybox sleep 100
	[ "$(berth run --rm -v dev:/x:ro busybox sh -c 'cat /x/file; ! touch /x/other 2>&1')" = "kept
touch: /x/other: Read-only file system" ]
	[ "$(berth run --rm --userns auto --volumes-from c busybox cat /x/file)" = kept ]
	[ "$(berth inspect -f '{{(index .Mounts 0).Type}} {{(index .Mounts 0).Source}}' c)" = "volume $disk" ]
	berth stop -t 0 c
	berth start c
	[ "$(berth exec c cat /x/file)" = kept ]
	berth rm -f c
	berth volume create -o type=ext4 -o device="$disk" -o o=ro hard
	berth run --rm -v hard:/x busybox sh -c 'grep -q "^[^ ]* /x ext4 ro" /proc/mounts && ! touch /x/y'
	split berth volume export dev
	want 125
	err_has "mounted for each container"
	split berth run --rm --mount type=volume,src=dev,dst=/x,volume-subpath=a busybox true
	want 125
	losetup -d "$disk"
	berth volume create -o type=ext4 -o device="$T/nothing" none
	split berth run --rm -v none:/x busybox true
	want 125
	err_has "'$T/nothing' for '/x'"
	berth volume create -o type=nosuchfs -o device=x unknown
	split berth run --rm -v unknown:/x busybox true
	want 125
	err_has "modprobe nosuchfs"
	[ -z "$(berth ps -aq)" ]
}
