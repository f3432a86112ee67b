// SPDX-License-Identifier: GPL-2.0
/*
 * A link and the cgroup that it names: how BPF_LINK_CREATE names the cgroup, where the
 * kernel shows it, and that the link ends with it.  attach.c is about what an attach does.
 *
 *   memcg_bpf.link.<pid>
 *   |-- target			most tests attach here
 *   |   `-- inner
 *   `-- sibling
 *
 * The owner of a cgroup is found by a charge: see lib/owner.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>

#include <bpf/bpf.h>

#include "attach.h"
#include "cgroup.h"
#include "harness.h"
#include "owner.h"
#include "probe.h"
#include "testbed.h"
#include "worker.h"

/* Far above the RCU grace periods that the kernel needs to free a cgroup. */
#define END_MS	30000

enum { FIRST, SECOND, NR_PROBES };

FIXTURE(link)
{
	struct testbed tb;
	char target[PATH_MAX];
	char inner[PATH_MAX];
	char sibling[PATH_MAX];
	struct probe *probes[NR_PROBES];
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
	for (i = 0; i < NR_PROBES; i++) {
		self->probes[i] = probe_load();
		ASSERT_NE(NULL, self->probes[i]);
		memcg_bpf_prepare(self->probes[i]->maps.probe_ops);
	}
}

FIXTURE_TEARDOWN(link)
{
	int i;

	/* A kernel that leaves ops behind may call them until their memcg is gone. */
	EXPECT_EQ(0, testbed_destroy(&self->tb));
	for (i = 0; i < NR_PROBES; i++)
		probe__destroy(self->probes[i]);
}

static int ops_fd(FIXTURE_DATA(link) *self, int which)
{
	return bpf_map__fd(self->probes[which]->maps.probe_ops);
}

static int attach(FIXTURE_DATA(link) *self, int which, const char *cgroup)
{
	return probe_attach(self->probes[which], cgroup, 0);
}

static void expect_owner(struct __test_metadata *_metadata,
			 FIXTURE_DATA(link) *self, const char *when,
			 const char *cgroup, int want)
{
	int owner = owner_by_charge(self->probes, NR_PROBES, cgroup);

	EXPECT_EQ(want, owner)
		TH_LOG("%s: %s has the ops of probe %d, want %d; no ops are %d", when,
		       strrchr(cgroup, '/') + 1, owner, want, OWNER_NOBODY);
}

/* The cgroup id of a link in bpf_link_info. */
static uint64_t info_id(struct __test_metadata *_metadata, int link)
{
	uint64_t id = 0;
	int ret = memcg_bpf_link_cgroup_id(link, &id);

	EXPECT_EQ(0, ret)
		TH_LOG("bpf_link_info: %s", strerror(-ret));
	return id;
}

static void expect_cgroup(struct __test_metadata *_metadata, const char *when,
			  int link, uint64_t want)
{
	EXPECT_EQ(want, info_id(_metadata, link))
		TH_LOG("%s: cgroup_id of bpf_link_info", when);
	/* A link without a cgroup may have no such line, which reads as 0. */
	EXPECT_EQ((int64_t)want, memcg_bpf_link_fdinfo(link, "cgroup_id"))
		TH_LOG("%s: cgroup_id of fdinfo", when);
}

/* Wait until the link has ended.  A caller that expects it to live passes 0 ms. */
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

/*
 * bpf_link_info and fdinfo show the cgroup of a link until the link is detached.  That
 * changes nothing for the other link:
 *
 *   memcg_bpf.link.<pid>
 *   |-- target			FIRST; BPF_LINK_DETACH
 *   `-- sibling		SECOND
 */
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

/*
 * A descriptor without BPF_F_CGROUP_FD names no cgroup, and the attach fails.  A kernel that
 * took it for the root would give every cgroup the ops.  The control is the same descriptor
 * with the flag:
 *
 *   memcg_bpf.link.<pid>
 *   `-- target			FIRST, or nothing
 */
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

/*
 * With BPF_F_CGROUP_FD, target_fd 0 is a descriptor like any other, and not "none": it names
 * the cgroup while it is open, and the attach fails with EBADF when it is closed.
 *
 *   memcg_bpf.link.<pid>
 *   `-- target			FIRST; descriptor 0 is its directory
 */
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

/* Without a map and a cgroup.  The errno shows that the kernel checks the flags first. */
TEST_F_TIMEOUT(link, flags_are_looked_at_before_the_map, 120)
{
	EXPECT_EQ(-EINVAL, link_create(LINK_BY_CGROUP_FD, -1, -1, 1U << 30));
	EXPECT_EQ(-EBADF, link_create(LINK_BY_CGROUP_FD, -1, -1, LINK_CGROUP_FD));
}

/*
 * The cgroup that a link names is removed, and the link ends.  The link of the sibling does
 * not.  The parent, and a new cgroup of the same name, can be attached to:
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

	/* The ended link refuses no attach to the parent or to a cgroup of the same name. */
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

/*
 * A link does not end because a child of its cgroup, or a cgroup elsewhere, is removed:
 *
 *   memcg_bpf.link.<pid>
 *   |-- target			FIRST, which may be overridden
 *   |   |-- inner
 *   |   `-- child		SECOND; removed
 *   `-- sibling
 *       `-- child		removed
 */
TEST_F_TIMEOUT(link, outlives_other_cgroups, 120)
{
	char child[PATH_MAX], sibling[PATH_MAX];
	int link, child_link;

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, child, "target/child"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, sibling, "sibling/child"));
	link = probe_attach(self->probes[FIRST], self->target, BPF_F_ALLOW_OVERRIDE);
	ASSERT_GE(link, 0);
	child_link = attach(self, SECOND, child);
	ASSERT_GE(child_link, 0);

	ASSERT_EQ(0, rmdir(sibling));
	ASSERT_EQ(0, rmdir(child));
	/* The child's link ends.  By then the target's would have, too, if it were to. */
	EXPECT_TRUE(has_ended(child_link, END_MS));
	expect_alive(_metadata, "a child removed", link, self->target);
	expect_owner(_metadata, self, "a child removed", self->inner, FIRST);
	close(child_link);
	close(link);
	expect_owner(_metadata, self, "closed", self->inner, OWNER_NOBODY);
}

/*
 * A cgroup without the memory controller uses the memcg of its parent, which gets the ops.
 * When the cgroup is removed, the parent loses them:
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

/*
 * A cgroup without the memory controller is what its link names, and not the ancestor whose
 * memcg has the ops:
 *
 *   memcg_bpf.link.<pid>
 *   `-- sibling		FIRST
 *       `-- without		the link names this one
 */
TEST_F_TIMEOUT(link, names_a_cgroup_without_memcg, 120)
{
	char without[PATH_MAX];
	int link;

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, without, "sibling/without"));
	ASSERT_EQ(0, cg_has_word(without, "cgroup.controllers", "memory"));
	link = attach(self, FIRST, without);
	ASSERT_GE(link, 0);
	expect_owner(_metadata, self, "attached", self->sibling, FIRST);
	expect_alive(_metadata, "attached", link, without);
	ASSERT_EQ(0, bpf_link_detach(link));
	expect_cgroup(_metadata, "detached", link, 0);
	close(link);
}

static bool map_exists(__u32 id)
{
	int fd = bpf_map_get_fd_by_id(id);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* The map of a link, by bpf_link_info. */
static __u32 link_map(struct __test_metadata *_metadata, int link)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);

	EXPECT_EQ(0, bpf_link_get_info_by_fd(link, &info, &len));
	return info.struct_ops.map_id;
}

/*
 * A link that has ended with its cgroup lets go of its ops: the kernel frees them, although
 * the link is open.
 *
 *   memcg_bpf.link.<pid>
 *   `-- target
 *       `-- gone			FIRST; removed
 */
TEST_F_TIMEOUT(link, lets_go_of_its_ops_when_it_ends, 120)
{
	char gone[PATH_MAX];
	__u32 map;
	int link, ms;

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, gone, "target/gone"));
	link = attach(self, FIRST, gone);
	ASSERT_GE(link, 0);
	map = link_map(_metadata, link);
	ASSERT_NE(0, map);
	ASSERT_EQ(0, rmdir(gone));
	EXPECT_TRUE(has_ended(link, END_MS));
	probe__destroy(self->probes[FIRST]);
	self->probes[FIRST] = NULL;
	for (ms = 0; ms < END_MS && map_exists(map); ms += 10)
		usleep(10000);
	EXPECT_FALSE(map_exists(map))
		TH_LOG("the link has ended, and keeps the ops");
	EXPECT_EQ(0, link_map(_metadata, link))
		TH_LOG("map_id of bpf_link_info");
	close(link);
}

/* Wait for the end of the link, for as long as it takes. */
static int wait_for_end(void *link)
{
	return has_ended(*(int *)link, -1) ? 0 : 1;
}

/*
 * A task that waits for the end of a link is woken up by it:
 *
 *   memcg_bpf.link.<pid>
 *   `-- target
 *       |-- gone		FIRST, until it is removed
 *       `-- detached		FIRST, until BPF_LINK_DETACH
 */
TEST_F_TIMEOUT(link, end_wakes_up_who_waits, 120)
{
	static const char * const names[] = { "target/gone", "target/detached" };
	char cgroup[PATH_MAX];
	int link, status, ret, i;
	pid_t pid;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, testbed_add_cgroup(&self->tb, cgroup, names[i]));
		link = attach(self, FIRST, cgroup);
		ASSERT_GE(link, 0);
		pid = worker_start(self->sibling, 0, wait_for_end, &link);
		ASSERT_GT(pid, 0);
		/* Most likely it waits by now.  If not, the test passes all the same. */
		EXPECT_EQ(0, worker_wait(pid, 500, &status))
			TH_LOG("%s: the link ends by itself", names[i]);
		ASSERT_EQ(0, i ? bpf_link_detach(link) : rmdir(cgroup));
		ret = worker_wait(pid, END_MS, &status);
		EXPECT_EQ(1, ret)
			TH_LOG("%s: the link has ended, and poll() waits on", names[i]);
		if (!ret)
			worker_kill(pid);
		close(link);
	}
}

MEMCG_BPF_HARNESS_MAIN
