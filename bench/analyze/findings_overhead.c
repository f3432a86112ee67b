// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "describe.h"
#include "findings_overhead.h"
#include "groups.h"
#include "words.h"

/* Are they of the same kind of charge, and as many tasks where that is a factor? */
static bool same_kind(const struct group *a, const struct group *b)
{
	int tasks = csv_column(&csv, "tasks");

	return !strcmp(group_cell(a, "charge"), group_cell(b, "charge")) &&
		(tasks < 0 || !strcmp(a->row->cells[tasks], b->row->cells[tasks]));
}

/* "anon", or "anon with 4 tasks" */
static const char *kind_of_charge(const struct group *group)
{
	static char text[128];
	int tasks = csv_column(&csv, "tasks");

	if (tasks < 0 || !strcmp(group->row->cells[tasks], "1"))
		return group_cell(group, "charge");
	snprintf(text, sizeof(text), "%s with %s tasks", group_cell(group, "charge"),
		 group->row->cells[tasks]);
	return text;
}

/* The level that others are compared with, or its name of old. */
static const char *no_ops(void)
{
	const char *level = opt.baseline ? strchr(opt.baseline, '=') : NULL;

	return !level || !strcmp(level + 1, "none") ? "no ops" : level + 1;
}

/* The same as the baseline once more. */
static bool is_control(const struct group *group)
{
	const char *ops = group_cell(group, "ops"), *again = strstr(ops, "_again");
	const char *base = no_ops();

	if (!again)
		return false;
	return !strcmp(base, "no ops") ? !strcmp(ops, "none_again") :
		!strncmp(ops, base, again - ops);
}

/*
 * A line about the kind of charge that @of is of.  Where the control differs, @broken gets
 * the kind.
 */
static void tell_charge(const struct group *of, const char *what, char **broken)
{
	char *shown = NULL, *again = NULL;
	unsigned int nr_compared = 0, i;
	bool few = false;

	for (i = 0; i < nr_groups; i++) {
		const struct group *group = &groups[i];
		const char *verdict;
		bool differs;

		if (!group->base || !same_kind(group, of))
			continue;
		nr_compared++;
		verdict = describe_verdict(group);
		differs = !strcmp(verdict, "more") || !strcmp(verdict, "less");
		few = few || !strcmp(verdict, "too few trials");
		if (!is_control(group)) {
			if (differs)
				words_add(&shown, "%s %s", group_cell(group, "ops"),
					  words_ratio(group));
			continue;
		}
		words_add(&again, "%s", words_ratio(group));
		if (differs)
			words_add(broken, "%s", kind_of_charge(of));
	}
	printf("%s: ", kind_of_charge(of));
	if (!nr_compared)
		printf("nothing was measured that can be compared with %s.", no_ops());
	else if (few)
		printf("too few trials to tell ops from %s.", no_ops());
	else if (!shown)
		printf("no difference from %s is shown.", no_ops());
	else
		printf("%s, as a multiple of %s: %s.", what, no_ops(), shown);
	if (again)
		printf(" %s once more: %s.", no_ops(), again);
	printf("\n");
	free(shown);
	free(again);
}

static bool is_measured(const char *value)
{
	int column = csv_column(&csv, value);
	unsigned int i;

	for (i = 0; column >= 0 && i < csv.nr_rows; i++) {
		if (*csv.rows[i].cells[column])
			return true;
	}
	return false;
}

/* Instructions say it better than time, where they were counted. */
void findings_of_overhead(const char *value)
{
	bool counted = is_measured("instructions");
	char *broken = NULL;
	unsigned int i, j;

	if (strcmp(value, counted ? "instructions" : "ns"))
		return;
	for (i = 0; i < nr_groups; i++) {
		for (j = 0; !same_kind(&groups[i], &groups[j]); j++)
			;
		if (j == i)
			tell_charge(&groups[i], counted ? "instructions for each" :
				    "time for each", &broken);
	}
	if (broken)
		printf("The control failed: %s differs from itself (%s), so differences of this size cannot be told.\n",
		       no_ops(), broken);
	free(broken);
}

static bool control_differs(const struct group *of)
{
	const char *verdict;
	unsigned int i;

	for (i = 0; i < nr_groups; i++) {
		if (!groups[i].base || !same_kind(&groups[i], of) || !is_control(&groups[i]))
			continue;
		verdict = describe_verdict(&groups[i]);
		return !strcmp(verdict, "more") || !strcmp(verdict, "less");
	}
	return false;
}

void answer_of_overhead(const char *value)
{
	bool counted = is_measured("instructions");
	char *shown = NULL, *same = NULL, *unknown = NULL;
	unsigned int i;

	if (strcmp(value, counted ? "instructions" : "ns"))
		return;
	for (i = 0; i < nr_groups; i++) {
		const struct group *group = &groups[i];
		const char *verdict;

		if (!group->base || strcmp(group_cell(group, "ops"), "none"))
			continue;
		verdict = describe_verdict(group);
		if (!strcmp(verdict, "too few trials") || control_differs(group))
			words_add(&unknown, "%s", kind_of_charge(group));
		else if (!strcmp(verdict, "no difference shown"))
			words_add(&same, "%s", kind_of_charge(group));
		else
			words_add(&shown, "%s %s", kind_of_charge(group), words_ratio(group));
	}
	if (strncmp(no_ops(), "unpatched", strlen("unpatched")) || !(shown || same || unknown)) {
		printf("Not measured: there is no run of a kernel without the series beside it.\n");
		return;
	}
	printf("With nothing attached a charge takes, as a multiple of the %s on a kernel without the series: %s%s%s%s%s.\n",
	       counted ? "instructions" : "time",
	       shown ?: "nothing is shown to cost more",
	       same ? "; no difference is shown for " : "", same ?: "",
	       unknown ? "; nothing can be told of " : "", unknown ?: "");
	free(shown);
	free(same);
	free(unknown);
}
