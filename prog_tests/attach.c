// SPDX-License-Identifier: GPL-2.0
/*
 * Attaching to a cgroup: where it works, what is refused, and with which errno.
 * attachment.c is about how long it lasts, hierarchies.c about several at once.
 *
 *   memcg_bpf.attach.<pid>
 *   |-- target			most tests attach here
 *   |   `-- child
 *   |-- sibling
 *   `-- bystander		has empty ops
 *
 * The ops are FIRST and SECOND.  To find the owner of each cgroup, a test
 * reclaims from the root of this tree: the kernel asks the ops of every cgroup below
 * whether it is protected.  That shows the owners of all three at once, inner cgroups
 * included, and nothing needs to be charged.
 *
 * While no cgroup in the system has ops, a kernel may skip its hooks, and the tests would
 * not notice what a link has left behind.  So the bystander has ops.
 *
 * Every test checks the owners before and after.  The teardown fails a test that leaves a
 * link of FIRST or SECOND.
 */
#include "attach/attach_harness.h"

/* The ops reach the cgroup and its descendants until the last descriptor is closed. */
TEST_F(attach, lasts_as_long_as_its_link)
{
	int link, copy;

	expect_owners(_metadata, self, "before", ALL_NOBODY);
	link = attach(self, FIRST, self->target, 0);
	ASSERT_GE(link, 0)
		TH_LOG("attach: %s", strerror(-link));
	expect_owners(_metadata, self, "attached", OWNERS(FIRST, FIRST, NOBODY));

	copy = dup(link);
	ASSERT_GE(copy, 0);
	close(link);
	expect_owners(_metadata, self, "one of two descriptors closed",
		      OWNERS(FIRST, FIRST, NOBODY));
	close(copy);
	expect_detached(_metadata, self, FIRST, "both descriptors closed");
	expect_attach_works(_metadata, self);
}

TEST_F(attach, to_sibling_is_separate)
{
	int link, other;

	link = attach(self, FIRST, self->target, 0);
	ASSERT_GE(link, 0);
	other = attach(self, SECOND, self->sibling, 0);
	ASSERT_GE(other, 0)
		TH_LOG("attach to the sibling: %s", strerror(-other));
	expect_owners(_metadata, self, "both attached",
		      OWNERS(FIRST, FIRST, SECOND));
	close(link);
	expect_owners(_metadata, self, "the first closed",
		      OWNERS(NOBODY, NOBODY, SECOND));
	close(other);
	expect_detached(_metadata, self, SECOND, "both closed");
}

/* As to_sibling_is_separate, with the same ops for both. */
TEST_F(attach, of_same_ops_to_sibling_is_separate)
{
	int link, other;

	link = attach(self, FIRST, self->target, 0);
	ASSERT_GE(link, 0);
	other = attach(self, FIRST, self->sibling, 0);
	ASSERT_GE(other, 0)
		TH_LOG("attach to the sibling: %s", strerror(-other));
	expect_owners(_metadata, self, "attached twice",
		      OWNERS(FIRST, FIRST, FIRST));
	close(link);
	expect_owners(_metadata, self, "one closed",
		      OWNERS(NOBODY, NOBODY, FIRST));
	close(other);
	expect_detached(_metadata, self, FIRST, "both closed");
}

/*
 * The same ops attached above and below: two links, each of which ends by itself.
 *
 *   target			FIRST, which may be overridden; closed first
 *   `-- child			FIRST
 */
TEST_F(attach, of_same_ops_below_is_separate)
{
	int link, inner;

	link = attach(self, FIRST, self->target, BPF_F_ALLOW_OVERRIDE);
	ASSERT_GE(link, 0);
	inner = attach(self, FIRST, self->child, 0);
	ASSERT_GE(inner, 0)
		TH_LOG("attach to the child: %s", strerror(-inner));
	expect_owners(_metadata, self, "attached twice",
		      OWNERS(FIRST, FIRST, NOBODY));
	expect_refused(_metadata, attach(self, FIRST, self->child, 0), EBUSY,
		       "the same ops a third time");
	expect_refused(_metadata, attach(self, SECOND, self->child, 0), EBUSY,
		       "other ops");

	close(link);
	expect_owners(_metadata, self, "the outer closed",
		      OWNERS(NOBODY, FIRST, NOBODY));
	close(inner);
	expect_detached(_metadata, self, FIRST, "both closed");
	expect_attach_works(_metadata, self);
}

/*
 * All cgroups have the ops, also one that is made in the root later:
 *
 *   /sys/fs/cgroup			FIRST
 *   |-- memcg_bpf.attach.<pid>
 *   `-- memcg_bpf.attach_later.<pid>	made when the root has the ops
 *       `-- child
 */
TEST_F(attach, to_root_reaches_all)
{
	char root[PATH_MAX], child[PATH_MAX], *const children[] = { child };
	struct testbed later;
	const struct owner_search search = {
		.probes = self->probes,
		.nr = NR_PROBES,
		.reclaim = later.cgroup,
	};
	int link, owner;

	close(self->bystander);
	if (memcg_bpf_count_links(NULL))
		SKIP(return, "another program has attached memcg_bpf_ops: end it");

	ASSERT_EQ(0, cg_find_root(root, sizeof(root)));
	link = attach(self, FIRST, root, 0);
	ASSERT_GE(link, 0)
		TH_LOG("attach to %s: %s", root, strerror(-link));
	expect_owners(_metadata, self, "attached to the root",
		      OWNERS(FIRST, FIRST, FIRST));

	ASSERT_EQ(0, testbed_create(&later, "attach_later"));
	ASSERT_EQ(0, testbed_add_cgroup(&later, child, "child"));
	ASSERT_EQ(0, owners_find(&search, children, 1, &owner, NULL));
	EXPECT_EQ(FIRST, owner)
		TH_LOG("a cgroup made in the root after the attach has %s", ops_name(owner));
	EXPECT_EQ(0, testbed_destroy(&later));

	close(link);
	expect_detached(_metadata, self, FIRST, "closed");
}

/*
 * The root cgroup is attached to as any other: not above ops of a descendant, here the
 * bystander, whose ops no test needs, and the child:
 *
 *   /sys/fs/cgroup		attach here
 *   `-- memcg_bpf.attach.<pid>
 *       `-- target
 *           `-- child		SECOND
 */
TEST_F(attach, to_root_above_cgroup_with_ops_is_refused)
{
	struct owners before;
	char root[PATH_MAX];
	int link;

	ASSERT_EQ(0, cg_find_root(root, sizeof(root)));
	link = attach(self, SECOND, self->child, 0);
	ASSERT_GE(link, 0);
	before = owners_now(_metadata, self);
	EXPECT_EQ(SECOND, before.child);
	expect_refused(_metadata, attach(self, FIRST, root, 0), EBUSY, "the root cgroup");
	expect_refused(_metadata, attach(self, FIRST, root, BPF_F_ALLOW_OVERRIDE), EBUSY,
		       "the root cgroup, overridable");
	expect_owners(_metadata, self, "after the refusals", before);
	close(link);
	expect_detached(_metadata, self, SECOND, "closed");
	expect_attach_works(_metadata, self);
}

/*
 * A cgroup without the memory controller uses the memcg of the nearest ancestor that has
 * one.  Ops attached to the cgroup go to that memcg:
 *
 *   memcg_bpf.attach.<pid>
 *   |-- target
 *   |   `-- child
 *   `-- sibling
 *       `-- without		attach here; no memory controller
 */
TEST_F(attach, without_controller_goes_to_ancestor)
{
	char without[PATH_MAX];
	int link;

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, without, "sibling/without"));
	ASSERT_EQ(0, cg_has_word(without, "cgroup.controllers", "memory"));

	link = attach(self, FIRST, without, 0);
	ASSERT_GE(link, 0)
		TH_LOG("attach: %s", strerror(-link));
	expect_owners(_metadata, self, "attached", OWNERS(NOBODY, NOBODY, FIRST));

	expect_refused(_metadata, attach(self, SECOND, without, 0), EBUSY,
		       "a second attach to the cgroup");
	expect_refused(_metadata, attach(self, SECOND, self->sibling, 0), EBUSY,
		       "a second attach to the ancestor");
	expect_owners(_metadata, self, "after the refusals",
		      OWNERS(NOBODY, NOBODY, FIRST));
	close(link);
	expect_detached(_metadata, self, FIRST, "closed");
}

/*
 * The nearest ancestor with the memory controller is not the parent:
 *
 *   memcg_bpf.attach.<pid>
 *   `-- sibling		gets the ops
 *       `-- without		no memory controller
 *           `-- below		attach here; no memory controller
 */
TEST_F(attach, without_controllers_goes_to_nearest_ancestor)
{
	char without[PATH_MAX], below[PATH_MAX];
	int link;

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, without, "sibling/without"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, below, "sibling/without/below"));
	ASSERT_EQ(0, cg_has_word(below, "cgroup.controllers", "memory"));

	link = attach(self, FIRST, below, 0);
	ASSERT_GE(link, 0)
		TH_LOG("attach: %s", strerror(-link));
	expect_owners(_metadata, self, "attached", OWNERS(NOBODY, NOBODY, FIRST));
	close(link);
	expect_detached(_metadata, self, FIRST, "closed");
	expect_attach_works(_metadata, self);
}

/*
 * An attach that names no cgroup fails.  A broken kernel may take it for an attach to the
 * root.  The bystander's ops would make that fail with EBUSY, so they are detached first.
 */
TEST_F(attach, without_fd_is_refused)
{
	int link;

	close(self->bystander);
	memcg_bpf_prepare(self->probes[FIRST]->maps.probe_ops);
	link = memcg_bpf_link_to_none(bpf_map__fd(self->probes[FIRST]->maps.probe_ops),
				      0);
	expect_refusal(_metadata, link, REFUSAL_NO_CGROUP, "no cgroup");
	expect_attach_works(_metadata, self);
}

TEST_F(attach, to_closed_fd_is_refused)
{
	int fd = cg_open(self->target);

	ASSERT_GE(fd, 0);
	close(fd);
	expect_refused(_metadata, attach_fd(self, FIRST, fd, 0), EBADF,
		       "a closed descriptor");
	expect_refused(_metadata, attach_fd(self, FIRST, -1, 0), EBADF,
		       "descriptor -1");
	expect_attach_works(_metadata, self);
}

static void expect_path_refused(struct __test_metadata *_metadata,
				FIXTURE_DATA(attach) *self, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	ASSERT_GE(fd, 0)
		TH_LOG("%s: %s", path, strerror(errno));
	expect_refused(_metadata, attach_fd(self, FIRST, fd, 0), EBADF, path);
	close(fd);
}

TEST_F(attach, to_what_is_no_cgroup_is_refused)
{
	char path[PATH_MAX + 16];
	int fd;

	expect_path_refused(_metadata, self, self->tb.dir);
	expect_path_refused(_metadata, self, "/proc");

	snprintf(path, sizeof(path), "%s/file", self->tb.dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ASSERT_GE(fd, 0);
	close(fd);
	expect_path_refused(_metadata, self, path);

	snprintf(path, sizeof(path), "%s/memory.max", self->target);
	expect_path_refused(_metadata, self, path);

	expect_refused(_metadata,
		       attach_fd(self, FIRST,
				 bpf_map__fd(self->probes[FIRST]->maps.probe_ops), 0),
		       EBADF, "the map itself");
	expect_attach_works(_metadata, self);
}

/*
 * A hierarchy of cgroup v1 without controllers.  The mount namespace is private, so only
 * this process sees the mount.
 */
TEST_F(attach, to_cgroup_v1_is_refused)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", self->tb.dir);
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	if (mount("none", path, "cgroup", 0, "none,name=memcg_bpf"))
		SKIP(return, "cannot mount a cgroup v1 hierarchy without controllers: %s; boot without cgroup_no_v1=named",
		     strerror(errno));

	expect_path_refused(_metadata, self, path);
	EXPECT_EQ(0, umount(path));
	expect_attach_works(_metadata, self);
}

TEST_F(attach, to_removed_cgroup_is_refused)
{
	char removed[PATH_MAX];
	int fd;

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, removed, "target/removed"));
	fd = cg_open(removed);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, rmdir(removed));
	expect_refusal(_metadata, attach_fd(self, FIRST, fd, 0),
		       REFUSAL_REMOVED_CGROUP, "a removed cgroup");
	close(fd);
	expect_attach_works(_metadata, self);
}

/* Each flag that the interface does not define, alone and with BPF_F_ALLOW_OVERRIDE. */
TEST_F(attach, with_unknown_flag_is_refused)
{
	static const __u32 with[] = { 0, BPF_F_ALLOW_OVERRIDE };
	__u32 flag, taken = 0, other = 0, known = BPF_F_ALLOW_OVERRIDE;
	int link, other_errno = 0;
	size_t i;

	if (revision_can(CAN_CGROUP_FD))
		known |= LINK_CGROUP_FD;
	for (flag = 1; flag; flag <<= 1) {
		for (i = 0; i < ARRAY_SIZE(with); i++) {
			if (flag & known)
				continue;
			link = attach(self, FIRST, self->target, flag | with[i]);
			if (link >= 0) {
				taken |= flag;
				close(link);
			} else if (!is_errno_of(link, REFUSAL_UNKNOWN_FLAG)) {
				other |= flag;
				other_errno = -link;
			}
		}
	}
	EXPECT_EQ(0, taken)
		TH_LOG("flags 0x%x: attached", taken);
	EXPECT_EQ(0, other)
		TH_LOG("flags 0x%x: %s, and not %s", other,
		       strerror(other_errno),
		       strerror(revision_errnos(REFUSAL_UNKNOWN_FLAG)[0]));
	expect_attach_works(_metadata, self);

	link = attach(self, FIRST, self->target, BPF_F_ALLOW_OVERRIDE);
	EXPECT_GE(link, 0)
		TH_LOG("BPF_F_ALLOW_OVERRIDE: %s", strerror(-link));
	expect_owner(_metadata, self, "BPF_F_ALLOW_OVERRIDE", self->target, FIRST);
	close(link);
}

/*
 * A second attach to a cgroup fails with EBUSY, whatever its flags.  The refused flags have
 * no effect: only those of the first attach decide whether the child may be attached to.
 */
static void expect_busy(struct __test_metadata *_metadata,
			FIXTURE_DATA(attach) *self, __u32 flags)
{
	static const __u32 others_flags[] = { 0, BPF_F_ALLOW_OVERRIDE };
	struct owners before;
	int link, other, which;
	char what[64];
	size_t i;

	link = attach(self, FIRST, self->target, flags);
	ASSERT_GE(link, 0)
		TH_LOG("attach: %s", strerror(-link));
	before = owners_now(_metadata, self);
	EXPECT_EQ(FIRST, before.target);

	for (which = FIRST; which < NR_PROBES; which++) {
		for (i = 0; i < ARRAY_SIZE(others_flags); i++) {
			snprintf(what, sizeof(what), "%s, flags %u over %u",
				 ops_name(which), others_flags[i], flags);
			other = attach(self, which, self->target, others_flags[i]);
			expect_refused(_metadata, other, EBUSY, what);
			expect_owners(_metadata, self, what, before);
			EXPECT_EQ(1, memcg_bpf_count_links(self->probes[FIRST]->maps.probe_ops))
				TH_LOG("%s: the refused link is left", what);
		}
	}

	other = attach(self, SECOND, self->child, 0);
	if (flags & BPF_F_ALLOW_OVERRIDE) {
		EXPECT_GE(other, 0)
			TH_LOG("the flags of the first attach are lost: %s", strerror(-other));
		close(other);
	} else {
		expect_refused(_metadata, other, EBUSY, "the child");
	}

	close(link);
	expect_attach_works(_metadata, self);
}

TEST_F(attach, to_cgroup_with_ops_is_refused)
{
	expect_busy(_metadata, self, 0);
}

TEST_F(attach, to_cgroup_with_overridable_ops_is_refused)
{
	expect_busy(_metadata, self, BPF_F_ALLOW_OVERRIDE);
}

/* FIRST is refused above a child that has the ops of probe @which, whatever its flags. */
static void expect_busy_above(struct __test_metadata *_metadata,
			      FIXTURE_DATA(attach) *self, int which, unsigned int flags)
{
	int link = attach(self, which, self->child, flags);
	struct owners before;

	ASSERT_GE(link, 0);
	before = owners_now(_metadata, self);
	EXPECT_EQ(which, before.child);
	expect_refused(_metadata, attach(self, FIRST, self->target, 0), EBUSY,
		       "the parent");
	expect_refused(_metadata,
		       attach(self, FIRST, self->target, BPF_F_ALLOW_OVERRIDE),
		       EBUSY, "the parent, overridable");
	expect_owners(_metadata, self, "after the refusals", before);
	close(link);
	wait_for_link_free(self, which);
	expect_attach_works(_metadata, self);
}

TEST_F(attach, above_cgroup_with_ops_is_refused)
{
	expect_busy_above(_metadata, self, SECOND, 0);
}

/* As above_cgroup_with_ops_is_refused, with the ops that the child has. */
TEST_F(attach, above_cgroup_with_same_ops_is_refused)
{
	expect_busy_above(_metadata, self, FIRST, BPF_F_ALLOW_OVERRIDE);
}

MEMCG_BPF_HARNESS_MAIN
