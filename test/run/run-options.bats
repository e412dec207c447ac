# SPDX-License-Identifier: LGPL-2.1-or-later
# What each option does, as the payload sees it.
load ../helper/berth

setup() {
	berth_setup
	busybox
}

# shows WANTED OPTION... -- COMMAND: what the shell in the container prints.
shows() {
	local wanted=$1
	local -a options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	split berth run --rm --network none "${options[@]}" busybox sh -c "$2" </dev/null
	[ "$output" = "$wanted" ] && [ "$status" = 0 ] && return
	echo "run ${options[*]} -- $2"
	echo "wanted: $wanted"
	echo "status $status: $output"
	echo "$stderr"
	return 1
}

many_ids() {
	[ "$(persona)" != one ]
}

@test "process: entrypoint, workdir, umask, limits" {
	shows $'sh -c x' --entrypoint echo -- x
	shows $'a sh -c x' --entrypoint '["echo","a"]' -- x
	shows $'/new/dir\n755' -w /new/dir -- 'pwd; stat -c %a .'
	shows 0022 -- umask
	shows 0077 --umask 077 -- umask
	shows $'100\n200' --ulimit nofile=100:200 -- 'ulimit -n; ulimit -Hn'
	shows 0 -- 'ulimit -c'
	shows "$(ulimit -Hn)" --ulimit host -- 'ulimit -Hn'
	shows 500 --oom-score-adj 500 -- 'cat /proc/self/oom_score_adj'
}

@test "process: users and groups" {
	shows 0:0 -- 'echo $(id -u):$(id -g)'
	if many_ids; then
		shows "5 6" --user 5:6 -- 'echo $(id -u) $(id -g)'
		shows $'app /home/app' --user app -- 'echo $(id -un) $HOME'
		shows "0 33 44" --group-add 33 --group-add 44 -- 'id -G'
		shows "1000 29" --user app --group-add audio -- 'id -G'
	fi
	split berth run --rm --network none --user nosuch busybox true
	want 125
	err_has "the image has no user 'nosuch'"
	err_has "hint:"
}

@test "process: a masked user database is an empty one" {
	shows "0 /" --security-opt mask=/etc/passwd -- 'echo $(wc -c </etc/passwd) $HOME'
	shows "0 /" -v /dev/null:/etc/passwd -- 'echo $(id -u) $HOME'
}

@test "process: keep-groups keeps the groups of the caller" {
	only root
	shows "0 1234 2345" --group-add 1234 --group-add 2345 -- 'id -G'
	run setpriv --groups 1234,2345 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none \
		--group-add keep-groups busybox id -G
	want 0
	[ "$output" = "0 1234 2345" ]
	run setpriv --groups 1234,2345 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none busybox id -G
	[ "$output" = 0 ]
}

@test "process: an ordinary user's keep-groups opens what only a group of his may" {
	only root
	id berth-sub >/dev/null 2>&1 || skip "missing: user berth-sub (test/helper/users create)"
	as_user sub true
	echo secret >"$T/file"
	chgrp 4321 "$T/file"
	chmod 640 "$T/file"
	berth_as sub load -q -i "$(image busybox.docker.tar)" >/dev/null
	for option in "" --group-add=keep-groups; do
		run setpriv --reuid berth-sub --regid berth-sub --groups 4321 env HOME="$T/sub" "$BERTH" --root "$T/sub/root" \
			--runroot "$T/sub/run" run --rm --network none $option -v "$T/file:/file" busybox cat /file
		if [ -n "$option" ]; then want 0 && [ "$output" = secret ]; else want 1; fi
	done
}

@test "process: an init reaps and forwards" {
	shows 1 --init -- 'test "$(cat /proc/1/comm)" != sh && echo 1'
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --init --network none --pidfile "$T/pid" busybox sleep 60 &
	eventually 10 test -s "$T/pid"
	kill -TERM $!
	status=0
	wait $! || status=$?
	want 143
	[ ! -e "$T/pid" ]
}

@test "process: --timeout kills, and says so" {
	split berth run --rm --network none --timeout 0.3s busybox sleep 60
	want 137
	err_has "it ran longer than --timeout allows"
}

@test "process: descriptors from 3 on" {
	echo passed >"$T/file"
	run bash -c "'$BERTH' --root '$ROOT' --runroot '$RUNROOT' run --rm --network none --preserve-fds 1 busybox sh -c 'cat <&3' 3<'$T/file'"
	want 0
	[ "$output" = passed ]
}

@test "process: the time zone" {
	[ -e /usr/share/zoneinfo/Asia/Tokyo ] || skip "missing: tzdata"
	shows JST --tz Asia/Tokyo -- 'date +%Z'
	shows "$(date +%Z)" --tz local -- 'date +%Z'
}

@test "environment: what is set, and what is not" {
	export GIVEN=caller PFX_A=1 PFX_B=2 http_proxy=http://proxy
	shows "" -- 'env | grep -E "^(GIVEN|PFX|http)"'"; true"
	shows $'A=1\nB=x y\nGIVEN=caller\nPFX_A=1\nPFX_B=2' -e A=1 -e 'B=x y' -e GIVEN -e 'PFX_*' -e NOT_SET -- \
		'env | grep -E "^(A|B|GIVEN|PFX.*|NOT_SET)=" | sort'
	printf '# comment\nFILE=from "file" # all of it\nGIVEN\n\n  PFX_A\n' >"$T/env"
	shows $'FILE=from "file" # all of it\nGIVEN=caller\nPFX_A=1' --env-file "$T/env" -- \
		'env | grep -E "^(FILE|GIVEN|PFX.*)=" | sort'
	shows option --env-file "$T/env" -e FILE=option -- 'echo $FILE'
	shows caller --env-host -- 'echo $GIVEN'
	shows http://proxy --http-proxy -- 'echo $http_proxy'
	shows "" --unsetenv-all -- 'env | grep ^HOSTNAME; true'
}

@test "identity: host name, hosts, resolv.conf" {
	shows $'name\nname' -h name -- 'hostname; cat /etc/hostname'
	shows 12 -- 'hostname | tr -d "\n" | wc -c'
	shows $'1.2.3.4\ta\n1.2.3.4\tb\n::1\tc' --add-host 'a;b:1.2.3.4' --add-host c=::1 -- \
		'grep -E "^1.2.3.4|[[:blank:]]c$" /etc/hosts | awk "{ for (i = 2; i <= NF; i++) print \$1 \"\t\" \$i }"'
	shows $'search example.com\nnameserver 1.1.1.1\noptions ndots:2' \
		--dns 1.1.1.1 --dns-search example.com --dns-option ndots:2 -- 'cat /etc/resolv.conf'
	shows 0 --no-hosts --no-hostname --dns none -- 'grep -cE " /etc/(hosts|hostname|resolv.conf) " /proc/mounts; true'
	shows "$(hostname)" --uts host -- hostname
	if many_ids; then
		shows x:*:5:6:x:/:/bin/sh --user 5:6 --passwd-entry 'x:*:$UID:$GID:x:/:/bin/sh' -- 'tail -n 1 /etc/passwd'
		# The caller's name is not that of another one in the container.
		shows $'5:*:5:6:container user:/:/bin/sh\nuid=5(5)' --user 5:6 \
			--passwd-entry '$USERNAME:*:$UID:$GID:$NAME:$HOME:/bin/sh' -- 'tail -n 1 /etc/passwd; id | cut -d" " -f1'
		shows 1 --user 1000 --passwd-entry 'x:*:$UID:$GID:x:/:/bin/sh' -- 'grep -c ":1000:" /etc/passwd'
	fi
}

@test "namespaces: of the caller, or of a path" {
	shows "$(readlink /proc/self/ns/ipc)" --ipc host -- 'readlink /proc/self/ns/ipc'
	shows "$(readlink /proc/self/ns/uts)" --uts host -- 'readlink /proc/self/ns/uts'
	shows "$(readlink /proc/self/ns/cgroup)" --cgroupns host -- 'readlink /proc/self/ns/cgroup'
	shows "$(readlink /proc/self/ns/pid)" --pid host -- 'readlink /proc/self/ns/pid'
	shows 1 -- 'echo $$'
	if [ "$(persona)" = root ]; then
		unshare --uts sh -c 'hostname joined && exec sleep 60' &
		eventually 10 sh -c "nsenter -t $! --uts hostname | grep -q joined"
		shows joined --uts "ns:/proc/$!/ns/uts" -- hostname
		kill $!
	fi
}

@test "namespaces: ipc, pid and cgroup of a path" {
	only root
	unshare --ipc --cgroup --pid --fork --kill-child --mount-proc sleep 60 &
	local holder=$! pid kind
	eventually 10 eval 'pid=$(pgrep -P $holder -x sleep)'
	for kind in ipc pid cgroup; do
		local option=$kind
		[ $kind != cgroup ] || option=cgroupns
		shows "$(readlink "/proc/$pid/ns/$kind")" --$option "ns:/proc/$pid/ns/$kind" -- "readlink /proc/self/ns/$kind"
	done
	kill $holder
	wait $holder || :
}

@test "user namespaces of subordinate ids by name" {
	only root
	id berth-sub >/dev/null 2>&1 || skip "missing: user berth-sub (test/helper/users create)"
	local uid gid
	uid=$(awk -F: '$1 == "berth-sub" { print $2, $3 }' /etc/subuid)
	gid=$(awk -F: '$1 == "berth-sub" { print $2, $3 }' /etc/subgid)
	shows "0 $uid 0 $gid" --subuidname berth-sub --subgidname berth-sub -- 'echo $(cat /proc/self/uid_map /proc/self/gid_map)'
	shows "0 $uid 0 $gid" --subuidname berth-sub -- 'echo $(cat /proc/self/uid_map /proc/self/gid_map)'
}

@test "user namespaces: the flags of a map" {
	case $(persona) in
	root)
		shows "0 200000 10 0 300000 20" --uidmap u0:200000:10 --gidmap 0:300000:20 -- \
			'echo $(cat /proc/self/uid_map /proc/self/gid_map)'
		shows "0 200000 10" --uidmap 0:@200000:10 -- 'echo $(cat /proc/self/gid_map)'
		;;
	sub)
		# The rest of the default map stays.
		local first
		first=$(awk -F: -v name="$(id -un)" '$1 == name { print $2 }' /etc/subuid)
		shows "0 $(id -u) 5 $first" --uidmap +5:1:1 -- "awk '\$1 == 0 || \$1 == 5 { print \$1, \$2 }' /proc/self/uid_map | xargs"
		split berth run --rm --network none --gidmap "+5:0:1" busybox true
		want 125
		err_has "hint: one of them is not mapped"
		;;
	one)
		shows "7 $(id -u) 1" --uidmap "7:0:1" --user 7:7 -- 'echo $(cat /proc/self/uid_map)'
		;;
	esac
}

@test "user namespaces" {
	case $(persona) in
	root)
		shows "0 1000" --userns auto:size=1000 -- 'awk "{ print \$1, \$3 }" /proc/self/uid_map'
		shows "0 100000 2000" --uidmap 0:100000:2000 -- 'awk "{ print \$1, \$2, \$3 }" /proc/self/gid_map'
		shows 0 --userns auto -- 'stat -c %u /bin'
		;;
	*)
		shows "$(id -u) $(id -g)" --userns keep-id -- 'echo $(id -u) $(id -g)'
		shows "77 78" --userns keep-id:uid=77,gid=78 -- 'echo $(id -u) $(id -g)'
		echo mine >"$T/mine"
		chmod 600 "$T/mine"
		shows mine --userns keep-id -v "$T/mine:/mine" -- 'cat /mine'
		;;
	esac
	if [ "$(persona)" = sub ]; then
		shows "0 1000" --uidmap 0:1:1000 --uidmap 1000:0:1 -- 'echo $(id -u) $(stat -c %u /bin)'
		for option in --userns=nomap --userns=auto --uidmap=0:1:1000; do
			split berth run --rm --network none "$option" busybox true
			want 125
			err_has "your own ids are not mapped into the container"
		done
	fi
}

@test "mounts: binds and their options" {
	mkdir -p "$T/dir/below"
	echo text >"$T/dir/file"
	shows text -v "$T/dir:/x" -- 'cat /x/file; touch /x/new'
	[ -e "$T/dir/new" ]
	shows 1 -v "$T/dir:/x:ro" -- 'touch /x/other 2>/dev/null; echo $?'
	shows text -v "$T/dir/file:/deep/er/file:ro" -- 'cat /deep/er/file'
	cd "$T"
	shows text -v ./dir:/x -- 'cat /x/file'
	shows text -v .:/x -w /x/dir -- 'cat file'
	shows "ro noexec" -v "$T/dir:/x:ro,noexec" -- \
		'grep " /x " /proc/self/mountinfo | cut -d" " -f6 | tr , "\n" | grep -E "^(ro|noexec)$" | xargs'
	shows 1 --mount "type=bind,src=$T/dir,dst=/x,ro" -- 'touch /x/other 2>/dev/null; echo $?'
	shows $'text\n0' -v "$T/dir:/x:O" -- 'cat /x/file; touch /x/over; echo $?'
	[ ! -e "$T/dir/over" ]
	split berth run --rm --network none -v "$T/none:/x" busybox true
	want 125
	err_has "hint: a source that is missing is not made: mkdir -p $T/none"
	[ ! -e "$T/none" ]
}

@test "mounts: an overlay whose changes stay" {
	mkdir "$T/dir" "$T/up" "$T/work"
	echo text >"$T/dir/file"
	local volume=$T/dir:/x:O,upperdir=$T/up,workdir=$T/work
	shows 0 -v "$volume" -- 'echo more >/x/new; rm /x/file; echo $?'
	[ -e "$T/dir/file" ]
	[ ! -e "$T/dir/new" ]
	[ "$(cat "$T/up/new")" = more ]
	shows new -v "$volume" -- 'ls /x'
}

@test "mounts: without and with what is mounted below, links, and owners" {
	only root
	mkdir -p "$T/dir/below" "$T/real"
	unshare --mount --propagation private sh -c '
		T=$1; shift
		mount -t tmpfs none "$T/dir/below" && touch "$T/dir/below/file"
		for option in bind-nonrecursive bind-recursive=disabled bind-recursive=enabled bind-recursive=writable,ro \
			bind-recursive=readonly,ro; do
			"$@" --mount "type=bind,src=$T/dir,dst=/x,$option" busybox sh -c \
				"echo $option \$(ls /x/below) \$(touch /x/below/new 2>/dev/null && rm /x/below/new && echo written)"
		done' sh "$T" "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none >"$T/seen"
	diff "$T/seen" - <<-EOF
		bind-nonrecursive written
		bind-recursive=disabled written
		bind-recursive=enabled file written
		bind-recursive=writable,ro file written
		bind-recursive=readonly,ro file
	EOF
	ln -s real "$T/link"
	touch "$T/real/file"
	shows file --mount "type=bind,src=$T/link,dst=/x" -- 'ls /x'
	chown 5:6 "$T/real/file"
	shows 5:6 --userns auto -v "$T/real:/x:idmap" -- 'stat -c %u:%g /x/file'
	shows 65534:65534 --userns auto -v "$T/real:/x" -- 'stat -c %u:%g /x/file'
}

@test "mounts: anonymous volumes, tmpfs, devpts, images" {
	shows 0 -v /data -- 'touch /data/x; echo $?'
	shows "0 0" --read-only -v /data -- 'touch /data/x; a=$?; touch /tmp/x; echo $a $?'
	shows passwd -v /etc -- 'ls /etc | grep -x passwd'
	shows passwd --tmpfs /etc -- 'ls /etc | grep -x passwd'
	shows "700 size=4096k" --tmpfs /x:size=4m,mode=700 -- \
		'echo $(stat -c %a /x) $(grep " /x " /proc/mounts | grep -o "size=[0-9a-z]*")'
	shows 1777 --mount type=tmpfs,dst=/x,tmpfs-size=2m,tmpfs-mode=1777 -- 'stat -c %a /x'
	shows 1 --mount type=devpts,dst=/x -- 'grep -c "^devpts /x " /proc/mounts'
	shows "root 1" --mount type=image,src=busybox,dst=/x -- \
		'a=$(stat -c %U /x/bin); touch /x/y 2>/dev/null; echo $a $?'
	shows "0 passwd" --mount type=image,src=busybox,dst=/x,rw,subpath=/etc -- 'touch /x/y; echo $? $(ls /x/passwd | cut -c4-)'
	[ -z "$(ls "$ROOT/scratch/volumes" 2>/dev/null)" ]
}

@test "mounts: :U makes the payload's user the owner, but not of the system's directories" {
	mkdir -p "$T/dir/below"
	touch "$T/dir/below/file"
	many_ids && shows "5:6 5:6" --user 5:6 -v "$T/dir:/x:U" -- 'echo $(stat -c %u:%g /x /x/below/file)'
	if [ "$(persona)" = root ]; then
		# Also where the container's root is another one than the files'.
		shows "7:0 7:0 1" --uidmap 0:500000:1000 --user 7 -v "$T/dir:/x:U,ro" -- \
			'echo $(stat -c %u:%g /x /x/below/file) $(touch /x/new 2>/dev/null; echo $?)'
		[ "$(stat -c %u:%g "$T/dir/below/file")" = 500007:500000 ]
		shows 1000 --uidmap 0:500000:2000 --user app -v "$T/dir:/x:U" -- 'stat -c %u /x/below/file'
	fi
	for dir in / /etc /tmp /home; do
		split berth run --rm --network none -v "$dir:/x:U" busybox true
		want 125
		err_has "cannot change the owner of all files in '$dir'"
	done
}

@test "devices" {
	shows "crw-rw-rw- 0" --device /dev/null:/dev/foo -- 'a=$(ls -l /dev/foo | cut -c1-10); echo x >/dev/foo; echo $a $?'
	shows 3 --device /dev/zero -- 'head -c 3 /dev/zero | wc -c'
	if [ "$(persona)" = root ]; then
		shows "3 1" --device /dev/zero:/dev/other:r -- 'a=$(head -c 3 /dev/other | wc -c); (echo x >/dev/other) 2>/dev/null; echo $a 1'
	fi
}

# Descriptions of devices are read from /run/cdi, which is a place of its own here.
cdi() {
	unshare --mount --propagation private sh -c '
		mount -t tmpfs none /run && mkdir /run/cdi && cat >/run/cdi/test.json && exec "$@"' sh \
		"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none "$@"
}

@test "devices: those that a vendor describes" {
	only root
	local described
	described=$(
		cat <<-EOF
			{ "cdiVersion": "0.6.0", "kind": "vendor.example/thing",
			  "containerEdits": { "env": ["ALL=yes"] },
			  "devices": [
			  { "name": "one", "containerEdits": {
			    "deviceNodes": [{ "path": "/dev/thing", "hostPath": "/dev/zero" }],
			    "mounts": [{ "hostPath": "$T", "containerPath": "/thing", "options": ["ro", "bind"] }],
			    "env": ["THING=1"] } },
			  { "name": "hooked", "containerEdits": {
			    "hooks": [{ "hookName": "createContainer", "path": "/bin/true" }] } } ] }
		EOF
	)
	touch "$T/inside"
	split cdi --device vendor.example/thing=one busybox sh -c \
		'head -c 2 /dev/thing | wc -c; echo $ALL $THING; ls /thing/inside; touch /thing/new 2>/dev/null || echo ro' <<<"$described"
	want 0
	[ "$output" = $'2\nyes 1\n/thing/inside\nro' ]
	split cdi --device vendor.example/thing=two busybox true <<<"$described"
	want 125
	err_has "vendor.example/thing=two"
	split cdi --device vendor.example/thing=hooked busybox true <<<"$described"
	want 125
	err_has hooks
	split cdi --device vendor.example/thing=one busybox true <<<'{ "cdiVersion": '
	want 125
	err_has /run/cdi/test.json
}

@test "devices: what is mounted from the host's /dev can be used" {
	shows 0 -v /dev/null:/etc/passwd -- 'cat /etc/passwd | wc -c'
	shows 4 -v /dev:/dev -- 'head -c 4 /dev/zero | wc -c'
	shows 1 -v /dev/null:/x:nodev -- 'cat /x 2>/dev/null; echo $?'
	[ "$(persona)" != root ] || shows 1 -v /dev:/dev -- '(: </dev/mem) 2>/dev/null; echo $?'
}

@test "read-only: what can be written then" {
	shows "1 0 0 0 0" --read-only -- \
		'for d in / /tmp /run /var/tmp /dev/shm; do touch $d/x 2>/dev/null; echo $?; done | xargs'
	shows "1 1" --read-only --read-only-tmpfs=false -- 'for d in / /tmp; do touch $d/x 2>/dev/null; echo $?; done | xargs'
}

@test "read-only: what a layer replaced stays hidden" {
	timeout 60 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --network none --name c busybox \
		sh -c 'ls -d /var/log && rm -r /var && mkdir /var && echo x >/var/new'
	berth commit c replaced >/dev/null
	berth rm c
	for option in --read-only --read-only=false; do
		run timeout 60 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none --read-only-tmpfs=false \
			"$option" replaced ls /var
		want 0
		[ "$output" = new ]
	done
}

@test "kernel parameters of namespaces" {
	shows $'1000\n9000' --sysctl net.core.somaxconn=1000 --sysctl kernel.msgmax=9000 -- \
		'cat /proc/sys/net/core/somaxconn /proc/sys/kernel/msgmax'
	shows 32768 --shm-size 32m -- 'df -k /dev/shm | awk "NR == 2 { print \$2 }"'
}

@test "the ID and the process id are written where they are wanted" {
	shows 1 --cidfile "$T/cid" --pidfile "$T/pid" -v "$T:/t" -- 'grep -cE "^[0-9a-f]{64}$" /t/cid'
	[ ! -e "$T/cid" ]
	[ ! -e "$T/pid" ]
	touch "$T/cid"
	split berth run --rm --network none --cidfile "$T/cid" busybox true
	want 125
	err_has "hint: another container has it, or left it behind: rm $T/cid"
}

@test "names: taken, replaced, kept" {
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none --name x busybox sleep 60 &
	eventually 10 sh -c "'$BERTH' --root '$ROOT' --runroot '$RUNROOT' ps --format '{{.Names}} {{.State}}' | grep -qx 'x running'"
	split berth run --rm --network none --name x busybox true
	want 125
	err_has "'x'"
	split berth run --rm --network none --replace --name x busybox echo new
	want 0
	[ "$output" = new ]
	status=0
	wait $! || status=$?
	want 137
}

@test "status-fd: what happens, a JSON object a line" {
	run bash -c "'$BERTH' --root '$ROOT' --runroot '$RUNROOT' run --rm --network none --name x --status-fd 5 busybox sh -c 'exit 3' 5>'$T/status'"
	want 3
	[ "$(jq -r .event "$T/status" | xargs)" = "created started exited" ]
	[ "$(jq -r 'select(.event == "created").name' "$T/status")" = x ]
	[ "$(jq -c 'select(.event == "exited") | [.code, .signal, .oom]' "$T/status")" = '[3,0,false]' ]
}
