/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_ANALYZE_AGAINST_H
#define __BENCH_ANALYZE_AGAINST_H

#include <stdbool.h>
#include <stddef.h>

#include "csv.h"
#include "stats.h"

/* The column that against_join() adds: which of the two runs a row is of. */
#define AGAINST_COLUMN	"run"
#define AGAINST_OLD	"old"
#define AGAINST_NEW	"new"

/**
 * against_differs() - can times in two files of a benchmark be compared at all?
 * @old: a file
 * @new: another
 * @text: where to put what differs, as a line without its end
 * @size: size of @text, in bytes
 *
 * They can if the same benchmark ran on the same processors with the same
 * accelerator and clock, and with the same parameters.  Parameters that are
 * factors may have other levels: each is compared with itself.  Another kernel is
 * what this is for.
 *
 * Return: true if they differ.
 */
bool against_differs(const struct csv *old, const struct csv *new, char *text,
		     size_t size);

/**
 * against_join() - put the rows of a file behind those of another
 * @new: the file, which gets one more column, AGAINST_COLUMN, before the others
 * @old: the other, which must live as long as @new
 *
 * Columns are matched by name.  What @old does not have is empty in its rows.
 * @new must not have that column yet.
 */
void against_join(struct csv *new, const struct csv *old);

enum against_verdict {
	AGAINST_SAME,		/* or the difference may be chance */
	AGAINST_BETTER,
	AGAINST_WORSE,
	AGAINST_UNKNOWN,	/* too few trials, or there is no ratio to 0 */
};

/**
 * against_judge() - has a result moved?
 * @c: new values against old ones, p corrected
 * @worse: more, less or either, as "# worse" of the file says
 * @bound: how much it may move, as 0.1
 * @confidence: of the intervals, as 0.95
 *
 * It has if all of the interval of the ratio is beyond 1 + bound or 1 - bound, and
 * the rank test agrees.
 *
 * Return: the verdict.
 */
enum against_verdict against_judge(const struct comparison *c,
				   const char *worse, double bound,
				   double confidence);

#endif /* __BENCH_ANALYZE_AGAINST_H */
