# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

@test "info names the version, the store and the kernel" {
	run berth info
	want 0
	has "Version"
	has "Root               $ROOT"
	has "RunRoot            $RUNROOT"
	has "$(uname -r)"
}

@test "asking makes no store" {
	run berth info
	want 0
	[ ! -e "$ROOT" ]
	[ ! -e "$RUNROOT" ]
}

@test "as root the tier is root and the network none" {
	only root
	run berth info --format '{{.Tier}} {{.Rootless}} {{.DefaultNetwork}}'
	want 0
	[ "$output" = "root false none" ]
	run berth info
	has "pasta cannot serve root"
}

@test "with subordinate ids the tier is range" {
	only sub
	run berth info --format '{{.Tier}} {{.Rootless}} {{.DefaultNetwork}}'
	want 0
	[ "$output" = "range true pasta" ]
}

@test "without subordinate ids the tier is single" {
	only one
	run berth info --format '{{.Tier}} {{.Rootless}} {{.DefaultNetwork}}'
	want 0
	[ "$output" = "single true pasta" ]
}

@test "without new privileges the helpers cannot work, and the tier is single" {
	only sub
	need setpriv
	run setpriv --no-new-privs "$BERTH" --root "$ROOT" info --format '{{.Tier}}'
	want 0
	[ "$output" = single ]
}

@test "the JSON form is one object with every field" {
	need jq
	split berth info --format json
	want 0
	[ "$(jq -r .Version <<<"$output")" = "$("$BERTH" version --format '{{.Version}}')" ]
	[ "$(jq -r .Root <<<"$output")" = "$ROOT" ]
	[ "$(jq -r .NCPU <<<"$output")" = "$(nproc --all)" ] || [ "$(jq -r .NCPU <<<"$output")" -ge 1 ]
	[ "$(jq -r '.CgroupControllers | type' <<<"$output")" = array ]
	[ "$(jq -r '.Images' <<<"$output")" = 0 ]
	[ "$(jq -r '.MemTotal > 1000000' <<<"$output")" = true ]
}

@test "what the store holds is counted" {
	busybox
	run berth info --format '{{.Images}} {{.Layers}} {{.Blobs}}'
	want 0
	[ "$output" = "1 $(find "$ROOT/layers" -mindepth 1 -maxdepth 1 | wc -l) $(find "$ROOT/blobs" -type f | wc -l)" ]
	run berth info --format '{{.BlobsSize}}'
	[ "$output" -gt 100000 ]
}

@test "system info is the same command" {
	run berth system info --format '{{.OSType}}'
	want 0
	[ "$output" = linux ]
}

@test "a bad template, an unknown option and an operand are refused" {
	split berth info --format '{{.Version'
	want 125
	[ -n "$stderr" ]
	split berth info --formta json
	want 125
	err_has "--format"
	split berth info x
	want 125
}

@test "a store that cannot be read is an error that names it" {
	only rootless
	mkdir "$ROOT"
	chmod 0 "$ROOT"
	split berth info
	chmod 700 "$ROOT"
	want 125
	err_has "$ROOT"
}
