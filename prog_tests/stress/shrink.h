/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PROG_TESTS_STRESS_SHRINK_H
#define __PROG_TESTS_STRESS_SHRINK_H

#include "run.h"

/* What model_tree_past() keeps, and before that what makes a tree of any shape. */
#define SEQUENCE_MAX (MODEL_TREE_PAST + 2 * MODEL_CGROUPS + MODEL_OPS)

struct sequence {
	unsigned int nr;
	struct step steps[SEQUENCE_MAX];
};

/**
 * shrink() - find and print the shortest steps that lead to a run's first mismatch
 * @run: a run that had one
 * @seconds: when to stop looking
 *
 * Steps are dropped and the others done again, in a new tree each time, as long as the
 * mismatch has the same cause: see mismatch_is_same().  What is left is printed as
 * steps, and as a test in C.
 */
void shrink(const struct run *run, unsigned int seconds);

/**
 * sequence_rename() - number cgroups and ops in the order in which they come
 * @seq: steps, as of a tree that has nothing but its root
 */
void sequence_rename(struct sequence *seq);

/**
 * sequence_print() - print steps, one a line
 * @seq: the steps
 */
void sequence_print(const struct sequence *seq);

/**
 * sequence_print_test() - print steps as a test in C
 * @seq: steps that begin in a tree that has nothing but its root
 * @rules: what the model is to follow
 * @mismatch: what the last of them leads to
 *
 * The test is for prog_tests/detach.c, and uses prog_tests/ops_tree/ops_tree_harness.h.
 */
void sequence_print_test(const struct sequence *seq, const struct model_rules *rules,
			 const struct mismatch *mismatch);

#endif /* __PROG_TESTS_STRESS_SHRINK_H */
