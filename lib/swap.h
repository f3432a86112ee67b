/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_SWAP_H
#define __LIB_SWAP_H

#include <stdint.h>

/**
 * swap_on() - make a swap file, and swap to it
 * @path: of the file, on a disk; it must not exist
 * @size: bytes
 *
 * Return: 0, or a negative errno, after which there is no file.
 */
int swap_on(const char *path, uint64_t size);

/**
 * swap_off() - undo what swap_on() did
 * @path: of the file
 *
 * Brings back what is swapped, which takes that much memory.
 *
 * Return: 0, or a negative errno.
 */
int swap_off(const char *path);

#endif /* __LIB_SWAP_H */
