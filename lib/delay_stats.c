// SPDX-License-Identifier: GPL-2.0
#include "cgroup.h"
#include "delay_stats.h"

struct delay_stats delay_stats_of(const struct bpf_map *delays,
				  const char *cgroup)
{
	struct delay_stats stats = {};
	uint64_t id = cg_id(cgroup);

	bpf_map__lookup_elem(delays, &id, sizeof(id), &stats, sizeof(stats), 0);
	return stats;
}
