# SPDX-License-Identifier: LGPL-2.1-or-later
# Campaigns: what happens to containers on a bad day. $BERTH_TEST_CONTAINERS (30) are there at once,
# $BERTH_TEST_ROUNDS (40) starts are disturbed.
load ../helper/berth
load ../helper/background

: "${BERTH_TEST_CONTAINERS:=30}" "${BERTH_TEST_ROUNDS:=40}"

teardown() {
	[ -z "${victim:-}" ] || kill -KILL "$victim" 2>/dev/null || :
	[ -z "${holder:-}" ] || kill -KILL "$holder" 2>/dev/null || :
	mountpoint -q "$T/store" && umount -l "$T/store/over" 2>/dev/null
	berth rm -f -a >/dev/null 2>&1
	! mountpoint -q "$T/store" || umount -l "$T/store"
	berth_teardown
}

cli() {
	timeout --foreground -k 1 60 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" "$@" 3>&-
}

up() { # NAME [OPTION...] -- COMMAND...
	local name=$1 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	cli run -d --network none --name "$name" ${options[@]+"${options[@]}"} busybox "${@:2}" >/dev/null
}

field() { # NAME FIELD: of State
	berth inspect -f "{{.State.$2}}" "$1"
}

logged() { # NAME TEXT
	berth logs "$1" 2>&1 | grep -qxF -- "$2"
}

bounded() { # SECONDS ARG...
	local limit=$1 before=$SECONDS
	shift
	split cli "$@"
	[ $((SECONDS - before)) -le "$limit" ] || {
		echo "$*: $((SECONDS - before)) seconds"
		return 1
	}
}

limits() {
	[ "$(persona)" = root ] || cannot "set a limit without a delegated cgroup"
}

nothing_left() {
	[ -z "$(find "$ROOT/containers" "$RUNROOT/containers" "$ROOT"/scratch/{upper,work,logs,volumes} \
		"$ROOT/container-names" "$RUNROOT/container-names" -mindepth 1 -maxdepth 1 2>/dev/null)" ]
}

# Who has no parent any more may wait for its last one.
is_dead() { # PID
	! grep -qs "^State:[[:space:]]*[^ZX[:space:]]" "/proc/$1/status"
}

# --- a number that is somebody else's -----------------------------------------------------------

# A process of ours that says which signals it gets.
start_victim() {
	python3 -c 'import signal, time
for s in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}: signal.signal(s, lambda n, f: print("signal", n, flush=True))
print("ready", flush=True)
while True: time.sleep(0.2)' >victim 3>&- &
	victim=$!
	eventually 10 grep -q ready victim
}

untouched() {
	[ "$(cat victim)" = ready ] && grep -q "^State:[[:space:]]*S" "/proc/$victim/status"
}

# Its state says another pid, with the start time that its own process had.
forge() { # NAME
	python3 -c 'import json, sys
path, pid = sys.argv[1:]
state = json.load(open(path))
state["pid"] = int(pid)
json.dump(state, open(path, "w"))' "$ROOT/containers/$(berth inspect -f '{{.Id}}' "$1")/state.json" "$victim"
}

@test "a pid that is another process's by now: no verb touches that one" {
	need python3
	start_victim
	local verbs=('kill' 'kill -s USR1' 'stop -t 1' 'rm -f' 'exec' 'top' 'pause' 'commit' 'cp') i first=()
	for i in ${!verbs[@]}; do
		up "c$i" -- sleep 100
		first+=("$(field "c$i" Pid)")
		forge "c$i"
	done
	for i in ${!verbs[@]}; do
		case ${verbs[i]} in
		exec) cli exec "c$i" true ;;
		cp) cli cp "c$i:/etc/passwd" "$T/passwd" ;;
		*) cli ${verbs[i]} "c$i" ;;
		esac >"said.$i" 2>&1 </dev/null &
		pids[i]=$!
	done
	# Those who wait for the end of what they may not kill give up.
	for i in ${!verbs[@]}; do
		wait "${pids[i]}" || :
	done
	untouched || { cat victim said.*; return 1; }
	# It is the monitor's still, whatever the file says.
	for i in ${!verbs[@]}; do
		kill -KILL "$(awk '/^PPid:/ { print $2 }' "/proc/${first[i]}/status" 2>/dev/null)" 2>/dev/null || :
		eventually 10 is_dead "${first[i]}"
	done
	cli rm -f -a >/dev/null
	nothing_left
	untouched
}

@test "the same where pids wrap: a number is used again" {
	only root
	[ -e /proc/sys/kernel/pid_max ]
	local said
	said=$(timeout 60 unshare --pid --fork --mount-proc bash -c '
		echo 400 >/proc/sys/kernel/pid_max 2>/dev/null && [ "$(cat /proc/sys/kernel/pid_max)" = 400 ] || { echo wide; exit; }
		# The first 300 are given once only.
		for i in $(seq 300); do (:); done
		"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run -d --network none --name c busybox sleep 100 >/dev/null
		first=$("$BERTH" --root "$ROOT" --runroot "$RUNROOT" inspect -f "{{.State.Pid}}" c)
		kill -KILL "$(awk "/^PPid:/ { print \$2 }" /proc/$first/status)"
		until [ ! -e /proc/$first ]; do sleep 0.05; done
		for i in $(seq 3000); do
			sleep 50 & other=$!
			[ $other != "$first" ] || break
			kill -KILL $other; wait $other 2>/dev/null
		done
		[ $other = "$first" ] || { echo "never again"; exit; }
		for verb in "kill" "stop -t 1" "exec" "top" "rm -f"; do
			"$BERTH" --root "$ROOT" --runroot "$RUNROOT" $verb c $([ "$verb" != exec ] || echo true) >/dev/null 2>&1
			kill -0 $other || { echo "$verb ended it"; exit; }
		done
		echo unharmed' 3>&-)
	[ "$said" != wide ] || skip "only: where a pid namespace has a limit of its own"
	[ "$said" = unharmed ] || { echo "$said"; return 1; }
}

# --- clocks -------------------------------------------------------------------------------------

@test "a wall clock that jumps by hours: timeouts and waits hold" {
	need cc python3
	cat >clock.c <<-'EOF'
		#include <sys/syscall.h>
		#include <sys/time.h>
		#include <time.h>
		#include <unistd.h>
		static long jump(void) { static const long by[] = { 0, 7200, -7200, 90000, -5 }; static unsigned n; return by[n++ % 5]; }
		int clock_gettime(clockid_t id, struct timespec *ts)
		{ long rc = syscall(SYS_clock_gettime, id, ts); if (rc == 0 && id == CLOCK_REALTIME) ts->tv_sec += jump(); return rc; }
		time_t time(time_t *t) { struct timespec ts; clock_gettime(CLOCK_REALTIME, &ts); if (t) *t = ts.tv_sec; return ts.tv_sec; }
		int gettimeofday(struct timeval *tv, void *z)
		{ struct timespec ts; clock_gettime(CLOCK_REALTIME, &ts); tv->tv_sec = ts.tv_sec; tv->tv_usec = ts.tv_nsec / 1000; return 0; }
	EOF
	cc -shared -fPIC -O1 -o clock.so clock.c
	chmod 755 clock.so
	export LD_PRELOAD=$T/clock.so
	local before=$SECONDS
	bounded 20 run --rm --network none --timeout 2 busybox sleep 50
	[ "$status" = 137 ] && [ $((SECONDS - before)) -ge 1 ]
	up c -- sh -c 'trap "" TERM; echo ready; while :; do sleep 0.05; done'
	eventually 10 logged c ready
	bounded 20 stop -t 1 c
	want 0
	in_state c "Exited (137)"
	bounded 20 start c
	(sleep 1; cli kill c >/dev/null) &
	bounded 20 wait c
	[ "$output" = 137 ]
	wait
	bounded 20 restart -t 0 c
	want 0
	in_state c Up
	lacks -
	bounded 20 logs --tail 1 c
	want 0
	bounded 20 rm -f c
	up d --restart on-failure:2 -- false
	eventually 20 in_state d "Exited (1)"
	unset LD_PRELOAD
}

# --- disks --------------------------------------------------------------------------------------

small_store() { # SIZE
	mkdir -p "$T/store"
	mount -t tmpfs -o "size=$1,mode=755" berth-test "$T/store"
	ROOT=$T/store/root
	busybox
}

@test "the disk of the store is full: the payload goes on, its end is recorded, its log is whole" {
	only root
	need python3
	small_store 10m
	# Their flags are in a memory of their own.
	up c -- sh -c 'trap "exit 5" TERM; cd /dev/shm; i=0; until [ -e enough ]; do i=$((i + 1)); echo "line $i"; echo $i >n; done; echo last
		while :; do sleep 0.05; done'
	up d -- sh -c 'until [ -e /dev/shm/go ]; do sleep 0.05; done; exit 6'
	local shm other n
	shm=/proc/$(field c Pid)/root/dev/shm other=/proc/$(field d Pid)/root/dev/shm
	eventually 10 logged c "line 100"
	cat /dev/zero >"$T/store/fill" 2>/dev/null || :
	n=$(berth logs c | wc -l)
	eventually 60 eval '[ "0$(cat "$shm/n")" -gt $((n + 4000)) ]'
	split cli create --network none --name n busybox true
	want 125
	err_has "No space left on device"
	gone n
	split cli logs c
	want 0
	[ "$(head -1 <<<"$output")" = "line 1" ]
	touch "$other/go"
	eventually 20 in_state d "Exited (6)"
	rm "$T/store/fill"
	touch "$shm/enough"
	eventually 20 logged c last
	n=$(cat "$shm/n")
	cli stop c
	in_state c "Exited (5)"
	split cli logs c
	want 0
	python3 -c 'import json, sys; [json.loads(l) for l in open(sys.argv[1])]' "$ROOT/containers/$(berth inspect -f '{{.Id}}' c)/log"
	# What is there and what is said to be missing is all of it.
	[ $(($(grep ^line "$T/.stdout" | wc -c) + $(awk '/bytes of output are missing/ { n += $2 } END { print n + 0 }' <<<"$stderr"))) = \
		"$(seq -f "line %.0f" "$n" | wc -c)" ]
	err_has "bytes of output are missing here: No space left on device"
	cli rm c d
	nothing_left
}

@test "a store that is read-only: what only looks works, all else says so with 125, and nothing is half done" {
	only root
	mkdir -p "$T/store"
	mount --bind "$T/store" "$T/store"
	ROOT=$T/store/root
	busybox
	berth run --network none --name ended busybox echo text
	berth create --network none --name made busybox true >/dev/null
	up c -- sh -c 'trap "exit 5" TERM; echo ready; while :; do sleep 0.05; done'
	echo data >data
	local before words
	before=$(find "$ROOT" "$RUNROOT/container-names" | sort)
	mount --bind "$T/store" "$T/store"
	mount -o remount,bind,ro "$T/store"
	for words in 'ps -a' 'images' 'inspect ended' 'logs c' 'top c' 'exec c true' 'diff c' 'port c' 'kill -s WINCH c'; do
		bounded 20 $words
		[ "$status" = 0 ] || { echo "$words"; want 0; }
	done
	for words in 'run --rm --network none busybox true' 'run --network none --name n busybox true' \
		'run -d --network none --name n busybox true' 'create --name n busybox' 'start made' 'start ended' 'restart -t 0 c' \
		'rename ended other' 'commit c made' 'tag busybox b' 'rmi busybox' 'rm ended' 'rm made' 'container prune -f'; do
		bounded 20 $words
		[ "$status" = 125 ] || { echo "$words"; want 125; }
		err_has "Read-only file system"
	done
	umount "$T/store"
	diff <(echo "$before") <(find "$ROOT" "$RUNROOT/container-names" | sort)
	in_state c Up
	berth start made >/dev/null
	berth rm -f c made ended
	nothing_left
}

# --- payloads -----------------------------------------------------------------------------------

@test "a fork bomb below --pids-limit: it is stopped, and removed by force" {
	limits
	need cc
	echo 'int main(void) { signal(15, (void *)1); for (;;) fork(); }' | cc -w -static -x c -include signal.h -include unistd.h -o bomb -
	chmod 755 bomb
	local how
	for how in 'stop -t 1' 'rm -f'; do
		up c --pids-limit 60 -v "$T/bomb:/bomb:ro" -- /bomb
		eventually 20 eval '[ "$(berth top c -o pid 2>/dev/null | wc -l)" -gt 50 ]'
		bounded 20 exec c true
		bounded 20 $how c
		want 0
		berth rm -f c >/dev/null 2>&1 || :
	done
	gone c
	nothing_left
}

@test "lack of memory is said to be the reason, with the limit and the peak" {
	limits
	[ -d /sys/fs/cgroup/memory ] || grep -q memory /sys/fs/cgroup/cgroup.controllers || cannot "no memory controller in this cgroup hierarchy"
	local hog='x=$(head -c 100m /dev/zero | tr "\0" x); echo survived'
	split cli run --rm --network none -m 16m busybox sh -c "$hog"
	[ "$status" != 0 ]
	err_has "memory limit 16"
	err_has "peak "
	up c -m 16m -- sh -c "$hog"
	eventually 20 in_state c Exited
	[ "$(field c OOMKilled)" = true ]
	up d -m 16m -- sh -c 'kill -KILL $$; exit 9'
	eventually 20 in_state d Exited
	[ "$(field d OOMKilled)" = false ]
}

@test "a payload that closes its standard streams" {
	local closed='exec 0<&- 1>&- 2>&-; sleep 0.5; exit 4'
	bounded 20 run --rm --network none busybox sh -c "$closed"
	want 4
	bounded 20 run --rm -t --network none busybox sh -c "$closed"
	want 4
	for how in "" -t; do
		up c $how -- sh -c "echo text; $closed"
		in_state c Up
		bounded 20 wait c
		[ "$output" = 4 ]
		[ "$(berth logs c | tr -d '\r')" = text ]
		berth rm c
	done
}

@test "an attached reader that stops reading: the payload goes on, and the log is whole" {
	up c -- sh -c 'until [ -e /go ]; do sleep 0.05; done; seq 100000; exit 6'
	mkfifo pipe
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" attach c >pipe 2>/dev/null 3>&- &
	local reader=$!
	exec 9<pipe
	eventually 10 grep -qE "^SigBlk:.*[1-9a-f]" "/proc/$reader/status"
	touch "/proc/$(field c Pid)/root/go"
	eventually 30 in_state c "Exited (6)"
	diff <(seq 100000) <(berth logs c)
	exec 9<&-
	wait $reader || :
}

# --- at once ------------------------------------------------------------------------------------

@test "rm -f in any phase of a start" {
	local round starter code
	for ((round = 0; round < BERTH_TEST_ROUNDS; round++)); do
		berth create --network none --name c busybox sleep 100 >/dev/null
		berth start c >/dev/null 2>said 3>&- &
		starter=$!
		read -r -t "0.0$(printf %03d $((RANDOM % 250)))" <> <(:) || :
		split cli rm -f c
		# A start that came after it has nothing to start.
		[ "$status" = 0 ] || { echo "round $round"; want 0; }
		code=0
		wait $starter || code=$?
		case $code in
		0 | 125) ;;
		*) echo "round $round: start: $code: $(cat said)"; return 1 ;;
		esac
		[ -z "$(berth ps -aq)" ] || { echo "round $round: $(berth ps -a)"; return 1; }
	done
	eventually 10 nothing_left
}

@test "rm -f in any phase of run -d --rm, and of run -d with the name again" {
	local round starter
	for ((round = 0; round < BERTH_TEST_ROUNDS; round++)); do
		berth run -d --rm --network none --name c busybox sleep 100 >/dev/null 2>&1 3>&- &
		starter=$!
		read -r -t "0.0$(printf %03d $((RANDOM % 250)))" <> <(:) || :
		cli rm -f c >/dev/null 2>&1 || :
		wait $starter || :
		cli rm -f c >/dev/null 2>&1 || :
		split cli run -d --network none --name c busybox sleep 100
		[ "$status" = 0 ] || { echo "round $round"; want 0; }
		cli rm -f c >/dev/null
		[ -z "$(berth ps -aq)" ] || { echo "round $round: $(berth ps -a)"; return 1; }
	done
	eventually 10 nothing_left
}

@test "many at once: started, listed, entered, stopped, removed" {
	local i n=$BERTH_TEST_CONTAINERS all before=$SECONDS
	for ((i = 0; i < n; i++)); do
		berth run -d --network none --name "c$i" busybox sh -c 'trap "exit 3" TERM; sleep 1000 & wait' >/dev/null 3>&- &
		[ $((i % 8)) != 7 ] || wait
	done
	wait
	[ "$(berth ps -q | wc -l)" = "$n" ]
	for ((i = 0; i < n; i++)); do
		[ "$(berth exec "c$i" hostname)" = "$(berth inspect -f '{{.Config.Hostname}}' "c$i")" ]
	done
	all=$(berth ps -q)
	berth stop -t 30 $all >/dev/null
	[ -z "$(berth ps -q)" ]
	[ "$(berth ps -a --filter status=exited --format '{{.Status}}' | grep -c '^Exited (3)')" = "$n" ]
	berth rm $all >/dev/null
	nothing_left
	echo "$n containers: $((SECONDS - before)) seconds" >&3
}
