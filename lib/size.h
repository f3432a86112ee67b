/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_SIZE_H
#define __LIB_SIZE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * An amount of memory with a unit.  The recorders of containers print kB, MB, GB
 * and so on in powers of ten and KiB, MiB, GiB and so on in powers of two, with up
 * to four digits, as in "1.862GB".
 */

/* more than 16 TiB is a mistake, or not to be replayed; the caller sees to that */
#define SIZE_MAX_BYTES (1ULL << 44)

/**
 * size_parse() - read an amount of memory
 * @text: digits, perhaps with a decimal point, and a unit: B, kB (or KB), MB, GB,
 *	TB, PB, EB, or KiB, MiB, GiB, TiB, PiB, EiB
 * @binary: read kB, MB, GB and so on as powers of two as well
 * @bytes: where to put it, rounded to whole bytes; UINT64_MAX if it is too much
 *
 * Return: what follows the unit in @text, or NULL if there is no such amount.
 */
const char *size_parse(const char *text, bool binary, uint64_t *bytes);

#endif /* __LIB_SIZE_H */
