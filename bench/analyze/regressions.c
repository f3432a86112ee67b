// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "against.h"
#include "describe.h"
#include "groups.h"
#include "regressions.h"
#include "words.h"

/* "charge=anon, ops=empty", of what tells groups apart */
static const char *label(const struct group *group)
{
	static char text[1024];
	unsigned int i;
	size_t len = 0;

	text[0] = '\0';
	for (i = 0; i < opt.groups.nr; i++) {
		if ((int)i != baseline_index && !is_constant(i) && len < sizeof(text))
			len += snprintf(text + len, sizeof(text) - len, "%s%s=%s",
					len ? ", " : "", opt.groups.name[i],
					level(group->row, i));
	}
	return text;
}

/* "overhead ns (charge=anon, ops=empty): " */
static void print_what(const char *kind, const char *value,
		       const struct group *group)
{
	const char *of = label(group);

	printf("%s: %s %s", kind, csv_meta(&csv, "bench") ?: csv.path, value);
	if (control.column >= 0)
		printf(" / %s", control.level);
	printf("%s%s%s: ", *of ? " (" : "", of, *of ? ")" : "");
}

/* What is not in FILE because nobody asked for it is not missed. */
static bool asked_for(const struct group *group)
{
	unsigned int i;

	for (i = 0; i < opt.groups.nr; i++) {
		if (!level_is_asked_for(opt.groups.name[i], level(group->row, i)))
			return false;
	}
	return true;
}

struct tally {
	unsigned int compared, worse, better, unknown, unmatched;
	char *own_bounds;	/* "instructions: 0.5 %", or NULL */
};

/* How far a result may move, in percent: what is counted says so itself. */
static double bound_of(const char *value)
{
	const char *own = describe("bound", value);

	return own ? strtod(own, NULL) : opt.bound;
}

static void judge(const char *value, const char *worse, struct group *group,
		  struct tally *tally)
{
	const struct comparison *c = &group->comparison;
	enum against_verdict verdict;
	double now, was;

	if (!group->base) {
		tally->unmatched += group->n > 0;
		return;
	}
	tally->compared++;
	verdict = against_judge(c, worse, bound_of(value) / 100,
				opt.confidence / 100.0);
	tally->unknown += verdict == AGAINST_UNKNOWN;
	tally->worse += verdict == AGAINST_WORSE;
	tally->better += verdict == AGAINST_BETTER;
	if (verdict != AGAINST_WORSE && verdict != AGAINST_BETTER)
		return;

	now = opt.of_mean ? group->summary.mean : group->summary.median;
	was = opt.of_mean ? group->base->summary.mean : group->base->summary.median;
	print_what(verdict == AGAINST_WORSE ? "regression" : "better", value, group);
	printf("%s, was %s; ratio %s, %d %% interval %s to %s, p %s%.4f\n",
	       rounded(now), rounded(was), rounded(c->ratio), (int)opt.confidence,
	       rounded(c->ratio_low), rounded(c->ratio_high),
	       c->p < 0.0001 ? "< " : "", c->p < 0.0001 ? 0.0001 : c->p);
}

/* Has OLD a group that FILE should have, too? */
static void find_lost(const char *value, struct group *group,
		      struct tally *tally)
{
	const struct group *now;

	if (!group->n || !asked_for(group))
		return;
	now = group_with(group, AGAINST_NEW);
	if (now && now->n)
		return;
	tally->worse++;
	print_what("regression", value, group);
	printf("not measured, was %s of %zu trials\n", rounded(opt.of_mean ?
	       group->summary.mean : group->summary.median), group->n);
}

/*
 * Choose how a result is compared: as it is, or as a part of the control's.
 *
 * Return: false if it is a time of an emulated processor without a control.
 */
static bool choose_control(const char *value, const char *worse)
{
	const char *accel = csv_meta(&csv, "accelerator");
	const char *baseline = csv_meta(&csv, "baseline");
	const char *help = describe("result", value) ?: "";
	char name[64];

	control.column = -1;
	/* what is "either" has a value that it should have; what has no unit is no time */
	if (!accel || strcmp(accel, "tcg") || !strcmp(worse, "either") ||
	    !strncmp(help, "[]", 2))
		return true;
	if (!baseline || !strchr(baseline, '='))
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(baseline, "="), baseline);
	control.level = strchr(baseline, '=') + 1;
	control.trial = csv_column(&csv, "trial");
	if (control.trial < 0)
		return false;
	control.column = csv_column(&csv, name);
	return control.column >= 0;
}

int regressions_print(const struct csv *old, const struct stats_options *o)
{
	struct tally tally = {};
	char text[512];
	unsigned int i, j;

	if (against_differs(old, &csv, text, sizeof(text))) {
		printf("not comparable: %s %s\n", csv_meta(&csv, "bench") ?: csv.path,
		       text);
		return 0;
	}
	for (i = 0; i < opt.values.nr; i++) {
		const char *name = opt.values.name[i];
		const char *worse = describe("worse", name);

		if (!worse)
			continue;
		if (!choose_control(name, worse)) {
			printf("not judged: %s %s: time of an emulated processor, and no control\n",
			       csv_meta(&csv, "bench") ?: csv.path, name);
			continue;
		}
		if (describe("bound", name))
			words_add(&tally.own_bounds, "%s: %s %%", name, describe("bound", name));
		calculate(opt.values.column[i], o);
		for (j = 0; j < nr_groups; j++) {
			if (!strcmp(level(groups[j].row, baseline_index), AGAINST_NEW))
				judge(name, worse, &groups[j], &tally);
			else
				find_lost(name, &groups[j], &tally);
		}
	}
	printf("%s: compared %u, %u worse, %u better, by more than %d %%%s%s%s; %u not judged: too few trials, or 0; %u new\n",
	       csv_meta(&csv, "bench") ?: csv.path, tally.compared, tally.worse,
	       tally.better, (int)opt.bound, tally.own_bounds ? " (" : "",
	       tally.own_bounds ?: "", tally.own_bounds ? ")" : "", tally.unknown,
	       tally.unmatched);
	free(tally.own_bounds);
	return tally.worse ? 1 : 0;
}
