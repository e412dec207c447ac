# SPDX-License-Identifier: LGPL-2.1-or-later
# Names, files that tell of a container, what a container leaves behind, and what a crash does.
load ../helper/berth

setup() {
	berth_setup
	busybox
}

box() {
	timeout --foreground -k 1 30 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --network none "$@"
}

up() {
	[ "$(berth ps -q --filter "name=^$1\$")" != "" ]
}

# Every file below the store and the runroot but the image's own, lock files, and the directories
# that all containers share.
files() {
	find "$ROOT" "$RUNROOT" \( -path "$ROOT/layers" -o -path "$ROOT/blobs" -o -path "$ROOT/cache" \) -prune -o \
		-print | grep -vE '/(scratch/volumes|container-names.lock)$' | sort
}

# Our cgroups of berth, wherever they are, that nobody is in. Other tests may just be making some.
cgroups() {
	find /sys/fs/cgroup -type d -user "$(id -u)" \( -path '*/berth/*' -o -name 'berth-*' \) 2>/dev/null | sort | while read -r dir; do
		[ -n "$(cat "$dir/cgroup.procs" 2>/dev/null)" ] || echo "$dir"
	done
}

# All mounts but those of other tests, which may run beside this one.
mounts() {
	awk -v t="$T" 'index($5, t) == 1 || $5 !~ /\/berth(-test)?\./' /proc/self/mountinfo
}

# No cgroup is there that was not there before ($1) and nobody is in.
no_more_cgroups() {
	[ -z "$(comm -13 <(echo "$1") <(cgroups))" ]
}

@test "--rm leaves nothing behind" {
	box --rm busybox true
	local before_files before_groups before_mounts
	before_files=$(files)
	before_groups=$(cgroups)
	before_mounts=$(mounts)
	box --rm busybox sh -c 'mkdir -p /a/b/c; echo x >/a/b/c/d; chmod 0 /a/b; touch /etc/new; ln -s x /y'
	box --rm --name x --read-only --tmpfs /t -v /vol busybox touch /vol/file
	box --rm -t busybox ls / >/dev/null
	box --rm busybox false || :
	box --rm busybox no-such-command || :
	box --rm --workdir /new/dir busybox true
	diff <(echo "$before_files") <(files)
	eventually 5 no_more_cgroups "$before_groups"
	diff <(echo "$before_mounts") <(mounts)
}

@test "--rm leaves nothing behind where the store and the runroot are below mounts" {
	only root
	mkdir mnt
	mount -t tmpfs -o mode=700 berth-test "$T/mnt"
	ROOT=$T/mnt/root RUNROOT=$T/mnt/run
	busybox
	box --rm busybox true
	box --name first busybox true
	berth rm first
	local before rc=0
	before=$(files)
	box --rm -v /vol busybox sh -c 'mkdir -p /a/b /vol/c; echo x >/a/b/c; rm -r /etc/passwd' || rc=1
	split box --rm -v "$T/none:/mnt" busybox true
	[ "$status" = 125 ] || rc=1
	box --name stays busybox mkdir -p /a/b || rc=1
	berth rm stays || rc=1
	diff <(echo "$before") <(files) || rc=1
	umount "$T/mnt"
	[ $rc = 0 ]
}

@test "a full runroot: 125 and what it was, and nothing stays" {
	only root
	local before size rc=0
	box --rm busybox true
	RUNROOT=$T/small
	mkdir small
	for size in 4k 8k 12k; do
		mount -t tmpfs -o size=$size,mode=700 berth-test "$T/small"
		before=$(find "$ROOT/scratch" | sort)
		split box --rm busybox true
		[ "$status" = 125 ] || rc=1
		err_has "No space left on device" || rc=1
		err_has "$T/small" || rc=1
		err_has "hint: free some space" || rc=1
		[ -z "$(find small -type f ! -path small/events/log)" ] || rc=1
		diff <(echo "$before") <(find "$ROOT/scratch" | sort) || rc=1
		mount -o remount,size=1m "$T/small"
		box --rm busybox true || rc=1
		[ -z "$(find small -type f ! -path small/events/log)" ] || rc=1
		umount "$T/small"
	done
	[ $rc = 0 ]
}

@test "without --rm the record, the writable layer and the plan stay, until rm" {
	box --name stays busybox sh -c 'echo text >/file; exit 3' || :
	run berth ps -a --format '{{.Names}} {{.Status}} {{.ExitCode}}'
	has "stays Exited (3)"
	local dir
	dir=$(echo "$ROOT"/containers/*)
	[ "$(cat "$dir/upper/file")" = text ]
	need jq
	[ "$(jq -r '.process.args[0]' "$dir/config.json")" = sh ]
	berth rm stays
	[ -z "$(ls -A "$ROOT/containers")" ]
	[ -z "$(ls -A "$ROOT/container-names")" ]
}

@test "without --rm a container whose command cannot be executed stays as well" {
	split box --name stays --cidfile "$T/cid" busybox no-such-command
	want 127
	[[ "$(berth ps -a --format '{{.Names}} {{.Status}}')" == "stays Exited (127)"* ]]
	[ "$(cat cid)" = "$(berth ps -aq --no-trunc)" ]
	split box --name other busybox /etc/passwd
	want 126
	[[ "$(berth ps -a --format '{{.Names}} {{.Status}}')" == *"other Exited (126)"* ]]
	berth rm stays other
	split box --name never --memory 1 busybox true
	want 125
	[ -z "$(berth ps -aq)" ]
	[ -z "$(ls -A "$ROOT/containers" "$ROOT/container-names" | grep -v :)" ]
}

@test "a name is unique: 125 with who has it, and --replace takes it over" {
	box --name same busybox true
	split box --name same busybox true
	want 125
	err_has "'same' is taken by the container"
	err_has "--replace"
	box --replace --name same busybox true
	[ "$(berth ps -aq | wc -l)" = 1 ]
}

@test "--replace ends a container that runs" {
	box --rm --name it busybox sleep 30 &
	eventually 10 up it
	# Before it was executed its command line is ours, which has the word as well.
	eventually 10 grep -q ^sleep "/proc/$(berth ps --format '{{.Pid}}')/cmdline"
	box --rm --replace --name it busybox true
	status=0
	wait $! || status=$?
	[ "$status" = 137 ]
	[ -z "$(berth ps -aq)" ]
}

@test "of many who want the same name at once exactly one gets it" {
	local n=60
	for i in $(seq $n); do
		box --rm --name same busybox sleep 4 >/dev/null 2>"$T/err.$i" &
		echo "$!" >>"$T/pids"
	done
	local won=0 taken=0 status
	while read -r pid; do
		status=0
		wait "$pid" || status=$?
		case $status in
		0) won=$((won + 1)) ;;
		125) taken=$((taken + 1)) ;;
		*) echo "status $status" ;;
		esac
	done <"$T/pids"
	echo "won $won, taken $taken"
	[ $won = 1 ]
	[ $taken = $((n - 1)) ]
	[ "$(cat "$T"/err.* | grep -c "is taken by")" = $((n - 1)) ]
	[ -z "$(ls -A "$RUNROOT/containers")" ]
}

@test "--stop-signal is what asks the payload to end" {
	box --name it --stop-signal USR1 busybox sh -c 'trap "exit 9" USR1; trap "exit 8" TERM; echo up; while :; do sleep 0.1; done' >"$T/out" &
	eventually 10 grep -q up "$T/out"
	[ "$(berth inspect -f '{{.Config.StopSignal}}' it)" = SIGUSR1 ]
	berth rm -f --time 10 it
	status=0
	wait $! || status=$?
	want 9
}

@test "names that are made up are words" {
	box busybox true
	[[ "$(berth ps -a --format '{{.Names}}')" =~ ^[a-z]+_[a-z]+$ ]]
}

@test "bad names are refused" {
	for name in '' -a .a 'a b' 'a/b' ../x "$(printf 'a%.0s' {1..200})"; do
		split box --rm --name "$name" busybox true
		want 125
	done
}

@test "--cidfile holds the ID, is never overwritten, and goes with --rm" {
	box --cidfile "$T/cid" busybox true
	[ "$(cat "$T/cid")" = "$(berth ps -aq --no-trunc)" ]
	split box --rm --cidfile "$T/cid" busybox true
	want 125
	err_has "File exists"
	[ "$(berth ps -aq | wc -l)" = 1 ]
	rm "$T/cid"
	box --rm --cidfile "$T/cid" busybox true
	[ ! -e "$T/cid" ]
	split box --rm --cidfile "$T/cid" busybox no-such-command
	want 127
	[ ! -e "$T/cid" ]
}

@test "--pidfile holds the pid of the payload" {
	box --rm --name it --pidfile "$T/pid" busybox sleep 30 &
	eventually 10 test -s "$T/pid"
	eventually 5 grep -q ^sleep "/proc/$(cat "$T/pid")/cmdline"
	berth rm -f it
	wait || :
	[ ! -e "$T/pid" ]
}

@test "--status-fd tells what happens, in lines of JSON" {
	need jq
	box --rm --name it --status-fd 7 busybox sh -c 'exit 5' 7>"$T/status" || :
	[ "$(jq -r .event <"$T/status" | tr '\n' ' ')" = "created started exited " ]
	[ "$(jq -rs '.[0].name' <"$T/status")" = it ]
	[ "$(jq -rs '.[0].id | length' <"$T/status")" = 64 ]
	[ "$(jq -rs '.[1].pid > 1' <"$T/status")" = true ]
	[ "$(jq -rs '.[2] | "\(.code) \(.signal) \(.oom)"' <"$T/status")" = "5 0 false" ]
	[ "$(jq -rs '.[2].rusage.maxRssBytes > 0' <"$T/status")" = true ]
	box --rm --init --status-fd 7 busybox sh -c 'kill -9 $$' 7>"$T/status" || :
	[ "$(jq -rs '.[2].code' <"$T/status")" = 137 ]
}

@test "the payload does not get the descriptor of --status-fd, nor any other" {
	run box --rm --status-fd 7 busybox sh -c 'ls /proc/self/fd' 7>"$T/status" 8</etc/passwd
	want 0
	[ "$(echo "$output" | tr '\n' ' ')" = "0 1 2 3 " ] # 3: the directory that ls reads
}

@test "--preserve-fds passes descriptors on" {
	echo text >"$T/file"
	run box --rm --preserve-fds 1 busybox sh -c 'cat <&3' 3<"$T/file"
	want 0
	[ "$output" = text ]
	split box --rm --preserve-fds 50 busybox true
	want 125
	err_has "not open"
}

@test "sockets that systemd passes are the payload's" {
	echo text >"$T/file"
	run bash -c 'exec 3<"$T/file"; LISTEN_FDS=1 LISTEN_FDNAMES=web exec bash -c '\''LISTEN_PID=$$ exec "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none busybox sh -c "env | grep LISTEN | sort; cat <&3"'\'
	want 0
	[ "${lines[0]}" = LISTEN_FDNAMES=web ]
	[ "${lines[1]}" = LISTEN_FDS=1 ]
	[ "${lines[2]}" = LISTEN_PID=1 ]
	[ "${lines[3]}" = text ]
}

@test "systemd is told when the payload runs" {
	need python3
	run timeout 20 python3 - "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none busybox env <<'PY'
import os, socket, subprocess, sys
path = os.environ["T"] + "/notify"
sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sock.bind(path)
sock.settimeout(10)
out = subprocess.run(sys.argv[1:], env={**os.environ, "NOTIFY_SOCKET": path}, capture_output=True, text=True)
print(sock.recv(100).decode(), "NOTIFY_SOCKET" in out.stdout)
PY
	want 0
	[ "$output" = "READY=1 False" ]
}

# The supervisor of a container, killed: nothing of the container may outlive it but files that the
# next command removes.
kill_supervisor() { # OPTION...
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --network none --name it "$@" busybox sh -c \
		'echo x >/file; sleep 300 & sleep 300' &
	supervisor=$!
	eventually 10 up it
	payload=$(berth ps --format '{{.Pid}}')
	eventually 5 grep -q . "/proc/$payload/task/$payload/children"
	children=$(cat "/proc/$payload/task/$payload/children")
	kill -KILL "$supervisor"
	wait "$supervisor" || :
	for pid in $payload $children; do
		eventually 5 gone "$pid"
	done
}

gone() {
	[ ! -e "/proc/$1" ]
}

@test "a killed supervisor of --rm takes the container along; the next run removes what is left" {
	box --rm busybox true
	local before groups
	before=$(files)
	groups=$(cgroups)
	kill_supervisor --rm
	[ -z "$(berth_mounts)" ]
	box --rm busybox true
	diff <(echo "$before") <(files)
	eventually 5 no_more_cgroups "$groups"
}

@test "a killed supervisor of --rm: ps does not show the container, and the name is free" {
	kill_supervisor --rm
	[ -z "$(berth ps -aq)" ]
	box --rm --name it busybox true
}

@test "a killed supervisor of one that stays: it has ended, and rm removes it" {
	local groups
	groups=$(cgroups)
	kill_supervisor
	run berth ps -a --format '{{.Names}} {{.Status}}'
	[ "$output" = "it Exited (137)" ]
	eventually 5 no_more_cgroups "$groups"
	berth rm it
	[ -z "$(ls -A "$ROOT/containers")" ]
}

@test "what has lost its record, as in a reboot, is removed: the writable layer, and its cgroup" {
	local groups
	groups=$(cgroups)
	kill_supervisor --rm
	rm -rf "$RUNROOT"
	[ -n "$(ls -A "$ROOT/scratch/work")" ]
	berth ps
	[ -z "$(ls -A "$ROOT/scratch/work")" ]
	[ -z "$(ls -A "$ROOT/scratch/upper")" ]
	eventually 5 no_more_cgroups "$groups"
}

@test "after a reboot a container that stays still has its name" {
	box --name stays busybox true
	rm -rf "$RUNROOT"
	split box --rm --name stays busybox true
	want 125
	err_has "is taken"
	split box --name stays busybox true
	want 125
	berth rm stays
	box --rm --name stays busybox true
}

@test "killed at any point, run leaves a store that the next command uses" {
	need strace
	local before groups
	box --rm busybox true
	before=$(files)
	groups=$(cgroups)
	# Before the Nth call of these by the supervisor; with -f by any of the processes: then the child is held when it
	# is born, and its parent may die before it has asked for anything. Below strace newuidmap is not set-user-id.
	local call n how= points=0
	[ "$(persona)" = sub ] || how=-f
	for how in "" $how; do
		for call in mkdir mkdirat symlink flock openat write fchmod chmod signalfd4 memfd_create socketpair clone3 \
			close sendmsg recvmsg read poll wait4 waitid rename unlink unlinkat rmdir; do
			for n in 1 2 3 5 8 13 21 34; do
				timeout 20 strace $how -qq -o /dev/null -e trace=$call -e inject=$call:signal=KILL:when=$n \
					"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none -v /vol --name it busybox \
					sh -c 'mkdir -p /a/b /vol/c; echo >/a/b/c' >/dev/null 2>&1 && break
				points=$((points + 1))
				# A child whose parent was just killed may need a moment to follow it.
				eventually 5 box --rm --name it busybox true 2>>"$T/said" || {
					echo "strace $how, call $n of $call"
					return 1
				}
				[ -z "$(berth ps -aq)" ]
			done
		done
	done
	echo "$points points"
	[ $points -ge 40 ]
	diff <(echo "$before") <(files)
	eventually 5 no_more_cgroups "$groups"
}

@test "labels: of options and of files, and of the image" {
	printf '# comment\nfrom=file\n  both=file\n\n' >"$T/labels"
	box --name it --label a=1 --label both=option --label bare --label-file "$T/labels" busybox true
	run berth ps -a --format '{{.Labels}}'
	for label in a=1 both=option bare= from=file; do
		has "$label"
	done
}

@test "twenty at once all work" {
	for i in $(seq 20); do
		box --rm busybox sh -c "exit $i" &
		echo "$! $i" >>"$T/pids"
	done
	while read -r pid code; do
		status=0
		wait "$pid" || status=$?
		[ "$status" = "$code" ]
	done <"$T/pids"
	[ -z "$(ls -A "$RUNROOT/containers")" ]
}

@test "--dry-run prints the plan and makes nothing" {
	need jq
	box --rm busybox true
	local before
	before=$(files)
	split box --dry-run --name plan -v "$T:/data" busybox echo hello
	want 0
	[ "$(jq -r '.process.args | join(" ")' <<<"$output")" = "echo hello" ]
	[ "$(jq -r '.mounts[] | select(.destination == "/data") | .source' <<<"$output")" = "$T" ]
	diff <(echo "$before") <(files)
}

@test "crun runs the plan of a directory as it is" {
	only root
	need crun jq
	local dir=$T/bundle
	mkdir -p "$dir/rootfs"
	cp -a "$ROOT"/layers/*/. "$dir/rootfs/"
	box --dry-run "rootfs:$dir/rootfs" echo from crun >"$dir/config.json"
	run crun --cgroup-manager=disabled --root "$T/crun" run --bundle "$dir" "berth-test-$$"
	[[ $output != *"hybrid mode not supported"* ]] || cannot "run crun with both versions of cgroups mounted"
	want 0
	has "from crun"
}
