/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_CLOCK_H
#define __LIB_CLOCK_H

#include <stdint.h>
#include <time.h>

/**
 * clock_us() - what time it is, for the difference of two
 *
 * Return: microseconds since some moment, of a clock that is never set back.
 */
static inline uint64_t clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

#endif /* __LIB_CLOCK_H */
