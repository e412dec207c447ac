# SPDX-License-Identifier: LGPL-2.1-or-later
# Images and payloads that want out. Every image is written by test/helper/link-image; what it aims at is
# $T/canary, which must stay as it is. Root tries each a second time with a user namespace.
load ../helper/berth

setup() {
	berth_setup
	[ -x /bin/busybox ] || skip "missing: busybox"
	mkdir "$T/canary" "$T/canary/d"
	echo secret >"$T/canary/f"
	canary_is >"$T/before"
	number=0
	variants=("")
	[ "$(persona)" != root ] || variants+=("--userns=auto")
}

teardown() {
	local rc=0
	[ ! -e "$T/before" ] || canary_is | diff "$T/before" - || rc=1
	berth_teardown || rc=1
	return $rc
}

canary_is() {
	find "$T/canary" -printf '%P %y %m %U:%G %s %T@ %n\n' | sort
	cat "$T/canary/f"
}

evil() { # CONFIG [ENTRY...]: an image; $IMAGE
	number=$((number + 1))
	IMAGE=oci:$T/evil.$number
	"$helper/link-image" "$T/evil.$number" "$@"
}

attack() { # [OPTION... --] COMMAND...: $status, $output, $stderr
	local options=()
	if [[ " $* " == *" -- "* ]]; then
		while [ "$1" != -- ]; do
			options+=("$1")
			shift
		done
		shift
	fi
	split timeout 30 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none $variant "${options[@]}" "$IMAGE" "$@"
	# One or two lines, and nothing in them that a terminal would obey.
	[ "$(wc -c <"$T/.stderr")" -le 4096 ]
	if LC_ALL=C grep '[^[:print:]]' "$T/.stderr"; then
		return 1
	fi
}

refused() { # TEXT: in the error
	want 125
	err_has "$1"
}

@test "links in the place of /proc, /sys and /dev" {
	local variant name
	for name in proc sys dev; do
		evil '{}' "$name -> $T/canary"
		for variant in "${variants[@]}"; do
			attack true
			refused "'/$name' of the root file system is a link"
		done
		evil '{}' "$name: text"
		for variant in "${variants[@]}"; do
			attack true
			refused "'/$name' of the root file system is a link or a file"
		done
		evil '{}' vol/ "$name -> /vol/d"
		for variant in "${variants[@]}"; do
			attack -v "$T/canary:/vol:ro" -- true
			refused "'/$name' of the root file system is a link"
		done
	done
}

@test "links in the place of the files that berth provides lead to places inside" {
	local variant
	evil '{}' "etc -> $T/canary"
	for variant in "${variants[@]}"; do
		attack sh -c "ls '$T/canary'; cat /etc/hosts"
		want 0
		has hostname
		has localhost
	done
	evil '{}' etc/ "etc/hosts -> $T/canary/f" "etc/hostname -> ../../../..$T/canary/new" \
		"etc/resolv.conf -> $T/canary/d/new" "etc/passwd -> $T/canary/f" "etc/group -> $T/canary/f"
	for variant in "${variants[@]}"; do
		attack cat "$T/canary/f"
		want 0
		has localhost
		lacks secret
		attack --passwd-entry 'x:*:$UID:$GID::/:/bin/sh' -- true
		want 0
	done
}

@test "links into /proc, /sys and /dev are no mount points" {
	local variant target
	for target in /proc /proc/sys /proc/self/attr /sys /sys/firmware /sys/fs/cgroup /sys/kernel /dev /dev/pts \
		/dev/mqueue; do
		evil '{"Volumes":{"/x":{}}}' "x -> $target"
		for variant in "${variants[@]}"; do
			attack true
			refused "mount on '/x'"
		done
		evil '{}' "x -> $target"
		for variant in "${variants[@]}"; do
			attack --tmpfs /x -- true
			refused "mount on '/x'"
		done
	done
	for target in /proc/sys/kernel/core_pattern /proc/self/environ /sys/kernel/uevent_seqnum /dev/null /dev/zero; do
		evil '{}' etc/ "etc/hosts -> $target"
		for variant in "${variants[@]}"; do
			attack true
			refused "mount on '/etc/hosts'"
		done
	done
	evil '{}' "run -> /sys"
	attack --read-only -- true
	refused "mount on '/run'"
	# Memory that everybody may write to is no part of the confinement.
	evil '{"Volumes":{"/x":{}}}' "x -> /dev/shm"
	attack true
	want 0
}

@test "devices are not made or bound through links out of the root" {
	local variant target
	mkdir "$T/vol"
	chmod 777 "$T/vol"
	for target in /proc /sys/kernel /dev /vol; do
		evil '{}' "x -> $target"
		for variant in "${variants[@]}"; do
			attack -v "$T/vol:/vol" --device /dev/zero:/x/meminfo -- true
			refused "device '/x/meminfo'"
		done
	done
	[ -z "$(ls "$T/vol")" ]
	evil '{}' "x -> /y"
	for variant in "${variants[@]}"; do
		attack --device /dev/zero:/x/zero -- stat -c %t:%T /y/zero
		want 0
		[ "$output" = 1:5 ]
	done
}

flipper() { # SECONDS PATH PATH: exchanges them, as fast as it can
	python3 -c 'import ctypes, os, sys, time
libc, end = ctypes.CDLL(None), time.time() + float(sys.argv[1])
a, b = map(os.fsencode, sys.argv[2:])
while time.time() < end:
    for i in range(1000):
        libc.renameat2(-100, a, -100, b, 2)' "$@"
}

@test "a volume whose directories and links change places leads nowhere else" {
	local variant
	evil '{}'
	mkdir -p "$T/vol/a/b" "$T/vol/a/c" "$T/source"
	ln -s /../../../../../.. "$T/vol/up"
	ln -s "$T/canary" "$T/vol/out"
	chmod -R 777 "$T/vol" "$T/source"
	flipper 4 "$T/vol/a" "$T/vol/up" 3>&- &
	flipper 4 "$T/vol/out" "$T/vol/up" 3>&- &
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		for variant in "${variants[@]}"; do
			attack -v "$T/vol:/vol" -v "$T/source:/vol/a/b" --tmpfs /vol/a/c -w /vol/a/b/w -- sh -c "pwd; ls /home '$T/before'"
			[ "$status" = 1 ] || [ "$status" = 125 ]
			lacks unreachable
			lacks before
		done
	done
	wait
}

@test "volumes of an image where none can be" {
	local variant volume
	for volume in / /../.. . .. '' relative /proc /proc/1/root /sys/fs /dev /dev/shm /a/../../dev /a:/b /etc/hosts; do
		evil "{\"Volumes\":{\"$volume\":{}}}"
		for variant in "${variants[@]}"; do
			attack true
			want 125
		done
	done
	evil '{"Volumes":{"/x/y":{}}}' "x -> /proc/self/cwd"
	attack true
	refused "mount on '/x/y'"
	evil "{\"Volumes\":{\"/$(printf 'a%.0s' {1..5000})\":{}}}"
	attack true
	want 125
	evil "{\"Volumes\":{$(printf '"/%s":{},' {1..128})\"/129\":{}}}"
	attack true
	refused "more than 128 entries"
}

@test "working directories through links stay inside" {
	local variant target
	evil '{"WorkingDir":"/w/new","User":"0"}' "w -> $T/canary"
	for variant in "${variants[@]}"; do
		attack pwd
		want 0
		[ "$output" = "$T/canary/new" ]
	done
	for target in /proc/self/cwd /proc/1/root /proc/1/root/etc /proc/self/fd/{3..12} /dev/fd/{3..8}; do
		evil '{"WorkingDir":"/w"}' "w -> $target"
		for variant in "${variants[@]}"; do
			attack pwd
			refused "working directory"
		done
	done
	evil '{"WorkingDir":"../../../.."}'
	attack pwd
	[ "$output" = / ]
}

@test "users that are none" {
	local variant user
	for user in 4294967295 4294967296 99999999999999999999 1000:4294967296 1: :1 0:0:0 ' 0' +0 -1 0x0 0e1 'root\n' \
		/etc/passwd '\u001b[31m' nobody; do
		evil "{\"User\":\"$user\"}"
		for variant in "${variants[@]}"; do
			attack id -u
			want 125
			[ -z "$output" ]
		done
	done
	for entry in 'etc/passwd|' etc/passwd/ 'etc/passwd -> /dev/zero' 'etc/passwd -> /proc/self/environ' \
		'etc/passwd -> /proc/1/root/etc/passwd'; do
		evil '{"User":"app"}' etc/ "$entry"
		for variant in "${variants[@]}"; do
			attack id -u
			want 125
		done
	done
}

@test "the environment of an image takes nothing from the caller's" {
	local variant entry
	export BERTH_TEST_SECRET=secret
	for entry in BERTH_TEST_SECRET 'BERTH_TEST_*' '*' '' =x; do
		evil "{\"Env\":[\"$entry\"]}"
		attack env
		refused "config.Env[0]"
		lacks secret
	done
	evil '{"Env":["HOME=/x:0:0","LD_PRELOAD=/x.so","A=\u001b[31m"],"Labels":{"run.oci.handler":"x","berth.privileged":"1"}}'
	for variant in "${variants[@]}"; do
		attack env
		want 0
		lacks secret
	done
	attack --passwd-entry 'x:*:$UID:$GID::$HOME:/bin/sh' --user 0 -- true
	want 0
}

@test "the nodes of the host keep their modes, owners and times" {
	local variant before
	evil '{}'
	before=$(stat -c '%a %U:%G %Y' /dev/null /dev/tty)
	[ "$(persona)" != root ] || variants+=("--uidmap=0:0:65536")
	for variant in "${variants[@]}"; do
		# The mode is the one that it has already: this must not harm the host that it fails on.
		attack sh -c 'for f in /proc/kallsyms /proc/keys /proc/interrupts; do
			chmod 666 $f 2>/dev/null && echo "mode of $f"
			touch -c $f 2>/dev/null && echo "times of $f"
			echo x >$f || echo "cannot write to $f"
		done'
		want 0
		[ -z "$output" ]
		# Where there is a user namespace the nodes in /dev are the host's as well.
		[ "$(persona):$variant" = root: ] && continue
		attack sh -c 'chmod 666 /dev/null; touch -c /dev/null; echo x >/dev/null && head -c 3 /dev/zero | wc -c'
		want 0
		[ "$output" = 3 ]
		[ "$(grep -c 'Read-only file system' "$T/.stderr")" = 2 ]
	done
	[ "$(stat -c '%a %U:%G %Y' /dev/null /dev/tty)" = "$before" ]
}

# The moment between the loss of the capabilities and the exec is a second long here.
@test "nobody opens the binary of berth by a process that is on its way into a container" {
	only root
	need strace
	cp "$BERTH" "$T/berth-victim"
	busybox
	mkfifo "$T/go"
	berth run --rm --network none --pid host -v "$T:/t" busybox sh -c '
		echo ready >/t/go
		while [ ! -e /t/done ]; do
			for exe in /proc/[0-9]*/exe; do
				case $(readlink $exe) in */berth-victim) echo $exe >>/t/seen ;; esac
			done
		done' &
	cat "$T/go"
	timeout 30 strace -f -qq -o /dev/null -e trace=execveat -e inject=execveat:delay_enter=1000000 \
		"$T/berth-victim" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none busybox true
	touch "$T/done"
	wait
	[ ! -e "$T/seen" ]
}

@test "a /dev of the caller's with links in it is masked with the null device nevertheless" {
	only root
	local variant= name
	evil '{}'
	mkdir "$T/dev"
	for name in null ptmx console; do
		ln -s /proc/sys/kernel/domainname "$T/dev/$name"
	done
	attack -v "$T/dev:/dev" -- stat -c %t:%T /proc/kallsyms
	want 0
	[ "$output" = 1:3 ]
	attack -t -v "$T/dev:/dev" -- true
	refused devpts
}

@test "what is not a name in sysctls and host names" {
	local variant= name
	evil '{}'
	for name in 'kernel.shm_rmid_forced=1+kernel.core_pattern=x' 'net.ipv4/../../kernel/core_pattern=x' \
		'net/../kernel/core_pattern=x' 'kernel.core_pattern=x' $'net.ipv4.ip_forward=1\nkernel.x=1' 'net.|/evil=1' \
		'fs.mqueue./../../kernel.x=1' 'user.max_user_namespaces=0'; do
		attack --sysctl "$name" -- true
		want 125
	done
	for name in $'a\nb' a:b ../x -x $'\e[1m'; do
		attack -h "$name" -- true
		want 125
		attack --add-host "$name:1.2.3.4" -- true
		want 125
	done
}
