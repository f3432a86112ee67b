/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_ISOLATION_H
#define __BENCH_ISOLATION_H

/* What the parts of the isolation benchmark know of each other. */

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "replay/replay.h"
#include "replay/trace.h"
#include "trigger.h"

enum role { HIGH, LOW1, LOW2, NR_SESSIONS };

/* No limit: "max" in the files of a cgroup. */
#define ISOLATION_MAX	UINT64_MAX

/* A session: a process in a cgroup of its own, whose memory follows a trace. */
struct session {
	struct trace trace;		/* scaled */
	uint64_t memory_max;		/* bytes, or ISOLATION_MAX */
	uint64_t memory_high;
	char cgroup[PATH_MAX];
	struct replay *replay;		/* NULL when it has ended */
	bool ready;			/* it has the memory of its first sample */
	struct replay_result result;
};

/**
 * sessions_start() - start sessions, and wait until all are ready or have ended
 * @s: the sessions, in cgroups that are there
 * @nr: how many
 * @options: how to follow the traces; the cgroup is filled in
 *
 * Each keeps to one processor, because PSI is exact only for a task that does not
 * migrate.  The first has one for itself, and so have the others if there are
 * enough.
 *
 * Return: 0, or a negative errno after a line on stderr; sessions_end() is due in
 * any case.
 */
int sessions_start(struct session *s, unsigned int nr,
		   const struct replay_options *options);

/* Who wants to look at them again and again. */
struct sampler {
	unsigned int interval_ms;
	/* at the start, after each interval and at the end, in seconds since the start */
	void (*sample)(const struct sampler *sampler, double seconds);
	void *arg;
};

/**
 * sessions_run() - let them follow their traces, and wait until all have ended
 * @s: the sessions, ready
 * @nr: how many
 * @limit_ms: milliseconds after which a session that still runs is ended, as timed out
 * @sampler: called meanwhile, or NULL
 *
 * memory.pressure of each is read several times a second meanwhile: see
 * worker_wait_stalled().
 */
void sessions_run(struct session *s, unsigned int nr, unsigned int limit_ms,
		  const struct sampler *sampler);

/**
 * sessions_end() - end those that have not ended
 * @s: the sessions
 * @nr: how many
 */
void sessions_end(struct session *s, unsigned int nr);

enum isolation_ops {
	ISOLATION_NO_OPS,
	ISOLATION_TRIGGER,	/* progs/trigger.bpf.c */
	ISOLATION_ROOM,		/* progs/oom_prevention.bpf.c */
};

/* What is attached, and what it needs to know. */
struct isolation_bpf {
	enum isolation_ops ops;
	struct trigger_options options;	/* of ISOLATION_ROOM only the delay */
	uint64_t reserve;		/* bytes to be kept free in the parent */
	/* filled in */
	struct trigger *trigger;
	struct oom_prevention *room;
	int links[NR_SESSIONS];		/* or -1 */
};

/* What BPF was asked about a session, and its answers. */
struct isolation_counts {
	uint64_t delay_calls;
	uint64_t delays;
	uint64_t delay_ms_sum;
	uint64_t below_low_calls;	/* only HIGH has that callback */
	uint64_t below_low_yes;
};

/**
 * isolation_attach() - load the program, and attach its ops
 * @bpf: which, and how
 * @s: the sessions, all roles
 *
 * Return: 0, or a negative errno after a line on stderr; isolation_detach() is due
 * in any case.
 */
int isolation_attach(struct isolation_bpf *bpf, const struct session *s);

/**
 * isolation_counts() - read the counters of a session
 * @bpf: what is attached
 * @s: the sessions
 * @role: which
 *
 * Return: the counters, all 0 without ops.
 */
struct isolation_counts isolation_counts(const struct isolation_bpf *bpf,
					 const struct session *s,
					 enum role role);

/**
 * isolation_detach() - detach, and unload the program
 * @bpf: what was attached
 */
void isolation_detach(struct isolation_bpf *bpf);

struct bench_trial;

/* What the roles are called in results, and then NULL. */
extern const char * const isolation_role_names[];

#define ISOLATION_LIMIT_TEXT	24

/**
 * isolation_limit_text() - say a limit as the files of a cgroup do
 * @text: where to put it
 * @len: bytes at @text, ISOLATION_LIMIT_TEXT
 * @bytes: the limit in bytes, or ISOLATION_MAX
 */
void isolation_limit_text(char *text, size_t len, uint64_t bytes);

/**
 * isolation_report() - put what was measured into the rows of a trial
 * @trial: the trial; a row for each role
 * @s: the sessions, which have ended
 * @bpf: what was attached
 * @options: how they followed their traces
 */
void isolation_report(struct bench_trial *trial, const struct session *s,
		      const struct isolation_bpf *bpf,
		      const struct replay_options *options);

/**
 * isolation_check_outcomes() - look whether the sessions ended in a way to measure
 * @s: the sessions, which have ended: completed, OOM-killed or timed out
 *
 * Return: 0, or a negative errno after a line on stderr.
 */
int isolation_check_outcomes(const struct session *s);

#endif /* __BENCH_ISOLATION_H */
