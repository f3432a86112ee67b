// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "model_tree.h"

/* How long the cgroups of the old tree may take to be gone. */
#define GONE_MS 15000

static void close_link(struct model_tree *tree, int ops)
{
	if (tree->links[ops] >= 0)
		close(tree->links[ops]);
	tree->links[ops] = -1;
	tree->attached[ops].detached = tree->steps;
}

/* The model takes over how often the ops have been called. */
static void adopt_calls(struct model_tree *tree)
{
	struct model_cgroup *c;
	struct probe_stats stats;
	int i, ops;

	for (i = 0; i < MODEL_CGROUPS; i++) {
		c = &tree->model.cgroups[i];
		for (ops = 0; tree->ids[i] && ops < MODEL_OPS; ops++) {
			stats = probe_stats(tree->probes[ops], tree->ids[i]);
			c->online[ops] = stats.calls[PROBE_ONLINE];
			c->offline[ops] = stats.calls[PROBE_OFFLINE];
			if (!c->exists)
				probe_forget(tree->probes[ops], tree->ids[i]);
		}
		if (!c->exists)
			tree->ids[i] = 0;
	}
	model_tree_forget_calls(tree);
}

/*
 * Let the kernel be as the model is after the step, but for whose ops the cgroups have.
 * A step that was refused with a wrong errno has changed nothing in either.
 */
static bool undo(struct model_tree *tree)
{
	const struct step *step = &model_tree_past(tree, tree->steps - 1)->step;

	switch (tree->mismatch.kind) {
	case MISMATCH_ANSWER:
		if (tree->mismatch.got)
			return step->what != STEP_DETACH;
		if (step->what == STEP_ATTACH)
			close_link(tree, step->ops);
		return step->what == STEP_ATTACH;
	case MISMATCH_NO_END:
	case MISMATCH_UNKNOWN:
		return false;
	default:
		return true;
	}
}

static void detach_all(struct model_tree *tree)
{
	int ops;

	for (ops = 0; ops < MODEL_OPS; ops++) {
		if (!tree->model.links[ops].open)
			continue;
		close_link(tree, ops);
		model_detach(&tree->model, ops);
	}
}

const char *model_tree_repair(struct model_tree *tree)
{
	bool undone;

	tree->fail_nth = 0;
	tree->fail_some = false;
	undone = undo(tree);
	tree->past_begin = tree->steps;
	if (undone) {
		adopt_calls(tree);
		if (!model_tree_check(tree))
			return "with the same cgroups and links";
		detach_all(tree);
		if (!model_tree_check(tree))
			return "with the same cgroups, and all links closed";
	}
	return model_tree_renew(tree) ? NULL : "in a new tree";
}

/* When nothing of the old one is left, no calls can come of it any more. */
static int replace_root(struct model_tree *tree)
{
	int64_t dying;
	int ret;

	ret = cg_remove(tree->root, GONE_MS);
	if (ret)
		return ret;
	dying = cg_wait_dying(tree->tb.cgroup, 0, GONE_MS);
	if (dying)
		return dying < 0 ? dying : -EBUSY;
	ret = cg_create(tree->root);
	if (ret)
		return ret;
	return cg_enable_memory(tree->root);
}

int model_tree_renew(struct model_tree *tree)
{
	struct model_rules rules = tree->model.rules;
	int ops, ret;

	for (ops = 0; ops < MODEL_OPS; ops++)
		close_link(tree, ops);
	ret = replace_root(tree);
	model_init(&tree->model, &rules);
	adopt_calls(tree);
	tree->past_begin = tree->steps;
	memset(tree->attached, 0, sizeof(tree->attached));
	if (ret) {
		snprintf(tree->why, sizeof(tree->why), "cannot make the tree anew: %s",
			 strerror(-ret));
		return -1;
	}
	tree->ids[0] = cg_id(tree->root);
	return model_tree_check(tree);
}
