/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PROG_TESTS_PROTECTION_CONTEST_H
#define __PROG_TESTS_PROTECTION_CONTEST_H

#include <stdint.h>

#include "pressure.h"
#include "probe.h"

/*
 * HIGH and LOW do the same work at the same time, and it does not fit:
 *
 *   memcg_bpf.<name>.<pid>	memory.max = CG_LIMIT, memory.swap.max = 0
 *   |-- high			ops: what the test wants
 *   `-- low			ops: OVER_HIGH_MS
 *
 * The work is to write a file of FILE_SIZE, to touch anonymous memory of
 * CG_LIMIT / 2 - FILE_SIZE * 3 / 4, and then to read the file again and again.
 * LOW begins, and has read its file once when HIGH starts.  Half a FILE_SIZE is missing for
 * both.  Beside all of HIGH's memory and the anonymous memory of LOW there is room for half
 * of LOW's file, so the kernel need not OOM-kill a task.
 *
 * The ops say yes while HIGH works, and no before and after, as with the trigger.  The test
 * sets the answers itself, so it does not depend on timing.
 */
struct contest {
	const struct probe_answer *high_answer;	/* NULL: no ops in HIGH and LOW */
	/* the result, of the time in which both ran */
	struct pressure_counts high;
	struct pressure_counts low;
	struct probe_stats high_asked;
	struct probe_stats low_asked;
	int64_t low_stall_us;		/* memory.pressure */
	unsigned int high_passes;	/* through the file */
	unsigned int low_passes;
};

/* The contest ends after this many passes or delays: see contest_run(). */
#define CONTEST_PASSES	3
#define CONTEST_DELAYS	2

/**
 * contest_run() - let them compete
 * @p: the cgroups; the probe is attached to HIGH, and another one to LOW
 * @c: what BPF answers about HIGH; the result is added
 *
 * It ends when HIGH has read its file CONTEST_PASSES times, and LOW has, too, or
 * with ops has been delayed CONTEST_DELAYS times.
 *
 * Return: 0, or a negative errno after a line on stderr that says what failed.
 */
int contest_run(struct pressure *p, struct contest *c);

#endif /* __PROG_TESTS_PROTECTION_CONTEST_H */
