// SPDX-License-Identifier: GPL-2.0
/*
 * handle_cgroup_online and handle_cgroup_offline: called once for each cgroup
 * that comes or goes and has the ops, with its memcg, and at no other time.
 *
 *   memcg_bpf.online_offline.<pid>	no ops
 *   `-- top				ops: A, B and C, as each test draws
 *
 * In the drawings "A" means attached with flags 0, "A+" with
 * BPF_F_ALLOW_OVERRIDE.  The probe counts the calls for each cgroup id and in
 * all, so that a call for a wrong cgroup is seen, too.
 */
#include <inttypes.h>

#include "attach.h"
#include "ops_tree/ops_tree_harness.h"
#include "revision.h"

#include "online_ops.skel.h"

#define ALLOW BPF_F_ALLOW_OVERRIDE

FIXTURE(online_offline)
{
	struct ops_tree tree;
};

FIXTURE_SETUP(online_offline)
{
	REQUIRE_OPS(CAN_ONLINE | CAN_OFFLINE | CAN_DELAY);
	ASSERT_EQ(0, ops_tree_create(&self->tree, "online_offline"));
}

FIXTURE_TEARDOWN(online_offline)
{
	EXPECT_EQ(0, ops_tree_destroy(&self->tree));
}

static uint64_t total(struct ops_tree *tree, char ops,
		      enum probe_callback callback)
{
	return probe_total(tree->probes[ops - 'A'], callback);
}

/*
 * Wait until the kernel is done with the cgroups that were removed.  It calls
 * handle_cgroup_offline some time after rmdir(), but before it has freed the memcg
 * and ceases to count the cgroup as dying: after that nothing can come any more.
 *
 * Should something keep a removed cgroup from being freed, then go on when @ops
 * has had @offline calls in all and could have had some that are too many.
 */
#define SETTLE_MS 5000

static void settle(struct ops_tree *tree, char ops, uint64_t offline)
{
	unsigned int ms;

	for (ms = 0; ms < STEP_TIMEOUT_MS; ms++) {
		if (!cg_read_key(tree->tb.cgroup, "cgroup.stat",
				 "nr_dying_descendants"))
			break;
		if (ms >= SETTLE_MS &&
		    (ops == '-' || total(tree, ops, PROBE_OFFLINE) >= offline))
			break;
		usleep(1000);
	}
}

/*
 * The calls of @ops since it was loaded are @online and @offline, in all.  What is
 * expected of a single cgroup is in expect_calls_for().
 */
static void expect_totals(struct __test_metadata *_metadata,
			  struct ops_tree *tree, const char *when, char ops,
			  uint64_t online, uint64_t offline)
{
	EXPECT_EQ(online, total(tree, ops, PROBE_ONLINE))
		TH_LOG("%s: handle_cgroup_online of %c: %" PRIu64 " calls in all, want %" PRIu64,
		       when, ops, total(tree, ops, PROBE_ONLINE), online);
	EXPECT_EQ(offline, total(tree, ops, PROBE_OFFLINE))
		TH_LOG("%s: handle_cgroup_offline of %c: %" PRIu64 " calls in all, want %" PRIu64,
		       when, ops, total(tree, ops, PROBE_OFFLINE), offline);
}

static void expect_calls_for(struct __test_metadata *_metadata,
			     struct ops_tree *tree, const char *name,
			     uint64_t id, char ops, uint64_t online,
			     uint64_t offline)
{
	struct probe_stats stats = probe_stats(tree->probes[ops - 'A'], id);

	EXPECT_EQ(online, stats.calls[PROBE_ONLINE])
		TH_LOG("handle_cgroup_online of %c: %llu calls for %s, want %" PRIu64,
		       ops, stats.calls[PROBE_ONLINE], name, online);
	EXPECT_EQ(offline, stats.calls[PROBE_OFFLINE])
		TH_LOG("handle_cgroup_offline of %c: %llu calls for %s, want %" PRIu64,
		       ops, stats.calls[PROBE_OFFLINE], name, offline);
}

/* Make @name.  Only @ops is called, once, for @name; '-': no ops are called. */
static uint64_t expect_online(struct __test_metadata *_metadata,
			      struct ops_tree *tree, const char *name, char ops)
{
	uint64_t online[OPS_NR], offline[OPS_NR], id;
	int i, ret;

	for (i = 0; i < OPS_NR; i++) {
		if (!tree->probes[i])
			continue;
		online[i] = total(tree, 'A' + i, PROBE_ONLINE);
		offline[i] = total(tree, 'A' + i, PROBE_OFFLINE);
	}

	ret = ops_tree_add(tree, name);
	EXPECT_EQ(0, ret)
		TH_LOG("create %s: %s", name, strerror(-ret));
	id = ops_tree_id(tree, name);

	for (i = 0; i < OPS_NR; i++) {
		bool called = ops == 'A' + i;
		char when[PATH_MAX];

		if (!tree->probes[i])
			continue;
		snprintf(when, sizeof(when), "%s made", name);
		expect_calls_for(_metadata, tree, name, id, 'A' + i, called, 0);
		expect_totals(_metadata, tree, when, 'A' + i,
			      online[i] + called, offline[i]);
	}
	return id;
}

/* Remove @name.  Only @ops is called, once, for @name; '-': no ops are called. */
static void expect_offline(struct __test_metadata *_metadata,
			   struct ops_tree *tree, const char *name, char ops)
{
	uint64_t online[OPS_NR], offline[OPS_NR], id = ops_tree_id(tree, name);
	struct probe_stats before[OPS_NR];
	int i, ret;

	for (i = 0; i < OPS_NR; i++) {
		if (!tree->probes[i])
			continue;
		before[i] = probe_stats(tree->probes[i], id);
		online[i] = total(tree, 'A' + i, PROBE_ONLINE);
		offline[i] = total(tree, 'A' + i, PROBE_OFFLINE);
	}

	ret = ops_tree_remove(tree, name);
	EXPECT_EQ(0, ret)
		TH_LOG("remove %s: %s", name, strerror(-ret));
	settle(tree, ops, ops == '-' ? 0 : offline[ops - 'A'] + 1);

	for (i = 0; i < OPS_NR; i++) {
		bool called = ops == 'A' + i;
		char when[PATH_MAX];

		if (!tree->probes[i])
			continue;
		snprintf(when, sizeof(when), "%s removed", name);
		expect_calls_for(_metadata, tree, name, id, 'A' + i,
				 before[i].calls[PROBE_ONLINE],
				 before[i].calls[PROBE_OFFLINE] + called);
		expect_totals(_metadata, tree, when, 'A' + i, online[i],
			      offline[i] + called);
	}
}

/*
 * One online for a new child, one offline when it is removed, none for attach and
 * detach, and none for a cgroup that does not have the ops:
 *
 *   .				no ops
 *   |-- elsewhere		B
 *   |-- other			no ops
 *   |   `-- new
 *   `-- top			A
 *       |-- old		made before the attach: offline only
 *       |-- new
 *       `-- late		made before the detach, and removed after it
 */
TEST_F_TIMEOUT(online_offline, once_for_each_child, 120)
{
	struct ops_tree *tree = &self->tree;

	grow(_metadata, tree, "top/old other elsewhere");
	/* B keeps the kernel's hooks enabled when A is detached. */
	attach(_metadata, tree, 'B', "elsewhere", 0);
	attach(_metadata, tree, 'A', "top", 0);
	expect_totals(_metadata, tree, "attach", 'A', 0, 0);

	expect_online(_metadata, tree, "top/new", 'A');
	expect_online(_metadata, tree, "other/new", '-');
	expect_online(_metadata, tree, "elsewhere/new", 'B');
	expect_offline(_metadata, tree, "top/new", 'A');
	expect_offline(_metadata, tree, "other/new", '-');
	expect_offline(_metadata, tree, "elsewhere/new", 'B');
	expect_offline(_metadata, tree, "top/old", 'A');

	/* A cgroup of the same name is another one. */
	expect_online(_metadata, tree, "top/new", 'A');
	expect_offline(_metadata, tree, "top/new", 'A');

	expect_online(_metadata, tree, "top/late", 'A');
	ops_tree_detach(tree, 'A');
	expect_totals(_metadata, tree, "detach", 'A', 3, 3);
	expect_offline(_metadata, tree, "top/late", '-');
	expect_online(_metadata, tree, "top/new", '-');
	expect_offline(_metadata, tree, "top/new", '-');
	expect_offline(_metadata, tree, "top", '-');
	expect_totals(_metadata, tree, "at the end", 'B', 1, 1);
}

/*
 * handle_cgroup_online finds the ops already in the memcg that it is given:
 *
 *   top			has the ops, which look
 *   `-- child		is made
 */
TEST_F_TIMEOUT(online_offline, memcg_has_the_ops_when_it_is_called, 120)
{
	struct online_ops *skel = online_ops__open();
	char path[PATH_MAX];
	int link;

	ASSERT_NE(NULL, skel);
	ASSERT_EQ(0, revision_load(skel->skeleton));
	grow(_metadata, &self->tree, "top");
	link = memcg_bpf_attach_path(skel->maps.online_ops,
				     ops_tree_path(&self->tree, path, "top"), 0);
	ASSERT_ATTACHED(link);
	grow(_metadata, &self->tree, "top/child");
	EXPECT_EQ(1, skel->bss->calls);
	if (skel->bss->can_see) {
		EXPECT_EQ(1, skel->bss->found)
			TH_LOG("the memcg of child did not have the ops of top");
	}
	close(link);
	prune(_metadata, &self->tree, "top");
	if (!skel->bss->can_see)
		SKIP(return, "no member bpf_ops in struct mem_cgroup: nobody can see the ops of a memcg");
}

/*
 * Nested, made from above and removed from below, each with its own memcg:
 *
 *   top			A
 *   |-- old
 *   |   `-- new
 *   |       `-- new
 *   `-- new
 *       `-- new
 *           `-- new
 */
TEST_F_TIMEOUT(online_offline, nested, 120)
{
	static const char *const names[] = {
		"top/old/new", "top/new", "top/new/new", "top/new/new/new",
		"top/old/new/new",
	};
	struct ops_tree *tree = &self->tree;
	size_t i;

	grow(_metadata, tree, "top/old");
	attach(_metadata, tree, 'A', "top", 0);
	for (i = 0; i < ARRAY_SIZE(names); i++)
		expect_online(_metadata, tree, names[i], 'A');
	expect_offline(_metadata, tree, "top/old/new/new", 'A');
	expect_offline(_metadata, tree, "top/new/new/new", 'A');
	expect_offline(_metadata, tree, "top/new/new", 'A');
	expect_offline(_metadata, tree, "top/old/new", 'A');
	expect_offline(_metadata, tree, "top/old", 'A');
	expect_offline(_metadata, tree, "top/new", 'A');
	expect_totals(_metadata, tree, "at the end", 'A', 5, 6);
}

/*
 * A cgroup is removed while its link is open.  Closing the link later changes nothing, in
 * particular for a new cgroup of the same name:
 *
 *   top			no ops
 *   `-- attached		A
 */
TEST_F_TIMEOUT(online_offline, attached_cgroup_removed, 120)
{
	struct ops_tree *tree = &self->tree;

	grow(_metadata, tree, "top/attached elsewhere");
	attach(_metadata, tree, 'B', "elsewhere", 0);
	attach(_metadata, tree, 'A', "top/attached", 0);
	expect_offline(_metadata, tree, "top/attached", 'A');

	/* The old link does not belong to the new cgroup. */
	expect_online(_metadata, tree, "top/attached", '-');
	expect_offline(_metadata, tree, "top/attached", '-');
	expect_online(_metadata, tree, "top/attached", '-');
	ops_tree_detach(tree, 'A');
	expect_offline(_metadata, tree, "top/attached", '-');
	expect_totals(_metadata, tree, "at the end", 'A', 0, 1);
}

/*
 * As attached_cgroup_removed, below a parent with ops, which the new cgroup inherits:
 *
 *   top			A+
 *   `-- attached		B; removed, and made anew
 */
TEST_F_TIMEOUT(online_offline, attached_cgroup_removed_below_other_ops, 120)
{
	struct ops_tree *tree = &self->tree;

	grow(_metadata, tree, "top/attached");
	attach(_metadata, tree, 'A', "top", ALLOW);
	attach(_metadata, tree, 'B', "top/attached", 0);
	expect_offline(_metadata, tree, "top/attached", 'B');

	expect_online(_metadata, tree, "top/attached", 'A');
	expect_offline(_metadata, tree, "top/attached", 'A');
	expect_online(_metadata, tree, "top/attached", 'A');
	ops_tree_detach(tree, 'B');
	expect_offline(_metadata, tree, "top/attached", 'A');
}

/*
 * While B overrides A, the kernel calls B for cgroups in the inner subtree, and A for the
 * others.  After B is detached it calls A for all, those made under B included:
 *
 *   top			A+
 *   |-- new, new2
 *   `-- inner			B
 *       |-- old
 *       |-- new, new2, new3
 *       `-- deep
 *           `-- new, new2
 */
TEST_F_TIMEOUT(online_offline, override, 120)
{
	struct ops_tree *tree = &self->tree;

	grow(_metadata, tree, "top/inner/old top/inner/deep elsewhere");
	attach(_metadata, tree, 'C', "elsewhere", 0);
	attach(_metadata, tree, 'A', "top", ALLOW);
	attach(_metadata, tree, 'B', "top/inner", 0);
	expect_totals(_metadata, tree, "override", 'A', 0, 0);
	expect_totals(_metadata, tree, "override", 'B', 0, 0);

	expect_online(_metadata, tree, "top/inner/new", 'B');
	expect_online(_metadata, tree, "top/inner/new2", 'B');
	expect_online(_metadata, tree, "top/inner/deep/new", 'B');
	expect_online(_metadata, tree, "top/inner/deep/new2", 'B');
	expect_online(_metadata, tree, "top/new", 'A');
	expect_online(_metadata, tree, "top/new2", 'A');
	expect_offline(_metadata, tree, "top/new", 'A');
	expect_offline(_metadata, tree, "top/inner/old", 'B');
	expect_offline(_metadata, tree, "top/inner/new", 'B');
	expect_offline(_metadata, tree, "top/inner/deep/new", 'B');

	ops_tree_detach(tree, 'B');
	expect_totals(_metadata, tree, "detach of the inner ops", 'A', 2, 1);
	expect_totals(_metadata, tree, "detach of the inner ops", 'B', 4, 3);
	expect_online(_metadata, tree, "top/inner/new3", 'A');
	expect_offline(_metadata, tree, "top/inner/new2", 'A');
	expect_offline(_metadata, tree, "top/inner/deep/new2", 'A');
	expect_offline(_metadata, tree, "top/inner/deep", 'A');
	expect_offline(_metadata, tree, "top/inner/new3", 'A');
	expect_offline(_metadata, tree, "top/inner", 'A');
	expect_offline(_metadata, tree, "top/new2", 'A');
}

/*
 * The same, with the outer link closed first: the inner ops stay, the outer ones
 * are not called any more.
 *
 *   top			A+, detached
 *   |-- new
 *   `-- inner			B
 *       `-- new
 */
TEST_F_TIMEOUT(online_offline, outer_detached_first, 120)
{
	struct ops_tree *tree = &self->tree;

	grow(_metadata, tree, "top/inner");
	attach(_metadata, tree, 'A', "top", ALLOW);
	attach(_metadata, tree, 'B', "top/inner", 0);
	expect_online(_metadata, tree, "top/new", 'A');

	ops_tree_detach(tree, 'A');
	expect_offline(_metadata, tree, "top/new", '-');
	expect_online(_metadata, tree, "top/inner/new", 'B');
	expect_offline(_metadata, tree, "top/inner/new", 'B');
	expect_offline(_metadata, tree, "top/inner", 'B');
	expect_offline(_metadata, tree, "top", '-');
}

/*
 * Nothing is called for an attach that is refused, a cgroup that cannot be made,
 * or one that cannot be removed:
 *
 *   top			A+; B: refused; cgroup.max.descendants = 3
 *   `-- child			C; B: refused
 *       |-- leaf
 *       `-- last
 */
TEST_F_TIMEOUT(online_offline, nothing_for_what_did_not_happen, 120)
{
	struct ops_tree *tree = &self->tree;
	char path[PATH_MAX];

	grow(_metadata, tree, "top/child");
	attach(_metadata, tree, 'A', "top", ALLOW);
	attach(_metadata, tree, 'C', "top/child", 0);
	ASSERT_NE(0, ops_tree_attach(tree, 'B', "top", 0));
	ASSERT_NE(0, ops_tree_attach(tree, 'B', "top/child", 0));
	expect_totals(_metadata, tree, "refused attach", 'A', 0, 0);
	expect_totals(_metadata, tree, "refused attach", 'B', 0, 0);
	expect_totals(_metadata, tree, "refused attach", 'C', 0, 0);

	expect_online(_metadata, tree, "top/child/leaf", 'C');
	expect_online(_metadata, tree, "top/child/last", 'C');
	ASSERT_EQ(0, cg_write(ops_tree_path(tree, path, "top"),
			      "cgroup.max.descendants", "3"));
	EXPECT_EQ(-EAGAIN, ops_tree_add(tree, "top/more"));
	EXPECT_EQ(-EAGAIN, ops_tree_add(tree, "top/child/more"));
	EXPECT_EQ(-EEXIST, ops_tree_add(tree, "top/child"));
	EXPECT_EQ(-EBUSY, ops_tree_remove(tree, "top/child"));
	settle(tree, '-', 0);
	expect_totals(_metadata, tree, "refused mkdir and rmdir", 'A', 0, 0);
	expect_totals(_metadata, tree, "refused mkdir and rmdir", 'C', 2, 0);
	/* The control: calls for what does happen are counted. */
	expect_offline(_metadata, tree, "top/child/last", 'C');
	expect_online(_metadata, tree, "top/more", 'A');
}

/*
 * A memcg comes and goes with the memory controller, too:
 *
 *   top			A
 *   `-- child			memory controller: off, on, off, on
 */
TEST_F_TIMEOUT(online_offline, memory_controller_enabled_later, 120)
{
	struct ops_tree *tree = &self->tree;
	char top[PATH_MAX], child[PATH_MAX];
	unsigned int i;
	uint64_t id;

	grow(_metadata, tree, "top");
	ops_tree_path(tree, top, "top");
	ops_tree_path(tree, child, "top/child");
	attach(_metadata, tree, 'A', "top", 0);

	ASSERT_EQ(0, cg_create(child));
	id = cg_id(child);
	expect_totals(_metadata, tree, "child made without memcg", 'A', 0, 0);

	for (i = 1; i <= 2; i++) {
		/* This waits until the memcg of the last time is offline. */
		ASSERT_EQ(0, cg_enable_memory(top));
		expect_calls_for(_metadata, tree, "top/child", id, 'A', i, i - 1);
		expect_totals(_metadata, tree, "controller on", 'A', i, i - 1);
		ASSERT_EQ(0, cg_write(top, "cgroup.subtree_control", "-memory"));
	}

	ASSERT_EQ(0, rmdir(child));
	settle(tree, 'A', 2);
	expect_calls_for(_metadata, tree, "top/child", id, 'A', 2, 2);
	expect_totals(_metadata, tree, "child removed without memcg", 'A', 2, 2);
}

/*
 * Ops that have only one of the two callbacks, or neither: the kernel calls that one only:
 *
 *   top			A
 *   `-- new
 */
static void expect_only(struct __test_metadata *_metadata,
			struct ops_tree *tree, unsigned int callbacks)
{
	bool online = callbacks & 1 << PROBE_ONLINE;
	bool offline = callbacks & 1 << PROBE_OFFLINE;
	uint64_t id;

	tree->probes[0] = probe_load_only(callbacks);
	ASSERT_NE(NULL, tree->probes[0])
		TH_LOG("load: %s", strerror(errno));
	grow(_metadata, tree, "top");
	attach(_metadata, tree, 'A', "top", 0);

	grow(_metadata, tree, "top/new");
	id = ops_tree_id(tree, "top/new");
	expect_totals(_metadata, tree, "top/new made", 'A', online, 0);
	ASSERT_EQ(0, ops_tree_remove(tree, "top/new"));
	settle(tree, 'A', offline);
	expect_calls_for(_metadata, tree, "top/new", id, 'A', online, offline);
	expect_totals(_metadata, tree, "top/new removed", 'A', online, offline);
}

TEST_F_TIMEOUT(online_offline, online_only, 120)
{
	expect_only(_metadata, &self->tree, 1 << PROBE_ONLINE);
}

TEST_F_TIMEOUT(online_offline, offline_only, 120)
{
	expect_only(_metadata, &self->tree, 1 << PROBE_OFFLINE);
}

TEST_F_TIMEOUT(online_offline, neither, 120)
{
	expect_only(_metadata, &self->tree, 1 << PROBE_DELAY);
	/* The ops are attached: another attach fails. */
	EXPECT_NE(0, ops_tree_attach(&self->tree, 'B', "top", 0));
}

/*
 * With 1000 children the kernel makes each call exactly once:
 *
 *   top			A
 *   |-- 0
 *   ...
 *   `-- 999
 */
TEST_F_TIMEOUT(online_offline, children_1000, 120)
{
	enum { CHILDREN = 1000 };
	struct ops_tree *tree = &self->tree;
	uint64_t ids[CHILDREN];
	char name[32];
	int i;

	grow(_metadata, tree, "top");
	attach(_metadata, tree, 'A', "top", 0);
	for (i = 0; i < CHILDREN; i++) {
		snprintf(name, sizeof(name), "top/%d", i);
		ASSERT_EQ(0, ops_tree_add(tree, name));
		ids[i] = ops_tree_id(tree, name);
	}
	expect_totals(_metadata, tree, "all made", 'A', CHILDREN, 0);

	for (i = 0; i < CHILDREN; i++) {
		snprintf(name, sizeof(name), "top/%d", i);
		ASSERT_EQ(0, ops_tree_remove(tree, name));
	}
	settle(tree, 'A', CHILDREN);
	expect_totals(_metadata, tree, "all removed", 'A', CHILDREN, CHILDREN);
	for (i = 0; i < CHILDREN; i++) {
		snprintf(name, sizeof(name), "top/%d", i);
		expect_calls_for(_metadata, tree, name, ids[i], 'A', 1, 1);
	}
}

MEMCG_BPF_HARNESS_MAIN
