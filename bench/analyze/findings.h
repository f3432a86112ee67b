/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_ANALYZE_FINDINGS_H
#define __BENCH_ANALYZE_FINDINGS_H

#include "stats.h"

/**
 * findings_print() - say on stdout what the results of a benchmark come to
 * @o: how to calculate
 *
 * Prints a line for each finding, nothing for a benchmark that has none.  Medians are
 * those of trials; in brackets is the interval of the median, or of the ratio.  What no
 * trial has measured is left out.
 *
 * Return: 0, or -ENOENT if the CSV lacks a column that the findings are about; the
 * message is on stderr.
 */
int findings_print(const struct stats_options *o);

#endif /* __BENCH_ANALYZE_FINDINGS_H */
