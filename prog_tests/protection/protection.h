/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What below_low and below_min promise alike.  Both have the tree of
 * prog_tests/protection/pressure.h, with FILE_SIZE of page cache in HIGH and in LOW.
 */
#ifndef __PROG_TESTS_PROTECTION_PROTECTION_H
#define __PROG_TESTS_PROTECTION_PROTECTION_H

#include <stdio.h>
#include <unistd.h>

#include "pressure_harness.h"
#include "workload.h"

/* below_low or below_min: the callback, its answer yes, and the file of the cgroup */
struct protection {
	enum probe_callback callback;
	struct probe_answer yes;
	const char *file;
};

static const struct probe_answer no;

/* HIGH has ops that say yes, LOW has none. */
static inline void
expect_high_keeps_its_pages(struct __test_metadata *_metadata,
			    struct pressure *p, const struct protection *prot)
{
	struct losses lost;

	attach(_metadata, p, p->high, p->high, prot->yes);
	lost = fill_and_reclaim(_metadata, p, p->tb.cgroup, params.file_size / 2);

	expect_kept(_metadata, "HIGH", &lost.high);
	expect_lost(_metadata, "LOW", &lost.low, params.file_size / 8 * 3);
	EXPECT_EQ(0, lost.high.low)
		TH_LOG("HIGH's protection yielded, with half of LOW's file left");
	EXPECT_GT(asked(p, p->high, prot->callback), 0);
	EXPECT_EQ(0, asked(p, p->low, prot->callback));
}

/* Reclaim takes pages from HIGH and from LOW. */
static inline void expect_both_lose(struct __test_metadata *_metadata,
				    struct pressure *p)
{
	struct losses lost;

	lost = fill_and_reclaim(_metadata, p, p->tb.cgroup, params.file_size);

	expect_lost(_metadata, "HIGH", &lost.high, params.file_size / 8);
	expect_lost(_metadata, "LOW", &lost.low, params.file_size / 8);
	EXPECT_EQ(0, lost.high.low);
}

/* HIGH and LOW have ops, PARENT's, that say no. */
static inline void
expect_both_lose_if_bpf_says_no(struct __test_metadata *_metadata,
				struct pressure *p, const struct protection *prot)
{
	attach(_metadata, p, p->tb.cgroup, p->high, no);
	expect_both_lose(_metadata, p);
	EXPECT_GT(asked(p, p->high, prot->callback), 0);
	EXPECT_GT(asked(p, p->low, prot->callback), 0);
}

/* HIGH and LOW have ops, PARENT's, that say yes about LOW. */
static inline void
expect_yes_protects_no_other(struct __test_metadata *_metadata,
			     struct pressure *p, const struct protection *prot)
{
	struct losses lost;

	attach(_metadata, p, p->tb.cgroup, p->low, prot->yes);
	lost = fill_and_reclaim(_metadata, p, p->tb.cgroup, params.file_size / 2);

	expect_lost(_metadata, "HIGH", &lost.high, params.file_size / 8 * 3);
	expect_kept(_metadata, "LOW", &lost.low);
	EXPECT_GT(asked(p, p->high, prot->callback), 0);
	EXPECT_GT(asked(p, p->low, prot->callback), 0);
}

/*
 * HIGH's ops, which its child inherits, say yes about HIGH only.  The child, which has all
 * the pages, loses them.
 */
static inline void
expect_yes_protects_no_descendant(struct __test_metadata *_metadata,
				  struct pressure *p, const struct protection *prot)
{
	struct pressure_counts lost;
	char child[PATH_MAX];

	ASSERT_EQ(0, cg_enable_memory(p->high));
	ASSERT_EQ(0, testbed_add_cgroup(&p->tb, child, "high/child"));
	attach(_metadata, p, p->high, p->high, prot->yes);
	fill(_metadata, p, child);

	lost = pressure_counts(child);
	EXPECT_EQ(0, pressure_reclaim(p->tb.cgroup, params.file_size / 2));
	lost = pressure_since(child, lost);
	log_losses(_metadata, p, "child", child, &lost);
	expect_lost(_metadata, "the child", &lost, params.file_size / 8 * 3);
	EXPECT_EQ(0, lost.low);
	EXPECT_GT(asked(p, p->high, prot->callback), 0);
	EXPECT_GT(asked(p, child, prot->callback), 0);

	/* the control: a yes about the child protects it */
	ASSERT_EQ(0, probe_answer(p->probe, child, prot->yes));
	fill(_metadata, p, p->low);
	lost = pressure_counts(child);
	EXPECT_EQ(0, pressure_reclaim(p->tb.cgroup, params.file_size / 4));
	lost = pressure_since(child, lost);
	log_losses(_metadata, p, "child", child, &lost);
	expect_kept(_metadata, "the child", &lost);
}

/*
 * PARENT exceeds its memory.high, because a task in LOW charges anonymous memory.  BPF says
 * yes about HIGH: the reclaim takes page cache of LOW.
 */
static inline void
expect_memory_high_asks(struct __test_metadata *_metadata, struct pressure *p,
			const struct protection *prot)
{
	struct losses lost;
	int status;

	attach(_metadata, p, p->high, p->high, prot->yes);
	fill(_metadata, p, p->high);
	fill(_metadata, p, p->low);
	ASSERT_EQ(0, cg_write(p->tb.cgroup, "memory.high", "%" PRId64,
			      cg_read_number(p->tb.cgroup, "memory.current")));

	lost = losses_begin(p);
	status = pressure_charge(p->low, params.file_size / 4);
	lost = losses_end(_metadata, p, lost);
	EXPECT_EQ(0, status)
		TH_LOG("LOW's task: %s", worker_status(status));
	EXPECT_GT(cg_read_key(p->tb.cgroup, "memory.events", "high"), 0)
		TH_LOG("memory.high of the parent was never exceeded");
	expect_kept(_metadata, "HIGH", &lost.high);
	EXPECT_GE(lost.low.stolen * sysconf(_SC_PAGESIZE),
		  (int64_t)params.file_size / 8)
		TH_LOG("LOW has lost too little");
	EXPECT_GT(asked(p, p->high, prot->callback), 0);

	/* the control: BPF says no */
	ASSERT_EQ(0, probe_answer(p->probe, p->high, no));
	ASSERT_EQ(0, pressure_drop(p, p->low));
	ASSERT_EQ(0, cg_write(p->tb.cgroup, "memory.high", "%" PRId64,
			      cg_read_number(p->tb.cgroup, "memory.current")));
	lost = losses_begin(p);
	EXPECT_EQ(0, pressure_charge(p->low, params.file_size / 4));
	lost = losses_end(_metadata, p, lost);
	EXPECT_GT(lost.high.stolen, 0)
		TH_LOG("BPF says no, and reclaim took no page of HIGH");
}

/*
 * PARENT comes to its memory.max, because a task in HIGH charges anonymous memory.  BPF says yes
 * about HIGH: the task takes page cache of LOW, and none of the cgroup that it is in.
 */
static inline void
expect_own_task_asks(struct __test_metadata *_metadata, struct pressure *p,
		     const struct protection *prot)
{
	struct losses lost;
	int64_t usage;
	int yes;

	attach(_metadata, p, p->high, p->high, prot->yes);
	fill(_metadata, p, p->high);
	for (yes = 1; yes >= 0; yes--) {
		ASSERT_EQ(0, probe_answer(p->probe, p->high, yes ? prot->yes : no));
		if (yes)
			fill(_metadata, p, p->low);
		else
			ASSERT_EQ(0, pressure_drop(p, p->low));
		usage = cg_read_number(p->tb.cgroup, "memory.current");
		ASSERT_EQ(0, cg_write(p->tb.cgroup, "memory.max", "%" PRId64, usage));

		lost = losses_begin(p);
		EXPECT_EQ(0, pressure_charge(p->high, params.file_size / 4));
		lost = losses_end(_metadata, p, lost);
		EXPECT_GT(cg_read_key(p->tb.cgroup, "memory.events", "max"), 0)
			TH_LOG("memory.max of the parent was never reached");
		if (yes) {
			EXPECT_EQ(0, lost.high.stolen)
				TH_LOG("HIGH lost pages to a task of its own, and BPF says yes");
			EXPECT_GE(lost.low.stolen * sysconf(_SC_PAGESIZE),
				  (int64_t)params.file_size / 8)
				TH_LOG("LOW has lost too little");
			EXPECT_GT(asked(p, p->high, prot->callback), 0);
		} else {
			EXPECT_GT(lost.high.stolen, 0)
				TH_LOG("BPF says no, and reclaim took no page of HIGH");
		}
		ASSERT_EQ(0, cg_write(p->tb.cgroup, "memory.max", "max"));
	}
}

/*
 * Whoever lowers a limit of PARENT below what is charged reclaims.  BPF says yes about HIGH:
 * the reclaim takes page cache of LOW.
 */
static inline void
expect_lowered_limit_asks(struct __test_metadata *_metadata, struct pressure *p,
			  const struct protection *prot)
{
	static const char * const limits[] = { "memory.max", "memory.high" };
	struct losses lost;
	size_t i;

	attach(_metadata, p, p->high, p->high, prot->yes);
	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		ASSERT_EQ(0, probe_answer(p->probe, p->high, prot->yes));
		fill(_metadata, p, p->high);
		fill(_metadata, p, p->low);
		lost = losses_begin(p);
		ASSERT_EQ(0, cg_write(p->tb.cgroup, limits[i], "%" PRId64,
				      cg_read_number(p->tb.cgroup, "memory.current") -
				      (int64_t)params.file_size / 2));
		lost = losses_end(_metadata, p, lost);
		TH_LOG("%s of the parent was lowered, and BPF says yes about HIGH",
		       limits[i]);
		expect_kept(_metadata, "HIGH", &lost.high);
		expect_lost(_metadata, "LOW", &lost.low, params.file_size / 8 * 3);

		/* the control: BPF says no */
		ASSERT_EQ(0, probe_answer(p->probe, p->high, no));
		ASSERT_EQ(0, pressure_drop(p, p->low));
		lost = losses_begin(p);
		ASSERT_EQ(0, cg_write(p->tb.cgroup, limits[i], "%" PRId64,
				      cg_read_number(p->tb.cgroup, "memory.current") -
				      (int64_t)params.file_size / 4));
		lost = losses_end(_metadata, p, lost);
		expect_lost(_metadata, "HIGH (no)", &lost.high, params.file_size / 16 * 3);
		ASSERT_EQ(0, cg_write(p->tb.cgroup, limits[i], "max"));
	}
}

/*
 * HIGH has a memory.low or memory.min that covers an eighth of its pages, and ops that say
 * yes: it keeps all of them.
 */
static inline void
expect_yes_exceeds_the_setting(struct __test_metadata *_metadata, struct pressure *p,
			       const struct protection *prot)
{
	struct losses lost;

	attach(_metadata, p, p->high, p->high, prot->yes);
	ASSERT_EQ(0, cg_write(p->high, prot->file, "%" PRIu64, params.file_size / 8));
	lost = fill_and_reclaim(_metadata, p, p->tb.cgroup, params.file_size / 2);
	expect_kept(_metadata, "HIGH", &lost.high);
	expect_lost(_metadata, "LOW", &lost.low, params.file_size / 8 * 3);
	EXPECT_EQ(0, lost.high.low);
	EXPECT_GT(asked(p, p->high, prot->callback), 0);

	/* the control: BPF says no, and the setting covers too little */
	ASSERT_EQ(0, probe_answer(p->probe, p->high, no));
	ASSERT_EQ(0, pressure_drop(p, p->low));
	lost = losses_begin(p);
	EXPECT_EQ(0, pressure_reclaim(p->tb.cgroup, params.file_size / 4));
	lost = losses_end(_metadata, p, lost);
	expect_lost(_metadata, "HIGH (no)", &lost.high, params.file_size / 16 * 3);
}

/* What a worker in HIGH holds of anonymous memory, or as slab memory. */
#define PROTECTED_SIZE	SCALED(16 * MiB)

/* HIGH's worker holds anonymous memory, and there is swap.  BPF says yes, then no. */
static inline void
expect_anonymous_memory_is_kept(struct __test_metadata *_metadata, struct pressure *p,
				const struct protection *prot)
{
	struct losses lost;
	pid_t worker;

	SKIP_IF(pressure_swap(p, 4 * PROTECTED_SIZE));
	attach(_metadata, p, p->high, p->high, prot->yes);
	worker = workload_hold(p->high, PROTECTED_SIZE);
	ASSERT_GT(worker, 0);
	fill(_metadata, p, p->low);

	lost = losses_begin(p);
	EXPECT_EQ(0, pressure_reclaim(p->tb.cgroup, params.file_size / 2));
	lost = losses_end(_metadata, p, lost);
	expect_kept(_metadata, "HIGH", &lost.high);
	EXPECT_EQ(0, cg_read_number(p->high, "memory.swap.current"))
		TH_LOG("anonymous memory of HIGH was swapped out");
	expect_lost(_metadata, "LOW", &lost.low, params.file_size / 8 * 3);

	/* the control: BPF says no */
	ASSERT_EQ(0, probe_answer(p->probe, p->high, no));
	ASSERT_EQ(0, pressure_drop(p, p->low));
	pressure_reclaim(p->tb.cgroup, PROTECTED_SIZE / 2);
	EXPECT_GT(cg_read_number(p->high, "memory.swap.current"), 0)
		TH_LOG("BPF says no, and nothing of HIGH was swapped out");
	ASSERT_EQ(0, worker_kill(worker));
}

/* Look for files that do not exist: the kernel remembers each name, in slab memory. */
static inline int look_for_files(void *dir)
{
	char path[PATH_MAX];
	int i;

	for (i = 0; i < 40000; i++) {
		snprintf(path, sizeof(path), "%.3900s/none-%d", (const char *)dir, i);
		if (!access(path, F_OK))
			return 1;
	}
	return 0;
}

static inline int64_t slab_of(const char *cgroup)
{
	return cg_read_key(cgroup, "memory.stat", "slab_reclaimable");
}

/* Milliseconds without a change after which a counter is taken as final. */
#define SLAB_QUIET_MS	3000

/* The same once it does not change any more: RCU frees some time after the reclaim. */
static inline int64_t slab_of_at_last(const char *cgroup)
{
	int64_t slab = slab_of(cgroup), before;
	int ms, quiet_ms = 0;

	for (ms = 0; ms < STEP_TIMEOUT_MS / 4 && quiet_ms < SLAB_QUIET_MS; ms += 100) {
		before = slab;
		usleep(100000);
		slab = slab_of(cgroup);
		quiet_ms = slab == before ? quiet_ms + 100 : 0;
	}
	return slab;
}

/* HIGH has slab memory that can be reclaimed.  BPF says yes, then no. */
static inline void
expect_slab_is_kept(struct __test_metadata *_metadata, struct pressure *p,
		    const struct protection *prot)
{
	int64_t before = slab_of(p->high), slab, kept, left;
	struct losses lost;

	attach(_metadata, p, p->high, p->high, prot->yes);
	ASSERT_EQ(0, worker_run(p->high, look_for_files, p->tb.dir, STEP_TIMEOUT_MS));
	slab = slab_of_at_last(p->high);
	if (before < 0 || slab - before < MiB)
		SKIP(return, "the names of files are not charged: boot without cgroup.memory=nokmem, and take a SCRATCH_DIR on ext4");
	fill(_metadata, p, p->low);

	lost = losses_begin(p);
	EXPECT_EQ(0, pressure_reclaim(p->tb.cgroup, params.file_size / 4 * 3));
	lost = losses_end(_metadata, p, lost);
	kept = slab_of_at_last(p->high);
	TH_LOG("slab memory of HIGH: %" PRId64 " bytes, then %" PRId64, slab, kept);
	EXPECT_GE(kept, slab - slab / 16)
		TH_LOG("reclaim took slab memory of HIGH");
	expect_lost(_metadata, "LOW", &lost.low, params.file_size / 2);

	/* the control: BPF says no */
	ASSERT_EQ(0, probe_answer(p->probe, p->high, no));
	fill(_metadata, p, p->low);
	pressure_reclaim(p->tb.cgroup, params.file_size / 4 * 3);
	left = slab_of_at_last(p->high);
	TH_LOG("slab memory of HIGH: %" PRId64 " bytes when BPF says no", left);
	EXPECT_LT(left, kept - kept / 16)
		TH_LOG("BPF says no, and no slab memory of HIGH was reclaimed");
}

/* What the child of HIGH loses when half a file is reclaimed from the target, which is above it. */
static inline struct pressure_counts
child_losses(struct __test_metadata *_metadata, struct pressure *p, const char *child,
	     const char *target)
{
	struct pressure_counts before = pressure_counts(child), lost;

	EXPECT_EQ(0, pressure_reclaim(target, params.file_size / 2));
	lost = pressure_since(child, before);
	log_losses(_metadata, p, "child", child, &lost);
	return lost;
}

/*
 * HIGH has ops that say yes about its child, which has all the pages.  Whatever
 * is the target above the child, the child is not.
 */
static inline void
expect_descendant_keeps_its_pages(struct __test_metadata *_metadata,
				  struct pressure *p,
				  const struct protection *prot)
{
	struct pressure_counts lost;
	char child[PATH_MAX];

	ASSERT_EQ(0, cg_enable_memory(p->high));
	ASSERT_EQ(0, testbed_add_cgroup(&p->tb, child, "high/child"));
	attach(_metadata, p, p->high, child, prot->yes);
	fill(_metadata, p, child);
	fill(_metadata, p, p->low);

	lost = child_losses(_metadata, p, child, p->tb.cgroup);
	expect_kept(_metadata, "the child", &lost);
	EXPECT_EQ(0, lost.low);
	EXPECT_GT(asked(p, child, prot->callback), 0);

	/* the control: without BPF the same takes the child's pages */
	close(p->link);
	p->link = -1;
	ASSERT_EQ(0, pressure_drop(p, p->low));
	lost = child_losses(_metadata, p, child, p->high);
	expect_lost(_metadata, "the child", &lost, params.file_size / 8 * 3);
}

/*
 * HIGH's child has ops that say yes, then no.  HIGH has none, and no setting: unlike memory.low
 * and memory.min, a yes is worth something without protection of the parent.
 */
static inline void
expect_descendant_needs_no_parent(struct __test_metadata *_metadata, struct pressure *p,
				  const struct protection *prot)
{
	struct pressure_counts lost;
	char child[PATH_MAX];

	ASSERT_EQ(0, cg_enable_memory(p->high));
	ASSERT_EQ(0, testbed_add_cgroup(&p->tb, child, "high/child"));
	attach(_metadata, p, child, child, prot->yes);
	fill(_metadata, p, child);
	fill(_metadata, p, p->low);

	lost = child_losses(_metadata, p, child, p->tb.cgroup);
	expect_kept(_metadata, "the child", &lost);
	EXPECT_GT(asked(p, child, prot->callback), 0);

	/* the control: BPF says no */
	ASSERT_EQ(0, probe_answer(p->probe, child, no));
	ASSERT_EQ(0, pressure_drop(p, p->low));
	lost = child_losses(_metadata, p, child, p->tb.cgroup);
	expect_lost(_metadata, "the child", &lost, params.file_size / 8 * 3);
}

/* HIGH has ops that say yes, and is the target, by its memory.reclaim. */
static inline void
expect_memory_reclaim_is_not_hindered(struct __test_metadata *_metadata,
				      struct pressure *p,
				      const struct protection *prot)
{
	struct losses lost;

	attach(_metadata, p, p->high, p->high, prot->yes);
	lost = fill_and_reclaim(_metadata, p, p->high, params.file_size / 2);

	expect_lost(_metadata, "HIGH", &lost.high, params.file_size / 8 * 3);
	expect_kept(_metadata, "LOW", &lost.low);
	EXPECT_EQ(0, lost.high.low)
		TH_LOG("reclaim broke HIGH's protection: memory.events has low");
}

/* HIGH has ops that say yes, and is the target, by its memory.max. */
static inline void
expect_memory_max_is_not_hindered(struct __test_metadata *_metadata,
				  struct pressure *p,
				  const struct protection *prot)
{
	struct losses lost;

	attach(_metadata, p, p->high, p->high, prot->yes);
	fill(_metadata, p, p->high);
	lost = losses_begin(p);
	ASSERT_EQ(0, cg_write(p->high, "memory.max", "%" PRIu64,
			      params.file_size / 2));
	lost = losses_end(_metadata, p, lost);

	expect_lost(_metadata, "HIGH", &lost.high, params.file_size / 8 * 3);
	EXPECT_EQ(0, lost.high.low)
		TH_LOG("reclaim broke HIGH's protection: memory.events has low");
}

/*
 * HIGH has ops that say yes, then no, then yes.  After each answer PARENT is reclaimed
 * from.  HIGH loses pages only after the no.
 */
static inline void
expect_each_answer_counts(struct __test_metadata *_metadata, struct pressure *p,
			  const struct protection *prot)
{
	struct losses lost;

	attach(_metadata, p, p->high, p->high, prot->yes);
	lost = fill_and_reclaim(_metadata, p, p->tb.cgroup, params.file_size / 4);
	expect_kept(_metadata, "HIGH (yes)", &lost.high);
	expect_lost(_metadata, "LOW", &lost.low, params.file_size / 16 * 3);

	ASSERT_EQ(0, probe_answer(p->probe, p->high, no));
	lost = losses_begin(p);
	EXPECT_EQ(0, pressure_reclaim(p->tb.cgroup, params.file_size / 2));
	lost = losses_end(_metadata, p, lost);
	expect_lost(_metadata, "HIGH (no)", &lost.high, params.file_size / 16);

	ASSERT_EQ(0, probe_answer(p->probe, p->high, prot->yes));
	lost = losses_begin(p);
	EXPECT_EQ(0, pressure_reclaim(p->tb.cgroup, params.file_size / 8));
	lost = losses_end(_metadata, p, lost);
	expect_kept(_metadata, "HIGH (yes again)", &lost.high);
}

/* HIGH and LOW compete without ops.  HIGH loses pages. */
static inline void expect_high_lost(struct __test_metadata *_metadata,
				    struct pressure *p)
{
	struct contest c = contest(_metadata, p, NULL);

	EXPECT_GE(c.high.stolen * sysconf(_SC_PAGESIZE),
		  (int64_t)params.file_size / 8)
		TH_LOG("HIGH has lost too little");
}

#endif /* __PROG_TESTS_PROTECTION_PROTECTION_H */
