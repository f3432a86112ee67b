/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_PROTECT_DAEMON_H
#define __BENCH_PROTECT_DAEMON_H

#include <linux/types.h>
#include <stdint.h>

#include "daemon.h"

/*
 * What user space can do to protect a cgroup while it works: a process that looks for
 * its page faults, as the trigger does, and writes to memory.low.
 */
struct protect_daemon {
	const char *cgroup;	/* path */
	uint64_t low;		/* bytes: memory.low while it works, 0 else */
	unsigned int threshold;	/* more page faults in hold_ms: it works */
	unsigned int hold_ms;	/* how long it does, from there */
	/* between two looks at memory.stat; 0: pressure tells that it works */
	unsigned int poll_ms;
	/* of the trigger, which has noted when the first of them was: taken, as BPF would */
	volatile __u64 *first_fault_ns;
	/* filled in */
	struct daemon daemon;
	struct {
		volatile unsigned int writes;	/* to memory.low */
		volatile unsigned int reactions;
		volatile int64_t reaction_ns_sum; /* first fault to protection, in all */
	} *shared;
};

/**
 * protect_daemon_start() - start the process, and wait until it looks
 * @protect: what it is to do
 *
 * With pressure a cgroup works for at least DAEMON_PRESSURE_MS: it could not be told
 * again before.
 *
 * Return: 0, or a negative errno after a line on stderr.
 */
int protect_daemon_start(struct protect_daemon *protect);

/**
 * protect_daemon_stop() - end it
 * @protect: the daemon
 *
 * Return: its processor time in nanoseconds, or a negative errno after a line on stderr.
 */
int64_t protect_daemon_stop(struct protect_daemon *protect);

#endif /* __BENCH_PROTECT_DAEMON_H */
