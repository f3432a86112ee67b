/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_HUGE_PAGE_H
#define __LIB_HUGE_PAGE_H

#include <stdint.h>

/* why there is none, and what to do about it */
#define HUGE_PAGE_REMEDY "no transparent huge pages: CONFIG_TRANSPARENT_HUGEPAGE=y, and madvise in /sys/kernel/mm/transparent_hugepage/enabled"

/**
 * huge_page_size() - look which huge pages madvise() gives
 *
 * Return: the size of one in bytes, or 0 if it gives none.
 */
uint64_t huge_page_size(void);

/**
 * huge_page_held() - find out how much anonymous memory the caller has in huge pages
 *
 * Return: bytes; 0 if it has none, or the kernel does not tell.
 */
uint64_t huge_page_held(void);

/* why there are too few */
#define HUGE_PAGE_FEW "the kernel had too few huge pages to give: free some memory"

#endif /* __LIB_HUGE_PAGE_H */
