// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
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
