// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim from a memcg by bpf_try_to_free_mem_cgroup_pages().  The verifier takes
 * reclaim_now, and refuses the other programs, each of which differs from it in one thing.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "memcg_bpf_ops.h"
#include "memcg_kfuncs.h"
#include "reclaim_types.h"

char LICENSE[] SEC("license") = "GPL";

/* GFP_KERNEL, whose bits differ from kernel to kernel */
const volatile __u32 gfp_kernel;

SEC("syscall")
int reclaim_now(struct reclaim_request *request)
{
	struct mem_cgroup *memcg = get_memcg(request->cgroup_id);

	if (!memcg)
		return 1;
	request->reclaimed =
		bpf_try_to_free_mem_cgroup_pages___memcg(memcg, request->nr_pages,
							 gfp_kernel,
							 request->options,
							 request->swappiness);
	bpf_put_mem_cgroup___memcg(memcg);
	return 0;
}

/* An untrusted pointer to a memcg. */
SEC("?syscall")
int reclaim_untrusted(struct reclaim_request *request)
{
	struct mem_cgroup *memcg = bpf_rdonly_cast((void *)request->cgroup_id,
			bpf_core_type_id_kernel(struct mem_cgroup));

	request->reclaimed =
		bpf_try_to_free_mem_cgroup_pages___memcg(memcg, request->nr_pages,
							 gfp_kernel,
							 request->options,
							 request->swappiness);
	return 0;
}

/* A memcg whose reference was put before. */
SEC("?syscall")
int reclaim_released(struct reclaim_request *request)
{
	struct mem_cgroup *memcg = get_memcg(request->cgroup_id);

	if (!memcg)
		return 1;
	bpf_put_mem_cgroup___memcg(memcg);
	request->reclaimed =
		bpf_try_to_free_mem_cgroup_pages___memcg(memcg, request->nr_pages,
							 gfp_kernel,
							 request->options,
							 request->swappiness);
	return 0;
}

/* A program that may not sleep, with a trusted memcg. */
SEC("?struct_ops/handle_cgroup_online")
void BPF_PROG(reclaim_in_callback, struct mem_cgroup *memcg)
{
	bpf_try_to_free_mem_cgroup_pages___memcg(memcg, 1, gfp_kernel, 0, -1);
}

SEC(".struct_ops.link")
struct memcg_bpf_ops___known reclaim_ops = {
	.handle_cgroup_online = (void *)reclaim_in_callback,
};
