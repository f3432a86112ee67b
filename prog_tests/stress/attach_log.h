/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PROG_TESTS_STRESS_ATTACH_LOG_H
#define __PROG_TESTS_STRESS_ATTACH_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "model.h"

/*
 * A log of attaches by several tasks at the same time, and a check of their outcomes.
 *
 * The order in which the kernel handled them is unknown.  But a link is certainly open
 * from when its attach has returned until its close is called: an attach in that time
 * that conflicts with it must have been refused.  And a link may be open from when its
 * attach is called until its close has returned: an attach that was refused must overlap
 * that time of a link which it conflicts with.
 */

#define ATTACH_LOG_MAX	256

struct attach_record {
	int cgroup;
	unsigned int flags;
	int ret;		/* 0 or a negative errno */
	int64_t call_ns;	/* the attach was called, by clock_ns() */
	int64_t return_ns;	/* and returned */
	int64_t close_ns;	/* the close was called */
	int64_t closed_ns;	/* and returned */
};

/* of one task */
struct attach_log {
	unsigned int nr;
	struct attach_record records[ATTACH_LOG_MAX];
};

/**
 * attach_log_judge() - check that the attaches that overlap explain each outcome
 * @m: the tree; no ops are attached to it in the model
 * @logs: the tasks' logs, in which all links are closed
 * @nr: how many tasks
 * @why: where to put the first outcome that they do not explain
 * @len: bytes there
 *
 * Return: 0, or -1 if there is such an outcome.
 */
int attach_log_judge(const struct model *m, const struct attach_log *logs,
		     unsigned int nr, char *why, size_t len);

#endif /* __PROG_TESTS_STRESS_ATTACH_LOG_H */
