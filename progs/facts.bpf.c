// SPDX-License-Identifier: GPL-2.0
/* Record what get_high_delay_ms reads from the memcg of one cgroup, its argument. */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "memcg_bpf_ops.h"

char LICENSE[] SEC("license") = "GPL";

/* id of the cgroup */
const volatile __u64 id;

/* what was last read; in pages */
__u64 calls;
__u64 usage;
__u64 max;
__u64 high;
__u64 low;
__u64 min;

SEC("struct_ops/get_high_delay_ms")
unsigned int BPF_PROG(note_facts, struct mem_cgroup *memcg)
{
	if (memcg_cgroup_id(memcg) != id)
		return 0;

	usage = memcg->memory.usage.counter;
	max = memcg->memory.max;
	high = memcg->memory.high;
	low = memcg->memory.low;
	min = memcg->memory.min;
	__sync_fetch_and_add(&calls, 1);
	return 0;
}

SEC(".struct_ops.link")
struct memcg_bpf_ops___known facts_ops = {
	.get_high_delay_ms = (void *)note_facts,
};
