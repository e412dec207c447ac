# SPDX-License-Identifier: LGPL-2.1-or-later
# Another process in a container that runs: what it is, what it may, and what becomes of it.
load ../helper/berth

setup() {
	berth_setup
	busybox
	supervisors=()
}

teardown() {
	local rc=0
	berth ps -aq | xargs -r "$BERTH" --root "$ROOT" --runroot "$RUNROOT" rm -f >/dev/null || rc=1
	wait
	berth_teardown || rc=1
	return $rc
}

up() {
	[ -n "$(berth ps -q --filter "name=^$1\$")" ]
}

gone() {
	[ -z "$(berth ps -q --filter "name=^$1\$")" ]
}

ctr() { # NAME [OPTION...]: a container that waits, until it is removed
	local name=$1
	shift
	[[ " $* " == *" --network "* ]] || set -- --network none "$@"
	(exec "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --name "$name" "$@" busybox sleep 1000) \
		>/dev/null 2>"$T/$name.err" 3>&- &
	supervisors+=($!)
	eventually 10 up "$name" || {
		cat "$T/$name.err"
		return 1
	}
}

x() {
	timeout --foreground -k 1 30 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" exec "$@"
}

client() { # ARG...: exec, as a process of the shell's whose number is $!
	exec "$BERTH" --root "$ROOT" --runroot "$RUNROOT" exec "$@"
}

confinement() { # of process $2 as seen in container $1
	berth exec "$1" sh -c "grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp|Umask)' /proc/$2/status
		cat /proc/$2/oom_score_adj; grep -v address /proc/$2/limits; cat /proc/$2/attr/current 2>/dev/null; cat /proc/$2/cgroup"
}

namespaces() { # of process $2, by the container's own /proc
	berth exec "$1" sh -c "for i in cgroup ipc mnt net pid user uts; do readlink /proc/$2/ns/\$i; done"
}

@test "the command's status is ours, and 125, 126, 127 tell why it did not run" {
	ctr c
	for code in 0 1 7 125 255; do
		run x c sh -c "exit $code"
		want $code
	done
	run x c sh -c 'kill -9 $$'
	want 137
	run x c sh -c 'kill -TERM $$'
	want 143
	split x c /no/such/file
	want 127
	err_has "'/no/such/file'"
	split x c no-such-command
	want 127
	err_has PATH
	split x c /etc
	want 126
	x c sh -c 'echo "#!/no/interpreter" >/script; echo text >/text; chmod +x /script'
	split x c /script
	want 127
	err_has "its interpreter '/no/interpreter'"
	split x c /text
	want 126
	split x c
	want 125
	err_has "no command"
	split x
	want 125
	split x --no-such-option c true
	want 125
}

@test "a container that is not there, or does not run" {
	split x nothing true
	want 125
	err_has "there is no container 'nothing'"
	berth run --name ended --network none busybox sh -c 'exit 3' || :
	split x ended true
	want 125
	err_has "the container 'ended' is not running: it ended with status 3"
	ctr c
	kill -KILL "${supervisors[0]}"
	eventually 5 gone c
	split x c true
	want 125
}

@test "container exec, and names: a name, an ID, its beginning, a file with it" {
	berth run --rm --name c --cidfile "$T/id" --network none busybox sleep 1000 3>&- &
	eventually 10 up c
	run berth container exec c echo yes
	want 0
	[ "$output" = yes ]
	run x "$(cat "$T/id")" echo yes
	[ "$output" = yes ]
	run x "$(head -c 12 "$T/id")" echo yes
	[ "$output" = yes ]
	run x --cidfile "$T/id" echo yes
	want 0
	[ "$output" = yes ]
	printf '\n' >"$T/empty"
	split x --cidfile "$T/empty" true
	want 125
	err_has "--cidfile"
	split x --cidfile "$T/none" true
	want 125
}

@test "streams: apart, binary, and what is not asked for is /dev/null" {
	ctr c
	split x c sh -c 'printf "a\0b\377"; printf "c\0d" >&2'
	want 0
	[ "$(od -An -tx1 <"$T/.stdout")" = " 61 00 62 ff" ]
	[ "$(od -An -tx1 <"$T/.stderr")" = " 63 00 64" ]
	head -c 16M /dev/urandom >"$T/in"
	cat "$T/in" | x -i c cat | cat >"$T/out"
	cmp "$T/in" "$T/out"
	x -i c cat <"$T/in" >"$T/out"
	cmp "$T/in" "$T/out"
	run x c cat <"$T/in"
	want 0
	[ -z "$output" ]
	run x c stat -Lc '%t:%T' /proc/self/fd/0
	[ "$output" = 1:3 ]
	run bash -c '"$BERTH" --root "$ROOT" --runroot "$RUNROOT" exec c yes | head -n 1'
	want 0
	[ "$output" = y ]
}

@test "a terminal: the container's own, with the size of ours, and a controlling one" {
	need script
	ctr c
	cat >"$T/typed" <<-'EOF'
		stty rows 33 cols 77
		"$BERTH" --root "$ROOT" --runroot "$RUNROOT" exec -it c sh -c 'tty; stty size; echo >/dev/tty; echo $TERM
			ps -o pid,tty | grep $$; exit 5'
		echo status $?
		"$BERTH" --root "$ROOT" --runroot "$RUNROOT" exec -i c sh -c ': >/dev/tty' 2>&1
		stty -a | grep -o -- "-\?echo " | head -n 1
	EOF
	run timeout -k 1 30 script -qec "bash $T/typed" /dev/null
	want 0
	has /dev/pts/
	has "33 77"
	has xterm
	has "136,"
	has "status 5"
	# Without -t there is none, and so no way to type into ours.
	has "can't create /dev/tty"
	# Ours is as it was before.
	has "echo"
	lacks "-echo"
}

@test "a terminal with stdin from a pipe, and with nobody who reads it" {
	ctr c
	run bash -c 'echo typed | "$BERTH" --root "$ROOT" --runroot "$RUNROOT" exec -it c sh -c "cat; test -t 1 && echo tty"'
	want 0
	has typed
	has tty
	run x -t c true </dev/null
	want 0
}

@test "^C, a change of size and hanging up reach the command" {
	ctr c --init
	cat >"$T/terminal.py" <<-'EOF'
		import os, pty, sys, time, signal, fcntl, termios, struct
		pid, fd = pty.fork()
		if pid == 0:
		    os.execv(sys.argv[1], sys.argv[1:])
		def until(word):
		    got = b""
		    while word not in got:
		        got += os.read(fd, 1000)
		    return got
		until(b"ready")
		fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 44, 55, 0, 0))
		until(b"44 55")
		os.write(fd, b"\x03")
		until(b"interrupted")
		os.close(fd)
		print(os.waitpid(pid, 0)[1] != 0)
	EOF
	run timeout -k 1 20 python3 "$T/terminal.py" "$BERTH" --root "$ROOT" --runroot "$RUNROOT" exec -it c sh -c \
		'trap "echo interrupted" INT; trap "stty size" WINCH; echo ready; while :; do sleep 0.1; done'
	want 0
	has True
	eventually 5 alone c
}

alone() { # nothing but its first process (with --init: two) and who looks, and no zombie
	[ "$(berth exec "$1" sh -c 'set -- /proc/[0-9]*; echo $#')" -le 3 ] &&
		! berth exec "$1" sh -c 'grep -l "^State:.Z" /proc/[0-9]*/status'
}

@test "signals are the command's" {
	ctr c
	client c sh -c 'trap "echo got it; exit 9" TERM; echo ready; while :; do sleep 0.1; done' >"$T/out" 3>&- &
	local client=$!
	eventually 5 grep -q ready "$T/out"
	kill -TERM $client
	local rc=0
	wait $client || rc=$?
	[ "$rc" = 9 ]
	grep "got it" "$T/out"
}

@test "the user, by name and number, is looked up in the container" {
	only root sub
	ctr c --user 33
	x -u 0 c sh -c 'echo "other:x:1234:4321::/home/other:/bin/sh" >>/etc/passwd; echo "more:x:77:other" >>/etc/group'
	run x c id -u
	[ "$output" = 33 ]
	run x -u other c sh -c 'id -u; id -g; id -G; echo $HOME'
	[ "$output" = $'1234\n4321\n4321 77\n/home/other' ]
	run x -u 5:6 c sh -c 'id -u; id -g; id -G'
	[ "$output" = $'5\n6\n6' ]
	run x -u other:more c id -g
	[ "$output" = 77 ]
	split x -u nobody-of-that-name c true
	want 125
	err_has nobody-of-that-name
	for user in "" : :1 1: 1:2:3 " 1" +1 -1 0x1 1e3 4294967295 4294967296 $'root\n'; do
		split x -u "$user" c id -u
		want 125
	done
}

@test "what is in the place of /etc/passwd is read as what it is in the container, or not at all" {
	mkdir -p "$T/canary"
	echo "evil:x:0:0::/:/bin/sh" >"$T/canary/passwd"
	chmod -R a+rX "$T/canary"
	local number=0 make
	for make in "ln -s '$T/canary/passwd' /etc/passwd" "ln -s ../../../../../..$T/canary/passwd /etc/passwd" \
		"ln -s /proc/1/root/etc/passwd /etc/passwd" "mkfifo /etc/passwd" "ln -s /dev/tty /etc/passwd" \
		"mkdir /etc/passwd"; do
		number=$((number + 1))
		ctr "c$number"
		x "c$number" sh -c "rm /etc/passwd; $make"
		split x -u evil "c$number" true
		want 125
	done
}

@test "directory and environment: the container's, and what is asked for" {
	ctr c -e KEPT=1 -e CHANGED=1 -w /tmp
	printf '# text\nFROM_FILE=a b\nPASSED\n' >"$T/env"
	export PASSED=through UNASKED=no
	run x c pwd
	[ "$output" = /tmp ]
	run x -w /etc c pwd
	[ "$output" = /etc ]
	split x -w /no/such/directory c true
	want 125
	err_has /no/such/directory
	split x -w relative c true
	want 125
	run x -e CHANGED=2 -e PASSED --env-file "$T/env" c env
	want 0
	has KEPT=1
	has CHANGED=2
	has "FROM_FILE=a b"
	has PASSED=through
	has HOME=
	has PATH=
	lacks UNASKED
	lacks BERTH
	lacks TERM=
	local id
	id=$(berth ps -q)
	has "HOSTNAME=${id:0:12}"
}

@test "the command is confined as the payload is" {
	ctr plain
	diff <(confinement plain 1) <(confinement plain self | sed 's/^\(Groups:.*\)$/\1/')
	diff <(namespaces plain 1) <(namespaces plain self)
	ctr tight --cap-drop ALL --security-opt no-new-privileges --ulimit nofile=100:200 --umask 077 \
		--oom-score-adj 500
	diff <(confinement tight 1) <(confinement tight self)
	ctr wide --cap-add NET_ADMIN --security-opt seccomp=unconfined
	diff <(confinement wide 1) <(confinement wide self)
	run confinement wide self
	# With a single id another filter stays: the one that makes believe of owners.
	[ "$(persona)" = one ] || has $'Seccomp:\t0'
}

@test "the command dies no later than the payload where memory is short, whoever calls for it" {
	(echo 300 >"/proc/$BASHPID/oom_score_adj" && ctr c && wait) 3>&- &
	eventually 10 up c
	run x c cat /proc/1/oom_score_adj
	[ "$output" = 300 ]
	run x c cat /proc/self/oom_score_adj
	[ "$output" = 300 ]
}

@test "the command starts with no signal blocked or ignored" {
	ctr c
	run bash -c 'trap "" HUP USR1; "$BERTH" --root "$ROOT" --runroot "$RUNROOT" exec c grep -E "Sig(Blk|Ign)" /proc/self/status'
	want 0
	[ "$(echo "$output" | awk '{ print $2 }' | sort -u)" = 0000000000000000 ]
}

@test "a caller with lower limits than the container's passes on his own" {
	ctr c --ulimit nofile=300:400
	run bash -c 'ulimit -n 200; exec "$BERTH" --root "$ROOT" --runroot "$RUNROOT" exec c sh -c "ulimit -n; ulimit -Hn"'
	want 0
	[ "$output" = $'200\n200' ]
}

@test "the command of another user has no capability, of root no ambient one" {
	only root sub
	ctr c --cap-add NET_ADMIN
	run x -u 1000 c grep Cap /proc/self/status
	has $'CapInh:\t0000000000000000'
	has $'CapEff:\t0000000000000000'
	has $'CapPrm:\t0000000000000000'
	has $'CapAmb:\t0000000000000000'
	ctr d --user 1000 --cap-add NET_ADMIN
	diff <(confinement d 1) <(confinement d self)
	run x -u 0 d grep Cap /proc/self/status
	has $'CapInh:\t0000000000000000'
	has $'CapAmb:\t0000000000000000'
}

@test "--privileged gives all capabilities, and no other filter" {
	ctr c
	run x --privileged c grep -E 'CapEff|CapInh|Seccomp:' /proc/self/status
	want 0
	has $'CapInh:\t0000000000000000'
	has $'Seccomp:\t2'
	local all
	if [ "$(persona)" = root ]; then
		all=$(sed -n 's/^CapBnd:\t//p' /proc/self/status)
	else
		all=$(printf '%016x' $(((1 << ($(cat /proc/sys/kernel/cap_last_cap) + 1)) - 1)))
	fi
	has "CapEff:"$'\t'"$all"
	run x --privileged c mount -t tmpfs none /mnt
	want 1
}

@test "the filter of a profile is the one that the payload got" {
	# Everything but mkdir; the file is another one by the time of the exec.
	printf '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO"}]}' \
		>"$T/profile.json"
	ctr c --security-opt seccomp="$T/profile.json"
	run x c mkdir /x
	want 1
	printf '{"defaultAction":"SCMP_ACT_ALLOW"}' >"$T/profile.json"
	run x c mkdir /x
	want 1
	rm "$T/profile.json"
	run x c mkdir /x
	want 1
	run x c touch /x
	want 0
}

@test "a profile that forbids new processes is said to" {
	printf '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["clone"],"action":"SCMP_ACT_ERRNO"}]}' \
		>"$T/profile.json"
	ctr c --security-opt seccomp="$T/profile.json"
	split x c true
	want 125
	err_has "clone(2)"
}

@test "no descriptor but three, no path of the host, and nothing of berth" {
	ctr c
	exec 9<"$T"
	run x c ls /proc/self/fd
	# The last one is that of ls.
	[ "$output" = $'0\n1\n2\n3' ]
	run x c sh -c 'readlink /proc/self/cwd; readlink /proc/self/root; readlink /proc/self/exe'
	[ "$output" = $'/\n/\n/bin/busybox' ]
	run x c cat /proc/self/environ
	lacks "$T"
	lacks BERTH
	exec 9<&-
	for n in $(seq 3 20); do
		split x -w "/proc/self/fd/$n" c pwd
		want 125
	done
}

@test "the same with the host's processes in sight" {
	only root
	ctr c --pid host
	exec 9<"$T"
	run x c ls /proc/self/fd
	[ "$output" = $'0\n1\n2\n3' ]
	for n in $(seq 3 20); do
		split x -w "/proc/self/fd/$n" c pwd
		want 125
	done
	exec 9<&-
}

@test "--preserve-fds passes on as many as it says, and no more" {
	ctr c
	echo three >"$T/three"
	run bash -c '"$BERTH" --root "$ROOT" --runroot "$RUNROOT" exec --preserve-fds 1 c sh -c "cat <&3; ls /proc/self/fd" 3<"$T/three" 4<"$T/three"'
	want 0
	[ "$output" = $'three\n0\n1\n2\n3\n4' ]
	split x --preserve-fds 2 c true 3<"$T/three" 4<&-
	want 125
	err_has "descriptor 4"
}

# A process of the container that opens every /proc/N/exe it can see, and tries to write to it; and that attaches to
# nothing, because nothing of berth ever is in there.
@test "nobody in the container finds berth's own file" {
	only root
	local before file
	before=$(sha256sum <"$BERTH")
	file=$(stat -Lc '%d:%i' "$BERTH")
	ctr c --cap-add SYS_PTRACE
	x -d c sh -c 'while :; do for i in /proc/[0-9]*; do stat -Lc "%d:%i" $i/exe; done; done >>/seen 2>/dev/null'
	for i in $(seq 100); do
		x c true
	done
	[ "$(sha256sum <"$BERTH")" = "$before" ]
	x c grep -c . /seen
	run x c grep -c "^$file\$" /seen
	want 1
	x c sh -c 'printf "#!/proc/self/exe\n" >/loop; chmod +x /loop'
	run x c /loop
	want 126
	[ "$(sha256sum <"$BERTH")" = "$before" ]
}

@test "namespaces that are the host's stay so" {
	ctr c --network host --uts host --ipc host --pid host
	run x c readlink /proc/self/ns/net
	[ "$output" = "$(readlink /proc/self/ns/net)" ]
	run x c readlink /proc/self/ns/pid
	[ "$output" = "$(readlink /proc/self/ns/pid)" ]
	run x c hostname
	[ "$output" = "$(hostname)" ]
}

@test "a user namespace in which the caller keeps his id" {
	only sub one
	ctr c --userns keep-id
	run x c id -u
	[ "$output" = "$(id -u)" ]
	diff <(confinement c 1) <(confinement c self)
	diff <(namespaces c 1) <(namespaces c self)
}

@test "a user namespace of root's" {
	only root
	ctr c --userns auto
	run x c sh -c 'id -u; cat /proc/self/uid_map'
	want 0
	diff <(confinement c 1) <(confinement c self)
	diff <(namespaces c 1) <(namespaces c self)
	x c touch /new
	run x c stat -c %u /new
	[ "$output" = 0 ]
	x c sh -c '! cat /proc/1/root/etc/shadow' 2>/dev/null
}

@test "a killed client takes its command along, at any point" {
	ctr c
	x c true
	for i in $(seq 20); do
		client c sleep 777 3>&- &
		local client=$!
		sleep "0.00$((i % 10))"
		kill -KILL $client
		wait $client 2>/dev/null || :
	done
	eventually 5 one_sleeper c
}

@test "killed before any of its system calls: nothing of it stays, and the container goes on" {
	need cc
	cc -D_GNU_SOURCE -O1 -o "$T/killat" "$helper/killat.c"
	ctr c
	local mode at calls i
	for mode in tree first one; do
		timeout -s KILL 20 "$T/killat" 0 $mode "$BERTH" --root "$ROOT" --runroot "$RUNROOT" exec c true 2>"$T/count"
		calls=$(sed -n 's/^killat: \([0-9]*\)$/\1/p' "$T/count")
		[ "$calls" -gt 50 ]
		for ((i = 0; i < 30; i++)); do
			at=$((1 + (i * calls + RANDOM % calls) / 30))
			status=0
			timeout -s KILL 5 "$T/killat" $at $mode "$BERTH" --root "$ROOT" --runroot "$RUNROOT" exec c \
				sh -c 'sleep 0.01' >/dev/null 2>"$T/killed" || status=$?
			case $mode/$status in
			*/0 | */137 | one/125) ;;
			*)
				echo "$mode at $at of $calls: $status"
				cat "$T/killed"
				return 1
				;;
			esac
		done
		eventually 5 one_sleeper c
	done
	run x c echo well
	[ "$output" = well ]
}

one_sleeper() { # its first process
	[ "$(berth exec "$1" sh -c 'cat /proc/[0-9]*/comm 2>/dev/null | grep -cx sleep')" = 1 ]
}

@test "the end of the container is the end of its commands: 137" {
	ctr c
	x c sh -c 'echo ready; exec sleep 1000' >"$T/out" 3>&- &
	local client=$!
	eventually 5 grep -q ready "$T/out"
	berth rm -f c
	local rc=0
	wait $client || rc=$?
	[ $rc = 137 ]
}

@test "the same where it shares the host's processes" {
	ctr c --pid host
	x c sh -c 'echo ready; exec sleep 1000' >"$T/out" 3>&- &
	local client=$!
	eventually 5 grep -q ready "$T/out"
	berth rm -f c
	local rc=0
	wait $client || rc=$?
	[ $rc = 137 ]
}

@test "-d returns at once, prints nothing, tells what fails, and leaves no zombie" {
	ctr c
	local before
	before=$(zombies)
	split x -d c sh -c 'echo lost; echo done >/done; exec sleep 1000'
	want 0
	[ -z "$output$stderr" ]
	eventually 5 x c test -e /done
	x -d c sh -c 'echo $$ >/pid; exec sleep 1000'
	eventually 5 x c test -s /pid
	run x c sh -c 'for i in 0 1 2; do stat -Lc %t:%T /proc/$(cat /pid)/fd/$i; done'
	[ "$output" = $'1:3\n1:3\n1:3' ]
	split x -d c no-such-command
	want 127
	split x -d c /etc
	want 126
	split x -di c sh -c 'cat; echo end >/end'
	want 0
	eventually 5 x c test -e /end
	for i in $(seq 100); do
		x -d c true
	done
	eventually 10 no_zombies c "$before"
}

@test "-d with a terminal: nobody sees it, and it never stalls" {
	ctr c
	split x -dit c sh -c 'tty >/tty; test -t 0 && test -t 1 && test -t 2 && yes | head -n 200000 && echo done >/done; sleep 1000'
	want 0
	[ -z "$output$stderr" ]
	eventually 10 x c test -e /done
	run x c cat /tty
	has /dev/pts/
	berth rm -f c
	eventually 5 no_readers
}

no_readers() { # what is left with this test's directory in its arguments
	[ "$(grep -lsF "$T/root" /proc/[0-9]*/cmdline | xargs -r -n 1 dirname | while read -r dir; do readlink "$dir/exe"; done | grep -cx "$BERTH")" = 0 ]
}

zombies() { # of the host's that we may see
	grep -ls '^State:.Z' /proc/[0-9]*/status | wc -l
}

no_zombies() { # CONTAINER BEFORE
	! x "$1" sh -c 'grep -l "^State:.Z" /proc/[0-9]*/status' && [ "$(zombies)" -le "$2" ]
}

@test "200 at once" {
	ctr c
	for i in $(seq 200); do
		x -i c sh -c "cat; exit $((i % 100))" <<<"$i" >"$T/out.$i" 3>&- &
		echo "$i $!"
	done >"$T/clients"
	while read -r i client; do
		local rc=0
		wait "$client" || rc=$?
		[ $rc = $((i % 100)) ]
		[ "$(cat "$T/out.$i")" = "$i" ]
	done <"$T/clients"
	eventually 5 alone c
}

@test "against rm -f: each ends well, or says that the container has ended" {
	for round in $(seq 8); do
		ctr "c$round"
		for i in $(seq 10); do
			(
				while x "c$round" true 2>"$T/err.$round.$i"; do :; done
				grep -v hint: "$T/err.$round.$i" || echo killed
			) >"$T/end.$round.$i" 3>&- &
		done
		sleep "0.0$round"
		berth rm -f "c$round"
	done
	wait
	! grep -hvE '^killed|there is no container|has ended|is not running|is just ending|was killed' "$T"/end.*
	store_is_clean
}

@test "a container that is just being started is waited for" {
	for i in $(seq 10); do
		berth run --rm --name "n$i" --network none busybox sleep 1000 3>&- &
		until x "n$i" sh -c 'test "$(cat /proc/1/comm)" = sleep && ! test -e '"$T"'' 2>"$T/err"; do
			grep -qE "there is no container|it was not started|is just being started" "$T/err" || { cat "$T/err" && false; }
		done
		berth rm -f "n$i"
	done
}

@test "a container that stays can be entered, and its files are its own" {
	berth run --name c --network none busybox sleep 1000 3>&- &
	eventually 10 up c
	x c sh -c 'echo kept >/file'
	run x c cat /file
	[ "$output" = kept ]
	berth rm -f c
	store_is_clean
}

@test "the cgroup is the container's, and its limit of processes holds" {
	only root
	[ -d /sys/fs/cgroup/pids ] || [ -e /sys/fs/cgroup/cgroup.controllers ] || cannot "set a limit without a delegated cgroup"
	ctr c --pids-limit 5
	berth exec -d c sleep 1000
	berth exec -d c sleep 1000
	berth exec -d c sleep 1000
	split x c true
	want 125
	err_has "limit of processes"
}

@test "a container that is paused is refused, with what to do" {
	only root
	ctr c
	local name pid dir=
	name=$(sed -n 's/.*"cgroup":"[^:"]*:\([^"]*\)".*/\1/p' "$RUNROOT"/containers/*/state.json)
	pid=$(sed -n 's/.*"pid":\([0-9]*\).*/\1/p' "$RUNROOT"/containers/*/state.json)
	if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
		echo 1 >"/sys/fs/cgroup$name/cgroup.freeze"
	else
		dir=/sys/fs/cgroup/freezer$name
		mkdir -p "$dir"
		echo "$pid" >"$dir/cgroup.procs"
		echo FROZEN >"$dir/freezer.state"
	fi
	split x c true
	if [ -n "$dir" ]; then
		echo THAWED >"$dir/freezer.state"
		echo "$pid" >/sys/fs/cgroup/freezer/cgroup.procs
		rmdir "$dir"
	else
		echo 0 >"/sys/fs/cgroup$name/cgroup.freeze"
	fi
	want 125
	err_has "is paused"
	err_has "berth unpause c"
	x c true
}

@test "a null device that is none is not used" {
	only root
	ctr c
	x c sh -c 'rm /dev/null; ln -s /etc/passwd /dev/null'
	split x c true
	want 125
	err_has "is not the null device"
	x -i c true
	split x -d c true
	want 125
	x -i c sh -c 'rm /dev/null; mkfifo /dev/null'
	split x c true
	want 125
	err_has "is not the null device"
}

@test "there is nothing to detach with" {
	ctr c
	split x --detach-keys ctrl-a c true
	want 125
	err_has "detach"
	run x --detach-keys "" c true
	want 0
}
