// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "cgroup.h"
#include "clock.h"
#include "isolation.h"
#include "worker.h"

static int64_t now_ms(void)
{
	return clock_ns() / 1000000;
}

static void end(struct session *s, enum replay_outcome why)
{
	replay_end(s->replay, why, &s->result);
	s->replay = NULL;
}

/*
 * Wait for one of them to become ready, if that is what @ready says, or else to
 * end, until the time is up or memory.pressure is to be read again.
 */
static void wait_for_any(struct session *s, unsigned int nr, bool ready,
			 int64_t until_ms)
{
	struct pollfd fds[2 * NR_SESSIONS];
	int64_t left = until_ms - now_ms();
	unsigned int i;

	for (i = 0; i < nr; i++) {
		bool wait_ready = ready && s[i].replay && !s[i].ready;

		fds[2 * i] = (struct pollfd) {
			.fd = s[i].replay ? replay_fd(s[i].replay) : -1,
			.events = POLLIN,
		};
		fds[2 * i + 1] = (struct pollfd) {
			.fd = wait_ready ? replay_ready_fd(s[i].replay) : -1,
			.events = POLLIN,
		};
	}
	if (poll(fds, 2 * nr, left < 0 ? 0 : left < STALL_FOLD_MS ? left : STALL_FOLD_MS) < 0)
		return;		/* a signal: look at the time */
	for (i = 0; i < nr; i++) {
		cg_memory_stall_us(s[i].cgroup);
		s[i].ready |= fds[2 * i + 1].revents != 0;
		if (fds[2 * i].revents)
			end(&s[i], REPLAY_TIMED_OUT);
	}
}

/* Start it on the processor that is to be its own. */
static int start(struct session *s, unsigned int nr,
		 const struct replay_options *options, unsigned int cpus)
{
	struct replay_options o = *options;
	cpu_set_t allowed;
	int ret;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return -errno;
	ret = worker_pin(cpus < NR_SESSIONS ? !!nr : nr);
	if (ret)
		return ret;
	o.cgroup = s->cgroup;
	s->ready = false;
	s->replay = replay_start(&s->trace, &o);
	if (sched_setaffinity(0, sizeof(allowed), &allowed))
		return -errno;
	return s->replay ? 0 : -ECHILD;
}

static unsigned int nr_waiting(const struct session *s, unsigned int nr)
{
	unsigned int i, waiting = 0;

	for (i = 0; i < nr; i++)
		waiting += s[i].replay && !s[i].ready;
	return waiting;
}

int sessions_start(struct session *s, unsigned int nr,
		   const struct replay_options *options)
{
	int64_t until_ms = now_ms() + STEP_TIMEOUT_MS;
	cpu_set_t allowed;
	unsigned int i;
	int ret = 0;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return -errno;
	for (i = 0; !ret && i < nr; i++)
		ret = start(&s[i], i, options, CPU_COUNT(&allowed));
	if (ret) {
		fprintf(stderr, "cannot start a session: %s\n", strerror(-ret));
		return ret;
	}
	while (nr_waiting(s, nr) && now_ms() < until_ms)
		wait_for_any(s, nr, true, until_ms);
	if (!nr_waiting(s, nr))
		return 0;
	fprintf(stderr, "a session did not get its first memory in %d s\n",
		STEP_TIMEOUT_MS / 1000);
	return -ETIMEDOUT;
}

static bool any_runs(const struct session *s, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (s[i].replay)
			return true;
	}
	return false;
}

void sessions_run(struct session *s, unsigned int nr, unsigned int limit_ms,
		  const struct sampler *sampler)
{
	int64_t begin_ns = clock_ns(), next_ms = now_ms();
	int64_t until_ms = next_ms + limit_ms;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (s[i].replay)
			replay_go(s[i].replay);
	}
	while (any_runs(s, nr) && now_ms() < until_ms) {
		if (sampler && now_ms() >= next_ms) {
			sampler->sample(sampler, (clock_ns() - begin_ns) / 1e9);
			next_ms = now_ms() + sampler->interval_ms;
		}
		wait_for_any(s, nr, false, sampler && next_ms < until_ms ?
			     next_ms : until_ms);
	}
	sessions_end(s, nr);
	if (sampler)
		sampler->sample(sampler, (clock_ns() - begin_ns) / 1e9);
}

void sessions_end(struct session *s, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (s[i].replay)
			end(&s[i], REPLAY_TIMED_OUT);
	}
}
