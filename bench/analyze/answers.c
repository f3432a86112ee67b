// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "answers.h"
#include "findings_overhead.h"
#include "findings_strategies.h"
#include "groups.h"

struct answerer {
	const char *bench;
	const char *columns[4];			/* which it reads; NULL ends them */
	const char *baseline;			/* or NULL: that of the CSV */
	void (*see)(const char *value);		/* after calculate() of each value */
};

static const struct answerer answerers[] = {
	{
		.bench = "overhead",
		.columns = { "charge", "ops" },
		.see = answer_of_overhead,
	}, {
		.bench = "protect",
		.columns = { "memory", "activity", "strategy" },
		.baseline = "strategy=bpf",
		.see = answer_of_protect,
	}, {
		.bench = "reclaim",
		.columns = { "workload", "strategy" },
		.see = answer_of_reclaim,
	},
};

static const struct answerer *find_answerer(void)
{
	const char *bench = csv_meta(&csv, "bench") ?: "";
	size_t i;

	for (i = 0; i < sizeof(answerers) / sizeof(answerers[0]); i++) {
		if (!strcmp(answerers[i].bench, bench))
			return &answerers[i];
	}
	return NULL;
}

/* Is there a row of that level?  A run may have been told to leave it out. */
static bool is_measured(const char *baseline)
{
	const char *level = strchr(baseline, '=') + 1;
	char column[64];
	int index;
	size_t i;

	snprintf(column, sizeof(column), "%.*s", (int)(level - 1 - baseline), baseline);
	index = csv_column(&csv, column);
	for (i = 0; index >= 0 && i < csv.nr_rows; i++) {
		if (!strcmp(csv.rows[i].cells[index], level))
			return true;
	}
	return false;
}

const char *answers_baseline(void)
{
	const struct answerer *a = find_answerer();

	return a && a->baseline && is_measured(a->baseline) ? a->baseline : NULL;
}

int answers_print(const struct stats_options *o)
{
	const struct answerer *a = find_answerer();
	unsigned int i;

	if (!a)
		return 0;
	for (i = 0; a->columns[i]; i++) {
		if (csv_column(&csv, a->columns[i]) >= 0)
			continue;
		fprintf(stderr, "%s: no column %s, which the answer of %s is about\n",
			csv.path, a->columns[i], a->bench);
		return -ENOENT;
	}
	for (i = 0; i < opt.values.nr; i++) {
		calculate(opt.values.column[i], o);
		a->see(opt.values.name[i]);
	}
	return 0;
}
