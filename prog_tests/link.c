// SPDX-License-Identifier: GPL-2.0
/*
 * A link and the cgroup that it names: how it is named, who tells of it, and that
 * the link ends with it.  attach.c is about what an attachment does.
 *
 *   memcg_bpf.link.<pid>
 *   |-- target			most tests attach here
 *   |   `-- inner
 *   `-- sibling
 *
 * Whose ops a cgroup has is seen when it is charged.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>

#include <bpf/bpf.h>

#include "attach.h"
#include "cgroup.h"
#include "harness.h"
#include "owner.h"
#include "probe.h"
#include "testbed.h"
#include "worker.h"

/* Far above the RCU grace periods that it takes a cgroup to go. */
#define END_MS	30000

enum { FIRST, SECOND, NR_SETS };

FIXTURE(link)
{
	struct testbed tb;
	char target[PATH_MAX];
	char inner[PATH_MAX];
	char sibling[PATH_MAX];
	struct probe *sets[NR_SETS];
};

FIXTURE_SETUP(link)
{
	int i;

	REQUIRE_OPS(CAN_CGROUP_FD | CAN_LINK_END | CAN_DELAY);
	ASSERT_EQ(0, testbed_create(&self->tb, "link"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->target, "target"));
	ASSERT_EQ(0, cg_enable_memory(self->target));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->inner, "target/inner"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->sibling, "sibling"));
	for (i = 0; i < NR_SETS; i++) {
		self->sets[i] = probe_load();
		ASSERT_NE(NULL, self->sets[i]);
		memcg_bpf_prepare(self->sets[i]->maps.probe_ops);
	}
}

FIXTURE_TEARDOWN(link)
{
	int i;

	/* A kernel that leaves ops behind is to find them until their memcg is gone. */
	EXPECT_EQ(0, testbed_destroy(&self->tb));
	for (i = 0; i < NR_SETS; i++)
		probe__destroy(self->sets[i]);
}

static int ops_fd(FIXTURE_DATA(link) *self, int set)
{
	return bpf_map__fd(self->sets[set]->maps.probe_ops);
}

static int attach(FIXTURE_DATA(link) *self, int set, const char *cgroup)
{
	return probe_attach(self->sets[set], cgroup, 0);
}

static void expect_owner(struct __test_metadata *_metadata,
			 FIXTURE_DATA(link) *self, const char *when,
			 const char *cgroup, int want)
{
	int owner = owner_by_charge(self->sets, NR_SETS, cgroup);

	EXPECT_EQ(want, owner)
		TH_LOG("%s: %s has the ops of %d, and not of %d", when,
		       strrchr(cgroup, '/') + 1, owner, want);
}

/* The link's cgroup as bpf_link_info has it. */
static uint64_t info_id(struct __test_metadata *_metadata, int link)
{
	uint64_t id = 0;
	int ret = memcg_bpf_link_cgroup_id(link, &id);

	EXPECT_EQ(0, ret)
		TH_LOG("bpf_link_info: %s", strerror(-ret));
	return id;
}

/* The same from fdinfo, which need not have such a line for a link that has none. */
static uint64_t fdinfo_id(struct __test_metadata *_metadata, int link)
{
	uint64_t id = 0;
	char path[64], line[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", link);
	file = fopen(path, "r");
	ASSERT_NE(NULL, file);
	while (fgets(line, sizeof(line), file))
		sscanf(line, "cgroup_id:\t%" SCNu64, &id);
	fclose(file);
	return id;
}

static void expect_cgroup(struct __test_metadata *_metadata, const char *when,
			  int link, uint64_t want)
{
	EXPECT_EQ(want, info_id(_metadata, link))
		TH_LOG("%s: cgroup_id of bpf_link_info", when);
	EXPECT_EQ(want, fdinfo_id(_metadata, link))
		TH_LOG("%s: cgroup_id of fdinfo", when);
}

/* Wait for it to end; an end that is not to come is not waited for. */
static bool has_ended(int link, int timeout_ms)
{
	struct pollfd hup = { .fd = link };

	return poll(&hup, 1, timeout_ms) == 1 && hup.revents & POLLHUP;
}

static void expect_alive(struct __test_metadata *_metadata, const char *when,
			 int link, const char *cgroup)
{
	EXPECT_FALSE(has_ended(link, 0))
		TH_LOG("%s: the link to %s has ended", when,
		       strrchr(cgroup, '/') + 1);
	expect_cgroup(_metadata, when, link, cg_id(cgroup));
}

TEST_F_TIMEOUT(link, names_its_cgroup_until_it_is_detached, 120)
{
	int link, other;

	link = attach(self, FIRST, self->target);
	ASSERT_GE(link, 0);
	other = attach(self, SECOND, self->sibling);
	ASSERT_GE(other, 0);
	expect_alive(_metadata, "attached", link, self->target);
	expect_alive(_metadata, "attached", other, self->sibling);

	ASSERT_EQ(0, bpf_link_detach(link));
	EXPECT_TRUE(has_ended(link, END_MS))
		TH_LOG("detached, and poll() does not say so");
	expect_cgroup(_metadata, "detached", link, 0);
	expect_alive(_metadata, "the other detached", other, self->sibling);
	close(link);
	close(other);
}

/* Of all ways to name no cgroup none reaches the root, which would be everybody. */
TEST_F_TIMEOUT(link, cgroup_must_be_named, 120)
{
	static const __u32 flags[] = { 0, BPF_F_ALLOW_OVERRIDE };
	int fd = cg_open(self->target), link;
	size_t i;

	ASSERT_GE(fd, 0);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		link = link_create(LINK_BY_CGROUP_FD, ops_fd(self, FIRST), fd,
				   flags[i]);
		EXPECT_EQ(-EINVAL, link)
			TH_LOG("target_fd without BPF_F_CGROUP_FD: %s",
			       link < 0 ? strerror(-link) : "attached");
		if (link >= 0)
			close(link);

		link = link_create(LINK_BY_CGROUP_FD, ops_fd(self, FIRST), fd,
				   flags[i] | LINK_CGROUP_FD);
		EXPECT_GE(link, 0)
			TH_LOG("with BPF_F_CGROUP_FD: %s", strerror(-link));
		close(link);
	}
	close(fd);
}

/* With BPF_F_CGROUP_FD 0 is a descriptor like others; the control is the one before. */
TEST_F_TIMEOUT(link, descriptor_zero_is_one, 120)
{
	int fd = cg_open(self->target), link;

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, dup2(fd, 0));
	close(fd);
	link = link_create(LINK_BY_CGROUP_FD, ops_fd(self, FIRST), 0,
			   LINK_CGROUP_FD);
	ASSERT_GE(link, 0)
		TH_LOG("descriptor 0: %s", strerror(-link));
	expect_alive(_metadata, "descriptor 0", link, self->target);
	close(link);
	close(0);
	link = link_create(LINK_BY_CGROUP_FD, ops_fd(self, FIRST), 0,
			   LINK_CGROUP_FD);
	EXPECT_EQ(-EBADF, link)
		TH_LOG("descriptor 0, closed: %s",
		       link < 0 ? strerror(-link) : "attached");
}

TEST_F_TIMEOUT(link, flags_are_looked_at_before_the_map, 120)
{
	EXPECT_EQ(-EINVAL, link_create(LINK_BY_CGROUP_FD, -1, -1, 1U << 30));
	EXPECT_EQ(-EBADF, link_create(LINK_BY_CGROUP_FD, -1, -1, LINK_CGROUP_FD));
}

/*
 * The cgroup that a link names is removed, and the link ends; nobody else's does,
 * and all is as if it had never been:
 *
 *   memcg_bpf.link.<pid>
 *   |-- target			no ops, then SECOND
 *   |   |-- inner
 *   |   `-- gone			FIRST; removed, and made anew
 *   `-- sibling		SECOND
 */
TEST_F_TIMEOUT(link, ends_with_its_cgroup, 120)
{
	int link, other, again;
	char gone[PATH_MAX];

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, gone, "target/gone"));
	other = attach(self, SECOND, self->sibling);
	ASSERT_GE(other, 0);
	link = attach(self, FIRST, gone);
	ASSERT_GE(link, 0);
	expect_alive(_metadata, "before the removal", link, gone);

	ASSERT_EQ(0, rmdir(gone));
	EXPECT_TRUE(has_ended(link, END_MS))
		TH_LOG("the cgroup was removed, and the link does not end");
	expect_cgroup(_metadata, "the cgroup removed", link, 0);
	expect_alive(_metadata, "the cgroup removed", other, self->sibling);
	expect_owner(_metadata, self, "the cgroup removed", self->sibling, SECOND);
	expect_owner(_metadata, self, "the cgroup removed", self->inner, OWNER_NOBODY);
	close(other);

	/* There is nothing in the way of the parent, or of one of the same name. */
	other = attach(self, SECOND, self->target);
	ASSERT_GE(other, 0)
		TH_LOG("attach to the parent: %s", strerror(-other));
	close(other);
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, gone, "target/gone"));
	expect_owner(_metadata, self, "made anew", gone, OWNER_NOBODY);
	again = attach(self, FIRST, gone);
	ASSERT_GE(again, 0)
		TH_LOG("attach to the new one: %s", strerror(-again));

	EXPECT_EQ(0, close(link));
	expect_alive(_metadata, "the old link closed", again, gone);
	expect_owner(_metadata, self, "the old link closed", gone, FIRST);
	close(again);
}

/* A link does not end because a child of its cgroup, or a sibling, is removed. */
TEST_F_TIMEOUT(link, outlives_other_cgroups, 120)
{
	char child[PATH_MAX], sibling[PATH_MAX];
	int link, child_link;

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, child, "target/child"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, sibling, "sibling/child"));
	link = probe_attach(self->sets[FIRST], self->target, BPF_F_ALLOW_OVERRIDE);
	ASSERT_GE(link, 0);
	child_link = attach(self, SECOND, child);
	ASSERT_GE(child_link, 0);

	ASSERT_EQ(0, rmdir(sibling));
	ASSERT_EQ(0, rmdir(child));
	/* This one is to end, and when it has, so would the others. */
	EXPECT_TRUE(has_ended(child_link, END_MS));
	expect_alive(_metadata, "a child removed", link, self->target);
	expect_owner(_metadata, self, "a child removed", self->inner, FIRST);
	close(child_link);
	close(link);
	expect_owner(_metadata, self, "closed", self->inner, OWNER_NOBODY);
}

/*
 * A cgroup without the memory controller belongs to the memcg of its parent, to
 * which its ops go.  When it is removed they go from there:
 *
 *   memcg_bpf.link.<pid>
 *   `-- sibling		FIRST, until the link ends
 *       `-- without		the link names this one; removed
 */
TEST_F_TIMEOUT(link, ends_with_a_cgroup_without_memcg, 120)
{
	char without[PATH_MAX];
	int link, other;

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, without, "sibling/without"));
	ASSERT_EQ(0, cg_has_word(without, "cgroup.controllers", "memory"));
	link = attach(self, FIRST, without);
	ASSERT_GE(link, 0);
	expect_alive(_metadata, "attached", link, without);
	expect_owner(_metadata, self, "attached", self->sibling, FIRST);

	ASSERT_EQ(0, rmdir(without));
	EXPECT_TRUE(has_ended(link, END_MS))
		TH_LOG("the cgroup was removed, and the link does not end");
	expect_cgroup(_metadata, "removed", link, 0);
	expect_owner(_metadata, self, "removed", self->sibling, OWNER_NOBODY);
	other = attach(self, SECOND, self->sibling);
	EXPECT_GE(other, 0)
		TH_LOG("attach to the parent: %s", strerror(-other));
	close(other);
	close(link);
}

MEMCG_BPF_HARNESS_MAIN
