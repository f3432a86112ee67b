/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_PAGE_CACHE_H
#define __LIB_PAGE_CACHE_H

#include <stdint.h>

/**
 * page_cache_fill() - charge the page cache of a file to a cgroup
 * @cgroup: path of the cgroup
 * @path: of the file, which is made or made anew
 * @size: bytes
 *
 * A worker in the cgroup writes the file, and ends.  The pages are clean.
 *
 * Return: 0, or a negative errno; -ECHILD if the worker failed, -ETIMEDOUT.
 */
int page_cache_fill(const char *cgroup, const char *path, uint64_t size);

#endif /* __LIB_PAGE_CACHE_H */
