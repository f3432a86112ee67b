/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_H
#define __BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "testbed.h"

/*
 * A benchmark is one struct bench.  It says what can be set, what it measures
 * and how to measure it once.  The core, common to all, makes a configuration of
 * each combination of what is set, measures each configuration TRIALS times, in
 * rounds of random order, and writes a row of CSV for each trial.
 *
 * To add one: write bench/NAME.c with a struct bench, and name it below and in
 * main.c.
 */

enum bench_kind {
	BENCH_UINT,	/* a number from min to max */
	BENCH_SIZE,	/* bytes from min to max, or with K, M, G */
	BENCH_WORD,	/* one of words */
	BENCH_PATH,	/* a path */
	BENCH_AMOUNT,	/* bytes with their unit, as in 400MB, or one of words */
};

/* One combination: the value of each factor. */
struct bench_level {
	const char *text;	/* as it is in the CSV */
	/* of BENCH_UINT, BENCH_SIZE and BENCH_AMOUNT, else the index in words */
	uint64_t number;
};

/* The number of a BENCH_AMOUNT that is the first of words, and so on. */
#define BENCH_AMOUNT_WORD(index) (UINT64_MAX - (index))

/*
 * What a user may set, by the variable of the environment NAME or, before that,
 * by the option --name.
 */
struct bench_param {
	const char *name;	/* in capitals, NULL ends a table */
	char key;		/* short option, or 0 */
	const char *help;
	const char *unit;	/* of a number, or NULL */
	enum bench_kind kind;
	uint64_t min, max;
	const char * const *words;	/* NULL ends them */
	/*
	 * A factor may have several values, with commas.  It is a column of the
	 * CSV, with its name in small letters.
	 */
	bool factor;
	/* the default, or what the user has set; NULL if a file has to set it */
	const char *text;
	const char *from;	/* "file:line: " if a file has set it, or NULL */
	/* filled in by the core */
	struct bench_level *levels;
	unsigned int nr_levels;
	unsigned int at;	/* the level in the present trial */
};

/**
 * bench_number() - the value of a parameter in the present trial
 * @p: of any kind but BENCH_PATH
 *
 * Return: the number, or the index of the word in its words; the word of a
 * BENCH_AMOUNT is BENCH_AMOUNT_WORD(index).
 */
static inline uint64_t bench_number(const struct bench_param *p)
{
	return p->levels[p->at].number;
}

/**
 * bench_text() - the value of a parameter in the present trial, as a text
 * @p: the parameter
 *
 * Return: the text, as it is in the CSV.
 */
static inline const char *bench_text(const struct bench_param *p)
{
	return p->levels[p->at].text;
}

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
	struct bench_param *params;
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
	/* "FACTOR=LEVEL" that the other levels are compared with, or NULL */
	const char *baseline;
	const char *default_trials;
	/*
	 * Any of these may be NULL, but for trial.  All return 0 or a negative
	 * errno, after a line on stderr that says what failed.
	 */
	/* Set what the user has not set: see config_read(). */
	int (*configure)(void);
	/* Look at the parameters together.  An error is the user's. */
	int (*validate)(void);
	/* Does the combination make sense?  If not it is left out. */
	bool (*wanted)(void);
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
extern const struct bench bench_isolation;	/* where the tools are built */
extern const struct bench bench_overhead;
extern const struct bench bench_priority;

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
