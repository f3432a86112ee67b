/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PROG_TESTS_OOM_PREVENTION_SESSIONS_H
#define __PROG_TESTS_OOM_PREVENTION_SESSIONS_H

/* The three sessions of oom_prevention.c, which draws them, and their contest. */

#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "attach.h"
#include "cgroup.h"
#include "clock.h"
#include "delay_stats.h"
#include "harness.h"
#include "revision.h"
#include "testbed.h"
#include "worker.h"
#include "workload.h"

#include "oom_prevention.skel.h"

/* What is said above, in 32ths of CG_LIMIT. */
#define SHARE(n)		(params.cg_limit / 32 * (n))
#define HIGH_PEAK		SHARE(16)
#define HIGH_HEADSTART		SHARE(12)
#define LOW_PEAK		SHARE(11)
#define RESERVE			SHARE(8)
#define MARGIN_SHARE		4	/* of RESERVE */

/*
 * memory.high of LOW: one that keeps it within what HIGH leaves, as the kernel's
 * own penalty reaches 2 s at 1.2 times of it, and one that never holds it back.
 */
#define MEMORY_HIGH_TIGHT	SHARE(6)
#define MEMORY_HIGH_LOOSE	SHARE(12)

/* MEMCG_CHARGE_BATCH: LOW charges so many pages for each delay */
#define BATCH_PAGES		64
/* The margin lasts for at least so many delays of both: a minute. */
#define MIN_DELAYS_IN_MARGIN	32

/*
 * So that HIGH works for much longer than it takes LOW to use up the room: while
 * both are at work, a machine with few processors to spare slows both down.
 */
#define HIGH_PASSES		200
#define LOW_PASSES		10
/* LOW has been held back: so many delays each. */
#define HELD_BACK		2
/* The machine is noisy: so often HIGH may try to be as fast as alone. */
#define MAX_ATTEMPTS		8

enum { HIGH, LOW1, LOW2, NR_SESSIONS };

static const char * const names[NR_SESSIONS] = { "high", "low1", "low2" };

enum strategy { NOTHING, BPF, MEMORY_HIGH };

/* One session, in memory that driver and workers share. */
struct session {
	char cgroup[PATH_MAX];
	uint64_t peak;
	int passes;		/* through the memory, at the peak */
	volatile uint64_t touched;	/* bytes, of the peak */
	volatile bool at_peak;
	volatile uint64_t work_us;	/* from start to the end of the passes */
	const volatile bool *decided;
	/* the driver's */
	pid_t pid;
	bool ended;
	int status;
};

struct contest {
	struct session sessions[NR_SESSIONS];
	volatile bool decided;
};

FIXTURE(oom_prevention)
{
	struct testbed tb;
	struct oom_prevention *skel;
	struct contest *contest;
	int links[NR_SESSIONS];
	unsigned int runs;
	/* what LOW had been through when HIGH had ended */
	uint64_t delays_then[NR_SESSIONS];
	int64_t high_events_then[NR_SESSIONS];
};

/* The CG_LIMIT of which MARGIN_SHARE is enough. */
static inline uint64_t smallest_limit(void)
{
	uint64_t margin = (NR_SESSIONS - 1) * BATCH_PAGES *
		sysconf(_SC_PAGESIZE) * MIN_DELAYS_IN_MARGIN;

	return margin * 32 / MARGIN_SHARE;
}

FIXTURE_SETUP(oom_prevention)
{
	uint64_t page = sysconf(_SC_PAGESIZE), pages = sysconf(_SC_PHYS_PAGES);
	int i;

	for (i = 0; i < NR_SESSIONS; i++)
		self->links[i] = -1;
	REQUIRE_OPS(CAN_DELAY);
	REQUIRE(REQUIRE_PSI | REQUIRE_TWO_CPUS);
	if (params.cg_limit < smallest_limit())
		SKIP(return,
		     "CG_LIMIT is too small for what LOW charges while it is delayed: set it to %" PRIu64 "M or more",
		     smallest_limit() >> 20);
	if (params.cg_limit > pages * page / 2)
		SKIP(return,
		     "CG_LIMIT is more than half of this machine's memory, which may be exhausted first: set it to %" PRIu64 "M or less",
		     (pages * page / 2) >> 20);

	ASSERT_EQ(0, testbed_create(&self->tb, "oom_prevention"));
	ASSERT_EQ(0, cg_write(self->tb.cgroup, "memory.max", "%" PRIu64,
			      params.cg_limit));
	cg_disable_swap(self->tb.cgroup);

	self->contest = worker_share(sizeof(*self->contest));
	ASSERT_NE(NULL, self->contest);

	self->skel = oom_prevention__open();
	ASSERT_NE(NULL, self->skel);
	self->skel->rodata->reserve_pages = RESERVE / page;
	self->skel->rodata->delay_ms = MAX_DELAY_MS;
	ASSERT_EQ(0, revision_fit(self->skel->obj));
	ASSERT_EQ(0, oom_prevention__load(self->skel));
}

static inline void detach(FIXTURE_DATA(oom_prevention) *self)
{
	int i;

	for (i = 0; i < NR_SESSIONS; i++) {
		if (self->links[i] >= 0)
			close(self->links[i]);
		self->links[i] = -1;
	}
}

FIXTURE_TEARDOWN(oom_prevention)
{
	detach(self);
	oom_prevention__destroy(self->skel);
	EXPECT_EQ(0, testbed_destroy(&self->tb));
}

static inline int live(void *arg)
{
	struct session *s = arg;
	long page = sysconf(_SC_PAGESIZE);
	uint64_t begin = clock_us(), at;
	volatile char *map;
	int pass;

	if (worker_be_killable())
		return 1;
	map = workload_map(s->peak);
	if (!map)
		return 1;

	while (s->touched < s->peak) {
		map[s->touched] = 1;
		s->touched += page;
	}
	s->at_peak = true;
	for (pass = 0; pass < s->passes; pass++) {
		for (at = 0; at < s->peak; at += page)
			map[at]++;
	}
	s->work_us = clock_us() - begin;

	while (!*s->decided)
		usleep(1000);
	return munmap((void *)map, s->peak) ? 1 : 0;
}

/* Fresh cgroups, so that their counters begin at 0. */
static inline void prepare(struct __test_metadata *_metadata,
			   FIXTURE_DATA(oom_prevention) *self, enum strategy strategy,
		    uint64_t memory_high)
{
	struct session *s = self->contest->sessions;
	char name[32];
	int i, fd;

	detach(self);
	memset(self->contest, 0, sizeof(*self->contest));
	self->runs++;
	for (i = 0; i < NR_SESSIONS; i++, s++) {
		s->peak = i == HIGH ? HIGH_PEAK : LOW_PEAK;
		s->passes = i == HIGH ? HIGH_PASSES : LOW_PASSES;
		s->decided = &self->contest->decided;
		snprintf(name, sizeof(name), "%s.%u", names[i], self->runs);
		ASSERT_EQ(0, testbed_add_cgroup(&self->tb, s->cgroup, name));
		if (i == HIGH)
			continue;

		if (strategy == MEMORY_HIGH) {
			ASSERT_EQ(0, cg_write(s->cgroup, "memory.high",
					      "%" PRIu64, memory_high));
		} else if (strategy == BPF) {
			fd = cg_open(s->cgroup);
			ASSERT_GE(fd, 0);
			self->links[i] = memcg_bpf_attach(self->skel->maps.low_ops,
							  fd, 0);
			close(fd);
			ASSERT_GE(self->links[i], 0)
				TH_LOG("attach to %s: %s", name,
				       strerror(-self->links[i]));
		}
	}
}

static inline void start(struct __test_metadata *_metadata,
			 FIXTURE_DATA(oom_prevention) *self, int i)
{
	struct session *s = &self->contest->sessions[i];

	/* HIGH has a processor that it need not share with LOW. */
	s->pid = worker_start(s->cgroup, i == HIGH ? 0 : 1, live, s);
	ASSERT_GT(s->pid, 0);
}

static inline int64_t events(const struct session *s, const char *event)
{
	return cg_read_key(s->cgroup, "memory.events", event);
}

static inline struct delay_stats asked(FIXTURE_DATA(oom_prevention) *self, int i)
{
	return delay_stats_of(self->skel->maps.delays,
			      self->contest->sessions[i].cgroup);
}

/* What there is to wait for. */
typedef bool (*condition)(FIXTURE_DATA(oom_prevention) *self);

static inline bool all_ended(FIXTURE_DATA(oom_prevention) *self)
{
	const struct session *s = self->contest->sessions;
	int i;

	for (i = 0; i < NR_SESSIONS; i++) {
		if (s[i].pid && !s[i].ended)
			return false;
	}
	return true;
}

static inline bool high_ended(FIXTURE_DATA(oom_prevention) *self)
{
	return self->contest->sessions[HIGH].ended;
}

static inline bool high_has_headstart(FIXTURE_DATA(oom_prevention) *self)
{
	return self->contest->sessions[HIGH].touched >= HIGH_HEADSTART ||
		high_ended(self);
}

static inline bool all_at_peak(FIXTURE_DATA(oom_prevention) *self)
{
	const struct session *s = self->contest->sessions;

	return s[HIGH].at_peak && s[LOW1].at_peak && s[LOW2].at_peak;
}

static inline bool one_ended(FIXTURE_DATA(oom_prevention) *self)
{
	const struct session *s = self->contest->sessions;

	return s[HIGH].ended || s[LOW1].ended || s[LOW2].ended;
}

static inline bool decided_if_not_held_back(FIXTURE_DATA(oom_prevention) *self)
{
	return all_at_peak(self) || one_ended(self);
}

static inline bool decided_or_delayed_by_bpf(FIXTURE_DATA(oom_prevention) *self)
{
	return decided_if_not_held_back(self) ||
		(asked(self, LOW1).delays >= HELD_BACK &&
		 asked(self, LOW2).delays >= HELD_BACK);
}

/*
 * It has grown beyond MEMORY_HIGH_TIGHT by a 64th.  The kernel's penalty is 64 s
 * times the square of that, 16 ms for each batch by now, and is slept.
 */
static inline bool throttled(const struct session *s)
{
	return events(s, "high") > 0 &&
		s->touched >= MEMORY_HIGH_TIGHT / 64 * 65;
}

static inline bool decided_or_throttled(FIXTURE_DATA(oom_prevention) *self)
{
	const struct session *s = self->contest->sessions;

	return decided_if_not_held_back(self) ||
		(throttled(&s[LOW1]) && throttled(&s[LOW2]));
}

static inline bool low1_throttled_or_ended(FIXTURE_DATA(oom_prevention) *self)
{
	const struct session *s = &self->contest->sessions[LOW1];

	return s->ended || throttled(s);
}

/* Events that came after HIGH had ended, and again. */
static inline bool low_throttled_without_high(FIXTURE_DATA(oom_prevention) *self)
{
	const struct session *s = self->contest->sessions;
	int i;

	for (i = LOW1; i <= LOW2; i++) {
		if (!s[i].ended &&
		    events(&s[i], "high") < self->high_events_then[i] + 2)
			return false;
	}
	return true;
}

static inline void wait_until(struct __test_metadata *_metadata,
			      FIXTURE_DATA(oom_prevention) *self, condition condition,
		       const char *what)
{
	struct session *s = self->contest->sessions;
	uint64_t begin = clock_us();
	int i;

	while (!condition(self)) {
		ASSERT_LT(clock_us() - begin, STEP_TIMEOUT_MS * 1000ULL)
			TH_LOG("waited in vain until %s", what);
		usleep(10000);
		for (i = 0; i < NR_SESSIONS; i++) {
			if (s[i].pid && !s[i].ended &&
			    worker_wait_stalled(s[i].pid, s[i].cgroup, 0,
						&s[i].status) > 0)
				s[i].ended = true;
		}
	}
}

/* Let them have it out, until HIGH has ended. */
static inline void contend(struct __test_metadata *_metadata,
			   FIXTURE_DATA(oom_prevention) *self, condition decided)
{
	int i;

	start(_metadata, self, HIGH);
	wait_until(_metadata, self, high_has_headstart, "HIGH had a head start");
	start(_metadata, self, LOW1);
	start(_metadata, self, LOW2);
	wait_until(_metadata, self, decided, "the contest was decided");
	self->contest->decided = true;

	wait_until(_metadata, self, high_ended, "HIGH ended");
	for (i = LOW1; i <= LOW2; i++) {
		self->delays_then[i] = asked(self, i).delays;
		self->high_events_then[i] =
			events(&self->contest->sessions[i], "high");
	}
}

/* One session, and nobody else. */
static inline void start_alone(struct __test_metadata *_metadata,
			       FIXTURE_DATA(oom_prevention) *self, int i)
{
	self->contest->decided = true;
	start(_metadata, self, i);
}

static inline void finish(struct __test_metadata *_metadata,
			  FIXTURE_DATA(oom_prevention) *self, const char *title)
{
	const struct session *s = self->contest->sessions;
	struct delay_stats stats;
	int i;

	wait_until(_metadata, self, all_ended, "all ended");

	for (i = 0; i < NR_SESSIONS; i++) {
		if (!s[i].pid)
			continue;
		stats = asked(self, i);
		TH_LOG("%s: %s %s, with %" PRIu64 " of %" PRIu64 " MiB; worked %" PRIu64 " us, stalled %" PRId64 " us, %" PRId64 " high events, asked %llu times, delayed %llu times, %llu ms in all",
		       title, names[i], worker_status(s[i].status),
		       (uint64_t)s[i].touched >> 20, s[i].peak >> 20,
		       (uint64_t)s[i].work_us, cg_memory_stall_us(s[i].cgroup),
		       events(&s[i], "high"), stats.calls, stats.delays,
		       stats.delay_ms);
	}
}

static inline void lift_memory_high(struct __test_metadata *_metadata,
				    FIXTURE_DATA(oom_prevention) *self)
{
	int i;

	for (i = LOW1; i <= LOW2; i++) {
		ASSERT_EQ(0, cg_write(self->contest->sessions[i].cgroup,
				      "memory.high", "max"));
	}
}

#endif /* __PROG_TESTS_OOM_PREVENTION_SESSIONS_H */
