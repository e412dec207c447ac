# SPDX-License-Identifier: LGPL-2.1-or-later
# dockerd with berth as a runtime beside runc: what docker's user sees is the same with both.
load ../helper/berth
load ../helper/engine

setup_file() {
	only root
	export DOCKERD_JSON='"live-restore": true'
	engine_up
	dockerd_up
	docker load -q -i "$(image busybox.docker.tar)"
	docker load -q -i "$(image config.docker.tar)"
}

teardown_file() {
	engine_down
}

setup() {
	only root
	berth_setup
}

teardown() {
	engine_teardown
}

# A container that ends with what `run` gives it, and one that stays.
drun() {
	docker run --rm --runtime "$RUNTIME" --network none "$@"
}

up() {
	docker run -d --runtime "$RUNTIME" --network none --name "$N" "$@" >/dev/null
}

field() { # FIELD [NAME]
	docker inspect -f "{{$1}}" "${2:-$N}"
}

field_is() { # FIELD VALUE
	[ "$(field "$1")" = "$2" ]
}

@test "info shows the runtime, and a container has it" {
	[ "$(docker info -f '{{(index .Runtimes "berth").Path}}')" = "$E/berth-oci" ]
	docker run -d --runtime berth --network none --name it busybox sleep 1000 >/dev/null
	[ "$(field .HostConfig.Runtime it)" = berth ]
	docker rm -f it
	# It is really that program which runs it.
	mv "$E/berth-oci" "$E/away"
	split docker run --rm --runtime berth --network none busybox true
	mv "$E/away" "$E/berth-oci"
	[ "$status" != 0 ]
	err_has "$E/berth-oci"
}

streams() {
	drun busybox sh -c 'echo out; echo err >&2; exit 42' 2>"$T/err"
	echo "status $?"
	sed 's/^/err: /' "$T/err"
	printf 'one\0two' | drun -i busybox cat | od -c
	echo text | drun busybox cat
	head -c 3000000 /dev/zero | drun -i busybox wc -c
	drun busybox head -c 3000000 /dev/zero | wc -c
}

@test "run: streams and exit statuses" {
	each streams
	has "status 42"
	has "err: err"
	has 3000000
	lacks text
}

no_program() {
	local words
	for words in /nosuch nosuch "-w /nosuch/dir true" /etc/passwd /etc "-u nosuch true" "--entrypoint /etc/passwd true"; do
		case $words in -*) set -- ${words% *} busybox ${words##* } ;; *) set -- busybox $words ;; esac
		drun "$@" 2>"$T/err"
		echo "status of $words: $?"
		# The reason is in the words.
		grep -oE 'no such file or directory|executable file not found|permission denied|unable to find user nosuch' "$T/err" |
			head -1
	done
}

@test "run: what cannot be started is told with docker's statuses" {
	each no_program
	has "status of /nosuch: 127"
	has "status of nosuch: 127"
	has "status of /etc/passwd: 126"
	has "status of -u nosuch true: 125"
	# What the runtime refuses is 125 with its reason, and the container can be removed.
	split docker run --runtime berth --network none --name it --ulimit nofile=2000000000:2000000000 busybox true
	[ "$status" = 125 ] || [ "$status" = 126 ]
	err_has "rlimit"
	[ "$(field .State.Status it)" = created ]
	docker rm it
}

typed() {
	local script
	script=$(
		cat <<-'PY'
		size(33, 77)
		expect("ready")
		type("stty size\n")
		expect("stty size")
		type("test -t 0 && test -t 1 && test -t 2 && echo all-$((40 + 2))\n")
		print("terminals", "all-42" in expect("all-42") or "all-42")
		type("while [ \"$(stty size)\" != '33 77' ]; do sleep 0.1; done; echo size-$((40 + 2))\n")
		expect("size-42")
		type("tty; exit 9\n")
		expect("/dev/pts/0")
		print("status", status())
		PY
	)
	timeout -k 1 60 "$helper/terminal" "$script" "$@"
}

@test "run -it: a terminal with a size" {
	each eval 'typed /usr/bin/docker run --rm -it --runtime $RUNTIME --network none busybox sh -c "echo ready; exec sh"'
	has "status 9"
}

@test "exec -it: a terminal with a size" {
	each eval 'up busybox sleep 1000 && typed /usr/bin/docker exec -it $N sh -c "echo ready; exec sh"'
	has "status 9"
}

background() {
	up busybox sh -c 'trap "echo got TERM; exit 3" TERM; trap "echo got USR1" USR1; echo started; echo more >&2
		while :; do sleep 0.05; done'
	until_so 30 eval 'docker logs $N 2>/dev/null | grep -q started'
	field .State.Status
	docker kill -s USR1 "$N"
	until_so 30 eval 'docker logs $N 2>/dev/null | grep -q USR1'
	docker stop -t 20 "$N"
	field '.State.Status}} {{.State.ExitCode'
	docker logs "$N" 2>"$T/err"
	sed 's/^/err: /' "$T/err"
	docker start "$N"
	until_so 30 eval '[ "$(docker logs $N 2>/dev/null | grep -c started)" = 2 ]'
	docker restart -t 20 "$N"
	until_so 30 eval '[ "$(docker logs $N 2>/dev/null | grep -c started)" = 3 ]'
	docker kill "$N"
	docker wait "$N"
	docker rm "$N"
	up busybox sh -c 'trap "" TERM; while :; do sleep 0.05; done'
	docker stop -t 1 "$N"
	field .State.ExitCode
	docker start "$N"
	docker rm -f "$N"
	docker inspect "$N" 2>&1 | tail -1
}

@test "run -d, logs, kill, stop, start, restart, wait, rm -f" {
	each background
	has "exited 3"
	has "got USR1"
	has "err: more"
	has 137
}

@test "attach" {
	each eval 'docker create -i --runtime $RUNTIME --network none --name $N busybox sh -c "read a; echo it is \$a; exit 4" >/dev/null
		echo word | docker start -a -i $N'
	has "it is word"
	has "status 4"
}

execs() {
	up -w /tmp -e A=first busybox sleep 1000
	docker exec "$N" sh -c 'echo out; echo err >&2; exit 7' 2>"$T/err"
	echo "status $?"
	sed 's/^/err: /' "$T/err"
	echo text | docker exec -i "$N" cat
	docker exec "$N" sh -c 'pwd; id; echo $A; grep -E "Cap|NoNewPrivs|Seccomp:" /proc/self/status; hostname | wc -c'
	docker exec -u app -w /home -e A=second "$N" sh -c 'pwd; id; echo $A; grep -E "Cap" /proc/self/status'
	docker exec -u 1234:29 "$N" id
	docker exec "$N" cat /proc/self/cgroup | grep -c "$(field .Id)"
	docker exec -d "$N" sh -c 'echo detached >/tmp/made'
	until_so 30 docker exec "$N" test -s /tmp/made
	docker exec "$N" sh -c 'kill -9 $$'
	echo "status $?"
	for words in /nosuch nosuch /etc/passwd; do
		docker exec "$N" $words >/dev/null 2>&1
		echo "status of $words: $?"
	done
	docker exec "$N" ps -o pid,args | grep -v ps
	docker stop -t 0 "$N" >/dev/null
	docker exec "$N" true 2>/dev/null
	echo "status $?"
}

@test "exec: user, environment, directory, streams, statuses" {
	each execs
	has "status 7"
	has second
	has "uid=1000(app)"
	has "status 137"
}

# What a container finds. Left out is what hides files, which each runtime has its own way for, and that the root of one that
# may make no nodes has none.
found() {
	drun "$@" busybox sh -c '
		id; pwd; env | grep -v HOSTNAME | sort; umask
		grep -E "^(Cap|NoNewPrivs|Seccomp:|Groups|Uid|Gid)" /proc/self/status
		cat /proc/self/oom_score_adj
		for l in "Max open files" "Max core file size" "Max processes"; do grep "$l" /proc/self/limits; done
		ls -lA /dev | sed "1d; s/[A-Z][a-z][a-z] *[0-9]* [0-9:]* / /" | sort
		for w in proc sys bus fs irq kcore keys timer_list sched_debug scsi asound acpi; do
			[ ! -d /proc/$w ] || { touch /proc/$w/x 2>/dev/null && echo writable; ls /proc/$w | wc -l | sed "s/^[1-9].*/some/"; }
		done
		cat /proc/kcore 2>/dev/null | wc -c
		awk "{ print \$5, \$6 }" /proc/self/mountinfo | grep -vE "^/proc/|^/etc/|^/sys/" |
			sed "s,^/ rw\,nodev,/ rw," | sort
		awk "\$5 ~ \"^/sys\" { sub(\".*- \", \"\", \$0); print \$1 }" /proc/self/mountinfo | sort
		ls /sys/fs/cgroup
		for n in cgroup ipc mnt net pid user uts; do [ -e /proc/self/ns/$n ] && echo $n; done
		cat /proc/sys/net/ipv4/ip_unprivileged_port_start; hostname; exec ls /proc/self/fd'
}

@test "run: what a container finds in it" {
	each found --hostname box
	has "NoNewPrivs:	0"
	has "Seccomp:	2"
	has "CapEff:	00000000a80425fb"
}

@test "run: options of confinement" {
	for options in "--hostname a --cap-drop all --user app" "--hostname b --cap-add SYS_ADMIN --security-opt no-new-privileges" \
		"--hostname c --security-opt seccomp=unconfined --pid host" "--ipc host --uts host" "--hostname d --cgroupns private"; do
		each found $options
		has "uid="
	done
}

# runc refuses where root has not all capabilities. The specification wants what there is.
@test "run and exec --privileged: whatever root has" {
	local rights=$((0x$(awk '/^CapBnd/ { print $2 }' /proc/self/status)))
	docker run -d --runtime berth --network none --name it --privileged busybox sleep 1000 >/dev/null
	docker run -d --runtime berth --network none --name other --cap-drop all busybox sleep 1000 >/dev/null
	for words in it "--privileged other"; do
		caps=$(docker exec $words sh -c 'grep -E "^Cap(Eff|Bnd)" /proc/self/status')
		[[ $caps =~ CapEff:.([0-9a-f]+) ]]
		# Later capabilities than the first 38 this docker does not know of.
		[ $((0x${BASH_REMATCH[1]} & 0x3fffffffff)) = $((rights & 0x3fffffffff)) ]
	done
	docker exec it sh -c 'mount -t tmpfs tmpfs /opt && touch /opt/x && test -c /dev/null && test -w /proc/sys/kernel/hostname'
	[ "$(docker exec it sh -c 'grep Seccomp: /proc/self/status | tr -dc 0-9')" = 0 ]
	[ "$(docker exec it ls /dev | wc -l)" -ge "$(inside ls /dev | wc -l)" ]
}

# Older ones of runc allow /dev/net/tun to everybody.
resources() {
	local ended
	drun -m 64m --memory-reservation 32m --pids-limit 77 --cpus 0.5 --cpu-shares 512 --cpuset-cpus 0 --shm-size 3m \
		--ulimit nofile=500:600 --sysctl net.ipv4.ip_forward=1 --oom-score-adj 200 --tmpfs /scratch:size=1m,mode=700 \
		--device /dev/null:/dev/mine:r -v "$T/dir:/data:ro" --read-only --group-add 29 --init busybox sh -c '
		cat /proc/sys/net/ipv4/ip_forward /proc/self/oom_score_adj; ulimit -n; ulimit -Hn
		df -k /dev/shm /scratch | sed 1d | while read -r a size b; do echo "size $size"; done; stat -c "%a" /scratch
		cat /data/file; touch /data/x /x 2>&1; touch /scratch/x && echo can; ls -l /dev/mine | cut -c1-10
		id -G; ps -o pid,args | head -2 | tail -1; echo x 2>/dev/null >/dev/mine || echo not written
		cd /sys/fs/cgroup; for f in memory.max memory.low pids.max cpu.max cpu.weight cpuset.cpus \
			memory/memory.limit_in_bytes memory/memory.soft_limit_in_bytes pids/pids.max cpu/cpu.cfs_quota_us cpu/cpu.shares \
			cpuset/cpuset.cpus devices/devices.list; do [ ! -e $f ] || { echo $f; sort $f | grep -vx "c 10:200 rwm"; }; done'
	drun --pids-limit 10 busybox sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1 & done 2>&1; wait' 2>&1 | grep -ci "fork"
	# dockerd learns of the lack of memory and of the end in either order, and only the first says so.
	for _ in 1 2 3 4 5 6 7 8; do
		docker rm -f "$N" >/dev/null 2>&1
		ended=0
		docker run --runtime "$RUNTIME" --network none --name "$N" -m 16m busybox \
			sh -c 'x=$(head -c 100m /dev/zero | tr "\0" x)' >/dev/null 2>&1 || ended=$?
		[ "$(field .State.OOMKilled)" != true ] || break
	done
	echo "status $ended"
	field .State.OOMKilled
}

@test "run: limits, mounts, devices, --init, --read-only" {
	mkdir dir
	echo data >dir/file
	each resources
	has "size 3072"
	has docker-init
	has "not written"
	has 67108864
	has "true"
}

paused() {
	up busybox sh -c 'while :; do echo x >>/tmp/beat; sleep 0.02; done'
	until_so 30 docker exec "$N" test -s /tmp/beat
	docker pause "$N"
	field '.State.Status}} {{.State.Paused'
	local pid
	pid=$(field .State.Pid)
	inside awk '{ print $3 }' "/proc/$pid/stat" | sed 's/[SR]/runs/'
	docker exec "$N" true 2>/dev/null
	echo "status $?"
	docker pause "$N" >/dev/null 2>&1
	echo "status $?"
	docker unpause "$N"
	field .State.Status
	docker exec "$N" true
	echo "status $?"
	docker pause "$N"
	docker rm -f "$N"
}

@test "pause and unpause" {
	each paused
	has "paused true"
	has running
}

updated() {
	up -m 64m busybox sleep 1000
	docker update -m 48m --memory-swap -1 --pids-limit 44 --cpus 0.25 --cpu-shares 256 --cpuset-cpus 0 "$N"
	docker exec "$N" sh -c 'cd /sys/fs/cgroup; for f in memory.max pids.max cpu.max cpuset.cpus memory/memory.limit_in_bytes \
		memory/memory.memsw.limit_in_bytes pids/pids.max cpu/cpu.cfs_quota_us cpu/cpu.shares cpuset/cpuset.cpus; do
		[ ! -e $f ] || { echo $f; cat $f; }; done'
	docker update --cpuset-cpus 99 "$N" >/dev/null 2>&1
	echo "status $?"
	docker update --pids-limit -1 "$N"
	docker exec "$N" sh -c 'cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null'
}

@test "update" {
	each updated
	has 50331648
	has 44
}

watched() {
	up -m 64m busybox sh -c 'sleep 1000 & exec sleep 1001'
	until_so 30 eval 'docker top $N | grep -q "sleep 1000"'
	docker top "$N" | awk 'NR > 1 { print $1, $NF }' | sort
	docker top "$N" -o pid,args | awk 'NR > 1 { print $2, $3 }' | sort
	docker stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}} {{.MemPerc}}' "$N" |
		sed -E 's/ [1-9][0-9.]*[KM]iB/ SOME/; s/ [0-9.]*%/ PERCENT/'
}

@test "top and stats" {
	each watched
	has "NAME SOME / 64MiB 2 PERCENT"
}

healthy() {
	up --health-cmd 'test ! -e /tmp/ill' --health-interval 1s --health-retries 1 --health-timeout 20s busybox sleep 1000
	until_so 60 field_is .State.Health.Status healthy
	field .State.Health.Status
	docker exec "$N" touch /tmp/ill
	until_so 60 field_is .State.Health.Status unhealthy
	field '.State.Health.Status}} {{(index .State.Health.Log 0).ExitCode'
}

@test "a health check" {
	each healthy
	has "unhealthy 0"
}

restarted() {
	up --restart on-failure:2 busybox sh -c 'echo once; exit 5'
	until_so 60 field_is '.State.Status}} {{.RestartCount' "exited 2"
	field '.State.ExitCode}} {{.RestartCount'
	docker logs "$N"
	docker rm "$N"
	up --restart always busybox sh -c 'echo once; sleep 0.1'
	until_so 60 eval '[ "$(docker logs $N | wc -l)" -ge 3 ]'
	docker stop -t 0 "$N"
	field .State.Status
}

@test "restart policies" {
	each restarted
	has "5 2"
	has exited
}

networked() {
	docker network create "$N" >/dev/null
	docker run -d --runtime "$RUNTIME" --network "$N" --ipc shareable --name "$N-web" -p 127.0.0.1:8080:80 busybox sh -c \
		'echo page >/tmp/index.html; exec httpd -f -p 80 -h /tmp' >/dev/null
	until_so 30 inside wget -q -O "$T/page" http://127.0.0.1:8080/
	cat "$T/page"
	# The second one finds the first by its name, the third is in the network of the first, and sees its processes.
	docker run --rm --runtime "$RUNTIME" --network "$N" busybox wget -q -O - "http://$N-web/"
	docker run --rm --runtime "$RUNTIME" --network "container:$N-web" --pid "container:$N-web" --ipc "container:$N-web" busybox \
		sh -c 'wget -q -O - http://127.0.0.1/; ps -o args | grep -c [h]ttpd; ip -o -4 addr show dev eth0 | wc -l'
	docker run --rm --runtime "$RUNTIME" busybox sh -c 'ip -o link | wc -l; grep -c nameserver /etc/resolv.conf'
	docker network disconnect "$N" "$N-web"
	docker network connect "$N" "$N-web"
	docker exec "$N-web" ip -o -4 addr show | wc -l
	docker rm -f "$N-web"
	docker network rm "$N"
}

@test "networks: names, published ports, one network for several containers" {
	each networked
	has page
}

default_is() { # NAME
	[ "$(docker info -f '{{.DefaultRuntime}}')" = "$1" ]
}

default_runtime() { # NAME
	sed -i '/default-runtime/d' "$E/daemon.json"
	sed -i "1a \"default-runtime\": \"$1\"," "$E/daemon.json"
	inside sh -c 'kill -HUP "$(cat "$E/dockerd.pid")"'
	until_so 30 default_is "$1"
}

built() {
	default_runtime "$RUNTIME"
	docker build -q --no-cache -t "built-$RUNTIME" "$T/context" >/dev/null
	docker run --rm --network none "built-$RUNTIME"
	docker build --no-cache "$T/context" --build-arg FAIL=3 2>&1 | grep -o "returned a non-zero code: 3"
	docker rmi -f "built-$RUNTIME" >/dev/null
}

@test "build: RUN under the default runtime" {
	mkdir context
	cat >context/Dockerfile <<-'EOD'
		FROM busybox
		ARG FAIL=0
		RUN id >/made && pwd >>/made && grep CapEff /proc/self/status >>/made
		USER app
		WORKDIR /home/app
		RUN exit $FAIL
		RUN ["sh", "-c", "id >made; pwd >>made"]
		COPY Dockerfile /copied
		CMD cat /made made; wc -l </copied
	EOD
	each built
	default_runtime runc
	has "uid=1000(app)"
	has "non-zero code: 3"
}

@test "an image with everything, volumes and copies" {
	each eval 'drun config; drun --entrypoint sh config -c "pwd; id; echo \$GREETING; stat -c %U /data"
		docker create --runtime $RUNTIME --network none --name $N -v $N:/data config >/dev/null
		echo copied | tar -c -C $T -f - words | docker cp - $N:/data
		docker run --rm --network none --runtime $RUNTIME --volumes-from $N --entrypoint cat config /data/words
		docker rm -v $N; docker volume rm $N'
	has "entry one two words"
}

restored() {
	local pid
	up busybox sh -c 'trap "exit 3" TERM; echo before; while [ ! -e /tmp/go ]; do sleep 0.05; done; echo after
		while :; do sleep 0.05; done'
	until_so 30 eval 'docker logs $N | grep -q before'
	pid=$(field .State.Pid)
	dockerd_kill
	inside kill -0 "$pid" && echo it runs
	dockerd_up
	field .State.Status
	[ "$(field .State.Pid)" = "$pid" ] && echo it is the same
	docker exec "$N" sh -c 'echo exec; touch /tmp/go'
	until_so 30 eval 'docker logs $N | grep -q after'
	docker pause "$N" && docker unpause "$N"
	docker stop -t 20 "$N"
	field .State.ExitCode
	# One that ends while nobody is there.
	docker start "$N"
	pid=$(field .State.Pid)
	dockerd_kill
	inside kill -KILL "$pid"
	dockerd_up
	until_so 30 field_is .State.Status exited
	field '.State.Status}} {{.State.ExitCode'
}

@test "live restore: dockerd dies and comes again while a container runs" {
	each restored
	has "it runs"
	has "it is the same"
	has exec
	has 137
}

shim_of() { # the process that watches the container
	inside ps -o ppid= -p "$(field .State.Pid)" | tr -d ' '
}

@test "a container whose shim dies is removed whole" {
	each eval 'up busybox sleep 1000; inside kill -KILL $(shim_of); until_so 60 field_is .State.Status exited
		field .State.Status; docker rm -f $N'
	has exited
}
