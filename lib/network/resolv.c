/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "network/resolv.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bounds.h"
#include "base/err.h"
#include "base/fs.h"
#include "network/driver.h"

#define MAX_NAME_LEN 253 /* of a host; RFC 1035 */
#define MAX_SEARCHES 32
#define UPSTREAM "/run/systemd/resolve/resolv.conf" /* of systemd-resolved: the real servers */
#define STUB "127.0.0.53"

static bool is_own(const struct network *network)
{
	return network->kind != NETWORK_HOST;
}

/* An address, with an interface ("fe80::1%eth0") where that is allowed. */
static bool is_address(const char *text, bool scoped)
{
	autofree char *bare = xstrndup(text, strcspn(text, "%"));
	struct in6_addr address;

	if (strchr(text, '%') != NULL && (!scoped || strchr(text, ':') == NULL))
		return false;
	if (strpbrk(text, " \t\r\n") != NULL)
		return false;
	return inet_pton(AF_INET, bare, &address) == 1 || inet_pton(AF_INET6, bare, &address) == 1;
}

static bool is_loopback(const char *text)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET, text, &v4) == 1)
		return (ntohl(v4.s_addr) >> 24) == 127;
	return inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* A name that takes no more than its place in a line. */
static bool is_name(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > MAX_NAME_LEN || text[0] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && strchr("._-", text[i]) == NULL)
			return false;
	return true;
}

/* An option of resolv.conf: "ndots:5", "edns0". */
static bool is_option(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > MAX_NAME_LEN)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && strchr(":-_.", text[i]) == NULL)
			return false;
	return true;
}

/* ---- --add-host ---- */

/* The two halves of "name;name:ip" or "name=ip". */
static int split_host(const char *text, struct strvec *names, const char **ret_ip)
{
	const char *cut = strchr(text, '=');
	autofree char *left = NULL;

	if (cut == NULL)
		cut = strchr(text, ':');
	if (cut == NULL)
		return refuse("--add-host '%s' is not NAME:ADDRESS", text);
	left = xstrndup(text, (size_t)(cut - text));
	strvec_split(names, left, ';');
	*ret_ip = cut + 1;
	return 0;
}

/* "[::1]" without its brackets. */
static char *bare_address(const char *text)
{
	size_t len = strlen(text);

	if (len >= 2 && text[0] == '[' && text[len - 1] == ']')
		return xstrndup(text + 1, len - 2);
	return xstrdup(text);
}

int resolv_add_host(struct resolv *resolv, const char *text)
{
	AUTO(strvec) names = STRVEC_INIT;
	autofree char *ip = NULL;
	const char *given;

	TRY(split_host(text, &names, &given));
	for (size_t i = 0; i < names.n; i++)
		if (!is_name(names.v[i]))
			return refuse("--add-host '%s': '%s' is not the name of a host", text,
				      names.v[i]);
	ip = bare_address(given);
	if (strcmp(ip, "host-gateway") != 0 && !is_address(ip, false))
		return refuse("--add-host '%s': '%s' is no address", text, given);
	strvec_push(&resolv->hosts, text);
	return 0;
}

int resolv_check(const struct resolv *resolv)
{
	for (size_t i = 0; i < resolv->servers.n; i++) {
		const char *server = resolv->servers.v[i];

		if (strcmp(server, "none") == 0 && resolv->servers.n == 1)
			continue;
		if (!is_address(server, true))
			return refuse("--dns '%s' is no address", server);
	}
	for (size_t i = 0; i < resolv->searches.n; i++)
		if (strcmp(resolv->searches.v[i], ".") != 0 && !is_name(resolv->searches.v[i]))
			return refuse("--dns-search '%s' is not the name of a domain",
				      resolv->searches.v[i]);
	for (size_t i = 0; i < resolv->options.n; i++)
		if (!is_option(resolv->options.v[i]))
			return refuse("--dns-option '%s' is not an option of resolv.conf",
				      resolv->options.v[i]);
	return 0;
}

void resolv_release(struct resolv *resolv)
{
	strvec_release(&resolv->servers);
	strvec_release(&resolv->searches);
	strvec_release(&resolv->options);
	strvec_release(&resolv->hosts);
}

/* ---- resolv.conf ---- */

/* The words of a line. */
static void split_words(const char *line, struct strvec *words)
{
	for (;;) {
		size_t len;

		line += strspn(line, " \t\r");
		len = strcspn(line, " \t\r");
		if (len == 0)
			return;
		strvec_push_owned(words, xstrndup(line, len));
		line += len;
	}
}

/* What the file of the host says and the options do not replace. */
static void merge_line(const struct resolv *given, const struct network *network, const char *line,
		       struct resolv *merged)
{
	AUTO(strvec) words = STRVEC_INIT;

	split_words(line, &words);
	if (words.n < 2)
		return;
	if (strcmp(words.v[0], "nameserver") == 0 && given->servers.n == 0) {
		/* The interface of a scoped one is the host's. */
		if (is_address(words.v[1], !is_own(network)) &&
		    !(is_own(network) && is_loopback(words.v[1])))
			strvec_push(&merged->servers, words.v[1]);
	} else if ((strcmp(words.v[0], "search") == 0 || strcmp(words.v[0], "domain") == 0) &&
		   given->searches.n == 0) {
		/* The last line counts: resolv.conf(5). */
		strvec_set(&merged->searches, NULL);
		for (size_t i = 1; i < words.n && merged->searches.n < MAX_SEARCHES; i++)
			if (is_name(words.v[i]) || strcmp(words.v[i], ".") == 0)
				strvec_push(&merged->searches, words.v[i]);
	} else if (strcmp(words.v[0], "options") == 0 && given->options.n == 0) {
		for (size_t i = 1; i < words.n; i++)
			if (is_option(words.v[i]))
				strvec_push(&merged->options, words.v[i]);
	}
}

static void print_words(struct buf *out, const char *keyword, const struct strvec *words)
{
	if (words->n == 0)
		return;
	buf_add_str(out, keyword);
	for (size_t i = 0; i < words->n; i++)
		buf_addf(out, " %s", words->v[i]);
	buf_add_char(out, '\n');
}

void resolv_merge(const struct resolv *resolv, const struct network *network, const char *text,
		  struct buf *out)
{
	AUTO(resolv) merged = { 0 };
	AUTO(strvec) lines = STRVEC_INIT;

	strvec_push_all(&merged.servers, &resolv->servers);
	strvec_push_all(&merged.options, &resolv->options);
	/* docker's way to say "none of the host's". */
	if (!(resolv->searches.n == 1 && strcmp(resolv->searches.v[0], ".") == 0))
		strvec_push_all(&merged.searches, &resolv->searches);
	strvec_split(&lines, text, '\n');
	for (size_t i = 0; i < lines.n; i++)
		merge_line(resolv, network, lines.v[i], &merged);
	/* A resolver that only the host itself reaches; pasta asks it for us. */
	if (merged.servers.n == 0 && network->kind == NETWORK_PASTA) {
		const char *forward = pasta_option(network, "--dns-forward", NULL);

		if (forward == NULL || is_address(forward, false))
			strvec_push(&merged.servers, forward != NULL ? forward : PASTA_DNS);
	}
	print_words(out, "search", &merged.searches);
	for (size_t i = 0; i < merged.servers.n; i++)
		buf_addf(out, "nameserver %s\n", merged.servers.v[i]);
	print_words(out, "options", &merged.options);
}

/* Is systemd-resolved's stub the only server? */
static bool has_only_stub(const char *text)
{
	const char *at = text;
	bool stub = false;

	while ((at = strstr(at, "nameserver")) != NULL) {
		at += strlen("nameserver");
		at += strspn(at, " \t");
		if (strncmp(at, STUB, strlen(STUB)) != 0)
			return false;
		stub = true;
	}
	return stub;
}

int resolv_write_conf(const struct resolv *resolv, const struct network *network, struct buf *out)
{
	AUTO(buf) text = BUF_INIT, upstream = BUF_INIT;

	if (resolv->servers.n == 1 && strcmp(resolv->servers.v[0], "none") == 0)
		return 0;
	TRY(resolv_check(resolv));
	/* A host without the file has no name service; neither has the container then. */
	if (fs_read_file(AT_FDCWD, "/etc/resolv.conf", MAX_PASSWD_LINE, &text) < 0)
		err_clear();
	if (is_own(network) && has_only_stub(text.data)) {
		if (fs_read_file(AT_FDCWD, UPSTREAM, MAX_PASSWD_LINE, &upstream) < 0)
			err_clear();
		else
			resolv_merge(resolv, network, upstream.data, out);
	}
	if (upstream.len == 0)
		resolv_merge(resolv, network, text.data, out);
	return 0;
}

/* ---- hosts ---- */

/* The host's address towards the world, which pasta gives to the container: nothing is sent. */
static bool find_own_address(const struct network *network, char *text, size_t size)
{
	const char *given = pasta_option(network, "--address", "-a");
	autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(53) };
	socklen_t len = sizeof(address);

	if (given != NULL && is_address(given, false) && strlen(given) < size) {
		memcpy(text, given, strlen(given) + 1);
		return true;
	}
	inet_pton(AF_INET, "192.0.2.1", &address.sin_addr); /* RFC 5737: nobody's */
	return fd >= 0 && connect(fd, (struct sockaddr *)&address, len) == 0 &&
	       getsockname(fd, (struct sockaddr *)&address, &len) == 0 &&
	       inet_ntop(AF_INET, &address.sin_addr, text, (socklen_t)size) != NULL;
}

/* Where the host itself is found from inside, or NULL. */
static const char *find_gateway(const struct network *network)
{
	const char *mapped;

	if (network->kind == NETWORK_HOST)
		return "127.0.0.1";
	if (network->kind != NETWORK_PASTA)
		return NULL;
	mapped = pasta_option(network, "--map-guest-addr", NULL);
	if (mapped == NULL)
		mapped = pasta_option(network, "--map-host-loopback", NULL);
	return mapped != NULL && is_address(mapped, false) ? mapped : NULL;
}

static int print_added(const struct resolv *resolv, const char *gateway, struct buf *out)
{
	for (size_t i = 0; i < resolv->hosts.n; i++) {
		AUTO(strvec) names = STRVEC_INIT;
		autofree char *ip = NULL;
		const char *given;

		TRY(split_host(resolv->hosts.v[i], &names, &given));
		ip = bare_address(given);
		if (strcmp(ip, "host-gateway") == 0 && gateway == NULL) {
			refuse("--add-host '%s': the host has no address on this network",
			       resolv->hosts.v[i]);
			hint("use --network host, or with a recent pasta: --network "
			     "pasta:--map-guest-addr,169.254.1.2");
			return -EINVAL;
		}
		buf_add_str(out, strcmp(ip, "host-gateway") == 0 ? gateway : ip);
		for (size_t k = 0; k < names.n; k++)
			buf_addf(out, "%c%s", k == 0 ? '\t' : ' ', names.v[k]);
		buf_add_char(out, '\n');
	}
	return 0;
}

static void print_own(const struct network *network, const char *hostname, const char *name,
		      struct buf *out)
{
	char address[INET6_ADDRSTRLEN] = "";
	bool has_host = hostname != NULL && is_name(hostname);
	bool has_name = name != NULL && is_name(name) && !(has_host && strcmp(hostname, name) == 0);

	if (!has_host && !has_name)
		return;
	if (network->kind != NETWORK_PASTA || !find_own_address(network, address, sizeof(address)))
		address[0] = '\0';
	/* Where there is no address but lo's: Debian's habit, so that the name can be looked up. */
	buf_addf(out, "%s\t%s%s%s\n", address[0] != '\0' ? address : "127.0.1.1",
		 has_host ? hostname : "", has_host && has_name ? " " : "", has_name ? name : "");
}

int resolv_write_hosts(const struct resolv *resolv, const struct network *network,
		       const char *hostname, const char *name, struct buf *out)
{
	const char *gateway = find_gateway(network);

	/* What was asked for comes first: the first line that fits counts. */
	TRY(print_added(resolv, gateway, out));
	if (network->kind == NETWORK_HOST) {
		if (fs_read_file(AT_FDCWD, "/etc/hosts", MAX_PASSWD, out) < 0)
			err_clear();
		if (out->len > 0 && out->data[out->len - 1] != '\n')
			buf_add_char(out, '\n');
	}
	if (network->kind != NETWORK_HOST || out->len == 0)
		buf_add_str(out, "127.0.0.1\tlocalhost\n"
				 "::1\tlocalhost ip6-localhost ip6-loopback\n"
				 "fe00::\tip6-localnet\n"
				 "ff00::\tip6-mcastprefix\n"
				 "ff02::1\tip6-allnodes\n"
				 "ff02::2\tip6-allrouters\n");
	print_own(network, hostname, name, out);
	if (gateway != NULL)
		buf_addf(out, "%s\thost.containers.internal host.docker.internal\n", gateway);
	return 0;
}
