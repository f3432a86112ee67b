// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim in the background: keep the sum of what is charged to a cgroup, and when
 * that is high start a bpf_wq, which reclaims until it is low.
 *
 * The kfuncs are declared under a flavour of their names: see memcg_kfuncs.h.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "async_reclaim_types.h"
#include "memcg_bpf_ops.h"
#include "memcg_kfuncs.h"
#include "memcg_wq.h"
#include "reclaim_types.h"

char LICENSE[] SEC("license") = "GPL";

const volatile __u32 gfp_kernel;
const volatile __u64 watched_id;
const volatile __s64 high_pages;	/* start above */
const volatile __s64 low_pages;		/* stop at */
const volatile bool may_swap;

/* far below what a worker may do at a time */
#define ROUNDS 64

struct async_reclaim_state state;

struct background {
	struct bpf_wq work;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, struct background);
} background SEC(".maps");

static void reclaim_until_low(struct mem_cgroup *memcg)
{
	const unsigned int options = may_swap ? RECLAIM_MAY_SWAP : 0;
	__u64 reclaimed;
	__s64 above;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		above = state.usage - low_pages;
		if (above <= 0)
			break;
		reclaimed = bpf_try_to_free_mem_cgroup_pages___memcg(memcg, above,
								     gfp_kernel, options, -1);
		/* The error is an unsigned number, too. */
		if ((__s64)reclaimed < 0)
			__sync_fetch_and_add(&state.errors, 1);
		else
			__sync_fetch_and_add(&state.reclaimed, reclaimed);
	}
}

static int work(void *map, int *key, void *value)
{
	struct mem_cgroup *memcg = get_memcg(watched_id);

	__sync_fetch_and_add(&state.runs, 1);
	if (memcg) {
		reclaim_until_low(memcg);
		bpf_put_mem_cgroup___memcg(memcg);
	}
	/* A charge from now on starts it again. */
	__sync_lock_test_and_set(&state.awake, 0);
	return 0;
}

SEC("syscall")
int prepare(void *ctx)
{
	struct background *bg;
	int key = 0;

	bg = bpf_map_lookup_elem(&background, &key);
	return bg ? memcg_wq_prepare(&bg->work, &background, work) : 1;
}

SEC("struct_ops/memcg_charged")
unsigned int BPF_PROG(start_when_high, struct mem_cgroup *memcg, unsigned int nr_pages)
{
	struct background *bg;
	int key = 0;

	if (memcg_cgroup_id(memcg) != watched_id)
		return 0;
	if (__sync_fetch_and_add(&state.usage, nr_pages) + nr_pages <= high_pages)
		return 0;
	if (__sync_lock_test_and_set(&state.awake, 1))
		return 0;
	__sync_fetch_and_add(&state.wakeups, 1);
	bg = bpf_map_lookup_elem(&background, &key);
	if (bg)
		bpf_wq_start___memcg(&bg->work, 0);
	return 0;
}

SEC("struct_ops/memcg_uncharged")
void BPF_PROG(count_down, struct mem_cgroup *memcg, unsigned int nr_pages)
{
	if (memcg_cgroup_id(memcg) == watched_id)
		__sync_fetch_and_add(&state.usage, -(__s64)nr_pages);
}

SEC(".struct_ops.link")
struct memcg_bpf_ops___known async_reclaim_ops = {
	.memcg_charged = (void *)start_when_high,
	.memcg_uncharged = (void *)count_down,
};
