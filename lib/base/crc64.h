/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BERTH_BASE_CRC64_H
#define BERTH_BASE_CRC64_H

#include <stddef.h>
#include <stdint.h>

/*
 * CRC-64 with the polynomial of ISO 3309, as hash/crc64 of Go has it: reflected, inverted before
 * and after. It guards against damage, not against anybody.
 */
struct crc64 {
	uint64_t value;
	uint64_t table[8][256]; /* the check sum of a byte with 0 to 7 zeros behind it */
};

/* Once, and then again for the next check sum: crc.value = 0. */
void crc64_init(struct crc64 *crc);
void crc64_add(struct crc64 *crc, const unsigned char *bytes, size_t len);

#endif
