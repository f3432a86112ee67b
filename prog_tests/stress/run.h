/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PROG_TESTS_STRESS_RUN_H
#define __PROG_TESTS_STRESS_RUN_H

#include "model_tree.h"

#define RUN_MAX_CAUSES 8

/* Mismatches of one cause. */
struct run_cause {
	struct mismatch mismatch;	/* the first */
	unsigned long step;
	unsigned int count;
	char why[512];
};

/*
 * A run of steps that goes on after a mismatch.  Of the mismatches of one cause the first
 * is printed, and all are counted.
 */
struct run {
	struct model_tree *tree;
	const char *test;	/* name, for the line that says how to run it again */
	unsigned int nr;	/* causes */
	struct run_cause causes[RUN_MAX_CAUSES];
	unsigned int others;	/* mismatches of further causes */
	/* the steps before the first mismatch, for prog_tests/stress/shrink.h */
	struct model_tree_past *past;
	unsigned int nr_past;
};

/**
 * run_begin() - begin to count
 * @run: what to fill in
 * @tree: the tree that the steps are done to
 * @test: name of the test
 */
void run_begin(struct run *run, struct model_tree *tree, const char *test);

/**
 * run_mismatch() - print a mismatch if its cause is new, count it, and repair
 * @run: the run
 *
 * Call it when model_tree_step() has failed.
 *
 * Return: 0 if steps can go on, or -1 after a line on stdout; run_end() then comes next.
 */
int run_mismatch(struct run *run);

/**
 * run_end() - free what the run has kept
 * @run: the run
 */
void run_end(struct run *run);

#endif /* __PROG_TESTS_STRESS_RUN_H */
