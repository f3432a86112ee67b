/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_ANALYZE_REGRESSIONS_H
#define __BENCH_ANALYZE_REGRESSIONS_H

#include "csv.h"
#include "stats.h"

/**
 * regressions_print() - print a line for each result that has become worse, or better
 * @old: the file of --against, whose rows are in csv, too (against_join())
 * @o: how to calculate
 *
 * Return: the exit status, 1 if something has become worse.
 */
int regressions_print(const struct csv *old, const struct stats_options *o);

#endif /* __BENCH_ANALYZE_REGRESSIONS_H */
