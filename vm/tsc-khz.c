// SPDX-License-Identifier: GPL-2.0
/*
 * Print how fast this machine's time stamp counter runs, in kHz, to within some
 * 10 ppm.  Nothing is printed where it does not run at a constant rate.
 *
 * A guest that QEMU emulates reads this very counter, but seldom finds out how
 * fast it is: what it would measure it against is emulated, too.  Without it the
 * guest has no clock that is better than its tick.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <x86intrin.h>

struct sample {
	int64_t ns;
	uint64_t tsc;
};

static int has_constant_tsc(void)
{
	FILE *cpuinfo = fopen("/proc/cpuinfo", "r");
	static char line[8192];
	int found = 0;

	while (cpuinfo && !found && fgets(line, sizeof(line), cpuinfo))
		found = !strncmp(line, "flags", 5) && strstr(line, " constant_tsc") &&
			strstr(line, " nonstop_tsc");
	if (cpuinfo)
		fclose(cpuinfo);
	return found;
}

/* Both clocks at the same time: the try with the least between two readings. */
static struct sample read_both(void)
{
	struct sample best = {};
	uint64_t least = UINT64_MAX;
	struct timespec ts;
	int i;

	for (i = 0; i < 1000; i++) {
		uint64_t before = __rdtsc(), after;

		clock_gettime(CLOCK_MONOTONIC, &ts);
		after = __rdtsc();
		if (after - before >= least)
			continue;
		least = after - before;
		best.tsc = before + least / 2;
		best.ns = ts.tv_sec * 1000000000LL + ts.tv_nsec;
	}
	return best;
}

int main(void)
{
	const struct timespec pause = { .tv_nsec = 100 * 1000 * 1000 };
	struct sample begin, end;

	if (!has_constant_tsc())
		return 0;
	begin = read_both();
	nanosleep(&pause, NULL);
	end = read_both();
	printf("%.0f\n", (end.tsc - begin.tsc) * 1e6 / (end.ns - begin.ns));
	return 0;
}
