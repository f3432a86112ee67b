/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PROG_TESTS_STRESS_ATTACH_LOG_H
#define __PROG_TESTS_STRESS_ATTACH_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "model.h"

/*
 * Attaches of several tasks at the same time, and whether their outcomes can be.
 *
 * In which order the kernel took them nobody knows.  But while a link is open for
 * certain, from when its attach returned until its close was called, whoever may
 * not attach beside it must have been refused.  And who was refused must have met
 * a link that may have been open, from when its attach was called until its close
 * returned.
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
 * attach_log_judge() - look whether what was done can be
 * @m: the tree; no ops are attached to it in the model
 * @logs: the tasks' logs, in which all links are closed
 * @nr: how many tasks
 * @why: where to put what cannot be
 * @len: bytes there
 *
 * Return: 0, or -1 if there is an outcome that cannot be.
 */
int attach_log_judge(const struct model *m, const struct attach_log *logs,
		     unsigned int nr, char *why, size_t len);

#endif /* __PROG_TESTS_STRESS_ATTACH_LOG_H */
