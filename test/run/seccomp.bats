# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

# The default filter as a program meets it, and profiles from files. test/data/syscalls says for every call
# of an architecture what becomes of it: "allow" (the kernel's own answer, the same as without a filter),
# EPERM, ENOSYS, "args" (depends on the arguments: 'probe rules') or "none" (a number with nothing behind it).

setup() {
	berth_setup
	data=$helper/../data/syscalls
}

# A static program from the sources, on the command line's machine.
probe() {
	need cc
	[ -z "${BERTH_VM:-}" ] || skip "only: where there is a compiler"
	[ "$(uname -m)" = x86_64 ] || skip "only: x86_64"
	mkdir -p "$T/probe"
	cc -D_GNU_SOURCE -static -O1 -o "$T/probe/probe" "$helper/probe.c"
	busybox
}

in_box() { # OPTION... -- ARG...
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	berth run --rm -i --network none "${options[@]}" -v "$T/probe:/probe:ro" busybox /probe/probe "$@"
}

@test "every system call, native and 32-bit" {
	probe
	for arch in x86_64 x86; do
		mode=$arch
		[ $arch = x86 ] || mode=native
		in_box -- calls $mode <"$data/$arch.out" >"with.$arch"
		in_box --security-opt seccomp=unconfined -- calls $mode <"$data/$arch.out" >"without.$arch"
		[ "$(wc -l <"with.$arch")" -gt 400 ]
		# Kernels may be built without the 32-bit entry.
		if [ $arch = x86 ] && ! grep -q '^getpid 0$' "without.$arch"; then
			continue
		fi
		awk '
			FILENAME == ARGV[1] { with[$1] = $2; next }
			FILENAME == ARGV[2] { without[$1] = $2; next }
			!($2 in with) || $3 == "args" || $3 == "none" { next }
			{ want = $3 == "EPERM" ? 1 : $3 == "ENOSYS" ? 38 : without[$2] }
			with[$2] != want { print $2, with[$2], "not", want; bad = 1 }
			END { exit bad }' "with.$arch" "without.$arch" "$data/$arch.out"
	done
}

@test "calls that depend on their arguments" {
	probe
	in_box -- rules >rules
	[ "$(wc -l <rules)" -gt 40 ]
	awk '
		/^socket AF_(UNIX|INET|INET6|NETLINK) / { want = 0 }
		/^socket NETLINK_AUDIT / { want = 22 }
		/^socket/ && !/ AF_(UNIX|INET|INET6|NETLINK) / && !/ NETLINK_AUDIT / { want = 97 }
		/^(clone|unshare) / { want = 1 }
		/^clone3 / { want = 38 }
		/^ioctl / { want = /TCGETS/ ? 25 : 1 }
		/^personality / { want = / (40000|400000) / ? 1 : 0 }
		$NF != want { print $0 ", not " want; bad = 1 }
		END { exit bad }' rules
}

@test "a capability opens the calls that belong to it, and no others" {
	probe
	grep -E ' (EPERM|ENOSYS)$' "$data/x86_64.out" >list
	in_box -- calls native <list >default
	for row in sys_admin:"bpf clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie \
lsm_get_self_attr lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount open_tree \
open_tree_attr perf_event_open pivot_root quotactl quotactl_fd setdomainname sethostname setns \
syslog umount2 unshare" \
		sys_nice:"get_mempolicy mbind set_mempolicy set_mempolicy_home_node" sys_boot: \
		dac_read_search:open_by_handle_at sys_ptrace:"kcmp pidfd_getfd process_madvise" \
		syslog:syslog net_raw: sys_time:"clock_settime settimeofday" bpf:bpf; do
		cap=${row%%:*}
		in_box --cap-add "$cap" -- calls native <list >"with.$cap"
		# Everything else stays as it was.
		for call in $(diff default "with.$cap" | awk '/^[<>]/ { print $2 }' | sort -u); do
			case " ${row#*:} " in
			*" $call "*) ;;
			*) echo "--cap-add $cap changes $call" && false ;;
			esac
		done
	done
	grep -qx 'mount 1' default
	grep -qx 'mount 14' with.sys_admin
	grep -qx 'kcmp 1' default
	! grep -qx 'kcmp 1' with.sys_ptrace
}

@test "--cap-drop SYS_CHROOT closes chroot" {
	busybox
	run berth run --rm --network none busybox chroot / true
	want 0
	run berth run --rm --network none --cap-drop sys_chroot busybox chroot / true
	want 1
	has "not permitted"
}

@test "a profile from a file" {
	busybox
	echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat","no_such_call"],
		"action":"SCMP_ACT_ERRNO","errnoRet":28}]}' >profile.json
	for _ in 1 2; do # the second one from the cache
		run berth run --rm --network none --security-opt seccomp=profile.json busybox mkdir /x
		want 1
		has "No space left"
	done
	run berth run --rm --network none --security-opt seccomp=profile.json busybox grep Seccomp: /proc/self/status
	want 0
	has 2
	# What the file says now counts.
	sed -i 's/28/30/' profile.json
	run berth run --rm --network none --security-opt seccomp=profile.json busybox mkdir /x
	has "Read-only file system"
}

@test "a profile that knows nothing of execveat, in run and exec" {
	busybox
	echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["execveat"],"action":"SCMP_ACT_KILL"},
		{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":28}]}' >profile.json
	run berth run --rm --network none --security-opt seccomp=profile.json busybox mkdir /x
	want 1
	has "No space left"
	berth run -d --name box --network none --security-opt seccomp=profile.json busybox sleep 1000
	run berth exec box mkdir /x
	want 1
	has "No space left"
	berth rm -f -t 0 box
}

@test "a profile with rules for capabilities" {
	busybox
	echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],
		"action":"SCMP_ACT_ERRNO","excludes":{"caps":["CAP_SYS_PTRACE"]}}]}' >profile.json
	run berth run --rm --network none --security-opt seccomp=profile.json busybox mkdir /x
	want 1
	run berth run --rm --network none --security-opt seccomp=profile.json --cap-add sys_ptrace busybox mkdir /x
	want 0
}

@test "the profile that podman ships" {
	[ -e /usr/share/containers/seccomp.json ] || skip "missing: /usr/share/containers/seccomp.json"
	busybox
	run berth run --rm --network none --security-opt seccomp=/usr/share/containers/seccomp.json busybox id -u
	want 0
	[ "$output" = 0 ]
}

@test "profiles that are wrong say where" {
	busybox
	for row in '{}|defaultAction' '{"defaultAction":"ALLOW"}|ALLOW' 'x|profile.json' \
		'{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["x"]}]}|syscalls[0]' \
		'{"defaultAction":"SCMP_ACT_NOTIFY"}|listener'; do
		echo "${row%|*}" >profile.json
		split berth run --rm --network none --security-opt seccomp=profile.json busybox true
		want 125
		err_has "${row#*|}"
		err_has profile.json
	done
	split berth run --rm --network none --security-opt seccomp=nowhere.json busybox true
	want 125
	err_has "No such file"
}
