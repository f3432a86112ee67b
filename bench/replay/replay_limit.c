// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>
#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "replay_limit.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* enough to see the pace of single faults, which are slow on some machines */
#define TOUCH_BYTES (128ULL << 20)

int replay_limit_measure(uint64_t bytes, struct replay_limit *limit)
{
	uint64_t page = sysconf(_SC_PAGESIZE), mapped = bytes, at;
	double start;
	char *map;

	map = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		return -errno;
	madvise(map, bytes, MADV_NOHUGEPAGE);

	limit->populate = 0;
	if (!madvise(map, bytes, MADV_POPULATE_WRITE)) {
		madvise(map, bytes, MADV_DONTNEED);
		start = clock_seconds();
		if (!madvise(map, bytes, MADV_POPULATE_WRITE))
			limit->populate = bytes / page / (clock_seconds() - start);
		madvise(map, bytes, MADV_DONTNEED);
	}

	if (bytes > TOUCH_BYTES)
		bytes = TOUCH_BYTES;
	start = clock_seconds();
	for (at = 0; at < bytes; at += page)
		((volatile char *)map)[at] = 1;
	limit->touch = bytes / page / (clock_seconds() - start);

	start = clock_seconds();
	madvise(map, bytes, MADV_DONTNEED);
	limit->free = bytes / page / (clock_seconds() - start);

	munmap(map, mapped);
	return 0;
}

int replay_limit_lateness(const struct trace *trace,
			  const struct replay_options *options,
			  const struct replay_limit *limit, double *p99,
			  double *max)
{
	double page = sysconf(_SC_PAGESIZE), done = 0;
	double grow = page * fmax(limit->populate, limit->touch);
	double *late = calloc(trace->nr, sizeof(*late));
	uint64_t have, want;
	size_t i;

	if (!late)
		return -ENOMEM;

	have = replay_target(trace, options, 0);
	for (i = 0; i < trace->nr; i++) {
		double due = trace->samples[i].seconds / options->speed;

		/* it goes on from where it is, and not ahead of the trace */
		want = replay_target(trace, options, i);
		done += want > have ? (want - have) / grow :
			(have - want) / (page * limit->free);
		have = want;
		if (done < due)
			done = due;
		late[i] = done - due;
	}

	gsl_sort(late, 1, trace->nr);
	*p99 = gsl_stats_quantile_from_sorted_data(late, 1, trace->nr, 0.99);
	*max = late[trace->nr - 1];
	free(late);
	return 0;
}
