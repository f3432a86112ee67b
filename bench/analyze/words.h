/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_ANALYZE_WORDS_H
#define __BENCH_ANALYZE_WORDS_H

#include "groups.h"

/*
 * Numbers in sentences.  The texts are in static buffers, of which there are eight: the
 * eighth call after that reuses one.
 */

/**
 * words_number() - a number with three digits, or with all that it has before the point
 * @x: the number, in whatever unit
 *
 * Return: the text, "-" if @x is NaN.
 */
const char *words_number(double x);

/**
 * words_median() - the median of a group, and its interval if it has one
 * @group: the group, after calculate(), with at least one value
 *
 * Return: the text, "3.93 (3.9 to 4.1)", in the unit of the values.
 */
const char *words_median(const struct group *group);

/**
 * words_ratio() - the ratio of a group to its baseline, and its interval if it has one
 * @group: the group, after calculate(), with a baseline
 *
 * Return: the text.
 */
const char *words_ratio(const struct group *group);

/**
 * words_add() - add an item to a list like "a, b, c"
 * @list: the list, NULL if it is empty; to be freed by the caller
 * @fmt: the item, as for printf()
 */
void words_add(char **list, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* __BENCH_ANALYZE_WORDS_H */
