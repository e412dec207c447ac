# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

setup() {
	berth_setup
	busybox
}

teardown() {
	berth rm -af >/dev/null 2>&1 || :
	berth_teardown
}

# A container "c" that runs a script, and says /ready when that is done.
start() { # SCRIPT [OPTION...]
	local script=$1
	shift
	timeout --foreground -k 1 300 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm --network none --name c "$@" busybox \
		sh -c "$script"'
		touch /ready; trap "exit 0" TERM; while :; do sleep 0.1; done' 3>&- &
	eventually 30 eval 'berth diff c 2>/dev/null | grep -qx "A /ready"'
}

# One that has ended: a container "c" that ran a script.
ended() { # SCRIPT [OPTION...]
	local script=$1
	shift
	timeout --foreground -k 1 60 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --network none --name c "$@" busybox sh -c "$script"
}

stop() {
	berth rm -f c
	wait || :
}

# berth in the background, or behind a pipe.
behind() {
	timeout --foreground -k 1 60 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" "$@"
}

# What is below a directory: names, types and what files say.
tree() { # DIR
	(cd "$1" && find . -mindepth 1 | LC_ALL=C sort | while read -r f; do
		if [ -L "$f" ]; then
			echo "$f -> $(readlink "$f")"
		elif [ -d "$f" ]; then
			echo "$f/"
		else
			echo "$f: $(cat "$f")"
		fi
	done)
}

# The same on one line, without what is there and has to stay.
shown() { # DIR
	tree "$1" | grep -vxF -e './dir/' -e './dir/old: old' | paste -sd';'
	[ "$(cat "$1/dir/old")" = old ] || echo "dir/old is gone"
}

# The table of docker's manual: SOURCE x DESTINATION, the same both ways. `from` and `to` print where they are for
# berth; `fresh` makes the destination anew, and `got` shows it.
check_table() {
	local source destination expected
	while IFS='|' read -r source destination expected; do
		source=${source// /} destination=${destination// /} expected=$(sed 's/^ *//; s/ *$//' <<<"$expected")
		fresh
		status=0
		output=$(berth cp "$(from "$source")" "$(to "$destination")" 2>&1) || status=$?
		if [ "$expected" = refused ]; then
			[ $status = 125 ] && [ "$(got)" = "./file: old" ] && continue
		else
			[ $status = 0 ] && [ "$(got)" = "$expected" ] && continue
		fi
		echo "cp $source $destination: status $status, $output"
		echo "wanted $expected"
		echo "got    $(got)"
		return 1
	done <<-'TABLE'
		f     | new     | ./file: old;./new: f
		f     | new/    | refused
		f     | no/new  | refused
		f     | file    | ./file: f
		f     | file/   | refused
		f     | dir     | ./dir/f: f;./file: old
		f     | dir/    | ./dir/f: f;./file: old
		f/    | new     | refused
		f/.   | dir     | refused
		none  | new     | refused
		d     | new     | ./file: old;./new/;./new/sub/;./new/sub/x: x
		d     | new/    | ./file: old;./new/;./new/sub/;./new/sub/x: x
		d/    | new     | ./file: old;./new/;./new/sub/;./new/sub/x: x
		d/.   | new     | ./file: old;./new/;./new/sub/;./new/sub/x: x
		d     | no/new  | refused
		d     | file    | refused
		d/.   | file    | refused
		d     | dir     | ./dir/d/;./dir/d/sub/;./dir/d/sub/x: x;./file: old
		d     | dir/.   | ./dir/d/;./dir/d/sub/;./dir/d/sub/x: x;./file: old
		d/    | dir     | ./dir/d/;./dir/d/sub/;./dir/d/sub/x: x;./file: old
		d/.   | dir     | ./dir/sub/;./dir/sub/x: x;./file: old
		d/.   | dir/    | ./dir/sub/;./dir/sub/x: x;./file: old
		l     | new     | ./file: old;./new -> f
		l     | dir     | ./dir/l -> f;./file: old
	TABLE
}

make_source() {
	mkdir -p "$1/d/sub"
	echo f >"$1/f"
	echo x >"$1/d/sub/x"
	ln -s f "$1/l"
}

# Of a container c that has the source in /src.
table_to_host() {
	from() { echo "c:/src/$1"; }
	to() { echo "dst/$1"; }
	fresh() {
		rm -rf dst
		mkdir -p dst/dir
		echo old >dst/file
		echo old >dst/dir/old
	}
	got() { shown dst; }
	check_table
}

@test "the table of docker's manual: to the host" {
	start 'mkdir -p /src/d/sub; echo f >/src/f; echo x >/src/d/sub/x; ln -s f /src/l'
	table_to_host
	stop
}

@test "the table of docker's manual: to the container" {
	make_source src
	mkdir dst
	start '' -v "$PWD/dst:/dst"
	from() { echo "src/$1"; }
	to() { echo "c:/dst/$1"; }
	fresh() {
		rm -rf dst/* back
		mkdir -p dst/dir
		echo old >dst/file
		echo old >dst/dir/old
	}
	got() { shown dst; }
	check_table
	stop
}

@test "a stream both ways" {
	start 'mkdir -p /src/d; echo f >/src/f; ln /src/f /src/hard; ln -s f /src/l; mkfifo /src/p; chmod 750 /src/d; touch -d @1600000000 /src/f; mkdir /in'
	[ "$(berth cp c:/src - | tar -tf - | sort | paste -sd' ')" = "src/ src/d/ src/f src/hard src/l src/p" ]
	[ "$(berth cp c:/src/. - | tar -tf - | sort | paste -sd' ')" = "./ ./d/ ./f ./hard ./l ./p" ]
	[ "$(berth cp c:/src/f - | tar -xOf - f)" = f ]
	berth cp c:/src/. - | gzip | berth cp - c:/in
	berth cp c:/in - | tar -xf -
	[ "$(stat -c '%a %h %Y' in/f)" = "644 2 1600000000" ]
	[ "$(stat -c %a in/d)" = 750 ]
	[ "$(readlink in/l)" = f ]
	[ -p in/p ]
	split bash -c "tar -cf - -T /dev/null | '$BERTH' --root '$ROOT' --runroot '$RUNROOT' cp - c:/no"
	want 125
	split bash -c "tar -cf - -T /dev/null | '$BERTH' --root '$ROOT' --runroot '$RUNROOT' cp - c:/in/f"
	want 125
	split bash -c "echo no archive | '$BERTH' --root '$ROOT' --runroot '$RUNROOT' cp - c:/in"
	want 125
	run script -qec "'$BERTH' --root '$ROOT' --runroot '$RUNROOT' cp c:/src -" /dev/null
	want 125
	has terminal
	stop
}

@test "owners and modes" {
	start 'mkdir /out; echo a >/out/a; chmod 4755 /out/a; mkdir /out/ro; echo x >/out/ro/x; chmod 555 /out/ro; mkdir /in'
	berth cp c:/out .
	[ "$(stat -c '%u %a' out/a)" = "$(id -u) 755" ]
	[ "$(stat -c '%u %a' out/ro)" = "$(id -u) 555" ]
	echo b >b
	chmod 640 b
	berth cp b c:/in/b
	berth cp c:/in/b - | tar -tvf - --numeric-owner >list
	grep -q '^-rw-r----- 0/0 ' list
	if [ "$(persona)" = root ]; then
		chown 5:6 b
		berth cp -a b c:/in/kept
		[ "$(berth cp c:/in/kept - | tar -tvf - --numeric-owner | cut -d' ' -f2)" = 5/6 ]
		berth cp -a c:/in/kept back
		[ "$(stat -c %u:%g back)" = 5:6 ]
		berth cp -a c:/out/a setuid
		[ "$(stat -c %a setuid)" = 4755 ]
	fi
	chmod 755 out/ro
	stop
}

@test "links of the source and of the destination" {
	start 'mkdir /d /real; echo f >/d/f; ln -s f /d/l; ln -s /real /d/dirlink; ln -s ../real/file /d/filelink; echo old >/real/file'
	berth cp -L c:/d/l copy
	[ ! -L copy ]
	[ "$(cat copy)" = f ]
	berth cp c:/d/l link
	[ "$(readlink link)" = f ]
	echo new >new
	berth cp new c:/d/dirlink
	[ "$(berth cp c:/real/new - | tar -xO)" = new ]
	berth cp new c:/d/filelink
	[ "$(berth cp c:/real/file - | tar -xO)" = new ]
	[ "$(berth cp c:/d/filelink - | tar -tvf - | grep -c ' -> ')" = 1 ]
	ln -s new hostlink
	echo f2 >f2
	berth cp c:/d/f hostlink
	[ -L hostlink ]
	[ "$(cat new)" = f ]
	stop
}

@test "volumes are what the container sees" {
	mkdir data
	echo x >data/x
	start 'echo v >/vol/v' -v "$PWD/data:/data" -v /vol
	[ "$(berth cp c:/vol/v - | tar -xO)" = v ]
	echo y >y
	berth cp y c:/data
	[ "$(cat data/y)" = y ]
	[ "$(berth cp c:/data/. - | tar -tf - | sort | paste -sd' ')" = "./ ./x ./y" ]
	stop
}

@test "--overwrite" {
	start 'mkdir -p /dst/name/full; echo x >/dst/name/full/x; echo f >/dst/file'
	echo new >name
	run berth cp name c:/dst
	want 125
	has --overwrite
	berth cp --overwrite name c:/dst
	[ "$(berth cp c:/dst/name - | tar -xO)" = new ]
	mkdir file
	echo in >file/in
	run berth cp file c:/dst
	want 125
	berth cp --overwrite file c:/dst
	[ "$(berth cp c:/dst/file/in - | tar -xO)" = in ]
	stop
}

@test "a link of the container leads nowhere else" {
	only root
	echo secret >"$T/secret"
	mkdir victim
	start "mkdir /x; ln -s $T/secret /x/file; ln -s $T/victim /x/dir; ln -s ../../../../../../../..$T/victim /x/up; ln -s /proc/1/root /x/magic"
	for p in file dir/a up/a magic/etc/passwd; do
		run berth cp -L "c:/x/$p" "got"
		[ ! -e got ] || { run ! grep -q secret got; }
		rm -rf got
	done
	echo in >in
	for p in file dir dir/new up/new; do
		run berth cp in "c:/x/$p"
	done
	[ "$(cat secret)" = secret ]
	[ -z "$(ls victim)" ]
	# A tree of the container with a link, and the same name as a directory in the next copy.
	berth cp c:/x out
	mkdir -p in2/dir
	echo y >in2/dir/y
	berth cp - c:/x < <(tar -C in2 -cf - .) || :
	[ -z "$(ls victim)" ]
	python3 - <<-PY
		import io, tarfile
		with tarfile.open("evil.tar", "w") as tar:
		    def add(name, kind=tarfile.REGTYPE, link="", data=b""):
		        i = tarfile.TarInfo(name); i.type = kind; i.linkname = link; i.size = len(data)
		        tar.addfile(i, io.BytesIO(data))
		    add("l", tarfile.SYMTYPE, "$T/victim")
		    add("l/new", data=b"x")
		    add("h", tarfile.LNKTYPE, "$T/secret")
	PY
	run berth cp - c:/x <evil.tar
	[ -z "$(ls victim)" ]
	run berth cp - c:/x < <(tar -P --transform 's,^,../../,' -cf - in)
	want 125
	stop
}

@test "a container that flips a directory and a link to / while it is copied" {
	only root
	local rounds=${BERTH_TEST_ROUNDS:-60}
	mkdir -p "$T/canary"
	echo "host only" >"$T/canary/file"
	start "mkdir -p /f/d$T/canary /f/keep; echo inside >/f/d$T/canary/file; ln -s / /f/l
		(while :; do mv -T /f/d /f/keep/d; mv -T /f/l /f/d; mv -T /f/d /f/l; mv -T /f/keep/d /f/d; done) 2>/dev/null &"
	echo new >new
	# Without what bats does for each command.
	cat >flip.sh <<-'SH'
		cp() { "$BERTH" --root "$ROOT" --runroot "$RUNROOT" cp "$@" 2>/dev/null; }
		for ((i = 0; i < $1; i++)); do
			cp "c:/f/d$T/canary/file" got && cat got >>all
			cp "c:/f/d$T/canary/." tree && cat tree/* >>all
			cp new "c:/f/d$T/canary/file" && echo put >>all
			cp new "c:/f/d$T/canary/new"
			cp new "c:/f/d/new"
			cp c:/f whole
			rm -rf got tree whole
			[ "$(cat "$T/canary/file")" = "host only" ] || exit
		done
		echo survived >>all
	SH
	BERTH=$BERTH ROOT=$ROOT RUNROOT=$RUNROOT bash flip.sh "$rounds"
	grep -qx survived all
	run ! grep -q "host only" all
	# Some of them came through.
	grep -qE "inside|put" all
	[ ! -e /new ]
	[ "$(ls "$T/canary")" = file ]
	stop
}

@test "what is refused" {
	start ''
	for args in "a b" "c:/a c:/b" "nothing:/a b" "c:/no b" "no c:/b" "c:/dev/null b" "./c:x y" "c:/etc/passwd /no/such/dir/x"; do
		# shellcheck disable=SC2086
		run berth cp $args
		want 125
	done
	stop
	ended ''
	for args in "c:/no b" "no c:/b" "c:/etc/passwd /no/such/dir/x"; do
		# shellcheck disable=SC2086
		run berth cp $args
		want 125
	done
	berth rm c
	behind run --network none --name c host: true
	run berth cp c:/etc/passwd .
	want 125
	has "made of the host's"
	berth rm c
}

@test "one that has ended: the table of docker's manual, to the host" {
	ended 'mkdir -p /src/d/sub; echo f >/src/f; echo x >/src/d/sub/x; ln -s f /src/l'
	table_to_host
	berth rm c
}

@test "one that has ended: the table of docker's manual, to the container" {
	make_source src
	mkdir dst
	ended '' -v "$PWD/dst:/dst"
	from() { echo "src/$1"; }
	to() { echo "c:/dst/$1"; }
	fresh() {
		rm -rf dst/*
		mkdir -p dst/dir
		echo old >dst/file
		echo old >dst/dir/old
	}
	got() { shown dst; }
	check_table
	berth rm c
}

@test "one that has ended: streams, links, owners" {
	ended 'mkdir -p /src/d /in /real; echo f >/src/f; ln /src/f /src/hard; ln -s f /src/l; mkfifo /src/p; chmod 750 /src/d
		touch -d @1600000000 /src/f; ln -s /real /dirlink; echo a >/src/a; chmod 4755 /src/a'
	[ "$(berth cp c:/src - | tar -tf - | sort | paste -sd' ')" = "src/ src/a src/d/ src/f src/hard src/l src/p" ]
	berth cp c:/src/. - | gzip | berth cp - c:/in
	berth cp c:/in - | tar -xf -
	[ "$(stat -c '%a %h %Y' in/f)" = "644 2 1600000000" ]
	[ "$(stat -c %a in/d)" = 750 ]
	[ "$(readlink in/l)" = f ]
	[ -p in/p ]
	berth cp -L c:/src/l copy
	[ "$(cat copy)" = f ]
	berth cp c:/src/a plain
	[ "$(stat -c '%u %a' plain)" = "$(id -u) 755" ]
	berth cp in/f c:/dirlink/
	[ "$(berth cp c:/real/f - | tar -tv --numeric-owner | cut -d' ' -f1-2)" = "-rw-r--r-- 0/0" ]
	split bash -c "echo no archive | '$BERTH' --root '$ROOT' --runroot '$RUNROOT' cp - c:/in"
	want 125
	if [ "$(persona)" = root ]; then
		chown 5:6 copy
		berth cp -a copy c:/in/kept
		[ "$(berth cp c:/in/kept - | tar -tvf - --numeric-owner | cut -d' ' -f2)" = 5/6 ]
	fi
	# It runs with what was copied, and shows no more than that.
	berth diff c >changes
	grep -qx "A /real/f" changes
	run ! grep -E "/(proc|sys|dev)/" changes
	berth rm c
}

@test "one that has ended: what it removed, what the image has, its volumes" {
	mkdir data
	echo x >data/x
	ended 'echo v >/vol/v; rm -r /var; mkdir /var; echo z >/var/z; mkdir /t/sub; rm -r /home' \
		-v "$PWD/data:/data" -v "$PWD/data:/ro:ro" -v /vol --tmpfs /t
	[ "$(berth cp c:/var - | tar -tf - | paste -sd' ')" = "var/ var/z" ]
	run berth cp c:/home .
	want 125
	berth cp c:/bin/busybox tool
	[ "$(berth cp c:/vol/v - | tar -xO)" = v ]
	# A tmpfs is gone with the processes.
	[ "$(berth cp c:/t/. - | tar -tf - | paste -sd' ')" = "./" ]
	echo y >y
	berth cp y c:/data
	[ "$(cat data/y)" = y ]
	berth cp y c:/vol
	[ "$(berth cp c:/vol/. - | tar -tf - | sort | paste -sd' ')" = "./ ./v ./y" ]
	run berth cp y c:/ro/z
	want 125
	has "Read-only file system"
	[ ! -e data/z ]
	# What it had removed may come again.
	mkdir home
	berth cp home c:/
	[ "$(berth diff c | grep -c ' /home')" -ge 1 ]
	[ "$(berth cp c:/home - | tar -tf -)" = home/ ]
	berth rm c
}

@test "one that was never started" {
	mkdir data
	echo x >data/x
	echo '#!/bin/sh
		cat /data/sub/x /given' >given
	behind create --network none --name c -v "$PWD/data:/data/sub" busybox sh /given >/dev/null
	[ "$(berth cp c:/data/sub/x - | tar -xO)" = x ]
	[ "$(berth cp c:/etc/passwd - | tar -xO | head -n1 | cut -d: -f1)" = root ]
	# Who only reads leaves nothing behind.
	[ -z "$(berth diff c)" ]
	berth cp given c:/
	[ "$(behind start -a c | head -n2 | paste -sd' ')" = "x #!/bin/sh" ]
	berth rm c
	# A root file system that is a directory, and one that nobody may write to.
	mkdir -p tree/bin
	berth cp - c:/ </dev/null 2>/dev/null || :
	behind create --network none --name c --rootfs "$PWD/tree" /bin/true >/dev/null
	berth cp given c:/bin
	cmp given tree/bin/given
	berth rm c
	behind create --network none --name c --read-only busybox true >/dev/null
	run berth cp given c:/
	want 125
	has "Read-only file system"
	berth cp c:/etc/passwd p
	berth rm c
}

@test "one that has ended, in a user namespace" {
	only root sub
	local map=(--uidmap 0:200000:65536)
	[ "$(persona)" = root ] || map=(--userns keep-id:uid=1000,gid=1000)
	ended 'touch /tmp/a; id -u >/tmp/b; stat -c %u/%g /etc/passwd >/tmp/image' "${map[@]}"
	berth cp c:/tmp/b - | tar -tv --numeric-owner | cut -d' ' -f2 >owner
	case $(persona) in
	root) grep -qx 0/0 owner ;;
	*) grep -qx 1000/1000 owner ;;
	esac
	[ "$(berth cp c:/etc/passwd - | tar -tv --numeric-owner | cut -d' ' -f2)" = "$(berth cp c:/tmp/image - | tar -xO)" ]
	echo new >new
	berth cp new c:/tmp/new
	[ "$(berth cp c:/tmp/new - | tar -xO)" = new ]
	[ "$(berth cp c:/tmp/new - | tar -tv --numeric-owner | cut -d' ' -f2)" = 0/0 ]
	berth rm c
}

@test "nobody starts or removes it meanwhile, and others may read" {
	ended 'head -c 3000000 /dev/urandom >/big'
	mkfifo in
	# Into it, one after the other.
	behind cp - c:/tmp <in 3>&- &
	local writer=$!
	exec 7>in
	eventually 20 eval '[ -e "$ROOT"/containers/*/mounting ] && ! flock -n "$ROOT"/containers/*/mounting true'
	run berth start c
	want 125
	has "the container 'c' is busy"
	run berth rm c
	want 2
	has busy
	[[ $(berth ps -a --format '{{.Status}}') == Exited* ]]
	echo x >x
	behind cp x c:/tmp/second 3>&- 7>&- &
	local second=$!
	tar -c x >&7
	exec 7>&-
	wait $writer
	wait $second
	[ "$(berth cp c:/tmp/second - | tar -xO)" = x ]
	[ "$(berth cp c:/tmp/x - | tar -xO)" = x ]
	# Out of it: others read as well, nobody writes.
	mkfifo out
	behind cp c:/big - >out 3>&- &
	local reader=$!
	exec 7<out
	head -c 1000 <&7 >/dev/null
	berth cp c:/tmp/x got
	cmp x got
	run berth start c
	want 125
	has busy
	cat <&7 >/dev/null
	exec 7<&-
	wait $reader
	behind start c >/dev/null
	eventually 20 eval '[[ $(berth ps -a --format "{{.Status}}") == Exited* ]]'
	berth rm c
}

@test "who unpacks in a container holds nothing" {
	only root
	mkfifo in
	confined() {
		behind cp - c:/tmp <in 3>&- &
		local copier=$! child
		exec 7>in
		unpacker() {
			local pid
			for pid in $(cat "/proc/$1/task/$1/children"); do
				grep -q "^Seccomp:.2" "/proc/$pid/status" && echo "$pid" && return
				unpacker "$pid" && return
			done
			return 1
		}
		eventually 20 eval "unpacker $copier >child"
		child=$(cat child)
		grep -qE "^NoNewPrivs:.1" "/proc/$child/status"
		grep -qE "^CapEff:.000000008000001b" "/proc/$child/status"
		grep -qE "^CapBnd:.000000008000001b" "/proc/$child/status"
		[ "$(readlink "/proc/$child/root")" != / ] || [ ! -e "/proc/$child/root$T" ]
		[ "$(for fd in "/proc/$child/fd/"*; do readlink "$fd"; done | grep -c "^$ROOT\|^$T/in")" -le 1 ]
		tar -c in >&7 || :
		exec 7>&-
		wait $copier
		[ "$(berth cp c:/tmp/in - | tar -t)" = in ]
	}
	start ''
	confined
	stop
	ended ''
	confined
	berth rm c
}
