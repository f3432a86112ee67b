/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_SCRATCH_H
#define __LIB_SCRATCH_H

#include <stdint.h>

/**
 * scratch_set_dir() - say where data files go
 * @dir: a directory on a disk, not on tmpfs; the text is kept
 *
 * The program does so once, before require() and testbed_create(): that these take it
 * as an argument would burden each test with what is the same for all.
 */
void scratch_set_dir(const char *dir);

/**
 * scratch_dir() - where data files go
 *
 * Return: the directory.
 */
const char *scratch_dir(void);

/**
 * scratch_missing() - look whether a directory can be made there, as each testbed does
 *
 * Return: NULL, or a text that names what keeps it from that and the remedy, in a static
 * buffer.
 */
const char *scratch_missing(void);

/**
 * scratch_no_page_cache() - look whether files there have page cache that can be reclaimed
 * @size: bytes of the files
 *
 * This writes and removes a small file.
 *
 * Return: NULL, or a text as of scratch_missing().
 */
const char *scratch_no_page_cache(uint64_t size);

#endif /* __LIB_SCRATCH_H */
