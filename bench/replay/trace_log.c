// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "size.h"
#include "trace_log.h"

#define PSRECORD "# Elapsed time"
#define MPROF "CMDLINE "
#define MPROF_MEM "MEM "
#define MPROF_CHILD "CHLD "
#define MAX_LINE 1000

static bool begins_with(const char *text, const char *word)
{
	return !strncmp(text, word, strlen(word));
}

bool trace_is_log(const char *text)
{
	return begins_with(text, PSRECORD) || begins_with(text, MPROF) ||
	       begins_with(text, MPROF_MEM);
}

/* Return: 1 if the line is a sample, 0 if it is not meant to be, -EINVAL if it is bad. */
static int parse_line(const char *line, bool mprof, double *seconds, double *mib)
{
	int end = 0, n;

	line += strspn(line, " \t");
	if (mprof) {
		if (!begins_with(line, MPROF_MEM))
			return 0;
		n = sscanf(line, "MEM %lf %lf%n", mib, seconds, &end);
	} else {
		if (!*line || *line == '#')
			return 0;
		n = sscanf(line, "%lf %*f %lf%n", seconds, mib, &end);
	}
	if (n != 2 || !end || (line[end] && !strchr(" \t", line[end])) || !isfinite(*seconds) ||
	    !(*mib >= 0 && *mib * MiB <= SIZE_MAX_BYTES))
		return -EINVAL;
	return 1;
}

static int add(struct trace *trace, struct trace_json *log, size_t line, double seconds,
	       double mib, double *first)
{
	if (log->recorded && seconds - *first - log->seconds > log->max_gap) {
		trace_complain(log->name, line, "samples[%zu]" TRACE_SILENCE, log->recorded);
		return -EINVAL;
	}
	if (!log->recorded++)
		*first = seconds;
	log->seconds = round((seconds - *first) * 1e6) / 1e6;
	switch (trace_add(trace, log->seconds, llround(mib * MiB))) {
	case 0:
		return 0;
	case -EDOM:
		trace_complain(log->name, line, "not after the time of the line before; remove it");
		return -EINVAL;
	case -E2BIG:
		trace_complain(log->name, line, "more than a million samples or seconds; cut the log");
		return -EINVAL;
	default:
		trace_complain(log->name, line, "not enough memory; cut the log");
		return -ENOMEM;
	}
}

/* What a recorder or a disk has damaged, and what would be no more than a part of the memory. */
static const char *what_is_wrong(const char *line, size_t len, bool nul, bool mprof)
{
	if (nul)
		return "a NUL byte: the log is damaged; correct or remove the line";
	if (len >= MAX_LINE)
		return "a line of a thousand characters; correct or remove it";
	if (mprof && begins_with(line, MPROF_CHILD))
		return "memory of a child, which the lines MEM do not have; record with mprof run --include-children, or remove such lines";
	return NULL;
}

int trace_import_log(struct trace *trace, struct trace_json *log)
{
	bool mprof = !begins_with(log->text, PSRECORD);
	const char *at = log->text, *end = at + log->len;
	double seconds, mib, first = 0;
	char text[MAX_LINE];
	const char *wrong;
	size_t line, len;
	int ret = 0;

	memset(trace, 0, sizeof(*trace));
	log->recorded = 0;
	log->dropped = 0;
	log->seconds = 0;
	log->binary = true;

	for (line = 1; ret >= 0 && at < end; line++) {
		len = strcspn(at, "\r\n");
		wrong = what_is_wrong(at, len, at + len < end && !at[len], mprof);
		if (wrong) {
			trace_complain(log->name, line, "%s", wrong);
			ret = -EINVAL;
			break;
		}
		snprintf(text, sizeof(text), "%.*s", (int)len, at);
		ret = parse_line(text, mprof, &seconds, &mib);
		/* what is cut in the middle of a number would be another number */
		if (ret == 1 && at + len == end)
			ret = -EINVAL;
		if (ret < 0)
			trace_complain(log->name, line, "not a sample of %s, or cut short; correct or remove the line",
				       mprof ? "mprof" : "psrecord");
		else if (ret)
			ret = add(trace, log, line, seconds, mib, &first);
		at += len;
		/* LF, CR LF, or CR alone */
		at += *at == '\r' && at[1] == '\n' ? 2 : at < end;
	}
	if (ret >= 0 && trace->nr < 2) {
		trace_complain(log->name, 1, "%zu samples; a trace has two at least, record for longer",
			       trace->nr);
		ret = -EINVAL;
	}
	if (ret < 0)
		trace_free(trace);
	return ret;
}
