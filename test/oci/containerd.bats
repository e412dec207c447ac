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
	each eval 'on_terminal $E/inside ctr run --rm -t --runc-binary "$(program)" --runc-root "$E/ctr-$RUNTIME" --cgroup \
		"$ENGINE_CGROUP/$N" $busybox $N sh -c "echo ready; exec sh"'
	has "status 9"
	each eval 'up -- sleep 1000; on_terminal $E/inside ctr task exec -t --exec-id e $N sh -c "echo ready; exec sh"'
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

# containerd as a Kubernetes node has it, with a RuntimeClass whose handler is "berth". The program of the sandbox waits.
cri_up() {
	cat >"$E/cri.toml" <<-EOT
		version = 2
		root = "$E/cri/root"
		state = "$E/cri/state"
		[grpc]
		  address = "$E/cri.sock"
		[plugins."io.containerd.internal.v1.opt"]
		  path = "$E/cri/opt"
		[plugins."io.containerd.grpc.v1.cri"]
		  sandbox_image = "localhost/waits:latest"
		  restrict_oom_score_adj = true
		  stream_server_port = "0"
		  [plugins."io.containerd.grpc.v1.cri".cni]
		    bin_dir = "$E/none"
		    conf_dir = "$E/none"
		  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
		    runtime_type = "io.containerd.runc.v2"
		  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.berth]
		    runtime_type = "io.containerd.runc.v2"
		    options = { BinaryName = "$E/berth-oci" }
	EOT
	mkdir -p "$E/cri"
	inside sh -c 'echo $$ >"$E/cri.pid" && exec containerd --config "$E/cri.toml"' >"$E/cri.log" 2>&1 </dev/null 3>&- &
	eventually 60 test -S "$E/cri.sock"
	cp -r "$(image busybox.oci)" waits
	umoci config --image waits:latest --config.entrypoint sleep --config.cmd 1000000
	skopeo --insecure-policy copy -q oci:waits:latest docker-archive:waits.tar:localhost/waits:latest
	ctr -a "$E/cri.sock" -n k8s.io image import waits.tar >/dev/null
	ctr -a "$E/cri.sock" -n k8s.io image import "$(image busybox.docker.tar)" >/dev/null
	# Its own eyes on the images are a moment late.
	eventually 20 eval 'ctr -a $E/cri.sock -n k8s.io image ls -q | grep -q sha256' || { ctr -a $E/cri.sock -n k8s.io image ls; tail -5 $E/cri.log; return 1; }
}

cri_down() {
	inside kill -TERM "$(cat "$E/cri.pid")"
	eventually 60 eval '! inside kill -0 "$(cat "$E/cri.pid")" 2>/dev/null'
}

cri() {
	"$helper/cri" "$E/cri.sock" "$@"
}

podded() {
	local runtime=$RUNTIME sandbox pod id
	# Metadata, the host's network, the cgroup.
	sandbox="[(1, [(1, '$N'), (2, 'uid-$N'), (3, 'default')]), (3, '$T'),
		(8, [(1, '$ENGINE_CGROUP'), (2, [(1, [(1, 2)])])])]"
	pod=$(cri RunPodSandbox "[(1, $sandbox), (2, '$runtime')]" | jq -r '."1"[0]')
	[ -n "$pod" ] || exit 1
	id=$(cri CreateContainer "[(1, '$pod'), (2, [(1, [(1, 'c')]), (2, [(1, 'docker.io/library/busybox:latest')]), (3, 'sh'), (3, '-c'),
		(3, 'echo it prints; exec sleep 1000'), (11, '$N.log')]), (3, $sandbox)]" | jq -r '."1"[0]')
	[ -n "$id" ] || exit 1
	cri StartContainer "[(1, '$id')]"
	until_so 30 grep -q "it prints" "$T/$N.log"
	cut -d' ' -f2- "$T/$N.log"
	cri ExecSync "[(1, '$id'), (2, 'sh'), (2, '-c'), (2, 'id; hostname | wc -l; grep -c . /etc/hosts; exit 5')]"
	cri ExecSync "[(1, '$id'), (2, '/nosuch')]" >/dev/null 2>&1
	echo "status $?"
	cri ContainerStats "[(1, '$id')]" >/dev/null && echo it is counted
	cri UpdateContainerResources "[(1, '$id'), (2, [(4, 67108864)])]" && echo it is changed
	cri StopContainer "[(1, '$id'), (2, 0)]"
	cri RemoveContainer "[(1, '$id')]"
	cri StopPodSandbox "[(1, '$pod')]"
	cri RemovePodSandbox "[(1, '$pod')]"
	inside ls "$E/cri/state/io.containerd.runtime.v2.task/k8s.io" | wc -l
}

@test "a pod of Kubernetes' interface, by the handler of a RuntimeClass" {
	cri_up
	each podded || { tail -20 "$E/cri.log"; cri_down; return 1; }
	cri_down
	has "it prints"
	has uid=0
	has '"3": [5]'
	has "it is counted"
}
