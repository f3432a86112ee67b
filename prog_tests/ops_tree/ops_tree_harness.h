/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PROG_TESTS_OPS_TREE_OPS_TREE_HARNESS_H
#define __PROG_TESTS_OPS_TREE_OPS_TREE_HARNESS_H

/* What tests that use prog_tests/ops_tree/ops_tree.h do and expect, in terms of the harness. */

#include <errno.h>
#include <linux/bpf.h>

#include "cgroup.h"
#include "harness.h"
#include "ops_tree.h"
#include "worker.h"

/* Make cgroups: @names has a space between one name and the next. */
static inline void grow(struct __test_metadata *_metadata,
			struct ops_tree *tree, const char *names)
{
	char *buf = strdup(names), *next = buf, *name;
	int ret;

	while ((name = strsep(&next, " "))) {
		ret = ops_tree_add(tree, name);
		ASSERT_EQ(0, ret)
			TH_LOG("create %s: %s", name, strerror(-ret));
	}
	free(buf);
}

static inline void prune(struct __test_metadata *_metadata,
			 struct ops_tree *tree, const char *name)
{
	char path[PATH_MAX];
	int ret = cg_remove(ops_tree_path(tree, path, name), STEP_TIMEOUT_MS);

	ASSERT_EQ(0, ret)
		TH_LOG("remove %s: %s", name, strerror(-ret));
}

static inline void attach(struct __test_metadata *_metadata,
			  struct ops_tree *tree, char ops, const char *name,
			  __u32 flags)
{
	int ret = ops_tree_attach(tree, ops, name, flags);

	ASSERT_EQ(0, ret)
		TH_LOG("attach %c to %s with flags %u: %s", ops, name, flags,
		       strerror(-ret));
}

/* Each of @names can be attached to.  The ops are detached again. */
static inline void expect_free(struct __test_metadata *_metadata,
			       struct ops_tree *tree, char ops,
			       const char *names)
{
	char *buf = strdup(names), *next = buf, *name;
	int ret;

	while ((name = strsep(&next, " "))) {
		ret = ops_tree_attach(tree, ops, name, 0);
		EXPECT_EQ(0, ret)
			TH_LOG("attach %c to %s, which may be attached to: %s",
			       ops, name, strerror(-ret));
		ops_tree_detach(tree, ops);
	}
	free(buf);
}

/* An attach to each of @names fails with EBUSY, whatever the flags. */
static inline void expect_busy(struct __test_metadata *_metadata,
			       struct ops_tree *tree, char ops,
			       const char *names)
{
	char *buf = strdup(names), *next = buf, *name;
	__u32 flags;
	int ret;

	while ((name = strsep(&next, " "))) {
		for (flags = 0; flags <= BPF_F_ALLOW_OVERRIDE;
		     flags += BPF_F_ALLOW_OVERRIDE) {
			ret = ops_tree_attach(tree, ops, name, flags);
			EXPECT_EQ(-EBUSY, ret)
				TH_LOG("attach %c to %s with flags %u: %s, want EBUSY",
				       ops, name, flags,
				       ret ? strerror(-ret) : "success");
			ops_tree_detach(tree, ops);
		}
	}
	free(buf);
}

/*
 * Each of @names has the ops that @want has for it, a letter each, as of
 * ops_tree_whose().  @when is for the failure report: what was done before.
 */
static inline void expect_whose(struct __test_metadata *_metadata,
				struct ops_tree *tree, const char *when,
				char *const names[], const char *want)
{
	int i, nr = strlen(want), ret;
	char *whose = malloc(nr);

	ret = ops_tree_whose(tree, names, nr, whose);
	ASSERT_EQ(0, ret)
		TH_LOG("%s: cannot tell whose ops: %s", when, strerror(-ret));

	for (i = 0; i < nr; i++) {
		EXPECT_EQ(want[i], whose[i])
			TH_LOG("%s: %s: %s%c, want %c", when, names[i],
			       whose[i] == '-' ? "no ops were asked, " :
			       whose[i] == '?' ? "several were asked, " :
			       "the ops asked are ", whose[i], want[i]);
	}
	free(whose);
}

/* The same, with names and letters in one text: "top:A top/middle:B other:-" */
static inline void expect_ops(struct __test_metadata *_metadata,
			      struct ops_tree *tree, const char *when,
			      const char *names_and_ops)
{
	char *buf = strdup(names_and_ops), *next = buf, *names[64];
	char want[ARRAY_SIZE(names) + 1] = "", *colon;
	size_t nr = 0;

	while (next) {
		ASSERT_LT(nr, ARRAY_SIZE(names));
		names[nr] = strsep(&next, " ");
		colon = strrchr(names[nr], ':');
		ASSERT_NE(NULL, colon);
		*colon = '\0';
		want[nr++] = colon[1];
	}
	expect_whose(_metadata, tree, when, names, want);
	free(buf);
}

#endif /* __PROG_TESTS_OPS_TREE_OPS_TREE_HARNESS_H */
