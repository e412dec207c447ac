# SPDX-License-Identifier: LGPL-2.1-or-later
# Bundles that want out. Each test is a class of holes that runtimes have had, and tells what one with such a hole
# shows. The bundles are written by test/helper/evilbundle; what they aim at is $T/canary, which must stay as it is.
# Root tries each without and with a user namespace, an ordinary user as root of his own.
load ../helper/berth
load ../helper/evil

setup() {
	berth_setup
	evil_setup
	mkdir -p "$T/canary/d/d"
	echo secret >"$T/canary/f"
	echo secret >"$T/canary/hosts"
	echo secret >"$T/canary/ptmx"
	ln -s f "$T/canary/l"
	mkfifo "$T/canary/p"
	# Whoever is led here could write: nothing but the runtime keeps him from it.
	chmod -R a+rwX "$T/canary"
	canary_is >"$T/before"
	sha256sum "$BERTH" >>"$T/before"
	cat /proc/sys/kernel/{core_pattern,domainname,hostname} >>"$T/before"
}

teardown() {
	local rc=0
	: >"${T:-/nonexistent}/enough" 2>/dev/null || :
	if [ -e "$T/before" ]; then
		{
			canary_is
			sha256sum "$BERTH"
			cat /proc/sys/kernel/{core_pattern,domainname,hostname}
		} | diff "$T/before" - || rc=1
	fi
	if [ -d "$T/state" ]; then
		for dir in "$T"/state/*/; do
			[ ! -d "$dir" ] || oci delete --force "$(basename "$dir")" || :
		done
	fi
	wait
	berth_teardown || rc=1
	return $rc
}

canary_is() {
	find "$T/canary" -printf '%P %y %m %U:%G %s %T@ %n %l\n' | sort
	cat "$T"/canary/{f,hosts,ptmx}
}

oci() {
	"$BERTH" oci --root "$T/state" "$@"
}

# In DIR, until $T/enough is there: `flip` is a directory and a link to TARGET in turn, as fast as can be.
flip() { # DIR TARGET
	python3 - "$1" "$2" "$T/enough" <<-'PY'
		import ctypes, os, sys
		libc = ctypes.CDLL(None, use_errno=True)
		os.chdir(sys.argv[1])
		os.makedirs("flip/d", exist_ok=True)
		os.chmod("flip", 0o777)
		os.chmod("flip/d", 0o777)
		os.symlink(sys.argv[2], "link")
		open("flipping", "w").close()
		while not os.path.exists(sys.argv[3]):
		    for _ in range(2000):
		        libc.renameat2(-100, b"flip", -100, b"link", 2)
	PY
}

start() { # [EDIT | ENTRY]...: a container `x` that waits for its end
	bundle '- sh("trap exit TERM; echo >/ready; while :; do sleep 0.1; done")' "$@"
	oci run --detach --bundle "$T/b" x </dev/null >/dev/null 2>"$T/.stderr" || {
		cat "$T/.stderr"
		return 1
	}
	eventually 20 test -e "$T/b/rootfs/ready"
}

stop() {
	oci delete --force x
}

# Vulnerable: the loop opens the runtime's file as soon as that is no longer executed ("Text file busy" until then),
# says so, and the checksum of the binary, which teardown looks at, may be another.
@test "CVE-2019-5736: the runtime's own file through /proc/PID/exe, from exec and from a script of its own" {
	local i
	for mode in "${modes[@]}"; do
		start '- sh("trap exit TERM; echo >/ready; while :; do for p in /proc/[0-9]*; do case $(readlink $p/exe) in */busybox | \"\") ;; *) for i in 1 2 3 4 5 6 7 8 9; do (: >>$p/exe) 2>/dev/null && echo $p >>/opened; done ;; esac; done; done")' \
			'evil = #!/proc/self/exe'
		for i in $(seq 60); do
			oci exec x /bin/true >/dev/null 2>&1
			oci exec x /evil >/dev/null 2>&1 || :
		done
		[ ! -e b/rootfs/opened ]
		stop
		bundle '- run("/evil")' 'evil = #!/proc/self/exe'
		go
		[ "$status" != 0 ]
	done
}

# Vulnerable: the container starts, and what it takes for /proc is a directory of somebody else's, in which the
# runtime's writes (labels, sysctls, ids) change nothing.
@test "CVE-2019-16884, CVE-2025-52881: nothing but a procfs on /proc, and nothing in it" {
	local at
	for mode in "${modes[@]}"; do
		refused "nothing but the proc file system is mounted on '/proc'" '- drop("/proc"); mount("/proc", "bind", "../canary", "bind")'
		refused "nothing but the proc file system is mounted on '/proc'" '- mount("/proc", "tmpfs", "t")'
		refused "nothing but the proc file system is mounted on '/proc'" '- drop("/proc"); mount("/proc", "bind", "/proc/sys", "rbind")'
		for at in self/attr self sys 1/root thread-self/attr/exec sysrq-trigger; do
			refused "a place in /proc: nothing is mounted there" "- mount('/proc/$at', 'bind', '../canary', 'bind')" ||
				err_has "inside the root"
			refused "" "- mount('/proc/$at', 'tmpfs', 't')"
		done
		refused "a place in /proc: nothing is mounted there" '- mount("/p/sys", "tmpfs", "t")' 'p -> proc'
		refused "" '- mount("/q", "tmpfs", "t")' 'q -> proc/self/attr'
		# What was mounted elsewhere and bound to there comes by the same rules.
		refused "a place in /proc: nothing is mounted there" '- mount("/a/sys/kernel", "tmpfs", "t"); c["mounts"].insert(5, {"destination": "/a", "type": "proc", "source": "proc"})'
	done
}

# Vulnerable: procfs or sysfs is mounted on the directory of the volume, and /proc is what the volume has.
@test "CVE-2019-19921, CVE-2023-27561, CVE-2023-28642, CVE-2025-54867: /proc and /sys that are links" {
	local name to
	mkdir -p vol/p
	chmod -R a+rwX vol
	for mode in "${modes[@]}"; do
		for name in proc sys dev; do
			for to in vol/p /vol/p ../vol/p "$T/canary" . bin /proc/self/cwd; do
				refused "is a link or a file, not a directory" "$name -> $to" \
					'- c["mounts"].insert(0, {"destination": "/vol", "type": "bind", "source": "../vol", "options": ["rbind"]})'
			done
			refused "is a link or a file, not a directory" "$name = file"
			refused "is a link or a file, not a directory" "$name |"
		done
		[ -z "$(ls vol/p)" ]
	done
}

# Vulnerable: the canary's file is covered on the host's side, or a file is made in the canary; the container has no
# such mount.
@test "CVE-2019-18837, CVE-2025-24965: links of the rootfs on the way to what is mounted, made and masked" {
	echo mine >file
	for mode in "${modes[@]}"; do
		works "etc -> $T/canary" '- mount("/etc/hosts", "bind", "../file", "bind"); mount("/etc/new/deep", "tmpfs", "t"); sh("cat /etc/hosts")'
		has mine
		[ -d "b/rootfs$T/canary/new/deep" ]
		works "etc -> ../../../../../../..$T/canary" '- mount("/etc/hosts", "bind", "../file", "bind"); sh("cat /etc/hosts")'
		has mine
		works "etc/hosts -> $T/canary/hosts" "etc/n -> $T/canary/none" '- mount("/etc/hosts", "bind", "../file", "bind"); mount("/etc/n", "bind", "../file", "bind"); sh("cat /etc/hosts /etc/n")'
		[ "$output" = $'mine\nmine' ]
		works "opt -> $T/canary" '- c["linux"]["devices"] = [{"path": "/opt/pipe", "type": "p"}]; sh("ls /opt")'
		[ "$output" = pipe ]
		works "a -> $T/canary/d" '- mount("/a/t", "tmpfs", "t", "tmpcopyup"); mount("/a", "tmpfs", "t", "tmpcopyup"); sh("ls /a")'
		bundle "m -> $T/canary" '- c["linux"]["maskedPaths"] = ["/m/f", "/m/d"]; c["linux"]["readonlyPaths"] = ["/m/hosts"]; sh("cat /m/f")'
		go
		lacks secret
		refused "is a symbolic link and cannot be hidden" "m -> $T/canary/f" '- c["linux"]["maskedPaths"] = ["/m"]'
	done
}

@test "CVE-2025-24965, CVE-2024-5154: what a runtime might write in the rootfs are links" {
	local name names=()
	for name in .berth_config .crun_config .krun_config.json run/.containerenv .dockerenv etc/hosts etc/hostname etc/resolv.conf \
		etc/mtab etc/passwd etc/group etc/shadow; do
		names+=("$name -> $T/canary/new")
	done
	for mode in "${modes[@]}"; do
		works "${names[@]}" '- c["hostname"] = "other"; c["domainname"] = "other"; c["process"]["user"] = {"uid": 0, "gid": 0}'
	done
}

# Vulnerable: the tmpfs lies on the host's directory (CVE-2021-30465), which is then seen by the container, or a
# directory `new` is made in the canary (CVE-2024-45310); runc 1.1.5 makes it within a few hundred tries.
@test "CVE-2021-30465, CVE-2024-45310: a directory that becomes a link while it is mounted on" {
	local i seen=0
	mkdir vol
	chmod 777 vol
	flip vol "$T/canary" 3>&- &
	eventually 20 test -e vol/flipping
	for mode in "${modes[@]}"; do
		bundle '- mount("/vol", "bind", "../vol", "rbind", "rw"); mount("/vol/flip/d", "tmpfs", "t"); mount("/vol/flip/new/deep/file", "bind", "rootfs/bin/busybox", "bind")' \
			'- sh("grep -c -e /d\  -e /file\  /proc/self/mountinfo")'
		for i in $(seq 150); do
			split timeout 30 "$BERTH" oci --root "$T/state" run --bundle "$T/b" x
			[ "$status" = 1 ] || {
				# Both are where the container can see them.
				want 0
				[ "$output" = 2 ]
				seen=$((seen + 1))
			}
			[ ! -e "$T/canary/new" ]
		done
	done
	echo "$seen of them were mounted"
}

@test "the same, with the window held open" {
	need strace
	local i
	mkdir vol
	chmod 777 vol
	flip vol "$T/canary" 3>&- &
	eventually 20 test -e vol/flipping
	bundle '- mount("/vol", "bind", "../vol", "rbind", "rw"); mount("/vol/flip/new/deep", "tmpfs", "t"); mount("/vol/flip/file", "bind", "rootfs/bin/busybox", "bind")'
	for i in $(seq 12); do
		split timeout 60 strace -f -o /dev/null -e trace=openat2,mkdirat,openat,move_mount \
			-e inject=mkdirat,move_mount:delay_enter=3000 "$BERTH" oci --root "$T/state" run --bundle "$T/b" x
		[ "$status" = 0 ] || [ "$status" = 1 ]
		[ ! -e "$T/canary/new" ] && [ ! -e "$T/canary/file" ]
	done
}

# Vulnerable: a directory, a FIFO or a link is made in the canary, or what is in there is shown or copied.
@test "a directory of the rootfs that becomes a link: devices, working directories, masks, copies, nodes of /dev" {
	local i worked
	for mode in "${modes[@]}"; do
		bundle '- c["linux"]["devices"] = [{"path": "/flip/pipe", "type": "p"}, {"path": "/flip/sub/pipe", "type": "p"}]; c["process"]["cwd"] = "/flip/cwd/deep"' \
			'- c["linux"]["maskedPaths"] = ["/flip/f", "/flip/hosts"]; c["linux"]["readonlyPaths"] = ["/flip/d"]; mount("/flip/d", "tmpfs", "t", "tmpcopyup"); mount("/flip/h", "bind", "rootfs/bin", "bind")' \
			'- sh("cat /flip/f /flip/hosts /flip/ptmx; ls -R /flip")'
		chmod -R a+rwX b/rootfs
		flip b/rootfs "$T/canary" 3>&- &
		eventually 20 test -e b/rootfs/flipping
		worked=0
		for i in $(seq 150); do
			split timeout 30 "$BERTH" oci --root "$T/state" run --bundle "$T/b" x
			[ "$status" -le 1 ]
			[ "$status" != 0 ] || worked=$((worked + 1))
			lacks secret
		done
		echo "$worked of $i without an error"
		for i in pipe sub cwd h; do
			[ ! -e "$T/canary/$i" ]
		done
		: >enough
		wait
		rm enough
	done
}

# Vulnerable: the process is in a directory of the host's, from which it reads.
@test "exec into a directory that becomes a link" {
	local i
	for mode in "${modes[@]}"; do
		start
		flip b/rootfs "$T/canary" 3>&- &
		eventually 20 test -e b/rootfs/flipping
		for i in $(seq 100); do
			split timeout 30 "$BERTH" oci --root "$T/state" exec --cwd /flip/d x cat ../f
			[ "$status" != 0 ]
			lacks secret
		done
		: >enough
		wait
		rm enough
		stop
	done
}

# Vulnerable: 16 bits of a length overflow, and what comes after the value is read as something else.
@test "CVE-2021-43784: values that are longer than they should be" {
	for mode in "${modes[@]}"; do
		works '- c["process"]["env"].append("LONG=" + "x" * 70000); sh("echo ${#LONG}")'
		[ "$output" = 70000 ]
		works '- run("/bin/echo", "y" * 70000)'
		[ "${#output}" = 70000 ]
		refused "" '- c["hostname"] = "h" * 70000'
		refused "" '- c["domainname"] = "h" * 70000'
		refused "" '- c["process"]["cwd"] = "/" + "c" * 70000'
		refused "" '- c["process"]["cwd"] = "/c" * 70000'
		refused "" '- mount("/" + "m" * 70000, "tmpfs", "t")'
		refused "" '- mount("/m", "tmpfs", "t", "size=" + "1" * 70000)'
		refused "" '- c["root"]["path"] = "r" * 70000'
		refused "" '- c["linux"]["maskedPaths"] = ["/" + "m" * 70000]'
		refused "" '- c["linux"]["devices"] = [{"path": "/dev/" + "d" * 70000, "type": "p"}]'
		refused "" '- c["linux"]["sysctl"] = {"net." + "s" * 70000: "1"}'
	done
	for mode in "${modes[@]}"; do
		[ "$mode" != root ] || continue
		refused "" '- c["linux"]["uidMappings"] = [{"containerID": i, "hostID": 100000 + i, "size": 1} for i in range(5000)]'
	done
}

# Vulnerable: CapInh is what the bounding set is, and a file with inheritable capabilities gives them to anybody.
@test "CVE-2022-29162 and its siblings: no inheritable or ambient capabilities that nobody asked for" {
	local none=0000000000000000
	for mode in "${modes[@]}"; do
		works '- run("grep", "^Cap", "/proc/self/status")'
		has "CapInh:	$none"
		has "CapAmb:	$none"
		lacks "CapEff:	$none"
		if [ "$mode" != rootless ]; then
			works '- c["process"]["user"] = {"uid": 1000, "gid": 1000}; run("grep", "^Cap", "/proc/self/status")'
			has "CapInh:	$none"
			has "CapAmb:	$none"
			has "CapEff:	$none"
			has "CapPrm:	$none"
		fi
		start
		run oci exec x grep ^Cap /proc/self/status
		has "CapInh:	$none"
		has "CapAmb:	$none"
		run oci exec --cap CAP_SYS_NICE x grep ^Cap /proc/self/status
		want 0
		has "CapInh:	$none"
		stop
	done
}

# Vulnerable: the mounts below /sys are writable, and so are the cgroups that the caller owns.
@test "CVE-2023-25809: no cgroup of the host's is writable where the container has no namespace for them" {
	local line
	for mode in "${modes[@]}"; do
		for line in 'drop("/sys"); mount("/sys", "none", "/sys", "rbind", "nosuid", "noexec", "nodev", "ro")' 'mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "ro")'; do
			works "- $line" '- sh("grep cgroup /proc/self/mountinfo; find /sys/fs/cgroup -maxdepth 2 -name cgroup.procs | while read f; do (: >>$f) 2>/dev/null && echo open $f; done; true")'
			lacks open
			! grep cgroup <<<"$output" | grep -v '^[0-9]* [0-9]* [^ ]* [^ ]* [^ ]* ro'
		done
	done
}

# Vulnerable (runc 1.1.5 with some N): the container starts with a working directory of the host's, from which ../..
# leads to the host's root.
@test "CVE-2024-21626: the working directory is no descriptor of ours, and none is left open" {
	local n
	for mode in "${modes[@]}"; do
		works '- sh("ls /proc/self/fd | wc -l; for f in /proc/self/fd/*; do readlink $f; done; true")'
		# Three, and the one that ls has for the directory.
		[ "${lines[0]:-$(head -1 <<<"$output")}" = 4 ]
		lacks "$T/canary"
		for n in $(seq 3 40); do
			refused "" "- c['process']['cwd'] = '/proc/self/fd/$n'; run('pwd')"
		done
		start "w -> /proc/self/fd/7"
		for n in $(seq 3 40); do
			split oci exec --cwd "/proc/self/fd/$n" x pwd
			[ "$status" != 0 ]
			lacks "(unreachable)"
		done
		split oci exec --cwd /w x pwd
		[ "$status" != 0 ]
		split oci exec --cwd /proc/1/cwd x pwd
		[ "$status" != 0 ] || [ "$output" = /proc/1/cwd ] || [ "$output" = / ]
		stop
		for n in $(seq 3 20); do
			refused "" "w -> /proc/self/fd/$n" "- c['process']['cwd'] = '/w'; run('pwd')"
			refused "" "w -> /proc/self/fd/$n" "- c['process']['cwd'] = '/w/../../..'; c['process']['cwd'] = '/w/d'; run('pwd')"
		done
	done
}

# Vulnerable: the directory `new` is made on the host, and belongs to the payload's user.
@test "CVE-2026-55686: a working directory that is to be made, behind a link" {
	for mode in "${modes[@]}"; do
		works "w -> $T/canary" '- c["process"]["cwd"] = "/w/new/deep"; run("pwd")'
		[ "$output" = "$T/canary/new/deep" ]
		[ -d "b/rootfs$T/canary/new/deep" ]
	done
}

# Vulnerable (runc 1.1.5): /proc/timer_list is 0:0, and what is written to /proc/keys is the domain name.
@test "CVE-2025-31133, CVE-2025-62161: the null device of masks is the host's, whatever /dev/null is" {
	local null
	for mode in "${modes[@]}"; do
		for null in link file fifo missing directory; do
			rm -rf dev
			mkdir dev
			case $null in
			link) ln -s /proc/sys/kernel/domainname dev/null ;;
			file) echo >dev/null ;;
			fifo) mkfifo dev/null ;;
			directory) mkdir dev/null ;;
			esac
			chmod -R a+rwX dev
			works '- [drop(name) for name in ("/dev", "/dev/pts", "/dev/shm")]; mount("/dev", "bind", "../dev", "rbind")' \
				'- sh("stat -c %t:%T /proc/keys; stat -c %t:%T /proc/timer_list; (echo evil >/proc/keys; echo evil >/proc/timer_list; cat /proc/keys /proc/timer_list); cat /proc/sys/kernel/domainname")'
			[ "$(head -1 <<<"$output")" = 1:3 ]
			lacks evil
			# With a user namespace nobody can read it in the first place.
			[ "$mode" != root ] || [ "$(sed -n 2p <<<"$output")" = 1:3 ]
			[ "$(wc -l <<<"$output")" = 3 ]
		done
	done
}

# Vulnerable: /dev/console is a file of the host's or of /proc, bound before the masks are there.
@test "CVE-2025-52565: the terminal is one of the container's own /dev/pts" {
	local i
	mkdir pts
	for i in $(seq 0 20); do
		ln -s /proc/sys/kernel/core_pattern "pts/$i"
	done
	chmod -R a+rwX pts
	for mode in "${modes[@]}"; do
		bundle '- c["process"]["terminal"] = True; drop("/dev/pts"); mount("/dev/pts", "bind", "../pts", "bind"); sh("stat -c %t:%T /dev/console")'
		run "$helper/terminal" 'expect("devpts"); exit(status() != 1)' "$BERTH" oci --root "$T/state" run --bundle "$T/b" x
		want 0
		for i in 'mount("/dev/console", "tmpfs", "t")' 'mount("/dev/console", "bind", "/dev/null", "bind")' ''; do
			bundle '- c["process"]["terminal"] = True; sh("stat -c is:%t:%T /dev/console; tty")' "- $i"
			run "$helper/terminal" 'out = expect("\n", ) ; print(out); status()' "$BERTH" oci --root "$T/state" run --bundle "$T/b" x
			[[ $output == *is:88:* || $i == *tmpfs* ]]
		done
	done
}

# Vulnerable: the value of another sysctl, or of the host's, is changed.
@test "CVE-2025-52881, CVE-2022-0811: sysctls with names and values that lead elsewhere" {
	local name
	for mode in "${modes[@]}"; do
		for name in kernel.core_pattern kernel/core_pattern net/../kernel/core_pattern net..kernel.core_pattern 'net.ipv4.ip_forward\n' \
			/proc/sys/kernel/core_pattern ../sys/kernel/core_pattern net.x; do
			refused "sysctl" "- c['linux']['sysctl'] = {'$name': '|/evil'}"
		done
		bundle '- c["linux"]["sysctl"] = {"kernel.shm_rmid_forced": "1+kernel.core_pattern=x"}'
		go
		want 1
		# On a procfs, and with the right names, whatever the rootfs has there.
		works '- c["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1"}; run("cat", "/proc/sys/net/ipv4/ip_forward")' "proc/sys/net/ipv4/ip_forward -> $T/canary/f"
		[ "$output" = 1 ]
	done
}

# Vulnerable (runc 1.1.5): the canary's ptmx is a link, and other links are made beside it.
@test "CVE-2026-41579, CVE-2026-47766: a /dev that is a link, with and without a mount there" {
	for mode in "${modes[@]}"; do
		refused "is a link or a file, not a directory" "dev -> $T/canary"
		refused "is a link or a file, not a directory" "dev -> $T/canary" '- c["mounts"] = []'
		refused "is a link or a file, not a directory" "dev -> $T/canary" '- c["mounts"] = c["mounts"][:1]'
		works '- c["mounts"] = c["mounts"][:1]; run("ls", "/dev")' "dev/ptmx -> $T/canary/ptmx" "dev/null -> $T/canary/f" "dev/fd -> $T/canary/d"
		has urandom
		[ "$(readlink b/rootfs/dev/ptmx)" = "$T/canary/ptmx" ]
	done
}

# Vulnerable (crun before 1.27): a user that is no number is root.
@test "CVE-2026-30892: exec's user is what was given, or an error" {
	local user
	for mode in "${modes[@]}"; do
		start
		for user in '' ' 1' +1 -1 0x1 1e3 1: :1 1:2:3 4294967295 4294967296 18446744073709551616 1111111111111111111111111111111111111111 \
			$'root\n' $'1\n' 1.0 '１' 1:+2 1:4294967296 root:root; do
			split oci exec --user "$user" x id
			[ "$status" != 0 ] || {
				echo "'$user' is $output"
				false
			}
		done
		if [ "$mode" != rootless ]; then
			run oci exec --user 1 x id
			has uid=1
			lacks uid=1000
			run oci exec --user 7:8 x id
			has "uid=7 gid=8"
		fi
		stop
	done
}

# Vulnerable: the words differ, and say what is in a directory that the caller cannot look into.
@test "CVE-2022-47952: an error does not tell what is where the caller may not look" {
	only rootless
	local name first=
	[ ! -r /root ] || cannot "a directory of root's that others cannot read"
	for name in .bashrc .profile aaaaaaa zzzzzzz; do
		bundle "- mount('/x', 'bind', '/root/$name', 'bind')"
		go
		want 1
		[ -n "$first" ] || first=${stderr//$name/NAME}
		[ "${stderr//$name/NAME}" = "$first" ]
	done
}
