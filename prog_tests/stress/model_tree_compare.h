/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PROG_TESTS_STRESS_MODEL_TREE_COMPARE_H
#define __PROG_TESTS_STRESS_MODEL_TREE_COMPARE_H

#include "model_tree.h"

/**
 * model_tree_compare() - compare what a step did with what the model says
 * @tree: the tree; its model is as before the step, and then as after it
 * @step: the step
 * @ret: what the kernel said to it, 0 or a negative errno
 *
 * Return: as model_tree_step().
 */
int model_tree_compare(struct model_tree *tree, const struct step *step, int ret);

#endif /* __PROG_TESTS_STRESS_MODEL_TREE_COMPARE_H */
