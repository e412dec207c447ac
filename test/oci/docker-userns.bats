# SPDX-License-Identifier: LGPL-2.1-or-later
# dockerd whose containers have user namespaces, by --userns-remap.
load ../helper/berth
load ../helper/engine

setup_file() {
	local file
	only root
	export DOCKERD_JSON='"userns-remap": "daemon"'
	engine_up
	for file in subuid subgid; do
		echo daemon:200000:65536 >"$E/$file"
		inside mount --bind "$E/$file" "/etc/$file"
	done
	dockerd_up
	docker load -q -i "$(image busybox.docker.tar)"
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

# The host's devices are mounts here, ours read-only. The directory of the message queues, which everybody may write to, belongs
# to whom the kernel made the namespace for.
mapped() {
	docker run --rm --runtime "$RUNTIME" --network none --hostname box -v "$T/dir:/data" busybox sh -c '
		id; tr -s " " </proc/self/uid_map; tr -s " " </proc/self/gid_map; grep -E "^(Cap|Seccomp:)" /proc/self/status
		touch /x /data/x; stat -c "%u %n" /x /data/x /data/file; rm /data/x
		ls -ln /dev | sed "1d; /mqueue/d; s/[A-Z][a-z][a-z] *[0-9]* [0-9:]* / /"; echo x >/dev/null && head -c 3 /dev/zero | wc -c
		mount -t tmpfs t /opt 2>/dev/null || echo no mounts; hostname other 2>/dev/null || echo no name
		echo 1 2>/dev/null >/proc/sys/kernel/panic || echo no panic; ping -c 1 127.0.0.1 | grep -c "1 packets received"
		awk "{ print \$5, \$6 }" /proc/self/mountinfo | grep -vE "^/(etc|proc|sys|dev/[a-z]*) " | grep -v "^/[ps][ry]" | sort'
	docker run -d --runtime "$RUNTIME" --name "$N" busybox sleep 1000 >/dev/null
	docker exec "$N" sh -c 'id; tr -s " " </proc/self/uid_map; ip -o -4 addr | wc -l'
	docker exec -u app "$N" id
	inside stat -c %u "/proc/$(docker inspect -f '{{.State.Pid}}' "$N")"
	docker pause "$N" && docker unpause "$N"
	docker stop -t 0 "$N"
	docker run --rm --userns host --runtime "$RUNTIME" --network none busybox tr -s ' ' /proc/self/uid_map
}

@test "a container whose root is an ordinary user of the host" {
	mkdir -m 777 dir
	echo data >dir/file
	each mapped
	has "0 200000 65536"
	has "65534 /data/file"
	has "no mounts"
	has 200000
}

terminal_of() {
	timeout -k 1 60 "$helper/terminal" 'expect("ready"); type("tty; stat -c owner-%u $(tty); exit 9\n"); expect("owner-0"); print("status", status())' \
		"$@"
}

@test "its terminals" {
	each eval 'terminal_of /usr/bin/docker run --rm -it --runtime $RUNTIME --network none busybox sh -c "echo ready; exec sh"'
	has "status 9"
	each eval 'docker run -d --runtime $RUNTIME --network none --name $N busybox sleep 1000 >/dev/null
		terminal_of /usr/bin/docker exec -it $N sh -c "echo ready; exec sh"'
	has "status 9"
}
