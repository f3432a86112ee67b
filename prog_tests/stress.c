// SPDX-License-Identifier: GPL-2.0
/*
 * Ops in a tree of cgroups, at random: steps that a model predicts, tasks that
 * attach at the same time, and steps in which the kernel runs out of memory.
 *
 * The trees are drawn in prog_tests/stress/model_tree.h and
 * prog_tests/stress/storm.h.  What is random depends on SEED, which each test prints.
 * The same seed makes the same steps, but for those of tasks that run at the same
 * time, whose order is the kernel's.
 */
#include <errno.h>
#include <inttypes.h>

#include "attach.h"
#include "bpf_ids.h"
#include "cgroup.h"
#include "clock.h"
#include "harness.h"
#include "random.h"
#include "worker.h"
#include "stress/attach_log.h"
#include "stress/fault_inject.h"
#include "stress/model_tree.h"
#include "stress/storm.h"

#define ALLOW BPF_F_ALLOW_OVERRIDE

/* The harness wants a number; alarm() ends a test that hangs. */
#define A_DAY	86400
#define HANGS_AFTER_SECONDS	600

/* Far above what freeing takes, which waits for some RCU grace periods. */
#define FREE_TIMEOUT_MS	15000

enum { A, B, C };

/*
 * The model itself, against the table of the interface, on this tree:
 *
 *   c0
 *   `-- c1
 *       |-- c2
 *       |   `-- c3
 *       `-- c4
 */
FIXTURE(model)
{
	struct model m;
};

FIXTURE_SETUP(model)
{
	struct model_rules rules;

	REQUIRE(REQUIRE_MEMCG_BPF_OPS);
	rules = model_tree_rules();
	model_init(&self->m, &rules);
	model_mkdir(&self->m, 1, 0);
	ASSERT_EQ(0, model_give(&self->m, 1, true).nr);
	model_mkdir(&self->m, 2, 1);
	ASSERT_EQ(0, model_give(&self->m, 2, true).nr);
	model_mkdir(&self->m, 3, 2);
	model_mkdir(&self->m, 4, 1);
}

FIXTURE_TEARDOWN(model)
{
}

/* The errno of an attach to a cgroup that is refused for one reason, or 0. */
static int attach_errno(struct model *m, int ops, int cgroup, unsigned int flags)
{
	struct model_reasons reasons = model_attach(m, ops, MODEL_CGROUP, cgroup,
						    flags);

	return reasons.nr > 1 ? -1 : reasons.nr ? reasons.errnos[0] : 0;
}

/* Whose ops c1 to c4 have, a letter each. */
static const char *owners(const struct model *m)
{
	static char text[5];
	int i, owner;

	for (i = 0; i < 4; i++) {
		owner = model_owner(m, i + 1);
		text[i] = owner == MODEL_NONE ? '-' : 'A' + owner;
	}
	return text;
}

TEST_F(model, refuses_what_the_interface_refuses)
{
	struct model *m = &self->m;
	struct model_reasons reasons;

	reasons = model_attach(m, A, MODEL_NO_FD, 0, 0);
	EXPECT_EQ(1, reasons.nr);
	EXPECT_EQ(m->rules.no_cgroup, reasons.errnos[0]);
	reasons = model_attach(m, A, MODEL_CLOSED_FD, 0, 0);
	EXPECT_EQ(EBADF, reasons.errnos[0]);
	reasons = model_attach(m, A, MODEL_OTHER_FD, 0, 0);
	EXPECT_EQ(EBADF, reasons.errnos[0]);
	EXPECT_EQ(m->rules.unknown_flag, attach_errno(m, A, 1, ALLOW << 1));
	EXPECT_EQ(m->rules.unknown_flag, attach_errno(m, A, 1, ALLOW | 1U << 31));
	EXPECT_STREQ("----", owners(m));

	/* ops of its own, inherited ones without and with the flag */
	EXPECT_EQ(0, attach_errno(m, A, 1, 0));
	EXPECT_EQ(EBUSY, attach_errno(m, B, 1, ALLOW));
	EXPECT_EQ(EBUSY, attach_errno(m, B, 3, ALLOW));
	EXPECT_STREQ("AAAA", owners(m));
	model_detach(m, A);
	EXPECT_EQ(0, attach_errno(m, A, 1, ALLOW));
	EXPECT_EQ(EBUSY, attach_errno(m, B, 1, 0));
	EXPECT_EQ(0, attach_errno(m, B, 2, 0));
	EXPECT_STREQ("ABBA", owners(m));
	EXPECT_EQ(EBUSY, attach_errno(m, C, 3, 0));

	/* a descendant has others, whatever is inherited */
	EXPECT_EQ(EBUSY, attach_errno(m, C, 0, ALLOW));
	model_detach(m, A);
	EXPECT_EQ(EBUSY, attach_errno(m, C, 1, ALLOW));
	EXPECT_STREQ("-BB-", owners(m));
	/* two reasons at once: either will do */
	EXPECT_EQ(2, model_attach(m, C, MODEL_CGROUP, 1, ALLOW << 1).nr);
}

TEST_F(model, gives_and_takes_as_the_interface_does)
{
	struct model *m = &self->m;

	/* children inherit, and are told of; the parent's come back */
	EXPECT_EQ(0, attach_errno(m, A, 0, ALLOW));
	EXPECT_EQ(0, attach_errno(m, B, 2, 0));
	EXPECT_EQ(0, m->online[A] + m->online[B]);
	model_mkdir(m, 5, 2);
	EXPECT_EQ(B, model_owner(m, 5));
	EXPECT_EQ(1, m->online[B]);
	EXPECT_EQ(1, m->cgroups[5].online[B]);
	model_detach(m, B);
	EXPECT_STREQ("AAAA", owners(m));
	EXPECT_EQ(0, attach_errno(m, B, 5, 0));

	/* removed with the link open, which is harmless later */
	EXPECT_EQ(EBUSY, model_rmdir(m, 2).errnos[0]);
	EXPECT_EQ(0, model_rmdir(m, 5).nr);
	EXPECT_EQ(1, m->offline[B]);
	EXPECT_EQ(0, m->offline[A]);
	model_mkdir(m, 5, 2);
	EXPECT_EQ(A, model_owner(m, 5));
	EXPECT_EQ(0, attach_errno(m, C, 5, 0));
	model_detach(m, B);
	EXPECT_EQ(C, model_owner(m, 5));
	EXPECT_EQ(0, model_rmdir(m, 5).nr);
	model_detach(m, C);

	/* no controller: the ops are those of the nearest memcg */
	EXPECT_EQ(EBUSY, model_give(m, 1, false).errnos[0]);
	EXPECT_EQ(0, model_give(m, 2, false).nr);
	EXPECT_EQ(1, m->cgroups[3].offline[A]);
	EXPECT_EQ(2, model_memcg(m, 3));
	EXPECT_EQ(0, attach_errno(m, B, 3, ALLOW));
	EXPECT_STREQ("ABBA", owners(m));
	EXPECT_EQ(ENOENT, model_give(m, 3, true).errnos[0]);
	EXPECT_EQ(0, model_give(m, 2, true).nr);
	EXPECT_EQ(1, m->cgroups[3].online[B]);
	EXPECT_EQ(0, attach_errno(m, C, 3, 0));
	EXPECT_STREQ("ABCA", owners(m));
}

/*
 * A cgroup that has no memcg is removed: a link that names it ends, if links do, and
 * else is as it was.
 */
TEST_F(model, ends_links_as_the_interface_does)
{
	struct model *m = &self->m;
	static const struct {
		bool links_end;
		const char *owners;
	} cases[] = { { false, "-AA-" }, { true, "----" } };
	size_t i;

	ASSERT_EQ(0, model_give(m, 2, false).nr);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		m->rules.links_end = cases[i].links_end;
		EXPECT_EQ(0, attach_errno(m, A, 3, 0));
		EXPECT_STREQ("-AA-", owners(m));
		ASSERT_EQ(0, model_rmdir(m, 3).nr);
		EXPECT_STREQ(cases[i].owners, owners(m));
		model_detach(m, A);
		EXPECT_STREQ("----", owners(m));
		model_mkdir(m, 3, 2);
	}
}

/* The judge of concurrent attaches takes what can be, and nothing else. */
TEST_F(model, judges_attaches_at_the_same_time)
{
	/* Held from 10 at the latest to 20 at least; c2 with the flag or without. */
	struct attach_log logs[2] = {
		{ .nr = 1, .records = { { .cgroup = 2, .call_ns = 5, .return_ns = 10,
					  .close_ns = 20, .closed_ns = 25 } } },
		{ .nr = 1 },
	};
	struct attach_record *other = &logs[1].records[0];
	static const struct {
		int cgroup;
		unsigned int flags;	/* of the one that is held */
		int ret;
		int call_ns;
		int return_ns;
		int verdict;
	} cases[] = {
		/* the same, one above, one below: while it is held for certain */
		{ 2, ALLOW, -EBUSY, 12, 15, 0 },
		{ 2, ALLOW, 0, 12, 15, -1 },
		{ 1, ALLOW, 0, 12, 15, -1 },
		{ 3, 0, 0, 12, 15, -1 },
		{ 3, 0, -EBUSY, 12, 15, 0 },
		/* nothing is in the way */
		{ 3, ALLOW, 0, 12, 15, 0 },
		{ 3, ALLOW, -EBUSY, 12, 15, -1 },
		{ 4, 0, 0, 12, 15, 0 },
		{ 4, 0, -EBUSY, 12, 15, -1 },
		/* maybe held, and not held any more or not yet */
		{ 2, 0, 0, 7, 15, 0 },
		{ 2, 0, -EBUSY, 7, 15, 0 },
		{ 2, 0, 0, 12, 22, 0 },
		{ 2, 0, -EBUSY, 12, 22, 0 },
		{ 2, 0, -EBUSY, 26, 30, -1 },
		{ 2, 0, -EBUSY, 1, 4, -1 },
		{ 2, 0, 0, 26, 30, 0 },
		/* an errno that there should not be */
		{ 4, 0, -EPERM, 12, 15, -1 },
	};
	char why[256];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		logs[0].records[0].flags = cases[i].flags;
		*other = (struct attach_record) {
			.cgroup = cases[i].cgroup,
			.ret = cases[i].ret,
			.call_ns = cases[i].call_ns,
			.return_ns = cases[i].return_ns,
			.close_ns = 100,
			.closed_ns = 101,
		};
		EXPECT_EQ(cases[i].verdict,
			  attach_log_judge(&self->m, logs, 2, why, sizeof(why)))
			TH_LOG("case %zu", i);
	}
}

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
static bool goes_on(FIXTURE_DATA(stress) *self, unsigned long steps)
{
	if (params.stress_steps)
		return steps < params.stress_steps;
	return clock_us() - self->begin_us < params.stress_seconds * 1000000ULL;
}

/* A step or a check has gone wrong: say what, and how to have it again. */
static void complain(FIXTURE_DATA(stress) *self, const char *test)
{
	model_tree_complain(&self->tree);
	printf("# again: stress -t %s --seed=%u --stress-steps=%lu\n", test,
	       params.seed, self->tree.steps);
	fflush(stdout);
}

static void log_steps(struct __test_metadata *_metadata,
		      FIXTURE_DATA(stress) *self)
{
	const struct model_tree *tree = &self->tree;

	TH_LOG("seed %u: %lu steps, %.0f a minute", params.seed, tree->steps,
	       tree->steps * 60e6 / (clock_us() - self->begin_us));
	TH_LOG("%lu attached, %lu refused, %lu detached; %lu cgroups made, %lu removed, %lu not; %lu times the controller on or off, %lu refused",
	       tree->taken[STEP_ATTACH], tree->refused[STEP_ATTACH],
	       tree->taken[STEP_DETACH], tree->taken[STEP_MKDIR],
	       tree->taken[STEP_RMDIR], tree->refused[STEP_RMDIR],
	       tree->taken[STEP_GIVE], tree->refused[STEP_GIVE]);
}

/*
 * Attach, detach, make and remove cgroups, turn the memory controller on and off,
 * one step after the other.  Each has the outcome that the model predicts, with
 * the predicted errno; then each cgroup has the ops that the model says, and the
 * ops have been told of the cgroups that came and went.
 */
TEST_F_TIMEOUT(stress, steps_are_as_the_model_says, A_DAY)
{
	struct model_tree *tree = &self->tree;
	struct step step;
	int ret = 0;

	while (!ret && goes_on(self, tree->steps)) {
		step = step_draw(&tree->model, &self->random);
		ret = model_tree_step(tree, &step);
	}
	if (ret)
		complain(self, "steps_are_as_the_model_says");
	EXPECT_EQ(0, ret)
		TH_LOG("seed %u, step %lu: %s", params.seed, tree->steps, tree->why);
	log_steps(_metadata, self);
}

/* All calls of all ops. */
static uint64_t calls(const struct model_tree *tree)
{
	uint64_t sum = 0;
	int i, callback;

	for (i = 0; i < MODEL_OPS; i++) {
		for (callback = 0; callback < PROBE_NR_CALLBACKS; callback++)
			sum += probe_total(tree->probes[i], callback);
	}
	return sum;
}

/* With no link open, nobody is called while the tasks go on. */
static void expect_silence(struct __test_metadata *_metadata, struct storm *storm)
{
	uint64_t before = calls(storm->tree), begin = clock_us();
	unsigned int then[STORM_NR_SIDES];
	int i;

	for (i = 0; i < STORM_NR_SIDES; i++)
		then[i] = storm->done[i];
	for (i = 0; i < STORM_NR_SIDES; i++) {
		while (storm->done[i] - then[i] < 2) {
			ASSERT_LT(clock_us() - begin, STEP_TIMEOUT_MS * 1000ULL)
				TH_LOG("a task does nothing");
			usleep(1000);
		}
	}
	EXPECT_EQ(before, calls(storm->tree))
		TH_LOG("ops were called that are detached");
}

/* What the ops answer: a delay of A's, or that all is protected. */
static void answer(struct __test_metadata *_metadata, struct model_tree *tree,
		   bool protect)
{
	struct probe_answer answer = { .below_min = protect };
	int i;

	for (i = 0; i < MODEL_OPS; i++) {
		/* Just above what is not slept at all. */
		answer.delay_ms = !protect && i == A ? 15 : 0;
		ASSERT_EQ(0, probe_answer(tree->probes[i], NULL, answer));
	}
}

/* All that the tasks are to do has been done once at least. */
static bool has_stormed(const struct storm *storm, unsigned int taken,
			unsigned int refused)
{
	int i;

	for (i = 0; i < STORM_NR_SIDES; i++) {
		if (!storm->done[i])
			return false;
	}
	return taken && refused;
}

/* A page of a library, say, may have come in while a task was there. */
#define MAX_DYING	4

static void expect_no_dying(struct __test_metadata *_metadata,
			    struct model_tree *tree)
{
	/* Wait for as many as go away: those may have ops until then. */
	int64_t dying = cg_wait_dying(tree->tb.cgroup, 0, FREE_TIMEOUT_MS);

	EXPECT_GE(dying, 0);
	EXPECT_LE(dying, MAX_DYING)
		TH_LOG("something keeps cgroups that were removed");
}

/* Steps in a tree in which other things have happened, and are over. */
static int step_again(FIXTURE_DATA(stress) *self, unsigned int steps)
{
	struct model_tree *tree = &self->tree;
	struct step step;
	unsigned int i;
	int ret;

	model_tree_forget_calls(tree);
	ret = model_tree_check(tree);
	for (i = 0; !ret && i < steps; i++) {
		do {
			/* Its end could not be told from that of those before. */
			step = step_draw(&tree->model, &self->random);
		} while (step.what == STEP_RMDIR);
		ret = model_tree_step(tree, &step);
	}
	if (ret)
		model_tree_complain(tree);
	return ret;
}

/*
 * Tasks attach and detach in overlapping subtrees, while others charge, reclaim,
 * come and go, and are killed.  Who is refused has met somebody, and who is not
 * has not; a detached set of ops is not called any more; nothing is left, and the
 * tree is as good as new.
 */
TEST_F_TIMEOUT(stress, attaches_at_the_same_time, A_DAY)
{
	struct model_tree *tree = &self->tree;
	unsigned int round, taken = 0, refused = 0, i, j;
	uint64_t came = 0, went = 0, begin = clock_us();
	struct storm *storm;
	int64_t scanned, killed;
	int ret = 0;

	storm = storm_start(tree, params.seed);
	ASSERT_NE(NULL, storm);
	answer(_metadata, tree, false);

	for (round = 0; goes_on(self, taken + refused) ||
	     !has_stormed(storm, taken, refused); round++) {
		ASSERT_LT(clock_us() - begin,
			  (STEP_TIMEOUT_MS + params.stress_seconds * 1000ULL) * 1000)
			TH_LOG("not all of the tasks get anything done");
		ret = storm_round(storm, round);
		ASSERT_EQ(0, ret)
			TH_LOG("seed %u, round %u: %s", params.seed, round, tree->why);
		for (i = 0; i < STORM_ATTACHERS; i++) {
			for (j = 0; j < storm->logs[i].nr; j++) {
				if (storm->logs[i].records[j].ret)
					refused++;
				else
					taken++;
			}
		}
		expect_silence(_metadata, storm);
	}
	scanned = cg_read_key(tree->root, "memory.stat", "pgscan");
	killed = cg_read_key(storm->oom, "memory.events", "oom_kill");
	ret = storm_stop(storm);
	ASSERT_EQ(0, ret)
		TH_LOG("%s", tree->why);

	TH_LOG("seed %u: %u rounds, %u attached, %u refused, %" PRIu64 " calls; meanwhile %u passes, pgscan %" PRId64 ", %u cgroups, %" PRId64 " killed",
	       params.seed, round, taken, refused, calls(tree),
	       storm->done[STORM_READER], scanned, storm->done[STORM_CHURNER],
	       killed);
	EXPECT_GT(scanned, 0);
	EXPECT_GT(killed, 0);
	for (i = 0; i < MODEL_OPS; i++) {
		came += probe_total(tree->probes[i], PROBE_ONLINE);
		went += probe_total(tree->probes[i], PROBE_OFFLINE);
		EXPECT_EQ(0, memcg_bpf_count_links(tree->probes[i]->maps.probe_ops));
	}
	/* Whoever came was told of once, if at all. */
	EXPECT_LE(came, storm->done[STORM_CHURNER]);
	EXPECT_LE(went, storm->done[STORM_CHURNER]);
	expect_no_dying(_metadata, tree);

	answer(_metadata, tree, true);
	EXPECT_EQ(0, step_again(self, 100))
		TH_LOG("after the storm: %s", tree->why);
}

/* The allocation that is to fail next, after the @nth has. */
static unsigned int next_to_fail(const struct step *step, unsigned int nth,
				 uint64_t *random)
{
	/* Where a cgroup is made there are hundreds: leave some out. */
	if (step->what == STEP_MKDIR || step->what == STEP_GIVE)
		nth += random_below(random, 32);
	return nth + 1;
}

/*
 * Do a step again and again, until it has its outcome although an allocation
 * fails, or because there are not as many: if @each, the first one fails, then the
 * second, and so on; else a random part of them, or none.
 *
 * How often that is depends on the kernel, so @random is not that of the steps.
 */
static int step_out_of_memory(struct model_tree *tree, const struct step *step,
			      bool each, uint64_t *random)
{
	int ret;

	tree->fail_nth = each;
	tree->fail_some = !each;
	do {
		ret = model_tree_step(tree, step);
		if (each)
			tree->fail_nth = next_to_fail(step, tree->fail_nth, random);
		else
			tree->fail_some = random_below(random, 2);
	} while (!ret && tree->out_of_memory);
	return ret;
}

static void run_out_of_memory(struct __test_metadata *_metadata,
			      FIXTURE_DATA(stress) *self, const char *test,
			      bool each)
{
	struct model_tree *tree = &self->tree;
	uint64_t random = params.seed;
	struct step step;
	int ret = 0;

	ASSERT_EQ(0, fault_inject_setup(each ? 0 : 20));
	while (!ret && goes_on(self, tree->steps)) {
		step = step_draw(&tree->model, &self->random);
		ret = step_out_of_memory(tree, &step, each, &random);
	}
	if (ret)
		complain(self, test);
	EXPECT_EQ(0, ret)
		TH_LOG("seed %u, step %lu: %s", params.seed, tree->steps, tree->why);
	log_steps(_metadata, self);
	TH_LOG("refused with ENOMEM: %lu times to attach, %lu to make a cgroup, %lu others",
	       tree->failures[STEP_ATTACH], tree->failures[STEP_MKDIR],
	       tree->failures[STEP_DETACH] + tree->failures[STEP_RMDIR] +
	       tree->failures[STEP_GIVE]);
	/* The control: the kernel did run out of memory. */
	if (!params.stress_steps) {
		EXPECT_GT(tree->failures[STEP_ATTACH] + tree->failures[STEP_MKDIR], 0);
	}
}

/*
 * The same steps as those of steps_are_as_the_model_says, in which one allocation
 * of the kernel's fails, of slabs or of pages.  An attach, a detach, a mkdir and so
 * on then has its outcome all the same, or is refused with ENOMEM and has none.
 */
TEST_F_TIMEOUT(stress, one_allocation_fails, A_DAY)
{
	SKIP_IF(fault_inject_require());
	run_out_of_memory(_metadata, self, "one_allocation_fails", true);
}

/* The same where every fifth does. */
TEST_F_TIMEOUT(stress, many_allocations_fail, A_DAY)
{
	SKIP_IF(fault_inject_require());
	run_out_of_memory(_metadata, self, "many_allocations_fail", false);
}

MEMCG_BPF_HARNESS_MAIN
