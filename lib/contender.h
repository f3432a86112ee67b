/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_CONTENDER_H
#define __LIB_CONTENDER_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * HIGH, LOW and the like: workers that run at the same time, each in a cgroup of its
 * own, and whose stall is measured.  What one of them does is the caller's.
 */
struct contender {
	const char *name;	/* for messages */
	char cgroup[PATH_MAX];	/* path of its cgroup */
	bool may_fail;		/* the caller judges the status */
	/* filled in by the functions below */
	pid_t pid;		/* 0: not started */
	bool ended;
	int status;		/* as of waitpid(), when it has ended */
};

/**
 * contender_start() - worker_start() for a contender
 * @c: the contender: its name, its cgroup and whether it may fail
 * @nth_cpu: which processor to run on, as for worker_pin()
 * @fn: what it does; its return value is the exit status
 * @arg: the argument of @fn
 *
 * A contender that still runs after a failure ends with the testbed.
 *
 * Return: 0, or a negative errno.
 */
int contender_start(struct contender *c, unsigned int nth_cpu,
		    int (*fn)(void *arg), void *arg);

/**
 * contenders_deadline() - when contenders_poll() is to give up
 * @timeout_ms: milliseconds from now, or a negative number for never
 *
 * Return: the time, in nanoseconds of clock_ns().
 */
int64_t contenders_deadline(int timeout_ms);

/**
 * contenders_poll() - wait a moment, and see who has ended
 * @c: the contenders; one that has not been started is passed over
 * @nr: how many
 * @wait_ms: how long to wait, in milliseconds, unless one ends
 * @deadline_ns: of contenders_deadline()
 *
 * Reads memory.pressure of all that run: worker_wait_stalled() says why.
 *
 * Return: how many run, or a negative errno: -ECHILD, after a line on stderr, if one
 * failed that may not, -ETIMEDOUT if some still run after the deadline.
 */
int contenders_poll(struct contender *c, unsigned int nr, int wait_ms,
		    int64_t deadline_ns);

/* How long contenders_wait() waits before it looks at the condition again. */
#define CONTENDERS_POLL_MS	10

/**
 * contenders_wait() - wait until a condition holds, or all have ended
 * @c: the contenders, as for contenders_poll()
 * @nr: how many
 * @condition: an expression, evaluated again and again
 * @timeout_ms: how long to wait, in milliseconds, or a negative number for ever
 *
 * Return: 0, or a negative errno, as contenders_poll().
 */
#define contenders_wait(c, nr, condition, timeout_ms) ({			\
	int64_t __deadline_ns = contenders_deadline(timeout_ms);		\
	int __ret = 1;								\
										\
	while (__ret > 0 && !(condition))					\
		__ret = contenders_poll(c, nr, CONTENDERS_POLL_MS,		\
					__deadline_ns);				\
	__ret < 0 ? __ret : 0;							\
})

/**
 * contenders_finish() - wait until all have ended
 * @c: the contenders, as for contenders_poll()
 * @nr: how many
 * @timeout_ms: how long to wait, in milliseconds, or a negative number for ever
 *
 * Looks at them less often than contenders_wait().
 *
 * Return: 0, or a negative errno after a line on stderr, as contenders_poll().
 */
int contenders_finish(struct contender *c, unsigned int nr, int timeout_ms);

#endif /* __LIB_CONTENDER_H */
