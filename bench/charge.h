/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_CHARGE_H
#define __BENCH_CHARGE_H

#include <stdint.h>

#include "counter.h"

/* What is charged, or uncharged, in a stretch that is measured. */
enum charge {
	CHARGE_ANON,	/* anonymous memory is touched for the first time */
	CHARGE_FILE,	/* a sparse file is read into page cache */
	CHARGE_KMEM,	/* pipes are opened */
	CHARGE_RECLAIM,	/* as CHARGE_FILE, in a cgroup that is full */
	CHARGE_UNMAP,	/* anonymous memory that was touched is unmapped */
	CHARGE_FORK,	/* a task is made, and ends, in the memory of its parent */
	CHARGE_NR
};

/* The words for them, as an option has them; NULL ends them. */
extern const char * const charge_words[];

#define CHARGE_MAX_PIPES	100000

struct charge_work {
	enum charge charge;
	uint64_t region;	/* bytes, a multiple of a page */
	unsigned int pipes;
	unsigned int forks;
	const char *file;	/* for CHARGE_FILE and CHARGE_RECLAIM: a path */
};

/**
 * charge_units() - how many pages, pipes or tasks it is
 * @work: the work
 *
 * Return: the number.
 */
uint64_t charge_units(const struct charge_work *work);

/**
 * charge_do() - do the work once, and undo it
 * @work: the work
 * @counter: what counter_open() returned
 * @begin: where to put the point at which it begins
 * @end: the same, of its end; undoing is not part of it, nor is making ready
 *
 * Return: 0, or a negative errno.
 */
int charge_do(const struct charge_work *work, int counter,
	      struct counter_point *begin, struct counter_point *end);

#endif /* __BENCH_CHARGE_H */
