#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# healthcheck run: a check by command counts as those that come by themselves.
load ../helper/berth
load ../helper/background

box() {
	timeout --foreground -k 1 30 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run -d --network none "$@"
}

health() { # NAME
	berth inspect --format '{{.State.Health.Status}}' "$1"
}

@test "healthcheck run: 0, 1, and the words of podman" {
	box --name a --health-cmd 'echo noise; test -e /tmp/ok' --health-interval disable --health-retries 2 busybox sleep 100
	split berth healthcheck run a
	want 1
	[ "$output" = unhealthy ]
	[ -z "$stderr" ]
	[ "$(health a)" = starting ]
	split berth healthcheck run --ignore-result a
	want 0
	[ "$output" = unhealthy ]
	[ "$(health a)" = unhealthy ]
	berth exec a touch /tmp/ok
	split berth healthcheck run a
	want 0
	[ -z "$output" ]
	[ "$(health a)" = healthy ]
	[ "$(berth inspect --format '{{len .State.Health.Log}}' a)" = 3 ]
}

@test "healthcheck run: within the start period it is starting" {
	box --name a --health-cmd false --health-interval disable --health-start-period 1h busybox sleep 100
	split berth healthcheck run a
	want 1
	[ "$output" = starting ]
}

@test "healthcheck run: what follows from it follows, by the supervisor" {
	box --name a --health-cmd false --health-interval disable --health-retries 1 --health-on-failure kill busybox sleep 100
	split berth healthcheck run a
	want 1
	eventually 20 in_state a "Exited (137)"
	box --name b --health-cmd false --health-interval disable --health-retries 1 --health-on-failure restart \
		--stop-timeout 0 busybox sleep 100
	split berth healthcheck run b
	want 1
	eventually 20 eval '[ "$(berth inspect --format "{{.RestartCount}} {{.State.Status}}" b)" = "1 running" ]'
	[ "$(health b)" = starting ]
}

@test "healthcheck run: 125 where there is nothing to check" {
	split berth healthcheck run nobody
	want 125
	make --name a --health-cmd true busybox sleep 100
	split berth healthcheck run a
	want 125
	err_has "is not running"
	box --name b busybox sleep 100
	split berth healthcheck run b
	want 125
	err_has "has no health check"
}

@test "healthcheck run: several at once are all counted" {
	box --name a --health-cmd 'sleep 0.2; false' --health-interval disable --health-retries 100 \
		--health-max-log-count 0 busybox sleep 100
	local i
	for i in 1 2 3 4 5 6 7 8; do
		berth healthcheck run a >/dev/null 3>&- &
	done
	wait || :
	[ "$(berth inspect --format '{{.State.Health.FailingStreak}} {{len .State.Health.Log}}' a)" = "8 8" ]
}
