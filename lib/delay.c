// SPDX-License-Identifier: GPL-2.0
#include <time.h>

#include "delay.h"

/* The kernel's tick: a sleep is a number of these. */
static long tick_us(void)
{
	struct timespec res = { .tv_nsec = 10 * 1000 * 1000 };

	clock_getres(CLOCK_MONOTONIC_COARSE, &res);
	return res.tv_nsec / 1000;
}

int64_t delay_stall_us(unsigned int ms)
{
	long tick = tick_us(), hz = (1000000 + tick / 2) / tick;
	int64_t ticks = (ms * hz + 999) / 1000;

	if (ticks <= hz / 100)
		return 0;
	if (ms > MAX_DELAY_MS)
		ms = MAX_DELAY_MS;
	return ms * 1000LL;
}
