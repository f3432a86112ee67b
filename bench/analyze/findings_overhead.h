/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_ANALYZE_FINDINGS_OVERHEAD_H
#define __BENCH_ANALYZE_FINDINGS_OVERHEAD_H

/**
 * findings_of_overhead() - say what a charge costs, in a line for each kind of charge
 * @value: the column that was calculated.  Instructions say it better than time, where
 *	they were counted; nothing is said of another one.
 */
void findings_of_overhead(const char *value);

/**
 * answer_of_overhead() - say in a sentence what the interface costs those who do not use it
 * @value: the column that was calculated, as for findings_of_overhead()
 */
void answer_of_overhead(const char *value);

#endif /* __BENCH_ANALYZE_FINDINGS_OVERHEAD_H */
