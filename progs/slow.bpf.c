// SPDX-License-Identifier: GPL-2.0
/* Callbacks that take take_ns, so that a test can close the link while one runs. */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "memcg_bpf_ops.h"

char LICENSE[] SEC("license") = "GPL";

/* The largest number of loops that bpf_loop() takes: the time ends the loop earlier. */
#define MAX_LOOPS (1U << 23)

const volatile __u64 take_ns;

__u64 begun, done;

static int is_over(__u32 i, __u64 *begin_ns)
{
	return bpf_ktime_get_ns() - *begin_ns >= take_ns;
}

static __always_inline void take_time(void)
{
	__u64 begin_ns = bpf_ktime_get_ns();

	__sync_fetch_and_add(&begun, 1);
	bpf_loop(MAX_LOOPS, is_over, &begin_ns, 0);
	__sync_fetch_and_add(&done, 1);
}

SEC("struct_ops/below_low")
bool BPF_PROG(slow_below_low, struct mem_cgroup *memcg)
{
	take_time();
	return false;
}

SEC("struct_ops/below_min")
bool BPF_PROG(slow_below_min, struct mem_cgroup *memcg)
{
	take_time();
	return false;
}

SEC("struct_ops/get_high_delay_ms")
unsigned int BPF_PROG(slow_delay, struct mem_cgroup *memcg)
{
	take_time();
	return 0;
}

SEC("struct_ops/memcg_uncharged")
void BPF_PROG(slow_uncharged, struct mem_cgroup *memcg)
{
	take_time();
}

/* one for each callback, with nothing else */
SEC(".struct_ops.link")
struct memcg_bpf_ops___known slow_below_low_ops = {
	.below_low = (void *)slow_below_low,
};

SEC(".struct_ops.link")
struct memcg_bpf_ops___known slow_below_min_ops = {
	.below_min = (void *)slow_below_min,
};

SEC(".struct_ops.link")
struct memcg_bpf_ops___known slow_delay_ops = {
	.get_high_delay_ms = (void *)slow_delay,
};

SEC(".struct_ops.link")
struct memcg_bpf_ops___known slow_uncharged_ops = {
	.memcg_uncharged = (void *)slow_uncharged,
};
