// SPDX-License-Identifier: GPL-2.0
/*
 * Delay the tasks of LOW, and protect HIGH, while HIGH faults.
 *
 * The trigger counts the page faults of HIGH in windows of window_ns.  In a window that has
 * more than threshold of them HIGH is busy, and so it is for window_ns from then on.  While
 * it is, the ops for LOW answer delay_ms, and those for HIGH answer that it is protected;
 * these are one for below_low and one for below_min.
 *
 * A call of the delay callback is counted for the cgroup that the kernel asks about, which
 * shows whether it asks about any but LOW.
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
const volatile __u64 rest_ns;
const volatile __u32 delay_ms;

/* page faults of HIGH, and windows that had more than threshold */
__u64 high_faults;
__u64 busy_windows;

/* calls that ask whether HIGH is protected, and those that were answered yes */
__u64 protect_calls;
__u64 protect_yes;

/*
 * When HIGH faulted again after rest_ns without a fault, if rest_ns is not 0.  A process of
 * user space that has seen to it puts 0 there.
 */
__u64 first_fault_ns;

/* how often HIGH became busy by such a fault, and how long after it, in all */
__u64 reactions;
__u64 reaction_ns_sum;

static __u64 unanswered_ns;
static __u64 last_fault_ns;
static __u64 window_start;
static __u64 window_faults;
static __u64 busy_since;	/* 0: never yet */

static __always_inline void count_reaction(__u64 now)
{
	if (!unanswered_ns)
		return;
	reactions++;
	reaction_ns_sum += now - unanswered_ns;
	unanswered_ns = 0;
}

SEC("tp/memcg/count_memcg_events")
int count_high_faults(struct trace_event_raw_memcg_rstat_events___memcg_bpf *ctx)
{
	__u64 now;

	if (ctx->id != high_id ||
	    ctx->item != bpf_core_enum_value(enum vm_event_item, PGFAULT))
		return 0;

	__sync_fetch_and_add(&high_faults, ctx->val);

	/*
	 * Several tasks of HIGH may fault at the same time, and race here.  A fault that
	 * is lost or counted twice changes a window little.
	 */
	now = bpf_ktime_get_ns();
	if (rest_ns && last_fault_ns && now - last_fault_ns >= rest_ns) {
		first_fault_ns = now;
		unanswered_ns = now;
	}
	last_fault_ns = now;
	if (now - window_start >= window_ns) {
		window_start = now;
		window_faults = 0;
	}
	window_faults += ctx->val;
	if (window_faults > threshold) {
		__sync_fetch_and_add(&busy_windows, 1);
		busy_since = now;
		window_start = now;
		window_faults = 0;
		count_reaction(now);
	}
	return 0;
}

static __always_inline bool high_is_busy(void)
{
	__u64 since = busy_since;

	return since && bpf_ktime_get_ns() - since < window_ns;
}

SEC("struct_ops/get_high_delay_ms")
unsigned int BPF_PROG(delay_low, struct mem_cgroup *memcg)
{
	__u32 ms = high_is_busy() ? delay_ms : 0;

	count_delay(memcg_cgroup_id(memcg), ms);
	return ms;
}

SEC(".struct_ops.link")
struct memcg_bpf_ops___known low_ops = {
	.get_high_delay_ms = (void *)delay_low,
};

static __always_inline bool protect(void)
{
	bool busy = high_is_busy();

	__sync_fetch_and_add(&protect_calls, 1);
	if (busy)
		__sync_fetch_and_add(&protect_yes, 1);
	return busy;
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
