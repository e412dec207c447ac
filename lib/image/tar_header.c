/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/tar_header.h"

#include <string.h>

#include "base/err.h"

int tar_signed_number(const char *field, size_t len, const char *what, int64_t *ret_value)
{
	const unsigned char *p = (const unsigned char *)field, *end = p + len;
	uint64_t value = 0;

	if (*p & 0x80) {
		bool negative = *p & 0x40;

		value = negative ? UINT64_MAX : 0;
		value = value << 6 | (*p++ & 0x3f);
		for (; p < end; p++) {
			if (value >> 55 != (negative ? 0x1ff : 0))
				return refuse("the %s in a header is too large", what);
			value = value << 8 | *p;
		}
		*ret_value = (int64_t)value;
		return 0;
	}
	while (p < end && *p == ' ')
		p++;
	for (; p < end && *p >= '0' && *p <= '7'; p++)
		value = value << 3 | (uint64_t)(*p - '0'); /* 12 digits at most: 36 bits */
	for (; p < end; p++)
		if (*p != ' ' && *p != '\0')
			return refuse("the %s in a header is malformed", what);
	*ret_value = (int64_t)value;
	return 0;
}

int tar_number(const char *field, size_t len, const char *what, uint64_t max, uint64_t *ret_value)
{
	int64_t value;

	TRY(tar_signed_number(field, len, what, &value));
	if (value < 0 || (uint64_t)value > max)
		return refuse("the %s in a header is out of range (%lld)", what, (long long)value);
	*ret_value = (uint64_t)value;
	return 0;
}

/* The sum of all bytes with the field itself taken as blanks; some writers added signed ones. */
bool tar_checksum_is_right(const struct tar_header *header)
{
	const unsigned char *bytes = (const unsigned char *)header;
	int64_t stated, sum = 0, signed_sum = 0;

	for (size_t i = 0; i < TAR_BLOCK_SIZE; i++) {
		bool own = i >= offsetof(struct tar_header, checksum) &&
			   i < offsetof(struct tar_header, type);

		sum += own ? ' ' : bytes[i];
		signed_sum += own ? ' ' : (signed char)bytes[i];
	}
	if (tar_signed_number(header->checksum, sizeof(header->checksum), "check sum", &stated) < 0)
		return false;
	return stated == sum || stated == signed_sum;
}

void tar_text(char *out, const char *field, size_t len)
{
	len = strnlen(field, len);
	memcpy(out, field, len);
	out[len] = '\0';
}
