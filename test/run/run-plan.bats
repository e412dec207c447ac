#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# --dry-run: the plan as an OCI config.json, which another runtime takes as it is.

bats_require_minimum_version 1.5.0
load ../helper/berth

root() {
	mkdir -p "$T/rootfs/bin"
	cp "/bin/busybox" "$T/rootfs/bin/busybox"
	ln -s busybox "$T/rootfs/bin/sh"
}

# A plan is a plan: nothing is made, nothing is started.
@test "run --dry-run: prints one JSON document and makes no container" {
	need jq
	root
	split berth run --dry-run --network none "rootfs:$T/rootfs" /bin/busybox touch /mark
	want 0
	jq -e '.ociVersion and .process.args == ["/bin/busybox", "touch", "/mark"]' <<<"$output"
	[ ! -e "$T/rootfs/mark" ]
	run -0 berth ps -aq
	[ -z "$output" ]
}

@test "run --dry-run: what was asked for is in the plan" {
	need jq
	root
	mkdir "$T/data"
	split berth run --dry-run --network none --cap-drop ALL --cap-add NET_RAW --read-only --hostname box \
		-e KEY=value -w /work --ulimit nofile=64:128 --oom-score-adj 500 -v "$T/data:/data:ro" \
		--annotation org.example.a=b=c --annotation empty= --security-opt no-new-privileges --sysctl net.ipv4.ip_forward=0 "rootfs:$T/rootfs" /bin/busybox true
	want 0
	jq -e '.process.capabilities.bounding == ["CAP_NET_RAW"]' <<<"$output"
	jq -e '.root.readonly and .hostname == "box" and .process.cwd == "/work"' <<<"$output"
	jq -e '.process.env | index("KEY=value")' <<<"$output"
	jq -e '.process.rlimits[] | select(.type == "RLIMIT_NOFILE") | .soft == 64 and .hard == 128' <<<"$output"
	jq -e '.process.oomScoreAdj == 500 and .process.noNewPrivileges' <<<"$output"
	jq -e '.mounts[] | select(.destination == "/data") | .source == "'"$T"'/data" and (.options | index("rro"))' <<<"$output"
	jq -e '.annotations["org.example.a"] == "b=c" and .annotations.empty == ""' <<<"$output"
	jq -e '.linux.sysctl["net.ipv4.ip_forward"] == "0"' <<<"$output"
	jq -e '.linux.maskedPaths | index("/proc/kcore")' <<<"$output"
}

@test "run --dry-run: crun runs the plan as it is, with the same result" {
	only root
	need crun jq
	root
	mkdir "$T/bundle"
	local args=(--network none -e A=b --hostname plan --ulimit nofile=100:200 "rootfs:$T/rootfs" /bin/busybox sh -c
		'/bin/busybox hostname; echo $A; ulimit -n; /bin/busybox id -u; /bin/busybox grep -E "^Cap(Eff|Bnd|Inh)" /proc/self/status')
	berth run --dry-run "${args[@]}" >"$T/bundle/config.json"
	run -0 berth run --rm "${args[@]}"
	local ours=$output
	run -0 env PEER_STORE="$T/peer" "$helper/peer" crun run -b "$T/bundle" "plan-$$"
	diff <(echo "$ours") <(echo "$output")
}
