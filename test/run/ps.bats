#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# ps: what it lists, how it filters and prints, and that it asks the kernel whether a container runs.

bats_require_minimum_version 1.5.0
load ../helper/berth

# three containers that have ended, with statuses 0, 3 and 7
ended() {
	busybox
	berth run --network none --name one --label tier=web busybox true
	berth run --network none --name two --label tier=db --label big busybox sh -c 'exit 3' || [ $? = 3 ]
	berth run --network none --name three busybox sh -c 'exit 7' || [ $? = 7 ]
}

names() {
	berth ps -a --format '{{.Names}}' "$@" | sort | tr '\n' ' '
}

@test "ps: what has ended is listed with -a, with its status" {
	ended
	run -0 berth ps -q
	[ -z "$output" ]
	split berth ps -a
	want 0
	has "CONTAINER ID"
	has "Exited (3)"
	has "busybox"
	[ "$(berth ps -aq | wc -l)" = 3 ]
	[ "$(berth ps -a --format '{{.Names}} {{.State}} {{.ExitCode}}' | sort | head -1)" = "one exited 0" ]
}

@test "ps: filters" {
	ended
	[ "$(names --filter exited=3)" = "two " ]
	[ "$(names --filter exited=3 --filter exited=7)" = "three two " ]
	[ "$(names --filter label=tier)" = "one two " ]
	[ "$(names --filter label=tier=db --filter label=big)" = "two " ]
	[ "$(names --filter label=tier=web --filter label=big)" = "" ]
	[ "$(names --filter name=^t)" = "three two " ]
	[ "$(names --filter ancestor=busybox)" = "one three two " ]
	[ "$(names --filter ancestor=other)" = "" ]
	[ "$(names --filter since=one)" = "three two " ]
	[ "$(names --filter before=three)" = "one two " ]
	[ "$(names --filter status=running)" = "" ]
	berth run --network none --name four -v "$T:/data" busybox true
	[ "$(names --filter "volume=$T")" = "four " ]
	[ "$(names --filter volume=/data)" = "" ]
	[ "$(names --filter "volume!=$T")" = "one three two " ]
	berth run --network host --name five busybox true
	[ "$(names --filter network=host)" = "five " ]
	[ "$(berth ps -l --format '{{.Networks}}')" = host ]
}

@test "ps: the last ones, whole IDs, and JSON" {
	need jq
	ended
	[ "$(berth ps -l --format '{{.Names}}')" = three ]
	[ "$(berth ps -n 2 --format '{{.Names}}' | tr '\n' ' ')" = "three two " ]
	[ "$(berth ps -l -q --no-trunc | tr -d '\n' | wc -c)" = 64 ]
	[ "$(berth ps -l -q | tr -d '\n' | wc -c)" = 12 ]
	berth ps -a --format json | jq -e 'length == 3'
}

@test "ps: bad filters and formats are refused with what is right" {
	for bad in "--filter nosuch=x" "--filter status=flying" "--filter exited=many" "--filter noequals" "-n x"; do
		split berth ps $bad
		want 125
		[ -z "$output" ]
		err_has "berth: "
	done
	split berth ps --filter status=flying
	err_has "created, running, paused, restarting or exited"
}

@test "ps: a container is running as long as it runs, and not a moment longer" {
	busybox
	mkfifo "$T/go"
	berth run --rm -i --network none --name live busybox cat <"$T/go" &
	local supervisor=$!
	exec 9>"$T/go"
	eventually 10 eval '[ "$(berth ps --format "{{.Names}} {{.State}}")" = "live running" ]'
	exec 9>&-
	wait $supervisor
	run -0 berth ps -aq
	[ -z "$output" ]
}

@test "ps: a container whose supervisor was killed does not run" {
	busybox
	mkfifo "$T/go"
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run -i --network none --name orphan busybox cat <"$T/go" &
	local supervisor=$!
	exec 9>"$T/go"
	eventually 10 eval '[ "$(berth ps --format "{{.Names}}")" = orphan ]'
	kill -KILL $supervisor
	wait $supervisor || :
	exec 9>&-
	eventually 5 eval '[ -z "$(berth ps -q)" ]'
	[ "$(berth ps -a --format '{{.Names}} {{.State}}')" = "orphan exited" ]
	berth rm orphan
}

@test "ps: filters for ports, the restart policy and the command; one label" {
	busybox
	local image publish=()
	# Root has no network that publishes.
	[ "$(persona)" = root ] || publish=(--network pasta -p 127.0.0.1:18080-18081:80-81)
	berth create --name none --network none busybox true
	image=$(berth commit -q -c "EXPOSE 8000/tcp 53/udp" none exposing)
	[ -n "$image" ]
	berth create --name image --network none exposing true
	berth create --name published "${publish[@]}" --restart on-failure:3 -l k=v,w -l empty= busybox sleep 1
	berth create --name always --network none --restart always busybox /bin/sleep 1
	[ "$(names --filter expose=8000)" = "image " ]
	[ "$(names --filter expose=7990-8010/tcp)" = "image " ]
	[ "$(names --filter expose=8000/udp)" = "" ]
	[ "$(names --filter expose=53/udp)" = "image " ]
	if [ "$(persona)" != root ]; then
		[ "$(names --filter expose=81)" = "published " ]
		[ "$(names --filter publish=18081)" = "published " ]
		[ "$(names --filter publish=18081-18090)" = "published " ]
	fi
	[ "$(names --filter expose=18081)" = "" ]
	[ "$(names --filter publish=81)" = "" ]
	[ "$(names --filter restart-policy=no)" = "image none " ]
	[ "$(names --filter restart-policy=on-failure)" = "published " ]
	[ "$(names --filter restart-policy=always --filter restart-policy=on-failure)" = "always published " ]
	[ "$(names --filter command=sleep)" = "always published " ]
	[ "$(names --filter 'command=^sleep')" = "published " ]
	[ "$(names --filter until=1h)" = "" ]
	[ "$(names --filter until=2999-01-01)" = "always image none published " ]
	[ "$(berth ps -a --filter name=published --format '{{.Label "k"}}|{{.Label "empty"}}|{{.Label "none"}}|{{.Names}}')" = "v,w|||published" ]
	[ "$(berth ps -a --filter name=published --format '{{if eq (.Label "k") "v,w"}}yes{{end}}')" = yes ]
	berth ps -a --filter name=published --format json | jq -e '.[0] | has("Label") | not'
	split berth ps -a --filter expose=many
	want 125
}
