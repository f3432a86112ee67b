/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by progs/probe.bpf.c and user space. */
#ifndef __PROBE_TYPES_H
#define __PROBE_TYPES_H

/*
 * So many cgroups have counters of their own.  A call for one more is counted in
 * the totals only, and as lost.
 */
#define PROBE_MAX_CGROUPS 4096

enum probe_callback {
	PROBE_ONLINE,
	PROBE_OFFLINE,
	PROBE_BELOW_LOW,
	PROBE_BELOW_MIN,
	PROBE_DELAY,
	PROBE_NR_CALLBACKS,
};

/* What one instance was asked about one cgroup. */
struct probe_stats {
	__u64 calls[PROBE_NR_CALLBACKS];
	__u64 delays;	/* calls of get_high_delay_ms that returned more than 0 */
	__u64 delay_ms;	/* sum of what they returned */
};

/* What it is to answer, for one cgroup or, under id 0, for all others. */
struct probe_answer {
	__u32 delay_ms;
	__u8 below_low;
	__u8 below_min;
	__u16 pad;
};

#endif /* __PROBE_TYPES_H */
