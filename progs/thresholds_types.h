/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by progs/thresholds.bpf.c and user space. */
#ifndef __THRESHOLDS_TYPES_H
#define __THRESHOLDS_TYPES_H

#define THRESHOLDS_MAX_CGROUPS 64

/* the calls of below_low or below_min for a cgroup, and the arguments of the last */
struct thresholds_side {
	__u64 calls;
	__u64 first;		/* the threshold of the first call */
	__u64 threshold;	/* in pages, as usage and keep */
	__u64 usage;
	__u64 differs;		/* calls whose threshold was not that of the memcg */
};

struct thresholds_told {
	struct thresholds_side low;
	struct thresholds_side min;
	__u64 keep;	/* below_min answers yes up to this usage; 0: never */
};

#endif /* __THRESHOLDS_TYPES_H */
