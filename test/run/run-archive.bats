# SPDX-License-Identifier: LGPL-2.1-or-later
# Images that are run from where they are: archives, layouts, standard input.
load ../helper/berth

case_file() { # CASE: prints the path of what test/helper/image-case writes
	[ -e "$T/cases/$1" ] || { mkdir -p "$T/cases" && "$helper/image-case" "$1" "$T/cases/$1"; }
	echo "$T/cases/$1"
}

here() { # IMAGE COMMAND...
	split berth run --rm --network none "$@"
}

@test "every transport runs the same image" {
	for what in "docker-archive:$(image busybox.docker.tar)" "docker-archive:$(image busybox.docker.tar.gz)" \
		"docker-archive:$(image busybox.docker.tar.zst)" "docker-archive:$(image busybox.docker.tar):busybox" \
		"docker-archive:$(image busybox.docker.tar):docker.io/library/busybox:latest" \
		"oci-archive:$(image busybox.oci.tar)" "oci-archive:$(image busybox.oci.tar):latest" \
		"oci:$(image busybox.oci)" "oci:$(image busybox.oci):latest" "oci:$(image busybox-zstd.oci)" \
		"oci:$(image busybox-plain.oci)"; do
		here "$what" cat /etc/os-release
		want 0 || { echo "$what"; return 1; }
		has 'NAME="busybox"'
		[ -z "$stderr" ]
	done
	# Nothing got a name, and there is one layer.
	[ -z "$(berth images -q)" ]
	[ "$(berth images -a -q | wc -l)" -ge 1 ]
	[ "$(find "$ROOT/layers" -mindepth 1 -maxdepth 1 -type d | wc -l)" = 1 ]
	[ -z "$(ls "$ROOT/blobs/sha256" "$ROOT/tmp" | grep -v :)" ]
}

@test "an archive on stdin: a file, a pipe, compressed" {
	split berth run --rm --network none - cat /etc/os-release <"$(image busybox.docker.tar)"
	want 0
	has busybox
	for file in "$(image busybox.docker.tar.zst)" "$(image busybox.oci.tar)"; do
		run bash -c 'cat "$1" | "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none - echo ran' _ "$file"
		want 0
		has ran
	done
	[ -z "$(berth images -q)" ]
}

@test "an archive on stdin with -i: the payload finds its end" {
	for file in "$(image busybox.docker.tar)" "$(image busybox.docker.tar.zst)"; do
		split berth run --rm -i --network none - cat <"$file"
		want 0
		[ -z "$output" ]
		run bash -c 'cat "$1" | "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm -i --network none - cat' _ "$file"
		want 0
		[ -z "$output" ]
	done
}

@test "the second run unpacks nothing" {
	here "docker-archive:$(image many.docker.tar)" true
	want 0
	before=$(stat -c '%i %y' "$ROOT"/layers/* | sort)
	cp "$(image many.docker.tar)" "$T/copy.tar"
	# Layers are not even looked at: their bytes may be gone.
	here "docker-archive:$T/copy.tar" ls /layers
	want 0
	[ "$(stat -c '%i %y' "$ROOT"/layers/* | sort)" = "$before" ]
}

@test "one of several: by name, by position" {
	here "docker-archive:$(case_file docker-two-images)" /x
	want 125
	err_has "2 images"
	err_has "docker.io/library/other:1"
	here "docker-archive:$(case_file docker-two-images):other:1" /nothing
	want 127
	here "docker-archive:$(case_file docker-two-images):@1" /nothing
	want 127
	for ref in @2 @x nothing 'Bad name'; do
		here "docker-archive:$(case_file docker-two-images):$ref" /nothing
		want 125 || { echo "$ref"; return 1; }
	done
	here "oci:$(case_file oci-two-names):two:2" /nothing
	want 127
	here "oci:$(case_file oci-two-names)" /nothing
	want 125
	err_has "docker.io/library/one:1"
}

@test "a directory that the kernel takes no overlay of is named, and what to do instead" {
	here rootfs:/proc:O true
	want 125
	err_has "rootfs '/proc'"
	err_has "hint: a directory with mounts below it"
	only rootless
	here rootfs:/:O true
	want 125
	err_has "hint: 'host:'"
}

@test "the transport must be right" {
	here "oci-archive:$(image busybox.docker.tar)" true
	want 125
	err_has "no index.json"
	here "docker-archive:$(image busybox.oci.tar)" true
	want 125
	err_has "no manifest.json"
	here "docker-archive:$T/none.tar" true
	want 125
	err_has "No such file"
	here "oci:" true
	want 125
}

@test "platforms of an index" {
	here "oci:$(image multi.oci)" cat /etc/platform
	want 0
	[ "$output" = linux/amd64 ]
	split berth run --rm --network none --platform linux/amd64 "oci-archive:$(image multi.oci.tar)" cat /etc/platform
	want 0
	split berth run --rm --network none --platform linux/s390x "oci:$(image multi.oci)" cat /etc/platform
	want 125
	err_has "linux/arm64"
	here "oci:$(case_file bad-oci-platform)" true
	want 125
	err_has "linux/riscv64"
	# The other platform's files are there; its programs do not run here, and the error says so.
	split berth run --rm --network none --platform arm64 "oci:$(image multi.oci)" cat /etc/platform
	[ "$status" = 0 ]
	[ "$output" = linux/arm64/v8 ]
}

@test "what must be refused is refused, and leaves nothing" {
	for name in $("$helper/image-case" --list | grep ^bad-); do
		case $name in *-docker-*) what=docker-archive ;; *) what=oci ;; esac
		here "$what:$(case_file "$name")" true
		want 125 || { echo "case $name"; return 1; }
		[[ $stderr == "berth: run: "* && $stderr != *$'\e'* ]] || { echo "case $name says $stderr"; return 1; }
		[ -z "$(ls "$ROOT/layers" "$ROOT/images" "$ROOT/tmp" | grep -v :)" ] || { echo "case $name left files"; return 1; }
	done
}

@test "killed at any point: nothing needs repair" {
	need strace
	local call k points=0
	for call in renameat renameat2 linkat syncfs mkdirat unlinkat clone3 openat; do
		for k in 1 2 3 5 8 13 40; do
			strace -qq -o /dev/null -e trace=$call -e inject=$call:signal=KILL:when=$k \
				"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none \
				"oci:$(image many.oci)" true >/dev/null 2>&1 && break
			points=$((points + 1))
			if ((points % 3 == 0)); then
				here "oci:$(image many.oci)" cat /data/hidden/other
				want 0 || { echo "$call $k"; return 1; }
				[ "$output" = new ]
				berth rmi "$(berth images -a -q)" >/dev/null
			fi
		done
	done
	[ "$points" -ge 18 ]
	berth load -q -i "$(case_file docker)"
	[ -z "$(ls "$ROOT/tmp")" ]
}

@test "twenty at once: one unpacks, all run" {
	for i in $(seq 20); do
		"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none "oci:$(image many.oci)" cat /data/hidden/other \
			>"$T/out$i" 2>"$T/err$i" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	[ "$(cat "$T"/out* | sort | uniq -c | tr -s ' ')" = " 20 new" ]
}

@test "the same files as umoci unpacks" {
	only root
	for name in busybox many; do
		umoci unpack --image "$(image $name.oci):latest" "$T/umoci-$name" >/dev/null
		(cd "$T/umoci-$name/rootfs" && find . -mindepth 1 | LC_ALL=C sort |
			xargs -d '\n' stat -c '%n %f %u %g %s %Y %N' | tr -d "'" |
			awk '!/ 4.... /{print} / 4.... /{$5="";print}') >"$T/theirs"
		cat >"$T/list" <<'SH'
cd / && find . -mindepth 1 -xdev | LC_ALL=C sort | while read -r f; do stat -c '%n %f %u %g %s %Y %N' "$f"; done |
	awk '!/ 4.... /{print} / 4.... /{$5="";print}'
SH
		berth run --rm -i --network none --user 0 --entrypoint /bin/sh "oci:$(image $name.oci)" -s <"$T/list" | tr -d "'" |
			grep -v -e '^./etc/\(hosts\|hostname\|resolv.conf\|mtab\) ' -e '^./\(proc\|sys\|dev\) ' \
				-e '^./\.dockerenv' -e '^./run/\.' -e '^./data ' >"$T/ours"
		grep -v -e '^./\(proc\|sys\|dev\) ' -e '^./data ' "$T/theirs" >"$T/theirs2"
		diff "$T/theirs2" "$T/ours" | head -20
		cmp "$T/theirs2" "$T/ours" || { echo "image $name"; return 1; }
	done
}
