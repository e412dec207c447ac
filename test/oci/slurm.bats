# SPDX-License-Identifier: LGPL-2.1-or-later
# Slurm with berth-oci as the runtime of its containers: srun, sbatch and scancel; and the same with crun.
load ../helper/berth
load ../helper/slurm

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	slurm_up
	bundle
	programs
}

teardown_file() {
	slurm_down
}

setup() {
	only root
	need slurmd munged
	berth_setup
	B=$SLURM_DIR/bundle
}

# Both runtimes by one name, so that the same lines of oci.conf serve.
programs() {
	local peer=$helper/peer
	mkdir "$SLURM_DIR"/{berth,crun}
	ln -s "$BERTH" "$SLURM_DIR/berth/berth-oci"
	printf '#!/bin/sh\nPEER_STORE=%s exec %s crun "$@"\n' "$SLURM_DIR/peer" "$peer" >"$SLURM_DIR/crun/berth-oci"
	chmod 755 "$SLURM_DIR/crun/berth-oci"
}

bundle() {
	local applet root=$SLURM_DIR/bundle/rootfs
	mkdir -p "$root"/{bin,proc,tmp,dev}
	cp /bin/busybox "$root/bin/busybox"
	for applet in sh cat grep hostname id ls sleep sort; do
		ln -s busybox "$root/bin/$applet"
	done
	cat >"$SLURM_DIR/bundle/config.json" <<-'EOC'
		{
			"ociVersion": "1.0.2",
			"root": { "path": "rootfs" },
			"hostname": "compute",
			"process": {
				"user": { "uid": 0, "gid": 0 },
				"cwd": "/tmp",
				"env": ["PATH=/bin", "FROM=bundle"],
				"args": ["sh"],
				"capabilities": { "bounding": ["CAP_KILL"], "permitted": ["CAP_KILL"], "effective": ["CAP_KILL"] }
			},
			"mounts": [
				{ "destination": "/proc", "type": "proc", "source": "proc" },
				{ "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"] }
			],
			"linux": {
				"namespaces": [
					{ "type": "mount" }, { "type": "pid" }, { "type": "ipc" }, { "type": "uts" }, { "type": "network" }
				]
			}
		}
	EOC
}

# CMD...: the same by both, and both leave nothing.
by_both() {
	slurm_runtime "$SLURM_DIR/crun/berth-oci"
	"$@" >"$T/crun"
	slurm_is_clean
	slurm_runtime "$SLURM_DIR/berth/berth-oci"
	"$@" >"$T/berth"
	slurm_is_clean
	diff -u "$T/crun" "$T/berth"
}

one_step() {
	split slurm srun --container="$B" sh -c 'hostname; pwd; id; ls /; echo "$FROM ${SLURM_JOB_ID:+job}"
		grep Cap /proc/self/status; cat; echo complaint >&2; exit 7' <<<"input"
	echo "$status"
	echo "$output"
	echo "$stderr" | grep complaint
}

@test "srun: the streams, the environment and the exit status are the container's" {
	by_both one_step
	output=$(cat "$T/berth")
	has "compute"
	has "uid=0"
	has "bundle job"
	has "input"
	has "complaint"
	[ "$(head -1 "$T/berth")" = 7 ]
}

# What Slurm says of a container that has gone, and the shell of a child that Slurm has killed before it.
without_slurm() {
	grep -v '^slurmstepd\|^Killed$'
}

array() {
	printf '#!/bin/sh\necho "job $SLURM_ARRAY_TASK_ID on $(hostname)"\n' >"$T/job"
	rm -f "$T"/out.*
	slurm sbatch --array=1-10 --container="$B" -o "$T/out.%a" "$T/job" >"$T/sbatch"
	eventually 90 slurm_is_idle
	cat "$T"/out.{1,2,3,4,5,6,7,8,9,10} | without_slurm
}

@test "sbatch --array=1-10: ten containers at once" {
	by_both array
	[ "$(grep -c '^job [0-9]* on compute$' "$T/berth")" = 10 ]
}

has_started() {
	grep -qs started "$T/out"
}

is_running() { # JOB
	[ "$(slurm squeue -h -j "$1" -o %T 2>/dev/null)" = RUNNING ]
}

cancel() { # COMMAND
	local job
	printf '#!/bin/sh\n%s\necho started\nwhile :; do sleep 0.1; done\n' "$1" >"$T/job"
	job=$(slurm sbatch --parsable --container="$B" -o "$T/out" "$T/job")
	eventually 60 has_started
	is_running "$job"
	slurm scancel "$job"
	eventually 60 slurm_is_idle
	without_slurm <"$T/out"
	rm "$T/out"
}

@test "scancel: the container gets SIGTERM, and SIGKILL where it does not mind" {
	by_both cancel 'trap "echo terminated; exit 3" TERM'
	by_both cancel 'trap "" TERM'
}

@test "srun that is killed leaves no container" {
	local job
	slurm_runtime "$SLURM_DIR/berth/berth-oci"
	slurm srun --container="$B" sh -c 'echo started; while :; do sleep 0.1; done' >"$T/out" 2>&1 3>&- &
	job=$!
	eventually 60 has_started
	kill -KILL "$job"
	eventually 60 eval '[ -n "$(slurm squeue -h -o %i)" ]'
	slurm scancel --full "$(slurm squeue -h -o %i)"
	slurm_is_clean
}

in_steps() {
	split slurm srun --container="$B" sh -c 'hostname; echo complaint >&2; sleep 0.3; echo end'
	echo "$status"
	echo "$output"
	echo "$stderr" | grep complaint
}

@test "RunTimeCreate and RunTimeStart: the same in two steps" {
	slurm_runtime_in_steps "$SLURM_DIR/crun/berth-oci"
	in_steps >"$T/crun"
	slurm_is_clean
	slurm_runtime_in_steps "$SLURM_DIR/berth/berth-oci"
	in_steps >"$T/berth"
	slurm_is_clean
	diff -u "$T/crun" "$T/berth"
	[ "$(sed -n 2,3p "$T/berth")" = $'compute\nend' ]
}

@test "a bundle that is refused: the step says why, and fails" {
	slurm_runtime "$SLURM_DIR/berth/berth-oci"
	cp -r "$B" "$T/bad"
	sed -i 's/"type": "uts"/"type": "space"/' "$T/bad/config.json"
	split slurm srun --container="$T/bad" sh -c 'echo never'
	want 1
	err_has "linux"
	err_has "'space'"
	lacks never
	slurm_is_clean
}
