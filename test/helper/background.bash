# SPDX-License-Identifier: LGPL-2.1-or-later
# Containers in the background: `load ../helper/background` after `load ../helper/berth`. Gives each test busybox, and removes
# all containers after it.
#
#   make [OPTION...] IMAGE COMMAND...   `create` without a network
#   in_state NAME STATUS                does ps show a status that begins so?
#   gone NAME                           is there no such container?
#   play NAME                           start it, wait for its end; what it printed is in $output

setup() {
	berth_setup
	busybox
}

teardown() {
	berth rm -f -a >/dev/null 2>&1
	berth_teardown
}

make() {
	timeout --foreground -k 1 30 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" create --network none "$@"
}

state() { # NAME
	berth ps -a --filter "name=^$1\$" --format '{{.Status}}'
}

in_state() { # NAME STATUS
	[[ $(state "$1") == "$2"* ]]
}

gone() { # NAME
	[ -z "$(berth ps -a -q --filter "name=^$1\$")" ]
}

# Start it and wait for its end; what it printed is in $output.
play() { # NAME
	local lines
	lines=$(berth logs "$1" 2>/dev/null | wc -l)
	berth start "$1" >/dev/null
	eventually 15 in_state "$1" Exited
	output=$(berth logs "$1" | tail -n +$((lines + 1)))
}
