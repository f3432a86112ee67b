/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_DELAY_STATS_H
#define __LIB_DELAY_STATS_H

#include <bpf/libbpf.h>

#include "delays.h"

/**
 * delay_stats_of() - read what BPF was asked about a cgroup, and its answers
 * @delays: the map of that name in a program that includes progs/delays.h
 * @cgroup: path of the cgroup
 *
 * Return: the counters, all 0 if it was never asked.
 */
struct delay_stats delay_stats_of(const struct bpf_map *delays,
				  const char *cgroup);

#endif /* __LIB_DELAY_STATS_H */
