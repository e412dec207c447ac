# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

@test "--volumes-from: volumes and binds of another container, running or not" {
	busybox
	mkdir "$T/host"
	echo host >"$T/host/file"
	berth run --name src -v one:/named -v /anon -v "$T/host:/bind" -v one:/again:ro --tmpfs /t --mount type=volume,src=one,dst=/part,subpath=/ busybox \
		sh -c 'echo named >/named/file; echo anon >/anon/file'
	local show='cat /named/file /anon/file /bind/file; touch /named/x; echo $?; touch /again/x 2>/dev/null; echo $?; ls -d /t 2>/dev/null || echo none'
	[ "$(berth run --rm --volumes-from src busybox sh -c "$show")" = "named
anon
host
0
1
none" ]
	[ "$(berth run --rm --volumes-from src:ro busybox sh -c 'touch /named/y /anon/y /bind/y 2>/dev/null; echo $?; cat /named/file')" = "1
named" ]
	berth run --rm --volumes-from src:rw,z busybox touch /anon/z
	# What is said here counts more, and of several containers the last.
	[ "$(berth run --rm --volumes-from src -v two:/named busybox ls -A /named)" = "" ]
	berth create --name other -v three:/named busybox true
	[ "$(berth run --rm --volumes-from src --volumes-from other busybox sh -c 'ls -A /named; cat /anon/file')" = anon ]
	[ "$(berth run --rm --volumes-from other --volumes-from src busybox cat /named/file)" = named ]
	# A container that stays has them as its own, the next time as well.
	berth run --name user --volumes-from src busybox cat /anon/file
	split berth rm -v src
	want 0
	[ "$(berth start -a user)" = anon ]
	split berth volume rm one
	want 2
	err_has "'user'"
	[ "$(berth inspect -f '{{range .Mounts}}{{.Destination}} {{end}}' user)" = "/again /anon /bind /named /part " ]
	[ "$(berth run --rm --volumes-from user busybox cat /anon/file)" = anon ]
	split berth run --rm --volumes-from nobody busybox true
	want 125
	err_has "there is no container 'nobody'"
	split berth run --rm --volumes-from user:wo busybox true
	want 125
	berth rm user other
	store_is_clean
}

@test "--volumes-from a container of --rm that ends meanwhile" {
	busybox
	berth run -d --rm --name src -v /anon busybox sh -c 'echo anon >/anon/file; sleep 1000' >/dev/null
	eventually 60 berth exec src test -e /anon/file
	berth run -d --rm --name user --volumes-from src busybox sleep 1000 >/dev/null
	berth rm -f src
	[ "$(berth exec user cat /anon/file)" = anon ]
	[ -n "$(ls "$ROOT/scratch/volumes")" ]
	# A sweep leaves them alone as long.
	berth ps -a >/dev/null
	[ "$(berth exec user cat /anon/file)" = anon ]
	berth rm -f user
	berth ps -a >/dev/null
	[ -z "$(ls "$ROOT/scratch/volumes")" ]
	[ -z "$(ls "$ROOT/scratch/work")" ]
	store_is_clean
}
