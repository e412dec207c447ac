# SPDX-License-Identifier: LGPL-2.1-or-later
# Names, states and values that cannot be: a table of every verb on containers. Each row is an exit status, what the message
# says, and the words; nothing of any container changes.
load ../helper/berth
load ../helper/background

# Containers "made", "ended", "runs", and where there are cgroups "held", paused.
prepare() {
	berth create --network none --name made busybox true >/dev/null
	berth run --network none --name ended busybox sh -c 'exit 3' || :
	berth run -d --network none --name runs busybox sleep 1000 >/dev/null 3>&-
	berth run -d --network none --name held busybox sleep 1000 >/dev/null 3>&-
	held=held
	berth pause held >/dev/null 2>&1 || held=
	before=$(state_of_all)
}

state_of_all() {
	berth ps -a --format '{{.Names}} {{.State}} {{.Pid}}' | sort
	berth images -q | sort
	ls "$ROOT/containers" "$RUNROOT/containers" 2>/dev/null | wc -l
}

# Reads lines "STATUS|TEXT|WORDS".
table() {
	local wanted text words bad=0
	while IFS='|' read -r wanted text words; do
		[ -n "$wanted" ] || continue
		split timeout -k 1 30 "$BERTH" --root "$ROOT" --runroot "$RUNROOT" $words </dev/null 3>&-
		if [ "$status" != "$wanted" ] || [[ $stderr != *"$text"* ]] || [[ $stderr != berth:* ]] || [ "$(wc -l <<<"$stderr")" -gt 2 ]; then
			echo "berth $words: $status, wanted $wanted and '$text'"
			echo "$stderr"
			bad=1
		fi
	done
	[ $bad = 0 ] || return
	diff <(echo "$before") <(state_of_all)
}

@test "names that there are not" {
	prepare
	local verb words
	for verb in 'stop' 'kill' 'start' 'restart' 'exec NAME true' 'top' 'port' 'logs' 'attach' 'wait' 'pause' 'unpause' 'rename NAME x' \
		'diff' 'export' 'commit NAME x' 'cp NAME:/a .' 'stats --no-stream' 'container cleanup' 'container inspect'; do
		words=${verb/NAME/nosuch}
		[ "$words" != "$verb" ] || words="$verb nosuch"
		case $verb in
		*inspect) echo "1|there is no container|$words" ;;
		*) echo "125|there is no container 'nosuch'|$words" ;;
		esac
	done >rows
	cat >>rows <<-'END'
		1|there is no container 'nosuch'|rm nosuch
		1|there is no container, no image and no volume|inspect nosuch
		1|there is no container '../x'|rm ../x
		125|there is no container '../x'|stop ../x
		125|there is no container '*'|kill *
	END
	set -f
	table <rows
}

@test "states in which it cannot be" {
	prepare
	local name why
	for name in made ended; do
		why="it was not started"
		[ $name = made ] || why="it ended with status 3"
		for verb in kill top attach pause unpause; do
			echo "125|'$name' is not running: $why|$verb $name"
		done
		echo "125|'$name' is not running: $why|exec $name true"
	done >rows
	cat >>rows <<-'END'
		2|'berth rm -f runs' kills it first|rm runs
		125|is running|container cleanup runs
		125|has no log: it ran in the foreground|logs ended
		125|is called 'runs' already|rename runs runs
		125|the name 'ended' is taken by the container|rename runs ended
		125|the name 'runs' is taken by the container|create --name runs busybox
		125|give --replace|run --network none --name made busybox true
	END
	table <rows
	[ -n "$held" ] || return 0
	table <<-'END'
		125|'held' is paused already|pause held
		125|'berth unpause held' lets it go on|exec held true
		125|'berth unpause held' lets it go on|start held
		2|'berth rm -f held' kills it first|rm held
		125|'runs' is not paused|unpause runs
	END
}

@test "values that cannot be" {
	prepare
	cat >rows <<-'END'
		125|'x' is not a number|stop -t x runs
		125|-1 to 86400 is possible|stop -t -2 runs
		125|'NOSIG' is not a signal: SIGTERM, TERM, 15, RTMIN+3 are|stop -s NOSIG runs
		125|1 to 64 are|kill -s 0 runs
		125|1 to 64 are|kill -s 65 runs
		125|'RTMAX+1' is not a signal|kill -s RTMAX+1 runs
		125|'-5' is out of range|logs --tail -5 runs
		125|'x' is not a number|logs --tail x runs
		125|'never' is not a time|logs --since never runs
		125|'flying' is not stopped, exited, running, removed, healthy or unhealthy|wait --condition flying runs
		125|'x' is not a duration|wait --interval x runs
		125|'x' is not a number|restart -t x runs
		125|unknown option '-x'|rename runs -x
		125|'a/b' is not a name for a container|rename runs a/b
		125|no user 'nosuch'|exec -u nosuch runs true
		125|the highest is 4294967294|exec -u 4294967296 runs true
		125|'nosuch' is not an absolute path|exec -w nosuch runs true
		125|'=x' is not a variable|exec -e =x runs true
		125|there is no command|exec runs
		125|there is no column 'nosuch'|top runs -o nosuch
		125|at most 65535|port runs 99999
		125|'icmp' is not a protocol: tcp, udp or sctp|port runs 80/icmp
		125|there is no field 'No'|stats --format {{.No}} runs
		125|keys are id, name|ps --filter nosuch=x
		125|'flying' is not a status|ps --filter status=flying
		125|there is no field 'No'|ps --format {{.No}}
		125|'x' is not a number|ps -n x
		125|there is no field 'No'|inspect -f {{.No}} runs
		125|there is no 'ctrl-7'|attach --detach-keys ctrl-7 runs
		125|cannot open '/nosuch' in the container|cp runs:/nosuch got
		125|not between containers|cp runs:/etc made:/x
		125|CONTAINER:PATH|cp a b
		125|has capital letters|commit runs UPPER
		125|there are CMD, ENTRYPOINT|commit -c NOSUCH runs x
		125|cannot open|export -o /no/such/x runs
		125|no, on-failure[:MAX], always or unless-stopped|create --restart flying busybox
		125|'x' is not a number|create --stop-timeout x busybox
		125|'NOSIG' is not a signal|create --stop-signal NOSIG busybox
		125|--log-driver 'nosuch'|run -d --network none --log-driver nosuch busybox
		125|'x' is not a number|run --pids-limit x busybox
		125|'*' is not a name for a container|create --name * busybox
	END
	set -f
	table <rows
	[ ! -e got ]
}

@test "too few words, and too many" {
	prepare
	local verb
	for verb in rm stop kill wait pause unpause port top; do
		echo "125|name a container|$verb"
	done >rows
	for verb in exec start restart attach commit cp diff export logs rename; do
		echo "125|usage: berth $verb|$verb"
	done >>rows
	cat >>rows <<-'END'
		125|at most 1|diff runs made
		125|at most 1|attach runs made
		125|at most 2|rename runs a b
		125|exclude each other|rm -a runs
	END
	table <rows
}
