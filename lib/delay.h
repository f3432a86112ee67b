/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_DELAY_H
#define __LIB_DELAY_H

#include <stdint.h>

/* The kernel sleeps no longer than that: MEMCG_MAX_HIGH_DELAY_JIFFIES, 2 * HZ. */
#define MAX_DELAY_MS	2000

/**
 * delay_stall_us() - what one answer of get_high_delay_ms should stall for
 * @ms: the answer, in milliseconds
 *
 * Nothing up to HZ/100 ticks of the kernel's clock (10 ms where HZ is 1000 or
 * 300), @ms above that, MAX_DELAY_MS at most.
 *
 * Return: the time in microseconds.
 */
int64_t delay_stall_us(unsigned int ms);

#endif /* __LIB_DELAY_H */
