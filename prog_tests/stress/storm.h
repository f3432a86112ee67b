/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PROG_TESTS_STRESS_STORM_H
#define __PROG_TESTS_STRESS_STORM_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "attach_log.h"
#include "model_tree.h"
#include "without.h"

#define STORM_ATTACHERS	3
#define STORM_OPS	(MODEL_OPS / STORM_ATTACHERS)	/* of each of them */

/* in the order of WITHOUT_READ and so on */
enum storm_side {
	STORM_READER,	/* charges, and reclaims by its cgroup's limit */
	STORM_RECLAIMER,
	STORM_CHURNER,	/* makes cgroups, is in them, and removes them */
	STORM_OOM,	/* starts tasks that the OOM killer kills */
	STORM_NR_SIDES,
};

/*
 * Tasks that attach and detach in overlapping subtrees, while others charge,
 * reclaim, make and remove cgroups, and are killed; in memory that all share.
 *
 *   c0
 *   |-- c1
 *   |   |-- c3			memory.max = 8M, when the file is written
 *   |   |   `-- reader		a task reads a file of 12 MiB, again and again
 *   |   `-- c4
 *   |-- c2
 *   |   |-- c5
 *   |   |   `-- oom		memory.max = 4M; tasks touch 16 MiB, and are killed
 *   |   `-- c6
 *   `-- churn			for a moment, below this or another cgroup of the tree
 *
 * The attachers attach to c0 to c6.
 */
struct storm {
	struct model_tree *tree;
	char home[PATH_MAX];	/* cgroup of the tasks that need none of their own */
	char reader[PATH_MAX];
	char oom[PATH_MAX];
	char file[PATH_MAX];
	unsigned int seed;
	volatile bool go;	/* attachers */
	volatile bool stop;	/* all others */
	pid_t sides[STORM_NR_SIDES];
	volatile unsigned int done[STORM_NR_SIDES];	/* how often each did its work */
	struct attach_log logs[STORM_ATTACHERS];
};

/**
 * storm_has() - whether a task takes part
 * @side: which
 *
 * Return: true unless it is left out: see without().
 */
static inline bool storm_has(enum storm_side side)
{
	return !without(WITHOUT_READ + side);
}

/**
 * storm_start() - make the cgroups, and start all but the attachers
 * @tree: a tree that has only its root
 * @seed: what the tasks do depends on it, but not in which order
 *
 * A task that still runs after a failure ends with the testbed.
 *
 * Return: the storm, or NULL with errno set, after a line on stderr.
 */
struct storm *storm_start(struct model_tree *tree, unsigned int seed);

/**
 * storm_round() - run the attachers until each has done what it had to
 * @storm: the storm
 * @round: number of the round; a part of the seed
 *
 * When they have ended, all links are closed.
 *
 * Return: 0, or -1, and the member why of the tree says what failed or cannot be
 * explained.
 */
int storm_round(struct storm *storm, unsigned int round);

/**
 * storm_stop() - end the other tasks, and remove their cgroups
 * @storm: the storm
 *
 * Return: as storm_round().
 */
int storm_stop(struct storm *storm);

#endif /* __PROG_TESTS_STRESS_STORM_H */
