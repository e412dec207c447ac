/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/base64.h"

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
