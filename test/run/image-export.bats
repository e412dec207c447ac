# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

# Type, mode, owner, size and link of each file, from within a container.
seen_inside() { # IMAGE
	berth run --rm --network none "$1" sh -c 'cd / && find bin data etc home layers opt root sbin tmp usr var -xdev |
		while read -r f; do
			case $f in etc/hosts | etc/hostname | etc/resolv.conf) continue ;; esac
			stat -c "%n %A %u:%g" "$f"
		done' | LC_ALL=C sort
}

seen_in_tar() { # TAR
	python3 - "$1" <<-'PY' | LC_ALL=C sort
		import stat, sys, tarfile
		with tarfile.open(sys.argv[1]) as tar:
		    modes = {}
		    for m in tar:
		        if m.name.split("/")[0] not in "bin data etc home layers opt root sbin tmp usr var".split():
		            continue
		        kind = {tarfile.DIRTYPE: stat.S_IFDIR, tarfile.SYMTYPE: stat.S_IFLNK, tarfile.FIFOTYPE: stat.S_IFIFO}
		        modes[m.name] = stat.filemode(kind.get(m.type, stat.S_IFREG) | m.mode)
		        print(m.name, modes[m.name], f"{m.uid}:{m.gid}")
	PY
}

@test "the tree that a container sees" {
	berth load -q -i "$(image many.docker.tar)" >/dev/null
	split berth image export -o all.tar many
	want 0
	[ -z "$output$stderr" ]
	berth image export many | cmp - all.tar
	seen_in_tar all.tar >tar.txt
	seen_inside many >inside.txt
	grep -qx 'home/app drwxr-xr-x 1000:1000' tar.txt
	# With one id a container sees no other.
	if [ "$(persona)" = one ]; then
		sed -i 's/[0-9]*:[0-9]*$//' tar.txt inside.txt
	fi
	diff tar.txt inside.txt
	# Whiteouts and opaque directories are not there, nor is what they hide.
	run tar -tf all.tar
	lacks .wh.
	lacks overlay
	[ "$(tar -tf all.tar | sort | uniq -d | wc -l)" = 0 ]
}

@test "names, links, attributes and owners come through import and export" {
	mkdir -p tree/dir
	deep=$(printf 'd%.0s' {1..90})/$(printf 'e%.0s' {1..120})
	mkdir -p "tree/$deep"
	echo one >"tree/$deep/file"
	ln "tree/$deep/file" tree/dir/hard
	ln -s "$(printf 'x%.0s' {1..200})" tree/dir/long-link
	mkfifo tree/dir/fifo
	printf 'x\n' >"tree/dir/ünï cödé"
	python3 - <<-'PY'
		import io, os, tarfile
		with tarfile.open("in.tar", "w", format=tarfile.PAX_FORMAT) as tar:
		    def own(info):
		        info.uid, info.gid, info.uname, info.gname, info.mtime = 0, 0, "", "", 1700000000
		        return info
		    tar.add("tree", arcname=".", filter=own)
		    info = tarfile.TarInfo("owned")
		    info.uid, info.gid, info.size, info.mode, info.mtime = 1000, 29, 3, 0o4750, 1600000000.25
		    info.pax_headers = {"SCHILY.xattr.user.note": "hello", "SCHILY.xattr.user.berth.owner": "5:5"}
		    tar.addfile(info, io.BytesIO(b"abc"))
		    old = tarfile.TarInfo("before")
		    old.mtime = -5
		    tar.addfile(old)
	PY
	berth import in.tar made >/dev/null
	berth image export made >out.tar
	python3 - "$deep" <<-'PY'
		import sys, tarfile
		deep = sys.argv[1]
		with tarfile.open("out.tar") as tar:
		    m = {i.name: i for i in tar}
		    hard = [m["dir/hard"], m[deep + "/file"]]
		    assert sorted(h.type for h in hard) == [tarfile.REGTYPE, tarfile.LNKTYPE], hard
		    assert m["dir/long-link"].linkname == "x" * 200
		    assert m["dir/fifo"].type == tarfile.FIFOTYPE
		    assert "dir/ünï cödé" in m
		    o = m["owned"]
		    assert (o.uid, o.gid, o.mode, o.size) == (1000, 29, 0o4750, 3), (o.uid, o.gid, oct(o.mode))
		    assert o.mtime == 1600000000.25, o.mtime
		    assert o.pax_headers.get("SCHILY.xattr.user.note") == "hello", o.pax_headers
		    assert not [k for k in o.pax_headers if "berth" in k]
		    assert m["before"].mtime == -5
		    assert all(not n.startswith(("/", "..")) for n in m)
	PY
	# What was exported makes the same tree again.
	berth import out.tar again >/dev/null
	berth image export again | cmp - out.tar
	tar -tvf out.tar >/dev/null
}

@test "podman says the same" {
	only root
	need podman
	export PEER_STORE=/var/tmp/berth-pm-$$ PEER_DRIVER=vfs
	berth load -q -i "$(image many.docker.tar)" >/dev/null
	berth image export many >ours.tar
	"$helper/peer" podman load -q -i "$(image many.docker.tar)" >/dev/null
	"$helper/peer" podman create --name c many true >/dev/null
	"$helper/peer" podman export -o theirs.tar c
	rm -rf "$PEER_STORE"
	seen_in_tar ours.tar >ours.txt
	seen_in_tar theirs.tar >theirs.txt
	diff ours.txt theirs.txt
}

teardown() {
	[ -z "${PEER_STORE:-}" ] || rm -rf "$PEER_STORE"
	berth_teardown
}

@test "one layer, and two" {
	"$helper/image-case" docker "$T/x"
	berth load -q -i x >/dev/null
	[ "$(berth image export case | tar -xO hello)" = second ]
	mkdir tree
	echo alone >tree/hello
	tar -cC tree . | berth import - single >/dev/null
	[ "$(berth image export single | tar -xO hello)" = alone ]
}

@test "a terminal, a full disk, and what is not there" {
	busybox
	run script -qec "'$BERTH' --root '$ROOT' image export busybox" /dev/null
	want 125
	has "not written to a terminal"
	split bash -c "'$BERTH' --root '$ROOT' image export busybox >/dev/full"
	want 125
	err_has "No space left on device"
	echo before >keep
	split berth image export -o keep nothing
	want 125
	[ "$(cat keep)" = before ]
	split berth image export
	want 125
	split berth image export busybox busybox
	want 125
}

@test "no file of the host is followed" {
	python3 - <<-'PY'
		import tarfile
		with tarfile.open("in.tar", "w") as tar:
		    for name, target in (("passwd", "/etc/passwd"), ("up", "../../../../../../etc"), ("proc", "/proc/self/root")):
		        info = tarfile.TarInfo(name)
		        info.type, info.linkname = tarfile.SYMTYPE, target
		        tar.addfile(info)
	PY
	berth import in.tar links >/dev/null
	berth image export links >out.tar
	[ "$(tar -tf out.tar | sort | tr '\n' ' ')" = "passwd proc up " ]
	[ "$(tar -tvf out.tar | grep -c '^l')" = 3 ]
	[ "$(stat -c %s out.tar)" -le 10240 ]
}
