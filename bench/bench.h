/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_H
#define __BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "option.h"
#include "testbed.h"

/*
 * A benchmark is one struct bench.  It says what can be set, what it measures
 * and how to measure it once.  The core, common to all, makes a configuration of
 * each combination of what is set, measures each configuration TRIALS times, in
 * rounds of random order, and writes a row of CSV for each trial.
 *
 * What can be set is a table of options, whose fields have the values of the present
 * configuration before any function of the benchmark but configure() is called.  An
 * option that is a list is a factor: a column of the CSV, with its name in small
 * letters.
 *
 * To add one: write bench/NAME.c with a struct bench, and name it below and in
 * main.c.
 */

/*
 * Is a column a result, which analyze looks at by itself?  And if so, which
 * way is it worse?  What follows from other results is not judged twice.
 */
enum bench_result {
	NO_RESULT,		/* told with them */
	RESULT,
	RESULT_WORSE_MORE,
	RESULT_WORSE_LESS,
	RESULT_WORSE_EITHER,	/* too much is as bad as too little */
	RESULT_COUNT_WORSE_MORE, /* counted: no machine has a part in it */
};

/* What is measured, and told with it: a column of the CSV, after the factors. */
struct bench_column {
	const char *name;	/* NULL ends a table */
	const char *unit;	/* or NULL */
	const char *help;
	enum bench_result result;
};

/* One trial. */
struct bench_trial {
	struct testbed tb;	/* its own; swept by the core */
	struct bench_row *row;
	struct bench_timeline *timeline;
};

struct bench {
	const char *name;
	const char *help;		/* one line */
	unsigned int requirements;	/* as for require() */
	struct option_desc *options;
	const struct bench_column *columns;
	/*
	 * A trial has a row for each of these, NULL ends them, and they are
	 * the levels of one more factor, which comes last.  Without, it has one
	 * row.
	 */
	const struct bench_column *row_factor;
	const char * const *rows;
	/*
	 * What may be sampled many times in a trial, or NULL: the columns of a
	 * second CSV, NAME-timeline.csv, which follow those that tell a row of
	 * the first from another.
	 */
	const struct bench_column *timeline;
	/*
	 * "FACTOR=LEVEL" that the other levels are compared with, or "FACTOR" if that is
	 * the first that is set, or NULL.
	 */
	const char *baseline;
	/*
	 * The option that tells kernels apart which are compared, or NULL.  Results that
	 * were begun on one are gone on with on another.
	 */
	const char *kernel;
	const char *default_trials;
	/*
	 * Any of these may be NULL, but for trial.  All return 0 or a negative
	 * errno, after a line on stderr that says what failed.
	 */
	/* Set what the user has not set: see config_read().  No field has a value yet. */
	int (*configure)(void);
	/* Look at the options together, in the first configuration.  An error is the user's. */
	int (*validate)(void);
	/* What else the combination needs and is missing, as require() says it, or NULL. */
	const char *(*missing)(void);
	/* Does the combination make sense?  If not it is left out. */
	bool (*wanted)(void);
	/*
	 * How often to measure the combination before all trials without a record of it,
	 * until the machine is in the state that it stays in.
	 */
	unsigned int (*warm_up)(void);
	/* Once, before all trials; look at bench_interrupted() if it is long. */
	int (*setup)(void);
	/* Measure once.  It runs in a process of its own. */
	int (*trial)(struct bench_trial *trial);
	/* After all trials, also if setup has failed. */
	int (*teardown)(void);
};

/* each in the file of its name */
extern const struct bench bench_attach;
extern const struct bench bench_delay;
extern const struct bench bench_inversion;
extern const struct bench bench_isolation;	/* where the tools are built */
extern const struct bench bench_overhead;
extern const struct bench bench_priority;
extern const struct bench bench_protect;
extern const struct bench bench_reclaim;

/**
 * bench_set() - set a column of the trial's row
 * @trial: the trial; if it has several rows, see bench_select_row()
 * @column: name of the column
 * @fmt: the value, as for printf()
 *
 * A column that is not set is empty: not measured.
 */
void bench_set(struct bench_trial *trial, const char *column,
	       const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/**
 * bench_select_row() - choose the row that bench_set() sets columns of
 * @trial: the trial
 * @index: which, in the order of bench.rows; it is the first, to begin with
 */
void bench_select_row(struct bench_trial *trial, unsigned int index);

/**
 * bench_timeline_add() - add a row to the time line of the trial
 * @trial: the trial; if it has several rows, the one that bench_select_row() chose
 * @fmt: the columns of bench.timeline, all of them, with commas, as for printf()
 *
 * The time line is kept if the trial does not fail.  It is cut off, with a line on
 * stderr, after some 100000 rows.
 */
void bench_timeline_add(struct bench_trial *trial, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * bench_each_config() - all combinations of what is set, wanted or not
 * @bench: the benchmark
 * @fn: called with each in the fields of the options, until it returns something else
 *	than 0
 *
 * The first configuration is the present one afterwards.
 *
 * Return: what @fn returned last.
 */
int bench_each_config(const struct bench *bench, int (*fn)(void));

/**
 * bench_interrupted() - has SIGINT or SIGTERM come?
 *
 * Return: true if it has.
 */
bool bench_interrupted(void);

/**
 * bench_is_emulated() - is the processor emulated by QEMU?
 *
 * Return: true if it is, and so an order of magnitude slower than others.
 */
bool bench_is_emulated(void);

#endif /* __BENCH_H */
