/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_ANALYZE_FINDINGS_STRATEGIES_H
#define __BENCH_ANALYZE_FINDINGS_STRATEGIES_H

/* The benchmarks in which something has to be done, and strategies do it. */

/**
 * findings_of_reclaim() - compare who reclaims, in a line for each workload
 * @value: the column that was calculated
 */
void findings_of_reclaim(const char *value);

/**
 * findings_of_protect() - compare who protects HIGH, in a line for each way it works
 * @value: the column that was calculated
 */
void findings_of_protect(const char *value);

/**
 * answer_of_reclaim() - say which part of the processor time somebody else pays
 * @value: the column that was calculated
 */
void answer_of_reclaim(const char *value);

/**
 * answer_of_protect() - say what user space does worse than BPF, or better
 * @value: the column that was calculated, with strategy=bpf as the baseline
 */
void answer_of_protect(const char *value);

#endif /* __BENCH_ANALYZE_FINDINGS_STRATEGIES_H */
