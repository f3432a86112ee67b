/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PROG_TESTS_DELAYED_TASK_DELAYED_TASK_HARNESS_H
#define __PROG_TESTS_DELAYED_TASK_DELAYED_TASK_HARNESS_H

/*
 * The tree of delayed_task.c and delayed_charge.c, and what their tests do and expect:
 *
 *   memcg_bpf.delayed_task.<pid>	no limit
 *   |-- high			ops, which answer DELAY_MS unless a test says other
 *   |-- low			other ops, which answer 0
 *   `-- control		no ops
 *
 * A worker charges some batches of 64 pages.  memory.pressure of its cgroup tells how
 * long it was stalled, the probe how often BPF has asked for a delay.
 */

#include <inttypes.h>
#include <unistd.h>

#include "cgroup.h"
#include "harness.h"
#include "probe.h"
#include "testbed.h"
#include "worker.h"
#include "workload.h"

#define DELAY_MS	100
#define BATCHES		6
/* One batch may come from the stock, and the last one need not be full. */
#define MIN_DELAYS	(BATCHES - 2)

FIXTURE(delayed_task)
{
	struct testbed tb;
	char high[PATH_MAX];
	char low[PATH_MAX];
	char control[PATH_MAX];
	struct probe *high_ops;
	struct probe *low_ops;
	int high_link;
	int low_link;
};

static inline void answer(struct probe *probe, unsigned int ms)
{
	probe_answer(probe, NULL, (struct probe_answer){ .delay_ms = ms });
}

FIXTURE_SETUP(delayed_task)
{
	self->high_link = -1;
	self->low_link = -1;
	REQUIRE_OPS(CAN_DELAY);
	REQUIRE(REQUIRE_PSI);
	ASSERT_EQ(0, testbed_create(&self->tb, "delayed_task"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->high, "high"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->low, "low"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->control, "control"));
	self->high_ops = probe_load_only(1U << PROBE_DELAY);
	ASSERT_NE(NULL, self->high_ops);
	self->low_ops = probe_load_only(1U << PROBE_DELAY);
	ASSERT_NE(NULL, self->low_ops);
	answer(self->high_ops, DELAY_MS);
	self->high_link = probe_attach(self->high_ops, self->high, 0);
	ASSERT_GE(self->high_link, 0)
		TH_LOG("attach to high: %s", strerror(-self->high_link));
	self->low_link = probe_attach(self->low_ops, self->low, 0);
	ASSERT_GE(self->low_link, 0)
		TH_LOG("attach to low: %s", strerror(-self->low_link));
}

FIXTURE_TEARDOWN(delayed_task)
{
	if (self->high_link >= 0)
		close(self->high_link);
	if (self->low_link >= 0)
		close(self->low_link);
	EXPECT_EQ(0, testbed_destroy(&self->tb));
	probe__destroy(self->high_ops);
	probe__destroy(self->low_ops);
}

static inline uint64_t delays(struct probe *probe, const char *cgroup)
{
	return probe_stats(probe, cg_id(cgroup)).delays;
}

static inline uint64_t calls(struct probe *probe, const char *cgroup)
{
	return probe_stats(probe, cg_id(cgroup)).calls[PROBE_DELAY];
}

/* Run a worker, and return how long its cgroup was stalled meanwhile. */
static inline int64_t run(struct __test_metadata *_metadata, const char *cgroup,
			  int (*job)(void *arg), void *arg)
{
	int64_t before = cg_memory_stall_us(cgroup);
	int status = worker_run_stalled(cgroup, job, arg, STEP_TIMEOUT_MS);

	ASSERT_EQ(0, status)
		TH_LOG("worker in %s: %s", cgroup, worker_status(status));
	return cg_memory_stall_us(cgroup) - before;
}

/* Wait until @flag is true or the worker has ended, which it must not. */
static inline void wait_for(struct __test_metadata *_metadata, volatile bool *flag, pid_t pid)
{
	int ms, status;

	for (ms = 0; !*flag; ms += 10) {
		ASSERT_LT(ms, STEP_TIMEOUT_MS);
		ASSERT_EQ(0, worker_wait(pid, 10, &status))
			TH_LOG("worker: %s", worker_status(status));
	}
}

/* A sleep is not shorter than BPF asks for, but PSI may miss some of it. */
static inline void expect_slept(struct __test_metadata *_metadata, const char *who,
				int64_t stall_us, uint64_t nr, unsigned int ms)
{
	int64_t want_us = nr * delay_stall_us(ms);

	TH_LOG("%s: stalled %" PRId64 " us, BPF asked for %" PRId64, who, stall_us,
	       want_us);
	EXPECT_GE(stall_us, want_us - want_us / 20)
		TH_LOG("%s: slept for too short", who);
}

/*
 * @job is delayed for what it charges in HIGH, and not in the control.  @all: every charge
 * of the job may sleep, so the kernel asks BPF about every batch, and sleeps every delay.
 */
static inline void expect_delayed(struct __test_metadata *_metadata,
				  FIXTURE_DATA(delayed_task) *self, const char *what,
				  int (*job)(void *arg), void *arg, bool all)
{
	int64_t stall_us = run(_metadata, self->control, job, arg);

	EXPECT_EQ(0, stall_us)
		TH_LOG("%s: stalled without ops", what);
	stall_us = run(_metadata, self->high, job, arg);
	EXPECT_GE(delays(self->high_ops, self->high), all ? MIN_DELAYS : 1)
		TH_LOG("%s: the delay callback was not called for each batch", what);
	expect_slept(_metadata, what, stall_us,
		     all ? delays(self->high_ops, self->high) : 1, DELAY_MS);
}

#endif /* __PROG_TESTS_DELAYED_TASK_DELAYED_TASK_HARNESS_H */
