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
		if (!m->cgroups[i].memory)
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

void model_tree_complain(struct model_tree *tree)
{
	unsigned long i = tree->steps > MODEL_TREE_LAST ?
		tree->steps - MODEL_TREE_LAST : 0;
	char text[64];
	int ret;

	printf("# step %lu: %s\n# the last steps:\n", tree->steps, tree->why);
	for (; i < tree->steps; i++) {
		ret = tree->last[i % MODEL_TREE_LAST].ret;
		printf("#   %lu: %s: %s\n", i + 1,
		       step_text(&tree->last[i % MODEL_TREE_LAST].step, text,
				 sizeof(text)),
		       ret ? strerror(-ret) : "success");
	}
	printf("# whose ops each cgroup has (+: may be overridden):\n");
	print_tree(tree);
	fflush(stdout);
}
