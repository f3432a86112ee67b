// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

void table_cell(struct table *t, const char *fmt, ...)
{
	unsigned int nr = t->nr_rows * t->nr_columns + t->at;
	va_list args;

	t->cells = realloc(t->cells, (nr + 1) * sizeof(*t->cells));
	va_start(args, fmt);
	if (!t->cells || vasprintf(&t->cells[nr], fmt, args) < 0)
		abort();
	va_end(args);
	t->at++;
}

void table_end_row(struct table *t)
{
	if (!t->nr_rows)
		t->nr_columns = t->at;
	if (t->at != t->nr_columns || t->nr_columns > TABLE_MAX_COLUMNS)
		abort();
	t->nr_rows++;
	t->at = 0;
}

static const char *cell(const struct table *t, unsigned int row,
			unsigned int column)
{
	return t->cells[row * t->nr_columns + column];
}

static void print_text(const struct table *t)
{
	int width[TABLE_MAX_COLUMNS] = { 0 }, len;
	unsigned int r, c;

	for (r = 0; r < t->nr_rows; r++) {
		for (c = 0; c < t->nr_columns; c++) {
			len = strlen(cell(t, r, c));
			width[c] = len > width[c] ? len : width[c];
		}
	}
	if (t->title)
		printf("%s\n", t->title);
	for (r = 0; r < t->nr_rows; r++) {
		for (c = 0; c < t->nr_columns; c++)
			printf("%s%*s", c ? "  " : "", width[c], cell(t, r, c));
		printf("\n");
	}
	printf("\n");
}

static void print_csv(const struct table *t)
{
	unsigned int r, c;

	for (r = 0; r < t->nr_rows; r++) {
		for (c = 0; c < t->nr_columns; c++)
			printf("%s%s", c ? "," : "", cell(t, r, c));
		printf("\n");
	}
}

static void print_markdown(const struct table *t)
{
	unsigned int r, c;

	if (t->title)
		printf("**%s**\n\n", t->title);
	for (r = 0; r < t->nr_rows; r++) {
		for (c = 0; c < t->nr_columns; c++)
			printf("| %s ", cell(t, r, c));
		printf("|\n");
		for (c = 0; !r && c < t->nr_columns; c++)
			printf("|---%s", c + 1 < t->nr_columns ? "" : "|\n");
	}
	printf("\n");
}

static void print_escaped(const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			printf("&lt;");
			break;
		case '>':
			printf("&gt;");
			break;
		case '&':
			printf("&amp;");
			break;
		default:
			putchar(*text);
		}
	}
}

static void print_html(const struct table *t)
{
	unsigned int r, c;

	printf("<div class=\"table\"><table>\n");
	if (t->title) {
		printf("<caption>");
		print_escaped(t->title);
		printf("</caption>\n");
	}
	for (r = 0; r < t->nr_rows; r++) {
		printf("<tr>");
		for (c = 0; c < t->nr_columns; c++) {
			printf(r ? "<td>" : "<th>");
			print_escaped(cell(t, r, c));
			printf(r ? "</td>" : "</th>");
		}
		printf("</tr>\n");
	}
	printf("</table></div>\n");
}

void table_print(struct table *t, enum table_format format)
{
	static void (* const print[])(const struct table *t) = {
		[TABLE_TEXT] = print_text,
		[TABLE_CSV] = print_csv,
		[TABLE_MARKDOWN] = print_markdown,
		[TABLE_HTML] = print_html,
	};
	unsigned int i;

	print[format](t);
	for (i = 0; i < t->nr_rows * t->nr_columns; i++)
		free(t->cells[i]);
	free(t->cells);
	memset(t, 0, sizeof(*t));
}

void table_text(enum table_format format, const char *fmt, ...)
{
	va_list args;
	char *text;

	if (format == TABLE_CSV)
		return;
	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		abort();
	va_end(args);

	if (format == TABLE_HTML) {
		printf("<p>");
		print_escaped(text);
		printf("</p>\n");
	} else {
		printf("%s\n\n", text);
	}
	free(text);
}
