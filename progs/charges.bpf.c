// SPDX-License-Identifier: GPL-2.0
/*
 * Keep the sums of what memcg_charged and memcg_uncharged are told, for each cgroup
 * that user space has made an entry for.
 *
 * The callbacks run in any context, also where a map cannot add an entry.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "charges_types.h"
#include "memcg_bpf_ops.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CHARGES_MAX_CGROUPS);
	__type(key, __u64);
	__type(value, struct charges_sum);
} sums SEC(".maps");

/* What is told so far, the call that runs included, is what the kernel has counted. */
static __always_inline void compare(struct charges_side *side, struct charges_sum *sum,
				    struct mem_cgroup *memcg)
{
	if (sum->charged.pages - sum->uncharged.pages ==
	    (__u64)memcg->memory.usage.counter)
		__sync_fetch_and_add(&side->counted, 1);
}

static __always_inline void add(struct charges_side *side, __u32 nr_pages)
{
	__sync_fetch_and_add(&side->calls, 1);
	__sync_fetch_and_add(&side->pages, nr_pages);
	/* Of two calls at the same time one may be lost.  The next such call corrects it. */
	if (nr_pages > side->largest)
		side->largest = nr_pages;
	if (nr_pages < side->smallest || !side->smallest)
		side->smallest = nr_pages;
}

SEC("struct_ops/memcg_charged")
unsigned int BPF_PROG(add_charged, struct mem_cgroup *memcg, unsigned int nr_pages)
{
	__u64 id = memcg_cgroup_id(memcg);
	struct charges_sum *sum = bpf_map_lookup_elem(&sums, &id);

	if (sum) {
		add(&sum->charged, nr_pages);
		compare(&sum->charged, sum, memcg);
	}
	return 0;
}

SEC("struct_ops/memcg_uncharged")
void BPF_PROG(add_uncharged, struct mem_cgroup *memcg, unsigned int nr_pages)
{
	__u64 id = memcg_cgroup_id(memcg);
	struct charges_sum *sum = bpf_map_lookup_elem(&sums, &id);

	if (sum) {
		add(&sum->uncharged, nr_pages);
		compare(&sum->uncharged, sum, memcg);
	}
}

SEC("struct_ops/handle_cgroup_offline")
void BPF_PROG(note_offline, struct mem_cgroup *memcg)
{
	__u64 id = memcg_cgroup_id(memcg);
	struct charges_sum *sum = bpf_map_lookup_elem(&sums, &id);

	if (sum)
		__sync_fetch_and_add(&sum->offline, 1);
}

SEC(".struct_ops.link")
struct memcg_bpf_ops___known charges_ops = {
	.handle_cgroup_offline = (void *)note_offline,
	.memcg_charged = (void *)add_charged,
	.memcg_uncharged = (void *)add_uncharged,
};
