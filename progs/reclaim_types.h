/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by progs/reclaim.bpf.c and user space. */
#ifndef __RECLAIM_TYPES_H
#define __RECLAIM_TYPES_H

/* as in the kernel's linux/swap.h */
#define RECLAIM_MAY_SWAP	(1U << 1)
#define RECLAIM_PROACTIVE	(1U << 2)

/* What a program is to reclaim, and what came of it. */
struct reclaim_request {
	__u64 cgroup_id;
	__u64 nr_pages;
	__u32 options;
	__s32 swappiness;
	__u64 reclaimed;	/* what the kfunc returned */
};

#endif /* __RECLAIM_TYPES_H */
