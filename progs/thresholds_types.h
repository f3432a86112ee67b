/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by progs/thresholds.bpf.c and user space. */
#ifndef __THRESHOLDS_TYPES_H
#define __THRESHOLDS_TYPES_H

#define THRESHOLDS_MAX_CGROUPS 64

/* the calls of below_low or below_min for a cgroup, and the last; in pages */
struct thresholds_side {
	__u64 calls;
	__u64 threshold;
	__u64 usage;
	__u64 differs;	/* calls in which the threshold was not the memcg's */
};

struct thresholds_told {
	struct thresholds_side low;
	struct thresholds_side min;
	__u64 keep;	/* protected while the usage told is not above that; 0: not */
};

#endif /* __THRESHOLDS_TYPES_H */
