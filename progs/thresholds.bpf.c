// SPDX-License-Identifier: GPL-2.0
/*
 * Record the arguments of below_low and below_min for the cgroups that user space has made
 * an entry for.  below_min protects such a cgroup by its arguments: up to a usage.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "memcg_bpf_ops.h"
#include "thresholds_types.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, THRESHOLDS_MAX_CGROUPS);
	__type(key, __u64);
	__type(value, struct thresholds_told);
} told SEC(".maps");

static __always_inline struct thresholds_told *told_of(struct mem_cgroup *memcg)
{
	__u64 id = memcg_cgroup_id(memcg);

	return bpf_map_lookup_elem(&told, &id);
}

static __always_inline void note(struct thresholds_side *side, __u64 threshold,
				 __u64 usage, __u64 effective)
{
	if (!side->calls)
		side->first = threshold;
	side->threshold = threshold;
	side->usage = usage;
	if (threshold != effective)
		__sync_fetch_and_add(&side->differs, 1);
	__sync_fetch_and_add(&side->calls, 1);
}

SEC("struct_ops/below_low")
bool BPF_PROG(note_below_low, struct mem_cgroup *memcg, unsigned long elow,
	      unsigned long usage)
{
	struct thresholds_told *t = told_of(memcg);

	if (!t)
		return false;
	note(&t->low, elow, usage, memcg->memory.elow);
	return false;
}

SEC("struct_ops/below_min")
bool BPF_PROG(note_below_min, struct mem_cgroup *memcg, unsigned long emin,
	      unsigned long usage)
{
	struct thresholds_told *t = told_of(memcg);

	if (!t)
		return false;
	note(&t->min, emin, usage, memcg->memory.emin);
	return t->keep && usage <= t->keep;
}

SEC(".struct_ops.link")
struct memcg_bpf_ops___known thresholds_ops = {
	.below_low = (void *)note_below_low,
	.below_min = (void *)note_below_min,
};
