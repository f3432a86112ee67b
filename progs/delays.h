/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls of the delay callback for each cgroup, and their answers.  BPF programs count
 * them, and user space reads them: see lib/delay_stats.h.
 */
#ifndef __DELAYS_H
#define __DELAYS_H

#define DELAYS_MAX_CGROUPS 64

/* the calls of the delay callback for one cgroup */
struct delay_stats {
	__u64 calls;
	__u64 delays;	/* calls that returned more than 0 */
	__u64 delay_ms_sum;	/* sum of the delays they returned, in ms */
};

#ifdef __bpf__

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DELAYS_MAX_CGROUPS);
	__type(key, __u64);
	__type(value, struct delay_stats);
} delays SEC(".maps");

/* Count a call for the cgroup @id, answered with @ms. */
static __always_inline void count_delay(__u64 id, __u32 ms)
{
	struct delay_stats zero = {}, *stats;

	bpf_map_update_elem(&delays, &id, &zero, BPF_NOEXIST);
	stats = bpf_map_lookup_elem(&delays, &id);
	if (!stats)
		return;

	__sync_fetch_and_add(&stats->calls, 1);
	if (ms) {
		__sync_fetch_and_add(&stats->delays, 1);
		__sync_fetch_and_add(&stats->delay_ms_sum, ms);
	}
}

#endif /* __bpf__ */

#endif /* __DELAYS_H */
