/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PROG_TESTS_ATTACH_ATTACH_HARNESS_H
#define __PROG_TESTS_ATTACH_ATTACH_HARNESS_H

/* The tree of attach.c and attachment.c, and what their tests do and expect. */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include <bpf/bpf.h>

#include "attach.h"
#include "cgroup.h"
#include "harness.h"
#include "owner.h"
#include "probe.h"
#include "revision.h"
#include "testbed.h"
#include "worker.h"

enum ops {
	NOBODY = OWNER_NOBODY,
	FIRST = 0,
	SECOND,
	NR_PROBES,
};

FIXTURE(attach)
{
	struct testbed tb;
	char target[PATH_MAX];
	char child[PATH_MAX];
	char sibling[PATH_MAX];
	struct probe *probes[NR_PROBES];
	__u32 map_ids[NR_PROBES];
	struct probe *empty;
	int bystander;		/* the link */
};

static inline __u32 map_id(const struct probe *probe)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	if (bpf_map_get_info_by_fd(bpf_map__fd(probe->maps.probe_ops), &info,
				   &len))
		return 0;
	return info.id;
}

FIXTURE_SETUP(attach)
{
	char bystander[PATH_MAX];
	int i;

	REQUIRE(REQUIRE_MEMCG_BPF_OPS);
	ASSERT_EQ(0, testbed_create(&self->tb, "attach"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->target, "target"));
	ASSERT_EQ(0, cg_enable_memory(self->target));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->child, "target/child"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->sibling, "sibling"));

	for (i = 0; i < NR_PROBES; i++) {
		self->probes[i] = probe_load();
		ASSERT_NE(NULL, self->probes[i]);
		self->map_ids[i] = map_id(self->probes[i]);
		ASSERT_NE(0, self->map_ids[i]);
	}

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, bystander, "bystander"));
	self->empty = probe_load_only(0);
	ASSERT_NE(NULL, self->empty);
	self->bystander = probe_attach(self->empty, bystander, 0);
	ASSERT_ATTACHED(self->bystander);
}

static const char *ops_name(int which)
{
	switch (which) {
	case NOBODY:
		return "none";
	case FIRST:
		return "the first ops";
	case SECOND:
		return "the second ops";
	default:
		return "both";
	}
}

/* Above the highest descriptor number in any test. */
#define FDS 128

/* The kernel may free a link some time after close() or waitpid() has returned. */
#define LINK_FREE_MS 5000

static inline void close_link(int fd)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);

	if (!bpf_link_get_info_by_fd(fd, &info, &len))
		close(fd);
}

FIXTURE_TEARDOWN(attach)
{
	unsigned int left;
	int i, fd;

	/* A test that has failed may not have closed its links. */
	for (fd = STDERR_FILENO + 1; fd < FDS; fd++)
		close_link(fd);

	for (i = 0; i < NR_PROBES; i++) {
		if (!self->probes[i])
			continue;
		left = memcg_bpf_count_links(self->probes[i]->maps.probe_ops);
		EXPECT_EQ(0, left);
		if (left)
			TH_LOG("a link of %s is left", ops_name(i));
	}
	/* A kernel that leaves ops behind may call them until their memcg is gone. */
	EXPECT_EQ(0, testbed_destroy(&self->tb));
	for (i = 0; i < NR_PROBES; i++)
		probe__destroy(self->probes[i]);
	probe__destroy(self->empty);
}

static inline int attach(FIXTURE_DATA(attach) *self, enum ops which, const char *cgroup,
			 __u32 flags)
{
	return probe_attach(self->probes[which], cgroup, flags);
}

static inline int attach_fd(FIXTURE_DATA(attach) *self, enum ops which, int fd,
			    __u32 flags)
{
	return memcg_bpf_attach(self->probes[which]->maps.probe_ops, fd, flags);
}

/* Find the owner of each of @cgroups. */
static inline void find_owners(struct __test_metadata *_metadata,
			       FIXTURE_DATA(attach) *self, char *const cgroups[], int nr,
			int owners[])
{
	const struct owner_search search = {
		.probes = self->probes,
		.nr = NR_PROBES,
		.reclaim = self->tb.cgroup,
	};

	ASSERT_EQ(0, owners_find(&search, cgroups, nr, owners, NULL));
}

static inline void expect_owner(struct __test_metadata *_metadata,
				FIXTURE_DATA(attach) *self, const char *when,
			 const char *cgroup, int want)
{
	char *const cgroups[] = { (char *)cgroup };
	int owner;

	find_owners(_metadata, self, cgroups, 1, &owner);
	EXPECT_EQ(want, owner)
		TH_LOG("%s: %s has %s, and not %s", when,
		       strrchr(cgroup, '/') + 1, ops_name(owner),
		       ops_name(want));
}

/* The owner of each cgroup of the tree. */
struct owners {
	int target;
	int child;
	int sibling;
};

static struct owners owners_now(struct __test_metadata *_metadata,
				FIXTURE_DATA(attach) *self)
{
	char *const cgroups[] = { self->target, self->child, self->sibling };
	int owners[ARRAY_SIZE(cgroups)];

	find_owners(_metadata, self, cgroups, ARRAY_SIZE(cgroups), owners);
	return (struct owners) { owners[0], owners[1], owners[2] };
}

static inline void expect_owners(struct __test_metadata *_metadata,
				 FIXTURE_DATA(attach) *self, const char *when,
			  struct owners want)
{
	struct owners now = owners_now(_metadata, self);

	EXPECT_EQ(want.target, now.target)
		TH_LOG("%s: target has %s, and not %s", when,
		       ops_name(now.target), ops_name(want.target));
	EXPECT_EQ(want.child, now.child)
		TH_LOG("%s: child has %s, and not %s", when,
		       ops_name(now.child), ops_name(want.child));
	EXPECT_EQ(want.sibling, now.sibling)
		TH_LOG("%s: sibling has %s, and not %s", when,
		       ops_name(now.sibling), ops_name(want.sibling));
}

#define OWNERS(target, child, sibling)					\
	((struct owners) { target, child, sibling })
#define ALL_NOBODY OWNERS(NOBODY, NOBODY, NOBODY)

/* Wait until the kernel has freed all links of @which, whose descriptors are closed. */
static inline void wait_for_link_free(FIXTURE_DATA(attach) *self, enum ops which)
{
	int ms;

	for (ms = 0; ms < LINK_FREE_MS &&
	     memcg_bpf_count_links(self->probes[which]->maps.probe_ops); ms += 10)
		usleep(10000);
}

static inline void expect_detached(struct __test_metadata *_metadata,
				   FIXTURE_DATA(attach) *self, enum ops which,
			    const char *when)
{
	wait_for_link_free(self, which);
	expect_owners(_metadata, self, when, ALL_NOBODY);
}

/* No cgroup has ops, and no leftover makes an attach to the target fail. */
static inline void expect_attach_works(struct __test_metadata *_metadata,
				       FIXTURE_DATA(attach) *self)
{
	int link;

	expect_owners(_metadata, self, "before an attach", ALL_NOBODY);
	link = attach(self, FIRST, self->target, 0);
	EXPECT_GE(link, 0)
		TH_LOG("attach: %s", strerror(-link));
	expect_owner(_metadata, self, "attached", self->target, FIRST);
	close(link);
	wait_for_link_free(self, FIRST);
	expect_owner(_metadata, self, "closed", self->target, NOBODY);
}

static inline void expect_refused(struct __test_metadata *_metadata, int link,
				  int want, const char *what)
{
	EXPECT_EQ(-want, link)
		TH_LOG("%s: %s, and not %s", what,
		       link < 0 ? strerror(-link) : "attached", strerror(want));
	if (link >= 0)
		close(link);
}

/* The errnos of a refusal that differ from revision to revision. */
static inline bool is_errno_of(int link, enum revision_refusal refusal)
{
	const int *errnos = revision_errnos(refusal);
	int i;

	if (link >= 0)
		return false;
	for (i = 0; i < REVISION_MAX_ERRNOS; i++) {
		if (errnos[i] == -link)
			return true;
	}
	return !errnos[0];
}

static inline void expect_refusal(struct __test_metadata *_metadata, int link,
				  enum revision_refusal refusal, const char *what)
{
	EXPECT_TRUE(is_errno_of(link, refusal))
		TH_LOG("%s: %s, and not %s", what,
		       link < 0 ? strerror(-link) : "attached",
		       revision_errnos(refusal)[0] ?
		       strerror(revision_errnos(refusal)[0]) : "refused");
	if (link >= 0)
		close(link);
}

#endif /* __PROG_TESTS_ATTACH_ATTACH_HARNESS_H */
