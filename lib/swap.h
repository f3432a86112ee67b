/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_SWAP_H
#define __LIB_SWAP_H

#include <limits.h>
#include <stdint.h>

struct testbed;

/* the path of a file in a testbed's directory */
#define SWAP_PATH_MAX (PATH_MAX + 8)

/**
 * swap_start() - make a swap file in the directory of a testbed, and swap to it
 * @tb: the testbed
 * @path: where to put its path, SWAP_PATH_MAX bytes; "" if it cannot be had
 * @size: bytes
 *
 * Return: NULL, or a text that says why not and what to do about it, as of require(),
 * in a static buffer.
 */
const char *swap_start(const struct testbed *tb, char *path, uint64_t size);

/**
 * swap_stop() - undo what swap_start() did
 * @path: what that has put there, "" afterwards; nothing is done for ""
 *
 * Brings back what is swapped, which takes that much memory.
 *
 * Return: 0, or a negative errno.
 */
int swap_stop(char *path);

#endif /* __LIB_SWAP_H */
