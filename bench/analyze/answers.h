/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_ANALYZE_ANSWERS_H
#define __BENCH_ANALYZE_ANSWERS_H

#include "stats.h"

/**
 * answers_baseline() - what the answer compares with
 *
 * Return: COLUMN=LEVEL, or NULL: the baseline of the CSV.
 */
const char *answers_baseline(void);

/**
 * answers_print() - answer on stdout the question that a benchmark was made for
 * @o: how to calculate
 *
 * Of all that the findings say this is what was asked on the list: what the interface
 * costs those who do not use it (overhead), what it adds to what user space can do
 * (protect), and who pays for reclaim in the background (reclaim).  Prints nothing
 * for another benchmark.
 *
 * Return: 0, or -ENOENT if the CSV lacks a column that the answer is about; the message is
 * on stderr.
 */
int answers_print(const struct stats_options *o);

#endif /* __BENCH_ANALYZE_ANSWERS_H */
