# SPDX-License-Identifier: LGPL-2.1-or-later
# The documents of test/data/bundle (each about one property of a bundle's config.json) by the specification's JSON
# schema, next to crun, and changed at random. test/oci/corpus is the program.
load ../helper/berth

setup() {
	only root
	berth_setup
	corpus=$helper/../oci/corpus
	data=$helper/../data/bundle
	export PEER_STORE=$T/peer
	mkdir "$T/top"
}

# In namespaces of their own, where a document that speaks of the host's network or name does no harm.
apart() {
	"$helper/peer" unshare --net --uts "$@"
}

@test "every valid document is one by the schema of the specification" {
	"$corpus" schema "$data"
}

@test "crun and berth take the same documents, and a process sees the same in both" {
	need crun
	apart "$corpus" run "$data" "$T/top" "$BERTH"
	# The comparison can fail.
	mkdir "$T/other" "$T/data"
	cp "$data/minimal.in" "$T/data/minimal.in"
	echo "differs: it does not" >"$T/data/minimal.why"
	run apart "$corpus" run "$T/data" "$T/other" "$BERTH"
	want 1
	has "does not differ"
}

@test "200 changes at random: an error or a container, and nothing that stays" {
	apart "$corpus" mutate "$data" "$T/top" "$BERTH" 200
}
