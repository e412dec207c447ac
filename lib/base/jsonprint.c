/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json.h"

#include <string.h>

#include "base/escape.h"

#define INDENT 4 /* blanks a level */

static void print_rune(struct buf *out, uint32_t rune)
{
	if (rune >= 0x10000) {
		rune -= 0x10000;
		buf_addf(out, "\\u%04x\\u%04x", 0xd800 + (rune >> 10), 0xdc00 + (rune & 0x3ff));
	} else {
		buf_addf(out, "\\u%04x", rune);
	}
}

/* How much of it is as it is, as nearly all of nearly all texts. */
static size_t plain_length(const char *text)
{
	size_t n = 0;

	while (text[n] >= ' ' && text[n] <= '~' && text[n] != '"' && text[n] != '\\')
		n++;
	return n;
}

/* What a terminal must not see is escaped as well; bytes that are no UTF-8 become U+FFFD, as in Go:
 * JSON cannot say them. */
void json_print_string(struct buf *out, const char *text)
{
	static const char letters[] = "\"\\\b\f\n\r\t";
	static const char names[] = "\"\\bfnrt";
	size_t plain = plain_length(text), len = strlen(text + plain);

	buf_add_char(out, '"');
	buf_add(out, text, plain);
	text += plain;
	while (len > 0) {
		uint32_t rune = 0xfffd;
		size_t n = escape_decode(text, len, &rune);
		const char *letter = strchr(letters, text[0]);

		if (n == 0) {
			buf_add_str(out, "\xef\xbf\xbd");
			n = 1;
		} else if (letter != NULL) {
			buf_add_char(out, '\\');
			buf_add_char(out, names[letter - letters]);
		} else if (escape_is_harmful(rune)) {
			print_rune(out, rune);
		} else {
			buf_add(out, text, n);
		}
		text += n;
		len -= n;
	}
	buf_add_char(out, '"');
}

static void print_number(struct buf *out, const cJSON *item)
{
	if (item->valuestring != NULL)
		buf_add_str(out, item->valuestring);
	else
		buf_addf(out, "%.17g", item->valuedouble);
}

static void new_line(struct buf *out, bool pretty, size_t depth)
{
	if (pretty)
		buf_addf(out, "\n%*s", (int)(depth * INDENT), "");
}

/* As deep as what was built or read, and that is limited. */
static void print_value(struct buf *out, const cJSON *json, bool pretty, size_t depth)
{
	bool is_object = cJSON_IsObject(json);
	const cJSON *item;

	if (cJSON_IsString(json)) {
		json_print_string(out, json->valuestring);
	} else if (cJSON_IsNumber(json)) {
		print_number(out, json);
	} else if (cJSON_IsRaw(json)) {
		buf_add_str(out, json->valuestring);
	} else if (is_object || cJSON_IsArray(json)) {
		buf_add_char(out, is_object ? '{' : '[');
		cJSON_ArrayForEach(item, json)
		{
			if (item != json->child)
				buf_add_char(out, ',');
			new_line(out, pretty, depth + 1);
			if (is_object) {
				json_print_string(out, item->string);
				buf_add_str(out, pretty ? ": " : ":");
			}
			print_value(out, item, pretty, depth + 1);
		}
		if (json->child != NULL)
			new_line(out, pretty, depth);
		buf_add_char(out, is_object ? '}' : ']');
	} else {
		buf_add_str(out, cJSON_IsNull(json)   ? "null"
				 : cJSON_IsTrue(json) ? "true"
						      : "false");
	}
}

void json_print(const cJSON *json, bool pretty, struct buf *out)
{
	print_value(out, json, pretty, 0);
}
