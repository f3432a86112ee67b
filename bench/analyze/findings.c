// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "findings.h"
#include "findings_overhead.h"
#include "findings_strategies.h"
#include "groups.h"
#include "sessions.h"
#include "words.h"

/* What the interface promises of a delay: up to the one no sleep, no more than the other. */
#define NO_SLEEP_MS	10
#define CLAMP_MS	2000

static void see_delay(const char *value)
{
	double most = 0, least_ratio = INFINITY, most_ratio = 0, longest = 0;
	unsigned int nr_none = 0, nr_between = 0, i;
	char *beyond = NULL;

	if (strcmp(value, "psi_ms"))
		return;
	for (i = 0; i < nr_groups; i++) {
		const struct summary *s = &groups[i].summary;
		const char *asked = group_cell(&groups[i], "over_high_ms");
		double ms = strtod(asked, NULL);

		if (!groups[i].n)
			continue;
		if (ms <= NO_SLEEP_MS) {
			nr_none++;
			most = fmax(most, s->max);
		} else if (ms <= CLAMP_MS) {
			nr_between++;
			least_ratio = fmin(least_ratio, s->median / ms);
			most_ratio = fmax(most_ratio, s->median / ms);
		} else {
			words_add(&beyond, "%s", asked);
			longest = fmax(longest, s->max);
		}
	}
	if (nr_none)
		printf("Asked for %d ms or less, a task was stalled for at most %s ms.\n",
		       NO_SLEEP_MS, words_number(most));
	if (nr_between)
		printf("Asked for more, up to %d ms, it was stalled for %s to %s times as long (medians, %u values).\n",
		       CLAMP_MS, words_number(least_ratio),
		       words_number(most_ratio), nr_between);
	if (beyond)
		printf("Asked for %s ms, it was stalled for at most %s ms: the clamp.\n",
		       beyond, words_number(longest));
	free(beyond);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char * const *)a, *(char * const *)b);
}

static void see_priority(const char *value)
{
	char **lines = allocate(nr_groups, sizeof(*lines));
	unsigned int nr = 0, i;

	for (i = 0; !strcmp(value, "ratio") && i < nr_groups; i++) {
		const struct group *group = &groups[i];
		const char *pair = group_cell(group, "pair");

		if (!group->n)
			continue;
		if (!strcmp(group_cell(group, "ops"), "none"))
			words_add(&lines[nr++],
				  "%s: with nothing attached it is %s times as long.",
				  pair, words_median(group));
		else
			words_add(&lines[nr++],
				  "%s, CG_LIMIT %.6g MiB, delay %s ms: LOW takes %s times as long as HIGH with ops.",
				  pair, strtod(group_cell(group, "cg_limit"), NULL) / (1 << 20),
				  group_cell(group, "over_high_ms"), words_median(group));
	}
	qsort(lines, nr, sizeof(*lines), by_text);
	for (i = 0; i < nr; i++) {
		puts(lines[i]);
		free(lines[i]);
	}
	free(lines);
}

/* What tell_attach() says of a value: of the cgroups with the fewest and the most below. */
struct attach_value {
	const char *name;
	double least, most;
	const char *least_text, *most_text, *depth;	/* levels; NULL: not measured */
	char *first, *last;				/* medians, in us */
};

static struct attach_value attach_values[] = {
	{ .name = "attach_us" }, { .name = "detach_us" },
	{ .name = "mkdir_idle_us" }, { .name = "mkdir_busy_us" },
	{ .name = "attach_instructions" }, { .name = "detach_instructions" },
};

#define NR_ATTACH_VALUES (sizeof(attach_values) / sizeof(attach_values[0]))

static void see_attach(const char *value)
{
	struct attach_value *v = NULL;
	unsigned int i;

	for (i = 0; i < NR_ATTACH_VALUES; i++) {
		if (!strcmp(attach_values[i].name, value))
			v = &attach_values[i];
	}
	for (i = 0; v && i < nr_groups; i++) {
		const struct group *group = &groups[i];
		const char *text = group_cell(group, "descendants");
		double descendants = strtod(text, NULL);

		if (!group->n)
			continue;
		if (!v->first || descendants < v->least) {
			v->least = descendants;
			v->least_text = text;
			free(v->first);
			v->first = strdup(words_median(group));
		}
		if (!v->last || descendants >= v->most) {
			v->most = descendants;
			v->most_text = text;
			v->depth = group_cell(group, "depth");
			free(v->last);
			v->last = strdup(words_median(group));
		}
	}
}

static const char *plural(double n)
{
	return n == 1 ? "" : "s";
}

static void tell_attach(void)
{
	const struct attach_value *idle = &attach_values[2];
	const struct attach_value *busy = &attach_values[3];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		const struct attach_value *v = &attach_values[i];
		const struct attach_value *counted = &attach_values[4 + i];

		if (v->last)
			printf("To %s a cgroup with %s descendant%s takes %s us, and %s us with %s descendant%s, %s deep.\n",
			       i ? "detach from" : "attach to", v->least_text,
			       plural(v->least), v->first, v->last, v->most_text,
			       plural(v->most), v->depth);
		if (counted->last)
			printf("That is %s instructions, and %s.\n", counted->first,
			       counted->last);
	}
	if (busy->last && idle->last)
		printf("The longest mkdir of another cgroup takes %s us during that, and %s us in as long a time afterwards (%s descendant%s, %s deep).\n",
		       busy->last, idle->last, busy->most_text,
		       plural(busy->most), busy->depth);
	for (i = 0; i < NR_ATTACH_VALUES; i++) {
		free(attach_values[i].first);
		free(attach_values[i].last);
	}
}

static void see_inversion(const char *value)
{
	unsigned int i, j;

	for (i = 0; !strcmp(value, "wait_max_s") && i < nr_groups; i++) {
		const char *lock = group_cell(&groups[i], "lock");
		char *shown = NULL;

		for (j = 0; strcmp(group_cell(&groups[j], "lock"), lock); j++)
			;
		if (j < i)
			continue;
		for (; j < nr_groups; j++) {
			const struct group *group = &groups[j];
			const char *throttle = group_cell(group, "throttle");
			bool bpf = !strcmp(throttle, "bpf");

			if (group->n && !strcmp(group_cell(group, "lock"), lock))
				words_add(&shown, "%s%s%s%s %s", throttle,
					  bpf ? " with " : "",
					  bpf ? group_cell(group, "over_high_ms") : "",
					  bpf ? " ms" : "", words_median(group));
		}
		if (shown)
			printf("%s: longest wait of HIGH for the lock, in s, by what holds LOW back: %s.\n",
			       lock, shown);
		free(shown);
	}
}

struct finder {
	const char *bench;
	const char *columns[8];			/* which it reads; NULL ends them */
	void (*begin)(void);			/* or NULL */
	const char *only;			/* the one value to calculate, or NULL: all */
	void (*see)(const char *value);		/* after calculate() of each value */
	void (*end)(void);			/* or NULL */
};

static const struct finder finders[] = {
	{
		.bench = "delay",
		.columns = { "over_high_ms" },
		.see = see_delay,
	}, {
		.bench = "priority",
		.columns = { "pair", "ops", "cg_limit", "over_high_ms" },
		.see = see_priority,
	}, {
		.bench = "overhead",
		.columns = { "charge", "ops" },
		.see = findings_of_overhead,
	}, {
		.bench = "attach",
		.columns = { "descendants", "depth" },
		.see = see_attach,
		.end = tell_attach,
	}, {
		.bench = "inversion",
		.columns = { "lock", "throttle", "over_high_ms" },
		.see = see_inversion,
	}, {
		.bench = "reclaim",
		.columns = { "workload", "strategy" },
		.see = findings_of_reclaim,
	}, {
		.bench = "protect",
		.columns = { "activity", "strategy" },
		.see = findings_of_protect,
	}, {
		.bench = "isolation",
		.columns = { SESSIONS_COLUMNS },
		.begin = sessions_tell_completed,
		.only = "completion_s",
		.see = sessions_tell_times,
	},
};

static const struct finder *find_finder(void)
{
	const char *bench = csv_meta(&csv, "bench") ?: "";
	size_t i;

	for (i = 0; i < sizeof(finders) / sizeof(finders[0]); i++) {
		if (!strcmp(finders[i].bench, bench))
			return &finders[i];
	}
	return NULL;
}

int findings_print(const struct stats_options *o)
{
	const struct finder *f = find_finder();
	unsigned int i;

	if (!f)
		return 0;
	for (i = 0; f->columns[i]; i++) {
		if (csv_column(&csv, f->columns[i]) >= 0)
			continue;
		fprintf(stderr, "%s: no column %s, which the findings of %s are about\n",
			csv.path, f->columns[i], f->bench);
		return -ENOENT;
	}
	if (f->begin)
		f->begin();
	/* Intervals are drawn at random: what is calculated before a value counts. */
	for (i = 0; i < opt.values.nr; i++) {
		const char *value = opt.values.name[i];

		if (f->only && strcmp(f->only, value))
			continue;
		calculate(opt.values.column[i], o);
		f->see(value);
	}
	if (f->end)
		f->end();
	return 0;
}
