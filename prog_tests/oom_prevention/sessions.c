// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "attach.h"
#include "clock.h"
#include "delay.h"
#include "revision.h"
#include "sessions.h"
#include "worker.h"
#include "workload.h"

#define MARGIN_SHARE		4	/* of RESERVE */
/* MEMCG_CHARGE_BATCH: pages that LOW charges for each delay */
#define BATCH_PAGES		64
/* Delays of both LOWs for which the margin lasts at least: a minute. */
#define MIN_DELAYS_IN_MARGIN	32

/*
 * HIGH works for much longer than LOW needs to use up the room, because on a busy machine
 * both are slow while both work.
 */
#define HIGH_PASSES		200
#define LOW_PASSES		10

static const char * const names[NR_SESSIONS] = { "high", "low1", "low2" };

uint64_t sessions_smallest_limit(void)
{
	uint64_t margin = (NR_SESSIONS - 1) * BATCH_PAGES *
		sysconf(_SC_PAGESIZE) * MIN_DELAYS_IN_MARGIN;

	return margin * 32 / MARGIN_SHARE;
}

static int load(struct sessions *s)
{
	s->skel = oom_prevention__open();
	if (!s->skel)
		return -errno;
	s->skel->rodata->reserve_pages = RESERVE / sysconf(_SC_PAGESIZE);
	s->skel->rodata->delay_ms = MAX_DELAY_MS;
	return revision_load(s->skel->skeleton);
}

int sessions_create(struct sessions *s)
{
	int i, ret;

	for (i = 0; i < NR_SESSIONS; i++)
		s->links[i] = -1;
	ret = testbed_create(&s->tb, "oom_prevention");
	if (ret)
		return ret;
	ret = cg_write(s->tb.cgroup, "memory.max", "%" PRIu64, params.cg_limit);
	if (ret)
		return ret;
	cg_disable_swap(s->tb.cgroup);

	s->work = worker_share(NR_SESSIONS * sizeof(*s->work));
	return s->work ? load(s) : -errno;
}

static void detach(struct sessions *s)
{
	int i;

	for (i = 0; i < NR_SESSIONS; i++) {
		if (s->links[i] >= 0)
			close(s->links[i]);
		s->links[i] = -1;
	}
}

int sessions_destroy(struct sessions *s)
{
	if (s->skel)
		detach(s);
	oom_prevention__destroy(s->skel);
	return testbed_destroy(&s->tb);
}

/* A session's worker: touch, work, hold, release. */
static int run_session(void *arg)
{
	struct session *work = arg;
	long page = sysconf(_SC_PAGESIZE);
	uint64_t begin = clock_us(), at;
	volatile char *map;
	int pass;

	if (worker_be_killable())
		return 1;
	map = workload_map(work->peak);
	if (!map)
		return 1;

	while (work->touched < work->peak) {
		map[work->touched] = 1;
		work->touched += page;
	}
	work->at_peak = true;
	for (pass = 0; pass < work->passes; pass++) {
		for (at = 0; at < work->peak; at += page)
			map[at]++;
	}
	work->work_us = clock_us() - begin;

	while (!work->decided)
		usleep(1000);
	return munmap((void *)map, work->peak) ? 1 : 0;
}

static int hold_back(struct sessions *s, enum role role, enum strategy strategy,
		     uint64_t memory_high)
{
	const char *cgroup = s->who[role].cgroup;

	if (strategy == MEMORY_HIGH)
		return cg_write(cgroup, "memory.high", "%" PRIu64, memory_high);
	if (strategy != BPF)
		return 0;
	s->links[role] = memcg_bpf_attach_path(s->skel->maps.low_ops, cgroup, 0);
	return s->links[role] < 0 ? s->links[role] : 0;
}

int sessions_prepare(struct sessions *s, enum strategy strategy,
		     uint64_t memory_high)
{
	char cgroup[32];
	int ret;
	enum role i;

	detach(s);
	memset(s->work, 0, NR_SESSIONS * sizeof(*s->work));
	memset(s->who, 0, sizeof(s->who));
	s->runs++;
	for (i = HIGH; i < NR_SESSIONS; i++) {
		s->work[i].peak = i == HIGH ? HIGH_PEAK : LOW_PEAK;
		s->work[i].passes = i == HIGH ? HIGH_PASSES : LOW_PASSES;
		s->who[i].name = names[i];
		s->who[i].may_fail = true;	/* the OOM killer is what this is about */
		snprintf(cgroup, sizeof(cgroup), "%s.%u", names[i], s->runs);
		ret = testbed_add_cgroup(&s->tb, s->who[i].cgroup, cgroup);
		if (!ret && i != HIGH)
			ret = hold_back(s, i, strategy, memory_high);
		if (ret) {
			fprintf(stderr, "# cannot prepare %s: %s\n",
				s->who[i].cgroup, strerror(-ret));
			return ret;
		}
	}
	return 0;
}

static int start(struct sessions *s, enum role role)
{
	/* HIGH does not share its processor with LOW. */
	return contender_start(&s->who[role], role == HIGH ? 0 : 1, run_session,
			       &s->work[role]);
}

int sessions_start_alone(struct sessions *s, enum role role)
{
	s->work[role].decided = true;
	return start(s, role);
}

int sessions_wait(struct sessions *s, sessions_condition condition,
		  const char *what)
{
	int ret = contenders_wait(s->who, NR_SESSIONS, condition(s), STEP_TIMEOUT_MS);

	if (ret == -ETIMEDOUT)
		fprintf(stderr, "# waited in vain until %s\n", what);
	return ret;
}

static bool high_has_headstart(struct sessions *s)
{
	return s->work[HIGH].touched >= HIGH_HEADSTART || s->who[HIGH].ended;
}

static bool high_ended(struct sessions *s)
{
	return s->who[HIGH].ended;
}

static int start_all(struct sessions *s)
{
	int ret = start(s, HIGH);

	if (ret)
		return ret;
	ret = sessions_wait(s, high_has_headstart, "HIGH had a head start");
	if (ret)
		return ret;
	ret = start(s, LOW1);
	if (ret)
		return ret;
	return start(s, LOW2);
}

int sessions_contend(struct sessions *s, sessions_condition decided)
{
	int ret = start_all(s);
	enum role i;

	if (ret)
		return ret;
	ret = sessions_wait(s, decided, "the contest was decided");
	if (ret)
		return ret;
	for (i = HIGH; i < NR_SESSIONS; i++)
		s->work[i].decided = true;

	ret = sessions_wait(s, high_ended, "HIGH ended");
	if (ret)
		return ret;
	for (i = LOW1; i <= LOW2; i++) {
		s->delays_at_high_end[i] = sessions_asked(s, i).delays;
		s->events_at_high_end[i] = sessions_events(s, i, "high");
	}
	return 0;
}

int sessions_lift_memory_high(struct sessions *s)
{
	int ret = cg_write(s->who[LOW1].cgroup, "memory.high", "max");

	if (ret)
		return ret;
	return cg_write(s->who[LOW2].cgroup, "memory.high", "max");
}

int64_t sessions_events(const struct sessions *s, enum role role,
			const char *event)
{
	return cg_read_key(s->who[role].cgroup, "memory.events", event);
}

struct delay_stats sessions_asked(const struct sessions *s, enum role role)
{
	return delay_stats_of(s->skel->maps.delays, s->who[role].cgroup);
}
