// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "model_tree.h"
#include "owner.h"

static char letter(int owner)
{
	return owner >= 0 ? 'A' + owner : owner == OWNER_NOBODY ? '-' : '?';
}

/* The tree as the model and as the kernel has it, one cgroup a line. */
static void print_tree(struct model_tree *tree)
{
	const struct model *m = &tree->model;
	char path[PATH_MAX];
	int i, owner, owners[MODEL_CGROUPS];

	if (model_tree_owners(tree, owners))
		return;
	for (i = 0; i < MODEL_CGROUPS; i++) {
		if (!m->cgroups[i].exists)
			continue;
		printf("#   %-24s ", strstr(model_tree_path(tree, path, i), "/c0") + 1);
		owner = model_owner(m, i);
		if (!m->cgroups[i].has_memcg)
			printf("no memcg\n");
		else if (owner == MODEL_NONE)
			printf("model: -, kernel: %c\n", letter(owners[i]));
		else
			printf("model: %c%s%s, kernel: %c\n", 'A' + owner,
			       m->links[owner].flags ? "+" : "",
			       m->cgroups[i].own == owner ? " attached here" : "",
			       letter(owners[i]));
	}
}

/* Those that the mismatch was seen on, and those that the step has to do with. */
static unsigned int ops_in_question(const struct model_tree *tree,
				    const struct step *step)
{
	const struct model *m = &tree->model;
	unsigned int ops = tree->mismatch.ops;
	int i, owner;

	if (step->what == STEP_DETACH || step->what == STEP_ATTACH)
		ops |= 1U << step->ops;
	if (step->what == STEP_DETACH || !m->cgroups[step->cgroup].exists ||
	    (step->what == STEP_ATTACH && step->target != MODEL_CGROUP))
		return ops;
	owner = model_owner(m, step->cgroup);
	if (owner != MODEL_NONE)
		ops |= 1U << owner;
	for (i = 0; i < MODEL_OPS; i++) {
		if (m->links[i].open && m->links[i].cgroup != MODEL_NONE &&
		    model_is_below(m, m->links[i].cgroup, step->cgroup))
			ops |= 1U << i;
	}
	return ops;
}

/* The steps that attached them, however long ago. */
static void print_attached(const struct model_tree *tree, unsigned int ops)
{
	const struct model_tree_attached *attached;
	char text[64];
	int i;

	for (i = 0; i < MODEL_OPS; i++) {
		attached = &tree->attached[i];
		if (!(ops & 1U << i))
			continue;
		if (!attached->nr) {
			printf("#   %c was never attached\n", 'A' + i);
			continue;
		}
		printf("#   %lu: %s", attached->nr,
		       step_text(&attached->step, text, sizeof(text)));
		if (attached->detached)
			printf("; detached by step %lu", attached->detached);
		printf("\n");
	}
}

void model_tree_complain(struct model_tree *tree)
{
	unsigned long i = tree->past_begin;
	const struct model_tree_past *past;
	unsigned int ops;
	char text[64];

	printf("# step %lu: %s\n", tree->steps, tree->why);
	if (tree->steps > i) {
		past = model_tree_past(tree, tree->steps - 1);
		ops = ops_in_question(tree, &past->step);
		if (ops)
			printf("# the steps that attached the ops in question:\n");
		print_attached(tree, ops);
	}

	if (tree->steps > i + MODEL_TREE_LAST)
		i = tree->steps - MODEL_TREE_LAST;
	printf("# the last steps:\n");
	for (; i < tree->steps; i++) {
		past = model_tree_past(tree, i);
		printf("#   %lu: %s: %s\n", i + 1,
		       step_text(&past->step, text, sizeof(text)),
		       past->ret ? strerror(-past->ret) : "success");
	}
	printf("# whose ops each cgroup has (+: may be overridden):\n");
	print_tree(tree);
	fflush(stdout);
}
