// SPDX-License-Identifier: GPL-2.0
/*
 * The owner of each cgroup of a hierarchy: after an attach, after a detach, and when
 * cgroups are made in between.
 *
 *   memcg_bpf.hierarchies.<pid>	no ops
 *   |-- elsewhere			ops: D
 *   `-- top			ops: A, B and C, as each test draws
 *
 * In the drawings "A" means attached with flags 0, "A+" with
 * BPF_F_ALLOW_OVERRIDE.  That an attach succeeds proves nothing about the owners, so
 * each check reclaims from the root of the tree, and looks which ops the kernel asks
 * about which cgroup.  D is attached in every test; nothing that happens to A, B and C
 * may change where it is.
 *
 * expect_ops() takes the expected owners as "CGROUP:OPS".  The cgroup "." is the root of
 * the tree, and the ops "-" are none.
 */
#include "ops_tree/ops_tree_harness.h"

#define ALLOW BPF_F_ALLOW_OVERRIDE

FIXTURE(hierarchies)
{
	struct ops_tree tree;
};

FIXTURE_SETUP(hierarchies)
{
	REQUIRE_OPS(CAN_DELAY | CAN_ONLINE);
	ASSERT_EQ(0, ops_tree_create(&self->tree, "hierarchies"));
	grow(_metadata, &self->tree, "elsewhere");
	attach(_metadata, &self->tree, 'D', "elsewhere", 0);
}

FIXTURE_TEARDOWN(hierarchies)
{
	if (self->tree.probes['D' - 'A'])
		expect_ops(_metadata, &self->tree, "at the end",
			   "elsewhere:D .:-");
	EXPECT_EQ(0, ops_tree_destroy(&self->tree));
}

/*
 * The second level may override the first, the third not the second:
 *
 *   top			A+
 *   `-- middle			B
 *       `-- third		C: EBUSY
 */
TEST_F_TIMEOUT(hierarchies, third_level_below_plain_attach_is_refused, 120)
{
	struct ops_tree *tree = &self->tree;

	grow(_metadata, tree, "top/middle/third");
	attach(_metadata, tree, 'A', "top", ALLOW);
	attach(_metadata, tree, 'B', "top/middle", 0);
	expect_busy(_metadata, tree, 'C', "top/middle/third");
	expect_ops(_metadata, tree, "with A+ and B",
		   "top:A top/middle:B top/middle/third:B");
}

/* A, B and C as above with each combination of flags, in a tree of its own for each. */
TEST_F_TIMEOUT(hierarchies, flags_of_the_level_above_decide, 120)
{
	struct ops_tree *tree = &self->tree;
	char name[3][32], when[64], want[128], owner[3];
	int allows, level, ret;
	__u32 flags;

	/* Bit N: whether level N is attached with BPF_F_ALLOW_OVERRIDE. */
	for (allows = 0; allows < 8; allows++) {
		bool may_attach = true;

		snprintf(name[0], sizeof(name[0]), "top%d", allows);
		snprintf(name[1], sizeof(name[1]), "top%d/middle", allows);
		snprintf(name[2], sizeof(name[2]), "top%d/middle/third", allows);
		grow(_metadata, tree, name[2]);

		for (level = 0; level < 3; level++) {
			flags = allows & 1 << level ? ALLOW : 0;
			ret = ops_tree_attach(tree, 'A' + level, name[level],
					      flags);
			EXPECT_EQ(may_attach ? 0 : -EBUSY, ret)
				TH_LOG("attach %c to %s with flags %u: %s, want %s",
				       'A' + level, name[level], flags,
				       strerror(-ret), may_attach ? "success" : "EBUSY");
			if (may_attach) {
				owner[level] = 'A' + level;
				may_attach = flags == ALLOW;
			} else {
				/* It inherits the ops of the level above, and their flags. */
				owner[level] = owner[level - 1];
			}
		}

		snprintf(when, sizeof(when), "with A%s, B%s and C%s",
			 allows & 1 ? "+" : "", allows & 2 ? "+" : "",
			 allows & 4 ? "+" : "");
		snprintf(want, sizeof(want), "%s:%c %s:%c %s:%c", name[0],
			 owner[0], name[1], owner[1], name[2], owner[2]);
		expect_ops(_metadata, tree, when, want);

		for (level = 0; level < 3; level++)
			ops_tree_detach(tree, 'A' + level);
	}
}

/*
 * As above, with a single struct_ops map attached to all levels:
 *
 *   top			A+
 *   `-- middle			A
 *       `-- third		A: EBUSY
 */
TEST_F_TIMEOUT(hierarchies, same_ops_at_each_level, 120)
{
	static const struct {
		const char *name;
		__u32 flags;
		bool busy;
	} levels[] = {
		{ "top", ALLOW, false },
		{ "top/middle", 0, false },
		{ "top/middle/third", ALLOW, true },
	};
	struct ops_tree *tree = &self->tree;
	char path[PATH_MAX];
	int links[3], i;

	grow(_metadata, tree, levels[2].name);
	ASSERT_NE(NULL, ops_tree_probe(tree, 'A'));

	for (i = 0; i < 3; i++) {
		links[i] = probe_attach(tree->probes[0],
					ops_tree_path(tree, path, levels[i].name),
					levels[i].flags);
		if (levels[i].busy) {
			EXPECT_EQ(-EBUSY, links[i]);
		} else {
			EXPECT_GE(links[i], 0);
		}
	}
	expect_ops(_metadata, tree, "with A+ and A",
		   "top:A top/middle:A top/middle/third:A");

	for (i = 2; i >= 0; i--) {
		if (links[i] >= 0)
			close(links[i]);
	}
	expect_ops(_metadata, tree, "after both were detached",
		   "top:- top/middle:- top/middle/third:-");
}

/*
 * Descendants inherit the ops: those that were there before the attach ("old"), and
 * those made after it ("new"), below old and new parents.  No other cgroup gets them:
 *
 *   .				no ops
 *   |-- other			no ops
 *   |   |-- old
 *   |   `-- new		made after the attach
 *   `-- top			A
 *       |-- old
 *       |   |-- old
 *       |   |   `-- new
 *       |   `-- new
 *       |       `-- new
 *       `-- new
 *           `-- new
 */
TEST_F_TIMEOUT(hierarchies, descendants_inherit, 120)
{
	struct ops_tree *tree = &self->tree;

	grow(_metadata, tree, "top/old/old other/old");
	/* the control */
	expect_ops(_metadata, tree, "before A was attached",
		   "top:- top/old:- top/old/old:- other:- other/old:- .:-");

	attach(_metadata, tree, 'A', "top", 0);
	expect_ops(_metadata, tree, "with A",
		   "top:A top/old:A top/old/old:A other:- other/old:- .:-");

	grow(_metadata, tree, "top/new top/old/new");
	expect_ops(_metadata, tree, "with a new child",
		   "top/new:A top/old/new:A");
	grow(_metadata, tree, "top/new/new top/old/new/new top/old/old/new other/new");
	expect_ops(_metadata, tree, "with a new grandchild",
		   "top:A top/old:A top/old/old:A top/new:A top/new/new:A top/old/new:A "
		   "top/old/new/new:A top/old/old/new:A other:- other/old:- other/new:- .:-");
}

/*
 * Ops that override others do so in their subtree, and nowhere else:
 *
 *   top			A+
 *   |-- left			B+, attached second
 *   |   |-- leaf
 *   |   |-- deep		C, attached third
 *   |   |   |-- leaf
 *   |   |   `-- new		made after that, like all that are called new
 *   |   `-- new
 *   |-- right
 *   |   |-- leaf
 *   |   `-- new
 *   `-- new
 */
TEST_F_TIMEOUT(hierarchies, override_replaces_in_the_subtree_only, 120)
{
	struct ops_tree *tree = &self->tree;

	grow(_metadata, tree, "top/left/leaf top/left/deep/leaf top/right/leaf");
	attach(_metadata, tree, 'A', "top", ALLOW);
	expect_ops(_metadata, tree, "with A+",
		   "top:A top/left:A top/left/leaf:A top/left/deep:A top/left/deep/leaf:A "
		   "top/right:A top/right/leaf:A");

	attach(_metadata, tree, 'B', "top/left", ALLOW);
	expect_ops(_metadata, tree, "with A+ and B+",
		   "top:A top/left:B top/left/leaf:B top/left/deep:B top/left/deep/leaf:B "
		   "top/right:A top/right/leaf:A");

	attach(_metadata, tree, 'C', "top/left/deep", 0);
	grow(_metadata, tree, "top/new top/left/new top/left/deep/new top/right/new");
	expect_ops(_metadata, tree, "with A+, B+ and C",
		   "top:A top/left:B top/left/leaf:B top/left/deep:C top/left/deep/leaf:C "
		   "top/right:A top/right/leaf:A "
		   "top/new:A top/left/new:B top/left/deep/new:C top/right/new:A");
}

/*
 * Below ops without the flag no attach is taken, at whatever level:
 *
 *   top			A
 *   |-- child			B or B+: EBUSY, here and below
 *   |   `-- grandchild
 *   |       `-- deep
 *   `-- new			made after the attach
 *       `-- new
 */
TEST_F_TIMEOUT(hierarchies, refused_below_plain_attach, 120)
{
	struct ops_tree *tree = &self->tree;

	grow(_metadata, tree, "top/child/grandchild/deep");
	attach(_metadata, tree, 'A', "top", 0);
	grow(_metadata, tree, "top/new/new");

	expect_busy(_metadata, tree, 'B',
		    "top/child top/child/grandchild top/child/grandchild/deep top/new top/new/new");
	expect_ops(_metadata, tree, "after B was refused",
		   "top:A top/child:A top/child/grandchild:A top/child/grandchild/deep:A "
		   "top/new:A top/new/new:A");
}

/*
 * A cgroup has only one link of its own, whatever its flags:
 *
 *   top			A+; B or B+: EBUSY
 *   `-- child			C+; B or B+: EBUSY
 *       `-- leaf
 */
TEST_F_TIMEOUT(hierarchies, refused_where_there_are_own_ops, 120)
{
	struct ops_tree *tree = &self->tree;

	grow(_metadata, tree, "top/child/leaf");
	attach(_metadata, tree, 'A', "top", ALLOW);
	expect_busy(_metadata, tree, 'B', "top");
	attach(_metadata, tree, 'C', "top/child", ALLOW);
	expect_busy(_metadata, tree, 'B', "top top/child");
	expect_ops(_metadata, tree, "after B was refused",
		   "top:A top/child:C top/child/leaf:C");
}

/* Is @name that of @ancestor, or of a cgroup below it? */
static bool is_within(const char *name, const char *ancestor)
{
	size_t len = strlen(ancestor);

	return !strncmp(name, ancestor, len) && (!name[len] || name[len] == '/');
}

/*
 * An attach above ops of a descendant is refused, and changes nothing:
 *
 *   outer			A+, or no ops
 *   `-- top			B or B+: EBUSY
 *       |-- first		C or C+ on one of the cgroups from here on
 *       |   |-- first
 *       |   |   `-- leaf
 *       |   `-- last
 *       |-- middle
 *       |   `-- leaf
 *       `-- last
 *           |-- first
 *           |   `-- leaf
 *           `-- last
 *               `-- leaf
 *
 * C is tried at each place, C and C+ by turns.  So a walk that changes cgroups before it
 * comes to C is noticed, in whatever order it goes.
 */
static void expect_refusal_changes_nothing(struct __test_metadata *_metadata,
					   struct ops_tree *tree, bool outer_has_ops)
{
	static char *const names[] = {
		"outer", "outer/top",
		"outer/top/first", "outer/top/first/first",
		"outer/top/first/first/leaf", "outer/top/first/last",
		"outer/top/middle", "outer/top/middle/leaf",
		"outer/top/last", "outer/top/last/first",
		"outer/top/last/first/leaf", "outer/top/last/last",
		"outer/top/last/last/leaf",
	};
	enum { FIRST_OF_C = 2 };	/* in names */
	char want[ARRAY_SIZE(names) + 1] = "", when[128];
	char inherited = outer_has_ops ? 'A' : '-';
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		grow(_metadata, tree, names[i]);
	if (outer_has_ops)
		attach(_metadata, tree, 'A', "outer", ALLOW);

	for (i = FIRST_OF_C; i < ARRAY_SIZE(names); i++) {
		attach(_metadata, tree, 'C', names[i], i % 2 ? ALLOW : 0);
		expect_busy(_metadata, tree, 'B', "outer/top");

		for (j = 0; j < ARRAY_SIZE(names); j++)
			want[j] = is_within(names[j], names[i]) ? 'C' : inherited;
		snprintf(when, sizeof(when), "after B was refused above C at %s",
			 names[i]);
		expect_whose(_metadata, tree, when, names, want);

		/* Only C was in the way: without it B is accepted. */
		ops_tree_detach(tree, 'C');
		expect_free(_metadata, tree, 'B', "outer/top");
	}
	ops_tree_detach(tree, 'A');
}

TEST_F_TIMEOUT(hierarchies, refused_above_own_ops_of_a_descendant, 120)
{
	expect_refusal_changes_nothing(_metadata, &self->tree, false);
}

TEST_F_TIMEOUT(hierarchies, override_refused_above_own_ops_of_a_descendant, 120)
{
	expect_refusal_changes_nothing(_metadata, &self->tree, true);
}

/*
 * A refused attach does not change the flags of any cgroup, either:
 *
 *   outer			A+
 *   `-- top			B, without the flag: EBUSY
 *       |-- first
 *       |   `-- leaf
 *       |-- middle
 *       |   |-- leaf
 *       |   `-- deep		C
 *       |       `-- leaf
 *       `-- last
 *           `-- leaf
 */
TEST_F_TIMEOUT(hierarchies, refused_attach_leaves_flags, 120)
{
	struct ops_tree *tree = &self->tree;

	grow(_metadata, tree, "outer/top/first/leaf outer/top/middle/leaf "
	     "outer/top/middle/deep/leaf outer/top/last/leaf");
	attach(_metadata, tree, 'A', "outer", ALLOW);
	attach(_metadata, tree, 'C', "outer/top/middle/deep", 0);
	expect_busy(_metadata, tree, 'B', "outer outer/top outer/top/middle");
	expect_free(_metadata, tree, 'B',
		    "outer/top/first outer/top/first/leaf outer/top/middle/leaf "
		    "outer/top/last outer/top/last/leaf");
	expect_busy(_metadata, tree, 'B', "outer/top/middle/deep/leaf");
}

/*
 * BPF_F_ALLOW_OVERRIDE is inherited with the ops.  refused_below_plain_attach is
 * the counterpart.
 *
 *   top			A+
 *   |-- child			B is taken here and below, one at a time
 *   |   |-- grandchild
 *   |   |   |-- deep
 *   |   |   `-- new
 *   |   `-- new
 *   `-- new			made after the attach
 *       `-- new
 */
TEST_F_TIMEOUT(hierarchies, flags_are_inherited, 120)
{
	struct ops_tree *tree = &self->tree;

	grow(_metadata, tree, "top/child/grandchild/deep");
	attach(_metadata, tree, 'A', "top", ALLOW);
	grow(_metadata, tree, "top/new/new top/child/new top/child/grandchild/new");
	expect_free(_metadata, tree, 'B',
		    "top/child top/child/grandchild top/child/grandchild/deep "
		    "top/child/grandchild/new top/child/new top/new top/new/new");
	expect_ops(_metadata, tree, "after B was attached and detached",
		   "top:A top/child:A top/child/grandchild:A top/child/grandchild/deep:A "
		   "top/child/grandchild/new:A top/child/new:A top/new:A top/new/new:A");
}

/*
 * Attach, override and detach reach to the end of a long line:
 *
 *   top			A+ (depth 1)
 *   `-- 2
 *       ...
 *         `-- 16		B
 *             ...
 *               `-- 32		no more; C tries
 */
TEST_F_TIMEOUT(hierarchies, depth_of_32, 120)
{
	enum { DEPTH = 32, MIDDLE = 16 };
	struct ops_tree *tree = &self->tree;
	char names[DEPTH][DEPTH * 4] = { "top" }, *list[DEPTH] = { names[0] };
	char want[DEPTH + 1] = "";
	int i;

	for (i = 1; i < DEPTH; i++) {
		/* No name is that long.  The precision is for the compiler, which warns. */
		snprintf(names[i], sizeof(names[i]), "%.*s/%d",
			 (int)sizeof(names[i]) - 5, names[i - 1], i + 1);
		list[i] = names[i];
	}
	grow(_metadata, tree, names[DEPTH - 1]);

	attach(_metadata, tree, 'A', "top", ALLOW);
	memset(want, 'A', DEPTH);
	expect_whose(_metadata, tree, "with A+", list, want);

	attach(_metadata, tree, 'B', names[MIDDLE - 1], 0);
	memset(want + MIDDLE - 1, 'B', DEPTH - MIDDLE + 1);
	expect_whose(_metadata, tree, "with A+ and B", list, want);
	expect_busy(_metadata, tree, 'C', names[DEPTH - 1]);

	ops_tree_detach(tree, 'B');
	memset(want, 'A', DEPTH);
	expect_whose(_metadata, tree, "after B was detached", list, want);

	ops_tree_detach(tree, 'A');
	memset(want, '-', DEPTH);
	expect_whose(_metadata, tree, "after A was detached", list, want);

	/* Ops at the deepest level refuse an attach at the first. */
	attach(_metadata, tree, 'C', names[DEPTH - 1], 0);
	expect_busy(_metadata, tree, 'A', "top");
	ops_tree_detach(tree, 'C');
	expect_free(_metadata, tree, 'A', "top");
}

/*
 * All of many children are reached:
 *
 *   top			A+
 *   `-- parent			B
 *       |-- 0			C, in one of them, is in B's way
 *       ...
 *       `-- 499
 */
TEST_F_TIMEOUT(hierarchies, siblings_500, 120)
{
	enum { SIBLINGS = 500 };
	static const int places_of_c[] = { 0, 1, SIBLINGS / 2, SIBLINGS - 1 };
	static char names[SIBLINGS][32], *list[SIBLINGS];
	struct ops_tree *tree = &self->tree;
	char want[SIBLINGS + 1] = "";
	size_t i;

	for (i = 0; i < SIBLINGS; i++) {
		snprintf(names[i], sizeof(names[i]), "top/parent/%zu", i);
		list[i] = names[i];
		ASSERT_EQ(0, ops_tree_add(tree, names[i]));
	}

	attach(_metadata, tree, 'A', "top", ALLOW);
	for (i = 0; i < ARRAY_SIZE(places_of_c); i++) {
		attach(_metadata, tree, 'C', names[places_of_c[i]], 0);
		expect_busy(_metadata, tree, 'B', "top/parent");
		ops_tree_detach(tree, 'C');
	}

	attach(_metadata, tree, 'B', "top/parent", 0);
	memset(want, 'B', SIBLINGS);
	expect_whose(_metadata, tree, "with A+ and B", list, want);

	ops_tree_detach(tree, 'B');
	memset(want, 'A', SIBLINGS);
	expect_whose(_metadata, tree, "after B was detached", list, want);
}

/*
 * A charge in @charged, which has no memcg of its own, goes to the memcg of @memcg: it is
 * about this one, and no other, that A is asked.
 */
static void expect_charges_are_of(struct __test_metadata *_metadata,
				  struct ops_tree *tree, const char *charged,
				  const char *memcg)
{
	struct probe *probe = ops_tree_probe(tree, 'A');
	uint64_t id = ops_tree_id(tree, memcg);
	uint64_t calls_before = probe_stats(probe, id).calls[PROBE_DELAY];
	uint64_t total_before = probe_total(probe, PROBE_DELAY);
	uint64_t calls, total;
	char path[PATH_MAX];

	ASSERT_EQ(0, probe_charge(ops_tree_path(tree, path, charged)));
	calls = probe_stats(probe, id).calls[PROBE_DELAY] - calls_before;
	total = probe_total(probe, PROBE_DELAY) - total_before;
	EXPECT_GT(calls, 0)
		TH_LOG("A was not asked about %s when %s was charged", memcg, charged);
	EXPECT_EQ(calls, total)
		TH_LOG("A was asked about other cgroups than %s when %s was charged", memcg,
		       charged);
}

/*
 * A cgroup has a memcg only while its parent enables the memory controller for it.
 * A memcg that comes inherits the ops of its parent.  While a cgroup has no memcg, its
 * charges go to that of the nearest ancestor which has one:
 *
 *   top			A+
 *   `-- child			memory controller: off, on, off, on
 *       `-- grandchild		off, on, off
 */
TEST_F_TIMEOUT(hierarchies, memory_controller_enabled_later, 120)
{
	struct ops_tree *tree = &self->tree;
	char top[PATH_MAX], child[PATH_MAX], path[PATH_MAX];

	grow(_metadata, tree, "top");
	ops_tree_path(tree, top, "top");
	ops_tree_path(tree, child, "top/child");
	ASSERT_EQ(0, cg_create(child));
	ASSERT_EQ(0, cg_create(ops_tree_path(tree, path, "top/child/grandchild")));

	attach(_metadata, tree, 'A', "top", ALLOW);
	expect_charges_are_of(_metadata, tree, "top/child", "top");
	expect_charges_are_of(_metadata, tree, "top/child/grandchild", "top");
	/* The attach would go to the memcg of top, which has A. */
	expect_busy(_metadata, tree, 'B', "top/child");

	ASSERT_EQ(0, cg_enable_memory(top));
	expect_ops(_metadata, tree, "with the controller on in child",
		   "top/child:A");
	expect_charges_are_of(_metadata, tree, "top/child/grandchild",
			      "top/child");

	ASSERT_EQ(0, cg_enable_memory(child));
	expect_ops(_metadata, tree, "with the controller on in both",
		   "top/child:A top/child/grandchild:A");
	attach(_metadata, tree, 'B', "top/child", 0);
	expect_ops(_metadata, tree, "with A+ and B",
		   "top:A top/child:B top/child/grandchild:B");
	expect_busy(_metadata, tree, 'C', "top/child/grandchild");
	ops_tree_detach(tree, 'B');
	expect_free(_metadata, tree, 'C', "top/child top/child/grandchild");

	ASSERT_EQ(0, cg_write(child, "cgroup.subtree_control", "-memory"));
	ASSERT_EQ(0, cg_write(top, "cgroup.subtree_control", "-memory"));
	expect_charges_are_of(_metadata, tree, "top/child/grandchild", "top");

	ASSERT_EQ(0, cg_enable_memory(top));
	expect_ops(_metadata, tree, "with the controller on again",
		   "top:A top/child:A");
	ops_tree_detach(tree, 'A');
	expect_ops(_metadata, tree, "after A was detached", "top:- top/child:-");
}

/* Loading takes longer than most of these tests: load once, for all of them. */
static void preload(void)
{
	if (!require(REQUIRE_MEMCG_BPF_OPS))
		ops_tree_preload();
}

MEMCG_BPF_HARNESS_MAIN_AFTER(preload())
