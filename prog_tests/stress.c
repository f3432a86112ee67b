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
#include "cgroup.h"
#include "clock.h"
#include "harness.h"
#include "random.h"
#include "stress/attach_log.h"
#include "stress/fault_inject.h"
#include "stress/model_tree.h"
#include "stress/shrink.h"
#include "stress/storm.h"
#include "stress/stress_harness.h"
#include "stress/without.h"

#define ALLOW BPF_F_ALLOW_OVERRIDE

/*
 * The harness wants a number at compile time.  The alarm() of the fixture, which knows
 * STRESS_SECONDS, ends a test that hangs.
 */
#define NO_TIMEOUT	INT_MAX

/* Time limit of shrink(), which looks for the shortest steps that fail. */
#define SHRINK_SECONDS	60

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
	ASSERT_EQ(0, model_controller(&self->m, 1, true).nr);
	model_mkdir(&self->m, 2, 1);
	ASSERT_EQ(0, model_controller(&self->m, 2, true).nr);
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
	EXPECT_EQ(EBUSY, model_controller(m, 1, false).errnos[0]);
	EXPECT_EQ(0, model_controller(m, 2, false).nr);
	EXPECT_EQ(1, m->cgroups[3].offline[A]);
	EXPECT_EQ(2, model_memcg(m, 3));
	EXPECT_EQ(0, attach_errno(m, B, 3, ALLOW));
	EXPECT_STREQ("ABBA", owners(m));
	EXPECT_EQ(ENOENT, model_controller(m, 3, true).errnos[0]);
	EXPECT_EQ(0, model_controller(m, 2, true).nr);
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

	ASSERT_EQ(0, model_controller(m, 2, false).nr);
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

/* attach_log_judge() accepts the outcomes that the overlap explains, and no others. */
TEST_F(model, judges_attaches_at_the_same_time)
{
	/* Ops of c2, attached at some time in 5 to 10, and detached at some time in 20 to 25. */
	struct attach_log logs[2] = {
		{ .nr = 1, .records = { { .cgroup = 2, .call_ns = 5, .return_ns = 10,
					  .close_ns = 20, .closed_ns = 25 } } },
		{ .nr = 1 },
	};
	struct attach_record *other = &logs[1].records[0];
	static const struct {
		int cgroup;
		unsigned int flags;	/* of the attach to c2 */
		int ret;
		int call_ns;
		int return_ns;
		int verdict;
	} cases[] = {
		/* to c2, above it, below it: while c2 certainly has the ops */
		{ 2, ALLOW, -EBUSY, 12, 15, 0 },
		{ 2, ALLOW, 0, 12, 15, -1 },
		{ 1, ALLOW, 0, 12, 15, -1 },
		{ 3, 0, 0, 12, 15, -1 },
		{ 3, 0, -EBUSY, 12, 15, 0 },
		/* below ops that may be overridden, or elsewhere: no conflict */
		{ 3, ALLOW, 0, 12, 15, 0 },
		{ 3, ALLOW, -EBUSY, 12, 15, -1 },
		{ 4, 0, 0, 12, 15, 0 },
		{ 4, 0, -EBUSY, 12, 15, -1 },
		/* while c2 may have the ops; after that and before */
		{ 2, 0, 0, 7, 15, 0 },
		{ 2, 0, -EBUSY, 7, 15, 0 },
		{ 2, 0, 0, 12, 22, 0 },
		{ 2, 0, -EBUSY, 12, 22, 0 },
		{ 2, 0, -EBUSY, 26, 30, -1 },
		{ 2, 0, -EBUSY, 1, 4, -1 },
		{ 2, 0, 0, 26, 30, 0 },
		/* an errno that the interface does not name */
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

/*
 * Attach, detach, make and remove cgroups, turn the memory controller on and off,
 * one step after the other.  Each has the outcome that the model predicts, with
 * the predicted errno; then each cgroup has the ops that the model says, and the
 * ops have been told of the cgroups that came and went.
 */
TEST_F_TIMEOUT(stress, steps_are_as_the_model_says, NO_TIMEOUT)
{
	struct model_tree *tree = &self->tree;
	struct step step;
	struct run run;
	int ret = 0;

	SKIP_IF(without_steps());
	run_begin(&run, tree, "steps_are_as_the_model_says");
	while (!ret && goes_on(self, tree->steps) &&
	       step_draw(&tree->model, &self->random, &step)) {
		if (model_tree_step(tree, &step))
			ret = run_mismatch(&run);
	}
	log_steps(_metadata, self);
	expect_no_mismatch(_metadata, &run);
	if (run.nr)
		shrink(&run, SHRINK_SECONDS);
	run_end(&run);
}

/* All calls of all ops. */
static uint64_t calls(const struct model_tree *tree)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < MODEL_OPS; i++)
		sum += probe_calls(tree->probes[i]);
	return sum;
}

/* With all links closed, the kernel calls no ops while the tasks go on. */
static void expect_no_calls(struct __test_metadata *_metadata, struct storm *storm)
{
	uint64_t before = calls(storm->tree), begin = clock_us();
	unsigned int done_before[STORM_NR_SIDES];
	int i;

	for (i = 0; i < STORM_NR_SIDES; i++)
		done_before[i] = storm->done[i];
	for (i = 0; i < STORM_NR_SIDES; i++) {
		while (storm_has(i) && storm->done[i] - done_before[i] < 2) {
			ASSERT_LT(clock_us() - begin, STEP_TIMEOUT_MS * 1000ULL)
				TH_LOG("a task does nothing");
			usleep(1000);
		}
	}
	EXPECT_EQ(before, calls(storm->tree))
		TH_LOG("ops were called that are detached");
}

/* Set the answers: all cgroups are protected or, if not @protect, A delays. */
static void answer(struct __test_metadata *_metadata, struct model_tree *tree,
		   bool protect)
{
	struct probe_answer answer = { .below_min = protect };
	int i;

	for (i = 0; i < MODEL_OPS; i++) {
		/* Just above HZ/100, up to which the kernel does not sleep. */
		answer.delay_ms = !protect && i == A ? 15 : 0;
		ASSERT_EQ(0, probe_answer(tree->probes[i], NULL, answer));
	}
}

/* Every task has done its work once, and attaches have succeeded and been refused. */
static bool has_stormed(const struct storm *storm, unsigned int taken,
			unsigned int refused)
{
	int i;

	for (i = 0; i < STORM_NR_SIDES; i++) {
		if (storm_has(i) && !storm->done[i])
			return false;
	}
	return taken && refused;
}

/* Page cache that was read in while a task was there may keep some cgroups. */
#define MAX_DYING	4

static void expect_no_dying(struct __test_metadata *_metadata,
			    struct model_tree *tree)
{
	/* Wait for all of them, since a dying memcg may still have ops. */
	int64_t dying = cg_wait_dying(tree->tb.cgroup, 0, FREE_TIMEOUT_MS);

	EXPECT_GE(dying, 0);
	EXPECT_LE(dying, MAX_DYING)
		TH_LOG("removed cgroups are not freed");
}

static void count_attaches(const struct storm *storm, unsigned int *taken,
			   unsigned int *refused)
{
	unsigned int i, j;

	for (i = 0; i < STORM_ATTACHERS; i++) {
		for (j = 0; j < storm->logs[i].nr; j++)
			++*(storm->logs[i].records[j].ret ? refused : taken);
	}
}

/* After the storm: no link is left, and no more calls than cgroups were made. */
static void expect_over(struct __test_metadata *_metadata, struct storm *storm)
{
	struct model_tree *tree = storm->tree;
	uint64_t came = 0, went = 0;
	int i;

	for (i = 0; i < MODEL_OPS; i++) {
		came += probe_total(tree->probes[i], PROBE_ONLINE);
		went += probe_total(tree->probes[i], PROBE_OFFLINE);
		EXPECT_EQ(0, memcg_bpf_count_links(tree->probes[i]->maps.probe_ops));
	}
	/* There is at most one call for each cgroup that was made, and one when it went. */
	EXPECT_LE(came, storm->done[STORM_CHURNER]);
	EXPECT_LE(went, storm->done[STORM_CHURNER]);
	expect_no_dying(_metadata, tree);
}

/*
 * Random steps in the tree, to see that the storm has left nothing behind.  They are steps
 * of a kind that the storm has, or a kernel that goes wrong where the controller is switched
 * would fail here, too, with some seeds only.
 */
static int step_again(FIXTURE_DATA(stress) *self, unsigned int steps)
{
	struct model_tree *tree = &self->tree;
	struct step step;
	unsigned int i;
	int ret;

	model_tree_forget_calls(tree);
	ret = model_tree_check(tree);
	for (i = 0; !ret && i < steps; i++) {
		if (!step_draw(&tree->model, &self->random, &step))
			break;
		/* settle() counts dying cgroups, and those of the storm may linger. */
		if (step.what != STEP_RMDIR && step.what != STEP_CONTROLLER)
			ret = model_tree_step(tree, &step);
	}
	if (ret)
		model_tree_complain(tree);
	return ret;
}

/*
 * Tasks attach and detach in overlapping subtrees, while others charge, reclaim, make
 * cgroups, and are OOM-killed: storm.h draws the tree.  An attach fails if and only if an
 * overlapping attach explains it.  The kernel never calls detached ops.  In the end nothing
 * is left, and steps in the same tree are as the model says.
 */
TEST_F_TIMEOUT(stress, attaches_at_the_same_time, NO_TIMEOUT)
{
	struct model_tree *tree = &self->tree;
	unsigned int round, taken = 0, refused = 0;
	uint64_t begin = clock_us();
	struct storm *storm;
	int64_t scanned, killed;
	int ret = 0;

	REQUIRE(REQUIRE_PAGE_CACHE);	/* one of the storm reads a file that does not fit */
	SKIP_IF(without(WITHOUT_ATTACH) || without(WITHOUT_DETACH) ?
		"WITHOUT leaves out attach or detach, which this test needs" : NULL);
	storm = storm_start(tree, params.seed);
	ASSERT_NE(NULL, storm);
	answer(_metadata, tree, false);

	for (round = 0; goes_on(self, taken + refused) ||
	     !has_stormed(storm, taken, refused); round++) {
		ASSERT_LT(clock_us() - begin,
			  (STEP_TIMEOUT_MS + params.stress_seconds * 1000ULL) * 1000)
			TH_LOG("a task does none of its work");
		ret = storm_round(storm, round);
		ASSERT_EQ(0, ret)
			TH_LOG("seed %u, round %u: %s", params.seed, round, tree->why);
		count_attaches(storm, &taken, &refused);
		expect_no_calls(_metadata, storm);
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
	if (storm_has(STORM_READER)) {
		EXPECT_GT(scanned, 0);
	}
	if (storm_has(STORM_OOM)) {
		EXPECT_GT(killed, 0);
	}
	expect_over(_metadata, storm);

	answer(_metadata, tree, true);
	EXPECT_EQ(0, step_again(self, 100))
		TH_LOG("after the storm: %s", tree->why);
}

/* The allocation that is to fail next, after the @nth has. */
static unsigned int next_to_fail(const struct step *step, unsigned int nth,
				 uint64_t *random)
{
	/* Where a cgroup is made there are hundreds: leave some out. */
	if (step->what == STEP_MKDIR || step->what == STEP_CONTROLLER)
		nth += random_below(random, 32);
	return nth + 1;
}

/*
 * Repeat a step until it does not fail with ENOMEM.  If @each, its first allocation fails,
 * then its second, and so on, until the step succeeds all the same or has fewer allocations.
 * Else a random part of its allocations fails, or none.
 *
 * The number of repetitions depends on the kernel.  So @random is not the generator of the
 * steps, which are to depend on SEED only.
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
	struct run run;
	int ret = 0;

	ASSERT_EQ(0, fault_inject_setup(each ? 0 : 20));
	run_begin(&run, tree, test);
	while (!ret && goes_on(self, tree->steps) &&
	       step_draw(&tree->model, &self->random, &step)) {
		if (step_out_of_memory(tree, &step, each, &random))
			ret = run_mismatch(&run);
	}
	expect_no_mismatch(_metadata, &run);
	run_end(&run);
	log_steps(_metadata, self);
	TH_LOG("refused with ENOMEM: %lu times to attach, %lu to make a cgroup, %lu others",
	       tree->failures[STEP_ATTACH], tree->failures[STEP_MKDIR],
	       tree->failures[STEP_DETACH] + tree->failures[STEP_RMDIR] +
	       tree->failures[STEP_CONTROLLER]);
	/* The control: the kernel did run out of memory. */
	if (!params.stress_steps &&
	    !(without(WITHOUT_ATTACH) && without(WITHOUT_MKDIR))) {
		EXPECT_GT(tree->failures[STEP_ATTACH] + tree->failures[STEP_MKDIR], 0);
	}
}

/*
 * The steps of steps_are_as_the_model_says, with fault injection: one slab or page
 * allocation of the kernel fails.  Each step then has its outcome, or fails with ENOMEM and
 * has none.
 */
TEST_F_TIMEOUT(stress, one_allocation_fails, NO_TIMEOUT)
{
	SKIP_IF(without_steps() ?: fault_inject_require());
	run_out_of_memory(_metadata, self, "one_allocation_fails", true);
}

/* As one_allocation_fails, but a fifth of all allocations fails, at random. */
TEST_F_TIMEOUT(stress, many_allocations_fail, NO_TIMEOUT)
{
	SKIP_IF(without_steps() ?: fault_inject_require());
	run_out_of_memory(_metadata, self, "many_allocations_fail", false);
}

static void prepare(void)
{
	without_init(params.without);
	params_fit_runner();
}

MEMCG_BPF_HARNESS_MAIN_AFTER(prepare())
