# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

@test "berth alone, help and --help print the overview" {
	split "$BERTH"
	want 0
	first=$output
	[ -z "$stderr" ]
	has "Usage: berth [OPTIONS] COMMAND"
	for word in run load images rmi inspect info doctor version completion help --root --runroot; do
		has "$word"
	done
	split berth help
	want 0
	[ "$output" = "$first" ]
	split berth --help
	[ "$output" = "$first" ]
	split berth -h
	[ "$output" = "$first" ]
}

@test "every command describes itself" {
	while read -r command; do
		# shellcheck disable=SC2086 # some have two words
		split berth help $command
		want 0
		has "Usage: berth $command"
		first=$output
		# shellcheck disable=SC2086
		split berth $command --help
		want 0
		[ "$output" = "$first" ]
		[ -z "$stderr" ]
	done < <("$BERTH" __options | awk -F '\t' '$2 == "command" || $2 == "group" { print $1 }')
}

@test "a group lists its commands" {
	split berth image
	want 0
	has "Usage: berth image COMMAND"
	[[ $output =~ "  ls ".*"  rm ".*"  inspect " ]]
	first=$output
	split berth image --help
	[ "$output" = "$first" ]
	split berth help image
	[ "$output" = "$first" ]
	split berth image inspct x
	want 125
	[ -z "$output" ]
	err_has "there is no command 'image inspct'"
	err_has "did you mean 'berth image inspect'?"
	split berth system frobnicate
	want 125
	err_has "'berth system' lists"
	split berth
	has "'berth GROUP' lists"
}

@test "two words name a command as well" {
	run berth help image ls
	want 0
	has "Usage: berth images"
}

@test "run says what root's network is" {
	run berth run --help
	want 0
	has "Root's default network is none"
	has "-v, --volume"
	has "--health-cmd"
	lacks "--personality"
}

@test "an unknown command is refused with the nearest one" {
	split berth imagse
	want 125
	[ -z "$output" ]
	err_has "berth: there is no command 'imagse'"
	err_has "did you mean 'berth images'?"
	split berth help zzzzzzzz
	want 125
	err_has "'berth help' lists the commands"
}

@test "options before the command" {
	run berth --log-level debug -D --transient-store --config /tmp version
	want 0
	split berth --log-level loud version
	want 125
	err_has "'loud' is none of"
	for option in "-H tcp://x" "--context x" "--url=x" "--remote" "--tlsverify"; do
		split berth $option version
		want 125
		err_has "no daemon and no remote mode"
	done
	split berth --roto x version
	want 125
	err_has "did you mean '--root'?"
	split berth --root
	want 125
	err_has "--root needs a value"
}

@test "a closed stdout is no reason for a message" {
	run bash -c "'$BERTH' help run | head -1"
	want 0
	[ "$output" = "Usage: berth run [OPTIONS] IMAGE [COMMAND [ARG...]]" ]
	# With SIGPIPE ignored, as under systemd.
	run bash -c "trap '' PIPE; { '$BERTH' help run; echo \$? >status; } | true; cat status"
	[ "$output" = 125 ] || [ "$output" = 0 ]
	split bash -c "'$BERTH' version >/dev/full"
	want 125
	err_has "cannot write to stdout: No space left on device"
}

@test "closed descriptors do no harm" {
	run bash -c "'$BERTH' version <&- 2>&-"
	want 0
	[[ $output == "berth version "* ]]
	run bash -c "'$BERTH' nope >&- <&-"
	want 125
}
