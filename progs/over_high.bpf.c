// SPDX-License-Identifier: GPL-2.0
/*
 * Delay the tasks of LOW, and protect HIGH, while HIGH faults.
 *
 * The trigger counts the page faults of HIGH in windows of window_ns.  When a
 * window has more than threshold of them it is hot, and stays hot for another
 * window_ns.  While it is hot get_high_delay_ms() asks for delay_ms, and the ops
 * for HIGH, of which there is one for each kind of protection, say yes.
 *
 * Every call is accounted to the cgroup that the kernel asked for, whichever
 * that is.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "delays.h"
#include "memcg_bpf_ops.h"

char LICENSE[] SEC("license") = "GPL";

const volatile __u64 high_id;
const volatile __u64 threshold;
const volatile __u64 window_ns;
const volatile __u32 delay_ms;

/* what the trigger saw */
__u64 high_faults;
__u64 hot_windows;

/* how often the kernel asked whether HIGH is protected, and was told so */
__u64 protect_calls;
__u64 protect_yes;

static __u64 window_start;
static __u64 window_faults;
static __u64 hot_since;

SEC("tp/memcg/count_memcg_events")
int count_high_faults(struct trace_event_raw_memcg_rstat_events___memcg_bpf *ctx)
{
	__u64 now;

	if (ctx->id != high_id ||
	    ctx->item != bpf_core_enum_value(enum vm_event_item, PGFAULT))
		return 0;

	__sync_fetch_and_add(&high_faults, ctx->val);

	/*
	 * The windows are not exact where several tasks of HIGH fault at once.
	 * A fault that is lost or counted twice then does no harm.
	 */
	now = bpf_ktime_get_ns();
	if (now - window_start >= window_ns) {
		window_start = now;
		window_faults = 0;
	}
	window_faults += ctx->val;
	if (window_faults > threshold) {
		__sync_fetch_and_add(&hot_windows, 1);
		hot_since = now;
		window_start = now;
		window_faults = 0;
	}
	return 0;
}

static __always_inline bool trigger_is_hot(void)
{
	__u64 since = hot_since;

	return since && bpf_ktime_get_ns() - since < window_ns;
}

SEC("struct_ops/get_high_delay_ms")
unsigned int BPF_PROG(delay_low, struct mem_cgroup *memcg)
{
	__u32 ms = trigger_is_hot() ? delay_ms : 0;

	count_delay(memcg_cgroup_id(memcg), ms);
	return ms;
}

SEC(".struct_ops.link")
struct memcg_bpf_ops___known low_ops = {
	.get_high_delay_ms = (void *)delay_low,
};

static __always_inline bool protect(void)
{
	bool hot = trigger_is_hot();

	__sync_fetch_and_add(&protect_calls, 1);
	if (hot)
		__sync_fetch_and_add(&protect_yes, 1);
	return hot;
}

SEC("struct_ops/below_low")
bool BPF_PROG(high_below_low, struct mem_cgroup *memcg)
{
	return protect();
}

SEC("struct_ops/below_min")
bool BPF_PROG(high_below_min, struct mem_cgroup *memcg)
{
	return protect();
}

SEC(".struct_ops.link")
struct memcg_bpf_ops___known high_low_ops = {
	.below_low = (void *)high_below_low,
};

SEC(".struct_ops.link")
struct memcg_bpf_ops___known high_min_ops = {
	.below_min = (void *)high_below_min,
};
