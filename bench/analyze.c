// SPDX-License-Identifier: GPL-2.0
/*
 * analyze [OPTION...] FILE - what do the trials in a CSV say?
 *
 * Rows are put in groups by some columns.  For each group the values of other
 * columns are described, and compared with those of the group's baseline.  The
 * CSV of memcg_bench says itself which columns are which.
 *
 * With --against=OLD: has anything become worse since?  Each group is compared
 * with the same group in OLD.
 */
#define _GNU_SOURCE
#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "against.h"
#include "csv.h"
#include "parse.h"
#include "stats.h"
#include "table.h"

#define MAX_NAMES	16

static const char * const format_names[] = {
	[TABLE_TEXT] = "text", [TABLE_CSV] = "csv",
	[TABLE_MARKDOWN] = "markdown", [TABLE_HTML] = "html",
};

/* Columns, by what the user or the CSV says. */
struct names {
	unsigned int nr;
	char *name[MAX_NAMES];
	int column[MAX_NAMES];
};

static struct {
	const char *path;
	struct names groups;
	struct names values;
	struct names where;		/* COLUMN=LEVEL */
	const char *baseline;
	enum table_format format;
	uint64_t seed;
	uint64_t resamples;
	uint64_t confidence;		/* percent */
	bool of_mean;
	const char *against;
	uint64_t bound;			/* percent */
} opt = {
	.bound = 10,
	.seed = 1,
	.resamples = 10000,
	.confidence = 95,
};

static struct csv csv;
static struct csv old;			/* of --against */

static void *allocate(size_t nr, size_t size)
{
	void *p = calloc(nr ?: 1, size);

	if (!p)
		abort();
	return p;
}

static void add_name(struct names *names, const char *name)
{
	if (names->nr == MAX_NAMES)
		parse_refuse("more than %d columns", MAX_NAMES);
	names->name[names->nr] = strdup(name);
	if (!names->name[names->nr++])
		abort();
}

static void add_names(struct names *names, char *list)
{
	char *name;

	while ((name = strsep(&list, ",")))
		add_name(names, name);
}

static const struct argp_option options[] = {
	{ "groups", 'g', "COLUMNS", 0, "columns that make a group, with commas; default: the \"# factor\" columns of FILE", 0 },
	{ "values", 'v', "COLUMNS", 0, "columns to describe; default: the \"# result\" columns of FILE", 0 },
	{ "baseline", 'b', "COLUMN=LEVEL", 0, "compare other levels of a group's column with this; default: the \"# baseline\" of FILE; none: do not compare", 0 },
	{ "where", 'w', "COLUMN=LEVEL", 0, "only rows with that; may be given again", 0 },
	{ "format", 'f', "FORMAT", 0, "text, csv, markdown or html; default: text", 0 },
	{ "confidence", 'c', "PERCENT", 0, "of intervals, 50 to 99; default: 95", 0 },
	{ "mean", 'm', NULL, 0, "intervals, ratios and differences of means, not of medians", 0 },
	{ "seed", 's', "NUMBER", 0, "of the bootstrap; default: 1", 0 },
	{ "against", 'a', "OLD", 0, "say which results have become worse since OLD, a CSV of the same benchmark, and end with status 1 if one has", 0 },
	{ "bound", 'B', "PERCENT", 0, "how much a result may differ from OLD, 0 to 1000; default: 10", 0 },
	{ "resamples", 'r', "NUMBER", 0, "of the bootstrap, 100 to 1000000; default: 10000", 0 },
	{ 0 }
};

static void parse_format(struct argp_state *state, const char *arg)
{
	size_t i;

	for (i = 0; i < sizeof(format_names) / sizeof(format_names[0]); i++) {
		if (!strcmp(arg, format_names[i])) {
			opt.format = i;
			return;
		}
	}
	argp_error(state, "--format=%s: want text, csv, markdown or html", arg);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'g':
		opt.groups.nr = 0;
		add_names(&opt.groups, arg);
		break;
	case 'v':
		opt.values.nr = 0;
		add_names(&opt.values, arg);
		break;
	case 'b':
		opt.baseline = arg;
		break;
	case 'w':
		if (!strchr(arg, '='))
			argp_error(state, "--where=%s: want COLUMN=LEVEL", arg);
		add_name(&opt.where, arg);
		break;
	case 'f':
		parse_format(state, arg);
		break;
	case 'c':
		if (parse_uint(arg, 50, 99, &opt.confidence))
			argp_error(state, "--confidence=%s: want 50 to 99", arg);
		break;
	case 'a':
		opt.against = arg;
		break;
	case 'B':
		if (parse_uint(arg, 0, 1000, &opt.bound))
			argp_error(state, "--bound=%s: want 0 to 1000", arg);
		break;
	case 'm':
		opt.of_mean = true;
		break;
	case 's':
		if (parse_uint(arg, 0, UINT32_MAX, &opt.seed))
			argp_error(state, "--seed=%s: want 0 to 4294967295", arg);
		break;
	case 'r':
		if (parse_uint(arg, 100, 1000000, &opt.resamples))
			argp_error(state, "--resamples=%s: want 100 to 1000000", arg);
		break;
	case ARGP_KEY_ARG:
		if (opt.path)
			argp_error(state, "one FILE at a time");
		opt.path = arg;
		break;
	case ARGP_KEY_END:
		if (!opt.path)
			argp_error(state, "no FILE");
		if (opt.against && opt.baseline)
			argp_error(state, "--against and --baseline: one of them");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* "[unit] help" of a "# result NAME:" line */
static const char *describe(const char *kind, const char *column)
{
	char key[128];

	snprintf(key, sizeof(key), "%s %s", kind, column);
	return csv_meta(&csv, key);
}

/* Columns that the CSV calls @kind. */
static void default_names(struct names *names, const char *kind)
{
	unsigned int i;

	if (names->nr)
		return;
	for (i = 0; i < csv.nr_columns; i++) {
		if (describe(kind, csv.columns[i]))
			add_name(names, csv.columns[i]);
	}
}

static void find_columns(struct names *names, const char *option)
{
	unsigned int i, j;

	for (i = 0; i < names->nr; i++) {
		char *name = strndup(names->name[i],
				     strcspn(names->name[i], "="));

		names->column[i] = csv_column(&csv, name);
		if (names->column[i] < 0)
			parse_refuse("%s: no column %s, for --%s", csv.path, name,
			       option);
		for (j = 0; j < i && strcmp(option, "where"); j++) {
			if (names->column[i] == names->column[j])
				parse_refuse("--%s: %s is there twice", option, name);
		}
		free(name);
	}
}

/* Rows with the same levels. */
struct group {
	const struct csv_row *row;	/* one of them */
	double *x;
	size_t n;
	size_t failed, missing;
	struct summary summary;
	const struct group *base;	/* NULL: not compared */
	struct comparison comparison;
};

static struct group *groups;
static unsigned int nr_groups;
static int baseline_index = -1;		/* in opt.groups */
static const char *baseline_level;

static const char *level(const struct csv_row *row, unsigned int i)
{
	return row->cells[opt.groups.column[i]];
}

static bool in_group(const struct csv_row *row, const struct group *group)
{
	unsigned int i;

	for (i = 0; i < opt.groups.nr; i++) {
		if (strcmp(level(row, i), level(group->row, i)))
			return false;
	}
	return true;
}

static bool wanted(const struct csv_row *row)
{
	unsigned int i;

	for (i = 0; i < opt.where.nr; i++) {
		if (strcmp(row->cells[opt.where.column[i]],
			   strchr(opt.where.name[i], '=') + 1))
			return false;
	}
	return true;
}

/* The "a,b,c" of the "# NAME: a,b,c" line of the CSV's parameters, or NULL. */
static const char *levels_of(const char *column)
{
	char key[64];
	size_t i;

	for (i = 0; column[i] && i < sizeof(key) - 1; i++)
		key[i] = column[i] >= 'a' && column[i] <= 'z' ?
			column[i] - 'a' + 'A' : column[i];
	key[i] = '\0';
	return csv_meta(&csv, key);
}

/* Place of a level in there, or -1. */
static int place(const char *column, const char *what)
{
	const char *list = levels_of(column);
	size_t len = strlen(what);
	int at;

	for (at = 0; list; at++) {
		if (!strncmp(list, what, len) &&
		    (list[len] == ',' || !list[len]))
			return at;
		list = strchr(list, ',');
		list = list ? list + 1 : NULL;
	}
	return -1;
}

/* In the order of the levels as they were set, or of numbers, or of letters. */
static int compare_levels(const char *column, const char *a, const char *b)
{
	int at_a = place(column, a), at_b = place(column, b);
	char *end_a, *end_b;
	double x, y;

	if (at_a >= 0 && at_b >= 0)
		return at_a - at_b;
	x = strtod(a, &end_a);
	y = strtod(b, &end_b);
	if (*a && *b && !*end_a && !*end_b)
		return (x > y) - (x < y);
	return strcmp(a, b);
}

static int compare_groups(const void *a, const void *b)
{
	const struct group *x = a, *y = b;
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < opt.groups.nr; i++)
		ret = compare_levels(opt.groups.name[i], level(x->row, i),
				     level(y->row, i));
	return ret;
}

static void make_groups(void)
{
	unsigned int i, j;

	groups = allocate(csv.nr_rows, sizeof(*groups));
	for (i = 0; i < csv.nr_rows; i++) {
		if (!wanted(&csv.rows[i]))
			continue;
		for (j = 0; j < nr_groups && !in_group(&csv.rows[i], &groups[j]);
		     j++)
			;
		if (j < nr_groups)
			continue;
		groups[nr_groups].row = &csv.rows[i];
		groups[nr_groups++].x = allocate(csv.nr_rows, sizeof(double));
	}
	if (!nr_groups)
		parse_refuse("%s: no rows", csv.path);
	qsort(groups, nr_groups, sizeof(*groups), compare_groups);
}

/* The group that differs from @group in the baseline's column only. */
static struct group *base_of(const struct group *group)
{
	unsigned int i, j;

	for (i = 0; i < nr_groups; i++) {
		for (j = 0; j < opt.groups.nr; j++) {
			const char *want = (int)j == baseline_index ?
				baseline_level : level(group->row, j);

			if (strcmp(level(groups[i].row, j), want))
				break;
		}
		if (j == opt.groups.nr)
			return &groups[i];
	}
	return NULL;
}

static void find_baseline(void)
{
	bool asked_for = opt.baseline;
	const char *equals;
	unsigned int i;

	if (!asked_for)
		opt.baseline = csv_meta(&csv, "baseline");
	if (!opt.baseline || !strcmp(opt.baseline, "none"))
		return;
	equals = strchr(opt.baseline, '=');
	for (i = 0; equals && i < opt.groups.nr; i++) {
		if (strlen(opt.groups.name[i]) == (size_t)(equals - opt.baseline) &&
		    !strncmp(opt.groups.name[i], opt.baseline,
			     equals - opt.baseline))
			baseline_index = i;
	}
	if (baseline_index < 0 && !asked_for)
		return;
	if (baseline_index < 0)
		parse_refuse("--baseline=%s: want COLUMN=LEVEL, with one of the columns of --groups",
		       opt.baseline);
	baseline_level = equals + 1;
	for (i = 0; i < nr_groups; i++) {
		if (!strcmp(level(groups[i].row, baseline_index), baseline_level))
			return;
	}
	baseline_index = -1;
	if (asked_for)
		parse_refuse("--baseline=%s: no row of %s has that", opt.baseline,
		       csv.path);
}

/* A trial that failed has no values. */
static bool is_ok(const struct csv_row *row)
{
	int status = csv_column(&csv, "status");

	return status < 0 || !strcmp(row->cells[status], "ok");
}

static double number(const struct csv_row *row, int column)
{
	const char *text = row->cells[column];
	char *end;
	double x;

	x = strtod(text, &end);
	/* strtod() takes blanks, hexadecimals, nan and inf, too */
	if (*end || end == text || !isfinite(x) ||
	    strspn(text, "+-.0123456789eE") != strlen(text))
		parse_refuse("%s:%u: %s=%s: not a number", csv.path, row->line,
		       csv.columns[column], text);
	return x;
}

/*
 * With --against, where the processor is emulated: how fast it is depends on what
 * else the machine does that night.  So a time is divided by that of the control in
 * the same round, the group that the file itself calls its baseline.
 */
static struct {
	int column;		/* that of the control's level, or -1: as it is */
	const char *level;
	int trial;
} control = { .column = -1 };

/* The row of the control that goes with @row, or NULL. */
static const struct csv_row *control_of(const struct csv_row *row)
{
	unsigned int i, j;

	for (i = 0; i < csv.nr_rows; i++) {
		const struct csv_row *other = &csv.rows[i];

		if (strcmp(other->cells[control.column], control.level) ||
		    strcmp(other->cells[control.trial], row->cells[control.trial]))
			continue;
		for (j = 0; j < opt.groups.nr; j++) {
			if (opt.groups.column[j] != control.column &&
			    strcmp(level(other, j), level(row, j)))
				break;
		}
		if (j == opt.groups.nr)
			return is_ok(other) ? other : NULL;
	}
	return NULL;
}

/* The value of a row, or NaN if there is none. */
static double value_of(const struct csv_row *row, int column)
{
	const struct csv_row *other;
	double of_control;

	if (!row->cells[column][0])
		return NAN;
	if (control.column < 0)
		return number(row, column);
	if (!strcmp(row->cells[control.column], control.level))
		return NAN;
	other = control_of(row);
	if (!other || !other->cells[column][0])
		return NAN;
	of_control = number(other, column);
	return of_control > 0 ? number(row, column) / of_control : NAN;
}

static void collect(int column)
{
	unsigned int i, j;

	for (j = 0; j < nr_groups; j++)
		groups[j].n = groups[j].failed = groups[j].missing = 0;

	for (i = 0; i < csv.nr_rows; i++) {
		const struct csv_row *row = &csv.rows[i];
		struct group *group;
		double value;

		if (!wanted(row))
			continue;
		for (j = 0; !in_group(row, &groups[j]); j++)
			;
		group = &groups[j];
		if (!is_ok(row))
			group->failed++;
		else if (isnan(value = value_of(row, column)))
			group->missing++;
		else
			group->x[group->n++] = value;
	}
}

static void calculate(int column, const struct stats_options *o)
{
	double *p = allocate(nr_groups, sizeof(*p));
	unsigned int i;

	collect(column);
	for (i = 0; i < nr_groups; i++) {
		if (groups[i].n)
			groups[i].summary = stats_summary(groups[i].x,
							  groups[i].n, o);
	}
	for (i = 0; i < nr_groups; i++) {
		struct group *group = &groups[i], *base = NULL;

		p[i] = NAN;
		if (baseline_index >= 0)
			base = base_of(group);
		group->base = base && base != group && base->n && group->n ?
			base : NULL;
		if (!group->base)
			continue;
		group->comparison = stats_compare(base->x, base->n, group->x,
						  group->n, o);
		p[i] = group->comparison.p;
	}
	/* Of many comparisons some look like a difference by chance alone. */
	stats_holm(p, nr_groups);
	for (i = 0; i < nr_groups; i++)
		groups[i].comparison.p = p[i];
	free(p);
}

/*
 * A difference is shown if the interval of the difference and the rank test both
 * say so.
 */
static const char *verdict(const struct group *group)
{
	const struct comparison *c = &group->comparison;

	if (isnan(c->diff_low))
		return "too few trials";
	if (c->p >= 1 - opt.confidence / 100.0 ||
	    (c->diff_low <= 0 && c->diff_high >= 0))
		return "no difference shown";
	return c->diff > 0 ? "more" : "less";
}

/* Four digits for a person, without an exponent where that can be read. */
static const char *rounded(double x)
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

/* Is it the same for all groups? */
static bool is_constant(unsigned int i)
{
	unsigned int j;

	for (j = 1; j < nr_groups; j++) {
		if (strcmp(level(groups[0].row, i), level(groups[j].row, i)))
			return false;
	}
	return nr_groups > 1;
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
	unsigned int i, nr = 0;

	for (i = 0; i < nr_groups; i++)
		nr += !!groups[i].base;
	if (!nr)
		return;

	level_cells(&table, NULL);
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
		number_cell(&table, c->ratio);
		interval_cell(&table, c->ratio_low, c->ratio_high);
		number_cell(&table, c->diff);
		interval_cell(&table, c->diff_low, c->diff_high);
		table_cell(&table, c->p < 0.0001 ? "<0.0001" : "%.4f", c->p);
		table_cell(&table, "%s", verdict(&groups[i]));
		table_end_row(&table);
	}
	table_print(&table, opt.format);
}

static void print_csv_header(struct table *table)
{
	static const char * const header[] = {
		"n", "failed", "missing", "mean", "sd", "min", "q1", "median",
		"q3", "max", "low", "high", "outliers", "ratio", "ratio_low",
		"ratio_high", "diff", "diff_low", "diff_high", "p", "verdict"
	};
	unsigned int i;

	table_cell(table, "value");
	level_cells(table, NULL);
	for (i = 0; i < sizeof(header) / sizeof(header[0]); i++)
		table_cell(table, "%s", header[i]);
	table_end_row(table);
}

static void add_csv_rows(struct table *table, const char *value)
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
			s->low, s->high, s->outliers, c->ratio, c->ratio_low,
			c->ratio_high, c->diff, c->diff_low, c->diff_high, c->p
		};
		unsigned int j;

		table_cell(table, "%s", value);
		level_cells(table, &groups[i]);
		table_cell(table, "%zu", groups[i].n);
		table_cell(table, "%zu", groups[i].failed);
		table_cell(table, "%zu", groups[i].missing);
		for (j = 0; j < sizeof(numbers) / sizeof(numbers[0]); j++)
			number_cell(table, numbers[j]);
		table_cell(table, "%s", groups[i].base ? verdict(&groups[i]) : "");
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

static void print_value(const char *value)
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

static void print_preamble(void)
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

static void print_method(void)
{
	const char *of = opt.of_mean ? "mean" : "median";

	table_text(opt.format,
		   "Intervals: of the %s, %d %%, percentile bootstrap with %u resamples, seed %u; none for less than %zu trials. Quartiles: type 7. Outliers: beyond Tukey's fences, counted and kept.",
		   of, (int)opt.confidence, (unsigned int)opt.resamples,
		   (unsigned int)opt.seed,
		   stats_min_n(opt.confidence / 100.0));
	if (baseline_index >= 0)
		table_text(opt.format,
			   "Ratios and differences are of %ss. p: two-sided, Mann-Whitney, corrected by Holm's method for the number of comparisons in the table. \"more\" or \"less\" takes p < %g and an interval of the difference without 0.",
			   of, 1 - opt.confidence / 100.0);
}

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
		if (levels_of(opt.groups.name[i]) &&
		    place(opt.groups.name[i], level(group->row, i)) < 0)
			return false;
	}
	return true;
}

struct tally {
	unsigned int compared, worse, better, unknown, unmatched;
};

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
	verdict = against_judge(c, worse, opt.bound / 100.0,
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
	unsigned int i, j;

	if (!group->n || !asked_for(group))
		return;
	for (i = 0; i < nr_groups; i++) {
		for (j = 0; j < opt.groups.nr; j++) {
			if (strcmp(level(groups[i].row, j),
				   (int)j == baseline_index ? AGAINST_NEW :
				   level(group->row, j)))
				break;
		}
		if (j == opt.groups.nr && groups[i].n)
			return;
	}
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

/* Return: the exit status. */
static int compare_with_old(const struct stats_options *o)
{
	struct tally tally = {};
	char text[512];
	unsigned int i, j;

	if (against_differs(&old, &csv, text, sizeof(text))) {
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
		calculate(opt.values.column[i], o);
		for (j = 0; j < nr_groups; j++) {
			if (!strcmp(level(groups[j].row, baseline_index), AGAINST_NEW))
				judge(name, worse, &groups[j], &tally);
			else
				find_lost(name, &groups[j], &tally);
		}
	}
	printf("%s: compared %u, %u worse, %u better, by more than %d %%; %u not judged: too few trials, or 0; %u new\n",
	       csv_meta(&csv, "bench") ?: csv.path, tally.compared, tally.worse,
	       tally.better, (int)opt.bound, tally.unknown, tally.unmatched);
	return tally.worse ? 1 : 0;
}

static void read_file(struct csv *to, const char *path)
{
	if (csv_read(to, path))
		parse_refuse("%s", to->error);
	if (to->complete < to->size)
		parse_refuse("%s: the last row is not complete: use memcg_bench --resume",
		       path);
}

/* Rows of OLD are rows like others, of the level that others are compared with. */
static void take_old(void)
{
	read_file(&old, opt.against);
	if (csv_column(&csv, AGAINST_COLUMN) >= 0)
		parse_refuse("%s: it has a column %s, which --against needs for itself",
		       csv.path, AGAINST_COLUMN);
	if (!old.nr_rows)
		parse_refuse("%s: no rows", old.path);
	against_join(&csv, &old);
	default_names(&opt.groups, "factor");
	add_name(&opt.groups, AGAINST_COLUMN);
	opt.baseline = AGAINST_COLUMN "=" AGAINST_OLD;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "FILE",
		.doc = "Describe and compare the trials in a CSV of memcg_bench.",
	};
	struct stats_options o;
	struct table table = { 0 };
	unsigned int i;
	int status = 0;

	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	read_file(&csv, opt.path);
	if (opt.against)
		take_old();

	default_names(&opt.groups, "factor");
	default_names(&opt.values, "result");
	if (!opt.values.nr)
		parse_refuse("%s: it has no \"# result\" lines: name columns with --values",
		       csv.path);
	find_columns(&opt.groups, "groups");
	find_columns(&opt.values, "values");
	find_columns(&opt.where, "where");
	make_groups();
	find_baseline();

	o = (struct stats_options) {
		.confidence = opt.confidence / 100.0,
		.resamples = opt.resamples,
		.of_mean = opt.of_mean,
		.rng = gsl_rng_alloc(gsl_rng_mt19937),
	};
	gsl_rng_set(o.rng, opt.seed);

	if (opt.against) {
		status = compare_with_old(&o);
		goto out;
	}
	if (opt.format == TABLE_CSV)
		print_csv_header(&table);
	else
		print_preamble();
	for (i = 0; i < opt.values.nr; i++) {
		calculate(opt.values.column[i], &o);
		if (opt.format == TABLE_CSV)
			add_csv_rows(&table, opt.values.name[i]);
		else
			print_value(opt.values.name[i]);
	}
	if (opt.format == TABLE_CSV)
		table_print(&table, opt.format);
	else
		print_method();
out:
	gsl_rng_free(o.rng);
	csv_free(&csv);
	csv_free(&old);
	return status;
}
