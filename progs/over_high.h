/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by progs/over_high.bpf.c and its driver. */
#ifndef __OVER_HIGH_H
#define __OVER_HIGH_H

#define OVER_HIGH_MAX_CGROUPS 64

/* the calls of get_high_delay_ms() for one cgroup */
struct delay_stats {
	__u64 calls;
	__u64 delays;	/* calls that returned more than 0 */
	__u64 delay_ms;	/* sum of what they returned */
};

#endif /* __OVER_HIGH_H */
