# SPDX-License-Identifier: LGPL-2.1-or-later
# cp while what is copied changes under it.
load ../helper/berth

setup() {
	berth_setup
	busybox
}

teardown() {
	: >"$T/enough"
	berth rm -af >/dev/null 2>&1 || :
	wait
	berth_teardown
}

# Two hundred names that are a directory and a link to a directory of the host in turn, changed as fast as can be.
flip() { # DIR TARGET
	python3 - "$1" "$2" <<-'PY'
		import ctypes, os, sys
		libc = ctypes.CDLL(None, use_errno=True)
		os.chdir(sys.argv[1])
		for i in range(100):
		    os.mkdir(f"d{i}")
		    with open(f"d{i}/file", "w") as f:
		        f.write("inside\n")
		    os.symlink(sys.argv[2], f"l{i}")
		open("../flipping", "w").close()
		while not os.path.exists("../enough"):
		    for i in range(100):
		        libc.renameat2(-100, b"d%d" % i, -100, b"l%d" % i, 2)
	PY
}

@test "more than ten thousand times: what flips in a volume leads nowhere, whether the container runs or not" {
	mkdir share canary src
	echo "host only" >canary/file
	flip share "$T/canary" 3>&- &
	eventually 60 test -e flipping
	for i in $(seq 2000); do
		echo "d$((i % 100))/n$i"
	done >names
	(cd src && mkdir $(seq -f d%g 0 99) && xargs touch <../names)
	tar -C src -cf src.tar --no-recursion -T names
	# In the container the links have a place to lead to. Without what bats does for each command.
	cat >copies.sh <<-'SH'
		berth() { "$BERTH" --root "$ROOT" --runroot "$RUNROOT" "$@"; }
		for ((i = 0; i < 20; i++)); do
			berth cp c:/f whole 2>/dev/null
			[ ! -e whole ] || find whole -type f -exec cat {} + >>all 2>/dev/null
			rm -rf whole
		done
		for ((i = 0; i < 2; i++)); do
			berth cp - c:/f <src.tar
		done
		berth cp "c:$T/canary" "went-$1"
	SH
	berth run -d --network none --name c -v "$PWD/share:/f" busybox \
		sh -c "mkdir -p $T/canary; touch /ready; trap 'exit 0' TERM; while :; do sleep 0.1; done" >/dev/null
	eventually 60 eval 'berth diff c | grep -qx "A /ready"'
	BERTH=$BERTH ROOT=$ROOT RUNROOT=$RUNROOT bash copies.sh running
	berth stop c
	BERTH=$BERTH ROOT=$ROOT RUNROOT=$RUNROOT bash copies.sh ended
	berth rm c
	grep -qx inside all
	run ! grep -q "host only" all
	for kind in running ended; do
		[ "$(find "went-$kind" -type f | wc -l)" -gt 0 ]
	done
	[ "$(ls canary)" = file ]
	[ "$(cat canary/file)" = "host only" ]
}
