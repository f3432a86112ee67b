// SPDX-License-Identifier: GPL-2.0
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "describe.h"
#include "groups.h"

const char *describe_verdict(const struct group *group)
{
	const struct comparison *c = &group->comparison;

	if (isnan(c->diff_low))
		return "too few trials";
	if (c->p >= 1 - opt.confidence / 100.0 ||
	    (c->diff_low <= 0 && c->diff_high >= 0))
		return "no difference shown";
	return c->diff > 0 ? "more" : "less";
}

const char *rounded(double x)
{
	static char text[8][32];
	static unsigned int nr;
	char *to = text[nr++ % 8];

	snprintf(to, sizeof(text[0]),
		 fabs(x) >= 1000 && fabs(x) < 1e9 ? "%.0f" : "%.4g", x);
	return to;
}

static void number_cell(struct table *table, double x)
{
	if (opt.format == TABLE_CSV && isnan(x))
		table_cell(table, "%s", "");
	else if (opt.format == TABLE_CSV)
		table_cell(table, "%.10g", x);
	else
		table_cell(table, "%s", isnan(x) ? "-" : rounded(x));
}

static void interval_cell(struct table *table, double low, double high)
{
	if (isnan(low))
		table_cell(table, "-");
	else
		table_cell(table, "%s to %s", rounded(low), rounded(high));
}

static void level_cells(struct table *table, const struct group *group)
{
	unsigned int i;

	for (i = 0; i < opt.groups.nr; i++) {
		if (opt.format != TABLE_CSV && is_constant(i))
			continue;
		table_cell(table, "%s", group ? level(group->row, i) :
			   opt.groups.name[i]);
	}
}

static void print_summaries(const char *title)
{
	static const char * const header[] = {
		"n", "failed", "median", "quartiles", "mean", "sd", "outliers"
	};
	struct table table = { .title = title };
	unsigned int i, j;

	level_cells(&table, NULL);
	for (i = 0; i < sizeof(header) / sizeof(header[0]); i++) {
		table_cell(&table, "%s", header[i]);
		if (!strcmp(header[i], opt.of_mean ? "mean" : "median"))
			table_cell(&table, "%d %% interval", (int)opt.confidence);
	}
	table_end_row(&table);

	for (j = 0; j < nr_groups; j++) {
		const struct summary *s = &groups[j].summary;

		level_cells(&table, &groups[j]);
		table_cell(&table, "%zu", groups[j].n);
		table_cell(&table, "%zu", groups[j].failed);
		if (!groups[j].n) {
			for (i = 0; i < 6; i++)
				table_cell(&table, "-");
			table_end_row(&table);
			continue;
		}
		number_cell(&table, s->median);
		if (!opt.of_mean)
			interval_cell(&table, s->low, s->high);
		interval_cell(&table, s->q1, s->q3);
		number_cell(&table, s->mean);
		if (opt.of_mean)
			interval_cell(&table, s->low, s->high);
		number_cell(&table, s->sd);
		table_cell(&table, "%zu", s->outliers);
		table_end_row(&table);
	}
	table_print(&table, opt.format);
}

static void print_comparisons(const char *title)
{
	struct table table = { .title = title };
	unsigned int i, nr = 0, pairs = 0;

	for (i = 0; i < nr_groups; i++) {
		nr += !!groups[i].base;
		pairs += groups[i].pairs;
	}
	if (!nr)
		return;

	level_cells(&table, NULL);
	if (pairs)
		table_cell(&table, "pairs");
	table_cell(&table, "ratio");
	table_cell(&table, "%d %% interval", (int)opt.confidence);
	table_cell(&table, "difference");
	table_cell(&table, "%d %% interval", (int)opt.confidence);
	table_cell(&table, "p");
	table_cell(&table, "verdict");
	table_end_row(&table);
	for (i = 0; i < nr_groups; i++) {
		const struct comparison *c = &groups[i].comparison;

		if (!groups[i].base)
			continue;
		level_cells(&table, &groups[i]);
		if (pairs)
			table_cell(&table, "%zu", groups[i].pairs);
		number_cell(&table, c->ratio);
		interval_cell(&table, c->ratio_low, c->ratio_high);
		number_cell(&table, c->diff);
		interval_cell(&table, c->diff_low, c->diff_high);
		table_cell(&table, c->p < 0.0001 ? "<0.0001" : "%.4f", c->p);
		table_cell(&table, "%s", describe_verdict(&groups[i]));
		table_end_row(&table);
	}
	table_print(&table, opt.format);
}

void describe_csv_header(struct table *table)
{
	static const char * const header[] = {
		"n", "failed", "missing", "mean", "sd", "min", "q1", "median",
		"q3", "max", "low", "high", "outliers", "pairs", "ratio",
		"ratio_low", "ratio_high", "diff", "diff_low", "diff_high", "p",
		"verdict"
	};
	unsigned int i;

	table_cell(table, "value");
	level_cells(table, NULL);
	for (i = 0; i < sizeof(header) / sizeof(header[0]); i++)
		table_cell(table, "%s", header[i]);
	table_end_row(table);
}

void describe_csv_value(struct table *table, const char *value)
{
	unsigned int i;

	for (i = 0; i < nr_groups; i++) {
		const struct summary none = {
			0, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, 0
		};
		const struct comparison alone = {
			NAN, NAN, NAN, NAN, NAN, NAN, NAN
		};
		const struct summary *s = groups[i].n ? &groups[i].summary : &none;
		const struct comparison *c = groups[i].base ?
			&groups[i].comparison : &alone;
		const double numbers[] = {
			s->mean, s->sd, s->min, s->q1, s->median, s->q3, s->max,
			s->low, s->high, s->outliers,
			groups[i].pairs ? groups[i].pairs : NAN, c->ratio,
			c->ratio_low, c->ratio_high, c->diff, c->diff_low,
			c->diff_high, c->p
		};
		unsigned int j;

		table_cell(table, "%s", value);
		level_cells(table, &groups[i]);
		table_cell(table, "%zu", groups[i].n);
		table_cell(table, "%zu", groups[i].failed);
		table_cell(table, "%zu", groups[i].missing);
		for (j = 0; j < sizeof(numbers) / sizeof(numbers[0]); j++)
			number_cell(table, numbers[j]);
		table_cell(table, "%s", groups[i].base ? describe_verdict(&groups[i]) : "");
		table_end_row(table);
	}
}

static bool nothing_measured(void)
{
	unsigned int i;

	for (i = 0; i < nr_groups; i++) {
		if (groups[i].n)
			return false;
	}
	return true;
}

void describe_value(const char *value)
{
	const char *help = describe("result", value) ?:
			   describe("column", value) ?: "";
	char title[512], against[1024];

	if (nothing_measured()) {
		table_text(opt.format, "%s %s: not measured", value, help);
		return;
	}
	snprintf(title, sizeof(title), "%s %s", value, help);
	print_summaries(title);
	snprintf(against, sizeof(against), "%s against %s", value,
		 opt.baseline ?: "");
	print_comparisons(against);
}

void describe_begin(void)
{
	static const char * const keys[] = {
		"bench", "date", "kernel", "cpu", "cpus", "accelerator", "commit"
	};
	char text[1024] = "";
	unsigned int i;
	size_t len = 0;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *value = csv_meta(&csv, keys[i]);

		if (value && len < sizeof(text))
			len += snprintf(text + len, sizeof(text) - len,
					"%s%s: %s", len ? ", " : "", keys[i],
					value);
	}
	if (len)
		table_text(opt.format, "%s", text);
	for (i = 0; i < csv.nr_meta; i++) {
		if (!strcmp(csv.meta[i].key, "note"))
			table_text(opt.format, "Note: %s.", csv.meta[i].value);
	}
	for (i = 0; i < opt.groups.nr; i++) {
		if (is_constant(i))
			table_text(opt.format, "%s = %s in all.",
				   opt.groups.name[i], level(groups[0].row, i));
	}
}

void describe_end(void)
{
	const char *of = opt.of_mean ? "mean" : "median";

	table_text(opt.format,
		   "Intervals: of the %s, %d %%, percentile bootstrap with %u resamples, seed %u; none for less than %zu trials. Quartiles: type 7. Outliers: beyond Tukey's fences, counted and kept.",
		   of, (int)opt.confidence, (unsigned int)opt.resamples,
		   (unsigned int)opt.seed,
		   stats_min_n(opt.confidence / 100.0));
	if (baseline_index >= 0)
		table_text(opt.format,
			   "Ratios and differences are of %ss, p is that of Mann and Whitney's test; in a table with pairs, they are the %s of those of the trials of the same round, and p is that of Wilcoxon's signed rank test: that is so where there are enough rounds for it to show anything. p: two-sided, corrected by Holm's method for the number of comparisons in the table. \"more\" or \"less\" takes p < %g and an interval of the difference without 0.",
			   of, of, 1 - opt.confidence / 100.0);
}
