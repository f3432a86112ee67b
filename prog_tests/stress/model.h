/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PROG_TESTS_STRESS_MODEL_H
#define __PROG_TESTS_STRESS_MODEL_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What the interface says about ops in a tree of cgroups, as a program: who may
 * attach where, whose ops each cgroup has, and for which cgroups the ops are told
 * that it came or went.  It reads nothing of the kernel.
 *
 * Cgroup 0 is the root of the tree: no cgroup above it has ops, and it is never removed.
 * Ops are numbered, and each has at most one link, which has the same number.
 */

#define MODEL_CGROUPS	24
#define MODEL_OPS	6
#define MODEL_DEPTH	6	/* of the tree, its root included */

#define MODEL_NONE	(-1)
#define MODEL_ANY_ERRNO	(-1)

struct model_cgroup {
	bool exists;
	bool has_memcg;	/* of its own: else charges go to that of an ancestor */
	bool gives_memory;	/* it has enabled the memory controller for its children */
	int parent;	/* MODEL_NONE: it is the root */
	int own;	/* ops that were attached to its memcg, or MODEL_NONE */
	/* calls of each ops' callbacks for it, since it was made */
	unsigned int online[MODEL_OPS];
	unsigned int offline[MODEL_OPS];
};

struct model_link {
	bool open;
	unsigned int flags;
	int named;	/* cgroup that the attach named; MODEL_NONE: it was removed */
	int cgroup;	/* cgroup whose memcg has the ops; MODEL_NONE: that is gone */
};

/* What differs from revision to revision. */
struct model_rules {
	bool links_end;		/* when the cgroup they name is removed */
	int unknown_flag;	/* errno, or MODEL_ANY_ERRNO */
	int no_cgroup;
};

struct model {
	struct model_rules rules;
	struct model_cgroup cgroups[MODEL_CGROUPS];
	struct model_link links[MODEL_OPS];
	/* calls of each ops' callbacks in all */
	uint64_t online[MODEL_OPS];
	uint64_t offline[MODEL_OPS];
};

/* What is handed to the kernel as the cgroup to attach to. */
enum model_target {
	MODEL_CGROUP,
	MODEL_NO_FD,		/* no descriptor is given */
	MODEL_CLOSED_FD,
	MODEL_OTHER_FD,		/* open, but not a cgroup */
};

#define MODEL_MAX_REASONS 4

/*
 * Why something is refused.  Where several reasons apply, the interface does not
 * say which of them the kernel gives.
 */
struct model_reasons {
	unsigned int nr;	/* 0: it is not refused */
	int errnos[MODEL_MAX_REASONS];	/* or MODEL_ANY_ERRNO */
};

/**
 * model_init() - a tree that has nothing but its root
 * @m: the model
 * @rules: those of the revision under test
 */
void model_init(struct model *m, const struct model_rules *rules);

/**
 * model_memcg() - the cgroup whose memcg a cgroup uses
 * @m: the model
 * @cgroup: the cgroup
 *
 * Return: itself, or the nearest ancestor that has a memcg.
 */
int model_memcg(const struct model *m, int cgroup);

/**
 * model_owner() - whose ops a cgroup has
 * @m: the model
 * @cgroup: the cgroup
 *
 * Return: the number of the ops, or MODEL_NONE.
 */
int model_owner(const struct model *m, int cgroup);

/**
 * model_depth() - how deep a cgroup is in the tree
 * @m: the model
 * @cgroup: the cgroup
 *
 * Return: 1 for the root, 2 for its children, and so on.
 */
int model_depth(const struct model *m, int cgroup);

/**
 * model_is_child() - whether a cgroup exists, and is a child of another
 * @m: the model
 * @cgroup: number of the cgroup
 * @parent: the other
 *
 * Return: true if so.
 */
bool model_is_child(const struct model *m, int cgroup, int parent);

/**
 * model_is_below() - whether a cgroup is a descendant of another
 * @m: the model
 * @cgroup: the cgroup
 * @ancestor: the other
 *
 * Return: true if it is, false also if it is the same.
 */
bool model_is_below(const struct model *m, int cgroup, int ancestor);

/**
 * model_attach() - attach ops
 * @m: the model, which is changed unless there is a reason to refuse
 * @ops: which; not attached at present
 * @target: to what
 * @cgroup: to which, if @target is MODEL_CGROUP
 * @flags: of BPF_LINK_CREATE
 *
 * Return: why it is refused.
 */
struct model_reasons model_attach(struct model *m, int ops,
				  enum model_target target, int cgroup,
				  unsigned int flags);

/**
 * model_detach() - close the link of some ops
 * @m: the model
 * @ops: which; its link is open
 */
void model_detach(struct model *m, int ops);

/**
 * model_mkdir() - make a cgroup
 * @m: the model
 * @cgroup: its number, which no cgroup has
 * @parent: in which
 */
void model_mkdir(struct model *m, int cgroup, int parent);

/**
 * model_rmdir() - remove a cgroup
 * @m: the model, which is changed unless there is a reason to refuse
 * @cgroup: which; not the root
 *
 * Return: why it is refused.
 */
struct model_reasons model_rmdir(struct model *m, int cgroup);

/**
 * model_controller() - turn the memory controller on or off for a cgroup's children
 * @m: the model, which is changed unless there is a reason to refuse
 * @cgroup: which
 * @on: on or off
 *
 * Return: why it is refused.
 */
struct model_reasons model_controller(struct model *m, int cgroup, bool on);

#endif /* __PROG_TESTS_STRESS_MODEL_H */
