/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_ANALYZE_TABLE_H
#define __BENCH_ANALYZE_TABLE_H

enum table_format { TABLE_TEXT, TABLE_CSV, TABLE_MARKDOWN, TABLE_HTML };

#define TABLE_MAX_COLUMNS 48

/* Cells are texts; the first row is the header. */
struct table {
	const char *title;		/* or NULL; the CSV has none */
	unsigned int nr_columns;
	unsigned int nr_rows;
	char **cells;
	unsigned int at;		/* column of the next cell */
};

/**
 * table_cell() - add a cell, from left to right, row by row
 * @table: the table; of its first row, that is the header
 * @fmt: the text, as for printf()
 */
void table_cell(struct table *table, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * table_end_row() - the next cell begins a new row
 * @table: the table
 *
 * The first row says how many columns there are; all have as many.
 */
void table_end_row(struct table *table);

/**
 * table_print() - print a table on stdout, and empty it
 * @table: the table
 * @format: how
 */
void table_print(struct table *table, enum table_format format);

/**
 * table_text() - print a line of text before or after tables on stdout
 * @format: how; CSV has none
 * @fmt: the text, as for printf()
 */
void table_text(enum table_format format, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* __BENCH_ANALYZE_TABLE_H */
