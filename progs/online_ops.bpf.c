// SPDX-License-Identifier: GPL-2.0
/* Does handle_cgroup_online find the ops in the memcg that it is given? */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "memcg_bpf_ops.h"

char LICENSE[] SEC("license") = "GPL";

/* What all revisions call it; vmlinux.h need not have it. */
struct mem_cgroup___with_ops {
	void *bpf_ops;
} __attribute__((preserve_access_index));

/* Can a program see a memcg's ops at all? */
bool can_see;
__u64 calls;
__u64 found;	/* calls in which the memcg had its parent's ops */

static __always_inline __u64 ops_of(void *memcg)
{
	struct mem_cgroup___with_ops *with_ops = memcg;

	return (__u64)BPF_CORE_READ(with_ops, bpf_ops);
}

SEC("struct_ops/handle_cgroup_online")
void BPF_PROG(look_for_ops, struct mem_cgroup *memcg)
{
	/* The css is the first member of a memcg. */
	void *parent = memcg->css.parent;
	__u64 ops;

	__sync_fetch_and_add(&calls, 1);
	can_see = bpf_core_field_exists(struct mem_cgroup___with_ops, bpf_ops);
	if (!can_see)
		return;
	ops = ops_of(memcg);
	if (ops && ops == ops_of(parent))
		__sync_fetch_and_add(&found, 1);
}

SEC(".struct_ops.link")
struct memcg_bpf_ops___known online_ops = {
	.handle_cgroup_online = (void *)look_for_ops,
};
