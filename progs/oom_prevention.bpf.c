// SPDX-License-Identifier: GPL-2.0
/*
 * Keep some room free below the parent's memory.max.
 *
 * The ops are attached to the cgroups that can wait.  While the parent has less than
 * reserve_pages left, each batch that one of these charges is delayed by delay_ms.  The
 * room is left for the other cgroups of that parent, which have no such ops.
 *
 * The room is what the parent's page counter says at that moment.  Nothing has to be
 * tuned to the number of tasks, their sizes or their speed, and no task is delayed while
 * there is enough for all.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "delays.h"
#include "memcg_bpf_ops.h"

char LICENSE[] SEC("license") = "GPL";

const volatile __u64 reserve_pages;
const volatile __u32 delay_ms;

/* How many pages can be charged to the parent of @memcg until it is full. */
static __always_inline __u64 room_of_parent(struct mem_cgroup *memcg)
{
	struct page_counter *parent = memcg->memory.parent;
	__u64 max, usage;

	if (!parent)
		return -1ULL;
	max = parent->max;
	usage = parent->usage.counter;
	return usage < max ? max - usage : 0;
}

SEC("struct_ops/get_high_delay_ms")
unsigned int BPF_PROG(delay_without_room, struct mem_cgroup *memcg)
{
	__u32 ms = room_of_parent(memcg) < reserve_pages ? delay_ms : 0;

	count_delay(memcg_cgroup_id(memcg), ms);
	return ms;
}

SEC(".struct_ops.link")
struct memcg_bpf_ops___known low_ops = {
	.get_high_delay_ms = (void *)delay_without_room,
};
