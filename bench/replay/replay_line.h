/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_REPLAY_REPLAY_LINE_H
#define __BENCH_REPLAY_REPLAY_LINE_H

#include <stdint.h>

/* A straight line, in time, from one sample of a trace to the next. */
struct replay_line {
	int64_t from_ns, to_ns;		/* from_ns < to_ns, or there is no way to go */
	uint64_t from, to;		/* bytes */
};

/**
 * replay_line_at() - where a line is
 * @line: the line
 * @ns: when, in nanoseconds of the clock of its ends
 *
 * Return: bytes; before and after the line those of its ends.
 */
uint64_t replay_line_at(const struct replay_line *line, int64_t ns);

/**
 * replay_line_step_ns() - when a line is a step away, or ends
 * @line: the line, whose ends differ
 * @ns: now
 * @step: the step, in bytes
 *
 * Return: when, in nanoseconds.
 */
int64_t replay_line_step_ns(const struct replay_line *line, int64_t ns, uint64_t step);

#endif /* __BENCH_REPLAY_REPLAY_LINE_H */
