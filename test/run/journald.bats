# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth
load ../helper/background

# A shell in a mount namespace with a /run of its own and a journal there; $T/j has what that journal got.
with_journal() { # SCRIPT
	mkdir -p j
	helper=$helper BERTH=$BERTH ROOT=$ROOT RUNROOT=$RUNROOT T=$T unshare -m --propagation private \
		bash -c 'set -e
			mount -t tmpfs tmpfs /run
			mkdir -p /run/systemd/journal
			bats_require_minimum_version() { :; }
			source "$helper/berth.bash"
			journal() {
				rm -f "$T/j/bound" "$T/j/end"
				"$helper/journal" "$T/j" 3>&- &
				eventually 20 test -e "$T/j/bound"
			}
			silence() {
				: >"$T/j/end"
				wait
			}
			box() {
				berth run -d --network none --log-driver journald "$@"
			}
			over() { # NAME
				eventually 60 eval "[[ \$(berth ps -a --filter name=$1 --format {{.Status}}) == Exited* ]]"
			}
			'"$1"'
			silence'
}

# Of each entry some of its fields.
fields() { # NAME...
	python3 - "$@" <<-'PY'
		import json, sys
		for line in open("j/entries"):
		    entry = json.loads(line)
		    print(" ".join(entry.get(name, "-") for name in sys.argv[1:]))
	PY
}

# What was printed: parts of a line are joined.
text() { # PRIORITY
	python3 - "$1" <<-'PY'
		import json, sys
		for line in open("j/entries"):
		    entry = json.loads(line)
		    if entry["PRIORITY"] == sys.argv[1]:
		        end = "" if "CONTAINER_PARTIAL_MESSAGE" in entry else "\n"
		        sys.stdout.buffer.write((entry["MESSAGE"] + end).encode("latin-1"))
	PY
}

@test "the fields are docker's, and no log of ours" {
	only root
	with_journal ': >"$T/j/read"
		journal
		box --name a busybox sh -c "echo out; echo err >&2; printf part" >id
		over a
		box --name b --log-opt "tag={{.Name}}/x" busybox echo tagged
		over b'
	id=$(cat id)
	[ "$(fields PRIORITY MESSAGE CONTAINER_PARTIAL_MESSAGE | sort)" = $'3 err -\n6 out -\n6 part true\n6 tagged -' ]
	[ "$(fields CONTAINER_ID CONTAINER_ID_FULL CONTAINER_NAME CONTAINER_TAG SYSLOG_IDENTIFIER | head -n1)" = \
		"${id::12} $id a ${id::12} ${id::12}" ]
	fields IMAGE_NAME | head -n1 | grep -q busybox
	[ "$(fields CONTAINER_TAG SYSLOG_IDENTIFIER | tail -n1)" = "b/x b/x" ]
	split berth logs a
	want 125
	err_has "journalctl CONTAINER_ID_FULL=$id"
	run ! ls "$ROOT/containers/$id/log"
}

@test "every byte arrives: odd ones, many, and entries too long for a datagram" {
	only root
	{
		head -c 300000 /dev/urandom
		printf '\n\n=x\nMESSAGE=y\n\0\n'
		seq 20000
	} >in
	long=$(head -c 110000 /dev/zero | tr '\0' x)
	printf '%s' "$long" >long
	with_journal ': >"$T/j/read"
		journal
		box --name a -v "$T/in:/in:ro" busybox cat /in
		over a
		box --name b --log-opt "tag=$(cat "$T/long")" busybox echo long
		over b'
	text 6 >out
	{
		cat in
		echo long
	} | cmp - out
	[ "$(fields way MESSAGE | tail -n1)" = "file long" ]
	[ "$(fields SYSLOG_IDENTIFIER | tail -n1)" = "$long" ]
}

@test "a journal that is busy or starts again is waited for" {
	only root
	with_journal 'journal
		box --name a busybox seq 30000
		# Its queue is full, and the payload waits; not for ever, so no time is lost here.
		[[ $(berth ps --filter name=a --format "{{.Status}}") == Up* ]]
		: >"$T/j/read"
		over a
		silence
		journal
		box --name b busybox sh -c "echo one; while [ ! -e /go ]; do sleep 0.1; done; echo two"
		eventually 30 grep -q "\"MESSAGE\": \"one\"" "$T/j/entries"
		silence
		echo >go
		berth cp go b:/go
		journal
		over b'
	text 6 >out
	{
		seq 30000
		echo one
		echo two
	} | cmp - out
}

@test "where there is no journal the start says so, and what else there is" {
	[ ! -e /run/systemd/journal/socket ] || skip "only: where systemd has no journal"
	split timeout 60 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run -d --network none --log-driver journald --name a busybox true
	want 125
	err_has "/run/systemd/journal/socket"
	err_has "json-file"
	split timeout 60 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --network none --log-driver journald busybox true
	want 125
	err_has foreground
}
