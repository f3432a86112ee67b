// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "size.h"
#include "trace.h"

#define HEADER		"seconds,bytes"
#define LINE_MAX_CHARS	1000

/* A busy machine keeps a recorder waiting; not for so long, in seconds and in intervals. */
#define MIN_SILENCE	10
#define SILENT_INTERVALS 10
/* Times are written in microseconds; those that get the same one are the same. */
#define MIN_STEP_SECONDS 0.5e-6
#define WANT		"want seconds,bytes as in 1.042,185500000"

void trace_complain(const char *name, size_t line, const char *fmt, ...)
{
	char text[512], *at;
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);

	/* One line, and nothing that a terminal acts on: the input may be quoted. */
	for (at = text; *at; at++) {
		if (!isprint((unsigned char)*at))
			*at = '?';
	}
	fprintf(stderr, "%s:%zu: %s\n", name, line, text);
}

int trace_add(struct trace *trace, double seconds, uint64_t bytes)
{
	struct trace_sample *samples = trace->samples;

	if (trace->nr &&
	    !(seconds - samples[trace->nr - 1].seconds > MIN_STEP_SECONDS))
		return -EDOM;
	if (trace->nr >= TRACE_MAX_SAMPLES ||
	    (trace->nr && seconds - samples[0].seconds > TRACE_MAX_SECONDS))
		return -E2BIG;

	if (trace->nr == trace->allocated) {
		size_t more = trace->allocated ? 2 * trace->allocated : 256;

		samples = reallocarray(samples, more, sizeof(*samples));
		if (!samples)
			return -ENOMEM;
		trace->samples = samples;
		trace->allocated = more;
	}
	samples[trace->nr++] = (struct trace_sample){ seconds, bytes };
	return 0;
}

static int compare_gaps(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

bool trace_has_silence(const struct trace *trace, double *max_gap)
{
	size_t i, n = trace->nr - 1;
	double *gaps = calloc(n, sizeof(*gaps));
	bool ret;

	if (!gaps)
		return false;
	for (i = 0; i < n; i++)
		gaps[i] = trace->samples[i + 1].seconds - trace->samples[i].seconds;
	qsort(gaps, n, sizeof(*gaps), compare_gaps);
	*max_gap = fmax(MIN_SILENCE, SILENT_INTERVALS * gaps[(n - 1) / 2]);
	ret = gaps[n - 1] > *max_gap;
	free(gaps);
	return ret;
}

void trace_free(struct trace *trace)
{
	free(trace->samples);
	memset(trace, 0, sizeof(*trace));
}

/* Digits and at most one point, which is what strtod() takes and much less. */
static const char *parse_seconds(const char *text, double *seconds)
{
	size_t digits = strspn(text, "0123456789"), fraction = 0;
	const char *end = text + digits;

	if (!digits)
		return NULL;
	if (*end == '.') {
		fraction = strspn(end + 1, "0123456789");
		end += 1 + fraction;
		if (!fraction)
			return NULL;
	}
	*seconds = strtod(text, NULL);
	return end;
}

static const char *parse_bytes(const char *text, uint64_t *bytes)
{
	const char *end = text + strspn(text, "0123456789");

	if (end == text)
		return NULL;
	errno = 0;
	*bytes = strtoull(text, NULL, 10);
	if (errno || *bytes > SIZE_MAX_BYTES)
		*bytes = UINT64_MAX;
	return end;
}

/* What the line has instead of a sample, or NULL. */
static const char *parse_sample(const char *line, double *seconds,
				uint64_t *bytes)
{
	const char *at = line;

	if (!*at)
		return "an empty line; remove it";
	if (*at == '-')
		return "a negative time; " WANT;
	at = parse_seconds(at, seconds);
	if (!at)
		return "not a time in seconds; " WANT;
	if (!*at)
		return "only one column; " WANT;
	if (*at != ',')
		return isalpha((unsigned char)*at) ?
			"a time with a unit; want plain seconds" :
			"no comma after the time; " WANT;

	at++;
	if (*at == '-')
		return "negative bytes; " WANT;
	at = parse_bytes(at, bytes);
	if (!at)
		return "not a number of bytes; " WANT;
	if (*at == '.')
		return "not a whole number of bytes; is it in another unit? want plain bytes";
	if (isalpha((unsigned char)*at))
		return "bytes with a unit; want plain bytes";
	if (*at)
		return "more than a time and bytes; " WANT;
	if (*bytes == UINT64_MAX)
		return "more than 16 TiB; is it in another unit? want plain bytes";
	return NULL;
}

static const char *add_error(int err)
{
	switch (err) {
	case 0:
		return NULL;
	case -EDOM:
		return "the time is not after that of the sample before; sort the trace by time, each once";
	case -E2BIG:
		return "more than a million samples or seconds; cut the trace";
	default:
		return "not enough memory; cut the trace";
	}
}

static bool is_header(const char *line)
{
	return isalpha((unsigned char)*line) &&
		strncasecmp(line, "nan", 3) && strncasecmp(line, "inf", 3);
}

/* Return: what is wrong with the line, or NULL. */
static const char *take_line(struct trace *trace, const char *line,
			     bool *had_header)
{
	const char *wrong;
	double seconds;
	uint64_t bytes;

	if (*line == '#')
		return NULL;
	if (!trace->nr && !*had_header && is_header(line)) {
		*had_header = true;
		return strcmp(line, HEADER) ?
			"a header of other columns; want " HEADER : NULL;
	}
	wrong = parse_sample(line, &seconds, &bytes);
	if (wrong)
		return wrong;
	return add_error(trace_add(trace, seconds, bytes));
}

/*
 * Remove the end of the line, LF or CR LF.
 *
 * Return: what is wrong with the line, or NULL.
 */
static const char *chop_line(char *line, size_t len)
{
	if (strlen(line) != len)
		return "a NUL byte; this is no text file, want a trace in CSV";
	if (line[len - 1] != '\n')
		return len >= LINE_MAX_CHARS ?
			"a line of a thousand characters; is this a trace?" :
			"the last line has no end; the file has been cut, get it again";
	line[--len] = '\0';
	if (len && line[len - 1] == '\r')
		line[len - 1] = '\0';
	return NULL;
}

/* As fgets(), but it tells the length, so that a NUL can be seen. */
static size_t get_line(FILE *file, char *line)
{
	size_t len = 0;
	int c = 0;

	while (len < LINE_MAX_CHARS && c != '\n' && (c = getc(file)) != EOF)
		line[len++] = c;
	line[len] = '\0';
	return len;
}

static void move_to_zero(struct trace *trace)
{
	double start = trace->samples[0].seconds;
	size_t i;

	for (i = 0; i < trace->nr; i++)
		trace->samples[i].seconds -= start;
}

int trace_read_stream(struct trace *trace, FILE *file, const char *name)
{
	char line[LINE_MAX_CHARS + 1];
	const char *wrong = NULL;
	bool had_header = false;
	size_t nr = 0, len;
	int ret = -EINVAL;

	memset(trace, 0, sizeof(*trace));
	while (!wrong && (len = get_line(file, line))) {
		nr++;
		wrong = chop_line(line, len);
		if (!wrong)
			wrong = take_line(trace, line, &had_header);
	}

	if (ferror(file)) {
		ret = -errno;
		trace_complain(name, nr + 1, "cannot read: %s; name a trace in CSV",
			       strerror(-ret));
		goto err;
	}
	if (!wrong && trace->nr < 2)
		wrong = trace->nr ? "only one sample; a trace has two at least" :
			"no samples; the trace is empty, get it again";
	if (wrong) {
		trace_complain(name, nr ?: 1, "%s", wrong);
		goto err;
	}
	move_to_zero(trace);
	return 0;
err:
	trace_free(trace);
	return ret;
}

int trace_read(struct trace *trace, const char *path)
{
	FILE *file = fopen(path, "re");
	int ret;

	memset(trace, 0, sizeof(*trace));
	if (!file) {
		ret = -errno;
		fprintf(stderr, "%s: cannot open: %s; name a trace in CSV\n",
			path, strerror(-ret));
		return ret;
	}
	ret = trace_read_stream(trace, file, path);
	fclose(file);
	return ret;
}

int trace_write(const struct trace *trace, const char *comment, FILE *file)
{
	size_t i, len;

	for (; comment && *comment; comment += len + (comment[len] == '\n')) {
		len = strcspn(comment, "\n");
		fprintf(file, "# %.*s\n", (int)len, comment);
	}
	fprintf(file, HEADER "\n");
	for (i = 0; i < trace->nr; i++)
		fprintf(file, "%.6f,%llu\n",
			trace->samples[i].seconds - trace->samples[0].seconds,
			(unsigned long long)trace->samples[i].bytes);
	return fflush(file) || ferror(file) ? -EIO : 0;
}

struct trace_summary trace_summarize(const struct trace *trace)
{
	const struct trace_sample *s = trace->samples;
	struct trace_summary sum = {
		.samples = trace->nr,
		.seconds = s[trace->nr - 1].seconds - s[0].seconds,
	};
	size_t i;

	for (i = 0; i < trace->nr; i++) {
		sum.mean += (double)s[i].bytes / trace->nr;
		if (s[i].bytes > sum.peak)
			sum.peak = s[i].bytes;
		if (i && s[i].bytes > s[i - 1].bytes) {
			double growth = s[i].bytes - s[i - 1].bytes;
			double rate = growth / (s[i].seconds - s[i - 1].seconds);

			sum.growth += growth;
			if (rate > sum.steepest)
				sum.steepest = rate;
		}
	}
	sum.burst_ratio = sum.mean > 0 ? sum.peak / sum.mean : 0;
	return sum;
}
