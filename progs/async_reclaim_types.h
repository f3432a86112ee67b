/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by progs/async_reclaim.bpf.c and user space. */
#ifndef __ASYNC_RECLAIM_TYPES_H
#define __ASYNC_RECLAIM_TYPES_H

/* What has become of one cgroup, in pages. */
struct async_reclaim_state {
	__s64 usage;		/* charged less uncharged */
	__u64 awake;		/* the worker is about to run, or runs */
	__u64 wakeups;		/* how often the worker was started by a charge */
	__u64 runs;		/* of the worker */
	__u64 reclaimed;	/* what the kfunc returned, all in all */
	__u64 errors;		/* and how often that was an error */
};

#endif /* __ASYNC_RECLAIM_TYPES_H */
