/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_ANALYZE_SESSIONS_H
#define __BENCH_ANALYZE_SESSIONS_H

#include "stats.h"

/*
 * The benchmark isolation: each trial has a row for each of its sessions.  A
 * configuration is a strategy with a delay.
 */

/* The columns of its CSV that these functions read, but for those of one alone. */
#define SESSIONS_COLUMNS \
	"strategy", "over_high_ms", "role", "trial", "status", "outcome"

/**
 * sessions_check_columns() - has the CSV the columns of the benchmark isolation?
 *
 * Return: 0, or -ENOENT after a message on stderr.
 */
int sessions_check_columns(void);

/**
 * sessions_print_configurations() - print a table of the configurations
 *
 * Its columns are strategy, over_high_ms, trials (which did not fail) and completed (how
 * many of these all sessions completed).  The columns of the CSV must have been checked.
 */
void sessions_print_configurations(void);

/**
 * sessions_tell_completed() - say in a line in how many trials all sessions completed
 *
 * For each configuration that has a trial.  The columns must have been checked.
 */
void sessions_tell_completed(void);

/**
 * sessions_tell_times() - say in a line for each configuration how long sessions took
 * @value: the column that was calculated, a time in seconds from start to completion
 */
void sessions_tell_times(const char *value);

/**
 * sessions_print() - print what the sessions came to, beside what is published
 * @published: path of a CSV with what is published of each experiment, or NULL
 * @o: how to calculate
 *
 * Times are medians in seconds; "x" is how often the trace's own duration fits.
 *
 * Return: 0; -ENOENT if a CSV lacks a column, or another negative errno if @published
 * cannot be read; the message is on stderr.
 */
int sessions_print(const char *published, const struct stats_options *o);

#endif /* __BENCH_ANALYZE_SESSIONS_H */
