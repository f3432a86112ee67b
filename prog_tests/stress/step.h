/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PROG_TESTS_STRESS_STEP_H
#define __PROG_TESTS_STRESS_STEP_H

#include <stddef.h>

#include "model.h"

enum step_what {
	STEP_ATTACH,
	STEP_DETACH,
	STEP_MKDIR,
	STEP_RMDIR,
	STEP_CONTROLLER,	/* turn the memory controller on or off for the children */
	STEP_NR_WHAT,
};

/* One thing to do to a tree of cgroups, in the terms of prog_tests/stress/model.h. */
struct step {
	enum step_what what;
	int cgroup;
	int parent;			/* STEP_MKDIR */
	int ops;			/* STEP_ATTACH, STEP_DETACH */
	enum model_target target;	/* STEP_ATTACH */
	unsigned int flags;		/* STEP_ATTACH */
	bool on;			/* STEP_CONTROLLER */
};

/**
 * step_draw() - choose what to do next
 * @m: what there is
 * @random: state of random_next()
 * @step: where to put the step
 *
 * The choice depends on these, and on which steps are left out (see without()), so a seed
 * stands for a sequence of steps.  The kernel is expected to refuse some of the steps.
 *
 * Return: true, or false if no step is possible that is not left out.
 */
bool step_draw(const struct model *m, uint64_t *random, struct step *step);

/**
 * step_makes_sense() - whether a step can be done
 * @m: what there is
 * @step: the step, which may be of another tree
 *
 * Return: false if a cgroup or link that it needs is missing, or if one that it makes
 * exists already; else true.
 */
bool step_makes_sense(const struct model *m, const struct step *step);

/**
 * step_apply() - do a step in the model
 * @m: the model, which is changed unless there is a reason to refuse
 * @step: the step
 *
 * Return: why it is refused.
 */
struct model_reasons step_apply(struct model *m, const struct step *step);

/**
 * step_text() - say what a step is
 * @step: the step
 * @text: where to put it
 * @len: bytes there; 64 are enough
 *
 * Return: @text.
 */
const char *step_text(const struct step *step, char *text, size_t len);

#endif /* __PROG_TESTS_STRESS_STEP_H */
