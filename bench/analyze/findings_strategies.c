// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "describe.h"
#include "findings_strategies.h"
#include "groups.h"
#include "words.h"

/* What is told of a value where the strategies are compared. */
struct strategy_value {
	const char *value;	/* NULL ends them */
	const char *what;
	bool ratio;		/* to strategy=none, or else the medians */
};

static const struct strategy_value reclaim_values[] = {
	{ "completion_s", "time until the task is done, as a multiple of none", true },
	{ "events_max", "how often the task came to memory.max", false },
	{ "stall_s", "how long it was stalled on memory, in s", false },
	{ "cpu_all_s", "processor time of all, as a multiple of none", true },
	{ "cpu_elsewhere", "part of it that the task's cgroup is not charged with", false },
	{}
};

static const struct strategy_value protect_values[] = {
	{ "high_pages", "HIGH's work, as a multiple of none", true },
	{ "low_pages", "LOW's work, as a multiple of none", true },
	{ "high_steal", "pages that HIGH lost", false },
	{ "reaction_ms", "ms from HIGH's first fault after a pause until it is protected", false },
	{ "cpu_daemon_s", "processor time of the daemon, in s", false },
	{ "cpu_bpf_s", "run time of the BPF programs, in s", false },
	{}
};

static bool is_strategy(unsigned int i)
{
	return !strcmp(opt.groups.name[i], "strategy");
}

static bool same_but_strategy(const struct group *a, const struct group *b)
{
	unsigned int i;

	for (i = 0; i < opt.groups.nr; i++) {
		if (!is_strategy(i) && strcmp(level(a->row, i), level(b->row, i)))
			return false;
	}
	return true;
}

/* The other levels, in words; those that all groups have are left out if there are others. */
static char *describe_setting(const struct group *group)
{
	char *varied = NULL, *all = NULL;
	unsigned int i;

	for (i = 0; i < opt.groups.nr; i++) {
		if (is_strategy(i))
			continue;
		words_add(&all, "%s", level(group->row, i));
		if (!is_constant(i))
			words_add(&varied, "%s", level(group->row, i));
	}
	if (!varied)
		return all;
	free(all);
	return varied;
}

static void tell_medians(const struct group *of, const char *what)
{
	char *shown = NULL, *setting = describe_setting(of);
	unsigned int i;

	for (i = 0; i < nr_groups; i++) {
		const struct group *group = &groups[i];

		if (same_but_strategy(group, of) && group->n)
			words_add(&shown, "%s %s", group_cell(group, "strategy"),
				  words_median(group));
	}
	if (shown)
		printf("%s: %s: %s.\n", setting, what, shown);
	free(shown);
	free(setting);
}

/* What differs from none, and what none_again does. */
static void tell_ratios(const struct group *of, const char *what)
{
	char *shown = NULL, *again = NULL, *setting = describe_setting(of);
	bool compared = false, few = false;
	unsigned int i;

	for (i = 0; i < nr_groups; i++) {
		const struct group *group = &groups[i];
		const char *verdict, *strategy = group_cell(group, "strategy");

		if (!group->base || !same_but_strategy(group, of))
			continue;
		compared = true;
		verdict = describe_verdict(group);
		few = few || !strcmp(verdict, "too few trials");
		if (!strcmp(strategy, "none_again"))
			words_add(&again, "%s", words_ratio(group));
		else if (!strcmp(verdict, "more") || !strcmp(verdict, "less"))
			words_add(&shown, "%s %s", strategy, words_ratio(group));
	}
	if (compared)
		printf("%s: %s: %s.%s%s%s\n", setting, what,
		       few ? "too few trials to tell" : shown ?: "no difference is shown",
		       again ? " none once more: " : "", again ?: "", again ? "." : "");
	free(shown);
	free(again);
	free(setting);
}

static void see_strategies(const struct strategy_value *v, const char *value)
{
	unsigned int i, j;

	for (; v->value; v++) {
		if (strcmp(v->value, value))
			continue;
		for (i = 0; i < nr_groups; i++) {
			for (j = 0; !same_but_strategy(&groups[i], &groups[j]); j++)
				;
			if (j < i)
				continue;
			if (v->ratio)
				tell_ratios(&groups[i], v->what);
			else
				tell_medians(&groups[i], v->what);
		}
	}
}

void findings_of_reclaim(const char *value)
{
	see_strategies(reclaim_values, value);
}

void findings_of_protect(const char *value)
{
	see_strategies(protect_values, value);
}

static const struct strategy_value reclaim_answer[] = {
	{ "cpu_elsewhere",
	  "part of the processor time that the task's cgroup does not pay: kworkers with bpf, a daemon with poll and psi",
	  false },
	{}
};

void answer_of_reclaim(const char *value)
{
	see_strategies(reclaim_answer, value);
}

/* Does a process of user space, or nobody, do what BPF does? */
static bool is_rival(const char *strategy)
{
	return !strcmp(strategy, "static") || !strcmp(strategy, "psi") ||
		!strncmp(strategy, "poll_", strlen("poll_"));
}

/* Of the first kind of memory that was asked for. */
static bool is_about(const struct group *group, const char *activity)
{
	const char *memory = csv_meta(&csv, "MEMORY") ?: group_cell(&groups[0], "memory");
	size_t len = strcspn(memory, ",");
	const char *cell = group_cell(group, "memory");

	return !strcmp(group_cell(group, "activity"), activity) &&
		strlen(cell) == len && !strncmp(cell, memory, len);
}

static void tell_rivals(const char *activity, const char *what)
{
	char *shown = NULL, *same = NULL;
	unsigned int i;

	for (i = 0; i < nr_groups; i++) {
		const struct group *group = &groups[i];
		const char *strategy = group_cell(group, "strategy");
		const char *verdict;

		if (!group->base || !is_about(group, activity) || !is_rival(strategy))
			continue;
		verdict = describe_verdict(group);
		if (!strcmp(verdict, "more") || !strcmp(verdict, "less"))
			words_add(&shown, "%s %s", strategy, words_ratio(group));
		else
			words_add(&same, "%s", strategy);
	}
	if (shown || same)
		printf("%s, as a multiple of that with bpf: %s%s%s.\n", what,
		       shown ?: "no rival of user space is shown to differ",
		       shown && same ? "; no difference is shown for " : same ? ": " : "",
		       same ?: "");
	free(shown);
	free(same);
}

void answer_of_protect(const char *value)
{
	char *reactions = NULL;
	unsigned int i;

	if (!strcmp(value, "low_pages"))
		tell_rivals("idle", "While HIGH is idle, LOW's work");
	if (!strcmp(value, "high_pages"))
		tell_rivals("bursts", "When HIGH works in bursts, its work");
	if (strcmp(value, "reaction_ms"))
		return;
	for (i = 0; i < nr_groups; i++) {
		const char *strategy = group_cell(&groups[i], "strategy");

		if (groups[i].n && is_about(&groups[i], "bursts") &&
		    strcmp(strategy, "static"))
			words_add(&reactions, "%s %s", strategy, words_median(&groups[i]));
	}
	if (reactions)
		printf("From HIGH's first fault after a pause until it is protected, in ms: %s.\n",
		       reactions);
	free(reactions);
}
