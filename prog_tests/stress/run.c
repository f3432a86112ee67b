// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "params.h"
#include "run.h"

/* Timeout for what is to end, after the first thing did not: it leaves time for more steps. */
#define IMPATIENT_MS 3000

void run_begin(struct run *run, struct model_tree *tree, const char *test)
{
	memset(run, 0, sizeof(*run));
	run->tree = tree;
	run->test = test;
}

/* Copy the steps before the mismatch: the repair of the tree forgets them. */
static void keep_past(struct run *run)
{
	const struct model_tree *tree = run->tree;
	unsigned long begin = tree->past_begin;
	unsigned int i;

	if (tree->steps > begin + MODEL_TREE_PAST)
		begin = tree->steps - MODEL_TREE_PAST;
	run->past = calloc(tree->steps - begin, sizeof(*run->past));
	if (!run->past)
		return;
	run->nr_past = tree->steps - begin;
	for (i = 0; i < run->nr_past; i++)
		run->past[i] = *model_tree_past(tree, begin + i);
}

static void tell(const struct run *run)
{
	model_tree_complain(run->tree);
	printf("# again: stress -t %s --seed=%u --stress-steps=%lu", run->test, params.seed,
	       run->tree->steps);
	if (params.without[0])
		printf(" --without=%s", params.without);
	printf("\n");
}

static struct run_cause *find_cause(struct run *run)
{
	const struct model_tree *tree = run->tree;
	struct run_cause *cause;
	unsigned int i;

	for (i = 0; i < run->nr; i++) {
		if (mismatch_is_same(&run->causes[i].mismatch, &tree->mismatch))
			return &run->causes[i];
	}
	if (run->nr == RUN_MAX_CAUSES)
		return NULL;
	cause = &run->causes[run->nr++];
	cause->mismatch = tree->mismatch;
	cause->step = tree->steps;
	snprintf(cause->why, sizeof(cause->why), "%s", tree->why);
	return cause;
}

int run_mismatch(struct run *run)
{
	struct model_tree *tree = run->tree;
	struct run_cause *cause = find_cause(run);
	bool is_new = cause && !cause->count;
	const char *how;

	if (!run->past)
		keep_past(run);
	if (cause)
		cause->count++;
	else
		run->others++;
	if (is_new)
		tell(run);
	if (tree->mismatch.kind == MISMATCH_NO_END && tree->settle_ms > IMPATIENT_MS) {
		tree->lost_us = tree->settle_ms * 1000ULL;
		tree->settle_ms = IMPATIENT_MS;
	}

	how = model_tree_repair(tree);
	if (!how)
		printf("# cannot go on: in a new tree: %s\n", tree->why);
	else if (is_new)
		printf("# goes on %s\n", how);
	fflush(stdout);
	return how ? 0 : -1;
}

void run_end(struct run *run)
{
	free(run->past);
	run->past = NULL;
}
