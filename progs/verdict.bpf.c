// SPDX-License-Identifier: GPL-2.0
/*
 * Programs for get_high_delay_ms that the verifier must refuse, and one that it must take.
 *
 * Each refused program differs from sound() in one thing, and has a map of its own:
 * verifier.c creates one map at a time, and libbpf loads only the programs of that map.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "memcg_bpf_ops.h"

char LICENSE[] SEC("license") = "GPL";

__u64 told;

#define OPS(program)							\
SEC(".struct_ops.link")							\
struct memcg_bpf_ops___known program##_ops = {				\
	.get_high_delay_ms = (void *)program,				\
}

/* Reads whatever the others write, and calls a helper. */
SEC("struct_ops/get_high_delay_ms")
unsigned int BPF_PROG(sound, struct mem_cgroup *memcg)
{
	return bpf_ktime_get_ns() && memcg->memory.max &&
		memcg->memory.usage.counter && memcg->css.cgroup->max_depth;
}

OPS(sound);

SEC("struct_ops/get_high_delay_ms")
unsigned int BPF_PROG(write_limit, struct mem_cgroup *memcg)
{
	memcg->memory.max = 0;
	return 0;
}

OPS(write_limit);

SEC("struct_ops/get_high_delay_ms")
unsigned int BPF_PROG(add_to_usage, struct mem_cgroup *memcg)
{
	__sync_fetch_and_add(&memcg->memory.usage.counter, 1);
	return 0;
}

OPS(add_to_usage);

SEC("struct_ops/get_high_delay_ms")
unsigned int BPF_PROG(write_cgroup, struct mem_cgroup *memcg)
{
	memcg->css.cgroup->max_depth = 0;
	return 0;
}

OPS(write_cgroup);

/* This callback has one argument in all revisions. */
SEC("struct_ops/handle_cgroup_online")
void BPF_PROG(two_arguments, struct mem_cgroup *memcg, unsigned long more)
{
	told = more;
}

SEC(".struct_ops.link")
struct memcg_bpf_ops___known two_arguments_ops = {
	.handle_cgroup_online = (void *)two_arguments,
};

/* For programs that have a packet, which this one has not. */
SEC("struct_ops/get_high_delay_ms")
unsigned int packet_helper(unsigned long long *ctx)
{
	char byte = 0;

	bpf_skb_load_bytes(ctx, 0, &byte, sizeof(byte));
	return byte;
}

OPS(packet_helper);

/* For tracing programs. */
SEC("struct_ops/get_high_delay_ms")
unsigned int BPF_PROG(tracing_helper, struct mem_cgroup *memcg)
{
	char byte = 0;

	return bpf_probe_write_user((void *)memcg->memory.max, &byte, sizeof(byte));
}

OPS(tracing_helper);

/* Ops with a member that no kernel has. */
struct memcg_bpf_ops___unknown {
	unsigned int (*get_high_delay_ms)(struct mem_cgroup *memcg);
	unsigned int (*memcg_charged)(struct mem_cgroup *memcg,
				      unsigned int nr_pages);
	unsigned int (*no_such_callback)(struct mem_cgroup *memcg);
};

SEC(".struct_ops.link")
struct memcg_bpf_ops___unknown unknown_ops = {
	.get_high_delay_ms = (void *)sound,
	.no_such_callback = (void *)sound,
};
