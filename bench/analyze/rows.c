// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "groups.h"
#include "rows.h"
#include "table.h"

void rows_print(void)
{
	struct table table = { 0 };
	unsigned int i, j;

	for (j = 0; !opt.values.nr && j < csv.nr_columns; j++)
		table_cell(&table, "%s", csv.columns[j]);
	for (j = 0; j < opt.values.nr; j++)
		table_cell(&table, "%s", opt.values.name[j]);
	table_end_row(&table);
	for (i = 0; i < csv.nr_rows; i++) {
		char **cells = csv.rows[i].cells;

		if (!is_wanted(&csv.rows[i]))
			continue;
		for (j = 0; !opt.values.nr && j < csv.nr_columns; j++)
			table_cell(&table, "%s", cells[j]);
		for (j = 0; j < opt.values.nr; j++)
			table_cell(&table, "%s", cells[opt.values.column[j]]);
		table_end_row(&table);
	}
	table_print(&table, opt.format);
}

void rows_print_meta(const struct csv *from, const char *key)
{
	unsigned int i;

	if (key && csv_meta(from, key))
		printf("%s\n", csv_meta(from, key));
	for (i = 0; !key && i < from->nr_meta; i++)
		printf("%s: %s\n", from->meta[i].key, from->meta[i].value);
}

/* The columns by which a row is found. */
struct key {
	unsigned int nr, *columns;
};

static int compare_keys(const void *a, const void *b, void *of)
{
	const struct csv_row *x = *(const struct csv_row **)a, *y = *(const struct csv_row **)b;
	const struct key *key = of;
	unsigned int i;
	int ret;

	for (i = 0; i < key->nr; i++) {
		ret = strcmp(x->cells[key->columns[i]], y->cells[key->columns[i]]);
		if (ret)
			return ret;
	}
	return 0;
}

/* A time line has many rows of a trial, each with its time. */
static bool is_of_key(const struct csv *of, const char *column)
{
	char meta[128];

	snprintf(meta, sizeof(meta), "factor %s", column);
	return !strcmp(column, "trial") || !strcmp(column, "t_s") || csv_meta(of, meta);
}

int rows_check_once(const struct csv *of, char *text, size_t size)
{
	unsigned int *columns = allocate(of->nr_columns, sizeof(*columns));
	const struct csv_row **rows = allocate(of->nr_rows, sizeof(*rows));
	struct key key = { .columns = columns };
	unsigned int i, first, second;
	int ret = 0;

	for (i = 0; i < of->nr_columns; i++) {
		if (is_of_key(of, of->columns[i]))
			columns[key.nr++] = i;
	}
	for (i = 0; i < of->nr_rows; i++)
		rows[i] = &of->rows[i];
	if (csv_column(of, "trial") < 0 || key.nr < 2)
		goto out;
	for (i = 0; i < of->nr_rows && !ret; i++) {
		if (strcmp(rows[i]->cells[key.columns[0]], of->columns[key.columns[0]]))
			continue;
		snprintf(text, size, "%u: the header again: these are several files, which make merge joins if they are shards",
			 rows[i]->line);
		ret = -EEXIST;
	}
	qsort_r(rows, of->nr_rows, sizeof(*rows), compare_keys, &key);
	for (i = 1; i < of->nr_rows && !ret; i++) {
		if (compare_keys(&rows[i - 1], &rows[i], &key))
			continue;
		first = rows[i - 1]->line;
		second = rows[i]->line;
		snprintf(text, size, "%u: this trial is in line %u, too: remove one of them",
			 first < second ? second : first, first < second ? first : second);
		ret = -EEXIST;
	}
out:
	free(rows);
	free(columns);
	return ret;
}

/* "ECHILD in 6 rows, ETIMEDOUT in 12 rows" */
static void count_errors(int status, char *text, size_t size)
{
	unsigned int i, j, nr;
	size_t len = 0;

	for (i = 0; i < csv.nr_rows && len < size; i++) {
		const char *error = csv.rows[i].cells[status];

		for (j = 0; strcmp(csv.rows[j].cells[status], error); j++)
			;
		if (j < i)
			continue;
		for (nr = 0; j < csv.nr_rows; j++)
			nr += !strcmp(csv.rows[j].cells[status], error);
		len += snprintf(text + len, size - len, "%s%s in %u row%s",
				len ? ", " : "", error, nr, nr == 1 ? "" : "s");
	}
}

int rows_check(char *text, size_t size)
{
	char errors[256] = "";
	unsigned int i;

	for (i = 0; i < csv.nr_rows; i++) {
		if (is_ok(&csv.rows[i]))
			return 0;
	}
	if (!csv.nr_rows) {
		snprintf(text, size, "no rows: no trial has ended");
		return -ENODATA;
	}
	count_errors(csv_column(&csv, "status"), errors, sizeof(errors));
	snprintf(text, size, "every trial failed: %s", errors);
	return -ENODATA;
}
