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

stop() {
	berth rm -f c
	wait || :
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

@test "the table of docker's manual: to the host" {
	start 'mkdir -p /src/d/sub; echo f >/src/f; echo x >/src/d/sub/x; ln -s f /src/l'
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
	timeout 30 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --network none --name ended busybox true
	run berth cp ended:/etc/passwd .
	want 125
	has "berth export"
	berth rm ended
}
