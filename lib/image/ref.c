/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/ref.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/vec.h"

#define REPOSITORY_MAX 255
#define TAG_MAX 128
#define DEFAULT_HOST "docker.io"
#define DEFAULT_HOST_OLD "index.docker.io"
#define DEFAULT_PREFIX "library/"

static bool is_lower(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_alnum(char c)
{
	return is_lower(c) || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Length of a separator inside a path component: one dot, one or two underscores, any number of
 * hyphens. */
static size_t separator_len(const char *text)
{
	if (text[0] == '.')
		return 1;
	if (text[0] == '_')
		return text[1] == '_' ? 2 : 1;
	return strspn(text, "-");
}

static bool component_is_valid(const char *text)
{
	if (!is_lower(*text))
		return false;
	for (;;) {
		while (is_lower(*text))
			text++;
		if (*text == '\0')
			return true;
		size_t len = separator_len(text);
		if (len == 0 || !is_lower(text[len]))
			return false;
		text += len;
	}
}

static int check_path(const char *path, const char *text)
{
	AUTO(strvec) parts = STRVEC_INIT;

	strvec_split(&parts, path, '/');
	for (size_t i = 0; i < parts.n; i++) {
		if (parts.v[i][0] == '\0')
			return refuse("'%s' is not an image name: a part of it is empty", text);
		if (component_is_valid(parts.v[i]))
			continue;
		for (const char *c = parts.v[i]; *c != '\0'; c++)
			if (*c >= 'A' && *c <= 'Z')
				return refuse("'%s' is not an image name: '%s' has capital letters",
					      text, parts.v[i]);
		return refuse(
			"'%s' is not an image name: '%s' is not made of lower-case letters and "
			"digits joined by '.', '_', '__' or '-'",
			text, parts.v[i]);
	}
	return 0;
}

static bool host_label_is_valid(const char *label, size_t len)
{
	if (len == 0 || !is_alnum(label[0]) || !is_alnum(label[len - 1]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_alnum(label[i]) && label[i] != '-')
			return false;
	return true;
}

/* Length of "[::1]", 0 where text does not start with one. */
static size_t ipv6_len(const char *text)
{
	size_t len = 1;

	if (text[0] != '[')
		return 0;
	while (is_hex(text[len]) || text[len] == ':')
		len++;
	return text[len] == ']' && len > 1 ? len + 1 : 0;
}

static bool host_is_valid(const char *host)
{
	size_t len = ipv6_len(host);

	if (len == 0) {
		for (;;) {
			size_t label = strcspn(host + len, ".:");

			if (!host_label_is_valid(host + len, label))
				return false;
			len += label;
			if (host[len] != '.')
				break;
			len++;
		}
	}
	if (host[len] == '\0')
		return true;
	if (host[len] != ':')
		return false;
	host += len + 1;
	return *host != '\0' && strlen(host) <= 5 && strspn(host, "0123456789") == strlen(host);
}

static bool looks_like_host(const char *part, size_t len)
{
	if (len == strlen("localhost") && memcmp(part, "localhost", len) == 0)
		return true;
	for (size_t i = 0; i < len; i++)
		if (part[i] == '.' || part[i] == ':' || (part[i] >= 'A' && part[i] <= 'Z'))
			return true;
	return false;
}

static bool tag_is_valid(const char *tag)
{
	size_t len = strlen(tag);

	if (len == 0 || len > TAG_MAX || !(is_alnum(tag[0]) || tag[0] == '_'))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_alnum(tag[i]) && tag[i] != '_' && tag[i] != '.' && tag[i] != '-')
			return false;
	return true;
}

/* Cut "@DIGEST" and ":TAG" off the end of rest. */
static int take_tag_and_digest(char *rest, const char *text, struct ref *ref)
{
	char *mark = strchr(rest, '@');

	if (mark != NULL) {
		*mark = '\0';
		if (!digest_is_valid(mark + 1))
			return refuse(
				"'%s' is not an image name: '%s' is not a digest (sha256: and 64 "
				"lower-case hex digits)",
				text, mark + 1);
		ref->digest = xstrdup(mark + 1);
	}
	/* A colon in what follows the last slash is a tag's; one before it is a port's. */
	mark = strrchr(rest, '/');
	mark = strchr(mark != NULL ? mark : rest, ':');
	if (mark != NULL) {
		*mark = '\0';
		if (!tag_is_valid(mark + 1))
			return refuse(
				"'%s' is not an image name: '%s' is not a tag (a letter, digit or "
				"'_', then up to 127 of letters, digits, '_', '.', '-')",
				text, mark + 1);
		ref->tag = xstrdup(mark + 1);
	}
	return 0;
}

void ref_fold_host(char *name)
{
	size_t len = strcspn(name, "/");
	bool localhost = len == strlen("localhost") && strncasecmp(name, "localhost", len) == 0;

	if (!localhost && memchr(name, '.', len) == NULL && memchr(name, ':', len) == NULL)
		return;
	for (size_t i = 0; i < len; i++)
		if (name[i] >= 'A' && name[i] <= 'Z')
			name[i] = (char)(name[i] - 'A' + 'a');
}

static int take_host(char **rest, const char *text, struct ref *ref)
{
	char *slash = strchr(*rest, '/');

	if (slash != NULL && (looks_like_host(*rest, (size_t)(slash - *rest)))) {
		ref_fold_host(*rest);
		*slash = '\0';
		if (!host_is_valid(*rest))
			return refuse("'%s' is not an image name: '%s' is not a host", text, *rest);
		ref->host = xstrdup(strcmp(*rest, DEFAULT_HOST_OLD) == 0 ? DEFAULT_HOST : *rest);
		ref->host_given = true;
		*rest = slash + 1;
	} else {
		ref->host = xstrdup(DEFAULT_HOST);
	}
	return 0;
}

static int parse(const char *text, struct ref *ref)
{
	autofree char *copy = xstrdup(text);
	char *rest = copy;

	if (text[0] == '\0')
		return refuse("an image name cannot be empty");
	if (strlen(text) > REPOSITORY_MAX + TAG_MAX + DIGEST_TEXT_SIZE + 2)
		return refuse("'%.60s...' is not an image name: it is too long", text);
	if (strlen(text) == DIGEST_HEX_LEN && strspn(text, "0123456789abcdef") == DIGEST_HEX_LEN)
		return refuse("'%s' is an image ID, not an image name", text);
	TRY(take_tag_and_digest(rest, text, ref));
	TRY(take_host(&rest, text, ref));
	TRY(check_path(rest, text));
	if (strcmp(ref->host, DEFAULT_HOST) == 0 && strchr(rest, '/') == NULL)
		ref->path = xasprintf(DEFAULT_PREFIX "%s", rest);
	else
		ref->path = xstrdup(rest);
	if (strlen(ref->host) + 1 + strlen(ref->path) > REPOSITORY_MAX)
		return refuse(
			"'%.60s...' is not an image name: host and path have more than %d bytes",
			text, REPOSITORY_MAX);
	return 0;
}

int ref_parse(const char *text, struct ref *ret_ref)
{
	struct ref ref = { 0 };
	int rc = parse(text, &ref);

	if (rc < 0)
		ref_release(&ref);
	else
		*ret_ref = ref;
	return rc;
}

void ref_release(struct ref *ref)
{
	free(ref->host);
	free(ref->path);
	free(ref->tag);
	free(ref->digest);
	*ref = (struct ref){ 0 };
}

static char *with_suffix(const char *host, const char *slash, const char *path,
			 const struct ref *ref)
{
	const char *tag = ref->tag;

	if (tag == NULL && ref->digest == NULL)
		tag = "latest";
	return xasprintf("%s%s%s%s%s%s%s", host, slash, path, tag != NULL ? ":" : "",
			 tag != NULL ? tag : "", ref->digest != NULL ? "@" : "",
			 ref->digest != NULL ? ref->digest : "");
}

char *ref_name(const struct ref *ref)
{
	return with_suffix(ref->host, "/", ref->path, ref);
}

char *ref_repository(const struct ref *ref)
{
	return xasprintf("%s/%s", ref->host, ref->path);
}

char *ref_familiar(const struct ref *ref)
{
	const char *path = ref->path;

	/* docker.io/a.b/c cannot be shortened: a.b would be read as a host. */
	if (strcmp(ref->host, DEFAULT_HOST) != 0 || looks_like_host(path, strcspn(path, "/")))
		return ref_name(ref);
	if (strncmp(path, DEFAULT_PREFIX, strlen(DEFAULT_PREFIX)) == 0 &&
	    strchr(path + strlen(DEFAULT_PREFIX), '/') == NULL)
		path += strlen(DEFAULT_PREFIX);
	return with_suffix("", "", path, ref);
}

int ref_normalize(const char *text, char **ret_name)
{
	AUTO(ref) ref = { 0 };

	TRY(ref_parse(text, &ref));
	*ret_name = ref_name(&ref);
	return 0;
}
