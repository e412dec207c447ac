#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# podman: pods, whose containers share namespaces, and build, whose RUN lines are containers.

bats_require_minimum_version 1.5.0
load ../helper/berth
load ../helper/room
load ../helper/podman

@test "a pod: its containers share host name, network and ipc" {
	steps() {
		step pod create --name p --infra-image busybox --infra-command 'sleep 1000' --hostname shared --network none --shm-size 1m
		step run -d --pod p --name one busybox sh -c 'touch /dev/shm/mark; nc -l -p 80 -e echo answer & sleep 1000'
		step exec one sh -c 'hostname; ls /dev/shm; until netstat -ltn | grep -q :80; do sleep 0.05; done'
		step run --rm --pod p busybox sh -c 'hostname; ls /dev/shm; nc 127.0.0.1 80'
		step run --rm --pod p --pid container:one busybox sh -c 'ps -o args | grep -c "sleep 100[0]"'
		step pod ps --format '{{.Name}} {{.Status}} {{.NumberOfContainers}}'
		step pod top p user args | sort
		step pod pause p
		step ps --format '{{.Names}} {{.Status}}' --filter name=one
		step pod unpause p
		step pod stop -t 0 p
		step pod start p
		step exec one hostname
		step pod kill p
		step pod rm -f -t 0 p
	}
	both steps
	said "shared"
	said "answer"
}

@test "a pod with a network and limits of its own, and one with a user namespace" {
	steps() {
		step pod create --name p --infra-image busybox --infra-command 'sleep 1000' --cpus 1
		step run --rm --pod p busybox sh -c 'ip -o -4 addr show eth0 | wc -l; cut -d: -f3 /proc/self/cgroup | sort -u'
		step pod rm -f -t 0 p
		step pod create --name u --infra-image busybox --infra-command 'sleep 1000' --network none --userns auto
		step run --rm --pod u busybox sh -c 'cat /proc/self/uid_map; id -u; touch /dev/shm/x && echo shared'
		step run -d --pod u --name in busybox sleep 1000
		step exec in cat /proc/self/uid_map
		step pod rm -f -t 0 u
	}
	both steps
	said "         0  800000000       1024"
}

@test "build: RUN, USER, WORKDIR, mounts, and commands that fail" {
	mkdir context
	echo copied >context/file
	cat >context/Containerfile <<-'EOC'
		FROM busybox
		COPY file /file
		ENV A=1
		RUN cat /file >/made && echo "$A" >>/made
		RUN id -u >>/made; grep -E '^(CapEff|Seccomp):' /proc/self/status >>/made
		RUN --mount=type=tmpfs,target=/scratch touch /scratch/x && grep ' /scratch ' /proc/mounts | cut -d' ' -f1-3 >>/made
		RUN --mount=type=bind,source=file,target=/bound cat /bound >>/made
		USER app
		WORKDIR /home/app
		RUN ["/bin/sh", "-c", "id -un; pwd; touch mine"]
		CMD ["cat", "/made"]
	EOC
	printf 'FROM busybox\nRUN exit 9\n' >context/fails
	printf 'FROM busybox\nRUN ["/nosuch"]\n' >context/missing
	make() {
		podman build --isolation oci --network none --ulimit nofile=1024:1024 --ulimit nproc=1000:1000 --pull=never --no-cache "$@" "$T/context" >said 2>&1
		echo "= $?"
	}
	steps() {
		make -q -t made
		step run --rm --network none made
		step run --rm --network none made ls -l mine | cut -c1-30
		make -f "$T/context/fails"
		grep -c 'exit status 9' said
		make -f "$T/context/missing"
		step rmi made
	}
	both steps
	has "copied
1
0"
}

@test "play kube" {
	cat >pod.yaml <<-'EOC'
		apiVersion: v1
		kind: Pod
		metadata:
		  name: web
		spec:
		  hostname: kube
		  restartPolicy: Never
		  containers:
		  - name: one
		    image: docker.io/library/busybox:latest
		    imagePullPolicy: Never
		    command: ["sh", "-c", "echo $WORD; hostname; id -u; sleep 1000"]
		    env:
		    - name: WORD
		      value: given
		    securityContext:
		      runAsUser: 1000
		      readOnlyRootFilesystem: true
		    resources:
		      limits:
		        memory: 64Mi
		        cpu: 500m
		    volumeMounts:
		    - mountPath: /scratch
		      name: scratch
		  volumes:
		  - name: scratch
		    emptyDir: {}
	EOC
	steps() {
		step play kube --network none "$T/pod.yaml" | grep -v -x -e '' -e ID
		eventually 60 sh -c '"$ROOM/podman" logs web-one | grep -q 1000'
		step logs web-one
		step exec web-one sh -c 'touch /x; cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null'
		step play kube --down "$T/pod.yaml"
	}
	both steps
	said "given"
}
