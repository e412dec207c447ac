# SPDX-License-Identifier: LGPL-2.1-or-later
# A swarm of one node whose containers all run under berth: services over several machines are docker's, containers ours.
load ../helper/berth
load ../helper/engine

setup_file() {
	only root
	export DOCKERD_JSON='"default-runtime": "berth"'
	engine_up
	dockerd_up
	docker load -q -i "$(image busybox.docker.tar)"
	docker tag busybox busybox:next
	docker swarm init --advertise-addr 127.0.0.1 >/dev/null
}

teardown_file() {
	local rc=0
	[ -n "${E:-}" ] || return 0
	docker swarm leave --force || rc=1
	eventually 60 no_containers || rc=1
	engine_is_clean || rc=1
	engine_down || rc=1
	return $rc
}

setup() {
	only root
	berth_setup
}

teardown() {
	local left rc=0
	[ -n "${T:-}" ] || return 0
	docker node update --availability active "$(docker node ls -q)" >/dev/null || rc=1
	left=$(docker service ls -q)
	[ -z "$left" ] || docker service rm $left >/dev/null || rc=1
	eventually 60 no_containers || rc=1
	docker container prune -f >/dev/null
	engine_is_clean || rc=1
	berth_teardown || rc=1
	return $rc
}

no_containers() {
	[ -z "$(docker ps -q)" ]
}

create() { # OPTION... IMAGE COMMAND...
	docker service create -q -d --no-resolve-image --name s --stop-grace-period 3s --restart-delay 100ms "$@" >/dev/null
}

running() { # N [IMAGE]: so many tasks run, all of that image
	[ "$(docker service ps -f desired-state=running --format '{{.CurrentState}}' s | grep -c ^Running)" = "$1" ] &&
		[ "$(docker ps -q --filter "ancestor=${2:-busybox}" --filter label=com.docker.swarm.service.name=s | wc -l)" = "$1" ] &&
		[ "$(docker ps -q | wc -l)" = "$1" ]
}

sleeper='trap "exit 0" TERM; echo it starts; while :; do sleep 0.05; done'

@test "replicas, logs, scale, and one that dies is replaced" {
	create --replicas 3 busybox sh -c "$sleeper"
	eventually 60 running 3
	[ "$(docker info -f '{{.DefaultRuntime}}')" = berth ]
	for id in $(docker ps -q); do
		[ "$(docker inspect -f '{{.HostConfig.Runtime}}' "$id")" = berth ]
		[ "$(docker exec "$id" id -u)" = 0 ]
	done
	[ "$(docker service ls --format '{{.Replicas}}')" = 3/3 ]
	eventually 60 eval '[ "$(docker service logs --raw s 2>/dev/null | grep -c "it starts")" = 3 ]'
	docker service scale -d s=1 >/dev/null
	eventually 60 running 1
	docker service scale -d s=4 >/dev/null
	eventually 60 running 4
	first=$(docker ps -q | head -1)
	docker kill "$first"
	eventually 60 running 4
	[ -z "$(docker ps -q --filter "id=$first")" ]
}

@test "a rolling update, and its rollback" {
	create --replicas 3 --update-parallelism 1 --update-delay 0s --update-order start-first --update-monitor 100ms \
		--rollback-monitor 100ms busybox sh -c "$sleeper"
	eventually 60 running 3
	docker service update -q -d --no-resolve-image --image busybox:next --env-add NEW=yes --limit-memory 64m s >/dev/null
	updated() {
		[ "$(docker service inspect -f '{{.UpdateStatus.State}}' s)" = "$1" ]
	}
	eventually 90 updated completed
	eventually 60 running 3 busybox:next
	id=$(docker ps -q | head -1)
	[ "$(docker exec "$id" sh -c 'echo $NEW; cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null')" = \
		"yes
67108864" ]
	docker service rollback -q -d s >/dev/null
	eventually 90 updated rollback_completed
	eventually 60 running 3
	[ -z "$(docker exec "$(docker ps -q | head -1)" sh -c 'echo $NEW')" ]
}

@test "a node that is drained, and one that is active again" {
	create --mode global busybox sh -c "$sleeper"
	eventually 60 running 1
	node=$(docker node ls -q)
	docker node update --availability drain "$node" >/dev/null
	eventually 60 no_containers
	docker node update --availability active "$node" >/dev/null
	eventually 60 running 1
	docker service rm s
	eventually 60 no_containers
}

@test "secrets, configurations, a health check and the options of a task" {
	echo hidden | docker secret create hidden - >/dev/null
	echo shown | docker config create shown - >/dev/null
	create --secret hidden --config source=shown,target=/etc/shown,mode=0444 --user app --hostname box --read-only --init \
		--mount type=tmpfs,target=/scratch --health-cmd 'test -e /run/secrets/hidden' --health-interval 500ms \
		--cap-drop CAP_NET_RAW --stop-signal INT --ulimit nofile=500:600 busybox sh -c \
		'trap "exit 0" INT; id -u; hostname; cat /etc/shown; ls -l /run/secrets/hidden | cut -c1-10; ulimit -n
		touch /x 2>/dev/null || echo read-only; grep -c "/scratch tmpfs" /proc/mounts; while :; do sleep 0.05; done'
	eventually 60 running 1
	eventually 60 eval '[ "$(docker service logs --raw s 2>/dev/null | wc -l)" -ge 7 ]'
	[ "$(docker service logs --raw s | tr '\n' ' ')" = "1000 box shown -r--r--r-- 500 read-only 1 " ]
	id=$(docker ps -q)
	[ "$(docker exec -u 0 "$id" cat /run/secrets/hidden)" = hidden ]
	[ "$(docker inspect -f '{{.State.Health.Status}}' "$id")" = healthy ]
	docker service rm s
	eventually 60 no_containers
	docker secret rm hidden
	docker config rm shown
}

@test "a job runs to its end" {
	docker service create -q -d --no-resolve-image --name s --mode replicated-job --replicas 2 --max-concurrent 1 busybox \
		sh -c 'echo done' >/dev/null
	eventually 60 eval '[ "$(docker service logs --raw s 2>/dev/null | grep -c done)" = 2 ]'
	eventually 60 eval '[ "$(docker service ps s | grep -c Complete)" = 2 ]'
}
