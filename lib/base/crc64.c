/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/crc64.h"

#define POLYNOMIAL 0xd800000000000000

void crc64_init(struct crc64 *crc)
{
	for (uint64_t byte = 0; byte < 256; byte++) {
		uint64_t sum = byte;

		for (int bit = 0; bit < 8; bit++)
			sum = sum >> 1 ^ ((sum & 1) != 0 ? POLYNOMIAL : 0);
		crc->table[0][byte] = sum;
	}
	for (int zeros = 1; zeros < 8; zeros++)
		for (int byte = 0; byte < 256; byte++) {
			const uint64_t before = crc->table[zeros - 1][byte];

			crc->table[zeros][byte] = crc->table[0][before & 0xff] ^ before >> 8;
		}
	crc->value = 0;
}

/* Eight bytes at once do not wait for each other. */
static uint64_t add_eight(const struct crc64 *crc, uint64_t sum, const unsigned char *bytes)
{
	uint64_t next = 0;

	for (int i = 0; i < 8; i++)
		next ^= crc->table[7 - i][(sum >> (8 * i) & 0xff) ^ bytes[i]];
	return next;
}

void crc64_add(struct crc64 *crc, const unsigned char *bytes, size_t len)
{
	uint64_t sum = ~crc->value;

	for (; len >= 8; bytes += 8, len -= 8)
		sum = add_eight(crc, sum, bytes);
	for (; len > 0; bytes++, len--)
		sum = crc->table[0][(sum ^ *bytes) & 0xff] ^ sum >> 8;
	crc->value = ~sum;
}
