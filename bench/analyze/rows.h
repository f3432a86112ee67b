/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_ANALYZE_ROWS_H
#define __BENCH_ANALYZE_ROWS_H

#include <stddef.h>

#include "csv.h"

/* What is in a CSV, as it is. */

/**
 * rows_print() - print the cells of opt.values in the rows that opt.where allows
 *
 * Of all columns, if opt.values is empty.  The header is printed in any case.
 */
void rows_print(void);

/**
 * rows_print_meta() - print "# key: value" lines of a CSV
 * @from: the CSV, of which csv_read() may have failed to read all
 * @key: print only the value in the first line with that key; NULL: print all lines, as
 *	"key: value"
 */
void rows_print_meta(const struct csv *from, const char *key);

/**
 * rows_check_once() - is each row there once, found by its factors and the trial?
 * @of: results; those that lack a trial or factors are not looked at
 * @text: where to put what is wrong, as a line without its end
 * @size: size of @text, in bytes
 *
 * Return: 0, or -EEXIST if a row or the header is there twice: its trial would count twice.
 */
int rows_check_once(const struct csv *of, char *text, size_t size);

/**
 * rows_check() - has anything been measured?
 * @text: where to put what is wrong, as a line without its end
 * @size: size of @text, in bytes
 *
 * Return: 0, or -ENODATA if there are no rows, or none of a trial that went well.
 */
int rows_check(char *text, size_t size);

#endif /* __BENCH_ANALYZE_ROWS_H */
