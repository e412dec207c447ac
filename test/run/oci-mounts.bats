# SPDX-License-Identifier: LGPL-2.1-or-later
# What a bundle has in `mounts`, `root`, `linux.devices`, `linux.maskedPaths` and what belongs to them. The
# bundles are written by test/helper/evilbundle. Root tries most of them a second time with a user namespace.
load ../helper/berth
load ../helper/evil

setup() {
	berth_setup
	evil_setup
}

# The container prints its mount table; these look into it.
table='- sh("cat /proc/self/mountinfo")'

line() { # DESTINATION: its line, the last one
	awk -v at="$1" '$5 == at' <<<"$output" | tail -1
}

flags() { # DESTINATION WORD...: its line has these words, as attributes or as options of the file system
	local at=$1 word found
	shift
	found=,$(line "$at" | cut -d' ' -f6),$(line "$at" | sed 's/.* - //' | cut -d' ' -f3),
	[ "$found" != ,,, ] || {
		echo "no mount on $at"
		return 1
	}
	for word; do
		[[ $found == *",$word,"* ]] || {
			echo "$at has $found and not $word"
			return 1
		}
	done
}

no_flag() { # DESTINATION WORD
	! flags "$1" "$2" >/dev/null
}

@test "options: the attributes of a mount" {
	local word words='ro rw nosuid suid nodev dev noexec exec nosymfollow symfollow noatime atime nodiratime diratime
		relatime norelatime strictatime nostrictatime defaults silent loud iversion noiversion async nolazytime nomand'
	for mode in "${modes[@]}"; do
		# shellcheck disable=SC2086
		works "$table" "$(printf -- '- '; printf 'mount("/m/%s", "tmpfs", "t", "%s"); ' $(printf '%s %s ' $(for word in $words; do echo "$word $word"; done)))"
		flags /m/ro ro
		flags /m/rw rw
		for word in nosuid nodev noexec nosymfollow noatime nodiratime relatime; do
			flags "/m/$word" rw "$word"
		done
		for word in suid dev exec symfollow diratime strictatime defaults silent loud iversion async; do
			for flag in nosuid nodev noexec nosymfollow nodiratime noatime sync; do
				no_flag "/m/$word" "$flag"
			done
		done
		no_flag /m/strictatime relatime
		no_flag /m/norelatime relatime
		flags /m/nostrictatime relatime
		flags /m/atime relatime
	done
}

@test "options: the last of two that exclude each other counts; several in one" {
	works "$table" '- mount("/a", "tmpfs", "t", "ro", "rw", "noexec", "exec", "nodev")' \
		'- mount("/b", "tmpfs", "t", "rw", "ro", "noatime", "strictatime")' \
		'- mount("/c", "tmpfs", "t", "size=1m,mode=700", "nr_inodes=77")'
	flags /a rw nodev
	no_flag /a noexec
	flags /b ro
	no_flag /b noatime
	no_flag /b relatime
	flags /c size=1024k mode=700 nr_inodes=77
}

@test "options: words for the file system as a whole" {
	works "$table" '- mount("/a", "tmpfs", "t", "sync", "dirsync", "lazytime"); mount("/b", "bind", "rootfs", "bind", "sync")'
	flags /a sync dirsync lazytime
	flags /b rw
}

@test "options: recursive words reach the mounts below, others do not" {
	only root
	bundle "$table" '- mount("/a", "bind", "../src", "rbind", "ro"); mount("/b", "bind", "../src", "rbind", "rro")' \
		'- mount("/c", "bind", "../src", "rbind", "ro", "rnoexec", "nosuid", "rnoatime", "rnosymfollow")' \
		'- mount("/d", "bind", "../src", "bind", "ro")'
	split unshare -m --propagation private sh -c 'mkdir -p src/sub && mount -t tmpfs t src/sub &&
		exec "$BERTH" oci --root "$T/state" run --bundle "$T/b" x'
	want 0
	flags /a ro
	flags /a/sub rw
	flags /b ro
	flags /b/sub ro
	flags /c ro noexec nosuid noatime nosymfollow
	flags /c/sub rw noexec noatime nosymfollow
	no_flag /c/sub nosuid
	flags /d ro
	[ -z "$(line /d/sub)" ]
}

@test "a destination may be relative, and is clean" {
	for mode in "${modes[@]}"; do
		works "$table" '- mount("a/b", "tmpfs", "t"); mount("/c/../d//e/", "tmpfs", "t"); mount("../../f", "tmpfs", "t")' \
			'- drop("/proc"); c["mounts"].insert(0, {"destination": "proc", "type": "proc", "source": "proc"})'
		flags /a/b rw
		flags /d/e rw
		flags /f rw
	done
}

@test "sources of bind mounts: relative to the bundle, files, with any type" {
	for mode in "${modes[@]}"; do
		rm -rf src
		mkdir -p src/d
		echo hello >src/f
		chmod -R a+rX src
		works '- mount("/a", "none", "../src", "rbind"); mount("/b/c/d", "bind", "../src/f", "bind", "ro")' \
			"- mount('/e', 'ext4', '$T/src', 'bind'); mount('/g', 'bind', '../src'); mount('/h', None, '../src', 'bind')" \
			'- sh("ls /a /e /g /h; cat /b/c/d; ! echo x >/b/c/d")'
		has hello
		[ "$(grep -c '^f$' <<<"$output")" = 4 ]
		[ -f b/rootfs/b/c/d ]
	done
}

@test "mounts are made in their order" {
	mkdir -p src
	echo first >src/f
	chmod -R a+rX src
	for mode in "${modes[@]}"; do
		works '- mount("/x", "tmpfs", "t"); mount("/x/y", "bind", "../src", "bind"); mount("/x/y", "tmpfs", "t", "ro")' \
			'- mount("/z/w", "bind", "../src", "bind"); mount("/z", "tmpfs", "t"); mount("/z/v", "bind", "../src", "bind")' \
			'- sh("ls /x/y; ls /z; cat /z/v/f")'
		[ "$output" = $'v\nfirst' ]
	done
}

@test "what cannot be is an error that names the mount" {
	mkdir src
	local bind='"/x", "bind", "../src", "bind"'
	refused "mounts[5]: 'options': 'sise=1' is no option of a bind mount" "- mount($bind, 'sise=1')"
	refused "mounts[5]: 'options': 'tmpcopyup' is for a tmpfs" "- mount($bind, 'tmpcopyup')"
	refused "mounts[5]: 'options': 'tmpcopyup' is for a tmpfs" "- mount('/x', 'proc', 'proc', 'tmpcopyup')"
	refused "mounts[5]: 'options': ids can be mapped in bind mounts alone" "- mount('/x', 'tmpfs', 't', 'ridmap')"
	refused "mounts[5]: 'options': 'remount' changes a mount that is there" "- mount('/x', 'tmpfs', 't', 'remount', 'tmpcopyup')"
	refused "mounts[5]: 'source' is missing: a bind mount needs one" '- mount("/x", "none", None, "bind")'
	refused "mounts[5]: 'type' is missing" '- mount("/x", None, "../src", "ro")'
	refused "mounts[5]: 'type' is 'none', which is for bind mounts" '- mount("/x", "none", "../src", "ro")'
	refused "mounts[5]: 'destination' is missing" '- mount("", "tmpfs")'
	refused "mounts[5]: 'uidMappings' and 'gidMappings' belong together" \
		"- mount($bind, 'idmap'); c['mounts'][5]['uidMappings'] = [{'containerID': 0, 'hostID': 0, 'size': 1}]"
	refused "mounts[5] on '/x': option 'bogus=1'" "- mount('/x', 'tmpfs', 't', 'bogus=1')"
	refused "mounts[5] on '/x': cannot clone the mount at '$T/b/nope': No such file" "- mount('/x', 'bind', 'nope', 'bind')"
	refused "mounts[5] on '/': nothing can be mounted on '/'" "- mount('/', 'tmpfs', 't')"
	refused "mounts[5] on '/x/y'" "- mount('/x/y', 'bind', '../src', 'bind')" "x = file"
	refused "mounts[5] on '/x': cannot mount a file system of type 'blurb'" "- mount('/x', 'blurb', 'some')"
}

@test "idmap: a mount with maps of its own" {
	only root
	mkdir -p src/sub
	echo x >src/f
	chown 5:6 src/f
	local maps='c["mounts"][-1]["uidMappings"] = [{"containerID": 0, "hostID": %d, "size": 10}];
c["mounts"][-1]["gidMappings"] = [{"containerID": 0, "hostID": %d, "size": 10}]'
	works "- mount('/x', 'bind', '../src', 'bind', 'idmap')
$(printf "$maps" 500 600)" '- mount("/y", "bind", "../src", "bind")
sh("stat -c %u:%g /x /x/f /y/f; cat /proc/self/mountinfo")'
	[ "$(head -3 <<<"$output" | xargs)" = "500:600 505:606 5:6" ]
	flags /x idmapped
	no_flag /y idmapped
	# With a user namespace: what is 5 on disk is 500 of the host's there, which the container has as 7.
	mode=userns
	works "- mount('/x', 'bind', '../src', 'bind', 'idmap')
$(printf "$maps" 100002 100002)
sh('stat -c %u:%g /x /x/f')"
	[ "$(xargs <<<"$output")" = "2:2 7:8" ]
	[ "$(stat -c %u:%g src/f)" = 5:6 ]
}

@test "idmap: the maps of the container; ridmap reaches what is mounted below" {
	only root
	mode=userns
	bundle '- mount("/x", "bind", "../src", "rbind", "idmap"); mount("/y", "bind", "../src", "rbind", "ridmap")' \
		'- sh("stat -c %u /x /x/sub /y /y/sub; echo new >/y/new; cat /proc/self/mountinfo")'
	split unshare -m --propagation private sh -c 'mkdir -p src/sub && mount -t tmpfs t src/sub &&
		"$BERTH" oci --root "$T/state" run --bundle "$T/b" x && stat -c made-by-%u src/new'
	want 0
	[ "$(head -4 <<<"$output" | xargs)" = "0 65534 0 0" ]
	has made-by-0
	flags /y/sub idmapped
	no_flag /x/sub idmapped
}

@test "idmap: without maps, and by who may not" {
	mkdir src
	if [ "$mode" = root ]; then
		refused "mounts[5] on '/x': the mount on '/x' cannot be idmapped" "- mount('/x', 'bind', '../src', 'bind', 'idmap')"
	else
		refused "mounts[5] on '/x'" "- mount('/x', 'bind', '../src', 'bind', 'idmap')
c['mounts'][-1]['uidMappings'] = c['mounts'][-1]['gidMappings'] = c['linux']['uidMappings']"
	fi
}

@test "remount: what is there already changes" {
	for mode in "${modes[@]}"; do
		works "$table" '- mount("/x", "tmpfs", "t", "size=2m", "nosuid"); mount("/x", "none", "none", "remount", "ro", "noexec", "size=4m")' \
			'- mount("/sys", None, None, "remount", "nosymfollow"); mount("/", "none", "", "remount", "nosuid")'
		flags /x ro nosuid noexec size=4096k
		flags /sys ro nosymfollow
		flags / nosuid
		refused "mounts[5] on '/bin': nothing is mounted there" '- mount("/bin", "none", "none", "remount", "ro")'
	done
}

@test "tmpfs: the mode of the directory, what is in it, mount points in a read-only one" {
	mkdir src
	echo x >src/f
	chmod -R a+rX src
	for mode in "${modes[@]}"; do
		bundle '- mount("/x", "tmpfs", "t"); mount("/new", "tmpfs", "t"); mount("/y", "tmpfs", "t", "mode=711")' \
			'- mount("/z", "tmpfs", "t", "tmpcopyup", "ro"); mount("/r", "tmpfs", "t", "ro"); mount("/r/d/f", "bind", "../src/f", "bind")' \
			'- mount("/plain", "tmpfs", "t"); sh("stat -c %a /x /new /y; cat /z/a/b /z/l; ! touch /z/n /r/n && cat /r/d/f; ls /plain")' \
			x/ y/ z/a/ 'z/a/b = deep' 'z/l -> a/b' plain/ 'plain/f = f'
		chmod 2750 b/rootfs/x
		go
		want 0
		[ "$(xargs <<<"$output")" = "2750 1777 711 deep deep x" ]
	done
}

@test "a read-only /dev, which has all of its nodes" {
	for mode in "${modes[@]}"; do
		works '- c["mounts"][1]["options"].append("ro")' '- sh("ls /dev; ! touch /dev/x 2>/dev/null && echo x >/dev/null")'
		has urandom
	done
}

@test "file systems of the kernel: mqueue, sysfs, cgroup2, a devpts with a group that nobody has" {
	for mode in "${modes[@]}"; do
		works "$table" '- mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"); mount("/s", "sysfs", "sysfs", "ro")' \
			'- mount("/cg", "cgroup2", "cgroup2", "ro", "nosuid"); c["mounts"][2]["options"].append("gid=70000")'
		[[ $(line /dev/mqueue) == *" - mqueue mqueue "* ]]
		[[ $(line /s) == *" - sysfs sysfs "* ]]
		[[ $(line /cg) == *" - cgroup2 "* ]]
		flags /cg ro nosuid
		if [ "$mode" = root ]; then flags /dev/pts gid=70000; else no_flag /dev/pts gid=70000; fi
	done
}

@test "a user namespace that is joined: its groups, its devices" {
	only root
	mode=userns
	unshare --user sleep 60 3>&- &
	local pid=$!
	eventually 20 eval '[ "$(readlink /proc/$pid/ns/user)" != "$(readlink /proc/self/ns/user)" ]'
	echo 0 100000 4 >"/proc/$pid/uid_map"
	echo 0 100000 4 >"/proc/$pid/gid_map"
	bundle "$table" "- c['linux']['namespaces'][-1] = {'type': 'user', 'path': '/proc/$pid/ns/user'}; [c['linux'].pop(m) for m in ('uidMappings', 'gidMappings')]" \
		'- c["mounts"][2]["options"].append("gid=5"); c["linux"]["devices"] = [{"path": "/dev/kmsg", "type": "c", "major": 1, "minor": 11}]'
	go
	kill "$pid"
	want 0
	flags /dev/pts mode=620
	no_flag /dev/pts gid=5
	[ -n "$(line /dev/kmsg)" ]
}

@test "/proc of a container that shares the host's processes" {
	for mode in "${modes[@]}"; do
		works '- c["linux"]["namespaces"] = [n for n in c["linux"]["namespaces"] if n["type"] != "pid"]' \
			'- sh("cat /proc/1/stat >/dev/null && readlink /proc/self")'
		[ "$output" -gt 1 ]
	done
}

@test "no mounts at all: /dev is there, and everything that /proc is needed for is done" {
	for mode in "${modes[@]}"; do
		works '- c["mounts"] = []; c["process"]["oomScoreAdj"] = 500; c["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1"}' \
			'- sh("ls / /dev")' 'dev/image = covered'
		has urandom
		lacks image
		lacks proc
		works '- c["mounts"][0]["options"] = ["subset=pid", "hidepid=2"]; c["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1"}' \
			'- sh("test -d /proc/self && test ! -e /proc/sys")' 'dev/image = covered'
		[ "$(cat b/rootfs/dev/image)" = covered ]
	done
}

@test "file systems of devices" {
	only root
	truncate -s 8M disk
	mkfs.ext4 -q -F disk
	LOOP=$(losetup -f --show disk) || cannot "loop devices"
	for mode in "${modes[@]}"; do
		bundle "- mount('/x', 'ext4', '$LOOP', 'ro', 'noexec'); sh('ls /x; cat /proc/self/mountinfo')"
		go
		[ "$status" = 0 ] || losetup -d "$LOOP"
		want 0
		has lost+found
		flags /x ro noexec
	done
	losetup -d "$LOOP"
	# The name of a device is that of the host's, even where the image has one like it.
	refused "mounts[5] on '/x'" "- mount('/x', 'ext4', 'nodev'); c['linux']['devices'] = [{'path': '/nodev', 'type': 'b', 'major': 7, 'minor': 0}]"
}

@test "overlay, as engines give it" {
	for mode in "${modes[@]}"; do
		local long user=
		long=$(printf 'a%.0s' $(seq 200))
		[ "$mode" = root ] || user=userxattr
		rm -rf lower upper work
		mkdir -p lower/1 "lower/$long" upper work
		echo one >lower/1/f
		echo two >"lower/$long/g"
		[ "$mode" != userns ] || chown 100000:100000 upper work
		works "- mount('/x', 'overlay', 'overlay', *filter(None, ['lowerdir=$T/lower/1:$T/lower/$long', 'upperdir=$T/upper', 'workdir=$T/work', '$user']))" \
			'- sh("cat /x/f /x/g; echo new >/x/h")'
		[ "$output" = $'one\ntwo' ]
		[ "$(cat upper/h)" = new ]
	done
}

@test "propagation: several words in one mount, one after the other" {
	only root
	for mode in "${modes[@]}"; do
		bundle "$table" '- mount("/a", "bind", "../src", "bind", "slave", "shared"); mount("/b", "bind", "../src", "bind", "shared")' \
			'- mount("/c", "bind", "../src", "bind", "rslave"); mount("/d", "bind", "../src", "bind", "private", "shared")' \
			'- mount("/e", "bind", "../src", "bind"); mount("/f", "tmpfs", "t", "shared", "unbindable"); mount("/g", "tmpfs", "t", "rshared")'
		split unshare -m --propagation private sh -c 'mkdir -p src && mount -t tmpfs --make-shared t src && cat /proc/self/mountinfo >table &&
			exec "$BERTH" oci --root "$T/state" run --bundle "$T/b" x'
		want 0
		local host
		host=$(grep -o 'shared:[0-9]*' <(grep -F " $T/src " table) | cut -d: -f2)
		[[ $(line /a) == *" shared:"*" master:$host "* ]]
		[[ $(line /b) == *" shared:$host "* ]]
		[[ $(line /c) == *" master:$host "* && $(line /c) != *shared:* ]]
		[[ $(line /d) == *" shared:"* && $(line /d) != *":$host "* ]]
		[[ $(line /e) != *master:* && $(line /e) != *shared:* ]]
		[[ $(line /f) == *" unbindable "* ]]
		[[ $(line /g) == *" shared:"* ]]
	done
}

@test "rootfsPropagation, and what is mounted below" {
	only root
	for mode in "${modes[@]}"; do
		works "$table" '- c["linux"]["rootfsPropagation"] = "shared"; mount("/a", "tmpfs", "t")'
		[[ $(line /) == *" shared:"* && $(line /a) != *shared:* ]]
		works "$table" '- c["linux"]["rootfsPropagation"] = "rshared"; mount("/a", "tmpfs", "t"); mount("/b", "tmpfs", "t", "private")'
		[[ $(line /) == *" shared:"* && $(line /a) == *" shared:"* && $(line /b) != *shared:* ]]
		works "$table" '- c["linux"]["rootfsPropagation"] = "unbindable"'
		[[ $(line /) == *" unbindable "* ]]
		works "$table" '- c["linux"]["rootfsPropagation"] = "rprivate"; mount("/a", "tmpfs", "t")'
		[[ $(line /) != *shared:* && $(line /a) != *shared:* ]]
	done
	refused "linux: 'rootfsPropagation': 'upward' is no kind" '- c["linux"]["rootfsPropagation"] = "upward"'
}

@test "rootfsPropagation slave: what the host mounts there comes in, and nothing goes out" {
	only root
	for mode in "${modes[@]}"; do
		bundle '- c["linux"]["rootfsPropagation"] = "rslave"; c["process"]["terminal"] = False' \
			'- sh("mkfifo /go /here; echo >/here; read x </go; ls /below; echo >/here; cat /proc/self/mountinfo")' below/
		chmod -R a+rwX b/rootfs
		split unshare -m --propagation private sh -c 'mount --bind b/rootfs b/rootfs && mount --make-shared b/rootfs &&
			{ timeout 30 "$BERTH" oci --root "$T/state" run --bundle "$T/b" x & } &&
			until [ -p b/rootfs/here ]; do sleep 0.05; done && read -r _ <b/rootfs/here &&
			mount -t tmpfs t b/rootfs/below && touch b/rootfs/below/came-in && echo >b/rootfs/go && read -r _ <b/rootfs/here && wait && umount b/rootfs/below'
		want 0
		has came-in
		[[ $(line /) == *" master:"* && $(line /) != *shared:* ]]
	done
}

@test "root: read-only, missing, no directory" {
	for mode in "${modes[@]}"; do
		works '- c["root"]["readonly"] = True; mount("/new/dir", "tmpfs", "t"); sh("touch /new/dir/x && ! touch /x 2>/dev/null")'
		refused "config.json: 'root.path' is '$T/b/nope': No such file or directory" '- c["root"]["path"] = "nope"'
		refused "is not a directory" '- c["root"]["path"] = "config.json"'
	done
}

@test "devices: of every type, with their modes and owners, in and outside of /dev" {
	only root
	works '- c["linux"]["devices"] = [{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 0o20640, "uid": 5, "gid": 6},
{"path": "/dev/sub/zero", "type": "u", "major": 1, "minor": 5}, {"path": "/opt/d/full", "type": "c", "major": 1, "minor": 7},
{"path": "/dev/loop7", "type": "b", "major": 7, "minor": 7, "fileMode": 0o600}, {"path": "/opt/pipe", "type": "p"},
{"path": "/dev/null", "type": "c", "major": 1, "minor": 3, "fileMode": 0o622}, {"path": "/dev/null", "type": "c", "major": 1, "minor": 3, "fileMode": 0o662},
{"path": "/dev/ptmx", "type": "c", "major": 5, "minor": 2}]' \
		'- sh("cd /dev; stat -c %F,%t:%T,%a,%u:%g,%n fuse sub/zero loop7 null zero full random urandom tty /opt/d/full /opt/pipe; readlink ptmx; head -c 3 /opt/d/full | wc -c")'
	has 'character special file,a:e5,640,5:6,fuse'
	has 'character special file,1:5,666,0:0,sub/zero'
	has 'block special file,7:7,600,0:0,loop7'
	has 'character special file,1:3,662,0:0,null'
	has 'character special file,1:7,666,0:0,/opt/d/full'
	has 'fifo,0:0,666,0:0,/opt/pipe'
	for name in 1:5,666,0:0,zero 1:7,666,0:0,full 1:8,666,0:0,random 1:9,666,0:0,urandom 5:0,666,0:0,tty; do
		has "$name"
	done
	has $'pts/ptmx\n3'
	# The same bundle once more: its nodes outside of /dev are there.
	go
	want 0
}

@test "devices: what is there already has to be it" {
	only root
	refused 'something else is there already' '- c["linux"]["devices"] = [{"path": "/dev/null", "type": "c", "major": 1, "minor": 5}]'
	refused "device '/opt/x': something else is there already" '- c["linux"]["devices"] = [{"path": "/opt/x", "type": "c", "major": 1, "minor": 5}]' 'opt/x = file'
	[ "$(cat b/rootfs/opt/x)" = file ]
}

@test "devices: in a user namespace they are the host's" {
	[ -c /dev/fuse ] || cannot "no /dev/fuse"
	for mode in "${modes[@]}"; do
		[ "$mode" != root ] || continue
		works '- c["linux"]["devices"] = [{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229}, {"path": "/dev/pipe", "type": "p", "fileMode": 0o600}]' \
			'- sh("stat -c %t:%T /dev/fuse; stat -c %F,%a /dev/pipe; ! chmod 777 /dev/fuse 2>/dev/null")'
		has a:e5
		has fifo,600
		refused "'/dev/fuse' of this host is not the device c 10:230" '- c["linux"]["devices"] = [{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 230}]'
	done
}

@test "devices: mistakes are named" {
	local device='{"path": "/dev/x", "type": "c", "major": 1, "minor": 3}'
	refused "linux: devices[1]: 'type': 'x' is none of c, b, u and p" "- c['linux']['devices'] = [$device, {**$device, 'type': 'x'}]"
	refused "linux: devices[0]: 'type' is missing" "- c['linux']['devices'] = [{'path': '/dev/x', 'major': 1, 'minor': 3}]"
	refused "linux: devices[0]: 'major' is missing" "- c['linux']['devices'] = [{'path': '/dev/x', 'type': 'b', 'minor': 3}]"
	refused "linux: devices[0]: 'path' is missing" "- c['linux']['devices'] = [{'type': 'p'}]"
	refused "linux: devices[0]: 'path': 'dev/x' is no absolute path" "- c['linux']['devices'] = [{**$device, 'path': 'dev/x'}]"
	refused "linux: devices[0]" "- c['linux']['devices'] = [{**$device, 'minor': 1 << 20}]"
}

@test "/dev of the host: nothing is made there" {
	local before
	before=$(ls /dev)
	for mode in "${modes[@]}"; do
		works '- [drop(name) for name in ("/dev", "/dev/pts", "/dev/shm")]; mount("/dev", "bind", "/dev", "rbind")' \
			'- c["linux"]["devices"] = [{"path": "/dev/zero", "type": "c", "major": 1, "minor": 5}]; sh("stat -c %t:%T /dev/null")'
		[ "$output" = 1:3 ]
		refused "device '/dev/berth-none'" '- [drop(name) for name in ("/dev", "/dev/pts", "/dev/shm")]; mount("/dev", "bind", "/dev", "rbind")' \
			'- c["linux"]["devices"] = [{"path": "/dev/berth-none", "type": "c", "major": 1, "minor": 5}]'
	done
	[ "$(ls /dev)" = "$before" ]
}

@test "masked and read-only paths" {
	for mode in "${modes[@]}"; do
		works '- c["linux"]["maskedPaths"] = ["/secret/f", "/secret/d", "/missing/x", "/bin/sh/x"]; c["linux"]["readonlyPaths"] = ["/keep", "/missing", "/file"]' \
			'- sh("cat /secret/f; ls /secret/d; ! touch /keep/x /secret/d/x; ! echo x >/file; cat /keep/f; stat -c %t:%T /secret/f")' \
			'secret/f = hidden' secret/d/ 'secret/d/g = hidden' keep/ 'keep/f = shown' 'file = text'
		[ "$output" = $'shown\n1:3' ]
		refused "linux: maskedPaths[1]: 'proc/x' is no absolute path" '- c["linux"]["maskedPaths"] = ["/proc/kcore", "proc/x"]'
		refused "linux: readonlyPaths[0]: 'x' is no absolute path" '- c["linux"]["readonlyPaths"] = ["x"]'
	done
}

@test "mountLabel: empty is none; a kernel without SELinux refuses it" {
	works '- c["linux"]["mountLabel"] = ""'
	if grep -q selinuxfs /proc/filesystems; then
		cannot "SELinux is here"
	fi
	refused "linux.mountLabel: this kernel has no SELinux" '- c["linux"]["mountLabel"] = "system_u:object_r:container_file_t:s0"'
}

@test "/sys that is bound read-only is so with all that is mounted below" {
	for mode in "${modes[@]}"; do
		works "$table" '- drop("/sys"); mount("/sys", "none", "/sys", "rbind", "nosuid", "noexec", "nodev", "ro")'
		[[ $(line /sys) == *" - sysfs "* ]]
		! grep ' /sys' <<<"$output" | grep -v '^[0-9]* [0-9]* [^ ]* [^ ]* [^ ]* ro'
	done
}
