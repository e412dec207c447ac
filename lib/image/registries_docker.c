/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/registries_file.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/json.h"
#include "base/units.h"

bool address_range_parse(const char *text, struct address_range *ret_range)
{
	const char *slash = strchr(text, '/');
	struct address_range range = { .family = AF_INET };
	autofree char *address = NULL;
	uint64_t bits;

	if (slash == NULL)
		return false;
	address = xstrndup(text, (size_t)(slash - text));
	if (strchr(address, ':') != NULL)
		range.family = AF_INET6;
	if (slash[1] == '\0' || strspn(slash + 1, "0123456789") != strlen(slash + 1) ||
	    strlen(slash + 1) > 3)
		return false;
	if (inet_pton(range.family, address, range.bytes) != 1 ||
	    units_parse_u64(slash + 1, range.family == AF_INET ? 32 : 128, &bits) < 0)
		return false;
	range.bits = (unsigned int)bits;
	*ret_range = range;
	return true;
}

bool address_range_has(const struct address_range *range, const char *text)
{
	unsigned char bytes[16] = { 0 };

	if (inet_pton(range->family, text, bytes) != 1)
		return false;
	for (unsigned int i = 0; i < range->bits; i++)
		if (((bytes[i / 8] ^ range->bytes[i / 8]) & (0x80 >> i % 8)) != 0)
			return false;
	return true;
}

/* The host of "https://HOST[:PORT]/", which is all that docker takes as well. */
static int read_mirror(struct registries *registries, const char *url)
{
	bool plain = strncmp(url, "http://", 7) == 0;
	struct registry_mirror *mirror;
	const char *host = url;
	AUTO(ref) ref = { 0 };
	autofree char *probe = NULL;
	size_t len;

	if (plain || strncmp(url, "https://", 8) == 0)
		host = strstr(url, "://") + 3;
	len = strcspn(host, "/");
	probe = xasprintf("%.*s/x", (int)len, host);
	if (host == url || host[len + (host[len] == '/')] != '\0' || ref_parse(probe, &ref) < 0 ||
	    !ref.host_given)
		return refuse("the mirror '%s' is not http://HOST[:PORT] or https://HOST[:PORT]",
			      url);
	mirror = VEC_PUSH(&registries->hub.mirrors);
	mirror->location = xstrdup(ref.host);
	mirror->insecure = plain;
	return 0;
}

static int read_root(struct registries *registries, const cJSON *root)
{
	AUTO(strvec) mirrors = STRVEC_INIT, insecure = STRVEC_INIT;

	if (!cJSON_IsObject(root))
		return refuse("it is not an object");
	TRY(json_get_strings(root, "registry-mirrors", &mirrors));
	for (size_t i = 0; i < mirrors.n; i++)
		TRY(read_mirror(registries, mirrors.v[i]));
	TRY(json_get_strings(root, "insecure-registries", &insecure));
	for (size_t i = 0; i < insecure.n; i++) {
		const char *scheme = strstr(insecure.v[i], "://");
		struct address_range range;

		if (address_range_parse(insecure.v[i], &range))
			*VEC_PUSH(&registries->ranges) = range;
		else
			strvec_push(&registries->insecure,
				    scheme != NULL ? scheme + 3 : insecure.v[i]);
	}
	return 0;
}

int registries_add_docker(struct registries *registries, const struct buf *text, const char *file)
{
	autojson cJSON *root = NULL;
	int rc;

	TRY(json_parse(text->data, text->len, file, &root));
	rc = read_root(registries, root);
	return rc < 0 ? fail_in(rc, "'%s'", file) : 0;
}
