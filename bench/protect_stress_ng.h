/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_PROTECT_STRESS_NG_H
#define __BENCH_PROTECT_STRESS_NG_H

/**
 * protect_stress_ng_missing() - can stress-ng be run here?
 *
 * Return: what is missing, and what to do about it, in a static string; or NULL.
 */
const char *protect_stress_ng_missing(void);

/**
 * protect_stress_ng_run() - have stress-ng do the work, as a worker's function
 * @work: a struct protect_work.  Of it size, ready, go, begin_ns and end_ns are used, and
 *	file, which is where stress-ng writes what it did; pages are its "bogo operations".
 *
 * As in the RFC's cover letter: one process that writes all of its memory over and over,
 * and keeps it mapped.
 *
 * Return: the exit status, 0 or, after a line on stderr, 1.
 */
int protect_stress_ng_run(void *work);

#endif /* __BENCH_PROTECT_STRESS_NG_H */
