# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

@test "the version is one line on stdout" {
	split berth version
	want 0
	[[ $output =~ ^berth\ version\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	[ -z "$stderr" ]
	split berth --version
	want 0
	[[ $output == "berth version "* ]]
	split berth -v
	want 0
}

@test "formats: json and templates" {
	run berth version --format json
	want 0
	has '"Version": "'
	run berth version -f '{{.Version}}'
	want 0
	[[ $output =~ ^[0-9.]+$ ]]
	run berth version --format '{{json .OciVersion}}'
	[[ $output =~ ^\"1\.[0-9.]+\"$ ]]
	run berth version --format '{{.Client.Version}} {{.Client.Os}}/{{.Client.Arch}} {{.Client.OsArch}}'
	want 0
	[[ $output =~ ^[0-9.]+\ (linux/[a-z0-9]+)\ (linux/[a-z0-9]+)$ ]]
	[ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]
}

@test "a field that does not exist is refused with the nearest one" {
	split berth version --format '{{.version}}'
	want 125
	[ -z "$output" ]
	err_has "there is no field 'version'"
	err_has "did you mean '.Version'?"
}

@test "it works without a home directory and without a store" {
	run env -u HOME -u XDG_DATA_HOME -u XDG_RUNTIME_DIR "$BERTH" version
	want 0
	[ ! -e "$ROOT" ]
}
