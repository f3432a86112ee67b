/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PROG_TESTS_OPS_TREE_OPS_TREE_H
#define __PROG_TESTS_OPS_TREE_OPS_TREE_H

#include <linux/types.h>
#include <stdint.h>

#include "probe.h"
#include "testbed.h"

#define OPS_NR 4

/*
 * A tree of cgroups, and ops to attach to some of them.
 *
 * A cgroup is named by its path below that of the testbed, such as "top/middle".
 * The ops are 'A' to 'D', instances of the probe: their counters show whose callback has
 * run.
 */
struct ops_tree {
	struct testbed tb;
	struct probe *probes[OPS_NR];	/* NULL until first needed */
	int links[OPS_NR];		/* -1: not attached */
};

/**
 * ops_tree_preload() - load the ops for all trees to come
 *
 * Loading takes longer than many a test.  Processes forked after this have the
 * ops, with what they have counted so far, and need not load them.
 */
void ops_tree_preload(void);

/**
 * ops_tree_create() - make the root of a tree
 * @tree: what to fill in
 * @name: as for testbed_create()
 *
 * Return: 0, or a negative errno after a line on stderr that says what failed.
 */
int ops_tree_create(struct ops_tree *tree, const char *name);

/**
 * ops_tree_destroy() - detach everything, and remove the tree
 * @tree: what ops_tree_create() filled in, or only zeroes
 *
 * Return: as testbed_destroy().
 */
int ops_tree_destroy(struct ops_tree *tree);

/**
 * ops_tree_path() - the path of a cgroup
 * @tree: the tree
 * @path: where to put it, PATH_MAX bytes
 * @name: name of the cgroup
 *
 * Return: @path.
 */
char *ops_tree_path(const struct ops_tree *tree, char *path, const char *name);

/**
 * ops_tree_id() - the id of a cgroup, as BPF programs know it
 * @tree: the tree
 * @name: name of the cgroup
 *
 * Return: as cg_id().
 */
uint64_t ops_tree_id(const struct ops_tree *tree, const char *name);

/**
 * ops_tree_add() - make a cgroup, and those on the way to it that are missing
 * @tree: the tree
 * @name: name of the cgroup; all have the memory controller
 *
 * Return: 0, or a negative errno; -EEXIST if it is there already.
 */
int ops_tree_add(const struct ops_tree *tree, const char *name);

/**
 * ops_tree_remove() - remove a cgroup that has no children
 * @tree: the tree
 * @name: name of the cgroup
 *
 * Return: 0, or a negative errno.
 */
int ops_tree_remove(const struct ops_tree *tree, const char *name);

/**
 * ops_tree_probe() - an instance of the probe
 * @tree: the tree
 * @ops: which, 'A' to 'D'; loaded if it was not
 *
 * Return: the instance, or NULL with errno set.
 */
struct probe *ops_tree_probe(struct ops_tree *tree, char ops);

/**
 * ops_tree_attach() - attach ops to a cgroup
 * @tree: the tree
 * @ops: which, 'A' to 'D'; not attached at present
 * @name: name of the cgroup
 * @flags: 0 or BPF_F_ALLOW_OVERRIDE
 *
 * Return: 0, or a negative errno.
 */
int ops_tree_attach(struct ops_tree *tree, char ops, const char *name,
		    __u32 flags);

/**
 * ops_tree_detach() - close the link of some ops
 * @tree: the tree
 * @ops: which, 'A' to 'D'
 */
void ops_tree_detach(struct ops_tree *tree, char ops);

/**
 * ops_tree_whose() - find out whose ops cgroups have
 * @tree: the tree
 * @names: names of the cgroups
 * @nr: how many
 * @whose: where to put 'A' to 'D' for each, '-' if it has none, or '?' if more than
 *	one of them was asked
 *
 * By reclaim (see lib/owner.h), so that cgroups with children can be looked at, which can
 * have no task.
 *
 * Return: 0, or a negative errno.
 */
int ops_tree_whose(struct ops_tree *tree, char *const names[], int nr, char whose[]);

#endif /* __PROG_TESTS_OPS_TREE_OPS_TREE_H */
