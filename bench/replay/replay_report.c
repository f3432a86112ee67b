// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <string.h>

#include "replay_report.h"

#define MB 1e6

static const char * const outcomes[] = {
	[REPLAY_COMPLETED] = "completed",
	[REPLAY_OOM_KILLED] = "oom_killed",
	[REPLAY_KILLED] = "killed",
	[REPLAY_TIMED_OUT] = "timed_out",
	[REPLAY_INTERRUPTED] = "interrupted",
	[REPLAY_FAILED] = "failed",
};

const char *replay_outcome_name(enum replay_outcome outcome)
{
	return outcomes[outcome];
}

static double pages_per_second(const struct replay_result *result)
{
	return result->grow_seconds > 0 ?
		result->pages_grown / result->grow_seconds : -1;
}

/* "LABEL value unit, value unit, ..." of values that may not be available */
struct item {
	const char *name;
	double value;
	const char *unit;
	int decimals;
};

static void print_items(FILE *file, const char *label, const struct item *items,
			size_t nr)
{
	size_t i;

	fprintf(file, "%-13s", label);
	for (i = 0; i < nr; i++) {
		if (items[i].value < 0)
			continue;
		fprintf(file, "%s%s%s%.*f%s", i ? ", " : "", items[i].name,
			items[i].name[0] ? " " : "", items[i].decimals,
			items[i].value, items[i].unit);
	}
	fprintf(file, "%s\n", items[0].value < 0 ? "not available" : "");
}

#define PRINT_ITEMS(file, label, ...) do {				\
	const struct item __items[] = { __VA_ARGS__ };			\
									\
	print_items(file, label, __items,				\
		    sizeof(__items) / sizeof(__items[0]));		\
} while (0)

static void report_outcome(FILE *file, const struct trace *trace,
			   const struct replay_options *options,
			   const struct replay_result *r)
{
	struct trace_summary sum = trace_summarize(trace);

	fprintf(file, "outcome      %s", outcomes[r->outcome]);
	if (r->failed)
		fprintf(file, ": cannot %s: %s", r->failed, strerror(r->error));
	if (r->outcome != REPLAY_COMPLETED)
		fprintf(file, "; partial report, after %zu of %zu samples, at %.1f s of the trace, with %.1f MB",
			r->samples, sum.samples, r->trace_seconds,
			r->bytes / MB);
	fprintf(file, "\n%-13s%.3f s, ideal %.3f s (%.1f s at speed %g)\n",
		r->outcome == REPLAY_COMPLETED ? "completion" : "ended after",
		r->seconds, r->ideal_seconds, sum.seconds, options->speed);
}

static void report_limit(FILE *file, const struct trace *trace,
			 const struct replay_options *options,
			 const struct replay_limit *limit)
{
	double p99, max;

	PRINT_ITEMS(file, "limit",
		    { "touching each page", limit->touch, " pages/s", 0 },
		    { "populating at once", limit->populate, " pages/s", 0 },
		    { "freeing", limit->free, " pages/s", 0 });
	if (!replay_limit_lateness(trace, options, limit, &p99, &max))
		fprintf(file, "%-13sat that limit p99 %.3f ms, max %.3f ms\n", "",
			p99 * 1e3, max * 1e3);
}

void replay_report(FILE *file, const struct trace *trace, const char *name,
		   const struct replay_options *options,
		   const struct replay_result *r,
		   const struct replay_limit *limit)
{
	struct trace_summary sum = trace_summarize(trace);
	double interval = r->ideal_seconds / (sum.samples - 1);

	fprintf(file, "trace        %s: %zu samples, %.1f s, mean %.1f MB, peak %.1f MB; base %.1f MB\n",
		name, sum.samples, sum.seconds, sum.mean / MB, sum.peak / MB,
		options->base / MB);
	fprintf(file, "memory       %s\n",
		options->file ? "file-backed" : "anonymous");
	report_outcome(file, trace, options, r);

	PRINT_ITEMS(file, "lateness",
		    { "median", r->late_median * 1e3, " ms", 3 },
		    { "p99", r->late_p99 * 1e3, " ms", 3 },
		    { "max", r->late_max * 1e3, " ms", 3 },
		    { "p99 is", r->late_p99 / interval * 100,
		      " % of the mean interval of samples", 1 });
	PRINT_ITEMS(file, "growth/MiB",
		    { "", r->grow_p50 * 1e3, " ms median", 3 },
		    { "p95", r->grow_p95 * 1e3, " ms", 3 },
		    { "p99", r->grow_p99 * 1e3, " ms", 3 },
		    { "max", r->grow_max * 1e3, " ms", 3 });
	PRINT_ITEMS(file, "pages",
		    { "", pages_per_second(r), " pages/s when growing", 0 },
		    { "grown", r->pages_grown, "", 0 },
		    { "freed", r->pages_freed, "", 0 });
	if (limit)
		report_limit(file, trace, options, limit);
	fprintf(file, "CPU time     %.3f s\n", r->cpu_seconds);
	PRINT_ITEMS(file, "peak",
		    { "resident", r->rss_peak / MB, " MB", 1 },
		    { "memory.peak", r->peak / MB, " MB", 1 });
	PRINT_ITEMS(file, "tracking",
		    { "median", r->tracking_median / MB, " MB", 3 },
		    { "p99", r->tracking_p99 / MB, " MB", 3 },
		    { "max", r->tracking_max / MB, " MB off in memory.current", 3 });
	PRINT_ITEMS(file, "stalled", { "", r->stall_us / 1e6, " s", 6 });
	PRINT_ITEMS(file, "events",
		    { "low", r->events_low, "", 0 },
		    { "high", r->events_high, "", 0 },
		    { "max", r->events_max, "", 0 },
		    { "oom", r->events_oom, "", 0 },
		    { "oom_kill", r->events_oom_kill, "", 0 });
}

static void print_quoted(FILE *file, const char *text)
{
	if (!strpbrk(text, ",\"\n")) {
		fputs(text, file);
		return;
	}
	fputc('"', file);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', file);
		fputc(*text, file);
	}
	fputc('"', file);
}

void replay_report_csv(FILE *file, const char *name,
		       const struct replay_options *options,
		       const struct replay_result *r,
		       const struct replay_limit *limit)
{
	const struct {
		const char *name;
		double value;
		int decimals;
	} columns[] = {
		{ "speed", options->speed, 3 },
		{ "base_bytes", options->base, 0 },
		{ "samples", r->samples, 0 },
		{ "trace_seconds", r->trace_seconds, 6 },
		{ "bytes", r->bytes, 0 },
		{ "seconds", r->seconds, 6 },
		{ "ideal_seconds", r->ideal_seconds, 6 },
		{ "late_median_seconds", r->late_median, 6 },
		{ "late_p99_seconds", r->late_p99, 6 },
		{ "late_max_seconds", r->late_max, 6 },
		{ "tracking_median_bytes", r->tracking_median, 0 },
		{ "tracking_p99_bytes", r->tracking_p99, 0 },
		{ "tracking_max_bytes", r->tracking_max, 0 },
		{ "grow_mib_p50_seconds", r->grow_p50, 6 },
		{ "grow_mib_p95_seconds", r->grow_p95, 6 },
		{ "grow_mib_p99_seconds", r->grow_p99, 6 },
		{ "grow_mib_max_seconds", r->grow_max, 6 },
		{ "pages_grown", r->pages_grown, 0 },
		{ "pages_freed", r->pages_freed, 0 },
		{ "pages_per_second", pages_per_second(r), 0 },
		{ "limit_touch_pages_per_second", limit ? limit->touch : -1, 0 },
		{ "limit_populate_pages_per_second", limit ? limit->populate : -1, 0 },
		{ "limit_free_pages_per_second", limit ? limit->free : -1, 0 },
		{ "cpu_seconds", r->cpu_seconds, 6 },
		{ "rss_peak_bytes", r->rss_peak, 0 },
		{ "memory_peak_bytes", r->peak, 0 },
		{ "stall_seconds", r->stall_us / 1e6, 6 },
		{ "events_low", r->events_low, 0 },
		{ "events_high", r->events_high, 0 },
		{ "events_max", r->events_max, 0 },
		{ "events_oom", r->events_oom, 0 },
		{ "events_oom_kill", r->events_oom_kill, 0 },
	};
	const size_t nr = sizeof(columns) / sizeof(columns[0]);
	size_t i;

	fprintf(file, "trace,memory,outcome");
	for (i = 0; i < nr; i++)
		fprintf(file, ",%s", columns[i].name);
	fputc('\n', file);
	print_quoted(file, name);
	fprintf(file, ",%s,%s", options->file ? "file" : "anonymous",
		outcomes[r->outcome]);
	for (i = 0; i < nr; i++) {
		if (columns[i].value < 0)
			fputc(',', file);
		else
			fprintf(file, ",%.*f", columns[i].decimals,
				columns[i].value);
	}
	fputc('\n', file);
}
