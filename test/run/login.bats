# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth
load ../helper/registry

setup_file() {
	registry_start auth
}

login() { # ARG...
	berth login -u berth --password-stdin "$@" <<<hunter2-secret
}

# On a terminal of its own that the lines of $1 are typed into.
on_terminal() { # LINES COMMAND...
	local lines=$1
	shift
	# Each line only after the program asked for it: what is typed before is seen.
	python3 - "$lines" "$@" <<-'EOP'
		import os, pty, sys
		pid, fd = pty.fork()
		if pid == 0:
		    os.execvp(sys.argv[2], sys.argv[2:])
		said, lines = b"", sys.argv[1].encode().split(b"\n")
		while True:
		    try:
		        got = os.read(fd, 4096)
		    except OSError:
		        break
		    if not got:
		        break
		    said += got
		    if said.endswith(b": ") and lines:
		        os.write(fd, lines.pop(0) + b"\n")
		sys.stdout.buffer.write(said)
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 255)
	EOP
}

# A credential helper "test" for the command, which is found in the system's directories only.
with_helper() { # COMMAND...
	mkdir -p "$T/bin"
	cat >"$T/bin/docker-credential-test" <<-'EOS'
		#!/bin/sh
		echo "$@" >>"$HOME/calls"
		env | sed 's/=.*//' | sort >"$HOME/environment"
		[ ! -e "$HOME/locked" ] || { echo "the keychain is locked"; exit 1; }
		case $1 in
		store)
			cat >"$HOME/input"
			url=$(sed 's/.*"ServerURL":"\([^"]*\)".*/\1/' "$HOME/input")
			mv "$HOME/input" "$HOME/kept-$(echo "$url" | tr / _)"
			exit
			;;
		esac
		url=$(cat)
		[ -e "$HOME/kept-$(echo "$url" | tr / _)" ] || { echo "credentials not found in native keychain"; exit 1; }
		case $1 in
		get) cat "$HOME/kept-$(echo "$url" | tr / _)" ;;
		erase) rm "$HOME/kept-$(echo "$url" | tr / _)" ;;
		esac
	EOS
	chmod 755 "$T/bin/docker-credential-test"
	unshare --map-root-user --mount sh -c 'mount --bind "$0" /usr/local/bin && exec "$@"' "$T/bin" "$@"
}

@test "a good password is kept, where others find it" {
	split login "$REGISTRY"
	want 0
	[ "$output" = "Login Succeeded!" ]
	[ -z "$stderr" ]
	[ "$(stat -c %a "$REGISTRY_AUTH_FILE")" = 600 ]
	[ "$(jq -r ".auths[\"$REGISTRY\"].auth" "$REGISTRY_AUTH_FILE" | base64 -d)" = berth:hunter2-secret ]
	run skopeo login --get-login --authfile "$REGISTRY_AUTH_FILE" "$REGISTRY"
	want 0
	has berth
	run skopeo inspect --tls-verify=false --authfile "$REGISTRY_AUTH_FILE" "docker://$REGISTRY/none"
	has "manifest unknown"
}

@test "a bad password is not kept" {
	split berth login -u berth --password-stdin "$REGISTRY" <<<wrong-secret
	want 125
	err_has "hint: check the user and the password"
	[[ $output$stderr != *wrong-secret* ]]
	[ "$(cat "$REGISTRY_AUTH_FILE")" = "{}" ]
	split berth login -u berth -p wrong-secret "$REGISTRY"
	want 125
	[[ $output$stderr != *wrong-secret* ]]
}

@test "what another program wrote is good, and stays" {
	skopeo login --tls-verify=false --authfile "$REGISTRY_AUTH_FILE" -u berth -p hunter2-secret "$REGISTRY"
	split berth login "$REGISTRY" </dev/null
	want 0
	jq '.other = [1] | .auths["a.example"] = {auth: "eDp5"}' "$REGISTRY_AUTH_FILE" >new
	mv new "$REGISTRY_AUTH_FILE"
	login "$REGISTRY/team"
	jq -e '.other == [1] and .auths["a.example"].auth == "eDp5"' "$REGISTRY_AUTH_FILE"
	[ "$(jq '.auths | length' "$REGISTRY_AUTH_FILE")" = 3 ]
}

@test "the file: a directory that is missing, a link, one that is broken" {
	split login --authfile new/dir/auth.json -v "$REGISTRY"
	want 0
	has "Used: new/dir/auth.json"
	ln -s new/dir/auth.json link
	login --authfile link "$REGISTRY/x"
	[ -L link ]
	[ "$(jq '.auths | length' new/dir/auth.json)" = 2 ]
	echo '{"auths": ' >broken
	split login --authfile broken "$REGISTRY"
	want 125
	[ "$(cat broken)" = '{"auths": ' ]
	unset REGISTRY_AUTH_FILE
	mkdir -m 700 "$T/runtime"
	XDG_RUNTIME_DIR=$T/runtime login "$REGISTRY"
	jq -e ".auths[\"$REGISTRY\"].auth" runtime/containers/auth.json
}

@test "logins at the same time lose none" {
	for i in 1 2 3 4 5 6 7 8; do
		login "$REGISTRY/path$i" &
	done
	wait
	[ "$(jq '.auths | length' "$REGISTRY_AUTH_FILE")" = 8 ]
}

@test "a terminal is asked, and does not show the password" {
	need python3
	split on_terminal $'berth\nhunter2-secret' "$BERTH" --root "$ROOT" --runroot "$RUNROOT" login "$REGISTRY"
	want 0
	has "Username: berth"
	has "Password: "
	has "Login Succeeded!"
	lacks hunter2
	[ "$(berth login --get-login "$REGISTRY")" = berth ]
	# An interrupt leaves the terminal as it was: the shell that had it shows what is typed.
	split on_terminal $'x\n\x03' sh -c 'trap : INT; "$@"; echo "status $?"; stty -a' sh \
		"$BERTH" --root "$ROOT" --runroot "$RUNROOT" login --authfile none "$REGISTRY"
	has "status 130"
	has " echo "
}

@test "nothing is asked where there is no terminal" {
	split timeout 10 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" login "$REGISTRY" </dev/null
	want 125
	err_has "there is no terminal to ask for the user and the password"
	err_has "hint: give --username USER and --password-stdin"
	split timeout 10 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" login -u berth "$REGISTRY" < <(sleep 60)
	want 125
	err_has "there is no terminal to ask for the password"
}

@test "--get-login" {
	split berth login --get-login "$REGISTRY"
	want 125
	err_has "not logged in to '$REGISTRY'"
	split berth login --get-login --authfile none "$REGISTRY"
	want 125
	err_has "not logged in to '$REGISTRY'"
	login "$REGISTRY"
	[ "$(berth login --get-login "$REGISTRY")" = berth ]
	[ "$(berth login --get-login "http://$REGISTRY/v2/")" = berth ]
}

@test "options that make no sense" {
	split berth login --password-stdin "$REGISTRY" <<<x
	want 125
	err_has "--password-stdin needs to know the user"
	split berth login -u x -p y --password-stdin "$REGISTRY" <<<x
	want 125
	err_has "exclude each other"
	split berth login -u x --password-stdin "$REGISTRY" </dev/null
	want 125
	err_has "the password is empty"
	split berth login -u x --password-stdin "$REGISTRY" < <(printf 'a\0b')
	want 125
	split berth login -u x:y --password-stdin "$REGISTRY" <<<x
	want 125
	err_has "no colon"
	for name in host ../x 'a b' "$(printf 'a.b\033')"; do
		split berth login -u x --password-stdin "$name" <<<x
		want 125
		err_has "is not a registry"
		[[ $stderr != *$'\e'* ]]
	done
}

@test "--password is pointed at" {
	split berth login -u berth -p hunter2-secret "$REGISTRY"
	want 0
	err_has "--password-stdin does not"
	[[ $stderr != *hunter2* ]]
}

@test "TLS is insisted on where that is asked for" {
	split login --tls-verify "$REGISTRY"
	want 125
	err_has "TLS"
	[ "$(cat "$REGISTRY_AUTH_FILE")" = "{}" ]
}

@test "certificates" {
	registry_start auth tls
	mkdir certs
	cp "$REGISTRY_DIR/tls/authority/ca.crt" certs/
	split login --tls-verify "$REGISTRY"
	want 125
	split login --tls-verify --cert-dir certs "$REGISTRY"
	want 0
	mkdir -p "$HOME/.config/containers/certs.d"
	mv certs "$HOME/.config/containers/certs.d/$REGISTRY"
	split login --tls-verify "$REGISTRY"
	want 0
	split login --tls-verify --cert-dir none "$REGISTRY"
	want 125
}

@test "a registry that is blocked is not spoken to" {
	printf '[[registry]]\nlocation = "%s"\nblocked = true\n' "$REGISTRY" >"$CONTAINERS_REGISTRIES_CONF"
	split login "$REGISTRY"
	want 125
	err_has "is blocked in '$CONTAINERS_REGISTRIES_CONF'"
}

@test "a helper keeps the password, and nothing of it is in the file" {
	echo '{"credsStore": "test"}' >"$REGISTRY_AUTH_FILE"
	SECRET_OF_OURS=x split with_helper "$BERTH" --root "$ROOT" --runroot "$RUNROOT" \
		login -u berth --password-stdin "$REGISTRY" <<<hunter2-secret
	want 0
	[ "$(cat "$HOME/calls")" = store ]
	run ! grep -qx SECRET_OF_OURS "$HOME/environment"
	jq -e ".auths[\"$REGISTRY\"] == {} and .credsStore == \"test\"" "$REGISTRY_AUTH_FILE"
	jq -e '.Username == "berth" and .Secret == "hunter2-secret"' "$HOME/kept-$REGISTRY"
	split with_helper "$BERTH" --root "$ROOT" --runroot "$RUNROOT" login "$REGISTRY" </dev/null
	want 0
	[ "$(tail -n 1 "$HOME/calls")" = get ]
	split with_helper "$BERTH" --root "$ROOT" --runroot "$RUNROOT" logout "$REGISTRY"
	want 0
	[ ! -e "$HOME/kept-$REGISTRY" ]
	split with_helper "$BERTH" --root "$ROOT" --runroot "$RUNROOT" login --get-login "$REGISTRY"
	want 125
	err_has "not logged in"
}

@test "helpers of one host, and of registries.conf" {
	echo "{\"credHelpers\": {\"$REGISTRY\": \"test\"}}" >"$REGISTRY_AUTH_FILE"
	touch "$HOME/locked"
	split with_helper "$BERTH" --root "$ROOT" --runroot "$RUNROOT" login --get-login "$REGISTRY"
	want 125
	err_has "the keychain is locked"
	split with_helper "$BERTH" --root "$ROOT" --runroot "$RUNROOT" login --get-login other.example
	want 125
	err_has "not logged in"
	rm "$HOME/locked"
	# Without the program that a file wants, there is no credential to be had.
	split berth login --get-login "$REGISTRY"
	want 125
	err_has "there is no program 'docker-credential-test'"
	unset REGISTRY_AUTH_FILE
	echo 'credential-helpers = ["test"]' >"$CONTAINERS_REGISTRIES_CONF"
	split with_helper "$BERTH" --root "$ROOT" --runroot "$RUNROOT" \
		login -u berth --password-stdin "$REGISTRY" <<<hunter2-secret
	want 0
	split with_helper "$BERTH" --root "$ROOT" --runroot "$RUNROOT" login --get-login "$REGISTRY"
	want 0
	[ "$output" = berth ]
}
