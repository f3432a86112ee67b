/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_ANALYZE_DESCRIBE_H
#define __BENCH_ANALYZE_DESCRIBE_H

#include "groups.h"
#include "table.h"

/**
 * describe_begin() - print what was measured, and where
 *
 * In all formats but CSV.
 */
void describe_begin(void);

/**
 * describe_value() - print the tables of a column: descriptions, comparisons
 * @value: its name, after calculate()
 */
void describe_value(const char *value);

/**
 * describe_end() - print how all that was calculated
 */
void describe_end(void);

/**
 * describe_csv_header() - make the header of the table for --format=csv
 * @table: the table
 */
void describe_csv_header(struct table *table);

/**
 * describe_csv_value() - add the rows of a column to it
 * @table: the table
 * @value: name of the column, after calculate()
 */
void describe_csv_value(struct table *table, const char *value);

/**
 * describe_verdict() - does a group differ from its baseline?
 * @group: the group, after calculate(), with a baseline
 *
 * A difference is shown if the interval of the difference and the rank test both say
 * so.
 *
 * Return: "more", "less", "no difference shown" or "too few trials".
 */
const char *describe_verdict(const struct group *group);

/**
 * rounded() - four digits for a person, without an exponent where that can be read
 * @x: the number
 *
 * Return: the text, good until the eighth call from here.
 */
const char *rounded(double x);

#endif /* __BENCH_ANALYZE_DESCRIBE_H */
