/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_CSV_H
#define __BENCH_CSV_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The project's CSV: lines "# key: value" anywhere, then one line with the names
 * of the columns, then rows.  Cells have no quotes and no commas in them.  An
 * empty cell is a value that was not measured.
 */
struct csv_meta {
	const char *key;
	const char *value;
};

struct csv_row {
	unsigned int line;
	char **cells;
};

struct csv {
	const char *path;
	struct csv_meta *meta;
	unsigned int nr_meta;
	char **columns;
	unsigned int nr_columns;
	struct csv_row *rows;
	unsigned int nr_rows;
	size_t complete;	/* bytes up to the end of the last whole line */
	size_t size;		/* bytes */
	char error[512];	/* "path:line: what", if it could not be read */
	char *text;
};

/**
 * csv_read() - read a file
 * @csv: what to fill in; csv_free() it in any case
 * @path: its path
 *
 * A last line without its end is not read: see complete and size.
 *
 * Return: 0; -EINVAL if it is not such a file, or another negative errno, and
 * the error in csv->error.
 */
int csv_read(struct csv *csv, const char *path);

/**
 * csv_free() - free what csv_read() has allocated
 * @csv: the file
 */
void csv_free(struct csv *csv);

/**
 * csv_meta() - find the value of a "# key: value" line
 * @csv: the file
 * @key: the key
 *
 * Return: the value in the first such line, or NULL.
 */
const char *csv_meta(const struct csv *csv, const char *key);

/**
 * csv_column() - find a column
 * @csv: the file
 * @name: its name
 *
 * Return: its index, or -1.
 */
int csv_column(const struct csv *csv, const char *name);

#endif /* __BENCH_CSV_H */
