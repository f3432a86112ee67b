// SPDX-License-Identifier: GPL-2.0
/* Protect whatever is asked about, and count who asks. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "global_reclaim_types.h"
#include "memcg_bpf_ops.h"

char LICENSE[] SEC("license") = "GPL";

/* PF_KSWAPD of include/linux/sched.h, which is no type and so not in BTF */
#define PF_KSWAPD	0x00020000

__u64 asked[NR_RECLAIMERS];

static __always_inline void count(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	__sync_fetch_and_add(&asked[task->flags & PF_KSWAPD ? BY_KSWAPD : BY_TASK], 1);
}

SEC("struct_ops/below_low")
bool BPF_PROG(protect_low, struct mem_cgroup *memcg)
{
	count();
	return true;
}

SEC("struct_ops/below_min")
bool BPF_PROG(protect_min, struct mem_cgroup *memcg)
{
	count();
	return true;
}

SEC(".struct_ops.link")
struct memcg_bpf_ops___known global_ops = {
	.below_low = (void *)protect_low,
	.below_min = (void *)protect_min,
};
