# SPDX-License-Identifier: LGPL-2.1-or-later
load ../helper/berth

# A registry that has a search, at $HUB, and one that has a catalog only, at $PLAIN. Both write what they are asked,
# with the credential, to $T/asked.
setup() {
	need python3
	berth_setup
	export HOME=$T/home CONTAINERS_REGISTRIES_CONF=$T/registries.conf REGISTRY_AUTH_FILE=$T/auth.json
	unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
	mkdir "$HOME"
	echo '{}' >"$REGISTRY_AUTH_FILE"
	cat >"$T/server" <<'END'
import http.server, json, os, sys, threading, urllib.parse

results = [
    {"name": "debian", "description": "The \u001b[31mred\u202e one,\nin two lines, which nobody will ever read to its end",
     "star_count": 5000, "is_official": True, "is_automated": False},
    {"name": "some/debian", "description": "\u00e4" * 60, "star_count": 7, "is_official": False, "is_automated": True},
    {"name": "other/debian", "description": None, "star_count": 0, "is_official": False, "is_automated": False},
]

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def reply(self, status, text, *headers):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for header in headers:
            self.send_header(*header.split(": ", 1))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        with open(sys.argv[1] + "/asked", "a") as out:
            out.write("%s %s\n" % (self.path, self.headers.get("Authorization", "-")))
        path, _, query = self.path.partition("?")
        term = urllib.parse.parse_qs(query).get("q", [""])[0]
        if path == "/v1/search" and self.server.hub:
            if term == "secret" and not self.headers.get("Authorization"):
                return self.reply(401, "{}", 'WWW-Authenticate: Basic realm="x"')
            if term == "twice":
                return self.reply(200, '{"results":[],"results":[]}')
            if term == "text":
                return self.reply(200, "no JSON")
            if term == "down":
                return self.reply(503, "")
            return self.reply(200, json.dumps({"results": [r for r in results if term in r["name"]]}))
        if path == "/v2/_catalog" and not self.server.hub:
            return self.reply(200, '{"repositories":["team/app","team/base","x"]}')
        if path == "/v2/team/app/tags/list":
            return self.reply(200, '{"name":"team/app","tags":["v1","v2","latest"]}')
        self.reply(404, "404 page not found")

    def log_message(self, *args):
        pass

ports = []
for hub in True, False:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.hub = hub
    ports.append("127.0.0.1:%d" % server.server_port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
with open(sys.argv[1] + "/ports.new", "w") as out:
    out.write("HUB=%s PLAIN=%s\n" % tuple(ports))
os.rename(sys.argv[1] + "/ports.new", sys.argv[1] + "/ports")
threading.Event().wait()
END
	python3 "$T/server" "$T" >/dev/null 2>&1 3>&- &
	SERVER=$!
	eventually 20 test -e "$T/ports"
	. "$T/ports"
	printf 'unqualified-search-registries = ["%s"]\n' "$HUB" >"$CONTAINERS_REGISTRIES_CONF"
}

teardown() {
	kill "$SERVER"
	wait "$SERVER" 2>/dev/null || :
	berth_teardown
}

@test "a registry that has a search" {
	split berth search debian
	want 0
	[ -z "$stderr" ]
	[[ ${output%%$'\n'*} =~ ^NAME\ +DESCRIPTION\ +STARS\ +OFFICIAL$ ]]
	has "$HUB/debian"
	has "$HUB/some/debian"
	[ "$(wc -l <<<"$output")" = 4 ]
	grep -q '^/v1/search?q=debian&n=25 -$' "$T/asked"
}

@test "descriptions are harmless, in one line, and cut" {
	split berth search debian
	[[ $output != *$'\e'* ]]
	has 'The \x1b[31mred'
	has ' one, in two lines'
	lacks 'to its end'
	has "$(printf 'ä%.0s' {1..44})…"
	lacks "$(printf 'ä%.0s' {1..45})"
	split berth search --no-trunc debian
	has 'to its end'
	has "$(printf 'ä%.0s' {1..60})"
	split berth search --format json --no-trunc debian
	[ "$(jq -r '.[2].Description' <<<"$output")" = "" ]
}

@test "one registry, by its name" {
	split berth search "$PLAIN/team"
	want 0
	has "$PLAIN/team/app"
	has "$PLAIN/team/base"
	lacks "$PLAIN/x"
	! grep -q q=debian "$T/asked"
	berth search "$PLAIN/team" >with
	berth search "docker://$PLAIN/team" | diff with -
	split berth search "$PLAIN/nothing"
	want 0
	[ "$(wc -l <<<"$output")" = 1 ]
}

@test "filters" {
	split berth search -f stars=7 --format '{{.Name}}' debian
	[ "$output" = "$HUB/debian"$'\n'"$HUB/some/debian" ]
	split berth search -f is-official=true --format '{{.Name}} {{.Official}} {{.StarCount}}' debian
	[ "$output" = "$HUB/debian [OK] 5000" ]
	split berth search -f is-official=false -f is-automated=1 --format '{{.Name}} {{.IsAutomated}}' debian
	[ "$output" = "$HUB/some/debian true" ]
	for bad in stars=x stars=-1 stars is-official=maybe color=red; do
		split berth search -f "$bad" debian
		want 125
		err_has "--filter $bad"
	done
}

@test "formats and limits" {
	split berth search --limit 2 --format jsonl debian
	[ "$(wc -l <<<"$output")" = 2 ]
	[ "$(head -n 1 <<<"$output" | jq -r .Name)" = "$HUB/debian" ]
	grep -q 'n=2 ' "$T/asked"
	split berth search --limit 1 --format '{{.Name}}' "$PLAIN/team"
	[ "$output" = "$PLAIN/team/app" ]
	for bad in 0 101 -1 x; do
		split berth search --limit "$bad" debian
		want 125
	done
	split berth search ''
	want 125
	split berth search --format '{{.Nothing}}' debian
	want 125
}

@test "the tags of a repository" {
	split berth search --list-tags "$PLAIN/team/app"
	want 0
	[[ $output =~ ^NAME\ +TAG ]]
	[ "$(wc -l <<<"$output")" = 4 ]
	split berth search --list-tags --limit 2 --format '{{.Name}}:{{.Tag}}' "docker://$PLAIN/team/app"
	[ "$output" = "$PLAIN/team/app:v1"$'\n'"$PLAIN/team/app:v2" ]
	split berth search --list-tags "$PLAIN/team/nothing"
	want 125
	err_has "http://$PLAIN/v2/team/nothing/tags/list: not found (404)"
	split berth search --list-tags "$PLAIN/team/app:v1"
	want 125
}

@test "credentials where they are asked for" {
	split berth search secret
	want 125
	err_has "who asks (401)"
	err_has "berth login $HUB"
	split berth search --creds me:hunter2 secret
	want 0
	grep -q 'q=secret&n=25 Basic bWU6aHVudGVyMg==$' "$T/asked"
	printf '{"auths":{"%s":{"auth":"bWU6aHVudGVyMg=="}}}' "$HUB" >"$T/other.json"
	split berth search --authfile "$T/other.json" secret
	want 0
}

@test "answers that are none" {
	for term in twice text; do
		split berth search "$term"
		want 125
		err_has "$HUB"
	done
	split berth search --retry 1 --retry-delay 1ms down
	want 125
	err_has "is not available (503)"
	[ "$(grep -c q=down "$T/asked")" = 2 ]
}

@test "several registries: one that fails does not hide the others" {
	printf 'unqualified-search-registries = ["127.0.0.1:1", "%s"]\n' "$HUB" >"$CONTAINERS_REGISTRIES_CONF"
	split berth search --format '{{.Index}}' debian
	want 0
	[ "$(sort -u <<<"$output")" = "$HUB" ]
	err_has "127.0.0.1:1"
	split berth search 127.0.0.1:1/debian
	want 125
}

@test "plain HTTP is no TLS" {
	split berth search --tls-verify debian
	want 125
	err_has "TLS failed"
	err_has "--tls-verify=false"
	[ ! -e "$T/asked" ]
	split berth search --tls-verify=false debian
	want 0
}
