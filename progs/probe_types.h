/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by progs/probe.bpf.c and user space. */
#ifndef __PROBE_TYPES_H
#define __PROBE_TYPES_H

/*
 * Number of cgroups with counters of their own.  A call for another cgroup is counted in
 * the totals and as lost.
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
	__u64 delays;	/* calls of the delay callback that returned more than 0 */
	__u64 delay_ms_sum;	/* sum of the delays they returned, in ms */
};

/* What an instance answers about one cgroup or, under id 0, about all without an entry. */
struct probe_answer {
	__u32 delay_ms;
	__u8 below_low;
	__u8 below_min;
	__u16 pad;
};

#endif /* __PROBE_TYPES_H */
