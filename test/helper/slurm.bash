# SPDX-License-Identifier: LGPL-2.1-or-later
# A cluster of Slurm with one node for a test file, as root: `load ../helper/slurm` after ../helper/berth.
#
#   slurm_up            starts munged, slurmctld and slurmd with their own configuration, in a network namespace of
#                       their own (so that no port is taken), below $BATS_FILE_TMPDIR; for setup_file
#   slurm_down          stops them; for teardown_file
#   slurm COMMAND ARG...  runs srun, sbatch, squeue, ... in the cluster
#   slurm_runtime PROGRAM  writes oci.conf: containers are PROGRAM's from now on, with RunTimeRun
#   slurm_runtime_in_steps PROGRAM  the same with RunTimeCreate and RunTimeStart
#   slurm_is_idle       no job is there, and the node is free
#   slurm_is_clean      nothing of any container is left

slurm_up() {
	local d=$BATS_FILE_TMPDIR
	export SLURM_DIR=$d SLURM_CONF=$d/etc/slurm.conf
	install -d -m 755 "$d"/{etc,state,spool,log,run,containers}
	install -d -m 700 "$d/munge"
	head -c 1024 /dev/urandom >"$d/munge/key"
	chmod 400 "$d/munge/key"
	slurm_configure
	slurm_spawn munged munged -F --force --key-file="$d/munge/key" --socket="$d/run/munge.socket" \
		--pid-file="$d/run/munge.pid" --log-file="$d/log/munge" --seed-file="$d/munge/seed"
	eventually 60 test -S "$d/run/munge.socket"
	# Names are looked up only where there is an address beside 127.0.0.1.
	slurm_spawn slurmctld unshare --net sh -c 'ip link set lo up && ip address add 192.0.2.1/32 dev lo &&
		exec slurmctld -D'
	eventually 60 slurm_answers
	slurm_spawn slurmd nsenter --net="$(slurm_net)" slurmd -D -N localhost
	eventually 60 slurm_is_idle
}

slurm_spawn() { # NAME COMMAND...
	local name=$1
	shift
	(
		cd "$SLURM_DIR/run" && ulimit -c 0
		exec "$@"
	) >"$SLURM_DIR/log/$name" 2>&1 </dev/null 3>&- &
	echo $! >"$SLURM_DIR/run/$name"
}

slurm_configure() {
	cat >"$SLURM_CONF" <<-EOC
		ClusterName=berth
		SlurmctldHost=localhost(127.0.0.1)
		SlurmUser=root
		SlurmdUser=root
		AuthType=auth/munge
		AuthInfo=socket=$SLURM_DIR/run/munge.socket
		CredType=cred/munge
		StateSaveLocation=$SLURM_DIR/state
		SlurmdSpoolDir=$SLURM_DIR/spool
		SlurmctldPidFile=$SLURM_DIR/run/slurmctld.pid
		SlurmdPidFile=$SLURM_DIR/run/slurmd.pid
		SlurmdDebug=debug
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/none
		JobAcctGatherType=jobacct_gather/none
		SwitchType=switch/none
		MpiDefault=none
		SelectType=select/cons_tres
		SelectTypeParameters=CR_Core
		SlurmdParameters=config_overrides
		SchedulerParameters=batch_sched_delay=0,sched_min_interval=0
		KillWait=2
		PropagateResourceLimits=NONE
		ReturnToService=2
		NodeName=localhost NodeAddr=127.0.0.1 CPUs=16 State=UNKNOWN
		PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
	EOC
}

slurm_net() {
	echo "/proc/$(cat "$SLURM_DIR/run/slurmctld")/ns/net"
}

slurm() {
	nsenter --net="$(slurm_net)" "$@"
}

slurm_down() {
	local name pid
	[ -n "${SLURM_DIR:-}" ] || return 0
	for name in slurmd slurmctld munged; do
		pid=$(cat "$SLURM_DIR/run/$name" 2>/dev/null) || continue
		kill "$pid" 2>/dev/null || continue
		eventually 30 slurm_has_ended "$pid" || kill -KILL "$pid"
	done
}

slurm_has_ended() { # PID
	! kill -0 "$1" 2>/dev/null
}

# The words of an identifier: node, user, job, step, task.
slurm_runtime() { # PROGRAM
	local program="$1 --root $SLURM_DIR/containers" id=%n.%u.%j.%s.%t
	cat >"$SLURM_DIR/etc/oci.conf" <<-EOC
		RunTimeRun="exec $program run --bundle %b $id"
		RunTimeQuery="$program state $id 2>/dev/null"
		RunTimeKill="$program kill --all $id KILL 2>/dev/null"
		RunTimeDelete="$program delete --force $id 2>/dev/null"
	EOC
}

# Slurm reads what these commands print until all have closed it, and that is the container too: its streams are
# those of the step.
slurm_runtime_in_steps() { # PROGRAM
	local program="$1 --root $SLURM_DIR/containers" id=%n.%u.%j.%s.%t
	cat >"$SLURM_DIR/etc/oci.conf" <<-EOC
		RunTimeCreate="exec $program create --bundle %b $id </dev/null >/proc/\$PPID/fd/1 2>/proc/\$PPID/fd/2"
		RunTimeStart="$program start $id"
		RunTimeQuery="$program state $id 2>/dev/null"
		RunTimeKill="$program kill --all $id KILL 2>/dev/null"
		RunTimeDelete="$program delete --force $id 2>/dev/null"
	EOC
}

slurm_answers() {
	slurm scontrol ping >/dev/null 2>&1
}

slurm_is_idle() {
	[ "$(slurm sinfo -h -o %T 2>/dev/null)" = idle ] && [ -z "$(slurm squeue -h)" ]
}

slurm_left() {
	find "$SLURM_DIR/containers" -mindepth 1 -maxdepth 1 ! -name '.*'
	find "$SLURM_DIR/spool" -name 'oci-job*'
	find /sys/fs/cgroup -type d -name 'localhost.root.*'
	grep -F "$SLURM_DIR" /proc/self/mountinfo
}

slurm_has_nothing_left() {
	[ -z "$(slurm_left)" ]
}

slurm_is_clean() {
	eventually 60 slurm_is_idle && eventually 60 slurm_has_nothing_left && return
	slurm sinfo -N -l
	slurm sinfo -R
	slurm squeue
	slurm_left || :
	return 1
}
