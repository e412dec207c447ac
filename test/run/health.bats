#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Health checks: when they come, what they are, what follows from how they end, and what they never do to others.
load ../helper/berth
load ../helper/background

box() {
	timeout --foreground -k 1 30 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run -d --network none "$@"
}

health() { # NAME
	berth inspect --format '{{.State.Health.Status}}' "$1"
}

log_is() { # NAME N: are there at least N checks in the log?
	[ "$(berth inspect --format '{{len .State.Health.Log}}' "$1")" -ge "$2" ]
}

payload() { # NAME
	berth ps -a --filter "name=^$1\$" --format '{{.Pid}}'
}

monitor() { # NAME: the parent of the payload
	awk '/^PPid:/ { print $2 }' "/proc/$(payload "$1")/status"
}

dir_of() { # NAME
	echo "$ROOT/containers/$(berth ps -a --no-trunc -q --filter "name=^$1\$")"
}

@test "starting, unhealthy, healthy: what ps, inspect, the filter and wait say" {
	box --name a --health-cmd 'printf checked; test -e /tmp/ok' --health-interval 100ms --health-retries 3 busybox sleep 100
	[[ $(state a) == Up*"(health: starting)" || $(state a) == Up*"(unhealthy)" ]]
	run berth wait --condition unhealthy a
	want 0
	[ "$output" = -1 ]
	[[ $(state a) == Up*" (unhealthy)" ]]
	[ "$(berth ps -q --filter health=unhealthy | wc -l)" = 1 ]
	[ "$(berth ps -q --filter health=none | wc -l)" = 0 ]
	[ "$(berth inspect --format '{{.State.Health.FailingStreak}}' a)" -ge 3 ]
	[ "$(berth inspect --format '{{(index .State.Health.Log 0).ExitCode}} {{(index .State.Health.Log 0).Output}}' a)" = "1 checked" ]
	berth exec a touch /tmp/ok
	run berth wait --condition healthy a
	want 0
	[[ $(state a) == Up*" (healthy)" ]]
	[ "$(berth inspect --format '{{.State.Health.FailingStreak}}' a)" = 0 ]
	[ "$(berth ps -q --filter health=healthy | wc -l)" = 1 ]
	run berth events --stream=false --since 1h
	has "health_status"
	has "healthStatus=unhealthy"
	has "healthStatus=healthy"
}

@test "the check has the payload's user, environment and directory, and no input" {
	local uid=1000
	[ "$(persona)" != one ] || uid=0
	box --name a -u $uid -e WORD=there -w /home/app --health-interval 100ms \
		--health-cmd 'printf %s "$(id -u) $WORD $(pwd) $(wc -c)"' busybox sleep 100
	eventually 20 log_is a 1
	[ "$(berth inspect --format '{{(index .State.Health.Log 0).Output}}' a)" = "$uid there /home/app 0" ]
}

@test "an array of words is run without a shell, and a command that is not there has failed" {
	box --name a --health-interval 100ms --health-cmd '["printf","%s ","a  b","$HOME"]' busybox sleep 100
	box --name b --health-interval 100ms --health-retries 1 --health-cmd '["no-such-command"]' busybox sleep 100
	eventually 20 log_is a 1
	[ "$(berth inspect --format '{{(index .State.Health.Log 0).Output}}' a)" = 'a  b $HOME ' ]
	berth wait --condition unhealthy b
	[ "$(berth inspect --format '{{(index .State.Health.Log 0).ExitCode}}' b)" = 127 ]
	run berth inspect --format '{{(index .State.Health.Log 0).Output}}' b
	has no-such-command
}

@test "an image's HEALTHCHECK: run, changed, and left out" {
	mkdir "$T/image"
	tar -xf "$(image busybox.docker.tar)" -C "$T/image"
	chmod -R u+rwX "$T/image"
	python3 - "$T/image" <<-'EOF'
		import hashlib, json, os, sys
		top = sys.argv[1]
		manifest = json.load(open(top + "/manifest.json"))
		config = json.load(open(top + "/" + manifest[0]["Config"]))
		config["config"]["Healthcheck"] = {"Test": ["CMD-SHELL", "printf image"], "Interval": 100000000, "Retries": 7}
		text = json.dumps(config).encode()
		name = hashlib.sha256(text).hexdigest() + ".json"
		open(top + "/" + name, "wb").write(text)
		manifest[0]["Config"] = name
		manifest[0]["RepoTags"] = ["checked:latest"]
		json.dump(manifest, open(top + "/manifest.json", "w"))
		if os.path.exists(top + "/repositories"):
		    os.remove(top + "/repositories")
	EOF
	tar -cf "$T/image.tar" -C "$T/image" .
	berth load -q -i "$T/image.tar"
	box --name a checked sleep 100
	box --name b --health-cmd 'printf ours' checked sleep 100
	box --name c --no-healthcheck checked sleep 100
	berth wait --condition healthy a b
	[ "$(berth inspect --format '{{(index .State.Health.Log 0).Output}}' a)" = image ]
	[ "$(berth inspect --format '{{(index .State.Health.Log 0).Output}}' b)" = ours ]
	[ "$(berth inspect --format '{{.Config.Healthcheck.Retries}} {{.Config.Healthcheck.Timeout}}' b)" = "7 30000000000" ]
	[[ $(state c) != *"("* ]]
	# The plan that is kept of an image has it as well.
	box --name d checked sleep 100
	berth wait --condition healthy d
}

@test "a check is killed at its timeout, with all that it has started" {
	box --name a --health-interval 100ms --health-timeout 500ms --health-retries 1 \
		--health-cmd 'echo slow; setsid sleep 777 & sleep 778 & (sleep 779; echo late)' busybox sleep 100
	berth wait --condition unhealthy a
	run berth inspect --format '{{(index .State.Health.Log 0).ExitCode}} {{(index .State.Health.Log 0).Output}}' a
	has "-1 Health check exceeded timeout (0.5s): slow"
	lacks late
	berth stop -t 0 a
	box --name b --health-interval disable --health-timeout 500ms --health-retries 1 \
		--health-cmd 'setsid sleep 777 & sleep 778 & (sleep 779; echo late)' busybox sleep 100
	run berth healthcheck run b
	want 1
	run berth top b
	has "sleep 100"
	lacks "sleep 77"
}

@test "the output that is kept is bounded, whatever the bytes, and so are the checks" {
	box --name a --health-interval 50ms --health-max-log-count 2 --health-max-log-size 100 \
		--health-cmd 'printf "\303\244\377\000|"; yes | head -c 3000000' busybox sleep 100
	eventually 20 log_is a 2
	sleep 0.5
	[ "$(berth inspect --format '{{len .State.Health.Log}}' a)" = 2 ]
	berth inspect a >"$T/json"
	python3 - "$T/json" <<-'EOF'
		import json, sys
		for entry in json.load(open(sys.argv[1]))[0]["State"]["Health"]["Log"]:
		    assert entry["ExitCode"] == 0, entry
		    assert entry["Output"].startswith("\u00e4\ufffd\ufffd|y\ny\n"), entry
		    assert len(entry["Output"]) < 105, entry
	EOF
}

@test "the log in a directory" {
	mkdir "$T/logs"
	box --name a --health-interval 100ms --health-cmd 'echo seen' --health-log-destination "$T/logs" busybox sleep 100
	berth wait --condition healthy a
	grep -q seen "$T/logs/$(berth ps --no-trunc -q)-healthcheck.log"
	split box --health-cmd true --health-log-destination "$T/none" busybox true
	want 125
	err_has "--health-log-destination"
}

@test "failures of the start period do not count, and come at its interval" {
	box --name a --health-interval 1h --health-start-period 1h --health-start-interval 50ms --health-retries 1 \
		--health-cmd 'test -e /tmp/ok' busybox sleep 100
	eventually 20 log_is a 4
	[ "$(health a)" = starting ]
	[ "$(berth inspect --format '{{.State.Health.FailingStreak}}' a)" = 0 ]
	berth exec a touch /tmp/ok
	berth wait --condition healthy a
}

@test "a startup check comes first, and restarts what does not come up" {
	box --name a --health-interval 100ms --health-cmd 'echo regular' --health-startup-cmd 'echo startup; test -e /tmp/ok' \
		--health-startup-interval 100ms busybox sleep 100
	eventually 20 log_is a 2
	[ "$(health a)" = starting ]
	berth exec a touch /tmp/ok
	berth wait --condition healthy a
	box --name b --health-cmd true --health-startup-cmd false --health-startup-interval 50ms \
		--health-startup-retries 2 --stop-timeout 0 busybox sleep 100
	eventually 20 eval '[ "$(berth inspect --format "{{.RestartCount}}" b)" -ge 1 ]'
}

@test "--health-on-failure kill, stop and restart" {
	box --name k --restart always --health-cmd false --health-interval 50ms --health-retries 2 --health-on-failure kill \
		busybox sleep 100
	box --name s --restart always --health-cmd false --health-interval 50ms --health-retries 2 --health-on-failure stop \
		busybox sh -c 'trap "exit 9" TERM; while :; do sleep 0.05; done'
	box --name r --health-cmd false --health-interval 50ms --health-retries 2 --health-on-failure restart \
		busybox sh -c 'echo run; trap "exit 9" TERM; while :; do sleep 0.05; done'
	eventually 20 in_state k "Exited (137)"
	eventually 20 in_state s "Exited (9)"
	[ "$(health k)" = unhealthy ]
	eventually 20 eval '[ "$(berth logs r | grep -c run)" -ge 2 ]'
	# Nothing starts the other two again.
	in_state k "Exited (137)"
	in_state s "Exited (9)"
	# One that is started again begins anew.
	berth start k
	eventually 20 in_state k "Exited (137)"
}

@test "in the foreground as well: with --rm, killed, and said on stderr" {
	split timeout 60 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none --health-cmd false \
		--health-interval 50ms --health-retries 2 --health-on-failure kill busybox sh -c 'echo out; sleep 100'
	want 137
	[ "$output" = out ]
	err_has "its health checks failed"
	split timeout 60 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none --health-cmd 'echo check' \
		--health-interval 20ms busybox sh -c 'sleep 1; exit 5'
	want 5
	[ -z "$output" ]
}

@test "a paused container is not checked" {
	[ "$(id -u)" = 0 ] || [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || skip "only: with a cgroup"
	box --name a --health-interval 50ms --health-timeout 300ms --health-retries 1 --health-max-log-count 0 \
		--health-cmd true busybox sleep 100
	berth wait --condition healthy a
	berth pause a
	local before
	before=$(berth inspect --format '{{len .State.Health.Log}}' a)
	sleep 1
	[ "$(berth inspect --format '{{len .State.Health.Log}}' a)" -le $((before + 1)) ]
	[[ $(state a) == *"(Paused)" ]]
	berth unpause a
	eventually 20 log_is a $((before + 2))
	[ "$(health a)" = healthy ]
}

@test "the monitor goes on meanwhile: logs, attach and signals do not wait for a check" {
	box --name a --health-interval 20ms --health-timeout 60s --health-cmd 'sleep 50' busybox \
		sh -c 'trap "echo got; exit 3" TERM; i=0; while :; do echo line; sleep 0.05; done'
	eventually 20 eval '[ "$(berth top a | grep -c "sleep 50")" -ge 1 ]'
	local before
	before=$(berth logs a | wc -l)
	eventually 10 eval '[ "$(berth logs a | wc -l)" -gt $((before + 5)) ]'
	berth stop -t 20 a
	in_state a "Exited (3)"
	[ "$(berth logs a | tail -n 1)" = got ]
}

@test "no zombies, no growth, and no descriptor more after some hundred checks" {
	box --name a --health-interval 1ms --health-cmd 'echo x' --health-retries 1 busybox sleep 1000
	berth wait --condition healthy a
	local pid fds
	pid=$(monitor a)
	fds=$(find "/proc/$pid/fd" | wc -l)
	sleep 2
	[ "$(health a)" = healthy ]
	# One may be just running: its runner, whose pidfd is one more.
	[ "$(find "/proc/$pid/fd" | wc -l)" -le $((fds + 2)) ]
	[ "$(cat "/proc/$pid/task/$pid/children" | wc -w)" -le 3 ]
	[ "$(stat -c %s "$(dir_of a)/health.json")" -lt 4096 ]
}

@test "a check that is killed with the monitor leaves nothing" {
	box --name a --health-interval 20ms --health-cmd 'sleep 876' busybox sleep 100
	eventually 20 eval '[ "$(berth top a | grep -c "sleep 876")" -ge 1 ]'
	kill -KILL "$(monitor a)"
	eventually 20 in_state a Exited
	eventually 20 eval '! grep -lsazx 876 /proc/[0-9]*/cmdline'
}

@test "wait --condition healthy: one that ends, and one without a check" {
	box --name a --health-cmd false --health-interval 1h busybox sleep 1
	split timeout 60 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" wait --condition healthy a
	want 125
	err_has "has ended before it was healthy"
	box --name b busybox sleep 100
	split timeout 60 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" wait --condition healthy b
	want 125
	err_has "has no health check"
}

@test "values that cannot be are refused before anything is made" {
	local option
	for option in --health-retries=0 --health-interval=1us --health-timeout=soon --health-on-failure=panic \
		--health-max-log-size=1g --health-log-destination=events_logger --health-startup-interval=1s \
		--no-healthcheck; do
		split box --name a --health-cmd true "$option" busybox true
		want 125
		err_has "${option%%=*}"
	done
	split box --health-interval 1s busybox true
	want 125
	err_has "there is no health check"
	split box --rm --health-cmd true --health-on-failure restart busybox true
	want 125
	split berth run --health-cmd true --health-on-failure restart busybox true
	want 125
	err_has "hint: give -d"
	[ -z "$(berth ps -a -q)" ]
	split berth ps --filter health=fine
	want 125
	err_has "starting, healthy, unhealthy or none"
}
