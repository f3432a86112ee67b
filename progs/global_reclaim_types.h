/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by progs/global_reclaim.bpf.c and user space. */
#ifndef __GLOBAL_RECLAIM_TYPES_H
#define __GLOBAL_RECLAIM_TYPES_H

enum global_reclaimer {
	BY_KSWAPD,
	BY_TASK,	/* that allocates, in direct reclaim */
	NR_RECLAIMERS
};

#endif /* __GLOBAL_RECLAIM_TYPES_H */
