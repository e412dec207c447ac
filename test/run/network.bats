# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

# pasta works only for ordinary users who may open the tun device.
pasta() {
	only rootless
	need pasta python3 ip
	[ -w /dev/net/tun ] || cannot "open /dev/net/tun"
	ip route | grep -q ^default || cannot "use pasta: this host has no default route"
}

# The first of so many that are free, below those that the kernel gives to clients: one of these is soon somebody else's.
free_port() { # [COUNT]
	python3 -c 'import random, socket, sys
while True:
    first, held = random.randrange(10000, 32000), []
    try:
        for port in range(first, first + int(sys.argv[1])):
            for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
                held.append(socket.socket(type=kind))
                held[-1].bind(("127.0.0.1", port))
    except OSError:
        continue
    print(first)
    break' "${1:-1}"
}

listen() { # PORT: hold it until the test ends
	python3 -c 'import socket, sys, time
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[1]))); s.listen(); print("listening", flush=True); time.sleep(60)' "$1" >"$T/listening" &
	listener=$!
	eventually 10 grep -q listening "$T/listening"
}

teardown() {
	[ -z "${listener:-}" ] || kill "$listener" 2>/dev/null || :
	berth_teardown
}

@test "none has the interface lo, which is up, and nothing else" {
	run berth run --rm --network none host: sh -c 'cat /sys/class/net/*/operstate; ls /sys/class/net; cat /proc/net/route; ping -c1 127.0.0.1 >/dev/null 2>&1 || :; ip -o addr'
	want 0
	has "127.0.0.1/8"
	has "::1/128"
	[ "$(grep -c '^[0-9]*: ' <<<"$output")" = 2 ]
}

@test "as root the default is none" {
	only root
	run berth run --rm host: ls /sys/class/net
	want 0
	[ "$output" = lo ]
}

@test "host is the host's network" {
	run berth run --rm --network host host: readlink /proc/self/ns/net
	want 0
	[ "$output" = "$(readlink /proc/self/ns/net)" ]
}

@test "on the host's network the host's names are known" {
	run berth run --rm --network host --add-host me:host-gateway host: cat /etc/hosts
	want 0
	has "127.0.0.1	me"
	has "host.containers.internal"
	has "$(grep -v '^#' /etc/hosts | grep -m1 localhost)"
}

@test "ns joins a network namespace by its path" {
	only root
	need ip
	ip netns add "berth-test-$$"
	run berth run --rm --network "ns:/run/netns/berth-test-$$" host: stat -Lc %i /proc/self/ns/net
	inode=$(stat -Lc %i "/run/netns/berth-test-$$")
	ip netns del "berth-test-$$"
	want 0
	[ "$output" = "$inode" ]
}

@test "a namespace that is not there is an error that names it" {
	split berth run --rm --network ns:/run/netns/no-such host: true
	want 125
	err_has "/run/netns/no-such"
}

@test "bridges, unknown networks and options that have no place are refused with a way out" {
	for network in bridge mynet container:x slirp4netns '' none:x host:x ns: ns:relative Host; do
		split berth run --rm --network "$network" host: true
		want 125
	done
	split berth run --rm --network bridge host: true
	err_has "needs networks, which this version does not have"
	err_has "--network none or --network host"
}

@test "ports without a network to publish them on are refused" {
	split berth run --rm --network none -p 8080:80 host: true
	want 125
	err_has "--network none"
}

@test "ports that make no sense are refused before anything runs" {
	for port in 0 65536 8080:0 90-80 1-2:1-3 80/icmp a:b 1.2.3.4.5:1:1 '[::1:80' '' : ::; do
		split berth run --rm --network host -p "$port" host: touch "$T/ran"
		want 125
		err_has "--publish"
		[ ! -e "$T/ran" ]
	done
}

@test "as root pasta is refused, and the reason is given" {
	only root
	split berth run --rm --network pasta host: true
	want 125
	err_has "pasta"
	err_has "--network none"
}

@test "resolv.conf says what the options say" {
	run berth run --rm --network none --dns 192.0.2.53 --dns-search example.com --dns-option ndots:3 \
		host: cat /etc/resolv.conf
	want 0
	[ "$output" = "search example.com
nameserver 192.0.2.53
options ndots:3" ]
}

@test "names and addresses cannot smuggle lines into the files" {
	for option in --dns=$'1.2.3.4\nnameserver 6.6.6.6' --dns-search=$'a\nb' --dns-option=$'a\nb' \
		--add-host=$'a:1.2.3.4\n6.6.6.6 b' --add-host=$'a\nb:1.2.3.4' --add-host='a b:1.2.3.4' \
		--dns=x --add-host=a --add-host=a:b; do
		split berth run --rm --network none "$option" host: true
		want 125
	done
}

@test "hosts has the container's names and those that were added" {
	run berth run --rm --network none --hostname box --name web --add-host 'db;cache:10.0.0.5' \
		--add-host six:::1 host: cat /etc/hosts
	want 0
	has "10.0.0.5	db cache"
	has "::1	six"
	has "127.0.0.1	localhost"
	has "box web"
	[ "$(tail -n1 <<<"$output" | cut -f1)" = 127.0.1.1 ]
}

@test "a gateway that this network has not is refused with a way out" {
	split berth run --rm --network none --add-host me:host-gateway host: true
	want 125
	err_has "host-gateway"
	err_has "--network host"
}

@test "pasta is the default of ordinary users, and gives the host's address" {
	pasta
	run berth run --rm host: ip -o -4 addr show scope global
	want 0
	has "$(ip -o route get 192.0.2.1 | sed 's/.* src \([^ ]*\).*/\1/')"
}

@test "with pasta the container's loopback is not the host's" {
	pasta
	port=$(free_port)
	listen "$port"
	connect='import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1)'
	run python3 -c "$connect" 127.0.0.1 "$port"
	want 0
	run berth run --rm host: python3 -c "$connect" 127.0.0.1 "$port"
	want 1
	gateway=$(ip route | sed -n 's/^default via \([^ ]*\).*/\1/p')
	run berth run --rm host: python3 -c "$connect" "$gateway" "$port"
	want 1
}

# A server that answers one request with its argument.
serve='import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("0.0.0.0", int(sys.argv[1]))); s.listen()
c, _ = s.accept(); c.sendall(sys.argv[2].encode()); c.close()'

# The same for everybody who asks: an answer may come too late for the first.
serve_all='import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("0.0.0.0", int(sys.argv[1]))); s.listen()
while True:
    c, _ = s.accept(); c.sendall(sys.argv[2].encode()); c.close()'

fetch() { # PORT [ADDRESS]
	python3 -c 'import socket, sys
s = socket.create_connection((sys.argv[2], int(sys.argv[1])), 2); data = s.recv(100); print(data.decode())
sys.exit(not data)' "$1" "${2:-127.0.0.1}"
}

@test "a published port reaches the container" {
	pasta
	for publish in "" 127.0.0.1: 0.0.0.0:; do
		port=$(free_port)
		"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm -p "$publish$port:80" host: \
			timeout 20 python3 -c "$serve_all" 80 "hello $port" &
		eventually 10 sh -c "$(declare -f fetch); fetch $port >$T/answer 2>/dev/null"
		kill $!
		wait $! || :
		[ "$(cat "$T/answer")" = "hello $port" ]
	done
}

# The same number on both sides: pasta of 2023 loses the answers where it has to translate.
@test "a UDP port is published" {
	pasta
	port=$(free_port)
	berth run --rm -p "127.0.0.1:$port:$port/udp" host: timeout 20 python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("0.0.0.0", int(sys.argv[1])))
data, peer = s.recvfrom(100); s.sendto(b"got " + data, peer)' "$port" &
	ask='import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1); s.connect(("127.0.0.1", int(sys.argv[1])))
s.send(b"it"); open(sys.argv[2], "w").write(s.recv(100).decode())'
	eventually 10 python3 -c "$ask" "$port" "$T/answer" 2>/dev/null
	wait $!
	[ "$(cat "$T/answer")" = "got it" ]
}

@test "a range of ports is published" {
	pasta
	port=$(free_port 3)
	berth run --rm -p "127.0.0.1:$port-$((port + 2)):80-82" host: timeout 20 python3 -c "$serve" 82 "the third" &
	eventually 10 sh -c "$(declare -f fetch); fetch $((port + 2)) >$T/answer 2>/dev/null"
	wait $!
	[ "$(cat "$T/answer")" = "the third" ]
}

@test "a port that is in use is status 125, named, and nothing runs" {
	pasta
	port=$(free_port)
	listen "$port"
	for publish in "$port:80" "127.0.0.1:$port:80"; do
		split berth run --rm -p "$publish" -v "$T:/t" host: touch /t/ran
		want 125
		err_has "$port/tcp"
		err_has "in use"
		[ ! -e "$T/ran" ]
	done
}

@test "of a range the first free port is taken" {
	pasta
	port=$(free_port)
	listen "$port"
	split berth run --rm -p "127.0.0.1:$port-$((port + 5)):80" host: true
	want 0
}

@test "the port that was chosen is told" {
	pasta
	local port chosen
	port=$(free_port)
	listen "$port"
	for publish in 127.0.0.1::80 127.0.0.1:0:80 "127.0.0.1:$port-$((port + 5)):80"; do
		berth run --rm --name web -p "$publish" host: timeout 60 python3 -c "$serve_all" 80 "hello" &
		eventually 10 eval 'berth ps --format "{{.Ports}}" | grep -q .'
		run berth ps --format '{{.Ports}}'
		[[ $output =~ ^127\.0\.0\.1:([1-9][0-9]*)-\>80/tcp$ ]]
		chosen=${BASH_REMATCH[1]}
		[ "$chosen" != "$port" ]
		[ "$(berth inspect -f '{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}' web)" = "$chosen" ]
		[ "$(berth ps --filter "publish=$chosen" --format '{{.Names}}')" = web ]
		[ "$(berth ps -q --filter "publish=$chosen/udp")" = "" ]
		[ "$(berth ps -q --filter "publish=$((chosen + 1))")" = "" ]
		eventually 10 sh -c "$(declare -f fetch); fetch $chosen >$T/answer 2>/dev/null"
		[ "$(cat "$T/answer")" = hello ]
		berth rm -f web
		wait $! || :
	done
}

@test "an address of IPv6 is in brackets" {
	pasta
	[ -e /proc/net/if_inet6 ] || skip "only: where there is IPv6"
	port=$(free_port)
	berth run --rm -p "[::1]:$port:80" host: sleep 2 &
	eventually 10 eval '[ "$(berth ps --format "{{.Ports}}")" = "[::1]:$port->80/tcp" ]'
	wait $!
}

@test "on the host's network ports are not published, and that is said" {
	split berth run --rm --network host -p 8080:80 host: true
	want 0
	err_has "berth: --publish is ignored: with --network host"
	split berth run --rm --network host host: true
	[ -z "$stderr" ]
}

@test "several networks are refused, and the same one twice is one" {
	split berth run --rm --network none --network host host: true
	want 125
	err_has "--network: 'none' was given already"
	split berth run --rm --network none --net none host: true
	want 0
}

@test "ports that only root may bind name the sysctl" {
	pasta
	[ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" -gt 81 ] || cannot "find a port that is forbidden"
	split berth run --rm -p 81:80 host: true
	want 125
	err_has "ip_unprivileged_port_start"
}

@test "sctp ports and pasta's own options are refused" {
	pasta
	split berth run --rm -p 8080:80/sctp host: true
	want 125
	err_has sctp
	for option in --pid,/tmp/x --netns,/x -l,/tmp/x --pcap=/tmp/x --runas,0; do
		split berth run --rm --network "pasta:$option" host: true
		want 125
		err_has "berth's own"
	done
}

@test "an option that pasta refuses ends the run with what pasta says" {
	pasta
	split berth run --rm --network pasta:--no-such-option host: touch "$T/ran"
	want 125
	err_has "pasta failed"
	[ ! -e "$T/ran" ]
}

@test "pasta's options are passed on" {
	pasta
	run berth run --rm --network pasta:-I,tap7,--mtu,1400 host: cat /sys/class/net/tap7/mtu
	want 0
	[ "$output" = 1400 ]
}

pastas() {
	pgrep -u "$(id -u)" -f "^pasta .*--config-net" | sort
}

@test "pasta ends with the container, and with a supervisor that is killed" {
	pasta
	before=$(pastas || :)
	run berth run --rm host: true
	want 0
	[ "$(pastas || :)" = "$before" ]
	"$BERTH" --root "$ROOT" --runroot "$RUNROOT" run --rm -v "$T:/t" host: sh -c 'touch /t/up; exec sleep 60' &
	eventually 10 test -e "$T/up"
	[ "$(pastas || :)" != "$before" ]
	kill -KILL $!
	same() { [ "$(pastas || :)" = "$before" ]; }
	eventually 10 same
}

@test "where pasta is not installed the package is named" {
	only root
	need unshare
	as_user one true
	run unshare --mount sh -c '
		mount --bind /dev/null "$(readlink -f "$(command -v pasta)")" 2>/dev/null ||
			mount -t tmpfs none /nowhere 2>/dev/null
		exec "$@"' sh setpriv --reuid berth-one --regid berth-one --init-groups env HOME="$T/one" \
		"$BERTH" --root "$T/one/root" --runroot "$T/one/run" run --rm host: true
	want 125
	has "pasta, which is not installed"
	has "install the package passt"
	has "--network none or --network host"
}
