#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# events: what happened, by whoever did it, and what happens while somebody looks.

bats_require_minimum_version 1.5.0
load ../helper/berth
load ../helper/background

# What happened to a container, on one line.
story() { # NAME
	berth events --stream=false --filter type=container --filter "container=$1" --format '{{.Status}}' | tr '\n' ' '
}

# Events that are followed, into $T/followed.
follow() {
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" events "$@" >"$T/followed" 2>"$T/followed.err" 3>&- &
	follower=$!
	# It has begun when it sees what happens.
	local i=0
	until [ -s "$T/followed" ]; do
		[ $((i++)) -lt 300 ] || return 1
		berth tag busybox "seen:$i"
		sleep 0.05
	done
}

unfollow() {
	kill "$follower"
	wait "$follower" || :
}

@test "events: the life of containers, in their order, with their exit status" {
	berth run --rm --name once --network none -l who=me busybox sh -c 'exit 3' || :
	[ "$(story once)" = "create init start attach died remove " ]
	[ "$(berth events --stream=false --filter container=once --filter event=died --format '{{.ContainerExitCode}} {{.Actor.Attributes.exitCode}}')" = "3 3" ]
	make --name bg busybox sleep 100
	berth start bg
	berth exec bg true
	berth exec bg false || :
	berth rename bg renamed
	berth stop -t 0 renamed
	berth start renamed
	berth restart -t 0 renamed
	berth kill -s USR2 renamed
	berth kill renamed
	berth export renamed >/dev/null
	berth commit -q renamed >/dev/null
	berth container cleanup renamed
	berth rm renamed
	id=$(berth events --stream=false --filter container=renamed --filter event=rename --format '{{.ID}}')
	[ "$(story "$id")" = "create init start exec exec_died exec exec_died rename died stop init start died init start restart kill died kill export commit cleanup remove " ] ||
		[ "$(story "$id")" = "create init start exec exec_died exec exec_died rename died stop init start died init start restart kill kill died export commit cleanup remove " ]
	run berth events --stream=false --filter container=renamed --filter event=exec_died --filter event=kill \
		--format '{{.Status}} {{index .Attributes "exitCode"}} {{index .Attributes "signal"}}'
	has "kill  12"
	has "kill  9"
	run berth events --stream=false --filter "container=$id" --filter event=exec_died --format '{{.ContainerExitCode}}'
	[ "${lines[*]}" = "0 1" ]
}

@test "events: what fails before it runs, and what is killed with its supervisor" {
	split berth run --rm --name not --network none busybox /does/not/exist
	want 127
	[ "$(story not)" = "create init remove " ]
	split berth run --name kept --network none busybox /does/not/exist
	want 127
	[ "$(story kept)" = "create init " ]
	make --name lost busybox sleep 100
	berth start lost
	# The monitor, parent of the payload.
	kill -KILL "$(awk '/^PPid/ { print $2 }' "/proc/$(berth inspect -f '{{.State.Pid}}' lost)/status")"
	eventually 15 in_state lost Exited
	[ "$(story lost)" = "create init start died " ]
	berth ps -a >/dev/null
	[ "$(story lost)" = "create init start died " ]
}

@test "events: pause and unpause" {
	[ "$(persona)" = root ] || [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || skip "only: with a cgroup"
	make --name still busybox sleep 100
	berth start still
	berth pause still
	berth unpause still
	berth rm -f still
	[ "$(story still)" = "create init start pause unpause died remove " ]
}

@test "events: images come, get names, and go" {
	berth tag busybox mine:1
	berth untag busybox mine:1
	berth save -o "$T/saved.tar" busybox
	berth load -q -i "$T/saved.tar"
	tar -C "$T" -cf "$T/rootfs.tar" saved.tar
	berth import "$T/rootfs.tar" made:1
	berth rmi made:1
	run berth events --stream=false --filter type=image --format '{{.Action}} {{.Name}}'
	[ "${lines[0]}" = "load docker.io/library/busybox:latest" ]
	[ "${lines[1]}" = "tag docker.io/library/mine:1" ] || [ "${lines[1]}" = "tag localhost/mine:1" ]
	[ "${lines[2]}" = "${lines[1]/tag/untag}" ]
	[ "${lines[3]}" = "save busybox" ]
	[ "${lines[4]}" = "load docker.io/library/busybox:latest" ]
	[[ ${lines[5]} == "import "*made:1 ]]
	[[ ${lines[6]} == "untag "*made:1 ]]
	[[ ${lines[7]} == "remove "* ]]
	berth system prune -f >/dev/null
	[ "$(berth events --stream=false --filter type=system --format '{{.Type}} {{.Status}}')" = "system prune" ]
}

@test "events: docker's line, JSON and templates; IDs are cut where that is asked for" {
	make --name shown -l a=b -l "odd=$(printf 'x\033[1my')" busybox true >/dev/null
	id=$(berth ps -aq --no-trunc --filter name=shown)
	split berth events --stream=false --filter container=shown
	want 0
	[[ $output =~ ^20[0-9-]+T[0-9:]+\.[0-9]{9}Z\ container\ create\ $id\ \(image=docker.io/library/busybox:latest,\ name=shown,\ a=b,\ odd=x ]]
	[[ $output != *$'\033'* ]]
	berth events --stream=false --filter container=shown --format json |
		jq -e --arg id "$id" '.ID == $id and .Actor.ID == $id and .Name == "shown" and .Type == "container"
			and .Status == "create" and .Action == "create" and .Attributes.a == "b" and .TimeNano > 1700000000000000000
			and .Actor.Attributes.image == "docker.io/library/busybox:latest"'
	[ "$(berth events --stream=false --no-trunc=false --filter container=shown --format '{{.ID}}')" = "${id:0:12}" ]
	split berth events --stream=false --format '{{.Nothing}}'
	want 125
	split berth events --stream=false --filter colour=red
	want 125
	err_has "container, event, image, label, name, type and volume"
}

@test "events: filters of one key are alternatives, those of several must all hold" {
	make --name one -l k=v busybox true >/dev/null
	make --name two busybox true >/dev/null
	berth rm one two
	list() {
		berth events --stream=false --format '{{.Name}}:{{.Status}}' "$@" | tr '\n' ' '
	}
	[ "$(list -f container=one -f container=two -f event=create)" = "one:create two:create " ]
	[ "$(list -f label=k=v)" = "one:create one:remove " ]
	[ "$(list -f label=k -f event=destroy)" = "one:remove " ]
	[ "$(list -f label=other)" = "" ]
	[ "$(list -f image=busybox -f name=two)" = "two:create two:remove " ]
	[ "$(list -f type=volume)" = "" ]
}

@test "events: --since and --until" {
	make --name one busybox true >/dev/null
	first=$(berth events --stream=false -f container=one --format '{{.Time}}')
	make --name two busybox true >/dev/null
	second=$(berth events --stream=false -f container=two --format '{{.Time}}')
	names() {
		berth events -f event=create --format '{{.Name}}' "$@" | tr '\n' ' '
	}
	[ "$(names --until "$first")" = "one " ]
	[ "$(names --until "$second")" = "one two " ]
	[ "$(names --since "$second" --stream=false)" = "two " ]
	[ "$(names --since 1h --until "$second")" = "one two " ]
	[ "$(names --since 0 --until "$first")" = "one " ]
	[ "$(names --until 1h)" = "" ]
	split berth events --since yesterday
	want 125
	err_has "--since"
}

@test "events: those of other processes are seen at once, until the given time" {
	follow --format '{{.Status}} {{.Name}}'
	for i in 1 2 3 4 5; do
		berth run --rm --name "r$i" --network none busybox true
	done
	eventually 10 grep -q "remove r5" "$T/followed"
	[ "$(grep -c '^died r' "$T/followed")" = 5 ]
	unfollow
	[ ! -s "$T/followed.err" ]
	# What was before is not shown, and it ends by itself.
	split timeout 30 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" events --since "$(date -u +%FT%T.%NZ)" --until "$(($(date +%s) + 2))"
	want 0
	lacks "r1"
}

@test "events: a follower loses nothing when the file begins anew" {
	make --name before busybox true >/dev/null
	follow --filter event=create --filter event=tag --format '{{.Status}} {{.Name}}'
	# As if it were full.
	head -c 4200000 /dev/zero | tr '\0' '\n' >>"$RUNROOT/events/log"
	make --name last busybox true >/dev/null
	make --name first busybox true >/dev/null
	eventually 10 grep -q "create first" "$T/followed"
	grep -q "create last" "$T/followed"
	[ -f "$RUNROOT/events/log.1" ]
	[ "$(stat -c %s "$RUNROOT/events/log")" -lt 10000 ]
	[ "$(berth events --stream=false -f event=create --format '{{.Name}}' | tr '\n' ' ')" = "before last first " ]
	unfollow
}

@test "events: no event is worth a failure" {
	rm -rf "$RUNROOT/events"
	touch "$RUNROOT/events"
	berth run --rm --network none busybox true
	berth tag busybox other:1
	rm "$RUNROOT/events"
	berth tag busybox other:2
	[ "$(berth events --stream=false --format '{{.Status}}')" = tag ]
	[ "$(stat -c %a "$RUNROOT/events" "$RUNROOT/events/log" | tr '\n' ' ')" = "700 600 " ]
	only root
	mount -t tmpfs -o size=4k tmpfs "$RUNROOT/events"
	head -c 4096 /dev/zero >"$RUNROOT/events/log" || :
	berth tag busybox other:3
	umount "$RUNROOT/events"
}
