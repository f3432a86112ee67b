/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What below_low and below_min promise alike.  Both have the tree of
 * prog_tests/protection/pressure.h, with FILE_SIZE of page cache in HIGH and in LOW.
 */
#ifndef __PROG_TESTS_PROTECTION_PROTECTION_H
#define __PROG_TESTS_PROTECTION_PROTECTION_H

#include "pressure_harness.h"

/* below_low or below_min: the callback, and its answer yes */
struct protection {
	enum probe_callback callback;
	struct probe_answer yes;
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
 * HIGH has ops that say yes about its child, which has all the pages.  Whatever
 * is the target above the child, the child is not.
 */
static inline void
expect_descendant_keeps_its_pages(struct __test_metadata *_metadata,
				  struct pressure *p,
				  const struct protection *prot)
{
	struct pressure_counts before, lost;
	char child[PATH_MAX];

	ASSERT_EQ(0, cg_enable_memory(p->high));
	ASSERT_EQ(0, testbed_add_cgroup(&p->tb, child, "high/child"));
	attach(_metadata, p, p->high, child, prot->yes);
	fill(_metadata, p, child);
	fill(_metadata, p, p->low);

	before = pressure_counts(child);
	EXPECT_EQ(0, pressure_reclaim(p->tb.cgroup, params.file_size / 2));
	lost = pressure_since(child, before);
	log_losses(_metadata, p, "child", child, &lost);
	expect_kept(_metadata, "the child", &lost);
	EXPECT_EQ(0, lost.low);
	EXPECT_GT(asked(p, child, prot->callback), 0);

	/* the control: without BPF the same takes the child's pages */
	close(p->link);
	p->link = -1;
	ASSERT_EQ(0, pressure_drop(p, p->low));
	before = pressure_counts(child);
	EXPECT_EQ(0, pressure_reclaim(p->high, params.file_size / 2));
	lost = pressure_since(child, before);
	log_losses(_metadata, p, "child", child, &lost);
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
