// SPDX-License-Identifier: GPL-2.0
/*
 * Ops that change nothing, to see what it costs to have them: one without
 * callbacks, one for each callback, which does as little as it can and says no,
 * and one with all.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "memcg_bpf_ops.h"

char LICENSE[] SEC("license") = "GPL";

SEC("struct_ops/handle_cgroup_online")
void BPF_PROG(do_online, struct mem_cgroup *memcg)
{
}

SEC("struct_ops/handle_cgroup_offline")
void BPF_PROG(do_offline, struct mem_cgroup *memcg)
{
}

SEC("struct_ops/below_low")
bool BPF_PROG(no_below_low, struct mem_cgroup *memcg)
{
	return false;
}

SEC("struct_ops/below_min")
bool BPF_PROG(no_below_min, struct mem_cgroup *memcg)
{
	return false;
}

SEC("struct_ops/get_high_delay_ms")
unsigned int BPF_PROG(no_delay, struct mem_cgroup *memcg)
{
	return 0;
}

SEC("struct_ops/memcg_uncharged")
void BPF_PROG(do_uncharged, struct mem_cgroup *memcg, unsigned int nr_pages)
{
}

SEC(".struct_ops.link")
struct memcg_bpf_ops___known empty_ops = {};

SEC(".struct_ops.link")
struct memcg_bpf_ops___known online_ops = {
	.handle_cgroup_online = (void *)do_online,
};

SEC(".struct_ops.link")
struct memcg_bpf_ops___known offline_ops = {
	.handle_cgroup_offline = (void *)do_offline,
};

SEC(".struct_ops.link")
struct memcg_bpf_ops___known below_low_ops = {
	.below_low = (void *)no_below_low,
};

SEC(".struct_ops.link")
struct memcg_bpf_ops___known below_min_ops = {
	.below_min = (void *)no_below_min,
};

SEC(".struct_ops.link")
struct memcg_bpf_ops___known delay_ops = {
	.get_high_delay_ms = (void *)no_delay,
};

SEC(".struct_ops.link")
struct memcg_bpf_ops___known uncharged_ops = {
	.memcg_uncharged = (void *)do_uncharged,
};

SEC(".struct_ops.link")
struct memcg_bpf_ops___known all_ops = {
	.handle_cgroup_online = (void *)do_online,
	.handle_cgroup_offline = (void *)do_offline,
	.below_low = (void *)no_below_low,
	.below_min = (void *)no_below_min,
	.get_high_delay_ms = (void *)no_delay,
	.memcg_uncharged = (void *)do_uncharged,
};
