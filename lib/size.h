/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_SIZE_H
#define __LIB_SIZE_H

#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

/*
 * An amount of memory with a unit.  The recorders of containers print kB, MB, GB
 * and so on in powers of ten and KiB, MiB, GiB and so on in powers of two, with up
 * to four digits, as in "1.862GB", or "1.024e+03kB".
 */

#define MiB (1LL << 20)

/*
 * SCALED() - a size of memory that is charged and reclaimed
 * @size: bytes, where a page has 4 KiB
 *
 * The kernel charges, and counts, by the batch of pages.  What is to be large against that,
 * or small, has the same number of pages on each machine.
 */
#define SCALED(size) ((size) / 4096 * sysconf(_SC_PAGESIZE))

/* 16 TiB: more is a mistake, or cannot be replayed.  The caller checks it. */
#define SIZE_MAX_BYTES (1ULL << 44)

/**
 * size_parse() - read an amount of memory
 * @text: digits, perhaps with a decimal point, perhaps "e+0" and a digit, and a unit: B, kB
 *	(or KB), MB, GB, TB, PB, EB, or KiB, MiB, GiB, TiB, PiB, EiB
 * @binary: read kB, MB, GB and so on as powers of two as well
 * @bytes: where to put it, rounded to whole bytes; UINT64_MAX if it is too much
 *
 * Return: what follows the unit in @text, or NULL if there is no such amount.
 */
const char *size_parse(const char *text, bool binary, uint64_t *bytes);

#endif /* __LIB_SIZE_H */
