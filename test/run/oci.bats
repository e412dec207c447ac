#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# berth oci: the verbs of an OCI runtime, and what engines read of them.
# Also called here: berth oci create, berth oci start, berth oci run, berth oci exec, berth oci state, berth oci list,
# berth oci kill, berth oci delete, berth oci pause, berth oci resume, berth oci spec, berth oci checkpoint,
# berth oci restore.

bats_require_minimum_version 1.5.0
load ../helper/berth
load ../helper/bundle

teardown() {
	oci_teardown
	berth_teardown
}

# Detached from the test's own streams.
create() { # NAME [ARG...]
	oci create --pid-file "$T/$1.pid" "${@:2}" -b "$T/$1" "$1" </dev/null >"$T/$1.out" 2>"$T/$1.err"
}

is_status() {
	[ "$(oci_status "$1")" = "$2" ]
}

@test "berth oci is berth-oci" {
	bundle a '.process.args = ["sh", "-c", "echo out; echo err >&2; exit 3"]'
	split berth oci --root "$T/oci" run -b "$T/a" a
	want 3
	[ "$output" = out ]
	[ "$stderr" = err ]
	split oci run -b "$T/a" a
	want 3
	[ "$output" = out ]
	split berth oci run --root "$T/oci" -b "$T/a" a
	want 3
	split oci --version
	want 0
	[ "$(head -1 <<<"$output")" = "berth-oci version $(berth version | cut -d' ' -f3)" ]
	has "spec: 1."
	[ "$(oci list -q)" = "" ]
}

@test "create, start, kill, delete" {
	bundle a '.process.args = ["sh", "-c", "echo started; trap \"exit 5\" TERM; while :; do sleep 0.1; done"]'
	create a
	is_status a created
	pid=$(cat "$T/a.pid")
	[ "$(oci state a | jq -r '.pid, .id, .bundle, .rootfs, .ociVersion' | tr '\n' ' ')" = \
		"$pid a $T/a $T/a/rootfs 1.2.0 " ]
	[ ! -s "$T/a.out" ]
	oci start a
	eventually 10 grep -q started "$T/a.out"
	is_status a running
	[ "$(cat "/proc/$pid/comm")" = sh ]
	split oci start a
	want 1
	err_has "cannot start an already running container"
	split oci delete a
	want 1
	err_has "cannot delete container 'a' that is not stopped: running"
	oci kill a
	eventually 10 is_status a stopped
	split oci kill a KILL
	want 1
	err_has "container not running"
	split oci start a
	want 1
	err_has "cannot start a container that has stopped"
	oci delete a
	split oci state a
	want 1
	err_has "container 'a' does not exist"
	[ -z "$(ls "$T/oci")" ]
}

@test "errors: texts, the log, the exit status" {
	for verb in state start kill delete exec pause resume; do
		split oci --log "$T/log" --log-format json $verb nobody $([ $verb != exec ] || echo true)
		want 1
		err_has "container 'nobody' does not exist"
		[ "$(tail -1 "$T/log" | jq -r '.level, .msg' | tr '\n' '|')" = "error|container 'nobody' does not exist|" ]
	done
	oci delete --force nobody
	split oci --log "$T/log.text" state nobody
	grep -q 'level=error msg="container' "$T/log.text"
	split oci create
	want 1
	err_has "an operand is missing"
	split oci nonsense
	want 1
	err_has "there is no command"
	split oci --nonsense
	want 1
	split berth oci --nonsense
	want 1
	split oci list --format xml
	want 1
	err_has "table or json"
	for id in "" ../a a/b . .. "a b" "$(printf 'a%.0s' $(seq 300))"; do
		split oci create -b "$T" "$id"
		want 1
		err_has "container id"
	done
	split oci create -b "$T/nowhere" a
	want 1
	err_has "nowhere"
	mkdir "$T/empty"
	split oci create -b "$T/empty" a
	want 1
	err_has config.json
	echo '{ "ociVersion": "1.0.2", ' >"$T/empty/config.json"
	split oci create -b "$T/empty" a
	want 1
	err_has "not valid JSON"
	[ ! -e "$T/oci/a" ]
}

@test "two of one ID; a bundle that changes afterwards" {
	bundle a '.process.args = ["sleep", "1000"]'
	create a
	split oci create -b "$T/a" a
	want 1
	err_has "container with id exists: 'a'"
	is_status a created
	rm "$T/a/config.json"
	oci start a
	is_status a running
	oci exec a true
	oci delete -f a
}

@test "a command that is not there" {
	bundle a '.process.args = ["nothing-like-it"]'
	split oci create -b "$T/a" a
	want 1
	err_has 'exec: "nothing-like-it": executable file not found in $PATH'
	[ ! -e "$T/oci/a" ]
	bundle b '.process.args = [""]'
	split oci create -b "$T/b" b
	want 1
	err_has 'exec: "": executable file not found in $PATH'
	rm -r "$T/b"
	bundle b '.process.args = ["/nothing/like-it"]'
	split oci run -b "$T/b" b
	want 1
	err_has 'exec: "/nothing/like-it": no such file or directory'
	bundle c '.process.args = ["/etc/passwd"]'
	split oci run -b "$T/c" c
	want 1
	err_has 'exec: "/etc/passwd": permission denied'
	bundle d '.process.args = ["sleep", "1000"]'
	create d
	oci start d
	split oci exec d nothing-like-it
	want 1
	err_has 'exec: "nothing-like-it": executable file not found in $PATH'
	[ "$(oci list -q)" = d ]
}

@test "exec: words, a process of its own, status, streams" {
	bundle a '.process.args = ["sleep", "1000"] | .process.env += ["X=1"]'
	create a
	split oci exec a true
	want 1
	err_has "has not been started"
	oci start a
	split oci exec a sh -c 'echo out; echo err >&2; exit 7'
	want 7
	[ "$output $stderr" = "out err" ]
	[ "$(echo input | oci exec a cat)" = input ]
	split oci exec -e Y=2 --cwd /tmp a sh -c 'echo $X $Y $(pwd)'
	[ "$output" = "1 2 /tmp" ]
	split oci exec a sh -c 'kill -9 $$'
	want 137
	jq '.process | .args = ["sh", "-c", "echo $Z; grep NoNewPrivs /proc/self/status; exit 4"] | .env += ["Z=3"]
		| .noNewPrivileges = false' "$T/a/config.json" >"$T/process.json"
	split oci exec --process "$T/process.json" a
	want 4
	[ "$(tr -d '\t' <<<"$output" | tr '\n' ' ')" = "3 NoNewPrivs:0 " ]
	split oci exec --no-new-privs --process "$T/process.json" a
	want 4
	has "NoNewPrivs:	1"
	split oci exec --cap CAP_NONSENSE a true
	want 1
	err_has CAP_NONSENSE
	oci exec -d --pid-file "$T/pid" a sleep 999 </dev/null >/dev/null 2>&1
	[ "$(tr '\0' ' ' <"/proc/$(cat "$T/pid")/cmdline")" = "sleep 999 " ]
	oci kill a KILL
	eventually 10 is_status a stopped
	split oci exec a true
	want 1
	err_has "stopped container"
}

@test "who creates may die; a create that is killed leaves what delete --force removes" {
	bundle a '.process.args = ["sleep", "1000"]'
	create a
	eventually 10 is_status a created
	# The directory of one that was killed before it had a state.
	mkdir -p "$T/oci/b"
	echo rest >"$T/oci/b/config.json"
	split oci state b
	want 1
	err_has "does not exist"
	[ "$(oci list -q)" = a ]
	oci delete --force b
	[ ! -e "$T/oci/b" ]
	mkdir "$T/oci/a2"
	cp -r "$T/a" "$T/a2"
	create a2
	is_status a2 created
	oci delete a2
	oci delete --force a
}

@test "two starts at once: one wins" {
	bundle a '.process.args = ["sh", "-c", "echo started; sleep 1000"]'
	create a
	oci start a 2>/dev/null &
	one=$!
	oci start a 2>/dev/null &
	two=$!
	won=0
	wait $one && won=$((won + 1))
	wait $two && won=$((won + 1))
	[ $won = 1 ]
	eventually 10 grep -q started "$T/a.out"
	[ "$(wc -l <"$T/a.out")" = 1 ]
	is_status a running
}

@test "a terminal: by the console socket, or ours" {
	bundle a '.process.terminal = true | .process.args = ["sh", "-c", "tty; exit 6"]'
	split oci create -b "$T/a" a </dev/null
	want 1
	err_has "console socket"
	cat >"$T/console.py" <<-'PY'
		import array, os, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.bind(sys.argv[1])
		s.listen(1)
		c, _ = s.accept()
		msg, anc, _, _ = c.recvmsg(4096, socket.CMSG_SPACE(4))
		fd = array.array("i", anc[0][2])[0]
		open(sys.argv[2] + ".got", "w").write(msg.decode())
		out = b""
		try:
		    while True:
		        more = os.read(fd, 4096)
		        if not more:
		            break
		        out += more
		except OSError:
		    pass
		open(sys.argv[2], "wb").write(out)
	PY
	python3 "$T/console.py" "$T/sock" "$T/console" &
	eventually 10 test -S "$T/sock"
	# Who reads what create prints comes to its end: the container has the terminal, and no stream of create's.
	oci create --console-socket "$T/sock" -b "$T/a" a 2>&1 </dev/null | timeout 20 cat
	is_status a created
	eventually 10 test -e "$T/console.got"
	oci start a
	eventually 10 is_status a stopped
	eventually 10 grep -q /dev/pts/0 "$T/console"
	wait
	bundle b '.process.args = ["true"]'
	split oci create --console-socket "$T/sock" -b "$T/b" b
	want 1
	err_has "will not allocate tty"
	"$helper/terminal" 'expect("/dev/pts/0"); assert status() == 6' "${BERTH%/*}/berth-oci" --root "$T/oci" run -b "$T/a" c
}

@test "run: signals, --detach, --keep, --pid-file, what is left" {
	bundle a '.process.args = ["sh", "-c", "trap \"exit 9\" TERM; echo ready; while :; do sleep 0.1; done"]'
	"${BERTH%/*}/berth-oci" --root "$T/oci" run -b "$T/a" a >"$T/a.out" 2>&1 &
	pid=$!
	eventually 10 grep -q ready "$T/a.out"
	kill -TERM $pid
	rc=0
	wait $pid || rc=$?
	[ $rc = 9 ]
	[ -z "$(oci list -q)" ]
	oci run -d --pid-file "$T/pid" -b "$T/a" b >"$T/b.out" 2>&1 </dev/null
	eventually 10 grep -q ready "$T/b.out"
	is_status b running
	[ "$(oci state b | jq .pid)" = "$(cat "$T/pid")" ]
	[ "$(oci list | awk 'NR == 2 { print $1, $3 }')" = "b running" ]
	[ "$(oci list -f json | jq -r '.[0].id, .[0].status' | tr '\n' ' ')" = "b running " ]
	oci kill --all b KILL
	eventually 10 is_status b stopped
	oci delete b
	bundle c '.process.args = ["true"]'
	oci run --keep -b "$T/c" c
	is_status c stopped
	oci delete c
}

@test "descriptors: --preserve-fds, and no other" {
	bundle a '.process.args = ["sh", "-c", "ls /proc/self/fd | tr \"\\n\" \" \"; cat <&3"]'
	echo kept >"$T/file"
	split oci run --preserve-fds 1 -b "$T/a" a 3<"$T/file" 5<"$T/file"
	want 0
	[ "$output" = "0 1 2 3 4 kept" ]
	bundle b '.process.args = ["ls", "/proc/self/fd"]'
	split oci run -b "$T/b" b 3<"$T/file" 7<"$T/file"
	[ "$(tr '\n' ' ' <<<"$output")" = "0 1 2 3 " ]
	bundle c '.process.args = ["sh", "-c", "echo $LISTEN_FDS $LISTEN_PID; cat <&3"]'
	split sh -c 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"' sh "${BERTH%/*}/berth-oci" --root "$T/oci" run -b "$T/c" c 3<"$T/file"
	want 0
	[ "$(tr '\n' ' ' <<<"$output")" = "1 1 kept " ]
	# Those of somebody above us are not ours to give.
	split env LISTEN_FDS=1 LISTEN_PID=1 "${BERTH%/*}/berth-oci" --root "$T/oci" run -b "$T/b" b
	want 0
	[ "$(tr '\n' ' ' <<<"$output")" = "0 1 2 3 " ]
}

@test "spec: a bundle to begin with; checkpoint and restore are refused" {
	mkdir "$T/a"
	oci spec -b "$T/a"
	jq -e '.ociVersion and .process.args == ["sh"] and (has("annotations") | not)' "$T/a/config.json"
	split oci spec -b "$T/a"
	want 1
	err_has "already"
	for verb in checkpoint restore; do
		split oci $verb --image-path x a
		want 1
		err_has "does not save or restore running processes"
	done
}

@test "hooks: their order, their state, the namespaces" {
	bundle a '.process.args = ["sh", "-c", "echo payload >>/log"]'
	cat >"$T/hook" <<-'SH'
		#!/bin/sh
		# NAME LOG: what comes on standard input, and where we are
		read -r state
		case $state in
		*'"status":"creating"'*) status=creating ;;
		*'"status":"created"'*) status=created ;;
		*'"status":"running"'*) status=running ;;
		*'"status":"stopped"'*) status=stopped ;;
		esac
		echo "$1 $status $(readlink /proc/self/ns/mnt) $PATH" >>"$2"
	SH
	chmod +x "$T/hook"
	cp "$T/hook" "$T/a/rootfs/hook"
	jq --arg hook "$T/hook" --arg log "$T/a/rootfs/log" '.hooks = {
		prestart: [{ path: $hook, args: ["hook", "prestart", $log] }],
		createRuntime: [{ path: $hook, args: ["hook", "createRuntime", $log] }],
		createContainer: [{ path: $hook, args: ["hook", "createContainer", $log] }],
		startContainer: [{ path: "/hook", args: ["hook", "startContainer", "/log"] }],
		poststart: [{ path: $hook, args: ["hook", "poststart", $log], env: ["PATH=/usr/bin:/bin"] }],
		poststop: [{ path: $hook, args: ["hook", "poststop", $log] }] }' "$T/a/config.json" >"$T/new"
	mv "$T/new" "$T/a/config.json"
	create a
	[ "$(cut -d' ' -f1,2 "$T/a/rootfs/log" | tr '\n' ' ')" = "prestart creating createRuntime creating createContainer creating " ]
	oci start a
	eventually 10 is_status a stopped
	oci delete a
	[ "$(grep -v poststart "$T/a/rootfs/log" | tail -n +4 | cut -d' ' -f1,2 | tr '\n' ' ')" = \
		"startContainer created payload poststop stopped " ]
	grep -q "^poststart running .* /usr/bin:/bin$" "$T/a/rootfs/log"
	ours=$(readlink /proc/self/ns/mnt)
	for name in prestart createRuntime poststart poststop; do grep -qF "$name " <(grep -F "$ours" "$T/a/rootfs/log"); done
	[ "$(grep -cF "$ours" "$T/a/rootfs/log")" = 4 ]
}

@test "hooks: failures and timeouts" {
	for kind in prestart createRuntime createContainer; do
		bundle a ".hooks.$kind = [{ path: \"/bin/sh\", args: [\"sh\", \"-c\", \"echo it went wrong >&2; exit 3\"] }]"
		split oci create -b "$T/a" a
		want 1
		err_has "hooks.$kind[0] '/bin/sh': sh failed: it went wrong"
		[ ! -e "$T/oci/a" ]
	done
	bundle a '.hooks.createRuntime = [{ path: "/bin/sleep", args: ["sleep", "1000"], timeout: 1 }]'
	split oci create -b "$T/a" a
	want 1
	err_has "timeout of 1 s"
	bundle a '.hooks.startContainer = [{ path: "/nothing" }] | .process.args = ["true"]'
	create a
	split oci start a
	want 1
	err_has "hooks.startContainer[0] '/nothing'"
	oci delete a
	bundle a '.hooks.poststart = [{ path: "/bin/false" }] | .process.args = ["sleep", "1000"]'
	split oci run -d -b "$T/a" a
	want 1
	err_has "hooks.poststart[0]"
	[ -z "$(oci list -q)" ]
	bundle a '.hooks.poststop = [{ path: "/bin/false" }, { path: "/bin/touch", args: ["touch", "'"$T"'/done"] }] | .process.args = ["true"]'
	oci run -b "$T/a" a
	[ -e "$T/done" ]
	bundle a '.hooks.prestart = [{ path: "relative" }]'
	split oci run -b "$T/a" a
	want 1
	err_has "hooks.prestart[0]"
}

@test "hooks of the container have no more rights than it" {
	bundle a '.process.args = ["true"] | .hooks.startContainer = [{ path: "/bin/sh", args: ["sh", "-c",
		"grep -E \"Cap(Eff|Bnd|Prm)\" /proc/self/status >/caps; readlink /proc/1/exe >/exe; readlink /proc/self/exe >>/exe; ls /proc/self/fd >/fds"] }]
		| .process.capabilities = { bounding: ["CAP_CHOWN"], effective: ["CAP_CHOWN"], permitted: ["CAP_CHOWN"] }'
	oci run -b "$T/a" a
	[ "$(awk '{ print $2 }' "$T/a/rootfs/caps" | sort -u)" = 0000000000000001 ]
	! grep -q berth "$T/a/rootfs/exe"
	[ "$(tr '\n' ' ' <"$T/a/rootfs/fds")" = "0 1 2 3 " ]
}

@test "a create that is killed at any point leaves what delete --force removes" {
	only root
	bundle a '.process.args = ["sleep", "1000"] | .linux.cgroupsPath = "/berth-oci-killed" | .linux.resources.pids.limit = 50'
	local killat=$T/killat at calls
	cc -D_GNU_SOURCE -O1 -o "$killat" "$helper/killat.c"
	killed() { # N
		timeout -s KILL 60 "$killat" "$1" first "${BERTH%/*}/berth-oci" --root "$T/oci" create -b "$T/a" a \
			</dev/null >/dev/null 2>"$T/killed" || :
	}
	killed 0
	calls=$(sed -n 's/^killat: \([0-9]*\)$/\1/p' "$T/killed")
	is_status a created
	oci delete a
	[ "$calls" -gt 50 ]
	for ((at = 1 + RANDOM % 7; at <= calls; at += 7)); do
		killed "$at"
		# What it left is in nobody's way.
		if [ $((at % 2)) = 0 ]; then
			oci state a >/dev/null 2>&1 || create a || {
				echo "killed at $at of $calls: $(cat "$T/a.err")"
				return 1
			}
		fi
		oci delete --force a
		[ -z "$(ls "$T/oci")" ]
		[ -z "$(find /sys/fs/cgroup -name berth-oci-killed)" ] || {
			echo "killed at $at of $calls: $(find /sys/fs/cgroup -name berth-oci-killed)"
			return 1
		}
	done
}

@test "exec --cgroup: below the container's own" {
	only root
	bundle a '.process.args = ["sleep", "1000"] | .linux.resources.pids.limit = 50'
	create a
	oci start a
	dir=$(grep -E '^([0-9]+:pids|0:):' "/proc/$(cat "$T/a.pid")/cgroup" | head -1)
	mkdir "/sys/fs/cgroup$([[ $dir == *pids* ]] && echo /pids)${dir#*:*:}/below"
	split oci exec --cgroup /nothing a true
	want 1
	if [[ $dir == *pids* ]]; then
		# With version 1 there is one such directory for each controller.
		for other in $(sed -n 's/^[0-9]*:\([a-z,]*\):.*/\1/p' /proc/self/cgroup); do
			mine=$(sed -n "s/^[0-9]*:$other://p" "/proc/$(cat "$T/a.pid")/cgroup")
			[ "$mine" = "${dir#*:*:}" ] || continue
			mkdir -p "/sys/fs/cgroup/$other$mine/below"
			[ "$other" != cpuset ] || for file in cpuset.cpus cpuset.mems; do
				cat "/sys/fs/cgroup/cpuset$mine/$file" >"/sys/fs/cgroup/cpuset$mine/below/$file"
			done
		done
	fi
	split oci exec --cgroup /below a cat /proc/self/cgroup
	want 0
	has ":/below"
	oci delete -f a
}

@test "--pidfd-socket: a descriptor of the process" {
	bundle a '.process.args = ["sleep", "1000"]'
	cat >"$T/take.py" <<-'PY'
		import array, os, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.bind(sys.argv[1])
		s.listen(1)
		for name in sys.argv[2:]:
		    c, _ = s.accept()
		    _, anc, _, _ = c.recvmsg(64, socket.CMSG_SPACE(4))
		    fd = array.array("i", anc[0][2])[0]
		    text = open("/proc/self/fdinfo/%d" % fd).read()
		    open(name, "w").write([l.split()[1] for l in text.splitlines() if l.startswith("Pid:")][0])
	PY
	python3 "$T/take.py" "$T/sock" "$T/first" "$T/second" &
	eventually 10 test -S "$T/sock"
	create a --pidfd-socket "$T/sock"
	eventually 10 test -s "$T/first"
	[ "$(cat "$T/first")" = "$(oci state a | jq .pid)" ]
	oci start a
	oci exec -d --pidfd-socket "$T/sock" --pid-file "$T/pid" a sleep 1000 </dev/null >/dev/null 2>&1
	eventually 10 test -s "$T/second"
	[ "$(cat "$T/second")" = "$(cat "$T/pid")" ]
	wait
}

@test "who deletes a container that another runs ends it once, and not its successor" {
	bundle a '.process.args = ["sleep", "1000"] | .hooks.poststop = [{ path: "/bin/sh", args: ["sh", "-c", "echo end >>'"$T"'/ends"] }]'
	"${BERTH%/*}/berth-oci" --root "$T/oci" run -b "$T/a" a </dev/null >"$T/a.out" 2>&1 &
	pid=$!
	eventually 10 is_status a running
	# Its runner is held up while the name goes to another.
	kill -STOP $pid
	oci delete -f a
	bundle b '.process.args = ["sleep", "1000"]'
	oci create -b "$T/b" a </dev/null >/dev/null 2>&1
	kill -CONT $pid
	status=0
	wait $pid || status=$?
	[ $status = 137 ]
	[ "$(cat "$T/ends")" = end ]
	is_status a created
	oci start a
	is_status a running
	# And who does not stop meanwhile deletes it either way.
	for i in 1 2 3 4 5; do
		"${BERTH%/*}/berth-oci" --root "$T/oci" run -b "$T/a" "c$i" </dev/null >/dev/null 2>&1 &
		eventually 10 is_status "c$i" running
		oci delete -f "c$i"
		wait $! || :
		[ "$(wc -l <"$T/ends")" = $((i + 1)) ]
		[ ! -e "$T/oci/c$i" ]
	done
}
