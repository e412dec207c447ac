# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

setup() {
	berth_setup
	busybox
}

box() {
	timeout --foreground -k 1 30 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --network none "$@"
}

script='
	echo x >/etc/new; ln /etc/new /etc/hard; ln -s new /etc/soft; mkfifo /etc/fifo
	rm /etc/os-release; rm -r /var; mkdir /var; chmod 1711 /var; touch /var/z
	chmod 4755 /etc/new
	touch -d @1600000000 /home
'

# Of each entry type, mode, owner, size and link.
listing() { # TAR
	python3 - "$1" <<-'PY'
		import sys, tarfile
		with tarfile.open(sys.argv[1]) as tar:
		    seen = set()
		    for m in tar:
		        assert m.name not in seen, m.name
		        seen.add(m.name)
		        kind = {tarfile.DIRTYPE: "d", tarfile.SYMTYPE: "l", tarfile.LNKTYPE: "h", tarfile.FIFOTYPE: "p"}.get(m.type, "-")
		        print(m.name, kind, oct(m.mode)[2:], f"{m.uid}:{m.gid}", m.size, m.linkname, int(m.mtime) if m.name == "home" else "")
	PY
}

@test "the tree of a container that has ended, and of one that runs" {
	box --name c busybox sh -c "$script"
	split berth export -o c.tar c
	want 0
	[ -z "$output$stderr" ]
	berth export c | cmp - c.tar
	berth container export c | cmp - c.tar
	listing c.tar >c.txt
	grep -qx 'etc/hard - 4755 0:0 2  ' c.txt
	grep -qx 'etc/new h .* etc/hard ' c.txt
	grep -qx 'etc/soft l 777 0:0 0 new ' c.txt
	grep -qx 'etc/fifo p 644 0:0 0  ' c.txt
	grep -qx 'var d 1711 0:0 0  ' c.txt
	grep -qx 'home d 755 0:0 0  1600000000' c.txt
	run ! grep -E '^etc/os-release|^var/log|wh\.|overlay' c.txt
	# What is in the image and was not touched, and nothing that is mounted.
	grep -q '^bin/sh ' c.txt
	grep -q '^proc d' c.txt
	run ! grep -E '^(proc|dev|sys)/' c.txt
	berth rm c

	box --rm --name c busybox sh -c "$script"'
		touch /ready; trap "exit 0" TERM; while :; do sleep 0.1; done' &
	eventually 20 eval 'berth diff c 2>/dev/null | grep -qx "A /ready"'
	berth export c >r.tar
	diff c.txt <(listing r.tar | grep -v '^ready ')
	berth rm -f c
	wait || :
}

@test "volumes and binds are not in it, and their places are" {
	mkdir data
	echo not-for-everybody >data/secret
	box --name c -v "$PWD/data:/data" -v /vol --tmpfs /run busybox sh -c 'echo x >/vol/x; echo x >/run/x; echo x >/dev/shm/x'
	berth export c >c.tar
	run tar -tf c.tar
	has data/
	has vol/
	lacks secret
	lacks vol/x
	lacks run/x
	lacks dev/shm
	run ! grep -q not-for-everybody c.tar
	berth rm c
}

@test "what was exported is imported, and runs" {
	box --name c busybox sh -c "$script"
	berth export c | berth import - copy >/dev/null
	[ "$(box --rm copy sh -c 'cat /etc/new; ls /etc/os-release 2>&1; stat -c "%a %h" /etc/hard')" = \
		$'x\nls: /etc/os-release: No such file or directory\n4755 2' ]
	berth rm c
}

@test "owners are those that the container sees" {
	only root sub
	box --name c busybox sh -c 'touch /a /b; chown 5:6 /a; chown 1000:29 /b'
	berth export c >c.tar
	[ "$(listing c.tar | grep -E '^[ab] ' | cut -d' ' -f4)" = $'5:6\n1000:29' ]
	berth rm c
	if [ "$(persona)" = root ]; then
		box --name c --uidmap 0:200000:65536 busybox sh -c 'touch /a; chown 5:6 /a; chown 7 /etc/passwd'
		berth export c >c.tar
		[ "$(listing c.tar | grep -E '^(a|etc/passwd|etc/group) ' | cut -d' ' -f4)" = $'5:6\n0:0\n7:0' ]
	else
		box --name c --userns keep-id:uid=1000,gid=1000 busybox sh -c 'touch /tmp/a; id -u'
		berth export c >c.tar
		[ "$(listing c.tar | grep -E '^tmp/a ' | cut -d' ' -f4)" = 1000:1000 ]
	fi
	berth rm c
}

@test "a container that writes while it is read" {
	box --rm --name c busybox sh -c 'trap "exit 0" TERM; touch /ready
		while :; do
			head -c 3000000 /dev/zero >/big; : >/big; mkdir -p /d/e/f; touch /d/e/f/x; mv /d /e; rm -r /e; rm /big
		done' &
	eventually 20 eval 'berth diff c 2>/dev/null | grep -qx "A /ready"'
	for _ in $(seq 20); do
		berth export c >c.tar
		tar -tf c.tar >c.txt
		grep -q '^bin/sh$' c.txt
		grep -q '^ready$' c.txt
	done
	berth rm -f c
	wait || :
}

@test "what is refused" {
	box --name c busybox true
	run script -qec "'$BERTH' --root '$ROOT' --runroot '$RUNROOT' export c" /dev/null
	want 125
	has "terminal"
	run berth export -o "$T/no/file" c
	want 125
	run berth export nothing
	want 125
	has nothing
	echo before >kept
	mkdir tree
	box --rootfs --name bare tree /true || :
	run berth export -o kept bare
	want 125
	[ "$(cat kept)" = before ]
	split bash -c "'$BERTH' --root '$ROOT' --runroot '$RUNROOT' export c >/dev/full"
	want 125
	err_has "No space left on device"
	berth rm c bare
}
