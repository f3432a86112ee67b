/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PROG_TESTS_STRESS_MISMATCH_H
#define __PROG_TESTS_STRESS_MISMATCH_H

#include <stdbool.h>

#include "step.h"

enum mismatch_kind {
	MISMATCH_NONE,
	MISMATCH_ANSWER,	/* success or errno of the step */
	MISMATCH_NO_END,	/* a link does not end, or a removed cgroup is not freed */
	MISMATCH_ONLINE,	/* calls of handle_cgroup_online */
	MISMATCH_OFFLINE,
	MISMATCH_OWNER,		/* a cgroup that is to have ops has others or none */
	MISMATCH_STRAY,		/* ops are asked about a cgroup that is not to have them */
	MISMATCH_UNKNOWN,	/* the kernel cannot be asked */
};

/* Where the kernel and the model differ after a step. */
struct mismatch {
	enum step_what what;	/* of the step */
	enum mismatch_kind kind;
	/*
	 * MISMATCH_ANSWER: errnos, 0 for success, of several reasons the first.
	 * MISMATCH_ONLINE, MISMATCH_OFFLINE: @got is 1 for too many, -1 for too few.
	 * MISMATCH_OWNER: @got is OWNER_NOBODY, OWNER_SEVERAL, or 0 for others.
	 */
	int got;
	int want;
	int cgroup;		/* that it was seen on, or MODEL_NONE */
	unsigned int ops;	/* that it was seen on: the sum of 1 << number */
};

/* Two of the same cause: the same kind of step, and the same kind of mismatch. */
static inline bool mismatch_is_same(const struct mismatch *a, const struct mismatch *b)
{
	return a->what == b->what && a->kind == b->kind && a->got == b->got &&
	       a->want == b->want;
}

#endif /* __PROG_TESTS_STRESS_MISMATCH_H */
