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
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "against.h"
#include "csv.h"
#include "describe.h"
#include "groups.h"
#include "parse.h"
#include "regressions.h"
#include "stats.h"
#include "table.h"

static const char * const format_names[] = {
	[TABLE_TEXT] = "text", [TABLE_CSV] = "csv",
	[TABLE_MARKDOWN] = "markdown", [TABLE_HTML] = "html",
};

struct options opt = {
	.bound = 10,
	.seed = 1,
	.resamples = 10000,
	.confidence = 95,
};

static struct csv old;			/* of --against */

static void add_names(struct names *names, char *list)
{
	char *name;

	while ((name = strsep(&list, ",")))
		names_add(names, name);
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
		names_add(&opt.where, arg);
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
	names_add(&opt.groups, AGAINST_COLUMN);
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
		status = regressions_print(&old, &o);
		goto out;
	}
	if (opt.format == TABLE_CSV)
		describe_csv_header(&table);
	else
		describe_begin();
	for (i = 0; i < opt.values.nr; i++) {
		calculate(opt.values.column[i], &o);
		if (opt.format == TABLE_CSV)
			describe_csv_value(&table, opt.values.name[i]);
		else
			describe_value(opt.values.name[i]);
	}
	if (opt.format == TABLE_CSV)
		table_print(&table, opt.format);
	else
		describe_end();
out:
	gsl_rng_free(o.rng);
	csv_free(&csv);
	csv_free(&old);
	return status;
}
