/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/names.h"

#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/vec.h"

/* After so many collisions a number makes the name unique. */
#define ATTEMPTS_PLAIN 4
#define WORD_MAX 10 /* the longest, and its end */

/* In their place, and not elsewhere: pointers would be copied into every process. */
static const char adjectives[][WORD_MAX] = {
	"able",    "amber",  "ample",   "azure",  "bold",    "brave",   "breezy",  "bright",
	"brisk",   "broad",  "calm",    "candid", "clear",   "clever",  "coastal", "copper",
	"cosy",    "crisp",  "curious", "deep",   "deft",    "distant", "eager",   "early",
	"earnest", "easy",   "fair",    "fleet",  "fond",    "frank",   "fresh",   "gentle",
	"glad",    "golden", "grand",   "green",  "hardy",   "hasty",   "high",    "honest",
	"humble",  "jolly",  "keen",    "kind",   "late",    "light",   "lively",  "lofty",
	"loyal",   "lucid",  "lucky",   "merry",  "mild",    "misty",   "modest",  "nimble",
	"noble",   "open",   "patient", "placid", "plain",   "prompt",  "proud",   "quick",
	"quiet",   "rapid",  "ready",   "robust", "rosy",    "rugged",  "salty",   "sandy",
	"serene",  "sharp",  "shiny",   "silent", "silver",  "sleek",   "smooth",  "snug",
	"sober",   "solid",  "spry",    "steady", "stern",   "still",   "stout",   "sturdy",
	"subtle",  "sunny",  "swift",   "tender", "thrifty", "tidal",   "tidy",    "tranquil",
	"trim",    "trusty", "upright", "vast",   "vivid",   "warm",    "wary",    "wide",
	"windy",   "wise",   "witty",   "young",
};

/* What floats, what makes it float, and where it rests. */
static const char nouns[][WORD_MAX] = {
	"albatross", "anchor",  "atoll",     "ballast",  "barge",     "barnacle", "bay",
	"beacon",    "bell",    "bowline",   "breeze",   "brig",      "buoy",     "cable",
	"canal",     "canoe",   "capstan",   "captain",  "cargo",     "chart",    "cleat",
	"clipper",   "cod",     "compass",   "coral",    "cormorant", "cove",     "crane",
	"current",   "cutter",  "davit",     "deck",     "delta",     "dinghy",   "dock",
	"dolphin",   "drifter", "eddy",      "estuary",  "fathom",    "fender",   "ferry",
	"fjord",     "flag",    "fleet",     "frigate",  "funnel",    "galley",   "gannet",
	"gull",      "gust",    "halyard",   "harbour",  "hatch",     "hawser",   "heron",
	"herring",   "hull",    "island",    "jetty",    "keel",      "ketch",    "knot",
	"lagoon",    "lantern", "lighter",   "limpet",   "log",       "lookout",  "lugger",
	"mast",      "mooring", "mussel",    "oar",      "otter",     "pelican",  "petrel",
	"pier",      "pilot",   "plank",     "porpoise", "puffin",    "quay",     "raft",
	"reef",      "rigging", "rudder",    "sail",     "salmon",    "schooner", "seal",
	"sextant",   "shoal",   "shore",     "skiff",    "slipway",   "sloop",    "sounder",
	"spar",      "squall",  "starboard", "straits",  "strait",    "tern",     "tide",
	"tiller",    "trawler", "tug",       "turtle",   "wake",      "walrus",   "wave",
	"wharf",     "whale",   "winch",     "yawl",
};

static bool is_name_char(char c, bool first)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return true;
	return !first && (c == '_' || c == '.' || c == '-');
}

int name_check(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if (!is_name_char(name[i], i == 0))
			len = 0;
	if (len == 0)
		return refuse("'%s' is not a name for a container: letters, digits, '_', '.', '-', "
			      "and a letter or digit first",
			      name);
	if (len > MAX_NAME)
		return refuse("the name '%s' is longer than %d characters", name, MAX_NAME);
	return 0;
}

char *name_random(unsigned int attempt)
{
	uint16_t random[3] = { 0 };

	/* Weak randomness would only mean one more attempt. */
	if (getrandom(random, sizeof(random), GRND_NONBLOCK) < 0)
		random[0] = (uint16_t)attempt;
	if (attempt < ATTEMPTS_PLAIN)
		return xasprintf("%s_%s", adjectives[random[0] % ARRAY_SIZE(adjectives)],
				 nouns[random[1] % ARRAY_SIZE(nouns)]);
	return xasprintf("%s_%s%u", adjectives[random[0] % ARRAY_SIZE(adjectives)],
			 nouns[random[1] % ARRAY_SIZE(nouns)], (unsigned int)random[2]);
}
