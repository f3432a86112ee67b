/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PROG_TESTS_PROTECTION_PRESSURE_HARNESS_H
#define __PROG_TESTS_PROTECTION_PRESSURE_HARNESS_H

/* What tests that use prog_tests/protection/pressure.h do and expect, in terms of the harness. */

#include <errno.h>
#include <inttypes.h>

#include "cgroup.h"
#include "contest.h"
#include "harness.h"
#include "pressure.h"
#include "worker.h"

/* In FIXTURE_SETUP(): skip if the counters are too coarse for the files. */
#define REQUIRE_FILE_SIZE() do {					\
	if (params.file_size < PRESSURE_MIN_FILE_SIZE)			\
		SKIP(return, "FILE_SIZE is too small to see reclaim: set CG_LIMIT to %lluM or more, and FILE_SIZE to %lluM or more", \
		     4 * PRESSURE_MIN_FILE_SIZE / MiB, PRESSURE_MIN_FILE_SIZE / MiB); \
} while (0)

/* What HIGH and LOW have lost. */
struct losses {
	struct pressure_counts high;
	struct pressure_counts low;
};

/* Attach the probe to @to, to give @answer about @cgroup, and no to others. */
static inline void attach(struct __test_metadata *_metadata,
			  struct pressure *p, const char *to,
			  const char *cgroup, struct probe_answer answer)
{
	ASSERT_EQ(0, probe_answer(p->probe, cgroup, answer));
	p->link = probe_attach(p->probe, to, 0);
	ASSERT_ATTACHED(p->link);
}

/* How often BPF was asked about @cgroup; below_low and below_min look alike. */
static inline uint64_t asked(const struct pressure *p, const char *cgroup,
			     enum probe_callback callback)
{
	return probe_stats(p->probe, cg_id(cgroup)).calls[callback];
}

static inline void fill(struct __test_metadata *_metadata,
			const struct pressure *p, const char *cgroup)
{
	int ret = pressure_fill(p, cgroup);

	ASSERT_EQ(0, ret)
		TH_LOG("no page cache in %s: %s", cgroup, strerror(-ret));
}

static inline struct losses losses_begin(const struct pressure *p)
{
	return (struct losses) {
		.high = pressure_counts(p->high),
		.low = pressure_counts(p->low),
	};
}

static inline void log_losses(struct __test_metadata *_metadata,
			      const struct pressure *p, const char *name,
			      const char *cgroup,
			      const struct pressure_counts *lost)
{
	TH_LOG("%-4s lost %" PRId64 " KiB, pgscan %" PRId64 ", pgsteal %" PRId64 ", low events %" PRId64 ", asked below_low %" PRIu64 ", below_min %" PRIu64 " times",
	       name, lost->bytes / 1024, lost->scanned, lost->stolen, lost->low,
	       asked(p, cgroup, PROBE_BELOW_LOW),
	       asked(p, cgroup, PROBE_BELOW_MIN));
}

static inline struct losses losses_end(struct __test_metadata *_metadata,
				       const struct pressure *p,
				       struct losses begin)
{
	struct losses lost = {
		.high = pressure_since(p->high, begin.high),
		.low = pressure_since(p->low, begin.low),
	};

	log_losses(_metadata, p, "HIGH", p->high, &lost.high);
	log_losses(_metadata, p, "LOW", p->low, &lost.low);
	return lost;
}

/* Fill HIGH and LOW, then reclaim @size with @target as the target. */
static inline struct losses fill_and_reclaim(struct __test_metadata *_metadata,
					     const struct pressure *p,
					     const char *target, uint64_t size)
{
	struct losses lost;
	int ret;

	fill(_metadata, p, p->high);
	fill(_metadata, p, p->low);

	lost = losses_begin(p);
	ret = pressure_reclaim(target, size);
	lost = losses_end(_metadata, p, lost);
	EXPECT_EQ(0, ret)
		TH_LOG("memory.reclaim: %s", strerror(-ret));
	return lost;
}

/*
 * Fill HIGH, then have a task in LOW touch more anonymous memory than is free,
 * but not more than there is without HIGH's page cache.
 *
 *   PARENT		memory.max = 2 * FILE_SIZE
 *   |-- high		FILE_SIZE of page cache
 *   `-- low		a task with 1.5 * FILE_SIZE of anonymous memory
 */
static inline struct losses fill_and_charge(struct __test_metadata *_metadata,
					    const struct pressure *p,
					    int *status)
{
	struct losses lost;

	fill(_metadata, p, p->high);
	ASSERT_EQ(0, cg_write(p->tb.cgroup, "memory.max", "%" PRIu64,
			      2 * params.file_size));

	lost = losses_begin(p);
	*status = pressure_charge(p->low, params.file_size / 2 * 3);
	lost = losses_end(_metadata, p, lost);
	ASSERT_GE(*status, 0)
		TH_LOG("LOW: %s", strerror(-*status));
	TH_LOG("LOW's task ended with %s, after %" PRId64 " OOM kills in LOW, %" PRId64 " in the parent",
	       worker_status(*status),
	       cg_read_key(p->low, "memory.events", "oom_kill"),
	       cg_read_key(p->tb.cgroup, "memory.events", "oom_kill"));
	return lost;
}

/* Reclaim took no page.  Drained stocks of processors may lower memory.current. */
static inline void expect_kept(struct __test_metadata *_metadata,
			       const char *name,
			       const struct pressure_counts *lost)
{
	EXPECT_EQ(0, lost->scanned)
		TH_LOG("reclaim looked at pages of %s", name);
	EXPECT_EQ(0, lost->stolen)
		TH_LOG("reclaim took pages of %s", name);
	EXPECT_LT(lost->bytes, (int64_t)params.file_size / 16)
		TH_LOG("%s has lost memory", name);
}

/* memory.current fell by @size or more, and reclaim took pages. */
static inline void expect_lost(struct __test_metadata *_metadata,
			       const char *name,
			       const struct pressure_counts *lost,
			       uint64_t size)
{
	EXPECT_GE(lost->bytes, (int64_t)size)
		TH_LOG("%s has lost too little", name);
	EXPECT_GT(lost->stolen, 0)
		TH_LOG("reclaim took no page of %s", name);
}

/* Have HIGH and LOW compete, which both survive. */
static inline struct contest contest(struct __test_metadata *_metadata,
				     struct pressure *p,
				     const struct probe_answer *high_answer)
{
	struct contest c = { .high_answer = high_answer };

	ASSERT_EQ(0, contest_run(p, &c));
	TH_LOG("HIGH %u passes, pgscan %" PRId64 ", pgsteal %" PRId64 ", low events %" PRId64 ", asked below_low %llu, below_min %llu times, delayed %llu times",
	       c.high_passes, c.high.scanned, c.high.stolen, c.high.low,
	       c.high_asked.calls[PROBE_BELOW_LOW],
	       c.high_asked.calls[PROBE_BELOW_MIN], c.high_asked.delays);
	TH_LOG("LOW  %u passes, pgscan %" PRId64 ", pgsteal %" PRId64 ", delayed %llu times, stalled %" PRId64 " us",
	       c.low_passes, c.low.scanned, c.low.stolen, c.low_asked.delays,
	       c.low_stall_us);

	EXPECT_GE(c.high_passes, CONTEST_PASSES);
	EXPECT_EQ(0, cg_read_key(p->tb.cgroup, "memory.events", "oom_kill"));
	return c;
}

/* LOW has lost the pages that were missing, and its task was delayed. */
static inline void expect_low_lost_and_delayed(struct __test_metadata *_metadata,
					       const struct contest *c)
{
	int64_t ms = delay_stall_us(params.over_high_ms) / 1000;

	EXPECT_GE(c->low.stolen * sysconf(_SC_PAGESIZE),
		  (int64_t)params.file_size / 4)
		TH_LOG("LOW has lost too little");
	EXPECT_EQ(0, c->high_asked.delays);
	EXPECT_GE(c->low_asked.delays, CONTEST_DELAYS);

	/* The last delay may have only begun.  The others are complete but for a tick. */
	EXPECT_GE(c->low_stall_us,
		  (int64_t)(c->low_asked.delays - 1) * ms * 950)
		TH_LOG("LOW was stalled for less than BPF asked for");
}

#endif /* __PROG_TESTS_PROTECTION_PRESSURE_HARNESS_H */
