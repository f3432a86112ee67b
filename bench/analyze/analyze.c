// SPDX-License-Identifier: GPL-2.0
/*
 * analyze [OPTION...] FILE - what do the trials in a CSV say?
 *
 * Rows are put in groups by some columns.  For each group the values of other
 * columns are described, and compared with those of the group's baseline.  The
 * CSV of memcg_bench says itself which columns are which.
 *
 * This is the only program that reads such a CSV on the host: what figures and the
 * report need beside these tables, --show and --meta print.  Numbers have a point,
 * whatever the locale is: nothing here calls setlocale().
 *
 * With --against=OLD: has anything become worse since?  Each group is compared
 * with the same group in OLD.
 */
#define _GNU_SOURCE
#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "against.h"
#include "answers.h"
#include "csv.h"
#include "describe.h"
#include "findings.h"
#include "groups.h"
#include "parse.h"
#include "regressions.h"
#include "rows.h"
#include "sessions.h"
#include "stats.h"
#include "table.h"

static const char * const format_names[] = {
	[TABLE_TEXT] = "text", [TABLE_CSV] = "csv",
	[TABLE_MARKDOWN] = "markdown", [TABLE_HTML] = "html",
};

static const char * const show_names[] = {
	[SHOW_TABLES] = "tables", [SHOW_FINDINGS] = "findings",
	[SHOW_ANSWER] = "answer",
	[SHOW_CONFIGURATIONS] = "configurations",
	[SHOW_SESSIONS] = "sessions", [SHOW_ROWS] = "rows",
	[SHOW_NOTHING] = "nothing",
};

#define NR_NAMES(table) (sizeof(table) / sizeof((table)[0]))

enum key { KEY_SHOW = 0x100, KEY_META, KEY_PUBLISHED };

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
	{ "where", 'w', "COLUMN=LEVEL", 0, "only rows with that, or without: COLUMN!=LEVEL; may be given again", 0 },
	{ "format", 'f', "FORMAT", 0, "text, csv, markdown or html; default: text", 0 },
	{ "confidence", 'c', "PERCENT", 0, "of intervals, 50 to 99; default: 95", 0 },
	{ "mean", 'm', NULL, 0, "intervals, ratios and differences of means, not of medians", 0 },
	{ "seed", 's', "NUMBER", 0, "of the bootstrap; default: 1", 0 },
	{ "against", 'a', "OLD", 0, "say which results have become worse since OLD, a CSV of the same benchmark, and end with status 1 if one has", 0 },
	{ "bound", 'B', "PERCENT", 0, "how much a result may differ from OLD, 0 to 1000; default: 10", 0 },
	{ "show", KEY_SHOW, "WHAT", 0, "tables; findings: what the results come to, in sentences; answer: the part of them that answers the question which overhead, protect or reclaim is about; of isolation, configurations: in how many trials all sessions completed, sessions: a table beside what is published; rows: the --values of rows as they are, default: all columns; nothing: only check that there are results; default: tables", 0 },
	{ "meta", KEY_META, "KEY", OPTION_ARG_OPTIONAL, "print the value of the line \"# KEY: value\" of FILE, or all such lines, and nothing else", 0 },
	{ "published", KEY_PUBLISHED, "PUBLISHED", 0, "with --show=sessions: a CSV of what is published of the experiments", 0 },
	{ "resamples", 'r', "NUMBER", 0, "of the bootstrap, 100 to 1000000; default: 10000", 0 },
	{ 0 }
};

/* Index of a word in a table of @nr. */
static unsigned int parse_word(struct argp_state *state, const char *option,
			       const char *arg, const char * const *names,
			       size_t nr)
{
	char list[256] = "";
	size_t i, len = 0;

	for (i = 0; i < nr; i++) {
		if (!strcmp(arg, names[i]))
			return i;
		len += snprintf(list + len, sizeof(list) - len, "%s%s",
				!i ? "" : i + 1 < nr ? ", " : " or ", names[i]);
	}
	argp_error(state, "--%s=%s: want %s", option, arg, list);
	return 0;
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
			argp_error(state, "--where=%s: want COLUMN=LEVEL or COLUMN!=LEVEL",
				   arg);
		names_add(&opt.where, arg);
		break;
	case 'f':
		opt.format = parse_word(state, "format", arg, format_names,
					NR_NAMES(format_names));
		break;
	case KEY_SHOW:
		opt.show = parse_word(state, "show", arg, show_names,
				      NR_NAMES(show_names));
		break;
	case KEY_META:
		opt.meta = true;
		opt.meta_key = arg;
		break;
	case KEY_PUBLISHED:
		opt.published = arg;
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
		if (opt.against && (opt.show != SHOW_TABLES || opt.meta))
			argp_error(state, "--against with --show or --meta: one of them");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static void read_file(struct csv *to, const char *path)
{
	char text[512];

	if (csv_read(to, path))
		parse_refuse("%s", to->error);
	if (to->complete < to->size)
		parse_refuse("%s: the last row is not complete: use memcg_bench --resume",
			     path);
	if (rows_check_once(to, text, sizeof(text)))
		parse_refuse("%s:%s", path, text);
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

/* What is before the first error of a file can be told of it. */
static int print_meta(void)
{
	int ret = csv_read(&csv, opt.path);

	if (ret && !csv.nr_meta)
		parse_refuse("%s", csv.error);
	rows_print_meta(&csv, opt.meta_key);
	return 0;
}

static int print_rows(void)
{
	find_columns(&opt.values, "values");
	find_columns(&opt.where, "where");
	rows_print();
	return 0;
}

static int print_tables(const struct stats_options *o)
{
	struct table table = { 0 };
	unsigned int i;

	if (opt.format == TABLE_CSV)
		describe_csv_header(&table);
	else
		describe_begin();
	for (i = 0; i < opt.values.nr; i++) {
		calculate(opt.values.column[i], o);
		if (opt.format == TABLE_CSV)
			describe_csv_value(&table, opt.values.name[i]);
		else
			describe_value(opt.values.name[i]);
	}
	if (opt.format == TABLE_CSV)
		table_print(&table, opt.format);
	else
		describe_end();
	return 0;
}

static void check_rows(void)
{
	char text[512];

	if (rows_check(text, sizeof(text)))
		parse_refuse("%s: %s", csv.path, text);
}

/* What is calculated of groups of rows.  Return: the exit status. */
static int print_results(const struct stats_options *o)
{
	if (opt.against)
		return regressions_print(&old, o);
	if (opt.show == SHOW_TABLES)
		return print_tables(o);
	check_rows();
	if (opt.show == SHOW_FINDINGS)
		return findings_print(o) ? 2 : 0;
	if (opt.show == SHOW_ANSWER)
		return answers_print(o) ? 2 : 0;
	if (sessions_check_columns())
		return 2;
	if (opt.show == SHOW_SESSIONS)
		return sessions_print(opt.published, o) ? 2 : 0;
	sessions_print_configurations();
	return 0;
}

static int analyze(void)
{
	struct stats_options o = {
		.confidence = opt.confidence / 100.0,
		.resamples = opt.resamples,
		.of_mean = opt.of_mean,
	};
	int status;

	default_names(&opt.groups, "factor");
	default_names(&opt.values, "result");
	if (!opt.values.nr)
		parse_refuse("%s: it has no \"# result\" lines: name columns with --values",
			     csv.path);
	find_columns(&opt.groups, "groups");
	find_columns(&opt.values, "values");
	find_columns(&opt.where, "where");
	make_groups();
	if (opt.show == SHOW_ANSWER && !opt.baseline)
		opt.baseline = answers_baseline();
	find_baseline();

	o.rng = gsl_rng_alloc(gsl_rng_mt19937);
	gsl_rng_set(o.rng, opt.seed);
	status = print_results(&o);
	gsl_rng_free(o.rng);
	return status;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "FILE",
		.doc = "Describe and compare the trials in a CSV of memcg_bench.",
	};
	int status = 0;

	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	if (opt.meta) {
		status = print_meta();
		goto out;
	}
	read_file(&csv, opt.path);
	if (opt.against)
		take_old();

	if (opt.show == SHOW_NOTHING)
		check_rows();
	else if (opt.show == SHOW_ROWS)
		status = print_rows();
	else
		status = analyze();
out:
	csv_free(&csv);
	csv_free(&old);
	/* Who reads half of a table takes it for the whole. */
	if (fflush(stdout) || ferror(stdout))
		parse_refuse("stdout: cannot write there: %s; name another file or disk for it",
			     strerror(errno));
	return status;
}
