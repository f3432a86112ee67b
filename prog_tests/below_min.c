// SPDX-License-Identifier: GPL-2.0
/*
 * below_min: a cgroup for which BPF says yes has the protection that memory.min gives, no
 * less and no more.
 *
 * All tests but the last two run in this tree:
 *
 *   memcg_bpf.below_min.<pid>	PARENT: memory.swap.max = 0
 *   |-- high			FILE_SIZE of page cache, memory.min = 0
 *   `-- low			FILE_SIZE of page cache, memory.min = 0
 *
 * They reclaim with PARENT as the target, by its memory.reclaim unless said
 * otherwise, so all pages are taken from HIGH or LOW.  memory.current and memory.stat of
 * both show how many each has lost.
 *
 * There is no swap, so anonymous memory cannot be reclaimed.  Charging it pushes out page
 * cache.
 */
#include "harness.h"
#include "protection/protection.h"

static const struct protection below_min = {
	.callback = PROBE_BELOW_MIN,
	.yes = { .below_min = 1 },
	.file = "memory.min",
};

FIXTURE(below_min)
{
	struct pressure p;
};

FIXTURE_SETUP(below_min)
{
	REQUIRE_OPS(CAN_BELOW_MIN);
	REQUIRE(REQUIRE_PSI | REQUIRE_PAGE_CACHE);
	REQUIRE_FILE_SIZE();
	ASSERT_EQ(0, pressure_create(&self->p, "below_min"));
}

FIXTURE_TEARDOWN(below_min)
{
	EXPECT_EQ(0, pressure_destroy(&self->p));
}

/*
 * HIGH loses nothing while LOW has pages to reclaim.  LOW has no ops, so BPF is not asked
 * about it.
 */
TEST_F_TIMEOUT(below_min, high_keeps_its_pages_while_low_has_some, 300)
{
	expect_high_keeps_its_pages(_metadata, &self->p, &below_min);
}

/* The control: without BPF reclaim takes from both. */
TEST_F_TIMEOUT(below_min, both_lose_without_ops, 300)
{
	expect_both_lose(_metadata, &self->p);
}

/* The other control: BPF is asked about both, and says no. */
TEST_F_TIMEOUT(below_min, both_lose_if_bpf_says_no, 300)
{
	expect_both_lose_if_bpf_says_no(_metadata, &self->p, &below_min);
}

/*
 * HIGH and LOW inherit the ops of PARENT, which say yes about LOW only.  LOW keeps its
 * pages, and HIGH does not.
 */
TEST_F_TIMEOUT(below_min, a_yes_protects_no_other_cgroup, 300)
{
	expect_yes_protects_no_other(_metadata, &self->p, &below_min);
}

/*
 * When nothing else is left to reclaim, a task is OOM-killed, and HIGH still loses nothing.
 * In this memory.min differs from memory.low.
 *
 *   memcg_bpf.below_min.<pid>	memory.max = 2 * FILE_SIZE
 *   |-- high			FILE_SIZE of page cache
 *   `-- low			a task with 1.5 * FILE_SIZE of anonymous memory
 */
TEST_F_TIMEOUT(below_min, does_not_yield_to_oom, 300)
{
	struct pressure *p = &self->p;
	struct losses lost;
	int status;

	attach(_metadata, p, p->high, p->high, below_min.yes);
	lost = fill_and_charge(_metadata, p, &status);

	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	EXPECT_EQ(1, cg_read_key(p->low, "memory.events", "oom_kill"));
	EXPECT_EQ(1, cg_read_key(p->tb.cgroup, "memory.events", "oom_kill"));
	expect_kept(_metadata, "HIGH", &lost.high);
	EXPECT_GT(asked(p, p->high, PROBE_BELOW_MIN), 0);
}

/* The control: BPF says no.  HIGH loses page cache, and the same task is not killed. */
TEST_F_TIMEOUT(below_min, no_oom_if_bpf_says_no, 300)
{
	struct pressure *p = &self->p;
	struct losses lost;
	int status;

	attach(_metadata, p, p->high, p->high, no);
	lost = fill_and_charge(_metadata, p, &status);

	EXPECT_EQ(0, status);
	EXPECT_EQ(0, cg_read_key(p->tb.cgroup, "memory.events", "oom_kill"));
	expect_lost(_metadata, "HIGH", &lost.high, params.file_size / 4);
	EXPECT_GT(asked(p, p->high, PROBE_BELOW_MIN), 0);
}

/*
 * A no does not switch memory.min off: HIGH keeps its pages, even when LOW has none left
 * and memory.reclaim fails.
 *
 *   memcg_bpf.below_min.<pid>
 *   |-- high			memory.min = max; BPF says no
 *   `-- low
 */
TEST_F_TIMEOUT(below_min, a_no_leaves_memory_min_in_force, 300)
{
	struct pressure *p = &self->p;
	struct losses lost;

	attach(_metadata, p, p->high, p->high, no);
	ASSERT_EQ(0, cg_write(p->high, "memory.min", "max"));
	lost = fill_and_reclaim(_metadata, p, p->tb.cgroup, params.file_size / 2);

	expect_kept(_metadata, "HIGH", &lost.high);
	expect_lost(_metadata, "LOW", &lost.low, params.file_size / 8 * 3);
	EXPECT_GT(asked(p, p->high, PROBE_BELOW_MIN), 0);

	ASSERT_EQ(0, pressure_drop(p, p->low));
	lost = losses_begin(p);
	EXPECT_EQ(-EAGAIN, pressure_reclaim(p->tb.cgroup, params.file_size / 4));
	lost = losses_end(_metadata, p, lost);
	expect_kept(_metadata, "HIGH", &lost.high);
}

/*
 * BPF is asked about each memcg below the target, not only about its children:
 *
 *   memcg_bpf.below_min.<pid>
 *   |-- high			ops, inherited by child
 *   |   `-- child		FILE_SIZE of page cache; BPF says yes
 *   `-- low
 */
TEST_F_TIMEOUT(below_min, descendant_keeps_its_pages, 300)
{
	expect_descendant_keeps_its_pages(_metadata, &self->p, &below_min);
}

/*
 * The ops of the descendant are its own, and its parent has none:
 *
 *   memcg_bpf.below_min.<pid>
 *   |-- high			no ops, memory.min = 0
 *   |   `-- child		FILE_SIZE of page cache; ops: BPF says yes, then no
 *   `-- low			FILE_SIZE of page cache
 */
TEST_F_TIMEOUT(below_min, descendant_needs_no_parent_with_ops, 300)
{
	expect_descendant_needs_no_parent(_metadata, &self->p, &below_min);
}

/*
 * BPF is asked about each of them, and a yes about one is none about those below it:
 *
 *   memcg_bpf.below_min.<pid>
 *   |-- high			ops, inherited by child; BPF says yes
 *   |   `-- child		FILE_SIZE of page cache; BPF says no
 *   `-- low
 */
TEST_F_TIMEOUT(below_min, a_yes_protects_no_descendant, 300)
{
	expect_yes_protects_no_descendant(_metadata, &self->p, &below_min);
}

/*
 * The task that charges reclaims, because PARENT is above its memory.high:
 *
 *   memcg_bpf.below_min.<pid>	memory.high = what is charged when the task begins
 *   |-- high			FILE_SIZE of page cache; BPF says yes, then no
 *   `-- low			a task with FILE_SIZE / 4 of anonymous memory
 */
TEST_F_TIMEOUT(below_min, memory_high_of_the_parent_asks, 300)
{
	expect_memory_high_asks(_metadata, &self->p, &below_min);
}

/*
 * The task that reclaims is in the cgroup that BPF is asked about:
 *
 *   memcg_bpf.below_min.<pid>	memory.max = what is charged when the task begins
 *   |-- high			FILE_SIZE of page cache; BPF says yes, then no;
 *   |				a task with FILE_SIZE / 4 of anonymous memory
 *   `-- low			FILE_SIZE of page cache
 */
TEST_F_TIMEOUT(below_min, task_in_the_cgroup_itself_asks, 300)
{
	expect_own_task_asks(_metadata, &self->p, &below_min);
}

/*
 * Whoever lowers a limit of PARENT reclaims, until its usage is below:
 *
 *   memcg_bpf.below_min.<pid>	memory.max, then memory.high = what is charged less FILE_SIZE / 2
 *   |-- high			FILE_SIZE of page cache; BPF says yes, then no
 *   `-- low			FILE_SIZE of page cache
 */
TEST_F_TIMEOUT(below_min, lowered_limit_of_the_parent_asks, 300)
{
	expect_lowered_limit_asks(_metadata, &self->p, &below_min);
}

/*
 * A yes covers what memory.min does not:
 *
 *   memcg_bpf.below_min.<pid>
 *   |-- high			memory.min = FILE_SIZE / 8; BPF says yes, then no
 *   `-- low
 */
TEST_F_TIMEOUT(below_min, a_yes_exceeds_memory_min, 300)
{
	expect_yes_exceeds_the_setting(_metadata, &self->p, &below_min);
}

/*
 * A yes protects what is not page cache, as well:
 *
 *   memcg_bpf.below_min.<pid>	memory.swap.max = max
 *   |-- high			a task with 16 MiB of anonymous memory; BPF says yes, then no
 *   `-- low			FILE_SIZE of page cache
 */
TEST_F_TIMEOUT(below_min, anonymous_memory_is_kept, 300)
{
	expect_anonymous_memory_is_kept(_metadata, &self->p, &below_min);
}

/*
 *   memcg_bpf.below_min.<pid>
 *   |-- high			names of files, in slab memory; BPF says yes, then no
 *   `-- low			FILE_SIZE of page cache
 */
TEST_F_TIMEOUT(below_min, slab_is_kept, 300)
{
	expect_slab_is_kept(_metadata, &self->p, &below_min);
}

/* HIGH is the target of the reclaim, by its own memory.reclaim. */
TEST_F_TIMEOUT(below_min, memory_reclaim_of_high_is_not_hindered, 300)
{
	expect_memory_reclaim_is_not_hindered(_metadata, &self->p, &below_min);
}

/* HIGH is the target of the reclaim, by its own memory.max, lowered to half. */
TEST_F_TIMEOUT(below_min, memory_max_of_high_is_not_hindered, 300)
{
	expect_memory_max_is_not_hindered(_metadata, &self->p, &below_min);
}

/* HIGH's ops say yes, then no, then yes.  The kernel asks anew in each reclaim. */
TEST_F_TIMEOUT(below_min, each_answer_counts_from_the_next_question, 300)
{
	expect_each_answer_counts(_metadata, &self->p, &below_min);
}

/*
 * HIGH and LOW work at the same time, and half a FILE_SIZE is missing.  LOW loses pages,
 * and is delayed.  prog_tests/protection/contest.h draws the tree.
 */
TEST_F_TIMEOUT(below_min, below_min_over_high, 300)
{
	struct contest c = contest(_metadata, &self->p, &below_min.yes);

	EXPECT_EQ(0, c.high.stolen)
		TH_LOG("HIGH has lost page cache");
	EXPECT_GT(c.high_asked.calls[PROBE_BELOW_MIN], 0);
	expect_low_lost_and_delayed(_metadata, &c);
}

/* The control: without ops HIGH loses pages. */
TEST_F_TIMEOUT(below_min, below_min_over_high_without_ops, 300)
{
	expect_high_lost(_metadata, &self->p);
}

MEMCG_BPF_HARNESS_MAIN
