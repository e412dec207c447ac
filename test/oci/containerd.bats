# SPDX-License-Identifier: LGPL-2.1-or-later
# containerd by itself: its shim for runc with berth-oci as the program, and what Kubernetes asks of it.
load ../helper/berth
load ../helper/engine

setup_file() {
	only root
	engine_up
	ctr image import "$(image busybox.docker.tar)" >/dev/null
}

teardown_file() {
	engine_down
}

setup() {
	only root
	berth_setup
	busybox=docker.io/library/busybox:latest
}

teardown() {
	local rc=0
	[ -n "${T:-}" ] || return 0
	remove_all || rc=1
	engine_is_clean || rc=1
	berth_teardown || rc=1
	return $rc
}

remove_all() {
	local id
	for id in $(ctr task ls -q); do
		ctr task rm -f "$id" >/dev/null || return
	done
	for id in $(ctr container ls -q); do
		ctr container rm "$id" || return
	done
}

program() {
	[ "$RUNTIME" = runc ] && echo runc || echo "$E/berth-oci"
}

crun() { # OPTION... -- COMMAND...: ctr run
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	ctr run --runtime io.containerd.runc.v2 --runc-binary "$(program)" --runc-root "$E/ctr-$RUNTIME" \
		--cgroup "$ENGINE_CGROUP/$N" "${options[@]}" "$busybox" "$N" "$@"
}

up() { # OPTION... -- COMMAND...
	crun -d "$@"
}

task_is() { # STATUS
	[ "$(ctr task ls | awk -v n="$N" '$1 == n { print $3 }')" = "$1" ]
}

pid() {
	ctr task ls | awk -v n="$N" '$1 == n { print $2 }'
}

ran() {
	crun --rm -- sh -c 'echo out; echo err >&2; exit 42' 2>"$T/err"
	echo "status $?"
	sed 's/^/err: /' "$T/err"
	echo text | crun --rm -- head -n 1
	crun --rm --env A=b --cwd /tmp --read-only --cap-drop CAP_CHOWN --cap-add CAP_SYS_TIME --seccomp \
		--mount "type=bind,src=$T/dir,dst=/data,options=rbind:ro" --annotation org.example.a=b -- sh -c '
		pwd; echo $A; touch /x /data/x 2>&1; cat /data/file; id; hostname; env | sort
		grep -E "^(Cap|NoNewPrivs|Seccomp:)" /proc/self/status
		awk "{ print \$5, \$6 }" /proc/self/mountinfo | grep -vE "^/(sys|proc/)" | sort; exec ls /proc/self/fd' 2>&1
	for words in /nosuch nosuch /etc/passwd; do
		crun --rm -- $words 2>"$T/err"
		echo "status of $words: $?"
		grep -oE 'no such file or directory|executable file not found|permission denied' "$T/err" | head -1
		remove_all
	done
}

@test "run: streams, statuses, options" {
	mkdir dir
	echo data >dir/file
	each ran
	has "status 42"
	has "err: err"
	has "NoNewPrivs:	1"
}

@test "run -t and task exec -t: terminals" {
	script='expect("ready"); type("tty; exit 9\n"); expect("/dev/pts/0"); print("status", status())'
	on_terminal() {
		timeout -k 1 60 "$helper/terminal" "$script" "$@"
	}
	each eval 'on_terminal /usr/bin/ctr run --rm -t --runc-binary "$(program)" --runc-root "$E/ctr-$RUNTIME" --cgroup \
		"$ENGINE_CGROUP/$N" $busybox $N sh -c "echo ready; exec sh"'
	has "status 9"
	each eval 'up -- sleep 1000; on_terminal /usr/bin/ctr task exec -t --exec-id e $N sh -c "echo ready; exec sh"'
	has "status 9"
}

limits() { # what the cgroup has
	local file
	for file in "$ENGINE_CGROUP/$N"/{memory.max,cpu.max} {memory,cpu}"$ENGINE_CGROUP/$N"/{memory.limit_in_bytes,cpu.cfs_quota_us}; do
		[ ! -e "/sys/fs/cgroup/$file" ] || cat "/sys/fs/cgroup/$file"
	done
}

tasks() {
	up --memory-limit 50331648 --cpus 0.5 -- sh -c 'trap "exit 3" TERM; trap "echo x >/tmp/usr1" USR1; echo x >/tmp/up; while :; do sleep 0.05; done'
	until_so 30 ctr task exec --exec-id a "$N" test -s /tmp/up
	task_is RUNNING && echo it runs
	limits
	ctr task exec --exec-id b "$N" sh -c 'echo out; echo err >&2; id; exit 6' 2>"$T/err"
	echo "status $?"
	sed 's/^/err: /' "$T/err"
	echo text | ctr task exec --exec-id c "$N" head -n 1
	ctr task exec --exec-id d --cwd /tmp --user 1000:44 "$N" sh -c 'pwd; id -u; id -g; echo $A'
	ctr task exec --exec-id e "$N" /nosuch 2>/dev/null
	echo "status $?"
	ctr task ps "$N" | awk 'NR > 1' | wc -l
	ctr task pause "$N" && task_is PAUSED && echo it is paused
	ctr task exec --exec-id f "$N" true 2>/dev/null
	echo "status $?"
	ctr task resume "$N" && task_is RUNNING && echo it runs again
	ctr task kill -s USR1 "$N"
	until_so 30 ctr task exec --exec-id g "$N" test -s /tmp/usr1
	ctr task metrics "$N" | awk '/^(pids|memory.usage_in_bytes|cpu)/ { print $1, $2 > 0 }'
	ctr task checkpoint --image-path "$T/checkpoint" "$N" >/dev/null 2>&1
	echo "status $?"
	task_is RUNNING && echo it runs still
	ctr task rm "$N" 2>/dev/null
	echo "status $?"
	ctr task kill "$N"
	until_so 30 task_is STOPPED
	ctr task exec --exec-id h "$N" true 2>/dev/null
	echo "status $?"
	ctr task rm "$N" 2>/dev/null
	echo "status $?"
	# The same container once more, without a trap: killed by force.
	ctr task start -d "$N"
	task_is RUNNING && echo it runs once more
	ctr task kill -s KILL -a "$N"
	until_so 30 task_is STOPPED
	ctr task rm "$N" 2>/dev/null
	echo "status $?"
	ctr container rm "$N"
}

@test "task: exec, ps, pause, resume, kill, metrics, checkpoint, rm, start" {
	each tasks
	has "it is paused"
	has "it runs once more"
	has 50331648
	has "status 6"
}

shared() {
	local first
	up --cap-add CAP_SYS_ADMIN -- sh -c 'hostname first; exec sleep 1000'
	first=$(pid)
	until_so 30 eval '[ "$(ctr task exec --exec-id a $N hostname)" = first ]'
	ctr run --rm --runc-binary "$(program)" --runc-root "$E/ctr-$RUNTIME" --cgroup "$ENGINE_CGROUP/$N-b" \
		--with-ns "network:/proc/$first/ns/net" --with-ns "ipc:/proc/$first/ns/ipc" --with-ns "uts:/proc/$first/ns/uts" \
		--with-ns "pid:/proc/$first/ns/pid" $busybox "$N-b" sh -c 'hostname; ps -o pid,args | grep -v ps | head -2'
}

@test "namespaces of another container: what a pod is" {
	each shared
	has first
	has "sleep 1000"
}

died() {
	local shim
	up -- sleep 1000
	shim=$(inside ps -o ppid= -p "$(pid)" | tr -d ' ')
	inside kill -KILL "$shim"
	until_so 30 eval '! ctr task ls -q | grep -qx $N'
	ctr container rm "$N"
	until_so 30 engine_is_clean >/dev/null && echo nothing stays
}

@test "a task whose shim dies leaves nothing" {
	each died
	has "nothing stays"
}

# The way of a Kubernetes node: a RuntimeClass whose handler is "berth".
@test "the configuration of a RuntimeClass is what containerd reads" {
	cat >config.toml <<-EOT
		version = 2
		root = "$T/root"
		state = "$T/state"
		[grpc]
		  address = "$T/sock"
		[plugins."io.containerd.internal.v1.opt"]
		  path = "$T/opt"
		[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.berth]
		  runtime_type = "io.containerd.runc.v2"
		  options = { BinaryName = "$E/berth-oci" }
	EOT
	containerd --config config.toml config dump >dump
	grep -A 40 'runtimes.berth\]' dump | grep -q 'runtime_type = "io.containerd.runc.v2"'
	grep -A 3 'runtimes.berth.options\]' dump | grep -q "BinaryName = \"$E/berth-oci\""
}
