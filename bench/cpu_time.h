/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_CPU_TIME_H
#define __BENCH_CPU_TIME_H

#include <stdint.h>

/**
 * cpu_time_of_kworkers() - processor time that all kworkers of the kernel have taken
 *
 * Of those that are there: one that ends takes its time with it.  A kworker lasts for
 * five minutes after its last work.
 *
 * Return: nanoseconds, or a negative errno.
 */
int64_t cpu_time_of_kworkers(void);

/**
 * cpu_time_of_cgroup() - processor time that the tasks of a cgroup have taken
 * @cgroup: path of the cgroup
 *
 * Return: nanoseconds since the cgroup exists, or a negative errno.
 */
int64_t cpu_time_of_cgroup(const char *cgroup);

#endif /* __BENCH_CPU_TIME_H */
