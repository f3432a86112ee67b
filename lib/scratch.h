/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_SCRATCH_H
#define __LIB_SCRATCH_H

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

#endif /* __LIB_SCRATCH_H */
