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
#include "memcg_wq.h"
#include "reclaim_types.h"

char LICENSE[] SEC("license") = "GPL";

/* GFP_KERNEL, whose bits differ from kernel to kernel */
const volatile __u32 gfp_kernel;

static __always_inline int reclaim_for(struct reclaim_request *request)
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

SEC("syscall")
int reclaim_now(struct reclaim_request *request)
{
	return reclaim_for(request);
}

/* The same by a work item, which a kernel thread runs. */
struct reclaim_request later;
__u64 later_done;

struct work_item {
	struct bpf_wq work;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, struct work_item);
} work_items SEC(".maps");

static int reclaim_work(void *map, int *key, void *value)
{
	reclaim_for(&later);
	__sync_fetch_and_add(&later_done, 1);
	return 0;
}

SEC("syscall")
int prepare_later(void *ctx)
{
	struct work_item *item;
	int key = 0;

	item = bpf_map_lookup_elem(&work_items, &key);
	return item ? memcg_wq_prepare(&item->work, &work_items, reclaim_work) : 1;
}

SEC("syscall")
int reclaim_later(struct reclaim_request *request)
{
	struct work_item *item;
	int key = 0;

	later = *request;
	item = bpf_map_lookup_elem(&work_items, &key);
	return item ? bpf_wq_start___memcg(&item->work, 0) : 1;
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

/* A memcg that may be NULL: what the kfunc would reclaim from then, nobody knows. */
SEC("?syscall")
int reclaim_unchecked(struct reclaim_request *request)
{
	struct cgroup *cgrp = bpf_cgroup_from_id___memcg(request->cgroup_id);
	struct mem_cgroup *memcg;

	if (!cgrp)
		return 1;
	memcg = bpf_get_mem_cgroup___memcg(&cgrp->self);
	bpf_cgroup_release___memcg(cgrp);
	request->reclaimed =
		bpf_try_to_free_mem_cgroup_pages___memcg(memcg, request->nr_pages,
							 gfp_kernel,
							 request->options,
							 request->swappiness);
	if (memcg)
		bpf_put_mem_cgroup___memcg(memcg);
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
