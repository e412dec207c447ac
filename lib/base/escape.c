/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

size_t escape_decode(const char *bytes, size_t len, uint32_t *ret_rune)
{
	const unsigned char *s = (const unsigned char *)bytes;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0x80         ? 1
		   : (s[0] >> 5) == 6  ? 2
		   : (s[0] >> 4) == 14 ? 3
		   : (s[0] >> 3) == 30 ? 4
				       : 0;
	uint32_t rune;

	if (n == 0 || n > len)
		return 0;
	rune = n == 1 ? s[0] : s[0] & (0xffU >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		rune = rune << 6 | (s[i] & 0x3fU);
	}
	if (rune < least[n] || rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff))
		return 0;
	*ret_rune = rune;
	return n;
}

bool escape_is_harmful(uint32_t rune)
{
	static const struct {
		uint32_t first, last;
	} harmful[] = {
		{ 0x00, 0x1f },     { 0x7f, 0x9f },     { 0x200b, 0x200f },
		{ 0x2028, 0x202e }, { 0x2066, 0x2069 }, { 0xfeff, 0xfeff },
	};

	for (size_t i = 0; i < ARRAY_SIZE(harmful); i++)
		if (rune >= harmful[i].first && rune <= harmful[i].last)
			return true;
	return false;
}

void escape_bytes(struct buf *out, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len;) {
		uint32_t rune;
		size_t n = escape_decode(bytes + i, len - i, &rune);

		if (n != 0 && !escape_is_harmful(rune)) {
			buf_add(out, bytes + i, n);
			i += n;
			continue;
		}
		if (bytes[i] == '\n')
			buf_add_str(out, "\\n");
		else
			for (size_t k = 0; k < (n != 0 ? n : 1); k++)
				buf_addf(out, "\\x%02x", (unsigned char)bytes[i + k]);
		i += n != 0 ? n : 1;
	}
}

void escape_text(struct buf *out, const char *text)
{
	escape_bytes(out, text, strlen(text));
}
