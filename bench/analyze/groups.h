/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_ANALYZE_GROUPS_H
#define __BENCH_ANALYZE_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "csv.h"
#include "stats.h"
#include "table.h"

#define MAX_NAMES	16

/* Columns, by what the user or the CSV says. */
struct names {
	unsigned int nr;
	char *name[MAX_NAMES];
	int column[MAX_NAMES];
};

enum show {
	SHOW_TABLES,
	SHOW_FINDINGS,
	SHOW_ANSWER,
	SHOW_CONFIGURATIONS,
	SHOW_SESSIONS,
	SHOW_ROWS,
	SHOW_NOTHING,			/* only check FILE */
};

/* What all parts of analyze are told. */
struct options {
	const char *path;
	struct names groups;
	struct names values;
	struct names where;		/* COLUMN=LEVEL, or COLUMN!=LEVEL */
	const char *baseline;
	enum table_format format;
	uint64_t seed;
	uint64_t resamples;
	uint64_t confidence;		/* percent */
	bool of_mean;
	const char *against;
	uint64_t bound;			/* percent */
	enum show show;
	bool meta;			/* "# key: value" lines, and nothing else */
	const char *meta_key;		/* of one of them, or NULL */
	const char *published;		/* with SHOW_SESSIONS, or NULL */
};

/* Rows with the same levels. */
struct group {
	const struct csv_row *row;	/* one of them */
	const struct csv_row **rows;	/* those that have a value */
	double *x;			/* the values, sorted in the end */
	size_t n;
	size_t failed, missing;
	struct summary summary;
	const struct group *base;	/* NULL: not compared */
	size_t pairs;			/* with base, that were compared, or 0 */
	struct comparison comparison;
};

/*
 * With --against, where the processor is emulated: how fast it is depends on what
 * else the machine does that night.  So a time is divided by that of the control in
 * the same round, the group that the file itself calls its baseline.
 */
struct control {
	int column;		/* that of the control's level, or -1: as it is */
	const char *level;
	int trial;
};

extern struct options opt;
extern struct csv csv;
extern struct control control;

extern struct group *groups;
extern unsigned int nr_groups;
extern int baseline_index;		/* in opt.groups, or -1 */

/**
 * names_add() - add a column
 * @names: to these; a message and exit status 2 if there are MAX_NAMES
 * @name: its name, or NAME=LEVEL, which is copied
 */
void names_add(struct names *names, const char *name);

/**
 * describe() - what a "# KIND COLUMN:" line of the CSV says
 * @kind: factor, result, column or worse
 * @column: the column
 *
 * Return: the text, "[unit] help" for all but worse, or NULL.
 */
const char *describe(const char *kind, const char *column);

/**
 * default_names() - name the columns that the CSV calls so, if there are no names
 * @names: the names
 * @kind: factor or result
 */
void default_names(struct names *names, const char *kind);

/**
 * find_columns() - find the columns of names
 * @names: the names; a message and exit status 2 if the CSV has no such column
 * @option: for the message: the option they come from
 */
void find_columns(struct names *names, const char *option);

/**
 * make_groups() - put the rows in groups by opt.groups
 *
 * Those that opt.where excludes are in none.  If no row is left, a message and exit
 * status 2.
 */
void make_groups(void);

/**
 * find_baseline() - find which groups the others are compared with
 *
 * Sets baseline_index.  A message and exit status 2 if the user wants one that is not
 * there.
 */
void find_baseline(void);

/**
 * calculate() - describe the values of a column, and compare the groups
 * @column: index of the column; a message and exit status 2 if it has no numbers
 * @o: how
 *
 * Trials of the same number were measured in the same round, when the machine was as
 * busy with other things.  So values are compared in pairs, where there are enough
 * of them for the test to show a difference at all, corrected for the number of
 * comparisons; otherwise as independent ones.
 */
void calculate(int column, const struct stats_options *o);

/**
 * level() - the level of a row
 * @row: the row
 * @i: of which column, an index in opt.groups
 *
 * Return: the text in the cell.
 */
const char *level(const struct csv_row *row, unsigned int i);

/**
 * group_cell() - what a group has in a column that all of its rows have alike
 * @group: the group
 * @column: name of the column, which the CSV must have
 *
 * Return: the text in the cell.
 */
const char *group_cell(const struct group *group, const char *column);

/**
 * is_wanted() - does opt.where allow a row?
 * @row: the row
 *
 * Return: true if so.
 */
bool is_wanted(const struct csv_row *row);

/**
 * is_ok() - is a row that of a trial that went well?
 * @row: the row; one that failed has no values
 *
 * Return: true if so, and if the CSV does not say.
 */
bool is_ok(const struct csv_row *row);

/**
 * group_with() - find a group that differs in the baseline's column only
 * @group: from this one
 * @baseline: its level in that column; there must be a baseline
 *
 * Return: the group, which may be the same, or NULL.
 */
struct group *group_with(const struct group *group, const char *baseline);

/**
 * is_constant() - do all of several groups have the same level?
 * @i: of which column, an index in opt.groups
 *
 * Return: true if so.
 */
bool is_constant(unsigned int i);

/**
 * level_is_asked_for() - is a level among those that the CSV's run was to measure?
 * @column: the column
 * @what: the level
 *
 * Return: true if so, and if the CSV does not say.
 */
bool level_is_asked_for(const char *column, const char *what);

#endif /* __BENCH_ANALYZE_GROUPS_H */
