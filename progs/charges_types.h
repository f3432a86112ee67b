/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by progs/charges.bpf.c and user space. */
#ifndef __CHARGES_TYPES_H
#define __CHARGES_TYPES_H

#define CHARGES_MAX_CGROUPS 64

/* the calls of one callback for a cgroup */
struct charges_side {
	__u64 calls;
	__u64 pages;	/* sum of nr_pages */
	__u64 largest;	/* nr_pages of one call */
	__u64 smallest;	/* the same; 0 until there is a call */
	__u64 counted;	/* calls that found the memory counter to be what is told so far */
};

struct charges_sum {
	struct charges_side charged;
	struct charges_side uncharged;
	__u64 offline;	/* calls of handle_cgroup_offline */
};

#endif /* __CHARGES_TYPES_H */
