/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PROG_TESTS_STRESS_MODEL_TREE_H
#define __PROG_TESTS_STRESS_MODEL_TREE_H

#include <limits.h>
#include <stdint.h>

#include "mismatch.h"
#include "model.h"
#include "probe.h"
#include "step.h"
#include "testbed.h"

#define MODEL_TREE_LAST 16	/* steps in the report of a mismatch */
#define MODEL_TREE_PAST 512	/* steps kept, to find the shortest that fail */

/* Far above what a cgroup or a link takes to end, which is some RCU grace periods. */
#define MODEL_TREE_SETTLE_MS 60000

/* A step that was done. */
struct model_tree_past {
	struct step step;
	int ret;		/* what the kernel said */
	struct model before;
};

/* The last attach of some ops that was taken. */
struct model_tree_attached {
	struct step step;
	unsigned long nr;	/* its number, from 1; 0: there was none */
	unsigned long detached;	/* number of the step that closed the link, or 0 */
};

/*
 * A tree of cgroups with its model beside: each step is done to both, and what
 * the kernel did is compared with what the model says.
 *
 *   memcg_bpf.<name>.<pid>	target of the reclaim by which ops are seen
 *   |-- bystander		ops of its own, always
 *   `-- c0			the root of the model's tree
 *       `-- c<n> ...		the model's cgroups
 *
 * Whose ops a cgroup has is seen in reclaim, in which the kernel asks the ops of
 * each cgroup whether it is protected: so one write tells of all of them, whether
 * they can have tasks or not, and none needs to have memory.  The bystander's ops
 * show that the kernel has asked.
 */
struct model_tree {
	struct testbed tb;
	char root[PATH_MAX];	/* c0 */
	struct model model;
	struct probe *probes[MODEL_OPS];
	int links[MODEL_OPS];		/* -1: closed */
	uint64_t ids[MODEL_CGROUPS];
	/* what the probes had been called for before the model counted */
	uint64_t online[MODEL_OPS];
	uint64_t offline[MODEL_OPS];

	struct probe *bystander;
	int bystander_link;

	unsigned int fail_nth;	/* allocation that is to fail in a step; 0: none */
	bool fail_some;		/* random ones are to */
	bool failed;		/* one may have, in the last step */
	bool out_of_memory;	/* and that is why it was refused */

	unsigned long steps;	/* done */
	unsigned long taken[STEP_NR_WHAT];
	unsigned long refused[STEP_NR_WHAT];
	unsigned long failures[STEP_NR_WHAT];	/* refused for want of memory */
	struct model_tree_past *past;	/* use model_tree_past() */
	unsigned long past_begin;	/* steps done when the past begins */
	struct model_tree_attached attached[MODEL_OPS];
	unsigned int settle_ms;		/* how long to wait for what is to end */
	uint64_t lost_us;		/* by waiting so for the first that did not */

	char why[512];		/* what is wrong */
	struct mismatch mismatch;	/* the same, to compare */
};

/**
 * model_tree_rules() - what the running kernel's revision says to a model
 *
 * Return: the rules.
 */
struct model_rules model_tree_rules(void);

/**
 * model_tree_create() - make the root of a tree, and load its ops
 * @tree: what to fill in
 * @name: as for testbed_create()
 *
 * Return: 0, or a negative errno after a line on stderr that says what failed.
 */
int model_tree_create(struct model_tree *tree, const char *name);

/**
 * model_tree_destroy() - detach everything, and remove the tree
 * @tree: what model_tree_create() filled in, or only zeroes
 *
 * Return: as testbed_destroy().
 */
int model_tree_destroy(struct model_tree *tree);

/**
 * model_tree_past() - a step that was done
 * @tree: the tree
 * @nr: how many steps were done before it; not before past_begin, and one of the
 *	last MODEL_TREE_PAST
 *
 * Return: the step.
 */
static inline struct model_tree_past *model_tree_past(const struct model_tree *tree,
						      unsigned long nr)
{
	return &tree->past[nr % MODEL_TREE_PAST];
}

/**
 * model_tree_path() - the path of a cgroup of the model
 * @tree: the tree
 * @path: where to put it, PATH_MAX bytes
 * @cgroup: number of the cgroup
 *
 * Return: @path.
 */
char *model_tree_path(const struct model_tree *tree, char *path, int cgroup);

/**
 * model_tree_forget_calls() - count calls of the ops from now on
 * @tree: the tree
 *
 * After something has been done to it that the model does not know of.
 */
void model_tree_forget_calls(struct model_tree *tree);

/**
 * model_tree_step() - do a step, and compare
 * @tree: the tree
 * @step: the step
 *
 * Compares what the kernel said, which ops were told of which cgroup, and whose
 * ops all cgroups have then.  If an allocation was made to fail in the step, it
 * may also be refused with ENOMEM, and has to have no effect then.
 *
 * Return: 0 or, if the kernel did not do what the model says, -1; the tree's why
 * says what it did.
 */
int model_tree_step(struct model_tree *tree, const struct step *step);

/**
 * model_tree_check() - compare whose ops the cgroups have
 * @tree: the tree
 *
 * Return: as model_tree_step().
 */
int model_tree_check(struct model_tree *tree);

/**
 * model_tree_owners() - ask the kernel whose ops each cgroup has
 * @tree: the tree
 * @owners: where to put it, as owners_find() does; for cgroups of the model that do
 *	not exist, OWNER_NOBODY
 *
 * Return: 0, or a negative errno after a line on stderr.
 */
int model_tree_owners(struct model_tree *tree, int owners[MODEL_CGROUPS]);

/**
 * model_tree_complain() - print what is wrong, and how it came to that
 * @tree: a tree of which model_tree_step() or model_tree_check() said so
 */
void model_tree_complain(struct model_tree *tree);

/**
 * model_tree_repair() - make model and kernel agree after a mismatch
 * @tree: a tree of which model_tree_step() said that something is wrong
 *
 * An attach that should have been refused is undone, and the model takes over how
 * often ops were called.  Whose ops the cgroups have cannot be taken over, since the
 * kernel does not tell by which link they came: if that differs, all links are closed
 * and, if it still does, the tree is made anew.
 *
 * Return: what was done, in words, or NULL if even a new tree is not as it should be;
 * the tree's why says in what.
 */
const char *model_tree_repair(struct model_tree *tree);

/**
 * model_tree_renew() - begin again with nothing but the root
 * @tree: a tree
 *
 * Return: as model_tree_step().
 */
int model_tree_renew(struct model_tree *tree);

#endif /* __PROG_TESTS_STRESS_MODEL_TREE_H */
