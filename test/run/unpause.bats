#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# unpause: what it refuses; what it does is in pause.bats.

bats_require_minimum_version 1.5.0
load ../helper/berth
load ../helper/live

@test "unpause: what is not paused, does not run or is not there is told" {
	busybox
	berth run --network none --name ended busybox true
	up a --rm busybox sleep 100
	split berth unpause nosuch ended a
	want 125
	[ -z "$output" ]
	err_has "there is no container 'nosuch'"
	err_has "'ended' is not running"
	err_has "'a' is not paused"
	split berth unpause --all
	want 0
	[ -z "$output" ]
	berth kill a
	wait || :
}
