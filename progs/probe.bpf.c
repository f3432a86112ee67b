// SPDX-License-Identifier: GPL-2.0
/*
 * The callbacks that all revisions have.  They count their calls for each cgroup, and
 * answer what user space has set.  Each loaded instance has counters of its own, so a
 * test that loads several sees whose callback ran.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "memcg_bpf_ops.h"
#include "probe_types.h"

char LICENSE[] SEC("license") = "GPL";

/* calls for all cgroups together */
__u64 totals[PROBE_NR_CALLBACKS];
/* calls for cgroups without counters: see PROBE_MAX_CGROUPS */
__u64 lost;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PROBE_MAX_CGROUPS);
	__type(key, __u64);
	__type(value, struct probe_stats);
} stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PROBE_MAX_CGROUPS);
	__type(key, __u64);
	__type(value, struct probe_answer);
} answers SEC(".maps");

static __always_inline struct probe_stats *
count(struct mem_cgroup *memcg, enum probe_callback callback)
{
	struct probe_stats zero = {}, *s;
	__u64 id = memcg_cgroup_id(memcg);

	s = bpf_map_lookup_elem(&stats, &id);
	if (!s) {
		bpf_map_update_elem(&stats, &id, &zero, BPF_NOEXIST);
		s = bpf_map_lookup_elem(&stats, &id);
	}
	__sync_fetch_and_add(s ? &s->calls[callback] : &lost, 1);
	__sync_fetch_and_add(&totals[callback], 1);
	return s;
}

static __always_inline struct probe_answer *answer(struct mem_cgroup *memcg)
{
	__u64 id = memcg_cgroup_id(memcg), others = 0;
	struct probe_answer *a;

	a = bpf_map_lookup_elem(&answers, &id);
	return a ?: bpf_map_lookup_elem(&answers, &others);
}

SEC("struct_ops/handle_cgroup_online")
void BPF_PROG(probe_online, struct mem_cgroup *memcg)
{
	count(memcg, PROBE_ONLINE);
}

SEC("struct_ops/handle_cgroup_offline")
void BPF_PROG(probe_offline, struct mem_cgroup *memcg)
{
	count(memcg, PROBE_OFFLINE);
}

SEC("struct_ops/below_low")
bool BPF_PROG(probe_below_low, struct mem_cgroup *memcg)
{
	struct probe_answer *a = answer(memcg);

	count(memcg, PROBE_BELOW_LOW);
	return a && a->below_low;
}

SEC("struct_ops/below_min")
bool BPF_PROG(probe_below_min, struct mem_cgroup *memcg)
{
	struct probe_answer *a = answer(memcg);

	count(memcg, PROBE_BELOW_MIN);
	return a && a->below_min;
}

SEC("struct_ops/get_high_delay_ms")
unsigned int BPF_PROG(probe_delay, struct mem_cgroup *memcg)
{
	struct probe_stats *s = count(memcg, PROBE_DELAY);
	struct probe_answer *a = answer(memcg);

	if (!a || !a->delay_ms)
		return 0;
	if (s) {
		__sync_fetch_and_add(&s->delays, 1);
		__sync_fetch_and_add(&s->delay_ms_sum, a->delay_ms);
	}
	return a->delay_ms;
}

SEC(".struct_ops.link")
struct memcg_bpf_ops___known probe_ops = {
	.handle_cgroup_online = (void *)probe_online,
	.handle_cgroup_offline = (void *)probe_offline,
	.below_low = (void *)probe_below_low,
	.below_min = (void *)probe_below_min,
	.get_high_delay_ms = (void *)probe_delay,
};
