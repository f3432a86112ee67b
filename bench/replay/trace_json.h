/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_REPLAY_TRACE_JSON_H
#define __BENCH_REPLAY_TRACE_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "trace.h"

/*
 * Recordings of a container's memory, in JSON: an object with an array "samples", or
 * the samples one after the other, alone or in arrays, as a loop around podman stats or
 * docker stats writes them.  A sample is an object with "epoch", a number of seconds,
 * and "mem_usage" or "MemUsage", the text "USED / LIMIT".  What else there is, is not
 * looked at, but for "Name" or "name", which is the same in all of them.
 *
 * A sample "0B / 0B" (podman) or "-- / --" (docker) says that the container was gone.
 * It is not a measurement, so it is left out at the beginning and the end.  In the
 * middle it is an error, since a trace has no gaps, and so is a time without samples
 * that is longer than max_gap.
 */
/* what is said of the sample after a silence */
#define TRACE_SILENCE ": long after the sample before, and nobody knows what was in between; cut the recording here, or take a straight line for it with --max-gap=SECONDS"

struct trace_json {
	const char *text;
	size_t len;		/* bytes of @text */
	const char *name;	/* what to call it in messages */
	bool binary;		/* kB, MB, GB and TB are powers of two */
	double interval;	/* seconds between samples without "epoch", or 0: an error */
	double max_gap;		/* seconds between two samples, INFINITY if there is no limit */
	/* the result */
	size_t recorded;	/* samples in the recording */
	double seconds;		/* from the first of them to the last */
	size_t dropped;		/* those that were no measurement */
};

/**
 * trace_import_json() - make a trace of a recording
 * @trace: where to put it
 * @json: the recording
 *
 * Return: 0, or a negative errno after a line on stderr: where, what is wrong, and
 * what to do about it.
 */
int trace_import_json(struct trace *trace, struct trace_json *json);

#endif /* __BENCH_REPLAY_TRACE_JSON_H */
