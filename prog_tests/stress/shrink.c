// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "shrink.h"

/* Replays that show whether a sequence always fails. */
#define CONFIRM 3

/* Timeout for what is to end, shorter than that of the run. */
#define SETTLE_MS 3000

struct shrink {
	struct model_tree *tree;
	struct mismatch wanted;
	struct sequence *best;		/* the shortest that fails so far */
	struct sequence *candidate;	/* the one that replay() tries */
	uint64_t end_us;
	unsigned int replays;
	bool broken;			/* no new tree could be made */
	/* what was seen when the best was done */
	struct mismatch mismatch;
	char why[512];
};

static void add(struct sequence *seq, struct step step)
{
	seq->steps[seq->nr++] = step;
}

static bool is_over(const struct shrink *s)
{
	return s->broken || clock_us() >= s->end_us;
}

/*
 * Do the candidate in a new tree.  If the mismatch comes, it becomes the best, without
 * the steps that made no sense or came after it.
 */
static bool replay(struct shrink *s)
{
	struct sequence *seq = s->candidate;
	unsigned int i, nr = 0;

	if (is_over(s))
		return false;
	s->replays++;
	if (model_tree_renew(s->tree)) {
		s->broken = true;
		return false;
	}
	for (i = 0; i < seq->nr; i++) {
		struct step step = seq->steps[i];

		if (!step_makes_sense(&s->tree->model, &step))
			continue;
		seq->steps[nr++] = step;
		if (!model_tree_step(s->tree, &step))
			continue;
		if (!mismatch_is_same(&s->tree->mismatch, &s->wanted))
			return false;
		seq->nr = nr;
		s->candidate = s->best;
		s->best = seq;
		s->mismatch = s->tree->mismatch;
		snprintf(s->why, sizeof(s->why), "%s", s->tree->why);
		return true;
	}
	return false;
}

/* Add the steps that make the tree of @m, parents before their children. */
static void rebuild(struct sequence *seq, const struct model *m)
{
	int depth, i, own, cgroup;
	bool is_on;

	for (depth = 1; depth <= MODEL_DEPTH; depth++) {
		for (i = 0; i < MODEL_CGROUPS; i++) {
			if (!m->cgroups[i].exists || model_depth(m, i) != depth)
				continue;
			if (i)
				add(seq, (struct step) {
					.what = STEP_MKDIR,
					.cgroup = i,
					.parent = m->cgroups[i].parent,
				});
			/* A new tree has the controller on below its root only. */
			is_on = i == 0;
			if (m->cgroups[i].gives_memory != is_on)
				add(seq, (struct step) {
					.what = STEP_CONTROLLER,
					.cgroup = i,
					.on = m->cgroups[i].gives_memory,
				});
		}
	}
	for (depth = 1; depth <= MODEL_DEPTH; depth++) {
		for (i = 0; i < MODEL_CGROUPS; i++) {
			own = m->cgroups[i].own;
			if (!m->cgroups[i].exists || own == MODEL_NONE ||
			    model_depth(m, i) != depth)
				continue;
			cgroup = m->links[own].named;
			add(seq, (struct step) {
				.what = STEP_ATTACH,
				.ops = own,
				.cgroup = cgroup == MODEL_NONE ? i : cgroup,
				.target = MODEL_CGROUP,
				.flags = m->links[own].flags,
			});
		}
	}
}

/*
 * Find a sequence that fails.  It makes the tree as it was before the last steps of the
 * run, and then does these: one, two, four and so on, until that is enough.  One is
 * enough for a mismatch that depends only on the tree.
 */
static bool find_first(struct shrink *s, const struct run *run)
{
	unsigned int last, begin;

	for (last = 1; !is_over(s); last *= 2) {
		if (last > run->nr_past)
			last = run->nr_past;
		begin = run->nr_past - last;
		s->candidate->nr = 0;
		rebuild(s->candidate, &run->past[begin].before);
		for (; begin < run->nr_past; begin++)
			add(s->candidate, run->past[begin].step);
		if (replay(s))
			return true;
		if (last == run->nr_past)
			break;
	}
	return false;
}

/*
 * Drop @chunk steps at a time, wherever it fails without them.  Return true if some were
 * dropped.
 */
static bool drop(struct shrink *s, unsigned int chunk)
{
	unsigned int at = 0;
	bool dropped = false;

	while (at < s->best->nr && !is_over(s)) {
		unsigned int end = at + chunk < s->best->nr ? at + chunk : s->best->nr;

		*s->candidate = *s->best;
		s->candidate->nr -= end - at;
		memmove(&s->candidate->steps[at], &s->candidate->steps[end],
			(s->best->nr - end) * sizeof(struct step));
		if (replay(s))
			dropped = true;
		else
			at += chunk;
	}
	return dropped;
}

/* Leave out the making of a cgroup, and do to its parent what was done to it. */
static bool merge(struct shrink *s)
{
	unsigned int at, i, nr;
	bool merged = false;

	for (at = 0; at < s->best->nr && !is_over(s); at++) {
		struct step made = s->best->steps[at];

		if (made.what != STEP_MKDIR)
			continue;
		for (i = 0, nr = 0; i < s->best->nr; i++) {
			struct step step = s->best->steps[i];

			if (i == at)
				continue;
			if (step.parent == made.cgroup)
				step.parent = made.parent;
			if (step.cgroup == made.cgroup && step.what != STEP_MKDIR)
				step.cgroup = made.parent;
			s->candidate->steps[nr++] = step;
		}
		s->candidate->nr = nr;
		merged |= replay(s);
	}
	return merged;
}

/* Attach without flags, or else without the lowest of several. */
static bool simplify_flags(struct shrink *s)
{
	unsigned int at, flags, without_lowest;
	bool simplified = false;

	for (at = 0; at < s->best->nr && !is_over(s); at++) {
		flags = s->best->steps[at].flags;
		if (s->best->steps[at].what != STEP_ATTACH || !flags)
			continue;
		*s->candidate = *s->best;
		s->candidate->steps[at].flags = 0;
		if (replay(s)) {
			simplified = true;
			continue;
		}
		without_lowest = flags & (flags - 1);
		if (!without_lowest)
			continue;
		*s->candidate = *s->best;
		s->candidate->steps[at].flags = without_lowest;
		simplified |= replay(s);
	}
	return simplified;
}

/* Until nothing more can be left out, or the time is over. */
static void minimize(struct shrink *s)
{
	unsigned int chunk;
	bool smaller = true;

	for (chunk = s->best->nr / 2; chunk > 1; chunk /= 2)
		drop(s, chunk);
	while (smaller && !is_over(s)) {
		smaller = drop(s, 1);
		smaller |= merge(s);
		smaller |= simplify_flags(s);
	}
}

/*
 * Give the cgroups and ops of the best plain names, if it still fails with them.  Return how
 * many of CONFIRM replays fail.
 */
static unsigned int confirm(struct shrink *s)
{
	struct sequence *old = malloc(sizeof(*old));
	unsigned int i, failed = 0;

	s->end_us = UINT64_MAX;
	if (old) {
		*old = *s->best;
		*s->candidate = *old;
		sequence_rename(s->candidate);
		if (!replay(s))
			*s->best = *old;
	}
	free(old);
	for (i = 0; i < CONFIRM; i++) {
		*s->candidate = *s->best;
		failed += replay(s);
	}
	return failed;
}

static void print(struct shrink *s, uint64_t begin_us)
{
	bool timeout = is_over(s);
	unsigned int failed = confirm(s);

	printf("# the shortest steps found that fail so, %u of %u times (%u replays, %.1f s%s):\n",
	       failed, CONFIRM, s->replays, (clock_us() - begin_us) / 1e6,
	       s->broken ? "; no new tree can be made: fewer may do" :
	       timeout ? "; the time was over: fewer may do" : "");
	sequence_print(s->best);
	printf("# after which %s\n", s->why);
	sequence_print_test(s->best, &s->tree->model.rules, &s->mismatch);
}

void shrink(const struct run *run, unsigned int seconds)
{
	uint64_t begin_us = clock_us();
	struct sequence *buffers = calloc(2, sizeof(*buffers));
	struct shrink s = {
		.tree = run->tree,
		.wanted = run->causes[0].mismatch,
		.best = buffers,
		.candidate = buffers + 1,
		.end_us = begin_us + seconds * 1000000ULL,
	};

	run->tree->settle_ms = SETTLE_MS;
	if (!buffers || !run->past) {
		printf("# no memory to look for shorter steps\n");
	} else if (find_first(&s, run)) {
		minimize(&s);
		print(&s, begin_us);
	} else if (s.broken) {
		printf("# cannot look for shorter steps: %s\n", run->tree->why);
	} else {
		printf("# done again in new trees, %u times in %.1f s, the last %u steps did not fail so%s\n",
		       s.replays, (clock_us() - begin_us) / 1e6, run->nr_past,
		       is_over(&s) ? ": the time was over" : "");
	}
	fflush(stdout);
	free(buffers);
}
