// SPDX-License-Identifier: GPL-2.0
/* What a trial of the isolation benchmark tells of its sessions. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "cgroup.h"
#include "isolation.h"
#include "replay/replay_report.h"

const char * const isolation_role_names[] = {
	[HIGH] = "HIGH", [LOW1] = "LOW1", [LOW2] = "LOW2", NULL
};

void isolation_limit_text(char *text, size_t len, uint64_t bytes)
{
	if (bytes == ISOLATION_MAX)
		snprintf(text, len, "max");
	else
		snprintf(text, len, "%" PRIu64, bytes);
}

/* A value that is not available is left out. */
static void set_seconds(struct bench_trial *trial, const char *column, double s)
{
	if (s >= 0)
		bench_set(trial, column, "%.6f", s);
}

static void set_count(struct bench_trial *trial, const char *column, int64_t n)
{
	if (n >= 0)
		bench_set(trial, column, "%" PRId64, n);
}

static void set_limit(struct bench_trial *trial, const char *column,
		      uint64_t bytes)
{
	char text[ISOLATION_LIMIT_TEXT];

	isolation_limit_text(text, sizeof(text), bytes);
	bench_set(trial, column, "%s", text);
}

static void report_replay(struct bench_trial *trial, const struct session *s)
{
	const struct replay_result *r = &s->result;
	bool completed = r->outcome == REPLAY_COMPLETED;

	bench_set(trial, "outcome", "%s", replay_outcome_name(r->outcome));
	bench_set(trial, "completed", "%d", completed);
	if (completed)
		set_seconds(trial, "completion_s", r->seconds);
	set_seconds(trial, "ran_s", r->seconds);
	set_seconds(trial, "ideal_s", r->ideal_seconds);
	bench_set(trial, "samples", "%zu", r->samples);
	set_seconds(trial, "late_median_s", r->late_median);
	set_seconds(trial, "late_p99_s", r->late_p99);
	set_seconds(trial, "late_max_s", r->late_max);
	set_seconds(trial, "stall_s", r->stall_us / 1e6);
	set_count(trial, "peak_bytes", r->peak);
	set_count(trial, "events_low", r->events_low);
	set_count(trial, "events_high", r->events_high);
	set_count(trial, "events_max", r->events_max);
	set_count(trial, "events_oom", r->events_oom);
	set_count(trial, "events_oom_kill", r->events_oom_kill);
}

void isolation_report(struct bench_trial *trial, const struct session *s,
		      const struct isolation_bpf *bpf,
		      const struct replay_options *options)
{
	enum role role;

	for (role = HIGH; role < NR_SESSIONS; role++) {
		struct isolation_counts counts = isolation_counts(bpf, s, role);

		bench_select_row(trial, role);
		report_replay(trial, &s[role]);
		set_count(trial, "demand_bytes",
			  replay_reserve(&s[role].trace, options));
		set_limit(trial, "memory_max", s[role].memory_max);
		set_limit(trial, "memory_high", s[role].memory_high);
		set_count(trial, "delay_calls", counts.delay_calls);
		set_count(trial, "delays", counts.delays);
		set_count(trial, "delay_ms", counts.delay_ms_sum);
		set_count(trial, "below_low_calls", counts.below_low_calls);
		set_count(trial, "below_low_yes", counts.below_low_yes);
		set_count(trial, "parent_events_max",
			  cg_read_key(trial->tb.cgroup, "memory.events.local",
				      "max"));
	}
}

int isolation_check_outcomes(const struct session *s)
{
	enum role role;

	for (role = HIGH; role < NR_SESSIONS; role++) {
		const struct replay_result *r = &s[role].result;

		switch (r->outcome) {
		case REPLAY_COMPLETED:
		case REPLAY_OOM_KILLED:
		case REPLAY_TIMED_OUT:
			continue;
		default:
			fprintf(stderr, "%s: %s%s%s%s%s\n", isolation_role_names[role],
				replay_outcome_name(r->outcome),
				r->failed ? ": cannot " : "", r->failed ?: "",
				r->failed ? ": " : "",
				r->failed ? strerror(r->error) : "");
			return r->error ? -r->error : -ECHILD;
		}
	}
	return 0;
}
