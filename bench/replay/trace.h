/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_REPLAY_TRACE_H
#define __BENCH_REPLAY_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * How much memory something used over time.  traces/README.md documents the file
 * format.
 */

/* More than that is a mistake: samples, and seconds (some 11 days). */
#define TRACE_MAX_SAMPLES	1000000
#define TRACE_MAX_SECONDS	1000000

struct trace_sample {
	double seconds;		/* since the first sample; increasing */
	uint64_t bytes;
};

struct trace {
	struct trace_sample *samples;
	size_t nr;		/* two at least, in a trace that was read */
	size_t allocated;
};

struct trace_summary {
	size_t samples;
	double seconds;		/* from the first sample to the last */
	double mean;		/* bytes, over the samples */
	uint64_t peak;		/* bytes */
	double burst_ratio;	/* peak / mean */
	double growth;		/* bytes, all that it grows, one after the other */
	double steepest;	/* bytes/s, the fastest growth between two samples */
};

/**
 * trace_add() - append a sample
 * @trace: the trace; all zeroes is an empty one
 * @seconds: its time, on any clock
 * @bytes: the memory used
 *
 * Return: 0 or a negative errno; -EDOM if the time is not a microsecond after
 * that of the sample before, -E2BIG if the trace is too long in samples or seconds.
 */
int trace_add(struct trace *trace, double seconds, uint64_t bytes);

/**
 * trace_read() - read a trace in the project's CSV format
 * @trace: where to put it, with the time of the first sample as 0
 * @path: the file
 *
 * Return: 0, or a negative errno after a line on stderr: where, what is wrong, and
 * what to do about it.
 */
int trace_read(struct trace *trace, const char *path);

/**
 * trace_read_stream() - trace_read() of what is open already
 * @trace: as above
 * @file: the stream
 * @name: what to call it in messages
 *
 * Return: as above.
 */
int trace_read_stream(struct trace *trace, FILE *file, const char *name);

/**
 * trace_write() - write a trace in the project's CSV format
 * @trace: what to write
 * @comment: lines about its origin, without the '#', or NULL
 * @file: where to
 *
 * Times are rounded to microseconds.
 *
 * Return: 0 or a negative errno.
 */
int trace_write(const struct trace *trace, const char *comment, FILE *file);

/**
 * trace_summarize() - the figures that describe a trace
 * @trace: a trace of one sample or more
 *
 * Return: the figures.
 */
struct trace_summary trace_summarize(const struct trace *trace);

/**
 * trace_has_silence() - look for a time without samples that is no interval of a recorder
 * @trace: a trace of two samples or more
 * @max_gap: where to put the longest time between two samples that still is one, in
 *	seconds: ten times the usual one, and 10 s at least
 *
 * A straight line over a silence would be made up: what was recorded may have been gone.
 *
 * Return: true if there is one, false if not or if there is not enough memory.
 */
bool trace_has_silence(const struct trace *trace, double *max_gap);

/**
 * trace_free() - free the samples
 * @trace: the trace, empty from then on
 */
void trace_free(struct trace *trace);

/**
 * trace_complain() - say on stderr what is wrong with an input, in one line
 * @name: the file
 * @line: its line, from 1
 * @fmt: "what; what to do", as for printf()
 */
void trace_complain(const char *name, size_t line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif /* __BENCH_REPLAY_TRACE_H */
