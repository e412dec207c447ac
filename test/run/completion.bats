# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

# What bash would offer for a line that ends at the cursor.
complete_line() {
	local program=$T/bin/berth
	mkdir -p "$T/bin"
	ln -sf "$BERTH" "$program"
	bash -c '
		source <("$1" completion bash)
		COMP_LINE="$1 $2" COMP_POINT=${#COMP_LINE}
		COMP_POINT=${#COMP_LINE}
		_berth
		printf "%s\n" "${COMPREPLY[@]}"
	' bash "$program" "$1"
}

@test "a script for each of bash, zsh and fish" {
	for shell in bash zsh fish; do
		split berth completion $shell
		want 0
		has __complete
		[ -z "$stderr" ]
		if command -v $shell >/dev/null; then
			berth completion $shell | $shell -n
		fi
	done
	split berth completion csh
	want 125
	[ -z "$output" ]
	err_has "bash, zsh and fish"
}

@test "commands" {
	run complete_line "ver"
	[ "$output" = version ]
	run complete_line ""
	has run
	has completion
	lacks __
	run complete_line "nope "
	[ -z "$output" ]
	run complete_line "help rm"
	has rmi
	run complete_line "image inspe"
	[ "$output" = inspect ]
	run complete_line "image inspect --form"
	[ "$output" = --format ]
	run complete_line "image "
	has ls
	has list
	lacks images
}

@test "options and their values" {
	run complete_line "run --memory-"
	[ "$output" = $'--memory-swap\n--memory-reservation' ]
	run complete_line "run --net"
	[ "$output" = --network ]
	run complete_line "run --network "
	[ "$output" = $'none\nhost\nns:\npasta' ]
	run complete_line "run --cgroups=dis"
	[ "$output" = disabled ]
	run complete_line "run -it --pull "
	has missing
	run complete_line "run --mount type=t"
	[ "$output" = "tmpfs," ]
	run complete_line "--ro"
	[ "$output" = --root ]
	run complete_line "run --health-on-failure r"
	[ "$output" = restart ]
	run complete_line "run --personal"
	[ -z "$output" ]
}

@test "files where files are wanted" {
	touch "$T/some-file"
	run complete_line "run --env-file $T/some-"
	[ "$output" = "$T/some-file" ]
	run complete_line "run --name x rootfs:$T/bi"
	has "$T/bin"
	run complete_line "run host: $T/some-"
	[ "$output" = "$T/some-file" ]
}

@test "fish offers the same" {
	need fish
	mkdir -p "$T/bin"
	ln -sf "$BERTH" "$T/bin/berth"
	berth completion fish >"$T/berth.fish"
	PATH=$T/bin:$PATH
	run fish -c "source $T/berth.fish; complete -C 'berth run --netw'; complete -C 'berth run --network=pas'; complete -C 'berth run --cgroups dis'; complete -C 'berth vers'"
	[ "$output" = $'--network\n--network=pasta\ndisabled\nversion' ]
}

@test "zsh offers the same" {
	need zsh
	mkdir -p "$T/bin" "$T/zsh"
	ln -sf "$BERTH" "$T/bin/berth"
	berth completion zsh >"$T/zsh/_berth"
	PATH=$T/bin:$PATH
	# compadd prints what it would add.
	run zsh -fc 'fpath=($1 $fpath); compdef() { :; }; compadd() { shift; print -l -- ${(P)1} }
		compset() { :; }; source $1/_berth
		words=(berth run --netw) CURRENT=3 PREFIX=--netw; _berth
		words=(berth vers) CURRENT=2 PREFIX=vers; _berth' zsh "$T/zsh"
	[ "$output" = $'--network\nversion' ]
}

@test "names of images" {
	busybox
	run complete_line "--root $ROOT --runroot $RUNROOT run bus"
	[ "$output" = "busybox:latest" ]
	run complete_line "--root=$ROOT run docker.io/library/busybox:l"
	[ "$output" = "latest" ]
	run complete_line "--root=$ROOT run h"
	[ "$output" = "host:" ]
	run complete_line "--root=$ROOT run busybox:latest ''"
	lacks busybox
}

@test "asking makes no store" {
	run complete_line "--root $ROOT --runroot $RUNROOT run "
	has "host:"
	[ ! -e "$ROOT" ]
	[ ! -e "$RUNROOT" ]
}
