/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_ANALYZE_ALLOCATE_H
#define __BENCH_ANALYZE_ALLOCATE_H

#include <stdlib.h>

/**
 * allocate() - get zeroed memory
 * @nr: for how many
 * @size: of each, in bytes
 *
 * Return: the memory, for free().  Without it there is nothing that these programs
 * could do: they abort.
 */
static inline void *allocate(size_t nr, size_t size)
{
	void *p = calloc(nr ?: 1, size);

	if (!p)
		abort();
	return p;
}

#endif /* __BENCH_ANALYZE_ALLOCATE_H */
