// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim from a memcg by bpf_try_to_free_mem_cgroup_pages(): one program that may,
 * and some that may not, each of which differs from it in one thing.
 *
 * vmlinux.h may declare the kfuncs or not, so they are declared here under a flavour
 * of their names, which libbpf ignores.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "memcg_bpf_ops.h"
#include "reclaim_types.h"

char LICENSE[] SEC("license") = "GPL";

/* GFP_KERNEL, whose bits differ from kernel to kernel */
const volatile __u32 gfp_kernel;

extern struct cgroup *bpf_cgroup_from_id___memcg(__u64 id) __ksym __weak;
extern void bpf_cgroup_release___memcg(struct cgroup *cgrp) __ksym __weak;
extern struct mem_cgroup *
bpf_get_mem_cgroup___memcg(struct cgroup_subsys_state *css) __ksym __weak;
extern void bpf_put_mem_cgroup___memcg(struct mem_cgroup *memcg) __ksym __weak;
extern unsigned long
bpf_try_to_free_mem_cgroup_pages___memcg(struct mem_cgroup *memcg,
					 unsigned long nr_pages, gfp_t gfp_mask,
					 unsigned int reclaim_options,
					 int swappiness) __ksym __weak;

static __always_inline struct mem_cgroup *get_memcg(__u64 cgroup_id)
{
	struct cgroup *cgrp = bpf_cgroup_from_id___memcg(cgroup_id);
	struct mem_cgroup *memcg;

	if (!cgrp)
		return NULL;
	memcg = bpf_get_mem_cgroup___memcg(&cgrp->self);
	bpf_cgroup_release___memcg(cgrp);
	return memcg;
}

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

/* A memcg that nobody vouches for. */
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

/* One that was let go before. */
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

/* A program that may not sleep, with a memcg that is beyond doubt. */
SEC("?struct_ops/handle_cgroup_online")
void BPF_PROG(reclaim_in_callback, struct mem_cgroup *memcg)
{
	bpf_try_to_free_mem_cgroup_pages___memcg(memcg, 1, gfp_kernel, 0, -1);
}

SEC(".struct_ops.link")
struct memcg_bpf_ops___known reclaim_ops = {
	.handle_cgroup_online = (void *)reclaim_in_callback,
};
