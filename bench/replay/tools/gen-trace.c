// SPDX-License-Identifier: GPL-2.0
/*
 * gen-trace: make a trace in CSV that has the summary figures of a recording
 *
 * Known of a recording are the number of samples, the duration, the mean and the
 * peak.  The trace has exactly these; what comes between is made up:
 *
 *   - the samples are evenly spaced;
 *   - it climbs from nothing to the plateau, by CLIMB from sample to sample;
 *   - the plateau is flat but for noise of +- 2 %;
 *   - one burst begins after half of the samples and goes up to the peak, smaller
 *     ones, of a 16th to an 8th of that height, come about every 60 samples;
 *   - a burst climbs by CLIMB at most from sample to sample, and falls by FALL.
 *
 * Real bursts are steeper.  These are made for a replay at 100 times the speed:
 * then CLIMB is 0.6 million pages a second and FALL 2.3 million, which is near to
 * what a single task can populate and free.  So what a replay of them is late by
 * is not the machine's.
 *
 * In sample i with the burst's share p[i] and the plateau's share q[i], both of
 * ONE, there are (plateau * q[i] + peak * p[i]) / ONE bytes.  The plateau follows
 * from the mean.  Bytes are integer arithmetic on POSIX's nrand48(), so that every
 * machine makes the same trace.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trace.h"

#define EXIT_BAD_OPTION	2

#define ONE		(1LL << 16)
#define CLIMB		26000000LL	/* bytes a sample */
#define FALL		100000000LL
#define BURST_EVERY	60		/* samples */

/* As published of the four recordings of these names. */
static const struct figures {
	const char *name;
	int64_t samples;
	double seconds;
	int64_t mean;	/* bytes */
	int64_t peak;
} known[] = {
	{ "pre-commit-2524", 315, 327.3, 306100000, 1862000000 },
	{ "dask-11628",       95,  98.3, 197900000,  320900000 },
	{ "faker-1520",      119, 123.2, 189700000,  272800000 },
	{ "github3.py-673",  100, 102.7, 213400000,  305500000 },
};

#define NR_KNOWN (sizeof(known) / sizeof(known[0]))
#define MAX_SAMPLES 315

struct shape {
	int64_t p[MAX_SAMPLES];		/* share of the peak */
	int64_t q[MAX_SAMPLES];		/* share of the plateau */
};

/* From @low up to but not @high. */
static int64_t draw(unsigned short seed[3], int64_t low, int64_t high)
{
	return low + nrand48(seed) % (high - low);
}

static void raise_to(struct shape *shape, int64_t i, int64_t p)
{
	if (shape->p[i] < p)
		shape->p[i] = p;
}

/* Climb to @height, of ONE, in sample @top; the larger of two bursts counts. */
static void add_burst(const struct figures *f, struct shape *shape, int64_t top,
		      int64_t height)
{
	int64_t i, p;

	for (i = top, p = height; i >= 0 && p > 0; i--, p -= CLIMB * ONE / f->peak)
		raise_to(shape, i, p);
	for (i = top, p = height; i < f->samples && p > 0; i++, p -= FALL * ONE / f->peak)
		raise_to(shape, i, p);
}

static void make_shape(const struct figures *f, struct shape *shape)
{
	unsigned short seed[3] = { 1, f->samples, f->peak / 1000000 };
	int64_t climb = f->peak / CLIMB, i, at;

	memset(shape, 0, sizeof(*shape));
	add_burst(f, shape, f->samples / 2 + climb, ONE);
	for (at = BURST_EVERY / 2; at < f->samples - 3; at += BURST_EVERY)
		add_burst(f, shape, at + draw(seed, 0, BURST_EVERY / 2),
			  draw(seed, ONE / 16, ONE / 8));

	for (i = 0; i < f->samples; i++) {
		shape->q[i] = draw(seed, ONE * 98 / 100, ONE * 102 / 100);
		if (shape->q[i] > (i + 1) * CLIMB * ONE / f->mean)
			shape->q[i] = (i + 1) * CLIMB * ONE / f->mean;
		shape->q[i] = shape->q[i] * (ONE - shape->p[i]) / ONE;
	}
}

static int make_trace(const struct figures *f, struct trace *trace)
{
	int64_t i, plateau, sum_p = 0, sum_q = 0;
	struct shape shape;
	int ret = 0;

	make_shape(f, &shape);
	for (i = 0; i < f->samples; i++) {
		sum_p += shape.p[i];
		sum_q += shape.q[i];
	}
	plateau = (f->mean * f->samples * ONE - f->peak * sum_p) / sum_q;

	for (i = 0; !ret && i < f->samples; i++)
		ret = trace_add(trace, f->seconds * i / (f->samples - 1),
				(plateau * shape.q[i] + f->peak * shape.p[i]) / ONE);
	return ret;
}

static const char *option_name;

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'l':
		for (size_t i = 0; i < NR_KNOWN; i++)
			puts(known[i].name);
		exit(EXIT_SUCCESS);
	case ARGP_KEY_ARG:
		if (option_name)
			argp_error(state, "%s: one trace at a time", arg);
		option_name = arg;
		return 0;
	case ARGP_KEY_END:
		if (!option_name)
			argp_error(state, "no name of a trace; --list lists them");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option argp_options[] = {
	{ "list", 'l', NULL, 0, "List the names of the traces", 0 },
	{}
};

static const struct argp argp = {
	.options = argp_options,
	.parser = parse_option,
	.args_doc = "NAME",
	.doc = "Make a trace in CSV that has the summary figures of the recording NAME, on stdout.  Every run and every machine makes the same.\v"
	       "Exit status: 0, 1 if the trace cannot be written, 2 if the name or an option is bad.",
};

static const struct figures *find(const char *name)
{
	size_t i;

	for (i = 0; i < NR_KNOWN; i++) {
		if (!strcmp(known[i].name, name))
			return &known[i];
	}
	return NULL;
}

int main(int argc, char **argv)
{
	const struct figures *f;
	struct trace trace = {};
	char comment[512];
	int ret;

	argp_err_exit_status = EXIT_BAD_OPTION;
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	f = find(option_name);
	if (!f) {
		fprintf(stderr, "%s: no such trace; gen-trace --list lists them\n",
			option_name);
		return EXIT_BAD_OPTION;
	}

	snprintf(comment, sizeof(comment),
		 "Synthetic memory used over time; see traces/README.md.\n"
		 "Made by `gen-trace %s` from the published figures of a recording of that name:\n"
		 "%" PRId64 " samples, %.1f s, mean %.1f MB, peak %.1f MB, peak/mean %.2f.  No sample of it is a measurement.",
		 f->name, f->samples, f->seconds, f->mean / 1e6, f->peak / 1e6,
		 (double)f->peak / f->mean);
	ret = make_trace(f, &trace);
	if (!ret)
		ret = trace_write(&trace, comment, stdout);
	trace_free(&trace);
	if (ret) {
		fprintf(stderr, "%s: cannot write the trace: %s\n", f->name,
			strerror(-ret));
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
