// SPDX-License-Identifier: GPL-2.0
/*
 * Detaching one of several ops in a hierarchy: who has whose ops and flags then.
 *
 *   memcg_bpf.detach.<pid>	no ops
 *   `-- top			ops: A, B and C, as each test draws
 *
 * In the drawings "A" means attached with flags 0, "A+" with BPF_F_ALLOW_OVERRIDE.
 */
#include "ops_tree/ops_tree_harness.h"

#define ALLOW BPF_F_ALLOW_OVERRIDE

FIXTURE(detach)
{
	struct ops_tree tree;
};

FIXTURE_SETUP(detach)
{
	REQUIRE_OPS(CAN_DELAY | CAN_ONLINE);
	ASSERT_EQ(0, ops_tree_create(&self->tree, "detach"));
	grow(_metadata, &self->tree, "elsewhere");
	attach(_metadata, &self->tree, 'D', "elsewhere", 0);
}

FIXTURE_TEARDOWN(detach)
{
	if (self->tree.probes['D' - 'A'])
		expect_ops(_metadata, &self->tree, "at the end",
			   "elsewhere:D .:-");
	EXPECT_EQ(0, ops_tree_destroy(&self->tree));
}

/*
 * Detaching gives the flags of the parent back with its ops:
 *
 *   top			A+
 *   |-- side
 *   `-- middle			B, detached first
 *       |-- leaf
 *       |-- deep
 *       |   `-- leaf
 *       `-- new		made while B was attached
 *           `-- new
 */
TEST_F_TIMEOUT(detach, detach_restores_flags, 120)
{
	struct ops_tree *tree = &self->tree;

	grow(_metadata, tree, "top/side top/middle/leaf top/middle/deep/leaf");
	attach(_metadata, tree, 'A', "top", ALLOW);
	attach(_metadata, tree, 'B', "top/middle", 0);
	grow(_metadata, tree, "top/middle/new/new");
	expect_busy(_metadata, tree, 'C',
		    "top/middle/leaf top/middle/deep top/middle/deep/leaf "
		    "top/middle/new top/middle/new/new");
	expect_free(_metadata, tree, 'C', "top/side");

	ops_tree_detach(tree, 'B');
	grow(_metadata, tree, "top/middle/newer");
	expect_free(_metadata, tree, 'C',
		    "top/middle top/middle/leaf top/middle/deep top/middle/deep/leaf "
		    "top/middle/new top/middle/new/new top/middle/newer");
	expect_ops(_metadata, tree, "after B was detached",
		   "top:A top/side:A top/middle:A top/middle/leaf:A top/middle/deep:A "
		   "top/middle/deep/leaf:A top/middle/new:A top/middle/new/new:A");
}

/*
 * Detaching leaves alone who has other ops, and their flags:
 *
 *   top			A+, detached first
 *   |-- side
 *   `-- middle			B
 *       |-- leaf
 *       `-- new		made after A was detached
 */
TEST_F_TIMEOUT(detach, detach_leaves_other_ops_and_flags, 120)
{
	struct ops_tree *tree = &self->tree;

	grow(_metadata, tree, "top/side top/middle/leaf");
	attach(_metadata, tree, 'A', "top", ALLOW);
	attach(_metadata, tree, 'B', "top/middle", 0);

	ops_tree_detach(tree, 'A');
	grow(_metadata, tree, "top/new top/middle/new");
	expect_ops(_metadata, tree, "after A was detached",
		   "top:- top/side:- top/new:- top/middle:B top/middle/leaf:B top/middle/new:B");
	/* B is in the way of an attach above, below and here, and of no other. */
	expect_busy(_metadata, tree, 'C',
		    "top top/middle top/middle/leaf top/middle/new");
	expect_free(_metadata, tree, 'C', "top/side top/new");
}

/*
 * Whatever the order in which links are closed, each cgroup then has the ops of
 * the next link above it that is still open:
 *
 *   top			A+
 *   |-- side
 *   `-- middle			B+
 *       |-- side
 *       `-- inner		C+
 *           |-- side
 *           `-- deep
 *               `-- leaf
 *
 * and a new child in each, whenever a link was closed.  After the last close no cgroup
 * has ops, and an attach to each of them succeeds.
 */
static void expect_detach_order(struct __test_metadata *_metadata,
				struct ops_tree *tree, const char *order)
{
	static const char *const levels[] = {
		"top", "top/middle", "top/middle/inner"
	};
	static char *const names[] = {
		"top", "top/side", "top/middle", "top/middle/side",
		"top/middle/inner", "top/middle/inner/side",
		"top/middle/inner/deep", "top/middle/inner/deep/leaf",
	};
	static const int level_of[] = { 0, 0, 1, 1, 2, 2, 2, 2 };
	char when[64], want[ARRAY_SIZE(names) + 1] = "";
	char new[3][3][64], *new_names[9], new_want[10] = "";
	char owner[3];
	int closed, level, nr_new = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (ops_tree_add(tree, names[i]))
			ASSERT_NE(0, ops_tree_id(tree, names[i]));
	}
	for (level = 0; level < 3; level++)
		attach(_metadata, tree, 'A' + level, levels[level], ALLOW);

	for (closed = 0; closed <= 3; closed++) {
		if (closed)
			ops_tree_detach(tree, order[closed - 1]);
		snprintf(when, sizeof(when), "after %.*s of %s was detached",
			 closed ? closed : (int)strlen("nothing"),
			 closed ? order : "nothing", order);

		for (level = 0; level < 3; level++)
			owner[level] = tree->links[level] >= 0 ? 'A' + level :
				       level ? owner[level - 1] : '-';
		for (i = 0; i < ARRAY_SIZE(names); i++)
			want[i] = owner[level_of[i]];
		expect_whose(_metadata, tree, when, names, want);

		for (level = 0; level < 3 && closed < 3; level++) {
			snprintf(new[closed][level], sizeof(new[0][0]), "%s/new%d",
				 levels[level], closed);
			grow(_metadata, tree, new[closed][level]);
			new_names[nr_new++] = new[closed][level];
		}
		for (i = 0; i < (size_t)nr_new; i++)
			new_want[i] = owner[i % 3];
		expect_whose(_metadata, tree, when, new_names, new_want);
	}

	expect_free(_metadata, tree, 'A',
		    "top/middle/inner/deep/leaf top/middle/inner top/middle top/side top");
	prune(_metadata, tree, "top");
}

TEST_F_TIMEOUT(detach, detach_inner_first, 120)
{
	expect_detach_order(_metadata, &self->tree, "CBA");
	expect_detach_order(_metadata, &self->tree, "CAB");
}

TEST_F_TIMEOUT(detach, detach_outer_first, 120)
{
	expect_detach_order(_metadata, &self->tree, "ABC");
	expect_detach_order(_metadata, &self->tree, "ACB");
}

TEST_F_TIMEOUT(detach, detach_middle_first, 120)
{
	expect_detach_order(_metadata, &self->tree, "BAC");
	expect_detach_order(_metadata, &self->tree, "BCA");
}

/*
 * The cgroup that was attached to is asked about for its own charges, and for
 * those only.  A cgroup with children that have the memory controller can have no
 * task, so the tree is taken down from below:
 *
 *   top			A+
 *   `-- middle			B
 *       `-- leaf		charged, and removed; then middle; then top
 */
TEST_F_TIMEOUT(detach, attached_cgroup_itself_has_the_ops, 120)
{
	struct ops_tree *tree = &self->tree;
	char path[PATH_MAX];

	grow(_metadata, tree, "top/middle/leaf");
	attach(_metadata, tree, 'A', "top", ALLOW);
	attach(_metadata, tree, 'B', "top/middle", 0);
	expect_ops(_metadata, tree, "with A+ and B", "top/middle/leaf:B");

	prune(_metadata, tree, "top/middle/leaf");
	ASSERT_EQ(0, cg_write(ops_tree_path(tree, path, "top/middle"),
			      "cgroup.subtree_control", "-memory"));
	expect_ops(_metadata, tree, "with middle as a leaf", "top/middle:B");

	prune(_metadata, tree, "top/middle");
	ASSERT_EQ(0, cg_write(ops_tree_path(tree, path, "top"),
			      "cgroup.subtree_control", "-memory"));
	expect_ops(_metadata, tree, "with top as a leaf", "top:A");

	ops_tree_detach(tree, 'B');
	expect_ops(_metadata, tree, "after B was detached", "top:A");
	ops_tree_detach(tree, 'A');
	expect_ops(_metadata, tree, "after A was detached", "top:-");
}

static void preload(void)
{
	if (!require(REQUIRE_MEMCG_BPF_OPS))
		ops_tree_preload();
}

MEMCG_BPF_HARNESS_MAIN_AFTER(preload())
