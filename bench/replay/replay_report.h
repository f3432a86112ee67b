/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_REPLAY_REPLAY_REPORT_H
#define __BENCH_REPLAY_REPLAY_REPORT_H

#include <stdio.h>

#include "replay.h"
#include "replay_limit.h"

/**
 * replay_outcome_name() - the name of an outcome
 * @outcome: the outcome
 *
 * Return: "completed", "oom_killed", "killed", "timed_out", "interrupted" or
 * "failed".
 */
const char *replay_outcome_name(enum replay_outcome outcome);

/**
 * replay_report() - tell people what a replay did
 * @file: where to
 * @trace: the trace
 * @name: its name
 * @options: how it was followed
 * @result: what came of it
 * @limit: what the machine can do, or NULL
 */
void replay_report(FILE *file, const struct trace *trace, const char *name,
		   const struct replay_options *options,
		   const struct replay_result *result,
		   const struct replay_limit *limit);

/**
 * replay_report_csv() - tell it to machines, in a line that names the columns and
 * one that has their values
 * @file: where to
 * @name: name of the trace
 * @options: how it was followed
 * @result: what came of it
 * @limit: what the machine can do, or NULL
 *
 * What is not available is empty.
 */
void replay_report_csv(FILE *file, const char *name,
		       const struct replay_options *options,
		       const struct replay_result *result,
		       const struct replay_limit *limit);

#endif /* __BENCH_REPLAY_REPLAY_REPORT_H */
