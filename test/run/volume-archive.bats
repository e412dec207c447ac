# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

@test "export and import: what is in it, with owners and modes" {
	busybox
	berth run --rm -v one:/x busybox sh -c 'mkdir -p /x/d/e; echo text >/x/d/file; ln -s d/file /x/link; ln /x/d/file /x/hard; chmod 4711 /x/d/file; chmod 750 /x/d'
	[ "$(persona)" = one ] || berth run --rm -v one:/x busybox chown -R 12:34 /x/d
	split berth volume export one -o "$T/out.tar"
	want 0
	[ -z "$output" ]
	berth volume export one >"$T/same.tar"
	cmp "$T/out.tar" "$T/same.tar"
	tar -tvf "$T/out.tar" >"$T/list"
	[ "$(persona)" = one ] || grep -E '^drwxr-x--- 12/34 .* \./d/$' "$T/list"
	grep -E ' \./link -> d/file$' "$T/list"
	berth volume create two
	berth volume import two "$T/out.tar"
	gzip -c "$T/out.tar" | berth volume import two -
	berth volume import two <"$T/out.tar"
	[ "$(berth run --rm -v two:/x busybox sh -c 'cat /x/link /x/hard; stat -c "%u:%g %a %h" /x/d/file; stat -c %a /x/d')" = \
		"$(berth run --rm -v one:/x busybox sh -c 'cat /x/link /x/hard; stat -c "%u:%g %a %h" /x/d/file; stat -c %a /x/d')" ]
	split berth volume export nothing
	want 125
	split berth volume import nothing "$T/out.tar"
	want 125
	split berth volume import two "$T/missing.tar"
	want 125
	echo "no archive, but long enough to be looked at" >"$T/bad"
	split berth volume import two "$T/bad"
	want 125
	err_has "$T/bad"
	head -c 1000 "$T/out.tar" >"$T/cut.tar"
	split berth volume import two "$T/cut.tar"
	want 125
	berth volume create -o type=tmpfs mem
	split berth volume export mem -o "$T/mem.tar"
	want 125
	[ ! -e "$T/mem.tar" ]
	berth volume rm -a >/dev/null
	store_is_clean
}

@test "export to a terminal is refused" {
	busybox
	berth volume create one
	run script -qec "'$BERTH' --root '$ROOT' --runroot '$RUNROOT' volume export one" /dev/null
	want 125
	has terminal
}

@test "import: nothing of the archive reaches anything outside of the volume" {
	busybox
	echo safe >"$T/canary"
	python3 - "$T" <<'END'
import io, sys, tarfile
top = sys.argv[1]

def archive(name, *entries):
    with tarfile.open(f"{top}/{name}.tar", "w") as tar:
        for kind, path, value in entries:
            info = tarfile.TarInfo(path)
            info.type = kind
            if kind == tarfile.REGTYPE:
                info.size = len(value)
                tar.addfile(info, io.BytesIO(value.encode()))
                continue
            info.linkname = value
            info.devmajor, info.devminor = 1, 5
            tar.addfile(info)

L, F, D, H, C = tarfile.SYMTYPE, tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE
archive("up", (F, "../canary", "evil"))
archive("deep", (F, "a/../../../../../../../.." + top + "/canary", "evil"))
archive("absolute", (F, top + "/canary", "evil"))
archive("link", (L, "x", top), (F, "x/canary", "evil"))
archive("links", (L, "a", "/"), (L, "b", "a" + top), (F, "b/canary", "evil"))
archive("proc", (L, "x", "/proc/self/cwd"), (F, "x/canary", "evil"))
archive("hard", (H, "x", top + "/canary"), (F, "x", "evil"))
archive("replace", (D, "d", ""), (L, "d", top), (F, "d/canary", "evil"))
archive("device", (C, "null", ""))
END
	local name
	for name in up deep absolute link links proc hard replace device; do
		berth volume create "v$name" >/dev/null
		# Links that the container left are no way out either.
		berth run --rm -v "v$name:/v" busybox ln -s "$T" /v/left
		run berth volume import "v$name" "$T/$name.tar"
		[[ $status = 0 || $status = 125 ]]
		[ "$(cat "$T/canary")" = safe ]
		[ -z "$(find "$ROOT/volumes/v$name" -type c)" ]
	done
	[ "$(ls "$T" | grep -c canary)" = 1 ]
	berth volume rm -a >/dev/null
	store_is_clean
}

@test "export: a file that becomes a link is not followed" {
	busybox
	echo SECRETSECRET >"$T/secret"
	berth run -d --name flip -v one:/x busybox sh -c "cd /x; while :; do echo mine >file; rm file; ln -s '$T/secret' file; rm file; done" >/dev/null
	local i
	for i in $(seq 1 60); do
		berth volume export one -o "$T/out.tar"
		! grep -q SECRETSECRET "$T/out.tar"
	done
	berth rm -f flip >/dev/null
}
