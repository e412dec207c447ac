#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# secret, and run --secret: what is in one is in the container, and nowhere else.

bats_require_minimum_version 1.5.0
load ../helper/berth
load ../helper/background

CONTENT=hunter2-is-not-a-password

keep() { # NAME [OPTION...]
	local name=$1
	shift
	printf %s "$CONTENT" | berth secret create "$@" "$name" - >/dev/null
}

once() {
	split timeout --foreground -k 1 60 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none "$@"
}

# Files that have the content, but for the secret itself.
leaks() {
	grep -rlaF "$CONTENT" "$ROOT" "$RUNROOT" 2>/dev/null | grep -vx "$ROOT/secrets/.*"
}

@test "secret create: from a file, standard input and a variable; byte for byte" {
	split berth secret create a - <<<"one"
	want 0
	[[ $output =~ ^[0-9a-f]{25}$ ]]
	head -c 511999 /dev/urandom >"$T/large"
	berth secret create large "$T/large"
	VARIABLE="of the environment" berth secret create --env b VARIABLE
	berth run --rm --network none --secret large busybox cat /run/secrets/large | cmp - "$T/large"
	once --secret a --secret b busybox sh -c 'cat /run/secrets/a; cat /run/secrets/b'
	want 0
	[ "$output" = $'one\nof the environment' ]
	[ "$(stat -c %a "$ROOT/secrets" "$ROOT/secrets/a" | tr '\n' ' ')" = "700 600 " ]
	store_is_clean
}

@test "secret create: what is refused leaves nothing" {
	keep a
	split berth secret create a - <<<"other"
	want 125
	err_has "there is a secret 'a' already"
	split berth secret create --replace a - <<<"other"
	want 0
	[ "$(berth secret inspect --showsecret -f '{{.SecretData}}' a)" = 'other\n' ]
	head -c 512000 /dev/zero >"$T/large"
	for name in .hidden -x a/b 'a b' '' "$(printf 'x%.0s' {1..254})"; do
		split berth secret create -- "$name" - <<<"x"
		want 125
	done
	split berth secret create b "$T/large"
	want 125
	err_has "512000"
	split berth secret create b /dev/null
	want 125
	err_has "empty"
	split berth secret create --env b NO_SUCH_VARIABLE
	want 125
	split berth secret create b "$T/missing"
	want 125
	split berth secret create -d pass b - <<<x
	want 125
	[ "$(ls -A "$ROOT/secrets")" = a ]
	# Of a command that was killed; the next one removes it.
	touch "$ROOT/secrets/.0123456789abcdef.tmp"
	[ "$(berth secret ls -n --format '{{.Name}}')" = a ]
	keep c
	[ "$(ls -A "$ROOT/secrets" | tr '\n' ' ')" = "a c " ]
}

@test "secret create and rm, killed before any of their system calls: whole, or not there" {
	need cc
	local killat=$T/killat at calls content
	cc -D_GNU_SOURCE -O1 -o "$killat" "$helper/killat.c"
	killed() { # N ARG...: the command; N 0 is not killed
		timeout -s KILL 60 "$killat" "$1" first "$BERTH" --root "$ROOT" --runroot "$RUNROOT" secret "${@:2}" >/dev/null 2>"$T/killed" 3>&- || :
	}
	printf old >"$T/old"
	printf new >"$T/new"
	berth secret create a "$T/old" >/dev/null
	killed 0 create --replace a "$T/new"
	calls=$(sed -n 's/^killat: \([0-9]*\)$/\1/p' "$T/killed")
	for ((at = 1; at <= calls; at++)); do
		berth secret create --replace a "$T/old" >/dev/null
		[ "$(ls -A "$ROOT/secrets")" = a ]
		killed $at create --replace a "$T/new"
		content=$(berth secret inspect --showsecret -f '{{.SecretData}}' a)
		[ "$content" = old ] || [ "$content" = new ]
	done
	for ((at = 1; ; at++)); do
		killed $at rm a
		grep -q "killed at" "$T/killed" || break
		[ "$(berth secret ls --format '{{.Name}}')" = a ] || berth secret create a "$T/old" >/dev/null
	done
	[ "$(berth secret ls --format '{{.Name}}')" = "" ]
}

@test "secret ls, inspect, exists, rm" {
	keep a -l k=v -l bare
	keep ab
	id=$(berth secret inspect -f '{{.ID}}' a)
	[ "$(berth secret ls -q | wc -l)" = 2 ]
	split berth secret ls
	[[ ${lines[0]:-$output} == ID*NAME*DRIVER*CREATED*UPDATED* ]]
	[ "$(berth secret ls -f name=b --format '{{.Name}} {{.Driver}}')" = "ab file" ]
	[ "$(berth secret ls -f "id=${id:0:12}" --format '{{.Name}}')" = a ]
	[ "$(berth secret ls -f label=k=v -f label=zz --format '{{.Name}}:{{.Labels}}')" = "a:k=v,bare=" ]
	[ "$(berth secret list -n -q -f label=zz)" = "" ]
	split berth secret ls -f colour=red
	want 125
	berth secret inspect a ab | jq -e 'length == 2 and .[0].Spec.Name == "a" and .[0].Spec.Labels.k == "v"
		and .[0].Spec.Driver.Name == "file" and (.[0] | has("SecretData") | not)'
	berth secret inspect --showsecret a | jq -e --arg c "$CONTENT" '.[0].SecretData == $c'
	printf 'a\0b' | berth secret create binary -
	split berth secret inspect --showsecret binary
	want 125
	err_has "no text"
	berth secret exists a
	berth secret exists "${id:0:8}"
	split berth secret exists nope
	want 1
	[ -z "$stderr" ]
	split berth secret inspect nope ab
	want 1
	err_has "there is no secret 'nope'"
	has '"ab"'
	split berth secret rm nope a
	want 1
	[ "$output" = "$id" ]
	berth secret rm -i nope
	split berth secret rm
	want 125
	berth secret rm --all
	[ -z "$(ls -A "$ROOT/secrets")" ]
	"$BERTH" __complete -- secret r | grep -qx rm
	keep left
	"$BERTH" __complete -- --root "$ROOT" --runroot "$RUNROOT" secret rm l | grep -qx left
	"$BERTH" __complete -- --root "$ROOT" --runroot "$RUNROOT" run --secret l | grep -qx left
}

@test "run --secret: a file that cannot be changed, with its owner and mode, at its target" {
	keep a
	once --secret a busybox sh -c 'stat -c "%a %u:%g %s" /run/secrets/a
		stat -f -c %T /run/secrets/a; echo x >/run/secrets/a; echo x >/run/secrets/new; rm -f /run/secrets/a; cat /run/secrets/a'
	want 0
	[ "${output%%$'\n'*}" = "444 0:0 ${#CONTENT}" ]
	has tmpfs
	has "$CONTENT"
	err_has "Read-only"
	once --secret a,target=b,mode=0400 --secret source=a,target=c/d --secret a,target=/etc/app/key,mode=440 busybox \
		sh -c 'stat -c "%n %a" /run/secrets/b /run/secrets/c/d /etc/app/key; cat /etc/app/key; echo x >/etc/app/key'
	has "/run/secrets/b 400"
	has "/run/secrets/c/d 444"
	has "/etc/app/key 440"
	has "$CONTENT"
	err_has "Read-only"
	# A user who is not its owner.
	once --user 0 --cap-drop all --secret a,mode=000 busybox cat /run/secrets/a
	want 1
	once --read-only --secret a busybox cat /run/secrets/a
	want 0
	[ "$output" = "$CONTENT" ]
	once --read-only --read-only-tmpfs=false --secret a,target=/etc/hosts.key --secret a busybox sh -c 'cat /run/secrets/a /etc/hosts.key'
	want 0
	[ "$output" = "$CONTENT$CONTENT" ]
	[ -z "$(leaks)" ]
	only root sub
	once --secret a,uid=7,gid=8,mode=0400 busybox stat -c '%u:%g' /run/secrets/a
	want 0
	[ "$output" = 7:8 ]
	once --secret a,uid=7,mode=0400 --user 7 busybox cat /run/secrets/a
	[ "$output" = "$CONTENT" ]
}

@test "run --secret: with one id an owner that there is not is refused" {
	only one
	keep a
	once --secret a,uid=7 busybox true
	want 125
	err_has "cannot give it to 7:0"
	once --userns keep-id --secret a busybox cat /run/secrets/a
	want 0
	[ "$output" = "$CONTENT" ]
}

@test "run --secret: in user namespaces of its own" {
	only root sub
	keep a
	# Root has no id to keep, and nobody else can do without his own.
	userns=auto
	[ "$(persona)" = root ] || userns=keep-id
	once --userns "$userns" --secret a busybox cat /run/secrets/a
	want 0
	[ "$output" = "$CONTENT" ]
}

@test "run --secret type=env: in the environment, and nowhere else" {
	keep a
	keep other
	once --secret a,type=env -e other=x --secret other,type=env,target=PASSWORD busybox sh -c 'echo "$a $PASSWORD $other"'
	want 0
	[ "$output" = "$CONTENT $CONTENT x" ]
	printf 'a\0b' | berth secret create binary -
	once --secret binary,type=env busybox true
	want 125
	err_has "NUL"
	[ -z "$(leaks)" ]
}

@test "run --secret: what cannot be is refused" {
	keep a
	refused() {
		once "$@" busybox true
		want 125
	}
	refused --secret nope
	err_has "there is no secret 'nope'"
	err_has "berth secret create"
	refused --secret a,target=../x
	err_has "leads out of"
	refused --secret a,target=/run
	refused --secret a,target=.
	refused --secret a,target=/proc/version
	refused --secret a,type=file
	refused --secret a,uid=-1
	refused --secret a,mode=4755
	refused --secret a,type=env,mode=0400
	refused --secret a,type=env,target=A=B
	refused --secret a,colour=red
	refused --secret type=env
	refused --secret a --secret a
	err_has "two secrets have the target"
	mkdir "$T/dir"
	refused --secret a -v "$T/dir:/run/secrets"
	refused --secret a -v "$T/dir:/run/secrets/x"
	refused --secret a,target=/x -v "$T/dir:/x"
	[ -z "$(ls -A "$T/dir")" ]
	[ -z "$(berth ps -aq)" ]
}

@test "run --secret: no link of the image leads it elsewhere" {
	keep a
	mkdir -p "$T/rootfs/bin" "$T/rootfs/run" "$T/canary"
	berth export "$(make busybox true)" | tar -C "$T/rootfs" -x --no-same-owner bin lib 2>/dev/null || :
	ln -s ../../../../../../../../../"$T/canary" "$T/rootfs/run/secrets"
	tar -C "$T/rootfs" -c . | berth import - linked >/dev/null
	once --secret a linked /bin/sh -c 'cat /run/secrets/a'
	[ -z "$(ls -A "$T/canary")" ]
	[ -z "$(leaks)" ]
	rm "$T/rootfs/run/secrets"
	ln -s /proc/self "$T/rootfs/run/secrets"
	tar -C "$T/rootfs" -c . | berth import - inside >/dev/null
	once --secret a inside /bin/sh -c true
	want 125
	err_has "/proc"
}

@test "secrets of a container that stays: read at each start, no part of it" {
	keep a
	make --name c --secret a --secret a,type=env,target=PASSWORD busybox sh -c 'cat /run/secrets/a; echo " $PASSWORD"; sleep 100'
	berth start c
	eventually 10 eval '[ "$(berth logs c)" = "$CONTENT $CONTENT" ]'
	[ "$(berth exec c sh -c 'cat /run/secrets/a; echo " $PASSWORD"')" = "$CONTENT $CONTENT" ]
	[ "$(berth exec -e PASSWORD=mine c sh -c 'echo "$PASSWORD"')" = mine ]
	split berth inspect c
	lacks "$CONTENT"
	[ "$(berth inspect -f '{{range .Config.Secrets}}{{.Name}} {{.Target}}{{end}}' c)" = "a /run/secrets/a" ]
	[ -z "$(berth diff c)" ]
	berth export -o "$T/export.tar" c
	run ! grep -qaF "$CONTENT" "$T/export.tar"
	[ -z "$(tar -tf "$T/export.tar" | grep secrets)" ]
	berth commit -q c committed >/dev/null
	berth save -o "$T/image.tar" committed
	run ! grep -qaF "$CONTENT" "$T/image.tar"
	run ! grep -laF "$CONTENT" /proc/[0-9]*/cmdline
	berth stop -t 0 c
	# What it printed is its own affair; nothing else has it.
	[ -z "$(leaks | grep -v '/log$')" ]
	CONTENT=another berth secret create --replace a - <<<"second" >/dev/null
	berth start c
	eventually 10 eval 'berth logs c | grep -q "^ second"'
	berth secret rm a
	# What runs goes on, and may be joined.
	[ "$(berth exec c sh -c 'cat /run/secrets/a; echo "${PASSWORD-gone}"')" = "second
gone" ]
	berth stop -t 0 c
	split berth start c
	want 125
	err_has "there is no secret 'a'"
	split berth exec c true
	want 125
}

@test "secrets: nothing of them is in the plan, the events and what was started with it" {
	keep a
	split berth run --dry-run --network none --secret a --secret a,type=env busybox true
	want 0
	lacks "$CONTENT"
	once --name e --secret a --secret a,type=env busybox sh -c 'tr "\0" "\n" </proc/1/environ >/dev/null; tr "\0" " " </proc/1/cmdline; sleep 0.3'
	want 0
	lacks "$CONTENT"
	split berth events --stream=false
	lacks "$CONTENT"
	[ -z "$(leaks)" ]
}
