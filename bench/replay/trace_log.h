/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_REPLAY_TRACE_LOG_H
#define __BENCH_REPLAY_TRACE_LOG_H

#include "trace_json.h"

/**
 * trace_is_log() - is this a log of psrecord or mprof?
 * @text: the recording
 *
 * Return: true if it begins as one does.
 */
bool trace_is_log(const char *text);

/**
 * trace_import_log() - make a trace of a log of psrecord or mprof
 * @trace: where to put it
 * @log: the log, with a NUL after its end.  Their MB are powers of two: binary is set.
 *
 * psrecord writes lines "SECONDS CPU REAL-MB VIRTUAL-MB" below a header that begins
 * with "# Elapsed time", and mprof lines "MEM MB SECONDS".  Other lines of mprof are not
 * looked at.
 *
 * Return: 0, or a negative errno after a line on stderr: where, what is wrong, and
 * what to do about it.
 */
int trace_import_log(struct trace *trace, struct trace_json *log);

#endif /* __BENCH_REPLAY_TRACE_LOG_H */
