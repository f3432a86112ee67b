/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PROG_TESTS_OOM_PREVENTION_SESSIONS_H
#define __PROG_TESTS_OOM_PREVENTION_SESSIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "cgroup.h"
#include "contender.h"
#include "delay_stats.h"
#include "params.h"
#include "testbed.h"

#include "oom_prevention.skel.h"

/*
 * The three sessions of oom_prevention.c, which draws them, in 32ths of CG_LIMIT.
 */
#define SHARE(n)		(params.cg_limit / 32 * (n))
#define HIGH_PEAK		SHARE(16)
#define HIGH_HEADSTART		SHARE(12)
#define LOW_PEAK		SHARE(11)
#define RESERVE			SHARE(8)

/*
 * memory.high of LOW: one that keeps it within what HIGH leaves, as the kernel's
 * own penalty reaches 2 s at 1.2 times of it, and one that never holds it back.
 */
#define MEMORY_HIGH_TIGHT	SHARE(6)
#define MEMORY_HIGH_LOOSE	SHARE(12)

enum role { HIGH, LOW1, LOW2, NR_SESSIONS };

/* What holds LOW1 and LOW2 back. */
enum strategy { NOTHING, BPF, MEMORY_HIGH };

/* What a session does, in memory that it shares with the test. */
struct session {
	uint64_t peak;
	int passes;		/* through the memory, at the peak */
	volatile uint64_t touched;	/* bytes, of the peak */
	volatile bool at_peak;
	volatile uint64_t work_us;	/* from start to the end of the passes */
	volatile bool decided;	/* set by the test when the contest is: release the memory */
};

struct sessions {
	struct testbed tb;
	struct oom_prevention *skel;
	struct contender who[NR_SESSIONS];
	struct session *work;		/* NR_SESSIONS of them */
	int links[NR_SESSIONS];
	unsigned int runs;
	/* of LOW1 and LOW2, when HIGH had ended */
	uint64_t delays_at_high_end[NR_SESSIONS];
	int64_t events_at_high_end[NR_SESSIONS];
};

/**
 * sessions_smallest_limit() - the CG_LIMIT that is large enough
 *
 * Return: bytes, for which the margin lasts for long enough.
 */
uint64_t sessions_smallest_limit(void);

/**
 * sessions_create() - make the parent, and load the ops
 * @s: what to fill in
 *
 * Return: 0, or a negative errno.
 */
int sessions_create(struct sessions *s);

/**
 * sessions_destroy() - undo sessions_create(), and end what still runs
 * @s: what was filled in, or only zeroes
 *
 * Return: as testbed_destroy().
 */
int sessions_destroy(struct sessions *s);

/**
 * sessions_prepare() - make cgroups for a contest
 * @s: the sessions, none of which runs
 * @strategy: what to give to LOW1 and LOW2
 * @memory_high: their memory.high in bytes, with MEMORY_HIGH
 *
 * The cgroups are new, so that their counters begin at 0.
 *
 * Return: 0, or a negative errno after a line on stderr.
 */
int sessions_prepare(struct sessions *s, enum strategy strategy,
		     uint64_t memory_high);

/**
 * sessions_start_alone() - start one session, and nobody else
 * @s: the sessions, prepared
 * @role: which; it need not wait until something is decided
 *
 * Return: 0, or a negative errno.
 */
int sessions_start_alone(struct sessions *s, enum role role);

typedef bool (*sessions_condition)(struct sessions *s);

/**
 * sessions_wait() - wait until a condition holds, or all have ended
 * @s: the sessions
 * @condition: what to wait for
 * @what: the same in words, for the message when it takes too long
 *
 * Return: 0, or a negative errno after a line on stderr.
 */
int sessions_wait(struct sessions *s, sessions_condition condition,
		  const char *what);

/**
 * sessions_contend() - have all three compete, until HIGH has ended
 * @s: the sessions, prepared
 * @decided: when the contest is decided, and they release their memory
 *
 * LOW1 and LOW2 may still run.
 *
 * Return: 0, or a negative errno after a line on stderr.
 */
int sessions_contend(struct sessions *s, sessions_condition decided);

/**
 * sessions_lift_memory_high() - let LOW1 and LOW2 go on
 * @s: the sessions
 *
 * Return: 0, or a negative errno.
 */
int sessions_lift_memory_high(struct sessions *s);

/**
 * sessions_events() - read memory.events of a session
 * @s: the sessions
 * @role: which
 * @event: such as "oom_kill"
 *
 * Return: how often that happened, or a negative errno.
 */
int64_t sessions_events(const struct sessions *s, enum role role,
			const char *event);

/**
 * sessions_asked() - what BPF was asked about a session
 * @s: the sessions
 * @role: which
 *
 * Return: the counts.
 */
struct delay_stats sessions_asked(const struct sessions *s, enum role role);

#endif /* __PROG_TESTS_OOM_PREVENTION_SESSIONS_H */
