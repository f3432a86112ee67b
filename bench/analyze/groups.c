// SPDX-License-Identifier: GPL-2.0
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "groups.h"
#include "parse.h"

struct csv csv;
struct group *groups;
unsigned int nr_groups;
int baseline_index = -1;
static const char *baseline_level;

void names_add(struct names *names, const char *name)
{
	if (names->nr == MAX_NAMES)
		parse_refuse("more than %d columns", MAX_NAMES);
	names->name[names->nr] = strdup(name);
	if (!names->name[names->nr++])
		abort();
}

const char *describe(const char *kind, const char *column)
{
	char key[128];

	snprintf(key, sizeof(key), "%s %s", kind, column);
	return csv_meta(&csv, key);
}

void default_names(struct names *names, const char *kind)
{
	unsigned int i;

	if (names->nr)
		return;
	for (i = 0; i < csv.nr_columns; i++) {
		if (describe(kind, csv.columns[i]))
			names_add(names, csv.columns[i]);
	}
}

void find_columns(struct names *names, const char *option)
{
	unsigned int i, j;

	for (i = 0; i < names->nr; i++) {
		char *name = strndup(names->name[i],
				     strcspn(names->name[i], "!="));

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

const char *group_cell(const struct group *group, const char *column)
{
	return group->row->cells[csv_column(&csv, column)];
}

const char *level(const struct csv_row *row, unsigned int i)
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

bool is_wanted(const struct csv_row *row)
{
	unsigned int i;

	for (i = 0; i < opt.where.nr; i++) {
		const char *equals = strchr(opt.where.name[i], '=');
		bool want_same = equals[-1] != '!';	/* it is "!=" otherwise */

		if (!strcmp(row->cells[opt.where.column[i]], equals + 1) != want_same)
			return false;
	}
	return true;
}

/* The "a,b,c" of the line "# NAME: a,b,c", in which the CSV has the option, or NULL. */
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

/* Place of the level @what in levels_of(), or -1. */
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

bool level_is_asked_for(const char *column, const char *what)
{
	return !levels_of(column) || place(column, what) >= 0;
}

/* Order: as the levels were set or, if they were not, by number or else by name. */
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

void make_groups(void)
{
	unsigned int i, j;

	groups = allocate(csv.nr_rows, sizeof(*groups));
	for (i = 0; i < csv.nr_rows; i++) {
		if (!is_wanted(&csv.rows[i]))
			continue;
		for (j = 0; j < nr_groups && !in_group(&csv.rows[i], &groups[j]);
		     j++)
			;
		if (j < nr_groups)
			continue;
		groups[nr_groups++] = (struct group) {
			.row = &csv.rows[i],
			.rows = allocate(csv.nr_rows, sizeof(*groups->rows)),
			.x = allocate(csv.nr_rows, sizeof(*groups->x)),
		};
	}
	if (!nr_groups)
		parse_refuse("%s: no rows", csv.path);
	qsort(groups, nr_groups, sizeof(*groups), compare_groups);
}

struct group *group_with(const struct group *group, const char *baseline)
{
	unsigned int i, j;

	for (i = 0; i < nr_groups; i++) {
		for (j = 0; j < opt.groups.nr; j++) {
			const char *want = (int)j == baseline_index ?
				baseline : level(group->row, j);

			if (strcmp(level(groups[i].row, j), want))
				break;
		}
		if (j == opt.groups.nr)
			return &groups[i];
	}
	return NULL;
}

void find_baseline(void)
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

bool is_ok(const struct csv_row *row)
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
	/* strtod() also accepts blanks, hexadecimals, nan and inf. */
	if (*end || end == text || !isfinite(x) ||
	    strspn(text, "+-.0123456789eE") != strlen(text))
		parse_refuse("%s:%u: %s=%s: not a number", csv.path, row->line,
			     csv.columns[column], text);
	return x;
}

struct control control = { .column = -1 };

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

	for (j = 0; j < nr_groups; j++) {
		groups[j].n = 0;
		groups[j].failed = 0;
		groups[j].missing = 0;
	}

	for (i = 0; i < csv.nr_rows; i++) {
		const struct csv_row *row = &csv.rows[i];
		struct group *group;
		double value;

		if (!is_wanted(row))
			continue;
		/* make_groups() has made one for it. */
		for (j = 0; !in_group(row, &groups[j]); j++)
			;
		group = &groups[j];
		if (!is_ok(row)) {
			group->failed++;
			continue;
		}
		value = value_of(row, column);
		if (isnan(value)) {
			group->missing++;
			continue;
		}
		group->rows[group->n] = row;
		group->x[group->n++] = value;
	}
}

/*
 * Put the values of each round that has one of @group and one of its baseline in
 * @base and @x.
 *
 * Return: how many; 0 if the file does not number its rounds, or a group has
 * several rows of one.
 */
static size_t make_pairs(const struct group *group, double *base, double *x)
{
	int trial = opt.against ? -1 : csv_column(&csv, "trial");
	size_t i, j, nr = 0, of_round;

	for (i = 0; trial >= 0 && i < group->n; i++) {
		const char *round = group->rows[i]->cells[trial];

		for (j = 0; j < i; j++) {
			if (!strcmp(group->rows[j]->cells[trial], round))
				return 0;
		}
		for (j = of_round = 0; j < group->base->n; j++) {
			if (strcmp(group->base->rows[j]->cells[trial], round))
				continue;
			if (of_round++)
				return 0;
			base[nr] = group->base->x[j];
			x[nr] = group->x[i];
		}
		nr += of_round;
	}
	return nr;
}

/*
 * Can the groups be compared in pairs?  It is one answer for all of them, and depends on the
 * number of pairs only: a choice by the values would bias the result.
 */
static bool enough_pairs(const struct stats_options *o, double *base, double *x)
{
	size_t most = 0, comparisons = 0, nr;
	unsigned int i;

	for (i = 0; i < nr_groups; i++) {
		if (!groups[i].base)
			continue;
		nr = make_pairs(&groups[i], base, x);
		most = nr > most ? nr : most;
		comparisons++;
	}
	return comparisons &&
		most >= stats_min_n(1 - (1 - o->confidence) / comparisons);
}

static void compare(const struct stats_options *o)
{
	double *p = allocate(nr_groups, sizeof(*p));
	double *base = allocate(csv.nr_rows, sizeof(*base));
	double *x = allocate(csv.nr_rows, sizeof(*x));
	bool in_pairs = enough_pairs(o, base, x);
	unsigned int i;

	for (i = 0; i < nr_groups; i++) {
		struct group *group = &groups[i];

		p[i] = NAN;
		group->pairs = 0;
		if (!group->base)
			continue;
		if (in_pairs)
			group->pairs = make_pairs(group, base, x);
		group->comparison = in_pairs ?
			stats_compare_pairs(base, x, group->pairs, o) :
			stats_compare(group->base->x, group->base->n, group->x,
				      group->n, o);
		p[i] = group->comparison.p;
	}
	/* Correct for the number of comparisons: some show a difference by chance. */
	stats_holm(p, nr_groups);
	for (i = 0; i < nr_groups; i++)
		groups[i].comparison.p = p[i];
	free(p);
	free(base);
	free(x);
}

void calculate(int column, const struct stats_options *o)
{
	unsigned int i;

	collect(column);
	for (i = 0; i < nr_groups; i++) {
		struct group *group = &groups[i], *base = NULL;

		if (baseline_index >= 0)
			base = group_with(group, baseline_level);
		group->base = base && base != group && base->n && group->n ?
			base : NULL;
	}
	compare(o);
	/* last, since stats_summary() sorts the values, and pairs need their order */
	for (i = 0; i < nr_groups; i++) {
		if (groups[i].n)
			groups[i].summary = stats_summary(groups[i].x,
							  groups[i].n, o);
	}
}

bool is_constant(unsigned int i)
{
	unsigned int j;

	for (j = 1; j < nr_groups; j++) {
		if (strcmp(level(groups[0].row, i), level(groups[j].row, i)))
			return false;
	}
	return nr_groups > 1;
}
