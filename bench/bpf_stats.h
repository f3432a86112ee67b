/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_BPF_STATS_H
#define __BENCH_BPF_STATS_H

#include <stdint.h>

struct bpf_object;

/* What the programs of an object have done, on all processors. */
struct bpf_stats {
	uint64_t calls;
	uint64_t run_time_ns;
};

/**
 * bpf_stats_start() - have the kernel count calls of BPF programs, and how long they run
 *
 * All programs of the system, which costs each call two readings of the clock.
 *
 * Return: a file descriptor, until whose close() it does, or a negative errno.
 */
int bpf_stats_start(void);

/**
 * bpf_stats_of() - what the programs of an object have done while that was counted
 * @object: the object, loaded
 * @stats: where to put it
 *
 * Return: 0, or a negative errno.
 */
int bpf_stats_of(const struct bpf_object *object, struct bpf_stats *stats);

#endif /* __BENCH_BPF_STATS_H */
