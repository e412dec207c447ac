/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/base64.h"

#include <errno.h>

void base64_encode(const void *bytes, size_t len, struct buf *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
		"+/";
	const unsigned char *in = bytes;

	buf_reserve(out, (len + 2) / 3 * 4);
	for (size_t i = 0; i < len; i += 3) {
		unsigned int group = (unsigned int)in[i] << 16;

		group |= i + 1 < len ? (unsigned int)in[i + 1] << 8 : 0;
		group |= i + 2 < len ? in[i + 2] : 0;
		buf_add_char(out, digits[group >> 18]);
		buf_add_char(out, digits[group >> 12 & 63]);
		buf_add_char(out, (char)(i + 1 < len ? digits[group >> 6 & 63] : '='));
		buf_add_char(out, (char)(i + 2 < len ? digits[group & 63] : '='));
	}
}

static int digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int base64_decode(const char *text, size_t len, struct buf *out)
{
	const size_t before = out->len;

	if (len % 4 != 0)
		return -EINVAL;
	for (size_t i = 0; i < len; i += 4) {
		size_t pads = i + 4 < len ? 0 : text[i + 2] == '=' ? 2 : text[i + 3] == '=' ? 1 : 0;
		unsigned int group = 0;

		for (size_t k = 0; k < 4; k++) {
			int value = k < 4 - pads ? digit(text[i + k]) : 0;

			if (value < 0 || (k >= 4 - pads && text[i + k] != '=')) {
				buf_truncate(out, before);
				return -EINVAL;
			}
			group = group << 6 | (unsigned int)value;
		}
		buf_add_char(out, (char)(group >> 16));
		if (pads < 2)
			buf_add_char(out, (char)(group >> 8));
		if (pads < 1)
			buf_add_char(out, (char)group);
	}
	return 0;
}
