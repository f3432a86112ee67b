/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PROG_TESTS_STRESS_STRESS_HARNESS_H
#define __PROG_TESTS_STRESS_STRESS_HARNESS_H

/* A tree with its model for a test, and what tests say of a run, in terms of the harness. */

#include "attach.h"
#include "bpf_ids.h"
#include "clock.h"
#include "harness.h"
#include "run.h"
#include "worker.h"

#define HANGS_AFTER_SECONDS	600

FIXTURE(stress)
{
	struct model_tree tree;
	struct bpf_ids *ids;
	uint64_t begin_us;
	uint64_t random;
};

FIXTURE_SETUP(stress)
{
	int i;

	REQUIRE_OPS(CAN_BELOW_MIN | CAN_ONLINE | CAN_OFFLINE);
	REQUIRE(REQUIRE_TWO_CPUS);
	SKIP_IF(memcg_bpf_count_links(NULL) ?
		"another program has attached memcg_bpf_ops: end it" : NULL);
	alarm(HANGS_AFTER_SECONDS + 3 * params.stress_seconds);
	ASSERT_EQ(0, model_tree_create(&self->tree, "stress"));

	self->ids = worker_share(sizeof(*self->ids));
	ASSERT_NE(NULL, self->ids);
	for (i = 0; i < MODEL_OPS; i++) {
		ASSERT_EQ(0, bpf_ids_add_object(self->ids, self->tree.probes[i]->obj));
	}
	self->random = params.seed;
	self->begin_us = clock_us();
}

/* Nothing is left. */
FIXTURE_TEARDOWN(stress)
{
	EXPECT_EQ(0, model_tree_destroy(&self->tree));
	EXPECT_EQ(0, bpf_ids_wait(self->ids, FREE_TIMEOUT_MS));
}

/* Until enough was done, in steps or in time. */
static inline bool goes_on(FIXTURE_DATA(stress) *self, unsigned long steps)
{
	if (params.stress_steps)
		return steps < params.stress_steps;
	return clock_us() - self->begin_us - self->tree.lost_us <
	       params.stress_seconds * 1000000ULL;
}

static inline void log_steps(struct __test_metadata *_metadata,
			     FIXTURE_DATA(stress) *self)
{
	const struct model_tree *tree = &self->tree;

	TH_LOG("seed %u: %lu steps, %.0f a minute%s%s", params.seed, tree->steps,
	       tree->steps * 60e6 / (clock_us() - self->begin_us),
	       params.without[0] ? ", without " : "", params.without);
	TH_LOG("%lu attached, %lu refused, %lu detached; %lu cgroups made, %lu removed, %lu not; %lu times the controller on or off, %lu refused",
	       tree->taken[STEP_ATTACH], tree->refused[STEP_ATTACH],
	       tree->taken[STEP_DETACH], tree->taken[STEP_MKDIR],
	       tree->taken[STEP_RMDIR], tree->refused[STEP_RMDIR],
	       tree->taken[STEP_CONTROLLER], tree->refused[STEP_CONTROLLER]);
}

/* No mismatch: one line for each cause. */
static inline void expect_no_mismatch(struct __test_metadata *_metadata,
				      const struct run *run)
{
	const struct run_cause *cause;

	for (cause = run->causes; cause < run->causes + run->nr; cause++) {
		EXPECT_EQ(0, cause->count)
			TH_LOG("seed %u, step %lu: %s (seen %u times)", params.seed,
			       cause->step, cause->why, cause->count);
	}
	EXPECT_EQ(0, run->others)
		TH_LOG("%u more mismatches, of other causes", run->others);
}

#endif /* __PROG_TESTS_STRESS_STRESS_HARNESS_H */
