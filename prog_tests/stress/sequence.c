// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "shrink.h"

void sequence_rename(struct sequence *seq)
{
	int cgroups[MODEL_CGROUPS] = {}, ops[MODEL_OPS] = {};	/* new number + 1 */
	int nr_cgroups = 0, nr_ops = 0;
	struct step *step;

	cgroups[0] = ++nr_cgroups;
	for (step = seq->steps; step < seq->steps + seq->nr; step++) {
		if (!cgroups[step->cgroup])
			cgroups[step->cgroup] = ++nr_cgroups;
		if (!ops[step->ops] && step->what == STEP_ATTACH)
			ops[step->ops] = ++nr_ops;
		step->cgroup = cgroups[step->cgroup] - 1;
		step->parent = cgroups[step->parent] - 1;
		if (step->what == STEP_ATTACH || step->what == STEP_DETACH)
			step->ops = ops[step->ops] - 1;
	}
}

void sequence_print(const struct sequence *seq)
{
	char text[64];
	unsigned int i;

	for (i = 0; i < seq->nr; i++)
		printf("#   %u: %s\n", i + 1,
		       step_text(&seq->steps[i], text, sizeof(text)));
}
