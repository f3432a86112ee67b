/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_RECLAIM_DAEMON_H
#define __BENCH_RECLAIM_DAEMON_H

#include <stdint.h>

#include "daemon.h"

/*
 * Proactive reclaim by user space: a process that reads memory.current of a cgroup, and
 * writes to memory.reclaim.
 */
struct reclaim_daemon {
	const char *cgroup;	/* path */
	uint64_t threshold;	/* bytes: with more in memory.current ... */
	uint64_t target;	/* ... it reclaims what is above this */
	unsigned int poll_ms;	/* between two looks; 0: when it is told of pressure */
	/* filled in */
	struct daemon daemon;
	volatile unsigned int *reclaims;	/* so often it has reclaimed */
};

/**
 * reclaim_daemon_start() - start the process, and wait until it looks
 * @reclaim: what it is to do
 *
 * It is in the caller's cgroup, which is to be another.
 *
 * Return: 0, or a negative errno after a line on stderr.
 */
int reclaim_daemon_start(struct reclaim_daemon *reclaim);

/**
 * reclaim_daemon_stop() - end it
 * @reclaim: the daemon
 *
 * Return: its processor time in nanoseconds, or a negative errno after a line on stderr.
 */
int64_t reclaim_daemon_stop(struct reclaim_daemon *reclaim);

#endif /* __BENCH_RECLAIM_DAEMON_H */
