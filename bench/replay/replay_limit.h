/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_REPLAY_REPLAY_LIMIT_H
#define __BENCH_REPLAY_REPLAY_LIMIT_H

#include <stdint.h>

#include "replay.h"

/*
 * What the machine can do at best, to hold a replay against: how fast memory
 * grows, and how late a replay must be that grows no faster.
 */
struct replay_limit {
	double touch;		/* pages/s, of a loop that writes to each page */
	/* pages/s, of MADV_POPULATE_WRITE all at once; 0 if the kernel does not have it */
	double populate;
	double free;		/* pages/s, of MADV_DONTNEED all at once */
};

/**
 * replay_limit_measure() - measure how fast memory grows, where the caller is
 * @bytes: how much to populate, best as much as the replay will
 * @limit: where to put it
 *
 * It is populated once before that is measured.  Where this is a guest, that is
 * when the host finds memory for it, which takes several times as long, and the
 * pages that are free then are the first that the replay gets.
 *
 * Return: 0, or a negative errno.
 */
int replay_limit_measure(uint64_t bytes, struct replay_limit *limit);

/**
 * replay_limit_lateness() - how late a replay is at the limit all the time
 * @trace: the trace
 * @options: how it is followed
 * @limit: how fast pages are populated, or touched if that is faster, and freed
 * @p99: where to put the 99th percentile over the samples, in seconds
 * @max: where to put the maximum, in seconds
 *
 * Return: 0, or a negative errno.
 */
int replay_limit_lateness(const struct trace *trace,
			  const struct replay_options *options,
			  const struct replay_limit *limit, double *p99,
			  double *max);

#endif /* __BENCH_REPLAY_REPLAY_LIMIT_H */
