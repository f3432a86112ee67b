/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_CLOCK_H
#define __LIB_CLOCK_H

#include <stdint.h>
#include <time.h>

/**
 * clock_ns() - what time it is, for the difference of two
 *
 * Return: nanoseconds since some moment, of a clock that is never set back
 * (CLOCK_MONOTONIC).
 */
static inline int64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/**
 * clock_us() - clock_ns() in microseconds
 *
 * Return: microseconds since some moment.
 */
static inline uint64_t clock_us(void)
{
	return clock_ns() / 1000;
}

/**
 * clock_seconds() - clock_ns() in seconds
 *
 * Return: seconds since some moment.
 */
static inline double clock_seconds(void)
{
	return clock_ns() / 1e9;
}

#endif /* __LIB_CLOCK_H */
