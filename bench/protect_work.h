/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_PROTECT_WORK_H
#define __BENCH_PROTECT_WORK_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * A worker's job, in memory that it shares with who started it: read pages of its memory,
 * all words of a page, one page after the other in random order.  It works for active_ms,
 * sleeps for idle_ms, and so on.  The memory stays mapped, so that a page which is there
 * costs no fault: faults tell that pages were taken.
 */
struct protect_work {
	char file[PATH_MAX + 8];	/* mapped, if not "", and made by the worker */
	bool sparse;			/* the file has no blocks on the disk */
	uint64_t size;			/* of the memory, in bytes */
	bool warm;			/* all of it is there when it begins, or nothing */
	unsigned int active_ms;		/* 0: it does not work at all */
	unsigned int idle_ms;		/* 0: it always works */
	uint64_t seed;			/* of the order */
	volatile bool ready;		/* to go */
	volatile bool go;
	int64_t begin_ns, end_ns;	/* of clock_ns(); set before go */
	volatile uint64_t pages;	/* read so far */
};

/**
 * protect_work_run() - do it, as a worker's function
 * @work: the job
 *
 * Return: the exit status, 0 or, after a line on stderr, 1.
 */
int protect_work_run(void *work);

#endif /* __BENCH_PROTECT_WORK_H */
