/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container/logdriver.h"

#include <string.h>

#include "base/base64.h"
#include "base/err.h"
#include "base/escape.h"
#include "base/json.h"
#include "base/units.h"

#define MIN_SIZE 4096 /* of a file */
#define MAX_FILES 1000
#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* --- options ---------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum log_kind kind;
} drivers[] = {
	{ "json-file", LOG_JSON },          { "k8s-file", LOG_K8S }, { "journald", LOG_JOURNALD },
	{ "passthrough", LOG_PASSTHROUGH }, { "none", LOG_NONE },
};

static int parse_driver(const char *name, enum log_kind *ret_kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++)
		if (strcmp(drivers[i].name, name) == 0) {
			*ret_kind = drivers[i].kind;
			return 0;
		}
	return refuse("--log-driver '%s': json-file, k8s-file, journald, passthrough or none",
		      name);
}

bool log_is_file(enum log_kind kind)
{
	return kind == LOG_JSON || kind == LOG_K8S;
}

static int parse_option(const char *key, const char *value, struct log_config *config)
{
	uint64_t number;

	if (strcmp(key, "tag") == 0) {
		config->tag = value;
		return config->kind == LOG_K8S ? refuse("tags are for json-file and journald") : 0;
	}
	if (config->kind == LOG_JOURNALD)
		return refuse("the driver 'journald' writes no file");
	if (strcmp(key, "max-size") == 0) {
		TRY(units_parse_size(value, &config->max_size));
		return config->max_size < MIN_SIZE ? refuse("it is at least %d bytes", MIN_SIZE)
						   : 0;
	}
	if (strcmp(key, "max-file") == 0) {
		TRY(units_parse_u64(value, MAX_FILES, &number));
		config->max_files = (unsigned int)number;
		return number == 0 ? refuse("it is at least 1") : 0;
	}
	if (strcmp(key, "path") == 0) {
		config->path = value;
		return *value == '/' ? 0 : refuse("'%s' is not an absolute path", value);
	}
	return refuse("max-size, max-file, path and tag are known");
}

int log_config_parse(const char *driver, const struct strvec *options,
		     struct log_config *ret_config)
{
	struct log_config config = { .kind = LOG_JSON, .max_files = 1 };

	if (driver != NULL)
		TRY(parse_driver(driver, &config.kind));
	for (size_t i = 0; i < options->n; i++) {
		const char *equals = strchr(options->v[i], '=');
		autofree char *key = NULL;

		if (equals == NULL)
			return refuse("--log-opt '%s': KEY=VALUE", options->v[i]);
		if (!log_is_file(config.kind) && config.kind != LOG_JOURNALD)
			return refuse("--log-opt %s: the driver '%s' writes no file", options->v[i],
				      driver);
		key = xstrndup(options->v[i], (size_t)(equals - options->v[i]));
		TRY(fail_in(parse_option(key, equals + 1, &config), "--log-opt %s", key));
	}
	if (config.max_files > 1 && config.max_size == 0)
		return refuse("--log-opt max-file needs max-size");
	*ret_config = config;
	return 0;
}

/* --- writing ---------------------------------------------------------------------------------- */

static const char *const stream_names[] = { [LOG_STDOUT] = "stdout", [LOG_STDERR] = "stderr" };

/* How many bytes from the start stand in a JSON string as they are. */
static size_t plain_length(const char *bytes, size_t len)
{
	size_t n = 0;

	while (n < len && (unsigned char)bytes[n] >= 0x20 && (unsigned char)bytes[n] < 0x7f &&
	       bytes[n] != '"' && bytes[n] != '\\')
		n++;
	return n;
}

/* One that is not plain; returns its length, 0 where it is no UTF-8. */
static size_t add_special(struct buf *out, const char *bytes, size_t len)
{
	uint32_t rune = 0;
	size_t n = escape_decode(bytes, len, &rune);

	if (n == 0)
		buf_add_str(out, REPLACEMENT);
	else if (rune == '"' || rune == '\\')
		buf_addf(out, "\\%c", (char)rune);
	else if (rune == '\n' || rune == '\r' || rune == '\t')
		buf_add_str(out, rune == '\n' ? "\\n" : rune == '\r' ? "\\r" : "\\t");
	else if (rune < 0x20 || rune == 0x7f || rune == 0x2028 || rune == 0x2029)
		buf_addf(out, "\\u%04x", rune);
	else
		buf_add(out, bytes, n);
	return n;
}

/* Returns whether all of it is UTF-8. */
static bool add_json_text(struct buf *out, const char *bytes, size_t len)
{
	bool valid = true;

	while (len > 0) {
		size_t n = plain_length(bytes, len);

		buf_add(out, bytes, n);
		bytes += n;
		len -= n;
		if (len == 0)
			break;
		n = add_special(out, bytes, len);
		valid &= n > 0;
		bytes += n > 0 ? n : 1;
		len -= n > 0 ? n : 1;
	}
	return valid;
}

static void format_json(const struct log_entry *entry, const char *attrs, struct buf *out)
{
	bool valid;

	buf_add_str(out, "{\"log\":\"");
	valid = add_json_text(out, entry->bytes, entry->len);
	buf_add_str(out, "\",\"stream\":\"");
	buf_add_str(out, stream_names[entry->stream]);
	buf_add_str(out, "\",");
	if (attrs != NULL) {
		buf_add_str(out, "\"attrs\":");
		buf_add_str(out, attrs);
		buf_add_char(out, ',');
	}
	if (!valid) {
		buf_add_str(out, "\"bytes\":\"");
		base64_encode(entry->bytes, entry->len, out);
		buf_add_str(out, "\",");
	}
	buf_add_str(out, "\"time\":\"");
	buf_add(out, entry->time, LOG_TIME_LEN);
	buf_add_str(out, "\"}\n");
}

static void format_k8s(const struct log_entry *entry, struct buf *out)
{
	buf_add(out, entry->time, LOG_TIME_LEN);
	buf_add_char(out, ' ');
	buf_add_str(out, stream_names[entry->stream]);
	buf_add_str(out, entry->ends ? " F " : " P ");
	buf_add(out, entry->bytes, entry->len);
	if (!entry->ends)
		buf_add_char(out, '\n');
}

void log_format(enum log_kind kind, const struct log_entry *entry, const char *attrs,
		struct buf *out)
{
	if (kind == LOG_JSON)
		format_json(entry, attrs, out);
	else
		format_k8s(entry, out);
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool scan_stream(const char *text, enum log_stream *ret_stream)
{
	if (memcmp(text, "stdout", 6) != 0 && memcmp(text, "stderr", 6) != 0)
		return false;
	*ret_stream = text[3] == 'o' ? LOG_STDOUT : LOG_STDERR;
	return true;
}

static bool scan_k8s(const char *line, size_t len, struct log_entry *entry, struct buf *out)
{
	const size_t head = LOG_TIME_LEN + 10; /* "TIME stdout F " */

	if (len < head || line[LOG_TIME_LEN] != ' ' || line[LOG_TIME_LEN + 7] != ' ' ||
	    line[head - 1] != ' ' || (line[head - 2] != 'F' && line[head - 2] != 'P') ||
	    !scan_stream(line + LOG_TIME_LEN + 1, &entry->stream))
		return false;
	memcpy(entry->time, line, LOG_TIME_LEN);
	entry->ends = line[head - 2] == 'F';
	buf_add(out, line + head, len - head);
	if (entry->ends)
		buf_add_char(out, '\n');
	return true;
}

/* A part of a line of json-file that has not been read yet. */
struct cursor {
	const char *at, *end;
};

static bool take(struct cursor *cursor, const char *text, size_t len)
{
	if ((size_t)(cursor->end - cursor->at) < len || memcmp(cursor->at, text, len) != 0)
		return false;
	cursor->at += len;
	return true;
}

#define TAKE(cursor, literal) take(cursor, literal, sizeof(literal) - 1)

static int hex4(const struct cursor *cursor)
{
	int value = 0;

	if (cursor->end - cursor->at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = cursor->at[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;

		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

static void add_rune(struct buf *out, uint32_t rune)
{
	if (rune < 0x80) {
		buf_add_char(out, (char)rune);
	} else if (rune < 0x800) {
		buf_add_char(out, (char)(0xc0 | rune >> 6));
		buf_add_char(out, (char)(0x80 | (rune & 0x3f)));
	} else {
		buf_add_char(out, (char)(0xe0 | rune >> 12));
		buf_add_char(out, (char)(0x80 | (rune >> 6 & 0x3f)));
		buf_add_char(out, (char)(0x80 | (rune & 0x3f)));
	}
}

/* After the backslash. What we write needs no surrogates; others' files are read as far. */
static bool take_escape(struct cursor *cursor, struct buf *out)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	const char *name;
	int rune;

	if (cursor->at == cursor->end || *cursor->at == '\0')
		return false;
	if (*cursor->at == 'u') {
		cursor->at++;
		rune = hex4(cursor);
		if (rune < 0)
			return false;
		cursor->at += 4;
		add_rune(out, (uint32_t)rune);
		return true;
	}
	name = strchr(names, *cursor->at++);
	if (name == NULL)
		return false;
	buf_add_char(out, values[name - names]);
	return true;
}

/* A string up to and with its closing quote. */
static bool take_string(struct cursor *cursor, struct buf *out)
{
	for (;;) {
		size_t left = (size_t)(cursor->end - cursor->at), n;
		const char *quote = memchr(cursor->at, '"', left), *slash;

		if (quote == NULL)
			return false;
		slash = memchr(cursor->at, '\\', (size_t)(quote - cursor->at));
		n = (size_t)((slash != NULL ? slash : quote) - cursor->at);
		buf_add(out, cursor->at, n);
		cursor->at += n + 1;
		if (slash == NULL)
			return true;
		if (!take_escape(cursor, out))
			return false;
	}
}

/* An object whose strings hold no braces outside of quotes. */
static bool take_object(struct cursor *cursor, struct buf *attrs)
{
	const char *start = cursor->at;
	AUTO(buf) skipped = BUF_INIT;

	if (!TAKE(cursor, "{"))
		return false;
	while (cursor->at < cursor->end && *cursor->at != '}')
		if (*cursor->at++ == '"' && !take_string(cursor, &skipped))
			return false;
	if (!TAKE(cursor, "}"))
		return false;
	if (attrs != NULL)
		buf_add(attrs, start, (size_t)(cursor->at - start));
	return true;
}

static bool take_bytes(struct cursor *cursor, struct buf *out)
{
	const char *quote = memchr(cursor->at, '"', (size_t)(cursor->end - cursor->at));

	if (quote == NULL || base64_decode(cursor->at, (size_t)(quote - cursor->at), out) < 0)
		return false;
	cursor->at = quote + 1;
	return true;
}

static bool scan_fields(struct cursor *cursor, struct log_entry *entry, struct buf *out,
			struct buf *attrs)
{
	const size_t before = out->len;

	if (!TAKE(cursor, "{\"log\":\"") || !take_string(cursor, out) ||
	    !TAKE(cursor, ",\"stream\":\"") || cursor->end - cursor->at < 7 ||
	    !scan_stream(cursor->at, &entry->stream))
		return false;
	cursor->at += 6;
	if (!TAKE(cursor, "\","))
		return false;
	if (TAKE(cursor, "\"attrs\":") && (!take_object(cursor, attrs) || !TAKE(cursor, ",")))
		return false;
	if (TAKE(cursor, "\"bytes\":\"")) {
		buf_truncate(out, before);
		if (!take_bytes(cursor, out) || !TAKE(cursor, ","))
			return false;
	}
	if (!TAKE(cursor, "\"time\":\"") || cursor->end - cursor->at < LOG_TIME_LEN)
		return false;
	memcpy(entry->time, cursor->at, LOG_TIME_LEN);
	cursor->at += LOG_TIME_LEN;
	return TAKE(cursor, "\"}") && cursor->at == cursor->end;
}

bool log_scan(enum log_kind kind, const char *line, size_t len, struct log_entry *ret_entry,
	      struct buf *out, struct buf *attrs)
{
	struct cursor cursor = { line, line + len };
	const size_t before = out->len;

	*ret_entry = (struct log_entry){ 0 };
	if (kind == LOG_K8S)
		return scan_k8s(line, len, ret_entry, out);
	if (!scan_fields(&cursor, ret_entry, out, attrs)) {
		buf_truncate(out, before);
		return false;
	}
	ret_entry->ends = out->len > before && out->data[out->len - 1] == '\n';
	return true;
}
