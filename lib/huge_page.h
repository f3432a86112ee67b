/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_HUGE_PAGE_H
#define __LIB_HUGE_PAGE_H

#include <stdbool.h>
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
 * huge_page_held() - find out if the caller has anonymous memory in a huge page
 *
 * Return: true if it has.
 */
bool huge_page_held(void);

#endif /* __LIB_HUGE_PAGE_H */
