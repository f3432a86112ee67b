// SPDX-License-Identifier: GPL-2.0
/*
 * What a later revision of the interface tells BPF that RFC v6 does not: see
 * struct memcg_bpf_ops___known.  It is noted for each cgroup.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "later_types.h"
#include "memcg_bpf_ops.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u64);
	__type(value, struct later_notes);
} notes SEC(".maps");

static __always_inline struct later_notes *notes_of(struct mem_cgroup *memcg)
{
	struct later_notes none = {};
	__u64 id = memcg_cgroup_id(memcg);

	bpf_map_update_elem(&notes, &id, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&notes, &id);
}

SEC("struct_ops/memcg_charged")
unsigned int BPF_PROG(note_charged, struct mem_cgroup *memcg)
{
	struct later_notes *n = notes_of(memcg);

	if (n)
		__sync_fetch_and_add(&n->charged, 1);
	return 0;
}

SEC("struct_ops/memcg_uncharged")
void BPF_PROG(note_uncharged, struct mem_cgroup *memcg)
{
	struct later_notes *n = notes_of(memcg);

	if (n)
		__sync_fetch_and_add(&n->uncharged, 1);
}

static __always_inline void note(struct later_protection *p,
				 unsigned long threshold, unsigned long usage)
{
	p->threshold = threshold;
	p->usage = usage;
	__sync_fetch_and_add(&p->calls, 1);
}

SEC("struct_ops/below_low")
bool BPF_PROG(note_below_low, struct mem_cgroup *memcg, unsigned long elow,
	      unsigned long usage)
{
	struct later_notes *n = notes_of(memcg);

	if (n)
		note(&n->low, elow, usage);
	return false;
}

SEC("struct_ops/below_min")
bool BPF_PROG(note_below_min, struct mem_cgroup *memcg, unsigned long emin,
	      unsigned long usage)
{
	struct later_notes *n = notes_of(memcg);

	if (n)
		note(&n->min, emin, usage);
	return false;
}

SEC(".struct_ops.link")
struct memcg_bpf_ops___known later_ops = {
	.below_low = (void *)note_below_low,
	.below_min = (void *)note_below_min,
	.memcg_charged = (void *)note_charged,
	.memcg_uncharged = (void *)note_uncharged,
};
