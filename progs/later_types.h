/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by progs/later.bpf.c and user space. */
#ifndef __LATER_TYPES_H
#define __LATER_TYPES_H

/* the calls of below_low or below_min, and the arguments of the last; in pages */
struct later_protection {
	__u64 calls;
	__u64 threshold;
	__u64 usage;
};

/* what was said about one cgroup */
struct later_notes {
	__u64 charged;		/* calls of memcg_charged */
	__u64 uncharged;	/* calls of memcg_uncharged */
	struct later_protection low;
	struct later_protection min;
};

#endif /* __LATER_TYPES_H */
