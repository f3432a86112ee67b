/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_REPLAY_TRACE_JSON_H
#define __BENCH_REPLAY_TRACE_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "trace.h"

/*
 * Recordings of a container's memory: a JSON object with an array "samples" of
 * objects, each with "epoch", a number of seconds, and "mem_usage", the text
 * "USED / LIMIT" as podman stats and docker stats print it.  What else there is, is
 * not looked at.
 *
 * A sample "0B / 0B" says that the container was gone.  It is not a measurement,
 * so it is left out.
 */
struct trace_json {
	const char *text;
	size_t len;		/* bytes of @text */
	const char *name;	/* what to call it in messages */
	bool binary;		/* kB, MB, GB and TB are powers of two */
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
