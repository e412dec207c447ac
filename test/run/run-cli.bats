# SPDX-License-Identifier: LGPL-2.1-or-later
# The command line of `run`: what is refused, and how what is taken is read. test/data/opt holds what is refused:
# a line of NAME.in is the options, the same line of NAME.out the first line on stderr.
load ../helper/berth

data=$BATS_TEST_DIRNAME/../data/opt

# Nothing of the caller's descriptors but the standard ones: bats has some open.
closed() {
	"$@" 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
}

refused() { # NAME
	local name=$1 line expected rc=0
	while IFS= read -r line <&10 && IFS= read -r expected <&11; do
		eval "set -- $line"
		split closed berth run --rm "$@" host: true </dev/null 10<&- 11<&-
		[ "$status" = 125 ] && [ -z "$output" ] && [ "${stderr%%$'\n'*}" = "$expected" ] && continue
		echo "run $line"
		echo "  wanted: $expected"
		echo "  status $status: $stderr"
		[ -z "$output" ] || echo "  stdout: $output"
		rc=1
	done 10<"$data/$name.in" 11<"$data/$name.out"
	[ "$(wc -l <"$data/$name.in")" = "$(wc -l <"$data/$name.out")" ] || rc=1
	[ -z "$(ls "$ROOT/containers" "$RUNROOT/containers" 2>/dev/null | grep -v :)" ] || {
		echo "containers are left behind"
		rc=1
	}
	return $rc
}

# What the plan says: plan JQ OPTION...
plan() {
	local query=$1
	shift
	split closed berth run --dry-run "$@" </dev/null
	want 0
	[ -z "$stderr" ] || {
		echo "$stderr"
		return 1
	}
	output=$(jq -c "$query" <<<"$output")
}

@test "unknown options" {
	refused should-fail-unknown
}

@test "an unknown option has the nearest one as hint" {
	for pair in memmory:memory memory_swap:memory-swap volumes:volume interactiv:interactive privilaged:privileged; do
		split berth run "--${pair%:*}=x" host: true
		want 125
		err_has "did you mean '--${pair#*:}'?"
	done
	split berth run -memory 1g host: true
	want 125
	err_has "did you mean '--memory'?"
	split berth run --qqqqqq host: true
	want 125
	err_has "'berth run --help' lists the options"
}

@test "bad values: process" {
	refused should-fail-process
}

@test "bad values: environment and identity" {
	refused should-fail-environment
}

@test "bad values: namespaces and network" {
	refused should-fail-namespaces
	if [ "$(id -u)" = 0 ]; then refused should-fail-as-root; else refused should-fail-rootless; fi
}

@test "bad values: resources" {
	refused should-fail-resources
}

@test "bad values: mounts and devices" {
	refused should-fail-mounts
}

@test "bad values: security" {
	refused should-fail-security
}

@test "bad values: container" {
	refused should-fail-lifecycle
}

@test "options of docker and podman that would be missed are refused" {
	refused should-fail-foreign
	split berth run --restart on-failure:3 host: true
	err_has "Restart=on-failure"
	split berth run --gpus all host: true
	err_has "hint: --device nvidia.com/gpu=all"
}

@test "options of docker and podman that ask for nothing are taken silently" {
	split berth run --dry-run --restart no --restart=never --log-driver none --log-driver=passthrough \
		--no-healthcheck --sdnotify=conmon --systemd=false --detach-keys "" --passwd \
		--seccomp-policy default --network none host: true
	want 0
	[ -z "$stderr" ]
}

@test "options whose time has passed are taken with a remark" {
	split berth run --dry-run --memory-swappiness 10 --oom-kill-disable --link x \
		--network none host: true
	want 0
	[ "$(grep -c '^berth: --.* is ignored: ' <<<"$stderr")" = 3 ]
	err_has "berth: --memory-swappiness is ignored: cgroup v2 has nothing like it"
}

@test "operands: none, and what belongs to the payload" {
	split berth run
	want 125
	[ -z "$output" ]
	err_has "usage: berth run [OPTIONS] IMAGE [COMMAND [ARG...]]"
	split berth run --rm
	want 125
	plan .process.args --network none host: echo -n --rm -- -x
	[ "$output" = '["echo","-n","--rm","--","-x"]' ]
	plan .process.args --network none -- host: -- x
	[ "$output" = '["--","x"]' ]
	split berth run host:
	want 125
	err_has "there is no command to run"
}

@test "spellings of options" {
	plan '[.process.terminal, .hostname, .process.env[-1]]' -ith name --network none -eA=b host: true
	[ "$output" = '[true,"name","A=b"]' ]
	plan '[.process.terminal, .hostname]' --tty=false -h=name -t=1 --net=none host: true
	[ "$output" = '[true,"name"]' ]
	plan '.process.cwd' --workdir=/a=b --network none host: true
	[ "$output" = '"/a=b"' ]
	plan '.process.cwd' -w /a -w /b --net none host: true
	[ "$output" = '"/b"' ]
	plan '.process.capabilities.bounding' --cap-drop ALL --cap-add KILL,chown --network none host: true
	[ "$output" = '["CAP_CHOWN","CAP_KILL"]' ]
	split berth container run --dry-run --network none host: true
	want 0
}

@test "a dry run prints only the plan, and makes nothing" {
	plan '[.process.args, .root.readonly, .linux.resources.pids.limit]' \
		--network none --read-only --name x --cidfile "$T/cid" --pidfile "$T/pid" host: true
	[ "$output" = '[["true"],true,2048]' ]
	[ ! -e "$T/cid" ]
	[ ! -e "$T/pid" ]
	[ ! -e "$RUNROOT/containers" ] || [ -z "$(ls "$RUNROOT/containers")" ]
}

@test "status-fd: not one that the payload gets" {
	run bash -c "'$BERTH' --root '$ROOT' --runroot '$RUNROOT' run --rm --preserve-fds 1 --status-fd 3 host: true 3>x"
	want 125
	has "is among those that --preserve-fds gives to the payload"
}
