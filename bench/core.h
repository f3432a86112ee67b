/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_CORE_H
#define __BENCH_CORE_H

/* What the parts of the core know of each other; benchmarks need bench.h only. */

#include <argp.h>
#include <stdint.h>
#include <stdio.h>

#include "bench.h"

/* exit statuses, besides EXIT_SUCCESS and EXIT_FAILURE */
#define BENCH_EXIT_USAGE	2
#define BENCH_EXIT_SKIP		4	/* that of kselftest: a requirement is missing */
#define BENCH_EXIT_COARSE	5	/* TIMER_STEP: another boot may have finer timers */

/* What can be set of all benchmarks. */
struct common {
	unsigned int trials;
	unsigned int seed;
	unsigned int trial_timeout_s;
	const char *results_dir;
	enum progress { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER } progress;
	const char *scratch_dir;
	unsigned int timer_step_ns;
	struct option_shard shard;
};

extern struct common common;
extern struct option_desc common_options[];

typedef int option_fn(struct option_desc *o, void *arg);

/**
 * bench_each_option() - all options of a benchmark, its own first
 * @bench: the benchmark
 * @fn: called with each, until it returns something else than 0
 * @arg: passed to @fn
 *
 * Return: what @fn returned last.
 */
int bench_each_option(const struct bench *bench, option_fn *fn, void *arg);

/**
 * options_argp() - make an argp parser of a benchmark's options
 * @bench: the benchmark
 *
 * It only notes their texts.
 *
 * Return: the parser, for a table of children.
 */
const struct argp *options_argp(const struct bench *bench);

/* a row: the factors, these, and the columns of the benchmark */
enum row_common { ROW_TRIAL, ROW_ORDER, ROW_SECONDS, ROW_STATUS, ROW_NR_COMMON };

extern const struct bench_column row_common[];

#define ROW_MAX_COLUMNS	48
#define ROW_CELL	48
#define ROW_MAX_ROWS	4

/* The time line of a trial, as it will be in the CSV. */
struct bench_timeline {
	size_t len;
	bool full;
	char text[8 << 20];	/* of rows that have some 80 each */
};

/* All rows of a trial. */
struct bench_row {
	const struct bench *bench;
	unsigned int trial;	/* its number */
	int error;		/* what the trial returned */
	unsigned int at;	/* the row that bench_set() is about */
	/* of the benchmark's columns */
	char cell[ROW_MAX_ROWS][ROW_MAX_COLUMNS][ROW_CELL];
};

/* Where rows go. */
struct results {
	const struct bench *bench;
	char dir[PATH_MAX];
	char csv[PATH_MAX];
	char timeline[PATH_MAX];
	int fd;
	int timeline_fd;	/* -1 before anything is in it */
	/* trials done before, for --resume: "factors,trial," of each row */
	char **done;
	unsigned int nr_done;
};

/**
 * results_open() - make a folder for results, or open one to go on
 * @results: what to fill in
 * @bench: the benchmark
 * @argv: the command line, to be kept
 * @resume: go on in a folder that is there
 *
 * Exits with status BENCH_EXIT_USAGE after a line on stderr if that cannot be:
 * the folder has results and they are not to be resumed, or were measured
 * otherwise.
 */
void results_open(struct results *results, const struct bench *bench,
		  char **argv, bool resume);

/**
 * results_have() - was the present configuration measured in a trial?
 * @results: the results
 * @trial: number of the trial
 *
 * Return: true if there is a row of it.
 */
bool results_have(const struct results *results, unsigned int trial);

/**
 * results_print_headers() - print what the CSVs of a benchmark begin with
 * @bench: the benchmark, with its options parsed
 */
void results_print_headers(const struct bench *bench);

/**
 * results_key() - the cells that tell one row from another
 * @bench: the benchmark, in the present configuration
 * @nr: number of the row, if a trial has several
 * @trial: number of the trial, which comes last
 * @text: where to put them, with a comma after each
 * @len: its size
 */
void results_key(const struct bench *bench, unsigned int nr, unsigned int trial,
		 char *text, size_t len);

/**
 * results_add() - write the rows of a trial, all of them or nothing
 * @results: the results
 * @row: the rows
 * @timeline: the time line, which is written before them, or is empty
 * @order: how many trials were before it in this run
 * @seconds: how long it took
 *
 * Return: 0, or a negative errno.
 */
int results_add(struct results *results, const struct bench_row *row,
		const struct bench_timeline *timeline, unsigned int order,
		double seconds);

/**
 * results_close() - keep the kernel's log with the results
 * @results: the results
 */
void results_close(struct results *results);

/* A line "# key: value" of the CSV. */
struct environment {
	const char *key;
	char *value;
	bool must_match;	/* or a run cannot be resumed */
};

/**
 * environment_get() - describe where and with what is measured
 * @bench: the benchmark, with its options parsed
 * @nr: where to put the number of lines
 *
 * Return: the lines, in a static table.
 */
const struct environment *environment_get(const struct bench *bench,
					  unsigned int *nr);

/**
 * environment_kernel_key() - the key of the line that describes this kernel
 * @bench: the benchmark, with its options parsed
 *
 * Return: the key, in a static buffer; NULL if the benchmark compares no kernels.
 */
const char *environment_kernel_key(const struct bench *bench);

/**
 * environment_timer_step() - how finely can the kernel time?
 *
 * Return: the resolution of its timers in nanoseconds: 1, or a tick where there
 * is no timer that it trusts.
 */
long environment_timer_step(void);

/**
 * bench_run() - measure
 * @bench: the benchmark
 * @argv: the command line
 * @resume: go on with the results that are there
 *
 * Return: the exit status of the program.
 */
int bench_run(const struct bench *bench, char **argv, bool resume);

#endif /* __BENCH_CORE_H */
