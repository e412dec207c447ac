# SPDX-License-Identifier: LGPL-2.1-or-later
# What holds a container back, read from inside: as root, rootless with ranges and with one id.
load ../helper/berth

setup() {
	berth_setup
	IMAGE=oci:$(image busybox.oci)
}

# in ARG... -- COMMAND...: run a command in the image with no network.
inside() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	run --separate-stderr berth run --rm --network none "${options[@]}" "$IMAGE" "$@"
}

status_of() { # OPTION... : the interesting lines of /proc/self/status
	inside "$@" -- grep -E '^(Cap|NoNewPrivs|Seccomp:|SigBlk|SigIgn|SigCgt|Groups)' /proc/self/status
	want 0
}

line() { # NAME VALUE: the line NAME of the output is VALUE
	local got
	got=$(printf '%s\n' "$output" | sed -n "s/^$1:[[:space:]]*//p" | sed 's/ *$//')
	[ "$got" = "$2" ] && return
	echo "$1 is '$got', wanted '$2'"
	return 1
}

all_caps() { # every capability that the caller could have in there
	if [ "$(persona)" = root ]; then
		sed -n 's/^CapBnd:\t//p' /proc/self/status
	else
		printf '%016x\n' $(((1 << ($(cat /proc/sys/kernel/cap_last_cap) + 1)) - 1))
	fi
}

@test "default: eleven capabilities, a filter, nothing inherited" {
	status_of
	line CapInh 0000000000000000
	line CapPrm 00000000800405fb
	line CapEff 00000000800405fb
	line CapBnd 00000000800405fb
	line CapAmb 0000000000000000
	line NoNewPrivs 0
	line Seccomp 2
	line SigBlk 0000000000000000
	line SigIgn 0000000000000000
	line SigCgt 0000000000000000
}

@test "--user: no capability is left, and root's files are out of reach" {
	only root sub
	status_of --user 1000
	line CapInh 0000000000000000
	line CapPrm 0000000000000000
	line CapEff 0000000000000000
	line CapBnd 00000000800405fb
	line CapAmb 0000000000000000
	line Seccomp 2
	inside --user 1000 -- sh -c 'cat /etc/shadow || echo refused; id -u; id -g'
	has "refused"
	has "1000"
}

@test "--cap-add and --cap-drop change the sets and nothing else" {
	status_of --cap-add NET_RAW --cap-drop CHOWN
	line CapEff 00000000800425fa
	line CapBnd 00000000800425fa
	line CapInh 0000000000000000
	line CapAmb 0000000000000000
	status_of --cap-drop ALL
	line CapPrm 0000000000000000
	line CapEff 0000000000000000
	line CapBnd 0000000000000000
	line Seccomp 2
}

@test "--privileged: all capabilities, no filter, still nothing inherited" {
	local all
	all=$(all_caps)
	status_of --privileged
	line CapPrm "$all"
	line CapEff "$all"
	line CapBnd "$all"
	line CapInh 0000000000000000
	line CapAmb 0000000000000000
	# Where one id is mapped, the filter that fakes owners is still there.
	[ "$(persona)" = one ] || line Seccomp 0
}

@test "--privileged with --user has no capability" {
	only root sub
	status_of --privileged --user 1000
	line CapPrm 0000000000000000
	line CapEff 0000000000000000
	line CapInh 0000000000000000
}

@test "no-new-privileges is set where it is asked for" {
	status_of --security-opt no-new-privileges
	line NoNewPrivs 1
	line Seccomp 2
	line CapEff 00000000800405fb
}

@test "seccomp=unconfined takes the filter away" {
	only root sub
	status_of --security-opt seccomp=unconfined
	line Seccomp 0
	line CapEff 00000000800405fb
}

@test "the payload has descriptors 0, 1 and 2" {
	# ls opens one more: the directory.
	inside -- ls /proc/self/fd
	want 0
	[ "$output" = $'0\n1\n2\n3' ]
	inside --init -- ls /proc/1/fd
	[ "$output" = $'0\n1\n2' ]
	inside -i -- ls /proc/self/fd
	[ "$output" = $'0\n1\n2\n3' ]
}

@test "a descriptor of the caller does not come along" {
	exec 7</dev/null
	inside -- ls /proc/self/fd
	exec 7<&-
	[ "$output" = $'0\n1\n2\n3' ]
}

@test "/dev holds the default nodes and no other" {
	inside -- sh -c 'cd /dev && ls'
	want 0
	[ "$output" = "$(printf '%s\n' fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero)" ]
	inside -- stat -c '%n %t:%T %a' /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty
	[ "$output" = $'/dev/null 1:3 666\n/dev/zero 1:5 666\n/dev/full 1:7 666\n/dev/random 1:8 666\n/dev/urandom 1:9 666\n/dev/tty 5:0 666' ]
	inside -t -- sh -c 'ls /dev | grep console; stat -c %t /dev/console'
	has console
	has 88
}

@test "no device can be made or found in the image" {
	inside --cap-add MKNOD -- sh -c 'mknod /sda b 8 0 && head -c1 /sda'
	[ "$status" != 0 ]
	inside -- mknod /x c 1 3
	[ "$status" != 0 ]
}

@test "mounts have the flags that take rights away" {
	inside -- cat /proc/self/mountinfo
	want 0
	flags / nodev
	flags /proc nosuid,nodev,noexec
	flags /dev nosuid
	flags /dev/pts nosuid,noexec
	flags /dev/shm nosuid,nodev,noexec
	flags /dev/mqueue nosuid,nodev,noexec
	flags /sys ro,nosuid,nodev,noexec
	flags /proc/sys ro,nosuid,nodev,noexec
	flags /proc/bus ro
	flags /proc/fs ro
	flags /proc/irq ro
}

flags() { # MOUNTPOINT FLAG,...: the topmost mount there has them all
	local have want
	have=$(printf '%s\n' "$output" | awk -v at="$1" '$5 == at { last = $6 } END { print last }')
	for want in ${2//,/ }; do
		[[ ,$have, == *,$want,* ]] && continue
		echo "'$1' has the flags '$have', which lack '$want'"
		return 1
	done
}

@test "nothing of the host is in the mount table" {
	inside -- cat /proc/self/mountinfo
	# Where they come from is said, as by every runtime; where they are is inside.
	[ -z "$(printf '%s\n' "$output" | awk '$5 !~ "^/(proc|sys|dev)(/|$)" && $5 !~ "^/etc/(resolv.conf|hosts|hostname)$" && $5 != "/"')" ]
	[ "$(printf '%s\n' "$output" | awk '$5 == "/"' | wc -l)" = 1 ]
}

@test "masked files are empty or unreadable, masked directories are empty" {
	inside -- sh -c 'for f in /proc/acpi /proc/asound /proc/interrupts /proc/kallsyms /proc/kcore /proc/keys \
		/proc/kpagecount /proc/kpageflags /proc/latency_stats /proc/sched_debug /proc/scsi /proc/slabinfo \
		/proc/timer_list /proc/vmallocinfo /sys/kernel/vmcoreinfo; do
			[ -d $f ] && set -- $(ls $f) || set -- $(head -c 64 $f 2>/dev/null)
			[ $# = 0 ] || echo "$f: $*"
		done
		for d in /sys/dev/block /sys/devices/virtual/powercap /sys/firmware /sys/fs/bpf /sys/fs/selinux \
			/sys/kernel/debug /sys/kernel/security /sys/kernel/tracing; do
			[ -d $d ] || continue
			set -- $(ls $d)
			[ $# = 0 ] || echo "$d: $*"
		done'
	want 0
	[ -z "$output" ]
}

@test "a mask is the null device or an empty read-only directory" {
	inside -- sh -c 'stat -c %t:%T /proc/kallsyms; stat -f -c %T /sys/firmware; touch /sys/firmware/x; echo x >/proc/kallsyms && cat /proc/kallsyms'
	has "1:3"
	has tmpfs
	[[ $stderr == *"Read-only"* ]]
}

@test "what belongs to the host cannot be written" {
	inside -- sh -c 'for f in /proc/sys/kernel/core_pattern /proc/sys/kernel/hostname /proc/sys/vm/swappiness \
		/proc/sysrq-trigger /proc/irq/default_smp_affinity /sys/kernel/uevent_helper /sys/power/state; do
			(echo x >$f) 2>/dev/null && echo "wrote $f"
		done
		find /sys/fs/cgroup -type f -writable 2>/dev/null | while read -r f; do (echo 0 >$f) 2>/dev/null && echo "wrote $f"; done'
	[ -z "$output" ]
}

@test "no file of the kernel's can be opened for writing, whatever is shared with the host" {
	local options
	for options in "" "--cgroupns host" "--ipc host" "--pid host" "--uts host" "--network host"; do
		[[ $options == *network* ]] || options="$options --network none"
		run --separate-stderr berth run --rm $options "$IMAGE" sh -c '
			find /sys /proc/sys /proc/bus /proc/fs /proc/irq /proc/sysrq-trigger -type f 2>/dev/null |
				while read -r file; do
					true >>"$file" && echo "$file"
				done 2>/dev/null
			echo end'
		[ "$output" = end ]
	done
}

@test "mount(2), unshare(2) and other namespaces are refused" {
	inside -- sh -c 'mount -t tmpfs x /mnt || echo no; umount /proc/sys || echo no; mount -o remount,rw /sys || echo no; unshare -U true || echo no; unshare -m true || echo no'
	[ "$output" = $'no\nno\nno\nno\nno' ]
}

@test "--read-only leaves no place to write but memory" {
	inside --read-only -- sh -c 'touch /x /etc/x || echo no; touch /tmp/x /run/x /var/tmp/x /dev/shm/x && echo memory'
	[ "$output" = $'no\nmemory' ]
}

@test "unmask shows what is masked otherwise" {
	inside --security-opt unmask=/proc/kallsyms -- sh -c 'head -c 1 /proc/kallsyms | wc -c'
	[ "$output" = 1 ]
	inside --security-opt mask=/etc/group -- cat /etc/group
	want 0
	[ -z "$output" ]
}

@test "--privileged has the host's devices and nothing hidden" {
	inside --privileged -- sh -c 'head -c 1 /proc/kallsyms | wc -c; awk "\$5 ~ /^\/(proc|sys)\// { print \$5 }" /proc/self/mountinfo | grep -v /sys/fs/cgroup'
	[ "$output" = 1 ]
}

@test "only the container's processes are there" {
	# The shell alone: a pipeline would race with its own processes.
	inside -- sh -c 'echo /proc/[0-9]*; echo $$'
	[ "$output" = $'/proc/1\n1' ]
}

@test "the binary of berth is not the program of the container" {
	local before
	before=$(sha256sum <"$BERTH")
	printf '#!/proc/self/exe\n' >"$T/self"
	chmod 755 "$T/self"
	inside -v "$T/self:/self:ro" -- /self
	want 126
	inside --init -- sh -c 'readlink /proc/1/exe; (echo x >>/proc/1/exe) 2>/dev/null || echo sealed'
	has "memfd:berth-init"
	has sealed
	[ "$(sha256sum <"$BERTH")" = "$before" ]
}

@test "working directories that are descriptors are refused" {
	local fd
	for fd in 3 4 5 6 7 8 9 10 11 12; do
		inside -w "/proc/self/fd/$fd" -- pwd
		want 125
	done
	inside -w "/proc/self/fd/../cwd" -- pwd
	want 125
}

@test "a user namespace made by root maps the image and gives no rights outside" {
	only root
	mkdir "$T/vol"
	inside --userns auto -v "$T/vol:/vol" -- sh -c 'id -u; stat -c %u:%g /etc/passwd /; touch /new /vol/x || echo refused'
	want 0
	[ "$output" = $'0\n0:0\n0:0\nrefused' ]
	[ ! -e "$T/vol/x" ]
}

@test "with the host's pids nothing outlives the container" {
	only root
	run berth run --rm --network none --pid host -v "$T:$T" "$IMAGE" sh -c "sleep 4321 & echo \$! >$T/pid; exit 3"
	want 3
	eventually 5 eval "! kill -0 $(cat "$T/pid") 2>/dev/null"
}
