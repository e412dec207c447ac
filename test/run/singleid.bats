# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

# An ordinary user without subordinate ids: one id is mapped, and changes of ownership are faked.

debian() {
	only one
	berth load -q -i "$(image debian.docker.tar)" >/dev/null
}

@test "changes to other owners succeed and change nothing" {
	only one
	busybox
	run berth run --rm --network none busybox sh -c '
		touch f && chown 1:1 f && chown -h app f && chgrp audio f && stat -c "%u %g" f
		tar cf t.tar -C / etc/passwd && cd /tmp && tar xpf /t.tar && stat -c "%u %g" etc/passwd'
	want 0
	[ "$output" = $'0 0\n0 0' ]
}

@test "errors of changes to root are the kernel's" {
	only one
	busybox
	run berth run --rm --network none busybox chown 0:0 /no/such/file
	want 1
	has "No such file"
}

@test "programs that change their ids go on" {
	only one
	busybox
	run berth run --rm --network none busybox su app -c 'echo $HOME'
	want 0
	[ "$output" = /home/app ]
}

@test "device nodes are not faked" {
	only one
	busybox
	run berth run --rm --network none busybox mknod /n c 1 3
	want 1
	has "not permitted"
}

@test "ranges of ids and root need no fakes" {
	busybox
	run berth run --rm --network none busybox grep Seccomp_filters /proc/self/status
	case $(persona) in
	one) has $'\t2' ;;
	*) has $'\t1' ;;
	esac
}

# A repository of packages made here: there is no network in there. They do what packages do to owners.
repository() {
	need dpkg-deb
	mkdir -p "$T/repo" "$T/pkg/DEBIAN" "$T/pkg/usr/bin" "$T/pkg/var/lib/fakes"
	printf '%s\n' 'Package: fakes' 'Version: 1' 'Architecture: all' 'Maintainer: nobody <n@example.org>' \
		'Description: owners of every kind' >"$T/pkg/DEBIAN/control"
	printf '#!/bin/sh\nexec true\n' >"$T/pkg/usr/bin/fakes"
	chmod 2755 "$T/pkg/usr/bin/fakes"
	cat >"$T/pkg/DEBIAN/postinst" <<-'END'
		#!/bin/sh -e
		groupadd --system fakes
		useradd --system --gid fakes --home-dir /var/lib/fakes fakes
		echo fakes:secret | chpasswd
		chown -R fakes:fakes /var/lib/fakes
		chgrp fakes /usr/bin/fakes && chmod 2755 /usr/bin/fakes
		dpkg-statoverride --update --add fakes fakes 0700 /var/lib/fakes
		install -o fakes -g fakes -m 600 /dev/null /var/lib/fakes/key
		su fakes -s /bin/sh -c 'touch /var/lib/fakes/made'
	END
	chmod 755 "$T/pkg/DEBIAN/postinst"
	dpkg-deb -Zgzip --root-owner-group -b "$T/pkg" "$T/repo/fakes.deb" >/dev/null
	{
		dpkg-deb -f "$T/repo/fakes.deb"
		echo "Filename: ./fakes.deb"
		echo "Size: $(stat -c %s "$T/repo/fakes.deb")"
		echo "SHA256: $(sha256sum "$T/repo/fakes.deb" | cut -d' ' -f1)"
	} >"$T/repo/Packages"
}

@test "apt-get install in a Debian image" {
	debian
	repository
	run berth run --rm --network none -v "$T/repo:/repo:ro" debian sh -ec '
		echo "deb [trusted=yes] file:/repo ./" >/etc/apt/sources.list
		apt-get update
		DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends fakes
		fakes
		ls -ln /usr/bin/fakes /var/lib/fakes
		getent passwd fakes
		dpkg --audit'
	want 0
	has "fakes:x:"
	has "-rwxr-sr-x 1 0 0"
	has "made"
}

@test "dpkg, adduser and tar by themselves" {
	debian
	repository
	run berth run --rm --network none -v "$T/repo:/repo:ro" debian sh -ec '
		dpkg -i /repo/fakes.deb
		useradd -m bob && echo bob:x | chpasswd && test -d /home/bob
		tar -cf /t.tar --owner=77 --group=88 /etc/passwd 2>/dev/null
		cd /tmp && tar -xpf /t.tar && test -e etc/passwd
		dpkg -P fakes'
	want 0
}

@test "ids that are not mapped: the command that gives some names this user and ranges of nobody" {
	only one
	busybox
	for option in --user=1000 --userns=nomap; do
		split berth run --rm --network none "$option" busybox true
		want 125
		[[ $stderr =~ "usermod --add-subuids "([0-9]+)-([0-9]+)" --add-subgids "[0-9]+-[0-9]+" $(id -un)" ]]
		first=${BASH_REMATCH[1]} last=${BASH_REMATCH[2]}
		while IFS=: read -r _ from count; do
			[ "$from" -gt "$last" ] || [ $((from + count)) -le "$first" ]
		done </etc/subuid
	done
}

@test "a user of the image that is not mapped: the reason and the fix, and no step after it" {
	only one
	for workdir in "" "-w /new/one" "-w /"; do
		split berth run --rm --network none $workdir "docker-archive:$(image config.docker.tar)" true
		want 125
		err_has "cannot become group 1000"
		err_has "hint: the user namespace of the container has no such group"
	done
}
